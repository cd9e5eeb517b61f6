//! `fairway helm lint`.

use super::chart::fail;
use super::idle_flags::{ClusterFlags, IdleFiles};
use super::values::ValueFlags;
use crate::cli::disk_tree::Place;
use crate::cli::elsewhere::{CACHE_DIR, Elsewhere};
use crate::cli::exit::{DIFFERENT, Failure};
use crate::cli::output::print;
use crate::cli::ports::machine;
use crate::cli::system::told;
use fairway_helm::{Finding, HelmVersion, KubeVersion, Options, Outside, Severity, lint};
use fairway_render::RemoteSchemas;
use std::fmt::Write as _;
use std::path::Path;

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Folders of charts.
    #[arg(default_value = ".")]
    charts: Vec<String>,
    /// Namespace of the release.
    #[arg(long, short = 'n', env = "HELM_NAMESPACE", default_value = "default")]
    namespace: String,
    #[command(flatten)]
    values: ValueFlags,
    /// Kubernetes version that templates see.
    #[arg(long)]
    kube_version: Option<String>,
    /// Fails on warnings too.
    #[arg(long)]
    strict: bool,
    /// Looks at the charts in charts/ too.
    #[arg(long)]
    with_subcharts: bool,
    /// Prints warnings and errors alone.
    #[arg(long)]
    quiet: bool,
    /// Does not check values against values.schema.json.
    #[arg(long)]
    skip_schema_validation: bool,
    #[arg(long, hide = true)]
    debug: bool,
    #[command(flatten)]
    cluster: ClusterFlags,
    #[command(flatten)]
    files: IdleFiles,
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let kube_version = args.kube_version.clone().filter(|v| !v.is_empty());
    if let Some(version) = &kube_version {
        KubeVersion::parse(version, HelmVersion::V3).map_err(|e| fail(&e))?;
    }
    let elsewhere = Elsewhere::new(Path::new(CACHE_DIR));
    let options = Options {
        namespace: args.namespace.clone(),
        values: args.values.merge(&elsewhere)?,
        kube_version,
        skip_schema_validation: args.skip_schema_validation,
        ..Options::default()
    };
    let schemas = RemoteSchemas(&elsewhere);
    let outside = Outside { schemas: Some(&schemas), ..Outside::default() };
    let mut charts = args.charts.clone();
    if args.with_subcharts {
        for chart in &args.charts {
            subcharts(&Path::new(chart).join("charts"), 0, &mut charts);
        }
    }
    let (mut out, mut failed, mut reported) = (String::new(), 0, 0);
    for chart in &charts {
        let report = match findings(chart, &options, outside) {
            Ok(findings) => {
                failed += usize::from(is_failed(&findings, args.strict));
                report(chart, &findings, args.quiet)
            }
            Err(why) => {
                failed += 1;
                format!("==> Linting {chart}\nError {why}\n\n")
            }
        };
        reported += usize::from(!report.is_empty());
        out.push_str(&report);
    }
    print(&out)?;
    let sum = format!("{} chart(s) linted, {failed} chart(s) failed", charts.len());
    if failed > 0 {
        return Err(Failure::error(DIFFERENT, sum));
    }
    if args.quiet && reported == 0 { Ok(()) } else { print(&format!("{sum}\n")) }
}

/// Lints one chart; an error where there is none.
fn findings(chart: &str, options: &Options, outside: Outside<'_>) -> Result<Vec<Finding>, String> {
    if is_archive(chart) {
        let bytes = std::fs::read(chart)
            .map_err(|e| format!("unable to open tarball: {}", told(Path::new(chart), "open", &e)))?;
        let tree =
            fairway_helm::archive_tree(&bytes).map_err(|e| format!("unable to extract tarball: {e}"))?;
        return Ok(lint(&tree, "", chart, options, machine(), outside));
    }
    let file = if chart == "." { "Chart.yaml".into() } else { Path::new(chart).join("Chart.yaml") };
    std::fs::metadata(&file)
        .map_err(|e| format!("unable to check Chart.yaml file in chart: {}", told(&file, "stat", &e)))?;
    let place = Place::of(Path::new(chart)).map_err(|e| format!("{e:#}"))?;
    Ok(lint(&*place.tree, &place.path, chart, options, machine(), outside))
}

fn is_archive(path: &str) -> bool {
    path.ends_with(".tgz") || path.ends_with(".tar.gz")
}

/// Deepest folder of subcharts that is looked into.
const DEPTH_MAX: usize = 64;

/// Finds the charts below a folder, in the order of their names.
fn subcharts(dir: &Path, depth: usize, found: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() && !path.is_symlink() && depth < DEPTH_MAX {
            subcharts(&path, depth + 1, found);
        } else if path.file_name().is_some_and(|name| name == "Chart.yaml") {
            found.push(dir.display().to_string());
        } else if path.to_str().is_some_and(is_archive) {
            found.push(path.display().to_string());
        }
    }
}

fn is_failed(findings: &[Finding], strict: bool) -> bool {
    let worst = if strict { Severity::Warning } else { Severity::Error };
    findings.iter().any(|f| f.severity >= worst)
}

fn report(chart: &str, findings: &[Finding], quiet: bool) -> String {
    let shown: Vec<&Finding> =
        findings.iter().filter(|f| !quiet || f.severity >= Severity::Warning).collect();
    if quiet && shown.is_empty() {
        return String::new();
    }
    let mut out = format!("==> Linting {chart}\n");
    for finding in shown {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{finding}");
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_fail_only_where_one_is_strict() {
        let finding = |severity| vec![Finding { severity, path: "Chart.yaml".into(), message: "m".into() }];
        assert!(!is_failed(&finding(Severity::Warning), false));
        assert!(is_failed(&finding(Severity::Warning), true));
        assert!(is_failed(&finding(Severity::Error), false));
        assert_eq!(report("x", &finding(Severity::Info), true), "");
        assert_eq!(report("x", &finding(Severity::Info), false), "==> Linting x\n[INFO] Chart.yaml: m\n\n");
    }
}
