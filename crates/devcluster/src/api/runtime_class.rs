//! The RuntimeClass admission plugin: what a Pod is run by lends it overhead, nodes and tolerations.
//!
//! Source: kubernetes 1.36 `plugin/pkg/admission/runtimeclass`, `pkg/util/tolerations`.

use super::call::Call;
use super::limits::amount;
use super::parts::{list, text};
use super::status::{ApiError, ApiResult};
use crate::store::Stored;
use fairway_value::{Map, Value};
use std::sync::Arc;

/// What is neither missing, null nor empty.
fn filled(value: Option<&Value>) -> Option<&Map> {
    value.and_then(Value::as_object).filter(|map| !map.is_empty())
}

fn refusal(call: &Call<'_>, pod: &Value, why: &str) -> ApiError {
    ApiError::forbidden(&call.resource, text(pod, &["metadata", "name"]), why)
}

/// The class that a Pod names, if it names one.
fn class(call: &Call<'_>, pod: &Value) -> ApiResult<Option<Arc<Stored>>> {
    let Some(name) = pod.get_path(&["spec", "runtimeClassName"]).and_then(Value::as_str) else {
        return Ok(None);
    };
    if name.is_empty() {
        return Err(ApiError::plain_internal("resource name may not be empty"));
    }
    match call.api.store.get("runtimeclasses.node.k8s.io", name) {
        Some(found) => Ok(Some(found)),
        None => Err(refusal(call, pod, &format!("pod rejected: RuntimeClass {name:?} not found"))),
    }
}

/// Whether a call is about a Pod as a whole.
fn is_about_pod(call: &Call<'_>) -> bool {
    call.resource.table == "pods" && call.target.subresource.is_empty()
}

/// Refuses a new Pod whose class is not there.
pub(super) fn known(call: &Call<'_>, pod: &Value) -> ApiResult<()> {
    if is_about_pod(call) { class(call, pod).map(drop) } else { Ok(()) }
}

/// Gives a new Pod what its class says of overhead and of scheduling.
pub(super) fn complete(call: &Call<'_>, pod: &mut Value) -> ApiResult<()> {
    let Some(class) = class(call, pod)? else { return Ok(()) };
    let class = &class.value;
    if class.get("overhead").is_some_and(|o| !o.is_null()) {
        let lent = filled(class.get_path(&["overhead", "podFixed"]));
        let own = filled(pod.get_path(&["spec", "overhead"]));
        if own.is_some() && !same_amounts(own, lent) {
            return Err(refusal(call, pod, UNLIKE));
        }
        if let Some(lent) = lent {
            pod.set_path(&["spec", "overhead"], lent.clone());
        } else {
            pod.remove_path(&["spec", "overhead"]);
        }
    }
    let Some(scheduling) = class.get("scheduling").filter(|s| !s.is_null()) else { return Ok(()) };
    for (key, wanted) in filled(scheduling.get("nodeSelector")).into_iter().flat_map(Map::iter) {
        let wanted = wanted.as_str().unwrap_or_default();
        match pod.get_path(&["spec", "nodeSelector", key]).and_then(Value::as_str) {
            Some(own) if own != wanted => {
                let why = format!(
                    "conflict: runtimeClass.scheduling.nodeSelector[{key}] = {wanted}; pod.spec.nodeSelector[{key}] = {own}"
                );
                return Err(refusal(call, pod, &why));
            }
            Some(_) => {}
            None => {
                pod.set_path(&["spec", "nodeSelector", key], wanted);
            }
        }
    }
    let merged = merged(list(pod, &["spec", "tolerations"]), list(scheduling, &["tolerations"]));
    if !merged.is_empty() {
        pod.set_path(&["spec", "tolerations"], merged);
    }
    Ok(())
}

const UNLIKE: &str = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";

/// Refuses a new Pod whose overhead is another than its class lends.
pub(super) fn check(call: &Call<'_>, pod: &Value, old: Option<&Value>) -> ApiResult<()> {
    if !is_about_pod(call) || old.is_some() {
        return Ok(());
    }
    let own = pod.get_path(&["spec", "overhead"]).filter(|o| !o.is_null());
    let class = class(call, pod)?;
    let lent = class.as_ref().and_then(|c| c.value.get("overhead")).filter(|o| !o.is_null());
    let why = match lent {
        Some(lent) if same_amounts(filled(own), filled(lent.get("podFixed"))) => return Ok(()),
        Some(_) => UNLIKE,
        None if own.is_none() => return Ok(()),
        None => "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
    };
    Err(refusal(call, pod, why))
}

/// Whether the same resources have the same amounts, however they are written.
fn same_amounts(a: Option<&Map>, b: Option<&Map>) -> bool {
    let (Some(a), Some(b)) = (a, b) else { return a.is_none() && b.is_none() };
    let nano = |value: &Value| amount(value).map(|amount| amount.nano());
    a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|o| nano(o) == nano(value)))
}

/// The tolerations of both without those that another one covers.
fn merged(own: &[Value], lent: &[Value]) -> Vec<Value> {
    let all: Vec<&Value> = own.iter().chain(lent).collect();
    let mut kept: Vec<Value> = Vec::new();
    for (n, &one) in all.iter().enumerate() {
        let later = all.get(n + 1..).unwrap_or_default();
        let covered = kept.iter().any(|k| covers(k, one))
            || later.iter().any(|other| !same(one, other) && covers(other, one));
        if !covered {
            kept.push(one.clone());
        }
    }
    kept
}

fn seconds(toleration: &Value) -> Option<i64> {
    toleration.get("tolerationSeconds").and_then(Value::as_i64)
}

fn same(a: &Value, b: &Value) -> bool {
    ["key", "operator", "value", "effect"].iter().all(|f| text(a, &[f]) == text(b, &[f]))
        && seconds(a) == seconds(b)
}

/// Whether `wide` tolerates all that `narrow` does. An operator that is left out means `Equal` on the wide side alone.
fn covers(wide: &Value, narrow: &Value) -> bool {
    if same(wide, narrow) {
        return true;
    }
    let (key, operator, effect) = (text(wide, &["key"]), text(wide, &["operator"]), text(wide, &["effect"]));
    let any_key = key.is_empty() && operator == "Exists";
    if (text(narrow, &["key"]) != key && !any_key)
        || (!effect.is_empty() && text(narrow, &["effect"]) != effect)
    {
        return false;
    }
    if effect == "NoExecute"
        && let Some(most) = seconds(wide)
        && seconds(narrow).is_none_or(|s| s > most)
    {
        return false;
    }
    match operator {
        "Equal" | "" => {
            text(narrow, &["operator"]) == "Equal" && text(narrow, &["value"]) == text(wide, &["value"])
        }
        "Exists" => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::to_value;
    use serde_json::json;

    #[test]
    fn tolerations_that_another_covers_go() {
        let list = |json: serde_json::Value| to_value(&json).as_array().unwrap_or_default().to_vec();
        let keys = |list: &[Value]| list.iter().map(|t| text(t, &["key"]).to_owned()).collect::<Vec<_>>();
        let own = list(json!([{ "key": "a", "operator": "Equal", "value": "1", "effect": "NoSchedule" },
            { "key": "b", "value": "1" }, { "key": "c", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5 }]));
        let lent = list(json!([{ "key": "a", "operator": "Exists" }, { "key": "b", "value": "1" },
            { "key": "c", "operator": "Exists", "effect": "NoExecute" }]));
        let both = merged(&own, &lent);
        assert_eq!(keys(&both), ["b", "a", "c"]);
        assert_eq!(both.last().and_then(seconds), None);
        let all = merged(&own, &list(json!([{ "operator": "Exists" }])));
        assert_eq!(keys(&all), [""]);
    }
}
