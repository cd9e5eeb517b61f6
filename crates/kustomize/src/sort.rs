//! The order of the output.

use crate::config::{compare_texts, rank};
use crate::id::ResId;
use crate::kustomization::{LegacySort, SortOptions};
use crate::openapi::OpenApi;
use crate::options::Reorder;
use crate::resmap::ResMap;
use crate::resource::Resource;
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
    let own = match options {
        None if flag == Reorder::None => return Ok(()),
        None => None,
        Some(options) => match (options.order.as_str(), &options.legacy) {
            ("fifo", None) => return Ok(()),
            ("fifo", Some(_)) => {
                return Err("the field 'sortOptions.legacySortOptions' is set but the selected sort order is 'fifo', not 'legacy'".to_owned());
            }
            ("legacy", legacy) => legacy.as_ref().map(ranks),
            _ => return Err("the field 'sortOptions.order' must be one of [fifo, legacy]".to_owned()),
        },
    };
    let rank = |kind: &str| match &own {
        None => rank(kind),
        Some(ranks) => ranks.get(kind).copied().unwrap_or(0),
    };
    // Objects are large: they are moved once, to their place.
    let mut list: Vec<Option<Resource>> = std::mem::take(resources.all_mut()).into_iter().map(Some).collect();
    let mut keyed: Vec<(Key, usize)> = list
        .iter()
        .flatten()
        .enumerate()
        .map(|(n, r)| {
            let id = r.id(openapi);
            (Key { rank: rank(&id.gvk.kind), id }, n)
        })
        .collect();
    if !keyed.is_sorted_by(|(a, _), (b, _)| a.compare(b).is_le()) {
        keyed.sort_by(|(a, _), (b, _)| a.compare(b));
    }
    *resources.all_mut() = keyed.into_iter().filter_map(|(_, n)| list[n].take()).collect();
    Ok(())
}

fn ranks(legacy: &LegacySort) -> HashMap<&str, i64> {
    let mut ranks: HashMap<&str, i64> = HashMap::new();
    let count = i64::try_from(legacy.first.len()).unwrap_or(i64::MAX);
    for (n, kind) in (0..).zip(&legacy.first) {
        ranks.insert(kind, n - count);
    }
    for (n, kind) in (1..).zip(&legacy.last) {
        ranks.insert(kind, n);
    }
    ranks
}

struct Key {
    id: ResId,
    rank: i64,
}

impl Key {
    fn compare(&self, other: &Self) -> Ordering {
        let (a, b) = (&self.id, &other.id);
        if a.gvk == b.gvk {
            return compare_names(a, b);
        }
        // Core namespaces come before those of other groups.
        let namespaces = a.gvk.kind == "Namespace"
            && b.gvk.kind == "Namespace"
            && (a.gvk.group.is_empty() || b.gvk.group.is_empty());
        self.rank.cmp(&other.rank).then_with(|| {
            let by_kind = compare_texts(&a.gvk, &b.gvk);
            if namespaces { by_kind.reverse() } else { by_kind }
        })
    }
}

/// Orders objects of one type by `namespace|name` as one text.
fn compare_names(a: &ResId, b: &ResId) -> Ordering {
    fn namespace(id: &ResId) -> &str {
        if id.namespace.is_empty() { "~X" } else { &id.namespace }
    }
    fn name(id: &ResId) -> &str {
        if id.name.is_empty() { "~N" } else { &id.name }
    }
    if a.namespace == b.namespace {
        return name(a).cmp(name(b));
    }
    let text = |id| namespace(id).bytes().chain([b'|']).chain(name(id).bytes());
    text(a).cmp(text(b))
}
