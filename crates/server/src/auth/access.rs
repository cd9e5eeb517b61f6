//! What the caller of a request may do.

use super::accounts::find as find_account;
use super::policy::{Policy, Request};
use super::token::{Session, TokenKind};
use crate::error::{ApiError, Code};
use crate::list::project;
use crate::state::State;
use crate::wire::{Params, text};
use crate::{AppKey, EngineError};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use fairway_value::Value;
use std::sync::Arc;

/// The caller and the policy that holds for this request.
#[derive(Clone)]
pub(crate) struct Access {
    state: State,
    session: Session,
    policy: Arc<Policy>,
}

impl FromRequestParts<State> for Access {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, ApiError> {
        let session = parts.extensions.get::<Session>().cloned();
        let session = session.ok_or_else(|| ApiError::unauthenticated("no session information"))?;
        Ok(Self::new(state, session))
    }
}

impl Access {
    pub(crate) fn new(state: &State, session: Session) -> Self {
        Self { state: state.clone(), session, policy: policy_of(state) }
    }

    /// Who asks.
    pub(crate) fn username(&self) -> &str {
        &self.session.username
    }

    /// Whether the caller may do something to an object outside of any project.
    pub(crate) fn may(&self, resource: &str, action: &str, object: &str) -> bool {
        self.permits(Request { resource, action, object }, None)
    }

    /// Whether the caller may do something to an object of a project, whose own roles then count too.
    pub(crate) fn may_in(&self, project: &str, resource: &str, action: &str, object: &str) -> bool {
        self.permits(Request { resource, action, object }, Some(project))
    }

    fn permits(&self, request: Request<'_>, project: Option<&str>) -> bool {
        let subject = self.session.username.as_str();
        if self.policy.permits(subject, &[], request) {
            return true;
        }
        let Some(project) = project else { return false };
        let own = self.state.engine().project(project);
        let roles = own.as_ref().and_then(|p| p.get_path(&["spec", "roles"])).and_then(Value::as_array);
        let Some(roles) = roles.filter(|roles| !roles.is_empty()) else { return false };
        let mut policy = (*self.policy).clone();
        for role in roles {
            let lines = role.get("policies").and_then(Value::as_array).unwrap_or_default();
            for line in lines.iter().filter_map(Value::as_str) {
                policy.add(line);
            }
        }
        policy.permits(subject, &[], request)
    }

    /// Refuses what the caller may not do, in Argo CD's words.
    ///
    /// # Errors
    /// Permission denied.
    pub(crate) fn require(&self, resource: &str, action: &str, object: &str) -> Result<(), ApiError> {
        self.require_in("", resource, action, object)
    }

    /// As [`Access::require`], for an object of a project.
    ///
    /// # Errors
    /// Permission denied.
    pub(crate) fn require_in(
        &self,
        project: &str,
        resource: &str,
        action: &str,
        object: &str,
    ) -> Result<(), ApiError> {
        if self.permits(Request { resource, action, object }, Some(project).filter(|p| !p.is_empty())) {
            return Ok(());
        }
        let subject = &self.session.username;
        let since = super::time_of(self.session.issued_at);
        let what = format!("permission denied: {resource}, {action}, {object}, sub: {subject}, iat: {since}");
        Err(ApiError::new(Code::PermissionDenied, what))
    }

    /// Whether the caller may see an application.
    pub(crate) fn sees(&self, app: &Value) -> bool {
        self.may_in(project(app), "applications", "get", &self.app_object(app))
    }

    /// Returns the application that a path and its query name, and its key, where the caller may do `action` to it.
    ///
    /// # Errors
    /// As Argo CD `server/application` `getAppEnforceRBAC`: one that does not exist, is not in the project that the caller
    /// named, or may not be seen is `NotFound` where a project was named that may be looked into, and `PermissionDenied` else.
    pub(crate) fn app(&self, action: &str, name: &str, params: &Params) -> Result<(AppKey, Value), ApiError> {
        let key = self.state.key(name, params);
        let wanted = params.get("project").or_else(|| params.get("projects"));
        let found = self.state.engine().application(&key);
        let found = found.filter(|app| wanted.is_none_or(|wanted| wanted == project(app)));
        match found {
            Some(app) if self.sees(&app) => {
                if action != "get" {
                    self.require_app(action, &app)?;
                }
                Ok((key, app))
            }
            None if wanted.is_some_and(|p| self.may_in(p, "applications", "get", &format!("{p}/{name}"))) => {
                Err(EngineError::application_not_found(name).into())
            }
            _ => Err(ApiError::permission_denied()),
        }
    }

    /// Refuses an action on an application.
    ///
    /// # Errors
    /// Permission denied.
    pub(crate) fn require_app(&self, action: &str, app: &Value) -> Result<(), ApiError> {
        self.require_in(project(app), "applications", action, &self.app_object(app))
    }

    /// Returns an application as policies name it: `PROJECT/NAME`, with its namespace between them outside of the control namespace.
    pub(crate) fn app_object(&self, app: &Value) -> String {
        let (namespace, name) = (text(app, &["metadata", "namespace"]), text(app, &["metadata", "name"]));
        if namespace.is_empty() || namespace == self.state.engine().namespace() {
            return format!("{}/{name}", project(app));
        }
        format!("{}/{namespace}/{name}", project(app))
    }
}

/// Returns the policy that holds now; it is parsed anew where it has changed.
fn policy_of(state: &State) -> Arc<Policy> {
    let data = state.engine().access();
    state.policies.get(&data.policy)
}

/// Says whether the account behind a valid token still has it.
///
/// # Errors
/// Why not.
pub(crate) fn is_current(state: &State, session: &Session) -> Result<(), &'static str> {
    if session.kind == TokenKind::ProjectRole {
        return is_role_token(state, session);
    }
    let data = state.engine().access();
    let account = find_account(&data, &session.username).ok_or("the account does not exist")?;
    if !account.is_enabled {
        return Err("the account is disabled");
    }
    match session.kind {
        TokenKind::ApiKey if !account.has_api_key => Err("the account has no apiKey capability"),
        TokenKind::ApiKey if !account.tokens.iter().any(|t| t.id == session.id) => {
            Err("the account has no such token")
        }
        TokenKind::Login if !account.can_log_in => Err("the account has no login capability"),
        TokenKind::Login if session.issued_at < account.password_changed_at => {
            Err("the account's password has changed since the token was issued")
        }
        _ => Ok(()),
    }
}

fn is_role_token(state: &State, session: &Session) -> Result<(), &'static str> {
    let mut parts = session.username.splitn(3, ':').skip(1);
    let (Some(name), Some(role)) = (parts.next(), parts.next()) else {
        return Err("no project's role is named");
    };
    let project = state.engine().project(name).ok_or("the project does not exist")?;
    let list = |value: &Value, path: &[&str]| -> Vec<Value> {
        value.get_path(path).and_then(Value::as_array).map(<[Value]>::to_vec).unwrap_or_default()
    };
    let roles = list(&project, &["spec", "roles"]);
    let role_value = roles.iter().find(|r| text(r, &["name"]) == role).ok_or("the role does not exist")?;
    let mut tokens = list(role_value, &["jwtTokens"]);
    tokens.extend(list(&project, &["status", "jwtTokensByRole", role, "items"]));
    let issued = i64::try_from(session.issued_at).unwrap_or_default();
    let is_known = tokens.iter().any(|token| {
        token.get("iat").and_then(Value::as_i64) == Some(issued)
            && (session.id.is_empty()
                || text(token, &["id"]).is_empty()
                || text(token, &["id"]) == session.id)
    });
    if is_known { Ok(()) } else { Err("the role has no such token") }
}
