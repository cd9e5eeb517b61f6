//! Logs of Pods: `{"result": {content, timeStamp, timeStampStr, podName, last}}` a line, as Argo CD `server/application` `PodLogs`.

use super::stream;
use crate::auth::{Access, Session};
use crate::error::ApiError;
use crate::list::project;
use crate::state::State;
use crate::wire::{Params, object};
use crate::{LogLine, LogRequest, ResourceId};
use axum::Extension;
use axum::extract::{self, Path};
use axum::http::HeaderMap;
use axum::response::Response;
use fairway_value::Value;

/// `GET /api/v1/applications/{name}/logs`: of one Pod (`podName`), of an object's Pods (`group`, `kind`, `resourceName`), or of all.
pub(crate) async fn of_application(
    extract::State(state): extract::State<State>,
    Extension(session): Extension<Session>,
    access: Access,
    Path(name): Path<String>,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, ApiError> {
    let pod = params.get("podName").unwrap_or_default().to_owned();
    open(&state, session, &access, &name, &pod, &headers, &params).await
}

/// `GET /api/v1/applications/{name}/pods/{pod}/logs`.
pub(crate) async fn of_pod(
    extract::State(state): extract::State<State>,
    Extension(session): Extension<Session>,
    access: Access,
    Path((name, pod)): Path<(String, String)>,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, ApiError> {
    open(&state, session, &access, &name, &pod, &headers, &params).await
}

async fn open(
    state: &State,
    session: Session,
    access: &Access,
    name: &str,
    pod: &str,
    headers: &HeaderMap,
    params: &Params,
) -> Result<Response, ApiError> {
    let (key, app) = access.app("get", name, params)?;
    access.require_in(project(&app), "logs", "get", &access.app_object(&app))?;
    let request = request(pod, params)?;
    let filter = Filter::parse(params)?;
    let mut lines = state.engine().logs(key, request).await?;
    let (sink, response) = stream::open(state, headers, session, None)?;
    tokio::spawn(async move {
        if sink.keep_alive().await.is_err() {
            return;
        }
        while let Some(next) = sink.next_of(&mut lines).await {
            let sent = match next {
                Ok(line) if filter.matches(&line.content) => sink.send(entry(&line, false)).await,
                Ok(_) => Ok(()),
                Err(error) => sink.fail(&error.into()).await,
            };
            if sent.is_err() {
                return;
            }
        }
        drop(sink.send(entry(&LogLine::default(), true)).await);
    });
    Ok(response)
}

fn request(pod: &str, params: &Params) -> Result<LogRequest, ApiError> {
    let field = |key: &str| params.get(key).unwrap_or_default().to_owned();
    let count = |key: &str| -> Result<Option<u64>, ApiError> {
        // Zero is what clients send for "all".
        Ok(params.count(key)?.and_then(|n| u64::try_from(n).ok()).filter(|n| *n > 0))
    };
    let resource = if pod.is_empty() {
        params.get("resourceName").map(|name| ResourceId {
            group: field("group"),
            version: String::new(),
            kind: field("kind"),
            namespace: field("namespace"),
            name: name.to_owned(),
        })
    } else {
        Some(ResourceId {
            version: "v1".to_owned(),
            kind: "Pod".to_owned(),
            namespace: field("namespace"),
            name: pod.to_owned(),
            ..ResourceId::default()
        })
    };
    Ok(LogRequest {
        resource,
        container: field("container"),
        follow: params.flag("follow", false)?,
        previous: params.flag("previous", false)?,
        tail_lines: count("tailLines")?,
        since_seconds: count("sinceSeconds")?,
        since_time: field("sinceTime"),
    })
}

/// `filter`: lines that hold a text, or with a `!` in front those that do not; `matchCase` for letters as they are.
struct Filter {
    text: String,
    inverted: bool,
    match_case: bool,
}

impl Filter {
    fn parse(params: &Params) -> Result<Self, ApiError> {
        let match_case = params.flag("matchCase", false)?;
        let given = params.get("filter").unwrap_or_default();
        let (inverted, text) = given.strip_prefix('!').map_or((false, given), |rest| (true, rest));
        let text = if match_case { text.to_owned() } else { text.to_lowercase() };
        Ok(Self { text, inverted, match_case })
    }

    fn matches(&self, line: &str) -> bool {
        if self.text.is_empty() {
            return true;
        }
        let found = if self.match_case {
            line.contains(&self.text)
        } else {
            line.to_lowercase().contains(&self.text)
        };
        found != self.inverted
    }
}

fn entry(line: &LogLine, last: bool) -> Value {
    let time = if line.time.is_empty() { Value::Null } else { Value::from(line.time.as_str()) };
    object([
        ("content", Value::from(line.content.as_str())),
        ("timeStamp", time),
        ("timeStampStr", Value::from(line.time.as_str())),
        ("podName", Value::from(line.pod.as_str())),
        ("last", Value::from(last)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_finds_or_leaves_out() {
        let filter = |text: &str, match_case| {
            let (inverted, text) = text.strip_prefix('!').map_or((false, text), |t| (true, t));
            Filter { text: text.to_owned(), inverted, match_case }
        };
        assert!(filter("error", false).matches("An ERROR came"));
        assert!(!filter("error", true).matches("An ERROR came"));
        assert!(!filter("!error", false).matches("An ERROR came"));
        assert!(filter("", true).matches("anything"));
    }
}
