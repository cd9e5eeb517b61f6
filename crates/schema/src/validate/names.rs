//! Names, labels and keys, in apimachinery's words (`util/validation`).

const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start \
    and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const LABEL_1035: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an \
    alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation \
    is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', \
    and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const QUALIFIED: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
    alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
    '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', \
    and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for \
    validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const CONFIG_KEY: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  \
    or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
const PERCENT: &str = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', \
    regex used for validation is '[0-9]+%')";

fn lower(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit()
}

fn bounded(text: &str, inside: impl Fn(u8) -> bool, edge: impl Fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().all(|b| inside(*b))
        && bytes.first().is_some_and(|b| edge(*b))
        && bytes.last().is_some_and(|b| edge(*b))
}

fn is_label(text: &str) -> bool {
    bounded(text, |b| lower(b) || b == b'-', lower)
}

fn too_long(text: &str, max: usize, unit: &str) -> Option<String> {
    (text.len() > max).then(|| format!("must be no more than {max} {unit}"))
}

/// A DNS label of RFC 1123.
pub(crate) fn label(text: &str) -> Vec<String> {
    let mut out: Vec<String> = too_long(text, 63, "characters").into_iter().collect();
    if !is_label(text) {
        let dotted = text.split('.').all(is_label);
        out.push(if dotted { "must not contain dots" } else { LABEL }.to_owned());
    }
    out
}

/// A DNS label of RFC 1035.
pub(crate) fn label_1035(text: &str) -> Vec<String> {
    let mut out: Vec<String> = too_long(text, 63, "characters").into_iter().collect();
    if !is_label(text) || !text.as_bytes().first().is_some_and(u8::is_ascii_lowercase) {
        out.push(LABEL_1035.to_owned());
    }
    out
}

/// A DNS subdomain.
pub(crate) fn subdomain(text: &str) -> Vec<String> {
    let mut out: Vec<String> = too_long(text, 253, "characters").into_iter().collect();
    if !text.split('.').all(is_label) {
        out.push(SUBDOMAIN.to_owned());
    }
    out
}

/// A DNS subdomain in which underscores are let through.
pub(super) fn subdomain_with_underscore(text: &str) -> Vec<String> {
    let mut out: Vec<String> = too_long(text, 253, "characters").into_iter().collect();
    let fits = |part: &str| bounded(part, |b| lower(b) || b"-_".contains(&b), |b| lower(b) || b == b'_');
    if !text.split('.').all(fits) {
        out.push(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must \
             start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
             '[a-z0-9_]([-_a-z0-9]*[a-z0-9_])?(\\.[a-z0-9_]([-_a-z0-9]*[a-z0-9_])?)*')"
                .to_owned(),
        );
    }
    out
}

/// One part of a path.
pub(super) fn segment(text: &str) -> Vec<String> {
    if matches!(text, "." | "..") {
        return vec![format!("may not be '{text}'")];
    }
    ["/", "%"].iter().filter(|c| text.contains(**c)).map(|c| format!("may not contain '{c}'")).collect()
}

/// A DNS subdomain whose first label may be `*`.
pub(super) fn wildcard_subdomain(text: &str) -> Vec<String> {
    match text.strip_prefix("*.") {
        Some(rest) if rest.split('.').all(is_label) => too_long(text, 253, "characters").into_iter().collect(),
        _ => vec![
            "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of \
             lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', \
             regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
                .to_owned(),
        ],
    }
}

fn is_qualified_part(text: &str) -> bool {
    bounded(text, |b| b.is_ascii_alphanumeric() || b"-_.".contains(&b), |b| b.is_ascii_alphanumeric())
}

/// A label key, annotation key or other qualified name: `prefix/name`.
pub(crate) fn qualified(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let parts: Vec<&str> = text.split('/').collect();
    let name = match parts.as_slice() {
        [name] => *name,
        [prefix, name] => {
            if prefix.is_empty() {
                out.push("prefix part must be non-empty".to_owned());
            } else {
                out.extend(subdomain(prefix).into_iter().map(|m| format!("prefix part {m}")));
            }
            *name
        }
        _ => {
            out.push(format!(
                "a valid label key {QUALIFIED} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            ));
            return out;
        }
    };
    if name.is_empty() {
        out.push("name part must be non-empty".to_owned());
    } else if name.len() > 63 {
        out.push("name part must be no more than 63 bytes".to_owned());
    }
    if !is_qualified_part(name) {
        out.push(format!("name part {QUALIFIED}"));
    }
    out
}

/// A label's value.
pub(crate) fn label_value(text: &str) -> Vec<String> {
    let mut out: Vec<String> = too_long(text, 63, "bytes").into_iter().collect();
    if !text.is_empty() && !is_qualified_part(text) {
        out.push(LABEL_VALUE.to_owned());
    }
    out
}

/// A key of a ConfigMap or Secret.
pub(super) fn config_key(text: &str) -> Vec<String> {
    let mut out: Vec<String> = too_long(text, 253, "characters").into_iter().collect();
    let ok = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    if text.is_empty() || !text.bytes().all(ok) {
        out.push(CONFIG_KEY.to_owned());
    }
    match text {
        "." => out.push("must not be '.'".to_owned()),
        ".." => out.push("must not be '..'".to_owned()),
        t if t.starts_with("..") => out.push("must not start with '..'".to_owned()),
        _ => {}
    }
    out
}

/// A percentage such as `25%`.
pub(super) fn percent(text: &str) -> Option<String> {
    let digits = text.strip_suffix('%').filter(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()));
    digits.is_none().then(|| PERCENT.to_owned())
}

/// A port's number.
pub(super) fn port(number: i64) -> Option<&'static str> {
    (!(1..=65_535).contains(&number)).then_some("must be between 1 and 65535, inclusive")
}

/// A port's name (IANA service name).
pub(super) fn port_name(name: &str) -> Vec<String> {
    let mut out: Vec<String> = too_long(name, 15, "characters").into_iter().collect();
    if !name.bytes().all(|b| lower(b) || b == b'-') || name.is_empty() {
        out.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".to_owned());
    }
    if !name.bytes().any(|b| b.is_ascii_lowercase()) {
        out.push("must contain at least one letter (a-z)".to_owned());
    }
    if name.contains("--") {
        out.push("must not contain consecutive hyphens".to_owned());
    }
    if name.starts_with('-') || name.ends_with('-') {
        out.push("must not begin or end with a hyphen".to_owned());
    }
    out
}

/// Whether a text is an IP address.
pub(super) fn is_ip(text: &str) -> bool {
    text.parse::<std::net::IpAddr>().is_ok()
}

/// What is said of a text that is no IP address.
pub(super) const NOT_AN_IP: &str = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";

/// What is said of a text that is no CIDR.
pub(super) const NOT_A_CIDR: &str = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";

/// Reads a CIDR: address and prefix length.
pub(super) fn cidr(text: &str) -> Option<(std::net::IpAddr, u32)> {
    let (address, bits) = text.split_once('/')?;
    let address: std::net::IpAddr = address.parse().ok()?;
    let bits: u32 = bits.parse().ok()?;
    let max = if address.is_ipv4() { 32 } else { 128 };
    (bits <= max).then_some((address, bits))
}

/// Writes a network as machines do: without what lies beyond its prefix.
pub(super) fn network((address, bits): (std::net::IpAddr, u32)) -> String {
    format!("{}/{bits}", crate::address::network(address, bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_judged_as_the_server_does() {
        for ok in ["a", "a-b", "0a", "a1.b2"] {
            assert!(subdomain(ok).is_empty(), "{ok}");
        }
        for bad in ["", "-a", "A", "a_b", "a..b", "a.", &"a".repeat(254)] {
            assert!(!subdomain(bad).is_empty(), "{bad}");
        }
        assert!(qualified("example.com/My.Name_1").is_empty());
        assert_eq!(qualified("x/y/z").len(), 1);
        assert_eq!(qualified("/a"), ["prefix part must be non-empty"]);
        assert!(label_value("").is_empty() && !label_value("-1").is_empty());
        assert!(port_name("http-1").is_empty() && !port_name("8080").is_empty());
        assert!(percent("25%").is_none() && percent("x%").is_some());
        assert!(cidr("10.0.0.0/33").is_none() && cidr("::/0").is_some());
    }
}
