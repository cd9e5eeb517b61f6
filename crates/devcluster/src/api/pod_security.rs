//! The PodSecurity admission plugin: namespaces say by label how strict they are with Pods.

use super::call::Call;
use super::parts::text;
use super::pod_rules::{Level, Subject, violations};
use super::status::{ApiError, ApiResult};
use fairway_schema::validate::Cause;
use fairway_value::Value;
use std::collections::BTreeMap;

const PREFIX: &str = "pod-security.kubernetes.io/";
/// Pods of a namespace that are looked at when its label changes, as the plugin's own bound.
const EXISTING_MAX: usize = 3000;

/// A level with the version as it is shown.
fn asked(namespace: &Value, mode: &str) -> (Level, String) {
    let label = |name: String| text(namespace, &["metadata", "labels", &format!("{PREFIX}{name}")]);
    let level = Level::parse(label(mode.to_owned())).unwrap_or(Level::Privileged);
    let version = match label(format!("{mode}-version")) {
        "" => "latest",
        version => version,
    };
    (level, version.to_owned())
}

/// Refuses Pods that their namespace forbids, and warns of those, and of templates, that it warns of.
pub(crate) fn check(call: &Call<'_>, object: &Value, old: Option<&Value>) -> ApiResult<()> {
    let table = call.resource.table.as_str();
    if table == "namespaces" {
        return namespace(call, object, old);
    }
    let Some(path) = template(table) else { return Ok(()) };
    // Of the rest only the status and fields that no rule reads may change.
    if !matches!(call.target.subresource.as_str(), "" | "ephemeralcontainers" | "resize")
        || (table == "pods" && old.is_some() && call.target.subresource.is_empty())
    {
        return Ok(());
    }
    let Some(space) = call.api.store.get("namespaces", &call.target.namespace) else { return Ok(()) };
    let Some(pod) = object.get_path(path) else { return Ok(()) };
    let Some(spec) = pod.get("spec") else { return Ok(()) };
    let subject = Subject { annotations: pod.get_path(&["metadata", "annotations"]), spec };
    if table == "pods" {
        let (level, version) = asked(&space.value, "enforce");
        if let Some(found) = violations(level, &subject) {
            let why = format!("violates PodSecurity \"{}:{version}\": {found}", level.name());
            return Err(ApiError::forbidden(&call.resource, text(object, &["metadata", "name"]), &why));
        }
    }
    let (level, version) = asked(&space.value, "warn");
    if let Some(found) = violations(level, &subject) {
        call.warn(format!("would violate PodSecurity \"{}:{version}\": {found}", level.name()));
    }
    Ok(())
}

/// Where a kind keeps the template of its Pods.
fn template(table: &str) -> Option<&'static [&'static str]> {
    match table {
        "pods" => Some(&[]),
        "podtemplates" => Some(&["template"]),
        "replicationcontrollers"
        | "replicasets.apps"
        | "deployments.apps"
        | "statefulsets.apps"
        | "daemonsets.apps"
        | "jobs.batch" => Some(&["spec", "template"]),
        "cronjobs.batch" => Some(&["spec", "jobTemplate", "spec", "template"]),
        _ => None,
    }
}

fn namespace(call: &Call<'_>, object: &Value, old: Option<&Value>) -> ApiResult<()> {
    let mut causes = Vec::new();
    for mode in ["enforce", "audit", "warn"] {
        let label = format!("{PREFIX}{mode}");
        let level = text(object, &["metadata", "labels", &label]);
        if !level.is_empty() && Level::parse(level).is_none() {
            causes.push(invalid(&label, level, "must be one of privileged, baseline, restricted"));
        }
        let label = format!("{PREFIX}{mode}-version");
        let version = text(object, &["metadata", "labels", &label]);
        let minor = version.strip_prefix("v1.");
        let fits = minor.is_some_and(|m| !m.is_empty() && m.bytes().all(|b| b.is_ascii_digit()));
        if !(version.is_empty() || version == "latest" || fits) {
            causes.push(invalid(&label, version, "must be \"latest\" or \"v1.x\""));
        }
    }
    let own_name = text(object, &["metadata", "name"]);
    if !causes.is_empty() {
        return Err(ApiError::invalid("", "Namespace", own_name, &causes));
    }
    let (level, version) = asked(object, "enforce");
    let before = old.map_or(Level::Privileged, |o| asked(o, "enforce").0);
    if level > before {
        tell_existing(call, own_name, level, &version);
    }
    Ok(())
}

fn invalid(label: &str, value: &str, why: &str) -> Cause {
    Cause {
        reason: "FieldValueInvalid",
        message: format!("Invalid value: {value:?}: {why}"),
        field: format!("metadata.labels[{label}]"),
    }
}

/// Warns of the Pods that a stricter namespace would not take any more.
fn tell_existing(call: &Call<'_>, own_name: &str, level: Level, version: &str) {
    let (_, pods) = call.api.store.list("pods", &format!("{own_name}/"));
    let mut by_finding: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pod in pods.iter().take(EXISTING_MAX) {
        let Some(spec) = pod.value.get("spec") else { continue };
        let subject = Subject { annotations: pod.value.get_path(&["metadata", "annotations"]), spec };
        if let Some(found) = violations(level, &subject) {
            by_finding.entry(found).or_default().push(text(&pod.value, &["metadata", "name"]).to_owned());
        }
    }
    if by_finding.is_empty() {
        return;
    }
    call.warn(format!(
        "existing pods in namespace {own_name:?} violate the new PodSecurity enforce level \"{}:{version}\"",
        level.name()
    ));
    for (found, names) in by_finding {
        let more = match names.len() {
            1 => String::new(),
            2 => " (and 1 other pod)".to_owned(),
            n => format!(" (and {} other pods)", n - 1),
        };
        call.warn(format!("{}{more}: {found}", names[0]));
    }
}
