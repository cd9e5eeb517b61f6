//! Argo CD's structured-merge diff: the apply by field ownership, on both sides of which Go's defaults are laid.

use crate::compare::changes;
use crate::{Options, Outcome, Prediction, UncertainReason, client};
use fairway_schema::Schemas;
use fairway_schema::managed::{self, Write, equal};
use fairway_value::{Map, Value};

/// As gitops-engine `pkg/diff` `structuredMergeDiff`.
pub(crate) fn structured_merge(
    desired: &Value,
    live: &Value,
    manager: &str,
    schemas: &Schemas,
    options: &Options,
) -> Prediction {
    let (desired, live) = client::both_prepared(desired, live, schemas, options);
    merged(desired, live, manager, schemas)
}

/// As [`structured_merge`], of objects that are prepared.
pub(crate) fn merged(mut desired: Value, live: Value, manager: &str, schemas: &Schemas) -> Prediction {
    desired.remove_path(&["metadata", "managedFields"]);
    let text = |key: &str| desired.get(key).and_then(Value::as_str).unwrap_or_default();
    let write = Write {
        manager,
        api_version: text("apiVersion"),
        kind: text("kind"),
        subresource: "",
        force: true,
        now: "",
    };
    let merged = match managed::apply(Some(&live), &desired, &write, schemas) {
        Ok(merged) => with_managed_fields_of(&live, merged),
        Err(why) => {
            return Prediction {
                outcome: Outcome::Uncertain(UncertainReason::Refused(why.to_string())),
                normalized_live: Some(live),
                predicted_live: None,
            };
        }
    };
    let (normalized, predicted) = if equal(&merged, &live) {
        (live.clone(), live)
    } else {
        (client::finished(live, schemas), client::finished(merged, schemas))
    };
    let found = changes(&normalized, &predicted);
    Prediction {
        outcome: if found.is_empty() { Outcome::Unchanged } else { Outcome::Changed(found) },
        normalized_live: Some(normalized),
        predicted_live: Some(predicted),
    }
}

fn with_managed_fields_of(live: &Value, mut merged: Value) -> Value {
    let path = ["metadata", "managedFields"];
    match live.get_path(&path) {
        Some(entries) => {
            merged.set_path(&path, entries.clone());
        }
        None => {
            merged.remove_path(&path);
        }
    }
    if live.get("metadata").is_none()
        && merged.get("metadata").is_some_and(|m| m.as_object().is_some_and(Map::is_empty))
    {
        merged.remove_path(&["metadata"]);
    }
    merged
}
