use crate::jq::JqPath;
use fairway_core::{IgnoreRule, ObjectKey, glob_match};
use fairway_schema::{Schemas, managed};
use fairway_value::{Str, Value};
use std::sync::Arc;

/// Rules, compiled once per App, that name what a comparison leaves out.
#[derive(Clone, Debug, Default)]
pub struct IgnoreRules {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct Rule {
    said: IgnoreRule,
    jq: Vec<Arc<JqPath>>,
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
        let mut compiled = Vec::with_capacity(rules.len());
        for rule in rules {
            let mut jq = Vec::new();
            for expression in &rule.jq_path_expressions {
                match JqPath::get(expression) {
                    Ok(path) => jq.push(path),
                    Err(why) => {
                        let what = format!("jqPathExpressions {expression:?} of ignoreDifferences: {why}");
                        unsupported.push(Unsupported { what: what.into() });
                    }
                }
            }
            for pointer in rule.json_pointers.iter().filter(|p| !p.is_empty() && !p.starts_with('/')) {
                let what =
                    format!("jsonPointers {pointer:?} of ignoreDifferences: it does not start with a slash");
                unsupported.push(Unsupported { what: what.into() });
            }
            compiled.push(Rule { said: rule.clone(), jq });
        }
        (Self { rules: compiled }, unsupported)
    }

    /// Whether there is no rule.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    fn matching<'r>(&'r self, object: &'r Value) -> impl Iterator<Item = &'r Rule> {
        let text = |path: &[&str]| object.get_path(path).and_then(Value::as_str).unwrap_or_default();
        let (group, kind) = (group_of(object), text(&["kind"]));
        let (name, namespace) = (text(&["metadata", "name"]), text(&["metadata", "namespace"]));
        self.rules.iter().filter(move |rule| concerns(&rule.said, group, kind, namespace, name))
    }

    /// Whether a rule cuts something out of an object of this key, or trusts a manager with it.
    #[must_use]
    pub fn concern(&self, key: &ObjectKey) -> bool {
        self.rules.iter().any(|r| concerns(&r.said, &key.group, &key.kind, &key.namespace, &key.name))
    }

    /// Cuts what the rules name out of an object. An empty pointer, which would name all of it, cuts nothing.
    pub fn normalize(&self, object: &mut Value) {
        if self.rules.is_empty() {
            return;
        }
        let rules: Vec<&Rule> = {
            let seen: &Value = object;
            let text = |path: &[&str]| seen.get_path(path).and_then(Value::as_str).unwrap_or_default();
            let (group, kind) = (group_of(seen), text(&["kind"]));
            let (name, namespace) = (text(&["metadata", "name"]), text(&["metadata", "namespace"]));
            self.rules.iter().filter(|r| concerns(&r.said, group, kind, namespace, name)).collect()
        };
        for rule in rules {
            for pointer in rule.said.json_pointers.iter().filter(|p| !p.is_empty()) {
                object.remove_pointer(pointer);
            }
            for path in &rule.jq {
                path.cut(object);
            }
        }
    }

    /// Returns the managers whose fields do not count for an object.
    pub(crate) fn trusted_managers(&self, object: &Value) -> Vec<Str> {
        self.matching(object).flat_map(|r| r.said.managed_fields_managers.iter().cloned()).collect()
    }

    /// Cuts out of both what a trusted manager owns in `live` and what differs; nothing where no rule concerns it.
    ///
    /// As Argo CD `util/argo/managedfields` `Normalize`.
    pub fn without_trusted(&self, live: &Value, other: &Value, schemas: &Schemas) -> Option<(Value, Value)> {
        let managers = self.trusted_managers(other);
        if managers.is_empty() { None } else { managed::without_trusted(live, other, &managers, schemas) }
    }
}

fn concerns(rule: &IgnoreRule, group: &str, kind: &str, namespace: &str, name: &str) -> bool {
    glob_match(&rule.group, group, None)
        && glob_match(&rule.kind, kind, None)
        && (rule.name.is_empty() || rule.name == name)
        && (rule.namespace.is_empty() || rule.namespace == namespace)
}

fn group_of(object: &Value) -> &str {
    let version = object.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
    version.split_once('/').map_or("", |(group, _)| group)
}
