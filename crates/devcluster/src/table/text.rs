//! Small forms that many cells share.

use crate::api::{LabelSelector, parse_secs};
use fairway_value::{Map, Value};

/// What a cell is made from: the object and the time.
#[derive(Clone, Copy)]
pub(super) struct Row<'v> {
    pub(super) object: &'v Value,
    pub(super) now_secs: i64,
}

pub(super) type Cells = Vec<Value>;

/// Follows `a.b.c`.
pub(super) fn get<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(value, |v, key| v.get(key)).filter(|v| !v.is_null())
}

pub(super) fn text<'v>(value: &'v Value, path: &str) -> &'v str {
    get(value, path).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn number(value: &Value, path: &str) -> i64 {
    get(value, path).and_then(Value::as_i64).unwrap_or_default()
}

pub(super) fn flag(value: &Value, path: &str) -> bool {
    get(value, path).and_then(Value::as_bool).unwrap_or_default()
}

pub(super) fn list<'v>(value: &'v Value, path: &str) -> &'v [Value] {
    get(value, path).and_then(Value::as_array).unwrap_or_default()
}

pub(super) fn map<'v>(value: &'v Value, path: &str) -> Option<&'v Map> {
    get(value, path).and_then(Value::as_object)
}

/// Returns the text, or another where it is empty.
pub(super) fn or(text: &str, fallback: &str) -> Value {
    Value::from(if text.is_empty() { fallback } else { text })
}

/// Prints a scalar as Go's `%v` would.
pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Prints labels as `a=b,c=d`, or `<none>`.
pub(super) fn labels(map: Option<&Map>) -> String {
    match map {
        Some(map) if !map.is_empty() => {
            map.iter().map(|(k, v)| format!("{k}={}", plain(v))).collect::<Vec<_>>().join(",")
        }
        _ => "<none>".to_owned(),
    }
}

/// Prints a `LabelSelector`.
pub(super) fn selector(value: Option<&Value>) -> String {
    match LabelSelector::from_object(value) {
        None => "<none>".to_owned(),
        Some(s) if s.is_empty() => "<none>".to_owned(),
        Some(s) => s.text(),
    }
}

/// Prints names and images of a Pod template's containers.
pub(super) fn containers(spec: &Value) -> (Value, Value) {
    let of = |key: &str| list(spec, "containers").iter().map(|c| text(c, key)).collect::<Vec<_>>().join(",");
    (Value::from(of("name")), Value::from(of("image")))
}

/// Prints how long ago a time was, or `<unknown>`.
pub(super) fn since(time: &str, now_secs: i64) -> String {
    parse_secs(time).map_or_else(|| "<unknown>".to_owned(), |then| duration(now_secs - then))
}

/// Prints a number of seconds as apimachinery `duration.HumanDuration`.
pub(super) fn duration(secs: i64) -> String {
    if secs < -1 {
        return "<invalid>".to_owned();
    }
    let secs = secs.max(0);
    let (minutes, hours) = (secs / 60, secs / 3600);
    match (secs, minutes, hours) {
        (s, _, _) if s < 120 => format!("{s}s"),
        (s, m, _) if m < 10 => match s % 60 {
            0 => format!("{m}m"),
            rest => format!("{m}m{rest}s"),
        },
        (_, m, _) if m < 180 => format!("{m}m"),
        (_, m, h) if h < 8 => match m % 60 {
            0 => format!("{h}h"),
            rest => format!("{h}h{rest}m"),
        },
        (_, _, h) if h < 48 => format!("{h}h"),
        (_, _, h) if h < 24 * 8 => match h % 24 {
            0 => format!("{}d", h / 24),
            rest => format!("{}d{rest}h", h / 24),
        },
        (_, _, h) if h < 24 * 365 * 2 => format!("{}d", h / 24),
        (_, _, h) if h < 24 * 365 * 8 => match h / 24 % 365 {
            0 => format!("{}y", h / 24 / 365),
            days => format!("{}y{days}d", h / 24 / 365),
        },
        (_, _, h) => format!("{}y", h / 24 / 365),
    }
}

impl<'v> Row<'v> {
    pub(super) fn name(self) -> Value {
        Value::from(text(self.object, "metadata.name"))
    }

    pub(super) fn age(self) -> Value {
        Value::from(since(text(self.object, "metadata.creationTimestamp"), self.now_secs))
    }

    /// The creation time as it is, for kinds without a printer of their own.
    pub(super) fn created(self) -> Value {
        Value::from(text(self.object, "metadata.creationTimestamp"))
    }

    pub(super) fn text(self, path: &str) -> &'v str {
        text(self.object, path)
    }

    pub(super) fn number(self, path: &str) -> Value {
        Value::from(number(self.object, path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_printed_as_kubectl_prints_them() {
        for (secs, expect) in [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (125, "2m5s"),
            (3600, "60m"),
            (3 * 3600, "3h"),
            (3 * 3600 + 60, "3h1m"),
            (26 * 3600, "26h"),
            (49 * 3600, "2d1h"),
            (9 * 86400, "9d"),
            (800 * 86400, "2y70d"),
        ] {
            assert_eq!(duration(secs), expect);
        }
    }
}
