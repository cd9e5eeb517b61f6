use crate::Error;
use crate::merge::{MergeOptions, Merged, merge2, merge3};
use crate::openapi::OpenApi;
use fairway_value::Value;

/// Merges a strategic-merge patch into an object, as kyaml's `merge2` does with kustomize's built-in schema. Nothing where
/// the patch deletes the object.
///
/// # Errors
/// Parts that cannot be merged, and unknown `$patch` words.
pub fn merge_patch(object: Value, patch: Value, options: MergeOptions) -> Result<Option<Value>, Error> {
    outcome(merge2(object, patch, options, OpenApi::default().definitions(), &|_| false))
}

/// Brings what changed from `original` to `updated` into `local`, as kyaml's `merge3`. Nothing where that deletes it.
///
/// # Errors
/// Parts that cannot be merged.
pub fn merge_three_way(
    local: Value,
    original: Value,
    updated: Value,
    options: MergeOptions,
) -> Result<Option<Value>, Error> {
    outcome(merge3(local, original, updated, options, OpenApi::default().definitions()))
}

fn outcome(merged: Result<Merged, String>) -> Result<Option<Value>, Error> {
    match merged.map_err(Error::Invalid)? {
        Merged::Cleared | Merged::Value(Value::Null) => Ok(None),
        Merged::Value(value) => Ok(Some(value)),
    }
}
