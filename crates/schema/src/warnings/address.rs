//! Addresses that are taken as they are, but should be written otherwise.
//!
//! Source: apimachinery 0.36 `util/validation/ip.go`.

use crate::address::network;
use crate::managed::quote;
use std::net::{IpAddr, Ipv4Addr};

/// Reads an address as the server does, which lets the numbers of an IPv4 address start with zeros.
fn sloppy(text: &str) -> Option<IpAddr> {
    if let Ok(ip) = text.parse() {
        return Some(ip);
    }
    let mut parts = [0_u8; 4];
    let mut given = text.split('.');
    for part in &mut parts {
        let digits = given.next()?;
        let plain = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.is_empty() && digits.len() < 16;
        *part = digits.parse().ok().filter(|_| plain)?;
    }
    given.next().is_none().then(|| IpAddr::V4(Ipv4Addr::from(parts)))
}

fn mapped(ip: IpAddr) -> Option<Ipv4Addr> {
    match ip {
        IpAddr::V6(v6) => v6.to_ipv4_mapped(),
        IpAddr::V4(_) => None,
    }
}

/// Warns of one address.
pub(super) fn ip(field: &str, value: &str, out: &mut Vec<String>) {
    let Some(read) = sloppy(value) else { return };
    let strict: Option<IpAddr> = value.parse().ok();
    let given = quote(value);
    if strict.is_none() || mapped(read).is_some() {
        let better = mapped(read).map_or_else(|| read.to_string(), |v4| v4.to_string());
        out.push(format!("{field}: non-standard IP address {given} is invalid: use {}", quote(&better)));
    } else if read.is_ipv6() && read.to_string() != value {
        let better = quote(&read.to_string());
        out.push(format!("{field}: IPv6 address {given} should be in RFC 5952 canonical format ({better})"));
    }
}

/// Warns of one range of addresses.
pub(super) fn cidr(field: &str, value: &str, out: &mut Vec<String>) {
    let Some((address, length)) = value.split_once('/') else { return };
    let (Some(ip), Ok(bits)) = (sloppy(address), length.parse::<u32>()) else { return };
    let all = if ip.is_ipv4() { 32 } else { 128 };
    if bits > all {
        return;
    }
    let before = out.len();
    let net = network(ip, bits);
    let given = quote(value);
    let range = quote(&format!("{net}/{bits}"));
    if net != ip {
        let single = quote(&format!("{ip}/{all}"));
        out.push(format!(
            "{field}: CIDR value {given} is ambiguous in this context (should be {range} or {single}?)"
        ));
    }
    if address.parse::<IpAddr>().is_err() || mapped(ip).is_some() {
        out.push(format!("{field}: non-standard CIDR value {given} is invalid: use {range}"));
    }
    if out.len() == before && ip.is_ipv6() && format!("{ip}/{bits}") != value {
        out.push(format!(
            "{field}: IPv6 CIDR value {given} should be in RFC 5952 canonical format ({range})"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_should_be_written_otherwise_is_warned_of() {
        let ip = |text: &str| {
            let mut out = Vec::new();
            ip("f", text, &mut out);
            out
        };
        assert!(ip("10.0.0.1").is_empty() && ip("fd00::1").is_empty());
        assert_eq!(
            ip("10.0.0.01"),
            ["f: non-standard IP address \"10.0.0.01\" is invalid: use \"10.0.0.1\""]
        );
        assert_eq!(
            ip("FD00::1"),
            ["f: IPv6 address \"FD00::1\" should be in RFC 5952 canonical format (\"fd00::1\")"]
        );
        let mut out = Vec::new();
        cidr("f", "10.0.0.1/8", &mut out);
        assert_eq!(
            out,
            [
                "f: CIDR value \"10.0.0.1/8\" is ambiguous in this context (should be \"10.0.0.0/8\" or \"10.0.0.1/32\"?)"
            ]
        );
    }
}
