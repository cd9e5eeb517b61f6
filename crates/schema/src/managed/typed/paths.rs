use super::shape::{Shape, item_element, shape};
use crate::managed::element::PathElement;
use crate::managed::set::Set;
use crate::types::UNTYPED;
use crate::{ListType, TypeRef};
use fairway_value::{Map, Value};

/// Returns the set of paths that a value states.
pub(crate) fn to_set(ty: TypeRef<'_>, value: &Value) -> Set {
    let mut set = Set::default();
    add_paths(ty, value, &mut set);
    set
}

/// Adds the paths below a value; returns whether its own path belongs to the set.
pub(super) fn add_paths(ty: TypeRef<'_>, value: &Value, set: &mut Set) -> bool {
    match shape(ty, value) {
        Shape::Scalar(_) => true,
        Shape::Map(map) => {
            if map.atomic {
                return true;
            }
            for (key, inner) in value.as_object().into_iter().flat_map(Map::iter) {
                let def = map.field(key);
                let mut child = Set::default();
                let id = def.map(|d| d.ty).or(map.element).unwrap_or(UNTYPED);
                let leaf = add_paths(ty.at(id), inner, &mut child);
                let empty = inner.is_null() || inner.as_object().is_some_and(Map::is_empty);
                if leaf || empty || def.is_none() {
                    set.insert(PathElement::Field(key.clone()));
                }
                set.attach(PathElement::Field(key.clone()), child);
            }
            false
        }
        Shape::List(list) => {
            if list.list_type == ListType::Atomic {
                return true;
            }
            let elements: Vec<(PathElement, &Value)> = value
                .as_array()
                .unwrap_or_default()
                .iter()
                .filter_map(|item| Some((item_element(ty, list, item).ok()?, item)))
                .collect();
            let mut seen = Set::default();
            let mut twice = Set::default();
            for (element, _) in &elements {
                if seen.has(element) {
                    twice.insert(element.clone());
                }
                seen.insert(element.clone());
            }
            for (element, item) in elements {
                set.insert(element.clone());
                if !twice.has(&element) {
                    let mut child = Set::default();
                    add_paths(ty.at(list.item), item, &mut child);
                    set.attach(element, child);
                }
            }
            false
        }
    }
}
