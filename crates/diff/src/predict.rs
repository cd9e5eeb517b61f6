use crate::compare::changes;
use crate::structured::structured_merge;
use crate::{IgnoreRules, Outcome, UncertainReason, client, known, same};
use fairway_schema::managed::{self, ApplyError, Write};
use fairway_schema::strategy::{self, Chooser};
use fairway_schema::{Schemas, Subresource};
use fairway_value::{Str, Value};

/// How desired and live are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// As a forced server-side apply would change the live object.
    #[default]
    ServerSide,
    /// As Argo CD's client-side diff: three-way with the last-applied annotation, else two-way; objects whose sync options ask for
    /// server-side apply as by [`Mode::StructuredMerge`].
    ClientSide,
    /// As Argo CD's structured-merge diff of objects with `ServerSideApply=true`.
    StructuredMerge,
}

/// How to compare.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The mode.
    pub mode: Mode,
    /// What is left out.
    pub ignore: IgnoreRules,
    /// Rules of roles that aggregate other roles do not count (`ignoreAggregatedRoles`).
    pub ignore_aggregated_roles: bool,
    /// Fields of custom kinds that hold well-known types: (`group/Kind`, path of keys joined by dots, type), as `knownTypeFields`
    /// in Argo CD. Ask [`crate::is_known_type`] for what to report of them.
    pub known_type_fields: Vec<(Str, Str, Str)>,
    /// Field managers of earlier tools: the apply takes over what they own, so that what they wrote and is no longer desired
    /// goes. That they own it is by itself no difference.
    pub take_over_from: Vec<Str>,
}

impl Options {
    /// Whether nothing is left out and nothing taken over.
    fn is_plain(&self) -> bool {
        self.ignore.is_empty() && self.known_type_fields.is_empty() && self.take_over_from.is_empty()
    }
}

/// What a comparison found.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// The verdict.
    pub outcome: Outcome,
    /// The live object without what is left out; nothing where it does not exist.
    pub normalized_live: Option<Value>,
    /// What the live object would be after the apply, without what is left out.
    pub predicted_live: Option<Value>,
}

/// Predicts what applying `desired` as `manager` would do to `live` (nothing where it does not exist). Hands back both objects as
/// they were compared; where those are not needed, [`outcome`] is faster.
#[must_use]
pub fn predict(
    desired: &Value,
    live: Option<&Value>,
    manager: &str,
    schemas: &Schemas,
    options: &Options,
) -> Prediction {
    let Some(live) = live else {
        return Prediction {
            outcome: Outcome::Created,
            normalized_live: None,
            predicted_live: Some(desired.clone()),
        };
    };
    match options.mode {
        Mode::ServerSide => match taken_over(desired, live, manager, options) {
            Some((desired, live)) => server_side(&desired, &live, manager, schemas, options),
            None => server_side(desired, live, manager, schemas, options),
        },
        Mode::ClientSide => client::client_side(desired, live, manager, schemas, options),
        Mode::StructuredMerge => structured_merge(desired, live, manager, schemas, options),
    }
}

/// Returns the verdict of [`predict`] alone. At rest this allocates next to nothing.
#[must_use]
pub fn outcome(
    desired: &Value,
    live: Option<&Value>,
    manager: &str,
    schemas: &Schemas,
    options: &Options,
) -> Outcome {
    if options.mode == Mode::ServerSide
        && let Some(live) = live
        && let Some(found) = same::plain_changes(desired, live, manager, schemas)
    {
        if found.is_empty() {
            return Outcome::Unchanged;
        }
        if options.is_plain() {
            return Outcome::Changed(found);
        }
    }
    predict(desired, live, manager, schemas, options).outcome
}

/// Returns both objects as they are once we own what the tools before us own; nothing where those own nothing.
fn taken_over(desired: &Value, live: &Value, manager: &str, options: &Options) -> Option<(Value, Value)> {
    let fields = managed::take_over(live, &options.take_over_from, manager).ok()??;
    let (mut desired, mut live) = (desired.clone(), live.clone());
    live.set_path(&["metadata", "managedFields"], fields);
    // It goes with the first apply, but that it is still there is nothing to apply for.
    let path = ["metadata", "annotations", managed::LAST_APPLIED];
    if let Some(last) = live.get_path(&path).cloned()
        && desired.get_path(&path).is_none()
    {
        desired.set_path(&path, last);
    }
    Some((desired, live))
}

/// Stands in for the server where that would choose: something changes, and only the server knows what to.
struct NoServer;

/// What stands for a value that the server would choose.
const CHOSEN: &str = "(chosen by the server)";

impl Chooser for NoServer {
    fn cluster_ip(&mut self, asked: Option<&str>) -> Result<Value, String> {
        Ok(Value::from(asked.unwrap_or(CHOSEN)))
    }
    fn node_port(&mut self) -> Result<Value, String> {
        Ok(Value::from(CHOSEN))
    }
    fn suffix(&mut self) -> Str {
        Str::new()
    }
    fn now(&self) -> Str {
        Str::new()
    }
    fn priority(&self, _: &str) -> Option<(i64, Str)> {
        None
    }
}

fn text<'v>(object: &'v Value, key: &str) -> &'v str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// What the server alone writes, or what no reader minds.
fn strip_server_fields(object: &mut Value) {
    for key in ["managedFields", "resourceVersion", "generation", "selfLink"] {
        if object.get_path(&["metadata", key]).is_some() {
            object.remove_path(&["metadata", key]);
        }
    }
}

fn uncertain(reason: UncertainReason, live: &Value) -> Prediction {
    Prediction {
        outcome: Outcome::Uncertain(reason),
        normalized_live: Some(live.clone()),
        predicted_live: None,
    }
}

fn server_side(
    desired: &Value,
    live: &Value,
    manager: &str,
    schemas: &Schemas,
    options: &Options,
) -> Prediction {
    let (api_version, kind) = (text(desired, "apiVersion"), text(desired, "kind"));
    let Some(resource) = schemas.resource(api_version, kind) else {
        return uncertain(UncertainReason::UnknownSchema, live);
    };
    if text(live, "apiVersion") != api_version {
        return uncertain(UncertainReason::OtherVersion(text(live, "apiVersion").to_owned()), live);
    }
    if let Some(version) = other_built_in_version(live, api_version, schemas, resource.custom) {
        return uncertain(UncertainReason::OtherVersion(version), live);
    }
    let write = Write { manager, api_version, kind, subresource: "", force: true, now: "" };
    let placed = in_namespace_of(desired, live);
    let mut predicted = match managed::foresee(live, &placed, &write, schemas) {
        Ok(predicted) => predicted,
        Err(ApplyError::Typed(why)) if why.starts_with("failed to decode managed fields") => {
            return uncertain(UncertainReason::BrokenManagedFields(why), live);
        }
        Err(refused) => return uncertain(UncertainReason::Refused(refused.to_string()), live),
    };
    for key in ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"] {
        match live.get_path(&["metadata", key]) {
            Some(value) => {
                predicted.set_path(&["metadata", key], value.clone());
            }
            None => {
                predicted.remove_path(&["metadata", key]);
            }
        }
    }
    if kind == "Service"
        && !resource.custom
        && let Err(why) = strategy::update_service(&mut predicted, live, &mut NoServer)
    {
        return uncertain(UncertainReason::Refused(why.to_string()), live);
    }
    strategy::prepare_update(&mut predicted, live, "", schemas);
    let mut normalized = live.clone();
    if let Some((cut_live, cut_predicted)) = options.ignore.without_trusted(live, &predicted, schemas) {
        (normalized, predicted) = (cut_live, cut_predicted);
    }
    for object in [&mut normalized, &mut predicted] {
        strip_server_fields(object);
        options.ignore.normalize(object);
        known::reform(object, &options.known_type_fields, schemas);
        client::normalize_role(object, options.ignore_aggregated_roles);
    }
    let found = changes(&normalized, &predicted);
    Prediction {
        outcome: if found.is_empty() { Outcome::Unchanged } else { Outcome::Changed(found) },
        normalized_live: Some(normalized),
        predicted_live: Some(predicted),
    }
}

/// The URL says the namespace where the object does not.
fn in_namespace_of(desired: &Value, live: &Value) -> Value {
    let path = ["metadata", "namespace"];
    let mut placed = desired.clone();
    if placed.get_path(&path).and_then(Value::as_str).unwrap_or_default().is_empty()
        && let Some(namespace) = live.get_path(&path)
    {
        placed.set_path(&path, namespace.clone());
    }
    placed
}

/// Built-in kinds change their shape from version to version (autoscaling v1 and v2): who wrote in another one owns fields that are
/// not known here.
fn other_built_in_version(live: &Value, version: &str, schemas: &Schemas, custom: bool) -> Option<String> {
    if custom {
        return None;
    }
    let entries = live.get_path(&["metadata", "managedFields"]).and_then(Value::as_array).unwrap_or_default();
    entries.iter().map(|e| text(e, "apiVersion")).find_map(|other| {
        let kind = text(live, "kind");
        let served = other != version && schemas.resource(other, kind).is_some();
        let known = fairway_schema::versions::convert(&Value::Null, kind, version, other).is_some();
        (served && !known).then(|| other.to_owned())
    })
}

/// Whether a kind's status has an endpoint of its own, so that applying a status changes nothing.
pub(crate) fn status_is_apart(subresources: &[Subresource]) -> bool {
    subresources.iter().any(|s| s.name == "status")
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_schema::request::{FieldValidation, Request, Verb, write};
    use fairway_value::from_json;
    use proptest::prelude::*;

    fn deployment(replicas: Option<i64>, image: &str, env: &[String], cpu: Option<&str>) -> Value {
        let mut object = from_json(
            br#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","namespace":"n","labels":{"a":"b"}},
            "spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":
            [{"name":"c","ports":[{"containerPort":80}]}]}}}}"#,
        )
        .unwrap();
        if let Some(replicas) = replicas {
            object.set_path(&["spec", "replicas"], replicas);
        }
        let containers = object.get_path_mut(&["spec", "template", "spec", "containers"]).unwrap();
        let container = &mut containers.as_array_mut().unwrap().make_mut()[0];
        container.set_path(&["image"], image);
        if let Some(cpu) = cpu {
            container.set_path(&["resources", "limits", "cpu"], cpu);
        }
        let variable = |n: &String| -> Value {
            [("name", Value::from(n.as_str())), ("value", Value::from("1"))].into_iter().collect()
        };
        if !env.is_empty() {
            container.set_path(&["env"], env.iter().map(variable).collect::<Value>());
        }
        object
    }

    /// What the server stores.
    fn applied(live: Option<&Value>, desired: &Value) -> Value {
        let schemas = Schemas::builtin();
        let request = Request {
            verb: Verb::Apply { force: true },
            resource: schemas.resource(text(desired, "apiVersion"), text(desired, "kind")).unwrap(),
            subresource: "",
            manager: "fairway",
            namespace: "n",
            name: "d",
            body: desired,
            field_validation: FieldValidation::Warn,
            now: "2024-01-01T00:00:00Z",
            uid: "u",
        };
        write(live, &request, schemas, &mut NoServer).unwrap().object
    }

    fn any_deployment() -> impl Strategy<Value = Value> {
        let env = prop::collection::btree_set("[A-D]", 0..3).prop_map(|s| s.into_iter().collect::<Vec<_>>());
        let cpu = prop::option::of(prop::sample::select(vec!["1", "1000m", "0.5"]));
        (prop::option::of(0_i64..5), "nginx(:1)?", env.prop_shuffle(), cpu)
            .prop_map(|(replicas, image, env, cpu)| deployment(replicas, &image, &env, cpu))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]

        #[test]
        fn after_an_apply_nothing_would_change(first in any_deployment(), second in any_deployment()) {
            let options = Options::default();
            let live = applied(Some(&applied(None, &first)), &second);
            let verdict = |desired: &Value| outcome(desired, Some(&live), "fairway", Schemas::builtin(), &options);
            prop_assert_eq!(verdict(&second), Outcome::Unchanged);
            let full = predict(&second, Some(&live), "fairway", Schemas::builtin(), &options).outcome;
            prop_assert_eq!(full, Outcome::Unchanged);
        }

        #[test]
        fn a_prediction_is_what_the_apply_makes(first in any_deployment(), second in any_deployment()) {
            let live = applied(None, &first);
            let predicted = predict(&second, Some(&live), "fairway", Schemas::builtin(), &Options::default());
            let mut after = applied(Some(&live), &second);
            strip_server_fields(&mut after);
            prop_assert_eq!(predicted.predicted_live, Some(after));
            let quick = outcome(&second, Some(&live), "fairway", Schemas::builtin(), &Options::default());
            prop_assert_eq!(quick, predicted.outcome);
        }
    }

    #[test]
    fn the_quick_way_sees_a_changed_field_and_a_lost_owner() {
        let desired = deployment(Some(2), "nginx:1", &["A".to_owned()], None);
        let live = applied(None, &desired);
        let schemas = Schemas::builtin();
        let quick = |desired: &Value, live: &Value, manager: &str| {
            let found = same::plain_changes(desired, live, manager, schemas)?;
            Some(found.iter().map(|c| c.path.to_string()).collect::<Vec<_>>())
        };
        assert_eq!(quick(&desired, &live, "fairway"), Some(Vec::new()));
        assert_eq!(quick(&desired, &live, "other"), None);
        let mut scaled = live.clone();
        scaled.set_path(&["spec", "replicas"], 3_i64);
        assert_eq!(quick(&desired, &scaled, "fairway"), Some(vec!["/spec/replicas".to_owned()]));
        let fewer = deployment(None, "nginx:1", &["A".to_owned()], None);
        assert_eq!(quick(&fewer, &live, "fairway"), None);
    }

    /// Objects with parts that are replaced as a whole, and in them what may be said or left out.
    const REPLACED: [&str; 4] = [
        r#"{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"d","namespace":"n"},"spec":{
           "podSelector":{"matchExpressions":[{"key":"app","operator":"Exists"}]},"policyTypes":["Ingress","Egress"],
           "ingress":[{"from":[{"namespaceSelector":{},"podSelector":{}}],"ports":[{"endPort":90,"port":80,"protocol":"TCP"}]}],
           "egress":[{"to":[{"namespaceSelector":{},"podSelector":{"matchLabels":{"a":"b"}}}],"ports":[{"port":"http"}]}]}}"#,
        r#"{"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","metadata":{"name":"d","namespace":"n"},"spec":{
           "maxReplicas":3,"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"d"},"metrics":[{"type":"Pods","pods":{
           "metric":{"name":"m","selector":{}},"target":{"type":"AverageValue","averageValue":"1"}}}]}}"#,
        r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","namespace":"n"},"spec":{"selector":{"matchLabels":{
           "a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i","envFrom":[{
           "configMapRef":{"name":"x"}},{"prefix":"P","secretRef":{"name":"y"}}],"securityContext":{"capabilities":{"add":["A"]}}}],
           "securityContext":{},"volumes":[{"name":"v","emptyDir":{}}],"affinity":{"podAntiAffinity":{
           "requiredDuringSchedulingIgnoredDuringExecution":[{"topologyKey":"k","labelSelector":{},"namespaceSelector":{}}]}},
           "tolerations":[{"key":"k","operator":"Exists"}]}}}}"#,
        r#"{"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{"name":"d","namespace":"n"},"spec":{"tls":[{"hosts":["h"]}],
           "rules":[{"host":"h","http":{"paths":[{"path":"/","pathType":"Prefix","backend":{"service":{"name":"s","port":{
           "number":80}}}}]}}]}}"#,
    ];

    fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
        let mut below = |key: &str, inner: &Value| {
            let path = format!("{at}/{key}");
            found.push(path.clone());
            pointers(inner, &path, found);
        };
        match value {
            Value::Object(map) => map.iter().for_each(|(key, inner)| below(key, inner)),
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(n, inner)| below(&n.to_string(), inner))
            }
            _ => {}
        }
    }

    fn without(value: &Value, pointer: &str) -> Value {
        let patch = format!(r#"[{{"op":"remove","path":"{pointer}"}}]"#);
        fairway_schema::merge::json_patch(value, &from_json(patch.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn what_is_left_out_anywhere_is_seen_by_the_quick_way_too() {
        let schemas = Schemas::builtin();
        let options = Options { mode: Mode::ServerSide, ..Options::default() };
        let mut unchanged = 0;
        for whole in REPLACED {
            let whole = from_json(whole.as_bytes()).unwrap();
            let live = applied(None, &whole);
            let mut all = Vec::new();
            pointers(&whole, "", &mut all);
            for pointer in all.iter().filter(|p| p.starts_with("/spec/")) {
                let desired = without(&whole, pointer);
                let quick = outcome(&desired, Some(&live), "fairway", schemas, &options);
                let long = predict(&desired, Some(&live), "fairway", schemas, &options).outcome;
                unchanged += usize::from(quick == Outcome::Unchanged);
                assert_eq!(quick, long, "without {pointer} in {whole}");
            }
        }
        assert!(unchanged > 0, "what is said as the server fills it in may be left out");
    }

    /// What a former manager stores by an update, with the annotation that its apply leaves.
    fn updated_by(manager: &str, desired: &Value) -> Value {
        let mut body = desired.clone();
        body.set_path(&["metadata", "annotations", managed::LAST_APPLIED], "{}");
        let schemas = Schemas::builtin();
        let request = Request {
            verb: Verb::Create,
            resource: schemas.resource("apps/v1", "Deployment").unwrap(),
            subresource: "",
            manager,
            namespace: "n",
            name: "d",
            body: &body,
            field_validation: FieldValidation::Warn,
            now: "2024-01-01T00:00:00Z",
            uid: "u",
        };
        write(None, &request, schemas, &mut NoServer).unwrap().object
    }

    #[test]
    fn what_a_former_manager_wrote_counts_as_ours_and_is_by_itself_no_difference() {
        let before = deployment(Some(2), "nginx:1", &["A".to_owned()], None);
        let after = deployment(Some(2), "nginx:1", &[], None);
        let live = updated_by("argocd-controller", &before);
        let verdict = |desired: &Value, from: &[&str]| {
            let take_over_from = from.iter().map(|f| Str::from(*f)).collect();
            let options = Options { take_over_from, ..Options::default() };
            outcome(desired, Some(&live), "fairway", Schemas::builtin(), &options)
        };
        assert_eq!(verdict(&before, &["argocd-controller"]), Outcome::Unchanged);
        assert!(matches!(verdict(&after, &["argocd-controller"]), Outcome::Changed(_)));
        assert_eq!(verdict(&after, &["somebody"]), Outcome::Unchanged);
    }
}
