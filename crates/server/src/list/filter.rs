//! Selection by the query parameters of `/api/v1/applications`.

use super::Selector;
use crate::error::ApiError;
use crate::wire::{Params, text};
use fairway_value::Value;

/// What a caller wants of the applications.
///
/// `name`, `project`, `projects`, `repo`, `selector` and `appNamespace` are Argo CD's. `search`, `sync`, `health`, `namespace`,
/// `cluster` and `operation` are Fairway's own: the dashboard filters on the server.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    name: Option<String>,
    app_namespace: Option<String>,
    repo: Option<String>,
    selector: Selector,
    search: Vec<String>,
    projects: Vec<String>,
    sync: Vec<String>,
    health: Vec<String>,
    namespaces: Vec<String>,
    clusters: Vec<String>,
    labels: Vec<String>,
}

/// A dimension that the dashboard counts and filters by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Facet {
    Sync,
    Health,
    Project,
    Namespace,
    Cluster,
    Label,
}

impl Filter {
    /// Reads the query.
    pub(crate) fn parse(params: &Params) -> Result<Self, ApiError> {
        let owned = |key: &str| params.get(key).map(str::to_owned);
        let many = |key: &str| params.all(key).map(str::to_owned).collect::<Vec<_>>();
        let selector = Selector::parse(params.get("selector").unwrap_or_default())
            .map_err(|error| ApiError::invalid(format!("error parsing the selector: {error}")))?;
        let mut projects = many("projects");
        projects.extend(many("project"));
        let search = params.get("search").unwrap_or_default().to_lowercase();
        Ok(Self {
            name: owned("name"),
            app_namespace: owned("appNamespace"),
            repo: owned("repo"),
            selector,
            search: search.split_whitespace().map(str::to_owned).collect(),
            projects,
            sync: many("sync"),
            health: many("health"),
            namespaces: many("namespace"),
            clusters: many("cluster"),
            labels: many("label"),
        })
    }

    /// Whether an application is wanted.
    pub(crate) fn matches(&self, app: &Value) -> bool {
        self.matches_except(app, None)
    }

    /// Whether an application is wanted when one facet's own filter is left out: what a facet's counts are made of.
    pub(crate) fn matches_except(&self, app: &Value, facet: Option<Facet>) -> bool {
        let wanted = |f: Facet, wanted: &[String], value: &str| {
            facet == Some(f) || wanted.is_empty() || wanted.iter().any(|w| w == value)
        };
        self.name.as_deref().is_none_or(|name| name == text(app, &["metadata", "name"]))
            && self.app_namespace.as_deref().is_none_or(|ns| ns == text(app, &["metadata", "namespace"]))
            && self.repo.as_deref().is_none_or(|repo| repos(app).any(|r| r == repo))
            && wanted(Facet::Project, &self.projects, project(app))
            && wanted(Facet::Sync, &self.sync, sync_status(app))
            && wanted(Facet::Health, &self.health, health_status(app))
            && wanted(Facet::Namespace, &self.namespaces, text(app, &["spec", "destination", "namespace"]))
            && wanted(Facet::Cluster, &self.clusters, cluster(app))
            && (facet == Some(Facet::Label) || self.has_labels(app))
            && self.selector.matches(app.get_path(&["metadata", "labels"]).and_then(Value::as_object))
            && self.found(app)
    }

    fn has_labels(&self, app: &Value) -> bool {
        let labels = app.get_path(&["metadata", "labels"]);
        self.labels.iter().all(|wanted| {
            let (key, value) = wanted.split_once('=').unwrap_or((wanted, ""));
            labels.and_then(|labels| labels.get(key)).and_then(Value::as_str) == Some(value)
        })
    }

    /// Whether every word searched for is in the name, the project, the namespace, a repository or a path.
    fn found(&self, app: &Value) -> bool {
        if self.search.is_empty() {
            return true;
        }
        let mut hay = String::new();
        for part in [
            text(app, &["metadata", "name"]),
            text(app, &["metadata", "namespace"]),
            project(app),
            text(app, &["spec", "destination", "namespace"]),
        ] {
            hay.push_str(&part.to_lowercase());
            hay.push('\n');
        }
        for source in sources(app) {
            hay.push_str(&text(source, &["repoURL"]).to_lowercase());
            hay.push('\n');
            hay.push_str(&text(source, &["path"]).to_lowercase());
            hay.push('\n');
        }
        self.search.iter().all(|word| hay.contains(word))
    }
}

/// Returns an application's project; none means `default`.
pub(crate) fn project(app: &Value) -> &str {
    match text(app, &["spec", "project"]) {
        "" => "default",
        name => name,
    }
}

/// Returns the sync status; none yet means `Unknown`.
pub(crate) fn sync_status(app: &Value) -> &str {
    known(text(app, &["status", "sync", "status"]))
}

/// Returns the health; none yet means `Unknown`.
pub(crate) fn health_status(app: &Value) -> &str {
    known(text(app, &["status", "health", "status"]))
}

/// Returns the destination cluster by name, else by address.
pub(crate) fn cluster(app: &Value) -> &str {
    match text(app, &["spec", "destination", "name"]) {
        "" => text(app, &["spec", "destination", "server"]),
        name => name,
    }
}

fn known(status: &str) -> &str {
    if status.is_empty() { "Unknown" } else { status }
}

/// Returns the sources; `sources` wins over `source`, as in Argo CD.
pub(crate) fn sources(app: &Value) -> impl Iterator<Item = &Value> {
    let many = app.get_path(&["spec", "sources"]).and_then(Value::as_array).unwrap_or_default();
    let one = app.get_path(&["spec", "source"]).filter(|_| many.is_empty());
    many.iter().chain(one)
}

fn repos(app: &Value) -> impl Iterator<Item = &str> {
    sources(app).map(|source| text(source, &["repoURL"]))
}
