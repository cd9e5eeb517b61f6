//! What a tree of values does not tell of the text that it was read from, where kustomize's results hang on it: how an
//! annotation's number was written, and which `null`s are nothing at all.

use fairway_value::{Map, Str, Value};
use fairway_yaml::{Error, Limits, Step, visit_scalars};
use std::collections::{BTreeMap, HashMap};

/// Most notes of one text: far more than hand-written manifests have.
const NOTES_MAX: usize = 100_000;

/// Notes on the documents of a text, by their index.
#[derive(Default)]
pub struct Notes {
    annotations: HashMap<usize, BTreeMap<Str, Str>>,
    empty: HashMap<usize, Vec<Vec<Step>>>,
}

/// Whether there is anything to note: a `null`, or an annotation that is no text.
pub fn is_wanted(value: &Value) -> bool {
    let annotations = value.get_path(&["metadata", "annotations"]).and_then(Value::as_object);
    let is_odd = |map: &Map| map.values().any(|v| !matches!(v, Value::String(_)));
    annotations.is_some_and(is_odd) || has_null(value)
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.iter().any(has_null),
        Value::Object(map) => map.values().any(has_null),
        _ => false,
    }
}

/// Reads the notes.
///
/// # Errors
/// Malformed YAML.
pub fn read(text: &str) -> Result<Notes, Error> {
    let mut notes = Notes::default();
    let mut count = 0;
    visit_scalars(text, &Limits::default(), |scalar| {
        if !scalar.plain || count >= NOTES_MAX {
            return;
        }
        if scalar.text.is_empty() {
            count += 1;
            notes.empty.entry(scalar.document).or_default().push(scalar.path.to_vec());
        }
        if let [Step::Key(metadata), Step::Key(annotations), Step::Key(key)] = scalar.path
            && metadata == "metadata"
            && annotations == "annotations"
        {
            count += 1;
            notes.annotations.entry(scalar.document).or_default().insert(key.clone(), scalar.text.into());
        }
    })?;
    Ok(notes)
}

impl Notes {
    /// Returns the annotations of a document as they were written.
    pub fn take_annotations(&mut self, document: usize) -> BTreeMap<Str, Str> {
        self.annotations.remove(&document).unwrap_or_default()
    }

    /// Returns the places of a document where nothing stands.
    pub fn take_empty(&mut self, document: usize) -> Vec<Vec<Step>> {
        self.empty.remove(&document).unwrap_or_default()
    }
}
