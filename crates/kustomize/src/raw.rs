//! What a tree of values does not tell of the text that it was read from, where kustomize's results hang on it: how a
//! label's number was written, which `null`s are nothing at all, and which texts were folded.

use crate::resource::Written;
use fairway_value::{Map, Str, Value};
use fairway_yaml::{Error, Limits, Step, visit_scalars};
use std::collections::{HashMap, HashSet};

/// Most notes of one text: far more than hand-written manifests have.
const NOTES_MAX: usize = 100_000;

/// Notes on the documents of a text, by their index.
#[derive(Default)]
pub struct Notes {
    written: HashMap<usize, Written>,
    empty: HashMap<usize, Vec<Vec<Step>>>,
    folded: HashMap<usize, Vec<(Vec<Step>, Str)>>,
}

/// Whether there is anything to note: a `null`, or a label, an annotation or data that is no text.
pub fn is_wanted(value: &Value) -> bool {
    let maps = [value.get_path(&["metadata", "labels"]), value.get_path(&["metadata", "annotations"])];
    let maps = maps.into_iter().chain(["data", "binaryData", "stringData"].map(|field| value.get(field)));
    let is_plain = |v: &Value| matches!(v, Value::String(s) if !may_be_timestamp(s));
    let is_odd = |map: &Map| map.values().any(|v| !is_plain(v));
    maps.flatten().filter_map(Value::as_object).any(is_odd) || has_null(value)
}

/// Whether a text may be what a timestamp has become: its own text is then another.
pub fn may_be_timestamp(text: &str) -> bool {
    matches!(text.as_bytes(), [a, b, c, d, b'-', ..] if [a, b, c, d].iter().all(|c| c.is_ascii_digit()))
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.iter().any(has_null),
        Value::Object(map) => map.values().any(has_null),
        _ => false,
    }
}

/// Whether a text may hold a number that JSON has no word for.
pub fn may_be_infinite(text: &str) -> bool {
    [".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"].iter().any(|word| text.contains(word))
}

/// Returns a number that JSON has no word for.
pub fn infinity(value: &Value) -> Option<f64> {
    match value {
        Value::Float(f) if !f.is_finite() => Some(*f),
        Value::Array(list) => list.iter().find_map(infinity),
        Value::Object(map) => map.values().find_map(infinity),
        _ => None,
    }
}

/// Whether a line of the text may end in the sign of a folded scalar.
pub fn may_be_folded(text: &str) -> bool {
    let is_sign = |at: usize| {
        let before = text[..at].ends_with([' ', '\t']);
        let rest = text[at + 1..].trim_start_matches(|c: char| matches!(c, '+' | '-' | '1'..='9'));
        before && rest.trim_start_matches([' ', '\t', '\r']).starts_with(['\n', '#'])
    };
    text.match_indices('>').any(|(at, _)| is_sign(at))
}

/// Reads the notes.
///
/// # Errors
/// Malformed YAML.
pub fn read(text: &str) -> Result<Notes, Error> {
    let mut notes = Notes::default();
    let mut count = 0;
    let mut lines = text.split('\n').enumerate();
    let mut line = (0, "");
    visit_scalars(text, &Limits::default(), |scalar| {
        if count >= NOTES_MAX {
            return;
        }
        if !scalar.plain {
            // Scalars come in the order of the text.
            if scalar.text.contains('\n') {
                while line.0 < scalar.line {
                    let Some((n, next)) = lines.next() else { return };
                    line = (n + 1, next);
                }
                if line.1.chars().nth(scalar.column - 1) == Some('>')
                    && let Some(again) = folded_again(scalar.text)
                {
                    count += 1;
                    let list = notes.folded.entry(scalar.document).or_default();
                    list.push((scalar.path.to_vec(), again.into()));
                }
            }
            return;
        }
        if scalar.text.is_empty() {
            count += 1;
            notes.empty.entry(scalar.document).or_default().push(scalar.path.to_vec());
        }
        let steps: Vec<&str> = scalar
            .path
            .iter()
            .take(4)
            .map(|s| match s {
                Step::Key(key) => key.as_str(),
                Step::Item(_) => "",
            })
            .collect();
        let (field, key): (fn(&mut Written) -> &mut _, _) = match steps[..] {
            ["metadata", "labels", key] => (|w| &mut w.labels, key),
            ["metadata", "annotations", key] => (|w| &mut w.annotations, key),
            ["data" | "binaryData", key] => (|w| &mut w.data, key),
            ["stringData", key] => (|w| &mut w.string_data, key),
            _ => return,
        };
        count += 1;
        field(notes.written.entry(scalar.document).or_default()).insert(key.into(), scalar.text.into());
    })?;
    Ok(notes)
}

/// Returns the plain scalar at a path of a document.
pub fn plain_text(text: &str, document: usize, path: &[Step]) -> Option<Str> {
    let mut out = None;
    let read = visit_scalars(text, &Limits::default(), |scalar| {
        if scalar.plain && scalar.document == document && scalar.path == path {
            out = Some(Str::from(scalar.text));
        }
    });
    read.ok().and(out)
}

/// Returns the texts that stand in quotes, or are blocks of lines.
pub fn quoted_texts(text: &str) -> HashSet<Str> {
    let mut out = HashSet::new();
    // The text has been read before, so that there is nothing to report.
    let _ = visit_scalars(text, &Limits::default(), |scalar| {
        if !scalar.plain && out.len() < NOTES_MAX {
            out.insert(scalar.text.into());
        }
    });
    out
}

impl Notes {
    /// Returns labels, annotations and data of a document as they were written.
    pub fn take_written(&mut self, document: usize) -> Written {
        self.written.remove(&document).unwrap_or_default()
    }

    /// Returns the places of a document where nothing stands.
    pub fn take_empty(&mut self, document: usize) -> Vec<Vec<Step>> {
        self.empty.remove(&document).unwrap_or_default()
    }

    /// Puts the folded texts of a document in as they are when Go's library has written and read them once more.
    /// Annotations are not among them: kustomize writes those anew, unfolded.
    pub fn write_folded(&mut self, document: usize, value: &mut Value) {
        for (path, text) in self.folded.remove(&document).unwrap_or_default() {
            if matches!(&path[..], [Step::Key(m), Step::Key(a), _] if m == "metadata" && a == "annotations") {
                continue;
            }
            let mut at = Some(&mut *value);
            for step in &path {
                at = match (step, at) {
                    (Step::Key(key), Some(Value::Object(map))) => map.get_mut(key),
                    (Step::Item(n), Some(Value::Array(list))) => list.make_mut().get_mut(*n),
                    _ => None,
                };
            }
            if let Some(field @ Value::String(_)) = at {
                *field = Value::String(text);
            }
        }
    }
}

/// Whether go-yaml writes a text as a block at all: not with spaces at the end of a line, nor with what is not printed.
pub fn is_block(text: &str) -> bool {
    let is_special = |c: char| c.is_control() && !matches!(c, '\n' | '\t') || c == '\u{feff}';
    !text.ends_with(' ') && !text.contains(" \n") && !text.contains(is_special)
}

/// Returns a folded text as it is after go-yaml has written it folded and read it again, where that is another: its writer
/// looks at the start of the text where it means the line that follows, and so doubles line breaks before indented lines.
fn folded_again(text: &str) -> Option<String> {
    if !is_block(text) {
        return None;
    }
    let doubles =
        !text.trim_start_matches('\n').starts_with([' ', '\t']) && !text.trim_start_matches('\n').is_empty();
    let end = text.trim_end_matches('\n').len();
    // The lines as they are written.
    let mut written: Vec<&str> = Vec::new();
    let mut lines = text[..end].split('\n').peekable();
    while let Some(line) = lines.next() {
        written.push(line);
        if doubles && !line.is_empty() && !line.starts_with([' ', '\t']) && lines.peek().is_some() {
            written.push("");
        }
    }
    let mut out = String::with_capacity(text.len() + 8);
    let (mut breaks, mut after_blank, mut is_first) = (0_usize, false, true);
    for line in written {
        if line.is_empty() {
            breaks += 1;
            continue;
        }
        let blank = line.starts_with([' ', '\t']);
        if is_first {
            out.extend(std::iter::repeat_n('\n', breaks));
        } else if after_blank || blank {
            out.extend(std::iter::repeat_n('\n', breaks + 1));
        } else if breaks == 0 {
            out.push(' ');
        } else {
            out.extend(std::iter::repeat_n('\n', breaks));
        }
        out.push_str(line);
        (breaks, after_blank, is_first) = (0, blank, false);
    }
    out.push_str(&text[end..]);
    if doubles && text.len() > end + 1 && !after_blank {
        out.push('\n');
    }
    (out != text).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_folded_once_more_doubles_breaks_before_indented_lines() {
        assert_eq!(folded_again("a\n  b\nc\n").as_deref(), Some("a\n\n  b\nc\n"));
        assert_eq!(folded_again("a\n\n").as_deref(), Some("a\n\n\n"));
        for same in ["a\nb\n", "a\n\n\nb", " a\nb\n", "a \n  b\n"] {
            assert_eq!(folded_again(same), None, "{same}");
        }
    }

    #[test]
    fn the_sign_of_folded_scalars_is_seen() {
        for (text, seen) in
            [("a: >\n  b", true), ("a: >- # c\n", true), ("a: b > c\n", false), ("x-> \n", false)]
        {
            assert_eq!(may_be_folded(text), seen, "{text}");
        }
    }
}
