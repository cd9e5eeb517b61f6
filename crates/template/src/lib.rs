//! Go text/template, Sprig and the functions that Helm gives charts: a compiler and a VM.
//!
//! ```text
//! text ──lexer──► tokens ──parser──► tree ──compiler──► Program ─┐
//!                                                                ├─ Templates ──VM──► text
//! Functions (Go's own, Sprig, the caller's) ─────────────────────┘      ▲
//!                                             data: Value ──────────────┘
//! ```
//!
//! [`Templates`] holds named templates that can call each other; [`Templates::execute`] runs one of them on a
//! [`Value`], which carries Go's types. A [`Functions`] registry says what can be called. What a template asks of the
//! world, the time and random bytes, comes through [`Clock`] and [`Random`]; every run is held by [`Limits`].
//!
//! This crate knows no charts, no Kubernetes and no file system.

mod compile;
mod describe;
mod error;
mod expressions;
pub mod fmt;
pub mod functions;
pub mod go;
mod json;
mod limits;
mod parse;
mod ports;
mod program;
mod re2;
pub mod semver;
mod set;
mod sprig;
mod time;
mod toml;
mod trace;
mod url;
pub mod value;
mod vm;
mod x509;

pub use describe::{is_secret_name, makes_secret};
pub use error::{Error, ErrorKind};
pub use functions::{Body, CallError, Context, Function, Functions, RenderCall, RenderSource, Signature};
pub use limits::Limits;
pub use ports::{Clock, FixedClock, Lookup, Ports, Random, SeededRandom, Wanted};
pub use set::{MissingKey, Run, Templates, Traced};
pub use sprig::SumsAhead;
pub use trace::{Call, Excerpt, Trace};
pub use value::{List, Map, Object, Struct, Value};
