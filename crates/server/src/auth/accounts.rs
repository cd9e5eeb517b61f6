//! Accounts as `argocd-cm` and `argocd-secret` describe them (Argo CD `util/settings/accounts.go`).

use crate::AccessData;
use serde_json::Value;

/// The account that always exists.
pub(crate) const ADMIN: &str = "admin";

/// An API token that an account holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AccountToken {
    pub(crate) id: String,
    pub(crate) issued_at: u64,
    /// Zero: it does not end.
    pub(crate) expires_at: u64,
}

/// An account.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) is_enabled: bool,
    pub(crate) can_log_in: bool,
    pub(crate) has_api_key: bool,
    /// A bcrypt hash; for the admin none means that the password of the server's start holds.
    pub(crate) password: Option<String>,
    /// When the password was changed, seconds since 1970: older sessions have ended.
    pub(crate) password_changed_at: u64,
    pub(crate) tokens: Vec<AccountToken>,
}

/// Returns every account, the admin first.
pub(crate) fn accounts(data: &AccessData) -> Vec<Account> {
    let mut names = vec![ADMIN];
    for key in data.config.keys() {
        if let Some(name) = key.strip_prefix("accounts.").filter(|n| !n.contains('.') && *n != ADMIN) {
            names.push(name);
        }
    }
    names.into_iter().map(|name| account(data, name)).collect()
}

/// Returns an account by its name.
pub(crate) fn find(data: &AccessData, name: &str) -> Option<Account> {
    let is_known = name == ADMIN || data.config.contains_key(&format!("accounts.{name}"));
    (is_known && !name.contains('.')).then(|| account(data, name))
}

fn account(data: &AccessData, name: &str) -> Account {
    let config = |key: String| data.config.get(&key).map(|v| v.trim()).unwrap_or_default();
    let secret = |rest: &str| data.secret.get(&entry(name, rest)).map(|v| v.trim()).filter(|v| !v.is_empty());
    let capabilities: Vec<&str> = config(format!("accounts.{name}")).split(',').map(str::trim).collect();
    let is_admin = name == ADMIN;
    let enabled = if is_admin { "admin.enabled".to_owned() } else { format!("accounts.{name}.enabled") };
    Account {
        name: name.to_owned(),
        is_enabled: config(enabled) != "false",
        can_log_in: is_admin || capabilities.contains(&"login"),
        has_api_key: capabilities.contains(&"apiKey"),
        password: secret("password").map(str::to_owned),
        password_changed_at: secret("passwordMtime").and_then(seconds_of).unwrap_or_default(),
        tokens: tokens(secret("tokens").unwrap_or_default()),
    }
}

/// Returns the key of an account's entry in `argocd-secret`.
pub(crate) fn entry(name: &str, rest: &str) -> String {
    if name == ADMIN { format!("admin.{rest}") } else { format!("accounts.{name}.{rest}") }
}

fn tokens(json: &str) -> Vec<AccountToken> {
    let list: Vec<Value> = serde_json::from_str(json).unwrap_or_default();
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    list.iter()
        .filter_map(|t| {
            let id = t["id"].as_str()?.to_owned();
            Some(AccountToken { id, issued_at: number(&t["iat"]), expires_at: number(&t["exp"]) })
        })
        .collect()
}

/// Writes tokens as `argocd-secret` holds them.
pub(crate) fn tokens_json(tokens: &[AccountToken]) -> String {
    let one = |t: &AccountToken| {
        let mut out = serde_json::json!({"id": t.id, "iat": t.issued_at});
        if t.expires_at > 0 {
            out["exp"] = t.expires_at.into();
        }
        out
    };
    Value::from(tokens.iter().map(one).collect::<Vec<_>>()).to_string()
}

/// Reads a time such as `2026-01-02T03:04:05Z` as seconds since 1970.
fn seconds_of(text: &str) -> Option<u64> {
    u64::try_from(text.parse::<jiff::Timestamp>().ok()?.as_second()).ok()
}

/// Writes seconds since 1970 as a time.
pub(crate) fn time_of(seconds: u64) -> String {
    let seconds = i64::try_from(seconds).unwrap_or_default();
    jiff::Timestamp::from_second(seconds).map(|t| t.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data() -> AccessData {
        let map = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        AccessData {
            config: map(&[
                ("accounts.ann", "apiKey, login"),
                ("accounts.bot", "apiKey"),
                ("accounts.bot.enabled", "false"),
            ]),
            secret: map(&[
                ("accounts.ann.password", "$2a$x"),
                ("accounts.ann.passwordMtime", "2026-01-02T03:04:05Z"),
                ("accounts.ann.tokens", r#"[{"id":"a","iat":5},{"id":"b","iat":6,"exp":9}]"#),
            ]),
            ..AccessData::default()
        }
    }

    #[test]
    fn accounts_have_their_capabilities_password_and_tokens() {
        let names: Vec<String> = accounts(&data()).into_iter().map(|a| a.name).collect();
        assert_eq!(names, ["admin", "ann", "bot"]);
        let ann = find(&data(), "ann").unwrap();
        assert!(ann.can_log_in && ann.has_api_key && ann.is_enabled);
        assert_eq!(ann.tokens.len(), 2);
        let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert_eq!(json(&tokens_json(&ann.tokens)), json(&data().secret["accounts.ann.tokens"]));
        let bot = find(&data(), "bot").unwrap();
        assert!(!bot.can_log_in && !bot.is_enabled);
        assert!(find(&data(), "nobody").is_none());
        assert!(find(&data(), "bot.enabled").is_none());
    }
}
