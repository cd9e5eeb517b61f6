//! Who is calling: passwords, session tokens, and the gate in front of the API.

mod gate;
mod login;
mod token;

pub(crate) use gate::{has_foreign_body, require_session, security_headers};
pub(crate) use login::Login;
pub(crate) use token::{Session, Tokens};

/// The cookie that holds the token, named as Argo CD's.
pub(crate) const COOKIE: &str = "argocd.token";
