//! URLs (apiserver `pkg/cel/library/urls.go`).

use super::{failed, value_type};
use crate::uri;
use cel::common::types::{CelBool, CelList, CelMap, CelMapKey, CelString};
use cel::common::value::Val;
use cel::{DeclarationError, Env, ExecutionError, add_member_overload, add_overload};
use std::collections::{BTreeMap, HashMap};

#[derive(Clone, Debug, PartialEq, Eq)]
struct Url(uri::Url);

value_type!(Url, "kubernetes.URL");

fn url(text: &CelString<'_>) -> Result<Url, ExecutionError> {
    uri::Url::parse(text.inner())
        .map(Url)
        .or_else(|why| failed("url", format!("URL parse error during conversion from string: {why}")))
}

fn is_url(text: &CelString<'_>) -> CelBool {
    uri::Url::is_valid(text.inner()).into()
}

fn get_scheme<'v>(url: &Url) -> CelString<'v> {
    url.0.scheme.clone().into()
}

fn get_host<'v>(url: &Url) -> CelString<'v> {
    url.0.host.clone().into()
}

fn get_hostname<'v>(url: &Url) -> CelString<'v> {
    url.0.hostname().to_owned().into()
}

fn get_port<'v>(url: &Url) -> CelString<'v> {
    url.0.port().to_owned().into()
}

fn get_escaped_path<'v>(url: &Url) -> CelString<'v> {
    url.0.escaped_path.clone().into()
}

fn get_query<'v>(url: &Url) -> CelMap<'v> {
    let mut all: BTreeMap<String, Vec<Box<dyn Val + 'v>>> = BTreeMap::new();
    for (key, value) in url.0.pairs() {
        all.entry(key).or_default().push(Box::new(CelString::from(value)));
    }
    let list = |(key, values): (String, Vec<Box<dyn Val + 'v>>)| -> (CelMapKey<'v>, Box<dyn Val + 'v>) {
        (CelMapKey::from(key), Box::new(CelList::from(values)))
    };
    CelMap::from(all.into_iter().map(list).collect::<HashMap<_, _>>())
}

pub(super) fn extend(env: &mut Env) -> Result<(), DeclarationError> {
    add_overload!(env, fn url: (CelString<'_>) -> Result<Url>)?;
    add_overload!(env, fn is_url: (CelString<'_>) -> CelBool, name = "isURL")?;
    add_member_overload!(env, fn get_scheme: (Url) -> CelString<'_>)?;
    add_member_overload!(env, fn get_host: (Url) -> CelString<'_>)?;
    add_member_overload!(env, fn get_hostname: (Url) -> CelString<'_>)?;
    add_member_overload!(env, fn get_port: (Url) -> CelString<'_>)?;
    add_member_overload!(env, fn get_escaped_path: (Url) -> CelString<'_>)?;
    add_member_overload!(env, fn get_query: (Url) -> CelMap<'_>)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{hold, of};

    #[test]
    fn the_parts_of_urls() {
        hold(&[
            "isURL('https://user:pass@example.com:80/path?query=val#fragment') && isURL('/absolute-path')",
            "!isURL('https://a:b:c/') && !isURL('../relative-path')",
            "url('/path').getScheme() == '' && url('HTTPS://example.com/').getScheme() == 'https'",
            "url('https://example.com:80/').getHost() == 'example.com:80' && url('/path').getHost() == ''",
            "url('https://[::1]:80/').getHostname() == '::1' && url('https://[::1]/').getHost() == '[::1]'",
            "url('https://example.com:80/').getPort() == '80' && url('https://example.com/').getPort() == ''",
            "url('https://example.com/path with spaces/').getEscapedPath() == '/path%20with%20spaces/'",
            "url('https://example.com').getEscapedPath() == '' && url('https://a/b#c').getEscapedPath() == '/b'",
            "url('https://example.com/path?k1=a&k2=b&k2=c').getQuery() == {'k1': ['a'], 'k2': ['b', 'c']}",
            "url('https://example.com/?key with spaces=value%20x').getQuery() == {'key with spaces': ['value x']}",
            "url('https://example.com/path').getQuery() == {}",
        ]);
        assert!(of("url('x')").is_err());
    }
}
