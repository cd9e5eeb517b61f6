//! Rules of a CRD in CEL (`x-kubernetes-validations`): read once with the CRD, evaluated on every write.
//!
//! Source: apiextensions-apiserver 1.36 `pkg/apiserver/schema/cel`. Not here, because the library of the language lacks it: types
//! checked when a rule is compiled, and the functions that Kubernetes adds (quantities, addresses, URLs, formats). A rule that
//! needs one of these forbids nothing.

mod compile;
mod run;
mod values;

pub(crate) use compile::Rules;
pub(super) use run::check;
