use crate::sprig::GoTime;
use crate::{Map, Value};
use std::fmt::Write as _;

/// Deepest nesting that is written: a map can hold itself.
const DEPTH_MAX: usize = 200;

/// Writes a value as a TOML document; a scalar or an array comes out bare.
///
/// # Errors
/// The encoder's complaint, which Helm gives charts in place of the text.
pub(crate) fn write(value: &Value) -> Result<String, String> {
    let mut w = Writer { out: String::new() };
    w.encode(&mut Vec::new(), &plain(value))?;
    Ok(w.out)
}

struct Writer {
    out: String,
}

/// Shows objects as the data that they stand for.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(_) if value.as_object::<GoTime>().is_some() => value.clone(),
        Value::Object(o) => Value::from_data(&o.to_json()),
        other => other.clone(),
    }
}

fn is_table(value: &Value) -> bool {
    matches!(value, Value::Map(_))
}

/// Whether this is a list of tables alone, which gets a heading for each.
fn is_table_array(value: &Value) -> Result<bool, String> {
    let Value::List(list) = value else { return Ok(false) };
    if list.items().iter().any(Value::is_nil) {
        return Err("toml: cannot encode array with nil element".to_owned());
    }
    Ok(!list.is_empty() && list.items().iter().all(|i| is_table(&plain(i))))
}

fn bare(key: &str) -> String {
    let fine = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if fine { key.to_owned() } else { quoted(key) }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '\0'..='\x1f' | '\x7f' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

impl Writer {
    fn line_break(&mut self) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
    }

    fn indent(&mut self, key: &[String]) {
        for _ in 1..key.len() {
            self.out.push_str("  ");
        }
    }

    fn encode(&mut self, key: &mut Vec<String>, value: &Value) -> Result<(), String> {
        if key.len() > DEPTH_MAX {
            return Err(format!("toml: nesting exceeds the limit of {DEPTH_MAX} levels"));
        }
        match value {
            Value::Missing | Value::Nil => Ok(()),
            Value::Map(map) if map.is_nil() => Ok(()),
            Value::Map(map) => {
                if key.len() == 1 {
                    self.line_break();
                }
                if !key.is_empty() {
                    self.indent(key);
                    let _ = write!(self.out, "[{}]", key.join("."));
                    self.line_break();
                }
                self.table(key, map)
            }
            Value::List(list) if is_table_array(value)? => {
                if key.is_empty() {
                    return Err("toml: top-level values must be Go maps or structs".to_owned());
                }
                for item in list.items() {
                    let Value::Map(map) = plain(item) else { continue };
                    self.line_break();
                    self.indent(key);
                    let _ = write!(self.out, "[[{}]]", key.join("."));
                    self.line_break();
                    self.table(key, &map)?;
                }
                Ok(())
            }
            other => {
                if let Some(last) = key.last().cloned() {
                    self.indent(key);
                    let _ = write!(self.out, "{last} = ");
                    self.element(other, 0)?;
                    self.line_break();
                    return Ok(());
                }
                self.element(other, 0)
            }
        }
    }

    /// Writes the plain keys of a table and then its tables.
    fn table(&mut self, key: &mut Vec<String>, map: &Map) -> Result<(), String> {
        for (name, value) in in_order(map)? {
            key.push(bare(&name));
            self.encode(key, &value)?;
            key.pop();
        }
        Ok(())
    }

    fn element(&mut self, value: &Value, depth: usize) -> Result<(), String> {
        if depth > DEPTH_MAX {
            return Err(format!("toml: nesting exceeds the limit of {DEPTH_MAX} levels"));
        }
        match value {
            Value::Bool(b) => self.out.push_str(if *b { "true" } else { "false" }),
            Value::Int(_, i) => self.out.push_str(&i.to_string()),
            Value::Uint(_, u) => self.out.push_str(&u.to_string()),
            Value::Float(f) => self.out.push_str(&float(*f)),
            Value::Str(_) | Value::RawStr(_) => {
                self.out.push_str(&quoted(&value.as_str().unwrap_or_default()))
            }
            Value::Bytes(bytes) => {
                let items: Vec<String> = bytes.iter().map(u8::to_string).collect();
                let _ = write!(self.out, "[{}]", items.join(", "));
            }
            Value::List(list) => {
                is_table_array(value)?;
                self.out.push('[');
                for (n, item) in list.items().iter().enumerate() {
                    if n > 0 {
                        self.out.push_str(", ");
                    }
                    self.element(&plain(item), depth + 1)?;
                }
                self.out.push(']');
            }
            Value::Map(map) => {
                self.out.push('{');
                let entries = in_order(map)?;
                let last = entries.len().saturating_sub(1);
                for (n, (name, value)) in entries.into_iter().enumerate().filter(|(_, (_, v))| !v.is_nil()) {
                    let _ = write!(self.out, "{} = ", bare(&name));
                    self.element(&value, depth + 1)?;
                    if n != last {
                        self.out.push_str(", ");
                    }
                }
                self.out.push('}');
            }
            Value::Object(o) => {
                if let fairway_value::Value::String(text) = o.to_json() {
                    self.out.push_str(&text);
                }
            }
            Value::Missing | Value::Nil | Value::Complex(_) => {
                return Err(format!("unexpected type: {}", value.go_type()));
            }
        }
        Ok(())
    }
}

/// Returns the entries, those that are tables last.
fn in_order(map: &Map) -> Result<Vec<(fairway_value::Str, Value)>, String> {
    let (mut direct, mut tables) = (Vec::new(), Vec::new());
    for (name, value) in map.entries() {
        let value = plain(&value);
        if matches!(&value, Value::List(l) if l.is_nil()) {
            continue;
        }
        let nested = is_table(&value) || is_table_array(&value)?;
        if nested { tables.push((name, value)) } else { direct.push((name, value)) }
    }
    direct.append(&mut tables);
    Ok(direct)
}

fn float(f: f64) -> String {
    if f.is_nan() {
        return "nan".to_owned();
    }
    if f.is_infinite() {
        return if f > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let text = crate::fmt::float_text(f);
    if text.contains(['e', '.']) { text } else { text + ".0" }
}
