//! Patches: strategic merge patches, JSON merge patches (RFC 7396) and JSON patches (RFC 6902), applied and made.
//!
//! Source: apimachinery 0.36 `util/strategicpatch`, `util/jsonmergepatch`; evanphx/json-patch v4 as the API server uses it.

mod json_patch;
mod order;
mod strategic;
mod three_way;

pub use json_patch::json_patch;
pub use strategic::{MergeError, json_merge, strategic};
pub use three_way::{json_three_way, json_two_way, three_way, two_way};
