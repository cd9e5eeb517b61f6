//! `fairway diff`: what a change of a repository changes in the manifests.

use super::app::coloured;
use super::check::origin;
use super::exit::Failure;
use super::output::{Format, for_programs, print};
use super::render::{Opened, Subject, objects};
use super::table::has_colour;
use anyhow::{Context as _, ensure};
use fairway_core::{AppSource, Desired, FileTree, Object};
use fairway_diff::text::unified;
use fairway_diff::{Change, ChangeKind, ChangeSet};
use fairway_render::Capabilities;
use fairway_source::{NoCredentials, Sources, SourcesOptions, is_same_repository};
use fairway_value::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

/// Deepest nesting of Apps of Apps that is looked into.
const DEPTH_MAX: usize = 8;
/// Most Applications of one revision.
const APPS_MAX: usize = 10_000;

/// Arguments of `fairway diff`.
#[derive(clap::Args, Debug)]
pub struct DiffArgs {
    /// The revisions, as A..B; HEAD where one is left out.
    range: Range,
    /// The repository.
    #[arg(long, default_value = ".", value_name = "DIR")]
    repo: PathBuf,
    /// Folder inside it: manifests, a chart, a kustomization, or Applications.
    #[arg(long, default_value = ".")]
    path: String,
    /// Addresses by which Applications name this repository; that of the remote `origin` is known.
    #[arg(long, value_name = "URL")]
    repo_url: Vec<String>,
    /// Namespace for objects that name none.
    #[arg(long, short = 'n', default_value = "default")]
    namespace: String,
    /// Writes the changes for programs: an entry an Application, each with the objects and fields that differ.
    #[arg(long, short = 'o', value_name = "FORMAT", default_value = "table", value_parser = ["table", "json", "yaml"])]
    output: String,
}

impl DiffArgs {
    fn format(&self) -> Format {
        match self.output.as_str() {
            "json" => Format::Json,
            "yaml" => Format::Yaml,
            _ => Format::Table,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Range(String, String);

impl FromStr for Range {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (a, b) = text.split_once("..").ok_or("write two revisions, as main..feature")?;
        let or_head = |r: &str| if r.is_empty() { "HEAD".to_owned() } else { r.to_owned() };
        Ok(Self(or_head(a), or_head(b.trim_start_matches('.'))))
    }
}

/// One object's place: the App, then the object.
type Rendered = BTreeMap<(String, String), Value>;

/// Runs `fairway diff`.
pub async fn run(args: DiffArgs) -> anyhow::Result<()> {
    let folder = args.repo.canonicalize().with_context(|| format!("open {}", args.repo.display()))?;
    let url = format!("file://{}", folder.display());
    let here: Vec<String> =
        args.repo_url.iter().cloned().chain(origin(&folder)).chain([url.clone()]).collect();
    // Nothing is fetched: the repository is read in place.
    let cache = std::env::temp_dir().join(format!("fairway-diff-{}", crate::data_dir::random_hex(8)?));
    let compared = compare(&args, &folder, &url, &here, &cache).await;
    // What is left behind is an empty temporary folder.
    let _ = std::fs::remove_dir_all(&cache);
    let (text, is_same) = compared?;
    print(&text)?;
    if is_same { Ok(()) } else { Err(Failure::silent()) }
}

async fn compare(
    args: &DiffArgs,
    folder: &Path,
    url: &str,
    here: &[String],
    cache: &Path,
) -> anyhow::Result<(String, bool)> {
    let sources = Sources::new(SourcesOptions::new(cache), Arc::new(NoCredentials))?;
    let mut sides = Vec::new();
    for revision in [&args.range.0, &args.range.1] {
        let commit = sources.resolve(url, &spelled_out(folder, revision).await).await?;
        let tree = sources.open(url, &commit).await?;
        let side = Side { tree, revision: commit.to_string(), here: here.to_vec() };
        let (path, namespace) = (args.path.clone(), args.namespace.clone());
        sides.push(tokio::task::spawn_blocking(move || side.all(&path, &namespace)).await?);
    }
    let after = sides.pop().context("render the second revision")??;
    let before = sides.pop().context("render the first revision")??;
    let sets = change_sets(&before, &after);
    let listed = sets.iter().map(|(app, set)| {
        let mut entry = set.to_value();
        entry.set_path(&["application"], *app);
        entry
    });
    let text = for_programs(&listed.collect(), args.format())
        .unwrap_or_else(|| difference(&before, &after, has_colour()));
    Ok((text, sets.is_empty()))
}

/// Turns what `git` alone understands, such as `HEAD~1`, into a commit; anything else stays as it is.
pub(super) async fn spelled_out(folder: &Path, revision: &str) -> String {
    let mut git = tokio::process::Command::new("git");
    git.arg("-C").arg(folder).args(["rev-parse", "--verify", "--quiet", "--end-of-options"]);
    let found = git.arg(format!("{revision}^{{commit}}")).kill_on_drop(true).output().await;
    let commit = found.ok().filter(|o| o.status.success()).and_then(|o| String::from_utf8(o.stdout).ok());
    commit.map_or_else(|| revision.to_owned(), |c| c.trim().to_owned())
}

/// A repository at one revision.
struct Side {
    tree: Arc<dyn FileTree>,
    revision: String,
    here: Vec<String>,
}

impl Side {
    /// Renders a folder, and each Application in it whose sources lie in this repository.
    fn all(&self, path: &str, namespace: &str) -> anyhow::Result<Rendered> {
        let source = AppSource { path: path.into(), ..AppSource::default() };
        let root = Subject {
            name: String::new(),
            namespace: namespace.to_owned(),
            project: "default".to_owned(),
            sources: vec![source],
        };
        let mut rendered = Rendered::new();
        let mut open = vec![(root, 0)];
        let mut seen = BTreeSet::new();
        while let Some((subject, depth)) = open.pop() {
            ensure!(seen.len() < APPS_MAX, "more than {APPS_MAX} Applications");
            for object in self.render(&subject)? {
                let value = object.object.value();
                if depth < DEPTH_MAX
                    && let Some(app) = self.application(value)
                    && seen.insert(app.name.clone())
                {
                    open.push((app, depth + 1));
                }
                rendered.insert((subject.name.clone(), object.object.key().to_string()), value.clone());
            }
        }
        Ok(rendered)
    }

    fn render(&self, subject: &Subject) -> anyhow::Result<Vec<Desired>> {
        let opened: Vec<Opened> = subject
            .sources
            .iter()
            .map(|s| Opened { source: s.clone(), revision: self.revision.clone(), tree: self.tree.clone() })
            .collect();
        let what = if subject.name.is_empty() { "the folder".to_owned() } else { subject.name.clone() };
        let (objects, _) = objects(subject, &opened, &Capabilities::default(), None).with_context(|| {
            format!("render {what} at {}", self.revision.get(..7).unwrap_or(&self.revision))
        })?;
        Ok(objects)
    }

    /// Returns an Application that can be rendered from this repository alone.
    fn application(&self, value: &Value) -> Option<Subject> {
        let is_app = value.get("kind").and_then(Value::as_str) == Some("Application")
            && value.get("apiVersion").and_then(Value::as_str).is_some_and(|v| v.starts_with("argoproj.io/"));
        if !is_app {
            return None;
        }
        let app = fairway_argocd::lower(value).app;
        let is_here = |s: &AppSource| {
            s.chart.is_empty() && self.here.iter().any(|u| is_same_repository(u, &s.repo_url))
        };
        if !app.sources.iter().all(is_here) {
            eprintln!("note: {} has a source elsewhere; its manifests are not compared", app.id.name);
            return None;
        }
        Some(app.into())
    }
}

/// Returns what differs, by Application; the folder itself has no name. Applications in which nothing differs are left out.
fn change_sets<'r>(before: &'r Rendered, after: &'r Rendered) -> BTreeMap<&'r str, ChangeSet> {
    let places: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let mut by_app: BTreeMap<&str, Vec<Change>> = BTreeMap::new();
    for place in places {
        let (old, new) = (before.get(place), after.get(place));
        let Some(object) = new.or(old) else { continue };
        let change = Change::between(Object::new(object.clone()).key(), old, new);
        let differs = change.filter(|c| c.kind != ChangeKind::Unchanged);
        if let Some(change) = differs {
            by_app.entry(place.0.as_str()).or_default().push(change);
        }
    }
    by_app.into_iter().map(|(app, changes)| (app, ChangeSet::new(changes))).collect()
}

/// Returns a unified diff of each object that differs.
fn difference(before: &Rendered, after: &Rendered, colour: bool) -> String {
    let places: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let mut out = String::new();
    for place in places {
        let text = unified(before.get(place), after.get(place));
        if !text.is_empty() {
            let (app, object) = place;
            let heading = if app.is_empty() {
                format!("===== {object} =====")
            } else {
                format!("===== {app}: {object} =====")
            };
            out.push_str(&coloured(&heading, &text, colour));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_core::MemoryTree;

    #[test]
    fn a_range_has_two_sides() {
        assert_eq!(Range::from_str("a..b").unwrap(), Range("a".into(), "b".into()));
        assert_eq!(Range::from_str("a...b").unwrap(), Range("a".into(), "b".into()));
        assert_eq!(Range::from_str("v1..").unwrap(), Range("v1".into(), "HEAD".into()));
        assert!(Range::from_str("main").is_err());
    }

    #[test]
    fn applications_of_this_repository_are_looked_into() {
        let side = |value: &str| {
            let app = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: shop, namespace: argocd}\n\
                spec:\n  project: default\n  source: {repoURL: 'https://h/r.git', path: shop}\n  \
                destination: {server: 'https://kubernetes.default.svc', namespace: n}\n";
            let map =
                format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{a: '{value}'}}\n");
            let tree = MemoryTree::new([("apps/a.yaml", app.to_owned()), ("shop/c.yaml", map)]).unwrap();
            Side { tree: Arc::new(tree), revision: "0123456789".into(), here: vec!["https://h/r".into()] }
        };
        let (one, two) = (side("1").all("apps", "argocd").unwrap(), side("2").all("apps", "argocd").unwrap());
        assert_eq!(difference(&one, &one, false), "");
        let text = difference(&one, &two, false);
        assert!(text.starts_with("===== shop: "), "{text}");
        assert!(text.contains("-  a: \"1\"\n+  a: \"2\"\n"), "{text}");

        assert!(change_sets(&one, &one).is_empty());
        let sets = change_sets(&one, &two);
        let json = fairway_value::to_json(&sets["shop"].to_value(), fairway_value::HtmlEscape::No);
        assert!(json.contains(r#""change":"configured""#), "{json}");
        assert!(json.contains(r#"{"after":"2","before":"1","path":"/data/a"}"#), "{json}");
    }
}
