//! Session tokens: JWT signed with HS256, with the claims that Argo CD's `util/session` writes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The longest token that is looked at, bytes.
const TOKEN_BYTES_MAX: usize = 4096;

/// How many ended sessions are remembered until they would have expired anyway; the oldest to expire is forgotten first.
const REVOKED_MAX: usize = 10_000;

/// What kind of token it is, by the end of its subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A session of an account: `NAME:login`.
    Login,
    /// An account's API token: `NAME:apiKey`.
    ApiKey,
    /// A token of a project's role: `proj:PROJECT:ROLE`.
    ProjectRole,
}

/// A session that a token proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    /// The account, or `proj:PROJECT:ROLE`.
    pub(crate) username: String,
    /// What kind of token proves it.
    pub(crate) kind: TokenKind,
    /// The token's id, for ending it.
    pub(crate) id: String,
    /// When it was issued, seconds since 1970.
    pub(crate) issued_at: u64,
    /// When it ends, seconds since 1970; `u64::MAX` for never.
    pub(crate) expires_at: u64,
}

/// The longest time that is waited for a session's end; the streams of one that lasts longer are opened anew.
const REMAINING_MAX: Duration = Duration::from_secs(7 * 24 * 60 * 60);

impl Session {
    /// How long it lasts from now.
    pub(crate) fn remaining(&self) -> Duration {
        Duration::from_secs(self.expires_at.saturating_sub(now())).min(REMAINING_MAX)
    }
}

/// Reads a subject. One without an end is a login, as Argo CD wrote it before 1.6.
fn subject(text: &str) -> (String, TokenKind) {
    if text.starts_with("proj:") {
        return (text.to_owned(), TokenKind::ProjectRole);
    }
    match text.rsplit_once(':') {
        Some((name, "apiKey")) => (name.to_owned(), TokenKind::ApiKey),
        Some((name, "login")) => (name.to_owned(), TokenKind::Login),
        _ => (text.to_owned(), TokenKind::Login),
    }
}

/// Returns the time, seconds since 1970.
pub(crate) fn now_unix() -> u64 {
    now()
}

/// Signs and checks tokens.
pub(crate) struct Tokens {
    key: Hmac<Sha256>,
    lifetime: Duration,
    revoked: Mutex<BTreeMap<(u64, String), ()>>,
}

impl Tokens {
    pub(crate) fn new(key: &[u8], lifetime: Duration) -> Self {
        let key = Hmac::<Sha256>::new_from_slice(key).expect("because HMAC takes a key of any length");
        Self { key, lifetime, revoked: Mutex::default() }
    }

    /// Signs a token for an account. `id` is unique among the tokens of one key.
    pub(crate) fn issue(&self, username: &str, id: &str) -> String {
        self.issue_at(username, id, now())
    }

    fn issue_at(&self, username: &str, id: &str, now: u64) -> String {
        self.issue_for(&format!("{username}:login"), id, now, now + self.lifetime.as_secs())
    }

    /// Signs a token for a subject. It does not end where `expires_at` is zero.
    pub(crate) fn issue_for(&self, subject: &str, id: &str, issued_at: u64, expires_at: u64) -> String {
        let mut claims =
            json!({"iss": "argocd", "sub": subject, "jti": id, "iat": issued_at, "nbf": issued_at});
        if expires_at > 0 {
            claims["exp"] = expires_at.into();
        }
        let signed =
            format!("{}.{}", B64.encode(r#"{"alg":"HS256","typ":"JWT"}"#), B64.encode(claims.to_string()));
        let signature = self.sign(&signed).finalize().into_bytes();
        format!("{signed}.{}", B64.encode(signature))
    }

    /// Checks a token: its signature first, in constant time, then its times and whether it was ended.
    ///
    /// # Errors
    /// Why it proves nothing.
    pub(crate) fn check(&self, token: &str) -> Result<Session, &'static str> {
        self.check_at(token, now())
    }

    fn check_at(&self, token: &str, now: u64) -> Result<Session, &'static str> {
        const BAD: &str = "token signature is invalid";
        if token.len() > TOKEN_BYTES_MAX {
            return Err("token is malformed");
        }
        let (signed, signature) = token.rsplit_once('.').ok_or("token is malformed")?;
        let signature = B64.decode(signature).map_err(|_| BAD)?;
        self.sign(signed).verify_slice(&signature).map_err(|_| BAD)?;
        // Nothing below is the caller's choice: the server signed it. The header says HS256 since the server wrote it.
        let claims = signed.split_once('.').and_then(|(_, claims)| B64.decode(claims).ok()).ok_or(BAD)?;
        let claims: serde_json::Value = serde_json::from_slice(&claims).map_err(|_| BAD)?;
        let number = |key: &str| claims[key].as_u64().ok_or(BAD);
        let expires_at = claims["exp"].as_u64().unwrap_or(u64::MAX);
        // A project's token of Argo CD has no id: the time of its issue names it.
        let id = claims["jti"].as_str().unwrap_or_default().to_owned();
        if expires_at <= now || number("nbf")? > now {
            return Err("token is expired");
        }
        let revoked = self.revoked.lock().unwrap_or_else(PoisonError::into_inner);
        if revoked.contains_key(&(expires_at, id.clone())) {
            return Err("token is revoked");
        }
        let (username, kind) = subject(claims["sub"].as_str().ok_or(BAD)?);
        if kind == TokenKind::Login && (id.is_empty() || expires_at == u64::MAX) {
            return Err(BAD);
        }
        let issued_at = claims["iat"].as_u64().unwrap_or_default();
        Ok(Session { username, kind, id, issued_at, expires_at })
    }

    /// Ends a session before its time.
    pub(crate) fn revoke(&self, session: &Session) {
        let mut revoked = self.revoked.lock().unwrap_or_else(PoisonError::into_inner);
        *revoked = revoked.split_off(&(now(), String::new()));
        if revoked.len() >= REVOKED_MAX {
            revoked.pop_first();
        }
        revoked.insert((session.expires_at, session.id.clone()), ());
    }

    fn sign(&self, text: &str) -> Hmac<Sha256> {
        let mut mac = self.key.clone();
        mac.update(text.as_bytes());
        mac
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens() -> Tokens {
        Tokens::new(&[7; 32], Duration::from_secs(60))
    }

    #[test]
    fn a_token_proves_its_account_until_it_expires() {
        let token = tokens().issue_at("admin", "id", 1000);
        assert_eq!(tokens().check_at(&token, 1059).unwrap().username, "admin");
        assert_eq!(tokens().check_at(&token, 1060), Err("token is expired"));
        assert_eq!(tokens().check_at(&token, 999), Err("token is expired"));
    }

    #[test]
    fn a_changed_or_foreign_token_proves_nothing() {
        let token = tokens().issue_at("admin", "id", 1000);
        let (head, rest) = token.split_once('.').unwrap();
        let (_, signature) = rest.split_once('.').unwrap();
        let forged =
            B64.encode(json!({"sub": "root:login", "jti": "id", "nbf": 0, "exp": u64::MAX}).to_string());
        let unsigned = format!("{}.{forged}.", B64.encode(r#"{"alg":"none"}"#));
        for bad in [&format!("{head}.{forged}.{signature}"), &unsigned, "", "a.b.c", &"x".repeat(9000)] {
            assert!(tokens().check_at(bad, 1000).is_err(), "{bad}");
        }
        let foreign = Tokens::new(&[8; 32], Duration::from_secs(60)).issue_at("admin", "id", 1000);
        assert!(tokens().check_at(&foreign, 1000).is_err());
    }

    #[test]
    fn an_ended_session_stays_ended() {
        let tokens = tokens();
        let (one, other) = (tokens.issue("admin", "one"), tokens.issue("admin", "other"));
        tokens.revoke(&tokens.check(&one).unwrap());
        assert_eq!(tokens.check(&one), Err("token is revoked"));
        assert!(tokens.check(&other).is_ok());
    }
}
