//! Values between JSON and Lua, as Argo CD's `decodeValue` and gopher-json's `Encode` pass them.

use crate::error::LuaError;
use fairway_value::{Map, Str, Value};
use mlua::{Lua, Table, Value as LuaValue};
use std::collections::BTreeSet;

/// Deepest nesting of a table that is read back.
const DEPTH_MAX: usize = 200;

/// Makes a Lua value. Numbers are floats; null is nil, and is left out of lists.
pub(crate) fn to_lua(lua: &Lua, value: &Value) -> mlua::Result<LuaValue> {
    Ok(match value {
        Value::Null => LuaValue::Nil,
        Value::Bool(b) => LuaValue::Boolean(*b),
        #[expect(clippy::cast_precision_loss, reason = "numbers of Lua 5.1 are floats")]
        Value::Int(n) => LuaValue::Number(*n as f64),
        #[expect(clippy::cast_precision_loss, reason = "numbers of Lua 5.1 are floats")]
        Value::Uint(n) => LuaValue::Number(*n as f64),
        Value::Float(n) => LuaValue::Number(*n),
        Value::String(text) => LuaValue::String(lua.create_string(text.as_bytes())?),
        Value::Array(items) => {
            let table = lua.create_table()?;
            let mut n = 0_i64;
            for item in items.iter().filter(|i| !i.is_null()) {
                n += 1;
                table.raw_set(n, to_lua(lua, item)?)?;
            }
            LuaValue::Table(table)
        }
        Value::Object(map) => {
            let table = lua.create_table()?;
            for (key, item) in map.iter().filter(|(_, v)| !v.is_null()) {
                table.raw_set(key.as_str(), to_lua(lua, item)?)?;
            }
            LuaValue::Table(table)
        }
    })
}

/// Reads a table back. An empty table is a list; a table is a list or a map, never both.
pub(crate) fn from_table(table: &Table) -> Result<Value, LuaError> {
    read_table(table, &mut BTreeSet::new(), 0)
}

fn read(value: &LuaValue, seen: &mut BTreeSet<usize>, depth: usize) -> Result<Value, LuaError> {
    Ok(match value {
        LuaValue::Nil => Value::Null,
        LuaValue::Boolean(b) => Value::Bool(*b),
        LuaValue::Integer(n) => Value::Int(*n),
        LuaValue::Number(n) => number(*n)?,
        LuaValue::String(text) => Value::from(text.to_string_lossy()),
        LuaValue::Table(table) => read_table(table, seen, depth)?,
        other => return Err(LuaError::Output(format!("cannot encode {} to JSON", other.type_name()))),
    })
}

#[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
fn number(n: f64) -> Result<Value, LuaError> {
    if !n.is_finite() {
        return Err(LuaError::Output(format!("json: unsupported value: {n}")));
    }
    Ok(if n.fract() == 0.0 && n.abs() < 9.3e18 { Value::Int(n as i64) } else { Value::Float(n) })
}

fn read_table(table: &Table, seen: &mut BTreeSet<usize>, depth: usize) -> Result<Value, LuaError> {
    if depth > DEPTH_MAX || !seen.insert(table.to_pointer() as usize) {
        return Err(LuaError::Output("cannot encode recursively nested tables to JSON".to_owned()));
    }
    let mut map = Map::new();
    let mut list: Vec<(i64, Value)> = Vec::new();
    for pair in table.pairs::<LuaValue, LuaValue>() {
        let (key, value) = pair?;
        let value = read(&value, seen, depth + 1)?;
        match key {
            LuaValue::String(key) => {
                map.insert(Str::from(key.to_string_lossy()), value);
            }
            LuaValue::Integer(n) => list.push((n, value)),
            #[expect(clippy::cast_possible_truncation, reason = "checked to be whole")]
            LuaValue::Number(n) if n.fract() == 0.0 => list.push((n as i64, value)),
            _ => return Err(LuaError::Output("cannot encode mixed or invalid key types".to_owned())),
        }
    }
    match (map.is_empty(), list.is_empty()) {
        (false, false) => Err(LuaError::Output("cannot encode mixed or invalid key types".to_owned())),
        (false, true) => Ok(Value::Object(map)),
        (true, _) => {
            list.sort_by_key(|(n, _)| *n);
            if list.iter().zip(1..).any(|((n, _), place)| *n != place) {
                return Err(LuaError::Output("cannot encode sparse array".to_owned()));
            }
            Ok(list.into_iter().map(|(_, v)| v).collect())
        }
    }
}
