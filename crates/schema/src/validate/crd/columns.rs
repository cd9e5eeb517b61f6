//! What a version says of its table, its subresources and its field selectors.

use super::super::fault::{Faults, some, text};
use super::named;
use fairway_value::Value;

const TYPES: [&str; 5] = ["boolean", "date", "integer", "number", "string"];
const FORMATS: [&str; 8] = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];

/// Most fields that a version may be selected by.
const SELECTABLE_MAX: usize = 8;

/// Checks the columns that a version adds to its table.
pub(super) fn columns(columns: &[Value], field: &str, faults: &mut Faults) {
    for (n, column) in columns.iter().enumerate() {
        let at = |key: &str| format!("{field}[{n}].{key}");
        faults.present(at("name"), text(column, "name"));
        let (kind, why) = (text(column, "type"), format!("must be one of {}", TYPES.join(",")));
        if kind.is_empty() {
            faults.required(at("type"), &why);
        } else if !TYPES.contains(&kind) {
            faults.invalid_text(at("type"), kind, &why);
        }
        let format = text(column, "format");
        if !format.is_empty() && !FORMATS.contains(&format) {
            faults.invalid_text(at("format"), format, &format!("must be one of {}", FORMATS.join(",")));
        }
        let path = text(column, "jsonPath");
        if faults.present(at("JSONPath"), path) {
            simple_path(path, &at("JSONPath"), faults);
        }
    }
}

/// A path of names with dots before them; says whether it is one.
fn simple_path(path: &str, field: &str, faults: &mut Faults) -> bool {
    let fine = path.starts_with('.');
    if !fine {
        faults.invalid_text(field, path, "must be a simple json path starting with .");
    }
    fine
}

/// Checks where the scale of a kind has its counts.
pub(super) fn subresources(found: &Value, field: &str, faults: &mut Faults) {
    let Some(scale) = some(found, "scale") else { return };
    for (key, part) in [("specReplicasPath", "spec"), ("statusReplicasPath", "status")] {
        let (path, field) = (text(scale, key), format!("{field}.scale.{key}"));
        let inside = path.starts_with(&format!(".{part}."));
        if faults.present(&field, path) && simple_path(path, &field, faults) && !inside {
            faults.invalid_text(&field, path, &format!("should be a json path under .{part}"));
        }
    }
    let (path, field) = (text(scale, "labelSelectorPath"), format!("{field}.scale.labelSelectorPath"));
    let inside = path.starts_with(".spec.") || path.starts_with(".status.");
    if !path.is_empty() && simple_path(path, &field, faults) && !inside {
        faults.invalid_text(&field, path, "should be a json path under either .spec or .status");
    }
}

/// Checks the fields that objects may be selected by.
pub(super) fn selectable(fields: &[Value], root: Option<&Value>, field: &str, faults: &mut Faults) {
    let mut seen: Vec<&str> = Vec::new();
    for (n, selected) in fields.iter().enumerate() {
        let (path, field) = (text(selected, "jsonPath"), format!("{field}[{n}].jsonPath"));
        if !faults.present(&field, path) {
            continue;
        }
        let found = match found_by(path, root) {
            Ok(found) => found,
            Err(why) => {
                faults.invalid_text(field, path, &format!("is an invalid path: {why}"));
                continue;
            }
        };
        if path == ".metadata" || path.starts_with(".metadata.") {
            faults.invalid_text(&field, path, "must not point to fields in metadata");
        }
        if !matches!(text(found, "type"), "string" | "boolean" | "integer") {
            let why = "must point to a field of type string, boolean or integer. Enum string fields and strings with formats \
                       are allowed.";
            faults.invalid_text(&field, path, why);
        }
        if seen.contains(&path) {
            faults.duplicate(&field, crate::managed::quote(path));
        } else {
            seen.push(path);
        }
    }
    if seen.len() > SELECTABLE_MAX {
        faults.too_many(field, seen.len(), SELECTABLE_MAX);
    }
}

fn found_by<'v>(path: &str, root: Option<&'v Value>) -> Result<&'v Value, String> {
    let mut at = root.ok_or_else(|| "does not refer to a valid field".to_owned())?;
    let mut rest = path;
    while !rest.is_empty() {
        if rest.starts_with('[') {
            return Err("array notation is not allowed".to_owned());
        }
        let Some(after) = rest.strip_prefix('.') else {
            let word = rest.split(['.', '[', ']']).next().filter(|w| !w.is_empty());
            return Err(format!("expected [ or . but got: {}", word.unwrap_or(rest)));
        };
        if after.is_empty() {
            return Err("unexpected end of JSON path".to_owned());
        }
        let end = after.find(['.', '[', ']']).unwrap_or(after.len()).max(1);
        let (name, after) = after.split_at(end);
        let values = || super::inner(at, "additionalProperties");
        let missing = || "does not refer to a valid field".to_owned();
        at = if named(at, "properties").next().is_some() {
            named(at, "properties").find(|(n, _)| *n == name).map(|(_, s)| s).ok_or_else(missing)?
        } else {
            values().ok_or_else(missing)?
        };
        rest = after;
    }
    Ok(at)
}
