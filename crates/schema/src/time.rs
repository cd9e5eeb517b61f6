//! RFC 3339 times in the server's form: UTC, in seconds (`Time`) or microseconds (`MicroTime`).

use crate::managed::quote;
use fairway_core::calendar::{date_time, days_in_month, days_since_1970};
use fairway_value::Value;

/// Returns the time in seconds, UTC.
///
/// # Errors
/// A text that is no RFC 3339 time, in Go's words.
pub(crate) fn canonical_time(text: &str) -> Result<Value, String> {
    let (seconds, _) = parse(text).ok_or_else(|| refused(text, "2006-01-02T15:04:05Z07:00"))?;
    Ok(Value::from(format(seconds, "")))
}

/// Returns the time in microseconds, UTC.
///
/// # Errors
/// A text that is no RFC 3339 time, in Go's words.
pub(crate) fn canonical_micro_time(text: &str) -> Result<Value, String> {
    let (seconds, nanos) = parse(text).ok_or_else(|| refused(text, "2006-01-02T15:04:05.000000Z07:00"))?;
    Ok(Value::from(format(seconds, &format!(".{:06}", nanos / 1000))))
}

fn refused(text: &str, layout: &str) -> String {
    // Where a time is followed by something, Go says what.
    let behind = text.find(['Z', 'z']).map(|at| text.split_at(at + 1));
    if let Some((_, rest)) = behind.filter(|(time, rest)| !rest.is_empty() && parse(time).is_some()) {
        return format!("parsing time {}: extra text: {}", quote(text), quote(rest));
    }
    format!("parsing time {} as {}: cannot parse {} as \"2006\"", quote(text), quote(layout), quote(text))
}

/// Seconds since 1970 and nanoseconds.
pub(crate) fn parse(text: &str) -> Option<(i64, u32)> {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| -> Option<i64> {
        let part = text.get(from..to)?;
        part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())?
    };
    let fixed = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if !fixed.iter().all(|(at, c)| bytes.get(*at) == Some(c)) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let mut rest = text.get(19..)?;
    let mut nanos = 0;
    if let Some(fraction) = rest.strip_prefix(['.', ',']) {
        let len = fraction.bytes().take_while(u8::is_ascii_digit).count();
        if len == 0 {
            return None;
        }
        let digits: String = fraction.chars().take(len).chain("000000000".chars()).take(9).collect();
        nanos = digits.parse().ok()?;
        rest = fraction.get(len..)?;
    }
    let offset = match rest.as_bytes() {
        [b'Z'] => 0,
        [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
            let hours: i64 = rest.get(1..3)?.parse().ok()?;
            let minutes: i64 = rest.get(4..6)?.parse().ok()?;
            let seconds = hours * 3600 + minutes * 60;
            if *sign == b'+' { seconds } else { -seconds }
        }
        _ => return None,
    };
    Some((days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset, nanos))
}

/// Writes a time in UTC; `fraction` is of its second, with the point.
pub(crate) fn format(seconds: i64, fraction: &str) -> String {
    let [year, month, day, hour, minute, second] = date_time(seconds);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_become_utc_in_seconds() {
        for (text, expect) in [
            ("2024-02-29T23:59:59Z", "2024-02-29T23:59:59Z"),
            ("2024-01-01T00:30:00.123456789+02:00", "2023-12-31T22:30:00Z"),
            ("1969-12-31T23:00:00-02:00", "1970-01-01T01:00:00Z"),
        ] {
            assert_eq!(canonical_time(text), Ok(Value::from(expect)));
        }
        assert_eq!(
            canonical_micro_time("2024-01-01T00:00:00.1Z"),
            Ok(Value::from("2024-01-01T00:00:00.100000Z"))
        );
        for text in ["2024-13-01T00:00:00Z", "2023-02-29T00:00:00Z", "x", "2024-01-01", "2024-01-01T00:00:00"]
        {
            assert!(canonical_time(text).is_err(), "{text}");
        }
    }
}
