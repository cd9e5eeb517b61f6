//! Garbage collection by owner references: dependents of what is gone, foreground deletion, orphaning.

use super::object::{deleting, flag, key, list, name, namespace, text, uid};
use super::work::World;
use crate::api::{CONTROLLER, Part};
use crate::store::{Stored, object_key};
use fairway_value::Value;
use std::sync::Arc;

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";

fn has_finalizer(object: &Value, finalizer: &str) -> bool {
    list(object, "metadata.finalizers").iter().any(|f| f.as_str() == Some(finalizer))
}

/// Looks at an object as owner and as dependent.
pub(crate) fn collect(world: &World, table: &str, key: &str, live: &Value) {
    if !list(live, "metadata.ownerReferences").is_empty() {
        dependent(world, table, key, live);
    }
    if deleting(live) {
        waiting_owner(world, table, live);
    }
}

/// Looks at what an object owned that is gone.
pub(crate) fn owner_gone(world: &World, owner_uid: &str) {
    for (table, key) in world.index.owned_by(owner_uid) {
        if let Some(object) = world.api.store.get(&table, &key) {
            dependent(world, &table, &key, &object.value);
        }
    }
}

fn owner_exists(world: &World, dependent: &Value, owner: &Value) -> Option<Arc<Stored>> {
    let registry = world.api.registry();
    // A kind that nobody serves may come back: its objects are taken to exist.
    let resource = registry.by_kind(text(owner, "apiVersion"), text(owner, "kind"))?;
    let place = if resource.namespaced { namespace(dependent) } else { "" };
    let found = world.api.store.get(&resource.table, &object_key(place, text(owner, "name")))?;
    (uid(&found.value) == text(owner, "uid")).then_some(found)
}

fn kind_is_served(world: &World, owner: &Value) -> bool {
    world.api.registry().by_kind(text(owner, "apiVersion"), text(owner, "kind")).is_some()
}

/// Deletes an object all of whose owners are gone; takes out the references to those that are.
fn dependent(world: &World, table: &str, key: &str, object: &Value) {
    if deleting(object) && !has_finalizer(object, FOREGROUND) {
        return;
    }
    let owners = list(object, "metadata.ownerReferences");
    if owners.is_empty() {
        return;
    }
    let mut solid = 0;
    let (mut dangling, mut waiting) = (Vec::new(), Vec::new());
    for owner in owners {
        match owner_exists(world, object, owner) {
            Some(live) if deleting(&live.value) && has_finalizer(&live.value, FOREGROUND) => {
                waiting.push(text(owner, "uid").to_owned());
            }
            Some(_) => solid += 1,
            None if !kind_is_served(world, owner) => solid += 1,
            None => dangling.push(text(owner, "uid").to_owned()),
        }
    }
    if dangling.is_empty() && waiting.is_empty() {
        return;
    }
    if solid > 0 {
        world.api.change(table, key, CONTROLLER, Part::Object, |o| {
            drop_owners(o, |owner| {
                let owner = text(owner, "uid");
                dangling.iter().chain(&waiting).any(|u| u == owner)
            });
        });
        return;
    }
    if deleting(object) {
        return;
    }
    let blocking = !waiting.is_empty() && !world.index.owned_by(uid(object)).is_empty();
    let policy = if has_finalizer(object, ORPHAN) {
        "Orphan"
    } else if blocking || has_finalizer(object, FOREGROUND) {
        "Foreground"
    } else {
        "Background"
    };
    world.api.dispose(table, namespace(object), name(object), policy);
}

fn drop_owners(object: &mut Value, gone: impl Fn(&Value) -> bool) {
    let kept: Vec<Value> =
        list(object, "metadata.ownerReferences").iter().filter(|o| !gone(o)).cloned().collect();
    if kept.is_empty() {
        object.remove_path(&["metadata", "ownerReferences"]);
    } else {
        object.set_path(&["metadata", "ownerReferences"], kept);
    }
}

fn drop_finalizer(world: &World, table: &str, object: &Value, finalizer: &str) {
    world.api.change(table, &key(object), CONTROLLER, Part::Object, |o| {
        let kept: Vec<Value> = list(o, "metadata.finalizers")
            .iter()
            .filter(|f| f.as_str() != Some(finalizer))
            .cloned()
            .collect();
        if kept.is_empty() {
            o.remove_path(&["metadata", "finalizers"]);
        } else {
            o.set_path(&["metadata", "finalizers"], kept);
        }
    });
}

/// Moves on an owner that is being deleted in the foreground, or whose dependents are to be orphaned.
fn waiting_owner(world: &World, table: &str, owner: &Value) {
    if has_finalizer(owner, ORPHAN) {
        for (table, key) in world.index.owned_by(uid(owner)) {
            world.api.change(&table, &key, CONTROLLER, Part::Object, |o| {
                drop_owners(o, |reference| text(reference, "uid") == uid(owner));
            });
        }
        drop_finalizer(world, table, owner, ORPHAN);
        return;
    }
    if !has_finalizer(owner, FOREGROUND) {
        return;
    }
    for (table, key) in world.index.owned_by(uid(owner)) {
        if let Some(object) = world.api.store.get(&table, &key) {
            dependent(world, &table, &key, &object.value);
        }
    }
    let blocked = world.index.owned_by(uid(owner)).iter().any(|(table, key)| {
        world.api.store.get(table, key).is_some_and(|o| {
            list(&o.value, "metadata.ownerReferences")
                .iter()
                .any(|r| text(r, "uid") == uid(owner) && flag(r, "blockOwnerDeletion"))
        })
    });
    if !blocked {
        drop_finalizer(world, table, owner, FOREGROUND);
    }
}

/// Looks again at an owner (`apiVersion|kind|namespace|name`) that may wait for its dependents.
pub(crate) fn owner_may_go(world: &World, owner: &str) {
    let mut parts = owner.split('|');
    let mut part = || parts.next().unwrap_or_default();
    let (api_version, kind, place, name) = (part(), part(), part(), part());
    let registry = world.api.registry();
    let Some(resource) = registry.by_kind(api_version, kind) else { return };
    let key = object_key(if resource.namespaced { place } else { "" }, name);
    if let Some(owner) = world.api.store.get(&resource.table, &key)
        && deleting(&owner.value)
    {
        waiting_owner(world, &resource.table, &owner.value);
    }
}
