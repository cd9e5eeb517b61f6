use crate::Error;
use crate::merge::{Comments, Context, MergeOptions, Merged, merge2, merge3};
use crate::openapi::OpenApi;
use crate::raw::{self, quoted_texts};
use crate::transform::drop_empty_fields;
use fairway_value::Value;
use fairway_yaml::{Options, parse_with};

/// Merges a strategic-merge patch into an object, as kyaml's `merge2` does with kustomize's built-in schema and those that
/// stand in comments. Nothing where the patch deletes the object.
///
/// # Errors
/// Malformed YAML, parts that cannot be merged, and unknown `$patch` words.
pub fn merge_patch(object: &str, patch: &str, options: MergeOptions) -> Result<Option<Value>, Error> {
    let (comments, openapi) = (Comments::read(&[object, patch]), OpenApi::default());
    let quoted = quoted_texts(object);
    let context = Context {
        definitions: openapi.definitions(),
        options,
        is_quoted: &|text| quoted.contains(text),
        comments: comments.as_ref(),
    };
    let mut into = parse(object)?;
    if raw::is_wanted(&into) {
        let notes = raw::read(object).map_err(|e| Error::Invalid(e.to_string()))?;
        drop_empty_fields(&mut into, &{ notes }.take_empty(0), openapi.definitions());
    }
    outcome(merge2(into, parse(patch)?, context))
}

/// Brings what changed from `original` to `updated` into `local`, as kyaml's `merge3`. Nothing where that deletes it.
///
/// # Errors
/// Malformed YAML, and parts that cannot be merged.
pub fn merge_three_way(
    local: &str,
    original: &str,
    updated: &str,
    options: MergeOptions,
) -> Result<Option<Value>, Error> {
    let (comments, openapi) = (Comments::read(&[local, original, updated]), OpenApi::default());
    let quoted = quoted_texts(local);
    let context = Context {
        definitions: openapi.definitions(),
        options,
        is_quoted: &|text| quoted.contains(text),
        comments: comments.as_ref(),
    };
    outcome(merge3(parse(local)?, parse(original)?, parse(updated)?, context))
}

fn parse(text: &str) -> Result<Value, Error> {
    parse_with(text, &Options::v3()).map_err(|e| Error::Invalid(e.to_string()))
}

fn outcome(merged: Result<Merged, String>) -> Result<Option<Value>, Error> {
    match merged.map_err(Error::Invalid)? {
        Merged::Cleared | Merged::Value(Value::Null) => Ok(None),
        Merged::Value(value) => Ok(Some(value)),
    }
}
