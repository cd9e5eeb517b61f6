use crate::managed::element::{PathElement, compare_values};
use crate::managed::text::quote;
use crate::types::{ListDef, MapDef};
use crate::{Scalar, TypeRef};
use fairway_value::{HtmlEscape, Map, Str, Value, write_json};

/// Whether a list may hold one key twice: in stored objects it may, in applied configurations not.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Duplicates {
    #[expect(dead_code, reason = "what is stored has been checked before")]
    Allowed,
    Refused,
}

/// The one shape, of those that a type allows, by which a value is treated.
pub(crate) enum Shape<'s> {
    Map(&'s MapDef),
    Scalar(Scalar),
    List(&'s ListDef),
}

/// Picks the shape for a value: its own where the type allows that, else the first that the type allows.
pub(crate) fn shape<'s>(ty: TypeRef<'s>, value: &Value) -> Shape<'s> {
    let def = ty.def();
    match value {
        Value::Object(_) => {
            if let Some(map) = &def.map {
                return Shape::Map(map);
            }
        }
        Value::Array(_) => {
            if let Some(list) = &def.list {
                return Shape::List(list);
            }
        }
        Value::Null => {}
        _ => {
            if let Some(scalar) = def.scalar {
                return Shape::Scalar(scalar);
            }
        }
    }
    match (&def.map, def.scalar, &def.list) {
        (Some(map), _, _) => Shape::Map(map),
        (_, Some(scalar), _) => Shape::Scalar(scalar),
        (_, _, Some(list)) => Shape::List(list),
        (None, None, None) => Shape::Scalar(Scalar::Any),
    }
}

/// The value of one of the keys of a list's item: its own, or the default.
fn key_value<'v>(ty: TypeRef<'v>, list: &ListDef, item: &'v Map, key: &str) -> Option<&'v Value> {
    item.get(key).or_else(|| ty.at(list.item).map_def()?.field(key)?.default.as_ref())
}

/// Whether two items of an associative list have one name; nothing where one of them has none. No name is made for that.
pub(crate) fn same_element(ty: TypeRef<'_>, list: &ListDef, a: &Value, b: &Value) -> Option<bool> {
    if list.keys.is_empty() {
        let named = |v: &Value| !matches!(v, Value::Object(_) | Value::Array(_) | Value::Null);
        return (named(a) && named(b)).then(|| compare_values(a, b).is_eq());
    }
    let (a, b) = (a.as_object()?, b.as_object()?);
    let (mut same, mut named) = (true, (false, false));
    for key in &list.keys {
        let pair = (key_value(ty, list, a, key), key_value(ty, list, b, key));
        named = (named.0 || pair.0.is_some(), named.1 || pair.1.is_some());
        same &= match pair {
            (Some(a), Some(b)) => compare_values(a, b).is_eq(),
            (a, b) => a.is_none() && b.is_none(),
        };
    }
    (named.0 && named.1).then_some(same)
}

/// Most items that are compared each with each.
const FEW: usize = 12;

/// Whether the items of an associative list are few and surely all have names of their own.
pub(crate) fn are_few_and_distinct(ty: TypeRef<'_>, list: &ListDef, items: &[Value]) -> bool {
    items.len() <= FEW
        && items.iter().enumerate().all(|(n, item)| {
            let before = items.get(..n).unwrap_or_default();
            same_element(ty, list, item, item) == Some(true)
                && before.iter().all(|other| same_element(ty, list, item, other) == Some(false))
        })
}

/// Writes the key by which a `fieldsV1` document names an item of an associative list; nothing where it has no name.
pub(crate) fn item_key(ty: TypeRef<'_>, list: &ListDef, item: &Value) -> Option<Str> {
    let [key] = &*list.keys else { return item_element(ty, list, item).ok().map(|e| e.to_key()) };
    let value = key_value(ty, list, item.as_object()?, key)?;
    let mut out = String::with_capacity(48);
    out.push_str("k:{");
    write_json(&Value::String(key.clone()), HtmlEscape::Yes, &mut out);
    out.push(':');
    write_json(value, HtmlEscape::Yes, &mut out);
    out.push('}');
    Some(out.into())
}

/// Returns the path element that names an item of an associative list.
pub(crate) fn item_element(ty: TypeRef<'_>, list: &ListDef, item: &Value) -> Result<PathElement, String> {
    if list.keys.is_empty() {
        return match item {
            Value::Object(_) => {
                Err("associative list without keys has an element that's a map type".to_owned())
            }
            Value::Array(_) => Err("not supported: associative list with lists as elements".to_owned()),
            Value::Null => {
                Err("associative list without keys has an element that's an explicit null".to_owned())
            }
            scalar => Ok(PathElement::Value(scalar.clone())),
        };
    }
    let map = match item {
        Value::Object(map) => map,
        Value::Null => return Err("associative list with keys may not have a null element".to_owned()),
        _ => return Err("associative list with keys may not have non-map elements".to_owned()),
    };
    let defs = ty.at(list.item).map_def();
    let mut fields: Vec<(Str, Value)> = Vec::with_capacity(list.keys.len());
    for key in &list.keys {
        let default = || defs?.field(key)?.default.as_ref();
        if let Some(value) = map.get(key).or_else(default) {
            fields.push((key.clone(), value.clone()));
        }
    }
    if fields.is_empty() {
        let names: Vec<String> = list.keys.iter().map(|k| quote(k)).collect();
        return Err(format!(
            "associative list with keys has an element that omits all key fields [{}] (and doesn't have default \
             values for any key fields)",
            names.join(" ")
        ));
    }
    if fields.len() > 1 {
        fields.sort_by(|a, b| a.0.cmp(&b.0));
    }
    Ok(PathElement::Key(fields.into()))
}
