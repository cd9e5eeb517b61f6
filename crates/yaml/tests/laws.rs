//! Laws that hold for every tree and every text.

use fairway_value::Value;
use fairway_yaml::{Style, parse, parse_with, to_string, to_string_with};
use proptest::prelude::*;

/// Strings made of what YAML gives a meaning to.
fn text() -> impl Strategy<Value = String> {
    let atoms = prop::sample::select(vec![
        "a",
        "word ",
        "yes",
        "~",
        "1",
        "0x1f",
        "1e3",
        ".5",
        "1:30",
        "2020-01-01",
        "- ",
        ": ",
        " #",
        "'",
        "\"",
        "\n",
        "\n\n",
        " ",
        "\t",
        "[",
        "{",
        ",",
        "&",
        "*",
        "!",
        "|",
        ">",
        "%",
        "@",
        "---",
        "<<",
        "é",
        "\u{2028}",
        "日本",
        "\u{1f600}",
        "\r",
        "\u{7}",
        "a somewhat longer run of words that makes folding happen more often ",
    ]);
    prop::collection::vec(atoms, 0..8).prop_map(|parts| parts.concat())
}

fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i32>().prop_map(|n| Value::Float(f64::from(n) + 0.5)),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            // Go writes the key `<<` without quotes, and so reads a merge key back.
            prop::collection::vec((text().prop_filter("no merge key", |k| k != "<<"), inner), 0..5)
                .prop_map(Value::from_iter),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn what_is_written_reads_back(value in tree()) {
        let text = to_string(&value);
        prop_assert_eq!(parse(&text), Ok(value.clone()), "{}", text);
        // go-yaml v3 itself writes literals that start with a tab and cannot read them back.
        prop_assume!(!text.contains("\\t"));
        let text = to_string_with(&value, Style::PRETTY);
        let options = fairway_yaml::Options::v3();
        prop_assert_eq!(parse_with(&text, &options), Ok(value), "{}", text);
    }

    #[test]
    fn any_text_is_read_or_refused(text in text()) {
        if let Err(error) = parse(&text) {
            prop_assert!(!error.message.is_empty());
        }
    }
}
