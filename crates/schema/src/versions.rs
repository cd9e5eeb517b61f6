//! Built-in objects in another version of their kind. Of all kinds of 1.36 that are served in two versions of one group, only the
//! HorizontalPodAutoscaler changes its shape.
//!
//! Source: Kubernetes 1.36 `pkg/apis/autoscaling/v1/conversion.go`.

use crate::managed::quote;
use fairway_value::{HtmlEscape, Map, Value, from_json, to_json};

const PREFIX: &str = "autoscaling.alpha.kubernetes.io/";

/// Returns an object of a built-in kind in another version of its group; nothing where the two are not known.
#[must_use]
pub fn convert(object: &Value, kind: &str, from: &str, to: &str) -> Option<Value> {
    let mut out = object.clone();
    match (kind, from, to) {
        _ if from == to => return Some(out),
        ("HorizontalPodAutoscaler", "autoscaling/v2", "autoscaling/v1") => autoscaler_to_v1(&mut out),
        ("HorizontalPodAutoscaler", "autoscaling/v1", "autoscaling/v2") => autoscaler_to_v2(&mut out),
        _ => return None,
    }
    out.set_path(&["apiVersion"], to);
    Some(out)
}

/// Where the status of a metric has its share.
const USED: [&str; 3] = ["resource", "current", "averageUtilization"];

fn is_processor(metric: &Value) -> bool {
    metric.get("type").and_then(Value::as_str) == Some("Resource")
        && metric.get_path(&["resource", "name"]).and_then(Value::as_str) == Some("cpu")
}

fn is_cpu(metric: &Value) -> bool {
    is_processor(metric)
        && metric.get_path(&["resource", "target", "averageUtilization"]).is_some_and(|v| !v.is_null())
}

fn annotate(object: &mut Value, name: &str, text: String) {
    object.set_path(&["metadata", "annotations", &format!("{PREFIX}{name}")], text);
}

/// What version 1 has no field for goes into annotations.
fn autoscaler_to_v1(object: &mut Value) {
    drop_round_trip(object);
    let metrics =
        object.get_path(&["spec", "metrics"]).and_then(Value::as_array).unwrap_or_default().to_vec();
    let path = ["resource", "target", "averageUtilization"];
    let target = metrics.iter().find(|m| is_cpu(m)).and_then(|m| m.get_path(&path)).cloned();
    let rest: Vec<String> = metrics.iter().filter(|m| !is_cpu(m)).map(old_metric).collect();
    if !rest.is_empty() {
        annotate(object, "metrics", format!("[{}]", rest.join(",")));
    }
    if let Some(behavior) = object.get_path(&["spec", "behavior"]).filter(|b| !b.is_null()).cloned() {
        annotate(object, "behavior", internal_behavior(&behavior));
    }
    let current =
        object.get_path(&["status", "currentMetrics"]).and_then(Value::as_array).unwrap_or_default().to_vec();
    if !current.is_empty() {
        let shown: Vec<String> = current.iter().map(old_status).collect();
        annotate(object, "current-metrics", format!("[{}]", shown.join(",")));
    }
    let used = current.iter().filter(|m| is_processor(m)).filter_map(|m| m.get_path(&USED)).next_back();
    if let Some(used) = used.filter(|v| !v.is_null()) {
        object.set_path(&["status", "currentCPUUtilizationPercentage"], used.clone());
    }
    let conditions = object.get_path(&["status", "conditions"]).and_then(Value::as_array).unwrap_or_default();
    if !conditions.is_empty() {
        let shown: Vec<String> = conditions.iter().map(condition).collect();
        annotate(object, "conditions", format!("[{}]", shown.join(",")));
    }
    for path in
        [["spec", "metrics"], ["spec", "behavior"], ["status", "conditions"], ["status", "currentMetrics"]]
    {
        object.remove_path(&path);
    }
    if let Some(target) = target {
        object.set_path(&["spec", "targetCPUUtilizationPercentage"], target);
    }
    if object.get("status").is_some() && object.get_path(&["status", "currentReplicas"]).is_none() {
        object.set_path(&["status", "currentReplicas"], 0_i64);
    }
}

fn autoscaler_to_v2(object: &mut Value) {
    let mut metrics: Vec<Value> = Vec::new();
    let read = |object: &Value, name: &str| {
        let text = object.get_path(&["metadata", "annotations", &format!("{PREFIX}{name}")])?.as_str()?;
        from_json(text.as_bytes()).ok()
    };
    if let Some(Value::Array(old)) = read(object, "metrics") {
        metrics.extend(old.iter().map(new_metric));
    }
    if let Some(target) = object.remove_path(&["spec", "targetCPUUtilizationPercentage"]) {
        metrics.push(processor_metric(target));
    }
    let behavior = read(object, "behavior").map(|b| outer_names(&b));
    if let Some(behavior) = behavior.filter(|b| b.as_object().is_some_and(|b| !b.is_empty())) {
        object.set_path(&["spec", "behavior"], behavior);
    }
    if let Some(used) = object.remove_path(&["status", "currentCPUUtilizationPercentage"]) {
        let mut metric = Value::object();
        metric.set_path(&["type"], "Resource");
        metric.set_path(&["resource", "name"], "cpu");
        metric.set_path(&USED, used);
        object.set_path(&["status", "currentMetrics"], vec![metric]);
    }
    if let Some(Value::Array(old)) = read(object, "current-metrics") {
        let current: Vec<Value> = old.iter().map(new_status).collect();
        object.set_path(&["status", "currentMetrics"], current);
    }
    if let Some(conditions) = read(object, "conditions") {
        object.set_path(&["status", "conditions"], conditions);
    }
    drop_round_trip(object);
    // Who measures nothing measures processors: this is no default of version 1, and so counts in every comparison of the two.
    if metrics.is_empty() {
        metrics.push(processor_metric(Value::Int(80)));
    }
    object.set_path(&["spec", "metrics"], metrics);
    if object.get_path(&["status", "currentReplicas"]) == Some(&Value::Int(0)) {
        object.remove_path(&["status", "currentReplicas"]);
    }
    if object.get("status").is_some() && object.get_path(&["status", "currentMetrics"]).is_none() {
        object.set_path(&["status", "currentMetrics"], Value::Null);
    }
}

fn processor_metric(target: Value) -> Value {
    let mut metric = Value::object();
    metric.set_path(&["type"], "Resource");
    metric.set_path(&["resource", "name"], "cpu");
    metric.set_path(&["resource", "target", "type"], "Utilization");
    metric.set_path(&["resource", "target", "averageUtilization"], target);
    metric
}

fn drop_round_trip(object: &mut Value) {
    for name in ["metrics", "current-metrics", "behavior", "conditions"] {
        let name = format!("{PREFIX}{name}");
        let path = ["metadata", "annotations", name.as_str()];
        if object.get_path(&path).is_some() {
            object.remove_path(&path);
        }
    }
    if object.get_path(&["metadata", "annotations"]).and_then(Value::as_object).is_some_and(Map::is_empty) {
        object.remove_path(&["metadata", "annotations"]);
    }
}

/// Writes fields in the order given, those that are there.
fn fields(pairs: &[(&str, Option<String>)]) -> String {
    let parts: Vec<String> =
        pairs.iter().filter_map(|(key, v)| Some(format!("{}:{}", quote(key), v.as_ref()?))).collect();
    format!("{{{}}}", parts.join(","))
}

fn json(value: Option<&Value>) -> Option<String> {
    value.filter(|v| !v.is_null()).map(|v| to_json(v, HtmlEscape::Yes))
}

fn selector(value: Option<&Value>) -> Option<String> {
    let value = value.filter(|v| !v.is_null())?;
    Some(fields(&[
        ("matchLabels", json(value.get("matchLabels"))),
        ("matchExpressions", json(value.get("matchExpressions"))),
    ]))
}

/// A quantity that is not a pointer.
fn zero() -> Option<String> {
    Some("\"0\"".to_owned())
}

fn condition(value: &Value) -> String {
    let time = json(value.get("lastTransitionTime")).or_else(|| Some("null".to_owned()));
    let at = |key| (key, json(value.get(key)));
    fields(&[at("type"), at("status"), ("lastTransitionTime", time), at("reason"), at("message")])
}

/// A metric as version 1 writes it, its fields in the order of Go's structs.
fn old_metric(metric: &Value) -> String {
    let source = |key: &str| metric.get(key).filter(|v| !v.is_null());
    let at = |v: &Value, path: &[&str]| json(v.get_path(path));
    let object = source("object").map(|v| {
        let described = ["kind", "name", "apiVersion"].map(|k| (k, at(v, &["describedObject", k])));
        fields(&[
            ("target", Some(fields(&described))),
            ("metricName", at(v, &["metric", "name"])),
            ("targetValue", at(v, &["target", "value"]).or_else(zero)),
            ("selector", selector(v.get_path(&["metric", "selector"]))),
            ("averageValue", at(v, &["target", "averageValue"])),
        ])
    });
    let pods = source("pods").map(|v| {
        fields(&[
            ("metricName", at(v, &["metric", "name"])),
            ("targetAverageValue", at(v, &["target", "averageValue"]).or_else(zero)),
            ("selector", selector(v.get_path(&["metric", "selector"]))),
        ])
    });
    let resource = |v: &Value, container: bool| {
        fields(&[
            ("name", at(v, &["name"])),
            ("targetAverageUtilization", at(v, &["target", "averageUtilization"])),
            ("targetAverageValue", at(v, &["target", "averageValue"])),
            ("container", if container { at(v, &["container"]) } else { None }),
        ])
    };
    let external = source("external").map(|v| {
        fields(&[
            ("metricName", at(v, &["metric", "name"])),
            ("metricSelector", selector(v.get_path(&["metric", "selector"]))),
            ("targetValue", at(v, &["target", "value"])),
            ("targetAverageValue", at(v, &["target", "averageValue"])),
        ])
    });
    fields(&[
        ("type", json(metric.get("type"))),
        ("object", object),
        ("pods", pods),
        ("resource", source("resource").map(|v| resource(v, false))),
        ("containerResource", source("containerResource").map(|v| resource(v, true))),
        ("external", external),
    ])
}

/// A metric of version 1 as version 2 writes it.
fn new_metric(metric: &Value) -> Value {
    let mut out = Value::object();
    let kind = metric.get("type").cloned().unwrap_or_default();
    out.set_path(&["type"], kind);
    for key in ["object", "pods", "resource", "containerResource", "external"] {
        let Some(old) = metric.get(key).filter(|v| !v.is_null()) else { continue };
        let mut new = Value::object();
        let mut copy = |from: &str, to: &[&str]| {
            let found = old.get(from).filter(|v| !v.is_null()).cloned();
            let there = found.is_some();
            if let Some(value) = found {
                new.set_path(to, value);
            }
            there
        };
        let target = if key.ends_with("esource") {
            copy("name", &["name"]);
            copy("container", &["container"]);
            let average = copy("targetAverageValue", &["target", "averageValue"]);
            let share = copy("targetAverageUtilization", &["target", "averageUtilization"]);
            if share || !average { "Utilization" } else { "AverageValue" }
        } else {
            copy("target", &["describedObject"]);
            copy("metricName", &["metric", "name"]);
            copy("selector", &["metric", "selector"]);
            copy("metricSelector", &["metric", "selector"]);
            let value = copy("targetValue", &["target", "value"]);
            let average = copy("averageValue", &["target", "averageValue"])
                | copy("targetAverageValue", &["target", "averageValue"]);
            if average && (key != "external" || !value) { "AverageValue" } else { "Value" }
        };
        new.set_path(&["target", "type"], target);
        out.set_path(&[key], new);
    }
    out
}

/// What was measured, as version 1 writes it.
fn old_status(metric: &Value) -> String {
    let source = |key: &str| metric.get(key).filter(|v| !v.is_null());
    let at = |v: &Value, path: &[&str]| json(v.get_path(path));
    let current = |v: &Value, key: &str| at(v, &["current", key]);
    let chosen = |v: &Value| selector(v.get_path(&["metric", "selector"]));
    let object = source("object").map(|v| {
        let described = ["kind", "name", "apiVersion"].map(|k| (k, at(v, &["describedObject", k])));
        fields(&[
            ("target", Some(fields(&described))),
            ("metricName", at(v, &["metric", "name"])),
            ("currentValue", current(v, "value").or_else(zero)),
            ("selector", chosen(v)),
            ("averageValue", current(v, "averageValue")),
        ])
    });
    let pods = source("pods").map(|v| {
        fields(&[
            ("metricName", at(v, &["metric", "name"])),
            ("currentAverageValue", current(v, "averageValue").or_else(zero)),
            ("selector", chosen(v)),
        ])
    });
    let resource = |v: &Value| {
        fields(&[
            ("name", at(v, &["name"])),
            ("currentAverageUtilization", current(v, "averageUtilization")),
            ("currentAverageValue", current(v, "averageValue").or_else(zero)),
            ("container", at(v, &["container"])),
        ])
    };
    let external = source("external").map(|v| {
        fields(&[
            ("metricName", at(v, &["metric", "name"])),
            ("metricSelector", chosen(v)),
            ("currentValue", current(v, "value").or_else(zero)),
            ("currentAverageValue", current(v, "averageValue")),
        ])
    });
    fields(&[
        ("type", json(metric.get("type"))),
        ("object", object),
        ("pods", pods),
        ("resource", source("resource").map(resource)),
        ("containerResource", source("containerResource").map(resource)),
        ("external", external),
    ])
}

/// What was measured, from version 1 as version 2 writes it.
fn new_status(metric: &Value) -> Value {
    let mut out = Value::object();
    out.set_path(&["type"], metric.get("type").cloned().unwrap_or_default());
    for key in ["object", "pods", "resource", "containerResource", "external"] {
        let Some(old) = metric.get(key).filter(|v| !v.is_null()) else { continue };
        let mut new = Value::object();
        new.set_path(&["current"], Value::object());
        for (from, to) in [
            ("name", &["name"][..]),
            ("container", &["container"]),
            ("target", &["describedObject"]),
            ("metricName", &["metric", "name"]),
            ("selector", &["metric", "selector"]),
            ("metricSelector", &["metric", "selector"]),
            ("currentValue", &["current", "value"]),
            ("averageValue", &["current", "averageValue"]),
            ("currentAverageValue", &["current", "averageValue"]),
            ("currentAverageUtilization", &["current", "averageUtilization"]),
        ] {
            if let Some(value) = old.get(from).filter(|v| !v.is_null()) {
                new.set_path(to, value.clone());
            }
        }
        out.set_path(&[key], new);
    }
    out
}

/// A behaviour is kept as Go's internal type is written: all its fields, under their names there.
fn internal_behavior(behavior: &Value) -> String {
    let null = || Some("null".to_owned());
    let policy = |policy: &Value| {
        fields(&[
            ("Type", json(policy.get("type"))),
            ("Value", json(policy.get("value"))),
            ("PeriodSeconds", json(policy.get("periodSeconds"))),
        ])
    };
    let rules = |key: &str| {
        let rules = behavior.get(key).filter(|v| !v.is_null())?;
        let policies = rules.get("policies").and_then(Value::as_array).map(|all| {
            let all: Vec<String> = all.iter().map(policy).collect();
            format!("[{}]", all.join(","))
        });
        let at = |key: &str| json(rules.get(key)).or_else(null);
        Some(fields(&[
            ("StabilizationWindowSeconds", at("stabilizationWindowSeconds")),
            ("SelectPolicy", at("selectPolicy")),
            ("Policies", policies.or_else(null)),
            ("Tolerance", at("tolerance")),
        ]))
    };
    fields(&[("ScaleUp", rules("scaleUp").or_else(null)), ("ScaleDown", rules("scaleDown").or_else(null))])
}

fn outer_names(value: &Value) -> Value {
    rename(value, &|key| {
        let mut letters = key.chars();
        letters.next().map(|c| c.to_ascii_lowercase().to_string() + letters.as_str()).unwrap_or_default()
    })
}

fn rename(value: &Value, name: &dyn Fn(&str) -> String) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(_, v)| !v.is_null());
            Value::Object(kept.map(|(k, v)| (name(k).into(), rename(v, name))).collect())
        }
        Value::Array(items) => items.iter().map(|v| rename(v, name)).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::managed::Write;

    #[test]
    fn an_autoscaler_comes_back_as_it_was() {
        let text = r#"{"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","metadata":{"name":"a"},"spec":{"maxReplicas":5,
            "behavior":{"scaleDown":{"stabilizationWindowSeconds":60,"policies":[{"type":"Pods","value":1,"periodSeconds":30}]}},
            "metrics":[{"type":"Pods","pods":{"metric":{"name":"q"},"target":{"type":"AverageValue","averageValue":"1k"}}},
            {"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":50}}}]}}"#;
        let new = from_json(text.as_bytes()).unwrap();
        let old = convert(&new, "HorizontalPodAutoscaler", "autoscaling/v2", "autoscaling/v1").unwrap();
        assert_eq!(old.get_path(&["spec", "targetCPUUtilizationPercentage"]), Some(&Value::Int(50)));
        let kept = old.get_path(&["metadata", "annotations", "autoscaling.alpha.kubernetes.io/metrics"]);
        let expect = r#"[{"type":"Pods","pods":{"metricName":"q","targetAverageValue":"1k"}}]"#;
        assert_eq!(kept.and_then(Value::as_str), Some(expect));
        let back = convert(&old, "HorizontalPodAutoscaler", "autoscaling/v1", "autoscaling/v2").unwrap();
        assert_eq!(back, new);
    }

    #[test]
    fn what_version_1_has_no_field_for_is_written_as_go_writes_it() {
        let text = r#"{"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","metadata":{"name":"a"},"spec":{"maxReplicas":5,
            "behavior":{"scaleDown":{"policies":[{"type":"Pods","value":1,"periodSeconds":30}]}},"metrics":[{"type":"Resource",
            "resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":50}}}]},"status":{"currentMetrics":[
            {"type":"Resource","resource":{"name":"cpu","current":{"averageUtilization":7,"averageValue":"3m"}}},{"type":"External",
            "external":{"metric":{"name":"q"},"current":{"value":"2"}}}],"conditions":[{"type":"AbleToScale","status":"True"}]}}"#;
        let new = from_json(text.as_bytes()).unwrap();
        let old = convert(&new, "HorizontalPodAutoscaler", "autoscaling/v2", "autoscaling/v1").unwrap();
        let kept = |name: &str| {
            old.get_path(&["metadata", "annotations", &format!("{PREFIX}{name}")]).unwrap().to_string()
        };
        let quoted = |text: &str| Value::from(text).to_string();
        assert_eq!(old.get_path(&["status", "currentCPUUtilizationPercentage"]), Some(&Value::Int(7)));
        assert_eq!(
            kept("behavior"),
            quoted(
                r#"{"ScaleUp":null,"ScaleDown":{"StabilizationWindowSeconds":null,"SelectPolicy":null,"Policies":[{"Type":"Pods","Value":1,"PeriodSeconds":30}],"Tolerance":null}}"#
            )
        );
        assert_eq!(
            kept("current-metrics"),
            quoted(
                r#"[{"type":"Resource","resource":{"name":"cpu","currentAverageUtilization":7,"currentAverageValue":"3m"}},{"type":"External","external":{"metricName":"q","currentValue":"2"}}]"#
            )
        );
        let conditions = r#"[{"type":"AbleToScale","status":"True","lastTransitionTime":null}]"#;
        assert_eq!(kept("conditions"), quoted(conditions));
        let back = convert(&old, "HorizontalPodAutoscaler", "autoscaling/v1", "autoscaling/v2").unwrap();
        assert_eq!(back.get_path(&["status", "currentMetrics"]), new.get_path(&["status", "currentMetrics"]));
    }

    #[test]
    fn what_was_applied_in_version_2_and_is_left_out_in_version_1_stays() {
        let schemas = crate::Schemas::builtin();
        let spec =
            r#""scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"x"},"maxReplicas":6"#;
        let apply = |live: Option<&Value>, api_version: &str, more: &str| {
            let text = format!(
                r#"{{"apiVersion":"{api_version}","kind":"HorizontalPodAutoscaler","metadata":{{"name":"a","namespace":"n"}},
                "spec":{{{spec}{more}}}}}"#
            );
            let kind = "HorizontalPodAutoscaler";
            let write = Write { manager: "m", api_version, kind, subresource: "", force: false, now: "" };
            crate::managed::apply(live, &from_json(text.as_bytes()).unwrap(), &write, schemas).unwrap()
        };
        let metrics = r#","metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":50}}}]"#;
        let new = apply(None, "autoscaling/v2", metrics);
        let old = convert(&new, "HorizontalPodAutoscaler", "autoscaling/v2", "autoscaling/v1").unwrap();
        let old = apply(Some(&old), "autoscaling/v1", "");
        // To version 2 an autoscaler without measures has one for processors, so nothing was left out.
        assert_eq!(old.get_path(&["spec", "targetCPUUtilizationPercentage"]), Some(&Value::Int(50)));
        let none = from_json(format!(r#"{{"spec":{{{spec}}}}}"#).as_bytes()).unwrap();
        let none = convert(&none, "HorizontalPodAutoscaler", "autoscaling/v1", "autoscaling/v2").unwrap();
        let expect = Value::from(vec![processor_metric(Value::Int(80))]);
        assert_eq!(none.get_path(&["spec", "metrics"]), Some(&expect));
    }
}
