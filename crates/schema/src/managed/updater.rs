//! Who owns what after a write. Source: structured-merge-diff v6 `merge`.

use super::entries::Entry;
use super::set::Set;
use super::typed::{self, Comparison};
use crate::TypeRef;
use fairway_value::Value;

/// The same object in each version that managers wrote in.
pub(crate) trait Versions<'s> {
    /// Returns the type of the object's kind in a version; nothing where the server does not have it.
    fn ty(&self, api_version: &str) -> Option<TypeRef<'s>>;
    /// Returns the object as another version writes it.
    fn convert(&self, object: &Value, from: &str, to: &str) -> Option<Value>;
    /// Returns the fields that a write through this endpoint cannot change.
    fn reset(&self, api_version: &str) -> Set;
}

/// Fields of others that an apply would change.
pub(crate) type Conflicts = Vec<(usize, Set)>;

/// Why ownership cannot be worked out.
#[derive(Debug)]
pub(crate) enum UpdateError {
    Conflicts(Vec<(Entry, Set)>),
    Other(String),
}

/// Drops what a schema change made of sets written before it, and entries of versions that are gone.
fn reconciled<'s>(versions: &impl Versions<'s>, managers: Vec<Entry>) -> Vec<Entry> {
    let mut out = Vec::with_capacity(managers.len());
    for mut entry in managers {
        let Some(ty) = versions.ty(&entry.api_version) else { continue };
        if let Some(set) = typed::reconcile(ty, &entry.set) {
            entry.set = set;
        }
        out.push(entry);
    }
    out
}

fn filtered(comparison: Comparison, reset: &Set) -> Comparison {
    if reset.is_empty() {
        return comparison;
    }
    Comparison {
        removed: comparison.removed.recursive_difference(reset),
        modified: comparison.modified.recursive_difference(reset),
        added: comparison.added.recursive_difference(reset),
    }
}

/// Takes changed and removed fields from everybody but `own`; returns what differs in `version`, unfiltered.
fn take<'s>(
    versions: &impl Versions<'s>,
    (old, new): (&Value, &Value),
    version: &str,
    managers: &mut Vec<Entry>,
    own: impl Fn(&Entry) -> bool,
    force: bool,
) -> Result<Comparison, UpdateError> {
    let missing = || UpdateError::Other(format!("no type for version {version}"));
    let ty = versions.ty(version).ok_or_else(missing)?;
    let compared = typed::compare(ty, old, new);
    let mut by_version: Vec<(String, Comparison)> =
        vec![(version.to_owned(), filtered(compared.clone(), &versions.reset(version)))];
    let mut conflicts: Conflicts = Vec::new();
    let mut gone: Vec<usize> = Vec::new();
    for (at, entry) in managers.iter().enumerate() {
        if own(entry) {
            continue;
        }
        if !by_version.iter().any(|(v, _)| *v == entry.api_version) {
            let other = versions.ty(&entry.api_version).and_then(|ty| {
                let old = versions.convert(old, version, &entry.api_version)?;
                let new = versions.convert(new, version, &entry.api_version)?;
                Some(filtered(typed::compare(ty, &old, &new), &versions.reset(&entry.api_version)))
            });
            let Some(other) = other else {
                gone.push(at);
                continue;
            };
            by_version.push((entry.api_version.to_string(), other));
        }
        let Some((_, comparison)) = by_version.iter().find(|(v, _)| *v == entry.api_version) else {
            continue;
        };
        let contested = entry.set.intersection(&comparison.modified.union(&comparison.added));
        if !contested.is_empty() {
            conflicts.push((at, contested));
        }
    }
    if !force && !conflicts.is_empty() {
        let named = conflicts.into_iter().filter_map(|(at, set)| Some((managers.get(at)?.clone(), set)));
        return Err(UpdateError::Conflicts(named.collect()));
    }
    for (at, contested) in conflicts {
        managers[at].set = managers[at].set.difference(&contested);
    }
    for (at, entry) in managers.iter_mut().enumerate() {
        if own(entry) || gone.contains(&at) {
            continue;
        }
        if let Some((_, comparison)) = by_version.iter().find(|(v, _)| *v == entry.api_version) {
            entry.set = entry.set.difference(&comparison.removed);
        }
    }
    let mut at = 0;
    managers.retain(|entry| {
        let keep = !gone.contains(&at) && !entry.set.is_empty();
        at += 1;
        keep
    });
    Ok(compared)
}

/// Records a write of the whole object. `me` names the manager; its set is ignored.
pub(crate) fn update<'s>(
    versions: &impl Versions<'s>,
    (live, new): (&Value, &Value),
    managers: Vec<Entry>,
    me: &Entry,
    strip: impl Fn(&Set) -> Set,
) -> Result<Vec<Entry>, UpdateError> {
    let mut managers = reconciled(versions, managers);
    // The write is recorded under a name of its own first, so its own earlier entry loses what others would lose too.
    let compared = take(versions, (live, new), &me.api_version, &mut managers, |_| false, true)?;
    let reset = versions.reset(&me.api_version);
    let set = strip(&compared.modified.union(&compared.added).recursive_difference(&reset));
    if !set.is_empty() {
        match managers.iter_mut().find(|e| e.same_manager(me)) {
            Some(entry) => {
                entry.set = set.union(&entry.set);
                entry.time.clone_from(&me.time);
            }
            None => managers.push(Entry { set, ..me.clone() }),
        }
    }
    Ok(managers)
}

/// Applies a configuration; returns the merged object and the managers. The applier's entry has no new time yet.
pub(crate) fn apply<'s>(
    versions: &impl Versions<'s>,
    (live, config): (&Value, &Value),
    managers: Vec<Entry>,
    me: &Entry,
    force: bool,
) -> Result<(Value, Vec<Entry>), UpdateError> {
    let version = me.api_version.as_str();
    let missing = || UpdateError::Other(format!("no type for version {version}"));
    let ty = versions.ty(version).ok_or_else(missing)?;
    let mut managers = reconciled(versions, managers);
    let merged = typed::merge(ty, live, config)
        .map_err(|why| UpdateError::Other(format!("failed to merge config: {why}")))?;
    let set = typed::to_set(ty, config).recursive_difference(&versions.reset(version));
    let last = match managers.iter_mut().find(|e| e.same_manager(me)) {
        Some(entry) => {
            let last = std::mem::replace(entry, Entry { set, time: entry.time.clone(), ..me.clone() });
            Some(last)
        }
        None => {
            managers.push(Entry { set, time: None, ..me.clone() });
            None
        }
    };
    let pruned = match last {
        Some(last) if !last.set.is_empty() => prune(versions, merged, &managers, version, &last)?,
        _ => merged,
    };
    take(versions, (live, &pruned), version, &mut managers, |e| e.same_manager(me), force)?;
    Ok((pruned, managers))
}

/// Cuts out what the applier owned last time and does not state now, unless somebody else owns it.
fn prune<'s>(
    versions: &impl Versions<'s>,
    merged: Value,
    managers: &[Entry],
    version: &str,
    last: &Entry,
) -> Result<Value, UpdateError> {
    let then = last.api_version.as_str();
    let Some(ty) = versions.ty(then) else { return Ok(merged) };
    let Some(merged_then) = versions.convert(&merged, version, then) else { return Ok(merged) };
    let pruned = typed::remove(ty, &merged_then, &last.set.with_named_fields(Some(ty)));
    let (merged_last, pruned, at) = add_back_owned(versions, merged_then.clone(), pruned, then, managers);
    let failed = || UpdateError::Other(format!("failed to convert pruned object from {at} to {then}"));
    let pruned = versions.convert(&pruned, &at, then).ok_or_else(failed)?;
    let merged_then = versions.convert(&merged_last, &at, then).unwrap_or(merged_then);
    let pruned = add_back_dangling(ty, &merged_then, &pruned, &last.set);
    versions.convert(&pruned, then, version).ok_or_else(|| {
        UpdateError::Other(format!("failed to convert pruned object from {then} to {version}"))
    })
}

/// Puts back what somebody (also the applier's new configuration) still owns. Returns both objects and their version.
fn add_back_owned<'s>(
    versions: &impl Versions<'s>,
    merged: Value,
    pruned: Value,
    version: &str,
    managers: &[Entry],
) -> (Value, Value, String) {
    let mut order: Vec<&str> = vec![version];
    for entry in managers {
        if !order.contains(&entry.api_version.as_str()) {
            order.push(&entry.api_version);
        }
    }
    let (mut merged, mut pruned, mut at) = (merged, pruned, version.to_owned());
    for next in order {
        let mut owned = Set::default();
        for entry in managers.iter().filter(|e| e.api_version == next) {
            owned = owned.union(&entry.set);
        }
        let Some(ty) = versions.ty(next) else { continue };
        let converted = versions.convert(&merged, &at, next).zip(versions.convert(&pruned, &at, next));
        let Some((m, p)) = converted else { continue };
        let merged_set = typed::to_set(ty, &m).with_named_fields(Some(ty));
        let pruned_set = typed::to_set(ty, &p).with_named_fields(Some(ty));
        let keep = pruned_set.union(&owned.with_named_fields(Some(ty)));
        pruned = typed::remove(ty, &m, &merged_set.difference(&keep));
        merged = m;
        next.clone_into(&mut at);
    }
    (merged, pruned, at)
}

/// Puts back what was not the applier's before either: nobody's fields, and those of updaters.
fn add_back_dangling(ty: TypeRef<'_>, merged: &Value, pruned: &Value, last: &Set) -> Value {
    let pruned_set = typed::to_set(ty, pruned).with_named_fields(Some(ty));
    let merged_set = typed::to_set(ty, merged).with_named_fields(Some(ty));
    let last = last.with_named_fields(Some(ty));
    typed::remove(ty, merged, &merged_set.difference(&pruned_set).intersection(&last))
}
