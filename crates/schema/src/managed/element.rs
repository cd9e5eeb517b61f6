use fairway_value::{HtmlEscape, Str, Value, from_json, to_json, write_json};
use std::cmp::Ordering;
use std::fmt;

/// One step of a field path.
#[derive(Clone, Debug)]
pub enum PathElement {
    /// `f:NAME`: a field or map key.
    Field(Str),
    /// `k:{…}`: an entry of an associative list by its keys, sorted by name.
    Key(Box<[(Str, Value)]>),
    /// `v:VALUE`: a member of a set.
    Value(Value),
    /// `i:N`: a position.
    Index(i64),
}

impl PathElement {
    /// Reads a key of a `fieldsV1` document. Nothing where it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        match kind {
            "f" => Some(Self::Field(rest.into())),
            "v" => Some(Self::Value(from_json(rest.as_bytes()).ok()?)),
            "i" => Some(Self::Index(rest.parse().ok()?)),
            "k" => match from_json(rest.as_bytes()).ok()? {
                Value::Object(map) => Some(Self::Key(map.into_iter().collect())),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether [`PathElement::parse`] reads a key.
    pub(crate) fn is_readable(text: &str) -> bool {
        text.starts_with("f:") || is_plain_key(text) || Self::parse(text).is_some()
    }

    /// Writes the key of a `fieldsV1` document.
    #[must_use]
    pub fn to_key(&self) -> Str {
        match self {
            Self::Field(name) => {
                let mut key = Str::from("f:");
                key.push_str(name);
                key
            }
            Self::Key(fields) => {
                let mut key = String::with_capacity(48);
                key.push_str("k:{");
                for (n, (name, value)) in fields.iter().enumerate() {
                    if n > 0 {
                        key.push(',');
                    }
                    write_json(&Value::String(name.clone()), HtmlEscape::Yes, &mut key);
                    key.push(':');
                    write_json(value, HtmlEscape::Yes, &mut key);
                }
                key.push('}');
                key.into()
            }
            Self::Value(value) => format!("v:{}", to_json(value, HtmlEscape::Yes)).into(),
            Self::Index(at) => format!("i:{at}").into(),
        }
    }

    /// Returns the field's name, if it is a field.
    #[must_use]
    pub fn as_field(&self) -> Option<&Str> {
        match self {
            Self::Field(name) => Some(name),
            _ => None,
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Field(_) => 0,
            Self::Key(_) => 1,
            Self::Value(_) => 2,
            Self::Index(_) => 3,
        }
    }
}

/// Whether a text surely is a key of an entry: plain texts and short numbers under plain names, as nearly all are.
fn is_plain_key(text: &str) -> bool {
    /// Takes a text in quotes.
    fn quoted(rest: &str) -> Option<&str> {
        let rest = rest.strip_prefix('"')?;
        let len = rest.bytes().position(|b| b == b'"' || b == b'\\' || b < b' ')?;
        rest.get(len..)?.strip_prefix('"')
    }
    fn number(rest: &str) -> Option<&str> {
        let len = rest.bytes().take_while(u8::is_ascii_digit).count();
        let plain = len > 0 && len < 18 && (len == 1 || !rest.starts_with('0'));
        rest.get(len..).filter(|_| plain)
    }
    let pair = |rest| {
        let value = quoted(rest)?.strip_prefix(':')?;
        quoted(value).or_else(|| number(value))
    };
    let mut rest = text.strip_prefix("k:{").and_then(pair);
    while let Some(next) = rest.and_then(|r| r.strip_prefix(',')) {
        rest = pair(next);
    }
    rest == Some("}")
}

impl Ord for PathElement {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Field(a), Self::Field(b)) => a.as_str().cmp(b.as_str()),
            (Self::Key(a), Self::Key(b)) => {
                for ((an, av), (bn, bv)) in a.iter().zip(b.iter()) {
                    let order = an.as_str().cmp(bn.as_str()).then_with(|| compare_values(av, bv));
                    if order.is_ne() {
                        return order;
                    }
                }
                a.len().cmp(&b.len())
            }
            (Self::Value(a), Self::Value(b)) => compare_values(a, b),
            (Self::Index(a), Self::Index(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for PathElement {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for PathElement {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for PathElement {}

impl fmt::Display for PathElement {
    /// As structured-merge-diff prints paths: `.name`, `[name="app"]`, `[="a"]`, `[0]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(f, ".{name}"),
            Self::Key(fields) => {
                f.write_str("[")?;
                for (n, (name, value)) in fields.iter().enumerate() {
                    let comma = if n > 0 { "," } else { "" };
                    write!(f, "{comma}{name}={}", show(value))?;
                }
                f.write_str("]")
            }
            Self::Value(value) => write!(f, "[={}]", show(value)),
            Self::Index(at) => write!(f, "[{at}]"),
        }
    }
}

/// Prints a value as structured-merge-diff does: strings quoted, maps as `{k=v}`.
fn show(value: &Value) -> String {
    match value {
        Value::String(s) => super::text::quote(s),
        Value::Array(items) => {
            let parts: Vec<String> = items.iter().map(show).collect();
            format!("[{}]", parts.join(","))
        }
        Value::Object(map) => {
            let parts: Vec<String> = map.iter().map(|(k, v)| format!("{k}={}", show(v))).collect();
            parts.join(";")
        }
        other => other.to_string(),
    }
}

fn order_rank(value: &Value) -> u8 {
    match value {
        Value::Int(_) | Value::Uint(_) | Value::Float(_) => 0,
        Value::String(_) => 1,
        Value::Bool(_) => 2,
        Value::Array(_) => 3,
        Value::Object(_) => 4,
        Value::Null => 5,
    }
}

/// Orders values as structured-merge-diff does: numbers by amount, whatever their Go type.
pub(crate) fn compare_values(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::String(a), Value::String(b)) => a.as_str().cmp(b.as_str()),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Array(a), Value::Array(b)) => {
            let first = a.iter().zip(b.iter()).map(|(a, b)| compare_values(a, b)).find(|o| o.is_ne());
            first.unwrap_or_else(|| a.len().cmp(&b.len()))
        }
        (Value::Object(a), Value::Object(b)) => {
            let first = a
                .iter()
                .zip(b.iter())
                .map(|((ak, av), (bk, bv))| ak.as_str().cmp(bk.as_str()).then_with(|| compare_values(av, bv)))
                .find(|o| o.is_ne());
            first.unwrap_or_else(|| a.len().cmp(&b.len()))
        }
        _ => match (order_rank(a), order_rank(b)) {
            (0, 0) => a.as_f64().unwrap_or(0.0).total_cmp(&b.as_f64().unwrap_or(0.0)),
            (ra, rb) => ra.cmp(&rb),
        },
    }
}

/// Whether two values are the same: numbers by amount, whatever their Go type.
#[must_use]
pub fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) => a == b,
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len()
                && (std::ptr::eq(a.as_slice(), b.as_slice())
                    || a.iter().zip(b.iter()).all(|(a, b)| equal(a, b)))
        }
        (Value::Object(a), Value::Object(b)) if a.shares(b) => true,
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|((ak, av), (bk, bv))| ak == bk && equal(av, bv))
        }
        _ => compare_values(a, b).is_eq(),
    }
}
