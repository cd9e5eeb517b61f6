use super::packet::{Packet, Reader, packets};
use super::signature::Signature;
use rsa::{BigUint, Pkcs1v15Sign, RsaPublicKey};
use sha1::{Digest as _, Sha1};

const PUBLIC_KEY: u8 = 6;
const PUBLIC_SUBKEY: u8 = 14;
const USER: u8 = 13;
const SIGNATURE: u8 = 2;
const ED25519_OID: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01];

/// A public key of version 4.
#[derive(Clone, Copy)]
pub(super) struct PublicKey<'a> {
    body: &'a [u8],
    created: i64,
    algorithm: u8,
    numbers: Reader<'a>,
}

impl<'a> PublicKey<'a> {
    fn read(body: &'a [u8]) -> Option<Self> {
        let mut rest = Reader(body);
        let version = rest.number(1)?;
        let created = i64::try_from(rest.number(4)?).ok()?;
        let algorithm = rest.number(1)? as u8;
        (version == 4).then_some(Self { body, created, algorithm, numbers: rest })
    }

    pub fn fingerprint(&self) -> Vec<u8> {
        Sha1::new().chain_update(self.hashed()).finalize().to_vec()
    }

    /// Returns the key as signatures over keys see it.
    fn hashed(&self) -> Vec<u8> {
        let len = u16::try_from(self.body.len()).unwrap_or(u16::MAX);
        [&[0x99], &len.to_be_bytes()[..], self.body].concat()
    }

    /// Checks a signature over parts.
    ///
    /// # Errors
    /// It is not by this key, or of a kind that is not supported.
    pub fn check(&self, signature: &Signature<'_>, parts: &[&[u8]]) -> Result<(), String> {
        let (digest, prefix) = signature.digest(parts)?;
        let bad = || "openpgp: invalid signature: verification failure".to_owned();
        let (mut key, mut numbers) = (self.numbers, signature.numbers);
        match (self.algorithm, signature.algorithm) {
            (1 | 3, 1 | 3) => {
                let (Some(n), Some(e), Some(sum)) = (key.mpi(), key.mpi(), numbers.mpi()) else {
                    return Err(bad());
                };
                let key = RsaPublicKey::new(BigUint::from_bytes_be(n), BigUint::from_bytes_be(e))
                    .map_err(|e| format!("openpgp: invalid RSA key: {e}"))?;
                let scheme = Pkcs1v15Sign { hash_len: Some(digest.len()), prefix: prefix.into() };
                key.verify(scheme, &digest, &padded(sum, n.len())).map_err(|_| bad())
            }
            (22, 22) => {
                let oid_len = key.number(1).unwrap_or_default();
                if key.take(oid_len) != Some(ED25519_OID) {
                    return Err("unsupported: EdDSA over another curve than Ed25519".to_owned());
                }
                let point = key.mpi().and_then(|p| p.strip_prefix(&[0x40]));
                let (Some(point), Some(r), Some(s)) = (point, numbers.mpi(), numbers.mpi()) else {
                    return Err(bad());
                };
                ed25519(point, &[padded(r, 32), padded(s, 32)].concat(), &digest).ok_or_else(bad)
            }
            (27, 27) => match (key.take(32), numbers.take(64)) {
                (Some(point), Some(sum)) => ed25519(point, sum, &digest).ok_or_else(bad),
                _ => Err(bad()),
            },
            (key, _) => Err(format!("unsupported: openpgp keys of algorithm {key}; RSA and Ed25519 are")),
        }
    }
}

fn ed25519(point: &[u8], signature: &[u8], digest: &[u8]) -> Option<()> {
    let key = ed25519_dalek::VerifyingKey::from_bytes(point.try_into().ok()?).ok()?;
    key.verify_strict(digest, &ed25519_dalek::Signature::from_slice(signature).ok()?).ok()
}

/// Numbers leave out the noughts at their front.
fn padded(number: &[u8], len: usize) -> Vec<u8> {
    let mut out = vec![0; len.saturating_sub(number.len())];
    out.extend_from_slice(number);
    out
}

/// A key of somebody, with the subkeys that may sign for them.
pub(super) struct Entity<'a> {
    pub users: Vec<String>,
    /// Of the primary key, whichever of the keys signs.
    pub fingerprint: Vec<u8>,
    pub keys: Vec<PublicKey<'a>>,
}

/// Reads the keys of a keyring that hold now: not revoked, not expired, and allowed to sign by a signature of the key's
/// own. Keys of other versions and kinds are passed over.
///
/// # Errors
/// It is no keyring.
pub(super) fn entities(bytes: &[u8], now: i64) -> Result<Vec<Entity<'_>>, String> {
    let all = packets(bytes)?;
    let mut found = Vec::new();
    let mut rest = &all[..];
    while let Some(at) = rest.iter().position(|p| p.tag == PUBLIC_KEY) {
        let after = &rest[at + 1..];
        let len = after.iter().position(|p| p.tag == PUBLIC_KEY).unwrap_or(after.len());
        if let Some(primary) = PublicKey::read(rest[at].body)
            && let Some(entity) = entity(primary, &after[..len], now)
        {
            found.push(entity);
        }
        rest = &after[len..];
    }
    Ok(found)
}

fn entity<'a>(primary: PublicKey<'a>, packets: &[Packet<'a>], now: i64) -> Option<Entity<'a>> {
    let mut entity = Entity { users: Vec::new(), fingerprint: primary.fingerprint(), keys: Vec::new() };
    let own = primary.hashed();
    // The newest signature over the key itself says what it is for and how long.
    let mut about: Option<Signature<'a>> = None;
    // What the signatures that follow are over.
    let mut subject = Subject::Key;
    for packet in packets {
        match packet.tag {
            USER => subject = Subject::User(packet.body),
            PUBLIC_SUBKEY => subject = PublicKey::read(packet.body).map_or(Subject::Other, Subject::Subkey),
            SIGNATURE => {
                let Some(signature) = Signature::read(packet.body) else { continue };
                match subject {
                    Subject::Key if signature.kind == 0x20 && primary.check(&signature, &[&own]).is_ok() => {
                        return None;
                    }
                    Subject::User(name) if matches!(signature.kind, 0x10..=0x13) => {
                        let len = u32::try_from(name.len()).unwrap_or(u32::MAX).to_be_bytes();
                        if primary.check(&signature, &[&own, &[0xb4], &len, name]).is_ok() {
                            let name = String::from_utf8_lossy(name).into_owned();
                            if !entity.users.contains(&name) {
                                entity.users.push(name);
                            }
                            if about.as_ref().is_none_or(|a| a.created() <= signature.created()) {
                                about = Some(signature);
                            }
                        }
                    }
                    Subject::Subkey(key) => subkey(&mut entity, &primary, key, &signature, now),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    let about = about?;
    if about.allows_signing() && holds(&primary, &about, now) {
        entity.keys.insert(0, primary);
    }
    Some(entity)
}

#[derive(Clone, Copy)]
enum Subject<'a> {
    Key,
    User(&'a [u8]),
    Subkey(PublicKey<'a>),
    Other,
}

/// Takes a subkey in, or out again where it is revoked, by the primary key's signature over it.
fn subkey<'a>(
    entity: &mut Entity<'a>,
    primary: &PublicKey<'a>,
    key: PublicKey<'a>,
    signature: &Signature<'a>,
    now: i64,
) {
    let (own, its) = (primary.hashed(), key.hashed());
    let over: [&[u8]; 2] = [&own, &its];
    match signature.kind {
        0x18 if signature.allows_signing() && holds(&key, signature, now) => {
            let bound = primary.check(signature, &over).is_ok();
            // A key that signs must say itself that it belongs to the other.
            let agreed = signature.embedded().is_some_and(|e| e.kind == 0x19 && key.check(&e, &over).is_ok());
            if bound && agreed {
                entity.keys.push(key);
            }
        }
        0x28 if primary.check(signature, &over).is_ok() => entity.keys.retain(|k| k.body != key.body),
        _ => {}
    }
}

fn holds(key: &PublicKey<'_>, about: &Signature<'_>, now: i64) -> bool {
    !about.is_expired(now) && about.key_lifetime().is_none_or(|after| key.created + after >= now)
}
