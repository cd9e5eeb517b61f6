//! YAML as Go's sigs.k8s.io/yaml reads and writes it, with limits.
//!
//! ```text
//! text ──► events (libyaml's rules) ──► compose (anchors, merge keys, limits) ──► resolve (Go's tables) ──► Value
//! Value ──► resolve each string as Go would read it back ──► emit (libyaml's layout rules) ──► text
//! ```
//!
//! The text always passes for what Kubernetes' Go tools see: the tree is what `YAMLToJSON` would hand on, so keys are
//! strings and a float without a fraction is an integer.
//!
//! This crate knows no Kubernetes kinds, no files and no templates.

mod base64;
mod block;
mod bytes;
mod compose;
mod emit;
mod error;
mod key_order;
mod mapping;
mod number;
mod octets;
mod options;
mod outline;
mod parse;
mod resolve;
mod scalar;
mod scan;
mod timestamp;
mod writer;

pub use emit::{Style, to_string, to_string_with, write_to};
pub use error::{EXCERPT_CHARS_MAX, Error};
pub use number::{format_g, format_g32};
pub use octets::{lossy_text, octets_fault};
pub use options::{Dialect, DuplicateKeys, Limits, Options};
pub use outline::{RawScalar, Step, line_of, visit_scalars};
pub use parse::{
    Document, parse, parse_documents, parse_documents_in_full, parse_documents_with, parse_strict, parse_with,
};
