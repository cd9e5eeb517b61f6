//! Who asks: the administrator's token, tokens of ServiceAccounts, impersonation.

use super::call::Request;
use super::server::Api;
use super::status::{ApiError, ApiResult};
use sha2::Digest as _;

/// Who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) groups: Vec<String>,
}

impl User {
    fn new(name: &str, groups: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            uid: String::new(),
            groups: groups.iter().map(|g| (*g).to_owned()).collect(),
        }
    }

    pub(crate) fn admin() -> Self {
        Self { uid: "admin".to_owned(), ..Self::new("admin", &["system:masters", "system:authenticated"]) }
    }

    /// Whether nothing is forbidden to the user.
    pub(crate) fn is_master(&self) -> bool {
        self.groups.iter().any(|g| g == "system:masters")
    }
}

/// Finds out who asks.
///
/// # Errors
/// A token that is nobody's; impersonation by someone who may not.
pub(crate) fn authenticate(api: &Api, request: &Request) -> ApiResult<User> {
    let user = match request.header("authorization").filter(|h| !h.is_empty()) {
        None => User::new("system:anonymous", &["system:unauthenticated"]),
        Some(header) => {
            let token = header
                .strip_prefix("Bearer ")
                .or_else(|| header.strip_prefix("bearer "))
                .map(str::trim)
                .ok_or_else(ApiError::unauthorized)?;
            by_token(api, token).ok_or_else(ApiError::unauthorized)?
        }
    };
    let Some(name) = request.header("impersonate-user") else { return Ok(user) };
    if !user.is_master() {
        let message = format!(
            "users {name:?} is forbidden: User {:?} cannot impersonate resource \"users\" in API group \"\" at the cluster scope",
            user.name
        );
        return Err(ApiError::forbidden_user(message, serde_json::json!({ "name": name, "kind": "users" })));
    }
    let groups = request.headers.get_all("impersonate-group").iter().filter_map(|v| v.to_str().ok());
    let mut groups: Vec<String> = groups.map(str::to_owned).collect();
    if let Some((namespace, _)) =
        name.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'))
        && groups.is_empty()
    {
        groups = vec!["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}")];
    }
    if !groups.iter().any(|g| g == "system:authenticated" || g == "system:unauthenticated") {
        groups.push("system:authenticated".to_owned());
    }
    Ok(User { name: name.to_owned(), uid: String::new(), groups })
}

fn by_token(api: &Api, token: &str) -> Option<User> {
    if same(token, &api.token) {
        return Some(User::admin());
    }
    let claims = token.split('.').nth(1)?;
    let claims = URL_SAFE_NO_PAD.decode(claims).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
    let claim = |name: &str| claims.pointer(name).and_then(serde_json::Value::as_str);
    let namespace = claim("/kubernetes.io/namespace")?;
    let name = claim("/kubernetes.io/serviceaccount/name")?;
    if claims["exp"].as_i64().is_some_and(|until| until * 1_000_000 <= api.clock.now_micros()) {
        return None;
    }
    let live = api.store.get("serviceaccounts", &crate::store::object_key(namespace, name))?;
    let uid = live.value.get_path(&["metadata", "uid"])?.as_str()?.to_owned();
    same(token, &account_token(api, namespace, name, &uid)).then(|| User {
        name: format!("system:serviceaccount:{namespace}:{name}"),
        uid,
        groups: vec![
            "system:serviceaccounts".to_owned(),
            format!("system:serviceaccounts:{namespace}"),
            "system:authenticated".to_owned(),
        ],
    })
}

/// Makes the token of a ServiceAccount: it names the account, and a keyed hash over it and its uid proves it.
pub(crate) fn account_token(api: &Api, namespace: &str, name: &str, uid: &str) -> String {
    let inner = sha2::Sha256::digest(format!("{}\n{namespace}\n{name}\n{uid}", api.token));
    // Hashed twice, so that the sum cannot be extended.
    let sum = sha2::Sha256::digest(inner);
    let hex: String = sum.iter().map(|b| format!("{b:02x}")).collect();
    format!("devcluster-sa.{namespace}.{name}.{hex}")
}

/// Compares without stopping at the first difference.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |d, (x, y)| d | (x ^ y)) == 0
}
