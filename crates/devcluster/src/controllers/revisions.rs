//! ControllerRevisions: the templates that StatefulSets and DaemonSets had, for `kubectl rollout history` and `undo`.

use super::object::{get, key, name, namespace, number, reference, template_hash, text, uid};
use super::work::{World, collection};
use crate::api::{CONTROLLER, Part};
use crate::store::Stored;
use fairway_value::Value;
use std::sync::Arc;

const TABLE: &str = "controllerrevisions.apps";

fn of(world: &World, set: &Value) -> Vec<Arc<Stored>> {
    let mut all = world.owned(TABLE, uid(set));
    all.sort_by_key(|r| number(&r.value, "revision").unwrap_or_default());
    all
}

/// Makes the revision of the set's template the newest one. Returns its name.
pub(crate) fn current(world: &World, set: &Value, hash_label: &str) -> String {
    let Some(template) = get(set, "spec.template") else { return String::new() };
    let hash = template_hash(template);
    let revision_name = format!("{}-{hash}", name(set));
    let all = of(world, set);
    let newest = all.last().and_then(|r| number(&r.value, "revision")).unwrap_or_default();
    match all.iter().find(|r| name(&r.value) == revision_name) {
        Some(known) if number(&known.value, "revision") == Some(newest) => {}
        // An earlier template again.
        Some(known) => {
            world.api.change(TABLE, &key(&known.value), CONTROLLER, Part::Object, |o| {
                o.set_path(&["revision"], newest + 1);
            });
        }
        None => make(world, set, template, (&revision_name, &hash, hash_label), newest + 1),
    }
    revision_name
}

fn make(
    world: &World,
    set: &Value,
    template: &Value,
    (revision_name, hash, hash_label): (&str, &str, &str),
    number: i64,
) {
    let mut patch = template.clone();
    patch.set_path(&["$patch"], "replace");
    let mut revision = Value::object();
    revision.set_path(&["apiVersion"], "apps/v1");
    revision.set_path(&["kind"], "ControllerRevision");
    revision.set_path(&["metadata", "name"], revision_name);
    if let Some(labels) = get(template, "metadata.labels") {
        revision.set_path(&["metadata", "labels"], labels.clone());
    }
    revision.set_path(&["metadata", "labels", hash_label], hash);
    if let Some(annotations) = get(set, "metadata.annotations") {
        revision.set_path(&["metadata", "annotations"], annotations.clone());
    }
    revision.set_path(&["metadata", "ownerReferences"], vec![reference(set)]);
    revision.set_path(&["data", "spec", "template"], patch);
    revision.set_path(&["revision"], number);
    if let Err((code, why)) =
        world.api.make(&collection("apps/v1", namespace(set), "controllerrevisions"), &revision)
        && code != 409
    {
        tracing::debug!(set = name(set), %why, "a ControllerRevision is refused");
    }
}

/// Returns the template that a revision holds.
pub(crate) fn template(world: &World, set: &Value, revision_name: &str) -> Option<Value> {
    let revision = world.api.find(TABLE, namespace(set), revision_name)?;
    let mut template = get(&revision.value, "data.spec.template")?.clone();
    template.remove_path(&["$patch"]);
    Some(template)
}

/// Deletes the oldest revisions that nothing runs any more, beyond the history that is to be kept.
pub(crate) fn clean_up(world: &World, set: &Value, in_use: impl Fn(&Value) -> bool) {
    let keep = usize::try_from(number(set, "spec.revisionHistoryLimit").unwrap_or(10)).unwrap_or_default();
    let idle: Vec<Arc<Stored>> = of(world, set).into_iter().filter(|r| !in_use(&r.value)).collect();
    for revision in idle.iter().take(idle.len().saturating_sub(keep)) {
        world.api.dispose(
            TABLE,
            namespace(&revision.value),
            text(&revision.value, "metadata.name"),
            "Background",
        );
    }
}
