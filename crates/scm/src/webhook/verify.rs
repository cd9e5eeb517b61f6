use super::event::{Incoming, WebhookError};
use base64::Engine as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

/// Checks an HMAC-SHA256 of the body, in hex behind `prefix`, in the first of the headers that is there.
pub(super) fn signature(
    forge: &'static str,
    incoming: &Incoming<'_>,
    headers: &[&str],
    prefix: &str,
    secret: &str,
) -> Result<(), WebhookError> {
    if secret.is_empty() {
        return Ok(());
    }
    let refused = |why| Err(WebhookError::Signature { forge, why });
    let given = headers.iter().map(|name| incoming.header(name)).find(|value| !value.is_empty());
    let Some(given) = given else { return refused("the signature is missing") };
    let Some(given) = given.strip_prefix(prefix).and_then(from_hex) else {
        return refused("the signature is malformed");
    };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return refused("the secret cannot be used");
    };
    mac.update(incoming.body);
    // Compared in constant time.
    match mac.verify_slice(&given) {
        Ok(()) => Ok(()),
        Err(_) => refused("the signature does not match the body"),
    }
}

/// Checks a token that is sent as it is.
pub(super) fn token(
    forge: &'static str,
    given: &str,
    wanted: &str,
    why: &'static str,
) -> Result<(), WebhookError> {
    if wanted.is_empty() || same(given, wanted) {
        Ok(())
    } else {
        Err(WebhookError::Signature { forge, why })
    }
}

/// Checks `Authorization: Basic`.
pub(super) fn basic(
    forge: &'static str,
    incoming: &Incoming<'_>,
    username: &str,
    password: &str,
) -> Result<(), WebhookError> {
    if username.is_empty() && password.is_empty() {
        return Ok(());
    }
    let header = incoming.header("authorization");
    let given = header
        .strip_prefix("Basic ")
        .and_then(|packed| base64::engine::general_purpose::STANDARD.decode(packed.trim()).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .unwrap_or_default();
    token(forge, &given, &format!("{username}:{password}"), "the user or password is wrong")
}

fn same(given: &str, wanted: &str) -> bool {
    given.as_bytes().ct_eq(wanted.as_bytes()).into()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

/// Signs as the forges do, for tests.
#[cfg(test)]
pub(super) fn sign(body: &[u8], secret: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}
