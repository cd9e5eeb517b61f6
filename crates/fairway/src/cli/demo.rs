//! `fairway demo`: what a team on the platform would do, against the embedded forge.

use super::client::{Client, Connection, text};
use super::exit::{DIFFERENT, Failure, MISSING, UNREACHABLE};
use super::output::print;
use crate::up::{ORGANIZATION, TEMPLATE};
use anyhow::{Context as _, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// What stands in the template's files for the service's name.
const PLACEHOLDER: &str = "__NAME__";
/// The topic that the example's ApplicationSet looks for.
const TOPIC: &str = "idp-managed";
/// Longest name, so that names made of it fit a label.
const NAME_BYTES_MAX: usize = 40;

/// Arguments of `fairway demo`.
#[derive(clap::Args, Debug)]
pub struct DemoArgs {
    #[command(subcommand)]
    command: Demo,
}

#[derive(clap::Subcommand, Debug)]
enum Demo {
    /// Creates a repository from the golden-path template; its topic is all it takes to be deployed.
    NewService(NewService),
}

#[derive(clap::Args, Debug)]
struct NewService {
    /// Name of the service: a-z, 0-9 and -.
    name: String,
    /// Folder of the running `fairway up`.
    #[arg(long, default_value = ".fairway", value_name = "DIR", env = "FAIRWAY_DATA_DIR")]
    data_dir: PathBuf,
    /// Longest wait for the service to be Synced and Healthy, in seconds.
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    timeout: u64,
}

/// Runs `fairway demo`.
pub async fn run(args: DemoArgs) -> anyhow::Result<()> {
    let Demo::NewService(args) = args.command;
    let name = &args.name;
    check_name(name)?;
    let connection = Connection {
        data_dir: args.data_dir.clone(),
        server: None,
        token: None,
        username: "admin".to_owned(),
        password: None,
        insecure: false,
        app_namespace: None,
    };
    let client = Client::connect(&connection).await?;
    let running = crate::data_dir::DataDir::new(&args.data_dir).running();
    let git_url = running.map(|r| r.git_url).filter(|u| !u.is_empty());
    let Some(git_url) = git_url else {
        bail!("the engine has no embedded Git server; run `fairway up` without --repo of your own forge");
    };
    let forge =
        Forge { http: reqwest::Client::builder().timeout(Duration::from_secs(30)).build()?, base: git_url };
    print(&format!(
        "1. {ORGANIZATION}/{name} is created from {ORGANIZATION}/{TEMPLATE}\n\
         2. it gets the topic {TOPIC}\n\
         3. an ApplicationSet finds it and makes the Application {name}\n\
         4. {name} is rendered, applied and healthy\n\n"
    ))?;
    let started = Instant::now();
    create(&forge, name, started).await?;
    follow(&client, name, started, Duration::from_secs(args.timeout)).await
}

fn check_name(name: &str) -> anyhow::Result<()> {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let edges = name.starts_with(|c: char| c.is_ascii_lowercase()) && !name.ends_with('-');
    if !edges || name.len() > NAME_BYTES_MAX || !name.bytes().all(fits) {
        let message = format!(
            "{name:?} is no name of a service; use a-z, 0-9 and -, a letter first, {NAME_BYTES_MAX} characters at most"
        );
        return Err(Failure::error(2, message));
    }
    Ok(())
}

fn say(started: Instant, words: &str) -> anyhow::Result<()> {
    print(&format!("{:6.1} s  {words}\n", started.elapsed().as_secs_f64()))
}

/// Makes the repository whole; steps that an earlier run has done are left as they are.
async fn create(forge: &Forge, name: &str, started: Instant) -> anyhow::Result<()> {
    let repository = format!("repos/{ORGANIZATION}/{name}");
    if forge.get(&repository).await?.is_some() {
        say(started, &format!("{ORGANIZATION}/{name} is there already"))?;
    } else {
        let template = format!("repos/{ORGANIZATION}/{TEMPLATE}");
        if forge.get(&template).await?.is_none() {
            let message = format!(
                "the forge at {} has no template {ORGANIZATION}/{TEMPLATE}; start over with `fairway up --reset`",
                forge.base
            );
            return Err(Failure::error(MISSING, message));
        }
        let body =
            json!({ "owner": ORGANIZATION, "name": name, "description": format!("The service {name}") });
        forge.send(Method::POST, &format!("{template}/generate"), &body).await?;
        say(started, &format!("created {}/{ORGANIZATION}/{name}.git", forge.base))?;
    }
    fill_in(forge, &repository, name).await?;
    let topics = forge.get(&format!("{repository}/topics")).await?.unwrap_or_default();
    let mut names: Vec<&str> =
        topics["names"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if !names.contains(&TOPIC) {
        names.push(TOPIC);
        forge.send(Method::PUT, &format!("{repository}/topics"), &json!({ "names": names })).await?;
    }
    say(started, &format!("topic {TOPIC} is set"))
}

/// Writes the service's name in place of the template's placeholder.
async fn fill_in(forge: &Forge, repository: &str, name: &str) -> anyhow::Result<()> {
    let tree = forge.get(&format!("{repository}/git/trees/main?recursive=1")).await?.unwrap_or_default();
    ensure!(tree["truncated"] != json!(true), "the template has too many files to fill in");
    for entry in tree["tree"].as_array().into_iter().flatten().filter(|e| e["type"] == "blob") {
        let path = entry["path"].as_str().unwrap_or_default();
        ensure!(!path.contains(PLACEHOLDER), "unsupported: {PLACEHOLDER} in the path {path} of the template");
        let at = format!("{repository}/contents/{path}");
        let Some(file) = forge.get(&at).await? else { continue };
        let packed: String =
            file["content"].as_str().unwrap_or_default().chars().filter(|c| !c.is_whitespace()).collect();
        let bytes = STANDARD.decode(packed).with_context(|| format!("read {path}"))?;
        let Some(filled) = replace(&bytes, name) else { continue };
        let body = json!({
            "message": format!("Name the service {name} in {path}"),
            "content": STANDARD.encode(filled),
            "sha": file["sha"],
            "branch": "main",
        });
        forge.send(Method::PUT, &at, &body).await?;
    }
    Ok(())
}

/// Returns the text with the name in it; nothing where there is nothing to replace.
fn replace(bytes: &[u8], name: &str) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    text.contains(PLACEHOLDER).then(|| text.replace(PLACEHOLDER, name))
}

/// Shows the Application's state until it is Synced and Healthy.
async fn follow(client: &Client, name: &str, started: Instant, longest: Duration) -> anyhow::Result<()> {
    let mut shown = String::new();
    loop {
        // The list answers before the Application exists too.
        let all = client.get(&["applications"], &[("name", name)]).await?;
        let app =
            super::client::list(&all, &["items"]).iter().find(|a| text(a, &["metadata", "name"]) == name);
        let state = app.map_or_else(
            || "no Application yet".to_owned(),
            |app| {
                let word = |path: &[&str]| match text(app, path) {
                    "" => "Unknown".to_owned(),
                    word => word.to_owned(),
                };
                format!("{} {}", word(&["status", "sync", "status"]), word(&["status", "health", "status"]))
            },
        );
        if state != shown {
            say(started, &format!("{name}: {state}"))?;
            shown.clone_from(&state);
        }
        if state == "Synced Healthy" {
            return Ok(());
        }
        if started.elapsed() > longest {
            let message = format!(
                "{name} is not Synced and Healthy after {} s ({state}); see `fairway app get {name}`",
                longest.as_secs()
            );
            return Err(Failure::error(DIFFERENT, message));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// GitHub's REST API of the embedded forge.
struct Forge {
    http: reqwest::Client,
    base: String,
}

impl Forge {
    async fn get(&self, path: &str) -> anyhow::Result<Option<Value>> {
        let (status, body) = self.call(Method::GET, path, None).await?;
        match status {
            StatusCode::NOT_FOUND => Ok(None),
            status if status.is_success() => Ok(Some(body)),
            status => Err(refused(path, status, &body)),
        }
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<()> {
        let (status, answer) = self.call(method, path, Some(body)).await?;
        if status.is_success() { Ok(()) } else { Err(refused(path, status, &answer)) }
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<(StatusCode, Value)> {
        let mut request = self.http.request(method, format!("{}/api/v3/{path}", self.base));
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.map_err(|_| {
            Failure::error(
                UNREACHABLE,
                format!("the forge at {} does not answer; is `fairway up` running?", self.base),
            )
        })?;
        let status = answer.status();
        Ok((status, answer.json().await.unwrap_or_default()))
    }
}

fn refused(path: &str, status: StatusCode, body: &Value) -> anyhow::Error {
    anyhow::anyhow!(
        "the forge refuses {path}: {} ({status})",
        body["message"].as_str().unwrap_or("no reason given")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_a_label() {
        assert!(check_name("shop-2").is_ok());
        for bad in ["", "Shop", "2shop", "shop-", "a_b", "../x", &"a".repeat(41)] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_texts_with_the_placeholder_change() {
        assert_eq!(
            replace(b"name: __NAME__\nx: __NAME__-a", "shop").as_deref(),
            Some("name: shop\nx: shop-a")
        );
        assert_eq!(replace(b"name: other", "shop"), None);
        assert_eq!(replace(b"\xff__NAME__", "shop"), None);
    }
}
