//! What a path names, as apiserver's `RequestInfoFactory` reads it.

use fairway_value::Str;

/// A path under `/api` or `/apis` that names a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) group: Str,
    pub(crate) version: Str,
    /// Empty where the path names none.
    pub(crate) namespace: Str,
    pub(crate) plural: Str,
    /// Empty for collections.
    pub(crate) name: Str,
    pub(crate) subresource: Str,
    /// What comes after the subresource.
    pub(crate) rest: Str,
    /// The deprecated `/watch/` prefix.
    pub(crate) watch_prefix: bool,
}

/// Reads a path. Nothing where it names no resource of a version.
pub(crate) fn parse(path: &str) -> Option<Target> {
    // Decoded before it is split, as Go's `URL.Path` is: an encoded slash is a slash.
    let path = decode(path);
    let mut parts = path.trim_matches('/').split('/').map(Str::from);
    let mut target = Target::default();
    match parts.next()?.as_str() {
        "api" => {}
        "apis" => target.group = parts.next()?,
        _ => return None,
    }
    target.version = parts.next().filter(|v| !v.is_empty())?;
    let mut rest: Vec<Str> = parts.collect();
    if rest.first().is_some_and(|p| p == "watch") && rest.len() > 1 {
        target.watch_prefix = true;
        rest.remove(0);
    }
    if rest.is_empty() {
        return None;
    }
    // `namespaces/NS/RESOURCE…` is inside a namespace; `namespaces/NS`, `…/status` and `…/finalize` are of the namespace.
    let inside = rest[0] == "namespaces"
        && rest.len() > 2
        && !(target.group.is_empty() && rest.len() == 3 && matches!(rest[2].as_str(), "status" | "finalize"));
    if inside {
        target.namespace = rest[1].clone();
        rest.drain(..2);
    } else if rest[0] == "namespaces" && rest.len() > 1 && target.group.is_empty() {
        target.namespace = rest[1].clone();
    }
    let mut rest = rest.into_iter();
    target.plural = rest.next()?;
    target.name = rest.next().unwrap_or_default();
    target.subresource = rest.next().unwrap_or_default();
    target.rest = rest.collect::<Vec<_>>().join("/").into();
    Some(target)
}

/// Undoes percent-encoding of one path part or query word.
pub(crate) fn decode(text: &str) -> Str {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .and_then(|h| u8::from_str_radix(h, 16).ok());
        match hex {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned().into()
}

/// Splits a query into decoded pairs.
pub(crate) fn query(text: &str) -> Vec<(Str, Str)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(&key.replace('+', " ")), decode(&value.replace('+', " ")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, expect: [&str; 6]) {
        let t = parse(path).unwrap();
        assert_eq!(
            [&t.group, &t.version, &t.namespace, &t.plural, &t.name, &t.subresource].map(Str::as_str),
            expect
        );
    }

    #[test]
    fn paths_name_what_they_name_in_kubernetes() {
        check("/api/v1/namespaces/a/pods/p/log", ["", "v1", "a", "pods", "p", "log"]);
        check("/api/v1/namespaces/a", ["", "v1", "a", "namespaces", "a", ""]);
        check("/api/v1/namespaces/a/status", ["", "v1", "a", "namespaces", "a", "status"]);
        check("/apis/apps/v1/deployments", ["apps", "v1", "", "deployments", "", ""]);
        check("/apis/x.io/v1/namespaces/n/status", ["x.io", "v1", "n", "status", "", ""]);
        check("/api/v1/namespaces/n/events/a%2Fb", ["", "v1", "n", "events", "a", "b"]);
        assert!(parse("/apis/apps/v1").is_none());
        assert!(parse("/api/v1/watch/pods").unwrap().watch_prefix);
    }

    #[test]
    fn queries_are_decoded() {
        assert_eq!(query("a=b%3Dc&d+e=%zz"), [("a".into(), "b=c".into()), ("d e".into(), "%zz".into())]);
    }
}
