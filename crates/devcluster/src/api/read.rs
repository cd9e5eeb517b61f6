//! Get and list.

use super::call::{Call, Reply};
use super::encode::{self, Page};
use super::fields::FieldSelector;
use super::labels::LabelSelector;
use super::media;
use super::options::{ListOptions, Version, continue_token};
use super::status::{ApiError, ApiResult};
use crate::store::Stored;
use fairway_value::Value;
use std::sync::Arc;

/// Answers with one object.
pub(crate) fn get(call: &Call<'_>) -> ApiResult<Reply> {
    media::negotiate(call.request.accept())?;
    if call.resource.table == "componentstatuses" {
        return Err(ApiError::not_found(&call.resource, &call.target.name));
    }
    let found = live(call)?;
    encode::object(call, 200, &found)
}

/// Returns the object that the path names.
pub(crate) fn live(call: &Call<'_>) -> ApiResult<Arc<Stored>> {
    call.api
        .store
        .get(&call.resource.table, &call.key())
        .ok_or_else(|| ApiError::not_found(&call.resource, &call.target.name))
}

/// The selectors of a list, watch or collection deletion, and the keys they can match.
pub(crate) struct Selection {
    pub(crate) prefix: String,
    pub(crate) labels: LabelSelector,
    pub(crate) fields: FieldSelector,
}

impl Selection {
    pub(crate) fn parse(call: &Call<'_>) -> ApiResult<Self> {
        let query = &call.request.query;
        let labels = LabelSelector::parse(query.text("labelSelector"))?;
        let fields = FieldSelector::parse(query.text("fieldSelector"), &call.resource)?;
        let prefix = if call.resource.namespaced && !call.target.namespace.is_empty() {
            format!("{}/", call.target.namespace)
        } else {
            String::new()
        };
        Ok(Self { prefix, labels, fields })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    pub(crate) fn matches(&self, object: &Value) -> bool {
        self.labels.matches(object) && self.fields.matches(object)
    }
}

/// Answers with a list.
pub(crate) fn list(call: &Call<'_>) -> ApiResult<Reply> {
    media::negotiate(call.request.accept())?;
    let options = ListOptions::parse(&call.request.query)?;
    let selection = Selection::parse(call)?;
    let (rv, objects, start) = objects_at(call, &options, &selection)?;
    let mut items = Vec::new();
    let mut last = None;
    for (n, object) in objects.iter().enumerate() {
        let key = key_of(&object.value);
        if start.as_ref().is_some_and(|s| key.as_str() < s.as_str()) || !selection.matches(&object.value) {
            continue;
        }
        items.push(object.clone());
        if options.limit > 0 && items.len() >= options.limit {
            last = (n + 1 < objects.len()).then_some((n, key));
            break;
        }
    }
    let (next, remaining) = match last {
        None => (String::new(), None),
        Some((n, key)) => {
            let remaining = selection.is_empty().then_some(objects.len() - n - 1);
            (continue_token(i64::try_from(rv).unwrap_or(i64::MAX), &key), remaining)
        }
    };
    encode::list(call, &Page { rv, next, remaining, items: &items })
}

type At = (u64, Vec<Arc<Stored>>, Option<String>);

fn objects_at(call: &Call<'_>, options: &ListOptions, selection: &Selection) -> ApiResult<At> {
    let (store, table) = (&call.api.store, call.resource.table.as_str());
    let prefix = selection.prefix.as_str();
    let newest = store.version();
    match &options.version {
        Version::NotOlder(rv) | Version::Exact(rv) if *rv > newest => Err(ApiError::too_new(*rv, newest)),
        Version::Newest | Version::NotOlder(_) => {
            let (rv, objects) = store.list(table, prefix);
            Ok((rv, objects, None))
        }
        Version::Exact(rv) => match store.list_at(table, prefix, *rv) {
            Some(objects) => Ok((*rv, objects, None)),
            None => Err(ApiError::expired("The resourceVersion for the provided list is too old.")),
        },
        // A negative version in a token means the newest, from a key on.
        Version::Continue { rv, start } if *rv == 0 => {
            let (rv, objects) = store.list(table, prefix);
            Ok((rv, objects, Some(start.clone())))
        }
        Version::Continue { rv, start } => match store.list_at(table, prefix, *rv) {
            Some(objects) => Ok((*rv, objects, Some(start.clone()))),
            None => {
                let mut error = ApiError::expired(
                    "The provided continue parameter is too old to display a consistent list result. You can start a \
                     new list without the continue parameter, or use the continue token in this response to retrieve \
                     the remainder of the results. Continuing with the provided token results in an inconsistent list \
                     - objects that were created, modified, or deleted between the time the first chunk was returned \
                     and now may show up in the list.",
                );
                error.continue_token = Some(continue_token(-1, start.trim_end_matches('\u{0}')));
                Err(error)
            }
        },
    }
}

/// Returns the store's key of an object.
pub(crate) fn key_of(object: &Value) -> String {
    let text = |field| object.get_path(&["metadata", field]).and_then(Value::as_str).unwrap_or_default();
    crate::store::object_key(text("namespace"), text("name")).to_string()
}
