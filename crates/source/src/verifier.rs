/// Checks packed charts against their provenance files, for repositories whose Secret has a keyring.
pub trait ChartVerifier: std::fmt::Debug + Send + Sync {
    /// Checks that a key of `keyring` (public keys of OpenPGP, armoured or not) has signed the archive of the name `file`.
    ///
    /// # Errors
    /// Why it does not hold.
    fn verify(&self, archive: &[u8], file: &str, provenance: &[u8], keyring: &str) -> Result<(), String>;
}
