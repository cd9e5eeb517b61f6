//! Charts on this machine.

use crate::cli::disk_tree::Place;
use crate::cli::exit::{DIFFERENT, Failure};
use fairway_helm::Chart;
use std::path::Path;

/// Loads a chart from a folder or an archive. With `complete` the dependencies that `charts/` lacks are brought from
/// the folders that `Chart.yaml` names.
pub fn load(path: &str, complete: bool) -> anyhow::Result<Chart> {
    let on_disk = Path::new(path);
    if !on_disk.exists() {
        let message = if path.contains("://") {
            format!("unsupported: charts of repositories; fetch {path} first and name the folder or archive")
        } else {
            format!("path {path:?} not found; name a chart's folder or its .tgz archive")
        };
        return Err(Failure::error(DIFFERENT, message));
    }
    if on_disk.is_file() {
        let bytes = std::fs::read(on_disk)?;
        return Chart::load_archive(&bytes).map_err(|e| fail(&e));
    }
    let place = Place::of(on_disk)?;
    let mut chart = Chart::load(&*place.tree, &place.path).map_err(|e| fail(&e))?;
    if complete {
        chart.build_dependencies(&*place.tree, &place.path, None).map_err(|e| fail(&e))?;
    }
    Ok(chart)
}

/// Returns the error with its causes, and Helm's exit code.
pub fn fail(error: &dyn std::error::Error) -> anyhow::Error {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let words = inner.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = inner.source();
    }
    Failure::error(DIFFERENT, text)
}
