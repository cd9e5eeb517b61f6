use crate::{ForgeOptions, ScmError, ScmErrorKind};
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Client, Response, StatusCode};
use serde::de::DeserializeOwned;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use url::Url;

/// Most pages of one list: 10,000 items at 100 a page, five times the largest organisation that Argo CD users report.
const PAGES_MAX: usize = 100;
/// Largest answer, bytes: 100 repositories as GitHub describes them are 700 KB.
const ANSWER_BYTES_MAX: usize = 32 << 20;
/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest time that a forge's word on its rate limit is taken for.
const LIMITED_MAX: Duration = Duration::from_secs(3600);

/// Sends GET requests to one forge and reads JSON lists whole.
pub(crate) struct Rest {
    client: Client,
    base: Url,
    headers: HeaderMap,
    timeout: Duration,
    /// Until when the forge wants no more requests.
    limited_until: Mutex<Option<Instant>>,
}

impl Rest {
    /// `base` ends in a slash. `headers` carry the credentials, marked sensitive.
    pub fn new(options: &ForgeOptions, base: Url, headers: HeaderMap) -> Result<Self, ScmError> {
        let wrong = |what: &str, e: reqwest::Error| {
            ScmError::new(ScmErrorKind::Invalid, format!("{what}: {}", causes(&e)))
        };
        let origin = base.origin();
        let mut builder = Client::builder()
            .user_agent(concat!("fairway/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(options.request_timeout)
            .tls_danger_accept_invalid_certs(options.insecure)
            // A renamed organisation redirects within its forge. Elsewhere the token has no business.
            .redirect(reqwest::redirect::Policy::custom(move |attempt| {
                if attempt.url().origin() != origin {
                    attempt.error("redirected to another host")
                } else if attempt.previous().len() > 5 {
                    attempt.error("more than 5 redirects")
                } else {
                    attempt.follow()
                }
            }));
        if !options.ca_certificates.is_empty() {
            let certificates = reqwest::Certificate::from_pem_bundle(options.ca_certificates.as_bytes())
                .map_err(|e| wrong("CA certificates", e))?;
            builder = builder.tls_certs_merge(certificates);
        }
        let client = builder.build().map_err(|e| wrong("HTTP client", e))?;
        Ok(Self { client, base, headers, timeout: options.request_timeout, limited_until: Mutex::new(None) })
    }

    /// Builds the address of an API path from parts, each of which may hold anything.
    pub fn url(&self, parts: &[&str], query: &[(&str, &str)]) -> Result<Url, ScmError> {
        let mut url = self.base.clone();
        {
            let mut path = url
                .path_segments_mut()
                .map_err(|()| ScmError::new(ScmErrorKind::Invalid, format!("{} is no address", self.base)))?;
            path.pop_if_empty();
            path.extend(parts);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    /// Reads one document.
    pub async fn get<T: DeserializeOwned>(&self, url: Url) -> Result<T, ScmError> {
        let response = self.send(&url).await?;
        self.read(&url, response).await
    }

    /// Reads one document; nothing where the forge knows none.
    pub async fn find<T: DeserializeOwned>(&self, url: Url) -> Result<Option<T>, ScmError> {
        match self.get(url).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.kind == ScmErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// As [`Self::find`]; an answer without a body is nothing too.
    pub async fn find_or_empty<T: DeserializeOwned>(&self, url: Url) -> Result<Option<T>, ScmError> {
        let response = match self.send(&url).await {
            Err(error) if error.kind == ScmErrorKind::NotFound => return Ok(None),
            sent => sent?,
        };
        if response.status() == StatusCode::NO_CONTENT || response.content_length() == Some(0) {
            return Ok(None);
        }
        self.read(&url, response).await.map(Some)
    }

    /// Reads all pages of a list, following `Link` as RFC 8288 has it.
    pub async fn list<T: DeserializeOwned>(&self, first: Url) -> Result<Vec<T>, ScmError> {
        self.pages(first, |url, items: Vec<T>, headers| Ok((items, next_page(url, headers)?))).await
    }

    /// Reads all pages of a list. `read` takes an answer apart: the items, and where the next page is.
    pub async fn pages<B: DeserializeOwned, T>(
        &self,
        first: Url,
        read: impl Fn(&Url, B, &HeaderMap) -> Result<(Vec<T>, Option<Url>), ScmError>,
    ) -> Result<Vec<T>, ScmError> {
        let mut items = Vec::new();
        let mut next = Some(first);
        for _ in 0..PAGES_MAX {
            let Some(url) = next else { return Ok(items) };
            let response = self.send(&url).await?;
            let headers = response.headers().clone();
            let (page, following) = read(&url, self.read(&url, response).await?, &headers)?;
            if following.as_ref().is_some_and(|next| next.origin() != self.base.origin()) {
                return Err(malformed(&url, "the next page is on another host"));
            }
            items.extend(page);
            next = following;
        }
        match next {
            None => Ok(items),
            Some(url) => Err(ScmError::new(
                ScmErrorKind::TooLarge,
                format!("Get {:?}: more than {PAGES_MAX} pages", shown(&url)),
            )),
        }
    }

    /// Sends a document and reads the answer.
    pub async fn post<T: DeserializeOwned>(&self, url: Url, body: &serde_json::Value) -> Result<T, ScmError> {
        let request = self.client.post(url.clone()).json(body);
        let response = self.carry_out(&url, request).await?;
        self.read(&url, response).await
    }

    async fn send(&self, url: &Url) -> Result<Response, ScmError> {
        self.carry_out(url, self.client.get(url.clone())).await
    }

    async fn carry_out(&self, url: &Url, request: reqwest::RequestBuilder) -> Result<Response, ScmError> {
        if let Some(until) = *self.limited_until.lock().unwrap_or_else(PoisonError::into_inner)
            && let Some(left) = until.checked_duration_since(Instant::now())
        {
            return Err(limited(url, left));
        }
        let response =
            request.headers(self.headers.clone()).send().await.map_err(|e| self.unreachable(url, &e))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        if let Some(wait) = rate_limit(status, response.headers()) {
            let wait = wait.min(LIMITED_MAX);
            *self.limited_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + wait);
            return Err(limited(url, wait));
        }
        let kind = match status.as_u16() {
            401 | 403 => ScmErrorKind::Denied,
            404 => ScmErrorKind::NotFound,
            _ => ScmErrorKind::Server,
        };
        Err(ScmError::new(kind, format!("Get {:?}: {status}", shown(url))))
    }

    async fn read<T: DeserializeOwned>(&self, url: &Url, mut response: Response) -> Result<T, ScmError> {
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| self.unreachable(url, &e))? {
            if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
                let message = format!("Get {:?}: more than {ANSWER_BYTES_MAX} bytes", shown(url));
                return Err(ScmError::new(ScmErrorKind::TooLarge, message));
            }
            bytes.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&bytes).map_err(|e| malformed(url, &e.to_string()))
    }

    fn unreachable(&self, url: &Url, error: &reqwest::Error) -> ScmError {
        if error.is_timeout() {
            let message = format!("Get {:?}: no answer within {:?}", shown(url), self.timeout);
            return ScmError::new(ScmErrorKind::Timeout, message);
        }
        ScmError::new(ScmErrorKind::Unreachable, format!("Get {:?}: {}", shown(url), causes(error)))
    }
}

/// Makes a header that logs do not show.
pub(crate) fn secret_header(value: &str) -> Result<HeaderValue, ScmError> {
    let mut header = HeaderValue::from_str(value).map_err(|_| {
        ScmError::new(ScmErrorKind::Invalid, "the token holds characters that HTTP cannot send")
    })?;
    header.set_sensitive(true);
    Ok(header)
}

/// Returns the header of basic authentication.
pub(crate) fn basic_header(user: &str, password: &str) -> Result<HeaderValue, ScmError> {
    use base64::Engine as _;
    let packed = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    secret_header(&format!("Basic {packed}"))
}

/// Reads an address as base: with a slash at the end.
pub(crate) fn base_url(text: &str) -> Result<Url, ScmError> {
    let text = if text.ends_with('/') { text.to_owned() } else { format!("{text}/") };
    let url = Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    url.ok_or_else(|| {
        ScmError::new(ScmErrorKind::Invalid, format!("api {text:?}: use an http or https address"))
    })
}

fn next_page(url: &Url, headers: &HeaderMap) -> Result<Option<Url>, ScmError> {
    for value in headers.get_all("link") {
        let text = value.to_str().map_err(|_| malformed(url, "the Link header is not text"))?;
        for link in text.split(',') {
            let Some((target, attributes)) = link.split_once(';') else { continue };
            if attributes.split(';').any(|a| matches!(a.trim(), "rel=\"next\"" | "rel=next")) {
                let target = target.trim().trim_start_matches('<').trim_end_matches('>');
                return url
                    .join(target)
                    .map(Some)
                    .map_err(|_| malformed(url, "the Link header is no address"));
            }
        }
    }
    // GitLab leaves `Link` out where it counts pages itself.
    let next = headers.get("x-next-page").and_then(|v| v.to_str().ok()).unwrap_or_default();
    if next.is_empty() {
        return Ok(None);
    }
    Ok(Some(with_parameter(url, "page", next)))
}

/// Returns an address with one query parameter set.
pub(crate) fn with_parameter(url: &Url, name: &str, value: &str) -> Url {
    let kept: Vec<_> = url.query_pairs().filter(|(key, _)| key != name).map(own).collect();
    let mut following = url.clone();
    following.query_pairs_mut().clear().extend_pairs(kept).append_pair(name, value);
    following
}

fn own((key, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)) -> (String, String) {
    (key.into_owned(), value.into_owned())
}

/// Returns how long to wait where an answer says that there were too many requests. GitHub uses 403 for it too.
fn rate_limit(status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    let exhausted = ["x-ratelimit-remaining", "ratelimit-remaining"].iter().any(|n| number(n) == Some(0));
    let retry_after = number("retry-after");
    let limited = status == StatusCode::TOO_MANY_REQUESTS
        || status == StatusCode::FORBIDDEN && (exhausted || retry_after.is_some());
    if !limited {
        return None;
    }
    let reset = number("x-ratelimit-reset").or_else(|| number("ratelimit-reset"));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let seconds = retry_after.or_else(|| reset.map(|at| at.saturating_sub(now))).unwrap_or(60);
    Some(Duration::from_secs(seconds.max(1)))
}

fn limited(url: &Url, left: Duration) -> ScmError {
    let message = format!("Get {:?}: rate limit exceeded, next try in {} s", shown(url), left.as_secs() + 1);
    ScmError::new(ScmErrorKind::RateLimited, message)
}

pub(crate) fn malformed(url: &Url, why: &str) -> ScmError {
    ScmError::new(ScmErrorKind::Malformed, format!("Get {:?}: answer: {why}", shown(url)))
}

fn shown(url: &Url) -> String {
    let mut url = url.clone();
    let _ = url.set_password(None);
    let _ = url.set_username("");
    url.to_string()
}

fn causes(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    if text.is_empty() { "request failed".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| ((*k).parse().unwrap(), HeaderValue::from_str(v).unwrap())).collect()
    }

    #[test]
    fn the_next_page_is_read_from_either_header() {
        let url = Url::parse("https://h/api/orgs/o/repos?per_page=2&page=1").unwrap();
        let link = "<https://h/api/x?page=9>; rel=\"last\", </api/x?page=2>; rel=\"next\"";
        let next =
            |pairs: &[(&'static str, &str)]| next_page(&url, &headers(pairs)).unwrap().map(|u| u.to_string());
        assert_eq!(next(&[("link", link)]).as_deref(), Some("https://h/api/x?page=2"));
        assert_eq!(
            next(&[("x-next-page", "2")]).as_deref(),
            Some("https://h/api/orgs/o/repos?per_page=2&page=2")
        );
        assert_eq!(next(&[("link", "<https://h/>; rel=\"prev\""), ("x-next-page", "")]), None);
    }

    #[test]
    fn a_rate_limit_is_told_from_a_denial() {
        let limit = |status, pairs: &[(&'static str, &str)]| {
            rate_limit(StatusCode::from_u16(status).unwrap(), &headers(pairs)).map(|d| d.as_secs())
        };
        assert_eq!(limit(403, &[("x-ratelimit-remaining", "12")]), None);
        assert_eq!(limit(403, &[("x-ratelimit-remaining", "0"), ("retry-after", "30")]), Some(30));
        assert_eq!(limit(429, &[]), Some(60));
        assert_eq!(limit(429, &[("x-ratelimit-reset", "1")]), Some(1));
        assert_eq!(limit(500, &[("retry-after", "30")]), None);
    }
}
