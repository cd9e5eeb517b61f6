//! Kustomizations: a folder is built, and what was built is written.

use super::folder;
use fairway_kustomize::{BuildOptions, build};

/// Takes one input.
pub fn kustomize(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(built) = build(&folder(text), "", &BuildOptions::default()) {
        let yaml = built.yaml();
        assert!(fairway_yaml::parse_documents_with(&yaml, &fairway_yaml::Options::v3()).is_ok(), "{yaml}");
        let _ = built.files();
    }
}
