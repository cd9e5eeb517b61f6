use fairway_value::{Array, Value};

/// What a `$patch` entry asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Directive {
    Merge,
    Replace,
    Delete,
}

const KEY: &str = "$patch";

fn parse(word: &Value) -> Result<Directive, String> {
    match crate::scalar::text(word).as_deref() {
        Some("merge") => Ok(Directive::Merge),
        Some("replace") => Ok(Directive::Replace),
        Some("delete") => Ok(Directive::Delete),
        other => Err(format!(
            "unknown patch strategy `{}`; use merge, replace or delete",
            other.unwrap_or("(not a word)")
        )),
    }
}

/// Takes the directive out of a map of a patch.
pub fn take_from_map(patch: &mut Value) -> Result<Directive, String> {
    let Some(map) = patch.as_object_mut() else { return Ok(Directive::Merge) };
    let Some(word) = map.get(KEY) else { return Ok(Directive::Merge) };
    let directive = parse(word)?;
    map.remove(KEY);
    Ok(directive)
}

/// Takes the directive out of a list of a patch: an element that holds nothing else.
pub fn take_from_list(patch: &mut Value) -> Result<Directive, String> {
    let Some(list) = patch.as_array() else { return Ok(Directive::Merge) };
    let Some(element) = list.iter().find(|e| e.get(KEY).is_some()) else { return Ok(Directive::Merge) };
    if element.as_object().is_none_or(|m| m.len() > 1) {
        return Ok(Directive::Merge);
    }
    let word = element.get(KEY).cloned().unwrap_or_default();
    let directive = parse(&word)?;
    let kept: Array = list.iter().filter(|e| e.get(KEY) != Some(&word)).cloned().collect();
    *patch = Value::Array(kept);
    Ok(directive)
}
