//! What people write into Git: Apps and their objects.

use crate::chance::Chance;
use fairway_core::MemoryTree;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The repository of every App.
pub const REPO: &str = "https://git.example/config.git";

/// What must never be seen outside a Secret: its plain text, and as Kubernetes stores it.
pub const SECRET: [&str; 2] = ["hunter2-of-the-simulation", "aHVudGVyMi1vZi10aGUtc2ltdWxhdGlvbg=="];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Config,
    Secret,
    Deployment,
    Namespace,
    Crd,
    Custom,
    Hook(&'static str),
}

/// One object as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    pub kind: Kind,
    pub name: String,
    pub wave: i32,
    /// What changes from one push to the next.
    pub value: u64,
    /// Whether a hook or a Deployment fails.
    pub fails: bool,
    /// A hook's delete policy.
    pub delete: &'static str,
}

/// One App as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppSpec {
    pub name: String,
    pub namespace: String,
    pub automated: bool,
    pub prune: bool,
    pub heal: bool,
    pub cascade: bool,
    pub objects: BTreeMap<String, Spec>,
    /// Whether a file cannot be read.
    pub broken: bool,
}

/// One state of the repository.
#[derive(Clone, Debug, Default)]
pub struct Commit {
    pub apps: BTreeMap<String, AppSpec>,
    /// Whether the Applications are in the repository too, under an App of Apps.
    pub rooted: bool,
}

impl Spec {
    pub fn is_hook(&self) -> bool {
        matches!(self.kind, Kind::Hook(_))
    }

    /// Path of the object in the API, in an App's namespace.
    pub fn path(&self, namespace: &str) -> String {
        let name = &self.name;
        match self.kind {
            Kind::Config => format!("/api/v1/namespaces/{namespace}/configmaps/{name}"),
            Kind::Secret => format!("/api/v1/namespaces/{namespace}/secrets/{name}"),
            Kind::Deployment => format!("/apis/apps/v1/namespaces/{namespace}/deployments/{name}"),
            Kind::Namespace => format!("/api/v1/namespaces/{name}"),
            Kind::Crd => format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}"),
            Kind::Custom => format!("/apis/sim.example/v1/namespaces/{namespace}/widgets/{name}"),
            Kind::Hook(_) => format!("/apis/batch/v1/namespaces/{namespace}/jobs/{name}"),
        }
    }

    /// The object as it is written.
    pub fn manifest(&self) -> Value {
        let mut metadata = json!({ "name": self.name, "annotations": {} });
        if self.wave != 0 {
            metadata["annotations"]["argocd.argoproj.io/sync-wave"] = json!(self.wave.to_string());
        }
        if let Kind::Hook(phase) = self.kind {
            metadata["annotations"]["argocd.argoproj.io/hook"] = json!(phase);
            if !self.delete.is_empty() {
                metadata["annotations"]["argocd.argoproj.io/hook-delete-policy"] = json!(self.delete);
            }
        }
        let image = if self.fails { "example/app:fail" } else { "example/app:1" };
        let value = self.value.to_string();
        match self.kind {
            Kind::Config => {
                json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": { "value": value } })
            }
            Kind::Secret => {
                json!({ "apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": { "token": SECRET[0], "value": value } })
            }
            Kind::Deployment => {
                json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {
                    "replicas": 1 + self.value % 3, "selector": { "matchLabels": { "app": self.name } },
                    "template": { "metadata": { "labels": { "app": self.name } },
                        "spec": { "containers": [{ "name": "app", "image": image, "env": [{ "name": "VALUE", "value": value }] }] } } } })
            }
            Kind::Namespace => {
                metadata["labels"] = json!({ "value": value });
                json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": metadata })
            }
            Kind::Crd => {
                let schema = json!({ "type": "object", "properties": { "spec": { "type": "object",
                    "properties": { "value": { "type": "string" } } } } });
                json!({ "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": metadata,
                    "spec": { "group": "sim.example", "scope": "Namespaced",
                        "names": { "plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList" },
                        "versions": [{ "name": "v1", "served": true, "storage": true, "schema": { "openAPIV3Schema": schema } }] } })
            }
            Kind::Custom => {
                json!({ "apiVersion": "sim.example/v1", "kind": "Widget", "metadata": metadata, "spec": { "value": value } })
            }
            Kind::Hook(_) => {
                let image = if self.fails { "example/app:crash" } else { "example/app:1" };
                json!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": { "backoffLimit": 0,
                    "template": { "spec": { "restartPolicy": "Never", "containers": [{ "name": "job", "image": image }] } } } })
            }
        }
    }
}

impl AppSpec {
    /// The Application.
    pub fn manifest(&self) -> Value {
        application(self, &format!("apps/{}", self.name))
    }

    /// Objects that are there after a sync.
    pub fn lasting(&self) -> impl Iterator<Item = &Spec> {
        self.objects.values().filter(|o| !o.is_hook())
    }
}

fn application(app: &AppSpec, path: &str) -> Value {
    let mut metadata = json!({ "name": app.name, "namespace": "argocd" });
    if app.cascade {
        metadata["finalizers"] = json!(["resources-finalizer.argocd.argoproj.io"]);
    }
    let mut spec = json!({ "project": "default",
        "source": { "repoURL": REPO, "path": path, "targetRevision": "HEAD" },
        "destination": { "server": "https://kubernetes.default.svc", "namespace": app.namespace },
        "syncPolicy": {} });
    if app.automated {
        spec["syncPolicy"]["automated"] = json!({ "prune": app.prune, "selfHeal": app.heal });
        spec["syncPolicy"]["retry"] =
            json!({ "limit": 5, "backoff": { "duration": "5s", "factor": 2, "maxDuration": "1m" } });
    }
    json!({ "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": metadata, "spec": spec })
}

/// The App of Apps.
pub fn root() -> AppSpec {
    AppSpec {
        name: "root".to_owned(),
        namespace: "argocd".to_owned(),
        automated: true,
        prune: true,
        heal: true,
        cascade: false,
        objects: BTreeMap::new(),
        broken: false,
    }
}

/// The Application of the App of Apps.
pub fn root_manifest() -> Value {
    application(&root(), "root")
}

impl Commit {
    /// The repository's files.
    pub fn files(&self) -> MemoryTree {
        let mut files = vec![("README.md".to_owned(), "A repository.".to_owned())];
        for app in self.apps.values() {
            files.push((format!("apps/{}/.keep", app.name), String::new()));
            for (file, object) in &app.objects {
                files.push((format!("apps/{}/{file}.json", app.name), object.manifest().to_string()));
            }
            if app.broken {
                // A broken file that does not look like a manifest is passed over, as in Argo CD.
                let text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: [1\nb: 2";
                files.push((format!("apps/{}/broken.yaml", app.name), text.to_owned()));
            }
            if self.rooted {
                files.push((format!("root/{}.json", app.name), app.manifest().to_string()));
            }
        }
        if self.rooted {
            files.push(("root/.keep".to_owned(), String::new()));
        }
        MemoryTree::new(files).unwrap()
    }
}

/// A first repository.
pub fn first(chance: &mut Chance) -> Commit {
    let mut apps = BTreeMap::new();
    let count = 2 + chance.index(3);
    for number in 0..count {
        let app = AppSpec {
            name: format!("app-{number}"),
            // The last namespace is made by the first App, some time.
            namespace: chance.one_of(&["team-a", "team-b", "late"]).to_owned(),
            automated: chance.percent(90),
            prune: chance.percent(80),
            heal: chance.percent(70),
            cascade: chance.percent(60),
            objects: BTreeMap::new(),
            broken: false,
        };
        apps.insert(app.name.clone(), app);
    }
    if let Some(first) = apps.get_mut("app-0") {
        // What holds others must not go with an App that is deleted, or everything in it goes too.
        first.cascade = false;
        first.prune = false;
    }
    let mut commit = Commit { apps, rooted: chance.percent(50) };
    for name in commit.apps.keys().cloned().collect::<Vec<_>>() {
        let app = commit.apps.get_mut(&name).unwrap();
        for _ in 0..=chance.index(4) {
            add(app, chance);
        }
    }
    commit
}

/// Adds an object to an App.
pub fn add(app: &mut AppSpec, chance: &mut Chance) {
    let hook =
        Kind::Hook(chance.one_of(&["PreSync", "Sync", "PostSync", "SyncFail", "PreDelete", "PostDelete"]));
    let kind = chance.one_of(&[
        Kind::Config,
        Kind::Config,
        Kind::Config,
        Kind::Secret,
        Kind::Deployment,
        Kind::Custom,
        hook,
    ]);
    let number = chance.roll(6);
    let stem = match kind {
        Kind::Config => "config",
        Kind::Secret => "secret",
        Kind::Deployment => "deployment",
        Kind::Custom => "widget",
        Kind::Hook(_) => "hook",
        Kind::Namespace | Kind::Crd => "other",
    };
    let spec = Spec {
        kind,
        name: format!("{}-{stem}-{number}", app.name),
        wave: i32::try_from(chance.roll(4)).unwrap() - 1,
        value: chance.roll(1000),
        fails: false,
        delete: chance.one_of(&[
            "",
            "HookSucceeded,BeforeHookCreation",
            "BeforeHookCreation",
            "HookFailed,BeforeHookCreation",
        ]),
    };
    app.objects.insert(format!("{stem}-{number}"), spec);
}

/// What the first App brings for the others: the namespace that is late and the kind of the widgets.
pub fn bring_late(commit: &mut Commit, chance: &mut Chance) {
    let Some(app) = commit.apps.get_mut("app-0") else { return };
    let plain = Spec {
        kind: Kind::Namespace,
        name: "late".to_owned(),
        wave: -1,
        value: chance.roll(1000),
        fails: false,
        delete: "",
    };
    app.objects.insert("late".to_owned(), plain.clone());
    let crd = Spec { kind: Kind::Crd, name: "widgets.sim.example".to_owned(), ..plain };
    app.objects.insert("crd".to_owned(), crd);
}
