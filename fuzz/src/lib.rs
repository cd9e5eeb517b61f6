//! What the targets share: limits that end every run in well under a second, and folders out of one text.

use fairway_core::MemoryTree;
use fairway_template::Limits;

/// Limits for templates. Ending at one is an error, which is fine; a panic, a hang or memory without end is a finding.
pub fn limits() -> Limits {
    Limits { steps_max: 200_000, output_bytes_max: 1 << 20, memory_bytes_max: 32 << 20, ..Limits::default() }
}

/// Reads a folder: a line `=== PATH` begins a file.
pub fn folder(text: &str) -> MemoryTree {
    let mut tree = MemoryTree::default();
    for part in text.split("=== ").skip(1) {
        let (path, body) = part.split_once('\n').unwrap_or((part, ""));
        // A path that leaves the folder is refused, and that is all.
        let _ = tree.insert(path, body);
    }
    tree
}
