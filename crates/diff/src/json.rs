//! A change set for programs.

use crate::{Change, ChangeSet, FieldChange};
use fairway_value::{Map, Value};

impl ChangeSet {
    /// Returns `{changes: [{group, kind, namespace, name, change, fields: [{path, before, after}], note}]}`, ordered by key.
    ///
    /// A side that a field does not have is left out, so that an absent value and null stay apart. Values of Secrets are masked.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let changes: Value = self.changes.iter().map(change).collect();
        [("changes", changes)].into_iter().collect()
    }
}

fn change(change: &Change) -> Value {
    let mut out = Map::new();
    for (name, text) in [
        ("group", &change.key.group),
        ("kind", &change.key.kind),
        ("namespace", &change.key.namespace),
        ("name", &change.key.name),
        ("note", &change.note),
    ] {
        if !text.is_empty() {
            out.insert(name, text.clone());
        }
    }
    out.insert("change", change.kind.as_str());
    if !change.fields.is_empty() {
        out.insert("fields", change.fields.iter().map(field).collect::<Value>());
    }
    Value::Object(out)
}

fn field(field: &FieldChange) -> Value {
    let mut out = Map::new();
    out.insert("path", field.path.clone());
    for (name, side) in [("before", &field.before), ("after", &field.after)] {
        if let Some(value) = side {
            out.insert(name, value.clone());
        }
    }
    Value::Object(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ChangeKind;
    use fairway_core::ObjectKey;

    #[test]
    fn an_absent_side_is_left_out() {
        let set = ChangeSet::new(vec![Change {
            key: ObjectKey::new("apps", "Deployment", "a", "web"),
            kind: ChangeKind::Configured,
            fields: vec![FieldChange {
                path: "/spec/replicas".into(),
                before: None,
                after: Some(Value::Int(2)),
            }],
            note: "".into(),
        }]);
        assert_eq!(
            set.to_value().to_string(),
            r#"{"changes":[{"change":"configured","fields":[{"after":2,"path":"/spec/replicas"}],"group":"apps","kind":"Deployment","name":"web","namespace":"a"}]}"#
        );
    }
}
