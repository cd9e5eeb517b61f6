use crate::http::{HttpContext, request_error, same_origin, shown, status_error};
use crate::{Credentials, SourceError, SourceErrorKind};
use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, ETAG, HeaderMap, IF_NONE_MATCH};
use std::time::Duration;
use url::Url;

/// Longest whole download: a limit on what moves, where the request timeout is one on what stands still.
const DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(120);

/// What came back.
pub(crate) enum Download {
    /// It is as it was.
    Unchanged,
    /// The bytes, and the tag to ask with the next time.
    Bytes(Vec<u8>, Option<String>),
}

/// One GET.
pub(crate) struct Ask<'a> {
    pub url: &'a Url,
    /// Where credentials belong; another origin gets them only with `pass_credentials`, here or their own.
    pub home: &'a Url,
    pub pass_credentials: bool,
    pub credentials: Option<&'a Credentials>,
    /// More headers; an `Authorization` among them stands in for the credentials.
    pub headers: HeaderMap,
    pub etag: Option<&'a str>,
    pub bytes_max: u64,
}

/// Downloads a file whole.
pub(crate) async fn download(http: &HttpContext, ask: &Ask<'_>) -> Result<Download, SourceError> {
    let mut headers = ask.headers.clone();
    let pass = ask.pass_credentials || ask.credentials.is_some_and(|c| c.pass_credentials);
    if !headers.contains_key(AUTHORIZATION)
        && (pass || same_origin(ask.url, ask.home))
        && let Some(value) = http.login(ask.home, ask.credentials).await?
    {
        headers.insert(AUTHORIZATION, value);
    }
    if let Some(etag) = ask.etag
        && let Ok(value) = etag.parse()
    {
        headers.insert(IF_NONE_MATCH, value);
    }
    // Of what is sent along, only `Authorization` stays behind where a redirect leaves the host.
    let client = if ask.headers.keys().all(|name| name == AUTHORIZATION) {
        http.clients.client(ask.url, ask.credentials, &*http.lookup)?
    } else {
        http.clients.client_that_stays(ask.url, ask.credentials, &*http.lookup)?
    };
    let exchange = async {
        let sent = client.get(ask.url.clone()).headers(headers).send();
        let response = match tokio::time::timeout(http.request_timeout, sent).await {
            Ok(response) => response.map_err(|e| request_error(ask.url, &e))?,
            Err(_) => return Err(late(ask.url)),
        };
        if response.status() == StatusCode::NOT_MODIFIED {
            return Ok(Download::Unchanged);
        }
        if !response.status().is_success() {
            return Err(status_error(ask.url, response.status()));
        }
        let etag = response.headers().get(ETAG).and_then(|v| v.to_str().ok()).map(str::to_owned);
        Ok(Download::Bytes(read_body(response, ask.url, ask.bytes_max).await?, etag))
    };
    match tokio::time::timeout(DOWNLOAD_TIMEOUT, exchange).await {
        Ok(result) => result,
        Err(_) => Err(late(ask.url)),
    }
}

/// Reads an answer's body up to a limit.
pub(crate) async fn read_body(
    mut response: reqwest::Response,
    url: &Url,
    bytes_max: u64,
) -> Result<Vec<u8>, SourceError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| request_error(url, &e))? {
        if bytes.len() as u64 + chunk.len() as u64 > bytes_max {
            let message = format!("{}: more than {bytes_max} bytes", shown(url));
            return Err(SourceError::new(SourceErrorKind::TooLarge, message));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

pub(crate) fn late(url: &Url) -> SourceError {
    SourceError::new(SourceErrorKind::Timeout, format!("{}: no answer in time", shown(url)))
}
