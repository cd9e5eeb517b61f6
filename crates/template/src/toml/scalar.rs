use crate::Value;
use crate::parse::literal::parse_int;
use crate::sprig::GoTime;
use crate::time::{Zone, parse};

/// Reads a number or a date that the document spells bare.
pub(super) fn number_or_date(text: &str) -> Result<Value, String> {
    let body = text.trim_start_matches(['+', '-']);
    if matches!(body, "inf" | "nan") {
        let f = if body == "inf" { f64::INFINITY } else { f64::NAN };
        return Ok(Value::Float(if text.starts_with('-') { -f } else { f }));
    }
    let dated = body.len() > 4 && (body.as_bytes()[4] == b'-' || body.as_bytes()[2] == b':');
    if dated && text == body && !body.contains(['x', 'o', 'b']) {
        return date(text);
    }
    let prefixed = body.starts_with("0x") || body.starts_with("0o") || body.starts_with("0b");
    if prefixed && body != text {
        return Err(format!("cannot use sign with non-decimal numbers: '{}'", &text[..text.len().min(3)]));
    }
    if !prefixed && body.contains(['.', 'e', 'E']) {
        float(text, body)
    } else {
        integer(text, body, prefixed)
    }
}

fn underscores_fine(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().all(|(n, b)| {
        let digit =
            |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphanumeric);
        *b != b'_' || digit(n.checked_sub(1)) && digit(Some(n + 1))
    })
}

fn leading_zero(body: &str) -> bool {
    body.len() > 1 && body.starts_with('0') && body.as_bytes()[1].is_ascii_digit()
}

fn integer(text: &str, body: &str, prefixed: bool) -> Result<Value, String> {
    let quoted = crate::fmt::quote(text);
    if !underscores_fine(body) {
        return Err(format!("Invalid integer {quoted}: underscores must be surrounded by digits"));
    }
    if !prefixed && leading_zero(body) {
        return Err(format!("Invalid integer {quoted}: cannot have leading zeroes"));
    }
    parse_int(text).map(Value::int64).ok_or_else(|| format!("{text} is out of range for int64"))
}

fn float(text: &str, body: &str) -> Result<Value, String> {
    let quoted = crate::fmt::quote(text);
    if !underscores_fine(body) {
        return Err(format!("Invalid float {quoted}: underscores must be surrounded by digits"));
    }
    if leading_zero(body) {
        return Err(format!("Invalid float {quoted}: cannot have leading zeroes"));
    }
    let after_point = body.split_once('.').map(|(_, after)| after);
    if after_point.is_some_and(|a| !a.starts_with(|c: char| c.is_ascii_digit())) {
        return Err(format!("Invalid float {quoted}: '.' must be followed by one or more digits"));
    }
    match text.replace('_', "").parse::<f64>() {
        Ok(f) if f.is_finite() => Ok(Value::Float(f)),
        Ok(_) => Err(format!("{text} is out of range for float64")),
        Err(_) => Err(format!("Invalid float value: {quoted}")),
    }
}

/// Reads a date, a time, or both; without an offset it is local time, which has a zone of its own.
fn date(text: &str) -> Result<Value, String> {
    let upper = text.replace('t', "T").replace('z', "Z").replace(' ', "T");
    for (layout, zone) in [
        ("2006-01-02T15:04:05.999999999Z07:00", None),
        ("2006-01-02T15:04Z07:00", None),
        ("2006-01-02T15:04:05.999999999", Some("datetime-local")),
        ("2006-01-02T15:04", Some("datetime-local")),
        ("2006-01-02", Some("date-local")),
        ("15:04:05.999999999", Some("time-local")),
        ("15:04", Some("time-local")),
    ] {
        let Ok(at) = parse(layout, &upper) else { continue };
        let at = match zone {
            Some(name) => at.within(Zone::Fixed { name: name.to_owned(), offset: 0 }),
            None => at,
        };
        return Ok(Value::object(GoTime::new(at)));
    }
    Err(format!("invalid datetime: {}", crate::fmt::quote(text)))
}
