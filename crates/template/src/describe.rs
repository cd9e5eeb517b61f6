//! Words for the values that errors show: short, and silent about what may be a secret.

use crate::Value;
use fairway_value::Str;

/// Characters of a text that are shown: enough to know it again.
const TEXT_CHARS_MAX: usize = 60;
/// Names in a row that are shown.
const NAMES_SHOWN_MAX: usize = 12;
/// Names that are compared with a misspelt one.
const NAMES_MAX: usize = 4096;

/// What names of secrets have in them, without dashes and underscores.
const SECRET_WORDS: [&str; 11] = [
    "pass",
    "pwd",
    "secret",
    "token",
    "cred",
    "private",
    "apikey",
    "accesskey",
    "dsn",
    "connectionstring",
    "salt",
];

/// Whether a name or path is one that secrets have, such as `.Values.db.password`. What it names is not shown.
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    let plain: String =
        name.chars().filter(|c| !matches!(c, '-' | '_')).map(|c| c.to_ascii_lowercase()).collect();
    SECRET_WORDS.iter().any(|word| plain.contains(word))
}

/// Whether a text says, as a template or as YAML, that it makes a Secret.
#[must_use]
pub fn makes_secret(text: &str) -> bool {
    text.match_indices("kind:")
        .any(|(at, word)| text[at + word.len()..].lines().next().is_some_and(|rest| rest.contains("Secret")))
}

/// Describes a value; with `hide` no more than its kind and size.
pub(crate) fn describe(value: &Value, hide: bool) -> String {
    match value {
        Value::Nil | Value::Missing => "nil".to_owned(),
        Value::Map(map) if map.is_empty() => "an empty map".to_owned(),
        Value::Map(map) => format!("a map with the {}", keys(&map.keys())),
        Value::List(list) => match list.len() {
            0 => "an empty list".to_owned(),
            1 => "a list of one item".to_owned(),
            n => format!("a list of {n} items"),
        },
        Value::Object(_) => format!("a {}", value.go_type()),
        _ if hide => {
            let size = value.as_bytes().map(|b| format!(" of {} bytes", b.len())).unwrap_or_default();
            format!("a {}{size}, not shown", value.go_type())
        }
        _ => match value.as_str() {
            Some(text) => format!("{} ({})", quoted(&text), value.go_type()),
            None => format!("{} ({})", crate::fmt::sprint_v(value), value.go_type()),
        },
    }
}

/// Lists the keys of a map.
pub(crate) fn keys(keys: &[Str]) -> String {
    let word = if keys.len() == 1 { "key" } else { "keys" };
    format!("{word} {}", listed(keys))
}

/// Lists names, the first ones of many.
pub(crate) fn listed(names: &[Str]) -> String {
    let short = |name: &Str| name.chars().take(TEXT_CHARS_MAX).collect::<String>();
    let shown = names.iter().take(NAMES_SHOWN_MAX).map(short).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMES_SHOWN_MAX) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn quoted(text: &str) -> String {
    let short: String = text.chars().take(TEXT_CHARS_MAX).collect();
    let quoted = crate::fmt::quote(&short);
    if short.len() == text.len() { quoted } else { format!("{quoted}… of {} bytes", text.len()) }
}

/// Returns the name that a misspelt one most likely means.
pub(crate) fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Two slips in a long name, one in a short one; a single letter may mean anything.
    let most = match wanted.chars().count() {
        0 | 1 => return None,
        2..=4 => 1,
        _ => 2,
    };
    names
        .into_iter()
        .take(NAMES_MAX)
        .filter(|name| *name != wanted)
        .filter_map(|name| slips(wanted, name, most).map(|n| (n, name)))
        .min()
        .map(|(_, name)| name)
}

/// Counts the letters to change, add, leave out or swap with the next; nothing above `most`.
fn slips(a: &str, b: &str, most: usize) -> Option<usize> {
    let (a, b): (Vec<char>, Vec<char>) =
        (a.to_lowercase().chars().collect(), b.to_lowercase().chars().collect());
    if a.len().abs_diff(b.len()) > most || a.len().max(b.len()) > 256 {
        return None;
    }
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let same = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1).min(row[j - 1] + 1).min(rows[i - 1][j - 1] + same);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows.last().and_then(|row| row.last()).copied().filter(|n| *n <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_named_with_their_type_and_cut() {
        for (value, expect) in [
            (Value::Float(3.0), "3 (float64)"),
            ("x".into(), "\"x\" (string)"),
            (Value::Nil, "nil"),
            (vec![Value::Nil, Value::Nil].into(), "a list of 2 items"),
        ] {
            assert_eq!(describe(&value, false), expect);
        }
        assert!(describe(&"x".repeat(1000).into(), false).len() < 120);
        assert_eq!(describe(&"hunter2".into(), true), "a string of 7 bytes, not shown");
    }

    #[test]
    fn secrets_are_known_by_their_names() {
        for name in [".Values.db.adminPassword", "api-key", "API_KEY", "clientSecret"] {
            assert!(is_secret_name(name), "{name}");
        }
        assert!(!is_secret_name(".Values.image.tag"));
        assert!(makes_secret("a: 1\nkind: \"Secret\""));
        assert!(!makes_secret("kind: ConfigMap\nname: Secret"));
    }

    #[test]
    fn misspelt_names_find_the_one_that_was_meant() {
        assert_eq!(nearest("hots", ["host", "port"]), Some("host"));
        assert_eq!(nearest("db", ["dbs", "x"]), Some("dbs"));
        assert_eq!(nearest("x", ["y"]), None);
        assert_eq!(nearest("replicas", ["image", "tag"]), None);
        assert_eq!(nearest("Image", ["image"]), Some("image"));
    }
}
