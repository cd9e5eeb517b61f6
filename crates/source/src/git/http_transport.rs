use crate::http::{request_error, same_origin, status_error};
use crate::{SourceError, SourceErrorKind};
use futures::StreamExt;
use futures::stream::BoxStream;
use gix_transport::client::blocking_io::http::{GetResponse, Http, PostBodyDataKind, PostResponse};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use std::io::{self, BufReader, Cursor, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::runtime::Handle;
use url::Url;

/// Largest negotiation that is sent, bytes: 50 a ref or commit in common, so a million of them.
const POST_BYTES_MAX: usize = 64 << 20;

/// What went wrong, beside what gix makes of it: gix's errors lose the HTTP status.
pub(crate) type FailureSlot = Arc<Mutex<Option<SourceError>>>;

/// Carries gix's Git requests over a shared reqwest client.
pub(crate) struct GitHttp {
    pub client: reqwest::Client,
    pub runtime: Handle,
    /// Sent to the origin it is meant for and nowhere else.
    pub authorization: Option<HeaderValue>,
    pub origin: Url,
    pub deadline: Instant,
    pub failure: FailureSlot,
    pub redirected_base: Option<String>,
}

type Body = BufReader<Box<dyn Read + Send>>;

impl Http for GitHttp {
    type Headers = Body;
    type ResponseBody = Body;
    type PostBody = PostBody;

    fn get(
        &mut self,
        url: &str,
        base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<GetResponse<Body, Body>, gix::Error> {
        let target = parse_url(url)?;
        let request = self.client.get(target.clone()).headers(self.headers(&target, headers)?);
        let response = self.send(&target, request).map_err(gix::Error::from_error)?;
        // A renamed repository answers from elsewhere; what follows goes there too.
        let tail = url.strip_prefix(base_url).unwrap_or_default();
        if let Some(base) = response.url().as_str().strip_suffix(tail)
            && base != base_url
        {
            self.redirected_base = Some(base.to_owned());
        }
        let (headers, body) = self.split(response);
        Ok(GetResponse { headers, body })
    }

    fn post(
        &mut self,
        url: &str,
        _base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
        _body: PostBodyDataKind,
    ) -> Result<PostResponse<Body, Body, PostBody>, gix::Error> {
        let target = parse_url(url)?;
        let exchange = Exchange {
            client: self.client.clone(),
            runtime: self.runtime.clone(),
            headers: self.headers(&target, headers)?,
            target,
            deadline: self.deadline,
            failure: self.failure.clone(),
            request: Vec::new(),
            answer: None,
        };
        let exchange = Arc::new(Mutex::new(exchange));
        let headers: Box<dyn Read + Send> =
            Box::new(AnswerHeaders { exchange: exchange.clone(), text: None });
        let body: Box<dyn Read + Send> = Box::new(AnswerBody { exchange: exchange.clone() });
        Ok(PostResponse {
            post_body: PostBody { exchange },
            headers: BufReader::new(headers),
            body: BufReader::new(body),
        })
    }

    fn configure(&mut self, _config: &dyn std::any::Any) -> Result<(), gix::Error> {
        Ok(())
    }

    fn redirected_base_url(&self) -> Option<String> {
        self.redirected_base.clone()
    }
}

impl GitHttp {
    fn headers(
        &self,
        target: &Url,
        lines: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<HeaderMap, gix::Error> {
        let mut headers = HeaderMap::new();
        for line in lines {
            let (name, value) = line.as_ref().split_once(':').unwrap_or((line.as_ref(), ""));
            let name = HeaderName::from_bytes(name.trim().as_bytes()).map_err(gix::Error::from_error)?;
            let value = HeaderValue::from_str(value.trim()).map_err(gix::Error::from_error)?;
            headers.append(name, value);
        }
        if let Some(authorization) = &self.authorization
            && same_origin(target, &self.origin)
        {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        Ok(headers)
    }

    fn send(&self, target: &Url, request: reqwest::RequestBuilder) -> Result<reqwest::Response, io::Error> {
        send(&self.runtime, self.deadline, &self.failure, target, request)
    }

    fn split(&self, response: reqwest::Response) -> (Body, Body) {
        let headers: Box<dyn Read + Send> = Box::new(Cursor::new(header_text(&response)));
        let body: Box<dyn Read + Send> =
            Box::new(Download::new(self.runtime.clone(), self.deadline, &self.failure, response));
        (BufReader::new(headers), BufReader::new(body))
    }
}

fn parse_url(url: &str) -> Result<Url, gix::Error> {
    Url::parse(url).map_err(gix::Error::from_error)
}

fn send(
    runtime: &Handle,
    deadline: Instant,
    failure: &FailureSlot,
    target: &Url,
    request: reqwest::RequestBuilder,
) -> Result<reqwest::Response, io::Error> {
    let late = || {
        let message = format!("{} took longer than allowed", crate::http::shown(target));
        fail(failure, SourceError::new(SourceErrorKind::Timeout, message))
    };
    let left = deadline.checked_duration_since(Instant::now()).ok_or_else(late)?;
    let answer = runtime.block_on(async { tokio::time::timeout(left, request.send()).await });
    let response = answer.map_err(|_| late())?.map_err(|e| fail(failure, request_error(target, &e)))?;
    if !response.status().is_success() {
        return Err(fail(failure, status_error(target, response.status())));
    }
    Ok(response)
}

/// Keeps the error for the caller and returns what gix can carry.
fn fail(slot: &FailureSlot, error: SourceError) -> io::Error {
    let text = error.to_string();
    // The first failure is the cause of those that follow.
    slot.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    io::Error::other(text)
}

fn header_text(response: &reqwest::Response) -> Vec<u8> {
    let mut text = Vec::new();
    for (name, value) in response.headers() {
        text.extend_from_slice(name.as_str().as_bytes());
        text.extend_from_slice(b": ");
        text.extend_from_slice(value.as_bytes());
        text.push(b'\n');
    }
    text
}

/// An answer's body, read by blocking.
struct Download {
    runtime: Handle,
    deadline: Instant,
    failure: FailureSlot,
    target: Url,
    chunks: BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    chunk: bytes::Bytes,
}

impl Download {
    fn new(runtime: Handle, deadline: Instant, failure: &FailureSlot, response: reqwest::Response) -> Self {
        Self {
            runtime,
            deadline,
            failure: failure.clone(),
            target: response.url().clone(),
            chunks: response.bytes_stream().boxed(),
            chunk: bytes::Bytes::new(),
        }
    }
}

impl Read for Download {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            let late = || {
                let message = format!("{} took longer than allowed", crate::http::shown(&self.target));
                fail(&self.failure, SourceError::new(SourceErrorKind::Timeout, message))
            };
            let left = self.deadline.checked_duration_since(Instant::now()).ok_or_else(late)?;
            let chunks = &mut self.chunks;
            let next = self.runtime.block_on(async { tokio::time::timeout(left, chunks.next()).await });
            match next.map_err(|_| late())? {
                None => return Ok(0),
                Some(Ok(chunk)) => self.chunk = chunk,
                Some(Err(error)) => return Err(fail(&self.failure, request_error(&self.target, &error))),
            }
        }
        let count = buffer.len().min(self.chunk.len());
        buffer[..count].copy_from_slice(&self.chunk.split_to(count));
        Ok(count)
    }
}

/// A request that is sent when its answer is first read: by then gix has written and dropped the body.
pub(crate) struct Exchange {
    client: reqwest::Client,
    runtime: Handle,
    headers: HeaderMap,
    target: Url,
    deadline: Instant,
    failure: FailureSlot,
    request: Vec<u8>,
    answer: Option<(Vec<u8>, Download)>,
}

impl Exchange {
    fn answer(&mut self) -> io::Result<&mut (Vec<u8>, Download)> {
        if self.answer.is_none() {
            let body = std::mem::take(&mut self.request);
            let request =
                self.client.post(self.target.clone()).headers(std::mem::take(&mut self.headers)).body(body);
            let response = send(&self.runtime, self.deadline, &self.failure, &self.target, request)?;
            let headers = header_text(&response);
            let body = Download::new(self.runtime.clone(), self.deadline, &self.failure, response);
            self.answer = Some((headers, body));
        }
        self.answer.as_mut().ok_or_else(|| io::Error::other("no answer"))
    }
}

/// Where gix writes a request's body.
pub(crate) struct PostBody {
    exchange: Arc<Mutex<Exchange>>,
}

impl Write for PostBody {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut exchange = self.exchange.lock().unwrap_or_else(PoisonError::into_inner);
        if exchange.request.len() + bytes.len() > POST_BYTES_MAX {
            return Err(io::Error::other(format!("a request of more than {POST_BYTES_MAX} bytes")));
        }
        exchange.request.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct AnswerHeaders {
    exchange: Arc<Mutex<Exchange>>,
    text: Option<Cursor<Vec<u8>>>,
}

impl Read for AnswerHeaders {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.text.is_none() {
            let mut exchange = self.exchange.lock().unwrap_or_else(PoisonError::into_inner);
            self.text = Some(Cursor::new(exchange.answer()?.0.clone()));
        }
        self.text.as_mut().map_or(Ok(0), |text| text.read(buffer))
    }
}

struct AnswerBody {
    exchange: Arc<Mutex<Exchange>>,
}

impl Read for AnswerBody {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut exchange = self.exchange.lock().unwrap_or_else(PoisonError::into_inner);
        exchange.answer()?.1.read(buffer)
    }
}
