//! Resource actions: which there are for an object, and running one.

use super::objects::resource_id;
use crate::auth::Access;
use crate::error::ApiError;
use crate::state::State;
use crate::wire::{AnyJson, JsonBody, Params, Reply, empty, object, text};
use crate::{ActionRun, AppKey, Caller, ResourceId};
use axum::extract::{self, Path};
use fairway_value::Value;

/// `GET /api/v1/applications/{name}/resource/actions`: `{actions: [{name, disabled, iconClass, displayName, params}]}`.
pub(crate) async fn list(
    extract::State(state): extract::State<State>,
    access: Access,
    Path(name): Path<String>,
    params: Params,
) -> Result<Reply, ApiError> {
    let (key, _) = access.app("get", &name, &params)?;
    let actions = state.engine().resource_actions(key, wanted(&params)?).await?;
    Ok(Reply(object([("actions", Value::from(actions))])))
}

/// `POST /api/v1/applications/{name}/resource/actions`: the body is the action's name, the query names the object.
pub(crate) async fn run(
    extract::State(state): extract::State<State>,
    access: Access,
    Path(name): Path<String>,
    params: Params,
    AnyJson(body): AnyJson,
) -> Result<Reply, ApiError> {
    let action = match &body {
        Value::String(action) => action.to_string(),
        other => text(other, &["action"]).to_owned(),
    };
    perform(&state, &access, &name, &params, &action, Vec::new()).await
}

/// `POST /api/v1/applications/{name}/resource/actions/v2`: everything is in the body, `resourceActionParameters` too.
pub(crate) async fn run_v2(
    extract::State(state): extract::State<State>,
    access: Access,
    Path(name): Path<String>,
    params: Params,
    JsonBody(body): JsonBody,
) -> Result<Reply, ApiError> {
    let fields = ["namespace", "resourceName", "version", "group", "kind"];
    let params = fields.iter().fold(params.with_body(&body), |p, key| p.with(key, text(&body, &[key])));
    let given = body.get("resourceActionParameters").and_then(Value::as_array).unwrap_or_default();
    let pair = |p: &Value| (text(p, &["name"]).to_owned(), text(p, &["value"]).to_owned());
    let given = given.iter().map(pair).collect();
    perform(&state, &access, &name, &params, text(&body, &["action"]), given).await
}

async fn perform(
    state: &State,
    access: &Access,
    name: &str,
    params: &Params,
    action: &str,
    given: Vec<(String, String)>,
) -> Result<Reply, ApiError> {
    let (key, app): (AppKey, Value) = access.app("get", name, params)?;
    let id = wanted(params)?;
    if action.is_empty() {
        return Err(ApiError::invalid("an action is needed"));
    }
    access.require_app(&format!("action/{}/{}/{action}", id.group, id.kind), &app)?;
    let run = ActionRun {
        action: action.to_owned(),
        params: given,
        by: Caller { username: access.username().to_owned() },
    };
    state.engine().run_resource_action(key, id, run).await?;
    Ok(empty())
}

fn wanted(params: &Params) -> Result<ResourceId, ApiError> {
    resource_id(params, "namespace").ok_or_else(|| ApiError::invalid("resourceName and kind are needed"))
}
