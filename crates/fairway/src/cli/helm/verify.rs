//! `fairway helm verify`, and what `--verify` asks of other commands.

use super::chart::fail;
use super::idle_flags::{IdleFiles, IdleFlags};
use super::repository::{ChartFlags, Repositories};
use crate::cli::exit::{DIFFERENT, Failure};
use crate::cli::output::print;
use crate::cli::ports::machine;
use crate::cli::system::{given, told};
use anyhow::{Context as _, anyhow};
use fairway_helm::{Dependency, Verification};
use std::path::{Path, PathBuf};

/// How charts are checked against their provenance files.
#[derive(clap::Args, Clone, Debug, Default)]
pub(super) struct VerifyFlags {
    /// Takes a chart only where its provenance file holds.
    #[arg(long)]
    pub(super) verify: bool,
    #[command(flatten)]
    keyring: KeyringFlag,
}

#[derive(clap::Args, Clone, Debug, Default)]
struct KeyringFlag {
    /// Public keys that are trusted, as `gpg --export` writes them; ~/.gnupg/pubring.gpg without.
    #[arg(long, value_name = "FILE")]
    keyring: Option<PathBuf>,
}

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The chart's archive, with its provenance file beside it.
    chart: PathBuf,
    #[command(flatten)]
    keyring: KeyringFlag,
    #[command(flatten)]
    idle: IdleFlags,
    #[command(flatten)]
    files: IdleFiles,
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    print(&shown(&args.keyring.local(&args.chart)?))
}

/// Returns what Helm prints of a chart that is verified.
pub(super) fn shown(verification: &Verification) -> String {
    let names: String = verification.signed_by.iter().map(|n| format!("Signed by: {n}\n")).collect();
    let (fingerprint, hash) = (&verification.fingerprint, &verification.file_hash);
    format!("{names}Using Key With Fingerprint: {fingerprint}\nChart Hash Verified: {hash}\n")
}

impl KeyringFlag {
    fn check(&self, archive: &[u8], file: &str, provenance: &[u8]) -> anyhow::Result<Verification> {
        let default = || Some(Path::new(&std::env::var_os("HOME")?).join(".gnupg/pubring.gpg"));
        let named = given(self.keyring.as_deref()).map(Path::to_owned);
        let path = named.or_else(default).context("name a --keyring")?;
        let keyring = std::fs::read(&path).map_err(|e| {
            Failure::error(DIFFERENT, format!("failed to load keyring: {}", told(&path, "open", &e)))
        })?;
        let provenance = String::from_utf8_lossy(provenance);
        let now = i64::try_from(machine().clock.now_nanos() / 1_000_000_000).unwrap_or(i64::MAX);
        fairway_helm::verify(archive, file, &provenance, &keyring, now).map_err(|e| fail(&e))
    }

    /// Checks an archive on this machine.
    fn local(&self, path: &Path) -> anyhow::Result<Verification> {
        if path.is_dir() {
            return Err(Failure::error(DIFFERENT, "unpacked charts cannot be verified".to_owned()));
        }
        let archive = std::fs::read(path).map_err(|e| anyhow!(told(path, "stat", &e)))?;
        let beside = PathBuf::from(format!("{}.prov", path.display()));
        let provenance = std::fs::read(&beside).map_err(|e| {
            let why = told(&beside, "stat", &e);
            Failure::error(DIFFERENT, format!("could not load provenance file {}: {why}", beside.display()))
        })?;
        let file = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        self.check(&archive, file, &provenance)
    }
}

impl VerifyFlags {
    /// Checks an archive on this machine where that is asked for.
    pub(super) fn local(&self, path: &Path) -> anyhow::Result<Option<Verification>> {
        if self.verify { self.keyring.local(path).map(Some) } else { Ok(None) }
    }

    /// Checks the archive of a dependency where that is asked for.
    pub(super) fn dependency(
        &self,
        archive: &[u8],
        dependency: &Dependency,
        repositories: &Repositories<'_>,
    ) -> anyhow::Result<()> {
        if !self.verify {
            return Ok(());
        }
        let name = &dependency.name;
        let (file, provenance) = repositories.dependency_provenance(dependency).map_err(|e| {
            Failure::error(DIFFERENT, format!("failed to fetch provenance of {name:?}: {e:#}"))
        })?;
        self.keyring.check(archive, &file, &provenance).map(|_| ())
    }

    /// Checks an archive of a repository where that is asked for.
    pub(super) fn fetched(
        &self,
        archive: &[u8],
        reference: &str,
        flags: &ChartFlags,
        repositories: &Repositories<'_>,
    ) -> anyhow::Result<Option<Verification>> {
        if !self.verify {
            return Ok(None);
        }
        let (file, provenance) = repositories.provenance(reference, flags).map_err(|e| {
            Failure::error(DIFFERENT, format!("failed to fetch provenance of {reference:?}: {e:#}"))
        })?;
        self.keyring.check(archive, &file, &provenance).map(Some)
    }
}
