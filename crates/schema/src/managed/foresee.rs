//! What a forced apply makes of an object, without the ownership that it would write: a prediction needs no more.
//!
//! The long way ([`apply`]) turns every entry of `managedFields` and several copies of the object into sets, to find out what the
//! manager no longer states and nobody else owns. Here only that difference becomes a set: the manager's `fieldsV1` is walked
//! beside its configuration, and mostly nothing is left over. What the merge left alone shares its storage with the live object
//! and is in stored form with its defaults already: only the way to what has changed is brought into that form.

use super::element::{PathElement, equal};
use super::entries;
use super::set::Set;
use super::typed::{self, Shape, item_element, item_key, shape};
use super::write::{self, ApplyError, Write};
use crate::canonical::Otherwise;
use crate::types::{ListDef, MapDef, UNTYPED};
use crate::{ListType, Schemas, TypeRef};
use fairway_value::{Map, Value};

/// Returns what a forced apply makes of a live object, as [`apply`] does, but with whatever `metadata.managedFields`.
///
/// # Errors
/// See [`ApplyError`].
///
/// [`apply`]: super::apply
pub fn foresee(
    live: &Value,
    config: &Value,
    write: &Write<'_>,
    schemas: &Schemas,
) -> Result<Value, ApplyError> {
    let long = || write::apply(Some(live), config, write, schemas);
    let managed = live.get_path(&["metadata", "managedFields"]);
    let resource = schemas.resource(write.api_version, write.kind);
    let ty = schemas.type_of(write.api_version, write.kind);
    let (Some(_), Some(ty), true, "") = (resource, ty, write.force, write.subresource) else { return long() };
    if write.manager == "kubectl" || entries::check(managed).is_err() {
        return long();
    }
    write::check_config(config, write, schemas)?;
    let bare = write::without_managed(live);
    let Ok(merged) = typed::merge(ty, &bare, config) else { return long() };
    if has_empty_list(&merged) && has_unsaid_list(ty, &merged) {
        return long();
    }
    let merged = match left_over(ty, config, managed, write) {
        Ok(gone) if gone.is_empty() => merged,
        Ok(gone) => match unowned(gone, ty, managed, write, schemas) {
            Ok(gone) => typed::remove(ty, &merged, &present(ty, &merged, &gone)),
            Err(Strange) => return long(),
        },
        Err(Strange) => return long(),
    };
    if equal(&merged, &bare) {
        return Ok(bare);
    }
    write::stored(merged, config, write, schemas, Otherwise::Over(&bare))
}

/// What the short way does not cover.
struct Strange;

/// Whether an entry of `managedFields` is the applier's.
fn is_own(entry: &Value, write: &Write<'_>) -> bool {
    let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
    text("manager") == write.manager && text("operation") == "Apply" && text("subresource").is_empty()
}

/// Returns what the manager applied last and does not state now, with the declared fields on the way to it where nothing is
/// stated in them.
fn left_over(
    ty: TypeRef<'_>,
    config: &Value,
    managed: Option<&Value>,
    write: &Write<'_>,
) -> Result<Set, Strange> {
    let mut gone = Set::default();
    let list = managed.and_then(Value::as_array).unwrap_or_default();
    // Of entries of one manager the last counts.
    let Some(own) = list.iter().rfind(|e| is_own(e, write)) else { return Ok(gone) };
    if own.get("apiVersion").and_then(Value::as_str) != Some(write.api_version) {
        return Err(Strange);
    }
    let Some(fields) = own.get("fieldsV1").and_then(Value::as_object) else { return Ok(gone) };
    // What this endpoint resets is nobody's to state.
    if fields.contains_key("f:status") {
        return Err(Strange);
    }
    missing(ty, config, fields, &mut gone)?;
    Ok(gone)
}

/// Collects what is owned below a path and not stated there.
fn missing(ty: TypeRef<'_>, value: &Value, fields: &Map, gone: &mut Set) -> Result<(), Strange> {
    if fields.is_empty() {
        return Ok(());
    }
    match (shape(ty, value), value) {
        (Shape::Map(map), Value::Object(entries)) if !map.atomic => {
            missing_in_map(ty, map, entries, fields, gone)
        }
        (Shape::List(list), Value::Array(items)) if list.list_type != ListType::Atomic => {
            missing_in_list(ty, list, items, fields, gone)
        }
        // Ownership of parts of what has no parts comes of another schema.
        _ if fields.iter().all(|(key, _)| key == ".") => Ok(()),
        _ => Err(Strange),
    }
}

fn missing_in_map(
    ty: TypeRef<'_>,
    map: &MapDef,
    entries: &Map,
    fields: &Map,
    gone: &mut Set,
) -> Result<(), Strange> {
    for (key, below) in fields.iter().filter(|(key, _)| *key != ".") {
        let (Some(name), Some(below)) = (key.strip_prefix("f:"), below.as_object()) else {
            return Err(Strange);
        };
        let declared = map.field(name);
        let inner_ty = ty.at(declared.map(|d| d.ty).or(map.element).unwrap_or(UNTYPED));
        let element = || PathElement::Field(name.into());
        let Some(inner) = entries.get(name) else {
            let path = gone_below(inner_ty, below, declared.is_some())?;
            add(gone, element(), path, declared.is_some());
            continue;
        };
        // Whatever was owned there, something is stated, or the path to it is not owned any more.
        if declared.is_some() && !is_leaf(inner) && !says(inner_ty, inner) {
            return Err(Strange);
        }
        let mut child = Set::default();
        missing(inner_ty, inner, below, &mut child)?;
        if !child.is_empty() {
            gone.attach(element(), child);
        }
    }
    Ok(())
}

fn missing_in_list(
    ty: TypeRef<'_>,
    list: &ListDef,
    items: &[Value],
    fields: &Map,
    gone: &mut Set,
) -> Result<(), Strange> {
    let item_ty = ty.at(list.item);
    let mut seen = usize::from(fields.contains_key("."));
    let mut stated = Vec::with_capacity(items.len());
    for item in items {
        let key = item_key(ty, list, item).ok_or(Strange)?;
        if let Some(below) = fields.get(&key).and_then(Value::as_object) {
            seen += 1;
            let mut child = Set::default();
            missing(item_ty, item, below, &mut child)?;
            if !child.is_empty() {
                gone.attach(item_element(ty, list, item).map_err(|_| Strange)?, child);
            }
        }
        stated.push(key);
    }
    if seen == fields.len() {
        return Ok(());
    }
    for (key, below) in fields.iter().filter(|(key, _)| *key != "." && !stated.contains(key)) {
        let (Some(element), Some(below)) = (PathElement::parse(key), below.as_object()) else {
            return Err(Strange);
        };
        // A stated entry under a key that is written otherwise.
        if element.to_key() != *key {
            return Err(Strange);
        }
        let path = gone_below(item_ty, below, false)?;
        add(gone, element, path, false);
    }
    Ok(())
}

/// A path that is no longer stated: whether it was owned itself, and what was owned below it.
struct Gone {
    owned: bool,
    below: Set,
}

fn add(gone: &mut Set, element: PathElement, path: Gone, declared: bool) {
    // Declared fields go with the last that was owned in them.
    if path.owned || declared {
        gone.insert(element.clone());
    }
    gone.attach(element, path.below);
}

fn gone_below(ty: TypeRef<'_>, fields: &Map, declared: bool) -> Result<Gone, Strange> {
    let def = ty.def();
    let (map, list) = (def.map.as_ref(), def.list.as_ref());
    let mut below = Set::default();
    let mut owned = fields.is_empty();
    for (key, inner) in fields.iter() {
        if key == "." {
            owned = true;
            continue;
        }
        let (Some(element), Some(inner)) = (PathElement::parse(key), inner.as_object()) else {
            return Err(Strange);
        };
        let (id, named) = match (&element, map, list) {
            (PathElement::Field(name), Some(map), _) if !map.atomic => {
                let def = map.field(name);
                (def.map(|d| d.ty).or(map.element).unwrap_or(UNTYPED), def.is_some())
            }
            (PathElement::Key(_) | PathElement::Value(_), _, Some(list))
                if list.list_type != ListType::Atomic =>
            {
                (list.item, false)
            }
            _ => return Err(Strange),
        };
        let path = gone_below(ty.at(id), inner, named)?;
        add(&mut below, element, path, named);
    }
    // Somebody may own something in an entry that is nobody's.
    if !owned && !declared {
        return Err(Strange);
    }
    Ok(Gone { owned, below })
}

/// Whether a value's own path is a member of its set wherever it stands.
fn is_leaf(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.is_empty(),
        Value::Array(_) => false,
        _ => true,
    }
}

/// Whether a value states anything: what its set has.
fn says(ty: TypeRef<'_>, value: &Value) -> bool {
    match shape(ty, value) {
        Shape::Scalar(_) => true,
        Shape::Map(map) => {
            let inner = |(key, value): (&fairway_value::Str, &Value)| match map.field(key) {
                Some(def) => is_leaf(value) || says(ty.at(def.ty), value),
                None => true,
            };
            map.atomic || value.as_object().is_some_and(|m| m.iter().any(inner))
        }
        Shape::List(list) => {
            list.list_type == ListType::Atomic || value.as_array().is_some_and(|items| !items.is_empty())
        }
    }
}

/// Whether an empty list is anywhere.
fn has_empty_list(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.values().any(has_empty_list),
        Value::Array(items) => items.is_empty() || items.iter().any(has_empty_list),
        _ => false,
    }
}

/// Whether an empty list is anywhere that no set can name: what holds nothing else is cut as if it were not there.
fn has_unsaid_list(ty: TypeRef<'_>, value: &Value) -> bool {
    match (shape(ty, value), value) {
        (Shape::Map(map), Value::Object(entries)) if !map.atomic => entries.iter().any(|(key, inner)| {
            let id = map.field(key).map(|d| d.ty).or(map.element).unwrap_or(UNTYPED);
            has_unsaid_list(ty.at(id), inner)
        }),
        (Shape::List(list), Value::Array(items)) if list.list_type != ListType::Atomic => {
            items.is_empty() || items.iter().any(|item| has_unsaid_list(ty.at(list.item), item))
        }
        _ => false,
    }
}

/// Takes out what others own, and the declared fields on the way to it.
fn unowned(
    gone: Set,
    ty: TypeRef<'_>,
    managed: Option<&Value>,
    write: &Write<'_>,
    schemas: &Schemas,
) -> Result<Set, Strange> {
    let mut left = gone;
    let list = managed.and_then(Value::as_array).unwrap_or_default();
    for (n, entry) in list.iter().enumerate().filter(|(_, e)| !is_own(e, write)) {
        let after = list.get(n + 1..).unwrap_or_default();
        if left.is_empty() || after.iter().any(|later| entries::replaces(later, entry)) {
            continue;
        }
        let version = entry.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
        if version != write.api_version {
            if schemas.resource(version, write.kind).is_some() {
                return Err(Strange);
            }
            continue;
        }
        if let Some(fields) = entry.get("fieldsV1").and_then(Value::as_object) {
            left = without(&left, ty, fields)?;
        }
    }
    Ok(left)
}

/// Takes out of a set what `fieldsV1` names at the same place, and the declared fields on the way to that. Where the type has
/// become atomic since, the whole is owned with its parts.
fn without(set: &Set, ty: TypeRef<'_>, fields: &Map) -> Result<Set, Strange> {
    let (map, list) = (ty.map_def(), ty.list_def());
    let inner_of = |element: &PathElement| match element {
        PathElement::Field(name) => {
            let declared = map.and_then(|m| m.field(name));
            let id = declared.map(|d| d.ty).or(map.and_then(|m| m.element)).unwrap_or(UNTYPED);
            (ty.at(id), declared.is_some())
        }
        _ => (ty.at(list.map_or(UNTYPED, |l| l.item)), false),
    };
    let mut left = Set::default();
    for element in &set.members {
        let owned = match find(fields, element)? {
            None => false,
            Some(Value::Object(below)) => {
                let (inner, declared) = inner_of(element);
                let parts = below.keys().any(|key| key != ".");
                !parts || declared || below.contains_key(".") || typed::is_whole(inner)
            }
            Some(_) => true,
        };
        if !owned {
            left.members.push(element.clone());
        }
    }
    for (element, below) in &set.children {
        let rest = match (find(fields, element)?, inner_of(element)) {
            (Some(Value::Object(fields)), (inner, _)) if !typed::is_whole(inner) => {
                without(below, inner, fields)?
            }
            _ => below.clone(),
        };
        if !rest.is_empty() {
            left.children.push((element.clone(), rest));
        }
    }
    Ok(left)
}

/// Returns what `fieldsV1` has below an element.
fn find<'f>(fields: &'f Map, element: &PathElement) -> Result<Option<&'f Value>, Strange> {
    let found = fields.get(&element.to_key());
    if found.is_some() || matches!(element, PathElement::Field(_)) {
        return Ok(found);
    }
    // The same element may be written otherwise.
    let same = |key: &fairway_value::Str| PathElement::parse(key).is_some_and(|e| e == *element);
    if fields.keys().any(same) { Err(Strange) } else { Ok(None) }
}

/// Returns the paths of a set that a value has.
fn present(ty: TypeRef<'_>, value: &Value, set: &Set) -> Set {
    let mut out = Set::default();
    match (shape(ty, value), value) {
        (Shape::Map(map), Value::Object(entries)) if !map.atomic => {
            let child = |element: &PathElement| {
                let PathElement::Field(name) = element else { return None };
                let declared = map.field(name);
                let inner_ty = ty.at(declared.map(|d| d.ty).or(map.element).unwrap_or(UNTYPED));
                Some((inner_ty, entries.get(name)?, declared.is_some()))
            };
            for element in &set.members {
                let Some((inner_ty, inner, declared)) = child(element) else { continue };
                if !declared || is_leaf(inner) || says(inner_ty, inner) {
                    out.insert(element.clone());
                }
            }
            for (element, below) in &set.children {
                let Some((inner_ty, inner, _)) = child(element) else { continue };
                out.attach(element.clone(), present(inner_ty, inner, below));
            }
        }
        (Shape::List(list), Value::Array(items)) if list.list_type != ListType::Atomic => {
            let mut seen = Set::default();
            let mut twice = Set::default();
            let named: Vec<_> =
                items.iter().filter_map(|item| Some((item_element(ty, list, item).ok()?, item))).collect();
            for (element, _) in &named {
                if seen.has(element) {
                    twice.insert(element.clone());
                }
                seen.insert(element.clone());
            }
            for (element, item) in named {
                if set.has(&element) {
                    out.insert(element.clone());
                }
                if let Some(below) = set.child(&element).filter(|_| !twice.has(&element)) {
                    let inner = present(ty.at(list.item), item, below);
                    out.attach(element, inner);
                }
            }
        }
        _ => {}
    }
    out
}
