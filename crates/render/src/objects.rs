use crate::RenderError;
use fairway_core::{Desired, Object, Origin, Str};
use fairway_value::Value;

/// Turns one document into objects: a list becomes its items, an empty document nothing.
pub(crate) fn from_document(
    value: Value,
    file: &str,
    line: u32,
    source: u16,
    out: &mut Vec<Desired>,
) -> Result<(), RenderError> {
    if value.is_null() || value.as_object().is_some_and(fairway_value::Map::is_empty) {
        return Ok(());
    }
    let fail = |why: String| RenderError::Object { file: file.to_owned(), line, why };
    if value.as_object().is_none() {
        return Err(fail(format!(
            "expected an object with apiVersion and kind, found a {}",
            value.type_name()
        )));
    }
    let object = Object::new(value);
    if object.kind().is_empty() {
        return Err(fail("Object 'Kind' is missing; give the document a kind".to_owned()));
    }
    if object.api_version().is_empty() {
        return Err(fail(format!("apiVersion of kind {} is missing", object.kind())));
    }
    let items = object.value().get("items").and_then(Value::as_array);
    if let Some(items) = items.filter(|_| object.kind().ends_with("List")) {
        for item in items {
            from_document(item.clone(), file, line, source, out)?;
        }
        return Ok(());
    }
    if object.name().is_empty() && object.generate_name().is_empty() {
        return Err(fail(format!("metadata.name of kind {} is missing", object.kind())));
    }
    out.push(Desired { object, origin: Origin { file: Str::from(file), line, source } });
    Ok(())
}
