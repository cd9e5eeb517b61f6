use crate::error::LuaError;
use crate::sandbox::{Input, run};
use crate::values::from_table;
use fairway_health::actions::{Action, ActionParam, Effect, EffectKind};
use fairway_value::{Map, Str, Value};
use mlua::Value as LuaValue;
use std::collections::BTreeMap;

fn table(result: LuaValue) -> Result<Value, LuaError> {
    match result {
        LuaValue::Table(table) => from_table(&table),
        other => Err(LuaError::NotTable(other.type_name())),
    }
}

/// Finds out by a script which actions there are, ordered by name. `now` is in seconds since 1970.
///
/// As Argo CD `util/lua` `ExecuteResourceActionDiscovery`.
///
/// # Errors
/// The script fails, or returns what is no table of actions.
pub fn run_discovery(script: &str, object: &Value, now: i64) -> Result<Vec<Action>, LuaError> {
    let input = Input { object, params: &BTreeMap::new(), open_libs: false, now };
    let found = run(script, &input, table)?;
    let Some(map) = found.as_object() else {
        return match found.as_array() {
            Some([]) => Ok(Vec::new()),
            _ => Err(LuaError::Output("error unmarshaling action table".to_owned())),
        };
    };
    map.iter().map(|(name, said)| action(name, said)).collect()
}

fn action(name: &Str, said: &Value) -> Result<Action, LuaError> {
    let wrong = |what: &str| LuaError::Output(format!("error unmarshaling resource action {name}: {what}"));
    let mut out = Action { name: name.clone(), ..Action::default() };
    let Some(map) = said.as_object() else {
        return if said.as_array().is_some() { Ok(out) } else { Err(wrong("no table")) };
    };
    let text = |key: &str| match map.get(key) {
        None | Some(Value::Null) => Ok(Str::new()),
        Some(value) => value.as_str().map(Str::from).ok_or_else(|| wrong(key)),
    };
    out.disabled = match map.get("disabled") {
        None | Some(Value::Null) => false,
        Some(flag) => flag.as_bool().ok_or_else(|| wrong("disabled"))?,
    };
    out.icon_class = text("iconClass")?;
    out.display_name = text("displayName")?;
    if let Ok(said) = text("name")
        && !said.is_empty()
    {
        out.name = said;
    }
    for param in map.get("params").and_then(Value::as_array).unwrap_or_default() {
        let text = |key: &str| param.get(key).and_then(Value::as_str).map(Str::from).unwrap_or_default();
        out.params.push(ActionParam { name: text("name"), default: text("default") });
    }
    Ok(out)
}

/// Runs an action's script: returns what is to be written. `now` is in seconds since 1970.
///
/// As Argo CD `util/lua` `ExecuteResourceAction`.
///
/// # Errors
/// The script fails, or returns neither an object nor a list of operations.
pub fn run_action(
    script: &str,
    object: &Value,
    params: &BTreeMap<Str, Str>,
    now: i64,
) -> Result<Vec<Effect>, LuaError> {
    let input = Input { object, params, open_libs: false, now };
    let result = run(script, &input, table)?;
    let patch = |new: &Value| Effect { kind: EffectKind::Patch, object: cleaned(new, object) };
    let Some(list) = result.as_array() else { return Ok(vec![patch(&result)]) };
    let effect = |entry: &Value| {
        let resource = entry.get("resource").filter(|r| r.as_object().is_some());
        let Some(resource) = resource else {
            return Err(LuaError::Output("an operation has no resource".to_owned()));
        };
        match entry.get("operation").and_then(Value::as_str) {
            Some("create") => Ok(Effect { kind: EffectKind::Create, object: resource.clone() }),
            Some("patch") => Ok(patch(resource)),
            other => {
                let word = other.unwrap_or_default();
                Err(LuaError::Output(format!("unsupported operation: {word}")))
            }
        }
    };
    list.iter().map(effect).collect()
}

/// Lua does not tell an empty map from an empty list: where the old object had a map, it is one.
fn cleaned(new: &Value, old: &Value) -> Value {
    match (new, old) {
        (Value::Object(new), Value::Object(old)) => {
            let entry = |(k, v): (&Str, &Value)| (k.clone(), old.get(k).map_or(v.clone(), |o| cleaned(v, o)));
            Value::Object(new.iter().map(entry).collect())
        }
        (Value::Array(new), Value::Object(_)) if new.is_empty() => Value::Object(Map::new()),
        (Value::Array(new), Value::Array(old)) => {
            new.iter().enumerate().map(|(n, v)| old.get(n).map_or(v.clone(), |o| cleaned(v, o))).collect()
        }
        (new, _) => new.clone(),
    }
}
