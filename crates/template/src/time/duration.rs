//! Go's `time.Duration`: nanoseconds in an `i64`.

/// Writes a duration as `1h2m3.5s`.
pub(crate) fn duration_text(nanos: i64) -> String {
    let (sign, all) = (if nanos < 0 { "-" } else { "" }, nanos.unsigned_abs());
    if all == 0 {
        return "0s".to_owned();
    }
    if all < 1_000_000_000 {
        let (unit, per) = match all {
            0..1_000 => ("ns", 1),
            1_000..1_000_000 => ("µs", 1_000),
            _ => ("ms", 1_000_000),
        };
        return format!("{sign}{}{unit}", with_fraction(all, per));
    }
    let seconds = format!("{}s", with_fraction(all % 60_000_000_000, 1_000_000_000));
    let minutes = all / 60_000_000_000;
    match minutes {
        0 => format!("{sign}{seconds}"),
        1..60 => format!("{sign}{minutes}m{seconds}"),
        _ => format!("{sign}{}h{}m{seconds}", minutes / 60, minutes % 60),
    }
}

fn with_fraction(all: u64, per: u64) -> String {
    let (whole, rest) = (all / per, all % per);
    if rest == 0 {
        return whole.to_string();
    }
    let digits = per.ilog10() as usize;
    let fraction = format!("{rest:0digits$}");
    format!("{whole}.{}", fraction.trim_end_matches('0'))
}

/// Reads a duration such as `1.5h` or `-2h45m`.
///
/// # Errors
/// Go's complaint.
pub(crate) fn parse_duration(text: &str) -> Result<i64, String> {
    let quoted = || crate::fmt::quote(text);
    let invalid = || format!("time: invalid duration {}", quoted());
    let (negative, mut rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let number_len = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, after) = rest.split_at(number_len);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if fraction.contains('.') || whole.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let unit_len = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_len);
        if unit.is_empty() {
            return Err(format!("time: missing unit in duration {}", quoted()));
        }
        let per: u64 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            other => {
                let unit = crate::fmt::quote(other);
                return Err(format!("time: unknown unit {unit} in duration {}", quoted()));
            }
        };
        let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| invalid())? };
        let amount = whole.checked_mul(per).ok_or_else(invalid)?;
        total = total.checked_add(amount + fraction_of(fraction, per)).ok_or_else(invalid)?;
        if total > 1 << 63 {
            return Err(invalid());
        }
        rest = after;
    }
    if negative {
        return 0_i64.checked_sub_unsigned(total).ok_or_else(invalid);
    }
    i64::try_from(total).map_err(|_| invalid())
}

/// Returns so many hundredths (or less) of a unit in nanoseconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "Go computes the fraction in floats"
)]
fn fraction_of(fraction: &str, per: u64) -> u64 {
    let digits = &fraction[..fraction.len().min(18)];
    if digits.is_empty() {
        return 0;
    }
    let value: u64 = digits.parse().unwrap_or(0);
    let scale = 10.0_f64.powi(i32::try_from(digits.len()).unwrap_or(18));
    (value as f64 * (per as f64 / scale)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_come_back() {
        for text in ["0s", "1.5s", "1h0m0s", "2h45m0.5s", "-3ms", "100ns", "1.1µs"] {
            assert_eq!(duration_text(parse_duration(text).unwrap()), text);
        }
        for text in ["", "3", ".s", "1x", "1.2.3s", "9999999999h"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
