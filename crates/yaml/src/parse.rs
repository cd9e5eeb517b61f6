use crate::compose::Composer;
use crate::{Error, Options, block};
use fairway_value::{Str, Value};

/// One document of a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// The tree; never `null`, for empty documents are left out.
    pub value: Value,
    /// Line of the document's first node, 1-based.
    pub line: usize,
    /// Position in the stream, 0-based, empty documents counted.
    pub index: usize,
    /// Keys of mappings below the root that go-yaml v3 takes for something other than texts, as they are written; only
    /// where its dialect is read, and no more than the first hundred.
    pub odd_keys: Vec<Str>,
}

/// Reads the first document of a text as `sigs.k8s.io/yaml.YAMLToJSON` does; an empty text is `null`.
///
/// # Errors
/// Malformed YAML, or a limit of [`crate::Limits`] reached.
pub fn parse(text: &str) -> Result<Value, Error> {
    parse_with(text, &Options::default())
}

/// Reads the first document of a text and refuses keys that stand twice, as `sigs.k8s.io/yaml.YAMLToJSONStrict`.
///
/// # Errors
/// As [`parse`], and duplicate keys.
pub fn parse_strict(text: &str) -> Result<Value, Error> {
    parse_with(text, &Options { duplicate_keys: crate::DuplicateKeys::Refuse, ..Options::default() })
}

/// Reads the first document of a text.
///
/// # Errors
/// As [`parse`], and what `options` refuse.
pub fn parse_with(text: &str, options: &Options) -> Result<Value, Error> {
    if let Some(value) = block::first(text, options) {
        return Ok(value);
    }
    let mut composer = Composer::new(text, *options)?;
    Ok(composer.document()?.map_or(Value::Null, |(value, _)| value))
}

/// Reads every document of a text; empty ones are left out but counted in [`Document::index`].
///
/// # Errors
/// Malformed YAML anywhere in the text, or a limit of [`crate::Limits`] reached.
pub fn parse_documents(text: &str) -> Result<Vec<Document>, Error> {
    parse_documents_with(text, &Options::default())
}

/// Reads every document of a text with options.
///
/// # Errors
/// As [`parse_documents`], and what `options` refuse.
pub fn parse_documents_with(text: &str, options: &Options) -> Result<Vec<Document>, Error> {
    match block::all(text, options) {
        Some(documents) => Ok(documents),
        None => parse_documents_in_full(text, options),
    }
}

/// Reads every document as [`parse_documents_with`] does, without the short way that simple texts take there: for tests
/// that hold the two against each other.
///
/// # Errors
/// As there.
pub fn parse_documents_in_full(text: &str, options: &Options) -> Result<Vec<Document>, Error> {
    let mut composer = Composer::new(text, *options)?;
    let mut documents = Vec::new();
    let mut index = 0;
    while let Some((value, line)) = composer.document()? {
        let odd_keys = composer.take_odd_keys();
        if !value.is_null() {
            documents.push(Document { value, line, index, odd_keys });
        }
        index += 1;
    }
    Ok(documents)
}
