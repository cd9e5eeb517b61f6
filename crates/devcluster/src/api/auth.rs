//! Who asks: the administrator's token, tokens of ServiceAccounts, impersonation.

use super::call::Request;
use super::server::Api;
use super::status::{ApiError, ApiResult};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::Digest as _;

/// Who the tokens say made them, as a cluster's default is.
pub(crate) const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";

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
    let (signed, signature) = token.rsplit_once('.')?;
    if !same(signature, &signature_of(api, signed)) {
        return None;
    }
    let claims = URL_SAFE_NO_PAD.decode(signed.split_once('.')?.1).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    if claims["exp"].as_i64()?.saturating_mul(1_000_000) <= api.clock.now_micros() {
        return None;
    }
    let claim = |pointer: &str| claims.pointer(pointer).and_then(Value::as_str);
    let namespace = claim("/kubernetes.io/namespace")?;
    let name = claim("/kubernetes.io/serviceaccount/name")?;
    let live = api.store.get("serviceaccounts", &crate::store::object_key(namespace, name))?;
    let uid = live.value.get_path(&["metadata", "uid"])?.as_str()?.to_owned();
    // An account made anew under the same name is another.
    (claim("/kubernetes.io/serviceaccount/uid") == Some(uid.as_str())).then(|| User {
        name: format!("system:serviceaccount:{namespace}:{name}"),
        uid,
        groups: vec![
            "system:serviceaccounts".to_owned(),
            format!("system:serviceaccounts:{namespace}"),
            "system:authenticated".to_owned(),
        ],
    })
}

/// Makes a token of a ServiceAccount (namespace, name, uid) that holds for some seconds: a JSON Web Token, signed with
/// the administrator's token as the key.
pub(crate) fn account_token(
    api: &Api,
    (namespace, name, uid): (&str, &str, &str),
    audiences: &Value,
    secs: i64,
) -> String {
    let now = api.clock.now_micros() / 1_000_000;
    let claims = json!({
        "aud": audiences, "exp": now + secs, "iat": now, "nbf": now, "iss": ISSUER,
        "kubernetes.io": { "namespace": namespace, "serviceaccount": { "name": name, "uid": uid } },
        "sub": format!("system:serviceaccount:{namespace}:{name}"),
    });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&json!({ "alg": "HS256", "typ": "JWT" })), part(&claims));
    let signature = signature_of(api, &signed);
    format!("{signed}.{signature}")
}

/// HMAC with SHA-256.
fn signature_of(api: &Api, text: &str) -> String {
    let mut key = [0_u8; 64];
    // A longer key is hashed first, and hashing a shorter one too harms nothing: only this server signs.
    key[..32].copy_from_slice(&sha2::Sha256::digest(api.token.as_bytes()));
    let padded = |pad: u8| key.map(|b| b ^ pad);
    let inner = sha2::Sha256::new().chain_update(padded(0x36)).chain_update(text).finalize();
    URL_SAFE_NO_PAD.encode(sha2::Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize())
}

/// Compares without stopping at the first difference.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |d, (x, y)| d | (x ^ y)) == 0
}
