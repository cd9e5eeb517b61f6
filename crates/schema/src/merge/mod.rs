//! Strategic merge patches: applying them and making them.

mod strategic;
mod three_way;

pub use strategic::{MergeError, json_merge, strategic};
pub use three_way::{json_three_way, json_two_way, three_way, two_way};
