//! Values walked along their types: checked, turned into field sets, merged, compared and cut.
//!
//! Source: structured-merge-diff v6 `typed`.

use super::element::{PathElement, equal};
use super::set::Set;
use super::text::{go_sharp_v, go_type, go_v};
use crate::types::{ListDef, MapDef, UNTYPED};
use crate::{ListType, Scalar, TypeRef};
use fairway_value::{Map, Str, Value};

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

/// A place that does not fit its type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TypeFault {
    pub path: String,
    pub message: String,
}

/// Collects the places of a value that do not fit a type.
pub(crate) fn validate(ty: TypeRef<'_>, value: &Value, duplicates: Duplicates) -> Vec<TypeFault> {
    let mut faults = Vec::new();
    check(ty, value, duplicates, &mut String::new(), &mut faults);
    faults
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
        Scalar::IntOrString | Scalar::Quantity | Scalar::Time | Scalar::MicroTime | Scalar::Any => {
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
        let names: Vec<String> = list.keys.iter().map(|k| super::text::quote(k)).collect();
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

/// Returns the set of paths that a value states.
pub(crate) fn to_set(ty: TypeRef<'_>, value: &Value) -> Set {
    let mut set = Set::default();
    add_paths(ty, value, &mut set);
    set
}

/// Adds the paths below a value; returns whether its own path belongs to the set.
fn add_paths(ty: TypeRef<'_>, value: &Value, set: &mut Set) -> bool {
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

/// Merges a configuration over a live value: what the configuration states wins, the rest stays.
///
/// # Errors
/// An entry of an associative list without its keys.
pub(crate) fn merge(ty: TypeRef<'_>, live: &Value, config: &Value) -> Result<Value, String> {
    match shape(ty, config) {
        Shape::Scalar(_) => Ok(config.clone()),
        Shape::Map(map) => {
            let (left, right) = (live.as_object(), config.as_object());
            let none = |m: Option<&Map>| m.is_none_or(Map::is_empty);
            if map.atomic || (none(left) && none(right)) {
                return Ok(config.clone());
            }
            let mut out = left.cloned().unwrap_or_default();
            for (key, value) in right.into_iter().flat_map(Map::iter) {
                let merged = match out.get(key) {
                    Some(before) => {
                        let id = map.field(key).map(|d| d.ty).or(map.element).unwrap_or(UNTYPED);
                        merge(ty.at(id), before, value)?
                    }
                    None => value.clone(),
                };
                out.insert(key.clone(), merged);
            }
            Ok(Value::Object(out))
        }
        Shape::List(list) => {
            let (left, right) = (live.as_array().unwrap_or_default(), config.as_array().unwrap_or_default());
            if list.list_type == ListType::Atomic || (left.is_empty() && right.is_empty()) {
                return Ok(config.clone());
            }
            merge_list(ty, list, left, right)
        }
    }
}

/// Values by element, ordered; those that are there twice have none.
type Indexed<'v> = Vec<(PathElement, Option<&'v Value>)>;

/// The elements of a list in order, and each one's value; those that are there twice have none.
fn index<'v>(
    ty: TypeRef<'_>,
    list: &ListDef,
    items: &'v [Value],
) -> Result<(Vec<PathElement>, Indexed<'v>), String> {
    let mut order = Vec::with_capacity(items.len());
    let mut seen: Vec<(PathElement, Option<&Value>)> = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        let element = item_element(ty, list, item).map_err(|why| format!("element {at}: {why}"))?;
        match seen.binary_search_by(|(e, _)| e.cmp(&element)) {
            Ok(found) => seen[found].1 = None,
            Err(place) => seen.insert(place, (element.clone(), Some(item))),
        }
        order.push(element);
    }
    Ok((order, seen))
}

fn find<'v>(seen: &[(PathElement, Option<&'v Value>)], element: &PathElement) -> Option<Option<&'v Value>> {
    let at = seen.binary_search_by(|(e, _)| e.cmp(element)).ok()?;
    seen.get(at).map(|(_, v)| *v)
}

/// Merges two associative lists: entries in both are merged and take the configuration's order among themselves; what is
/// only in the live list keeps its place relative to them.
fn merge_list(ty: TypeRef<'_>, list: &ListDef, left: &[Value], right: &[Value]) -> Result<Value, String> {
    let (right_order, right_seen) = index(ty, list, right)?;
    let (left_order, left_seen) = index(ty, list, left)?;
    let mut shared = right_order.iter().filter(|e| find(&left_seen, e).is_some());
    let mut next_shared = shared.next();
    let mut merged = Set::default();
    let mut out: Vec<Value> = Vec::with_capacity(left.len().max(right.len()));
    let item = ty.at(list.item);
    let both = |element: &PathElement| -> Result<Option<Value>, String> {
        match (find(&left_seen, element).flatten(), find(&right_seen, element).flatten()) {
            (Some(l), Some(r)) => merge(item, l, r).map(Some),
            (l, r) => Ok(r.or(l).cloned()),
        }
    };
    let (mut li, mut ri) = (0, 0);
    while li < left_order.len() || ri < right_order.len() {
        if let (Some(l), Some(r)) = (left_order.get(li), right_order.get(ri)) {
            if l == r {
                merged.insert(l.clone());
                out.extend(both(l)?);
                li += 1;
                ri += 1;
                next_shared = shared.next();
                continue;
            }
            if find(&right_seen, l).is_some() && next_shared.is_some_and(|s| s != l) {
                li += 1;
                continue;
            }
        }
        if let Some(l) = left_order.get(li) {
            if find(&right_seen, l).is_none() {
                out.push(left[li].clone());
                li += 1;
                continue;
            } else if merged.has(l) {
                li += 1;
            }
        }
        if let Some(r) = right_order.get(ri) {
            merged.insert(r.clone());
            out.extend(both(r)?);
            ri += 1;
            if next_shared == Some(r) {
                next_shared = shared.next();
            }
        }
    }
    Ok(Value::from(out))
}

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

/// Brings a set written under an older schema in line with this one: where a map or list has become atomic, its path
/// takes the place of the paths below it. Nothing where the set fits.
pub(crate) fn reconcile(ty: TypeRef<'_>, set: &Set) -> Option<Set> {
    let mut to_remove = Set::default();
    let mut to_add = Set::default();
    reconcile_below(ty, set, &mut Vec::new(), &mut to_remove, &mut to_add);
    if to_remove.is_empty() && to_add.is_empty() {
        return None;
    }
    Some(set.recursive_difference(&to_remove).union(&to_add))
}

fn reconcile_below(
    ty: TypeRef<'_>,
    set: &Set,
    path: &mut Vec<PathElement>,
    to_remove: &mut Set,
    to_add: &mut Set,
) {
    let def = ty.def();
    let mut note = |path: &[PathElement]| {
        insert_path(to_remove, path);
        insert_path(to_add, path);
    };
    if let Some(map) = &def.map {
        let deduced = map.fields.is_empty()
            && map
                .element
                .is_some_and(|id| id == crate::types::DEDUCED || ty.at(id).def().scalar == Some(Scalar::Any));
        if deduced {
            return;
        }
        if map.atomic {
            if !set.is_empty() {
                note(path);
            }
            return;
        }
        for (element, child) in &set.children {
            let id = element.as_field().and_then(|n| map.field(n)).map(|d| d.ty).or(map.element);
            if let Some(id) = id {
                path.push(element.clone());
                reconcile_below(ty.at(id), child, path, to_remove, to_add);
                path.pop();
            }
        }
    } else if def.scalar.is_none()
        && let Some(list) = &def.list
    {
        if list.list_type == ListType::Atomic {
            note(path);
            return;
        }
        for (element, child) in &set.children {
            path.push(element.clone());
            reconcile_below(ty.at(list.item), child, path, to_remove, to_add);
            path.pop();
        }
    }
}

fn insert_path(set: &mut Set, path: &[PathElement]) {
    match path {
        [] => {}
        [last] => set.insert(last.clone()),
        [first, rest @ ..] => {
            let mut child = Set::default();
            insert_path(&mut child, rest);
            set.attach(first.clone(), child);
        }
    }
}
