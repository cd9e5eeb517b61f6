//! Who is calling: passwords, session tokens, and the gate in front of the API.

mod access;
mod accounts;
mod gate;
mod login;
mod policy;
mod token;

pub(crate) use access::Access;
pub(crate) use accounts::{
    Account, AccountToken, accounts, entry, find as find_account, time_of, tokens_json,
};
pub(crate) use gate::{has_foreign_body, require_session, security_headers};
pub(crate) use login::Login;
pub(crate) use policy::Policy;
pub(crate) use token::{Session, TokenKind, Tokens, now_unix};

/// The cookie that holds the token, named as Argo CD's.
pub(crate) const COOKIE: &str = "argocd.token";
