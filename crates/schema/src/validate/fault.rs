use super::names;
use crate::managed::quote;
use fairway_value::{HtmlEscape, Value, to_json};

/// One refused field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// `FieldValueRequired`, `FieldValueInvalid`, … as in `details.causes[].reason`.
    pub reason: &'static str,
    /// The message without the field, as in `details.causes[].message`.
    pub message: String,
    /// Path of the field: `spec.template.spec.containers[0].name`.
    pub field: String,
}

/// How many refusals of one object are listed; the rest would help nobody.
const CAUSES_MAX: usize = 1000;

/// Collects refusals in the order in which the server finds them.
#[derive(Default)]
pub(super) struct Faults {
    causes: Vec<Cause>,
}

/// Shows a value as the server does: strings quoted, the rest as JSON.
pub(super) fn show(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "null".to_owned(),
        Some(Value::String(s)) => quote(s),
        Some(other) => to_json(other, HtmlEscape::Yes),
    }
}

pub(super) fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).unwrap_or_default()
}

/// The texts of a list; what is none is an empty one.
pub(super) fn words<'v>(value: &'v Value, key: &str) -> Vec<&'v str> {
    list(value, key).iter().map(|v| v.as_str().unwrap_or_default()).collect()
}

pub(super) fn int(value: &Value, key: &str) -> Option<i64> {
    value.get(key).and_then(Value::as_i64)
}

/// Whether a field is there and not null.
pub(super) fn has(value: &Value, key: &str) -> bool {
    value.get(key).is_some_and(|v| !v.is_null())
}

/// A field's value; nothing where it is missing or null.
pub(super) fn some<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    value.get(key).filter(|v| !v.is_null())
}

pub(super) fn flag(value: &Value, key: &str) -> Option<bool> {
    value.get(key).and_then(Value::as_bool)
}

impl Faults {
    pub fn into_causes(self) -> Vec<Cause> {
        self.causes
    }

    /// The reasons of what was found so far.
    pub fn reasons(&self) -> impl Iterator<Item = &'static str> {
        self.causes.iter().map(|c| c.reason)
    }

    /// Adds a cause.
    pub fn add(&mut self, cause: Cause) {
        if self.causes.len() < CAUSES_MAX {
            self.causes.push(cause);
        }
    }

    fn push(&mut self, reason: &'static str, field: impl Into<String>, message: String) {
        if self.causes.len() < CAUSES_MAX {
            self.causes.push(Cause { reason, message, field: field.into() });
        }
    }

    pub fn required(&mut self, field: impl Into<String>, detail: &str) {
        let colon = if detail.is_empty() { "" } else { ": " };
        self.push("FieldValueRequired", field, format!("Required value{colon}{detail}"));
    }

    pub fn invalid(&mut self, field: impl Into<String>, shown: impl AsRef<str>, detail: &str) {
        let colon = if detail.is_empty() { "" } else { ": " };
        self.push("FieldValueInvalid", field, format!("Invalid value: {}{colon}{detail}", shown.as_ref()));
    }

    /// A string value that is wrong.
    pub fn invalid_text(&mut self, field: impl Into<String>, value: &str, detail: &str) {
        self.invalid(field, quote(value), detail);
    }

    /// Every message about one string value.
    pub fn each(&mut self, field: &str, value: &str, details: Vec<String>) {
        for detail in details {
            self.invalid_text(field, value, &detail);
        }
    }

    /// All messages about one string value as one, with something between them.
    pub fn joined(&mut self, field: impl Into<String>, value: &str, details: &[String], between: &str) {
        if !details.is_empty() {
            self.invalid_text(field, value, &details.join(between));
        }
    }

    /// A kind's name, whose letters may be large.
    pub fn kind(&mut self, field: impl Into<String>, value: &str) {
        let wrong = names::label_1035(&value.to_lowercase());
        if !wrong.is_empty() {
            let why = format!("may have mixed case, but should otherwise match: {}", wrong.join(","));
            self.invalid_text(field, value, &why);
        }
    }

    pub fn unsupported(&mut self, field: impl Into<String>, shown: impl AsRef<str>, supported: &[&str]) {
        let quoted: Vec<String> = supported.iter().map(|s| quote(s)).collect();
        let message =
            format!("Unsupported value: {}: supported values: {}", shown.as_ref(), quoted.join(", "));
        self.push("FieldValueNotSupported", field, message);
    }

    /// A string that must be one of a few; an empty one is required if `required` says so.
    pub fn one_of(&mut self, field: impl Into<String>, value: &str, supported: &[&str]) {
        if !supported.contains(&value) {
            // A text with a type of its own is shown as JSON.
            self.unsupported(field, show(Some(&Value::from(value))), supported);
        }
    }

    pub fn forbidden(&mut self, field: impl Into<String>, detail: &str) {
        self.push("FieldValueForbidden", field, format!("Forbidden: {detail}"));
    }

    /// What the server could not do.
    pub fn internal(&mut self, field: impl Into<String>, why: &str) {
        self.push("InternalError", field, format!("Internal error: {why}"));
    }

    pub fn not_found(&mut self, field: impl Into<String>, value: &str) {
        self.push("FieldValueNotFound", field, format!("Not found: {}", quote(value)));
    }

    pub fn duplicate(&mut self, field: impl Into<String>, shown: impl AsRef<str>) {
        self.push("FieldValueDuplicate", field, format!("Duplicate value: {}", shown.as_ref()));
    }

    pub fn too_long(&mut self, field: impl Into<String>, max: usize) {
        self.push("FieldValueTooLong", field, format!("Too long: may not be more than {max} bytes"));
    }

    pub fn too_many(&mut self, field: impl Into<String>, count: usize, max: usize) {
        let items = if max == 1 { "item" } else { "items" };
        self.push("FieldValueTooMany", field, format!("Too many: {count}: must have at most {max} {items}"));
    }

    /// A number that must not be negative.
    pub fn not_negative(&mut self, field: impl Into<String>, number: Option<i64>) {
        if let Some(number) = number.filter(|n| *n < 0) {
            self.invalid(field, number.to_string(), "must be greater than or equal to 0");
        }
    }

    /// A number within bounds, both included.
    pub fn between(&mut self, field: impl Into<String>, number: Option<i64>, (low, high): (i64, i64)) {
        if let Some(number) = number.filter(|n| !(low..=high).contains(n)) {
            self.invalid(field, number.to_string(), &format!("must be between {low} and {high}, inclusive"));
        }
    }

    /// An IP address.
    pub fn ip(&mut self, field: impl Into<String>, value: &str) {
        if !super::names::is_ip(value) {
            self.invalid_text(field, value, super::names::NOT_AN_IP);
        }
    }

    /// A text that must not be empty; says whether it is there.
    pub fn present(&mut self, field: impl Into<String>, value: &str) -> bool {
        if value.is_empty() {
            self.required(field, "");
        }
        !value.is_empty()
    }

    pub fn len(&self) -> usize {
        self.causes.len()
    }

    pub fn with_reason(&mut self, reason: &'static str, field: impl Into<String>, message: String) {
        self.push(reason, field, message);
    }
}
