//! Workloads of the `apps` group, and what all kinds with templates share.

use super::fault::{Faults, has, int, list, show, some, text};
use super::{batch, claim, meta, names, pod, policy, shown};
use fairway_value::{Map, Value};
use std::collections::BTreeSet;

/// Checks the workload kinds, autoscalers and disruption budgets.
pub(super) fn check(object: &Value, kind: &str, old: Option<&Value>, faults: &mut Faults) {
    let empty = Value::object();
    let spec = object.get("spec").unwrap_or(&empty);
    match kind {
        "Deployment" => deployment(spec, faults),
        "ReplicaSet" => {
            non_negative(spec, &["replicas", "minReadySeconds"], "spec", faults);
            selector_and_template(spec, "deployment", "ReplicaSet", faults);
        }
        "DaemonSet" => daemon_set(spec, faults),
        "StatefulSet" => stateful_set(spec, old.and_then(|o| o.get("spec")), faults),
        "ReplicationController" => replication_controller(spec, faults),
        "Job" => batch::job(object, spec, faults),
        "CronJob" => batch::cron_job(object, spec, old, faults),
        "HorizontalPodAutoscaler" => policy::autoscaler(spec, old.and_then(|o| o.get("spec")), faults),
        "PodDisruptionBudget" => policy::budget(spec, faults),
        "ControllerRevision" => {
            faults.not_negative("revision", int(object, "revision"));
            if old.is_none() {
                match object.get("data") {
                    None | Some(Value::Null) => faults.required("data", "data is mandatory"),
                    Some(Value::Object(_)) => {}
                    Some(_) => faults.required("data", "data must be a valid JSON object"),
                }
            }
        }
        _ => {}
    }
}

/// What an update of a Job looks at a second time.
pub(super) fn job_again(object: &Value, faults: &mut Faults) {
    if let Some(spec) = object.get("spec") {
        batch::job_again(spec, faults);
    }
}

pub(super) fn non_negative(spec: &Value, keys: &[&str], field: &str, faults: &mut Faults) {
    for key in keys {
        faults.not_negative(format!("{field}.{key}"), int(spec, key));
    }
}

/// Checks a template's labels, annotations and pods.
pub(super) fn pod_template(template: Option<&Value>, field: &str, faults: &mut Faults) {
    template_parts(template, field, &[], faults);
}

fn template_parts(template: Option<&Value>, field: &str, claims: &[&str], faults: &mut Faults) {
    template_meta(template, field, faults);
    let spec = template.and_then(|t| t.get("spec"));
    pod::spec_with_claims(spec, &format!("{field}.spec"), None, claims, faults);
    if spec.is_some_and(|s| !list(s, "ephemeralContainers").is_empty()) {
        let path = format!("{field}.spec.ephemeralContainers");
        faults.forbidden(path, "ephemeral containers not allowed in pod template");
    }
}

fn template_meta(template: Option<&Value>, field: &str, faults: &mut Faults) {
    let empty = Value::object();
    let template = template.unwrap_or(&empty);
    let spec = template.get("spec").unwrap_or(&empty);
    let of = |key: &str| template.get_path(&["metadata", key]);
    meta::labels(of("labels"), &format!("{field}.labels"), faults);
    meta::annotations(of("annotations"), &format!("{field}.annotations"), faults);
    pod::annotations(of("annotations"), spec, &format!("{field}.annotations"), faults);
}

/// Pods that run for ever: they are always started again and have no end.
fn runs_for_ever(template: Option<&Value>, field: &str, kind: &str, faults: &mut Faults) {
    let empty = Value::object();
    let spec = template.and_then(|t| t.get("spec")).unwrap_or(&empty);
    faults.one_of(format!("{field}.spec.restartPolicy"), text(spec, "restartPolicy"), &["Always"]);
    if has(spec, "activeDeadlineSeconds") {
        let why = format!("activeDeadlineSeconds in {kind} is not Supported");
        faults.forbidden(format!("{field}.spec.activeDeadlineSeconds"), &why);
    }
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
            // A text with a type of its own is shown as JSON.
            _ => faults.invalid(
                format!("{field}.operator"),
                show(Some(&Value::from(text(rule, "operator")))),
                "not a valid selector operator",
            ),
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

/// Whether a selector can be read at all; one that cannot ends the look at the template.
pub(super) fn is_readable(selector: &Value) -> bool {
    let labels = selector.get("matchLabels").and_then(Value::as_object).into_iter().flat_map(Map::iter);
    let fine = |key: &str, values: &[&str]| {
        names::qualified(key).is_empty() && values.iter().all(|v| names::label_value(v).is_empty())
    };
    labels.into_iter().all(|(k, v)| fine(k, &[v.as_str().unwrap_or_default()]))
        && list(selector, "matchExpressions").iter().all(|rule| {
            let values: Vec<&str> = list(rule, "values").iter().filter_map(Value::as_str).collect();
            let counted = match text(rule, "operator") {
                "In" | "NotIn" => !values.is_empty(),
                "Exists" | "DoesNotExist" => values.is_empty(),
                _ => false,
            };
            counted && fine(text(rule, "key"), &values)
        })
}

fn labels_of(template: Option<&Value>) -> Option<&Value> {
    template.and_then(|t| t.get_path(&["metadata", "labels"]))
}

fn must_match(selector: Option<&Value>, template: Option<&Value>, field: &str, faults: &mut Faults) {
    let labels = labels_of(template);
    let matches = selector.is_some_and(|s| selects(s, labels.and_then(Value::as_object)));
    if !matches {
        let why = "`selector` does not match template `labels`";
        faults.invalid(format!("{field}.template.metadata.labels"), show(labels), why);
    }
}

/// The selector of a workload and the template of its pods.
fn selector_and_template(spec: &Value, what: &str, kind: &str, faults: &mut Faults) {
    let template = spec.get("template");
    let selector = some(spec, "selector");
    if let Some(selector) = selector {
        label_selector(Some(selector), "spec.selector", faults);
        if is_empty_selector(selector) {
            faults.invalid(
                "spec.selector",
                show_selector(selector),
                &format!("empty selector is invalid for {what}"),
            );
        }
        if !is_readable(selector) {
            let why = if kind == "StatefulSet" { "" } else { "invalid label selector" };
            return faults.invalid("spec.selector", show_selector(selector), why);
        }
    } else {
        faults.required("spec.selector", "");
    }
    // A selector that selects everything is not compared; what is not there selects nothing.
    if selector.is_none_or(|s| !is_empty_selector(s)) {
        must_match(selector, template, "spec", faults);
    }
    template_parts(template, "spec.template", &[], faults);
    runs_for_ever(template, "spec.template", kind, faults);
}

/// A selector as Go writes it: without what is empty.
pub(super) fn show_selector(selector: &Value) -> String {
    shown::show("meta.LabelSelector", Some(selector))
}

fn deployment(spec: &Value, faults: &mut Faults) {
    non_negative(spec, &["replicas"], "spec", faults);
    selector_and_template(spec, "deployment", "ReplicaSet", faults);
    deployment_strategy(spec, faults);
    non_negative(
        spec,
        &["minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"],
        "spec",
        faults,
    );
    let ready = int(spec, "minReadySeconds").unwrap_or(0);
    if let Some(deadline) = int(spec, "progressDeadlineSeconds").filter(|d| *d <= ready) {
        let why = "must be greater than minReadySeconds";
        faults.invalid("spec.progressDeadlineSeconds", deadline.to_string(), why);
    }
}

fn deployment_strategy(spec: &Value, faults: &mut Faults) {
    let Some(strategy) = spec.get("strategy") else { return };
    let rolling = some(strategy, "rollingUpdate");
    let field = "spec.strategy.rollingUpdate";
    match (text(strategy, "type"), rolling) {
        ("Recreate", Some(_)) => {
            faults.forbidden(field, "may not be specified when strategy `type` is 'Recreate'");
        }
        ("RollingUpdate", None) => {
            faults.required(field, "this should be defaulted and never be nil");
        }
        ("RollingUpdate", Some(rolling)) => {
            let (unavailable, surge) = (rolling.get("maxUnavailable"), rolling.get("maxSurge"));
            int_or_percent(unavailable, &format!("{field}.maxUnavailable"), faults);
            int_or_percent(surge, &format!("{field}.maxSurge"), faults);
            if amount(unavailable) == 0 && amount(surge) == 0 {
                let shown = unavailable.map_or("0".to_owned(), |v| show(Some(v)));
                let why = "may not be 0 when `maxSurge` is 0";
                faults.invalid(format!("{field}.maxUnavailable"), shown, why);
            }
            at_most_all(unavailable, &format!("{field}.maxUnavailable"), faults);
        }
        ("Recreate", None) => {}
        _ => {
            let shown = shown::show("apps.DeploymentStrategy", Some(strategy));
            faults.unsupported("spec.strategy", shown, &["Recreate", "RollingUpdate"]);
        }
    }
}

/// The value of a number or percentage; 0 for text that is neither.
fn amount(value: Option<&Value>) -> i64 {
    match value {
        Some(Value::String(s)) => s.strip_suffix('%').unwrap_or(s).parse().unwrap_or(0),
        Some(other) => other.as_i64().unwrap_or(0),
        None => 0,
    }
}

/// A number that is not negative, or a percentage.
pub(super) fn int_or_percent(value: Option<&Value>, field: &str, faults: &mut Faults) {
    match value {
        Some(Value::String(s)) => {
            if let Some(why) = names::percent(s) {
                faults.invalid_text(field, s, &why);
            }
        }
        Some(other) => faults.not_negative(field, other.as_i64()),
        None => {}
    }
}

/// A percentage of at most all.
pub(super) fn at_most_all(value: Option<&Value>, field: &str, faults: &mut Faults) {
    if let Some(Value::String(s)) = value
        && names::percent(s).is_none()
        && amount(value) > 100
    {
        faults.invalid_text(field, s, "must not be greater than 100%");
    }
}

fn daemon_set(spec: &Value, faults: &mut Faults) {
    let (selector, template) = (some(spec, "selector"), spec.get("template"));
    label_selector(selector, "spec.selector", faults);
    if selector.is_none_or(is_readable) {
        must_match(selector, template, "spec", faults);
    }
    if let Some(selector) = selector.filter(|s| is_empty_selector(s)) {
        let why = "empty selector is invalid for daemonset";
        faults.invalid("spec.selector", show_selector(selector), why);
    }
    template_parts(template, "spec.template", &[], faults);
    runs_for_ever(template, "spec.template", "DaemonSet", faults);
    non_negative(spec, &["minReadySeconds"], "spec", faults);
    daemon_set_strategy(spec, faults);
    non_negative(spec, &["revisionHistoryLimit"], "spec", faults);
}

fn daemon_set_strategy(spec: &Value, faults: &mut Faults) {
    let Some(strategy) = spec.get("updateStrategy") else { return };
    match text(strategy, "type") {
        "OnDelete" => {}
        "RollingUpdate" => {
            let field = "spec.updateStrategy.rollingUpdate";
            let Some(rolling) = some(strategy, "rollingUpdate") else {
                return faults.required(field, "");
            };
            let both =
                [("maxUnavailable", rolling.get("maxUnavailable")), ("maxSurge", rolling.get("maxSurge"))];
            for (key, value) in both {
                int_or_percent(value, &format!("{field}.{key}"), faults);
            }
            for (key, value) in both {
                at_most_all(value, &format!("{field}.{key}"), faults);
            }
            let surge = rolling.get("maxSurge");
            match (amount(rolling.get("maxUnavailable")) != 0, amount(surge) != 0) {
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
        _ => {
            let shown = shown::show("apps.DaemonSetUpdateStrategy", Some(strategy));
            faults.unsupported("spec.updateStrategy", shown, &["OnDelete", "RollingUpdate"]);
        }
    }
}

fn stateful_set(spec: &Value, old: Option<&Value>, faults: &mut Faults) {
    // The pods of a set that was stored with faults are not looked at again.
    let fine = old.is_none_or(|old| {
        let mut before = Faults::default();
        stateful_parts(old, false, true, &mut before);
        before.len() == 0
    });
    stateful_parts(spec, old.is_none(), fine, faults);
}

fn stateful_parts(spec: &Value, new: bool, pods: bool, faults: &mut Faults) {
    let policy = text(spec, "podManagementPolicy");
    if faults.present("spec.podManagementPolicy", policy) && !matches!(policy, "OrderedReady" | "Parallel") {
        faults.invalid_text("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'");
    }
    stateful_strategy(spec.get("updateStrategy"), faults);
    if let Some(retention) = some(spec, "persistentVolumeClaimRetentionPolicy") {
        for key in ["whenDeleted", "whenScaled"] {
            let field = format!("spec.persistentVolumeClaimRetentionPolicy.{key}");
            faults.one_of(field, text(retention, key), &["Retain", "Delete"]);
        }
    }
    let claims = list(spec, "volumeClaimTemplates");
    if new {
        let empty = Value::object();
        for (n, template) in claims.iter().enumerate() {
            let inner = template.get("spec").unwrap_or(&empty);
            claim::spec(inner, &format!("spec.volumeClaimTemplates[{n}].spec"), faults);
        }
    }
    non_negative(spec, &["replicas", "minReadySeconds"], "spec", faults);
    if let Some(ordinals) = some(spec, "ordinals") {
        faults.not_negative("spec.ordinals.start", int(ordinals, "start"));
    }
    let service = text(spec, "serviceName");
    if new && !service.is_empty() {
        faults.each("spec.serviceName", service, names::label(service));
    }
    stateful_template(spec, claims, pods, faults);
}

fn stateful_strategy(strategy: Option<&Value>, faults: &mut Faults) {
    let Some(strategy) = strategy else { return };
    let rolling = some(strategy, "rollingUpdate");
    let field = "spec.updateStrategy.rollingUpdate";
    match (text(strategy, "type"), rolling) {
        ("", _) => faults.required("spec.updateStrategy", ""),
        ("OnDelete", Some(rolling)) => {
            let shown = shown::show("apps.RollingUpdateStatefulSetStrategy", Some(rolling));
            faults.invalid(field, shown, "only allowed for updateStrategy 'RollingUpdate'");
        }
        ("RollingUpdate", Some(rolling)) => {
            faults.not_negative(format!("{field}.partition"), int(rolling, "partition"));
            if let Some(value) = some(rolling, "maxUnavailable") {
                let field = format!("{field}.maxUnavailable");
                int_or_percent(Some(value), &field, faults);
                if amount(Some(value)) == 0 {
                    faults.invalid(&field, show(Some(value)), "cannot be 0");
                }
                at_most_all(Some(value), &field, faults);
            }
        }
        ("OnDelete" | "RollingUpdate", None) => {}
        _ => {
            let shown = shown::show("apps.StatefulSetUpdateStrategy", Some(strategy));
            faults.invalid("spec.updateStrategy", shown, "must be 'RollingUpdate' or 'OnDelete'");
        }
    }
}

fn stateful_template(spec: &Value, claims: &[Value], pods: bool, faults: &mut Faults) {
    let template = spec.get("template");
    let selector = some(spec, "selector");
    match selector {
        None => faults.required("spec.selector", ""),
        Some(selector) => {
            label_selector(Some(selector), "spec.selector", faults);
            if is_empty_selector(selector) {
                let why = "empty selector is invalid for statefulset";
                faults.invalid("spec.selector", show_selector(selector), why);
            }
        }
    }
    if let Some(selector) = selector.filter(|s| !is_readable(s)) {
        faults.invalid("spec.selector", show_selector(selector), "");
    } else {
        if selector.is_none_or(|s| !is_empty_selector(s)) {
            must_match(selector, template, "spec", faults);
        }
        // Each name gives one volume.
        let names: BTreeSet<&str> = claims
            .iter()
            .map(|c| c.get_path(&["metadata", "name"]).and_then(Value::as_str).unwrap_or_default())
            .collect();
        let names: Vec<&str> = names.into_iter().collect();
        // The set names its pods itself.
        let mut own = template.cloned();
        for key in ["hostname", "subdomain"] {
            own.as_mut().map(|t| t.remove_path(&["spec", key]));
        }
        if pods {
            template_parts(own.as_ref(), "spec.template", &names, faults);
        }
        template_meta(template, "spec.template", faults);
    }
    runs_for_ever(template, "spec.template", "StatefulSet", faults);
}

fn replication_controller(spec: &Value, faults: &mut Faults) {
    non_negative(spec, &["minReadySeconds"], "spec", faults);
    let selector = spec.get("selector").and_then(Value::as_object).filter(|s| !s.is_empty());
    if selector.is_none() {
        faults.required("spec.selector", "");
    }
    non_negative(spec, &["replicas"], "spec", faults);
    let Some(template) = some(spec, "template") else { return faults.required("spec.template", "") };
    let labels = labels_of(Some(template));
    let matches =
        selector.is_none_or(|s| s.iter().all(|(k, v)| labels.and_then(|l| l.get(k)).is_some_and(|l| l == v)));
    if !matches {
        let why = "`selector` does not match template `labels`";
        faults.invalid("spec.template.metadata.labels", show(labels), why);
    }
    template_parts(Some(template), "spec.template", &[], faults);
    runs_for_ever(Some(template), "spec.template", "ReplicationController", faults);
}

/// Checks the counts that a workload's status may have.
pub(super) fn status(object: &Value, kind: &str, faults: &mut Faults) {
    let Some(status) = some(object, "status") else { return };
    let counts: &[&str] = match kind {
        "Deployment" => &[
            "observedGeneration",
            "replicas",
            "updatedReplicas",
            "readyReplicas",
            "availableReplicas",
            "unavailableReplicas",
            "terminatingReplicas",
            "collisionCount",
        ],
        "StatefulSet" => &[
            "replicas",
            "readyReplicas",
            "currentReplicas",
            "updatedReplicas",
            "availableReplicas",
            "observedGeneration",
            "collisionCount",
        ],
        "ReplicaSet" | "ReplicationController" => {
            &["replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration"]
        }
        "DaemonSet" => &[
            "currentNumberScheduled",
            "numberMisscheduled",
            "desiredNumberScheduled",
            "numberReady",
            "observedGeneration",
            "updatedNumberScheduled",
            "numberAvailable",
            "numberUnavailable",
            "collisionCount",
        ],
        _ => return,
    };
    non_negative(status, counts, "status", faults);
    let number = |key: &str| int(status, key).unwrap_or(0);
    let bounded: &[&str] = match kind {
        "Deployment" => &["updatedReplicas", "readyReplicas", "availableReplicas"],
        "StatefulSet" => &["readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"],
        "DaemonSet" => return,
        _ => &["fullyLabeledReplicas", "readyReplicas", "availableReplicas"],
    };
    for key in bounded.iter().filter(|k| number(k) > number("replicas")) {
        let why = "cannot be greater than status.replicas";
        faults.invalid(format!("status.{key}"), number(key).to_string(), why);
    }
    if number("availableReplicas") > number("readyReplicas") {
        let why = if kind == "StatefulSet" {
            "cannot be greater than status.readyReplicas"
        } else {
            "cannot be greater than readyReplicas"
        };
        faults.invalid("status.availableReplicas", number("availableReplicas").to_string(), why);
    }
}
