//! Accounts: who there is, passwords, API tokens, and what one may do (Argo CD `server/account`).

use crate::auth::{
    Access, Account, AccountToken, Session, TokenKind, accounts, entry, find_account, now_unix, time_of,
    tokens_json,
};
use crate::error::{ApiError, Code};
use crate::state::State;
use crate::wire::{JsonBody, Reply, empty, items_or_null, object, text};
use axum::Extension;
use axum::extract::{self, Path};
use fairway_value::Value;
use std::collections::BTreeMap;

/// bcrypt's work factor, as Argo CD's.
const BCRYPT_COST: u32 = 10;

/// Tokens that one account holds.
const TOKENS_MAX: usize = 100;

/// Letters of a new password where `passwordPattern` says nothing else.
const PASSWORD_LETTERS: std::ops::RangeInclusive<usize> = 8..=32;

/// `GET /api/v1/account`.
pub(crate) async fn list(extract::State(state): extract::State<State>, access: Access) -> Reply {
    let all = accounts(&state.engine().access());
    let seen = all.iter().filter(|a| a.name == access.username() || access.may("accounts", "get", &a.name));
    Reply(object([("items", items_or_null(seen.map(value_of).collect()))]))
}

/// `GET /api/v1/account/{name}`.
pub(crate) async fn get(
    extract::State(state): extract::State<State>,
    access: Access,
    Path(name): Path<String>,
) -> Result<Reply, ApiError> {
    if name != access.username() {
        access.require("accounts", "get", &name)?;
    }
    Ok(Reply(value_of(&known(&state, &name)?)))
}

/// `GET /api/v1/account/can-i/{resource}/{action}/{subresource}`: `{value}`, `yes` or `no`.
pub(crate) async fn can_i(
    access: Access,
    Path((resource, action, object_name)): Path<(String, String, String)>,
) -> Reply {
    let project = object_name.split('/').next().unwrap_or_default();
    let may = access.may_in(project, &resource, &action, &object_name);
    Reply(object([("value", Value::from(if may { "yes" } else { "no" }))]))
}

/// `PUT /api/v1/account/password`: `{name, currentPassword, newPassword}`; the current password is the caller's own.
pub(crate) async fn update_password(
    extract::State(state): extract::State<State>,
    Extension(session): Extension<Session>,
    access: Access,
    JsonBody(body): JsonBody,
) -> Result<Reply, ApiError> {
    let name = match text(&body, &["name"]) {
        "" => session.username.clone(),
        name => name.to_owned(),
    };
    if session.kind != TokenKind::Login {
        return Err(ApiError::new(
            Code::PermissionDenied,
            "a password is changed from a login session, not with a token",
        ));
    }
    if name != session.username {
        access.require("accounts", "update", &name)?;
    }
    let own = known(&state, &session.username)?;
    let account = known(&state, &name)?;
    state
        .login
        .check(Some(&own), text(&body, &["currentPassword"]))
        .await
        .map_err(|_| ApiError::invalid("current password does not match"))?;
    let new = text(&body, &["newPassword"]);
    check_new(&state, new)?;
    let new = new.to_owned();
    let hash = tokio::task::spawn_blocking(move || bcrypt::hash(new, BCRYPT_COST)).await;
    let hash =
        hash.ok().and_then(Result::ok).ok_or_else(|| ApiError::new(Code::Internal, "internal error"))?;
    let entries = [
        (entry(&account.name, "password"), hash),
        (entry(&account.name, "passwordMtime"), time_of(now_unix())),
    ];
    state.engine().write_secret(entries.into()).await?;
    Ok(empty())
}

fn check_new(state: &State, password: &str) -> Result<(), ApiError> {
    let pattern = state.engine().access().config.get("passwordPattern").cloned().unwrap_or_default();
    let fits = match regex::Regex::new(&pattern) {
        Ok(regex) if !pattern.is_empty() => regex.is_match(password),
        _ => PASSWORD_LETTERS.contains(&password.chars().count()),
    };
    if fits {
        return Ok(());
    }
    let wanted = if pattern.is_empty() { "^.{8,32}$" } else { &pattern };
    Err(ApiError::invalid(format!("New password does not match the following expression: {wanted}.")))
}

/// `POST /api/v1/account/{name}/token`: `{id, expiresIn}` → `{token}`.
pub(crate) async fn create_token(
    extract::State(state): extract::State<State>,
    access: Access,
    Path(name): Path<String>,
    JsonBody(body): JsonBody,
) -> Result<Reply, ApiError> {
    access.require("accounts", "update", &name)?;
    let mut account = known(&state, &name)?;
    if !account.has_api_key {
        let why = format!("account '{name}' does not have apiKey capability");
        return Err(ApiError::new(Code::FailedPrecondition, why));
    }
    let id = match text(&body, &["id"]) {
        "" => state.next_token_id(),
        id => id.to_owned(),
    };
    if account.tokens.iter().any(|token| token.id == id) {
        return Err(ApiError::new(Code::AlreadyExists, format!("account already has token with id '{id}'")));
    }
    if account.tokens.len() >= TOKENS_MAX {
        return Err(ApiError::new(
            Code::FailedPrecondition,
            format!("an account holds {TOKENS_MAX} tokens at most; delete one first"),
        ));
    }
    let (issued_at, expires_at) = times(&body)?;
    account.tokens.push(AccountToken { id: id.clone(), issued_at, expires_at });
    write_tokens(&state, &account).await?;
    let token = state.tokens.issue_for(&format!("{name}:apiKey"), &id, issued_at, expires_at);
    Ok(Reply(object([("token", Value::from(token))])))
}

/// Returns when a token is issued and when it ends; `expiresIn` is in seconds, none for never. A 64-bit number comes as text.
pub(crate) fn times(body: &Value) -> Result<(u64, u64), ApiError> {
    let given = body.get("expiresIn").filter(|v| !v.is_null());
    let seconds = match given {
        None => 0,
        Some(v) => v
            .as_i64()
            .or_else(|| v.as_str()?.parse().ok())
            .and_then(|n| u64::try_from(n).ok())
            .ok_or_else(|| ApiError::invalid("expiresIn is no number of seconds"))?,
    };
    let now = now_unix();
    Ok((now, if seconds == 0 { 0 } else { now.saturating_add(seconds) }))
}

/// `DELETE /api/v1/account/{name}/token/{id}`.
pub(crate) async fn delete_token(
    extract::State(state): extract::State<State>,
    access: Access,
    Path((name, id)): Path<(String, String)>,
) -> Result<Reply, ApiError> {
    access.require("accounts", "update", &name)?;
    let mut account = known(&state, &name)?;
    account.tokens.retain(|token| token.id != id);
    write_tokens(&state, &account).await?;
    Ok(empty())
}

async fn write_tokens(state: &State, account: &Account) -> Result<(), ApiError> {
    let entries = BTreeMap::from([(entry(&account.name, "tokens"), tokens_json(&account.tokens))]);
    Ok(state.engine().write_secret(entries).await?)
}

fn known(state: &State, name: &str) -> Result<Account, ApiError> {
    find_account(&state.engine().access(), name)
        .ok_or_else(|| ApiError::new(Code::NotFound, format!("account '{name}' does not exist")))
}

fn value_of(account: &Account) -> Value {
    let number = |n: u64| Value::from(n.to_string());
    let token = |t: &AccountToken| {
        object([
            ("id", Value::from(t.id.as_str())),
            ("issuedAt", number(t.issued_at)),
            ("expiresAt", number(t.expires_at)),
        ])
    };
    let capabilities = [("apiKey", account.has_api_key), ("login", account.can_log_in)];
    let capabilities = capabilities.into_iter().filter(|(_, has)| *has).map(|(name, _)| Value::from(name));
    object([
        ("name", Value::from(account.name.as_str())),
        ("enabled", Value::from(account.is_enabled)),
        ("capabilities", capabilities.collect()),
        ("tokens", account.tokens.iter().map(token).collect()),
    ])
}
