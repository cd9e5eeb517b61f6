use crate::managed::element::PathElement;
use crate::managed::set::Set;
use crate::types::MapDef;
use crate::{ListType, Scalar, TypeRef};

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
        if is_deduced(ty, map) {
            return;
        }
        if is_whole(ty) {
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
        if is_whole(ty) {
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

fn is_deduced(ty: TypeRef<'_>, map: &MapDef) -> bool {
    let anything = |id| id == crate::types::DEDUCED || ty.at(id).def().scalar == Some(Scalar::Any);
    map.fields.is_empty() && map.element.is_some_and(anything)
}

/// Whether a type's values are owned as a whole, whatever parts of them a set names.
pub(crate) fn is_whole(ty: TypeRef<'_>) -> bool {
    let def = ty.def();
    match (&def.map, &def.list) {
        (Some(map), _) => map.atomic && !is_deduced(ty, map),
        (None, Some(list)) => def.scalar.is_none() && list.list_type == ListType::Atomic,
        (None, None) => false,
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
