use super::fault::{Faults, list, show, text};
use super::names;
use fairway_value::{Map, Value};

/// Deepest schema that is looked at.
const DEPTH_MAX: usize = 64;

/// Checks a CustomResourceDefinition.
pub(super) fn check(object: &Value, faults: &mut Faults) {
    let empty = Value::object();
    let spec = object.get("spec").unwrap_or(&empty);
    let crd_names = spec.get("names").unwrap_or(&empty);
    let name = object.get_path(&["metadata", "name"]).and_then(Value::as_str).unwrap_or_default();
    let expected = format!("{}.{}", text(crd_names, "plural"), text(spec, "group"));
    if name != expected {
        faults.invalid_text("metadata.name", name, "must be spec.names.plural+\".\"+spec.group");
    }
    let group = text(spec, "group");
    if group.is_empty() {
        faults.required("spec.group", "");
    } else {
        let wrong = names::subdomain(group);
        let fine = wrong.is_empty();
        faults.each("spec.group", group, wrong);
        if fine && !group.contains('.') {
            faults.invalid_text("spec.group", group, "should be a domain with at least one dot");
        }
    }
    match text(spec, "scope") {
        "" => faults.required("spec.scope", ""),
        scope => faults.one_of("spec.scope", scope, &["Cluster", "Namespaced"]),
    }
    let versions = list(spec, "versions");
    let stored = versions.iter().filter(|v| v.get("storage") == Some(&Value::Bool(true))).count();
    if stored != 1 {
        let shown = if versions.is_empty() { "null".to_owned() } else { show(spec.get("versions")) };
        faults.invalid("spec.versions", shown, "must have exactly one version marked as storage version");
    }
    definition_names(crd_names, faults);
    if spec.get("preserveUnknownFields") == Some(&Value::Bool(true)) {
        let why = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";
        faults.invalid("spec.preserveUnknownFields", "true", why);
    }
    schemas(versions, faults);
    let conversion = spec.get("conversion").unwrap_or(&empty);
    if text(conversion, "strategy") == "Webhook" {
        let review = conversion.get_path(&["webhook", "conversionReviewVersions"]).and_then(Value::as_array);
        if review.is_none_or(<[Value]>::is_empty) {
            faults.required("spec.conversion.conversionReviewVersions", "");
        }
    }
    if object
        .get_path(&["status", "storedVersions"])
        .and_then(Value::as_array)
        .is_none_or(<[Value]>::is_empty)
    {
        faults.invalid("status.storedVersions", "null", "must have at least one stored version");
    }
}

fn definition_names(crd_names: &Value, faults: &mut Faults) {
    for key in ["plural", "singular", "kind", "listKind"] {
        let value = text(crd_names, key);
        let field = format!("spec.names.{key}");
        if value.is_empty() {
            faults.required(field, "");
            continue;
        }
        match key {
            "plural" | "singular" => faults.each(&field, value, names::label_1035(value)),
            _ => {
                let wrong = names::label_1035(&value.to_ascii_lowercase());
                for why in wrong {
                    let why = format!("may have mixed case, but should otherwise match: {why}");
                    faults.invalid_text(&field, value, &why);
                }
            }
        }
    }
}

/// Where all versions have one schema the server has moved it to the top; messages say so.
fn schemas(versions: &[Value], faults: &mut Faults) {
    let of = |v: &Value| v.get_path(&["schema", "openAPIV3Schema"]).cloned();
    let shared = versions.first().map(of);
    let all_same = versions.iter().all(|v| Some(of(v)) == shared);
    for (n, version) in versions.iter().enumerate() {
        let Some(schema) = of(version) else { continue };
        let field = if all_same {
            "spec.validation.openAPIV3Schema".to_owned()
        } else {
            format!("spec.versions[{n}].schema.openAPIV3Schema")
        };
        let before = faults.len();
        structural(&schema, &field, Place::Root, 0, faults);
        if faults.len() == before {
            defaults(&schema, &field, 0, faults);
        }
        if faults.len() == before {
            super::custom::check_rules(&schema, &field, faults);
        }
        if all_same {
            return;
        }
    }
}

/// Defaults must fit the schemas that they are in.
fn defaults(schema: &Value, field: &str, depth: usize, faults: &mut Faults) {
    if depth > DEPTH_MAX {
        return;
    }
    if let Some(default) = schema.get("default").filter(|d| !d.is_null()) {
        super::custom::check_default(default, schema, &format!("{field}.default"), faults);
    }
    for (name, property) in
        schema.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::iter)
    {
        defaults(property, &format!("{field}.properties[{name}]"), depth + 1, faults);
    }
    for key in ["additionalProperties", "items"] {
        if let Some(inner) = schema.get(key).filter(|v| v.as_object().is_some()) {
            defaults(inner, &format!("{field}.{key}"), depth + 1, faults);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    Field,
    Item,
    /// Inside `allOf` and its like, where a type says nothing.
    Junctor,
}

const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];

fn structural(schema: &Value, field: &str, place: Place, depth: usize, faults: &mut Faults) {
    if depth > DEPTH_MAX || place == Place::Junctor {
        return;
    }
    let flag = |key: &str| schema.get(key) == Some(&Value::Bool(true));
    let kind = text(schema, "type");
    if kind.is_empty() {
        let free = flag("x-kubernetes-int-or-string") || flag("x-kubernetes-preserve-unknown-fields");
        let what = match place {
            Place::Root => "must not be empty at the root",
            Place::Field => "must not be empty for specified object fields",
            Place::Item | Place::Junctor => "must not be empty for specified array items",
        };
        if !free || place == Place::Root {
            faults.required(format!("{field}.type"), what);
        }
    } else if !TYPES.contains(&kind) {
        faults.one_of(format!("{field}.type"), kind, &TYPES);
    }
    if kind == "array" && schema.get("items").is_none() {
        faults.required(format!("{field}.items"), "must be specified");
    }
    let keys = list(schema, "x-kubernetes-list-map-keys");
    if text(schema, "x-kubernetes-list-type") == "map" && keys.is_empty() {
        let why = "must not be empty if x-kubernetes-list-type is map";
        faults.required(format!("{field}.x-kubernetes-list-map-keys"), why);
    }
    for (name, property) in
        schema.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::iter)
    {
        let meta = place == Place::Root && matches!(name.as_str(), "metadata" | "apiVersion" | "kind");
        if !meta || !text(property, "type").is_empty() {
            structural(property, &format!("{field}.properties[{name}]"), Place::Field, depth + 1, faults);
        }
    }
    if let Some(values) = schema.get("additionalProperties").filter(|v| v.as_object().is_some()) {
        structural(values, &format!("{field}.additionalProperties"), Place::Field, depth + 1, faults);
    }
    if let Some(items) = schema.get("items").filter(|v| v.as_object().is_some()) {
        structural(items, &format!("{field}.items"), Place::Item, depth + 1, faults);
    }
}
