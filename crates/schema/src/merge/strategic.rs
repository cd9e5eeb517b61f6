use super::order::{in_order, partition, scalar_unique};
use crate::managed::equal;
use crate::{Field, TypeRef};
use fairway_value::{Map, Str, Value};

/// A patch that cannot be made or applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MergeError(pub String);

pub(super) const DIRECTIVE: &str = "$patch";
pub(super) const RETAIN_KEYS: &str = "$retainKeys";
pub(super) const SET_ORDER: &str = "$setElementOrder/";
pub(super) const DELETE_PRIMITIVES: &str = "$deleteFromPrimitiveList/";

/// What merging two maps does with the patch's own words.
#[derive(Clone, Copy)]
pub(super) struct MergeOptions {
    /// Whether parallel lists (`$setElementOrder/…`, `$deleteFromPrimitiveList/…`) are carried out; else the result is itself a
    /// patch and keeps them.
    pub carry_out: bool,
    /// Whether nulls for keys that are not there are dropped.
    pub drop_nulls: bool,
}

/// How a field of a patch is merged.
#[derive(Clone, Copy, Default)]
pub(super) struct Meta<'s> {
    pub ty: Option<TypeRef<'s>>,
    pub merge_key: Option<&'s str>,
    pub merge: bool,
    pub retain_keys: bool,
    pub replace: bool,
}

/// Looks a field up; what the type does not know has no metadata.
pub(super) fn meta<'s>(ty: Option<TypeRef<'s>>, key: &str) -> Meta<'s> {
    let Some(field): Option<Field<'s>> = ty.and_then(|t| t.field(key)) else { return Meta::default() };
    Meta {
        ty: Some(field.ty),
        merge_key: field.merge_key,
        merge: field.patch_merge,
        retain_keys: field.retain_keys,
        replace: field.patch_replace,
    }
}

impl<'s> Meta<'s> {
    /// The type of the entries of a list field.
    pub fn items(self) -> Option<TypeRef<'s>> {
        self.ty.and_then(TypeRef::items)
    }
}

/// Applies a strategic merge patch to an object of a type, as apimachinery's `strategicpatch` does: `$patch`,
/// `$setElementOrder/…`, `$retainKeys`, `$deleteFromPrimitiveList/…`. Lists merge by the `x-kubernetes-patch-*` words of the
/// type; without a word they are replaced.
///
/// # Errors
/// A patch of the wrong shape, an entry without its merge key, an unknown directive.
pub fn strategic(original: &Value, patch: &Value, ty: TypeRef<'_>) -> Result<Value, MergeError> {
    let empty = Map::new();
    let original = original.as_object().unwrap_or(&empty);
    let Value::Object(patch) = patch else { return Err(MergeError("invalid JSON document".to_owned())) };
    let options = MergeOptions { carry_out: true, drop_nulls: true };
    Ok(Value::Object(merge_map(original.clone(), patch, Some(ty), options)?))
}

/// Applies a JSON merge patch (RFC 7396).
#[must_use]
pub fn json_merge(original: &Value, patch: &Value) -> Value {
    let Value::Object(changes) = patch else {
        // As the library that the server uses: only a list in the place of a map keeps its nulls.
        return if original.as_object().is_some() { patch.clone() } else { without_nulls(patch) };
    };
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

pub(super) fn merge_map(
    original: Map,
    patch: &Map,
    ty: Option<TypeRef<'_>>,
    options: MergeOptions,
) -> Result<Map, MergeError> {
    match patch.get(DIRECTIVE) {
        None => {}
        Some(Value::String(s)) if s == "replace" => {
            let mut patch = patch.clone();
            patch.remove(DIRECTIVE);
            return Ok(patch);
        }
        Some(Value::String(s)) if s == "delete" => return Ok(Map::new()),
        Some(other) => return Err(unknown_directive(other, patch)),
    }
    let (mut original, mut patch) = (original, patch.clone());
    retain_keys(&mut original, &mut patch, options)?;
    set_orders(&mut original, &mut patch, ty, options)?;
    for (key, value) in patch.iter() {
        let deletes = key.strip_prefix(DELETE_PRIMITIVES);
        if deletes.is_some() && !options.carry_out {
            original.insert(key.clone(), value.clone());
            continue;
        }
        merge_field(&mut original, deletes.unwrap_or(key), value, deletes.is_some(), ty, options)?;
    }
    Ok(original)
}

fn unknown_directive(directive: &Value, patch: &Map) -> MergeError {
    let shown = directive.as_str().map_or_else(|| directive.to_string(), str::to_owned);
    MergeError(format!(
        "unknown patch type: {shown} in map: {}",
        crate::managed::go_v(&Value::Object(patch.clone()))
    ))
}

fn same_kind(a: &Value, b: &Value) -> bool {
    let number = |v: &Value| matches!(v, Value::Int(_) | Value::Uint(_) | Value::Float(_));
    std::mem::discriminant(a) == std::mem::discriminant(b) || (number(a) && number(b))
}

fn merge_field(
    original: &mut Map,
    key: &str,
    value: &Value,
    is_delete_list: bool,
    ty: Option<TypeRef<'_>>,
    options: MergeOptions,
) -> Result<(), MergeError> {
    if value.is_null() {
        original.remove(key);
        if options.drop_nulls {
            return Ok(());
        }
    }
    let current = match original.get(key) {
        Some(current) if same_kind(current, value) => current.clone(),
        _ if is_delete_list => return Ok(()),
        _ => {
            let value = if options.drop_nulls { without_nulls(value) } else { value.clone() };
            take(original, key, &value);
            return Ok(());
        }
    };
    // Go looks the field up in the struct that stands for a value of any shape.
    let raw = ty.is_some_and(|t| t.name().ends_with(".RawExtension"));
    if raw && matches!(value, Value::Object(_) | Value::Array(_)) {
        return Err(MergeError(format!(
            "unable to find api field in struct RawExtension for the json field {}",
            crate::managed::quote(key)
        )));
    }
    let meta = meta(ty, key);
    let merged = match (&current, value) {
        (Value::Object(_), Value::Object(_)) if meta.replace => value.clone(),
        (Value::Object(old), Value::Object(new)) => {
            Value::Object(merge_map(old.clone(), new, meta.ty, options)?)
        }
        (Value::Array(old), Value::Array(new)) if meta.merge || is_delete_list => {
            Value::from(merge_list(old, new, meta, options, is_delete_list)?)
        }
        (Value::Array(_), Value::Array(_)) => value.clone(),
        _ => {
            take(original, key, value);
            return Ok(());
        }
    };
    original.insert(key, merged);
    Ok(())
}

fn take(original: &mut Map, key: &str, value: &Value) {
    match without_directives(value) {
        Some(kept) => {
            original.insert(key, kept);
        }
        None => {
            original.remove(key);
        }
    }
}

/// Drops maps that carry a `$patch` directive; nothing where the value itself is one.
pub(super) fn without_directives(value: &Value) -> Option<Value> {
    match value {
        Value::Object(map) if map.contains_key(DIRECTIVE) => None,
        Value::Object(map) => Some(Value::Object(
            map.iter().filter_map(|(k, v)| Some((k.clone(), without_directives(v)?))).collect(),
        )),
        Value::Array(items) => Some(items.iter().filter_map(without_directives).collect()),
        other => Some(other.clone()),
    }
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.clone(), without_nulls(v))).collect(),
        ),
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}

fn retain_keys(original: &mut Map, patch: &mut Map, options: MergeOptions) -> Result<(), MergeError> {
    let Some(retained) = patch.remove(RETAIN_KEYS) else { return Ok(()) };
    if !options.carry_out {
        match original.get(RETAIN_KEYS) {
            Some(there) if !equal(there, &retained) => {
                return Err(MergeError(format!(
                    "{there} and {retained} are not deep equal: this may happen when calculating the 3-way diff patch"
                )));
            }
            _ => {
                original.insert(RETAIN_KEYS, retained);
            }
        }
        return Ok(());
    }
    let wrong = || MergeError("invalid patch format of retainKeys".to_owned());
    let keys: Vec<&str> = retained.as_array().ok_or_else(wrong)?.iter().filter_map(Value::as_str).collect();
    let foreign = |k: &str, v: &Value| {
        !v.is_null() && !k.starts_with(DELETE_PRIMITIVES) && !k.starts_with(SET_ORDER) && !keys.contains(&k)
    };
    if patch.iter().any(|(k, v)| foreign(k, v)) {
        return Err(wrong());
    }
    original.retain(|k, _| keys.contains(&k));
    Ok(())
}

fn list_of<'v>(map: &'v Map, key: &str) -> Result<Option<&'v [Value]>, MergeError> {
    match map.get(key) {
        None => Ok(None),
        Some(Value::Array(items)) => Ok(Some(items)),
        Some(other) => Err(MergeError(format!(
            "expected a []interface {{}}, but received a {}",
            crate::managed::go_type(other)
        ))),
    }
}

/// Carries out `$setElementOrder/FIELD`: the field's lists are merged here and brought into that order.
fn set_orders(
    original: &mut Map,
    patch: &mut Map,
    ty: Option<TypeRef<'_>>,
    options: MergeOptions,
) -> Result<(), MergeError> {
    let keys: Vec<Str> = patch.keys().filter(|k| k.starts_with(SET_ORDER)).cloned().collect();
    for directive in keys {
        let Some(order) = patch.remove(&directive) else { continue };
        if !options.carry_out {
            match original.get(&directive) {
                Some(there) if !equal(there, &order) => {
                    return Err(MergeError("invalid patch format of setElementOrder list".to_owned()));
                }
                _ => {
                    original.insert(directive.clone(), order.clone());
                }
            }
        }
        let Value::Array(order) = order else {
            let received = crate::managed::go_type(&order);
            return Err(MergeError(format!("expected a []interface {{}}, but received a {received}")));
        };
        let key = directive.strip_prefix(SET_ORDER).unwrap_or_default();
        let meta = meta(ty, key);
        let old = list_of(original, key)?;
        let new = list_of(patch, key)?;
        check_order(new.unwrap_or_default(), &order, meta.merge_key)?;
        let merged: Vec<Value> = match (old, new) {
            (Some(old), None) => old.to_vec(),
            (None, Some(new)) => new.iter().filter_map(without_directives).collect(),
            (Some(old), Some(new)) if meta.merge => merge_list(old, new, meta, options, false)?,
            (Some(_), Some(new)) => new.to_vec(),
            (None, None) => continue,
        };
        let (ours, server_only) = partition(&merged, &order, meta.merge_key)?;
        let both = in_order(ours, server_only, &order, old.unwrap_or_default(), meta.merge_key)?;
        original.insert(key, Value::from(both));
        patch.remove(key);
    }
    Ok(())
}

/// The entries of a patch list must stand in the order that `$setElementOrder` names.
fn check_order(patch: &[Value], order: &[Value], merge_key: Option<&str>) -> Result<(), MergeError> {
    if patch.is_empty() || order.is_empty() {
        return Ok(());
    }
    let mut order_at = order.iter();
    for item in patch.iter().filter(|i| i.get(DIRECTIVE).is_none()) {
        let same = |o: &&Value| match merge_key {
            Some(key) => o.get(key).zip(item.get(key)).is_some_and(|(a, b)| equal(a, b)),
            None => equal(o, item),
        };
        if order_at.find(same).is_none() {
            return Err(MergeError(format!(
                "The order in patch list:\n{}\n doesn't match $setElementOrder list:\n{}\n",
                crate::managed::go_v(&patch.iter().cloned().collect()),
                crate::managed::go_v(&order.iter().cloned().collect())
            )));
        }
    }
    Ok(())
}

fn merge_list(
    original: &[Value],
    patch: &[Value],
    meta: Meta<'_>,
    options: MergeOptions,
    is_delete_list: bool,
) -> Result<Vec<Value>, MergeError> {
    if original.is_empty() && patch.is_empty() {
        return Ok(Vec::new());
    }
    let maps = original.iter().chain(patch).all(|v| v.as_object().is_some());
    if maps {
        let Some(key) = meta.merge_key else {
            return Err(MergeError("cannot merge lists without merge key".to_owned()));
        };
        let (base, patch) = special_entries(original, patch, key)?;
        let merged = merge_entries(base.clone(), &patch, key, meta.items(), options)?;
        return finish(&merged, &patch, &base, meta);
    }
    if original.iter().chain(patch).any(|v| matches!(v, Value::Object(_) | Value::Array(_))) {
        return Err(MergeError("list element types are not identical".to_owned()));
    }
    if options.carry_out && is_delete_list {
        return Ok(original.iter().filter(|o| !patch.iter().any(|p| equal(o, p))).cloned().collect());
    }
    let merged = scalar_unique(original.iter().chain(patch).cloned());
    finish(&merged, patch, original, Meta { merge_key: None, ..meta })
}

fn finish(
    merged: &[Value],
    patch: &[Value],
    base: &[Value],
    meta: Meta<'_>,
) -> Result<Vec<Value>, MergeError> {
    let (ours, server_only) = partition(merged, patch, meta.merge_key)?;
    in_order(ours, server_only, patch, base, meta.merge_key)
}

fn no_merge_key(item: &Value, key: &str) -> MergeError {
    MergeError(format!("map: {} does not contain declared merge key: {key}", crate::managed::go_v(item)))
}

/// Carries out `$patch: delete` and `$patch: replace` entries.
fn special_entries(
    original: &[Value],
    patch: &[Value],
    key: &str,
) -> Result<(Vec<Value>, Vec<Value>), MergeError> {
    let mut base = original.to_vec();
    let mut plain = Vec::with_capacity(patch.len());
    let mut replace = false;
    for item in patch {
        match item.get(DIRECTIVE) {
            None => plain.push(item.clone()),
            Some(Value::String(s)) if s == "delete" => {
                let gone = item.get(key).ok_or_else(|| no_merge_key(item, key))?;
                base.retain(|o| !o.get(key).is_some_and(|k| equal(k, gone)));
            }
            Some(Value::String(s)) if s == "replace" => replace = true,
            Some(Value::String(s)) if s == "merge" => {
                return Err(MergeError("merging lists cannot yet be specified in the patch".to_owned()));
            }
            Some(other) => return Err(unknown_directive(other, item.as_object().unwrap_or(&Map::new()))),
        }
    }
    Ok(if replace { (plain, Vec::new()) } else { (base, plain) })
}

fn merge_entries(
    mut base: Vec<Value>,
    patch: &[Value],
    key: &str,
    item_ty: Option<TypeRef<'_>>,
    options: MergeOptions,
) -> Result<Vec<Value>, MergeError> {
    for item in patch {
        let name = item.get(key).ok_or_else(|| no_merge_key(item, key))?;
        match base.iter_mut().find(|o| o.get(key).is_some_and(|k| equal(k, name))) {
            Some(found) => {
                let old = found.as_object().cloned().unwrap_or_default();
                let new = item.as_object().cloned().unwrap_or_default();
                *found = Value::Object(merge_map(old, &new, item_ty, options)?);
            }
            None => base.push(item.clone()),
        }
    }
    Ok(base)
}
