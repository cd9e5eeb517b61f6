use crate::fields::Typed;
use fairway_core::{Health, HealthStatus, Object};

/// Makes a Pod that runs to an end be judged like one that runs on. Hooks do not heed it.
const IGNORE_RESTART_POLICY: &str = "argocd.argoproj.io/ignore-restart-policy";

/// Judges a Pod, as gitops-engine `pkg/health/health_pod.go`.
pub(crate) fn pod(object: &Object) -> Result<Health, String> {
    let root = Typed::new(object.value());
    let (spec, status) = (root.at("spec")?, root.at("status")?);
    let policy = spec.text("restartPolicy")?;
    let message = status.text("message")?;
    let runs_on =
        policy == "Always" || (object.annotation(IGNORE_RESTART_POLICY) == Some("true") && !is_hook(object));
    let containers = status.list("containerStatuses")?;
    if runs_on && let Some(health) = waiting_in_vain(&containers)? {
        return Ok(health);
    }
    let judged = match status.text("phase")? {
        "Pending" => HealthStatus::Progressing,
        "Succeeded" => HealthStatus::Healthy,
        "Failed" => return failed(status, message, &containers),
        "Running" if runs_on => running(status, &containers)?,
        "Running" if matches!(policy, "OnFailure" | "Never") => HealthStatus::Progressing,
        _ => HealthStatus::Unknown,
    };
    Ok(Health::new(judged, message))
}

fn is_hook(object: &Object) -> bool {
    let path = ["metadata", "annotations", "argocd.argoproj.io/hook"];
    // One that is null counts as an empty one.
    match object.value().get_path(&path).map(|word| word.as_str().unwrap_or_default()) {
        Some(words) => words.split(',').map(str::trim).filter(|w| !w.is_empty()).ne(["Skip"]),
        None => object.annotation("helm.sh/hook").is_some_and(|word| word != "crd-install"),
    }
}

fn waiting_in_vain(containers: &[Typed<'_>]) -> Result<Option<Health>, String> {
    let mut messages = Vec::new();
    for container in containers {
        let waiting = container.at("state")?.at("waiting")?;
        let reason = waiting.text("reason")?;
        if reason.starts_with("Err") || reason.ends_with("Error") || reason.ends_with("BackOff") {
            messages.push(waiting.text("message")?);
        }
    }
    Ok((!messages.is_empty()).then(|| Health::new(HealthStatus::Degraded, messages.join(", "))))
}

fn failed(status: Typed<'_>, message: &str, containers: &[Typed<'_>]) -> Result<Health, String> {
    let mut why = message.to_owned();
    let initial = status.list("initContainerStatuses")?;
    for container in initial.iter().chain(containers) {
        if !why.is_empty() {
            break;
        }
        why = failure(*container)?;
    }
    Ok(Health::new(HealthStatus::Degraded, why))
}

fn failure(container: Typed<'_>) -> Result<String, String> {
    let ended = container.at("state")?.at("terminated")?;
    let message = ended.text("message")?;
    let code = ended.int("exitCode")?;
    if !message.is_empty() {
        Ok(message.to_owned())
    } else if ended.text("reason")? == "OOMKilled" {
        Ok("OOMKilled".to_owned())
    } else if code != 0 {
        Ok(format!("container {:?} failed with exit code {code}", container.text("name")?))
    } else {
        Ok(String::new())
    }
}

fn running(status: Typed<'_>, containers: &[Typed<'_>]) -> Result<HealthStatus, String> {
    for condition in status.list("conditions")? {
        if condition.text("type")? == "Ready" {
            if condition.text("status")? == "True" {
                return Ok(HealthStatus::Healthy);
            }
            break;
        }
    }
    for container in containers {
        if container.at("lastState")?.at("terminated")?.is_present() {
            return Ok(HealthStatus::Degraded);
        }
    }
    Ok(HealthStatus::Progressing)
}
