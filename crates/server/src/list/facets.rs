//! Counts for the dashboard's summary bar and filter lists.

use super::filter::{Facet, Filter, cluster, health_status, project, sync_status};
use crate::wire::{object, text};
use fairway_value::{Map, Value};
use std::collections::BTreeMap;

/// Most values that one facet lists, the most frequent first; what is beyond is found by the search.
const FACET_VALUES_MAX: usize = 200;

/// Returns `{total, sync, health, project, namespace, cluster, label}`: how many applications have each value. A facet's own filter does
/// not narrow its counts, so that a person sees what choosing another value would give.
pub(crate) fn facets(apps: &[Value], filter: &Filter) -> Value {
    let count = |facet: Facet, of: fn(&Value) -> &str| {
        let mut counts = BTreeMap::<&str, i64>::new();
        for app in apps.iter().filter(|app| filter.matches_except(app, Some(facet))) {
            let value = of(app);
            if !value.is_empty() {
                *counts.entry(value).or_default() += 1;
            }
        }
        largest(counts.into_iter().map(|(key, n)| (key.to_owned(), n)).collect())
    };
    let total = apps.iter().filter(|app| filter.matches(app)).count();
    object([
        ("total", Value::from(i64::try_from(total).unwrap_or(i64::MAX))),
        ("sync", count(Facet::Sync, sync_status)),
        ("health", count(Facet::Health, health_status)),
        ("project", count(Facet::Project, project)),
        ("namespace", count(Facet::Namespace, |app| text(app, &["spec", "destination", "namespace"]))),
        ("cluster", count(Facet::Cluster, cluster)),
        ("label", labels(apps, filter)),
    ])
}

fn labels(apps: &[Value], filter: &Filter) -> Value {
    let mut counts = BTreeMap::<String, i64>::new();
    for app in apps.iter().filter(|app| filter.matches_except(app, Some(Facet::Label))) {
        let labels = app.get_path(&["metadata", "labels"]).and_then(Value::as_object);
        for (key, value) in labels.into_iter().flat_map(Map::iter) {
            if let Some(value) = value.as_str() {
                *counts.entry(format!("{key}={value}")).or_default() += 1;
            }
        }
    }
    largest(counts.into_iter().collect())
}

fn largest(mut counts: Vec<(String, i64)>) -> Value {
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counts.truncate(FACET_VALUES_MAX);
    counts.into_iter().map(|(key, n)| (key, Value::from(n))).collect()
}
