//! Charts on this machine and in repositories.

use super::repository::{ChartFlags, Repositories};
use crate::cli::disk_tree::Place;
use crate::cli::exit::{DIFFERENT, Failure};
use fairway_core::with_causes;
use fairway_helm::Chart;
use std::path::Path;

/// Loads a chart from a folder, an archive or a repository. With `complete` the dependencies that `charts/` lacks are
/// brought as `Chart.yaml` names them.
pub(super) fn load(reference: &str, complete: bool, flags: &ChartFlags) -> anyhow::Result<Chart> {
    let chart = find(reference, complete, flags)?;
    for warning in chart.warnings() {
        eprintln!("Warning: {warning}");
    }
    Ok(chart)
}

fn find(reference: &str, complete: bool, flags: &ChartFlags) -> anyhow::Result<Chart> {
    let repositories = Repositories::new(&flags.access);
    let on_disk = Path::new(reference);
    if !on_disk.exists() {
        let bytes = repositories.find(reference, flags)?;
        flags.verify.fetched(&bytes, reference, flags, &repositories)?;
        return Chart::load_archive(&bytes).map_err(|e| fail(&e));
    }
    if flags.names_repository() {
        eprintln!("{reference} lies here, so --repo has no effect");
    }
    flags.verify.local(on_disk)?;
    if on_disk.is_file() {
        let bytes = std::fs::read(on_disk)?;
        return Chart::load_archive(&bytes).map_err(|e| fail(&e));
    }
    let place = Place::of(on_disk)?;
    let mut chart = Chart::load(&*place.tree, &place.path).map_err(|e| fail(&e))?;
    if complete {
        chart.build_dependencies(&*place.tree, &place.path, Some(&repositories)).map_err(|e| fail(&e))?;
    }
    Ok(chart)
}

/// Returns the error with its causes, and Helm's exit code.
pub(super) fn fail(error: &dyn std::error::Error) -> anyhow::Error {
    Failure::error(DIFFERENT, with_causes(error))
}
