//! Jobs and CronJobs.

use super::fault::{Faults, flag, has, int, list, show, some, text};
use super::workload::{label_selector, non_negative, pod_template, show_selector};
use super::{cron, names, shown};
use fairway_value::{Map, Value};

/// Most pods of an indexed Job at a time.
const PARALLELISM_MAX: i64 = 100_000;

/// Checks a Job. Its uid must be set.
pub(super) fn job(object: &Value, spec: &Value, faults: &mut Faults) {
    generated_selector(object, spec, faults);
    job_again(spec, faults);
    let name = object.get_path(&["metadata", "name"]).and_then(Value::as_str).unwrap_or_default();
    if text(spec, "completionMode") == "Indexed"
        && let Some(count) = int(spec, "completions").filter(|c| *c > 0)
    {
        let longest = format!("{name}-{}", count - 1);
        if !names::label(&longest).is_empty() {
            let why = format!("will not able to create pod with invalid DNS label: {longest}");
            faults.invalid_text("metadata.name", name, &why);
        }
    }
}

/// What an update of a Job looks at a second time.
pub(super) fn job_again(spec: &Value, faults: &mut Faults) {
    job_spec(spec, "spec", faults);
    let labels = spec.get_path(&["template", "metadata", "labels"]);
    match some(spec, "selector") {
        None => faults.required("spec.selector", ""),
        selector => {
            label_selector(selector, "spec.selector", faults);
        }
    }
    let matched = some(spec, "selector").is_some_and(|selector| {
        selector
            .get("matchLabels")
            .and_then(Value::as_object)
            .into_iter()
            .flat_map(Map::iter)
            .all(|(k, v)| labels.and_then(|l| l.get(k)) == Some(v))
    });
    if !matched {
        let why = "`selector` does not match template `labels`";
        faults.invalid("spec.template.metadata.labels", show(labels), why);
    }
}

/// What a Job that chooses its own pods must bear.
fn generated_selector(object: &Value, spec: &Value, faults: &mut Faults) {
    if flag(spec, "manualSelector") == Some(true) || some(spec, "selector").is_none() {
        return;
    }
    let meta = |key: &str| object.get_path(&["metadata", key]).and_then(Value::as_str).unwrap_or_default();
    let (uid, name) = (meta("uid"), meta("name"));
    let labels = spec.get_path(&["template", "metadata", "labels"]);
    let expected = [
        ("controller-uid", uid),
        ("job-name", name),
        ("batch.kubernetes.io/controller-uid", uid),
        ("batch.kubernetes.io/job-name", name),
    ];
    for (key, value) in expected {
        let field = format!("spec.template.metadata.labels[{key}]");
        let why = format!("must be '{value}'");
        match labels.and_then(|l| l.get(key)).and_then(Value::as_str) {
            None => faults.required(field, &why),
            Some(other) if other != value => faults.invalid(field, shown::strings(labels), &why),
            Some(_) => {}
        }
    }
    let wanted = spec.get_path(&["selector", "matchLabels"]).and_then(Value::as_object);
    let own = wanted
        .into_iter()
        .flat_map(Map::iter)
        .all(|(k, v)| expected.iter().any(|(key, value)| k == *key && v.as_str() == Some(value)));
    if !own {
        let shown = some(spec, "selector").map_or_else(|| "null".to_owned(), show_selector);
        faults.invalid("spec.selector", shown, "`selector` not auto-generated");
    }
}

fn job_spec(spec: &Value, field: &str, faults: &mut Faults) {
    let at = |key: &str| format!("{field}.{key}");
    let keys = [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ];
    non_negative(spec, &keys, field, faults);
    if has(spec, "maxFailedIndexes") && !has(spec, "backoffLimitPerIndex") {
        faults.required(at("backoffLimitPerIndex"), "when maxFailedIndexes is specified");
    }
    if let Some(manager) = spec.get("managedBy").and_then(Value::as_str) {
        managed_by(manager, &at("managedBy"), faults);
    }
    completion(spec, field, faults);
    if let Some(policy) = some(spec, "podFailurePolicy") {
        failure_policy(spec, policy, &at("podFailurePolicy.rules"), faults);
    }
    if let Some(policy) = some(spec, "successPolicy") {
        success_policy(spec, policy, &at("successPolicy"), faults);
    }
    if let Some(policy) = spec.get("podReplacementPolicy").and_then(Value::as_str) {
        let supported: &[&str] =
            if has(spec, "podFailurePolicy") { &["Failed"] } else { &["Failed", "TerminatingOrFailed"] };
        faults.one_of(at("podReplacementPolicy"), policy, supported);
    }
    pod_template(spec.get("template"), &at("template"), faults);
    let restart = spec.get_path(&["template", "spec", "restartPolicy"]).and_then(Value::as_str);
    let path = at("template.spec.restartPolicy");
    match restart.unwrap_or_default() {
        "Always" | "" => faults.required(path, "valid values: \"OnFailure\", \"Never\""),
        "OnFailure" if has(spec, "podFailurePolicy") => {
            let why = "only \"Never\" is supported when podFailurePolicy is specified";
            faults.invalid_text(path, "OnFailure", why);
        }
        policy => faults.one_of(path, policy, &["OnFailure", "Never"]),
    }
}

fn managed_by(manager: &str, field: &str, faults: &mut Faults) {
    if !faults.present(field, manager) {
        return;
    }
    let parts = manager.split_once('/').filter(|(domain, path)| !domain.is_empty() && !path.is_empty());
    match parts {
        None => {
            faults.invalid_text(field, manager, "must be a domain-prefixed path (such as \"acme.io/foo\")")
        }
        Some((domain, _)) => faults.each(field, domain, names::subdomain(domain)),
    }
    if manager.len() > 63 {
        faults.too_long(field, 63);
    }
}

fn completion(spec: &Value, field: &str, faults: &mut Faults) {
    let at = |key: &str| format!("{field}.{key}");
    let mode = spec.get("completionMode").and_then(Value::as_str);
    if let Some(mode) = mode {
        faults.one_of(at("completionMode"), mode, &["NonIndexed", "Indexed"]);
    }
    if mode == Some("Indexed") {
        if !has(spec, "completions") {
            faults.required(at("completions"), "when completion mode is Indexed");
        }
        if let Some(number) = int(spec, "parallelism").filter(|n| *n > PARALLELISM_MAX) {
            let why =
                format!("must be less than or equal to {PARALLELISM_MAX} when completion mode is Indexed");
            faults.invalid(at("parallelism"), number.to_string(), &why);
        }
        if let (Some(failed), Some(count)) = (int(spec, "maxFailedIndexes"), int(spec, "completions"))
            && failed > count
        {
            let why = "must be less than or equal to completions";
            faults.invalid(at("maxFailedIndexes"), failed.to_string(), why);
        }
    } else if mode.is_none_or(|m| m == "NonIndexed") {
        for key in ["backoffLimitPerIndex", "maxFailedIndexes"] {
            if let Some(number) = int(spec, key) {
                faults.invalid(at(key), number.to_string(), "requires indexed completion mode");
            }
        }
    }
}

fn failure_policy(spec: &Value, policy: &Value, field: &str, faults: &mut Faults) {
    const ACTIONS: [&str; 4] = ["Count", "FailIndex", "FailJob", "Ignore"];
    let containers: Vec<&str> = ["containers", "initContainers"]
        .iter()
        .filter_map(|k| spec.get_path(&["template", "spec", k])?.as_array())
        .flatten()
        .map(|c| text(c, "name"))
        .collect();
    for (n, rule) in list(policy, "rules").iter().enumerate() {
        let field = format!("{field}[{n}]");
        let (path, action) = (format!("{field}.action"), text(rule, "action"));
        match action {
            "" => {
                faults.required(path, "valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]");
            }
            "FailIndex" if !has(spec, "backoffLimitPerIndex") => {
                faults.invalid_text(path, action, "requires the backoffLimitPerIndex to be set");
            }
            _ => faults.one_of(path, action, &ACTIONS),
        }
        let conditions = list(rule, "onPodConditions");
        if let Some(codes) = some(rule, "onExitCodes") {
            exit_codes(codes, &containers, &format!("{field}.onExitCodes"), faults);
        }
        for (m, pattern) in conditions.iter().enumerate() {
            let field = format!("{field}.onPodConditions[{m}]");
            let (kind, status) = (text(pattern, "type"), text(pattern, "status"));
            faults.each(&format!("{field}.type"), kind, names::qualified(kind));
            let path = format!("{field}.status");
            if status.is_empty() {
                faults.required(path, "valid values: [\"False\" \"True\" \"Unknown\"]");
            } else {
                faults.one_of(path, status, &["False", "True", "Unknown"]);
            }
        }
        let why = match (has(rule, "onExitCodes"), conditions.is_empty()) {
            (true, false) => "specifying both OnExitCodes and OnPodConditions is not supported",
            (false, true) => "specifying one of OnExitCodes and OnPodConditions is required",
            _ => continue,
        };
        faults.with_reason("FieldValueInvalid", field, format!("Invalid value: {why}"));
    }
}

fn exit_codes(codes: &Value, containers: &[&str], field: &str, faults: &mut Faults) {
    let operator = text(codes, "operator");
    let path = format!("{field}.operator");
    if operator.is_empty() {
        faults.required(path, "valid values: [\"In\" \"NotIn\"]");
    } else {
        faults.one_of(path, operator, &["In", "NotIn"]);
    }
    if let Some(name) = codes.get("containerName").and_then(Value::as_str)
        && !containers.contains(&name)
    {
        let why = "must be one of the container or initContainer names in the pod template";
        faults.invalid_text(format!("{field}.containerName"), name, why);
    }
    let values: Vec<i64> = list(codes, "values").iter().filter_map(Value::as_i64).collect();
    let path = format!("{field}.values");
    if values.is_empty() {
        faults.invalid(&path, show(codes.get("values")), "at least one value is required");
    }
    for (n, value) in values.iter().enumerate() {
        let path = format!("{path}[{n}]");
        if operator == "In" && *value == 0 {
            faults.invalid(&path, "0", "must not be 0 for the In operator");
        }
        if values[..n].contains(value) {
            faults.duplicate(path, value.to_string());
        }
    }
    if !values.is_sorted() {
        faults.invalid(path, show(codes.get("values")), "must be ordered");
    }
}

fn success_policy(spec: &Value, policy: &Value, field: &str, faults: &mut Faults) {
    if text(spec, "completionMode") != "Indexed" {
        let shown = shown::show("batch.SuccessPolicy", Some(policy));
        return faults.invalid(field, shown, "requires indexed completion mode");
    }
    let rules = list(policy, "rules");
    if rules.is_empty() {
        let why = "at least one rules must be specified when the successPolicy is specified";
        faults.required(format!("{field}.rules"), why);
    }
    let count = int(spec, "completions").unwrap_or(0);
    for (n, rule) in rules.iter().enumerate() {
        let field = format!("{field}.rules[{n}]");
        if !has(rule, "succeededCount") && !has(rule, "succeededIndexes") {
            let why = "at least one of succeededCount or succeededIndexes must be specified";
            faults.required(&field, why);
        }
        if let Some(number) = int(rule, "succeededCount") {
            let path = format!("{field}.succeededCount");
            faults.not_negative(&path, Some(number));
            if number > count {
                let why =
                    format!("must be less than or equal to {count} (the number of specified completions)");
                faults.invalid(path, number.to_string(), &why);
            }
        }
    }
}

/// Checks a CronJob.
pub(super) fn cron_job(object: &Value, spec: &Value, old: Option<&Value>, faults: &mut Faults) {
    let schedule = text(spec, "schedule");
    let then = |path: &[&str]| old.and_then(|o| o.get_path(path)).and_then(Value::as_str);
    if faults.present("spec.schedule", schedule) {
        if let Some(why) = cron::cron_fault(schedule) {
            faults.invalid_text("spec.schedule", schedule, &why);
        }
        let had_zone = then(&["spec", "schedule"]).is_some_and(|s| s.contains("TZ"));
        if schedule.contains("TZ") && !had_zone {
            let why = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
            faults.invalid_text("spec.schedule", schedule, why);
        }
    }
    non_negative(spec, &["startingDeadlineSeconds"], "spec", faults);
    let zone = spec.get("timeZone").and_then(Value::as_str);
    if old.is_none() || then(&["spec", "timeZone"]) != zone {
        time_zone(zone, faults);
    }
    let policy = text(spec, "concurrencyPolicy");
    if faults.present("spec.concurrencyPolicy", policy) {
        faults.one_of("spec.concurrencyPolicy", policy, &["Allow", "Forbid", "Replace"]);
    }
    let empty = Value::object();
    let inner = spec.get_path(&["jobTemplate", "spec"]).unwrap_or(&empty);
    job_spec(inner, "spec.jobTemplate.spec", faults);
    if let Some(selector) = some(inner, "selector") {
        let why = "`selector` will be auto-generated";
        faults.invalid("spec.jobTemplate.spec.selector", show_selector(selector), why);
    }
    if flag(inner, "manualSelector") == Some(true) {
        faults.unsupported("spec.jobTemplate.spec.manualSelector", "true", &["nil", "false"]);
    }
    non_negative(spec, &["successfulJobsHistoryLimit", "failedJobsHistoryLimit"], "spec", faults);
    let name = object.get_path(&["metadata", "name"]).and_then(Value::as_str).unwrap_or_default();
    if old.is_none() && name.len() > 52 {
        faults.invalid_text("metadata.name", name, "must be no more than 52 characters");
    }
}

fn time_zone(zone: Option<&str>, faults: &mut Faults) {
    let Some(zone) = zone else { return };
    let field = "spec.timeZone";
    if zone.is_empty() {
        return faults.invalid_text(field, zone, "timeZone must be nil or non-empty string");
    }
    let unknown = format!("unknown time zone {zone}");
    let fits = |part: &str| {
        (1..=14).contains(&part.len())
            && !part.starts_with('-')
            && part != "."
            && part != ".."
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_+".contains(&b))
    };
    if !zone.split('/').all(fits) {
        return faults.invalid_text(field, zone, &unknown);
    }
    if zone.eq_ignore_ascii_case("local") {
        let why = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
        faults.invalid_text(field, zone, why);
    }
    if !super::zones::is_known(zone) {
        faults.invalid_text(field, zone, &unknown);
    }
}
