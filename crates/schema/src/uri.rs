//! URLs as Go's `net/url` reads them.

use crate::managed::quote;

/// A URL that is absolute or a path from the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Url {
    /// In lower case; empty where there is none.
    pub scheme: String,
    /// With its port and brackets; empty where there is none.
    pub host: String,
    /// As it is written, where that is a proper way to write it.
    pub escaped_path: String,
    /// What follows the question mark.
    pub query: String,
    /// What follows the hash sign.
    fragment: String,
    /// What follows the scheme where that is no path.
    opaque: String,
    user: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Path,
    Host,
    Query,
    Other,
}

impl Url {
    /// Reads a URL as `url.ParseRequestURI`, and then as `url.Parse` to tell the fragment apart.
    ///
    /// # Errors
    /// What Go says: `parse "x": invalid URI for request`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let refused = |why: String| format!("parse {}: {why}", quote(text));
        read(text, true).map_err(refused)?;
        let (rest, fragment) = text.split_once('#').unwrap_or((text, ""));
        unescape(fragment, Part::Other).map_err(refused)?;
        // Where only a fragment made it absolute, nothing is left.
        let url = read(rest, false).map_err(refused)?;
        Ok(Self { fragment: fragment.to_owned(), ..url })
    }

    /// Whether `url.ParseRequestURI` reads a text.
    pub fn is_valid(text: &str) -> bool {
        read(text, true).is_ok()
    }

    /// Returns why `url.ParseRequestURI` does not read a text.
    pub fn fault(text: &str) -> Option<String> {
        read(text, true).err().map(|why| format!("parse {}: {why}", quote(text)))
    }

    /// Returns the host without its port and brackets.
    pub fn hostname(&self) -> &str {
        split_port(&self.host).0
    }

    /// Returns the port; empty where there is none.
    pub fn port(&self) -> &str {
        split_port(&self.host).1
    }

    /// Returns the pairs of the query, unescaped, in order; what cannot be read is left out.
    pub fn pairs(&self) -> Vec<(String, String)> {
        let parts = self.query.split('&').filter(|p| !p.is_empty() && !p.contains(';'));
        let pair = |part: &str| {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            Some((unescape(key, Part::Query).ok()?, unescape(value, Part::Query).ok()?))
        };
        parts.filter_map(pair).collect()
    }
}

fn split_port(host: &str) -> (&str, &str) {
    let (name, port) = match host.rfind(':') {
        Some(at) if host[at + 1..].bytes().all(|b| b.is_ascii_digit()) => (&host[..at], &host[at + 1..]),
        _ => (host, ""),
    };
    match name.strip_prefix('[').and_then(|n| n.strip_suffix(']')) {
        Some(bare) => (bare, port),
        None => (name, port),
    }
}

fn read(text: &str, request: bool) -> Result<Url, String> {
    if text.bytes().any(|b| b < 0x20 || b == 0x7f) {
        return Err("net/url: invalid control character in URL".to_owned());
    }
    if text.is_empty() && request {
        return Err("empty url".to_owned());
    }
    if text == "*" {
        return Ok(Url { escaped_path: "*".to_owned(), ..Url::default() });
    }
    let (scheme, rest) = split_scheme(text)?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut url = Url { scheme: scheme.to_ascii_lowercase(), query: query.to_owned(), ..Url::default() };
    if !rest.starts_with('/') {
        if !scheme.is_empty() {
            url.opaque = rest.to_owned();
            return Ok(url);
        }
        if request {
            return Err("invalid URI for request".to_owned());
        }
        if rest.split('/').next().is_some_and(|first| first.contains(':')) {
            return Err("first path segment in URL cannot contain colon".to_owned());
        }
    }
    let mut path = rest;
    if (!scheme.is_empty() || (!request && !rest.starts_with("///")))
        && let Some(behind) = rest.strip_prefix("//")
    {
        let (authority, after) = behind.split_at(behind.find('/').unwrap_or(behind.len()));
        path = after;
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (user, host),
            None => ("", authority),
        };
        url.host = read_host(host)?;
        let known = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
        if !user.chars().all(known) {
            return Err("net/url: invalid userinfo".to_owned());
        }
        for part in user.splitn(2, ':') {
            unescape(part, Part::Other)?;
        }
        user.clone_into(&mut url.user);
    }
    let plain = unescape(path, Part::Path)?;
    url.escaped_path = if is_escaped(path) { path.to_owned() } else { escape(&plain) };
    Ok(url)
}

fn split_scheme(text: &str) -> Result<(&str, &str), String> {
    for (at, c) in text.char_indices() {
        match c {
            'a'..='z' | 'A'..='Z' => {}
            '0'..='9' | '+' | '-' | '.' if at > 0 => {}
            ':' if at == 0 => return Err("missing protocol scheme".to_owned()),
            ':' => return Ok((&text[..at], &text[at + 1..])),
            _ => return Ok(("", text)),
        }
    }
    Ok(("", text))
}

fn read_host(host: &str) -> Result<String, String> {
    let behind = if host.starts_with('[') {
        let Some(end) = host.rfind(']') else { return Err("missing ']' in host".to_owned()) };
        &host[end + 1..]
    } else {
        &host[host.find(':').unwrap_or(host.len())..]
    };
    let port = behind.strip_prefix(':').is_some_and(|p| p.bytes().all(|b| b.is_ascii_digit()));
    if !behind.is_empty() && !port {
        return Err(format!("invalid port {} after host", quote(behind)));
    }
    unescape(host, Part::Host)
}

fn unescape(text: &str, part: Part) -> Result<String, String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&b) = bytes.get(at) {
        match b {
            b'%' => {
                let hex = text.get(at + 1..at + 3).filter(|h| h.bytes().all(|b| b.is_ascii_hexdigit()));
                let Some(code) = hex.and_then(|h| u8::from_str_radix(h, 16).ok()) else {
                    let end = (at + 3).min(text.len());
                    let shown = text.get(at..end).unwrap_or("%");
                    return Err(format!("invalid URL escape {}", quote(shown)));
                };
                if part == Part::Host && code < 0x80 && code != b'%' {
                    let shown = text.get(at..at + 3).unwrap_or("%");
                    return Err(format!("invalid URL escape {}", quote(shown)));
                }
                out.push(code);
                at += 2;
            }
            b'+' if part == Part::Query => out.push(b' '),
            b if part == Part::Host && b < 0x80 && !is_host_byte(b) => {
                return Err(format!("invalid character {} in host name", quote(&char::from(b).to_string())));
            }
            b => out.push(b),
        }
        at += 1;
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

fn is_host_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"".contains(&b)
}

fn is_escaped(path: &str) -> bool {
    path.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:@[]%/".contains(&b))
}

fn escape(path: &str) -> String {
    path.bytes().fold(String::new(), |mut out, b| {
        if b.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@".contains(&b) {
            out.push(char::from(b));
        } else {
            out.push_str(&format!("%{b:02X}"));
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_as_go_reads_them() {
        for good in [
            "https://user:pass@example.com:80/path?query=val#fragment",
            "/absolute-path",
            "*",
            "https://[::1]:80/",
            "mailto:a@b",
            "http://a.b/%20",
            "https://example.com/path with spaces/",
        ] {
            assert_eq!(Url::fault(good), None, "{good}");
        }
        for (bad, why) in [
            ("https://a:b:c/", "invalid port \":b:c\" after host"),
            ("../relative-path", "invalid URI for request"),
            ("", "empty url"),
            (":a", "missing protocol scheme"),
            ("http://[::1/", "missing ']' in host"),
            ("http://a b/", "invalid character \" \" in host name"),
            ("/%zz", "invalid URL escape \"%zz\""),
        ] {
            assert_eq!(Url::fault(bad), Some(format!("parse {}: {why}", quote(bad))));
        }
    }
}
