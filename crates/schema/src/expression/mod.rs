//! Expressions in CEL as Kubernetes has them: the language, the extensions for texts, lists, sets and optional values, and the
//! libraries that Kubernetes adds (quantities, addresses, URLs, versions, formats, patterns).
//!
//! ```text
//! text ─► compile (bounds, parser, macros) ─► Program ─► run in ENV
//!                                    └─► check (types, as far as they are told)
//! ```
//!
//! Source: apiserver 0.36 `pkg/cel/environment/base.go` and `pkg/cel/library`.

mod check;
mod compile;
mod library;

pub(crate) use check::{Fields, Kind, check};
use compile::issue;
pub use compile::{Bounds, ENV, compile};
pub(crate) use library::{Moment, Span};
use library::{PAIR, PAIRS};
