use crate::seen::{Judged, Res, Seen, returned, said};
use fairway_core::HealthStatus::{Degraded, Healthy, Missing, Progressing};
use std::cmp::Ordering;

/// Judges a SparkApplication, as the check that Argo CD 3.6 ships for it.
pub(crate) fn spark(root: &Seen<'_>) -> Judged {
    let waiting = || said(Progressing, "Waiting for Executor pods");
    let status = root.field("status")?;
    if status.is_nil() {
        return waiting();
    }
    let application = status.field("applicationState")?;
    let state = application.field("state")?;
    match state.text() {
        Some("") => said(Progressing, "SparkApplication was added, enqueuing it for submission"),
        Some("RUNNING") if runs(root, &status)? => said(Healthy, "SparkApplication is Running"),
        Some("SUBMITTED") => said(Progressing, "SparkApplication was submitted successfully"),
        Some("COMPLETED") => said(Healthy, "SparkApplication was Completed"),
        Some("FAILED" | "SUBMISSION_FAILED" | "FAILING") => {
            Ok(returned(Some(Degraded), &application.field("errorMessage")?))
        }
        Some("PENDING_RERUN") => said(Progressing, "SparkApplication is Pending Rerun"),
        Some("INVALIDATING") => said(Missing, "SparkApplication is in InvalidatingState"),
        // The second line is indented as in Argo CD's script.
        Some("SUCCEEDING") => said(
            Progressing,
            format!(
                "The driver pod has been completed successfully. The executor pods terminate and are cleaned up.\n\
                 {:32}Under this circumstances, we assume the executor pod are completed.",
                ""
            ),
        ),
        Some("UNKNOWN") => said(
            Progressing,
            "SparkApplication is in UnknownState because either driver pod or one or all executor pods in unknown \
             state  ",
        ),
        _ => waiting(),
    }
}

/// Whether as many executors run as the spec wants.
fn runs(root: &Seen<'_>, status: &Seen<'_>) -> Res<bool> {
    let executors = status.field("executorState")?;
    if executors.is_nil() {
        return Ok(false);
    }
    let states = executors.entries()?;
    let running = states.iter().filter(|s| s.as_str() == Some("RUNNING")).fold(0.0, |n, _| n + 1.0);
    let running = Seen::Number(running);
    let spec = root.field("spec")?;
    let instances = spec.path(&["executor", "instances"])?;
    if instances.equals(&running) {
        return Ok(true);
    }
    let (min, max) = range(&spec)?;
    if min.truthy() {
        return Ok(running.order(&min)? != Ordering::Less && running.order(&max)? != Ordering::Greater);
    }
    let by_itself = spec.field("dynamicAllocation")?.is_nil() && instances.is_nil();
    Ok(by_itself && running.order(&Seen::Number(1.0))? != Ordering::Less)
}

/// Returns how few and how many executors there may be; nothing where the spec does not say.
fn range<'v>(spec: &Seen<'v>) -> Res<(Seen<'v>, Seen<'v>)> {
    let (none, endless) = (Seen::Number(0.0), Seen::Number(f64::INFINITY));
    let allocation = spec.field("dynamicAllocation")?;
    if allocation.truthy() && allocation.field("enabled")?.truthy() {
        let max = allocation.field("maxExecutors")?.or(endless);
        return Ok((allocation.field("minExecutors")?.or(none), max));
    }
    let conf = spec.field("sparkConf")?;
    if conf.is_nil() {
        return Ok((Seen::Nil, Seen::Nil));
    }
    for prefix in ["spark.streaming.dynamicAllocation", "spark.dynamicAllocation"] {
        if conf.field(&format!("{prefix}.enabled"))?.is("true") {
            let bound = |key: &str, default: &Seen<'v>| {
                let bound = conf.field(&format!("{prefix}.{key}"))?;
                Ok::<_, String>(if bound.is_nil() { default.clone() } else { bound.to_number() })
            };
            return Ok((bound("minExecutors", &none)?, bound("maxExecutors", &endless)?));
        }
    }
    Ok((Seen::Nil, Seen::Nil))
}
