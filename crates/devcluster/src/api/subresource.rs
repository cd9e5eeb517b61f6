//! Subresources: status, scale, eviction, binding, log, token and the rest.

use super::auth::account_token;
use super::call::{Call, Reply};
use super::delete::{self, DeleteOptions};
use super::parts::text;
use super::status::{ApiError, ApiResult, to_value};
use super::write::{self, Change};
use super::{decode, encode, format_secs, read};
use axum::http::Method;
use fairway_schema::request::{FieldValidation, Verb};
use fairway_value::{Map, Value};
use serde_json::json;

/// Handles a request to a subresource that the resource has.
pub(crate) fn route(call: &Call<'_>) -> ApiResult<Reply> {
    let (method, name) = (&call.request.method, call.target.subresource.as_str());
    let verbs = call.resource.subresource(name).map(|s| s.verbs.clone()).unwrap_or_default();
    let verb = match *method {
        Method::GET | Method::HEAD => "get",
        Method::POST => "create",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE => "delete",
        _ => "",
    };
    if !verbs.iter().any(|v| v == verb) {
        return Err(ApiError::method_not_allowed());
    }
    match name {
        "status" | "ephemeralcontainers" | "resize" | "approval" | "finalize" => match verb {
            "get" => read::get(call),
            "patch" => write::patch(call),
            _ => write::update(call),
        },
        "scale" => scale(call, verb),
        "eviction" => evict(call),
        "binding" => bind(call),
        "log" => log(call),
        "token" => token(call),
        other => {
            Err(ApiError::unsupported(&format!("subresource {other}: there are no containers to reach")))
        }
    }
}

/// Where a resource keeps what its Scale shows: paths of replicas, status replicas and selector.
struct ScalePaths {
    spec: Vec<String>,
    status: Vec<String>,
    selector: Vec<String>,
}

fn scale_paths(call: &Call<'_>) -> ScalePaths {
    let split = |path: &str| -> Vec<String> {
        path.trim_start_matches('.').split('.').filter(|p| !p.is_empty()).map(str::to_owned).collect()
    };
    let custom = call.resource.custom.as_ref().and_then(|c| c.scale.clone());
    let path = |key: &str, fallback: &str| -> Vec<String> {
        split(custom.as_ref().map_or(fallback, |c| text(c, &[key])))
    };
    ScalePaths {
        spec: path("specReplicasPath", ".spec.replicas"),
        status: path("statusReplicasPath", ".status.replicas"),
        selector: path("labelSelectorPath", ""),
    }
}

fn at<'v>(value: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(value, |v, key| v.get(key))
}

fn scale_of(call: &Call<'_>, object: &Value) -> Value {
    let paths = scale_paths(call);
    let number = |path: &[String]| at(object, path).and_then(Value::as_i64).unwrap_or_default();
    let selector = if call.resource.custom.is_some() {
        at(object, &paths.selector).and_then(Value::as_str).unwrap_or_default().to_owned()
    } else {
        let own = object.get_path(&["spec", "selector"]);
        match (call.resource.table.as_str(), own.and_then(Value::as_object)) {
            ("replicationcontrollers", Some(map)) => super::LabelSelector::from_map(map).text(),
            _ => super::LabelSelector::from_object(own).map(|s| s.text()).unwrap_or_default(),
        }
    };
    let metadata: Value = ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"]
        .into_iter()
        .filter_map(|f| Some((f, object.get_path(&["metadata", f])?.clone())))
        .collect();
    let mut spec = Value::object();
    let replicas = number(&paths.spec);
    if replicas != 0 {
        spec.set_path(&["replicas"], replicas);
    }
    let mut status = Value::object();
    status.set_path(&["replicas"], number(&paths.status));
    if !selector.is_empty() {
        status.set_path(&["selector"], selector);
    }
    [
        ("kind", Value::from("Scale")),
        ("apiVersion", Value::from("autoscaling/v1")),
        ("metadata", metadata),
        ("spec", spec),
        ("status", status),
    ]
    .into_iter()
    .collect()
}

fn scale(call: &Call<'_>, verb: &str) -> ApiResult<Reply> {
    if verb == "get" {
        let live = read::live(call)?;
        return encode::value(call, 200, &scale_of(call, &encode::in_version(&live.value, &call.resource)));
    }
    let options = if verb == "patch" { "PatchOptions" } else { "UpdateOptions" };
    let dry_run = call.request.query.dry_run(options)?;
    let (verb, body) = if verb == "patch" {
        let verb = write::patch_verb(call)?;
        (verb, decode::patch(call, matches!(verb, Verb::Apply { .. }))?)
    } else {
        (Verb::Update, decode::object(call, "Scale", "autoscaling/v1")?)
    };
    if scale_paths(call).spec != ["spec", "replicas"] {
        return Err(ApiError::unsupported(
            "scale of a resource whose specReplicasPath is not .spec.replicas",
        ));
    }
    let change = Change { verb, body, dry_run, mode: FieldValidation::Ignore };
    let (stored, _) = write::perform(call, &change)?;
    encode::value(call, 200, &scale_of(call, &encode::in_version(&stored.value, &call.resource)))
}

/// Deletes a Pod unless a PodDisruptionBudget has no room.
fn evict(call: &Call<'_>) -> ApiResult<Reply> {
    let eviction = decode::object(call, "Eviction", "policy/v1")?;
    let pod = read::live(call)?;
    let prefix = format!("{}/", call.target.namespace);
    let (_, budgets) = call.api.store.list("poddisruptionbudgets.policy", &prefix);
    for budget in &budgets {
        let selects = super::LabelSelector::from_object(budget.value.get_path(&["spec", "selector"]))
            .is_some_and(|s| s.matches(&pod.value));
        let allowed = budget
            .value
            .get_path(&["status", "disruptionsAllowed"])
            .and_then(Value::as_i64)
            .unwrap_or_default();
        if selects && allowed <= 0 {
            let number =
                |f| budget.value.get_path(&["status", f]).and_then(Value::as_i64).unwrap_or_default();
            let message = format!(
                "The disruption budget {} needs {} healthy pods and has {} currently",
                text(&budget.value, &["metadata", "name"]),
                number("desiredHealthy"),
                number("currentHealthy")
            );
            let causes = json!([{ "reason": "DisruptionBudget", "message": message }]);
            return Err(ApiError::too_many_requests(
                "Cannot evict pod as it would violate the pod's disruption budget.",
                causes,
            ));
        }
    }
    let options = DeleteOptions::read(call, &eviction.get("deleteOptions").cloned().unwrap_or_default())?;
    delete::delete(call, &call.target.name.clone(), &options)?;
    let status =
        json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201 });
    Ok(Reply::json(201, status.to_string()))
}

/// Puts a Pod on a node.
pub(crate) fn bind(call: &Call<'_>) -> ApiResult<Reply> {
    let binding = decode::object(call, "Binding", "v1")?;
    let name =
        if call.target.name.is_empty() { text(&binding, &["metadata", "name"]) } else { &call.target.name };
    let node = text(&binding, &["target", "name"]);
    let key = call.key_of(name);
    for _ in 0..6 {
        let pods = call.registry.get("", "v1", "pods").cloned().unwrap_or_default();
        let live = call.api.store.get("pods", &key).ok_or_else(|| ApiError::not_found(&pods, name))?;
        let bound = text(&live.value, &["spec", "nodeName"]);
        if !bound.is_empty() {
            let why = format!("pod {name} is already assigned to node {bound:?}");
            return Err(ApiError::conflict("pods/binding", "", "pods/binding", name, &why));
        }
        let mut pod = live.value.clone();
        pod.set_path(&["spec", "nodeName"], node);
        if call.api.store.update("pods", &key, live.rv, pod).is_ok() {
            let status = json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201 });
            return Ok(Reply::json(201, status.to_string()));
        }
    }
    Err(ApiError::stale(&call.resource, name))
}

/// Says honestly that nothing runs.
fn log(call: &Call<'_>) -> ApiResult<Reply> {
    let pod = read::live(call)?;
    let containers =
        pod.value.get_path(&["spec", "containers"]).and_then(Value::as_array).unwrap_or_default();
    let asked = call.request.query.text("container");
    let container = containers.iter().find(|c| asked.is_empty() || text(c, &["name"]) == asked);
    let Some(container) = container else {
        return Err(ApiError::bad_request(format!(
            "container {asked} is not valid for pod {}",
            call.target.name
        )));
    };
    if let Some(waiting) = waiting_reason(&pod.value, text(container, &["name"])) {
        return Err(ApiError::bad_request(format!(
            "container {:?} in pod {:?} is waiting to start: {waiting}",
            text(container, &["name"]),
            call.target.name.as_str()
        )));
    }
    let line = format!(
        "devcluster: no container runs here; {} of pod {} is simulated (image {})\n",
        text(container, &["name"]),
        call.target.name,
        text(container, &["image"])
    );
    Ok(Reply::text(200, line))
}

fn waiting_reason(pod: &Value, container: &str) -> Option<String> {
    let statuses = pod.get_path(&["status", "containerStatuses"]).and_then(Value::as_array)?;
    let status = statuses.iter().find(|s| text(s, &["name"]) == container)?;
    let reason = text(status, &["state", "waiting", "reason"]);
    match reason {
        "" => None,
        "ImagePullBackOff" | "ErrImagePull" => Some("trying and failing to pull image".to_owned()),
        other => Some(other.to_owned()),
    }
}

/// Makes a token for a ServiceAccount.
fn token(call: &Call<'_>) -> ApiResult<Reply> {
    let account = read::live(call)?;
    let mut request = decode::object(call, "TokenRequest", "authentication.k8s.io/v1")?;
    let secs = request.get_path(&["spec", "expirationSeconds"]).and_then(Value::as_i64).unwrap_or(3600);
    if !(600..=1 << 32).contains(&secs) {
        let cause = fairway_schema::validate::Cause {
            reason: "FieldValueInvalid",
            message: format!("Invalid value: {secs}: may not specify a duration less than 10 minutes"),
            field: "spec.expirationSeconds".to_owned(),
        };
        return Err(ApiError::invalid("authentication.k8s.io", "TokenRequest", "", &[cause]));
    }
    let uid = text(&account.value, &["metadata", "uid"]);
    let (namespace, name) = (call.target.namespace.as_str(), call.target.name.as_str());
    let mut metadata = Map::new();
    metadata.insert("name", name);
    metadata.insert("namespace", namespace);
    metadata.insert("creationTimestamp", call.now());
    request.set_path(&["metadata"], Value::from(metadata));
    request.set_path(&["spec", "expirationSeconds"], secs);
    let audiences = request.get_path(&["spec", "audiences"]).and_then(Value::as_array).unwrap_or_default();
    let mut audiences: Vec<&str> = audiences.iter().filter_map(Value::as_str).collect();
    if audiences.is_empty() {
        audiences.push(super::auth::ISSUER);
    }
    let audiences = json!(audiences);
    request.set_path(&["spec", "audiences"], to_value(&audiences));
    let status = json!({
        "token": account_token(call.api, (namespace, name, uid), &audiences, secs),
        "expirationTimestamp": format_secs(call.api.clock.now_micros() + secs * 1_000_000),
    });
    request.set_path(&["status"], to_value(&status));
    Ok(encode::encoded(201, &request, super::media::Encoding::Json))
}
