//! Formats of strings, as kube-openapi's `strfmt` knows them.

use super::super::fault::text;
use super::pattern;
use crate::expression::Span;
use fairway_value::Value;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Formats of strings that are checked.
const TEXTS: [&str; 26] = [
    "bsonobjectid",
    "uri",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "cidr",
    "mac",
    "uuid",
    "uuid3",
    "uuid4",
    "uuid5",
    "isbn",
    "isbn10",
    "isbn13",
    "creditcard",
    "ssn",
    "hexcolor",
    "rgbcolor",
    "byte",
    "password",
    "date",
    "duration",
    "datetime",
    "k8sshortname",
    "k8slongname",
];

/// Returns a schema's format; empty where its type does not know it, which leaves it out.
pub(super) fn supported<'s>(schema: &'s Value, types: &[&str]) -> &'s str {
    let format = text(schema, "format");
    if format.is_empty() {
        return "";
    }
    let known = match types {
        [] | ["string"] | [_, _, ..] => TEXTS.contains(&normalized(format).as_str()),
        ["integer"] => matches!(format, "int32" | "int64"),
        ["number"] => matches!(format, "float" | "double"),
        [_] => false,
    };
    if known { format } else { "" }
}

fn normalized(format: &str) -> String {
    format.replace('-', "")
}

/// Whether a format is one of strings.
pub(crate) fn is_text(format: &str) -> bool {
    TEXTS.contains(&normalized(format).as_str())
}

const UUID: &str = "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$";
const UUID3: &str = "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$";
const UUID4: &str = "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$";
const UUID5: &str = "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$";
const DATE_TIME: &str = r"^([0-9]{4})-([0-9]{2})-([0-9]{2})[tT ]([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]+)?([zZ]|[+-][0-9]{2}:?[0-9]{2})$";

/// Whether a text has a format. What is not known here fits.
pub(crate) fn fits(format: &str, text: &str) -> bool {
    match normalized(format).as_str() {
        "uuid" => pattern::matches(UUID, text),
        "uuid3" => pattern::matches(UUID3, text),
        "uuid4" => pattern::matches(UUID4, text),
        "uuid5" => pattern::matches(UUID5, text),
        "hostname" => is_hostname(text),
        "ipv4" => text.parse::<Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<Ipv6Addr>().is_ok(),
        "cidr" => is_cidr(text),
        "mac" => pattern::matches("^[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5,7}$", text),
        "byte" => crate::base64::decode(text).is_ok() && !text.is_empty(),
        "date" => is_date(text),
        "datetime" => is_date_time(text),
        "duration" => is_duration(text),
        "email" => is_email(text),
        "uri" => crate::uri::Url::is_valid(text),
        "hexcolor" => pattern::matches("^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$", text),
        "ssn" => pattern::matches("^[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}$", text),
        "bsonobjectid" => pattern::matches("^[0-9a-fA-F]{24}$", text),
        "k8sshortname" => super::super::names::label(text).is_empty(),
        "k8slongname" => super::super::names::subdomain(text).is_empty(),
        _ => true,
    }
}

/// One label, or several with a name of letters at the end.
fn is_hostname(text: &str) -> bool {
    let known = |c: char| c.is_alphanumeric() || !c.is_ascii();
    let label = |part: &str| {
        part.len() <= 63
            && part.starts_with(known)
            && part.ends_with(known)
            && part.chars().all(|c| known(c) || c == '-')
    };
    match text.rsplit_once('.') {
        None => label(text) && !text.trim_start_matches(known).trim_start_matches('-').contains('-'),
        Some((labels, top)) => {
            text.len() <= 255
                && labels.split('.').all(label)
                && (2..=63).contains(&top.len())
                && top.chars().all(char::is_alphabetic)
        }
    }
}

fn is_cidr(text: &str) -> bool {
    let Some((ip, bits)) = text.split_once('/') else { return false };
    let plain = !bits.is_empty() && bits.bytes().all(|b| b.is_ascii_digit());
    match (ip.parse::<IpAddr>(), bits.parse::<u8>()) {
        (Ok(IpAddr::V4(_)), Ok(bits)) => plain && bits <= 32,
        (Ok(IpAddr::V6(_)), Ok(bits)) => plain && bits <= 128,
        _ => false,
    }
}

fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    let digits = |t: &str, n: usize| t.len() == n && t.bytes().all(|b| b.is_ascii_digit());
    if !(digits(year, 4) && digits(month, 2) && digits(day, 2)) {
        return false;
    }
    let (Ok(year), Ok(month), Ok(day)) = (year.parse::<u32>(), month.parse::<u32>(), day.parse::<u32>())
    else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

fn is_date_time(text: &str) -> bool {
    let date = text.get(..10).is_some_and(is_date);
    let part = |at: usize| text.get(at..at + 2).and_then(|t| t.parse::<u32>().ok()).unwrap_or(99);
    date && pattern::matches(DATE_TIME, text) && part(11) < 24 && part(14) < 60 && part(17) < 60
}

/// As Go's `time.ParseDuration`, or as Scala writes durations: some number with a unit is in it.
fn is_duration(text: &str) -> bool {
    let go = r"^[-+]?(0|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$";
    pattern::matches(go, text) || Span::is_in_words(text)
}

fn is_email(text: &str) -> bool {
    let address = match (text.rfind('<'), text.strip_suffix('>')) {
        (Some(at), Some(_)) => &text[at + 1..text.len() - 1],
        _ => text,
    };
    let Some((local, domain)) = address.rsplit_once('@') else { return false };
    let atom = |t: &str| {
        !t.is_empty()
            && t.split('.').all(|p| {
                !p.is_empty()
                    && p.chars()
                        .all(|c| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || !c.is_ascii())
            })
    };
    atom(local) && (atom(domain) || (domain.starts_with('[') && domain.ends_with(']')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_known() {
        for (format, good, bad) in [
            ("date", "2024-02-29", "2023-02-29"),
            ("date-time", "2024-01-01T00:00:00Z", "2024-01-01T25:00:00Z"),
            ("ipv4", "10.0.0.1", "10.0.0.256"),
            ("ipv6", "::1", "10.0.0.1"),
            ("cidr", "10.0.0.0/8", "10.0.0.0/33"),
            ("uuid", "6f1bd4e6-0f0d-4a3d-9a0b-7d3a3c1b9a10", "x"),
            ("duration", "1h30m", "soon"),
            ("duration", "3 days", "3"),
            ("uri", "https://a.example/b", "a b"),
            ("email", "a@b.example", "a"),
            ("hostname", "a.example", "a b"),
            ("byte", "YQ==", "?"),
        ] {
            assert!(fits(format, good), "{format} {good}");
            assert!(!fits(format, bad), "{format} {bad}");
        }
    }
}
