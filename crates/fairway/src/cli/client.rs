//! The REST API of a running engine.

use super::exit::{Failure, MISSING, REFUSED, UNREACHABLE};
use crate::data_dir::DataDir;
use anyhow::Context as _;
use fairway_value::{HtmlEscape, Value, from_json, to_json};
use reqwest::{Method, StatusCode, Url};
use std::path::PathBuf;
use std::time::Duration;

/// Longest wait for an answer: a refresh waits for its comparison.
const ANSWER_WAIT: Duration = Duration::from_secs(90);
/// Largest answer that is read.
const ANSWER_BYTES_MAX: usize = 256 << 20;

/// Longest stream: a day, after which it is opened anew by hand.
const STREAM_WAIT: Duration = Duration::from_secs(24 * 60 * 60);
/// Largest line of a stream.
const LINE_BYTES_MAX: usize = 1 << 20;

/// Where the engine is and who asks.
#[derive(clap::Args, Clone, Debug)]
pub struct Connection {
    /// Folder of `fairway up`, by which a running engine is found.
    #[arg(long, default_value = ".fairway", value_name = "DIR", env = "FAIRWAY_DATA_DIR")]
    pub data_dir: PathBuf,
    /// Address of the engine's API, instead of the one that runs on the data folder.
    #[arg(long, value_name = "URL", env = "FAIRWAY_SERVER")]
    pub server: Option<String>,
    /// Token of a session with --server.
    #[arg(long, env = "FAIRWAY_TOKEN", hide_env_values = true, requires = "server")]
    pub token: Option<String>,
    /// Account to log in with.
    #[arg(long, default_value = "admin", env = "FAIRWAY_USERNAME")]
    pub username: String,
    /// Password of the account; without it that of the data folder is used.
    #[arg(long, env = "FAIRWAY_PASSWORD", hide_env_values = true)]
    pub password: Option<String>,
    /// Trusts any certificate of --server.
    #[arg(long, requires = "server")]
    pub insecure: bool,
    /// Namespace of the Application; the engine's own without it.
    #[arg(long, short = 'N', value_name = "NAMESPACE")]
    pub app_namespace: Option<String>,
}

/// An Application as it is named on the command line: `NAME` or `NAMESPACE/NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppName {
    /// Namespace, where one is named.
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
}

impl std::str::FromStr for AppName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (namespace, name) = match text.split_once('/') {
            Some((namespace, name)) => (Some(namespace.to_owned()), name),
            None => (None, text),
        };
        if name.is_empty() || name.contains('/') || namespace.as_deref() == Some("") {
            return Err("write NAME or NAMESPACE/NAME".to_owned());
        }
        Ok(Self { namespace, name: name.to_owned() })
    }
}

impl std::fmt::Display for AppName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

/// A session with an engine.
pub struct Client {
    http: reqwest::Client,
    base: Url,
    token: String,
    namespace: Option<String>,
}

impl Client {
    /// Finds the engine and logs in.
    pub async fn connect(connection: &Connection) -> anyhow::Result<Self> {
        let running = DataDir::new(&connection.data_dir).running();
        let address = match (&connection.server, &running) {
            (Some(server), _) if server.contains("://") => server.clone(),
            (Some(server), _) => format!("https://{server}"),
            (None, Some(running)) => running.url.clone(),
            (None, None) => return Err(no_engine(connection)),
        };
        let base = Url::parse(&address).with_context(|| format!("read the address {address}"))?;
        if base.cannot_be_a_base() {
            anyhow::bail!("{address} is no address of an engine; write http://HOST:PORT");
        }
        let http = reqwest::Client::builder()
            .timeout(ANSWER_WAIT)
            .connect_timeout(Duration::from_secs(10))
            .tls_danger_accept_invalid_certs(connection.insecure)
            .build()?;
        let mut client =
            Self { http, base, token: String::new(), namespace: connection.app_namespace.clone() };
        client.token = match (&connection.token, &connection.password, running) {
            (Some(token), _, _) => token.clone(),
            (None, Some(password), _) => client.login(&connection.username, password).await?,
            (None, None, Some(running)) if connection.server.is_none() => {
                client.login(&connection.username, &running.password).await?
            }
            _ => anyhow::bail!(
                "no credentials for {address}; set FAIRWAY_TOKEN, or --username and FAIRWAY_PASSWORD"
            ),
        };
        Ok(client)
    }

    async fn login(&self, username: &str, password: &str) -> anyhow::Result<String> {
        let body = object([("username", username.into()), ("password", password.into())]);
        let answer = self.call(Method::POST, &["session"], &[], Some(&body)).await?;
        Ok(text(&answer, &["token"]).to_owned())
    }

    /// Reads.
    pub async fn get(&self, path: &[&str], query: &[(&str, &str)]) -> anyhow::Result<Value> {
        self.call(Method::GET, path, query, None).await
    }

    /// Calls `/api/v1/applications/NAME/REST`.
    pub async fn on_app(
        &self,
        method: Method,
        app: &AppName,
        rest: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let mut query = query.to_vec();
        if let Some(namespace) = app.namespace.as_deref().or(self.namespace.as_deref()) {
            query.push(("appNamespace", namespace));
        }
        let path: Vec<&str> =
            ["applications", app.name.as_str()].into_iter().chain(rest.iter().copied()).collect();
        self.call(method, &path, &query, body).await
    }

    /// Reads a stream of JSON lines of `/api/v1/applications/NAME/REST` until it ends, however long it takes.
    pub async fn lines(
        &self,
        app: &AppName,
        rest: &[&str],
        query: &[(&str, &str)],
        mut each: impl FnMut(&Value) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let path: Vec<&str> =
            ["applications", app.name.as_str()].into_iter().chain(rest.iter().copied()).collect();
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "v1"]).extend(&path);
        }
        url.query_pairs_mut().extend_pairs(query);
        if let Some(namespace) = app.namespace.as_deref().or(self.namespace.as_deref()) {
            url.query_pairs_mut().append_pair("appNamespace", namespace);
        }
        let request = self.http.get(url).bearer_auth(&self.token).timeout(STREAM_WAIT);
        let mut answer = request.send().await.map_err(|e| self.unreachable(&e))?;
        if !answer.status().is_success() {
            let status = answer.status();
            let bytes = answer.bytes().await.map_err(|e| self.unreachable(&e))?;
            return Err(refusal(status, &from_json(&bytes).unwrap_or_default(), &path));
        }
        let mut waiting = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|e| self.unreachable(&e))? {
            waiting.extend_from_slice(&chunk);
            anyhow::ensure!(waiting.len() <= LINE_BYTES_MAX, "a line is larger than {LINE_BYTES_MAX} bytes");
            while let Some(at) = waiting.iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = waiting.drain(..=at).collect();
                if !line.trim_ascii().is_empty() {
                    each(&from_json(&line).context("read a line of the stream")?)?;
                }
            }
        }
        Ok(())
    }

    /// Returns the Application.
    pub async fn application(&self, app: &AppName) -> anyhow::Result<Value> {
        self.on_app(Method::GET, app, &[], &[], None).await
    }

    /// Returns the namespace that `--app-namespace` names.
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// Calls `/api/v1/PATH`.
    pub async fn call(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "v1"]).extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = self.http.request(method, url).header("content-type", "application/json");
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if let Some(body) = body {
            request = request.body(to_json(body, HtmlEscape::No));
        }
        let answer = request.send().await.map_err(|e| self.unreachable(&e))?;
        let status = answer.status();
        let bytes = answer.bytes().await.map_err(|e| self.unreachable(&e))?;
        anyhow::ensure!(
            bytes.len() <= ANSWER_BYTES_MAX,
            "the answer is larger than {ANSWER_BYTES_MAX} bytes"
        );
        if status.is_success() {
            return from_json(&bytes)
                .with_context(|| format!("{} answers with something else than JSON", self.base));
        }
        Err(refusal(status, &from_json(&bytes).unwrap_or_default(), path))
    }

    fn unreachable(&self, error: &reqwest::Error) -> anyhow::Error {
        let message = if error.is_timeout() {
            format!("the engine at {} does not answer in time", self.base)
        } else {
            format!(
                "no engine answers at {}; start one with `fairway up`, or name another with --data-dir or --server ({})",
                self.base,
                root_cause(error)
            )
        };
        Failure::error(UNREACHABLE, message)
    }
}

fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

fn no_engine(connection: &Connection) -> anyhow::Error {
    let message = format!(
        "no engine runs on {}; start one with `fairway up`, or name it with --data-dir or --server",
        connection.data_dir.display()
    );
    Failure::error(UNREACHABLE, message)
}

/// Turns an answer that is no success into one sentence.
fn refusal(status: StatusCode, body: &Value, path: &[&str]) -> anyhow::Error {
    let said = ["message", "error"].iter().map(|k| text(body, &[k])).find(|t| !t.is_empty());
    let said = said.map_or_else(|| format!("HTTP {status}"), str::to_owned);
    match (status, path) {
        // Argo CD's API does not tell an Application that is not there from one that may not be seen.
        (StatusCode::NOT_FOUND | StatusCode::FORBIDDEN, ["applications", name, ..]) => Failure::error(
            MISSING,
            format!(
                "application {name} does not exist, or this account may not see it ({said}); see `fairway app list`"
            ),
        ),
        (StatusCode::NOT_FOUND, _) => Failure::error(MISSING, said),
        (StatusCode::UNAUTHORIZED, _) => Failure::error(
            REFUSED,
            format!("the engine refuses the login: {said}; check the account, password or token"),
        ),
        _ => Failure::error(REFUSED, said),
    }
}

/// Returns the string at a path, or the empty one.
pub fn text<'a>(value: &'a Value, path: &[&str]) -> &'a str {
    value.get_path(path).and_then(Value::as_str).unwrap_or_default()
}

/// Returns the list at a path, or the empty one.
pub fn list<'a>(value: &'a Value, path: &[&str]) -> &'a [Value] {
    value.get_path(path).and_then(Value::as_array).unwrap_or_default()
}

/// Returns an object's `NAMESPACE/NAME`.
pub fn qualified(object: &Value) -> String {
    format!("{}/{}", text(object, &["metadata", "namespace"]), text(object, &["metadata", "name"]))
}

/// Makes an object.
pub fn object<const N: usize>(entries: [(&str, Value); N]) -> Value {
    entries.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::exit::code_of;

    #[test]
    fn refusals_have_the_servers_words_and_a_code() {
        let body = from_json(br#"{"message":"another operation is already in progress"}"#).unwrap();
        let error = refusal(StatusCode::BAD_REQUEST, &body, &["applications", "a", "sync"]);
        assert_eq!(error.to_string(), "another operation is already in progress");
        assert_eq!(error.downcast_ref::<Failure>().unwrap().code, REFUSED);
        let error = refusal(StatusCode::FORBIDDEN, &Value::Null, &["applications", "a"]);
        assert_eq!(error.downcast_ref::<Failure>().unwrap().code, MISSING);
        assert!(error.to_string().contains("application a does not exist"));
        assert!(code_of(&error).1);
    }
}
