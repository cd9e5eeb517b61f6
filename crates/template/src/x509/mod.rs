//! Keys and certificates as Go's `crypto/x509` writes them, as far as Sprig makes any.

mod certificate;
mod der;
mod keys;
mod pem;
mod primes;

pub(crate) use certificate::{Request, issue, parse_certificate};
pub(crate) use keys::PrivateKey;
pub(crate) use pem::decode as decode_pem;
