use super::compile::{Node, Rule, Rules};
use super::values::{seen, widest};
use crate::expression::ENV;
use crate::managed::equal;
use crate::validate::fault::{Faults, list, show, text};
use cel::common::types::CelOptional;
use cel::common::value::Val;
use cel::{Context, ExecutionError};
use fairway_value::Value;

/// How many turns of loops the rules of one object may take, counted by the longest list that they may loop over.
const TURNS_MAX: u64 = 2_000_000;

/// Longest message that an expression may make.
const MESSAGE_BYTES_MAX: usize = 5 << 10;

/// Checks an object against the rules of its kind. `old` is what it takes the place of.
pub(in super::super) fn check(object: &Value, old: Option<&Value>, rules: &Rules, faults: &mut Faults) {
    let Some(root) = &rules.root else { return };
    let place = Place { field: String::new(), value: object, old, current: old, nearest: None };
    let mut run = Run { left: TURNS_MAX, faults };
    // Where the turns run out the last finding says so.
    let _ = run.node(root, &place);
}

/// Checks a part of an object, which stands somewhere, against the rules of its schema.
pub(in super::super) fn check_part(part: &Value, field: &str, rules: &Rules, faults: &mut Faults) {
    let Some(root) = &rules.root else { return };
    let place = Place { field: field.to_owned(), value: part, old: None, current: None, nearest: None };
    let mut run = Run { left: TURNS_MAX, faults };
    let _ = run.node(root, &place);
}

/// What is looked at, and what it was.
struct Place<'v> {
    field: String,
    value: &'v Value,
    /// What rules see as `oldSelf`.
    old: Option<&'v Value>,
    /// What was at this very place before; nothing where that cannot be told.
    current: Option<&'v Value>,
    /// The nearest place above of which it can be told, then and now.
    nearest: Option<(&'v Value, &'v Value)>,
}

impl<'v> Place<'v> {
    /// What was wrong before and has not changed is not held against a write.
    fn unchanged(&self) -> bool {
        match (self.current, self.nearest) {
            (Some(old), _) => equal(old, self.value),
            (None, Some((now, then))) => equal(now, then),
            (None, None) => false,
        }
    }

    fn below(&self, field: String, value: &'v Value, old: Option<&'v Value>) -> Place<'v> {
        let nearest = self.current.map(|old| (self.value, old)).or(self.nearest);
        let current = self.current.and(old);
        // There was nothing to compare with where there was null.
        Place { field, value, old: old.filter(|old| !old.is_null()), current, nearest }
    }

    fn shown(&self, more: &str) -> String {
        match (self.field.as_str(), more) {
            ("", "") => "<nil>".to_owned(),
            ("", more) => more.to_owned(),
            (field, "") => field.to_owned(),
            (field, more) => format!("{field}.{more}"),
        }
    }
}

/// No further rules are run.
struct Exhausted;

struct Run<'f> {
    left: u64,
    faults: &'f mut Faults,
}

impl Run<'_> {
    fn node(&mut self, node: &Node, place: &Place<'_>) -> Result<(), Exhausted> {
        if place.value.is_null() {
            return Ok(());
        }
        self.rules(node, place)?;
        for part in &node.all_of {
            let apart = Place { field: place.field.clone(), current: None, ..*place };
            self.node(part, &apart)?;
        }
        match place.value {
            Value::Object(map) => {
                let old = place.old.and_then(Value::as_object);
                for (key, value) in map.iter() {
                    let was = old.and_then(|o| o.get(key));
                    if let Some(further) = &node.further {
                        self.node(further, &place.below(format!("{}[{key}]", place.field), value, was))?;
                    }
                    if let Some((_, property)) = node.properties.iter().find(|(name, _)| name == key) {
                        let dot = if place.field.is_empty() { "" } else { "." };
                        self.node(property, &place.below(format!("{}{dot}{key}", place.field), value, was))?;
                    }
                }
            }
            Value::Array(items) => {
                let Some(inner) = &node.items else { return Ok(()) };
                let old = place.old.and_then(Value::as_array).unwrap_or_default();
                for (n, value) in items.iter().enumerate() {
                    let was = twin(&node.schema, value, old);
                    self.node(inner, &place.below(format!("{}[{n}]", place.field), value, was))?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn rules(&mut self, node: &Node, place: &Place<'_>) -> Result<(), Exhausted> {
        if node.rules.is_empty() {
            return Ok(());
        }
        let kind = text(&node.schema, "type");
        let this = seen(place.value, Some(&node.schema), node.resource);
        for rule in &node.rules {
            if rule.uses_old && place.old.is_none() && !rule.old_is_optional {
                continue;
            }
            let turns = widest(place.value, rule.text.contains("split(") || rule.text.contains("findAll("))
                .max(1)
                .saturating_pow(rule.loops);
            if turns > self.left {
                let why = "validation failed due to running out of cost budget, no further validation rules will be run";
                self.faults.invalid_text(place.shown(""), kind, why);
                return Err(Exhausted);
            }
            self.left -= turns;
            let program = match &rule.program {
                Ok(program) => program,
                Err(why) => {
                    self.faults.invalid_text(place.shown(""), kind, &format!("rule compile error: {why}"));
                    continue;
                }
            };
            let context = context(this.as_ref(), node, place, rule);
            match program.execute(&context) {
                Ok(cel::Value::Bool(true)) => {}
                Ok(_) => self.broken(rule, place, kind, &context),
                Err(error) => {
                    if let Some(why) = said(&error) {
                        let of = if rule.message.is_empty() { &rule.text } else { &rule.message };
                        let why = if why == "no such overload" {
                            format!(
                                "'{why}': call arguments did not match a supported operator, function or macro signature for rule: {of}"
                            )
                        } else {
                            format!("{why} evaluating rule: {of}")
                        };
                        self.faults.invalid_text(place.shown(""), kind, &why);
                    }
                }
            }
        }
        Ok(())
    }

    fn broken(&mut self, rule: &Rule, place: &Place<'_>, kind: &str, context: &Context<'_, '_>) {
        if !rule.uses_old && place.unchanged() {
            return;
        }
        let made = rule.message_program.as_ref().and_then(|m| match m.execute(context) {
            Ok(cel::Value::String(made)) => Some(made.trim().to_owned()),
            _ => None,
        });
        let made = made.filter(|m| !m.is_empty() && m.len() <= MESSAGE_BYTES_MAX && !m.contains('\n'));
        let why = match made {
            Some(made) => made,
            None if rule.message.is_empty() => format!("failed rule: {}", rule.text),
            None => rule.message.to_string(),
        };
        let field = place.shown(&rule.field);
        let whole = matches!(kind, "object" | "array");
        let value = if whole { String::new() } else { show(Some(place.value)) };
        let colon = if whole { "" } else { ": " };
        match rule.reason.as_str() {
            "FieldValueForbidden" => self.faults.forbidden(field, &why),
            "FieldValueRequired" => self.faults.required(field, &why),
            // Duplicates are told without why.
            "FieldValueDuplicate" => {
                let message = format!("Duplicate value{colon}{value}");
                self.faults.with_reason("FieldValueDuplicate", field, message);
            }
            _ => {
                let message = format!("Invalid value{colon}{value}: {why}");
                self.faults.with_reason("FieldValueInvalid", field, message);
            }
        }
    }
}

fn context<'c>(
    this: &(dyn Val + 'static),
    node: &Node,
    place: &Place<'_>,
    rule: &Rule,
) -> Context<'c, 'static> {
    let mut context = Context::with_env(ENV.clone());
    context.add_variable_as_val("self", this.clone_as_boxed());
    if rule.uses_old {
        let old = place.old.map(|old| seen(old, Some(&node.schema), node.resource));
        match (rule.old_is_optional, old) {
            (false, Some(old)) => context.add_variable_as_val("oldSelf", old),
            (false, None) => {}
            (true, old) => context.add_variable_as_val("oldSelf", Box::new(CelOptional::from(old))),
        }
    }
    context
}

/// The entry of a list of the same keys; only entries of maps can be told apart.
fn twin<'v>(schema: &Value, value: &Value, old: &'v [Value]) -> Option<&'v Value> {
    if text(schema, "x-kubernetes-list-type") != "map" {
        return None;
    }
    let keys = list(schema, "x-kubernetes-list-map-keys");
    let same = |o: &&Value| {
        keys.iter().filter_map(Value::as_str).all(|key| match (o.get(key), value.get(key)) {
            (Some(a), Some(b)) => equal(a, b),
            (a, b) => a.is_none() && b.is_none(),
        })
    };
    old.iter().find(same)
}

/// The error in the words of the server's library; nothing where it is this library that lacks something.
fn said(error: &ExecutionError) -> Option<String> {
    Some(match error {
        ExecutionError::NoSuchKey(key) => format!("no such key: {key}"),
        ExecutionError::NoSuchOverload(_) => "no such overload".to_owned(),
        ExecutionError::DivisionByZero(_) => "division by zero".to_owned(),
        ExecutionError::RemainderByZero(_) => "modulus by zero".to_owned(),
        ExecutionError::Overflow(..) => "integer overflow".to_owned(),
        ExecutionError::FunctionError { message, .. } if message.starts_with("unsupported: ") => return None,
        ExecutionError::FunctionError { message, .. } => message.clone(),
        ExecutionError::IndexOutOfBounds(at) => match at {
            cel::Value::Int(at) => format!("index out of bounds: {at}"),
            _ => "index out of bounds".to_owned(),
        },
        _ => return None,
    })
}
