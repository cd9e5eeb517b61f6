//! Client-side apply: the three-way patch of `kubectl apply`, for objects that server-side apply cannot hold or whose options
//! turn it off.
//!
//! Source: kubectl 1.36 `pkg/cmd/apply/patcher.go`, as Argo CD's default apply calls it.

use crate::client::Call;
use crate::cluster::Cluster;
use crate::discovery::ServedResource;
use crate::writer::{dry_run, validation};
use fairway_core::{ApiError, ApiErrorKind, ApplyRequest, FIELD_MANAGER, Object, Validation};
use fairway_schema::Schemas;
use fairway_schema::managed::LAST_APPLIED;
use fairway_schema::merge::{json_three_way, three_way};
use fairway_value::{HtmlEscape, Value, from_json, to_json};
use http::Method;

/// How often a patch is made anew after somebody else wrote in between.
const TRIES: u32 = 4;

const STRATEGIC: &str = "application/strategic-merge-patch+json";
const MERGE: &str = "application/merge-patch+json";

/// Whether a server-side apply was refused for what client-side apply has room for, so that configurations that are applied
/// client-side everywhere today are no reason to fail: a list that holds one key twice, and, where validation is off, fields
/// that the kind does not have.
pub(crate) fn is_for_client_side(error: &ApiError, request: &ApplyRequest) -> bool {
    error.message.contains("duplicate entries for key")
        || (request.validation == Validation::Ignore
            && error.message.contains("field not declared in schema"))
}

impl Cluster {
    /// Applies an object as `kubectl apply --server-side=false` does, leaving the last-applied annotation on it.
    pub(crate) async fn client_side(
        &self,
        resource: &ServedResource,
        request: &ApplyRequest,
    ) -> Result<Object, ApiError> {
        let modified = with_last_applied(&request.object);
        let plain = resource.path(modified.namespace(), modified.name());
        let path = format!("{plain}?fieldManager={FIELD_MANAGER}{}{}", dry_run(request), validation(request));
        for attempt in 0.. {
            let live = match self.client.call(Call::get(&plain)).await {
                Ok(live) => live,
                Err(e) if e.kind == ApiErrorKind::NotFound => {
                    let request = ApplyRequest { object: modified, ..request.clone() };
                    return self.create(resource, &request).await;
                }
                Err(e) => return Err(e),
            };
            let (content_type, patch) = patch(&live, modified.value())?;
            let call = Call { method: Method::PATCH, content_type, body: Some(&patch), ..Call::get(&path) };
            match self.client.call(call).await {
                Err(e) if e.kind == ApiErrorKind::Conflict && attempt < TRIES => {}
                other => return other.map(Object::new),
            }
        }
        unreachable!("the loop ends by returning")
    }
}

/// The object with its own JSON in the annotation that the next apply compares with. The JSON has a map of annotations even
/// where that is empty, as kubectl's.
fn with_last_applied(object: &Object) -> Object {
    let mut object = object.clone();
    object.set_annotation(LAST_APPLIED, "");
    object.value_mut().remove_path(&["metadata", "annotations", LAST_APPLIED]);
    let applied = to_json(object.value(), HtmlEscape::Yes) + "\n";
    object.set_annotation(LAST_APPLIED, applied);
    object
}

/// The patch from what was applied last and what is live to what is wanted: strategic for built-in kinds, a JSON merge patch
/// for others.
fn patch(live: &Value, modified: &Value) -> Result<(&'static str, Value), ApiError> {
    let last = live.get_path(&["metadata", "annotations", LAST_APPLIED]).and_then(Value::as_str);
    let original = last.and_then(|l| from_json(l.as_bytes()).ok()).unwrap_or_else(Value::object);
    let text = |key: &str| modified.get(key).and_then(Value::as_str).unwrap_or_default();
    match Schemas::builtin().type_of(text("apiVersion"), text("kind")) {
        Some(ty) => three_way(&original, modified, live, ty).map(|p| (STRATEGIC, p)).map_err(|e| {
            ApiError::new(
                ApiErrorKind::Invalid,
                422,
                format!("no patch can be made of the configuration: {e}"),
            )
        }),
        None => Ok((MERGE, json_three_way(&original, modified, live))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(json: &str) -> Value {
        from_json(json.as_bytes()).unwrap()
    }

    fn map(kind: &str, data: &str) -> Value {
        value(&format!(r#"{{"apiVersion":"v1","kind":"{kind}","metadata":{{"name":"a"}},"data":{data}}}"#))
    }

    #[test]
    fn what_was_applied_and_is_no_longer_wanted_is_deleted_and_what_others_wrote_stays() {
        for (kind, content_type) in [("ConfigMap", STRATEGIC), ("Thing", MERGE)] {
            let mut live = with_last_applied(&Object::new(map(kind, r#"{"a":"1","b":"2"}"#)));
            live.value_mut().set_path(&["data", "theirs"], "3");
            let wanted = with_last_applied(&Object::new(map(kind, r#"{"a":"1","c":"4"}"#)));
            let (kind_of_patch, patch) = patch(live.value(), wanted.value()).unwrap();
            assert_eq!(kind_of_patch, content_type);
            assert_eq!(patch.get("data"), Some(&value(r#"{"b":null,"c":"4"}"#)));
        }
    }

    #[test]
    fn the_annotation_holds_the_object_without_itself() {
        let once = with_last_applied(&Object::new(map("ConfigMap", r#"{"a":"<"}"#)));
        assert_eq!(with_last_applied(&once), once);
        let last = once.annotation(LAST_APPLIED).unwrap();
        assert_eq!(
            last,
            "{\"apiVersion\":\"v1\",\"data\":{\"a\":\"\\u003c\"},\"kind\":\"ConfigMap\",\"metadata\":{\"annotations\":{},\"name\":\"a\"}}\n"
        );
    }
}
