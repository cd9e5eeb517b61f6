//! IP addresses and networks (apiserver `pkg/cel/library/ip.go` and `cidr.go`): no zones, no IPv4 inside IPv6.

use super::{failed, value_type};
use crate::address::network;
use crate::managed::quote;
use cel::common::traits::Sizer;
use cel::common::types::{CelBool, CelInt, CelString};
use cel::{DeclarationError, Env, ExecutionError, add_member_overload, add_overload};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ip(IpAddr);

/// A network, with whatever bits its address has behind the prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cidr {
    address: IpAddr,
    bits: u8,
}

value_type!(Ip, "net.IP", sized);
value_type!(Cidr, "net.CIDR", sized);

impl Sizer for Ip {
    /// Bytes.
    fn size(&self) -> CelInt {
        if self.0.is_ipv4() { 4.into() } else { 16.into() }
    }
}

impl Sizer for Cidr {
    /// Bytes of the prefix.
    fn size(&self) -> CelInt {
        i64::from(self.bits.div_ceil(8)).into()
    }
}

fn parse(text: &str) -> Result<Ip, String> {
    let address: IpAddr = text.parse().map_err(|_| {
        let shown = quote(text);
        if text.contains('%') && text.split('%').next().is_some_and(|a| a.parse::<Ipv6Addr>().is_ok()) {
            return format!("IP address {shown} with zone value is not allowed");
        }
        format!(
            "IP Address {shown} parse error during conversion from string: ParseAddr({shown}): unable to parse IP"
        )
    })?;
    match address {
        IpAddr::V6(six) if six.to_ipv4_mapped().is_some() => {
            Err(format!("IPv4-mapped IPv6 address {} is not allowed", quote(text)))
        }
        address => Ok(Ip(address)),
    }
}

fn parse_network(text: &str) -> Result<Cidr, String> {
    let refused = |why: &str| {
        format!(
            "network address parse error during conversion from string: netip.ParsePrefix({}): {why}",
            quote(text)
        )
    };
    let (address, bits) = text.rsplit_once('/').ok_or_else(|| refused("no '/'"))?;
    let plain = !bits.is_empty()
        && bits.bytes().all(|b| b.is_ascii_digit())
        && (bits.len() == 1 || !bits.starts_with('0'));
    let length = bits.parse::<u8>().ok().filter(|_| plain);
    let length = length.ok_or_else(|| refused(&format!("bad bits after slash: {}", quote(bits))))?;
    let address: IpAddr = address
        .parse()
        .map_err(|_| refused(&format!("ParseAddr({}): unable to parse IP", quote(address))))?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    if length > most {
        return Err(refused("prefix length out of range"));
    }
    match address {
        IpAddr::V6(six) if six.to_ipv4_mapped().is_some() => {
            Err(format!("IPv4-mapped IPv6 address {} is not allowed", quote(text)))
        }
        address => Ok(Cidr { address, bits: length }),
    }
}

impl Cidr {
    fn network(self) -> IpAddr {
        network(self.address, u32::from(self.bits))
    }

    fn contains(self, address: IpAddr) -> bool {
        address.is_ipv4() == self.address.is_ipv4() && Cidr { address, ..self }.network() == self.network()
    }
}

fn ip(text: &CelString<'_>) -> Result<Ip, ExecutionError> {
    parse(text.inner()).or_else(|why| failed("ip", why))
}

fn is_ip(text: &CelString<'_>) -> CelBool {
    parse(text.inner()).is_ok().into()
}

fn is_canonical(text: &CelString<'_>) -> Result<CelBool, ExecutionError> {
    let Ip(address) = parse(text.inner()).or_else(|why| failed("ip.isCanonical", why))?;
    Ok((address.to_string() == text.inner()).into())
}

fn ip_string<'v>(ip: &Ip) -> CelString<'v> {
    ip.0.to_string().into()
}

fn family(ip: &Ip) -> CelInt {
    if ip.0.is_ipv4() { 4.into() } else { 6.into() }
}

fn is_unspecified(ip: &Ip) -> CelBool {
    ip.0.is_unspecified().into()
}

fn is_loopback(ip: &Ip) -> CelBool {
    ip.0.is_loopback().into()
}

fn link_local_multicast(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(four) => four.octets().starts_with(&[224, 0, 0]),
        IpAddr::V6(six) => six.segments()[0] & 0xff0f == 0xff02,
    }
}

fn link_local_unicast(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(four) => four.is_link_local(),
        IpAddr::V6(six) => six.segments()[0] & 0xffc0 == 0xfe80,
    }
}

fn is_link_local_multicast(ip: &Ip) -> CelBool {
    link_local_multicast(ip.0).into()
}

fn is_link_local_unicast(ip: &Ip) -> CelBool {
    link_local_unicast(ip.0).into()
}

fn is_global_unicast(Ip(ip): &Ip) -> CelBool {
    let special = ip.is_unspecified() || ip.is_loopback() || ip.is_multicast() || link_local_unicast(*ip);
    (!special && *ip != IpAddr::V4(Ipv4Addr::BROADCAST)).into()
}

fn cidr(text: &CelString<'_>) -> Result<Cidr, ExecutionError> {
    let why = |why: String| {
        failed("cidr", format!("network address parse error during conversion from string: {why}"))
    };
    parse_network(text.inner()).or_else(why)
}

fn is_cidr(text: &CelString<'_>) -> CelBool {
    parse_network(text.inner()).is_ok().into()
}

fn cidr_string<'v>(cidr: &Cidr) -> CelString<'v> {
    format!("{}/{}", cidr.address, cidr.bits).into()
}

fn contains_ip(cidr: &Cidr, ip: &Ip) -> CelBool {
    cidr.contains(ip.0).into()
}

fn contains_ip_text(cidr: &Cidr, text: &CelString<'_>) -> Result<CelBool, ExecutionError> {
    Ok(contains_ip(cidr, &ip(text)?))
}

fn contains_cidr(cidr: &Cidr, inner: &Cidr) -> CelBool {
    (cidr.bits <= inner.bits && cidr.contains(inner.address)).into()
}

fn contains_cidr_text(cidr: &Cidr, text: &CelString<'_>) -> Result<CelBool, ExecutionError> {
    Ok(contains_cidr(cidr, &self::cidr(text)?))
}

fn cidr_ip(cidr: &Cidr) -> Ip {
    Ip(cidr.address)
}

fn prefix_length(cidr: &Cidr) -> CelInt {
    i64::from(cidr.bits).into()
}

fn masked(cidr: &Cidr) -> Cidr {
    Cidr { address: cidr.network(), ..*cidr }
}

pub(super) fn extend(env: &mut Env) -> Result<(), DeclarationError> {
    add_overload!(env, fn ip: (CelString<'_>) -> Result<Ip>)?;
    add_overload!(env, fn is_ip: (CelString<'_>) -> CelBool, name = "isIP")?;
    add_overload!(env, fn is_canonical: (CelString<'_>) -> Result<CelBool>, name = "ip.isCanonical")?;
    add_overload!(env, fn ip_string: (Ip) -> CelString<'_>, name = "string")?;
    add_member_overload!(env, fn family: (Ip) -> CelInt)?;
    add_member_overload!(env, fn is_unspecified: (Ip) -> CelBool)?;
    add_member_overload!(env, fn is_loopback: (Ip) -> CelBool)?;
    add_member_overload!(env, fn is_link_local_multicast: (Ip) -> CelBool)?;
    add_member_overload!(env, fn is_link_local_unicast: (Ip) -> CelBool)?;
    add_member_overload!(env, fn is_global_unicast: (Ip) -> CelBool)?;
    add_overload!(env, fn cidr: (CelString<'_>) -> Result<Cidr>)?;
    add_overload!(env, fn is_cidr: (CelString<'_>) -> CelBool, name = "isCIDR")?;
    add_overload!(env, fn cidr_string: (Cidr) -> CelString<'_>, name = "string")?;
    add_member_overload!(env, fn contains_ip: (Cidr, Ip) -> CelBool, name = "containsIP")?;
    add_member_overload!(env, fn contains_ip_text: (Cidr, CelString<'_>) -> Result<CelBool>, name = "containsIP")?;
    add_member_overload!(env, fn contains_cidr: (Cidr, Cidr) -> CelBool, name = "containsCIDR")?;
    add_member_overload!(env, fn contains_cidr_text: (Cidr, CelString<'_>) -> Result<CelBool>, name = "containsCIDR")?;
    add_member_overload!(env, fn cidr_ip: (Cidr) -> Ip, name = "ip")?;
    add_member_overload!(env, fn prefix_length: (Cidr) -> CelInt)?;
    add_member_overload!(env, fn masked: (Cidr) -> Cidr)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{hold, of};

    #[test]
    fn addresses() {
        hold(&[
            "isIP('127.0.0.1') && isIP('::1') && !isIP('127.0.0.256') && !isIP(':::1') && !isIP('127.0.0.01')",
            "!isIP('::ffff:1.2.3.4') && !isIP('fe80::1%eth0')",
            "ip('127.0.0.1').family() == 4 && ip('::1').family() == 6",
            "ip.isCanonical('2001:db8::abcd') && !ip.isCanonical('2001:DB8::ABCD')",
            "ip('224.0.0.1').isLinkLocalMulticast() && !ip('224.0.1.1').isLinkLocalMulticast()",
            "ip('ff02::1').isLinkLocalMulticast() && !ip('fd00::1').isLinkLocalMulticast()",
            "ip('169.254.169.254').isLinkLocalUnicast() && ip('fe80::1').isLinkLocalUnicast()",
            "ip('192.168.0.1').isGlobalUnicast() && !ip('255.255.255.255').isGlobalUnicast()",
            "!ip('ff00::1').isGlobalUnicast() && ip('0.0.0.0').isUnspecified() && ip('127.9.0.1').isLoopback()",
            "string(ip('2001:DB8::0')) == '2001:db8::' && ip('1.2.3.4') == ip('1.2.3.4')",
        ]);
        assert!(of("ip('x')").is_err());
    }

    #[test]
    fn networks() {
        hold(&[
            "isCIDR('192.168.0.0/16') && isCIDR('::1/128') && !isCIDR('192.168.0.0/33') && !isCIDR('10.0.0.0/08')",
            "cidr('192.168.0.0/24').containsIP(ip('192.168.0.1'))",
            "!cidr('192.168.0.0/24').containsIP('192.168.1.1') && !cidr('0.0.0.0/0').containsIP('::1')",
            "cidr('192.168.0.0/16').containsCIDR(cidr('192.168.10.0/24'))",
            "!cidr('192.168.1.0/24').containsCIDR('192.168.0.0/16')",
            "cidr('192.168.0.1/24').ip() == ip('192.168.0.1') && cidr('::1/128').prefixLength() == 128",
            "cidr('192.168.0.1/24').masked() == cidr('192.168.0.0/24')",
            "cidr('192.168.0.1/24') != cidr('192.168.0.1/24').masked()",
            "string(cidr('10.0.0.1/8').masked()) == '10.0.0.0/8'",
        ]);
    }
}
