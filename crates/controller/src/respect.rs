//! `RespectIgnoreDifferences`: fields whose differences do not count keep their live values when a sync writes.

use fairway_core::{Desired, Live, ObjectKey};
use fairway_diff::IgnoreRules;
use fairway_schema::Schemas;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Returns the desired objects with the live values of what the rules leave out; an object that is not live stays as it is.
pub fn with_live_values(
    desired: &[Desired],
    rules: &IgnoreRules,
    live: &BTreeMap<ObjectKey, Arc<Live>>,
    schemas: &Schemas,
) -> Vec<Desired> {
    let kept = |wanted: &Desired| {
        let key = wanted.key();
        let mut wanted = wanted.clone();
        if let Some(found) = live.get(&key).filter(|_| rules.concern(&key)) {
            let value = fairway_diff::with_live_values(wanted.value(), found.value(), rules, schemas);
            *wanted.object.value_mut() = value;
        }
        wanted
    };
    desired.iter().map(kept).collect()
}
