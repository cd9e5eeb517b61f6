//! Provenance files (`.prov`): a chart's sum and metadata, signed with OpenPGP, as Helm's `pkg/provenance`.
//!
//! ```text
//! .prov ──message──► text + signature ─┐
//! keyring ──packet──► key ─────────────┴─► who signed ──► sum of the archive held against the text
//! ```
//!
//! Of OpenPGP (RFC 9580) this reads what signs charts: cleartext signatures of version 4 by RSA and Ed25519 keys over
//! SHA-2. Anything else is refused by name.

mod key;
mod message;
mod packet;
mod signature;
mod verify;

pub use verify::{Verification, verify};
