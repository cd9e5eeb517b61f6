use crate::config::ConfigError;
use crate::status;
use fairway_core::{ApiError, ApiErrorKind};
use fairway_value::{HtmlEscape, Value, from_json, to_json};
use futures::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _};
use http::{Method, Request};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Most requests under way at once, watches apart. An API server's default lets a client have a few hundred; the
/// floor that we are measured against uses 32.
const IN_FLIGHT_MAX: usize = 32;

/// Most reports (writes of what was found) under way at once, beside the others: they must not hold up what they report
/// of, nor wait behind all of it.
const REPORTS_MAX: usize = 8;

/// Longest time for one request, its answer included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// Largest answer that is read, in bytes: a list page of 500 objects of 1.5 MiB each stays far below in practice.
const ANSWER_BYTES_MAX: u64 = 256 << 20;

/// How often a request that the server was too busy for is sent again.
const BUSY_RETRIES: u32 = 5;

/// Plain requests to one API server.
#[derive(Clone)]
pub struct ApiClient {
    client: kube::Client,
    in_flight: Arc<Semaphore>,
    reports: Arc<Semaphore>,
}

/// One request.
pub(crate) struct Call<'a> {
    pub method: Method,
    pub path: &'a str,
    pub content_type: &'a str,
    pub accept: &'a str,
    pub body: Option<&'a Value>,
    /// Whether it reports what was found, and changes nothing that was wanted.
    pub is_report: bool,
}

impl<'a> Call<'a> {
    pub(crate) fn get(path: &'a str) -> Self {
        Self {
            method: Method::GET,
            path,
            content_type: "",
            accept: "application/json",
            body: None,
            is_report: false,
        }
    }
}

impl ApiClient {
    /// Builds a client. No connection is made yet.
    ///
    /// # Errors
    /// The configuration has a broken certificate or key.
    pub fn new(config: kube::Config) -> Result<Self, ConfigError> {
        let server = config.cluster_url.to_string();
        if config.accept_invalid_certs {
            tracing::warn!(server = %server, "the API server's certificate is not checked: its configuration says so");
        }
        let client =
            kube::Client::try_from(config).map_err(|source| ConfigError::Client { server, source })?;
        Ok(Self::over(client))
    }

    /// Sends requests through a client that is there already: to a server in the same process.
    #[must_use]
    pub fn over(client: kube::Client) -> Self {
        let semaphore = |permits| Arc::new(Semaphore::new(permits));
        Self { client, in_flight: semaphore(IN_FLIGHT_MAX), reports: semaphore(REPORTS_MAX) }
    }

    /// Whether requests wait for their turn.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.in_flight.available_permits() == 0
    }

    /// Reads what a path answers, such as `/version`.
    ///
    /// # Errors
    /// The server's refusal, or that it cannot be reached.
    pub async fn get(&self, path: &str) -> Result<Value, ApiError> {
        self.call(Call::get(path)).await
    }

    /// Sends one request and reads its answer, waiting for its turn and out a busy server.
    pub(crate) async fn call(&self, call: Call<'_>) -> Result<Value, ApiError> {
        let lane = if call.is_report { &self.reports } else { &self.in_flight };
        let _turn = lane.acquire().await.expect("because the semaphore is never closed");
        let body: bytes::Bytes = call.body.map(|b| to_json(b, HtmlEscape::No)).unwrap_or_default().into();
        let mut wait = Duration::from_millis(200);
        for attempt in 0.. {
            let answer = tokio::time::timeout(REQUEST_TIMEOUT, self.once(&call, body.clone())).await;
            let answer = answer.unwrap_or_else(|_| {
                let message = format!("{} {}: no answer in {REQUEST_TIMEOUT:?}", call.method, call.path);
                Err(ApiError::new(ApiErrorKind::Timeout, 0, message))
            });
            match answer {
                Err(error) if error.kind == ApiErrorKind::TooManyRequests && attempt < BUSY_RETRIES => {
                    tokio::time::sleep(wait).await;
                    wait *= 2;
                }
                other => return other,
            }
        }
        unreachable!("the loop ends by returning")
    }

    async fn once(&self, call: &Call<'_>, body: bytes::Bytes) -> Result<Value, ApiError> {
        let request = request(call, body)?;
        let answer = self.client.send(request).await.map_err(|e| status::from_kube(&e))?;
        let code = answer.status();
        let mut bytes = Vec::new();
        reader(answer).take(ANSWER_BYTES_MAX).read_to_end(&mut bytes).await.map_err(broken)?;
        if !code.is_success() {
            return Err(status::from_answer(code.as_u16(), &bytes));
        }
        from_json(&bytes).map_err(|e| {
            ApiError::new(ApiErrorKind::Server, code.as_u16(), format!("{} answered {e}", call.path))
        })
    }

    /// Opens a watch; its lines are read one by one.
    pub(crate) async fn stream(&self, path: &str) -> Result<Lines, ApiError> {
        let request = request(&Call::get(path), bytes::Bytes::new())?;
        let answer = tokio::time::timeout(REQUEST_TIMEOUT, self.client.send(request))
            .await
            .map_err(|_| ApiError::new(ApiErrorKind::Timeout, 0, format!("GET {path}: no answer")))?
            .map_err(|e| status::from_kube(&e))?;
        let code = answer.status();
        let mut reader = reader(answer);
        if !code.is_success() {
            let mut bytes = Vec::new();
            (&mut reader).take(1 << 20).read_to_end(&mut bytes).await.map_err(broken)?;
            return Err(status::from_answer(code.as_u16(), &bytes));
        }
        Ok(Lines { reader, line: Vec::new() })
    }
}

fn request(call: &Call<'_>, body: bytes::Bytes) -> Result<Request<kube::client::Body>, ApiError> {
    let mut builder =
        Request::builder().method(call.method.clone()).uri(call.path).header("accept", call.accept);
    if !call.content_type.is_empty() {
        builder = builder.header("content-type", call.content_type);
    }
    builder
        .header("user-agent", concat!("fairway/", env!("CARGO_PKG_VERSION")))
        .body(kube::client::Body::from(body))
        .map_err(|e| ApiError::new(ApiErrorKind::BadRequest, 0, format!("{}: {e}", call.path)))
}

fn broken(error: std::io::Error) -> ApiError {
    ApiError::new(ApiErrorKind::Unreachable, 0, format!("the connection broke: {error}"))
}

type Reader = std::pin::Pin<Box<dyn AsyncBufRead + Send>>;

fn reader(answer: http::Response<kube::client::Body>) -> Reader {
    use futures::{StreamExt as _, TryStreamExt as _};
    let frames = futures::stream::unfold(Box::pin(answer.into_body()), |mut body| async move {
        loop {
            let frame = futures::future::poll_fn(|cx| http_body::Body::poll_frame(body.as_mut(), cx)).await?;
            match frame.map(http_body::Frame::into_data) {
                Ok(Ok(data)) => return Some((Ok(data), body)),
                Ok(Err(_trailers)) => {}
                Err(error) => return Some((Err(std::io::Error::other(error)), body)),
            }
        }
    });
    Box::pin(frames.boxed().into_async_read())
}

/// The lines of a watch.
pub(crate) struct Lines {
    reader: Reader,
    line: Vec<u8>,
}

impl Lines {
    /// Reads the next line; nothing when the server has closed the watch.
    pub(crate) async fn next(&mut self) -> Result<Option<&[u8]>, ApiError> {
        self.line.clear();
        let read = self.reader.read_until(b'\n', &mut self.line).await.map_err(broken)?;
        Ok((read > 0).then_some(self.line.as_slice()))
    }

    /// Reads the next line, or as much of it as is allowed; what is left of a longer one comes next.
    pub(crate) async fn next_up_to(&mut self, bytes_max: usize) -> Result<Option<&[u8]>, ApiError> {
        self.line.clear();
        let most = u64::try_from(bytes_max).unwrap_or(u64::MAX);
        let read = (&mut self.reader).take(most).read_until(b'\n', &mut self.line).await.map_err(broken)?;
        Ok((read > 0).then_some(self.line.as_slice()))
    }
}
