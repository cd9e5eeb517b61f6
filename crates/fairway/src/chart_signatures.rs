//! Checks charts against their provenance files for the engine's sources.

use fairway_source::ChartVerifier;
use std::sync::Arc;

/// Checks signatures of OpenPGP at this machine's time.
#[derive(Debug)]
struct Signatures;

/// Returns what the sources check charts with.
pub fn verifier() -> Option<Arc<dyn ChartVerifier>> {
    Some(Arc::new(Signatures))
}

impl ChartVerifier for Signatures {
    fn verify(&self, archive: &[u8], file: &str, provenance: &[u8], keyring: &str) -> Result<(), String> {
        let now = i64::try_from(crate::cli::machine().clock.now_nanos() / 1_000_000_000).unwrap_or(i64::MAX);
        let provenance = String::from_utf8_lossy(provenance);
        match fairway_helm::verify(archive, file, &provenance, keyring.as_bytes(), now) {
            Ok(_) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }
}
