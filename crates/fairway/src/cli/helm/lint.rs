//! `fairway helm lint`.

use super::values::ValueFlags;
use crate::cli::disk_tree::Place;
use crate::cli::exit::{DIFFERENT, Failure};
use crate::cli::output::print;
use crate::cli::ports::machine;
use fairway_helm::{Finding, Options, Severity, lint};
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
    /// Prints warnings and errors alone.
    #[arg(long)]
    quiet: bool,
    /// Does not check values against values.schema.json.
    #[arg(long)]
    skip_schema_validation: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let options = Options {
        namespace: args.namespace.clone(),
        values: args.values.merge()?,
        kube_version: args.kube_version.clone(),
        skip_schema_validation: args.skip_schema_validation,
        ..Options::default()
    };
    let (mut out, mut failed) = (String::new(), 0);
    for chart in &args.charts {
        let place = Place::of(Path::new(chart))?;
        let findings = lint(&*place.tree, &place.path, &options, machine());
        failed += usize::from(is_failed(&findings, args.strict));
        out.push_str(&report(chart, &findings, args.quiet));
    }
    print(&out)?;
    let sum = format!("{} chart(s) linted, {failed} chart(s) failed", args.charts.len());
    if failed > 0 {
        return Err(Failure::error(DIFFERENT, sum));
    }
    if args.quiet { Ok(()) } else { print(&format!("{sum}\n")) }
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
