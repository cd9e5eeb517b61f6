use super::shape::{Shape, item_element, shape};
use crate::managed::element::{PathElement, equal};
use crate::managed::set::Set;
use crate::types::{ListDef, UNTYPED};
use crate::{ListType, TypeRef};
use fairway_value::{Map, Str, Value};

/// What differs between two values.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Comparison {
    pub removed: Set,
    pub modified: Set,
    pub added: Set,
}

impl Comparison {
    fn attach(&mut self, element: &PathElement, node: Node) {
        if node.removed {
            self.removed.insert(element.clone());
        }
        if node.modified {
            self.modified.insert(element.clone());
        }
        if node.added {
            self.added.insert(element.clone());
        }
        self.removed.attach(element.clone(), node.below.removed);
        self.modified.attach(element.clone(), node.below.modified);
        self.added.attach(element.clone(), node.below.added);
    }
}

#[derive(Default)]
struct Node {
    removed: bool,
    modified: bool,
    added: bool,
    below: Comparison,
}

/// Compares two values of one type.
pub(crate) fn compare(ty: TypeRef<'_>, before: &Value, after: &Value) -> Comparison {
    compare_node(ty, Some(before), Some(after)).below
}

fn compare_node(ty: TypeRef<'_>, before: Option<&Value>, after: Option<&Value>) -> Node {
    let mut node = Node::default();
    let in_leaf = match (before, after) {
        (Some(value), None) | (None, Some(value)) => {
            let shape = shape(ty, value);
            compare_as(ty, &shape, before, after, &mut node)
        }
        (Some(old), Some(new)) => {
            let (left, right) = (shape(ty, old), shape(ty, new));
            if std::mem::discriminant(&left) != std::mem::discriminant(&right) {
                compare_as(ty, &left, before, after, &mut node);
            }
            compare_as(ty, &right, before, after, &mut node)
        }
        (None, None) => true,
    };
    if !in_leaf {
        node.added |= before.is_none();
        node.removed |= after.is_none();
    }
    node
}

/// Returns whether the values were compared as a whole.
fn compare_as(
    ty: TypeRef<'_>,
    shape: &Shape<'_>,
    before: Option<&Value>,
    after: Option<&Value>,
    node: &mut Node,
) -> bool {
    let whole = match shape {
        Shape::Scalar(_) => true,
        Shape::Map(map) => {
            let empty = |v: Option<&Value>| v.and_then(Value::as_object).is_none_or(Map::is_empty);
            map.atomic || (empty(before) && empty(after))
        }
        Shape::List(list) => {
            let empty = |v: Option<&Value>| v.and_then(Value::as_array).is_none_or(<[Value]>::is_empty);
            list.list_type == ListType::Atomic || (empty(before) && empty(after))
        }
    };
    if whole {
        match (before, after) {
            (None, _) => node.added = true,
            (_, None) => node.removed = true,
            (Some(old), Some(new)) => node.modified |= !equal(old, new),
        }
        return true;
    }
    match shape {
        Shape::Map(map) => {
            let none = Map::new();
            let old = before.and_then(Value::as_object).unwrap_or(&none);
            let new = after.and_then(Value::as_object).unwrap_or(&none);
            let child = |key: &Str| ty.at(map.field(key).map(|d| d.ty).or(map.element).unwrap_or(UNTYPED));
            for (key, value) in old.iter() {
                let inner = compare_node(child(key), Some(value), new.get(key));
                node.below.attach(&PathElement::Field(key.clone()), inner);
            }
            for (key, value) in new.iter().filter(|(k, _)| !old.contains_key(k)) {
                let inner = compare_node(child(key), None, Some(value));
                node.below.attach(&PathElement::Field(key.clone()), inner);
            }
        }
        Shape::List(list) => {
            let old = before.and_then(Value::as_array).unwrap_or_default();
            let new = after.and_then(Value::as_array).unwrap_or_default();
            compare_lists(ty, list, old, new, node);
        }
        Shape::Scalar(_) => {}
    }
    false
}

fn compare_lists(ty: TypeRef<'_>, list: &ListDef, old: &[Value], new: &[Value], node: &mut Node) {
    // Each key once, with the entries that have it before and after.
    let mut entries: Vec<(PathElement, Vec<&Value>, Vec<&Value>)> =
        Vec::with_capacity(old.len().max(new.len()));
    for (items, is_new) in [(old, false), (new, true)] {
        for item in items {
            let Ok(element) = item_element(ty, list, item) else { continue };
            let at = match entries.binary_search_by(|(e, _, _)| e.cmp(&element)) {
                Ok(at) => at,
                Err(at) => {
                    entries.insert(at, (element, Vec::new(), Vec::new()));
                    at
                }
            };
            let entry = &mut entries[at];
            if is_new { entry.2.push(item) } else { entry.1.push(item) }
        }
    }
    let item = ty.at(list.item);
    for (element, olds, news) in &entries {
        match (olds.as_slice(), news.as_slice()) {
            (left @ ([] | [_]), right @ ([] | [_])) => {
                let inner = compare_node(item, left.first().copied(), right.first().copied());
                node.below.attach(element, inner);
            }
            (left @ [_, _, ..], right @ [_, _, ..]) => {
                if left.len() != right.len() || !left.iter().zip(right).all(|(a, b)| equal(a, b)) {
                    node.below.modified.insert(element.clone());
                }
            }
            // One key twice before and no more: the marker goes, what is left is new.
            (_, right @ ([] | [_])) => {
                if let Some(value) = right.first() {
                    node.below.attach(element, compare_node(item, None, Some(value)));
                }
                node.below.removed.insert(element.clone());
            }
            (left, _) => {
                if let Some(value) = left.first() {
                    node.below.attach(element, compare_node(item, Some(value), None));
                }
                node.below.added.insert(element.clone());
            }
        }
    }
}
