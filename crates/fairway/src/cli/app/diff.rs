//! `fairway app diff`.

use super::refresh::RefreshFlags;
use super::transplant::transplant;
use crate::cli::client::{AppName, Client, Connection, list, text};
use crate::cli::disk_tree::Place;
use crate::cli::exit::Failure;
use crate::cli::output::print;
use crate::cli::render::{Opened, Subject, objects};
use crate::cli::table::{Colour, has_colour, paint};
use anyhow::Context as _;
use fairway_core::AppSource;
use fairway_render::Capabilities;
use fairway_value::{HtmlEscape, Value, from_json, to_json};
use reqwest::Method;
use std::path::{Path, PathBuf};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The Application: NAME or NAMESPACE/NAME.
    app: AppName,
    #[command(flatten)]
    refresh: RefreshFlags,
    /// Compares with what this revision renders to, instead of the target revision.
    #[arg(long, conflicts_with = "local")]
    revision: Option<String>,
    /// Compares with what this folder renders to: the App's path in a work tree of its repository.
    #[arg(long, value_name = "DIR")]
    local: Option<PathBuf>,
    /// Whether a difference gives exit code 1.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    exit_code: bool,
    #[command(flatten)]
    connection: Connection,
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let client = Client::connect(&args.connection).await?;
    if let Some(refresh) = args.refresh.query() {
        client.on_app(Method::GET, &args.app, &[], &[refresh], None).await?;
    }
    let answer = client.on_app(Method::GET, &args.app, &["managed-resources"], &[], None).await?;
    let other = match (&args.revision, &args.local) {
        (Some(revision), _) => Some(at_revision(&client, &args.app, revision).await?),
        (None, Some(folder)) => Some(local(&client.application(&args.app).await?, folder).await?),
        (None, None) => None,
    };
    let items = list(&answer, &["items"]).to_vec();
    let items = match &other {
        Some(desired) => with_desired(items, desired),
        None => items,
    };
    let mut differs = false;
    for item in &items {
        let difference = difference(item);
        if !difference.is_empty() {
            differs = true;
            print(&coloured(&heading(item), &difference, has_colour()))?;
        }
    }
    if differs && args.exit_code { Err(Failure::silent()) } else { Ok(()) }
}

async fn at_revision(client: &Client, app: &AppName, revision: &str) -> anyhow::Result<Vec<Value>> {
    let answer = client.on_app(Method::GET, app, &["manifests"], &[("revision", revision)], None).await?;
    let manifests = list(&answer, &["manifests"]).iter().filter_map(Value::as_str);
    Ok(manifests.filter_map(|m| from_json(m.as_bytes()).ok()).collect())
}

/// Renders a folder as the Application would.
async fn local(app: &Value, folder: &Path) -> anyhow::Result<Vec<Value>> {
    let lowered = fairway_argocd::lower(app).app;
    let [source] = lowered.sources.as_slice() else {
        anyhow::bail!(
            "--local is for Applications with one source; {} has {}",
            lowered.id.name,
            lowered.sources.len()
        );
    };
    anyhow::ensure!(source.chart.is_empty(), "{} takes its chart from a Helm repository", lowered.id.name);
    let place = Place::of(folder)?;
    let source = AppSource { path: place.path.as_str().into(), ..source.clone() };
    let subject = Subject {
        name: lowered.id.name.to_string(),
        namespace: lowered.destination.namespace.to_string(),
        project: lowered.project.to_string(),
        sources: vec![source.clone()],
    };
    let opened = [Opened { source, revision: "local".to_owned(), tree: place.tree }];
    let rendered =
        tokio::task::spawn_blocking(move || objects(&subject, &opened, &Capabilities::default(), None))
            .await?;
    let (rendered, _) = rendered.with_context(|| format!("render {}", folder.display()))?;
    let of_app = |mut value: Value| {
        let namespace = text(app, &["spec", "destination", "namespace"]);
        if text(&value, &["metadata", "namespace"]).is_empty() && !namespace.is_empty() {
            value.set_path(&["metadata", "namespace"], namespace);
        }
        value
    };
    Ok(rendered.into_iter().map(|o| of_app(o.object.value().clone())).collect())
}

/// Returns the items as they would be with other desired objects.
fn with_desired(mut items: Vec<Value>, desired: &[Value]) -> Vec<Value> {
    let state =
        |item: &Value, field: &str| from_json(text(item, &[field]).as_bytes()).ok().filter(|v| !v.is_null());
    let json = |value: &Value| to_json(value, HtmlEscape::No);
    let group = |object: &Value| {
        text(object, &["apiVersion"]).split_once('/').map(|(group, _)| group.to_owned()).unwrap_or_default()
    };
    let mut known = vec![false; desired.len()];
    for item in &mut items {
        let is_same = |object: &Value| {
            let (wanted, has) = (text(item, &["namespace"]), text(object, &["metadata", "namespace"]));
            text(item, &["kind"]) == text(object, &["kind"])
                && text(item, &["name"]) == text(object, &["metadata", "name"])
                && text(item, &["group"]) == group(object)
                // A cluster-wide object that is rendered into a namespace has none in the cluster.
                && (wanted == has || wanted.is_empty())
        };
        let at = desired.iter().position(is_same);
        let Some(new) = at.and_then(|at| desired.get(at)) else {
            item.set_path(&["targetState"], "null");
            item.set_path(&["predictedLiveState"], "null");
            continue;
        };
        if let Some(known) = at.and_then(|at| known.get_mut(at)) {
            *known = true;
        }
        let (old, predicted) = (state(item, "targetState"), state(item, "predictedLiveState"));
        let next = match (old, predicted) {
            (Some(old), Some(predicted)) => transplant(&unmarked(&old), &unmarked(new), &predicted),
            _ => new.clone(),
        };
        item.set_path(&["targetState"], json(new));
        item.set_path(&["predictedLiveState"], json(&next));
    }
    for (object, _) in desired.iter().zip(known).filter(|(_, known)| !known) {
        let mut item = Value::object();
        item.set_path(&["group"], group(object));
        for (field, path) in [
            ("kind", &["kind"] as &[&str]),
            ("name", &["metadata", "name"]),
            ("namespace", &["metadata", "namespace"]),
        ] {
            item.set_path(&[field], text(object, path));
        }
        item.set_path(&["targetState"], json(object));
        item.set_path(&["liveState"], "null");
        items.push(item);
    }
    items
}

/// Returns an object without the mark that says whose it is, which what is rendered here does not have.
fn unmarked(object: &Value) -> Value {
    let mut out = object.clone();
    out.remove_path(&["metadata", "annotations", "argocd.argoproj.io/tracking-id"]);
    let is_empty = |v: &Value| v.as_object().is_some_and(|o| o.iter().next().is_none());
    if out.get_path(&["metadata", "annotations"]).is_some_and(is_empty) {
        out.remove_path(&["metadata", "annotations"]);
    }
    // A namespace that the object itself does not name is that of the destination.
    out.remove_path(&["metadata", "namespace"]);
    out
}

fn heading(item: &Value) -> String {
    let cell = |field: &str| text(item, &[field]);
    let name = if cell("namespace").is_empty() {
        cell("name").to_owned()
    } else {
        format!("{}/{}", cell("namespace"), cell("name"))
    };
    format!("===== {}/{} {name} =====", cell("group"), cell("kind"))
}

/// Returns the unified diff from the live object to what a sync makes of it; empty where nothing changes.
fn difference(item: &Value) -> String {
    if item.get("hook").and_then(Value::as_bool) == Some(true) {
        return String::new();
    }
    let state = |field: &str| from_json(text(item, &[field]).as_bytes()).ok().filter(|v| !v.is_null());
    let target = state("targetState");
    let live = state("normalizedLiveState").or_else(|| state("liveState"));
    let predicted = target.and_then(|target| state("predictedLiveState").or(Some(target)));
    fairway_diff::text::unified(live.as_ref(), predicted.as_ref())
}

/// Returns a diff below its heading.
pub(in crate::cli) fn coloured(heading: &str, difference: &str, on: bool) -> String {
    let mut out = format!("{heading}\n");
    for line in difference.lines() {
        let colour = match line.as_bytes().first() {
            Some(b'+') => Some(Colour::Green),
            Some(b'-') => Some(Colour::Red),
            Some(b'@') => Some(Colour::Dim),
            _ => None,
        };
        out.push_str(&paint(line, colour, on));
        out.push('\n');
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(target: &str, live: &str) -> Value {
        [("kind", "ConfigMap"), ("name", "c"), ("targetState", target), ("liveState", live)]
            .into_iter()
            .map(|(k, v)| (k, Value::from(v)))
            .collect()
    }

    #[test]
    fn another_revision_is_laid_over_what_is_live() {
        let object = |image: &str, more: &str| {
            format!(
                r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"c"}},"image":"{image}"{more}}}"#
            )
        };
        let (old, live) = (object("1", ""), object("1", r#","default":true"#));
        let mut known = item(&old, &live);
        known.set_path(&["predictedLiveState"], live.as_str());
        let read = |text: &str| from_json(text.as_bytes()).unwrap();
        let same = with_desired(vec![known.clone()], &[read(&old)]);
        assert_eq!(difference(&same[0]), "");
        let changed = with_desired(vec![known.clone()], &[read(&object("2", ""))]);
        let text = difference(&changed[0]);
        assert!(text.contains("-image: \"1\"\n+image: \"2\"") && !text.contains("-default"), "{text}");
        let other = read(r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"}}"#);
        let replaced = with_desired(vec![known], &[other]);
        assert!(difference(&replaced[0]).contains("-kind: ConfigMap"));
        assert!(difference(&replaced[1]).contains("+kind: Deployment"));
    }

    #[test]
    fn changes_new_objects_and_prunes_are_shown() {
        let (one, two) =
            (r#"{"kind":"ConfigMap","data":{"a":"1"}}"#, r#"{"kind":"ConfigMap","data":{"a":"2"}}"#);
        assert_eq!(difference(&item(one, one)), "");
        let changed = difference(&item(two, one));
        assert!(changed.contains("-  a: \"1\"\n+  a: \"2\"\n"), "{changed}");
        assert!(difference(&item(one, "null")).contains("+  a: \"1\""));
        assert!(difference(&item("null", one)).contains("-  a: \"1\""));
    }
}
