//! Actions that make an object: a Job of a CronJob, a Workflow of a CronWorkflow or WorkflowTemplate.

use super::field::{at, ensure, entries, find, set, without_empty};
use super::time::stamp;
use super::types::ActionError;
use fairway_core::calendar::date_time;
use fairway_value::{Map, Value};

fn owner(o: &Value) -> Result<Map, ActionError> {
    let mut out = Map::new();
    for (key, path) in [
        ("apiVersion", &["apiVersion"][..]),
        ("kind", &["kind"]),
        ("name", &["metadata", "name"]),
        ("uid", &["metadata", "uid"]),
    ] {
        let value = at(o, path)?;
        if !value.is_null() {
            out.insert(key, value.clone());
        }
    }
    Ok(out)
}

fn name(o: &Value, suffix: &str) -> Result<String, ActionError> {
    match at(o, &["metadata", "name"])?.as_str() {
        Some(name) => Ok(format!("{name}-{suffix}")),
        None => Err(ActionError::Refused("metadata.name is not set".to_owned())),
    }
}

fn compact(now: i64, year_digits: i64) -> String {
    let [year, month, day, hour, minute, _] = date_time(now);
    let year = if year_digits == 2 { format!("{:02}", year % 100) } else { format!("{year:04}") };
    format!("{year}{month:02}{day:02}{hour:02}{minute:02}")
}

/// As `kubectl create job --from=cronjob/NAME`.
pub(super) fn job_of(o: &Value, now: i64) -> Result<Value, ActionError> {
    let mut job: Value =
        [("apiVersion", Value::from("batch/v1")), ("kind", Value::from("Job"))].into_iter().collect();
    let metadata = without_empty(at(o, &["spec", "jobTemplate", "metadata"])?);
    set(&mut job, &["metadata"], metadata)?;
    ensure(&mut job, &["metadata"])?;
    set(&mut job, &["metadata", "name"], name(o, &compact(now, 2))?)?;
    set(&mut job, &["metadata", "namespace"], at(o, &["metadata", "namespace"])?.clone())?;
    ensure(&mut job, &["metadata", "annotations"])?;
    set(&mut job, &["metadata", "annotations", "cronjob.kubernetes.io/instantiate"], "manual")?;
    let mut owner = owner(o)?;
    owner.insert("blockOwnerDeletion", true);
    owner.insert("controller", true);
    set(&mut job, &["metadata", "ownerReferences"], vec![Value::Object(owner)])?;
    set(&mut job, &["spec"], without_empty(at(o, &["spec", "jobTemplate", "spec"])?))?;
    Ok(job)
}

fn workflow(o: &Value, now: i64) -> Result<Value, ActionError> {
    let api = [("apiVersion", Value::from("argoproj.io/v1alpha1")), ("kind", Value::from("Workflow"))];
    let mut out: Value = api.into_iter().collect();
    ensure(&mut out, &["metadata"])?;
    set(&mut out, &["metadata", "name"], name(o, &compact(now, 4))?)?;
    set(&mut out, &["metadata", "namespace"], at(o, &["metadata", "namespace"])?.clone())?;
    set(&mut out, &["metadata", "ownerReferences"], vec![Value::Object(owner(o)?)])?;
    Ok(out)
}

/// As `argo submit --from=workflowtemplate/NAME`.
pub(super) fn workflow_of_template(o: &Value, now: i64) -> Result<Value, ActionError> {
    let mut out = workflow(o, now)?;
    let name = at(o, &["metadata", "name"])?.clone();
    ensure(&mut out, &["metadata", "labels"])?;
    set(&mut out, &["metadata", "labels", "workflows.argoproj.io/workflow-template"], name.clone())?;
    ensure(&mut out, &["spec"])?;
    ensure(&mut out, &["spec", "workflowTemplateRef"])?;
    set(&mut out, &["spec", "workflowTemplateRef", "name"], name)?;
    Ok(out)
}

/// As `argo submit --from=cronwf/NAME`.
pub(super) fn workflow_of_cron(o: &Value, now: i64) -> Result<Value, ActionError> {
    const INSTANCE: &str = "workflows.argoproj.io/controller-instanceid";
    let mut out = workflow(o, now)?;
    for field in ["labels", "annotations"] {
        ensure(&mut out, &["metadata", field])?;
        let given = match at(o, &["spec", "workflowMetadata"])? {
            Value::Null => &Value::Null,
            _ => at(o, &["spec", "workflowMetadata", field])?,
        };
        if !given.is_null() {
            set(&mut out, &["metadata", field], without_empty(given))?;
        }
    }
    let name = at(o, &["metadata", "name"])?.clone();
    set(&mut out, &["metadata", "labels", "workflows.argoproj.io/cron-workflow"], name)?;
    let instance = find(o, &["metadata", "labels", INSTANCE])?;
    if !instance.is_null() {
        set(&mut out, &["metadata", "labels", INSTANCE], instance.clone())?;
    }
    // Argo CD writes the day a second time where the hour should stand; what reads it takes either.
    let scheduled = stamp(now);
    let (day, clock) = (&scheduled[..10], &scheduled[11..16]);
    let value = format!("{day}T{}:{clock}Z", &day[8..10]);
    set(&mut out, &["metadata", "annotations", "workflows.argoproj.io/scheduled-time"], value)?;
    let finalizers = match at(o, &["spec", "workflowMetadata"])? {
        Value::Null => &Value::Null,
        _ => at(o, &["spec", "workflowMetadata", "finalizers"])?,
    };
    let finalizers = if finalizers.as_object().is_some() { Vec::new() } else { entries(finalizers)? };
    set(&mut out, &["finalizers"], finalizers.into_iter().cloned().collect::<Vec<_>>())?;
    set(&mut out, &["spec"], without_empty(at(o, &["spec", "workflowSpec"])?))?;
    Ok(out)
}
