//! `fairway helm pull`.

use super::chart::fail;
use super::idle_flags::IdleFlags;
use super::repository::{ChartFlags, Repositories};
use super::verify::shown;
use crate::cli::output::print;
use anyhow::Context as _;
use fairway_helm::Chart;
use std::path::{Path, PathBuf};

#[derive(clap::Args, Debug)]
#[command(disable_version_flag = true)]
pub(super) struct Args {
    /// Charts: `REPOSITORY/NAME`, `oci://…`, the address of an archive, or a name with --repo.
    #[arg(required = true)]
    charts: Vec<String>,
    /// Folder for the archive.
    #[arg(long, short = 'd', value_name = "DIR", default_value = ".")]
    destination: PathBuf,
    /// Downloads the provenance file too, without checking it.
    #[arg(long)]
    prov: bool,
    /// Unpacks the chart.
    #[arg(long)]
    untar: bool,
    /// Folder for the unpacked chart, below --destination.
    #[arg(long, value_name = "DIR", default_value = ".")]
    untardir: PathBuf,
    #[command(flatten)]
    flags: ChartFlags,
    #[command(flatten)]
    idle: IdleFlags,
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let repositories = Repositories::new(&args.flags.access);
    for reference in &args.charts {
        let bytes = repositories.find(reference, &args.flags)?;
        if let Some(found) = args.flags.verify.fetched(&bytes, reference, &args.flags, &repositories)? {
            print(&shown(&found))?;
        }
        let chart = Chart::load_archive(&bytes).map_err(|e| fail(&e))?;
        if args.untar {
            unpack(&chart, &args.destination.join(&args.untardir).join(chart.name()))?;
        } else {
            let name = format!("{}-{}.tgz", chart.name(), chart.metadata.version);
            save(&args.destination.join(&name), &bytes)?;
            if args.prov || args.flags.verify.verify {
                let (_, provenance) = repositories.provenance(reference, &args.flags)?;
                save(&args.destination.join(format!("{name}.prov")), &provenance)?;
            }
        }
    }
    Ok(())
}

/// Writes a chart's files below a folder that is not there yet.
fn unpack(chart: &Chart, dir: &Path) -> anyhow::Result<()> {
    if dir.exists() {
        anyhow::bail!("a file or directory with the name {} already exists", dir.display());
    }
    for file in &chart.raw {
        save(&dir.join(fairway_core::normalize_path(&file.name)?), &file.data)?;
    }
    Ok(())
}

pub(super) fn save(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    path.parent()
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| std::fs::write(path, bytes))
        .with_context(|| format!("write {}", path.display()))
}
