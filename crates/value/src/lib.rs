//! The compact tree that every manifest is held in.
//!
//! ```text
//! YAML / JSON text ──► Value ──► renderers, diff, apply ──► JSON / YAML text
//! ```
//!
//! A [`Value`] is cheap to clone (arrays, maps and strings share their storage until written to), and its maps are
//! ordered by key bytes, as Go's `encoding/json` writes them. Integers and floats stay apart.
//!
//! This crate knows no YAML, no Kubernetes and no templates.

mod display;
mod json;
mod map;
mod packed;
mod pointer;
mod serde_impl;
mod value;

pub use display::{format_float, format_float_g};
pub use json::{HtmlEscape, JsonError, from_json, to_json, to_json_pretty, write_json};
pub use map::Map;
pub use packed::{Dictionary, Packed};
pub use pointer::{escape_pointer_token, parse_pointer, push_pointer_token};
pub use value::{Array, Str, Value};

/// Deepest nesting of arrays and maps that is read: deeper input is refused before a stack can overflow.
pub const DEPTH_MAX: usize = 512;
