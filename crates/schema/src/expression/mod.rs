//! Expressions in CEL as Kubernetes has them: the language, the extensions for texts, lists, sets and optional values, and the
//! libraries that Kubernetes adds (quantities, addresses, URLs, versions, formats, patterns).
//!
//! ```text
//! text ─► compile (bounds, parser, macros) ─► Program ─► run in ENV
//!                                    └─► check (types, as far as they are told) ─┬► cost (what running it takes at most)
//!                                                                                └► run (what it gives, and what it took)
//! ```
//!
//! Source: apiserver 0.36 `pkg/cel/environment/base.go` and `pkg/cel/library`.

mod check;
mod compile;
mod cost;
mod library;
mod run;
mod shape;

pub(crate) use check::{Fields, Kind, check};
use compile::issue;
pub use compile::{Bounds, ENV, compile};
pub(crate) use cost::most as cost;
use library::{ENTRY, MERGED, PAIR, PAIRS};
pub(crate) use library::{Moment, Span};
pub(crate) use run::{Names, Plan, Ran, SharedList, SharedMap, Stop, run};
use shape::OPTIONAL_TARGET;

/// Words of the language that nothing may be called by.
pub(crate) const RESERVED: [&str; 21] = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];
