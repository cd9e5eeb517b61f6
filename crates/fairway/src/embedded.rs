//! The example repositories, embedded by the build.

use fairway_core::{MemoryTree, TreeError};

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// The address by which the example names its own server; replaced by the real one.
const EXAMPLE_ADDRESS: &str = "http://127.0.0.1:8081";

/// Returns an embedded folder with the Git server's real address in it.
pub fn tree(files: &[(&str, &[u8])], git_url: &str) -> Result<MemoryTree, TreeError> {
    MemoryTree::new(files.iter().map(|(path, bytes)| {
        let bytes = match std::str::from_utf8(bytes) {
            Ok(text) => text.replace(EXAMPLE_ADDRESS, git_url).into_bytes(),
            Err(_) => bytes.to_vec(),
        };
        (*path, bytes)
    }))
}
