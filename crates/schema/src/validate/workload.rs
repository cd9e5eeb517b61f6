use super::fault::{Faults, has, int, list, show, text};
use super::pod::{self, Context, internal};
use super::{meta, names};
use fairway_value::{Map, Value};

/// Checks the workload kinds, autoscalers and disruption budgets.
pub(super) fn check(object: &Value, kind: &str, version: &str, faults: &mut Faults) {
    let empty = Value::object();
    let spec = object.get("spec").unwrap_or(&empty);
    match kind {
        "Deployment" => {
            replicas(spec, faults);
            selector_and_template(spec, faults);
            deployment_strategy(spec, faults);
            non_negative(spec, &["minReadySeconds", "revisionHistoryLimit"], "spec", faults);
        }
        "ReplicaSet" => {
            replicas(spec, faults);
            selector_and_template(spec, faults);
        }
        "DaemonSet" => {
            selector_and_template(spec, faults);
            daemon_set_strategy(spec, faults);
        }
        "StatefulSet" => stateful_set(spec, faults),
        "ReplicationController" => replication_controller(spec, faults),
        "Job" => job(spec, "spec", faults),
        "CronJob" => cron_job(spec, faults),
        "HorizontalPodAutoscaler" => autoscaler(spec, version.ends_with("v1"), faults),
        "PodDisruptionBudget" => budget(spec, faults),
        "ControllerRevision" => {
            if let Some(revision) = int(object, "revision").filter(|r| *r < 0) {
                faults.invalid("revision", revision.to_string(), "must be greater than or equal to 0");
            }
        }
        _ => {}
    }
}

fn non_negative(spec: &Value, keys: &[&str], field: &str, faults: &mut Faults) {
    for key in keys {
        if let Some(number) = int(spec, key).filter(|n| *n < 0) {
            faults.invalid(
                format!("{field}.{key}"),
                number.to_string(),
                "must be greater than or equal to 0",
            );
        }
    }
}

fn replicas(spec: &Value, faults: &mut Faults) {
    non_negative(spec, &["replicas"], "spec", faults);
}

/// Checks a template's labels, annotations and pods.
pub(super) fn pod_template(template: Option<&Value>, field: &str, faults: &mut Faults) {
    template_parts(template, field, Context::Template, &[], faults);
}

fn template_parts(
    template: Option<&Value>,
    field: &str,
    context: Context,
    claims: &[&str],
    faults: &mut Faults,
) {
    let empty = Value::object();
    let template = template.unwrap_or(&empty);
    meta::labels(template.get_path(&["metadata", "labels"]), &format!("{field}.labels"), faults);
    meta::annotations(
        template.get_path(&["metadata", "annotations"]),
        &format!("{field}.annotations"),
        faults,
    );
    pod::spec_with_claims(template.get("spec"), &format!("{field}.spec"), context, claims, faults);
}

/// Checks a label selector.
pub(super) fn label_selector(selector: Option<&Value>, field: &str, faults: &mut Faults) {
    let Some(selector) = selector.filter(|s| !s.is_null()) else { return };
    for (key, value) in selector.get("matchLabels").and_then(Value::as_object).into_iter().flat_map(Map::iter)
    {
        let field = format!("{field}.matchLabels");
        faults.each(&field, key, names::qualified(key));
        let value = value.as_str().unwrap_or_default();
        faults.each(&field, value, names::label_value(value));
    }
    for (n, rule) in list(selector, "matchExpressions").iter().enumerate() {
        let field = format!("{field}.matchExpressions[{n}]");
        let values = list(rule, "values");
        match text(rule, "operator") {
            "In" | "NotIn" if values.is_empty() => {
                faults.required(
                    format!("{field}.values"),
                    "must be specified when `operator` is 'In' or 'NotIn'",
                );
            }
            "Exists" | "DoesNotExist" if !values.is_empty() => {
                let why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
                faults.forbidden(format!("{field}.values"), why);
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => faults.invalid_text(format!("{field}.operator"), other, "not a valid selector operator"),
        }
        let key = text(rule, "key");
        faults.each(&format!("{field}.key"), key, names::qualified(key));
        for (n, value) in values.iter().filter_map(Value::as_str).enumerate() {
            faults.each(&format!("{field}.values[{n}]"), value, names::label_value(value));
        }
    }
}

/// Whether labels satisfy a selector.
fn selects(selector: &Value, labels: Option<&Map>) -> bool {
    let find = |key: &str| labels.and_then(|l| l.get(key)).and_then(Value::as_str);
    let pairs = selector.get("matchLabels").and_then(Value::as_object);
    pairs.into_iter().flat_map(Map::iter).all(|(k, v)| find(k) == v.as_str())
        && list(selector, "matchExpressions").iter().all(|rule| {
            let value = find(text(rule, "key"));
            let named = list(rule, "values").iter().any(|v| v.as_str() == value);
            match text(rule, "operator") {
                "In" => value.is_some() && named,
                "NotIn" => !named,
                "Exists" => value.is_some(),
                _ => value.is_none(),
            }
        })
}

fn is_empty_selector(selector: &Value) -> bool {
    selector.get("matchLabels").and_then(Value::as_object).is_none_or(Map::is_empty)
        && list(selector, "matchExpressions").is_empty()
}

fn selector_and_template(spec: &Value, faults: &mut Faults) {
    let template = spec.get("template");
    let labels = template.and_then(|t| t.get_path(&["metadata", "labels"]));
    match spec.get("selector").filter(|s| !s.is_null()) {
        None => {
            faults.required("spec.selector", "");
            // What is not there selects nothing.
            faults.invalid(
                "spec.template.metadata.labels",
                show(labels),
                "`selector` does not match template `labels`",
            );
        }
        Some(selector) => {
            label_selector(Some(selector), "spec.selector", faults);
            if is_empty_selector(selector) {
                faults.invalid("spec.selector", "{}", "empty selector is invalid for deployment");
            }
            if !selects(selector, labels.and_then(Value::as_object)) {
                let why = "`selector` does not match template `labels`";
                faults.invalid("spec.template.metadata.labels", show(labels), why);
            }
        }
    }
    let claims: Vec<&str> = list(spec, "volumeClaimTemplates")
        .iter()
        .filter_map(|c| c.get_path(&["metadata", "name"])?.as_str())
        .collect();
    template_parts(template, "spec.template", Context::Template, &claims, faults);
}

fn deployment_strategy(spec: &Value, faults: &mut Faults) {
    let Some(strategy) = spec.get("strategy") else { return };
    let rolling = strategy.get("rollingUpdate").filter(|r| !r.is_null());
    match text(strategy, "type") {
        "Recreate" => {
            if rolling.is_some() {
                let why = "may not be specified when strategy `type` is 'Recreate'";
                faults.forbidden("spec.strategy.rollingUpdate", why);
            }
        }
        "RollingUpdate" => {
            if let Some(rolling) = rolling {
                surge(rolling, "spec.strategy.rollingUpdate", faults);
            }
        }
        _ => {
            // Internal numbers that are not set are zero.
            let number =
                |key: &str| rolling.and_then(|r| r.get(key)).map_or("0".to_owned(), |v| show(Some(v)));
            let rolling = match rolling {
                Some(_) => {
                    format!(
                        "{{\"MaxUnavailable\":{},\"MaxSurge\":{}}}",
                        number("maxUnavailable"),
                        number("maxSurge")
                    )
                }
                None => "null".to_owned(),
            };
            let shown = format!("{{\"Type\":{},\"RollingUpdate\":{rolling}}}", show(strategy.get("type")));
            faults.unsupported("spec.strategy", shown, &["Recreate", "RollingUpdate"]);
        }
    }
}

/// The value of a number or percentage, in a way that only tells zero from the rest; nothing for text that is neither.
fn amount(value: Option<&Value>) -> Option<i64> {
    match value {
        None | Some(Value::Null) => Some(0),
        Some(Value::String(s)) => s.strip_suffix('%').and_then(|n| n.parse().ok()),
        Some(other) => other.as_i64(),
    }
}

fn int_or_percent(value: Option<&Value>, field: &str, faults: &mut Faults) {
    match value {
        Some(Value::String(s)) => {
            if let Some(why) = names::percent(s) {
                faults.invalid_text(field, s, &why);
            }
        }
        Some(Value::Int(n)) if *n < 0 => {
            faults.invalid(field, n.to_string(), "must be greater than or equal to 0")
        }
        _ => {}
    }
}

fn surge(rolling: &Value, field: &str, faults: &mut Faults) {
    let (unavailable, surge) = (rolling.get("maxUnavailable"), rolling.get("maxSurge"));
    int_or_percent(unavailable, &format!("{field}.maxUnavailable"), faults);
    int_or_percent(surge, &format!("{field}.maxSurge"), faults);
    if amount(unavailable) == Some(0) && amount(surge) == Some(0) {
        let why = "may not be 0 when `maxSurge` is 0";
        faults.invalid(format!("{field}.maxUnavailable"), show(unavailable), why);
    }
    if let Some(Value::String(s)) = unavailable
        && amount(unavailable).is_some_and(|n| n > 100)
    {
        faults.invalid_text(format!("{field}.maxUnavailable"), s, "must not be greater than 100%");
    }
}

fn daemon_set_strategy(spec: &Value, faults: &mut Faults) {
    let Some(strategy) = spec.get("updateStrategy") else { return };
    match text(strategy, "type") {
        "OnDelete" => {}
        "RollingUpdate" => {
            let field = "spec.updateStrategy.rollingUpdate";
            let Some(rolling) = strategy.get("rollingUpdate") else {
                return faults.required(field, "");
            };
            let (unavailable, surge) = (rolling.get("maxUnavailable"), rolling.get("maxSurge"));
            int_or_percent(unavailable, &format!("{field}.maxUnavailable"), faults);
            int_or_percent(surge, &format!("{field}.maxSurge"), faults);
            match (amount(unavailable) != Some(0), amount(surge) != Some(0)) {
                (true, true) => {
                    let why = "may not be set when maxUnavailable is non-zero";
                    faults.invalid(format!("{field}.maxSurge"), show(surge), why);
                }
                (false, false) => {
                    faults.required(format!("{field}.maxUnavailable"), "cannot be 0 when maxSurge is 0");
                }
                _ => {}
            }
        }
        other => faults.one_of("spec.updateStrategy.type", other, &["OnDelete", "RollingUpdate"]),
    }
}

fn stateful_set(spec: &Value, faults: &mut Faults) {
    match text(spec, "podManagementPolicy") {
        "" => faults.required("spec.podManagementPolicy", ""),
        "OrderedReady" | "Parallel" => {}
        other => {
            faults.invalid_text("spec.podManagementPolicy", other, "must be 'OrderedReady' or 'Parallel'");
        }
    }
    let strategy = spec.get("updateStrategy");
    match strategy.map(|s| text(s, "type")) {
        Some("RollingUpdate" | "OnDelete") | None => {}
        Some("") => faults.required("spec.updateStrategy", ""),
        Some(_) => {
            let shown = internal(strategy, &[("type", "Type", &[]), ("rollingUpdate", "RollingUpdate", &[])]);
            faults.invalid("spec.updateStrategy", shown, "must be 'RollingUpdate' or 'OnDelete'");
        }
    }
    replicas(spec, faults);
    selector_and_template(spec, faults);
}

fn replication_controller(spec: &Value, faults: &mut Faults) {
    replicas(spec, faults);
    let selector = spec.get("selector").and_then(Value::as_object).filter(|s| !s.is_empty());
    if selector.is_none() {
        faults.required("spec.selector", "");
    }
    match spec.get("template").filter(|t| !t.is_null()) {
        None => faults.required("spec.template", ""),
        Some(template) => {
            let labels = template.get_path(&["metadata", "labels"]);
            let matches = selector
                .is_none_or(|s| s.iter().all(|(k, v)| labels.and_then(|l| l.get(k)).is_some_and(|l| l == v)));
            if !matches {
                let why = "`selector` does not match template `labels`";
                faults.invalid("spec.template.metadata.labels", show(labels), why);
            }
            template_parts(Some(template), "spec.template", Context::Template, &[], faults);
        }
    }
}

fn job(spec: &Value, field: &str, faults: &mut Faults) {
    let keys =
        ["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"];
    non_negative(spec, &keys, field, faults);
    template_parts(spec.get("template"), &format!("{field}.template"), Context::Job, &[], faults);
}

fn cron_job(spec: &Value, faults: &mut Faults) {
    let schedule = text(spec, "schedule");
    if schedule.is_empty() {
        faults.required("spec.schedule", "");
    } else if let Some(why) = cron_fault(schedule) {
        faults.invalid_text("spec.schedule", schedule, &why);
    }
    non_negative(
        spec,
        &["startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"],
        "spec",
        faults,
    );
    match text(spec, "concurrencyPolicy") {
        "" => faults.required("spec.concurrencyPolicy", ""),
        policy => faults.one_of("spec.concurrencyPolicy", policy, &["Allow", "Forbid", "Replace"]),
    }
    let empty = Value::object();
    let inner = spec.get_path(&["jobTemplate", "spec"]).unwrap_or(&empty);
    job(inner, "spec.jobTemplate.spec", faults);
}

/// Says what is wrong with a cron schedule, as robfig/cron does.
fn cron_fault(schedule: &str) -> Option<String> {
    if schedule.contains("TZ") {
        return Some("cannot use TZ or CRON_TZ in schedule, use timeZone field instead".to_owned());
    }
    if let Some(word) = schedule.strip_prefix('@') {
        let known =
            ["yearly", "annually", "monthly", "weekly", "daily", "midnight", "hourly"].contains(&word);
        return (!known && !word.starts_with("every "))
            .then(|| format!("unrecognized descriptor: {schedule}"));
    }
    let fields: Vec<&str> = schedule.split_whitespace().collect();
    if fields.len() != 5 {
        let shown = fields.join(" ");
        return Some(format!("expected exactly 5 fields, found {}: [{shown}]", fields.len()));
    }
    let bounds: [(i64, i64, &[&str]); 5] = [
        (0, 59, &[]),
        (0, 23, &[]),
        (1, 31, &[]),
        (1, 12, &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
        (0, 6, &["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
    ];
    fields.iter().zip(bounds).find_map(|(field, bound)| {
        field.split(',').filter(|p| !p.is_empty()).find_map(|part| cron_part_fault(part, bound))
    })
}

fn cron_part_fault(part: &str, (min, max, words): (i64, i64, &[&str])) -> Option<String> {
    let number = |text: &str| -> Result<i64, String> {
        let lower = text.to_ascii_lowercase();
        if let Some(at) = words.iter().position(|w| *w == lower) {
            return Ok(min + i64::try_from(at).unwrap_or(0));
        }
        match text.parse::<i64>() {
            Ok(n) if n < 0 => Err(format!("negative number ({n}) not allowed: {text}")),
            Ok(n) => Ok(n),
            Err(_) => Err(format!(
                "failed to parse int from {text}: strconv.Atoi: parsing {}: invalid syntax",
                crate::managed::quote(text)
            )),
        }
    };
    let (range, step) = part.split_once('/').map_or((part, None), |(r, s)| (r, Some(s)));
    let (low, high) = range.split_once('-').map_or((range, None), |(l, h)| (l, Some(h)));
    let (start, end) = if low == "*" || low == "?" {
        (min, max)
    } else {
        let start = match number(low) {
            Ok(n) => n,
            Err(why) => return Some(why),
        };
        let end = match high.map(number) {
            None if step.is_some() => max,
            None => start,
            Some(Ok(n)) => n,
            Some(Err(why)) => return Some(why),
        };
        (start, end)
    };
    if let Some(step) = step {
        match number(step) {
            Ok(0) => return Some(format!("step of range should be a positive number: {part}")),
            Ok(_) => {}
            Err(why) => return Some(why),
        }
    }
    if start < min {
        return Some(format!("beginning of range ({start}) below minimum ({min}): {part}"));
    }
    if end > max {
        return Some(format!("end of range ({end}) above maximum ({max}): {part}"));
    }
    (start > end).then(|| format!("beginning of range ({start}) beyond end of range ({end}): {part}"))
}

fn autoscaler(spec: &Value, first_version: bool, faults: &mut Faults) {
    let least = int(spec, "minReplicas");
    if let Some(n) = least.filter(|n| *n < 1) {
        faults.invalid("spec.minReplicas", n.to_string(), "must be greater than or equal to 1");
    }
    match int(spec, "maxReplicas").unwrap_or(0) {
        n if n < 1 => faults.required("spec.maxReplicas", "must be set and greater than 0"),
        n if least.is_some_and(|m| n < m) => {
            faults.invalid(
                "spec.maxReplicas",
                n.to_string(),
                "must be greater than or equal to `minReplicas`",
            );
        }
        _ => {}
    }
    let empty = Value::object();
    let target = spec.get("scaleTargetRef").unwrap_or(&empty);
    for key in ["kind", "name"] {
        if text(target, key).is_empty() {
            faults.required(format!("spec.scaleTargetRef.{key}"), "");
        }
    }
    if text(target, "apiVersion").is_empty() && !first_version {
        faults.invalid_text("spec.scaleTargetRef.apiVersion", "", "apiVersion must specify API group");
    }
    let metrics = list(spec, "metrics");
    let kinds = [
        ("Object", "object"),
        ("Pods", "pods"),
        ("Resource", "resource"),
        ("ContainerResource", "containerResource"),
        ("External", "external"),
    ];
    for (n, metric) in metrics.iter().enumerate() {
        let field = format!("spec.metrics[{n}]");
        let kind = text(metric, "type");
        if kind.is_empty() {
            faults.required(format!("{field}.type"), "must specify a metric source type");
        }
        match kinds.iter().find(|(name, _)| *name == kind) {
            None => {
                let supported = ["ContainerResource", "External", "Object", "Pods", "Resource"];
                faults.one_of(format!("{field}.type"), kind, &supported);
            }
            Some((_, key)) => {
                if !has(metric, key) {
                    let why = "must populate information for the given metric source";
                    faults.required(format!("{field}.{key}"), why);
                }
            }
        }
    }
    if least == Some(0) && !metrics.iter().any(|m| matches!(text(m, "type"), "Object" | "External")) {
        let why = "must specify at least one Object or External metric to support scaling to zero replicas";
        faults.forbidden("spec.metrics", why);
    }
}

fn budget(spec: &Value, faults: &mut Faults) {
    if has(spec, "minAvailable") && has(spec, "maxUnavailable") {
        let selector = match spec.get("selector") {
            Some(selector) => show(Some(selector)),
            None => "null".to_owned(),
        };
        let shown = format!(
            "{{\"MinAvailable\":{},\"Selector\":{selector},\"MaxUnavailable\":{},\"UnhealthyPodEvictionPolicy\":{}}}",
            show(spec.get("minAvailable")),
            show(spec.get("maxUnavailable")),
            show(spec.get("unhealthyPodEvictionPolicy"))
        );
        faults.invalid("spec", shown, "minAvailable and maxUnavailable cannot be both set");
    }
    for key in ["minAvailable", "maxUnavailable"] {
        int_or_percent(spec.get(key), &format!("spec.{key}"), faults);
    }
    label_selector(spec.get("selector"), "spec.selector", faults);
}
