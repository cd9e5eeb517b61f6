//! Argo CD's client-side comparison: a three-way patch from the last-applied annotation, or of the configuration with itself where
//! there is none, applied to the live object; defaults count on both sides.
//!
//! Source: Argo CD `gitops-engine/pkg/diff/diff.go`, `util/argo/diff`.

use crate::compare::changes;
use crate::{Options, Outcome, Prediction, UncertainReason, endpoints, known, structured};
use fairway_schema::managed::LAST_APPLIED;
use fairway_schema::merge::{self, MergeError};
use fairway_schema::{Schemas, TypeRef, canonical, defaults};
use fairway_value::{Map, Value, from_json};

pub(crate) fn text<'v>(object: &'v Value, key: &str) -> &'v str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn group(object: &Value) -> &str {
    text(object, "apiVersion").split_once('/').map_or("", |(group, _)| group)
}

/// What Argo CD has compiled in of a kind; kinds that it knows nothing of are merged as plain JSON.
#[derive(Clone, Copy)]
struct Compiled<'s> {
    /// Where the kind is known: today's, or those of former versions, which no server need have.
    schemas: &'s Schemas,
    ty: TypeRef<'s>,
    /// Whether the code that fills in defaults is compiled in too: gitops-engine `pkg/utils/kube/scheme` leaves out some groups that
    /// client-go has.
    defaulted: bool,
}

fn compiled<'s>(object: &Value, schemas: &'s Schemas) -> Option<Compiled<'s>> {
    let (api_version, kind) = (text(object, "apiVersion"), text(object, "kind"));
    let group = group(object);
    if matches!(group, "apiextensions.k8s.io" | "apiregistration.k8s.io") {
        return None;
    }
    let today = schemas.resource(api_version, kind).filter(|r| !r.custom).map(|_| schemas);
    // Only these have former versions; a cluster's own kinds need not be looked for among them.
    let may_be_former = api_version.contains("alpha") || api_version.contains("beta");
    let of_kubernetes = !group.contains('.') || group.ends_with(".k8s.io");
    let schemas = today.or_else(|| (may_be_former && of_kubernetes).then(Schemas::former))?;
    // The last has no code for defaults at all, not even for the volumes in it.
    let left_out = ["resource.k8s.io", "internal.apiserver.k8s.io", "storagemigration.k8s.io"];
    let defaulted = !left_out.contains(&group) && api_version != "storage.k8s.io/v1alpha1";
    Some(Compiled { schemas, ty: schemas.type_of(api_version, kind)?, defaulted })
}

/// Whether an object asks for server-side apply, which Argo CD compares by ownership. It looks when the object has lost what does
/// not count: where that is the annotations, the object is compared as any other.
fn asks_for_server_side_apply(prepared: &Value) -> bool {
    prepared
        .get_path(&["metadata", "annotations", "argocd.argoproj.io/sync-options"])
        .and_then(Value::as_str)
        .is_some_and(|options| options.split(',').any(|option| option.trim() == "ServerSideApply=true"))
}

/// As gitops-engine `pkg/diff` `Diff`.
pub(crate) fn client_side(
    desired: &Value,
    live: &Value,
    manager: &str,
    schemas: &Schemas,
    options: &Options,
) -> Prediction {
    let (config, live) = both_prepared(desired, live, schemas, options);
    if asks_for_server_side_apply(&config) {
        return structured::merged(config, live, manager, schemas);
    }
    let applied = live.get_path(&["metadata", "annotations", LAST_APPLIED]).and_then(Value::as_str);
    let original =
        applied.and_then(|text| from_json(text.as_bytes()).ok()).filter(|v| v.as_object().is_some());
    let first = original.map(|original| {
        let original = normalized(&original, schemas, options);
        predicted(&original, &config, &live, schemas)
    });
    let outcome = match first {
        Some(Ok(done)) => Ok(done),
        _ => predicted(&config, &config, &live, schemas),
    };
    match outcome {
        Ok((live, predicted)) => {
            let found = changes(&live, &predicted);
            Prediction {
                outcome: if found.is_empty() { Outcome::Unchanged } else { Outcome::Changed(found) },
                normalized_live: Some(live),
                predicted_live: Some(predicted),
            }
        }
        Err(why) => Prediction {
            outcome: Outcome::Uncertain(UncertainReason::Refused(why.to_string())),
            normalized_live: Some(live),
            predicted_live: None,
        },
    }
}

/// Returns the desired and the live object as they are compared: without what trusted managers own, and prepared.
pub(crate) fn both_prepared(
    desired: &Value,
    live: &Value,
    schemas: &Schemas,
    options: &Options,
) -> (Value, Value) {
    let cut = options.ignore.without_trusted(live, desired, schemas);
    let (live, desired) = cut.as_ref().map_or((live, desired), |(live, desired)| (live, desired));
    (prepared(desired, schemas, options), prepared(live, schemas, options))
}

/// As [`client_side`] prepares both sides: in the Go type's form, without what does not count.
fn prepared(object: &Value, schemas: &Schemas, options: &Options) -> Value {
    normalized(&remarshalled(object, schemas), schemas, options)
}

/// Takes the annotation of client-side apply out and lays the defaults over an object, where its kind has any.
pub(crate) fn finished(mut object: Value, schemas: &Schemas) -> Value {
    object.remove_path(&["metadata", "annotations", LAST_APPLIED]);
    match compiled(&object, schemas) {
        Some(of) => with_defaults(&object, of).unwrap_or(object),
        None => object,
    }
}

/// Decoded into the Go type and encoded again where that fits without loss, without what that adds.
fn remarshalled(object: &Value, schemas: &Schemas) -> Value {
    let Some(of) = compiled(object, schemas) else { return object.clone() };
    match canonical::go_form(object, of.schemas, true) {
        Some(form) => only_fields_of(object, &form),
        None => object.clone(),
    }
}

/// Returns `value` without the fields that `model` does not have. Entries of lists are matched by position; those beyond the
/// model's end stay.
fn only_fields_of(model: &Value, value: &Value) -> Value {
    match (model, value) {
        (Value::Object(model), Value::Object(value)) => Value::Object(
            model
                .iter()
                .filter_map(|(key, inner)| Some((key.clone(), only_fields_of(inner, value.get(key)?))))
                .collect(),
        ),
        (Value::Array(model), Value::Array(value)) => value
            .iter()
            .enumerate()
            .map(|(n, inner)| model.get(n).map_or_else(|| inner.clone(), |m| only_fields_of(m, inner)))
            .collect(),
        (_, value) => value.clone(),
    }
}

fn normalized(object: &Value, schemas: &Schemas, options: &Options) -> Value {
    let mut out = object.clone();
    out.remove_path(&["metadata", "creationTimestamp"]);
    match (group(&out), text(&out, "kind")) {
        ("", "Secret") => normalize_secret(&mut out, schemas),
        ("", "Endpoints") => endpoints::normalize(&mut out, schemas),
        _ => {}
    }
    normalize_role(&mut out, options.ignore_aggregated_roles);
    options.ignore.normalize(&mut out);
    known::reform(&mut out, &options.known_type_fields, schemas);
    out
}

fn normalize_secret(secret: &mut Value, schemas: &Schemas) {
    if let Some(strings) = secret.get("stringData").and_then(Value::as_object).cloned() {
        let mut data = secret.get("data").and_then(Value::as_object).cloned().unwrap_or_default();
        for (key, value) in strings.iter() {
            let encoded = match value.as_str() {
                Some(text) => Value::from(fairway_schema::encode_base64(text.as_bytes())),
                None => value.clone(),
            };
            data.insert(key.clone(), encoded);
        }
        secret.set_path(&["data"], data);
        secret.remove_path(&["stringData"]);
    }
    let Some(form) = canonical::go_form(secret, schemas, false) else { return };
    if let Some(data) = form.get("data").and_then(Value::as_object) {
        let data: Map = data
            .iter()
            .map(|(k, v)| (k.clone(), if v.is_null() { Value::from("") } else { v.clone() }))
            .collect();
        secret.set_path(&["data"], data);
    }
}

pub(crate) fn normalize_role(role: &mut Value, ignore_aggregated: bool) {
    let is_role =
        group(role) == "rbac.authorization.k8s.io" && matches!(text(role, "kind"), "Role" | "ClusterRole");
    if !is_role {
        return;
    }
    let aggregates = role.get("aggregationRule").is_some_and(|r| r.as_object().is_some());
    let empty = role.get("rules").and_then(Value::as_array).is_some_and(<[Value]>::is_empty);
    if (ignore_aggregated && aggregates) || empty {
        role.set_path(&["rules"], Value::Null);
    }
}

fn without_namespace(object: &Value) -> Value {
    let mut out = object.clone();
    out.remove_path(&["metadata", "namespace"]);
    let empty = out
        .get_path(&["metadata", "annotations"])
        .is_some_and(|a| a.is_null() || a.as_object().is_some_and(Map::is_empty));
    if empty {
        out.remove_path(&["metadata", "annotations"]);
    }
    out
}

/// Returns the live object and what it would become.
fn predicted(
    original: &Value,
    config: &Value,
    live: &Value,
    schemas: &Schemas,
) -> Result<(Value, Value), MergeError> {
    let (original, config) = (without_namespace(original), without_namespace(config));
    let Some(of) = compiled(&original, schemas) else {
        let trimmed = only_fields_of(&original, live);
        let patch = merge::json_three_way(&original, &config, &trimmed);
        return Ok((live.clone(), merge::json_merge(live, &patch)));
    };
    let base = stateful_set_base(&original, live);
    let patch = merge::three_way(&original, &config, &base, of.ty)?;
    let predicted = merge::strategic(live, &patch, of.ty)?;
    Ok((with_defaults(live, of)?, with_defaults(&predicted, of)?))
}

/// The server fills claim templates in, so fields that were not applied do not count there.
fn stateful_set_base(original: &Value, live: &Value) -> Value {
    if text(original, "kind") != "StatefulSet" || !matches!(group(original), "apps" | "extensions") {
        return live.clone();
    }
    let path = ["spec", "volumeClaimTemplates"];
    match (original.get_path(&path), live.get_path(&path)) {
        (Some(model @ Value::Array(_)), Some(claims @ Value::Array(_))) => {
            let mut out = live.clone();
            out.set_path(&path, only_fields_of(model, claims));
            out
        }
        _ => live.clone(),
    }
}

/// Lays over an object what defaulting adds to its decoded form; fields that the type does not have stay.
fn with_defaults(object: &Value, of: Compiled<'_>) -> Result<Value, MergeError> {
    let Compiled { schemas, ty, defaulted } = of;
    if !defaulted {
        return Ok(object.clone());
    }
    let Some(decoded) = canonical::go_form(object, schemas, false) else { return Ok(object.clone()) };
    let mut filled = decoded.clone();
    defaults::apply_unconverted(&mut filled, schemas);
    // What defaulting sets is encoded by the Go type too.
    let filled = canonical::go_form(&filled, schemas, false).unwrap_or(filled);
    // Fields that are replaced as a whole are in the patch though nothing was filled in.
    let patch = merge::two_way(&decoded, &filled, ty)?;
    merge::strategic(object, &patch, ty)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::IgnoreRules;
    use fairway_core::{IgnoreRule, Str};

    #[test]
    fn server_side_apply_is_asked_for_by_what_is_left_when_ignored_fields_are_gone() {
        let object = |data: &str, managed: &str| {
            let text = format!(
                r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"c","annotations":{{
                "argocd.argoproj.io/sync-options":"Prune=false, ServerSideApply=true"}}{managed}}},"data":{data}}}"#
            );
            from_json(text.as_bytes()).unwrap()
        };
        let desired = object(r#"{"a":"1"}"#, "");
        let managed = r#","managedFields":[{"manager":"m","operation":"Apply","apiVersion":"v1","fieldsType":"FieldsV1",
            "fieldsV1":{"f:data":{"f:a":{},"f:b":{}}}}]"#;
        let live = object(r#"{"a":"1","b":"2"}"#, managed);
        let verdict = |pointers: &[&str]| {
            let rule = IgnoreRule {
                group: "*".into(),
                kind: "*".into(),
                json_pointers: pointers.iter().map(|p| Str::from(*p)).collect(),
                ..IgnoreRule::default()
            };
            let (ignore, _) = IgnoreRules::compile(&[rule]);
            let options = Options { ignore, ..Options::default() };
            client_side(&desired, &live, "m", Schemas::builtin(), &options).outcome
        };
        assert!(matches!(verdict(&[]), Outcome::Changed(_)), "what we own and want no more goes");
        assert_eq!(verdict(&["/metadata/annotations"]), Outcome::Unchanged);
    }

    /// What Argo CD's diff library showed of an object that is both desired and live.
    fn check(kind: &str, rest: &str, expect: &str) {
        let whole = |rest: &str| {
            let (api_version, kind) = kind.rsplit_once('/').unwrap();
            let text = format!(
                r#"{{"apiVersion":"{api_version}","kind":"{kind}","metadata":{{"name":"d"}},{rest}}}"#
            );
            from_json(text.as_bytes()).unwrap()
        };
        let object = whole(rest);
        let shown = client_side(&object, &object, "m", Schemas::builtin(), &Options::default());
        assert_eq!(shown.outcome, Outcome::Unchanged);
        assert_eq!(shown.normalized_live.unwrap().to_string(), whole(expect).to_string());
    }

    #[test]
    fn versions_that_no_server_has_are_filled_in_by_their_own_defaults() {
        let template = r#""template":{"spec":{"dnsPolicy":"ClusterFirst","restartPolicy":"Always",
            "schedulerName":"default-scheduler","securityContext":{},"terminationGracePeriodSeconds":30}}"#;
        check(
            "extensions/v1beta1/DaemonSet",
            r#""spec":{"template":{}}"#,
            &format!(
                r#""spec":{{"revisionHistoryLimit":10,{template},"updateStrategy":{{"type":"OnDelete"}}}}"#
            ),
        );
        check(
            "extensions/v1beta1/Deployment",
            r#""spec":{"strategy":{"type":"Recreate","rollingUpdate":{}},"template":{}}"#,
            &format!(
                r#""spec":{{"progressDeadlineSeconds":2147483647,"replicas":1,"revisionHistoryLimit":2147483647,"strategy":
                {{"rollingUpdate":{{"maxSurge":1,"maxUnavailable":1}},"type":"Recreate"}},{template}}}"#
            ),
        );
        check(
            "extensions/v1beta1/NetworkPolicy",
            r#""spec":{"ingress":[{"ports":[{"port":1}]}]}"#,
            r#""spec":{"ingress":[{"ports":[{"port":1}]}],"policyTypes":["Ingress"]}"#,
        );
        check(
            "networking.k8s.io/v1beta1/Ingress",
            r#""spec":{"rules":[{"http":{"paths":[{"backend":{"serviceName":"s","servicePort":80}}]}}]}"#,
            r#""spec":{"rules":[{"http":{"paths":[{"backend":{"serviceName":"s","servicePort":80},
            "pathType":"ImplementationSpecific"}]}}]}"#,
        );
        check(
            "admissionregistration.k8s.io/v1beta1/MutatingWebhookConfiguration",
            r#""webhooks":[{"name":"w","clientConfig":{"service":{"name":"s","namespace":"n"}},"rules":[{"operations":["*"]}]}]"#,
            r#""webhooks":[{"admissionReviewVersions":["v1beta1"],"clientConfig":{"service":{"name":"s","namespace":"n","port":443}},
            "failurePolicy":"Ignore","matchPolicy":"Exact","name":"w","namespaceSelector":{},"objectSelector":{},
            "reinvocationPolicy":"Never","rules":[{"operations":["*"],"scope":"*"}],"sideEffects":"Unknown","timeoutSeconds":30}]"#,
        );
        check(
            "flowcontrol.apiserver.k8s.io/v1beta3/PriorityLevelConfiguration",
            r#""spec":{"type":"Limited","limited":{}}"#,
            r#""spec":{"limited":{"lendablePercent":0,"nominalConcurrencyShares":30},"type":"Limited"}"#,
        );
        check(
            "rbac.authorization.k8s.io/v1alpha1/RoleBinding",
            r#""subjects":[{"kind":"User","name":"u"},{"kind":"ServiceAccount","name":"u"}],"roleRef":{"kind":"Role","name":"r"}"#,
            r#""roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"r"},"subjects":[
            {"apiVersion":"rbac.authorization.k8s.io/v1alpha1","kind":"User","name":"u"},
            {"apiVersion":"v1","kind":"ServiceAccount","name":"u"}]"#,
        );
    }

    #[test]
    fn only_what_the_code_for_defaults_fills_in_counts() {
        let scale = r#""scaleTargetRef":{"kind":"a","name":"b"}"#;
        // The server adds a measure when it converts the object.
        check(
            "autoscaling/v1/HorizontalPodAutoscaler",
            &format!(r#""spec":{{"maxReplicas":1,{scale}}}"#),
            &format!(r#""spec":{{"maxReplicas":1,"minReplicas":1,{scale}}}"#),
        );
        let claim = r#""spec":{"devices":{"requests":[{"name":"a","exactly":{"deviceClassName":"c"}}]}}"#;
        check("resource.k8s.io/v1/ResourceClaim", claim, claim);
    }
}
