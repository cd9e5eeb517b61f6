//! Keys and certificates as Go's `crypto/x509` writes them, as far as Sprig makes any.

mod certificate;
mod der;
mod keys;
#[cfg_attr(not(target_arch = "x86_64"), path = "no_lanes.rs")]
mod lanes;
mod montgomery;
mod pem;
mod primes;
mod sieve;

pub(crate) use certificate::{Request, issue, parse_certificate};
pub(crate) use keys::PrivateKey;
pub(crate) use pem::decode as decode_pem;
