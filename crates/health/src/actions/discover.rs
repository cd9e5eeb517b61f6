use super::field::{at, entries, find, truthy};
use super::types::{Action, ActionError, ActionParam};
use fairway_core::Object;
use fairway_value::Value;

type Found = Result<Vec<Action>, ActionError>;

/// Returns the built-in actions for an object, ordered by name; none where its kind has none.
///
/// # Errors
/// The object lacks what tells which are to be had.
pub fn actions_of(object: &Object) -> Found {
    let gk = object.gvk().group_kind();
    let mut found = by_kind(&gk.group, &gk.kind, object.value())?;
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn by_kind(group: &str, kind: &str, o: &Value) -> Found {
    match (group, kind) {
        ("apps", "DaemonSet") => Ok(vec![restart()]),
        ("apps", "StatefulSet") => Ok(vec![restart(), scale()]),
        ("apps", "Deployment") => deployment(o),
        ("argoproj.io", "AnalysisRun") => analysis_run(o),
        ("argoproj.io", "Application") => application(o),
        ("argoproj.io", "CronWorkflow" | "WorkflowTemplate") => {
            Ok(vec![action("create-workflow").icon("fa fa-fw fa-plus").display("Create Workflow")])
        }
        ("argoproj.io", "Rollout") => rollout(o),
        ("batch", "CronJob") => cron_job(o),
        ("batch", "Job") => job(o),
        ("core.strimzi.io", "StrimziPodSet") => {
            let rolling = annotation(o, "strimzi.io/manual-rolling-update")?.as_str() == Some("true");
            Ok(vec![action("rolling-update").disabled(rolling)])
        }
        ("external-secrets.io", "ExternalSecret") => {
            let on_change = at(o, &["spec", "refreshPolicy"])?.as_str() == Some("OnChange");
            Ok(vec![action("refresh").disabled(!on_change && never_refreshes(o)?)])
        }
        ("external-secrets.io", "PushSecret") => Ok(vec![action("push").disabled(never_refreshes(o)?)]),
        ("k8s.mariadb.com", "MariaDB") => {
            let suspended = find(o, &["spec", "suspend"])?.as_bool() == Some(true);
            Ok(vec![if suspended {
                action("resume").icon("fa fa-fw fa-play").display("Resume")
            } else {
                action("suspend").icon("fa fa-fw fa-pause").display("Suspend")
            }])
        }
        ("keda.sh", "ScaledJob") => {
            let paused = found_annotation(o, KEDA_PAUSED)?.as_str() == Some("true");
            Ok(pause_resume(paused))
        }
        ("keda.sh", "ScaledObject") => scaled_object(o),
        ("postgresql.cnpg.io", "Cluster") => postgres(o),
        ("promoter.argoproj.io", "PullRequest") => {
            let open = at(o, &["spec", "state"])?.as_str() == Some("open");
            Ok(vec![action("merge").icon("fa fa-fw fa-code-merge").display("Merge PR").disabled(!open)])
        }
        ("psmdb.percona.com", "PerconaServerMongoDB") => {
            let paused = at(o, &["spec", "pause"])?.as_bool() == Some(true);
            Ok(vec![
                action("pause").icon("fa fa-fw fa-pause-circle").disabled(paused),
                action("unpause").icon("fa fa-fw fa-play-circle").disabled(!paused),
            ])
        }
        _ if group.ends_with(".numaproj.io") => numa(group, kind, o),
        _ => flux(group, kind, o),
    }
}

pub(super) const KEDA_PAUSED: &str = "autoscaling.keda.sh/paused";
pub(super) const KEDA_REPLICAS: &str = "autoscaling.keda.sh/paused-replicas";

fn action(name: &str) -> Action {
    Action { name: name.into(), ..Action::default() }
}

impl Action {
    fn icon(self, classes: &str) -> Self {
        Self { icon_class: classes.into(), ..self }
    }
    fn display(self, name: &str) -> Self {
        Self { display_name: name.into(), ..self }
    }
    fn disabled(self, disabled: bool) -> Self {
        Self { disabled, ..self }
    }
    fn param(mut self, name: &str, default: &str) -> Self {
        self.params.push(ActionParam { name: name.into(), default: default.into() });
        self
    }
}

fn restart() -> Action {
    action("restart").icon("fa fa-fw fa-redo")
}

fn scale() -> Action {
    action("scale").icon("fa fa-fw fa-plus-circle").param("replicas", "")
}

fn pause_resume(paused: bool) -> Vec<Action> {
    vec![
        action("pause").icon("fa fa-fw fa-pause-circle").disabled(paused),
        action("resume").icon("fa fa-fw fa-play-circle").disabled(!paused),
    ]
}

/// Reads an annotation of an object whose metadata must be there.
fn annotation<'v>(o: &'v Value, key: &str) -> Result<&'v Value, ActionError> {
    match at(o, &["metadata", "annotations"])? {
        Value::Null => Ok(&Value::Null),
        _ => at(o, &["metadata", "annotations", key]),
    }
}

fn found_annotation<'v>(o: &'v Value, key: &str) -> Result<&'v Value, ActionError> {
    for path in [&["metadata"][..], &["metadata", "annotations"]] {
        if !truthy(at(o, path)?) {
            return Ok(&Value::Null);
        }
    }
    at(o, &["metadata", "annotations", key])
}

/// A flag that may be unset; anything else is refused, as a field of a wrong type is.
fn flag(value: &Value) -> Result<bool, ActionError> {
    match value {
        Value::Null => Ok(false),
        Value::Bool(on) => Ok(*on),
        other => Err(ActionError::Refused(format!("a flag is a {}", other.type_name()))),
    }
}

fn deployment(o: &Value) -> Found {
    let paused = flag(at(o, &["spec", "paused"])?)?;
    let mut out = pause_resume(paused);
    out.extend([restart(), scale()]);
    Ok(out)
}

fn analysis_run(o: &Value) -> Found {
    let asked = at(o, &["spec", "terminate"])?;
    let disabled = if truthy(asked) {
        flag(asked)?
    } else {
        let phase = at(o, &["status", "phase"])?.as_str().unwrap_or_default();
        matches!(phase, "Successful" | "Failed" | "Error" | "Inconclusive")
    };
    Ok(vec![action("terminate").disabled(disabled)])
}

/// Whether an Application syncs by itself.
pub(super) fn auto_sync_enabled(o: &Value) -> Result<bool, ActionError> {
    if find(o, &["spec", "syncPolicy", "automated"])?.is_null() {
        return Ok(false);
    }
    let enabled = at(o, &["spec", "syncPolicy", "automated", "enabled"])?;
    Ok(enabled.is_null() || enabled.as_bool() == Some(true))
}

fn application(o: &Value) -> Found {
    let display = if auto_sync_enabled(o)? { "Disable Auto-Sync" } else { "Enable Auto-Sync" };
    Ok(vec![action("toggle-auto-sync").display(display)])
}

/// Length of a list; nothing for what is none.
pub(super) fn len(value: &Value) -> Result<usize, ActionError> {
    match value {
        Value::Array(items) => Ok(items.iter().filter(|v| !v.is_null()).count()),
        Value::String(text) => Ok(text.len()),
        Value::Object(_) => Ok(0),
        other => Err(ActionError::Refused(format!("a list is a {}", other.type_name()))),
    }
}

/// Whether a Rollout's controller is older than 0.10: it then has no `promoteFull`.
pub(super) fn is_old_rollout(o: &Value) -> Result<bool, ActionError> {
    let observed = match at(o, &["status", "observedGeneration"])? {
        Value::String(text) => text.trim().parse::<f64>().ok(),
        other => other.as_f64(),
    };
    let Some(observed) = observed else { return Ok(true) };
    match at(o, &["metadata", "generation"])?.as_f64() {
        Some(generation) => Ok(observed > generation),
        None => Err(ActionError::Refused("metadata.generation is not set".to_owned())),
    }
}

fn rollout(o: &Value) -> Found {
    let status = at(o, &["status"])?;
    let conditions = if status.is_null() { &Value::Null } else { at(o, &["status", "pauseConditions"])? };
    let spec_paused = at(o, &["spec", "paused"])?;
    let paused = if conditions.is_null() { truthy(spec_paused) } else { len(conditions)? > 0 };
    let promoted = at(o, &["status", "currentPodHash"])? == at(o, &["status", "stableRS"])?;
    let aborted = at(o, &["status", "abort"])?;
    // What is promoted is not looked at.
    let or_promoted =
        |value: &dyn Fn() -> Result<bool, ActionError>| if promoted { Ok(true) } else { value() };
    let mut full = action("promote-full").disabled(true);
    if !promoted {
        full.disabled = is_old_rollout(o)? && !at(o, &["spec", "strategy", "blueGreen"])?.is_null();
    }
    let steps = match at(o, &["spec", "strategy", "canary"])? {
        Value::Null => &Value::Null,
        _ => at(o, &["spec", "strategy", "canary", "steps"])?,
    };
    let at_end = steps.is_null() || {
        let index = at(o, &["status", "currentStepIndex"])?.as_i64();
        index == i64::try_from(len(steps)?).ok()
    };
    let stopped = || if truthy(aborted) { flag(aborted) } else { flag(spec_paused) };
    Ok(vec![
        action("restart").display("Restart Pods"),
        action("resume").disabled(!paused),
        action("abort").disabled(or_promoted(&|| flag(aborted))?),
        action("retry").disabled(or_promoted(&|| Ok(!truthy(aborted)))?),
        action("pause").disabled(or_promoted(&stopped)?),
        full,
        action("skip-current-step").disabled(at_end),
    ])
}

fn cron_job(o: &Value) -> Found {
    let suspended = truthy(at(o, &["spec", "suspend"])?);
    let create = action("create-job").icon("fa fa-fw fa-plus").display("Create Job");
    Ok(vec![create, if suspended { play("resume") } else { pause("suspend") }])
}

fn play(name: &str) -> Action {
    action(name).icon("fa fa-fw fa-play")
}

fn pause(name: &str) -> Action {
    action(name).icon("fa fa-fw fa-pause")
}

/// Whether a Job has come to its end, or is about to.
pub(super) fn is_job_over(o: &Value) -> Result<bool, ActionError> {
    if at(o, &["status"])?.is_null() {
        return Ok(false);
    }
    let text = |c: &Value, key: &str| at(c, &[key]).map(|v| v.as_str().unwrap_or_default().to_owned());
    for condition in entries(at(o, &["status", "conditions"])?)? {
        let over = ["Complete", "Failed", "FailureTarget", "SuccessCriteriaMet"];
        if over.contains(&text(condition, "type")?.as_str()) && text(condition, "status")? == "True" {
            return Ok(true);
        }
    }
    Ok(false)
}

fn job(o: &Value) -> Found {
    if is_job_over(o)? {
        return Ok(Vec::new());
    }
    let suspended = truthy(at(o, &["spec", "suspend"])?);
    let mut out = vec![if suspended { play("resume") } else { pause("suspend") }];
    if !at(o, &["status"])?.is_null() {
        out.push(action("terminate").icon("fa fa-fw fa-stop"));
    }
    Ok(out)
}

/// Whether a secret's refresh interval is nought.
fn never_refreshes(o: &Value) -> Result<bool, ActionError> {
    Ok(match at(o, &["spec", "refreshInterval"])? {
        Value::String(text) => {
            matches!(text.as_str(), "0" | "0ns" | "0us" | "0µs" | "0ms" | "0s" | "0m" | "0h")
        }
        number => number.as_f64() == Some(0.0),
    })
}

fn scaled_object(o: &Value) -> Found {
    let paused = found_annotation(o, KEDA_PAUSED)?.as_str() == Some("true");
    let replicas = found_annotation(o, KEDA_REPLICAS)?;
    let mut out = pause_resume(paused || !replicas.is_null());
    let offered = if truthy(replicas) { replicas.as_str().unwrap_or_default() } else { "0" };
    let held = action("paused-replicas").icon("fa fa-fw fa-pause-circle");
    out.push(held.disabled(paused).param("replicas", offered));
    Ok(out)
}

fn postgres(o: &Value) -> Found {
    let healthy = match at(o, &["status", "instancesStatus"])? {
        none if !truthy(none) => 0,
        _ => match at(o, &["status", "instancesStatus", "healthy"])? {
            none if !truthy(none) => 0,
            list => len(list)?,
        },
    };
    let suspended = found_annotation(o, "cnpg.io/reconciliationLoop")?.as_str() == Some("disabled");
    Ok(vec![
        action("restart").icon("fa fa-fw fa-recycle").display("Rollout restart Cluster"),
        action("reload").icon("fa fa-fw fa-rotate-right").display("Reload all Configuration"),
        action("promote")
            .icon("fa fa-fw fa-angles-up")
            .display("Promote Replica to Primary")
            .disabled(healthy < 2)
            .param("instance", "any"),
        if suspended {
            play("resume").display("Resume Reconciliation")
        } else {
            pause("suspend").display("Suspend Reconciliation")
        },
    ])
}

/// Flux kinds that are suspended and resumed but reconcile nothing themselves.
const FLUX_PASSIVE: [&str; 2] = ["Alert", "Provider"];

/// Whether a Flux kind has actions.
pub(super) fn is_flux(group: &str, kind: &str) -> bool {
    match group {
        "helm.toolkit.fluxcd.io" => kind == "HelmRelease",
        "kustomize.toolkit.fluxcd.io" => kind == "Kustomization",
        "image.toolkit.fluxcd.io" => matches!(kind, "ImageRepository" | "ImageUpdateAutomation"),
        "notification.toolkit.fluxcd.io" => matches!(kind, "Alert" | "Provider" | "Receiver"),
        "source.toolkit.fluxcd.io" => {
            matches!(kind, "Bucket" | "GitRepository" | "HelmChart" | "HelmRepository" | "OCIRepository")
        }
        _ => false,
    }
}

/// Whether a Flux kind can be asked to reconcile.
pub(super) fn flux_reconciles(kind: &str) -> bool {
    !FLUX_PASSIVE.contains(&kind)
}

fn flux(group: &str, kind: &str, o: &Value) -> Found {
    if !is_flux(group, kind) {
        return Ok(Vec::new());
    }
    let suspended = truthy(at(o, &["spec", "suspend"])?);
    let mut out = vec![action("resume").disabled(!suspended), action("suspend").disabled(suspended)];
    if flux_reconciles(kind) {
        out.push(action("reconcile").disabled(suspended));
    }
    Ok(out)
}

const RESUME_STRATEGIES: &str = "numaflow.numaproj.io/allowed-resume-strategies";
const UPGRADE_STATE: &str = "numaplane.numaproj.io/upgrade-state";
pub(super) const FORCE_PROMOTE: &str = "numaplane.numaproj.io/force-promote";
pub(super) const DATA_LOSS: &str = "numaplane.numaproj.io/allow-data-loss";

fn label<'v>(o: &'v Value, key: &str) -> Result<&'v str, ActionError> {
    Ok(match at(o, &["metadata", "labels"])? {
        Value::Null => "",
        _ => at(o, &["metadata", "labels", key])?.as_str().unwrap_or_default(),
    })
}

fn numa(group: &str, kind: &str, o: &Value) -> Found {
    let path: &[&str] = match (group, kind) {
        ("numaflow.numaproj.io", "InterStepBufferService") => {
            return Ok(vec![force_promote(o)?]);
        }
        ("numaflow.numaproj.io", "MonoVertex" | "Pipeline") => &["spec"],
        ("numaplane.numaproj.io", "MonoVertexRollout") => &["spec", "monoVertex", "spec"],
        ("numaplane.numaproj.io", "PipelineRollout") => &["spec", "pipeline", "spec"],
        _ => return Ok(Vec::new()),
    };
    let owned_by = |owner: &str| -> Result<bool, ActionError> {
        let owners = find(o, &["metadata", "ownerReferences"])?;
        let owners = if owners.as_object().is_some() { Vec::new() } else { entries(owners)? };
        for reference in owners {
            if at(reference, &["kind"])?.as_str() == Some(owner) {
                return Ok(true);
            }
        }
        Ok(false)
    };
    let allowed = match kind {
        "MonoVertex" => !owned_by("MonoVertexRollout")?,
        "Pipeline" => !owned_by("PipelineRollout")? || label(o, UPGRADE_STATE)? == "recyclable-expired",
        _ => true,
    };
    let mut out = unpausing(o, path, allowed)?;
    match kind {
        "MonoVertex" => out.push(force_promote(o)?.display("Force Promote")),
        "Pipeline" => {
            out.push(force_promote(o)?.display("Force Promote"));
            let recyclable = matches!(label(o, UPGRADE_STATE)?, "recyclable" | "recyclable-expired");
            out.push(
                action("delete").icon("fa-solid fa-fw fa-trash").display("Delete").disabled(!recyclable),
            );
        }
        "PipelineRollout" => {
            let draining = !at(o, &["status"])?.is_null()
                && at(o, &["status", "upgradeInProgress"])?.as_str() == Some("PipelinePauseAndDrain");
            let allow = action("allow-data-loss").icon("fa-solid fa-fw fa-unlock");
            out.push(allow.display("Allow (Possible) Data Loss").disabled(!draining));
            let allows = annotation(o, DATA_LOSS)?.as_str() == Some("true");
            let disallow = action("disallow-data-loss").icon("fa-solid fa-fw fa-lock");
            out.push(disallow.display("Disallow Data Loss").disabled(!allows));
        }
        _ => {}
    }
    Ok(out)
}

fn force_promote(o: &Value) -> Result<Action, ActionError> {
    let upgrading = matches!(label(o, UPGRADE_STATE)?, "in-progress" | "trial");
    let promoted = label(o, FORCE_PROMOTE)? == "true";
    Ok(action("force-promote").icon("fa-solid fa-fw fa-forward").disabled(!upgrading || promoted))
}

/// Pause and the two ways back; `path` is where the vertex' or pipeline's specification stands.
fn unpausing(o: &Value, path: &[&str], allowed: bool) -> Found {
    let (mut can_pause, mut gradual, mut fast) = (false, false, false);
    if allowed {
        let lifecycle = at(o, &[path, &["lifecycle"]].concat())?;
        let phase = if lifecycle.is_null() {
            ""
        } else {
            at(lifecycle, &["desiredPhase"])?.as_str().unwrap_or_default()
        };
        can_pause = phase != "Paused";
        // Where the template's annotations stand: beside the specification, or for a bare vertex inside it.
        let (parent, is_bare) = (&path[..path.len() - 1], path.len() == 1);
        let metadata: Vec<&str> =
            if is_bare { vec!["spec", "metadata"] } else { [parent, &["metadata"]].concat() };
        if !can_pause {
            let strategies = match at(o, &metadata)? {
                Value::Null => &Value::Null,
                there => find(there, &["annotations", RESUME_STRATEGIES])?,
            };
            match strategies.as_str() {
                Some("fast") => fast = true,
                Some("slow, fast") => (gradual, fast) = (true, true),
                _ => gradual = true,
            }
        }
    }
    let unpause = |name: &str, display: &str| action(name).icon("fa-solid fa-fw fa-play").display(display);
    Ok(vec![
        action("pause").icon("fa-solid fa-fw fa-pause").disabled(!can_pause),
        unpause("unpause-gradual", "Unpause (gradual)").disabled(!gradual),
        unpause("unpause-fast", "Unpause (fast)").disabled(!fast),
    ])
}
