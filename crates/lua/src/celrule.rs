//! Health by rules in CEL, as an alternative to Lua: the first rule whose condition holds judges.

use crate::health::status_of;
use cel::{Context, Program};
use fairway_core::{Health, HealthStatus};
use fairway_schema::expression::{self, Bounds, ENV};
use fairway_value::Value;

/// Rules for one kind.
const RULES_MAX: usize = 64;

/// The bounds of an expression.
const BOUNDS: Bounds = Bounds { bytes: 8 * 1024, nesting: 40 };

/// One rule.
#[derive(Debug)]
struct Rule {
    status: HealthStatus,
    when: Option<Program>,
    message: Option<Program>,
}

/// The rules for one kind.
#[derive(Debug)]
pub(crate) struct Rules(Vec<Rule>);

impl Rules {
    /// Reads a list of `{status, when, message}`: `when` is a condition over `obj` (none holds always), `message` an expression
    /// that gives text.
    pub(crate) fn read(value: &Value) -> Result<Self, String> {
        let Some(list) = value.as_array() else { return Err("it is no list of rules".to_owned()) };
        if list.len() > RULES_MAX {
            return Err(format!("it has more than {RULES_MAX} rules"));
        }
        let rule = |(n, rule): (usize, &Value)| {
            let text = |key: &str| rule.get(key).and_then(Value::as_str);
            let status = text("status").and_then(status_of);
            Ok(Rule {
                status: status.ok_or_else(|| format!("rule {n} has no known status"))?,
                when: text("when").map(compile).transpose().map_err(|e| format!("rule {n}: when: {e}"))?,
                message: text("message")
                    .map(compile)
                    .transpose()
                    .map_err(|e| format!("rule {n}: message: {e}"))?,
            })
        };
        list.iter().enumerate().map(rule).collect::<Result<_, String>>().map(Self)
    }

    /// Judges by the first rule that holds; progressing where none does, unknown where an expression fails.
    pub(crate) fn judge(&self, object: &Value) -> Health {
        let mut context = Context::with_env(ENV.clone());
        let unknown = |why: String| Health::new(HealthStatus::Unknown, why);
        if let Err(why) = context.add_variable("obj", object.clone()) {
            return unknown(why.to_string());
        }
        for rule in &self.0 {
            let holds = match &rule.when {
                None => Ok(cel::Value::Bool(true)),
                Some(program) => program.execute(&context),
            };
            match holds {
                Ok(cel::Value::Bool(true)) => {}
                // A field that is not there yet makes a rule not hold.
                Ok(_) | Err(cel::ExecutionError::NoSuchKey(_)) => continue,
                Err(why) => return unknown(why.to_string()),
            }
            let message = match rule.message.as_ref().map(|m| m.execute(&context)) {
                Some(Ok(cel::Value::String(text))) => text.to_string(),
                Some(Err(why)) => return unknown(why.to_string()),
                _ => String::new(),
            };
            return Health::new(rule.status, message);
        }
        Health::new(HealthStatus::Progressing, "")
    }
}

fn compile(text: &str) -> Result<Program, String> {
    expression::compile(text, BOUNDS)
}
