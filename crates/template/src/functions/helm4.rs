//! What Helm 4 adds to Helm 3's functions, as its `pkg/engine/funcs.go` has it (v4.3).

use super::{CallError, Functions};
use crate::Value;
use crate::sprig::{GoDuration, go_duration};
use crate::time::parse_duration;
use crate::value::ANY;

const SECOND: i64 = 1_000_000_000;
/// Most seconds that fit a duration.
const SECONDS_MAX: i64 = i64::MAX / SECOND;

pub(super) fn register(f: &mut Functions) {
    f.native("mustToYaml", &[&ANY], |_, a| super::helm::to_yaml(&a[0]).map_err(CallError::new));
    f.native("mustToToml", &[&ANY], |_, a| {
        crate::toml::write(&a[0]).map(Value::from).map_err(CallError::new)
    });
    f.native("mustToDuration", &[&ANY], |_, a| Ok(go_duration(nanos(&a[0])?)));
    f.native("durationSeconds", &[&ANY], |_, a| Ok(in_floats(&a[0], 1e9)));
    f.native("durationMinutes", &[&ANY], |_, a| Ok(in_floats(&a[0], 6e10)));
    f.native("durationHours", &[&ANY], |_, a| Ok(in_floats(&a[0], 3.6e12)));
    f.native("durationDays", &[&ANY], |_, a| Ok(in_floats(&a[0], 3.6e12 * 24.0)));
    f.native("durationWeeks", &[&ANY], |_, a| Ok(in_floats(&a[0], 3.6e12 * 24.0 * 7.0)));
    f.native("durationMilliseconds", &[&ANY], |_, a| Ok(in_wholes(&a[0], 1_000_000)));
    f.native("durationMicroseconds", &[&ANY], |_, a| Ok(in_wholes(&a[0], 1_000)));
    f.native("durationNanoseconds", &[&ANY], |_, a| Ok(in_wholes(&a[0], 1)));
    f.native("durationRoundTo", &[&ANY, &ANY], |_, a| Ok(go_duration(to_multiple(a, round))));
    f.native("durationTruncateTo", &[&ANY, &ANY], |_, a| Ok(go_duration(to_multiple(a, |d, m| d - d % m))));
}

/// Reads a duration: one already, text with units, or a number of seconds.
fn nanos(value: &Value) -> Result<i64, String> {
    if let Some(duration) = value.as_object::<GoDuration>() {
        return Ok(duration.nanos());
    }
    let overflow = |shown: String| format!("duration seconds overflow: {shown}");
    match value {
        Value::Nil | Value::Missing => Err("invalid duration".to_owned()),
        Value::Int(_, seconds) => seconds.checked_mul(SECOND).ok_or_else(|| overflow(seconds.to_string())),
        Value::Uint(_, seconds) => i64::try_from(*seconds)
            .ok()
            .and_then(|s| s.checked_mul(SECOND))
            .ok_or_else(|| overflow(seconds.to_string())),
        Value::Float(seconds) => from_seconds(*seconds),
        Value::Str(_) | Value::RawStr(_) => {
            let whole = value.as_str().unwrap_or_default();
            let text = whole.trim();
            if text.is_empty() {
                return Err("empty duration".to_owned());
            }
            if let Ok(nanos) = parse_duration(text) {
                return Ok(nanos);
            }
            match crate::parse::literal::parse_float(text) {
                Some(seconds) => from_seconds(seconds),
                None => Err(format!("could not parse duration {}", crate::fmt::quote(&whole))),
            }
        }
        other => Err(format!("unsupported duration type {}", crate::sprig::type_name(other))),
    }
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "as Go converts")]
fn from_seconds(seconds: f64) -> Result<i64, String> {
    let shown = || crate::fmt::sprint_v(&Value::Float(seconds));
    if !seconds.is_finite() {
        return Err(format!("invalid duration seconds: {}", shown()));
    }
    if seconds.abs() > SECONDS_MAX as f64 + 1.0 {
        return Err(format!("duration seconds overflow: {}", shown()));
    }
    Ok((seconds * 1e9) as i64)
}

#[expect(clippy::cast_precision_loss, reason = "Go gives floats here")]
fn in_floats(value: &Value, per: f64) -> Value {
    Value::Float(nanos(value).unwrap_or(0) as f64 / per)
}

fn in_wholes(value: &Value, per: i64) -> Value {
    Value::int64(nanos(value).unwrap_or(0) / per)
}

/// Brings a duration to a multiple of another; one that cannot be read leaves it as it is.
fn to_multiple(a: &[Value], how: fn(i64, i64) -> i64) -> i64 {
    let Ok(duration) = nanos(&a[0]) else { return 0 };
    match nanos(&a[1]) {
        Ok(multiple) if multiple > 0 => how(duration, multiple),
        _ => duration,
    }
}

/// Go's `Duration.Round`: halves away from nought, held at the ends.
fn round(duration: i64, multiple: i64) -> i64 {
    let rest = duration % multiple;
    let down = duration - rest;
    if rest.unsigned_abs() < multiple.unsigned_abs() - rest.unsigned_abs() {
        return down;
    }
    if duration < 0 { down.saturating_sub(multiple) } else { down.saturating_add(multiple) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_rounded_as_go_does() {
        for (text, expect) in [("1h2m3s", 3_723), (" 2.5 ", 2), ("-1.5h", -5_400)] {
            assert_eq!(nanos(&text.into()).map(|n| n / SECOND), Ok(expect), "{text}");
        }
        assert_eq!(nanos(&Value::Float(2.5)), Ok(2_500_000_000));
        assert_eq!(nanos(&Value::Nil), Err("invalid duration".to_owned()));
        assert_eq!(nanos(&"x".into()), Err("could not parse duration \"x\"".to_owned()));
        assert_eq!((round(14, 10), round(15, 10), round(-15, 10), round(-14, 10)), (10, 20, -20, -10));
        assert_eq!(round(i64::MAX, 1000), i64::MAX);
    }
}
