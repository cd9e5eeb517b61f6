//! Rules of a CRD in CEL (`x-kubernetes-validations`): read once with the CRD, evaluated on every write, for no more
//! than a request may cost.
//!
//! Source: apiextensions-apiserver 1.36 `pkg/apiserver/schema/cel`. A rule that asks for a function which is not known here forbids
//! nothing.

/// Deepest schema whose rules are read.
const DEPTH_MAX: usize = 64;

mod budget;
mod compile;
pub(in super::super) mod definition;
mod run;
mod shape;
mod unordered;
mod values;

pub(crate) use compile::Rules;
pub(super) use run::{check, check_part};
