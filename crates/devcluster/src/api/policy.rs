//! ValidatingAdmissionPolicies: bound policies, matched and evaluated in CEL.
//!
//! Not supported, and reported as an evaluation error that `failurePolicy` decides on: the authorizer, audit annotations, and
//! parameters chosen by selector.

use super::admit::selected;
use super::call::Call;
use super::parts::{list, text};
use super::status::{ApiError, ApiResult, to_value};
use axum::http::Method;
use cel::common::types::{CelMap, CelMapKey};
use cel::common::value::Val;
use cel::{Context, Program};
use fairway_schema::expression::{Bounds, ENV};
use fairway_value::Value;
use serde_json::json;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

const POLICIES: &str = "validatingadmissionpolicies.admissionregistration.k8s.io";
const BINDINGS: &str = "validatingadmissionpolicybindings.admissionregistration.k8s.io";
/// The bounds of what is compiled.
const BOUNDS: Bounds = Bounds { bytes: 16 << 10, nesting: 64 };
/// Compiled expressions kept.
const PROGRAMS_MAX: usize = 1024;

/// Refuses what a bound policy refuses. `object` is missing for deletions, `old` for creations.
pub(crate) fn check(call: &Call<'_>, object: Option<&Value>, old: Option<&Value>) -> ApiResult<()> {
    let (_, bindings) = call.api.store.list(BINDINGS, "");
    // Policies do not judge policies.
    if bindings.is_empty() || call.resource.group == "admissionregistration.k8s.io" {
        return Ok(());
    }
    let Some(subject) = object.or(old) else { return Ok(()) };
    let operation = match (object, old, &call.request.method) {
        (None, _, _) | (_, _, &Method::DELETE) => "DELETE",
        (Some(_), None, _) => "CREATE",
        (Some(_), Some(_), _) => "UPDATE",
    };
    for binding in &bindings {
        let binding = &binding.value;
        let Some(policy) = call.api.store.get(POLICIES, text(binding, &["spec", "policyName"])) else {
            continue;
        };
        let policy = &policy.value;
        let constraints = policy.get_path(&["spec", "matchConstraints"]);
        let narrowed = binding.get_path(&["spec", "matchResources"]);
        let both = [constraints, narrowed].into_iter().flatten();
        if constraints.is_none()
            || !both.clone().all(|c| matches(call, c, operation) && selected(call, c, subject))
        {
            continue;
        }
        judge(call, policy, binding, &Request { object, old, operation })?;
    }
    Ok(())
}

/// What is judged.
struct Request<'r> {
    object: Option<&'r Value>,
    old: Option<&'r Value>,
    operation: &'static str,
}

/// Whether a constraint's rules name the request's resource and operation.
fn matches(call: &Call<'_>, constraints: &Value, operation: &str) -> bool {
    let rules = list(constraints, &["resourceRules"]);
    let excluded = list(constraints, &["excludeResourceRules"]);
    (rules.is_empty() || rules.iter().any(|r| rule_matches(call, r, operation)))
        && !excluded.iter().any(|r| rule_matches(call, r, operation))
}

fn rule_matches(call: &Call<'_>, rule: &Value, operation: &str) -> bool {
    let resource = &call.resource;
    let has = |key: &str, word: &str| {
        list(rule, &[key]).iter().filter_map(Value::as_str).any(|w| w == "*" || w == word)
    };
    let sub = call.target.subresource.as_str();
    let named =
        list(rule, &["resources"]).iter().filter_map(Value::as_str).any(|r| match (r.split_once('/'), sub) {
            (None, "") => r == "*" || r == resource.plural,
            (None, _) => false,
            (Some((main, part)), sub) => {
                (main == "*" || main == resource.plural) && (part == "*" || (!sub.is_empty() && part == sub))
            }
        });
    let names = list(rule, &["resourceNames"]);
    let scope = match text(rule, &["scope"]) {
        "Namespaced" => resource.namespaced,
        "Cluster" => !resource.namespaced,
        _ => true,
    };
    has("operations", operation)
        && has("apiGroups", &resource.group)
        && has("apiVersions", &resource.version)
        && named
        && scope
        && (names.is_empty() || names.iter().any(|n| n.as_str() == Some(&call.target.name)))
}

fn judge(call: &Call<'_>, policy: &Value, binding: &Value, request: &Request<'_>) -> ApiResult<()> {
    let name = text(policy, &["metadata", "name"]);
    let verdict = evaluate(call, policy, binding, request);
    let (reason, message) = match verdict {
        Ok(None) => return Ok(()),
        Ok(Some(denial)) => denial,
        Err(_) if text(policy, &["spec", "failurePolicy"]) == "Ignore" => return Ok(()),
        Err(why) => (String::new(), why),
    };
    let bound = text(binding, &["metadata", "name"]);
    let actions: Vec<&str> =
        list(binding, &["spec", "validationActions"]).iter().filter_map(Value::as_str).collect();
    if actions.contains(&"Warn") {
        call.warn(format!(
            "Validation failed for ValidatingAdmissionPolicy '{name}' with binding '{bound}': {message}"
        ));
    }
    if !actions.is_empty() && !actions.contains(&"Deny") {
        return Ok(());
    }
    let why = format!("ValidatingAdmissionPolicy '{name}' with binding '{bound}' denied request: {message}");
    let subject = request.object.or(request.old);
    let named = subject.map_or("", |s| text(s, &["metadata", "name"]));
    Err(ApiError::denied(&call.resource, named, &reason, &why))
}

static PROGRAMS: LazyLock<Mutex<HashMap<String, Arc<Program>>>> = LazyLock::new(Mutex::default);

fn compile(expression: &str) -> Result<Arc<Program>, String> {
    let mut programs = PROGRAMS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(program) = programs.get(expression) {
        return Ok(program.clone());
    }
    BOUNDS.check(expression).map_err(|why| format!("expression is {why}"))?;
    let program = Arc::new(ENV.compile(expression).map_err(|e| e.to_string())?);
    if programs.len() >= PROGRAMS_MAX {
        programs.clear();
    }
    programs.insert(expression.to_owned(), program.clone());
    Ok(program)
}

fn run(expression: &str, context: &Context<'_, '_>) -> Result<cel::Value, String> {
    compile(expression)
        .and_then(|p| p.execute(context).map_err(|e| e.to_string()))
        .map_err(|e| format!("expression '{}' resulted in error: {e}", expression.trim()))
}

/// As [`run`], for values that stay inside the language: quantities, addresses.
fn run_inside(expression: &str, context: &Context<'_, 'static>) -> Result<Box<dyn Val>, String> {
    let program = compile(expression);
    let value = program.as_ref().map_err(Clone::clone).and_then(|p| {
        let value = cel::Value::resolve_val(p.expression(), context).map_err(|e| e.to_string())?;
        Ok(value.into_owned())
    });
    value.map_err(|e| format!("expression '{}' resulted in error: {e}", expression.trim()))
}

type Denial = Option<(String, String)>;

/// Returns the reason and message of the first validation that fails.
fn evaluate(
    call: &Call<'_>,
    policy: &Value,
    binding: &Value,
    request: &Request<'_>,
) -> Result<Denial, String> {
    let mut context = Context::with_env(ENV.clone());
    let subject = request.object.or(request.old).cloned().unwrap_or_default();
    let parameters = match parameters(call, policy, binding)? {
        Parameters::Skip => return Ok(None),
        Parameters::Found(value) => value,
    };
    for (name, value) in [
        ("object", request.object.cloned().unwrap_or_default()),
        ("oldObject", request.old.cloned().unwrap_or_default()),
        ("request", describe(call, request.operation, &subject)),
        ("namespaceObject", namespace(call)),
        ("params", parameters),
    ] {
        context.add_variable(name, value).map_err(|e| e.to_string())?;
    }
    for condition in list(policy, &["spec", "matchConditions"]) {
        if run(text(condition, &["expression"]), &context)? != cel::Value::Bool(true) {
            return Ok(None);
        }
    }
    let mut variables: HashMap<CelMapKey<'static>, Box<dyn Val>> = HashMap::new();
    for variable in list(policy, &["spec", "variables"]) {
        let value = run_inside(text(variable, &["expression"]), &context)?;
        variables.insert(CelMapKey::from(text(variable, &["name"]).to_owned()), value);
        context.add_variable_as_val("variables", Box::new(CelMap::from(variables.clone())));
    }
    for validation in list(policy, &["spec", "validations"]) {
        let expression = text(validation, &["expression"]);
        if run(expression, &context)? == cel::Value::Bool(true) {
            continue;
        }
        let own = text(validation, &["messageExpression"]);
        let made = if own.is_empty() { None } else { run(own, &context).ok() };
        let message = match (made, text(validation, &["message"])) {
            (Some(cel::Value::String(made)), _) if !made.trim().is_empty() => made.trim().to_owned(),
            (_, "") => format!("failed expression: {}", expression.trim()),
            (_, message) => message.trim().to_owned(),
        };
        return Ok(Some((text(validation, &["reason"]).to_owned(), message)));
    }
    Ok(None)
}

enum Parameters {
    /// The binding says that nothing is to be judged without them.
    Skip,
    Found(Value),
}

fn parameters(call: &Call<'_>, policy: &Value, binding: &Value) -> Result<Parameters, String> {
    let Some(kind) = policy.get_path(&["spec", "paramKind"]) else {
        return Ok(Parameters::Found(Value::Null));
    };
    let Some(reference) = binding.get_path(&["spec", "paramRef"]) else {
        return Ok(Parameters::Found(Value::Null));
    };
    if text(reference, &["name"]).is_empty() {
        return Err("unsupported: paramRef by selector".to_owned());
    }
    let resource = call.registry.by_kind(text(kind, &["apiVersion"]), text(kind, &["kind"]));
    let Some(resource) = resource else { return Err("paramKind is not served".to_owned()) };
    let namespace = match (resource.namespaced, text(reference, &["namespace"])) {
        (false, _) => "",
        (true, "") => call.target.namespace.as_str(),
        (true, named) => named,
    };
    match call.api.find(&resource.table, namespace, text(reference, &["name"])) {
        Some(found) => Ok(Parameters::Found(found.value.clone())),
        None if text(reference, &["parameterNotFoundAction"]) == "Allow" => Ok(Parameters::Skip),
        None => Err("no params found for policy binding with `Deny` parameterNotFoundAction".to_owned()),
    }
}

fn namespace(call: &Call<'_>) -> Value {
    let found = call.api.store.get("namespaces", &call.target.namespace);
    found.map(|n| n.value.clone()).unwrap_or_default()
}

fn describe(call: &Call<'_>, operation: &str, subject: &Value) -> Value {
    let resource = &call.resource;
    let (group, version) = (resource.group.as_str(), resource.version.as_str());
    let kind = json!({ "group": group, "version": version, "kind": resource.kind.as_str() });
    let named = json!({ "group": group, "version": version, "resource": resource.plural.as_str() });
    to_value(&json!({
        "operation": operation, "kind": kind, "requestKind": kind, "resource": named, "requestResource": named,
        "subResource": call.target.subresource.as_str(), "namespace": call.target.namespace.as_str(),
        "name": text(subject, &["metadata", "name"]),
        "userInfo": { "username": call.user.name, "uid": call.user.uid, "groups": call.user.groups },
        "dryRun": !call.request.query.text("dryRun").is_empty(),
    }))
}
