//! Password checks, and the brake on guessing.

use super::accounts::{ADMIN, Account};
use crate::AdminPassword;
use crate::error::{ApiError, Code};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// Wrong passwords in a row that are answered without a wait; Argo CD's default (`util/session`).
const FREE_FAILURES: u32 = 5;

/// The longest wait after a wrong password. Argo CD locks the account for 300 s, which lets anyone lock the admin out; a
/// growing wait that is capped lower keeps guessing just as hopeless for a generated password.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// Password checks at a time: bcrypt takes about 0.1 s of a core each, so that a flood of logins cannot take them all.
const CHECKS_MAX: usize = 4;

/// bcrypt reads no more than 72 bytes; a longer text is no password of ours.
const PASSWORD_BYTES_MAX: usize = 1024;

/// Checks passwords.
pub(crate) struct Login {
    password: AdminPassword,
    brake: Mutex<Brake>,
    checks: Semaphore,
}

#[derive(Default)]
struct Brake {
    failures: u32,
    closed_until: Option<Instant>,
}

impl Login {
    pub(crate) fn new(password: AdminPassword) -> Self {
        Self { password, brake: Mutex::default(), checks: Semaphore::new(CHECKS_MAX) }
    }

    /// Checks an account's password and returns its name. `account` is the account as the cluster describes it; an admin without a
    /// password there has that of the server's start.
    ///
    /// # Errors
    /// Unauthenticated where it is wrong, resource exhausted while the brake is on.
    pub(crate) async fn check(&self, account: Option<&Account>, password: &str) -> Result<String, ApiError> {
        if password.is_empty() {
            return Err(ApiError::unauthenticated("Blank passwords are not allowed"));
        }
        let Ok(_permit) = self.checks.try_acquire() else { return Err(too_many(1)) };
        self.open()?;
        let account =
            account.filter(|a| a.is_enabled && a.can_log_in && password.len() <= PASSWORD_BYTES_MAX);
        if let Some(account) = account
            && let Some(expected) = self.password_of(account)
            && verify(expected, password.to_owned()).await
        {
            self.brake(|brake| *brake = Brake::default());
            return Ok(account.name.clone());
        }
        self.brake(Brake::fail);
        tracing::warn!("a login failed");
        Err(ApiError::unauthenticated("Invalid username or password"))
    }

    fn open(&self) -> Result<(), ApiError> {
        let wait = self
            .brake(|brake| brake.closed_until.map(|until| until.saturating_duration_since(Instant::now())));
        match wait {
            Some(wait) if !wait.is_zero() => Err(too_many(wait.as_secs() + 1)),
            _ => Ok(()),
        }
    }

    fn brake<T>(&self, act: impl FnOnce(&mut Brake) -> T) -> T {
        act(&mut self.brake.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn password_of(&self, account: &Account) -> Option<AdminPassword> {
        match &account.password {
            Some(hash) => Some(AdminPassword::Bcrypt(hash.clone())),
            None => (account.name == ADMIN).then(|| self.password.clone()),
        }
    }
}

async fn verify(expected: AdminPassword, given: String) -> bool {
    match expected {
        AdminPassword::Plain(expected) => same(&expected, &given),
        AdminPassword::Bcrypt(hash) => {
            tokio::task::spawn_blocking(move || bcrypt::verify(given, &hash).unwrap_or(false))
                .await
                .unwrap_or(false)
        }
    }
}

impl Brake {
    fn fail(&mut self) {
        self.failures = self.failures.saturating_add(1);
        if let Some(doublings) = self.failures.checked_sub(FREE_FAILURES) {
            let wait = Duration::from_secs(1).saturating_mul(1 << doublings.min(8)).min(WAIT_MAX);
            self.closed_until = Some(Instant::now() + wait);
        }
    }
}

fn too_many(retry_after_secs: u64) -> ApiError {
    let mut error = ApiError::new(
        Code::ResourceExhausted,
        format!("too many failed logins; try again in {retry_after_secs} s"),
    );
    error.retry_after_secs = Some(retry_after_secs);
    error
}

/// Compares in a time that tells nothing of where the texts differ: through a MAC, whose check is constant-time.
fn same(expected: &str, given: &str) -> bool {
    let mac = |text: &str| {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(b"compare").expect("because HMAC takes a key of any length");
        mac.update(text.as_bytes());
        mac
    };
    mac(given).verify(&mac(expected).finalize().into_bytes()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admin() -> Option<Account> {
        super::super::find_account(&crate::AccessData::default(), "admin")
    }

    #[tokio::test(start_paused = true)]
    async fn guessing_is_braked_and_a_right_password_releases_it() {
        let login = Login::new(AdminPassword::Plain("right".into()));
        for _ in 0..FREE_FAILURES {
            assert_eq!(login.check(admin().as_ref(), "wrong").await.unwrap_err().code, Code::Unauthenticated);
        }
        assert_eq!(login.check(admin().as_ref(), "right").await.unwrap_err().code, Code::ResourceExhausted);
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(login.check(admin().as_ref(), "right").await.unwrap(), "admin");
        assert_eq!(login.check(admin().as_ref(), "wrong").await.unwrap_err().code, Code::Unauthenticated);
    }

    #[tokio::test]
    async fn only_the_admin_with_the_right_password_comes_in() {
        let hash = bcrypt::hash("right", 4).unwrap();
        for login in
            [Login::new(AdminPassword::Plain("right".into())), Login::new(AdminPassword::Bcrypt(hash))]
        {
            assert!(login.check(admin().as_ref(), "right").await.is_ok());
            assert!(login.check(None, "right").await.is_err());
            assert!(login.check(admin().as_ref(), "").await.is_err());
            assert!(login.check(admin().as_ref(), "right ").await.is_err());
        }
    }
}
