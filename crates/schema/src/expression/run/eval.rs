use super::apply::{as_bool, bool, misfit};
use super::plan::{Attribute, Bound, Call, Key, Plan, Root, Step};
use super::price::comparison;
use super::scope::{Names, Scope};
use super::{SharedList, SharedMap};
use crate::expression::cost::{NEW_LIST, NEW_MAP, STEP};
use cel::ExecutionError;
use cel::common::types::{CelList, CelMap, CelMapKey, CelOptional};
use cel::common::value::{CowVal, Val};
use std::cell::{Cell, OnceCell};
use std::collections::HashMap;

/// Why there is no value.
#[derive(Clone, Debug)]
pub(crate) enum Stop {
    Failed(ExecutionError),
    /// It costs more than a single expression may.
    TooDear,
}

impl From<ExecutionError> for Stop {
    fn from(error: ExecutionError) -> Self {
        Self::Failed(error)
    }
}

/// What an expression gives, and what it has cost.
pub(crate) struct Ran {
    pub value: Result<Box<dyn Val>, Stop>,
    pub cost: u64,
}

/// Runs an expression, until it costs more than `limit`.
pub(crate) fn run(plan: &Plan, names: Names<'_>, limit: u64) -> Ran {
    let run = Run { cost: Cell::new(0), limit };
    let scope = Scope::Outermost(names);
    let value = run.step(&plan.0, &scope).map(CowVal::into_owned);
    Ran { value, cost: run.cost.get() }
}

/// A value of an expression's part.
pub(super) type Got<'s> = Result<CowVal<'s, 'static>, Stop>;

pub(super) struct Run {
    cost: Cell<u64>,
    limit: u64,
}

/// What failed within a value, apart from what ends everything.
pub(super) fn tried<T>(result: Result<T, Stop>) -> Result<Result<T, ExecutionError>, Stop> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(Stop::Failed(error)) => Ok(Err(error)),
        Err(Stop::TooDear) => Err(Stop::TooDear),
    }
}

impl Run {
    /// Counts what a step has cost.
    pub fn spend(&self, cost: u64) -> Result<(), Stop> {
        let sum = self.cost.get().saturating_add(cost);
        self.cost.set(sum);
        if sum > self.limit { Err(Stop::TooDear) } else { Ok(()) }
    }

    pub fn step<'s>(&self, step: &'s Step, scope: &'s Scope<'s>) -> Got<'s> {
        match step {
            Step::Constant(value) => Ok(CowVal::Borrowed(value.as_ref())),
            Step::Attribute(attribute) => {
                let value = tried(self.resolve(attribute, scope))?;
                if !attribute.is_test && !matches!(attribute.root, Root::Choice(_)) {
                    self.spend(STEP)?;
                }
                Ok(value?)
            }
            Step::Logical(decides, sides) => self.logical(*decides, sides, scope),
            Step::Equal { negated, sides } => {
                let left = tried(self.step(&sides[0], scope))?;
                let right = tried(self.step(&sides[1], scope))?;
                let values = [left.as_deref().ok(), right.as_deref().ok()];
                self.spend(comparison(values, *negated))?;
                Ok(bool((left? == right?) != *negated))
            }
            Step::OneOf(value, of) => {
                let value = self.step(value, scope)?;
                let found = of.as_container().is_some_and(|c| c.contains(value.as_ref()).unwrap_or(false));
                Ok(bool(found))
            }
            Step::OrElse { unwrap, sides } => {
                let value = self.step(&sides[0], scope)?;
                let Some(optional) = value.downcast_ref::<CelOptional<'_>>() else { return Ok(value) };
                match optional.option() {
                    None => self.step(&sides[1], scope),
                    Some(inner) if *unwrap => Ok(CowVal::Owned(inner.clone_as_boxed())),
                    Some(_) => Ok(value),
                }
            }
            Step::Call(call) => self.call(call, scope),
            Step::List(items) => {
                let made = tried(self.list(items, scope))?;
                self.spend(NEW_LIST)?;
                Ok(made?)
            }
            Step::Map(entries) => {
                let made = tried(self.map(entries, scope))?;
                self.spend(NEW_MAP)?;
                Ok(made?)
            }
            Step::Loop(made) => self.fold(made, scope),
            Step::Collect(made) => self.collect(made, scope),
            Step::Bound(bound) => {
                let Bound { name, value, body } = &**bound;
                let inner = Scope::Lazy { name, step: value, made: OnceCell::new(), outer: scope };
                Ok(CowVal::Owned(self.step(body, &inner)?.into_owned()))
            }
        }
    }

    /// The value of a name.
    fn name<'s>(&self, name: &str, scope: &'s Scope<'s>) -> Got<'s> {
        let unknown = || Stop::Failed(ExecutionError::undeclared_reference(name));
        match scope.of(name).ok_or_else(unknown)? {
            Scope::Named { value, .. } => Ok(CowVal::Borrowed(value.map_err(Clone::clone)?)),
            Scope::Outermost(names) if name == "self" => Ok(CowVal::Borrowed(names.this)),
            Scope::Outermost(names) => names.old.map(CowVal::Borrowed).ok_or_else(unknown),
            Scope::Lazy { step, made, outer, .. } => {
                if made.get().is_none() {
                    let value = tried(self.step(step, outer))?.map(CowVal::into_owned);
                    // Nothing else could have made it in the meantime.
                    let _ = made.set(value);
                }
                match made.get() {
                    Some(Ok(value)) => Ok(CowVal::Borrowed(value.as_ref())),
                    Some(Err(error)) => Err(error.clone().into()),
                    None => Err(unknown()),
                }
            }
        }
    }

    /// The value at the end of a way. The way costs, but not to say what is at its end.
    pub fn resolve<'s>(&self, attribute: &'s Attribute, scope: &'s Scope<'s>) -> Got<'s> {
        let mut value = match &attribute.root {
            Root::Name(name) => self.name(name, scope)?,
            Root::Step(step) => self.step(step, scope)?,
            Root::Choice(choice) => {
                let (condition, yes, no) = &**choice;
                let condition = self.step(condition, scope)?;
                return match as_bool(condition.as_ref()) {
                    Some(true) => self.resolve(yes, scope),
                    Some(false) => self.resolve(no, scope),
                    None => Err(misfit("_?_:_", [condition.as_ref()]).into()),
                };
            }
        };
        if attribute.path.is_empty() {
            return Ok(value);
        }
        let mut optional = false;
        if let Some(held) = value.downcast_ref::<CelOptional<'_>>() {
            let Some(inner) = held.option() else { return Ok(value) };
            (value, optional) = (CowVal::Owned(inner.clone_as_boxed()), true);
        }
        for (n, by) in attribute.path.iter().enumerate() {
            optional |= by.optional;
            let is_test = attribute.is_test && n + 1 == attribute.path.len();
            let found = match &by.key {
                Key::Constant(key) => Ok(part(value, key.as_ref())),
                Key::Attribute(key) => tried(self.resolve(key, scope))?.map(|key| part(value, key.as_ref())),
            };
            let found = match found {
                Ok(found) => found,
                Err(error) => {
                    self.spend(if optional { 0 } else { STEP })?;
                    return Err(error.into());
                }
            };
            if optional || is_test {
                if is_test || found.is_ok() {
                    self.spend(STEP)?;
                }
                if is_test {
                    return Ok(bool(found.is_ok()));
                }
                match found {
                    Ok(found) => value = found,
                    Err(_) => return Ok(CowVal::owned(CelOptional::none())),
                }
            } else {
                self.spend(STEP)?;
                value = found?;
            }
        }
        Ok(if optional { CowVal::owned(CelOptional::of(value.into_owned())) } else { value })
    }

    fn logical<'s>(&self, decides: bool, sides: &'s [Step; 2], scope: &'s Scope<'s>) -> Got<'s> {
        let mut failed = None;
        for side in sides {
            match tried(self.step(side, scope))? {
                Ok(value) => match as_bool(value.as_ref()) {
                    Some(found) if found == decides => return Ok(bool(decides)),
                    Some(_) => {}
                    None => failed = failed.or(Some(misfit("_&&_", [value.as_ref()]))),
                },
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        match failed {
            Some(error) => Err(error.into()),
            None => Ok(bool(!decides)),
        }
    }

    fn call<'s>(&self, call: &'s Call, scope: &'s Scope<'s>) -> Got<'s> {
        let mut values: Vec<Option<CowVal<'s, 'static>>> = Vec::with_capacity(call.arguments.len());
        let mut failed = None;
        for argument in &call.arguments {
            match tried(self.step(argument, scope))? {
                Ok(value) => values.push(Some(value)),
                Err(error) => {
                    values.push(None);
                    failed = failed.or(Some(error));
                    // Of more than two arguments none is looked at behind one that failed, and then nothing is called.
                    if call.arguments.len() > 2 {
                        break;
                    }
                }
            }
        }
        if matches!(call.function, super::apply::Function::NotStrictlyFalse) && failed.is_some() {
            self.spend(1)?;
            return Ok(bool(true));
        }
        let given: Vec<Option<&dyn Val>> = values.iter().map(Option::as_deref).collect();
        let cost = call.price.of_arguments(&given);
        if let Some(error) = failed {
            if values.len() == call.arguments.len() {
                self.spend(cost.saturating_add(call.price.of_result(None)))?;
            }
            return Err(error.into());
        }
        let made = call.apply(values.into_iter().flatten().collect());
        self.spend(cost.saturating_add(call.price.of_result(made.as_deref().ok())))?;
        Ok(made?)
    }

    fn list<'s>(&self, items: &'s [(Step, bool)], scope: &'s Scope<'s>) -> Got<'s> {
        let mut out = Vec::with_capacity(items.len());
        for (item, optional) in items {
            let value = self.step(item, scope)?;
            out.extend(if *optional { held(value)? } else { Some(value.into_owned()) });
        }
        Ok(CowVal::owned(SharedList::from(CelList::from(out))))
    }

    fn map<'s>(&self, entries: &'s [(Step, Step, bool)], scope: &'s Scope<'s>) -> Got<'s> {
        let mut out = HashMap::with_capacity(entries.len());
        for (key, value, optional) in entries {
            let key: CelMapKey<'static> = self.step(key, scope)?.try_into()?;
            let value = self.step(value, scope)?;
            let value = if *optional { held(value)? } else { Some(value.into_owned()) };
            if let Some(value) = value
                && out.insert(key, value).is_some()
            {
                return Err(ExecutionError::function_error("map", "Failed with repeated key").into());
            }
        }
        Ok(CowVal::owned(SharedMap::from(CelMap::from(out))))
    }
}

/// What an optional value holds.
fn held(value: CowVal<'_, 'static>) -> Result<Option<Box<dyn Val>>, Stop> {
    match value.downcast_ref::<CelOptional<'_>>() {
        Some(optional) => Ok(optional.option().map(Val::clone_as_boxed)),
        None => Err(misfit("optional", [value.as_ref()]).into()),
    }
}

/// A part of a value.
fn part<'s>(value: CowVal<'s, 'static>, key: &dyn Val) -> Result<CowVal<'s, 'static>, ExecutionError> {
    let misfits = |value: &dyn Val| misfit("_[_]", [value, key]);
    let unfit = |error: ExecutionError, value: &dyn Val| match error {
        ExecutionError::UnexpectedType { .. }
        | ExecutionError::UnsupportedKeyType(_)
        | ExecutionError::ValuesNotComparable(..) => misfits(value),
        other => other,
    };
    match value {
        CowVal::Borrowed(value) => {
            let indexer = value.as_indexer().ok_or_else(|| misfits(value))?;
            indexer.get(key).map_err(|e| unfit(e, value))
        }
        CowVal::Owned(value) => {
            let indexer = value.as_indexer().ok_or_else(|| misfits(value.as_ref()))?;
            let found = indexer.get(key).map(CowVal::into_owned);
            found.map(CowVal::Owned).map_err(|e| unfit(e, value.as_ref()))
        }
    }
}
