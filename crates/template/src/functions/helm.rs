//! What Helm adds to Sprig, as its `pkg/engine/funcs.go` and `engine.go` have it (v3.22).

use super::{Body, CallError, Context, Functions, RenderCall, RenderSource};
use crate::value::{ANY, ANY_MAP, ANY_SLICE, STRING};
use crate::{List, Map, Value, Wanted};
use fairway_value::Str;
use fairway_yaml::Style;
use std::sync::Arc;

/// What reading a byte of YAML, JSON or TOML counts for.
const READ_STEPS: usize = 8;

pub(super) fn register(f: &mut Functions) {
    f.native("toYaml", &[&ANY], |_, a| Ok(to_yaml(&a[0]).unwrap_or_else(|_| "".into())));
    f.native("toYamlPretty", &[&ANY], |_, a| {
        let Ok(data) = a[0].yaml_v3() else { return Ok("".into()) };
        Ok(without_last_break(fairway_yaml::to_string_with(&data, Style::PRETTY)))
    });
    f.native("fromYaml", &[&STRING], |ctx, a| {
        read(ctx, &a[0])?;
        Ok(from_yaml(&a[0]))
    });
    f.native("fromYamlArray", &[&STRING], |ctx, a| {
        read(ctx, &a[0])?;
        Ok(from_yaml_array(&a[0]))
    });
    f.native("toJson", &[&ANY], |_, a| Ok(crate::sprig::json_text(&a[0]).unwrap_or_default().into()));
    f.native("fromJson", &[&STRING], |ctx, a| {
        read(ctx, &a[0])?;
        let parsed = crate::sprig::parse_json(a[0].as_bytes().unwrap_or_default());
        Ok(as_map(parsed, |kind| {
            format!("json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}")
        }))
    });
    f.native("fromJsonArray", &[&STRING], |ctx, a| {
        read(ctx, &a[0])?;
        let parsed = crate::sprig::parse_json(a[0].as_bytes().unwrap_or_default());
        Ok(as_list(parsed, |kind| {
            format!("json: cannot unmarshal {kind} into Go value of type []interface {{}}")
        }))
    });
    f.native("toToml", &[&ANY], |_, a| {
        if a[0].is_nil() {
            return Err("reflect: call of reflect.Value.Type on zero Value".into());
        }
        Ok(crate::toml::write(&a[0]).unwrap_or_else(|e| e).into())
    });
    f.native("fromToml", &[&STRING], |ctx, a| {
        read(ctx, &a[0])?;
        let text = a[0].as_str().unwrap_or_default();
        Ok(crate::toml::parse(&text).unwrap_or_else(|e| error_map(&e)))
    });
    f.native("required", &[&STRING, &ANY], |_, a| {
        if a[1].is_nil() || a[1].as_bytes() == Some(b"") {
            return Err(warned(&a[0]));
        }
        Ok(a[1].clone())
    });
    f.native("fail", &[&STRING], |_, a| Err(warned(&a[0])));
    f.native("lookup", &[&STRING, &STRING, &STRING, &STRING], |ctx, a| {
        let [api_version, kind, namespace, name] = [0, 1, 2, 3].map(|n| a[n].as_str().unwrap_or_default());
        ctx.look_up(&Wanted { api_version: &api_version, kind: &kind, namespace: &namespace, name: &name })
    });
    // Helm without `--enable-dns`.
    f.native("getHostByName", &[&STRING], |_, _| Ok("".into()));
    f.add(
        "include",
        &[&STRING, &ANY],
        false,
        Body::Render(Arc::new(|_, a| {
            Ok(RenderCall {
                source: RenderSource::Named(shared_text(&a[0])),
                data: a[1].clone(),
                error_prefix: None,
                drop_no_value: false,
            })
        })),
    );
    f.add(
        "tpl",
        &[&STRING, &ANY],
        false,
        Body::Render(Arc::new(|_, a| {
            Ok(RenderCall {
                error_prefix: Some("error during tpl function execution for "),
                source: RenderSource::Text(shared_text(&a[0])),
                data: a[1].clone(),
                drop_no_value: true,
            })
        })),
    );
}

/// Returns a string argument's text without a copy, where it can be.
fn shared_text(value: &Value) -> Str {
    match value {
        Value::Str(text) => text.clone(),
        other => other.as_str().unwrap_or_default().as_ref().into(),
    }
}

/// Counts the reading of a text.
fn read(ctx: &mut Context<'_>, text: &Value) -> Result<(), CallError> {
    ctx.work(text.as_bytes().map_or(0, <[u8]>::len).saturating_mul(READ_STEPS))
}

/// Writes YAML by way of JSON, as sigs.k8s.io/yaml does.
///
/// # Errors
/// The value is none that JSON has, or holds characters that are refused on the way back.
pub(super) fn to_yaml(value: &Value) -> Result<Value, String> {
    let data = value.checked_json()?;
    if !can_pass(&data) {
        return Err("error converting JSON to YAML: yaml: control characters are not allowed".to_owned());
    }
    Ok(without_last_break(fairway_yaml::to_string(&data)))
}

/// Helm marks messages meant for people, so that it can show them without the places around them.
fn warned(message: &Value) -> CallError {
    CallError::new(format!(
        "{start}{}{end}",
        message.as_str().unwrap_or_default(),
        start = super::WARN_START,
        end = super::WARN_END
    ))
}

fn without_last_break(mut text: String) -> Value {
    if text.ends_with('\n') {
        text.pop();
    }
    text.into()
}

fn error_map(message: &str) -> Value {
    Value::Map([("Error".into(), Value::from(message))].into_iter().collect::<Map>())
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Map(_) => "object",
        Value::List(_) => "array",
        Value::Bool(_) => "bool",
        Value::Float(_) | Value::Int(..) | Value::Uint(..) => "number",
        _ => "string",
    }
}

/// Returns the map read, or a map with the complaint under `Error`.
fn as_map(parsed: Result<Value, String>, mismatch: impl Fn(&str) -> String) -> Value {
    match parsed {
        Ok(Value::Map(m)) => Value::Map(m),
        Ok(Value::Nil | Value::Missing) => Value::Map(Map::nil(&ANY_MAP)),
        Ok(other) => error_map(&mismatch(kind_of(&other))),
        Err(e) => error_map(&e),
    }
}

/// Returns the list read, or a list of the complaint.
fn as_list(parsed: Result<Value, String>, mismatch: impl Fn(&str) -> String) -> Value {
    match parsed {
        Ok(Value::List(l)) => Value::List(l),
        Ok(Value::Nil | Value::Missing) => Value::List(List::nil(&ANY_SLICE)),
        Ok(other) => vec![Value::from(mismatch(kind_of(&other)))].into(),
        Err(e) => vec![Value::from(e)].into(),
    }
}

/// Reads YAML with the complaints of sigs.k8s.io/yaml over go-yaml, which charts can see in `Error`.
fn yaml(value: &Value, empty: Value) -> Result<Value, String> {
    if let Some(what) = fairway_yaml::octets_fault(value.as_bytes().unwrap_or_default()) {
        return Err(format!("error converting YAML to JSON: yaml: {what}"));
    }
    let text = value.as_str().unwrap_or_default();
    match fairway_yaml::parse(&text) {
        // A document of nothing leaves what it is read into as it is.
        Ok(fairway_value::Value::Null) => Ok(empty),
        Ok(data) => Ok(Value::from_json(&data)),
        Err(e) => Err(e.go_text()),
    }
}

fn from_yaml(value: &Value) -> Value {
    as_map(yaml(value, Value::map()), |kind| {
        format!(
            "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"
        )
    })
}

fn from_yaml_array(value: &Value) -> Value {
    as_list(yaml(value, Vec::<Value>::new().into()), |kind| {
        format!(
            "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {kind} into Go value of type []interface {{}}"
        )
    })
}

/// Whether a value survives the way through JSON on which sigs.k8s.io/yaml sends it. JSON leaves characters as they are
/// that the reader of YAML refuses; of the failed whole, `toYaml` then shows nothing.
fn can_pass(data: &fairway_value::Value) -> bool {
    use fairway_value::Value as Data;
    let passes = |text: &str| {
        let refused =
            |c: char| matches!(c, '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}');
        !text.bytes().any(|b| b >= 0x7f) || !text.contains(refused)
    };
    match data {
        Data::String(text) => passes(text),
        Data::Array(items) => items.iter().all(can_pass),
        Data::Object(map) => map.iter().all(|(key, value)| passes(key) && can_pass(value)),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_value::Value as Data;
    use proptest::prelude::*;

    fn text() -> impl Strategy<Value = String> {
        let atoms = [
            "a", "yes", "~", "1", "1e3", ": ", " #", "'", "\"", "\n", " ", "\t", "- ", "[", "&", "|", "%",
            "\u{e9}",
        ];
        prop::collection::vec(prop::sample::select(atoms.to_vec()), 0..6).prop_map(|parts| parts.concat())
    }

    fn tree() -> impl Strategy<Value = Data> {
        let leaf = prop_oneof![
            Just(Data::Null),
            any::<bool>().prop_map(Data::from),
            any::<i32>().prop_map(|n| Data::Float(f64::from(n) / 8.0)),
            text().prop_map(Data::from),
        ];
        leaf.prop_recursive(4, 30, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Data::from),
                prop::collection::vec((text(), inner), 0..4).prop_map(Data::from_iter),
            ]
        })
    }

    const CASES: u32 = 300;

    proptest! {
            #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(CASES) })]

            #[test]
            fn from_yaml_gives_back_what_to_yaml_was_given(data in tree()) {
    // As in Helm, `toYaml` takes off the last line break, which may be one that a text ends with.
                let entries = [("v".into(), Value::from_json(&data)), ("z".into(), Value::Float(1.0))];
                let value = Value::Map(entries.into_iter().collect::<Map>());
                let read = from_yaml(&to_yaml(&value).unwrap());
                prop_assert_eq!(read.to_json(), value.to_json());
            }
        }
}
