//! The quick way to the verdict "nothing would change": every field that the configuration states is live as stated, in the order
//! stated, and the manager owns exactly these fields. Whatever is not plain goes the long way.

use crate::predict::status_is_apart;
use fairway_schema::managed::{PathElement, equal};
use fairway_schema::{ListType, Schemas, TypeRef};
use fairway_value::{Map, Str, Value};

/// Longest associative list that is compared entry by entry here.
const ENTRIES_MAX: usize = 64;

/// Metadata that never belongs to a manager.
const NEVER_OWNED: [&str; 9] = [
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "clusterName",
    "generation",
    "managedFields",
    "resourceVersion",
];

/// Whether applying `desired` as `manager` surely changes nothing, not even ownership.
pub(crate) fn surely_unchanged(desired: &Value, live: &Value, manager: &str, schemas: &Schemas) -> bool {
    let text =
        |o: &'_ Value, key: &str| o.get(key).and_then(Value::as_str).map(Str::from).unwrap_or_default();
    let (api_version, kind) = (text(desired, "apiVersion"), text(desired, "kind"));
    if text(live, "apiVersion") != api_version || text(live, "kind") != kind {
        return false;
    }
    let Some(resource) = schemas.resource(&api_version, &kind) else { return false };
    let Some(ty) = schemas.type_of(&api_version, &kind) else { return false };
    let entries = live.get_path(&["metadata", "managedFields"]).and_then(Value::as_array).unwrap_or_default();
    let own = entries.iter().find(|e| {
        e.get("manager").and_then(Value::as_str) == Some(manager)
            && e.get("operation").and_then(Value::as_str) == Some("Apply")
            && e.get("apiVersion").and_then(Value::as_str) == Some(&api_version)
            && e.get("subresource").is_none()
    });
    let Some(fields) = own.and_then(|e| e.get("fieldsV1")).and_then(Value::as_object) else { return false };
    let (Some(desired), Some(live)) = (desired.as_object(), live.as_object()) else { return false };
    let apart = status_is_apart(&resource.subresources);
    let mut owned = 0;
    for (key, value) in desired.iter() {
        match key.as_str() {
            "apiVersion" | "kind" => continue,
            "status" if apart => continue,
            "metadata" => {
                let (Some(meta), Some(live_meta)) =
                    (value.as_object(), live.get("metadata").and_then(Value::as_object))
                else {
                    return false;
                };
                let none = Map::new();
                let owned_meta = fields.get("f:metadata").and_then(Value::as_object);
                owned += usize::from(owned_meta.is_some());
                let Some(meta_ty) = ty.field("metadata").map(|f| f.ty) else { return false };
                if !metadata(meta_ty, meta, live_meta, owned_meta.unwrap_or(&none)) {
                    return false;
                }
            }
            _ => {
                if !field(ty, key, value, live, fields, &mut owned) {
                    return false;
                }
            }
        }
    }
    owned == fields.len()
}

fn metadata(ty: TypeRef<'_>, desired: &Map, live: &Map, fields: &Map) -> bool {
    let mut owned = 0;
    for (key, value) in desired.iter() {
        if NEVER_OWNED.contains(&key.as_str()) {
            let as_live = live.get(key).is_some_and(|l| equal(l, value));
            // Exported objects say `creationTimestamp: null`.
            if as_live || (value.is_null() && key == "creationTimestamp") {
                continue;
            }
            return false;
        }
        if !field(ty, key, value, live, fields, &mut owned) {
            return false;
        }
    }
    owned == fields.len()
}

fn field(ty: TypeRef<'_>, key: &str, value: &Value, live: &Map, fields: &Map, owned: &mut usize) -> bool {
    let (Some(child), Some(live)) = (ty.field(key), live.get(key)) else { return false };
    // Fields of maps are members themselves where they are not declared; declared ones are not.
    let declared = !child.name.is_empty();
    let mut name = Str::from("f:");
    name.push_str(key);
    match fields.get(&name) {
        Some(Value::Object(below)) => {
            *owned += 1;
            matches(child.ty, value, live, below, declared)
        }
        Some(_) => false,
        // A declared field with nothing owned in it: an empty list.
        None => declared && value.as_array().is_some_and(<[Value]>::is_empty) && equal(value, live),
    }
}

/// Whether a value is live as stated and owned exactly as stated. `declared` fields are no members unless they are leaves.
fn matches(ty: TypeRef<'_>, value: &Value, live: &Value, fields: &Map, declared: bool) -> bool {
    let leaf = || fields.is_empty() && equal(value, live);
    match value {
        Value::Null => false,
        Value::Object(map) if ty.is_map() => {
            if ty.is_atomic_map() || map.is_empty() {
                return leaf();
            }
            let Some(live) = live.as_object() else { return false };
            let mut owned = usize::from(fields.contains_key("."));
            if declared == fields.contains_key(".") {
                return false;
            }
            for (key, value) in map.iter() {
                if !field(ty, key, value, live, fields, &mut owned) {
                    return false;
                }
            }
            owned == fields.len()
        }
        Value::Array(items) if ty.is_list() => {
            if ty.list_type() == Some(ListType::Atomic) {
                return leaf();
            }
            let Some(live) = live.as_array() else { return false };
            entries(ty, items, live, fields, declared)
        }
        _ => leaf(),
    }
}

fn entries(ty: TypeRef<'_>, items: &[Value], live: &[Value], fields: &Map, declared: bool) -> bool {
    if items.is_empty() || live.len() > ENTRIES_MAX || declared == fields.contains_key(".") {
        return false;
    }
    let Some(item_ty) = ty.items() else { return false };
    let mut owned = usize::from(fields.contains_key("."));
    let mut from = 0;
    for item in items {
        let Some(element) = element(ty, item_ty, item) else { return false };
        let mut twins = live
            .iter()
            .enumerate()
            .filter(|(_, l)| self::element(ty, item_ty, l).is_some_and(|e| e == element));
        let (Some((at, twin)), None) = (twins.next(), twins.next()) else { return false };
        if at < from {
            return false;
        }
        from = at + 1;
        let Some(Value::Object(below)) = fields.get(&element.to_key()) else { return false };
        owned += 1;
        let fits = match item {
            // Entries of a list are members themselves.
            Value::Object(_) => matches(item_ty, item, twin, below, false),
            _ => below.is_empty() && equal(item, twin),
        };
        if !fits {
            return false;
        }
    }
    owned == fields.len()
}

fn element(ty: TypeRef<'_>, item_ty: TypeRef<'_>, item: &Value) -> Option<PathElement> {
    let keys = ty.list_keys();
    if keys.is_empty() {
        return matches!(item, Value::String(_) | Value::Int(_) | Value::Bool(_))
            .then(|| PathElement::Value(item.clone()));
    }
    let mut fields: Vec<(Str, Value)> = Vec::with_capacity(keys.len());
    for key in keys {
        if let Some(value) = item.get(key).or_else(|| item_ty.field(key)?.default) {
            fields.push((key.clone(), value.clone()));
        }
    }
    fields.sort_by(|a, b| a.0.cmp(&b.0));
    (!fields.is_empty()).then(|| PathElement::Key(fields.into()))
}
