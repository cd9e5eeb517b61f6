use crate::FieldChange;
use fairway_schema::managed::equal;
use fairway_value::{Str, Value, escape_pointer_token};

/// Lists the fields in which two objects differ: maps by key, lists of equal length by index, lists of different length as a
/// whole; an added or removed subtree is one change. Values of Secrets are masked.
pub(crate) fn changes(before: &Value, after: &Value) -> Vec<FieldChange> {
    let mut out = Vec::new();
    walk(before, after, None, &mut out);
    if is_secret(before) || is_secret(after) {
        for change in &mut out {
            mask(change);
        }
    }
    out
}

pub(crate) fn is_secret(object: &Value) -> bool {
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
    text("kind") == "Secret" && text("apiVersion") == "v1"
}

/// A place in an object, from the inside out: most places are the same in both, and need no pointer.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    pub parent: Option<&'a At<'a>>,
    pub step: Step<'a>,
}

#[derive(Clone, Copy)]
pub(crate) enum Step<'a> {
    Key(&'a str),
    Entry(usize),
}

impl At<'_> {
    /// Writes the JSON pointer.
    pub fn pointer(&self, out: &mut String) {
        if let Some(parent) = self.parent {
            parent.pointer(out);
        }
        out.push('/');
        match self.step {
            Step::Key(key) => out.push_str(&escape_pointer_token(key)),
            Step::Entry(at) => out.push_str(&at.to_string()),
        }
    }
}

fn walk(before: &Value, after: &Value, parent: Option<&At<'_>>, out: &mut Vec<FieldChange>) {
    match (before, after) {
        (Value::Object(old), Value::Object(new)) if old.shares(new) => {}
        (Value::Object(old), Value::Object(new)) => {
            // Both are ordered by key; what is new comes after what was there.
            let at = |key| At { parent, step: Step::Key(key) };
            let mut rest = new.iter().peekable();
            let mut added = Vec::new();
            for (key, value) in old.iter() {
                while let Some(entry) = rest.next_if(|(k, _)| k.as_str() < key.as_str()) {
                    added.push(entry);
                }
                match rest.next_if(|(k, _)| *k == key) {
                    Some((_, other)) => walk(value, other, Some(&at(key)), out),
                    None => out.push(change(Some(&at(key)), Some(value), None)),
                }
            }
            for (key, value) in added.into_iter().chain(rest) {
                out.push(change(Some(&at(key)), None, Some(value)));
            }
        }
        (Value::Array(old), Value::Array(new)) if std::ptr::eq(old.as_slice(), new.as_slice()) => {}
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            for (n, (value, other)) in old.iter().zip(new.iter()).enumerate() {
                walk(value, other, Some(&At { parent, step: Step::Entry(n) }), out);
            }
        }
        (old, new) => {
            if !equal(old, new) {
                out.push(change(parent, Some(old), Some(new)));
            }
        }
    }
}

fn change(at: Option<&At<'_>>, before: Option<&Value>, after: Option<&Value>) -> FieldChange {
    let mut path = String::new();
    if let Some(at) = at {
        at.pointer(&mut path);
    }
    FieldChange { path: Str::from(path), before: before.cloned(), after: after.cloned() }
}

/// What stands for a secret value; a changed one is one character longer.
pub(crate) const MASK: &str = "++++++++";
/// What stands for a secret value that takes the place of another.
pub(crate) const MASK_CHANGED: &str = "+++++++++";

/// Replaces every value below a field by a mask.
pub(crate) fn masked(value: &Value, mask: &str) -> Value {
    match value {
        Value::Object(map) => Value::Object(map.iter().map(|(k, v)| (k.clone(), masked(v, mask))).collect()),
        Value::Array(items) => items.iter().map(|v| masked(v, mask)).collect(),
        Value::Null => Value::Null,
        _ => Value::from(mask),
    }
}

fn mask(change: &mut FieldChange) {
    let secret = ["/data", "/stringData"]
        .iter()
        .any(|p| change.path.strip_prefix(p).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')));
    let applied =
        change.path.contains("last-applied-configuration") || &*change.path == "/metadata/annotations";
    if secret || applied {
        let changed = if change.before.is_some() { MASK_CHANGED } else { MASK };
        change.before = change.before.as_ref().map(|v| masked(v, MASK));
        change.after = change.after.as_ref().map(|v| masked(v, changed));
    }
}
