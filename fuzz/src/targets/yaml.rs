//! YAML as Helm and as kustomize read it: what is read can be written, and reads back to the same text.

use fairway_yaml::{
    Options, Style, parse_documents_in_full, parse_documents_with, parse_with, to_string_with, visit_scalars,
};

/// Takes one input.
pub fn yaml(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for (options, style) in [(Options::default(), Style::SIGS), (Options::v3(), Style::KYAML)] {
        let read = parse_documents_with(text, &options);
        assert_eq!(read, parse_documents_in_full(text, &options), "the short way differs from {text:?}");
        let Ok(documents) = read else { continue };
        for document in documents {
            let written = to_string_with(&document.value, style);
            let again = parse_with(&written, &options);
            assert!(again.is_ok(), "what was written is not read: {again:?}: {written:?} from {text:?}");
            let rewritten = again.map(|value| to_string_with(&value, style));
            // As in Go, a float of -0 is written as that, which is read as the integer 0.
            if !written.contains("-0") {
                assert_eq!(rewritten.as_ref(), Ok(&written), "from {text:?}");
            }
        }
    }
    let _ = visit_scalars(text, &Options::default().limits, |_| ());
}
