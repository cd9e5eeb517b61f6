use crate::compare::changes;
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
    /// As Argo CD's client-side diff: three-way with the last-applied annotation, else two-way.
    ClientSide,
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
        Mode::ServerSide => server_side(desired, live, manager, schemas, options),
        Mode::ClientSide => client::three_way(desired, live, schemas, options),
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
        && same::surely_unchanged(desired, live, manager, schemas)
    {
        return Outcome::Unchanged;
    }
    predict(desired, live, manager, schemas, options).outcome
}

/// Chooses nothing: what only a server can choose makes a prediction uncertain.
struct NoServer;

const NO_SERVER: &str = "a value that only the server can choose";

impl Chooser for NoServer {
    fn cluster_ip(&mut self, _: Option<&str>) -> Result<Value, String> {
        Err(NO_SERVER.to_owned())
    }
    fn node_port(&mut self) -> Result<Value, String> {
        Err(NO_SERVER.to_owned())
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
    let mut predicted = match managed::apply(Some(live), desired, &write, schemas) {
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
        return uncertain(UncertainReason::ServerChooses(why), live);
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

/// Built-in kinds change their shape from version to version (autoscaling v1 and v2): who wrote in another one owns fields that are
/// not known here.
fn other_built_in_version(live: &Value, version: &str, schemas: &Schemas, custom: bool) -> Option<String> {
    if custom {
        return None;
    }
    let entries = live.get_path(&["metadata", "managedFields"]).and_then(Value::as_array).unwrap_or_default();
    entries.iter().map(|e| text(e, "apiVersion")).find_map(|other| {
        let served = other != version && schemas.resource(other, text(live, "kind")).is_some();
        served.then(|| other.to_owned())
    })
}

/// Whether a kind's status has an endpoint of its own, so that applying a status changes nothing.
pub(crate) fn status_is_apart(subresources: &[Subresource]) -> bool {
    subresources.iter().any(|s| s.name == "status")
}
