//! Order and pages.

use super::filter::{health_status, project, sync_status};
use crate::error::ApiError;
use crate::wire::{Params, text};
use fairway_value::Value;
use std::cmp::Ordering;

/// A window on a list. `limit` and `offset` are plain numbers; `continue` is the token that the page before gave in its
/// `metadata.continue`, as the Kubernetes API does (its content is the offset; clients must not rely on that).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    offset: usize,
    limit: Option<usize>,
}

impl Page {
    /// Reads the query.
    pub(crate) fn parse(params: &Params) -> Result<Self, ApiError> {
        let offset = match params.get("continue") {
            Some(token) => token.strip_prefix("o").and_then(|n| n.parse().ok()).ok_or_else(|| {
                ApiError::invalid("the continue token is not one of this server; list again from the start")
            })?,
            None => params.count("offset")?.unwrap_or(0),
        };
        Ok(Self { offset, limit: params.count("limit")?.filter(|limit| *limit > 0) })
    }

    /// Cuts a list to the window. Returns the token of the next page and how many items are left, where there are any.
    pub(crate) fn cut(self, items: &mut Vec<Value>) -> Option<(String, usize)> {
        items.drain(..self.offset.min(items.len()));
        let limit = self.limit?;
        let left = items.len().saturating_sub(limit);
        items.truncate(limit);
        (left > 0).then(|| (format!("o{}", self.offset + limit), left))
    }
}

/// Orders applications by `?sort=`: `name` (the default), `health` and `sync` (worst first), `project`, `changed` (latest
/// operation first); a leading `-` turns it round. Equal ones stay in order of namespace and name.
pub(crate) fn sort(items: &mut [Value], by: Option<&str>) -> Result<(), ApiError> {
    let Some(by) = by else { return Ok(()) };
    let (reverse, key) = by.strip_prefix('-').map_or((false, by), |rest| (true, rest));
    let compare: fn(&Value, &Value) -> Ordering = match key {
        "name" => |a, b| text(a, &["metadata", "name"]).cmp(text(b, &["metadata", "name"])),
        "health" => |a, b| health_rank(a).cmp(&health_rank(b)),
        "sync" => |a, b| sync_rank(a).cmp(&sync_rank(b)),
        "project" => |a, b| project(a).cmp(project(b)),
        "changed" => |a, b| changed_at(b).cmp(changed_at(a)),
        _ => {
            return Err(ApiError::invalid(format!(
                "cannot sort by {key:?}; write name, health, sync, project or changed"
            )));
        }
    };
    items.sort_by(|a, b| if reverse { compare(b, a) } else { compare(a, b) });
    Ok(())
}

/// What needs a person comes first.
fn health_rank(app: &Value) -> u8 {
    match health_status(app) {
        "Degraded" => 0,
        "Missing" => 1,
        "Unknown" => 2,
        "Progressing" => 3,
        "Suspended" => 4,
        _ => 5,
    }
}

fn sync_rank(app: &Value) -> u8 {
    match sync_status(app) {
        "OutOfSync" => 0,
        "Unknown" => 1,
        _ => 2,
    }
}

fn changed_at(app: &Value) -> &str {
    match text(app, &["status", "operationState", "finishedAt"]) {
        "" => text(app, &["status", "operationState", "startedAt"]),
        at => at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(n: i64) -> Vec<Value> {
        (0..n).map(Value::from).collect()
    }

    #[test]
    fn pages_cover_a_list_once() {
        let (mut page, mut seen) = (Page { offset: 0, limit: Some(3) }, Vec::new());
        loop {
            let mut items = numbers(8);
            let next = page.cut(&mut items);
            seen.extend(items);
            let Some((token, left)) = next else { break };
            assert_eq!(left, 8 - seen.len());
            page.offset = token.trim_start_matches('o').parse().unwrap();
        }
        assert_eq!(seen, numbers(8));
    }

    #[test]
    fn an_offset_past_the_end_is_an_empty_page() {
        let mut items = numbers(2);
        assert_eq!(Page { offset: 9, limit: Some(1) }.cut(&mut items), None);
        assert!(items.is_empty());
    }
}
