use super::packet::packets;
use super::signature::{BINARY, Signature, TEXT};
use super::{key, message};
use crate::Error;
use sha2::{Digest as _, Sha256};

/// Who signed a chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// The names of the key's owner.
    pub signed_by: Vec<String>,
    /// The fingerprint of the owner's primary key, in capital hexadecimal digits.
    pub fingerprint: String,
    /// The archive's sum: `sha256:` and hexadecimal digits.
    pub file_hash: String,
}

/// Checks a packed chart against its provenance file: the signature by a key of the keyring, and the sum of the archive
/// of that name. `now` is in seconds since 1970.
///
/// # Errors
/// [`Error::Provenance`] in Helm's words.
pub fn verify(
    archive: &[u8],
    file: &str,
    provenance: &str,
    keyring: &[u8],
    now: i64,
) -> Result<Verification, Error> {
    let fail = |why: String| Error::Provenance { file: file.to_owned(), why };
    let signed = message::read(provenance).ok_or_else(|| fail("signature block not found".to_owned()))?;
    let (signed_by, fingerprint) = signer(&signed, keyring, now).map_err(fail)?;
    // Helm's two documents: the chart's metadata, and sums.
    let Some((_, sums)) = signed.text.split_once("\n...\n") else {
        return Err(fail("message block must have at least two parts".to_owned()));
    };
    let sums = fairway_yaml::parse(sums).map_err(|e| fail(e.to_string()))?;
    let sum: String = Sha256::digest(archive).iter().map(|b| format!("{b:02x}")).collect();
    let file_hash = format!("sha256:{sum}");
    match sums.get("files").and_then(|f| f.get(file)).and_then(fairway_value::Value::as_str) {
        None => Err(fail(format!("provenance does not contain a SHA for a file named {file:?}"))),
        Some(wanted) if wanted != file_hash => {
            Err(fail(format!("sha256 sum does not match for {file}: {wanted:?} != {file_hash:?}")))
        }
        Some(_) => Ok(Verification { signed_by, fingerprint, file_hash }),
    }
}

fn signer(signed: &message::Signed, keyring: &[u8], now: i64) -> Result<(Vec<String>, String), String> {
    let keyring = message::keyring(keyring).ok_or("failed to load keyring: the armour is damaged")?;
    let entities = key::entities(&keyring, now).map_err(|e| format!("failed to load keyring: {e}"))?;
    let mut why = "openpgp: signature made by unknown entity".to_owned();
    for packet in packets(&signed.signature)?.iter().filter(|p| p.tag == 2) {
        let Some(signature) = Signature::read(packet.body) else { continue };
        if !matches!(signature.kind, BINARY | TEXT) {
            continue;
        }
        for (entity, key) in entities.iter().flat_map(|e| e.keys.iter().map(move |k| (e, k))) {
            if !signature.may_be_by(&key.fingerprint()) {
                continue;
            }
            match key.check(&signature, &[signed.canonical.as_bytes()]) {
                Ok(()) if signature.is_expired(now) => why = "openpgp: signature expired".to_owned(),
                Ok(()) => {
                    let fingerprint = entity.fingerprint.iter().map(|b| format!("{b:02X}")).collect();
                    return Ok((entity.users.clone(), fingerprint));
                }
                Err(e) => why = e,
            }
        }
    }
    Err(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-12-01, after the keys and signatures were made by GnuPG and `helm package --sign`.
    const NOW: i64 = 1_796_083_200;
    const ARCHIVE: &[u8] = include_bytes!("../../tests/provenance/c-0.1.0.tgz");
    const KEYS: &[u8] = include_bytes!("../../tests/provenance/keys.gpg");
    const RSA: &str = include_str!("../../tests/provenance/rsa.prov");
    const ED25519: &str = include_str!("../../tests/provenance/ed25519.prov");
    const SUBKEY: &str = include_str!("../../tests/provenance/subkey.prov");

    fn refused(archive: &[u8], file: &str, provenance: &str, keys: &[u8], now: i64, expect: &str) {
        let error = verify(archive, file, provenance, keys, now).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
    }

    #[test]
    fn charts_that_helm_and_gnupg_signed_are_verified() {
        for (provenance, owner, fingerprint) in [
            (RSA, "Rosa <Rosa@example.com>", "EC18C3BC6673D704E82FC05C3EA841A7C98A3AB1"),
            (ED25519, "Edda <Edda@example.com>", "E4AEC28C3BDA67984F67CCAE0E809B15CB982175"),
            (SUBKEY, "Rosa <Rosa@example.com>", "EC18C3BC6673D704E82FC05C3EA841A7C98A3AB1"),
        ] {
            let found = verify(ARCHIVE, "c-0.1.0.tgz", provenance, KEYS, NOW).unwrap();
            assert_eq!((found.signed_by, found.fingerprint.as_str()), (vec![owner.to_owned()], fingerprint));
            assert!(found.file_hash.starts_with("sha256:92bd6a03"));
        }
    }

    #[test]
    fn what_was_changed_or_is_signed_by_strangers_is_refused() {
        const FILE: &str = "c-0.1.0.tgz";
        refused(b"other", FILE, RSA, KEYS, NOW, "sha256 sum does not match for c-0.1.0.tgz");
        refused(
            ARCHIVE,
            "d-0.1.0.tgz",
            RSA,
            KEYS,
            NOW,
            "does not contain a SHA for a file named \"d-0.1.0.tgz\"",
        );
        let changed = RSA.replace("version: 0.1.0", "version: 0.2.0");
        refused(ARCHIVE, FILE, &changed, KEYS, NOW, "openpgp: invalid signature");
        let changed = ED25519.replace("name: c", "name: d");
        refused(ARCHIVE, FILE, &changed, KEYS, NOW, "openpgp: invalid signature");
        refused(ARCHIVE, FILE, RSA, b"", NOW, "signature made by unknown entity");
        refused(ARCHIVE, FILE, RSA, b"keybox", NOW, "failed to load keyring");
        refused(ARCHIVE, FILE, "name: c\n", KEYS, NOW, "signature block not found");
    }

    #[test]
    fn damaged_keyrings_and_signatures_end_in_an_error() {
        for cut in (0..KEYS.len()).step_by(53) {
            let mut keys = KEYS[..cut].to_vec();
            drop(verify(ARCHIVE, "c-0.1.0.tgz", ED25519, &keys, NOW));
            keys.extend_from_slice(&KEYS[cut..]);
            keys[cut] ^= 0x55;
            drop(verify(ARCHIVE, "c-0.1.0.tgz", ED25519, &keys, NOW));
        }
    }
}
