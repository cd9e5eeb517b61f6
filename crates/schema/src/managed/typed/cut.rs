use super::shape::{Shape, item_element, shape};
use crate::managed::element::PathElement;
use crate::managed::set::Set;
use crate::types::UNTYPED;
use crate::{ListType, TypeRef};
use fairway_value::Value;

/// Cuts the paths of a set out of a value. A map or list of which nothing is left becomes null.
pub(crate) fn remove(ty: TypeRef<'_>, value: &Value, cut: &Set) -> Value {
    match shape(ty, value) {
        Shape::Scalar(_) => value.clone(),
        Shape::Map(map) => {
            let Some(entries) = value.as_object().filter(|m| !m.is_empty() && !map.atomic) else {
                return Value::Null;
            };
            let mut out = entries.clone();
            for element in &cut.members {
                if let PathElement::Field(name) = element {
                    out.remove(name);
                }
            }
            for (element, below) in &cut.children {
                let PathElement::Field(name) = element else { continue };
                let id = map.field(name).map(|d| d.ty).or(map.element).unwrap_or(UNTYPED);
                if let Some(inner) = out.get(name) {
                    let left = remove(ty.at(id), inner, below);
                    out.insert(name.clone(), left);
                }
            }
            if out.is_empty() { Value::Null } else { Value::Object(out) }
        }
        Shape::List(list) => {
            let Some(items) =
                value.as_array().filter(|i| !i.is_empty() && list.list_type != ListType::Atomic)
            else {
                return Value::Null;
            };
            let mut out: Vec<Value> = Vec::with_capacity(items.len());
            for item in items {
                let Ok(element) = item_element(ty, list, item) else {
                    out.push(item.clone());
                    continue;
                };
                if cut.has(&element) {
                    continue;
                }
                match cut.child(&element) {
                    Some(below) => out.push(remove(ty.at(list.item), item, below)),
                    None => out.push(item.clone()),
                }
            }
            if out.is_empty() { Value::Null } else { Value::from(out) }
        }
    }
}
