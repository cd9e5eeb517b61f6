use super::der::{
    self, CONTEXT, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE, bit_string, integer, sequence, tlv,
};
use super::{pem, primes};
use crate::functions::Context;
use p256::ecdsa::signature::Signer as _;
use rsa::traits::{PrivateKeyParts as _, PublicKeyParts as _};
use rsa::{BigUint, Pkcs1v15Sign, RsaPrivateKey, rand_core};
use sha2::Digest as _;

const RSA_OID: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const SHA256_RSA_OID: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
const EC_OID: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256_OID: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const ECDSA_SHA256_OID: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const ED25519_OID: &[u8] = &[0x2b, 0x65, 0x70];
/// The `DigestInfo` that stands before a SHA-256 sum in an RSA signature (RFC 8017).
const SHA256_PREFIX: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
    0x04, 0x20,
];

/// A private key.
pub(crate) enum PrivateKey {
    Rsa(Box<RsaPrivateKey>),
    P256(p256::SecretKey),
    Ed25519(Box<ed25519_dalek::SigningKey>),
}

/// Hands the run's random bytes to key generation.
struct Bytes<'a, 'b>(&'a Context<'b>);

impl rand_core::RngCore for Bytes<'_, '_> {
    fn next_u32(&mut self) -> u32 {
        u32::from_le_bytes(self.0.random_bytes())
    }
    fn next_u64(&mut self) -> u64 {
        u64::from_le_bytes(self.0.random_bytes())
    }
    fn fill_bytes(&mut self, out: &mut [u8]) {
        self.0.fill_random(out);
    }
    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), rand_core::Error> {
        self.0.fill_random(out);
        Ok(())
    }
}

impl rand_core::CryptoRng for Bytes<'_, '_> {}

fn oid(bytes: &[u8]) -> Vec<u8> {
    tlv(OID, bytes)
}

impl PrivateKey {
    /// Makes an RSA key of 2,048 or 4,096 bits, the sizes that Sprig makes.
    pub fn rsa(ctx: &Context<'_>, bits: usize) -> Result<Self, String> {
        let seeds = [ctx.random_bytes(), ctx.random_bytes()];
        let (p, q) = match bits {
            2048 => primes::pair::<16>(seeds),
            4096 => primes::pair::<32>(seeds),
            _ => return Err(format!("unsupported: RSA keys of {bits} bits")),
        };
        let key = RsaPrivateKey::from_p_q(p, q, primes::EXPONENT.into()).map_err(|e| e.to_string())?;
        Ok(Self::Rsa(Box::new(key)))
    }

    pub fn p256(ctx: &Context<'_>) -> Self {
        Self::P256(p256::SecretKey::random(&mut Bytes(ctx)))
    }

    pub fn ed25519(ctx: &Context<'_>) -> Self {
        Self::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(&ctx.random_bytes())))
    }

    /// Reads a key from PEM.
    ///
    /// # Errors
    /// There is none, or it is of a kind that is not supported.
    pub fn from_pem(text: &str) -> Result<Self, String> {
        let (label, der) = pem::decode(text).ok_or("no PEM data in input")?;
        if label == "PRIVATE KEY" {
            return from_pkcs8(&der)
                .ok_or_else(|| "decoding PEM as PKCS#8: malformed or unsupported key".to_owned());
        }
        let Some(kind) = label.strip_suffix(" PRIVATE KEY") else {
            return Err(format!("no private key data in PEM block of type {label}"));
        };
        match kind {
            "RSA" => {
                from_pkcs1(&der).ok_or_else(|| "parsing RSA private key from PEM: malformed key".to_owned())
            }
            "EC" => from_sec1(&der).ok_or_else(|| {
                "parsing EC private key from PEM: malformed key, or a curve other than P-256".to_owned()
            }),
            "DSA" => Err("unsupported: DSA keys".to_owned()),
            other => Err(format!("invalid private key type {other}")),
        }
    }

    /// Writes the key as PEM, in the form that Sprig gives each kind.
    pub fn to_pem(&self) -> String {
        match self {
            Self::Rsa(key) => pem::encode("RSA PRIVATE KEY", &to_pkcs1(key)),
            Self::P256(key) => pem::encode("EC PRIVATE KEY", &to_sec1(key)),
            Self::Ed25519(key) => {
                let inner = tlv(OCTET_STRING, &tlv(OCTET_STRING, key.as_bytes()));
                let der = sequence(&[integer(&[0]), sequence(&[oid(ED25519_OID)]), inner]);
                pem::encode("PRIVATE KEY", &der)
            }
        }
    }

    /// Returns the public key as bits, without its algorithm.
    pub fn public_bits(&self) -> Vec<u8> {
        match self {
            Self::Rsa(key) => sequence(&[integer(&key.n().to_bytes_be()), integer(&key.e().to_bytes_be())]),
            Self::P256(key) => key.public_key().to_sec1_bytes().into_vec(),
            Self::Ed25519(key) => key.verifying_key().to_bytes().to_vec(),
        }
    }

    /// Returns the `SubjectPublicKeyInfo`.
    pub fn public_info(&self) -> Vec<u8> {
        let algorithm = match self {
            Self::Rsa(_) => sequence(&[oid(RSA_OID), tlv(der::NULL, &[])]),
            Self::P256(_) => sequence(&[oid(EC_OID), oid(P256_OID)]),
            Self::Ed25519(_) => sequence(&[oid(ED25519_OID)]),
        };
        sequence(&[algorithm, bit_string(&self.public_bits())])
    }

    /// Returns the algorithm of the key's signatures.
    pub fn signature_algorithm(&self) -> Vec<u8> {
        match self {
            Self::Rsa(_) => sequence(&[oid(SHA256_RSA_OID), tlv(der::NULL, &[])]),
            Self::P256(_) => sequence(&[oid(ECDSA_SHA256_OID)]),
            Self::Ed25519(_) => sequence(&[oid(ED25519_OID)]),
        }
    }

    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        match self {
            Self::Rsa(key) => {
                let scheme = Pkcs1v15Sign { hash_len: Some(32), prefix: SHA256_PREFIX.into() };
                key.sign(scheme, &sha2::Sha256::digest(message)).map_err(|e| e.to_string())
            }
            Self::P256(key) => {
                let signature: p256::ecdsa::Signature = p256::ecdsa::SigningKey::from(key).sign(message);
                Ok(signature.to_der().as_bytes().to_vec())
            }
            Self::Ed25519(key) => Ok(key.sign(message).to_bytes().to_vec()),
        }
    }
}

fn to_pkcs1(key: &RsaPrivateKey) -> Vec<u8> {
    let one = BigUint::from(1_u8);
    let number = |n: &BigUint| integer(&n.to_bytes_be());
    let [p, q] = key.primes() else { return Vec::new() };
    let inverse = key.crt_coefficient().unwrap_or_default();
    sequence(&[
        integer(&[0]),
        number(key.n()),
        number(key.e()),
        number(key.d()),
        number(p),
        number(q),
        number(&(key.d() % (p - &one))),
        number(&(key.d() % (q - &one))),
        number(&inverse),
    ])
}

fn from_pkcs1(der: &[u8]) -> Option<PrivateKey> {
    let mut parts = Reader(Reader(der).take(SEQUENCE)?);
    parts.take(INTEGER)?;
    let mut number = || parts.take(INTEGER).map(BigUint::from_bytes_be);
    let (n, e, d, p, q) = (number()?, number()?, number()?, number()?, number()?);
    let key = RsaPrivateKey::from_components(n, e, d, vec![p, q]).ok()?;
    Some(PrivateKey::Rsa(Box::new(key)))
}

fn to_sec1(key: &p256::SecretKey) -> Vec<u8> {
    sequence(&[
        integer(&[1]),
        tlv(OCTET_STRING, &key.to_bytes()),
        tlv(CONTEXT, &oid(P256_OID)),
        tlv(CONTEXT | 1, &bit_string(&key.public_key().to_sec1_bytes())),
    ])
}

fn from_sec1(der: &[u8]) -> Option<PrivateKey> {
    let mut parts = Reader(Reader(der).take(SEQUENCE)?);
    parts.take(INTEGER)?;
    let secret = parts.take(OCTET_STRING)?;
    if let Some(curve) = parts.take(CONTEXT)
        && curve != oid(P256_OID)
    {
        return None;
    }
    p256::SecretKey::from_slice(secret).ok().map(PrivateKey::P256)
}

fn from_pkcs8(der: &[u8]) -> Option<PrivateKey> {
    let mut parts = Reader(Reader(der).take(SEQUENCE)?);
    parts.take(INTEGER)?;
    let mut algorithm = Reader(parts.take(SEQUENCE)?);
    let key = parts.take(OCTET_STRING)?;
    match algorithm.take(OID)? {
        RSA_OID => from_pkcs1(key),
        EC_OID if algorithm.take(OID)? == P256_OID => from_sec1(key),
        ED25519_OID => {
            let seed: [u8; 32] = Reader(key).take(OCTET_STRING)?.try_into().ok()?;
            Some(PrivateKey::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(&seed))))
        }
        _ => None,
    }
}
