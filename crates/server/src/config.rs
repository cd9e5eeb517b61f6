//! What the server is told at start.

use std::fmt;
use std::time::Duration;
use tokio::sync::watch;

/// How the admin account's password is checked.
#[derive(Clone)]
pub enum AdminPassword {
    /// A password made at start; compared in constant time.
    Plain(String),
    /// A bcrypt hash, as Argo CD keeps it in `argocd-secret` under `admin.password`.
    Bcrypt(String),
}

impl fmt::Debug for AdminPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminPassword(masked)")
    }
}

/// The server's settings.
#[derive(Clone)]
pub struct Config {
    /// The password of the account `admin`.
    pub admin_password: AdminPassword,
    /// The key that session tokens are signed with, at least 32 bytes from a secure source. Sessions outlive a restart
    /// only where the key is kept.
    pub token_key: Vec<u8>,
    /// How long a session lasts. Argo CD's default is 24 hours.
    pub session: Duration,
    /// Whether browsers reach the server over TLS (directly or behind a proxy): cookies are then `Secure`.
    pub https: bool,
    /// Whether `/metrics` answers without a session. Off by default; [`crate::metrics_router`] serves them on a port of their own.
    pub open_metrics: bool,
    /// Turns true when the server is to end: event streams, which would hold a graceful shutdown up, end then.
    pub stop: watch::Receiver<bool>,
}

impl Config {
    /// Returns settings with the default session of 24 hours over plain HTTP.
    #[must_use]
    pub fn new(admin_password: AdminPassword, token_key: Vec<u8>) -> Self {
        Self {
            admin_password,
            token_key,
            session: Duration::from_secs(24 * 60 * 60),
            https: false,
            open_metrics: false,
            stop: watch::channel(false).1,
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("admin_password", &self.admin_password)
            .field("session", &self.session)
            .field("https", &self.https)
            .field("open_metrics", &self.open_metrics)
            .finish_non_exhaustive()
    }
}
