//! Gauges that are read off the Applications when somebody asks, by Argo CD's names.

use fairway_controller::Engine;
use fairway_value::Value;
use std::fmt::Write as _;

/// Returns `argocd_app_info`, the orphans, and what the cache holds, in Prometheus' text format.
pub fn text(engine: &Engine) -> String {
    let mut out = String::new();
    head(&mut out, "argocd_app_info", "Information about application.");
    for app in engine.applications() {
        let of = |path: &[&str]| app.get(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        let lowered = fairway_argocd::lower(app.object().value()).app;
        let repo = lowered.sources.first().map(|s| s.repo_url.to_string()).unwrap_or_default();
        let labels = [
            ("namespace", app.object().namespace().to_owned()),
            ("name", app.object().name().to_owned()),
            ("project", lowered.project.to_string()),
            ("autosync_enabled", lowered.sync_policy.automated.is_some().to_string()),
            ("repo", repo),
            ("dest_server", of(&["spec", "destination", "server"])),
            ("dest_namespace", of(&["spec", "destination", "namespace"])),
            ("sync_status", of(&["status", "sync", "status"])),
            ("health_status", of(&["status", "health", "status"])),
            ("operation", if app.operation().is_some() { "sync".to_owned() } else { String::new() }),
        ];
        sample(&mut out, "argocd_app_info", &labels, 1);
    }
    let orphans = "argocd_app_orphaned_resources_count";
    head(&mut out, orphans, "Number of orphaned resources per application");
    for (app, watched) in engine.orphans() {
        let labels = [
            ("name", app.name.to_string()),
            ("namespace", app.namespace.to_string()),
            ("project", watched.project.to_string()),
        ];
        sample(&mut out, orphans, &labels, watched.count as u64);
    }
    let stats = engine.home().cache().stats();
    let (renders, waiting) = engine.load();
    for (name, help, value) in [
        (
            "argocd_cluster_api_resource_objects",
            "Number of k8s resource objects in the cache.",
            stats.objects as u64,
        ),
        ("argocd_cluster_api_resources", "Number of monitored Kubernetes API resources.", stats.kinds as u64),
        ("fairway_renders", "Sources rendered since start.", renders.rendered),
        ("fairway_renders_reused", "Sources whose earlier rendering still held.", renders.reused),
        ("workqueue_depth", "Applications that wait for a worker.", waiting as u64),
    ] {
        head(&mut out, name, help);
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{name} {value}");
    }
    out
}

fn head(out: &mut String, name: &str, help: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge");
}

fn sample(out: &mut String, name: &str, labels: &[(&str, String)], value: u64) {
    let labels: Vec<String> = labels.iter().map(|(k, v)| format!("{k}=\"{}\"", escape(v))).collect();
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{name}{{{}}} {value}", labels.join(","));
}

fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
