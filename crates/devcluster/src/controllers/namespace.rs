//! Namespaces: what a fresh one holds, and how one is emptied.

use super::object::{deleting, key, list, name, namespace, text};
use super::work::World;
use crate::api::{CONTROLLER, Part, fill_namespace, set_condition};
use crate::store::object_key;
use fairway_value::Value;
use std::collections::BTreeMap;

/// Fills or empties a namespace.
pub(crate) fn reconcile(world: &World, space: &Value) {
    if deleting(space) {
        empty(world, space);
    } else {
        fill_namespace(&world.api, name(space));
    }
}

/// What is left in a namespace after its content was deleted.
#[derive(Default)]
struct Left {
    by_resource: BTreeMap<String, usize>,
    by_finalizer: BTreeMap<String, usize>,
}

fn empty(world: &World, space: &Value) {
    let place = name(space);
    let prefix = format!("{place}/");
    let registry = world.api.registry();
    for table in world.api.store.tables() {
        if !registry.by_table(&table).is_some_and(|r| r.namespaced) {
            continue;
        }
        for object in world.api.store.list(&table, &prefix).1 {
            if !deleting(&object.value) {
                world.api.dispose(&table, namespace(&object.value), name(&object.value), "Background");
            }
        }
    }
    let mut left = Left::default();
    for table in world.api.store.tables() {
        let Some(resource) = registry.by_table(&table).filter(|r| r.namespaced) else { continue };
        for object in world.api.store.list(&table, &prefix).1 {
            *left.by_resource.entry(format!("{}.{}", resource.plural, resource.group)).or_default() += 1;
            for finalizer in list(&object.value, "metadata.finalizers").iter().filter_map(Value::as_str) {
                *left.by_finalizer.entry(finalizer.to_owned()).or_default() += 1;
            }
        }
    }
    let had = !list(space, "status.conditions").is_empty();
    if had || !left.by_resource.is_empty() {
        tell(world, place, &left);
    }
    if left.by_resource.is_empty() {
        finish(world, space);
    }
}

fn finish(world: &World, space: &Value) {
    let held = !list(space, "metadata.finalizers").is_empty();
    if held {
        world.api.change("namespaces", &key(space), CONTROLLER, Part::Object, |o| {
            o.set_path(&["spec", "finalizers"], Value::array());
        });
        return;
    }
    if text(space, "status.phase") == "Terminating" {
        world.api.erase("namespaces", "", name(space));
    }
}

fn tell(world: &World, place: &str, left: &Left) {
    let now = world.now_text();
    let counted = |map: &BTreeMap<String, usize>, what: &str| {
        map.iter().map(|(k, n)| format!("{k} {what} {n} resource instances")).collect::<Vec<_>>().join(", ")
    };
    world.api.change("namespaces", &object_key("", place), CONTROLLER, Part::Status, |o| {
        let mut set =
            |kind, status, reason, message: &str| set_condition(o, kind, status, reason, message, &now);
        set(
            "NamespaceDeletionDiscoveryFailure",
            "False",
            "ResourcesDiscovered",
            "All resources successfully discovered",
        );
        set(
            "NamespaceDeletionGroupVersionParsingFailure",
            "False",
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
        );
        set(
            "NamespaceDeletionContentFailure",
            "False",
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
        );
        if left.by_resource.is_empty() {
            set("NamespaceContentRemaining", "False", "ContentRemoved", "All content successfully removed");
        } else {
            let message = format!("Some resources are remaining: {}", counted(&left.by_resource, "has"));
            set("NamespaceContentRemaining", "True", "SomeResourcesRemain", &message);
        }
        if left.by_finalizer.is_empty() {
            set(
                "NamespaceFinalizersRemaining",
                "False",
                "ContentHasNoFinalizers",
                "All content-preserving finalizers finished",
            );
        } else {
            let message = format!(
                "Some content in the namespace has finalizers remaining: {}",
                counted(&left.by_finalizer, "in")
            );
            set("NamespaceFinalizersRemaining", "True", "SomeFinalizersRemain", &message);
        }
    });
}
