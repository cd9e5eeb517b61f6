//! The cluster port: carries the engine's requests to the API server in this process, with faults.

use crate::world::{Chunk, Shared, Watching, World};
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

type Fault = Box<dyn std::error::Error + Send + Sync>;
type Body = StreamBody<BoxStream<'static, Result<Frame<Bytes>, std::io::Error>>>;

/// What becomes of one request.
#[derive(Clone, Copy, Debug, Default)]
struct Fate {
    before: Duration,
    after: Duration,
    how: How,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum How {
    #[default]
    Well,
    /// It does not arrive.
    Refused,
    /// The server is too busy, or fails.
    Status(u16),
    /// It is carried out, and the answer is lost.
    AnswerLost,
    /// No answer ever comes; it may have been carried out.
    Hangs { carried_out: bool },
}

/// Returns a client of the simulated API server.
pub fn client(world: Shared) -> kube::Client {
    let service = tower::service_fn(move |request: Request<kube::client::Body>| {
        let world = world.clone();
        async move { serve(world, request).await }
    });
    kube::Client::new(service, "default")
}

async fn serve(world: Shared, request: Request<kube::client::Body>) -> Result<Response<Body>, Fault> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let (method, uri) = (parts.method.as_str(), parts.uri.to_string());
    let what = format!("{method} {uri}");
    let fate = fate(&mut world.lock());
    world.port_call(&what).await;
    tokio::time::sleep(fate.before).await;
    let away = {
        let world = world.lock();
        world.faults.away_until > world.clock.micros()
    };
    match fate.how {
        _ if away => return Err("tcp connect error: Connection refused".into()),
        How::Refused => return Err("tcp connect error: Connection refused".into()),
        How::Status(code) => return Ok(refused(code)),
        How::Hangs { carried_out: false } => std::future::pending().await,
        How::Well | How::AnswerLost | How::Hangs { carried_out: true } => {}
    }
    let header = |name: &str| parts.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let headers = [("content-type", header("content-type")), ("accept", header("accept"))];
    let headers: Vec<_> = headers.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let (answer, watch) = {
        let mut world = world.lock();
        let writes = method != "GET" && !uri.contains("dryRun=All");
        let before = writes.then(|| crate::checks::before(&mut world, method, &uri, &body));
        let (answer, watch) = world.cluster.answer(method, &uri, &headers, &body);
        if let Some(before) = before {
            world.wrote_at = world.clock.micros();
            world.note(format!("{what}: {}", answer.status));
            if answer.status >= 400 {
                let text = String::from_utf8_lossy(&answer.body).into_owned();
                world.note(format!("    {text}"));
            }
            crate::checks::after(&mut world, &before, answer.status < 300, &body);
            world.deliver();
        }
        (answer, watch)
    };
    world.port_call(&format!("the answer of {what}")).await;
    tokio::time::sleep(fate.after).await;
    match fate.how {
        How::AnswerLost => return Err("connection closed before message completed".into()),
        How::Hangs { .. } => std::future::pending().await,
        _ => {}
    }
    let builder = Response::builder().status(answer.status).header("content-type", &answer.content_type);
    let stream = match watch {
        None => futures::stream::once(async move { Ok(Frame::data(answer.body.into())) }).boxed(),
        Some(open) => following(&mut world.lock(), open, &uri),
    };
    Ok(builder.body(StreamBody::new(stream))?)
}

/// Says what becomes of the next request.
fn fate(world: &mut World) -> Fate {
    let World { chance, faults, .. } = world;
    let mut fate = Fate { before: Duration::from_millis(chance.roll(4)), ..Fate::default() };
    fate.after = Duration::from_millis(chance.roll(4));
    if !faults.on {
        return fate;
    }
    if chance.percent(10) {
        fate.before = Duration::from_millis(chance.roll(3000));
    }
    if chance.percent(10) {
        fate.after = Duration::from_millis(chance.roll(3000));
    }
    fate.how = match chance.roll(200) {
        0..3 => How::Refused,
        3 => How::Status(500),
        4 => How::Status(503),
        5..8 => How::Status(429),
        8..12 => How::AnswerLost,
        12 => How::Hangs { carried_out: false },
        13 => How::Hangs { carried_out: true },
        _ => How::Well,
    };
    fate
}

fn refused(code: u16) -> Response<Body> {
    let status = serde_json::json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code,
        "message": format!("simulated: {code}"), "reason": if code == 429 { "TooManyRequests" } else { "InternalError" } });
    let bytes: Bytes = status.to_string().into();
    let stream = futures::stream::once(async move { Ok(Frame::data(bytes)) }).boxed();
    Response::builder()
        .status(code)
        .header("content-type", "application/json")
        .body(StreamBody::new(stream))
        .unwrap()
}

/// The body of a watch: what comes, when it comes.
fn following(
    world: &mut World,
    open: fairway_devcluster::OpenWatch,
    uri: &str,
) -> BoxStream<'static, Result<Frame<Bytes>, std::io::Error>> {
    let secs =
        uri.split("timeoutSeconds=").nth(1).and_then(|t| t.split('&').next()?.parse().ok()).unwrap_or(300);
    let (to, from) = mpsc::unbounded_channel::<Chunk>();
    let now = Instant::now();
    let mut watch = Watching { open, to, ends: now + Duration::from_secs(secs), late_until: now };
    watch.send();
    world.watches.push(watch);
    futures::stream::unfold(from, |mut from| async move {
        let (due, chunk) = from.recv().await?;
        tokio::time::sleep_until(due).await;
        Some((chunk.map(Frame::data), from))
    })
    .boxed()
}
