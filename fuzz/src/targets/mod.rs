//! What takes an input of a fuzzer each, and what they share: limits that end every run in well under a second, and
//! folders out of one text.

mod archive;
mod chart;
mod kustomize;
mod kustomize_edit;
mod ownership;
mod semver;
mod set_values;
mod template;
mod yaml;

pub use archive::archive;
pub use chart::chart;
pub use kustomize::kustomize;
pub use kustomize_edit::kustomize_edit;
pub use ownership::ownership;
pub use semver::semver;
pub use set_values::set_values;
pub use template::template;
pub use yaml::yaml;

use fairway_core::MemoryTree;
use fairway_template::Limits;

/// A target by its name.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const ALL: [Target; 9] = [
    ("archive", archive),
    ("chart", chart),
    ("kustomize", kustomize),
    ("kustomize_edit", kustomize_edit),
    ("ownership", ownership),
    ("semver", semver),
    ("set_values", set_values),
    ("template", template),
    ("yaml", yaml),
];

/// Limits for templates. Ending at one is an error, which is fine; a panic, a hang or memory without end is a finding.
fn limits() -> Limits {
    Limits { steps_max: 200_000, output_bytes_max: 1 << 20, memory_bytes_max: 32 << 20, ..Limits::default() }
}

/// Reads a folder: a line `=== PATH` begins a file.
fn folder(text: &str) -> MemoryTree {
    let mut tree = MemoryTree::default();
    for part in text.split("=== ").skip(1) {
        let (path, body) = part.split_once('\n').unwrap_or((part, ""));
        // A path that leaves the folder is refused, and that is all.
        let _ = tree.insert(path, body);
    }
    tree
}
