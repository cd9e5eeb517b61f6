//! Kustomizations: a folder is built, and what was built is written.
#![no_main]

use fairway_fuzz::folder;
use fairway_kustomize::{BuildOptions, build};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(built) = build(&folder(text), "", &BuildOptions::default()) {
        let yaml = built.yaml();
        assert!(fairway_yaml::parse_documents_with(&yaml, &fairway_yaml::Options::v3()).is_ok(), "{yaml}");
        let _ = built.files();
    }
});
