use crate::server::Shared;
use crate::{Fault, ForgeEvent, GitServerError, Push, PushedRef, RepoName, blocking};
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::read::GzDecoder;
use futures::StreamExt;
use std::collections::BTreeMap;
use std::io::Read;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};

/// Largest pushed pack, bytes: a demo repository is far below, a mistake far above.
const REQUEST_BYTES_MAX: u64 = 1 << 30;
/// Largest compressed negotiation, bytes: a fetch names its refs and haves, some 50 bytes each.
const GZIP_BYTES_MAX: u64 = 64 << 20;
/// Longest answer of receive-pack: its report, one line a ref.
const REPORT_BYTES_MAX: u64 = 64 << 20;
/// Longest single service call. A clone of a demo repository takes seconds.
const SERVICE_TIMEOUT: Duration = Duration::from_secs(600);
const ZERO_ID: &str = "0000000000000000000000000000000000000000";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Service {
    Upload,
    Receive,
}

impl Service {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "git-upload-pack" => Some(Self::Upload),
            "git-receive-pack" => Some(Self::Receive),
            _ => None,
        }
    }

    fn command(self) -> &'static str {
        match self {
            Self::Upload => "upload-pack",
            Self::Receive => "receive-pack",
        }
    }
}

/// Makes sure that there is a `git` program.
pub(crate) async fn check_program() -> Result<(), GitServerError> {
    let output = Command::new("git").arg("version").output().await;
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(GitServerError::Program { command: "version", why: output.status.to_string() }),
        Err(error) => {
            Err(GitServerError::Program { command: "version", why: format!("{error}; install git") })
        }
    }
}

/// Serves clone, fetch and push.
pub(crate) async fn handle(State(shared): State<Shared>, request: Request) -> Response {
    match shared.faults.git() {
        Fault::None | Fault::EmptyLists => {}
        Fault::Status(code) => {
            return StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response();
        }
        Fault::Hang => std::future::pending().await,
    }
    answer(&shared, request).await.unwrap_or_else(|response| response)
}

async fn answer(shared: &Shared, request: Request) -> Result<Response, Response> {
    let path = request.uri().path().trim_start_matches('/').to_owned();
    if path.is_empty() && request.method() == Method::GET {
        return Ok(text(
            StatusCode::OK,
            "Fairway's embedded Git server: git clone this address + /NAME.git\n",
        ));
    }
    if let Some(repository) = path.strip_suffix("/info/refs") {
        let query = request.uri().query().unwrap_or_default();
        let service = query.split('&').find_map(|p| Service::parse(p.strip_prefix("service=")?));
        let Some(service) = service else {
            return Err(text(StatusCode::FORBIDDEN, "only the smart HTTP protocol is served\n"));
        };
        let name = known(shared, repository).await?;
        return advertise(shared, &name, service, request.headers()).await;
    }
    let (repository, service) = path.rsplit_once('/').unwrap_or_default();
    match Service::parse(service) {
        Some(service) if request.method() == Method::POST => {
            let name = known(shared, repository).await?;
            call(shared, name, service, request).await
        }
        _ => Err(text(StatusCode::NOT_FOUND, "not found\n")),
    }
}

async fn known(shared: &Shared, repository: &str) -> Result<RepoName, Response> {
    let not_found = || text(StatusCode::NOT_FOUND, "repository not found\n");
    let name = RepoName::parse(repository).map_err(|_| not_found())?;
    let (store, wanted) = (shared.store.clone(), name.clone());
    match blocking::run(move || store.get(&wanted)).await {
        Ok(Some(_)) => Ok(name),
        Ok(None) => Err(not_found()),
        Err(error) => Err(failure(&error)),
    }
}

async fn advertise(
    shared: &Shared,
    name: &RepoName,
    service: Service,
    headers: &HeaderMap,
) -> Result<Response, Response> {
    let mut command = git(service, headers);
    command.arg("--stateless-rpc").arg("--advertise-refs").arg(shared.store.path(name));
    let output = tokio::time::timeout(SERVICE_TIMEOUT, command.stdin(Stdio::null()).output());
    let output = match output.await {
        Ok(Ok(output)) if output.status.success() => output,
        Ok(Ok(output)) => return Err(program_failed(service, &String::from_utf8_lossy(&output.stderr))),
        Ok(Err(error)) => return Err(program_failed(service, &error.to_string())),
        Err(_) => return Err(program_failed(service, "timed out")),
    };
    let mut body = Vec::with_capacity(output.stdout.len() + 64);
    // Version 2 begins with its own capability line; receive-pack knows no version 2.
    if service == Service::Receive || !wants_version_2(headers) {
        let line = format!("# service=git-{}\n", service.command());
        body.extend_from_slice(format!("{:04x}{line}0000", line.len() + 4).as_bytes());
    }
    body.extend_from_slice(&output.stdout);
    Ok(git_response(service, "advertisement", Body::from(body)))
}

async fn call(
    shared: &Shared,
    name: RepoName,
    service: Service,
    request: Request,
) -> Result<Response, Response> {
    let mut command = git(service, request.headers());
    command.arg("--stateless-rpc").arg(shared.store.path(&name));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let before = if service == Service::Receive { Some(refs(shared, &name).await?) } else { None };
    let mut child = command.spawn().map_err(|e| program_failed(service, &e.to_string()))?;
    let input = child.stdin.take().ok_or_else(|| program_failed(service, "no input"))?;
    let gzip = request.headers().get(header::CONTENT_ENCODING).is_some_and(|e| e == "gzip");
    let feed = feed(input, request.into_body(), gzip);
    match before {
        None => {
            // The service may answer before it has read all, so feeding and answering go side by side.
            tokio::spawn(feed);
            Ok(stream(service, child))
        }
        Some(before) => {
            let run = receive(child, feed);
            let report = match tokio::time::timeout(SERVICE_TIMEOUT, run).await {
                Ok(Ok(report)) => report,
                Ok(Err(why)) => return Err(program_failed(service, &why)),
                Err(_) => return Err(program_failed(service, "timed out")),
            };
            // Also where the program failed at the end: refs may have moved.
            let after = refs(shared, &name).await?;
            let moved = moved(&before, &after);
            if !moved.is_empty() {
                shared.store.publish(ForgeEvent::Pushed(Push { repository: name, refs: moved }));
            }
            Ok(git_response(service, "result", Body::from(report)))
        }
    }
}

async fn receive(
    mut child: Child,
    feed: impl Future<Output = Result<(), String>>,
) -> Result<Vec<u8>, String> {
    let output = child.stdout.take().ok_or("no output")?;
    let mut report = Vec::new();
    let mut limited = output.take(REPORT_BYTES_MAX);
    let (fed, read) = tokio::join!(feed, limited.read_to_end(&mut report));
    read.map_err(|e| e.to_string())?;
    child.wait().await.map_err(|e| e.to_string())?;
    // The program may rightly end before it has read all; then its report tells why.
    if report.is_empty() { fed.map(|()| report) } else { Ok(report) }
}

fn stream(service: Service, mut child: Child) -> Response {
    let Some(output) = child.stdout.take() else { return program_failed(service, "no output") };
    // The child is kept with the stream: dropped together when the client goes away, which kills it.
    let chunks = futures::stream::unfold((child, output), |(mut child, mut output)| async move {
        let mut buffer = vec![0; 64 << 10];
        match tokio::time::timeout(SERVICE_TIMEOUT, output.read(&mut buffer)).await {
            Ok(Ok(0)) => {
                let _ = child.wait().await;
                None
            }
            Ok(Ok(count)) => {
                buffer.truncate(count);
                Some((Ok(Bytes::from(buffer)), (child, output)))
            }
            Ok(Err(error)) => Some((Err(error), (child, output))),
            Err(_) => None,
        }
    });
    git_response(service, "result", Body::from_stream(chunks))
}

async fn feed(mut input: ChildStdin, body: Body, gzip: bool) -> Result<(), String> {
    let mut chunks = body.into_data_stream();
    let mut total = 0_u64;
    let mut compressed = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|e| e.to_string())?;
        total += chunk.len() as u64;
        let bytes_max = if gzip { GZIP_BYTES_MAX } else { REQUEST_BYTES_MAX };
        if total > bytes_max {
            return Err(format!("the request has more than {bytes_max} bytes"));
        }
        if gzip {
            compressed.extend_from_slice(&chunk);
        } else {
            input.write_all(&chunk).await.map_err(|e| e.to_string())?;
        }
    }
    if gzip {
        let plain = tokio::task::spawn_blocking(move || {
            let mut plain = Vec::new();
            let mut decoder = GzDecoder::new(compressed.as_slice()).take(4 * GZIP_BYTES_MAX);
            decoder.read_to_end(&mut plain).map(|_| plain)
        });
        let plain = plain.await.map_err(|e| e.to_string())?.map_err(|e| e.to_string())?;
        input.write_all(&plain).await.map_err(|e| e.to_string())?;
    }
    input.shutdown().await.map_err(|e| e.to_string())
}

async fn refs(shared: &Shared, name: &RepoName) -> Result<BTreeMap<String, String>, Response> {
    let (store, name) = (shared.store.clone(), name.clone());
    blocking::run(move || store.refs(&name)).await.map_err(|e| failure(&e))
}

fn moved(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<PushedRef> {
    let id = |refs: &BTreeMap<String, String>, name: &str| {
        refs.get(name).cloned().unwrap_or_else(|| ZERO_ID.to_owned())
    };
    let gone = before.keys().filter(|name| !after.contains_key(*name));
    after
        .keys()
        .chain(gone)
        .map(|name| PushedRef { name: name.clone(), old: id(before, name), new: id(after, name) })
        .filter(|moved| moved.old != moved.new)
        .collect()
}

fn git(service: Service, headers: &HeaderMap) -> Command {
    let mut command = Command::new("git");
    // What the user configured for himself has no place here, and a repository may belong to another user.
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").env_remove("GIT_DIR");
    command.args(["-c", "safe.directory=*", "-c", "uploadpack.allowAnySHA1InWant=true"]);
    // A collection in the background would outlive the server and race with readers.
    command.args(["-c", "receive.autogc=false", "-c", "uploadpack.allowFilter=true"]);
    if let Some(version) = headers.get("git-protocol").and_then(|v| v.to_str().ok()) {
        let fits = version.bytes().all(|b| b.is_ascii_alphanumeric() || b"=:-".contains(&b));
        if fits && version.len() <= 128 {
            command.env("GIT_PROTOCOL", version);
        }
    }
    command.arg(service.command());
    command
}

fn wants_version_2(headers: &HeaderMap) -> bool {
    let version = headers.get("git-protocol").and_then(|v| v.to_str().ok()).unwrap_or_default();
    version.split(':').any(|part| part == "version=2")
}

fn git_response(service: Service, kind: &str, body: Body) -> Response {
    let content_type = format!("application/x-git-{}-{kind}", service.command());
    let headers = [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "no-cache".to_owned())];
    (headers, body).into_response()
}

fn text(status: StatusCode, body: &'static str) -> Response {
    (status, body).into_response()
}

fn failure(error: &GitServerError) -> Response {
    tracing::error!(error = %error, "the embedded Git server failed a request");
    (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response()
}

fn program_failed(service: Service, why: &str) -> Response {
    failure(&GitServerError::Program { command: service.command(), why: why.trim().to_owned() })
}
