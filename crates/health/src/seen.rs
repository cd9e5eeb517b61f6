//! Values as the scripts that Argo CD ships see them: Lua 5.1, as gopher-lua has it.

use fairway_core::{Health, HealthStatus, Value};
use std::cmp::Ordering;

/// What Argo CD says of a script that returns no status that it knows.
const INVALID_STATUS: &str = "Lua returned an invalid health status";

/// What a check gives: a judgement, nothing, or why it fails.
pub(crate) type Judged = Res<Option<Health>>;

/// A value, or why a script fails that asks for it.
pub(crate) type Res<T> = Result<T, String>;

/// A value that a check sees.
#[derive(Clone, Debug)]
pub(crate) enum Seen<'v> {
    Value(&'v Value),
    Text(String),
    Number(f64),
    Bool(bool),
    Nil,
}

impl<'v> Seen<'v> {
    /// Returns what stands in a tree; null is nothing.
    pub fn new(value: Option<&'v Value>) -> Self {
        value.filter(|v| !v.is_null()).map_or(Self::Nil, Self::Value)
    }

    /// Returns a field, nothing where there is none.
    ///
    /// # Errors
    /// The value has no fields. A text has those of the string library, none of which is asked for.
    pub fn field(&self, key: &str) -> Res<Seen<'v>> {
        match self {
            Self::Value(value) => field(value, key).map(Self::new),
            Self::Text(_) => Ok(Self::Nil),
            Self::Nil | Self::Number(_) | Self::Bool(_) => {
                Err(format!("attempt to index a {} value (field '{key}')", self.kind()))
            }
        }
    }

    /// Returns the field at the end of a path, of which all but the last must be there.
    ///
    /// # Errors
    /// As [`Self::field`].
    pub fn path(&self, keys: &[&str]) -> Res<Seen<'v>> {
        keys.iter().try_fold(self.clone(), |at, key| at.field(key))
    }

    /// Returns the entries of a list in order, as `ipairs`: a map has none.
    ///
    /// # Errors
    /// The value is neither a list nor a map.
    pub fn items(&self) -> Res<Vec<&'v Value>> {
        match self {
            Self::Value(Value::Object(_)) => Ok(Vec::new()),
            _ => self.entries(),
        }
    }

    /// Returns the entries of a list or a map, as `pairs`. Scripts see no null: a list closes up where one was.
    ///
    /// # Errors
    /// The value is neither a list nor a map.
    pub fn entries(&self) -> Res<Vec<&'v Value>> {
        match self {
            Self::Value(Value::Array(list)) => Ok(list.iter().filter(|v| !v.is_null()).collect()),
            Self::Value(Value::Object(map)) => Ok(map.values().filter(|v| !v.is_null()).collect()),
            _ => Err(format!("bad argument to a loop (table expected, got {})", self.kind())),
        }
    }

    /// Returns the length of a list or text; that of a map is none.
    ///
    /// # Errors
    /// The value has no length.
    #[expect(clippy::cast_precision_loss, reason = "numbers of Lua 5.1 are floats")]
    pub fn length(&self) -> Res<f64> {
        match (self, self.text()) {
            (_, Some(text)) => Ok(text.len() as f64),
            (Self::Value(Value::Array(_) | Value::Object(_)), _) => Ok(self.items()?.len() as f64),
            _ => Err(format!("attempt to get length of a {} value", self.kind())),
        }
    }

    pub fn is_nil(&self) -> bool {
        matches!(self, Self::Nil)
    }

    pub fn is_true(&self) -> bool {
        self.flag() == Some(true)
    }

    /// Whether it is this text.
    pub fn is(&self, text: &str) -> bool {
        self.text() == Some(text)
    }

    /// Whether a test of it alone holds.
    pub fn truthy(&self) -> bool {
        match self {
            Self::Nil => false,
            other => other.flag() != Some(false),
        }
    }

    /// Returns it, or another where a test of it does not hold.
    pub fn or(self, other: Seen<'v>) -> Seen<'v> {
        if self.truthy() { self } else { other }
    }

    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Value(value) => value.as_str(),
            _ => None,
        }
    }

    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Value(value) => value.as_f64(),
            _ => None,
        }
    }

    fn flag(&self) -> Option<bool> {
        match self {
            Self::Bool(flag) => Some(*flag),
            Self::Value(value) => value.as_bool(),
            _ => None,
        }
    }

    /// Whether both are the same. Nothing is the same as a value of another type, nor is a table as another.
    #[expect(clippy::float_cmp, reason = "as Lua compares")]
    pub fn equals(&self, other: &Seen<'_>) -> bool {
        if self.is_nil() || other.is_nil() {
            return self.is_nil() && other.is_nil();
        }
        if let (Seen::Value(one), Seen::Value(other)) = (self, other)
            && std::ptr::eq(*one, *other)
        {
            return true;
        }
        let texts = self.text().zip(other.text()).map(|(l, r)| l == r);
        let numbers = || self.number().zip(other.number()).map(|(l, r)| l == r);
        let flags = || self.flag().zip(other.flag()).map(|(l, r)| l == r);
        texts.or_else(numbers).or_else(flags).unwrap_or(false)
    }

    /// Returns which comes first.
    ///
    /// # Errors
    /// Only two numbers and two texts can be compared.
    pub fn order(&self, other: &Seen<'_>) -> Res<Ordering> {
        if let Some((l, r)) = self.number().zip(other.number()) {
            return Ok(l.total_cmp(&r));
        }
        if let Some((l, r)) = self.text().zip(other.text()) {
            return Ok(l.cmp(r));
        }
        Err(format!("attempt to compare {} with {}", self.kind(), other.kind()))
    }

    /// Returns a number to reckon with; a text may hold one.
    ///
    /// # Errors
    /// It is no number.
    pub fn reckoned(&self) -> Res<f64> {
        let read = || self.text().and_then(|t| t.trim().parse::<f64>().ok());
        self.number()
            .or_else(read)
            .ok_or_else(|| format!("attempt to perform arithmetic on a {} value", self.kind()))
    }

    /// Reads a number as `tonumber`; nothing where it is none.
    #[expect(clippy::cast_precision_loss, reason = "numbers of Lua 5.1 are floats")]
    pub fn to_number(&self) -> Seen<'v> {
        let read = |text: &str| {
            let text = text.trim();
            if text.contains('.') { text.parse().ok() } else { text.parse::<i64>().ok().map(|n| n as f64) }
        };
        self.number().or_else(|| self.text().and_then(read)).map_or(Self::Nil, Self::Number)
    }

    /// Returns it as it is joined to a text.
    ///
    /// # Errors
    /// Only texts and numbers can be joined.
    pub fn joined(&self) -> Res<String> {
        self.text()
            .map(str::to_owned)
            .or_else(|| self.number().map(number_text))
            .ok_or_else(|| format!("attempt to concatenate a {} value", self.kind()))
    }

    pub fn kind(&self) -> &'static str {
        match self {
            Self::Nil => "nil",
            Self::Text(_) | Self::Value(Value::String(_)) => "string",
            Self::Value(Value::Array(_) | Value::Object(_)) => "table",
            other if other.flag().is_some() => "boolean",
            _ => "number",
        }
    }
}

/// What stands for the place of a list's last entry.
const LAST: &str = "-1";

/// Returns a field of a value: a key of a map, or a place in a list from 1 on.
///
/// # Errors
/// The value is a number or a flag, which has no fields.
pub(crate) fn field<'v>(value: &'v Value, key: &str) -> Res<Option<&'v Value>> {
    Ok(match value {
        Value::Object(map) => map.get(key),
        Value::Array(list) if key == LAST => list.iter().rfind(|v| !v.is_null()),
        Value::Array(list) => {
            let place = key.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
            place.and_then(|n| list.iter().filter(|v| !v.is_null()).nth(n))
        }
        Value::String(_) | Value::Null => None,
        other => {
            let kind = Seen::Value(other).kind();
            return Err(format!("attempt to index a {kind} value (field '{key}')"));
        }
    })
}

/// Writes a number as gopher-lua does: Go's `%v`.
fn number_text(number: f64) -> String {
    const SMALL: f64 = 1e-4;
    if number != 0.0 && number.abs() < SMALL {
        let text = format!("{number:e}");
        return match text.split_once("e-") {
            Some((mantissa, exponent)) => format!("{mantissa}e-{exponent:0>2}"),
            None => text,
        };
    }
    fairway_value::format_float(number)
}

/// Judges by a status and a message as a script returns them. A message that is no text makes Argo CD see nothing.
pub(crate) fn returned(status: Option<HealthStatus>, message: &Seen<'_>) -> Option<Health> {
    if message.is_nil() {
        return status.map(|status| Health::new(status, ""));
    }
    let message = message.text()?;
    Some(match status {
        Some(status) => Health::new(status, message),
        None => Health::new(HealthStatus::Unknown, INVALID_STATUS),
    })
}

/// Judges by a status that stands in an object.
pub(crate) fn returned_as(status: &Seen<'_>, message: &Seen<'_>) -> Option<Health> {
    let word = status.text()?;
    let judged = returned(Some(HealthStatus::Unknown), message)?;
    Some(match HealthStatus::from_word(word) {
        Some(status) => Health { status, ..judged },
        None => Health::new(HealthStatus::Unknown, INVALID_STATUS),
    })
}

/// Judges with a text.
pub(crate) fn said(status: HealthStatus, message: impl Into<String>) -> Judged {
    Ok(Some(Health::new(status, message.into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, path: &[&str], expect: &str) {
        let value = fairway_value::from_json(json.as_bytes()).unwrap();
        let found = Seen::Value(&value)
            .path(path)
            .and_then(|s| if s.is_nil() { Ok("nil".into()) } else { s.joined() });
        assert_eq!(found.unwrap_or_else(|why| why), expect, "{json} {path:?}");
    }

    #[test]
    fn fields_are_found_as_a_script_finds_them() {
        check(r#"{"a":{"b":"x"}}"#, &["a", "b"], "x");
        check(r#"{"a":null}"#, &["a"], "nil");
        check(r#"{"a":null}"#, &["a", "b"], "attempt to index a nil value (field 'b')");
        check(r#"{"a":5}"#, &["a", "b"], "attempt to index a number value (field 'b')");
        check(r#"{"a":"text"}"#, &["a", "b"], "nil");
        check(r#"{"a":[null,"x"]}"#, &["a", "1"], "x");
        check(r#"{"a":[]}"#, &["a"], "attempt to concatenate a table value");
    }

    #[test]
    fn numbers_are_written_as_go_writes_them() {
        for (number, text) in [(3.0, "3"), (1.5, "1.5"), (0.00005, "5e-05"), (1e21, "1e+21"), (-2.0, "-2")] {
            assert_eq!(number_text(number), text);
        }
    }

    #[test]
    fn a_message_that_is_no_text_says_nothing() {
        let healthy = Some(HealthStatus::Healthy);
        assert_eq!(returned(healthy, &Seen::Number(5.0)), None);
        assert_eq!(returned(healthy, &Seen::Nil), Some(Health::new(HealthStatus::Healthy, "")));
        assert_eq!(returned(None, &Seen::Nil), None);
        let odd = returned_as(&Seen::Text("Great".to_owned()), &Seen::Nil);
        assert_eq!(odd, Some(Health::new(HealthStatus::Unknown, INVALID_STATUS)));
    }
}
