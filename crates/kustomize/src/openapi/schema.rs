use super::builtin::{builtin_type, definition};
use fairway_value::{Str, Value};
use std::collections::HashMap;

/// The part of an OpenAPI schema that merging looks at.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    /// Name of the definition that this points at; empty for none.
    pub reference: Str,
    /// Whether `type` is `array`.
    pub is_array: bool,
    /// Schema of the elements.
    pub items: Option<Box<Schema>>,
    /// Schemas of the fields.
    pub properties: HashMap<Str, Schema>,
    /// Schema of fields that are not named.
    pub additional: Option<Box<Schema>>,
    /// `x-kubernetes-patch-strategy`, where it is set.
    pub strategy: Option<Str>,
    /// `x-kubernetes-list-map-keys`, else `x-kubernetes-patch-merge-key`; only where a strategy is set.
    pub keys: Vec<Str>,
}

/// Definitions by name, and the types that they describe.
#[derive(Clone, Debug, Default)]
pub struct Definitions {
    /// Which of the built-in definitions are among them, below those of their own.
    builtin: Builtin,
    /// Schemas by name.
    by_name: HashMap<Str, Schema>,
    /// Names of definitions by API version and kind.
    by_type: HashMap<(Str, Str), Str>,
    /// Whether a type is namespaced, by API version and kind.
    namespaced: HashMap<(Str, Str), bool>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Builtin {
    #[default]
    Kustomization,
    All,
}

/// The type of kustomization files themselves.
const KUSTOMIZATION: (&str, &str) = ("kustomize.config.k8s.io/v1beta1", "Kustomization");

/// Longest chain of references that is followed.
const REFERENCES_MAX: usize = 32;

impl Definitions {
    /// Kubernetes 1.21.2 as kustomize has it built in.
    pub fn builtin() -> Self {
        Self { builtin: Builtin::All, ..Self::default() }
    }

    /// The type of kustomization files alone, which is known whatever schema is in force.
    pub fn kustomization() -> Self {
        Self::default()
    }

    /// Follows references; nothing where one leads nowhere.
    pub fn resolve<'a>(&'a self, schema: &'a Schema) -> Option<&'a Schema> {
        let mut at = schema;
        for _ in 0..REFERENCES_MAX {
            if at.reference.is_empty() {
                return Some(at);
            }
            at = self.named(&at.reference)?;
        }
        None
    }

    /// Returns the schema of a type.
    pub fn of_type(&self, api_version: &str, kind: &str) -> Option<&Schema> {
        if !self.by_type.is_empty()
            && let Some(name) = self.by_type.get(&(Str::from(api_version), Str::from(kind)))
        {
            return self.named(name);
        }
        if self.builtin == Builtin::Kustomization && (api_version, kind) != KUSTOMIZATION {
            return None;
        }
        self.named(builtin_type(api_version, kind)?.definition?)
    }

    fn named(&self, name: &str) -> Option<&Schema> {
        if !self.by_name.is_empty()
            && let Some(found) = self.by_name.get(name)
        {
            return Some(found);
        }
        let is_known = match self.builtin {
            Builtin::All => true,
            Builtin::Kustomization => {
                builtin_type(KUSTOMIZATION.0, KUSTOMIZATION.1).and_then(|t| t.definition) == Some(name)
            }
        };
        if is_known { definition(name) } else { None }
    }

    /// Whether objects of a type are namespaced, where that is known.
    pub fn is_namespaced(&self, api_version: &str, kind: &str) -> Option<bool> {
        if !self.namespaced.is_empty()
            && let Some(found) = self.namespaced.get(&(Str::from(api_version), Str::from(kind)))
        {
            return Some(*found);
        }
        if self.builtin == Builtin::All { builtin_type(api_version, kind)?.namespaced } else { None }
    }

    /// Returns the schema of a field.
    pub fn field<'a>(&'a self, schema: &'a Schema, name: &str) -> Option<&'a Schema> {
        let found = schema.properties.get(name).or(schema.additional.as_deref())?;
        self.resolve(found)
    }

    /// Returns the schema of a list's elements.
    pub fn elements<'a>(&'a self, schema: &'a Schema) -> Option<&'a Schema> {
        if !schema.is_array {
            return None;
        }
        self.resolve(schema.items.as_deref()?)
    }

    /// Adds what a swagger document defines.
    pub fn add_swagger(&mut self, document: &Value) {
        for (name, defined) in
            document.get("definitions").and_then(Value::as_object).into_iter().flat_map(|m| m.iter())
        {
            let name: Str = short(name).into();
            let types = defined.get("x-kubernetes-group-version-kind").and_then(Value::as_array);
            for gvk in types.unwrap_or_default() {
                if let Some(key) = type_of(gvk) {
                    self.by_type.insert(key, name.clone());
                }
            }
            self.by_name.insert(name, Schema::from_value(defined, 0));
        }
        self.add_scopes(document);
    }

    fn add_scopes(&mut self, document: &Value) {
        for (path, item) in
            document.get("paths").and_then(Value::as_object).into_iter().flat_map(|m| m.iter())
        {
            let Some(key) =
                item.get("get").and_then(|g| g.get("x-kubernetes-group-version-kind")).and_then(type_of)
            else {
                continue;
            };
            if path.contains("namespaces/{namespace}") {
                self.namespaced.insert(key, true);
            } else if self.is_namespaced(&key.0, &key.1).is_none() {
                self.namespaced.insert(key, false);
            }
        }
    }
}

/// Shortens the names of Kubernetes' own definitions, as the built-in table has them.
fn short(name: &str) -> &str {
    const PREFIXES: [&str; 7] = [
        "io.k8s.api.",
        "io.k8s.apimachinery.pkg.apis.",
        "io.k8s.apiextensions-apiserver.pkg.apis.",
        "io.k8s.kube-aggregator.pkg.apis.",
        "io.k8s.apimachinery.pkg.",
        "io.k8s.",
        "",
    ];
    PREFIXES.iter().find_map(|p| name.strip_prefix(p)).unwrap_or(name)
}

fn type_of(gvk: &Value) -> Option<(Str, Str)> {
    let text = |key| gvk.get(key).and_then(Value::as_str);
    let version = text("version")?;
    let api_version = match text("group") {
        Some(group) if !group.is_empty() => Str::from(format!("{group}/{version}")),
        _ => Str::from(version),
    };
    Some((api_version, text("kind")?.into()))
}

/// Deepest nesting of inline schemas that is read.
const SCHEMA_DEPTH_MAX: usize = 64;

impl Schema {
    fn from_value(value: &Value, depth: usize) -> Self {
        if depth > SCHEMA_DEPTH_MAX {
            return Self::default();
        }
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        let nested = |v: &Value| Box::new(Self::from_value(v, depth + 1));
        let properties = value.get("properties").and_then(Value::as_object);
        let strategy = text("x-kubernetes-patch-strategy").map(Str::from);
        let list_keys = value.get("x-kubernetes-list-map-keys").and_then(Value::as_array);
        let keys = match (&strategy, list_keys, text("x-kubernetes-patch-merge-key")) {
            (None, _, _) | (Some(_), None, None) => Vec::new(),
            (Some(_), Some(list), _) => list.iter().filter_map(Value::as_str).map(Str::from).collect(),
            (Some(_), None, Some(key)) => vec![Str::from(key)],
        };
        Self {
            reference: text("$ref")
                .map(|r| short(r.trim_start_matches("#/definitions/")).into())
                .unwrap_or_default(),
            is_array: match value.get("type") {
                Some(Value::String(t)) => t == "array",
                Some(Value::Array(types)) => types.len() == 1 && types[0].as_str() == Some("array"),
                _ => false,
            },
            items: value.get("items").map(nested),
            properties: properties
                .into_iter()
                .flat_map(|m| m.iter())
                .map(|(name, v)| (name.clone(), Self::from_value(v, depth + 1)))
                .collect(),
            additional: value.get("additionalProperties").filter(|v| v.as_object().is_some()).map(nested),
            strategy,
            keys,
        }
    }

    /// Reads a schema that stands in a comment.
    pub fn from_comment(value: &Value) -> Self {
        Self::from_value(value, 0)
    }

    /// Whether the list's elements are merged by key or value.
    pub fn merges(&self) -> bool {
        self.strategy.as_deref().is_some_and(|s| s.split(',').any(|part| part == "merge"))
    }
}
