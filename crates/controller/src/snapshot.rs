//! Settings, projects, clusters and credentials as they stand, read from the home cluster's cache.

use fairway_argocd::{
    ArgoMarks, ClusterSecret, LABEL_SECRET_TYPE, Project, Settings, parse_cluster, with_global_projects,
};
use fairway_cluster::{Cache, CacheRules};
use fairway_core::{AppId, GroupKind, Gvk, Live, LiveView as _, Marks as _, Object, ObjectKey, Str};
use fairway_lua::{Customizations, Sources};
use fairway_scm::webhook::WebhookSecrets;
use fairway_source::{AddressMirrors, CredentialLookup, Credentials, SecretCredentials, SecretKind};
use fairway_value::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

/// Everything that settings say, at one moment.
pub struct Snapshot {
    /// `argocd-cm` and `argocd-cmd-params-cm`.
    pub settings: Settings,
    /// The dialect's marks.
    pub marks: ArgoMarks,
    /// Projects by name.
    pub projects: BTreeMap<Str, Project>,
    /// Clusters that have a Secret.
    pub clusters: Vec<ClusterSecret>,
    /// Secrets that could not be read, with the reason.
    pub problems: Vec<String>,
    /// What forges sign webhooks with.
    pub webhook_secrets: WebhookSecrets,
    /// Credentials of repositories.
    pub credentials: Arc<SecretCredentials>,
    /// The objects that all this was read from, without bookkeeping.
    inputs: Inputs,
    /// Users' own health checks and actions.
    pub customizations: Arc<Customizations>,
}

/// Labels, annotations and content by object.
type Inputs = BTreeMap<ObjectKey, [Value; 3]>;

/// Which Apps have to look anew after settings changed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Affected {
    /// None: what changed is nothing that an App reads.
    Nobody,
    /// Those of these projects.
    Projects(BTreeSet<Str>),
    /// All.
    Everybody,
}

/// Key of `argocd-cm` with the addresses that stand in for others; ours.
const MIRRORS: &str = "fairway.mirrors";
/// Passwords, keys and webhook secrets.
const OWN_SECRET: &str = "argocd-secret";

/// Settings that no App reads.
const OF_NO_APP: [&str; 4] =
    [OWN_SECRET, "argocd-rbac-cm", "argocd-notifications-cm", "argocd-notifications-secret"];

impl Snapshot {
    /// Reads everything from the cache.
    #[must_use]
    pub fn read(cache: &Cache, namespace: &str) -> Self {
        let config = |name: &str| data_of(cache, "ConfigMap", namespace, name);
        let settings = Settings::read(&config("argocd-cm"), &config("argocd-cmd-params-cm"));
        let marks = settings.marks(namespace);
        let projects: BTreeMap<Str, Project> = cache
            .of_kind(&GroupKind::new(fairway_argocd::GROUP, "AppProject"))
            .iter()
            .filter(|p| p.namespace() == namespace)
            .map(|p| (Str::from(p.name()), Project::new(p.0.clone())))
            .collect();
        let projects = with_global_projects(&projects, &settings.global_projects);
        let mut problems = Vec::new();
        let mut clusters = Vec::new();
        let mut credentials = SecretCredentials::new();
        for secret in
            cache.of_kind(&GroupKind::new("", "Secret")).iter().filter(|s| s.namespace() == namespace)
        {
            let Some(label) = secret.label(LABEL_SECRET_TYPE) else { continue };
            if let Some(kind) = SecretKind::from_label(label) {
                credentials.add_secret(kind, &decoded(secret));
            }
            match parse_cluster(secret) {
                Some(Ok(cluster)) => clusters.push(cluster),
                Some(Err(why)) => {
                    problems.push(format!("Secret {}/{}: {why}", secret.namespace(), secret.name()))
                }
                None => {}
            }
        }
        credentials.set_tls_certificates(texts(&config("argocd-tls-certs-cm")));
        if let Some(hosts) =
            config("argocd-ssh-known-hosts-cm").get("ssh_known_hosts").and_then(Value::as_str)
        {
            credentials.set_ssh_known_hosts(hosts.to_owned());
        }
        if let Some(text) = config("argocd-cm").get(MIRRORS).and_then(Value::as_str) {
            match AddressMirrors::parse(text) {
                Ok(mirrors) => credentials.set_mirrors(mirrors),
                Err(why) => problems.push(format!("argocd-cm: {MIRRORS}: {why}")),
            }
        }
        let secret = cache.get(&ObjectKey::new("", "Secret", namespace, OWN_SECRET));
        let (customizations, unread) = customizations(&settings);
        problems.extend(unread.into_iter().map(|why| format!("argocd-cm: {why}")));
        Self {
            settings,
            marks,
            projects,
            clusters,
            problems,
            webhook_secrets: webhook_secrets(secret.map(|s| decoded(&s)).unwrap_or_default()),
            credentials: Arc::new(credentials),
            inputs: inputs(cache, namespace),
            customizations: Arc::new(customizations),
        }
    }

    /// Whether this was read from the same as another.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.inputs == other.inputs
    }

    /// Says who has to look anew, since this came after another.
    pub(crate) fn affected_since(&self, before: &Self) -> Affected {
        let gives = |name: &Str| {
            let of = |s: &Self| s.settings.global_projects.iter().any(|g| g.project == *name);
            of(self) || of(before)
        };
        match affected(&before.inputs, &self.inputs) {
            Affected::Projects(names) if names.iter().any(gives) => Affected::Everybody,
            other => other,
        }
    }
}

fn affected(old: &Inputs, new: &Inputs) -> Affected {
    let changed = old
        .keys()
        .chain(new.keys())
        .filter(|key| old.get(*key) != new.get(*key))
        .filter(|key| key.kind == "AppProject" || !OF_NO_APP.contains(&key.name.as_str()));
    let mut projects = BTreeSet::new();
    for key in changed {
        if key.kind != "AppProject" {
            return Affected::Everybody;
        }
        projects.insert(key.name.clone());
    }
    if projects.is_empty() { Affected::Nobody } else { Affected::Projects(projects) }
}

/// Returns what settings are read from. Values share their storage with the cache's objects.
fn inputs(cache: &Cache, namespace: &str) -> Inputs {
    let kinds = [
        (GroupKind::new(fairway_argocd::GROUP, "AppProject"), "spec"),
        (GroupKind::new("", "ConfigMap"), "data"),
        (GroupKind::new("", "Secret"), "data"),
    ];
    let mut inputs = Inputs::new();
    for (kind, content) in kinds {
        for object in cache.of_kind(&kind).iter().filter(|o| o.namespace() == namespace) {
            let counts = kind.kind == "AppProject"
                || object.name().starts_with("argocd-")
                || object.label(LABEL_SECRET_TYPE).is_some();
            if counts {
                let part = |path: &[&str]| object.value().get_path(path).cloned().unwrap_or_default();
                let parts =
                    [part(&["metadata", "labels"]), part(&["metadata", "annotations"]), part(&[content])];
                inputs.insert(object.key(), parts);
            }
        }
    }
    inputs
}

fn customizations(settings: &Settings) -> (Customizations, Vec<String>) {
    fn texts(map: &BTreeMap<Str, Str>) -> Vec<(Str, &str)> {
        map.iter().map(|(k, v)| (k.clone(), v.as_str())).collect()
    }
    Customizations::read(&Sources {
        health: texts(&settings.health_lua),
        open_libs: settings.open_libs.clone(),
        health_cel: texts(&settings.health_cel),
        actions: texts(&settings.actions),
    })
}

fn data_of(cache: &Cache, kind: &str, namespace: &str, name: &str) -> Map {
    let live = cache.get(&ObjectKey::new("", kind, namespace, name));
    live.and_then(|l| l.value().get("data").and_then(Value::as_object).cloned()).unwrap_or_default()
}

fn texts(map: &Map) -> BTreeMap<String, String> {
    map.iter().filter_map(|(k, v)| Some((k.to_string(), v.as_str()?.to_owned()))).collect()
}

/// A Secret's data, decoded; what is no text is left out.
pub(crate) fn decoded(secret: &Live) -> BTreeMap<String, String> {
    use base64::Engine as _;
    let data = secret.value().get("data").and_then(Value::as_object).map(texts).unwrap_or_default();
    let decode = |text: &str| {
        let bytes = base64::engine::general_purpose::STANDARD.decode(text.trim()).ok()?;
        String::from_utf8(bytes).ok()
    };
    data.into_iter().filter_map(|(k, v)| Some((k, decode(&v)?))).collect()
}

fn webhook_secrets(mut data: BTreeMap<String, String>) -> WebhookSecrets {
    let mut take = |key: &str| data.remove(key).unwrap_or_default();
    WebhookSecrets {
        github: take("webhook.github.secret"),
        gitlab: take("webhook.gitlab.secret"),
        gogs: take("webhook.gogs.secret"),
        bitbucket_uuid: take("webhook.bitbucket.uuid"),
        bitbucket_server: take("webhook.bitbucketserver.secret"),
        azure_username: take("webhook.azuredevops.username"),
        azure_password: take("webhook.azuredevops.password"),
    }
}

/// Credentials that follow the settings.
#[derive(Default)]
pub struct LiveCredentials(RwLock<Arc<SecretCredentials>>);

impl LiveCredentials {
    /// Takes new ones.
    pub fn set(&self, credentials: Arc<SecretCredentials>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = credentials;
    }

    fn now(&self) -> Arc<SecretCredentials> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl CredentialLookup for LiveCredentials {
    fn find(&self, repo_url: &str) -> Option<Arc<Credentials>> {
        self.now().find(repo_url)
    }
    fn find_named(&self, name: &str) -> Option<Arc<Credentials>> {
        self.now().find_named(name)
    }
    fn ca_certificates(&self, host: &str) -> Option<String> {
        self.now().ca_certificates(host)
    }
    fn ssh_known_hosts(&self) -> Option<String> {
        self.now().ssh_known_hosts()
    }
    fn mirror_of(&self, address: &str) -> Option<String> {
        self.now().mirror_of(address)
    }
}

/// What objects mean to the cache: marks as the settings have them, and which data must be kept to read settings.
pub struct ArgoRules {
    namespace: Str,
    state: RwLock<(ArgoMarks, Settings)>,
}

impl ArgoRules {
    /// Starts with default settings.
    #[must_use]
    pub fn new(namespace: &str) -> Self {
        let settings = Settings::default();
        Self { namespace: namespace.into(), state: RwLock::new((settings.marks(namespace), settings)) }
    }

    /// Takes new settings. Objects that the cache holds keep the owner they were read with.
    pub fn set(&self, marks: ArgoMarks, settings: Settings) {
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = (marks, settings);
    }
}

/// Kinds that change all the time and belong to no App.
const NOISE: [(&str, &str); 7] = [
    ("", "Event"),
    ("events.k8s.io", "Event"),
    ("coordination.k8s.io", "Lease"),
    ("coordination.k8s.io", "LeaseCandidate"),
    ("", "Endpoints"),
    ("discovery.k8s.io", "EndpointSlice"),
    ("", "ReplicationController"),
];

impl CacheRules for ArgoRules {
    fn owner(&self, object: &Object) -> Option<AppId> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).0.owner(object)
    }

    fn keeps_data(&self, object: &Object) -> bool {
        let in_control = object.namespace() == self.namespace.as_str();
        in_control && (object.label(LABEL_SECRET_TYPE).is_some() || object.name().starts_with("argocd-"))
    }

    fn watches(&self, gvk: &Gvk) -> bool {
        let noise = NOISE.iter().any(|(group, kind)| gvk.group == *group && gvk.kind == *kind);
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        !noise && !state.1.excludes(&gvk.group_kind(), fairway_argocd::IN_CLUSTER_SERVER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(changes: &[(&str, &str)], expect: &Affected) {
        let key = |kind: &str, name: &str| ObjectKey::new("", kind, "argocd", name);
        let content = |text: &str| [Value::Null, Value::Null, Value::from(text)];
        let names = [("AppProject", "default"), ("ConfigMap", "argocd-cm"), ("Secret", "argocd-secret")];
        let old: Inputs = names.iter().map(|(kind, name)| (key(kind, name), content("old"))).collect();
        let mut new = old.clone();
        new.extend(changes.iter().map(|(kind, name)| (key(kind, name), content("new"))));
        assert_eq!(affected(&old, &new), *expect, "{changes:?}");
        assert_eq!(affected(&new, &old), *expect, "{changes:?} taken back");
    }

    #[test]
    fn only_the_apps_that_read_what_changed_look_anew() {
        let of = |names: &[&str]| Affected::Projects(names.iter().map(|n| Str::from(*n)).collect());
        check(&[], &Affected::Nobody);
        check(&[("Secret", "argocd-secret"), ("ConfigMap", "argocd-rbac-cm")], &Affected::Nobody);
        check(&[("AppProject", "default"), ("AppProject", "new")], &of(&["default", "new"]));
        check(&[("AppProject", "default"), ("Secret", "a-cluster")], &Affected::Everybody);
        check(&[("ConfigMap", "argocd-cm")], &Affected::Everybody);
    }
}
