//! The application directories of Argo CD's own end-to-end suite, one Application each, held to a table of what Argo CD
//! is meant to do with them (`e2e/real-repos.yaml`).

use super::test_bed::TestBed;
use super::world::World;
use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const TABLE: &str = "e2e/real-repos.yaml";
/// Longest wait for a round: 60 Applications on a busy machine of two cores.
const ROUND_MAX: Duration = Duration::from_secs(180);
/// How long the picture has to stand still: an Application that fights with another changes within it.
const STILL: Duration = Duration::from_secs(6);

/// One line of the table.
struct Row {
    dir: String,
    name: String,
    path: String,
    round: u64,
    /// Whether its namespace is there before it: a sync makes it, and this one has nothing to sync.
    namespace_exists: bool,
    sync: String,
    health: String,
    operation: String,
    /// Types of the conditions, with words that each holds.
    conditions: Vec<(String, String)>,
    /// Words that the conditions or the operation hold.
    words: String,
    /// Laid over `spec`.
    spec: Value,
}

fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn rows() -> anyhow::Result<Vec<Row>> {
    let parsed =
        fairway_yaml::parse(&fs::read_to_string(TABLE)?).map_err(|e| anyhow::anyhow!("{TABLE}: {e}"))?;
    let json = fairway_value::to_json(&parsed, fairway_value::HtmlEscape::No);
    let table: Value = serde_json::from_str(&json)?;
    let list = table["rows"].as_array().context("the table has no rows")?;
    let row = |value: &Value| -> anyhow::Result<Row> {
        let dir = text(value, "dir");
        ensure!(!dir.is_empty() && !text(value, "why").is_empty(), "{value}: a row needs dir and why");
        let conditions = value["conditions"].as_object().into_iter().flatten();
        Ok(Row {
            name: if value["name"].is_null() {
                dir.replace(['_', '/', '.'], "-").trim_matches('-').to_owned()
            } else {
                text(value, "name")
            },
            path: if value["path"].is_null() { format!("testdata/{dir}") } else { text(value, "path") },
            round: value["round"].as_u64().unwrap_or(1),
            namespace_exists: value["namespaceExists"] == true,
            sync: text(value, "sync"),
            health: text(value, "health"),
            operation: text(value, "operation"),
            conditions: conditions
                .map(|(kind, words)| (kind.clone(), words.as_str().unwrap_or_default().to_owned()))
                .collect(),
            words: text(value, "words"),
            spec: value["spec"].clone(),
            dir,
        })
    };
    list.iter().map(row).collect()
}

impl Row {
    fn application(&self, git: &str) -> Value {
        let mut spec = json!({
            "project": "default",
            "source": {"repoURL": format!("{git}/config-repo.git"), "path": self.path, "targetRevision": "HEAD"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": format!("real-{}", self.name)},
            "syncPolicy": {"automated": {"prune": true}, "syncOptions": ["CreateNamespace=true"]},
        });
        merge(&mut spec, &self.spec);
        json!({
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"name": self.name, "namespace": "argocd", "finalizers": ["resources-finalizer.argocd.argoproj.io"]},
            "spec": spec,
        })
    }

    /// Returns what is not as the table says; nothing where all is.
    fn differs(&self, app: &Value) -> Option<String> {
        let status = |path: &str| app.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let seen = [
            ("sync", self.sync.as_str(), status("/status/sync/status")),
            ("health", self.health.as_str(), status("/status/health/status")),
            ("operation", self.operation.as_str(), status("/status/operationState/phase")),
        ];
        let mut out = String::new();
        for (what, meant, is) in seen {
            if !meant.split('|').any(|word| word == is) {
                let _ = write!(out, "{what} {is:?} instead of {meant:?}; ");
            }
        }
        let conditions = app.pointer("/status/conditions").and_then(Value::as_array);
        let mut found: BTreeSet<String> = conditions.into_iter().flatten().map(|c| text(c, "type")).collect();
        let meant: BTreeSet<String> = self.conditions.iter().map(|(kind, _)| kind.clone()).collect();
        // Once the last attempt has failed, it is said so.
        if status("/status/operationState/phase") == "Failed" && !meant.contains("SyncError") {
            found.remove("SyncError");
        }
        if found != meant {
            let _ = write!(out, "conditions {found:?} instead of {meant:?}; ");
        }
        let whole = format!(
            "{} {}",
            app.pointer("/status/conditions").unwrap_or(&Value::Null),
            app.pointer("/status/operationState").unwrap_or(&Value::Null)
        );
        for words in self.conditions.iter().map(|(_, words)| words).chain([&self.words]) {
            if !whole.contains(words) {
                let _ = write!(out, "no word of {words:?}; ");
            }
        }
        (!out.is_empty()).then(|| {
            let message = status("/status/operationState/message");
            format!("{}: {out}{message} {}", self.dir, app["status"]["conditions"])
        })
    }
}

fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (_, Value::Null) => {}
        (into, from) => *into = from.clone(),
    }
}

/// Every directory as its own Application, on a real API server.
pub fn real_repos(world: &mut World) -> anyhow::Result<()> {
    let Some(shared) = world.shared().map(|s| s.join("real-repos")).filter(|s| s.is_dir()) else {
        println!("    skipped: there is no folder real-repos in ../shared; name one with --shared DIR");
        return Ok(());
    };
    if !world.is_real() {
        println!("    skipped on the embedded cluster: the table is of a real API server");
        return Ok(());
    }
    let rows = rows()?;
    let testdata = shared.join("argocd-e2e-testdata");
    complete(&rows, &testdata)?;
    let bed = TestBed::start(world, &testdata)?;
    let git = world.git_url();
    let folder = import(world, &shared, &|text| bed.translate(text, &git))?;
    world.up(&["--repo", &folder.to_string_lossy(), "--path", "apps"])?;
    world.app_well("root-app")?;
    for secret in bed.secrets() {
        apply(world, &secret)?;
    }
    let rounds: BTreeSet<u64> = rows.iter().map(|r| r.round).collect();
    let mut wrong = Vec::new();
    for round in rounds {
        let of_round: Vec<&Row> = rows.iter().filter(|r| r.round == round).collect();
        wrong.extend(run_round(world, &of_round, &git)?);
    }
    println!("    {} of {} Applications as the table says", rows.len() - wrong.len(), rows.len());
    ensure!(wrong.is_empty(), "{} Applications differ from {TABLE}", wrong.len());
    Ok(())
}

/// Every directory has its row, and every row its directory.
fn complete(rows: &[Row], testdata: &Path) -> anyhow::Result<()> {
    let mut dirs = BTreeSet::new();
    for entry in fs::read_dir(testdata)? {
        dirs.insert(entry?.file_name().to_string_lossy().into_owned());
    }
    let named: BTreeSet<String> =
        rows.iter().map(|r| r.dir.split('/').next().unwrap_or_default().to_owned()).collect();
    let lacking: Vec<&String> = dirs.iter().filter(|d| !named.contains(*d)).collect();
    ensure!(lacking.is_empty(), "{TABLE} has no row for {lacking:?}");
    Ok(())
}

/// Copies what is served; addresses of Argo CD's own test bed become those of this one.
fn import(world: &World, shared: &Path, translate: &dyn Fn(&str) -> String) -> anyhow::Result<PathBuf> {
    let folder = world.folder(&[(
        "apps/settings.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: real-repos, namespace: argocd}\n",
    )])?;
    copy(&shared.join("argocd-e2e-testdata"), &folder.join("testdata"), translate)?;
    let flux = shared.join("flux2-kustomize-helm-example");
    if flux.is_dir() {
        copy(&flux, &folder.join("testdata/flux2"), translate)?;
    }
    Ok(folder)
}

fn copy(from: &Path, to: &Path, translate: &dyn Fn(&str) -> String) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target, translate)?;
            continue;
        }
        let bytes = fs::read(entry.path())?;
        match String::from_utf8(bytes) {
            Ok(text) => fs::write(&target, translate(&text))?,
            Err(error) => fs::write(&target, error.into_bytes())?,
        }
    }
    if fs::read_dir(to)?.next().is_none() {
        // Git keeps no empty folder.
        fs::write(to.join(".gitkeep"), "")?;
    }
    Ok(())
}

fn apply(world: &World, object: &Value) -> anyhow::Result<()> {
    let path = world.data_dir().with_extension("apply.json");
    fs::write(&path, object.to_string())?;
    world.kubectl.run(&["apply", "-f", &path.to_string_lossy()]).map(|_| ())
}

/// Makes the Applications of a round, waits until they are what the table says, and takes them away again.
fn run_round(world: &World, rows: &[&Row], git: &str) -> anyhow::Result<Vec<String>> {
    let started = Instant::now();
    let namespaces = rows.iter().filter(|r| r.namespace_exists).map(|r| {
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": format!("real-{}", r.name)}})
    });
    let items: Vec<Value> = namespaces.chain(rows.iter().map(|r| r.application(git))).collect();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    apply(world, &list)?;
    let mut still_since: Option<(Instant, String)> = None;
    let wrong = loop {
        end_pods(world)?;
        let apps = applications(world)?;
        let wrong: Vec<String> = rows
            .iter()
            .filter_map(|row| match apps.iter().find(|a| a["metadata"]["name"] == row.name) {
                Some(app) => row.differs(app),
                None => Some(format!("{}: no Application", row.dir)),
            })
            .collect();
        let picture = wrong.join("\n");
        match &still_since {
            Some((since, before)) if *before == picture => {
                let settled = wrong.is_empty() && since.elapsed() > STILL;
                if settled || started.elapsed() > ROUND_MAX {
                    break wrong;
                }
            }
            _ => still_since = Some((Instant::now(), picture)),
        }
        if started.elapsed() > ROUND_MAX + STILL {
            break wrong;
        }
        std::thread::sleep(Duration::from_millis(500));
    };
    for line in &wrong {
        println!("    DIFFERS {line}");
    }
    let names = rows.iter().map(|r| r.name.as_str());
    let delete: Vec<&str> =
        ["-n", "argocd", "delete", "application", "--wait=false"].into_iter().chain(names).collect();
    world.kubectl.run(&delete)?;
    world.until_for("the Applications of the round are gone", ROUND_MAX, || {
        end_pods(world)?;
        let left: Vec<String> = applications(world)?.iter().map(|a| text(&a["metadata"], "name")).collect();
        let left: Vec<&String> = left.iter().filter(|n| rows.iter().any(|r| r.name == **n)).collect();
        if left.is_empty() { Ok(Some(())) } else { bail!("left: {left:?}") }
    })?;
    Ok(wrong)
}

fn applications(world: &World) -> anyhow::Result<Vec<Value>> {
    let text = world.kubectl.run(&["get", "applications.argoproj.io", "-A", "-o", "json"])?;
    let list: Value = serde_json::from_str(&text)?;
    Ok(list["items"].as_array().cloned().unwrap_or_default())
}

/// Ends the pods whose command would end by itself: kwok lets only those of Jobs end.
fn end_pods(world: &World) -> anyhow::Result<()> {
    let list: Value = serde_json::from_str(&world.kubectl.run(&["get", "pods", "-A", "-o", "json"])?)?;
    for pod in list["items"].as_array().into_iter().flatten() {
        let ends = pod["spec"]["restartPolicy"] == "Never" && pod["status"]["phase"] == "Running";
        if !ends {
            continue;
        }
        let statuses: Vec<Value> = pod["spec"]["containers"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|c| {
                json!({"name": c["name"], "image": c["image"], "imageID": "", "ready": false, "restartCount": 0,
                    "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}})
            })
            .collect();
        let patch = json!({"status": {"phase": "Succeeded", "containerStatuses": statuses}}).to_string();
        let (ns, name) = (text(&pod["metadata"], "namespace"), text(&pod["metadata"], "name"));
        // It may have gone meanwhile.
        let _ = world.kubectl.run(&[
            "-n",
            &ns,
            "patch",
            "pod",
            &name,
            "--subresource=status",
            "--type=merge",
            "-p",
            &patch,
        ]);
    }
    Ok(())
}
