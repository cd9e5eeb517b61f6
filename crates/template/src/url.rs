//! URLs as Go's `net/url` reads and writes them: RFC 3986, not what browsers do.

use std::fmt;
use std::fmt::Write as _;

/// A URL in parts, unescaped.
#[derive(Clone, Debug, Default)]
pub(crate) struct Url {
    pub scheme: String,
    pub opaque: String,
    pub user: Option<User>,
    pub host: String,
    pub path: String,
    pub query: String,
    pub fragment: String,
}

/// Who a URL logs in as.
#[derive(Clone, Debug)]
pub(crate) struct User {
    name: String,
    password: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    User,
    Host,
    Zone,
    Path,
    Fragment,
}

fn must_escape(b: u8, part: Part) -> bool {
    if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~') {
        return false;
    }
    match part {
        Part::Host | Part::Zone => !matches!(
            b,
            b'!' | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
                | b':'
                | b'['
                | b']'
                | b'<'
                | b'>'
                | b'"'
        ),
        Part::User => !matches!(b, b'$' | b'&' | b'+' | b',' | b';' | b'='),
        Part::Path => !matches!(b, b'$' | b'&' | b'+' | b',' | b'/' | b':' | b';' | b'=' | b'@'),
        Part::Fragment => !matches!(
            b,
            b'$' | b'&' | b'+' | b',' | b'/' | b':' | b';' | b'=' | b'?' | b'@' | b'!' | b'(' | b')' | b'*'
        ),
    }
}

fn escape(text: &str, part: Part) -> String {
    let mut out = String::with_capacity(text.len());
    for b in text.bytes() {
        if must_escape(b, part) {
            let _ = write!(out, "%{b:02X}");
        } else {
            out.push(char::from(b));
        }
    }
    out
}

fn unescape(text: &str, part: Part) -> Result<String, String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&b) = bytes.get(at) {
        if b == b'%' {
            let hex = bytes.get(at + 1..at + 3).filter(|h| h.iter().all(u8::is_ascii_hexdigit));
            let code =
                hex.and_then(|h| std::str::from_utf8(h).ok()).and_then(|h| u8::from_str_radix(h, 16).ok());
            let shown = || String::from_utf8_lossy(&bytes[at..bytes.len().min(at + 3)]).into_owned();
            let bad = match code {
                None => true,
                Some(c) if part == Part::Host => c < 0x80 && c != b'%',
                Some(c) if part == Part::Zone => c != b'%' && c != b' ' && must_escape(c, Part::Host),
                Some(_) => false,
            };
            let Some(code) = code.filter(|_| !bad) else {
                return Err(format!("invalid URL escape {}", crate::fmt::quote(&shown())));
            };
            out.push(code);
            at += 3;
            continue;
        }
        if matches!(part, Part::Host | Part::Zone) && b < 0x80 && must_escape(b, part) {
            let shown = crate::fmt::quote(&char::from(b).to_string());
            return Err(format!("invalid character {shown} in host name"));
        }
        out.push(b);
        at += 1;
    }
    Ok(crate::value::text_of(out))
}

impl Url {
    /// Reads a URL or a reference.
    pub fn parse(raw: &str) -> Result<Self, String> {
        let (before, fragment) = raw.split_once('#').unwrap_or((raw, ""));
        let wrap = |e: String| format!("parse {}: {e}", crate::fmt::quote(raw));
        let mut url = Self::parse_reference(before).map_err(wrap)?;
        url.fragment = unescape(fragment, Part::Fragment).map_err(wrap)?;
        Ok(url)
    }

    fn parse_reference(raw: &str) -> Result<Self, String> {
        if raw.bytes().any(|b| b < b' ' || b == 0x7f) {
            return Err("net/url: invalid control character in URL".to_owned());
        }
        let mut url = Self::default();
        if raw == "*" {
            url.path = raw.to_owned();
            return Ok(url);
        }
        let (scheme, rest) = split_scheme(raw)?;
        url.scheme = scheme.to_ascii_lowercase();
        let (mut rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        url.query = query.to_owned();
        if !rest.starts_with('/') {
            if !url.scheme.is_empty() {
                url.opaque = rest.to_owned();
                return Ok(url);
            }
            if rest.split('/').next().is_some_and(|s| s.contains(':')) {
                return Err("first path segment in URL cannot contain colon".to_owned());
            }
        }
        if (!url.scheme.is_empty() || !rest.starts_with("///"))
            && let Some(after) = rest.strip_prefix("//")
        {
            let (authority, path) = after.split_at(after.find('/').unwrap_or(after.len()));
            (url.user, url.host) = parse_authority(&url.scheme, authority)?;
            rest = path;
        }
        url.path = unescape(rest, Part::Path)?;
        Ok(url)
    }

    /// Returns the host without a port and without the brackets of an IPv6 address.
    pub fn hostname(&self) -> &str {
        let host = match self.host.rfind(':') {
            Some(colon) if valid_port(&self.host[colon..]) => &self.host[..colon],
            _ => &self.host,
        };
        host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host)
    }
}

fn split_scheme(raw: &str) -> Result<(&str, &str), String> {
    for (n, b) in raw.bytes().enumerate() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if n > 0 => {}
            b':' if n == 0 => return Err("missing protocol scheme".to_owned()),
            b':' => return Ok((&raw[..n], &raw[n + 1..])),
            _ => break,
        }
    }
    Ok(("", raw))
}

fn parse_authority(scheme: &str, authority: &str) -> Result<(Option<User>, String), String> {
    let (info, host) = match authority.rsplit_once('@') {
        Some((info, host)) => (Some(info), host),
        None => (None, authority),
    };
    let host = parse_host(scheme, host)?;
    let Some(info) = info else { return Ok((None, host)) };
    let fine = |b: u8| b.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&b);
    if !info.bytes().all(fine) {
        return Err("net/url: invalid userinfo".to_owned());
    }
    let (name, password) = match info.split_once(':') {
        Some((name, password)) => (name, Some(unescape(password, Part::User)?)),
        None => (info, None),
    };
    Ok((Some(User { name: unescape(name, Part::User)?, password }), host))
}

fn valid_port(port: &str) -> bool {
    port.is_empty() || port.strip_prefix(':').is_some_and(|p| p.bytes().all(|b| b.is_ascii_digit()))
}

fn parse_host(scheme: &str, host: &str) -> Result<String, String> {
    let bad_port = |port: &str| Err(format!("invalid port {} after host", crate::fmt::quote(port)));
    match host.rfind('[') {
        Some(0) => {
            let Some(close) = host.rfind(']') else { return Err("missing ']' in host".to_owned()) };
            let port = &host[close + 1..];
            if !valid_port(port) {
                return bad_port(port);
            }
            let inner = &host[1..close];
            let name = match inner.find("%25") {
                Some(zone) => unescape(&inner[..zone], Part::Host)? + &unescape(&inner[zone..], Part::Zone)?,
                None => unescape(inner, Part::Host)?,
            };
            let (address, zone) = name.split_once('%').map_or((name.as_str(), None), |(a, z)| (a, Some(z)));
            if address.parse::<std::net::Ipv6Addr>().is_err() || zone == Some("") {
                return Err(format!(
                    "invalid host: ParseAddr({}): unable to parse IP",
                    crate::fmt::quote(&name)
                ));
            }
            return Ok(format!("[{name}]{port}"));
        }
        Some(_) => return Err("invalid IP-literal".to_owned()),
        None => {}
    }
    if let Some(first) = host.find(':') {
        // Some databases list hosts with ports in one authority; for the web that is an error.
        let colon = if matches!(scheme, "http" | "https") { first } else { host.rfind(':').unwrap_or(first) };
        if !valid_port(&host[colon..]) {
            return bad_port(&host[colon..]);
        }
    }
    unescape(host, Part::Host)
}

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escape(&self.name, Part::User))?;
        match &self.password {
            Some(password) => write!(f, ":{}", escape(password, Part::User)),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        if !self.scheme.is_empty() {
            out.push_str(&self.scheme);
            out.push(':');
        }
        if self.opaque.is_empty() {
            let authority = !self.host.is_empty() || self.user.is_some();
            if authority || !self.scheme.is_empty() && !self.path.is_empty() {
                out.push_str("//");
            }
            if let Some(user) = &self.user {
                let _ = write!(out, "{user}@");
            }
            out.push_str(&escape(&self.host, Part::Host));
            let path = if self.path == "*" { "*".to_owned() } else { escape(&self.path, Part::Path) };
            if !path.is_empty() && !path.starts_with('/') && !self.host.is_empty() {
                out.push('/');
            }
            if out.is_empty() && path.split('/').next().is_some_and(|s| s.contains(':')) {
                out.push_str("./");
            }
            out.push_str(&path);
        } else {
            out.push_str(&self.opaque);
        }
        if !self.query.is_empty() {
            out.push('?');
            out.push_str(&self.query);
        }
        if !self.fragment.is_empty() {
            out.push('#');
            out.push_str(&escape(&self.fragment, Part::Fragment));
        }
        f.write_str(&out)
    }
}
