use crate::id::GvkSelector;
use fairway_value::Str;
use std::borrow::Cow;

/// A field of some kinds: an empty part of `gvk` means any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSpec {
    pub gvk: GvkSelector,
    /// Names divided by `/` (`\/` is a slash in a name); lists on the way are gone through, `name[]` says that it is one.
    pub path: Cow<'static, str>,
    /// Whether what is missing is made.
    pub create: bool,
}

/// Field specs; the hundreds that are built in are not copied.
pub type FieldSpecs = Cow<'static, [FieldSpec]>;

impl FieldSpec {
    /// Returns the spec of one field of every kind, made where it is missing.
    pub fn created(path: &str) -> Self {
        Self { path: path.to_owned().into(), create: true, ..Self::default() }
    }
}

/// Adds a spec unless there is one for the field already.
pub fn merge_one(list: &mut Vec<FieldSpec>, spec: &FieldSpec) -> Result<(), String> {
    match list.iter().find(|s| s.path == spec.path && s.gvk.is_selected_by(&spec.gvk)) {
        Some(there) if there.create != spec.create => Err(format!(
            "conflicting field specs for `{}` of {}: `create` is true in one and false in another",
            spec.path, spec.gvk
        )),
        Some(_) => Ok(()),
        None => {
            list.push(spec.clone());
            Ok(())
        }
    }
}

/// Adds specs one by one.
pub fn merge_all(list: &mut Vec<FieldSpec>, more: &[FieldSpec]) -> Result<(), String> {
    more.iter().try_for_each(|spec| merge_one(list, spec))
}

/// Most parts of a path: objects are nowhere near as deep, and what is made is walked through part by part.
const PARTS_MAX: usize = 256;

/// Looks at the length of a path with names divided by a character.
///
/// # Errors
/// More parts than the limit.
pub fn check_path(path: &str, delimiter: char) -> Result<(), String> {
    if path.len() > PARTS_MAX && path.matches(delimiter).count() >= PARTS_MAX {
        let start: String = path.chars().take(40).collect();
        return Err(format!("the path `{start}…` has more than {PARTS_MAX} parts"));
    }
    Ok(())
}

/// Splits a path at a delimiter; a backslash before it keeps it. A delimiter at the start is passed over.
pub fn split_path(path: &str, delimiter: char) -> Vec<Str> {
    let mut parts: Vec<Str> = Vec::new();
    let path = path.strip_prefix(delimiter).unwrap_or(path);
    for part in path.split(delimiter) {
        match parts.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push(delimiter);
                last.push_str(part);
            }
            _ => parts.push(part.into()),
        }
    }
    parts
}
