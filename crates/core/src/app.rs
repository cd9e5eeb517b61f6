use crate::{IgnoreRule, SyncOptions, Tool};
use fairway_value::Str;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Names an App.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppId {
    /// Namespace of the App's own object.
    pub namespace: Str,
    /// Name.
    pub name: Str,
}

impl AppId {
    /// Builds one.
    #[must_use]
    pub fn new(namespace: impl Into<Str>, name: impl Into<Str>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }
}

impl fmt::Display for AppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// Where an App's objects go. Exactly one of `server` and `name` is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Destination {
    /// API server URL; `https://kubernetes.default.svc` is the cluster Fairway runs on.
    pub server: Str,
    /// Cluster name; `in-cluster` is the cluster Fairway runs on.
    pub name: Str,
    /// Namespace for objects that name none.
    pub namespace: Str,
}

/// One source of an App.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AppSource {
    /// Repository URL.
    pub repo_url: Str,
    /// Directory inside the repository.
    pub path: Str,
    /// Branch, tag, semver range, commit or `HEAD`; for charts a version range. Empty for `HEAD`.
    pub target_revision: Str,
    /// Chart name, for a chart repository.
    pub chart: Str,
    /// Name by which other sources refer to this one (`$ref/…`).
    pub ref_name: Str,
    /// Name of the source for people.
    pub name: Str,
    /// How it is rendered.
    pub tool: Tool,
}

/// `spec.syncPolicy.automated`, when it is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AutomatedSync {
    /// Whether objects that are no longer wanted are deleted.
    pub prune: bool,
    /// Whether drift in the cluster is undone.
    pub self_heal: bool,
    /// Whether a source may become empty.
    pub allow_empty: bool,
}

/// How waits grow between attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// First wait.
    pub duration: Duration,
    /// What each further wait is multiplied by.
    pub factor: u32,
    /// Longest wait.
    pub max_duration: Duration,
}

impl Default for Backoff {
    /// As Argo CD: 5 s, doubling, up to 3 min.
    fn default() -> Self {
        Self { duration: Duration::from_secs(5), factor: 2, max_duration: Duration::from_secs(180) }
    }
}

impl Backoff {
    /// Returns the wait after `failures` failed attempts (0 for the first wait).
    #[must_use]
    pub fn wait(&self, failures: u32) -> Duration {
        let factor = self.factor.max(1).checked_pow(failures).unwrap_or(u32::MAX);
        self.duration.checked_mul(factor).unwrap_or(self.max_duration).min(self.max_duration)
    }
}

/// How often a failed sync is tried again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retry {
    /// How many more attempts; below zero for no end.
    pub limit: i64,
    /// Waits between them.
    pub backoff: Backoff,
    /// Whether a retry takes the newest revision.
    pub refresh: bool,
}

/// `spec.syncPolicy`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SyncPolicy {
    /// Automated sync, if it is on.
    pub automated: Option<AutomatedSync>,
    /// Options for all objects.
    pub options: SyncOptions,
    /// Retry block, if there is one.
    pub retry: Option<Retry>,
    /// Labels and annotations of the destination namespace, if managed.
    pub managed_namespace_labels: BTreeMap<Str, Str>,
    /// Annotations of the destination namespace, if managed.
    pub managed_namespace_annotations: BTreeMap<Str, Str>,
}

/// How an App knows its own objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TrackingMethod {
    /// `argocd.argoproj.io/tracking-id`.
    #[default]
    Annotation,
    /// The annotation, and the label for other tools.
    AnnotationAndLabel,
    /// `app.kubernetes.io/instance` (or the label set in settings).
    Label,
}

/// One past deployment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HistoryEntry {
    /// Number, growing by one.
    pub id: i64,
    /// Revisions by source.
    pub revisions: Vec<Str>,
    /// Sources as they were.
    pub sources: Vec<AppSource>,
}

/// An App: what to deploy, where, and how.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct App {
    /// Its name.
    pub id: AppId,
    /// Its project.
    pub project: Str,
    /// Its sources in order; at least one.
    pub sources: Vec<AppSource>,
    /// Whether the App was written with a list of sources.
    pub multi_source: bool,
    /// Where its objects go.
    pub destination: Destination,
    /// How it is synced.
    pub sync_policy: SyncPolicy,
    /// What differences do not count.
    pub ignore_differences: Vec<IgnoreRule>,
    /// How many history entries are kept.
    pub revision_history_limit: usize,
    /// When the App's own object is being deleted: what becomes of its objects.
    pub cascade: Option<crate::Propagation>,
    /// Field managers of the tools that may have applied its objects before: what they own is taken over.
    pub former_managers: Vec<Str>,
    /// Whether the API server's apply decides what differs, or the client's; nothing where not said.
    pub server_side_diff: Option<bool>,
    /// Whether what admission webhooks change counts as a difference; nothing where not said.
    pub counts_webhooks: Option<bool>,
}
