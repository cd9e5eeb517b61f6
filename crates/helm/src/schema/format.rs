//! The formats that old drafts hold strings to.

use regex::Regex;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Whether a text has a format; unknown formats let everything pass.
pub(super) fn has(format: &str, text: &str) -> bool {
    match format {
        "ipv4" => text.parse::<Ipv4Addr>().is_ok(),
        "ipv6" => text.contains(':') && text.parse::<Ipv6Addr>().is_ok(),
        "hostname" => is_hostname(text),
        "email" => is_email(text),
        "uri" => is_uri(text),
        "uri-reference" => !text.contains([' ', '\\', '"', '<', '>']),
        "uuid" => is_uuid(text),
        "regex" => Regex::new(text).is_ok(),
        "json-pointer" => is_pointer(text),
        "date" => is_date(text),
        "time" => is_time(text),
        "date-time" => text.split_at_checked(10).is_some_and(|(date, rest)| {
            is_date(date) && rest.strip_prefix(['T', 't', ' ']).is_some_and(is_time)
        }),
        _ => true,
    }
}

fn is_hostname(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    (1..=253).contains(&text.len())
        && text.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        })
}

fn is_email(text: &str) -> bool {
    text.len() <= 254
        && text.rsplit_once('@').is_some_and(|(local, domain)| {
            (1..=64).contains(&local.len()) && !local.contains([' ', '@']) && is_hostname(domain)
        })
}

fn is_uri(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, rest)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
            && !rest.contains([' ', '\\', '"', '<', '>', '{', '}', '|', '^', '`'])
    })
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

fn is_pointer(text: &str) -> bool {
    let escapes_hold =
        text.match_indices('~').all(|(at, _)| matches!(text.as_bytes().get(at + 1), Some(b'0' | b'1')));
    (text.is_empty() || text.starts_with('/')) && escapes_hold
}

fn number(text: Option<&str>, width: usize) -> Option<u32> {
    text.filter(|t| t.len() == width && t.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()
}

fn is_date(text: &str) -> bool {
    let mut parts = text.split('-');
    let (year, month, day) = (number(parts.next(), 4), number(parts.next(), 2), number(parts.next(), 2));
    let (Some(year), Some(month), Some(day), None) = (year, month, day, parts.next()) else { return false };
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}

fn is_time(text: &str) -> bool {
    let clock_end = text.find(['Z', 'z', '+', '-']).unwrap_or(text.len());
    let (clock, zone) = text.split_at(clock_end);
    let (clock, fraction) = clock.split_once('.').map_or((clock, None), |(c, f)| (c, Some(f)));
    let mut parts = clock.split(':');
    let fields = (number(parts.next(), 2), number(parts.next(), 2), number(parts.next(), 2));
    let (Some(hour), Some(minute), Some(second)) = fields else { return false };
    let zone_holds = match zone.strip_prefix(['+', '-']) {
        Some(offset) => offset.split_once(':').is_some_and(|(h, m)| {
            number(Some(h), 2).is_some_and(|h| h < 24) && number(Some(m), 2).is_some_and(|m| m < 60)
        }),
        None => matches!(zone, "Z" | "z"),
    };
    parts.next().is_none()
        && hour < 24
        && minute < 60
        && second < 61
        && fraction.is_none_or(|f| !f.is_empty() && f.bytes().all(|b| b.is_ascii_digit()))
        && zone_holds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_apart() {
        for (format, yes, no) in [
            ("ipv4", "10.0.0.1", "10.0.0"),
            ("ipv6", "::1", "1"),
            ("hostname", "a-b.c", "-a"),
            ("email", "a@b.c", "a"),
            ("uri", "https://x/y", "x/y"),
            ("uuid", "123e4567-e89b-12d3-a456-426614174000", "123"),
            ("date", "2024-02-29", "2023-02-29"),
            ("time", "12:00:00.5Z", "12:00"),
            ("date-time", "2024-01-01T12:00:00+01:00", "2024-01-01"),
            ("json-pointer", "/a~1b", "a"),
            ("regex", "a+", "("),
        ] {
            assert!(has(format, yes), "{format} {yes}");
            assert!(!has(format, no), "{format} {no}");
        }
    }
}
