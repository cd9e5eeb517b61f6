//! Workloads: Deployments to CronJobs, autoscalers, budgets.

use super::text::{
    Cells, Row, containers, duration, flag, get, labels, list, map, number, or, plain, selector, since, text,
};
use crate::api::parse_secs;
use fairway_value::Value;

pub(super) fn cells(table: &str, row: Row<'_>) -> Option<Cells> {
    Some(match table {
        "pods" => super::pod::cells(row),
        "deployments.apps" => deployment(row),
        "replicasets.apps" => replica_set(row, selector(get(row.object, "spec.selector"))),
        "replicationcontrollers" => replica_set(row, labels(map(row.object, "spec.selector"))),
        "statefulsets.apps" => {
            let (names, images) = containers(template(row.object));
            let ready = format!(
                "{}/{}",
                number(row.object, "status.readyReplicas"),
                number(row.object, "spec.replicas")
            );
            vec![row.name(), Value::from(ready), row.age(), names, images]
        }
        "daemonsets.apps" => daemon_set(row),
        "jobs.batch" => job(row),
        "cronjobs.batch" => cron_job(row),
        "controllerrevisions.apps" => revision(row),
        "podtemplates" => {
            let (names, images) = containers(get(row.object, "template.spec").unwrap_or(&Value::Null));
            vec![row.name(), names, images, Value::from(labels(map(row.object, "template.metadata.labels")))]
        }
        "horizontalpodautoscalers.autoscaling" => autoscaler(row),
        "poddisruptionbudgets.policy" => {
            let bound = |path| get(row.object, path).map_or_else(|| "N/A".to_owned(), plain);
            vec![
                row.name(),
                Value::from(bound("spec.minAvailable")),
                Value::from(bound("spec.maxUnavailable")),
                row.number("status.disruptionsAllowed"),
                row.age(),
            ]
        }
        _ => return None,
    })
}

fn template(object: &Value) -> &Value {
    get(object, "spec.template.spec").unwrap_or(&Value::Null)
}

fn deployment(row: Row<'_>) -> Cells {
    let (names, images) = containers(template(row.object));
    let ready =
        format!("{}/{}", number(row.object, "status.readyReplicas"), number(row.object, "spec.replicas"));
    vec![
        row.name(),
        Value::from(ready),
        row.number("status.updatedReplicas"),
        row.number("status.availableReplicas"),
        row.age(),
        names,
        images,
        Value::from(selector(get(row.object, "spec.selector"))),
    ]
}

fn replica_set(row: Row<'_>, selector: String) -> Cells {
    let (names, images) = containers(template(row.object));
    vec![
        row.name(),
        row.number("spec.replicas"),
        row.number("status.replicas"),
        row.number("status.readyReplicas"),
        row.age(),
        names,
        images,
        Value::from(selector),
    ]
}

fn daemon_set(row: Row<'_>) -> Cells {
    let (names, images) = containers(template(row.object));
    vec![
        row.name(),
        row.number("status.desiredNumberScheduled"),
        row.number("status.currentNumberScheduled"),
        row.number("status.numberReady"),
        row.number("status.updatedNumberScheduled"),
        row.number("status.numberAvailable"),
        Value::from(labels(map(template(row.object), "nodeSelector"))),
        row.age(),
        names,
        images,
        Value::from(selector(get(row.object, "spec.selector"))),
    ]
}

fn job(row: Row<'_>) -> Cells {
    let job = row.object;
    let has = |kind: &str| {
        list(job, "status.conditions").iter().any(|c| text(c, "type") == kind && text(c, "status") == "True")
    };
    let status = if has("Complete") {
        "Complete"
    } else if has("Failed") {
        "Failed"
    } else if get(job, "metadata.deletionTimestamp").is_some() {
        "Terminating"
    } else if has("Suspended") {
        "Suspended"
    } else if has("FailureTarget") {
        "FailureTarget"
    } else if has("SuccessCriteriaMet") {
        "SuccessCriteriaMet"
    } else {
        "Running"
    };
    let done = number(job, "status.succeeded");
    let completions =
        match (get(job, "spec.completions").and_then(Value::as_i64), number(job, "spec.parallelism")) {
            (Some(wanted), _) => format!("{done}/{wanted}"),
            (None, parallel) if parallel > 1 => format!("{done}/1 of {parallel}"),
            (None, _) => format!("{done}/1"),
        };
    let started = parse_secs(text(job, "status.startTime"));
    let ended = parse_secs(text(job, "status.completionTime"));
    let took = match (started, ended) {
        (None, _) => String::new(),
        (Some(from), None) => duration(row.now_secs - from),
        (Some(from), Some(to)) => duration(to - from),
    };
    let (names, images) = containers(template(job));
    vec![
        row.name(),
        Value::from(status),
        Value::from(completions),
        Value::from(took),
        row.age(),
        names,
        images,
        Value::from(selector(get(job, "spec.selector"))),
    ]
}

fn cron_job(row: Row<'_>) -> Cells {
    let cron = row.object;
    let last = text(cron, "status.lastScheduleTime");
    let last = if last.is_empty() { "<none>".to_owned() } else { since(last, row.now_secs) };
    let (names, images) =
        containers(get(cron, "spec.jobTemplate.spec.template.spec").unwrap_or(&Value::Null));
    vec![
        row.name(),
        Value::from(row.text("spec.schedule")),
        or(row.text("spec.timeZone"), "<none>"),
        Value::from(if flag(cron, "spec.suspend") { "True" } else { "False" }),
        Value::from(i64::try_from(list(cron, "status.active").len()).unwrap_or(i64::MAX)),
        Value::from(last),
        row.age(),
        names,
        images,
        Value::from(selector(get(cron, "spec.jobTemplate.spec.selector"))),
    ]
}

fn revision(row: Row<'_>) -> Cells {
    let owner = list(row.object, "metadata.ownerReferences").iter().find(|o| flag(o, "controller"));
    let owner = owner.map_or_else(
        || "<none>".to_owned(),
        |o| {
            let group = text(o, "apiVersion").split_once('/').map_or("", |(g, _)| g);
            let dot = if group.is_empty() { "" } else { "." };
            format!("{}{dot}{group}/{}", text(o, "kind").to_lowercase(), text(o, "name"))
        },
    );
    vec![row.name(), Value::from(owner), row.number("revision"), row.age()]
}

fn autoscaler(row: Row<'_>) -> Cells {
    let hpa = row.object;
    let target =
        format!("{}/{}", text(hpa, "spec.scaleTargetRef.kind"), text(hpa, "spec.scaleTargetRef.name"));
    let min = get(hpa, "spec.minReplicas").map_or_else(|| "<unset>".to_owned(), plain);
    vec![
        row.name(),
        Value::from(target),
        Value::from(metrics(hpa)),
        Value::from(min),
        row.number("spec.maxReplicas"),
        row.number("status.currentReplicas"),
        row.age(),
    ]
}

/// Most metrics that are printed.
const METRICS_MAX: usize = 2;

fn metrics(hpa: &Value) -> String {
    if let Some(target) = get(hpa, "spec.targetCPUUtilizationPercentage") {
        let current = get(hpa, "status.currentCPUUtilizationPercentage");
        let current = current.map_or_else(|| "<unknown>".to_owned(), |c| format!("{}%", plain(c)));
        return format!("cpu: {current}/{}%", plain(target));
    }
    let specs = list(hpa, "spec.metrics");
    if specs.is_empty() {
        return "<none>".to_owned();
    }
    let current = list(hpa, "status.currentMetrics");
    let all: Vec<String> = specs.iter().enumerate().map(|(n, m)| metric(m, current.get(n))).collect();
    if all.len() <= METRICS_MAX {
        return all.join(", ");
    }
    format!("{} + {} more...", all[..METRICS_MAX].join(", "), all.len() - METRICS_MAX)
}

fn metric(spec: &Value, current: Option<&Value>) -> String {
    let (field, resource) = match text(spec, "type") {
        "Resource" => ("resource", true),
        "ContainerResource" => ("containerResource", true),
        "Pods" => ("pods", false),
        "Object" => ("object", false),
        "External" => ("external", false),
        _ => return "<unknown type>".to_owned(),
    };
    let now = |what: &str| current.and_then(|c| get(c, &format!("{field}.current.{what}"))).map(plain);
    let wanted = |what: &str| get(spec, &format!("{field}.target.{what}")).map(plain);
    let unknown = || "<unknown>".to_owned();
    let (shown, target) = match (wanted("averageUtilization"), wanted("averageValue"), wanted("value")) {
        (Some(percent), None, _) if resource => {
            (now("averageUtilization").map_or_else(unknown, |p| format!("{p}%")), format!("{percent}%"))
        }
        (_, Some(average), _) => {
            let suffix = if matches!(field, "object" | "external") { " (avg)" } else { "" };
            (now("averageValue").unwrap_or_else(unknown), format!("{average}{suffix}"))
        }
        (_, _, Some(value)) => (now("value").unwrap_or_else(unknown), value),
        _ => (unknown(), "<auto>".to_owned()),
    };
    match field {
        "resource" => format!("{}: {shown}/{target}", text(spec, "resource.name")),
        "containerResource" => format!("{}: {shown}/{target}", text(spec, "containerResource.name")),
        _ => format!("{shown}/{target}"),
    }
}
