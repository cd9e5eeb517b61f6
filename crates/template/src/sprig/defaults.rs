use super::args::{bytes, empty};
use crate::functions::{CallError, Functions};
use crate::value::{ANY, BOOL, STRING, text_of};
use crate::{Value, json};
use fairway_value::HtmlEscape;

pub(super) fn register(f: &mut Functions) {
    f.variadic("default", &[&ANY, &ANY], |_, a| {
        Ok(a.get(1).filter(|given| !empty(given)).unwrap_or(&a[0]).clone())
    });
    f.native("empty", &[&ANY], |_, a| Ok(empty(&a[0]).into()));
    f.variadic("coalesce", &[&ANY], |_, a| Ok(a.iter().find(|v| !empty(v)).cloned().unwrap_or(Value::Nil)));
    f.variadic("all", &[&ANY], |_, a| Ok((!a.iter().any(empty)).into()));
    f.variadic("any", &[&ANY], |_, a| Ok((!a.iter().all(empty)).into()));
    f.native("ternary", &[&ANY, &ANY, &BOOL], |_, a| Ok(a[usize::from(!a[2].truth())].clone()));
    f.native("fail", &[&STRING], |_, a| Err(CallError::new(super::args::text(&a[0]))));
    json_functions(f);
}

fn json_functions(f: &mut Functions) {
    f.native("fromJson", &[&STRING], |_, a| Ok(parse_json(bytes(&a[0])).unwrap_or(Value::Nil)));
    f.native("mustFromJson", &[&STRING], |_, a| Ok(parse_json(bytes(&a[0]))?));
    f.native("toJson", &[&ANY], |_, a| Ok(json_text(&a[0]).unwrap_or_default().into()));
    f.native("mustToJson", &[&ANY], |_, a| Ok(json_text(&a[0])?.into()));
    f.native("toPrettyJson", &[&ANY], |_, a| Ok(pretty(&a[0]).unwrap_or_default().into()));
    f.native("mustToPrettyJson", &[&ANY], |_, a| Ok(pretty(&a[0])?.into()));
    for name in ["toRawJson", "mustToRawJson"] {
        f.native(name, &[&ANY], |_, a| Ok(a[0].json_text(HtmlEscape::No)?.into()));
    }
}

/// Reads JSON as Go's `json.Unmarshal` into an `interface {}`: numbers are floats.
pub(crate) fn parse_json(text: &[u8]) -> Result<Value, String> {
    json::parse(&text_of(text.to_vec())).map(|data| Value::from_json(&data))
}

/// Writes JSON as Go's `json.Marshal`.
pub(crate) fn json_text(value: &Value) -> Result<String, String> {
    value.json_text(HtmlEscape::Yes)
}

fn pretty(value: &Value) -> Result<String, String> {
    value.json_pretty(HtmlEscape::Yes)
}
