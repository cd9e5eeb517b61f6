use fairway_core::{IgnoreRule, glob_match};
use fairway_schema::{Schemas, managed};
use fairway_value::{Str, Value};

/// Rules, compiled once per App, that name what a comparison leaves out.
#[derive(Clone, Debug, Default)]
pub struct IgnoreRules {
    rules: Vec<IgnoreRule>,
}

/// A rule that this version cannot follow. It is reported, never passed over in silence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unsupported: {what}")]
pub struct Unsupported {
    /// The rule's part that cannot be followed.
    pub what: Str,
}

impl IgnoreRules {
    /// Compiles rules. What cannot be followed comes back beside them, to be shown as a condition.
    #[must_use]
    pub fn compile(rules: &[IgnoreRule]) -> (Self, Vec<Unsupported>) {
        let mut unsupported = Vec::new();
        for rule in rules {
            for expression in &rule.jq_path_expressions {
                let what = format!("jqPathExpressions {expression:?} of ignoreDifferences");
                unsupported.push(Unsupported { what: what.into() });
            }
            for pointer in rule.json_pointers.iter().filter(|p| !p.starts_with('/')) {
                let what =
                    format!("jsonPointers {pointer:?} of ignoreDifferences: it does not start with a slash");
                unsupported.push(Unsupported { what: what.into() });
            }
        }
        (Self { rules: rules.to_vec() }, unsupported)
    }

    /// Whether there is no rule.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    fn matching<'r>(&'r self, object: &'r Value) -> impl Iterator<Item = &'r IgnoreRule> {
        let text = |path: &[&str]| object.get_path(path).and_then(Value::as_str).unwrap_or_default();
        let (group, kind) = (group_of(object), text(&["kind"]));
        let (name, namespace) = (text(&["metadata", "name"]), text(&["metadata", "namespace"]));
        self.rules.iter().filter(move |rule| {
            glob_match(&rule.group, group, None)
                && glob_match(&rule.kind, kind, None)
                && (rule.name.is_empty() || rule.name == name)
                && (rule.namespace.is_empty() || rule.namespace == namespace)
        })
    }

    /// Cuts what the rules name out of an object.
    pub fn normalize(&self, object: &mut Value) {
        let pointers: Vec<Str> =
            self.matching(object).flat_map(|r| r.json_pointers.iter().cloned()).collect();
        for pointer in pointers {
            object.remove_pointer(&pointer);
        }
    }

    /// Returns the managers whose fields do not count for an object.
    pub(crate) fn trusted_managers(&self, object: &Value) -> Vec<Str> {
        self.matching(object).flat_map(|r| r.managed_fields_managers.iter().cloned()).collect()
    }

    /// Cuts out of both what a trusted manager owns in `live` and what differs; nothing where no rule concerns it.
    pub(crate) fn without_trusted(
        &self,
        live: &Value,
        other: &Value,
        schemas: &Schemas,
    ) -> Option<(Value, Value)> {
        let managers = self.trusted_managers(other);
        if managers.is_empty() { None } else { managed::without_trusted(live, other, &managers, schemas) }
    }
}

fn group_of(object: &Value) -> &str {
    let version = object.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
    version.split_once('/').map_or("", |(group, _)| group)
}
