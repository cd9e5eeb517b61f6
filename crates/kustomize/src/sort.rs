//! The order of the output.

use crate::config::{ORDER_FIRST, ORDER_LAST, sort_key};
use crate::id::{Gvk, ResId};
use crate::kustomization::{LegacySort, SortOptions};
use crate::openapi::OpenApi;
use crate::options::Reorder;
use crate::resmap::ResMap;
use fairway_value::Str;
use std::cmp::Ordering;
use std::collections::HashMap;

/// Orders the objects as `sortOptions` say, else as the flag does.
///
/// # Errors
/// Options that do not go together.
pub fn sort(
    resources: &mut ResMap,
    options: Option<&SortOptions>,
    flag: Reorder,
    openapi: &OpenApi,
) -> Result<(), String> {
    let (first, last): (Vec<Str>, Vec<Str>) = match options {
        None if flag == Reorder::None => return Ok(()),
        None => defaults(),
        Some(options) => match (options.order.as_str(), &options.legacy) {
            ("fifo", None) => return Ok(()),
            ("fifo", Some(_)) => {
                return Err("the field 'sortOptions.legacySortOptions' is set but the selected sort order is 'fifo', not 'legacy'".to_owned());
            }
            ("legacy", None) => defaults(),
            ("legacy", Some(LegacySort { first, last })) => (first.clone(), last.clone()),
            _ => return Err("the field 'sortOptions.order' must be one of [fifo, legacy]".to_owned()),
        },
    };
    let mut ranks: HashMap<&str, i64> = HashMap::new();
    let count = i64::try_from(first.len()).unwrap_or(i64::MAX);
    for (n, kind) in (0..).zip(&first) {
        ranks.insert(kind, n - count);
    }
    for (n, kind) in (1..).zip(&last) {
        ranks.insert(kind, n);
    }
    let rank = |kind: &str| ranks.get(kind).copied().unwrap_or(0);
    let list = std::mem::take(resources.all_mut());
    let mut keyed: Vec<_> = list
        .into_iter()
        .map(|r| {
            let id = r.id(openapi);
            (Key::new(&id, rank(&id.gvk.kind)), r)
        })
        .collect();
    keyed.sort_by(|(a, _), (b, _)| a.compare(b));
    *resources.all_mut() = keyed.into_iter().map(|(_, r)| r).collect();
    Ok(())
}

fn defaults() -> (Vec<Str>, Vec<Str>) {
    let list = |kinds: &[&str]| kinds.iter().map(|k| Str::from(*k)).collect();
    (list(&ORDER_FIRST), list(&ORDER_LAST))
}

struct Key {
    gvk: Gvk,
    rank: i64,
    kind_text: String,
    text: String,
}

impl Key {
    fn new(id: &ResId, rank: i64) -> Self {
        let or = |s: &Str, none: &'static str| if s.is_empty() { Str::from(none) } else { s.clone() };
        Self {
            rank,
            kind_text: sort_key(&id.gvk),
            text: format!("{}|{}|{}", id.gvk, or(&id.namespace, "~X"), or(&id.name, "~N")),
            gvk: id.gvk.clone(),
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        if self.gvk == other.gvk {
            return self.text.cmp(&other.text);
        }
        let by_kind = self.kind_text.cmp(&other.kind_text);
        // Core namespaces come before those of other groups.
        let namespaces = self.gvk.kind == "Namespace"
            && other.gvk.kind == "Namespace"
            && (self.gvk.group.is_empty() || other.gvk.group.is_empty());
        self.rank.cmp(&other.rank).then(if namespaces { by_kind.reverse() } else { by_kind })
    }
}
