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
    /// Schemas by name.
    pub by_name: HashMap<Str, Schema>,
    /// Names of definitions by API version and kind.
    pub by_type: HashMap<(Str, Str), Str>,
    /// Whether a type is namespaced, by API version and kind.
    pub namespaced: HashMap<(Str, Str), bool>,
}

/// Longest chain of references that is followed.
const REFERENCES_MAX: usize = 32;

impl Definitions {
    /// Follows references; nothing where one leads nowhere.
    pub fn resolve<'a>(&'a self, schema: &'a Schema) -> Option<&'a Schema> {
        let mut at = schema;
        for _ in 0..REFERENCES_MAX {
            if at.reference.is_empty() {
                return Some(at);
            }
            at = self.by_name.get(&at.reference)?;
        }
        None
    }

    /// Returns the schema of a type.
    pub fn of_type(&self, api_version: &str, kind: &str) -> Option<&Schema> {
        let name = self.by_type.get(&(Str::from(api_version), Str::from(kind)))?;
        self.by_name.get(name)
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
        for (name, definition) in
            document.get("definitions").and_then(Value::as_object).into_iter().flat_map(|m| m.iter())
        {
            let name: Str = short(name).into();
            let types = definition.get("x-kubernetes-group-version-kind").and_then(Value::as_array);
            for gvk in types.unwrap_or_default() {
                if let Some(key) = type_of(gvk) {
                    self.by_type.insert(key, name.clone());
                }
            }
            self.by_name.insert(name, Schema::from_value(definition, 0));
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
            } else {
                self.namespaced.entry(key).or_insert(false);
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
