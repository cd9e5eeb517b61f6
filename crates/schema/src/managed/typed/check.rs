use super::shape::{Duplicates, Shape, are_few_and_distinct, item_element, shape};
use crate::managed::element::PathElement;
use crate::managed::set::Set;
use crate::managed::text::{go_sharp_v, go_type, go_v};
use crate::types::{ListDef, MapDef};
use crate::{ListType, Scalar, TypeRef};
use fairway_value::{Map, Value};

/// A place that does not fit its type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TypeFault {
    pub path: String,
    pub message: String,
}

/// Collects the places of a value that do not fit a type.
pub(crate) fn validate(ty: TypeRef<'_>, value: &Value, duplicates: Duplicates) -> Vec<TypeFault> {
    let mut faults = Vec::new();
    // Mostly everything fits, and no path needs to be named.
    if fits(ty, value) {
        return faults;
    }
    check(ty, value, duplicates, &mut String::new(), &mut faults);
    faults
}

/// Whether all of a value fits its type, no entry of a list being there twice.
fn fits(ty: TypeRef<'_>, value: &Value) -> bool {
    match (shape(ty, value), value) {
        (Shape::Scalar(scalar), _) => check_scalar(scalar, value).is_none(),
        (_, Value::Null) => true,
        (Shape::Map(map), Value::Object(entries)) => entries.iter().all(|(key, inner)| {
            let id = map.field(key).map(|f| f.ty).or(map.element);
            id.is_some_and(|id| fits(ty.at(id), inner))
        }),
        (Shape::List(list), Value::Array(items)) => {
            let mut seen = Set::default();
            let atomic = list.list_type == ListType::Atomic || are_few_and_distinct(ty, list, items);
            items.iter().all(|item| {
                let new = atomic
                    || item_element(ty, list, item).is_ok_and(|element| {
                        let new = !seen.has(&element);
                        seen.insert(element);
                        new
                    });
                new && fits(ty.at(list.item), item)
            })
        }
        (Shape::Map(_) | Shape::List(_), _) => false,
    }
}

fn check(
    ty: TypeRef<'_>,
    value: &Value,
    duplicates: Duplicates,
    path: &mut String,
    faults: &mut Vec<TypeFault>,
) {
    let fault = |message: String, path: &str| TypeFault { path: path.to_owned(), message };
    match shape(ty, value) {
        Shape::Map(map) => match value {
            Value::Object(entries) => check_map(ty, map, entries, duplicates, path, faults),
            Value::Null => {}
            other => faults.push(fault(format!("expected map, got &{{{}}}", go_v(other)), path)),
        },
        Shape::List(list) => match value {
            Value::Array(items) => check_list(ty, list, items, duplicates, path, faults),
            Value::Null => {}
            other => faults.push(fault(format!("expected list, got &{{{}}}", go_v(other)), path)),
        },
        Shape::Scalar(scalar) => {
            if let Some(message) = check_scalar(scalar, value) {
                faults.push(fault(message, path));
            }
        }
    }
}

fn check_scalar(scalar: Scalar, value: &Value) -> Option<String> {
    let is_number = matches!(value, Value::Int(_) | Value::Uint(_) | Value::Float(_));
    if value.is_null() {
        return None;
    }
    match scalar {
        Scalar::Int32 | Scalar::Int64 | Scalar::Number => {
            (!is_number).then(|| format!("expected numeric (int or float), got {}", go_type(value)))
        }
        Scalar::String | Scalar::Bytes => value
            .as_str()
            .is_none()
            .then(|| format!("expected string, got &value.valueUnstructured{{Value:{}}}", go_sharp_v(value))),
        Scalar::Bool => {
            value.as_bool().is_none().then(|| format!("expected boolean, got &{{{}}}", go_v(value)))
        }
        // Anything at all, as far as the schema says; what is neither is refused when it is decoded.
        Scalar::IntOrString => None,
        Scalar::Quantity | Scalar::Time | Scalar::MicroTime | Scalar::Any => {
            matches!(value, Value::Array(_) | Value::Object(_))
                .then(|| format!("expected any scalar, got &{{{}}}", go_v(value)))
        }
    }
}

fn check_map(
    ty: TypeRef<'_>,
    map: &MapDef,
    entries: &Map,
    duplicates: Duplicates,
    path: &mut String,
    faults: &mut Vec<TypeFault>,
) {
    let len = path.len();
    for (key, value) in entries.iter() {
        path.push('.');
        path.push_str(key);
        match map.field(key).map(|f| f.ty).or(map.element) {
            Some(id) => check(ty.at(id), value, duplicates, path, faults),
            None => {
                faults.push(TypeFault {
                    path: path.clone(),
                    message: "field not declared in schema".to_owned(),
                });
            }
        }
        path.truncate(len);
    }
}

fn check_list(
    ty: TypeRef<'_>,
    list: &ListDef,
    items: &[Value],
    duplicates: Duplicates,
    path: &mut String,
    faults: &mut Vec<TypeFault>,
) {
    let len = path.len();
    let mut seen = Set::default();
    for (at, item) in items.iter().enumerate() {
        let element = if list.list_type == ListType::Atomic {
            PathElement::Index(i64::try_from(at).unwrap_or(i64::MAX))
        } else {
            match item_element(ty, list, item) {
                Ok(element) => {
                    if seen.has(&element) && duplicates == Duplicates::Refused {
                        let message = format!("duplicate entries for key {element}");
                        faults.push(TypeFault { path: path.clone(), message });
                    }
                    seen.insert(element.clone());
                    element
                }
                Err(why) => {
                    faults.push(TypeFault { path: path.clone(), message: format!("element {at}: {why}") });
                    return;
                }
            }
        };
        path.push_str(&element.to_string());
        check(ty.at(list.item), item, duplicates, path, faults);
        path.truncate(len);
    }
}
