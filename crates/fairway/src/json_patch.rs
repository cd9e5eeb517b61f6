//! RFC 6902 at the edge of the API.

use fairway_value::{HtmlEscape, Value, from_json, to_json};

/// Applies a JSON patch to an object. Errors are in words.
pub fn apply(object: &Value, patch: &Value) -> Result<Value, String> {
    let text = |v: &Value| to_json(v, HtmlEscape::No);
    let mut document: serde_json::Value = serde_json::from_str(&text(object)).map_err(|e| e.to_string())?;
    let patch: json_patch::Patch =
        serde_json::from_str(&text(patch)).map_err(|e| format!("JSON patch: {e}"))?;
    json_patch::patch(&mut document, &patch).map_err(|e| format!("JSON patch: {e}"))?;
    from_json(document.to_string().as_bytes()).map_err(|e| e.to_string())
}
