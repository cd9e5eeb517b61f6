use crate::{IgnoreRules, Outcome, UncertainReason};
use fairway_schema::Schemas;
use fairway_value::{Str, Value};

/// How desired and live are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// As a forced server-side apply would change the live object.
    #[default]
    ServerSide,
    /// As Argo CD's client-side diff: three-way with the last-applied annotation, else two-way.
    ClientSide,
    /// As Argo CD's structured-merge diff.
    StructuredMerge,
}

/// How to compare.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The mode.
    pub mode: Mode,
    /// What is left out.
    pub ignore: IgnoreRules,
    /// Rules that roles aggregate from others do not count (`ignoreAggregatedRoles`).
    pub ignore_aggregated_roles: bool,
    /// Fields of custom kinds that hold well-known types: (`group/Kind`, pointer with `*` for lists, type), as
    /// `knownTypeFields` in Argo CD.
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

/// Predicts what applying `desired` as `manager` would do to `live` (nothing where it does not exist).
#[must_use]
pub fn predict(
    desired: &Value,
    live: Option<&Value>,
    manager: &str,
    schemas: &Schemas,
    options: &Options,
) -> Prediction {
    let _ = (desired, live, manager, schemas, options);
    Prediction {
        outcome: Outcome::Uncertain(UncertainReason::UnknownSchema),
        normalized_live: None,
        predicted_live: None,
    }
}
