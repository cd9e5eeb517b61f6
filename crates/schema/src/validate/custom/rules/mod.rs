//! Rules of a CRD in CEL (`x-kubernetes-validations`): read once with the CRD, evaluated on every write.
//!
//! Source: apiextensions-apiserver 1.36 `pkg/apiserver/schema/cel`. A rule that asks for a function which is not known here forbids
//! nothing.

mod budget;
mod compile;
pub(in super::super) mod definition;
mod run;
mod shape;
mod values;

pub(crate) use compile::Rules;
pub(super) use run::{check, check_part};
