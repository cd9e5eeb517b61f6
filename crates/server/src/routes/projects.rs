//! AppProjects, and the tokens of their roles.

use super::accounts::times;
use crate::auth::Access;
use crate::error::{ApiError, Code};
use crate::state::State;
use crate::wire::{JsonBody, Params, Reply, empty, list as list_of, object, text};
use axum::extract::{self, Path};
use fairway_value::Value;

/// `GET /api/v1/projects`.
pub(crate) async fn list(
    extract::State(state): extract::State<State>,
    access: Access,
    params: Params,
) -> Result<Reply, ApiError> {
    let mut projects = state.engine().projects().await?;
    projects.retain(|project| {
        let name = text(project, &["metadata", "name"]);
        params.get("name").is_none_or(|wanted| wanted == name) && access.may_in(name, "projects", "get", name)
    });
    Ok(Reply(list_of("", projects)))
}

/// `GET /api/v1/projects/{name}`.
pub(crate) async fn get(
    extract::State(state): extract::State<State>,
    access: Access,
    Path(name): Path<String>,
) -> Result<Reply, ApiError> {
    access.require_in(&name, "projects", "get", &name)?;
    Ok(Reply(find(&state, &name).await?))
}

/// `GET /api/v1/projects/{name}/detailed`: the project, and the repositories and clusters that belong to it.
pub(crate) async fn detailed(
    extract::State(state): extract::State<State>,
    access: Access,
    Path(name): Path<String>,
) -> Result<Reply, ApiError> {
    access.require_in(&name, "projects", "get", &name)?;
    let project = find(&state, &name).await?;
    let own = |mut all: Vec<Value>| -> Value {
        all.retain(|one| text(one, &["project"]) == name);
        Value::from(all)
    };
    Ok(Reply(object([
        ("project", project),
        ("globalProjects", Value::array()),
        ("repositories", own(state.engine().repositories().await?)),
        ("clusters", own(state.engine().clusters().await?)),
    ])))
}

async fn find(state: &State, name: &str) -> Result<Value, ApiError> {
    let projects = state.engine().projects().await?;
    projects
        .into_iter()
        .find(|project| text(project, &["metadata", "name"]) == name)
        .ok_or_else(|| ApiError::new(Code::NotFound, format!("appprojects.argoproj.io \"{name}\" not found")))
}

/// `POST /api/v1/projects`: `{project, upsert}`.
pub(crate) async fn create(
    extract::State(state): extract::State<State>,
    access: Access,
    JsonBody(body): JsonBody,
) -> Result<Reply, ApiError> {
    let upsert = body.get("upsert").and_then(Value::as_bool).unwrap_or(false);
    let name = text(&body, &["project", "metadata", "name"]).to_owned();
    access.require("projects", if upsert { "update" } else { "create" }, &name)?;
    put(&state, body, None, upsert).await
}

/// `PUT /api/v1/projects/{name}`: `{project}`.
pub(crate) async fn update(
    extract::State(state): extract::State<State>,
    access: Access,
    Path(name): Path<String>,
    JsonBody(body): JsonBody,
) -> Result<Reply, ApiError> {
    access.require_in(&name, "projects", "update", &name)?;
    put(&state, body, Some(name), true).await
}

async fn put(state: &State, mut body: Value, path: Option<String>, upsert: bool) -> Result<Reply, ApiError> {
    let mut project =
        body.remove_path(&["project"]).ok_or_else(|| ApiError::invalid("project is missing"))?;
    let name = text(&project, &["metadata", "name"]);
    if name.is_empty() || path.is_some_and(|path| path != name) {
        return Err(ApiError::invalid("project.metadata.name is missing or not the project in the path"));
    }
    validate(&project)?;
    project.set_path(&["apiVersion"], "argoproj.io/v1alpha1");
    project.set_path(&["kind"], "AppProject");
    Ok(Reply(state.engine().put_project(project, upsert).await?))
}

/// `DELETE /api/v1/projects/{name}`.
pub(crate) async fn delete(
    extract::State(state): extract::State<State>,
    access: Access,
    Path(name): Path<String>,
) -> Result<Reply, ApiError> {
    access.require_in(&name, "projects", "delete", &name)?;
    if name == "default" {
        return Err(ApiError::invalid("name \"default\" is reserved and cannot be deleted"));
    }
    state.engine().delete_project(name).await?;
    Ok(empty())
}

/// Refuses a project that could not be worked with, as Argo CD `AppProject.ValidateProject`.
fn validate(project: &Value) -> Result<(), ApiError> {
    let items = |key: &str| project.get_path(&["spec", key]).and_then(Value::as_array).unwrap_or_default();
    let refuse = |why: String| Err(ApiError::invalid(why));
    let mut seen = std::collections::BTreeSet::new();
    for to in items("destinations") {
        let field = |key| text(to, &[key]);
        if field("server") == "!*" || field("namespace") == "!*" {
            return refuse("destination has an invalid format, '!*'".to_owned());
        }
        if !seen.insert((field("server"), field("name"), field("namespace"))) {
            return refuse(format!("destination '{}/{}' already added", field("server"), field("namespace")));
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    for repo in items("sourceRepos").iter().filter_map(Value::as_str) {
        if repo == "!*" {
            return refuse("source repository has an invalid format, '!*'".to_owned());
        }
        if !seen.insert(repo) {
            return refuse(format!("source repository '{repo}' already added"));
        }
    }
    let name = text(project, &["metadata", "name"]);
    let mut seen = std::collections::BTreeSet::new();
    for role in items("roles") {
        let role_name = text(role, &["name"]);
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if role_name.is_empty() || !role_name.chars().all(fits) {
            return refuse(format!(
                "invalid role name '{role_name}'. Must consist of alphanumeric characters, '-' or '_'"
            ));
        }
        if !seen.insert(role_name) {
            return refuse(format!("role '{role_name}' already exists"));
        }
        let policies = role.get("policies").and_then(Value::as_array).unwrap_or_default();
        for policy in policies.iter().filter_map(Value::as_str) {
            check_policy(name, role_name, policy)?;
        }
    }
    for window in items("syncWindows") {
        let kind = text(window, &["kind"]);
        if !matches!(kind, "allow" | "deny") {
            return refuse(format!("kind '{kind}' mismatch: can only be allow or deny"));
        }
        for key in ["schedule", "duration"] {
            if text(window, &[key]).is_empty() {
                return refuse(format!("a sync window has no {key}"));
            }
        }
    }
    Ok(())
}

/// A role's policy speaks of the role and of the project's own objects alone.
fn check_policy(project: &str, role: &str, policy: &str) -> Result<(), ApiError> {
    const RESOURCES: [&str; 7] =
        ["applications", "applicationsets", "repositories", "clusters", "exec", "logs", "projects"];
    let refuse = |why: String| Err(ApiError::invalid(format!("invalid policy rule '{policy}': {why}")));
    let fields: Vec<&str> = policy.split(',').map(str::trim).collect();
    let ["p", subject, resource, _, target, effect] = fields[..] else {
        return refuse("must be of the form: 'p, sub, res, act, obj, eft'".to_owned());
    };
    if subject != format!("proj:{project}:{role}") {
        return refuse(format!("policy subject must be: 'proj:{project}:{role}', not '{subject}'"));
    }
    if !RESOURCES.contains(&resource) {
        return refuse(format!("project resource must be one of {}", RESOURCES.join(", ")));
    }
    let is_own = target.starts_with(&format!("{project}/")) || (resource == "projects" && target == project);
    if !is_own {
        return refuse(format!(
            "object must be of form '{project}/*', '{project}[/<namespace>]/<application name>'"
        ));
    }
    if !matches!(effect, "allow" | "deny") {
        return refuse("effect must be: 'allow' or 'deny'".to_owned());
    }
    Ok(())
}

/// `POST /api/v1/projects/{project}/roles/{role}/token`: `{id, expiresIn}` → `{token}`.
pub(crate) async fn create_token(
    extract::State(state): extract::State<State>,
    access: Access,
    Path((name, role)): Path<(String, String)>,
    JsonBody(body): JsonBody,
) -> Result<Reply, ApiError> {
    access.require_in(&name, "projects", "update", &name)?;
    let id = match text(&body, &["id"]) {
        "" => state.next_token_id(),
        id => id.to_owned(),
    };
    let (issued_at, expires_at) = times(&body)?;
    let seconds = |n: u64| Value::from(i64::try_from(n).unwrap_or(i64::MAX));
    let mut entry = object([("iat", seconds(issued_at)), ("id", Value::from(id.as_str()))]);
    if expires_at > 0 {
        entry.set_path(&["exp"], seconds(expires_at));
    }
    change_tokens(&state, &name, &role, |tokens| {
        if tokens.iter().any(|token| text(token, &["id"]) == id) {
            return Err(ApiError::invalid(format!("rpc error: the role already has a token with id '{id}'")));
        }
        tokens.push(entry);
        Ok(())
    })
    .await?;
    let token = state.tokens.issue_for(&format!("proj:{name}:{role}"), &id, issued_at, expires_at);
    Ok(Reply(object([("token", Value::from(token))])))
}

/// `DELETE /api/v1/projects/{project}/roles/{role}/token/{iat}`; `id` names it where several were issued in one second.
pub(crate) async fn delete_token(
    extract::State(state): extract::State<State>,
    access: Access,
    Path((name, role, issued)): Path<(String, String, String)>,
    params: Params,
) -> Result<Reply, ApiError> {
    access.require_in(&name, "projects", "update", &name)?;
    let issued: i64 = issued
        .parse()
        .map_err(|_| ApiError::invalid("the token is named by the time of its issue, a number"))?;
    change_tokens(&state, &name, &role, |tokens| {
        tokens.retain(|token| match params.get("id") {
            Some(id) => text(token, &["id"]) != id,
            None => token.get("iat").and_then(Value::as_i64) != Some(issued),
        });
        Ok(())
    })
    .await?;
    Ok(empty())
}

async fn change_tokens(
    state: &State,
    name: &str,
    role: &str,
    change: impl FnOnce(&mut Vec<Value>) -> Result<(), ApiError>,
) -> Result<(), ApiError> {
    let mut project = find(state, name).await?;
    let roles = project.get_path(&["spec", "roles"]).and_then(Value::as_array).unwrap_or_default();
    let mut roles = roles.to_vec();
    let found = roles.iter_mut().find(|r| text(r, &["name"]) == role);
    let found = found.ok_or_else(|| {
        ApiError::new(Code::NotFound, format!("role '{role}' was not found in project '{name}'"))
    })?;
    let mut tokens = found.get("jwtTokens").and_then(Value::as_array).unwrap_or_default().to_vec();
    change(&mut tokens)?;
    found.set_path(&["jwtTokens"], tokens);
    project.set_path(&["spec", "roles"], roles);
    state.engine().put_project(project, true).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_speaks_of_its_own_project_alone() {
        for good in [
            "p, proj:shop:ci, applications, sync, shop/*, allow",
            "p, proj:shop:ci, logs, get, shop/web, deny",
        ] {
            assert!(check_policy("shop", "ci", good).is_ok(), "{good}");
        }
        for bad in [
            "p, proj:shop:ci, applications, sync, */*, allow",
            "p, proj:other:ci, applications, sync, shop/*, allow",
            "p, proj:shop:ci, accounts, update, shop/x, allow",
            "p, proj:shop:ci, applications, sync, shop/*, maybe",
            "g, proj:shop:ci, role:admin",
        ] {
            assert!(check_policy("shop", "ci", bad).is_err(), "{bad}");
        }
    }
}
