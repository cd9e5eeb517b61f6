//! Rules in CEL for definitions made at random.

use crate::random::Random;
use serde_json::{Value, json};

/// Adds rules to a schema and to what is below it, here and there. Only where it can be told what was there `before` may a rule ask.
pub fn add(schema: &mut Value, before: bool, random: &mut Random) {
    let keyed = schema["x-kubernetes-list-type"] == "map";
    if let Some(properties) = schema["properties"].as_object_mut() {
        for property in properties.values_mut() {
            add(property, before, random);
        }
    }
    for key in ["items", "additionalProperties"] {
        if schema[key].is_object() {
            add(&mut schema[key], before && (key != "items" || keyed), random);
        }
    }
    // The server estimates what rules may cost, and refuses those of what has no bounds.
    match schema["type"].as_str() {
        Some("string") => schema["maxLength"] = 10.into(),
        Some("array") => schema["maxItems"] = 2.into(),
        Some("object") if schema["additionalProperties"].is_object() => schema["maxProperties"] = 2.into(),
        _ => {}
    }
    // Defaults would have to keep the rules too.
    if !schema["default"].is_null() || !random.chance(45) {
        return;
    }
    let mut rules = vec![rule(schema, random)];
    if random.chance(30) {
        rules.push(rule(schema, random));
    }
    rules.retain(|r| r["rule"].as_str().is_some_and(|text| before || !text.contains("oldSelf")));
    if !rules.is_empty() {
        schema["x-kubernetes-validations"] = rules.into();
    }
}

fn pick(random: &mut Random, rules: &[Value]) -> Value {
    random.pick(rules).cloned().unwrap_or_default()
}

fn rule(schema: &Value, random: &mut Random) -> Value {
    let mut made = match schema["type"].as_str() {
        Some("string") => pick(
            random,
            &[
                json!({"rule": "self.startsWith('a') || size(self) < 3"}),
                json!({"rule": "self != 'b.c'", "message": "no b.c here"}),
                json!({"rule": "self == oldSelf", "message": "field is immutable"}),
                json!({"rule": "size(self) < 3", "messageExpression": "'too long: ' + self"}),
                json!({"rule": "!self.contains('-') && self.matches('^[a-z]')"}),
                json!({"rule": "self in ['one', 'a', 'x']", "reason": "FieldValueForbidden"}),
                json!({"rule": "!oldSelf.hasValue() || self != 'a'", "optionalOldSelf": true}),
            ],
        ),
        Some("integer") => pick(
            random,
            &[
                json!({"rule": "self < 5", "messageExpression": "self > 7 ? 'far too many' : 'too many'"}),
                json!({"rule": "self >= oldSelf"}),
                json!({"rule": "10 / self > 1"}),
                json!({"rule": "self % 2 == 0", "reason": "FieldValueDuplicate"}),
            ],
        ),
        Some("boolean") => pick(random, &[json!({"rule": "self"}), json!({"rule": "self == oldSelf"})]),
        Some("array") => pick(
            random,
            &[
                json!({"rule": "size(self) < 2"}),
                json!({"rule": "self.all(x, x == x) && size(self) != 1", "message": " not one "}),
                json!({"rule": "size(self) >= size(oldSelf)"}),
                json!({"rule": "self[1] == self[1]"}),
            ],
        ),
        Some("object") if schema["additionalProperties"].is_object() => pick(
            random,
            &[
                json!({"rule": "size(self) < 2"}),
                json!({"rule": "self.all(k, k != 'y')"}),
                json!({"rule": "'x' in self && !('zz' in self)", "reason": "FieldValueRequired"}),
            ],
        ),
        Some("object") => object(schema, random),
        _ => Value::Null,
    };
    if made.is_object() && made["message"].is_null() && random.chance(15) {
        made["message"] = "broken rule".into();
    }
    made
}

fn object(schema: &Value, random: &mut Random) -> Value {
    let names: Vec<String> =
        schema["properties"].as_object().into_iter().flat_map(|m| m.keys().cloned()).collect();
    let Some(name) = random.pick(&names).cloned() else { return Value::Null };
    let other = random.pick(&names).cloned().unwrap_or_default();
    let has = if schema["properties"][&name]["type"].is_null() {
        json!({"rule": format!("has(self.{name})")})
    } else {
        json!({"rule": format!("has(self.{name})"), "fieldPath": format!(".{name}")})
    };
    pick(
        random,
        &[
            has,
            json!({"rule": format!("!has(self.{name}) || has(self.{other})"), "reason": "FieldValueRequired"}),
            json!({"rule": format!("has(self.{name}) == has(oldSelf.{name})"), "message": "stays"}),
            json!({"rule": format!("self.{name} == self.{name}")}),
            json!({"rule": format!("!has(oldSelf.{name}) || has(self.{name})")}),
        ],
    )
}
