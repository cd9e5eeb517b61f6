//! Types and objects made at random, and objects changed at random.

use fairway_schema::Schemas;
use fairway_value::{Value, from_json};
use proptest::prelude::*;

/// The shape of a field.
#[derive(Clone, Debug)]
pub enum Node {
    Text,
    Number(Option<i64>),
    Flag,
    Free,
    Labels { atomic: bool },
    Words { set: bool },
    Entries { fields: Vec<Node> },
    Object { fields: Vec<Node>, atomic: bool },
}

/// Names of fields, in the order in which an object's nodes stand.
const NAMES: [&str; 4] = ["a", "b", "c", "d"];

pub fn node() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        Just(Node::Text),
        prop::option::of(1_i64..4).prop_map(Node::Number),
        Just(Node::Flag),
        Just(Node::Free),
        any::<bool>().prop_map(|atomic| Node::Labels { atomic }),
        any::<bool>().prop_map(|set| Node::Words { set }),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let fields = prop::collection::vec(inner, 1..=NAMES.len());
        prop_oneof![
            2 => fields.clone().prop_map(|fields| Node::Entries { fields }),
            3 => fields.clone().prop_map(|fields| Node::Object { fields, atomic: false }),
            1 => fields.prop_map(|fields| Node::Object { fields, atomic: true }),
        ]
    })
}

fn json(text: &str) -> Value {
    from_json(text.as_bytes()).expect("the text is JSON")
}

fn properties(fields: &[Node]) -> Value {
    NAMES.iter().zip(fields).map(|(name, node)| ((*name).to_owned(), schema(node))).collect()
}

/// The node's OpenAPI schema.
fn schema(node: &Node) -> Value {
    match node {
        Node::Text => json(r#"{"type":"string"}"#),
        Node::Number(default) => {
            let mut schema = json(r#"{"type":"integer"}"#);
            if let Some(default) = default {
                schema.set_path(&["default"], *default);
            }
            schema
        }
        Node::Flag => json(r#"{"type":"boolean"}"#),
        Node::Free => json(r#"{"type":"object","x-kubernetes-preserve-unknown-fields":true}"#),
        Node::Labels { atomic } => {
            let mut schema = json(r#"{"type":"object","additionalProperties":{"type":"string"}}"#);
            if *atomic {
                schema.set_path(&["x-kubernetes-map-type"], "atomic");
            }
            schema
        }
        Node::Words { set } => {
            let mut schema = json(r#"{"type":"array","items":{"type":"string"}}"#);
            schema.set_path(&["x-kubernetes-list-type"], if *set { "set" } else { "atomic" });
            schema
        }
        Node::Entries { fields } => {
            let mut schema = json(
                r#"{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],
                "items":{"type":"object","required":["k"]}}"#,
            );
            let mut inner = properties(fields);
            inner.set_path(&["k"], json(r#"{"type":"string"}"#));
            schema.set_path(&["items", "properties"], inner);
            schema
        }
        Node::Object { fields, atomic } => {
            let mut schema = json(r#"{"type":"object"}"#);
            schema.set_path(&["properties"], properties(fields));
            if *atomic {
                schema.set_path(&["x-kubernetes-map-type"], "atomic");
            }
            schema
        }
    }
}

/// Schemas with the kind `W` of `x.io/v1`, whose `spec` has these fields.
pub fn schemas(fields: &[Node]) -> Schemas {
    let mut crd = json(
        r#"{"metadata":{"name":"ws.x.io"},"spec":{"group":"x.io","names":{"kind":"W","plural":"ws"},"versions":[{"name":"v1",
        "served":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{}}}}]}}"#,
    );
    let spec = schema(&Node::Object { fields: fields.to_vec(), atomic: false });
    let versions = crd.get_path_mut(&["spec", "versions"]).and_then(Value::as_array_mut);
    versions.expect("there are versions").make_mut()[0]
        .set_path(&["schema", "openAPIV3Schema", "properties", "spec"], spec);
    Schemas::with_crds([&crd]).expect("the CRD is whole")
}

fn word() -> BoxedStrategy<Value> {
    prop::sample::select(vec!["x", "y", "z", ""]).prop_map(Value::from).boxed()
}

fn object(fields: &[Node]) -> BoxedStrategy<Value> {
    let each: Vec<BoxedStrategy<Option<Value>>> =
        fields.iter().map(|node| prop::option::weighted(0.7, value(node)).boxed()).collect();
    let whole = |values: Vec<Option<Value>>| -> Value {
        NAMES.iter().zip(values).filter_map(|(name, v)| Some(((*name).to_owned(), v?))).collect()
    };
    each.prop_map(whole).boxed()
}

/// Values that fit a node.
fn value(node: &Node) -> BoxedStrategy<Value> {
    match node {
        Node::Text => word(),
        Node::Number(_) => (0_i64..4).prop_map(Value::from).boxed(),
        Node::Flag => any::<bool>().prop_map(Value::from).boxed(),
        Node::Free => prop_oneof![
            prop::collection::btree_map("[ab]", word(), 0..3).prop_map(|m| m.into_iter().collect::<Value>()),
            Just(json(r#"{"a":{"b":[1,{"c":2}],"d":{}}}"#)),
            Just(json(r#"{"a":{"b":[1],"e":{"f":1}}}"#)),
        ]
        .boxed(),
        Node::Labels { .. } => {
            prop::collection::btree_map("[a-c]", word(), 0..3).prop_map(|m| m.into_iter().collect()).boxed()
        }
        Node::Words { .. } => prop::sample::subsequence(vec!["x", "y", "z"], 0..3)
            .prop_shuffle()
            .prop_map(|w| w.into_iter().map(Value::from).collect())
            .boxed(),
        Node::Entries { fields } => {
            let entries = prop::collection::btree_map("[a-c]", object(fields), 0..3);
            let keyed = |(key, mut entry): (String, Value)| {
                entry.set_path(&["k"], key);
                entry
            };
            entries
                .prop_map(|m| m.into_iter().collect::<Vec<_>>())
                .prop_shuffle()
                .prop_map(move |m| m.into_iter().map(keyed).collect())
                .boxed()
        }
        Node::Object { fields, .. } => object(fields),
    }
}

/// Objects of the kind `W` whose spec fits these fields.
pub fn object_of(fields: &[Node]) -> BoxedStrategy<Value> {
    let labels = prop::option::of(prop::collection::btree_map("[a-c]", word(), 0..3));
    (object(fields), labels)
        .prop_map(|(spec, labels)| {
            let mut object =
                json(r#"{"apiVersion":"x.io/v1","kind":"W","metadata":{"name":"w","namespace":"n"}}"#);
            object.set_path(&["spec"], spec);
            if let Some(labels) = labels {
                object.set_path(&["metadata", "labels"], labels.into_iter().collect::<Value>());
            }
            object
        })
        .boxed()
}

/// How many places there are in a value.
fn places(value: &Value) -> usize {
    match value {
        Value::Object(map) => map.values().map(|v| 1 + places(v)).sum(),
        Value::Array(items) => items.iter().map(|v| 1 + places(v)).sum(),
        _ => 0,
    }
}

/// Changes the place of a number: takes it away, doubles an entry, or puts another value there.
fn change(value: &mut Value, at: &mut usize, how: u8) -> bool {
    match value {
        Value::Object(map) => {
            let keys: Vec<_> = map.keys().cloned().collect();
            for key in keys {
                if *at == 0 {
                    let old = map.get(&key).cloned().unwrap_or_default();
                    match how {
                        0 => drop(map.remove(&key)),
                        _ => drop(map.insert(key, other(&old, how))),
                    }
                    return true;
                }
                *at -= 1;
                if map.get_mut(&key).is_some_and(|inner| change(inner, at, how)) {
                    return true;
                }
            }
            false
        }
        Value::Array(items) => {
            for n in 0..items.len() {
                if *at == 0 {
                    match how {
                        0 => drop(items.remove(n)),
                        1 => {
                            let mut twin = items[n].clone();
                            twin.as_object_mut().map(|m| m.insert("name", "other"));
                            items.push(twin);
                        }
                        _ => items.make_mut().rotate_left(1),
                    }
                    return true;
                }
                *at -= 1;
                if items.make_mut().get_mut(n).is_some_and(|inner| change(inner, at, how)) {
                    return true;
                }
            }
            false
        }
        _ => false,
    }
}

fn other(old: &Value, how: u8) -> Value {
    match (old, how) {
        (Value::String(s), 1) => Value::from(format!("{s}x")),
        (Value::Int(n), 1) => Value::Int(n + 1),
        (Value::Bool(b), _) => Value::Bool(!b),
        (Value::Object(_), 1) => Value::object(),
        (Value::Array(_), 1) => Value::array(),
        (_, 2) => Value::Null,
        (Value::String(_), _) => Value::from(""),
        (Value::Int(_), _) => Value::Int(0),
        (other, _) => other.clone(),
    }
}

/// An object changed below `metadata.labels` and `spec` in a few places.
pub fn changed(object: &Value, changes: &[(usize, u8)]) -> Value {
    let mut object = object.clone();
    for (place, how) in changes {
        let all = object.get("spec").map_or(0, places);
        if let Some(spec) = object.get_mut("spec").filter(|_| all > 0) {
            change(spec, &mut (place % all), *how);
        }
    }
    object
}
