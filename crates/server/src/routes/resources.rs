//! What is done to single live objects: patch and delete.

use super::objects::resource_id;
use crate::auth::Access;
use crate::error::ApiError;
use crate::state::State;
use crate::wire::{AnyJson, Params, Reply, empty, object};
use crate::{Removal, ResourceId};
use axum::extract::{self, Path};
use fairway_value::{HtmlEscape, Value, from_json, to_json};

/// `POST /api/v1/applications/{name}/resource`: the body is the patch, as JSON or as JSON in a string; `patchType` is its media type.
pub(crate) async fn patch(
    extract::State(state): extract::State<State>,
    access: Access,
    Path(name): Path<String>,
    params: Params,
    AnyJson(body): AnyJson,
) -> Result<Reply, ApiError> {
    let (key, app) = access.app("get", &name, &params)?;
    let id = wanted(&params)?;
    access.require_app(&fine_grained("update", &id), &app)?;
    let patch = match &body {
        Value::String(text) => from_json(text.as_bytes())
            .map_err(|error| ApiError::invalid(format!("the patch cannot be read: {error}")))?,
        other => other.clone(),
    };
    let media_type = params.get("patchType").unwrap_or("application/merge-patch+json").to_owned();
    let live = state.engine().patch_resource(key, id, media_type, patch).await?;
    Ok(Reply(object([("manifest", Value::from(to_json(&live, HtmlEscape::No)))])))
}

/// `DELETE /api/v1/applications/{name}/resource`; `force` and `orphan` as in Argo CD.
pub(crate) async fn delete(
    extract::State(state): extract::State<State>,
    access: Access,
    Path(name): Path<String>,
    params: Params,
) -> Result<Reply, ApiError> {
    let (key, app) = access.app("get", &name, &params)?;
    let id = wanted(&params)?;
    access.require_app(&fine_grained("delete", &id), &app)?;
    let how = match (params.flag("force", false)?, params.flag("orphan", false)?) {
        (true, _) => Removal::Force,
        (false, true) => Removal::Orphan,
        (false, false) => Removal::Foreground,
    };
    state.engine().delete_resource(key, id, how).await?;
    Ok(empty())
}

fn wanted(params: &Params) -> Result<ResourceId, ApiError> {
    resource_id(params, "namespace").ok_or_else(|| ApiError::invalid("resourceName and kind are needed"))
}

/// Returns the action on one object, as policies write it: `delete/GROUP/KIND/NAMESPACE/NAME`. As Argo CD 3, the right to change
/// an Application does not hold for its objects: policies say `delete/*`.
fn fine_grained(action: &str, id: &ResourceId) -> String {
    format!("{action}/{}/{}/{}/{}", id.group, id.kind, id.namespace, id.name)
}
