use super::Value;
use super::convert::{JSON_VALUES_MAX, count, too_much};
use fairway_value::{HtmlEscape, Value as Data, write_json};
use fairway_yaml::lossy_text;

impl Value {
    /// Writes JSON as Go's `json.Marshal`: maps in key order, structs in the order of their fields, and what is no UTF-8
    /// as an escape.
    ///
    /// # Errors
    /// As [`Value::checked_json`].
    pub(crate) fn json_text(&self, escape: HtmlEscape) -> Result<String, String> {
        Writer::write(self, escape, None)
    }

    /// Writes JSON as Go's `json.MarshalIndent(v, "", "  ")`.
    ///
    /// # Errors
    /// As [`Value::checked_json`].
    pub(crate) fn json_pretty(&self, escape: HtmlEscape) -> Result<String, String> {
        Writer::write(self, escape, Some("  "))
    }
}

struct Writer {
    out: String,
    escape: HtmlEscape,
    indent: Option<&'static str>,
    /// Values that may still be written.
    left: usize,
    /// Whether a string was no UTF-8.
    raw: bool,
}

impl Writer {
    fn write(value: &Value, escape: HtmlEscape, indent: Option<&'static str>) -> Result<String, String> {
        let mut writer = Self { out: String::new(), escape, indent, left: JSON_VALUES_MAX, raw: false };
        writer.value(value, 0)?;
        Ok(if writer.raw { writer.out.replace('\u{fffd}', "\\ufffd") } else { writer.out })
    }

    fn value(&mut self, value: &Value, depth: usize) -> Result<(), String> {
        if self.left == 0 || depth > fairway_value::DEPTH_MAX {
            return Err(too_much());
        }
        self.left -= 1;
        match value {
            Value::Str(s) => self.scalar(&Data::String(s.clone())),
            Value::RawStr(b) => {
                self.raw = true;
                self.scalar(&Data::from(lossy_text(b).as_ref()));
            }
            Value::Float(f) if !f.is_finite() => {
                return Err(format!("json: unsupported value: {}", crate::fmt::float_text(*f)));
            }
            Value::Complex(_) => return Err("json: unsupported type: complex128".to_owned()),
            Value::List(l) if !l.is_nil() => return self.list(l.items(), depth),
            Value::Map(m) if !m.is_nil() => {
                if let Some(data) = m.untouched().filter(|_| self.indent.is_none()) {
                    count(&data, depth, &mut self.left)?;
                    self.scalar(&Data::Object(data));
                    return Ok(());
                }
                let mut entries = Entries::new(self, depth);
                let mut fault = Ok(());
                m.for_each(|k, v| {
                    if fault.is_ok() {
                        fault = entries.entry(k, v);
                    }
                });
                fault?;
                entries.end();
            }
            Value::Object(o) => match o.json_fields() {
                Some(fields) => {
                    let mut entries = Entries::new(self, depth);
                    for (name, field) in &fields {
                        entries.entry(name, field)?;
                    }
                    entries.end();
                }
                None => return self.value(&Value::from_data(&o.to_json()), depth),
            },
            other => self.scalar(&other.to_json()),
        }
        Ok(())
    }

    fn list(&mut self, items: &[Value], depth: usize) -> Result<(), String> {
        self.out.push('[');
        for (n, item) in items.iter().enumerate() {
            if n > 0 {
                self.out.push(',');
            }
            self.line(depth + 1);
            self.value(item, depth + 1)?;
        }
        if !items.is_empty() {
            self.line(depth);
        }
        self.out.push(']');
        Ok(())
    }

    fn scalar(&mut self, data: &Data) {
        write_json(data, self.escape, &mut self.out);
    }

    fn line(&mut self, depth: usize) {
        if let Some(indent) = self.indent {
            self.out.push('\n');
            for _ in 0..depth {
                self.out.push_str(indent);
            }
        }
    }
}

/// An object under way.
struct Entries<'w> {
    writer: &'w mut Writer,
    depth: usize,
    is_empty: bool,
}

impl<'w> Entries<'w> {
    fn new(writer: &'w mut Writer, depth: usize) -> Self {
        writer.out.push('{');
        Self { writer, depth, is_empty: true }
    }

    fn entry(&mut self, key: &fairway_value::Str, value: &Value) -> Result<(), String> {
        if !self.is_empty {
            self.writer.out.push(',');
        }
        self.is_empty = false;
        self.writer.line(self.depth + 1);
        self.writer.scalar(&Data::String(key.clone()));
        self.writer.out.push_str(if self.writer.indent.is_some() { ": " } else { ":" });
        self.writer.value(value, self.depth + 1)
    }

    fn end(self) {
        if !self.is_empty {
            self.writer.line(self.depth);
        }
        self.writer.out.push('}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Struct;
    use crate::value::TypeInfo;

    static INNER: TypeInfo = TypeInfo::structure("x.Inner");
    static OUTER: TypeInfo = TypeInfo::structure("x.Outer");

    #[test]
    fn structs_are_written_in_the_order_of_their_fields_and_maps_in_that_of_keys() {
        let inner = Struct::new(&INNER).json_field("Z", "z", true, "1").json_field("A", "a", true, "");
        let outer: Value = Value::object(Struct::new(&OUTER).embed("Inner", inner).field("B", Value::map()));
        assert_eq!(outer.json_text(HtmlEscape::Yes).unwrap(), r#"{"z":"1","B":{}}"#);
        let pretty = outer.json_pretty(HtmlEscape::Yes).unwrap();
        assert_eq!(pretty, "{\n  \"z\": \"1\",\n  \"B\": {}\n}");
        assert_eq!(crate::fmt::sprint_v(&outer), "{{1 } map[]}");
    }
}
