use super::compile::{Expression, Node, Rule, Rules};
use super::values::seen;
use crate::expression::{ENV, Names, Ran, Stop, run};
use crate::managed::{equal, quote};
use crate::validate::fault::{Faults, list, show, text};
use cel::common::types::{CelBool, CelOptional, CelString};
use cel::common::value::{CowVal, Val};
use cel::{Context, ExecutionError};
use fairway_value::Value;
use std::cell::OnceCell;

/// What a single rule may cost, or the expression of its message.
const RULE_MAX: u64 = 1_000_000;

/// What all rules may cost together in a request.
const REQUEST_MAX: u64 = 10_000_000;

const OUT_OF_BUDGET: &str =
    "validation failed due to running out of cost budget, no further validation rules will be run";

/// Where [`OUT_OF_BUDGET`] begins to say why.
const RUNNING_OUT: usize = "validation failed due to ".len();

const TOO_DEAR: &str = "operation cancelled: actual cost limit exceeded";

/// Longest message that an expression may make.
const MESSAGE_BYTES_MAX: usize = 5 << 10;

/// Checks an object against the rules of its kind. `old` is what it takes the place of.
pub(in super::super) fn check(object: &Value, old: Option<&Value>, rules: &Rules, faults: &mut Faults) {
    let Some(root) = &rules.root else { return };
    let place = Place { field: String::new(), value: object, old, current: old, nearest: None };
    let mut run = Run { left: REQUEST_MAX, faults };
    // Where the budget runs out the last finding says so.
    let _ = run.node(root, &place);
}

/// Checks a part of an object, which stands somewhere, against the rules of its schema.
pub(in super::super) fn check_part(part: &Value, field: &str, rules: &Rules, faults: &mut Faults) {
    let Some(root) = &rules.root else { return };
    let place = Place { field: field.to_owned(), value: part, old: None, current: None, nearest: None };
    let mut run = Run { left: REQUEST_MAX, faults };
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
    /// What the rules may still cost.
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
        if self.left == 0 {
            return self.exhausted(place, kind, OUT_OF_BUDGET);
        }
        let subject = Subject {
            this: seen(place.value, Some(&node.schema), node.resource),
            old: OnceCell::new(),
            node,
            place,
            kind,
        };
        for rule in &node.rules {
            if rule.uses_old && place.old.is_none() && !rule.old_is_optional {
                continue;
            }
            let expression = match &rule.expression {
                Ok(expression) => expression,
                Err(why) => {
                    self.faults.invalid_text(place.shown(""), kind, &format!("rule compile error: {why}"));
                    continue;
                }
            };
            let (value, cost) = subject.run(expression, rule.uses_old, rule.old_is_optional);
            if cost > self.left {
                return self.exhausted(place, kind, OUT_OF_BUDGET);
            }
            self.left -= cost;
            let of = if rule.message.is_empty() { &rule.text } else { &rule.message };
            match value {
                Ok(value) if is_true(value.as_ref()) => {}
                Ok(_) => self.broken(rule, &subject)?,
                Err(Stop::TooDear) => {
                    let why = format!(
                        "'{TOO_DEAR}': no further validation rules will be run due to call cost exceeds limit for rule: {of}"
                    );
                    return self.exhausted(place, kind, &why);
                }
                Err(Stop::Failed(error)) => {
                    if let Some(why) = said(&error) {
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

    fn exhausted(&mut self, place: &Place<'_>, kind: &str, why: &str) -> Result<(), Exhausted> {
        self.faults.invalid_text(place.shown(""), kind, why);
        Err(Exhausted)
    }

    fn broken(&mut self, rule: &Rule, subject: &Subject<'_>) -> Result<(), Exhausted> {
        let Subject { place, kind, .. } = *subject;
        let field = place.shown(&rule.field);
        let forgiven = !rule.uses_old && place.unchanged();
        let mut made = None;
        if let Some(expression) = &rule.message_expression {
            // What was before is told to messages as it is, even where the rule itself is told that it may be missing.
            let uses_old = subject.node.rules.iter().any(|rule| rule.uses_old);
            let (value, cost) = subject.run(expression, uses_old, false);
            let why = if cost > self.left {
                Some(format!("messageExpression evaluation failed due to {}", &OUT_OF_BUDGET[RUNNING_OUT..]))
            } else if matches!(value, Err(Stop::TooDear)) {
                let text = quote(&rule.message_text);
                Some(format!(
                    "no further validation rules will be run due to call cost exceeds limit for messageExpression: {text}"
                ))
            } else {
                None
            };
            if let Some(why) = why {
                if !forgiven {
                    self.faults.invalid_text(field, kind, &why);
                }
                return Err(Exhausted);
            }
            self.left -= cost;
            let value = value.ok();
            let said = value.as_ref().and_then(|value| value.downcast_ref::<CelString<'_>>());
            made = said.map(|said| said.inner().trim().to_owned());
        }
        if forgiven {
            return Ok(());
        }
        let made = made.filter(|m| !m.is_empty() && m.len() <= MESSAGE_BYTES_MAX && !m.contains('\n'));
        let why = match made {
            Some(made) => made,
            None if rule.message.is_empty() => format!("failed rule: {}", rule.text),
            None => rule.message.to_string(),
        };
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
        Ok(())
    }
}

/// What rules look at, as they see it.
struct Subject<'s> {
    this: Box<dyn Val>,
    /// What it was before, made when it is asked for.
    old: OnceCell<Option<Box<dyn Val>>>,
    node: &'s Node,
    place: &'s Place<'s>,
    kind: &'s str,
}

impl Subject<'_> {
    /// Runs an expression; returns what it gives, and what it has cost.
    fn run(&self, expression: &Expression, uses_old: bool, old_is_optional: bool) -> (Given, u64) {
        let Node { schema, resource, .. } = self.node;
        let old = || {
            let made = self.old.get_or_init(|| self.place.old.map(|old| seen(old, Some(schema), *resource)));
            made.as_deref()
        };
        let held: Option<Box<dyn Val>> = (uses_old && old_is_optional)
            .then(|| Box::new(CelOptional::from(old().map(Val::clone_as_boxed))) as Box<dyn Val>);
        let old = match &held {
            Some(held) => Some(held.as_ref()),
            None => old().filter(|_| uses_old),
        };
        match expression {
            Expression::Planned(plan) => {
                let Ran { value, cost } = run(plan, Names { this: self.this.as_ref(), old }, RULE_MAX);
                (value, cost)
            }
            Expression::Unchecked(program) => {
                let mut context: Context<'_, 'static> = Context::with_env(ENV.clone());
                context.add_variable_as_val("self", self.this.clone());
                if let Some(old) = old {
                    context.add_variable_as_val("oldSelf", old.clone_as_boxed());
                }
                let value = cel::Value::resolve_val(program.expression(), &context);
                (value.map(CowVal::into_owned).map_err(Stop::Failed), 0)
            }
        }
    }
}

/// What an expression gives.
type Given = Result<Box<dyn Val>, Stop>;

fn is_true(value: &dyn Val) -> bool {
    value.downcast_ref::<CelBool>().is_some_and(|b| *b.inner())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::fault::Faults;
    use fairway_value::from_json;

    /// What a rule over an object gives, and what it costs: as it is told in the table.
    fn ran(rule: &str, schema: &Value, object: &Value) -> (u64, String) {
        let mut schema = schema.clone();
        let mut rules = Value::object();
        rules.set_path(&["rule"], rule);
        schema.set_path(&["x-kubernetes-validations"], Value::Array(vec![rules].into()));
        let rules = Rules::read_part(&schema);
        let mut faults = Faults::default();
        let place = Place {
            field: "root".to_owned(),
            value: object,
            old: Some(object),
            current: None,
            nearest: None,
        };
        let most = 1 << 50;
        let mut run = Run { left: most, faults: &mut faults };
        let _ = run.node(rules.root.as_ref().unwrap(), &place);
        let cost = most - run.left;
        let said = faults.into_causes().pop().map_or("true".to_owned(), |cause| cause.message);
        let said = said.split_once(": ").map_or(said.as_str(), |(_, why)| why);
        let said = said.strip_prefix("\"object\": ").unwrap_or(said);
        let said = match said {
            _ if said == format!("failed rule: {rule}") => "false",
            _ if said.contains("call arguments did not") => "no such overload",
            _ => said.strip_suffix(&format!(" evaluating rule: {rule}")).unwrap_or(said),
        };
        (cost, said.to_owned())
    }

    #[test]
    fn rules_cost_what_they_cost_in_the_servers_library() {
        let schema = from_json(include_bytes!("../../../../tests/costs/schema.json")).unwrap();
        let object = from_json(include_bytes!("../../../../tests/costs/object.json")).unwrap();
        let recorded = include_str!("../../../../tests/costs/recorded.tsv");
        let mut other = Vec::new();
        for line in recorded.lines() {
            let [cost, said, rule] = line.splitn(3, '\t').collect::<Vec<_>>().try_into().unwrap();
            let found = ran(rule, &schema, &object);
            if (found.0.to_string().as_str(), found.1.as_str()) != (cost, said) {
                other.push(format!("{cost} {said} | {} {} | {rule}", found.0, found.1));
            }
        }
        assert!(other.is_empty(), "{} of {}\n{}", other.len(), recorded.lines().count(), other.join("\n"));
    }

    const DEAR: &str = "self.list.all(a, self.list.all(b, a + b > 0))";

    /// Costs one for each pair, and is quick.
    const QUICK: &str = "sets.contains(self.list, self.list)";

    /// What is said of a list of so many numbers by these rules, `{}` in them being one that costs near seven for each pair.
    fn said_of(count: i64, rules: &str) -> Vec<(String, String)> {
        let schema = r#"{"type":"object","properties":{"n":{"type":"integer"},"list":{"type":"array","items":{"type":"integer"}}},
            "x-kubernetes-validations":[RULES]}"#;
        let schema = from_json(schema.replace("RULES", &rules.replace("{}", DEAR)).as_bytes()).unwrap();
        let mut object = Value::object();
        object.set_path(&["n"], 0_i64);
        object.set_path(&["list"], Value::Array((1..=count).map(Value::Int).collect::<Vec<_>>().into()));
        let mut faults = Faults::default();
        check_part(&object, "spec", &Rules::read_part(&schema), &mut faults);
        faults.into_causes().into_iter().map(|cause| (cause.field, cause.message)).collect()
    }

    /// As kube-apiserver 1.36.3 answers.
    #[test]
    fn no_rule_is_run_behind_one_that_costs_too_much() {
        let own = |n: i64| format!(r#"{{"rule":"self.n > {n}"}}"#);
        let failed = |n: i64| ("spec".to_owned(), format!("Invalid value: failed rule: self.n > {n}"));
        let object = |field: &str, why: &str| (field.to_owned(), format!("Invalid value: \"object\": {why}"));
        let rules = format!(r#"{},{{"rule":"{{}}"}},{}"#, own(1), own(2));
        let why = format!(
            "'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit \
             for rule: {DEAR}"
        );
        assert_eq!(said_of(377, &rules), [failed(1), failed(2)]);
        assert_eq!(said_of(378, &rules), [failed(1), object("spec", &why)]);

        let many = vec![format!(r#"{{"rule":"{QUICK}"}}"#); 12].join(",");
        assert_eq!(said_of(912, &format!("{many},{}", own(2))), [failed(2)]);
        let why =
            "validation failed due to running out of cost budget, no further validation rules will be run";
        assert_eq!(said_of(913, &format!("{many},{}", own(2))), [object("spec", why)]);

        let told = format!(
            r#"{{"rule":"self.n > 1","fieldPath":".n","messageExpression":"{{}} ? 'yes' : 'no'"}},{}"#,
            own(2)
        );
        let yes = ("spec.n".to_owned(), "Invalid value: yes".to_owned());
        assert_eq!(said_of(10, &told), [yes, failed(2)]);
        let why = format!(
            "no further validation rules will be run due to call cost exceeds limit for messageExpression: \"{DEAR} ? 'yes' : 'no'\""
        );
        assert_eq!(said_of(378, &told), [object("spec.n", &why)]);
        let told = told.replace("{}", QUICK);
        let many = vec![format!(r#"{{"rule":"{QUICK}"}}"#); 11].join(",");
        let why = "messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run";
        assert_eq!(said_of(913, &format!("{many},{told}")), [object("spec.n", why)]);
    }
}
