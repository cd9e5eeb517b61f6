use crate::Dialect;
use crate::timestamp::{Timestamp, parse_timestamp};

/// What a plain scalar stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Resolved {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Timestamp(Timestamp),
    Merge,
    Str,
}

/// Resolves a plain scalar without a tag, as go-yaml's `resolve("", in)`.
pub(crate) fn resolve(text: &str, dialect: Dialect) -> Resolved {
    let Some(&first) = text.as_bytes().first() else { return Resolved::Null };
    match first {
        b'+' | b'-' | b'0'..=b'9' => {
            if let Some(word) = word(text, dialect) {
                return word;
            }
            if let Some(stamp) = parse_timestamp(text) {
                return Resolved::Timestamp(stamp);
            }
            number(text, dialect).unwrap_or(Resolved::Str)
        }
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => {
            word(text, dialect).unwrap_or(Resolved::Str)
        }
        b'.' => {
            // Underscores are dropped here too, as in numbers that start with a digit.
            let plain = text.replace('_', "");
            word(text, dialect).or_else(|| float(&plain, is_dotted_float)).unwrap_or(Resolved::Str)
        }
        _ => Resolved::Str,
    }
}

fn word(text: &str, dialect: Dialect) -> Option<Resolved> {
    // Longest word of the table: `false`, `+.inf`.
    if text.len() > 5 {
        return None;
    }
    Some(match text {
        "true" | "True" | "TRUE" => Resolved::Bool(true),
        "false" | "False" | "FALSE" => Resolved::Bool(false),
        "~" | "null" | "Null" | "NULL" => Resolved::Null,
        ".nan" | ".NaN" | ".NAN" => Resolved::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Resolved::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Resolved::Float(f64::NEG_INFINITY),
        _ if dialect == Dialect::V2 => Resolved::Bool(old_bool(text)?),
        _ => return None,
    })
}

/// The booleans of YAML 1.1 that YAML 1.2 dropped.
pub(crate) fn old_bool(text: &str) -> Option<bool> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

fn number(text: &str, dialect: Dialect) -> Option<Resolved> {
    let stripped;
    let plain = if text.contains('_') {
        stripped = text.replace('_', "");
        stripped.as_str()
    } else {
        text
    };
    go_int(plain)
        .or_else(|| float(plain, is_yaml_float))
        .or_else(|| prefixed_int(plain, "0b", 2))
        .or_else(|| if dialect == Dialect::V3 { prefixed_int(plain, "0o", 8) } else { None })
}

/// `strconv.ParseInt(s, 0, 64)`, then `ParseUint`.
fn go_int(text: &str) -> Option<Resolved> {
    let (negative, signed, digits) = match text.as_bytes().first()? {
        b'-' => (true, true, &text[1..]),
        b'+' => (false, true, &text[1..]),
        _ => (false, false, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    // `from_str_radix` would take a second sign.
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    match i64::try_from(magnitude) {
        Ok(i) => Some(Resolved::Int(if negative { -i } else { i })),
        Err(_) if negative && magnitude == i64::MIN.unsigned_abs() => Some(Resolved::Int(i64::MIN)),
        Err(_) if !signed => Some(Resolved::Uint(magnitude)),
        Err(_) => None,
    }
}

/// The digits after `0b` once more, for go-yaml cuts the prefix and so takes a sign behind it.
fn prefixed_int(text: &str, prefix: &str, radix: u32) -> Option<Resolved> {
    let (negative, body) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let digits = body.strip_prefix(prefix)?;
    let signed = if negative { format!("-{digits}") } else { digits.to_owned() };
    match i64::from_str_radix(&signed, radix) {
        Ok(i) => Some(Resolved::Int(i)),
        Err(_) if negative => None,
        Err(_) => u64::from_str_radix(digits, radix).ok().map(Resolved::Uint),
    }
}

fn float(text: &str, shape: fn(&[u8]) -> bool) -> Option<Resolved> {
    if !shape(text.as_bytes()) {
        return None;
    }
    // Go reports a number beyond the range as an error, which leaves it a string.
    text.parse::<f64>().ok().filter(|f| f.is_finite()).map(Resolved::Float)
}

/// `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`
fn is_yaml_float(text: &[u8]) -> bool {
    let body = match text {
        [b'-' | b'+', rest @ ..] => rest,
        all => all,
    };
    let whole = digits(body);
    let mut rest = &body[whole..];
    if let [b'.', after @ ..] = rest {
        let fraction = digits(after);
        if whole == 0 && fraction == 0 {
            return false;
        }
        rest = &after[fraction..];
    } else if whole == 0 {
        return false;
    }
    is_exponent_or_end(rest)
}

/// What `strconv.ParseFloat` takes of a text that starts with a dot.
fn is_dotted_float(text: &[u8]) -> bool {
    let [b'.', rest @ ..] = text else { return false };
    let fraction = digits(rest);
    fraction > 0 && is_exponent_or_end(&rest[fraction..])
}

fn is_exponent_or_end(text: &[u8]) -> bool {
    match text {
        [] => true,
        [b'e' | b'E', b'-' | b'+', rest @ ..] | [b'e' | b'E', rest @ ..] => {
            !rest.is_empty() && digits(rest) == rest.len()
        }
        _ => false,
    }
}

fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|b| b.is_ascii_digit()).count()
}

/// Whether a text looks like a base 60 float of YAML 1.1:
/// `^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$`. Go quotes these though it reads them as strings.
pub(crate) fn is_base60_float(text: &str) -> bool {
    let Some(mut rest) =
        text.as_bytes().strip_prefix(b"-").or(text.as_bytes().strip_prefix(b"+")).or(Some(text.as_bytes()))
    else {
        return false;
    };
    if !rest.first().is_some_and(u8::is_ascii_digit) || !rest.contains(&b':') {
        return false;
    }
    let digit_or_line = |b: &u8| b.is_ascii_digit() || *b == b'_';
    rest = &rest[rest.iter().take_while(|b| digit_or_line(b)).count()..];
    let mut groups = 0;
    while let [b':', after @ ..] = rest {
        rest = match after {
            [b'0'..=b'5', b'0'..=b'9', tail @ ..] | [b'0'..=b'9', tail @ ..] => tail,
            _ => return false,
        };
        groups += 1;
    }
    if let [b'.', after @ ..] = rest {
        rest = &after[after.iter().take_while(|b| digit_or_line(b)).count()..];
    }
    groups > 0 && rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Resolved) {
        assert_eq!(resolve(text, Dialect::V2), expect, "{text}");
    }

    #[test]
    fn scalars_resolve_as_go_yaml_v2_does() {
        check("", Resolved::Null);
        check("~", Resolved::Null);
        check("yes", Resolved::Bool(true));
        check("Off", Resolved::Bool(false));
        check("yES", Resolved::Str);
        check("0777", Resolved::Int(0o777));
        check("0o17", Resolved::Int(15));
        check("08", Resolved::Float(8.0));
        check("1_000", Resolved::Int(1000));
        check("0x1F", Resolved::Int(31));
        check("-0b11", Resolved::Int(-3));
        check("18446744073709551615", Resolved::Uint(u64::MAX));
        check("-9223372036854775808", Resolved::Int(i64::MIN));
        check("+12", Resolved::Int(12));
        check("1e3", Resolved::Float(1000.0));
        check("1e400", Resolved::Str);
        check(".5", Resolved::Float(0.5));
        check(".", Resolved::Str);
        check(".5_1", Resolved::Float(0.51));
        check("1.", Resolved::Float(1.0));
        check("1:30", Resolved::Str);
        check("--1", Resolved::Str);
        check("<<", Resolved::Str);
        check("0x", Resolved::Str);
    }

    #[test]
    fn v3_drops_the_old_booleans() {
        assert_eq!(resolve("yes", Dialect::V3), Resolved::Str);
        assert_eq!(resolve("TRUE", Dialect::V3), Resolved::Bool(true));
        assert_eq!(resolve("010", Dialect::V3), Resolved::Int(8));
    }

    #[test]
    fn base_60_floats_are_recognised() {
        for yes in ["1:30", "-1_0:59:01.5", "190:20:30.15"] {
            assert!(is_base60_float(yes), "{yes}");
        }
        for no in ["1:60", "a:30", "1:", "8080:8080", "12"] {
            assert!(!is_base60_float(no), "{no}");
        }
    }
}
