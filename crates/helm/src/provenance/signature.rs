use super::packet::Reader;
use sha2::{Digest as _, Sha224, Sha256, Sha384, Sha512};

/// A signature of version 4.
pub(super) struct Signature<'a> {
    /// Over a text, a key and its user, a subkey, …
    pub kind: u8,
    pub algorithm: u8,
    hash: u8,
    /// What of the signature itself is signed.
    head: &'a [u8],
    hashed: Subpackets<'a>,
    unhashed: Subpackets<'a>,
    /// The algorithm's own numbers.
    pub numbers: Reader<'a>,
}

/// Over bytes as they are, and over text with line ends made one.
pub(super) const BINARY: u8 = 0x00;
pub(super) const TEXT: u8 = 0x01;
const CREATED: u8 = 2;
const EXPIRES: u8 = 3;
const KEY_EXPIRES: u8 = 9;
const ISSUER: u8 = 16;
const KEY_FLAGS: u8 = 27;
const EMBEDDED: u8 = 32;
const ISSUER_FINGERPRINT: u8 = 33;
/// The flag of keys that sign data.
const SIGNS: u8 = 2;

#[derive(Clone, Copy)]
struct Subpackets<'a>(&'a [u8]);

impl<'a> Subpackets<'a> {
    fn find(self, wanted: u8) -> Option<&'a [u8]> {
        let mut rest = Reader(self.0);
        loop {
            let length = match rest.number(1)? {
                short @ 0..192 => short,
                255 => rest.number(4)?,
                two => ((two - 192) << 8) + rest.number(1)? + 192,
            };
            let (kind, value) = rest.take(length)?.split_first()?;
            // The highest bit says that whoever does not know it must refuse.
            if kind & 0x7f == wanted {
                return Some(value);
            }
        }
    }
}

impl<'a> Signature<'a> {
    /// Reads a signature's packet; nothing where it is of another version or cut short.
    pub fn read(body: &'a [u8]) -> Option<Self> {
        let mut rest = Reader(body);
        let &[version, kind, algorithm, hash] = rest.take(4)? else { return None };
        let hashed_len = rest.number(2)?;
        let hashed = Subpackets(rest.take(hashed_len)?);
        let unhashed_len = rest.number(2)?;
        let unhashed = Subpackets(rest.take(unhashed_len)?);
        rest.take(2)?;
        let head = body.get(..6 + hashed_len)?;
        (version == 4).then_some(Self { kind, algorithm, hash, head, hashed, unhashed, numbers: rest })
    }

    /// Returns the sum that is signed, with the name of its hash in ASN.1.
    ///
    /// # Errors
    /// The hash is none that may be trusted.
    pub fn digest(&self, parts: &[&[u8]]) -> Result<(Vec<u8>, &'static [u8]), String> {
        let trailer =
            [&[4, 0xff][..], &u32::try_from(self.head.len()).unwrap_or(u32::MAX).to_be_bytes()].concat();
        let all = || parts.iter().copied().chain([self.head, &trailer[..]]);
        macro_rules! sum {
            ($hash:ty) => {{
                let mut hash = <$hash>::new();
                all().for_each(|part| hash.update(part));
                hash.finalize().to_vec()
            }};
        }
        Ok(match self.hash {
            8 => (sum!(Sha256), &PREFIXES[0]),
            9 => (sum!(Sha384), &PREFIXES[1]),
            10 => (sum!(Sha512), &PREFIXES[2]),
            11 => (sum!(Sha224), &PREFIXES[3]),
            1..=3 => {
                return Err(
                    "openpgp: signature over a hash that is broken (MD5, SHA-1, RIPEMD-160)".to_owned()
                );
            }
            other => return Err(format!("unsupported: openpgp hash {other}")),
        })
    }

    fn seconds(&self, kind: u8) -> Option<i64> {
        let value = self.hashed.find(kind)?;
        i64::try_from(Reader(value).number(4)?).ok()
    }

    /// When it was made, in seconds since 1970.
    pub fn created(&self) -> i64 {
        self.seconds(CREATED).unwrap_or_default()
    }

    /// Whether it holds no longer.
    pub fn is_expired(&self, now: i64) -> bool {
        self.seconds(EXPIRES).is_some_and(|after| after != 0 && self.created() + after < now)
    }

    /// Seconds after its making for which a key holds; for ever without.
    pub fn key_lifetime(&self) -> Option<i64> {
        self.seconds(KEY_EXPIRES).filter(|after| *after != 0)
    }

    /// Whether the key that it is about may sign data.
    pub fn allows_signing(&self) -> bool {
        self.hashed.find(KEY_FLAGS).is_none_or(|flags| flags.first().is_some_and(|f| f & SIGNS != 0))
    }

    /// The signature by a subkey that it belongs to the key.
    pub fn embedded(&self) -> Option<Signature<'a>> {
        Signature::read(self.hashed.find(EMBEDDED).or_else(|| self.unhashed.find(EMBEDDED))?)
    }

    /// Whether it may be by the key with a fingerprint: it is, where it does not say.
    pub fn may_be_by(&self, fingerprint: &[u8]) -> bool {
        let find = |kind| self.hashed.find(kind).or_else(|| self.unhashed.find(kind));
        match (find(ISSUER_FINGERPRINT), find(ISSUER)) {
            (Some(said), _) => said.get(1..) == Some(fingerprint),
            (None, Some(id)) => fingerprint.ends_with(id),
            (None, None) => true,
        }
    }
}

/// What stands before a sum in an RSA signature, for SHA-256, SHA-384, SHA-512 and SHA-224 (RFC 8017).
static PREFIXES: [[u8; 19]; 4] = [prefix(1, 32), prefix(2, 48), prefix(3, 64), prefix(4, 28)];

const fn prefix(hash: u8, len: u8) -> [u8; 19] {
    [
        0x30,
        17 + len,
        0x30,
        0x0d,
        0x06,
        0x09,
        0x60,
        0x86,
        0x48,
        0x01,
        0x65,
        0x03,
        0x04,
        0x02,
        hash,
        0x05,
        0x00,
        0x04,
        len,
    ]
}
