use fairway_core::{IgnoreRule, glob_match};
use fairway_schema::{Schemas, canonical, managed};
use fairway_value::{Str, Value};

/// A field of a custom kind that holds a well-known type (`knownTypeFields`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownTypeField {
    /// API group of the custom kind.
    pub group: Str,
    /// The custom kind.
    pub kind: Str,
    /// Path of the field, keys joined by dots; lists on the way are looked into.
    pub field: Str,
    /// The type as Argo CD names it: `core/v1/PodSpec`, `core/Quantity`.
    pub type_name: Str,
}

/// Rules, compiled once per App, that name what a comparison leaves out.
#[derive(Clone, Debug, Default)]
pub struct IgnoreRules {
    rules: Vec<IgnoreRule>,
    known: Vec<KnownTypeField>,
    aggregated_roles: bool,
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
        (Self { rules: rules.to_vec(), ..Self::default() }, unsupported)
    }

    /// Adds fields that hold well-known types. Types that are not known come back, to be shown as a condition.
    pub fn add_known_fields(&mut self, fields: &[KnownTypeField], schemas: &Schemas) -> Vec<Unsupported> {
        let (known, unknown): (Vec<_>, Vec<_>) =
            fields.iter().cloned().partition(|f| schemas.type_named(&type_name(&f.type_name)).is_some());
        self.known.extend(known);
        let report = |f: KnownTypeField| Unsupported {
            what: format!("type {} of knownTypeFields {}/{}", f.type_name, f.group, f.kind).into(),
        };
        unknown.into_iter().map(report).collect()
    }

    /// Leaves the rules of roles out that aggregate other roles (`ignoreAggregatedRoles`).
    pub fn set_aggregated_roles(&mut self, ignore: bool) {
        self.aggregated_roles = ignore;
    }

    /// Whether there is no rule.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.known.is_empty() && !self.aggregated_roles
    }

    pub(crate) fn ignores_aggregated_roles(&self) -> bool {
        self.aggregated_roles
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

    /// Cuts what the rules name out of an object, and brings fields of known types into their form.
    pub fn normalize(&self, object: &mut Value, schemas: &Schemas) {
        let pointers: Vec<Str> =
            self.matching(object).flat_map(|r| r.json_pointers.iter().cloned()).collect();
        for pointer in pointers {
            object.remove_pointer(&pointer);
        }
        let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
        let group = group_of(object).to_owned();
        // Argo Rollouts' pod templates are known without a setting.
        let rollout = KnownTypeField {
            group: "argoproj.io".into(),
            kind: "Rollout".into(),
            field: "spec.template.spec".into(),
            type_name: "core/v1/PodSpec".into(),
        };
        let own = self.known.iter().any(|f| f.group == rollout.group && f.kind == rollout.kind);
        let fields = self.known.iter().chain((!own).then_some(&rollout));
        for field in fields.filter(|f| f.group == group && f.kind == kind) {
            if let Some(ty) = schemas.type_named(&type_name(&field.type_name)) {
                let keys: Vec<&str> = field.field.split('.').collect();
                reform(object, &keys, &|value| canonical::go_form_as(value, ty));
            }
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

/// The OpenAPI name of a type as Argo CD names it.
fn type_name(name: &str) -> String {
    match name.split_once('/') {
        Some(("core", "Quantity")) => "io.k8s.apimachinery.pkg.api.resource.Quantity".to_owned(),
        Some((group, rest)) => format!("io.k8s.api.{group}.{}", rest.replace('/', ".")),
        None => name.to_owned(),
    }
}

fn reform(value: &mut Value, path: &[&str], form: &dyn Fn(&Value) -> Option<Value>) {
    if let Value::Array(items) = value {
        for item in items.make_mut() {
            reform(item, path, form);
        }
        return;
    }
    match path {
        [] => {
            if let Some(next) = form(value) {
                *value = next;
            }
        }
        [first, rest @ ..] => {
            if value.get(first).is_some()
                && let Some(inner) = value.get_mut(first)
            {
                reform(inner, rest, form);
            }
        }
    }
}
