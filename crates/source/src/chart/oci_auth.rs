use super::download::{late, read_body};
use crate::http::{HttpContext, request_error, status_error};
use crate::{Credentials, SourceError};
use reqwest::header::HeaderValue;
use serde::Deserialize;
use url::Url;

/// Largest answer of a token service, bytes.
const TOKEN_BYTES_MAX: u64 = 1 << 20;

/// What a registry asks for in `WWW-Authenticate`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    Basic,
    Bearer { realm: String, service: String, scope: String },
}

#[derive(Deserialize)]
struct TokenAnswer {
    #[serde(default)]
    token: String,
    #[serde(default)]
    access_token: String,
}

/// Reads a challenge; nothing for a scheme that is not known.
pub(super) fn parse_challenge(header: &str) -> Option<Challenge> {
    let (scheme, rest) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
    if scheme.eq_ignore_ascii_case("basic") {
        return Some(Challenge::Basic);
    }
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let mut found = [String::new(), String::new(), String::new()];
    let mut rest = rest.trim_start();
    while let Some((key, after)) = rest.split_once('=') {
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_once(',').unwrap_or((after, "")),
        };
        let names = ["realm", "service", "scope"];
        if let Some(at) = names.iter().position(|name| key.trim().eq_ignore_ascii_case(name)) {
            value.clone_into(&mut found[at]);
        }
        rest = after.trim_start_matches([',', ' ']);
    }
    let [realm, service, scope] = found;
    (!realm.is_empty()).then_some(Challenge::Bearer { realm, service, scope })
}

/// Answers a challenge with an `Authorization` header.
pub(super) async fn answer(
    http: &HttpContext,
    registry: &Url,
    credentials: Option<&Credentials>,
    challenge: &Challenge,
) -> Result<Option<HeaderValue>, SourceError> {
    let Challenge::Bearer { realm, service, scope } = challenge else {
        return http.login(registry, credentials).await;
    };
    let wrong = |why: &str| SourceError::invalid(format!("token service {realm:?} of the registry: {why}"));
    let mut url = Url::parse(realm).map_err(|e| wrong(&e.to_string()))?;
    // A password must not go out in the open because an answer says so.
    if url.scheme() != "https" && url.scheme() != registry.scheme() {
        return Err(wrong("use https"));
    }
    for (key, value) in [("service", service), ("scope", scope)] {
        if !value.is_empty() {
            url.query_pairs_mut().append_pair(key, value);
        }
    }
    let mut request = http.clients.client(&url, credentials, &*http.lookup)?.get(url.clone());
    if let Some(login) = http.login(registry, credentials).await? {
        request = request.header(reqwest::header::AUTHORIZATION, login);
    }
    let response = tokio::time::timeout(http.request_timeout, request.send())
        .await
        .map_err(|_| late(&url))?
        .map_err(|e| request_error(&url, &e))?;
    if !response.status().is_success() {
        return Err(status_error(&url, response.status()));
    }
    let bytes = read_body(response, &url, TOKEN_BYTES_MAX).await?;
    // The parser's words could show parts of a token.
    let tokens: TokenAnswer =
        serde_json::from_slice(&bytes).map_err(|_| wrong("an answer of another form"))?;
    let token = if tokens.token.is_empty() { tokens.access_token } else { tokens.token };
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| wrong("not a token"))?;
    value.set_sensitive(true);
    Ok(Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read() {
        let text = r#"Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull""#;
        let expected = Challenge::Bearer {
            realm: "https://auth.example/token".to_owned(),
            service: "registry.example".to_owned(),
            scope: "repository:a/b:pull".to_owned(),
        };
        assert_eq!(parse_challenge(text), Some(expected));
        assert_eq!(parse_challenge("Basic realm=\"x\""), Some(Challenge::Basic));
        assert_eq!(parse_challenge("Negotiate"), None);
        assert_eq!(parse_challenge("Bearer service=x"), None);
        assert_eq!(parse_challenge("Bearer realm=\"x"), None);
    }
}
