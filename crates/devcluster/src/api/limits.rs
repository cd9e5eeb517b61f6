//! The LimitRanger admission plugin: defaults, least and most for containers, Pods and claims of a namespace.

use super::call::Call;
use super::parts::{list, text};
use super::status::{ApiError, ApiResult};
use fairway_schema::quantity::Quantity;
use fairway_value::{Map, Value};

fn entries<'v>(limit: &'v Value, key: &str) -> impl Iterator<Item = (&'v str, &'v Value)> {
    limit.get(key).and_then(Value::as_object).into_iter().flat_map(Map::iter).map(|(k, v)| (k.as_str(), v))
}

/// Returns an amount of resources, whether it is written as a text or as a number.
pub(crate) fn amount(value: &Value) -> Option<Quantity> {
    match value {
        Value::String(text) => Quantity::parse(text).ok(),
        other => Quantity::parse(&other.as_i64()?.to_string()).ok(),
    }
}

fn limits(call: &Call<'_>) -> Vec<Value> {
    let (_, ranges) = call.api.store.list("limitranges", &format!("{}/", call.target.namespace));
    ranges.iter().flat_map(|r| list(&r.value, &["spec", "limits"]).to_vec()).collect()
}

/// Gives the containers of a new Pod the namespace's default requests and limits, and notes that it did.
pub(crate) fn complete(call: &Call<'_>, pod: &mut Value) {
    let limits = limits(call);
    let mut told = Vec::new();
    for (field, word) in [("initContainers", "init container"), ("containers", "container")] {
        let Some(containers) = pod.get_path_mut(&["spec", field]).and_then(Value::as_array_mut) else {
            continue;
        };
        for container in containers.make_mut() {
            let own_name = text(container, &["name"]).to_owned();
            for (from, to, what) in
                [("defaultRequest", "requests", "request"), ("default", "limits", "limit")]
            {
                let mut set = Vec::new();
                for limit in limits.iter().filter(|l| text(l, &["type"]) == "Container") {
                    for (resource, value) in entries(limit, from) {
                        if container.get_path(&["resources", to, resource]).is_none() {
                            container.set_path(&["resources", to, resource], value.clone());
                            set.push(resource.to_owned());
                        }
                    }
                }
                if !set.is_empty() {
                    set.sort();
                    told.push(format!("{} {what} for {word} {own_name}", set.join(", ")));
                }
            }
        }
    }
    if !told.is_empty() {
        let note = format!("LimitRanger plugin set: {}", told.join("; "));
        pod.set_path(&["metadata", "annotations", "kubernetes.io/limit-ranger"], note);
    }
}

/// Refuses Pods and claims outside what the namespace's ranges allow.
pub(crate) fn check(call: &Call<'_>, object: &Value, old: Option<&Value>) -> ApiResult<()> {
    let table = call.resource.table.as_str();
    let applies = call.target.subresource.is_empty()
        && ((table == "pods" && old.is_none()) || table == "persistentvolumeclaims");
    if !applies {
        return Ok(());
    }
    let mut wrong = Vec::new();
    for limit in limits(call) {
        match (table, text(&limit, &["type"])) {
            ("pods", "Container") => {
                for field in ["containers", "initContainers"] {
                    for container in list(object, &["spec", field]) {
                        let asked = |kind: &str, resource: &str| {
                            container.get_path(&["resources", kind, resource]).and_then(amount)
                        };
                        judge(&limit, "Container", &asked, &mut wrong);
                    }
                }
            }
            ("pods", "Pod") => {
                let asked = |kind: &str, resource: &str| pod_total(object, kind, resource);
                judge(&limit, "Pod", &asked, &mut wrong);
            }
            ("persistentvolumeclaims", "PersistentVolumeClaim") => {
                let asked = |kind: &str, resource: &str| {
                    (kind == "requests")
                        .then(|| {
                            object.get_path(&["spec", "resources", "requests", resource]).and_then(amount)
                        })
                        .flatten()
                };
                claim(&limit, &asked, &mut wrong);
            }
            (_, _) => {}
        }
    }
    let why = match wrong.as_slice() {
        [] => return Ok(()),
        [one] => one.clone(),
        several => format!("[{}]", several.join(", ")),
    };
    Err(ApiError::forbidden(&call.resource, text(object, &["metadata", "name"]), &why))
}

/// What a whole Pod asks for: its containers and sidecars together, or its largest init container.
pub(crate) fn pod_total(pod: &Value, kind: &str, resource: &str) -> Option<Quantity> {
    let asked = |c: &Value| c.get_path(&["resources", kind, resource]).and_then(amount);
    if let Some(own) = asked(pod.get("spec")?) {
        return Some(own);
    }
    let plus = |a: Option<Quantity>, b: Option<Quantity>| match (a, b) {
        (Some(a), Some(b)) => Some(a.plus(b)),
        (a, b) => a.or(b),
    };
    let most = |a: Option<Quantity>, b: Option<Quantity>| match (a, b) {
        (Some(a), Some(b)) => Some(if b.nano() > a.nano() { b } else { a }),
        (a, b) => a.or(b),
    };
    let mut sidecars = None;
    let mut init = None;
    for container in list(pod, &["spec", "initContainers"]) {
        if text(container, &["restartPolicy"]) == "Always" {
            sidecars = plus(sidecars, asked(container));
            init = most(init, sidecars);
        } else {
            init = most(init, plus(sidecars, asked(container)));
        }
    }
    let sum = list(pod, &["spec", "containers"]).iter().fold(sidecars, |sum, c| plus(sum, asked(c)));
    let total = most(sum, init);
    let overhead = pod.get_path(&["spec", "overhead", resource]).and_then(amount);
    if total.is_some() { plus(total, overhead) } else { None }
}

type Asked<'a> = dyn Fn(&str, &str) -> Option<Quantity> + 'a;

fn judge(limit: &Value, kind: &str, asked: &Asked<'_>, wrong: &mut Vec<String>) {
    for (resource, bound) in entries(limit, "min") {
        let Some(bound) = amount(bound) else { continue };
        let head = format!("minimum {resource} usage per {kind} is {bound}");
        match (asked("requests", resource), asked("limits", resource)) {
            (None, _) => wrong.push(format!("{head}.  No request is specified")),
            (Some(r), _) if r.nano() < bound.nano() => wrong.push(format!("{head}, but request is {r}")),
            (_, Some(l)) if l.nano() < bound.nano() => wrong.push(format!("{head}, but limit is {l}")),
            (Some(_), _) => {}
        }
    }
    for (resource, bound) in entries(limit, "max") {
        let Some(bound) = amount(bound) else { continue };
        let head = format!("maximum {resource} usage per {kind} is {bound}");
        match (asked("limits", resource), asked("requests", resource)) {
            (None, _) => wrong.push(format!("{head}.  No limit is specified")),
            (Some(l), _) if l.nano() > bound.nano() => wrong.push(format!("{head}, but limit is {l}")),
            (_, Some(r)) if r.nano() > bound.nano() => wrong.push(format!("{head}, but request is {r}")),
            (Some(_), _) => {}
        }
    }
    for (resource, bound) in entries(limit, "maxLimitRequestRatio") {
        let Some(bound) = amount(bound) else { continue };
        let head = format!("{resource} max limit to request ratio per {kind} is {bound}");
        match (asked("requests", resource), asked("limits", resource)) {
            (None, _) => wrong.push(format!("{head}, but no request is specified or request is 0")),
            (Some(r), _) if r.nano() == 0 => {
                wrong.push(format!("{head}, but no request is specified or request is 0"));
            }
            (_, None) => wrong.push(format!("{head}, but no limit is specified or limit is 0")),
            (Some(r), Some(l)) => {
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "a ratio of amounts, compared and shown as one"
                )]
                let (ratio, most) = (l.nano() as f64 / r.nano() as f64, bound.nano() as f64 / 1e9);
                if ratio > most {
                    wrong.push(format!("{head}, but provided ratio is {ratio:.6}"));
                }
            }
        }
    }
}

fn claim(limit: &Value, asked: &Asked<'_>, wrong: &mut Vec<String>) {
    for (key, word) in [("min", "minimum"), ("max", "maximum")] {
        for (resource, bound) in entries(limit, key) {
            let Some(bound) = amount(bound) else { continue };
            let head = format!("{word} {resource} usage per PersistentVolumeClaim is {bound}");
            match asked("requests", resource) {
                None => wrong.push(format!("{head}.  No request is specified")),
                Some(r)
                    if (key == "min" && r.nano() < bound.nano())
                        || (key == "max" && r.nano() > bound.nano()) =>
                {
                    wrong.push(format!("{head}, but request is {r}"));
                }
                Some(_) => {}
            }
        }
    }
}
