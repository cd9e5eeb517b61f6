//! What a cluster needs before the first Application: kinds, the control namespace, the default project.

use anyhow::Context;
use fairway_controller::Engine;
use fairway_core::{
    ApplyMode, ApplyRequest, ClusterWriter, GroupKind, LiveView as _, Object, ObjectKey, Validation,
};
use fairway_value::Value;
use std::sync::Arc;
use std::time::Duration;

/// Longest wait for the API server to serve the kinds.
const KINDS_WAIT: Duration = Duration::from_secs(30);

/// Installs the kinds, and makes the control namespace and the default project where they are missing.
pub async fn install(engine: &Arc<Engine>) -> anyhow::Result<()> {
    for document in fairway_argocd::crd_documents() {
        let value = fairway_yaml::parse(document).context("read an embedded CustomResourceDefinition")?;
        apply(engine, value).await.context("install Argo CD's kinds")?;
    }
    let namespace = engine.namespace().clone();
    let mut object = Value::object();
    object.set_path(&["apiVersion"], "v1");
    object.set_path(&["kind"], "Namespace");
    object.set_path(&["metadata", "name"], namespace.clone());
    apply(engine, object).await.with_context(|| format!("make the namespace {namespace}"))?;
    wait_for_kinds(engine).await?;
    let key = ObjectKey::new(fairway_argocd::GROUP, "AppProject", namespace.clone(), "default");
    let writer: &dyn ClusterWriter = &**engine.home();
    if writer.get(&key).await?.is_none() {
        apply(engine, default_project(&namespace)).await.context("make the default project")?;
    }
    Ok(())
}

async fn wait_for_kinds(engine: &Arc<Engine>) -> anyhow::Result<()> {
    let kinds =
        ["Application", "AppProject", "ApplicationSet"].map(|k| GroupKind::new(fairway_argocd::GROUP, k));
    let ready = async {
        loop {
            engine.home().rediscover().await?;
            let all =
                kinds.iter().all(|k| engine.home().cache().scope(k).is_some() && engine.home().listed(k));
            if all {
                return Ok::<(), fairway_core::ApiError>(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(KINDS_WAIT, ready)
        .await
        .with_context(|| {
            format!("the API server does not serve Argo CD's kinds after {} s", KINDS_WAIT.as_secs())
        })?
        .context("wait for Argo CD's kinds")
}

fn default_project(namespace: &str) -> Value {
    let text = format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata:\n  name: default\n  namespace: {namespace}\n\
         spec:\n  sourceRepos: ['*']\n  destinations:\n  - {{server: '*', namespace: '*'}}\n  \
         clusterResourceWhitelist:\n  - {{group: '*', kind: '*'}}\n"
    );
    fairway_yaml::parse(&text).expect("because the text is a literal that parses")
}

/// Makes the Application that points at the configuration repository, unless there is one.
pub async fn root_app(engine: &Arc<Engine>, repo_url: &str, path: &str) -> anyhow::Result<()> {
    let namespace = engine.namespace().clone();
    let key = ObjectKey::new(fairway_argocd::GROUP, "Application", namespace.clone(), "root-app");
    let writer: &dyn ClusterWriter = &**engine.home();
    if writer.get(&key).await?.is_some() {
        return Ok(());
    }
    let text = format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: root-app\n  namespace: {namespace}\n\
         spec:\n  project: default\n  source:\n    repoURL: {repo_url}\n    path: {path}\n    targetRevision: HEAD\n  \
         destination:\n    server: https://kubernetes.default.svc\n    namespace: {namespace}\n  \
         syncPolicy:\n    automated: {{prune: true, selfHeal: true}}\n"
    );
    let value = fairway_yaml::parse(&text).context("write the root Application")?;
    apply(engine, value).await.context("make the root Application")
}

async fn apply(engine: &Arc<Engine>, value: Value) -> anyhow::Result<()> {
    let writer: &dyn ClusterWriter = &**engine.home();
    let request = ApplyRequest {
        object: Object::new(value),
        mode: ApplyMode::ServerSide,
        dry_run: false,
        force_conflicts: true,
        validation: Validation::Strict,
        take_over_from: Vec::new(),
    };
    writer.apply(request).await?;
    Ok(())
}
