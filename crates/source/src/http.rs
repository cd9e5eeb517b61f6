use crate::tokens::Tokens;
use crate::{CredentialLookup, Credentials, SourceError, SourceErrorKind};
use base64::Engine as _;
use reqwest::header::HeaderValue;
use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use url::Url;

/// Clients kept: one for each set of TLS and proxy settings. Most installations have a handful.
const CLIENTS_MAX: usize = 256;
/// Longest wait for a connection: a host that is up answers within one retransmission or two.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest silence in the middle of an answer. A server that packs a large repository sends progress meanwhile.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// Most redirects followed, as Git's and Go's habit of a few for renamed repositories, not the browser's 20.
const REDIRECTS_MAX: usize = 5;

/// Where an answer may send a request on to.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Redirects {
    Anywhere,
    SameOrigin,
}

/// HTTP clients by their TLS and proxy settings.
#[derive(Default)]
pub(crate) struct HttpClients {
    clients: Mutex<HashMap<u64, reqwest::Client>>,
}

impl HttpClients {
    /// Returns a client that trusts, proves and proxies as the credentials say.
    pub fn client(
        &self,
        url: &Url,
        credentials: Option<&Credentials>,
        lookup: &dyn CredentialLookup,
    ) -> Result<reqwest::Client, SourceError> {
        self.client_for(url, credentials, lookup, Redirects::Anywhere)
    }

    /// Returns a client that is redirected within a host only: for requests with secrets where redirects keep them, in
    /// a body or in headers that are not `Authorization`.
    pub fn client_that_stays(
        &self,
        url: &Url,
        credentials: Option<&Credentials>,
        lookup: &dyn CredentialLookup,
    ) -> Result<reqwest::Client, SourceError> {
        self.client_for(url, credentials, lookup, Redirects::SameOrigin)
    }

    fn client_for(
        &self,
        url: &Url,
        credentials: Option<&Credentials>,
        lookup: &dyn CredentialLookup,
        redirects: Redirects,
    ) -> Result<reqwest::Client, SourceError> {
        let ca = lookup.ca_certificates(host_of(url));
        let key = settings_key(credentials, ca.as_deref(), redirects);
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&key) {
            return Ok(client.clone());
        }
        let client = build(credentials, ca.as_deref(), redirects)?;
        if clients.len() >= CLIENTS_MAX {
            clients.clear();
        }
        clients.insert(key, client.clone());
        Ok(client)
    }
}

pub(crate) fn host_of(url: &Url) -> &str {
    url.host_str().unwrap_or_default()
}

fn settings_key(credentials: Option<&Credentials>, ca: Option<&str>, redirects: Redirects) -> u64 {
    let mut hasher = DefaultHasher::new();
    (ca, redirects).hash(&mut hasher);
    if let Some(c) = credentials {
        (c.insecure, &c.tls_client_cert, c.tls_client_key.expose(), &c.proxy, &c.no_proxy).hash(&mut hasher);
    }
    hasher.finish()
}

fn build(
    credentials: Option<&Credentials>,
    ca: Option<&str>,
    redirects: Redirects,
) -> Result<reqwest::Client, SourceError> {
    let wrong = |what: &str, e: reqwest::Error| SourceError::invalid(format!("{what}: {}", chain(&e)));
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("fairway/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .redirect(reqwest::redirect::Policy::custom(move |attempt| redirect(attempt, redirects)));
    if let Some(ca) = ca {
        let certificates = reqwest::Certificate::from_pem_bundle(ca.as_bytes())
            .map_err(|e| wrong("CA certificates of the repository", e))?;
        builder = builder.tls_certs_merge(certificates);
    }
    if let Some(c) = credentials {
        builder = builder.tls_danger_accept_invalid_certs(c.insecure);
        if !c.tls_client_cert.is_empty() {
            let pem = format!("{}\n{}", c.tls_client_cert, c.tls_client_key.expose());
            let identity = reqwest::Identity::from_pem(pem.as_bytes())
                .map_err(|e| wrong("TLS client certificate of the repository", e))?;
            builder = builder.identity(identity);
        }
        if !c.proxy.is_empty() {
            let proxy = reqwest::Proxy::all(&c.proxy).map_err(|e| wrong("proxy of the repository", e))?;
            builder = builder.proxy(proxy.no_proxy(reqwest::NoProxy::from_string(&c.no_proxy)));
        }
    }
    builder.build().map_err(|e| wrong("HTTP client", e))
}

/// Follows a few redirects, but never from https to http: what is read would lose its protection unseen.
fn redirect(attempt: reqwest::redirect::Attempt<'_>, redirects: Redirects) -> reqwest::redirect::Action {
    let leaves = attempt.previous().iter().any(|previous| !same_origin(previous, attempt.url()));
    if leaves && redirects == Redirects::SameOrigin {
        return attempt.error("redirected to another host");
    }
    let downgrade = attempt.url().scheme() == "http"
        && attempt.previous().last().is_some_and(|previous| previous.scheme() == "https");
    if downgrade {
        return attempt.error("redirected from https to http");
    }
    if attempt.previous().len() > REDIRECTS_MAX {
        return attempt.error(format!("more than {REDIRECTS_MAX} redirects"));
    }
    attempt.follow()
}

/// Returns the `Authorization` header that credentials, or a URL with a user in it, ask for.
pub(crate) fn authorization(
    url: &Url,
    credentials: Option<&Credentials>,
) -> Result<Option<HeaderValue>, SourceError> {
    let text = match credentials {
        Some(c) if !c.bearer_token.is_empty() => format!("Bearer {}", c.bearer_token.expose()),
        Some(c) if !c.password.is_empty() || !c.username.is_empty() => {
            // As Argo CD: a token alone goes with any user name.
            let user = if c.username.is_empty() { "argocd" } else { &c.username };
            basic(user, c.password.expose())
        }
        _ if url.password().is_some() || !url.username().is_empty() => {
            basic(&decoded(url.username()), &decoded(url.password().unwrap_or_default()))
        }
        _ => return Ok(None),
    };
    header_value(&text).map(Some)
}

/// Returns the header of basic authentication.
pub(crate) fn basic_value(user: &str, password: &str) -> Result<HeaderValue, SourceError> {
    header_value(&basic(user, password))
}

fn header_value(text: &str) -> Result<HeaderValue, SourceError> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| SourceError::invalid("credentials hold characters that HTTP cannot send"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}")))
}

fn decoded(text: &str) -> String {
    // `form_urlencoded` would turn `+` into a space.
    url::form_urlencoded::parse(text.replace('+', "%2B").as_bytes()).map(|(k, _)| k.into_owned()).collect()
}

/// Returns whether two URLs have scheme, host and port in common.
pub(crate) fn same_origin(left: &Url, right: &Url) -> bool {
    left.origin() == right.origin()
}

/// Translates a failed request. The text names the URL once and holds no credentials.
pub(crate) fn request_error(url: &Url, error: &reqwest::Error) -> SourceError {
    let kind = if error.is_timeout() { SourceErrorKind::Timeout } else { SourceErrorKind::Unreachable };
    SourceError::new(kind, format!("Get {:?}: {}", shown(url), chain(error)))
}

/// Translates an answer that is no success.
pub(crate) fn status_error(url: &Url, status: reqwest::StatusCode) -> SourceError {
    let shown = shown(url);
    match status.as_u16() {
        401 | 403 => SourceError::new(
            SourceErrorKind::Denied,
            format!("authentication required: {shown} answered {status}"),
        ),
        404 | 410 => {
            SourceError::new(SourceErrorKind::RepositoryNotFound, format!("{shown} answered {status}"))
        }
        _ => SourceError::new(SourceErrorKind::Unreachable, format!("{shown} answered {status}")),
    }
}

/// Returns a URL without user, password and query.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    let _ = url.set_password(None);
    let _ = url.set_username("");
    url.set_query(None);
    url.to_string()
}

/// Returns the messages of an error's causes, without its own URL.
fn chain(error: &reqwest::Error) -> String {
    let mut source = std::error::Error::source(error);
    let mut text = String::new();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Most wrappers repeat what they wrap.
        if !text.ends_with(&cause_text) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    if error.is_timeout() && text.is_empty() {
        text.push_str("timed out");
    }
    if text.is_empty() { "request failed".to_owned() } else { text }
}

/// Shared by everything that reaches out.
pub(crate) struct HttpContext {
    pub clients: HttpClients,
    pub tokens: Tokens,
    pub lookup: Arc<dyn CredentialLookup>,
    /// Longest single request of a chart repository.
    pub request_timeout: Duration,
    /// Carries ssh.
    pub ssh_program: std::path::PathBuf,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SecretString;

    fn header(url: &str, credentials: Option<&Credentials>) -> Option<String> {
        let value = authorization(&Url::parse(url).unwrap(), credentials).unwrap()?;
        Some(value.to_str().unwrap().to_owned())
    }

    #[test]
    fn tokens_passwords_and_urls_become_headers() {
        let bearer = Credentials { bearer_token: SecretString::new("t"), ..Credentials::default() };
        assert_eq!(header("https://h/a", Some(&bearer)).as_deref(), Some("Bearer t"));
        let token = Credentials { password: SecretString::new("p"), ..Credentials::default() };
        assert_eq!(header("https://h/a", Some(&token)), Some(basic("argocd", "p")));
        assert_eq!(header("https://u:p%40+@h/a", None), Some(basic("u", "p@+")));
        assert_eq!(header("https://h/a", None), None);
    }

    #[test]
    fn what_is_shown_holds_no_credentials() {
        let url = Url::parse("https://u:secret@h/a?token=secret").unwrap();
        assert_eq!(shown(&url), "https://h/a");
    }
}
