use super::apply::{Function, is_primitive};
use super::plan::{Attribute, Bound, Call, Collect, Item, Key, Loop, Plan, Qualifier, Root, Step, Variables};
use super::price::price;
use super::{SharedList, SharedMap};
use crate::expression::check::{Checked, Kind};
use crate::expression::shape::{Part, called, is_binding, pairs_of, part_of_pair};
use crate::expression::{ENTRY, ENV, MERGED, OPTIONAL_TARGET, PAIR, PAIRS};
use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, IdedExpr, ListExpr, LiteralValue, operators};
use cel::common::types::{CelBool, CelList, CelMap, CelMapKey, CelString};
use cel::common::value::{CowVal, Val};
use cel::{Context, Program, Value};
use std::collections::HashMap;

impl Plan {
    /// Plans an expression as it was checked; nothing where it says what cannot be run here.
    pub fn of(program: &Program, checked: &Checked) -> Option<Self> {
        let mut planner = Planner { checked, locals: Vec::new(), pairs: Vec::new() };
        planner.step(program.expression()).map(Plan)
    }
}

/// What a name stands for inside of a loop or a binding.
enum Local<'a> {
    Variable,
    /// The expression itself, which cel-go evaluates wherever its macro says it.
    Again(&'a IdedExpr),
}

struct Planner<'a> {
    checked: &'a Checked,
    locals: Vec<(&'a str, Local<'a>)>,
    /// The names of both variables of the loops around, as far as they are known.
    pairs: Vec<[String; 2]>,
}

/// The functions that are called ahead where their argument is a constant.
const CONVERSIONS: [&str; 10] =
    ["bool", "bytes", "double", "duration", "dyn", "int", "string", "timestamp", "type", "uint"];

fn constants<'s>(mut steps: impl Iterator<Item = &'s Step>) -> Option<Vec<Box<dyn Val>>> {
    steps.try_fold(Vec::new(), |mut all, step| match step {
        Step::Constant(value) => {
            all.push(value.clone());
            Some(all)
        }
        _ => None,
    })
}

/// A step as what a way may start from.
fn attribute(step: Step) -> Attribute {
    match step {
        Step::Attribute(attribute) if !attribute.is_test => attribute,
        other => Attribute { root: Root::Step(Box::new(other)), path: Vec::new(), is_test: false },
    }
}

fn go_on(attribute: &mut Attribute, by: Qualifier) {
    if let Root::Choice(choice) = &mut attribute.root {
        go_on(&mut choice.1, by.clone());
        go_on(&mut choice.2, by);
    } else {
        attribute.path.push(by);
    }
}

fn name(name: &str) -> Step {
    let root = Root::Name(name.trim_start_matches('.').to_owned());
    Step::Attribute(Attribute { root, path: Vec::new(), is_test: false })
}

impl<'a> Planner<'a> {
    fn step(&mut self, e: &'a IdedExpr) -> Option<Step> {
        Some(match &e.expr {
            Expr::Literal(literal) => Step::Constant(literal.to_val().into_owned()),
            Expr::Ident(text) => match self.locals.iter().rev().find(|(known, _)| known == text) {
                Some((_, Local::Again(again))) => return self.step(again),
                Some((_, Local::Variable)) => name(text),
                None if matches!(self.checked.kinds.get(&e.id), Some(Kind::Type(_))) => return kind(e),
                None => name(text),
            },
            Expr::Select(select) => {
                if !self.checked.kinds.contains_key(&select.operand.id) {
                    return kind(e);
                }
                let mut of = attribute(self.step(&select.operand)?);
                let key = Key::Constant(Box::new(CelString::from(select.field.clone())));
                go_on(&mut of, Qualifier { key, optional: false });
                of.is_test = select.test;
                Step::Attribute(of)
            }
            Expr::Call(call) => return self.call(e, call),
            Expr::List(list) => return self.list(list),
            Expr::Map(map) => {
                let mut entries = Vec::new();
                for entry in &map.entries {
                    let (key, value, optional) = pairs_of(&entry.expr)?;
                    entries.push((self.step(key)?, self.step(value)?, optional));
                }
                constant_map(&entries).unwrap_or(Step::Map(entries))
            }
            Expr::Comprehension(c) if is_binding(c) => return self.binding(c),
            Expr::Comprehension(c) => return self.comprehension(c, false),
            Expr::Struct(_) | Expr::Unspecified => return None,
        })
    }

    fn list(&mut self, list: &'a ListExpr) -> Option<Step> {
        let mut items = Vec::new();
        for (n, item) in list.elements.iter().enumerate() {
            items.push((self.step(item)?, list.optional_indices.contains(&n)));
        }
        Some(match constants(items.iter().map(|(step, _)| step)) {
            Some(all) => Step::Constant(Box::new(SharedList::from(CelList::from(all)))),
            None => Step::List(items),
        })
    }

    fn index(&mut self, of: &'a IdedExpr, key: &'a IdedExpr, optional: bool) -> Option<Step> {
        let mut of = attribute(self.step(of)?);
        let key = match self.step(key)? {
            Step::Constant(value) => Key::Constant(value),
            other => Key::Attribute(attribute(other)),
        };
        go_on(&mut of, Qualifier { key, optional });
        Some(Step::Attribute(of))
    }

    fn both(&mut self, a: &'a IdedExpr, b: &'a IdedExpr) -> Option<Box<[Step; 2]>> {
        Some(Box::new([self.step(a)?, self.step(b)?]))
    }

    fn call(&mut self, e: &'a IdedExpr, call: &'a CallExpr) -> Option<Step> {
        if let (MERGED, [only]) = (call.func_name.as_str(), call.args.as_slice()) {
            return match &only.expr {
                Expr::Comprehension(c) => self.comprehension(c, true),
                _ => None,
            };
        }
        if let (operators::OPT_SELECT, [of, key]) = (call.func_name.as_str(), call.args.as_slice()) {
            return self.index(of, key, true);
        }
        let found = self.checked.calls.get(&e.id)?;
        let target = call.target.as_deref().filter(|_| found.is_method);
        let arguments: Vec<&IdedExpr> = target.into_iter().chain(&call.args).collect();
        match (call.func_name.as_str(), arguments.as_slice()) {
            (operators::LOGICAL_AND, [a, b]) => return Some(Step::Logical(false, self.both(a, b)?)),
            (operators::LOGICAL_OR, [a, b]) => return Some(Step::Logical(true, self.both(a, b)?)),
            (operators::EQUALS, [a, b]) => {
                return Some(Step::Equal { negated: false, sides: self.both(a, b)? });
            }
            (operators::NOT_EQUALS, [a, b]) => {
                return Some(Step::Equal { negated: true, sides: self.both(a, b)? });
            }
            (operators::INDEX, [of, key]) => return self.index(of, key, false),
            (operators::OPT_INDEX, [of, key]) => return self.index(of, key, true),
            (operators::CONDITIONAL, [condition, yes, no]) => {
                let condition = self.step(condition)?;
                let (yes, no) = (attribute(self.step(yes)?), attribute(self.step(no)?));
                let root = Root::Choice(Box::new((condition, yes, no)));
                return Some(Step::Attribute(Attribute { root, path: Vec::new(), is_test: false }));
            }
            ("or", [a, b]) if found.is_method => {
                return Some(Step::OrElse { unwrap: false, sides: self.both(a, b)? });
            }
            ("orValue", [a, b]) if found.is_method => {
                return Some(Step::OrElse { unwrap: true, sides: self.both(a, b)? });
            }
            _ => {}
        }
        let mut steps = Vec::new();
        for argument in arguments {
            steps.push(self.step(argument)?);
        }
        let overload = match found.overloads.as_slice() {
            [only] => Some(*only),
            _ => None,
        };
        if let (operators::IN, [_, Step::Constant(list)], Some([_, Kind::List(_)])) =
            (found.name.as_str(), steps.as_slice(), overload.map(|o| o.arguments.as_slice()))
            && let Some(items) = list.downcast_ref::<CelList<'_>>()
            && items.inner().iter().all(|item| is_primitive(item.as_ref()))
        {
            if items.inner().is_empty() {
                return Some(Step::Constant(Box::new(CelBool::from(false))));
            }
            let list = list.clone();
            return Some(Step::OneOf(Box::new(steps.swap_remove(0)), list));
        }
        let made = Call {
            function: Function::of(&found.name, found.is_method, steps.len()),
            price: price(&found.name, overload),
            name: found.name.clone(),
            arguments: steps,
        };
        if CONVERSIONS.contains(&made.name.as_str())
            && let [Step::Constant(value)] = made.arguments.as_slice()
            && let Ok(made) = made.apply(vec![CowVal::Borrowed(value.as_ref())])
        {
            return Some(Step::Constant(made.into_owned()));
        }
        Some(Step::Call(Box::new(made)))
    }

    fn inside<T>(
        &mut self,
        names: impl IntoIterator<Item = &'a str>,
        plan: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let before = self.locals.len();
        self.locals.extend(names.into_iter().map(|name| (name, Local::Variable)));
        let made = plan(self);
        self.locals.truncate(before);
        made
    }

    fn binding(&mut self, c: &'a ComprehensionExpr) -> Option<Step> {
        if let Some(part) = part_of_pair(c) {
            // Both variables are there in every turn, under the names that the bindings give them.
            let names = self.pairs.last_mut()?;
            match part {
                Part::Key => names[0].clone_from(&c.accu_var),
                Part::Value | Part::Single => names[1].clone_from(&c.accu_var),
            }
            return self.inside([c.accu_var.as_str()], |planner| planner.step(&c.result));
        }
        if c.accu_var == OPTIONAL_TARGET {
            self.locals.push((OPTIONAL_TARGET, Local::Again(&c.accu_init)));
            let made = self.step(&c.result);
            self.locals.pop();
            return made;
        }
        let value = self.step(&c.accu_init)?;
        let body = self.inside([c.accu_var.as_str()], |planner| planner.step(&c.result))?;
        Some(Step::Bound(Box::new(Bound { name: c.accu_var.clone(), value, body })))
    }

    /// A loop; `merged` makes one map of all that it collects.
    fn comprehension(&mut self, c: &'a ComprehensionExpr, merged: bool) -> Option<Step> {
        let pairs = called(&c.iter_range, PAIRS).and_then(|call| call.args.first());
        let range = self.step(pairs.unwrap_or(&c.iter_range))?;
        self.pairs.push(Default::default());
        let names = [c.accu_var.as_str(), if pairs.is_some() { PAIR } else { c.iter_var.as_str() }];
        let made = self.inside(names, |planner| planner.turns(c, merged));
        let both = self.pairs.pop().unwrap_or_default();
        let variables =
            if pairs.is_some() { Variables::Two(both) } else { Variables::One(c.iter_var.clone()) };
        Some(match made? {
            Turns::Collecting(filter, item) => {
                Step::Collect(Box::new(Collect { range, variables, filter, item }))
            }
            Turns::Folding { init, going, step, result } => {
                let accumulator = c.accu_var.clone();
                Step::Loop(Box::new(Loop { range, variables, accumulator, init, going, step, result }))
            }
        })
    }

    fn turns(&mut self, c: &'a ComprehensionExpr, merged: bool) -> Option<Turns> {
        let says = |e: &IdedExpr| matches!(&e.expr, Expr::Ident(name) if *name == c.accu_var);
        let always = matches!(&c.loop_cond.expr, Expr::Literal(LiteralValue::Boolean(b)) if *b.inner());
        let from_nothing = matches!(&c.accu_init.expr, Expr::List(list) if list.elements.is_empty());
        if says(&c.result) && always && from_nothing {
            return self.collecting(&c.loop_step, &says, merged);
        }
        let init = self.step(&c.accu_init)?;
        let (going, step) = (self.step(&c.loop_cond)?, self.step(&c.loop_step)?);
        Some(Turns::Folding { init, going, step, result: self.step(&c.result)? })
    }

    /// The turn of a loop that adds to what there is so far: `soFar + [item]`, maybe behind a filter.
    fn collecting(
        &mut self,
        step: &'a IdedExpr,
        says: &dyn Fn(&IdedExpr) -> bool,
        merged: bool,
    ) -> Option<Turns> {
        if let Expr::Comprehension(c) = &step.expr {
            let names = self.pairs.last_mut()?;
            match part_of_pair(c)? {
                Part::Key => names[0].clone_from(&c.accu_var),
                Part::Value | Part::Single => names[1].clone_from(&c.accu_var),
            }
            return self.inside([c.accu_var.as_str()], |planner| planner.collecting(&c.result, says, merged));
        }
        let Expr::Call(call) = &step.expr else { return None };
        match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::CONDITIONAL, [filter, then, other]) if says(other) => {
                let filter = self.step(filter)?;
                match self.collecting(then, says, merged)? {
                    Turns::Collecting(None, item) => Some(Turns::Collecting(Some(filter), item)),
                    _ => None,
                }
            }
            (operators::ADD, [so_far, added]) if says(so_far) => {
                let Expr::List(list) = &added.expr else { return None };
                let item = match list.elements.as_slice() {
                    [only] if merged && called(only, ENTRY).is_some() => {
                        match called(only, ENTRY)?.args.as_slice() {
                            [key, value] => Item::Pair(self.step(key)?, self.step(value)?),
                            _ => return None,
                        }
                    }
                    [only] if merged => Item::Map(self.step(only)?),
                    _ => Item::Entries(self.list(list)?),
                };
                Some(Turns::Collecting(None, item))
            }
            _ => None,
        }
    }
}

/// What is done in the turns of a loop.
enum Turns {
    Collecting(Option<Step>, Item),
    Folding { init: Step, going: Step, step: Step, result: Step },
}

/// The name of a kind, which is a value of its own.
fn kind(e: &IdedExpr) -> Option<Step> {
    let context = Context::with_env(ENV.clone());
    Value::resolve_val(e, &context).ok().map(|value| Step::Constant(value.into_owned()))
}

fn constant_map(entries: &[(Step, Step, bool)]) -> Option<Step> {
    let keys = constants(entries.iter().map(|(key, _, _)| key))?;
    let values = constants(entries.iter().map(|(_, value, _)| value))?;
    let mut out = HashMap::new();
    for (key, value) in keys.into_iter().zip(values) {
        out.insert(CelMapKey::try_from(key).ok()?, value);
    }
    Some(Step::Constant(Box::new(SharedMap::from(CelMap::from(out)))))
}
