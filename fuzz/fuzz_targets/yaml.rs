//! YAML as Helm and as kustomize read it: what is read can be written, and reads back to the same text.
#![no_main]

use fairway_yaml::{Options, Style, parse_documents_with, parse_with, to_string_with, visit_scalars};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for (options, style) in [(Options::default(), Style::SIGS), (Options::v3(), Style::KYAML)] {
        let Ok(documents) = parse_documents_with(text, &options) else { continue };
        for document in documents {
            let written = to_string_with(&document.value, style);
            match parse_with(&written, &options) {
                Ok(again) => {
                    let rewritten = to_string_with(&again, style);
                    assert_eq!(written, rewritten, "from {text:?}");
                }
                Err(e) => panic!("what was written is not read: {e}: {written:?} from {text:?}"),
            }
        }
    }
    let _ = visit_scalars(text, &Options::default().limits, |_| ());
});
