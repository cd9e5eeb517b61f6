//! What makes resources: ConfigMaps, Secrets, charts, IAM policies.

mod chart;
mod key_values;
mod objects;

pub use chart::inflate;
pub use objects::{config_map, encode, iam_policy, secret};
