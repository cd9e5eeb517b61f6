//! Fields that an object does not have, put in by its type: mostly nonsense, so that rules meet values nobody thought of.

use super::mutate::{Step, at_path, show};
use crate::random::Random;
use fairway_schema::{Scalar, Schemas, TypeRef};
use serde_json::{Map, Value, json};

/// Deepest value that is made.
const DEPTH_MAX: usize = 3;

/// What only the server writes, or what says which object it is.
const SKIPPED: [&str; 14] = [
    "apiVersion",
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generateName",
    "generation",
    "kind",
    "managedFields",
    "name",
    "namespace",
    "resourceVersion",
    "selfLink",
    "status",
    "uid",
];

const WORDS: [&str; 48] = [
    "",
    "a",
    "A",
    "a-b",
    "a_b",
    "x/y",
    "example.com/a",
    "example.com",
    "a.b.c",
    "/abs/path",
    "../x",
    "/a/../b",
    "10.0.0.1",
    "10.0.0.0/8",
    "10.0.0.1/8",
    "::1",
    "fd00::/8",
    "http",
    "TCP",
    "None",
    "Always",
    "Never",
    "Delete",
    "Retain",
    "Local",
    "Cluster",
    "Equal",
    "Exists",
    "In",
    "NotIn",
    "v1",
    "apps/v1",
    "Pod",
    "All",
    "True",
    "5",
    "50%",
    "150%",
    "100Mi",
    "-1",
    "2024-01-01T00:00:00Z",
    "https://a.b/c",
    "object.x > 1",
    "self.",
    "true",
    "kubernetes.io/a",
    "a=b",
    "web",
];

const NUMBERS: [i64; 11] = [-1, 0, 1, 2, 7, 80, 100, 1000, 65_535, 65_536, 100_001];

/// Adds a field somewhere; says what was done.
pub fn grow(object: &mut Value, schemas: &Schemas, random: &mut Random) -> String {
    let text = |key: &str| object[key].as_str().unwrap_or_default();
    let Some(ty) = schemas.type_of(text("apiVersion"), text("kind")) else { return String::new() };
    let mut places = Vec::new();
    collect(object, ty, &mut Vec::new(), &mut places);
    let Some((path, ty)) = random.pick(&places).cloned() else { return String::new() };
    let Some(Value::Object(map)) = at_path(object, &path) else { return String::new() };
    let absent: Vec<_> = ty
        .fields()
        .filter(|f| !map.contains_key(f.name))
        .filter(|f| path.len() > 1 || !SKIPPED.contains(&f.name))
        .collect();
    let Some(field) = random.pick(&absent) else { return String::new() };
    let words: Vec<&str> = field.values.iter().map(|v| v.as_str()).collect();
    let value = make(field.ty, &words, random, 0);
    let said = format!("{}/{}", show(&path), field.name);
    map.insert(field.name.to_owned(), value);
    said
}

type Found<'s> = Vec<(Vec<Step>, TypeRef<'s>)>;

fn collect<'s>(value: &Value, ty: TypeRef<'s>, path: &mut Vec<Step>, found: &mut Found<'s>) {
    match value {
        Value::Object(map) => {
            if ty.fields().next().is_some() {
                found.push((path.clone(), ty));
            }
            for (key, inner) in map {
                if let Some(field) = ty.field(key) {
                    path.push(Step::Key(key.clone()));
                    collect(inner, field.ty, path, found);
                    path.pop();
                }
            }
        }
        Value::Array(items) => {
            let Some(item) = ty.items().filter(|_| ty.is_list()) else { return };
            for (at, inner) in items.iter().enumerate() {
                path.push(Step::At(at));
                collect(inner, item, path, found);
                path.pop();
            }
        }
        _ => {}
    }
}

fn make(ty: TypeRef<'_>, words: &[&str], random: &mut Random, depth: usize) -> Value {
    if ty.is_any() {
        return random.pick(&[json!({"a": 1}), json!("a"), json!(5), json!([])]).cloned().unwrap_or_default();
    }
    if ty.is_list() {
        let Some(item) = ty.items() else { return json!([]) };
        let words: Vec<&str> = ty.item_values().iter().map(|v| v.as_str()).collect();
        return (0..random.below(3)).map(|_| make(item, &words, random, depth + 1)).collect();
    }
    if ty.is_map() {
        let mut out = Map::new();
        if ty.fields().next().is_none() {
            for _ in 0..random.below(3) {
                let key = (*random.pick(&WORDS).unwrap_or(&"a")).to_owned();
                let value = ty.items().map_or(json!("a"), |item| make(item, &[], random, depth + 1));
                out.insert(key, value);
            }
        }
        for field in ty.fields() {
            let wanted = ty.required().iter().any(|r| r.as_str() == field.name);
            let chance = if wanted { 85 } else { 25 };
            if depth < DEPTH_MAX && random.chance(chance) {
                let words: Vec<&str> = field.values.iter().map(|v| v.as_str()).collect();
                out.insert(field.name.to_owned(), make(field.ty, &words, random, depth + 1));
            }
        }
        return Value::Object(out);
    }
    scalar(ty.scalar().unwrap_or(Scalar::Any), words, random)
}

fn scalar(kind: Scalar, words: &[&str], random: &mut Random) -> Value {
    if !words.is_empty() && random.chance(80) {
        return (*random.pick(words).unwrap_or(&"")).into();
    }
    match kind {
        Scalar::Bool => random.chance(50).into(),
        Scalar::Int32 | Scalar::Int64 => (*random.pick(&NUMBERS).unwrap_or(&0)).into(),
        Scalar::Number => 1.5.into(),
        Scalar::IntOrString if random.chance(50) => (*random.pick(&NUMBERS).unwrap_or(&0)).into(),
        Scalar::Quantity => (*random.pick(&["1", "100Mi", "0", "-1", "500m", "1.5"]).unwrap_or(&"1")).into(),
        Scalar::Time => "2024-01-01T00:00:00Z".into(),
        Scalar::MicroTime => "2024-01-01T00:00:00.000000Z".into(),
        Scalar::Bytes => (*random.pick(&["YQ==", ""]).unwrap_or(&"")).into(),
        Scalar::String | Scalar::IntOrString | Scalar::Any => {
            if random.chance(3) {
                return "a".repeat(300).into();
            }
            (*random.pick(&WORDS).unwrap_or(&"a")).into()
        }
    }
}
