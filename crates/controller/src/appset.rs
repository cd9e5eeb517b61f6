//! ApplicationSets: fetch what their generators need, generate, and bring the Applications to it.

use crate::engine::{Engine, application_key};
use crate::queue::Level;
use fairway_argocd::{
    AppSetAction, AppSetCluster, AppSetPolicy, Application, DataRequest, Environment, Generated, generate,
    reconcile,
};
use fairway_core::{
    ApiError, ApplyMode, ApplyRequest, ClusterWriter, DeleteRequest, Live, LiveView as _, Object, ObjectKey,
    Propagation, Str, Validation,
};
use fairway_value::Value;
use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// Rounds of fetching: a matrix inside a matrix needs what its outer generators gave first.
const ROUNDS_MAX: usize = 8;

/// Waits between looks, as Argo CD: Git and lists 3 min, forges 30 min.
const REQUEUE_GIT: Duration = Duration::from_secs(180);
const REQUEUE_FORGE: Duration = Duration::from_secs(1800);

/// Wait after a failure.
const REQUEUE_FAILED: Duration = Duration::from_secs(30);

/// What an ApplicationSet was generated from.
#[derive(Clone, Debug, Default)]
pub(crate) struct AppSetReads {
    /// Repositories that Git generators look into.
    pub repositories: BTreeSet<Str>,
    /// Whether a forge or service was asked.
    pub asks_forge: bool,
}

impl AppSetReads {
    fn note(&mut self, need: &DataRequest) {
        match need {
            DataRequest::Git { repo_url, .. } => {
                self.repositories.insert(repo_url.clone());
            }
            DataRequest::Scm { .. } | DataRequest::PullRequests { .. } => self.asks_forge = true,
            DataRequest::Decisions { .. } | DataRequest::Plugin { .. } => {}
        }
    }
}

impl Engine {
    pub(crate) async fn work_appsets(self: Arc<Self>) {
        loop {
            let (key, _) = self.appsets.next().await;
            let job = tokio::spawn({
                let (engine, key) = (self.clone(), key.clone());
                async move { engine.reconcile_appset(&key).await }
            });
            let wait = match job.await {
                Ok(wait) => wait,
                Err(error) => {
                    tracing::error!(applicationset = %key, error = %error, "reconciling panicked");
                    Some(REQUEUE_FAILED)
                }
            };
            if let Some(wait) = wait {
                self.appsets.add_after(key.clone(), Level::Source, wait);
            }
            self.appsets.done(&key);
        }
    }

    /// Brings one ApplicationSet's Applications to what it generates. Returns when to look again.
    async fn reconcile_appset(self: &Arc<Self>, key: &ObjectKey) -> Option<Duration> {
        let Some(appset) = self.home().cache().get(key) else {
            self.appset_reads.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
            return None;
        };
        if !self.snapshot().settings.serves_applicationsets_in(&self.options.namespace, appset.namespace()) {
            // Whoever may write one in a namespace of their own must not act with what this one holds.
            tracing::debug!(applicationset = %key, "not served: see applicationsetcontroller.namespaces");
            return None;
        }
        if appset.deletion_timestamp().is_some() {
            return None;
        }
        let mut environment = self.environment();
        let mut generated = Generated::default();
        let mut reads = AppSetReads::default();
        for _ in 0..ROUNDS_MAX {
            generated = generate(&appset, &environment);
            if generated.needs.is_empty() {
                break;
            }
            for need in generated.needs.clone() {
                reads.note(&need);
                self.fetch_data(&key.namespace, &need, &mut environment).await;
            }
        }
        self.appset_reads.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone(), reads);
        let existing = self.applications_of(&appset);
        let policy = policy_override(&self.snapshot().settings.applicationset_policy);
        let actions = reconcile(&appset, &generated, &existing, policy, &leave_out);
        let mut errors: Vec<String> = generated.errors.iter().map(|e| e.message.to_string()).collect();
        for action in actions {
            if let Err(why) = self.carry_out(&action).await {
                errors.push(why);
            }
        }
        for error in &errors {
            tracing::warn!(applicationset = %key, error, "ApplicationSet");
        }
        let failed = !errors.is_empty();
        if let Err(error) = self.write_appset_status(&appset, &errors, &generated).await {
            tracing::warn!(applicationset = %key, error = %error, "status was not written");
        }
        Some(if failed { REQUEUE_FAILED } else { requeue_after(&appset) })
    }

    fn environment(&self) -> Environment {
        let snapshot = self.snapshot();
        let clusters = snapshot.clusters.iter().map(|c| AppSetCluster {
            name: c.name.clone(),
            server: c.server.clone(),
            project: c.project.clone(),
            labels: c.labels.clone(),
            annotations: c.annotations.clone(),
        });
        Environment {
            clusters: clusters.collect(),
            hides_in_cluster: !snapshot.settings.in_cluster_enabled,
            ..Environment::default()
        }
    }

    fn applications_of(&self, appset: &Live) -> Vec<Application> {
        self.applications()
            .into_iter()
            .filter(|a| {
                let owners =
                    a.get(&["metadata", "ownerReferences"]).and_then(Value::as_array).unwrap_or_default();
                owners.iter().any(|o| o.get("uid").and_then(Value::as_str) == Some(appset.uid()))
            })
            .collect()
    }

    async fn carry_out(&self, action: &AppSetAction) -> Result<(), String> {
        let writer: &dyn ClusterWriter = &**self.home();
        let outcome: Result<(), ApiError> = match action {
            AppSetAction::Create(application) => {
                let request = ApplyRequest {
                    object: application.object().clone(),
                    mode: ApplyMode::Create,
                    dry_run: false,
                    force_conflicts: false,
                    validation: Validation::Ignore,
                    take_over_from: Vec::new(),
                };
                writer.apply(request).await.map(|_| ())
            }
            AppSetAction::Update { id, patch } => {
                writer.merge_patch(&application_key(id), patch.clone()).await.map(|_| ())
            }
            AppSetAction::Delete { id } => {
                let request = DeleteRequest {
                    key: application_key(id),
                    version: Str::new(),
                    uid: self.application(id).map(|a| a.object().uid().into()).unwrap_or_default(),
                    propagation: Propagation::Background,
                    dry_run: false,
                };
                writer.delete(request).await
            }
            AppSetAction::Orphan { id, patch } => {
                writer.merge_patch(&application_key(id), patch.clone()).await.map(|_| ())
            }
            AppSetAction::Refused { id, reason } => {
                return Err(format!("Application {id} is kept: {reason}"));
            }
        };
        outcome.map_err(|e| e.to_string())
    }

    async fn write_appset_status(
        &self,
        appset: &Live,
        errors: &[String],
        generated: &Generated,
    ) -> Result<(), ApiError> {
        let now = self.now_text();
        let reason = generated.errors.first().map_or("ApplicationGenerationFromParamsError", |e| e.reason);
        let failed = !errors.is_empty();
        let words = errors.join("; ");
        let mut conditions = vec![
            ("ErrorOccurred", failed, if failed { reason } else { "ApplicationSetUpToDate" }),
            ("ParametersGenerated", !failed, if failed { "ErrorOccurred" } else { "ParametersGenerated" }),
            ("ResourcesUpToDate", !failed, if failed { reason } else { "ApplicationSetUpToDate" }),
        ];
        let old =
            appset.value().get_path(&["status", "conditions"]).and_then(Value::as_array).unwrap_or_default();
        let list: Value = conditions
            .drain(..)
            .map(|(kind, holds, reason)| condition(old, kind, holds, reason, &words, &now))
            .collect();
        let resources: Value = generated
            .applications
            .iter()
            .map(|a| {
                let mut out = Value::object();
                for (key, value) in [
                    ("group", fairway_argocd::GROUP),
                    ("version", "v1alpha1"),
                    ("kind", "Application"),
                    ("namespace", a.object().namespace()),
                    ("name", a.object().name()),
                ] {
                    out.set_path(&[key], value);
                }
                out
            })
            .collect();
        let mut status = Value::object();
        status.set_path(&["conditions"], list);
        status.set_path(&["resources"], resources);
        let before = appset.value().get("status").cloned().unwrap_or_else(Value::object);
        let change = crate::status::merge_patch(&before, &status);
        let Some(change) = change.as_object().filter(|m| m.values().any(|v| !v.is_null())) else {
            return Ok(());
        };
        let mut patch = Value::object();
        patch.set_path(&["status"], change.clone());
        self.home().merge_patch_status(&appset.key(), &patch).await.map(|_| ())
    }
}

fn condition(old: &[Value], kind: &str, holds: bool, reason: &str, words: &str, now: &str) -> Value {
    let text = |c: &Value, key: &str| c.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let status = if holds { "True" } else { "False" };
    let before = old.iter().find(|c| text(c, "type") == kind && text(c, "status") == status);
    let since = before.map(|c| text(c, "lastTransitionTime")).unwrap_or_else(|| now.to_owned());
    let message = if words.is_empty() { "All applications have been generated successfully" } else { words };
    let mut out = Value::object();
    for (key, value) in [
        ("type", kind),
        ("status", status),
        ("reason", reason),
        ("message", message),
        ("lastTransitionTime", &since),
    ] {
        out.set_path(&[key], value);
    }
    out
}

fn policy_override(word: &str) -> Option<AppSetPolicy> {
    match word {
        "create-only" => Some(AppSetPolicy::CreateOnly),
        "create-update" => Some(AppSetPolicy::CreateUpdate),
        "create-delete" => Some(AppSetPolicy::CreateDelete),
        "sync" => Some(AppSetPolicy::Sync),
        _ => None,
    }
}

/// The shortest `requeueAfterSeconds` of the generators, or what holds for their kinds.
fn requeue_after(appset: &Object) -> Duration {
    let generators =
        appset.value().get_path(&["spec", "generators"]).and_then(Value::as_array).unwrap_or_default();
    let mut shortest = REQUEUE_FORGE;
    for (kind, generator) in generators.iter().filter_map(Value::as_object).flat_map(fairway_value::Map::iter)
    {
        let own =
            generator.get("requeueAfterSeconds").and_then(Value::as_i64).and_then(|s| u64::try_from(s).ok());
        let standard = match kind.as_str() {
            "scmProvider" | "pullRequest" | "plugin" => REQUEUE_FORGE,
            _ => REQUEUE_GIT,
        };
        shortest = shortest.min(own.filter(|s| *s > 0).map_or(standard, Duration::from_secs));
    }
    shortest
}

/// Leaves out of an Application what a rule of its ApplicationSet names, by the jq that `ignoreDifferences` has.
fn leave_out(rule: &fairway_core::IgnoreRule, application: &mut fairway_value::Value) -> Result<(), String> {
    let (rules, unsupported) = fairway_diff::IgnoreRules::compile(std::slice::from_ref(rule));
    if let Some(first) = unsupported.first() {
        return Err(first.to_string());
    }
    rules.normalize(application);
    Ok(())
}
