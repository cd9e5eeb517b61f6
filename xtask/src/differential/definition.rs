//! Definitions made at random, and objects that mostly fit them.

use crate::random::Random;
use serde_json::{Map, Value, json};

/// Group of the definitions made.
const GROUP: &str = "made.example.com";

/// Deepest schema below `spec`.
const DEPTH_MAX: usize = 3;

const FIELDS: [&str; 10] = ["a", "b", "c", "count", "data", "env", "items", "mode", "name", "ports"];

/// Makes a definition, the n-th.
pub fn definition(n: usize, random: &mut Random) -> Value {
    let kind = format!("Made{n}");
    let plural = format!("made{n}s");
    let mut spec = object(random, 0);
    spec.as_object_mut().map(|s| s.remove("default"));
    super::rules::add(&mut spec, true, random);
    let schema = json!({"type": "object", "properties": {"spec": spec, "status": {"type": "object",
        "x-kubernetes-preserve-unknown-fields": true}}});
    let mut version =
        json!({"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}});
    if random.chance(50) {
        version["subresources"] = json!({"status": {}});
    }
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{GROUP}")},
        "spec": {"group": GROUP, "scope": if random.chance(70) { "Namespaced" } else { "Cluster" },
            "names": {"kind": kind, "plural": plural, "singular": kind.to_lowercase(), "listKind": format!("{kind}List")},
            "versions": [version]}})
}

/// Makes an object of a definition.
pub fn object_of(definition: &Value, random: &mut Random) -> Value {
    let spec = &definition["spec"];
    let schema = &spec["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
    let name = spec["names"]["singular"].as_str().unwrap_or_default();
    json!({"apiVersion": format!("{GROUP}/v1"), "kind": spec["names"]["kind"], "metadata": {"name": name, "labels": {"app": "web"}},
        "spec": value(schema, random, 0)})
}

fn object(random: &mut Random, depth: usize) -> Value {
    let mut properties = Map::new();
    for _ in 0..2 + random.below(4) {
        let name = (*random.pick(&FIELDS).unwrap_or(&"a")).to_owned();
        properties.insert(name, field(random, depth + 1));
    }
    let mut out = json!({"type": "object", "properties": properties});
    if random.chance(12) {
        out["x-kubernetes-map-type"] = "atomic".into();
    }
    if random.chance(12) {
        out["x-kubernetes-preserve-unknown-fields"] = true.into();
    }
    if random.chance(15) {
        let required: Vec<&String> = properties.keys().take(1).collect();
        out["required"] = json!(required);
    } else if random.chance(15) {
        out["default"] = json!({});
    }
    out
}

fn scalar(random: &mut Random) -> Value {
    let mut out = match random.below(6) {
        0 => json!({"type": "integer", "minimum": 0, "maximum": 100}),
        1 => json!({"type": "boolean"}),
        2 => json!({"x-kubernetes-int-or-string": true}),
        3 => json!({"type": "string", "enum": ["one", "two", "three"]}),
        4 => json!({"type": "string", "maxLength": 20, "pattern": "^[a-z0-9.-]*$"}),
        _ => json!({"type": "string"}),
    };
    if random.chance(30) {
        out["default"] = match out["type"].as_str() {
            Some("integer") => 3.into(),
            Some("boolean") => true.into(),
            Some(_) => "one".into(),
            None => 80.into(),
        };
    }
    if random.chance(15) {
        out["nullable"] = true.into();
    }
    out
}

fn field(random: &mut Random, depth: usize) -> Value {
    if depth >= DEPTH_MAX {
        return scalar(random);
    }
    match random.below(9) {
        0 => object(random, depth),
        1 => json!({"type": "object", "additionalProperties": scalar(random)}),
        2 => json!({"type": "object", "additionalProperties": object(random, depth)}),
        3 => json!({"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"}),
        4 => json!({"type": "array", "items": scalar(random)}),
        5 => keyed_list(random, depth),
        _ => scalar(random),
    }
}

fn keyed_list(random: &mut Random, depth: usize) -> Value {
    let mut items = object(random, depth);
    items["properties"]["name"] = json!({"type": "string"});
    items["required"] = json!(["name"]);
    if let Some(map) = items.as_object_mut() {
        map.remove("default");
        map.remove("x-kubernetes-map-type");
    }
    json!({"type": "array", "items": items, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]})
}

fn value(schema: &Value, random: &mut Random, depth: usize) -> Value {
    if depth > DEPTH_MAX + 2 {
        return Value::Null;
    }
    if let Some(allowed) = schema["enum"].as_array() {
        return random.pick(allowed).cloned().unwrap_or_default();
    }
    match schema["type"].as_str() {
        Some("object") => {
            let mut out = Map::new();
            for (name, property) in schema["properties"].as_object().into_iter().flatten() {
                if random.chance(75) {
                    out.insert(name.clone(), value(property, random, depth + 1));
                }
            }
            for name in ["x", "y"] {
                if schema["additionalProperties"].is_object() {
                    out.insert(name.to_owned(), value(&schema["additionalProperties"], random, depth + 1));
                }
            }
            Value::Object(out)
        }
        Some("array") => {
            let mut out = Vec::new();
            for n in 0..random.below(4) {
                let mut item = value(&schema["items"], random, depth + 1);
                if schema["x-kubernetes-list-type"] == "map" {
                    item["name"] = format!("n{n}").into();
                } else if schema["x-kubernetes-list-type"] == "set" {
                    item = format!("s{n}").into();
                }
                out.push(item);
            }
            Value::Array(out)
        }
        Some("integer") => random.below(9).into(),
        Some("boolean") => random.chance(50).into(),
        Some(_) => (*random.pick(&["one", "a", "b.c", "x-1"]).unwrap_or(&"a")).into(),
        None => {
            if random.chance(50) {
                80.into()
            } else {
                "50%".into()
            }
        }
    }
}
