use super::MergeError;
use crate::TypeRef;
use fairway_value::Value;

/// Makes the strategic merge patch that turns `original` into `modified`.
///
/// # Errors
/// Lists whose entries lack their merge key.
pub fn two_way(original: &Value, modified: &Value, ty: TypeRef<'_>) -> Result<Value, MergeError> {
    let _ = (original, modified, ty);
    Err(MergeError("unsupported: two-way patch".to_owned()))
}

/// Makes the patch that `kubectl apply` sends: deletions from `original` (last applied) to `modified`, additions and
/// changes from `current` (live) to `modified`.
///
/// # Errors
/// Lists whose entries lack their merge key.
pub fn three_way(
    original: &Value,
    modified: &Value,
    current: &Value,
    ty: TypeRef<'_>,
) -> Result<Value, MergeError> {
    let _ = (original, modified, current, ty);
    Err(MergeError("unsupported: three-way patch".to_owned()))
}

/// Makes the JSON merge patch that turns `original` into `modified`.
#[must_use]
pub fn json_two_way(original: &Value, modified: &Value) -> Value {
    let _ = original;
    modified.clone()
}

/// Makes the three-way JSON merge patch for types without a schema, as `kubectl apply` does for custom resources.
#[must_use]
pub fn json_three_way(original: &Value, modified: &Value, current: &Value) -> Value {
    let _ = (original, current);
    modified.clone()
}
