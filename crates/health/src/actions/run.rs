use super::discover::{
    DATA_LOSS, FORCE_PROMOTE, KEDA_PAUSED, KEDA_REPLICAS, auto_sync_enabled, flux_reconciles, is_flux,
    is_job_over, is_old_rollout, len,
};
use super::field::{at, ensure, find, set, truthy};
use super::time::stamp;
use super::types::{ActionError, Effect, EffectKind};
use super::workflows::{job_of, workflow_of_cron, workflow_of_template};
use fairway_core::Object;
use fairway_value::{Str, Value};
use std::collections::BTreeMap;

type Done = Result<(), ActionError>;

/// Runs a built-in action: returns what is to be written. `now` is in seconds since 1970.
///
/// # Errors
/// The kind has no such action, the object lacks what it reads, or a parameter is wrong.
pub fn run_action(
    object: &Object,
    action: &str,
    params: &BTreeMap<Str, Str>,
    now: i64,
) -> Result<Vec<Effect>, ActionError> {
    let gk = object.gvk().group_kind();
    let created = match (gk.group.as_str(), gk.kind.as_str(), action) {
        ("batch", "CronJob", "create-job") => Some(job_of(object.value(), now)?),
        ("argoproj.io", "CronWorkflow", "create-workflow") => Some(workflow_of_cron(object.value(), now)?),
        ("argoproj.io", "WorkflowTemplate", "create-workflow") => {
            Some(workflow_of_template(object.value(), now)?)
        }
        _ => None,
    };
    if let Some(object) = created {
        return Ok(vec![Effect { kind: EffectKind::Create, object }]);
    }
    let mut next = object.value().clone();
    let call = Call { group: &gk.group, kind: &gk.kind, action, params, now };
    if !call.patch(&mut next)? {
        return Err(ActionError::Unknown { kind: gk.kind.clone(), action: action.into() });
    }
    Ok(vec![Effect { kind: EffectKind::Patch, object: next }])
}

struct Call<'a> {
    group: &'a str,
    kind: &'a str,
    action: &'a str,
    params: &'a BTreeMap<Str, Str>,
    now: i64,
}

impl Call<'_> {
    /// Changes the object; false where there is no such action.
    fn patch(&self, o: &mut Value) -> Result<bool, ActionError> {
        let stamp_z = || format!("{}Z", stamp(self.now));
        match (self.group, self.kind, self.action) {
            ("apps", "DaemonSet" | "Deployment" | "StatefulSet", "restart") => {
                let path = ["spec", "template", "metadata", "annotations"];
                ensure(o, &path[..3])?;
                ensure(o, &path)?;
                set(o, &[&path[..], &["kubectl.kubernetes.io/restartedAt"]].concat(), stamp_z())?;
            }
            ("apps", "Deployment" | "StatefulSet", "scale") => {
                let replicas = self.number("replicas")?;
                set(o, &["spec", "replicas"], replicas)?;
            }
            ("apps", "Deployment", "pause") | ("argoproj.io", "Rollout", "pause") => {
                set(o, &["spec", "paused"], true)?;
            }
            ("apps", "Deployment", "resume") => set(o, &["spec", "paused"], Value::Null)?,
            ("argoproj.io", "AnalysisRun", "terminate") => set(o, &["spec", "terminate"], true)?,
            ("argoproj.io", "Application", "toggle-auto-sync") => toggle_auto_sync(o)?,
            ("argoproj.io", "Rollout", _) => return self.rollout(o),
            ("batch", "Job", "terminate") => terminate_job(o, stamp_z())?,
            ("batch", "CronJob" | "Job", _) => return suspend_resume(o, self.action),
            ("core.strimzi.io", "StrimziPodSet", "rolling-update") => {
                mark(o, "annotations", "strimzi.io/manual-rolling-update", "true")?;
            }
            ("external-secrets.io", "ExternalSecret", "refresh")
            | ("external-secrets.io", "PushSecret", "push") => {
                mark(o, "annotations", "force-sync", &stamp_z())?;
            }
            ("k8s.mariadb.com", "MariaDB", "suspend") => {
                if !at(o, &["spec"])?.is_null() {
                    set(o, &["spec", "suspend"], true)?;
                }
            }
            ("k8s.mariadb.com", "MariaDB", _) => return suspend_resume(o, self.action),
            ("keda.sh", "ScaledJob" | "ScaledObject", _) => return self.keda(o),
            ("postgresql.cnpg.io", "Cluster", _) => return self.postgres(o),
            ("promoter.argoproj.io", "PullRequest", "merge") => set(o, &["spec", "state"], "merged")?,
            ("psmdb.percona.com", "PerconaServerMongoDB", "pause") => set(o, &["spec", "pause"], true)?,
            ("psmdb.percona.com", "PerconaServerMongoDB", "unpause") => set(o, &["spec", "pause"], false)?,
            (group, kind, "reconcile") if is_flux(group, kind) && flux_reconciles(kind) => {
                let asked = format!("By Argo CD at: {}", stamp(self.now));
                mark(o, "annotations", "reconcile.fluxcd.io/requestedAt", &asked)?;
            }
            (group, kind, _) if is_flux(group, kind) => return suspend_resume(o, self.action),
            (group, _, _) if group.ends_with(".numaproj.io") => return self.numa(o),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Reads a parameter as a number, as Lua's `tonumber` does.
    fn number(&self, name: &str) -> Result<Value, ActionError> {
        let Some(text) = self.params.get(name) else {
            return Err(ActionError::Refused(format!("{name} parameter is required")));
        };
        number(text).ok_or_else(|| ActionError::Refused(format!("invalid number: {text}")))
    }

    fn rollout(&self, o: &mut Value) -> Result<bool, ActionError> {
        match self.action {
            "abort" => set(o, &["status", "abort"], true)?,
            "retry" => set(o, &["status", "abort"], Value::Null)?,
            "restart" => set(o, &["spec", "restartAt"], format!("{}Z", stamp(self.now)))?,
            "resume" => {
                drop_pause_conditions(o)?;
                if truthy(at(o, &["spec", "paused"])?) {
                    set(o, &["spec", "paused"], false)?;
                }
            }
            "promote-full" if at(o, &["status"])?.is_null() => {}
            "promote-full" if is_old_rollout(o)? => {
                set(o, &["status", "abort"], Value::Null)?;
                let steps = at(o, &["spec", "strategy", "canary", "steps"])?;
                if !steps.is_null() {
                    let end = i64::try_from(len(steps)?).unwrap_or(i64::MAX);
                    set(o, &["status", "currentStepIndex"], end)?;
                }
            }
            "promote-full" => set(o, &["status", "promoteFull"], true)?,
            "skip-current-step" => skip_step(o)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn keda(&self, o: &mut Value) -> Result<bool, ActionError> {
        match (self.kind, self.action) {
            (_, "pause") => {
                ensure(o, &["metadata"])?;
                mark(o, "annotations", KEDA_PAUSED, "true")?;
            }
            ("ScaledObject", "paused-replicas") => {
                let replicas = self.number("replicas")?;
                if replicas.as_f64().is_none_or(|n| n < 0.0) {
                    let text = self.params.get("replicas").map(Str::as_str).unwrap_or_default();
                    return Err(ActionError::Refused(format!("invalid number: {text} (must be >= 0)")));
                }
                ensure(o, &["metadata"])?;
                mark(o, "annotations", KEDA_REPLICAS, &replicas.to_string())?;
            }
            (_, "resume") => {
                if truthy(find(o, &["metadata", "annotations"])?) {
                    set(o, &["metadata", "annotations", KEDA_PAUSED], Value::Null)?;
                    if self.kind == "ScaledObject" {
                        set(o, &["metadata", "annotations", KEDA_REPLICAS], Value::Null)?;
                    }
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn postgres(&self, o: &mut Value) -> Result<bool, ActionError> {
        let now = format!("{}Z", stamp(self.now));
        if self.action == "promote" {
            promote_replica(o, self.params.get("instance").map(Str::as_str), &now)?;
            return Ok(true);
        }
        ensure(o, &["metadata"])?;
        match self.action {
            "reload" => mark(o, "annotations", "cnpg.io/reloadedAt", &now)?,
            "restart" => mark(o, "annotations", "kubectl.kubernetes.io/restartedAt", &now)?,
            "suspend" => mark(o, "annotations", "cnpg.io/reconciliationLoop", "disabled")?,
            "resume" => {
                ensure(o, &["metadata", "annotations"])?;
                set(o, &["metadata", "annotations", "cnpg.io/reconciliationLoop"], Value::Null)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn numa(&self, o: &mut Value) -> Result<bool, ActionError> {
        let spec: &[&str] = match (self.group, self.kind) {
            ("numaflow.numaproj.io", "InterStepBufferService") if self.action == "force-promote" => &[],
            ("numaflow.numaproj.io", "MonoVertex" | "Pipeline") => &["spec"],
            ("numaplane.numaproj.io", "MonoVertexRollout") => &["spec", "monoVertex", "spec"],
            ("numaplane.numaproj.io", "PipelineRollout") => &["spec", "pipeline", "spec"],
            _ => return Ok(false),
        };
        let lifecycle = [spec, &["lifecycle"]].concat();
        let phase = [spec, &["lifecycle", "desiredPhase"]].concat();
        let is_rollout = spec.len() == 3;
        match (self.kind, self.action) {
            (_, "force-promote") if !is_rollout => mark(o, "labels", FORCE_PROMOTE, "true")?,
            ("Pipeline", "delete") => {
                mark(o, "annotations", "numaplane.numaproj.io/marked-for-deletion", "true")?;
            }
            ("PipelineRollout", "allow-data-loss") => mark(o, "annotations", DATA_LOSS, "true")?,
            ("PipelineRollout", "disallow-data-loss") => mark(o, "annotations", DATA_LOSS, "false")?,
            (_, "pause") => {
                ensure(o, &lifecycle)?;
                set(o, &phase, "Paused")?;
            }
            (_, "unpause-fast" | "unpause-gradual") => {
                let fast = self.action == "unpause-fast";
                set(o, &phase, "Running")?;
                if is_rollout {
                    ensure(o, &["spec", "strategy"])?;
                    ensure(o, &["spec", "strategy", "pauseResume"])?;
                    set(o, &["spec", "strategy", "pauseResume", "fastResume"], fast)?;
                } else if self.kind == "Pipeline" {
                    let speed = if fast { "fast" } else { "slow" };
                    mark(o, "annotations", "numaflow.numaproj.io/resume-strategy", speed)?;
                } else if !fast {
                    set(o, &["spec", "replicas"], Value::Null)?;
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// Reads a number as Lua does: decimal or hexadecimal, space around it.
pub(super) fn number(text: &str) -> Option<Value> {
    let text = text.trim();
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return i64::from_str_radix(hex, 16).ok().map(Value::Int);
    }
    if let Ok(n) = text.parse::<i64>() {
        return Some(Value::Int(n));
    }
    let starts_like_one = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+'));
    let n = text.parse::<f64>().ok().filter(|n| n.is_finite() && starts_like_one)?;
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
    let whole = (n.fract() == 0.0 && n.abs() < 9.0e15).then_some(n as i64);
    Some(whole.map_or(Value::Float(n), Value::Int))
}

/// Sets a label or an annotation.
fn mark(o: &mut Value, field: &str, key: &str, value: &str) -> Done {
    ensure(o, &["metadata", field])?;
    set(o, &["metadata", field, key], value)
}

fn suspend_resume(o: &mut Value, action: &str) -> Result<bool, ActionError> {
    match action {
        "suspend" => set(o, &["spec", "suspend"], true)?,
        "resume" => {
            if truthy(at(o, &["spec", "suspend"])?) {
                set(o, &["spec", "suspend"], false)?;
            }
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn toggle_auto_sync(o: &mut Value) -> Done {
    let enabled = auto_sync_enabled(o)?;
    for path in [&["spec"][..], &["spec", "syncPolicy"], &["spec", "syncPolicy", "automated"]] {
        ensure(o, path)?;
    }
    set(o, &["spec", "syncPolicy", "automated", "enabled"], !enabled)
}

fn terminate_job(o: &mut Value, now: String) -> Done {
    if at(o, &["status"])?.is_null() || is_job_over(o)? {
        return Ok(());
    }
    let mut conditions = match at(o, &["status", "conditions"])? {
        there if !truthy(there) => Vec::new(),
        there => there.as_array().unwrap_or_default().to_vec(),
    };
    let condition = [
        ("lastTransitionTime", now.as_str()),
        ("message", "Job was terminated explicitly through Argo CD"),
        ("reason", "ManuallyTerminated"),
        ("status", "True"),
        ("type", "FailureTarget"),
    ];
    conditions.push(condition.into_iter().map(|(k, v)| (k, Value::from(v))).collect());
    set(o, &["status", "conditions"], conditions)
}

fn drop_pause_conditions(o: &mut Value) -> Done {
    let conditions = at(o, &["status", "pauseConditions"])?;
    if !conditions.is_null() && len(conditions)? > 0 {
        set(o, &["status", "pauseConditions"], Value::Null)?;
    }
    Ok(())
}

fn skip_step(o: &mut Value) -> Done {
    if at(o, &["status"])?.is_null() || at(o, &["spec", "strategy", "canary"])?.is_null() {
        return Ok(());
    }
    let steps = at(o, &["spec", "strategy", "canary", "steps"])?;
    if steps.is_null() {
        return Ok(());
    }
    let Some(index) = at(o, &["status", "currentStepIndex"])?.as_i64() else {
        return Err(ActionError::Refused("status.currentStepIndex is not set".to_owned()));
    };
    if i64::try_from(len(steps)?).is_ok_and(|end| index < end) {
        drop_pause_conditions(o)?;
        set(o, &["status", "currentStepIndex"], index + 1)?;
    }
    Ok(())
}

fn promote_replica(o: &mut Value, instance: Option<&str>, now: &str) -> Done {
    let Some(instance) = instance else {
        return Err(ActionError::Refused("instance parameter is required".to_owned()));
    };
    let healthy: Vec<&str> = at(o, &["status", "instancesStatus", "healthy"])?
        .as_array()
        .unwrap_or_default()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let chosen = if instance == "any" {
        let primary = at(o, &["status", "currentPrimary"])?.as_str().unwrap_or_default();
        match healthy.iter().position(|node| *node == primary) {
            Some(n) => healthy.get((n + 1) % healthy.len()).copied(),
            None => healthy.first().copied(),
        }
    } else {
        let named = match number(instance) {
            Some(_) => {
                let name = find(o, &["metadata", "name"])?.as_str().unwrap_or_default();
                format!("{name}-{instance}")
            }
            None => instance.to_owned(),
        };
        healthy.iter().find(|node| **node == named).copied()
    };
    let Some(chosen) = chosen.map(str::to_owned) else {
        let words = format!("Could not find a healthy instance matching the criteria: {instance}");
        return Err(ActionError::Refused(words));
    };
    set(o, &["status", "targetPrimary"], chosen.as_str())?;
    set(o, &["status", "targetPrimaryTimestamp"], now)?;
    set(o, &["status", "phase"], "Switchover in progress")?;
    set(o, &["status", "phaseReason"], format!("Switching over to {chosen}"))
}
