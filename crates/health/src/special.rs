//! Checks that count and compare more than a table of rules can say.

use crate::seen::{Judged, Seen, returned, said};
use crate::{kruise, rollout, spark};
use fairway_core::HealthStatus::{Degraded, Healthy, Progressing, Unknown};
use fairway_core::{Health, Object};
use std::cmp::Ordering;

/// Judges an object by the check of a kind that has one here. Nothing where it has none; the judgement inside may be nothing too.
pub(crate) fn assess_as(group: &str, kind: &str, object: &Object) -> Option<Option<Health>> {
    let root = Seen::Value(object.value());
    let judged = match (group, kind) {
        ("argoproj.io", "Rollout") => rollout::rollout(&root),
        ("apps.kruise.io", "CloneSet") => kruise::clone_set(&root),
        ("apps.kruise.io", "StatefulSet") => kruise::stateful_set(&root),
        ("apps.kruise.io", "DaemonSet") => kruise::daemon_set(&root),
        ("game.kruise.io", "GameServerSet") => kruise::game_server_set(&root),
        ("opentelemetry.io", "OpenTelemetryCollector") => collector(&root),
        ("core.spinkube.dev", "SpinApp") => spin_app(&root),
        ("sparkoperator.k8s.io", "SparkApplication") => spark::spark(&root),
        ("elasticsearch.k8s.elastic.co", "Elasticsearch") => elasticsearch(&root),
        _ => return None,
    };
    Some(judged.unwrap_or_else(|why| Some(Health::new(Unknown, why))))
}

/// Reads the first `ready/total` in a text.
fn ratio(text: &str) -> Option<(u64, u64)> {
    let digits = |c: char| c.is_ascii_digit();
    text.match_indices('/').find_map(|(at, _)| {
        let (left, right) = (&text[..at], &text[at + 1..]);
        let ready = &left[left.trim_end_matches(digits).len()..];
        let total = &right[..right.len() - right.trim_start_matches(digits).len()];
        Some((ready.parse().ok()?, total.parse().ok()?))
    })
}

fn collector(root: &Seen<'_>) -> Judged {
    let status = root.field("status")?;
    if status.is_nil() {
        return said(Progressing, "Waiting for OpenTelemetry Collector status");
    }
    let scale = status.field("scale")?;
    let replicas = if scale.is_nil() { Seen::Nil } else { scale.field("statusReplicas")? };
    if replicas.is_nil() {
        return if root.path(&["spec", "mode"])?.is("sidecar") {
            said(Healthy, "Collector is running in sidecar mode")
        } else {
            said(Progressing, "Scale status not available")
        };
    }
    let text = replicas.joined()?;
    match ratio(&text) {
        None => said(Progressing, format!("Unable to parse replica status: {text}")),
        Some((0, total)) => {
            let spec = root.field("spec")?;
            if !spec.is_nil() && spec.field("mode")?.is("daemonset") && total == 0 {
                said(Healthy, "DaemonSet has no eligible nodes (0/0)")
            } else {
                said(Degraded, "No replicas are ready")
            }
        }
        Some((ready, total)) if ready == total => said(Healthy, "All replicas are ready"),
        Some(_) => said(Progressing, "Replicas are starting up"),
    }
}

fn spin_app(root: &Seen<'_>) -> Judged {
    let status = root.field("status")?;
    if !status.truthy() {
        return said(Progressing, "Waiting for status to be available");
    }
    let text = |text: &str| Seen::Text(text.to_owned());
    let (mut available, mut progressing) = (false, None);
    let mut why = text("");
    let conditions = status.field("conditions")?;
    let conditions = if conditions.truthy() { conditions.items()? } else { Vec::new() };
    for condition in conditions {
        let condition = Seen::Value(condition);
        let (kind, message) = (condition.field("type")?, condition.field("message")?);
        if kind.is("Progressing") {
            if condition.field("status")?.is("False") && has_failed(&condition, &message)? {
                return Ok(returned(Some(Degraded), &message.or(text("Application deployment has failed"))));
            }
            if condition.field("status")?.is("True") {
                progressing = Some(message.or(text("Application progress status")));
            }
        } else if kind.is("Available") {
            available = condition.field("status")?.is("True");
            why = message.or(text("Application is not available"));
        }
    }
    let ready = status.field("readyReplicas")?.or(Seen::Number(0.0));
    let wanted = root.path(&["spec", "replicas"])?.or(Seen::Number(1.0));
    if !available {
        return Ok(returned(Some(Degraded), &why));
    }
    if ready.order(&wanted)? == Ordering::Less {
        let message = format!("Waiting for replicas to be ready ({}/{})", whole(&ready), whole(&wanted));
        return said(Progressing, message);
    }
    match progressing {
        Some(message) => Ok(returned(Some(Progressing), &message)),
        None => {
            let (ready, wanted) = (whole(&ready), whole(&wanted));
            said(Healthy, format!("Application is healthy with {ready}/{wanted} replicas ready"))
        }
    }
}

fn has_failed(condition: &Seen<'_>, message: &Seen<'_>) -> Result<bool, String> {
    if condition.field("reason")?.is("ProgressDeadlineExceeded") {
        return Ok(true);
    }
    let message = message.clone().or(Seen::Text(String::new())).joined()?.to_lowercase();
    Ok(message.contains("timeout") || message.contains("failed"))
}

/// Writes a number as gopher-lua's `%d`: cut, and a text that holds none as 0.
#[expect(clippy::cast_possible_truncation, reason = "Go cuts it too")]
fn whole(value: &Seen<'_>) -> String {
    match (value.number(), value.text()) {
        (Some(number), _) => (number as i64).to_string(),
        (None, Some(text)) if value.reckoned().is_ok() => text.to_owned(),
        _ => "0".to_owned(),
    }
}

fn elasticsearch(root: &Seen<'_>) -> Judged {
    let unknown = "Elasticsearch Cluster status is unknown. Ensure your ArgoCD is current and then check for/file a bug \
                   report: https://github.com/argoproj/argo-cd/issues";
    let status = root.field("status")?;
    let available = if status.is_nil() { Seen::Nil } else { status.field("availableNodes")? };
    if available.is_nil() {
        return said(Unknown, unknown);
    }
    let mut wanted = 0.0;
    for set in root.path(&["spec", "nodeSets"])?.entries()? {
        wanted += Seen::Value(set).field("count")?.reckoned()?;
    }
    let wanted = Seen::Number(wanted);
    if available.order(&wanted)? == Ordering::Less {
        let (wanted, available) = (wanted.joined()?, available.joined()?);
        return said(
            Progressing,
            format!("The desired amount of availableNodes is {wanted} but the current amount is {available}"),
        );
    }
    let (phase, health) = (status.field("phase")?, status.field("health")?);
    if !available.equals(&wanted) || health.is_nil() {
        return said(Unknown, unknown);
    }
    let details = "Check the status of indices, replicas and shards";
    match (phase.text(), health.text()) {
        (Some("Ready"), Some("green")) => said(Healthy, "Elasticsearch Cluster status is Green"),
        (Some("Ready"), Some("yellow")) => {
            said(Progressing, format!("Elasticsearch Cluster status is Yellow. {details}"))
        }
        (Some("Ready"), Some("red")) => {
            said(Degraded, format!("Elasticsearch Cluster status is Red. {details}"))
        }
        (Some(phase @ ("ApplyingChanges" | "MigratingData")), _) => {
            said(Progressing, format!("Elasticsearch phase is {phase}"))
        }
        (Some("Invalid"), _) => said(Degraded, "Elasticsearch phase is Invalid"),
        _ => said(Unknown, unknown),
    }
}
