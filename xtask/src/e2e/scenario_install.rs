//! The charts, on a real API server: installed with the real helm, and the binary run with the rights of the chart's
//! ServiceAccount and nothing more.

use super::kube::git;
use super::world::World;
use anyhow::{Context, ensure};
use serde_json::Value;
use std::fs;
use std::path::Path;

const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 2\n  selector: {matchLabels: {app: web}}\n  \
     template:\n    metadata: {labels: {app: web}}\n    spec: {containers: [{name: web, image: 'nginx:1.27'}]}\n---\n\
     apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {colour: blue}\n---\n\
     apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: reader}\nrules:\n- {apiGroups: [\"\"], resources: [configmaps], verbs: [get, list]}\n";

/// Both charts, an upgrade that keeps the password, and an Application synced with the ServiceAccount's token.
pub fn installed_by_helm(world: &mut World) -> anyhow::Result<()> {
    if !world.is_real() {
        println!("    the embedded cluster is not installed into; only the real one is");
        return Ok(());
    }
    helm(world, &["install", "fairway-crds", "charts/fairway-crds", "--create-namespace"])?;
    world.kubectl.run(&["wait", "--for=condition=Established", "crd", "--all", "--timeout=30s"])?;
    helm(world, &["install", "fairway", "charts/fairway"])?;
    let first = secret(world)?;
    helm(world, &["upgrade", "fairway", "charts/fairway", "--set", "log.level=debug"])?;
    ensure!(secret(world)? == first, "an upgrade changed the password or the key of argocd-secret");
    world.kubectl.run(&["-n", "argocd", "rollout", "status", "deployment/fairway", "--timeout=60s"])?;

    let repository = world.data_dir().join("repository");
    fs::create_dir_all(repository.join("web"))?;
    fs::write(repository.join("web/web.yaml"), WEB)?;
    git(&repository, &["init", "-q"])?;
    git(&repository, &["add", "-A"])?;
    git(&repository, &["commit", "-q", "-m", "web"])?;
    let application = world.data_dir().join("application.yaml");
    let text = format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: web, namespace: argocd}}\nspec:\n  project: default\n  \
         source: {{repoURL: 'file://{}', path: web, targetRevision: HEAD}}\n  \
         destination: {{server: 'https://kubernetes.default.svc', namespace: web}}\n  \
         syncPolicy:\n    automated: {{prune: true, selfHeal: true}}\n    syncOptions: [CreateNamespace=true]\n",
        repository.display()
    );
    fs::write(&application, text)?;

    let token = world.kubectl.run(&["-n", "argocd", "create", "token", "fairway"])?;
    let admin = fs::read_to_string(&world.kubectl.kubeconfig)?;
    let narrow = world.data_dir().join("service-account.kubeconfig");
    ensure!(admin.contains("admin-token"), "the kubeconfig holds no token to replace");
    fs::write(&narrow, admin.replace("admin-token", token.trim()))?;
    world.controller(&narrow)?;
    world.kubectl.run(&["apply", "-f", &application.to_string_lossy()])?;
    world.app_well("web")?;

    world.kubectl.run(&["-n", "web", "scale", "deployment/web", "--replicas=5"])?;
    world.until("the scaled Deployment heals", || {
        let live = world.kubectl.get("deployment", "web", "web")?.context("no Deployment")?;
        Ok((live.pointer("/spec/replicas").and_then(Value::as_u64) == Some(2)).then_some(()))
    })
}

/// Runs the real helm in the namespace of the installation.
fn helm(world: &World, args: &[&str]) -> anyhow::Result<String> {
    let kubeconfig = world.kubectl.kubeconfig.to_string_lossy().into_owned();
    let more = ["--namespace", "argocd", "--kubeconfig", &kubeconfig];
    let all: Vec<&str> = args.iter().chain(&more).copied().collect();
    world.helm(Path::new("."), &all).with_context(|| format!("helm {}", args.join(" ")))
}

fn secret(world: &World) -> anyhow::Result<Value> {
    let secret = world.kubectl.get("secret", "argocd", "argocd-secret")?.context("no argocd-secret")?;
    let has = |key: &str| secret["data"][key].as_str().is_some_and(|v| !v.is_empty());
    ensure!(has("admin.password") && has("server.secretkey"), "argocd-secret lacks a key");
    Ok(secret["data"].clone())
}
