use crate::special::{View, health};
use fairway_core::{Health, HealthStatus, Value};

type Judged = Result<Health, &'static str>;

/// Judges a SparkApplication, as the check that Argo CD 3.6 ships for it.
pub(crate) fn spark(root: View<'_>) -> Judged {
    use HealthStatus::{Degraded, Healthy, Missing, Progressing};
    let waiting = || health(Progressing, "Waiting for Executor pods");
    if root.get(&["status"]).is_none() {
        return waiting();
    }
    root.get(&["status", "applicationState"]).ok_or("attempt to index a nil value")?;
    let error = root.text(&["status", "applicationState", "errorMessage"]).unwrap_or_default();
    match root.text(&["status", "applicationState", "state"]) {
        Some("") => health(Progressing, "SparkApplication was added, enqueuing it for submission"),
        Some("RUNNING") if runs(root)? => health(Healthy, "SparkApplication is Running"),
        Some("SUBMITTED") => health(Progressing, "SparkApplication was submitted successfully"),
        Some("COMPLETED") => health(Healthy, "SparkApplication was Completed"),
        Some("FAILED" | "SUBMISSION_FAILED" | "FAILING") => health(Degraded, error),
        Some("PENDING_RERUN") => health(Progressing, "SparkApplication is Pending Rerun"),
        Some("INVALIDATING") => health(Missing, "SparkApplication is in InvalidatingState"),
        Some("SUCCEEDING") => health(
            Progressing,
            "The driver pod has been completed successfully. The executor pods terminate and are cleaned up.\n \
             Under this circumstances, we assume the executor pod are completed.",
        ),
        Some("UNKNOWN") => health(
            Progressing,
            "SparkApplication is in UnknownState because either driver pod or one or all executor pods in unknown \
             state ",
        ),
        _ => waiting(),
    }
}

/// Whether as many executors run as the spec wants.
fn runs(root: View<'_>) -> Result<bool, &'static str> {
    if root.get(&["status", "executorState"]).is_none() {
        return Ok(false);
    }
    let states = root.entries(&["status", "executorState"]);
    let running = states.iter().filter(|s| s.as_str() == Some("RUNNING")).fold(0.0, |n, _| n + 1.0);
    root.get(&["spec", "executor"]).ok_or("attempt to index a nil value")?;
    let instances = root.number(&["spec", "executor", "instances"]);
    if instances == Some(running) {
        return Ok(true);
    }
    if let Some((min, max)) = range(root) {
        return Ok((min..=max).contains(&running));
    }
    let by_itself = root.get(&["spec", "dynamicAllocation"]).is_none() && instances.is_none();
    Ok(by_itself && running >= 1.0)
}

fn range(root: View<'_>) -> Option<(f64, f64)> {
    if root.is_true(&["spec", "dynamicAllocation", "enabled"]) {
        let bound = |key: &str| root.number(&["spec", "dynamicAllocation", key]);
        return Some((bound("minExecutors").unwrap_or(0.0), bound("maxExecutors").unwrap_or(f64::INFINITY)));
    }
    let conf = root.get(&["spec", "sparkConf"])?;
    let text = |key: &str| conf.get(key).and_then(Value::as_str);
    let prefixes = ["spark.streaming.dynamicAllocation", "spark.dynamicAllocation"];
    let prefix = prefixes.into_iter().find(|p| text(&format!("{p}.enabled")) == Some("true"))?;
    let bound = |key: &str| text(&format!("{prefix}.{key}")).and_then(|t| t.parse::<f64>().ok());
    Some((bound("minExecutors").unwrap_or(0.0), bound("maxExecutors").unwrap_or(f64::INFINITY)))
}
