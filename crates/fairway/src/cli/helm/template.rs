//! `fairway helm template`.

use super::chart::{fail, load};
use super::repository::ChartFlags;
use super::values::ValueFlags;
use crate::cli::exit::{DIFFERENT, Failure};
use crate::cli::output::print;
use crate::cli::ports::machine;
use anyhow::Context as _;
use fairway_helm::{CompiledChart, HelmVersion, Options, RecordedObjects, Release, Show};
use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(clap::Args, Debug)]
#[command(disable_version_flag = true)]
pub struct Args {
    /// `[NAME] CHART`: the release's name, and the chart's folder, archive or place in a repository.
    #[arg(required = true, num_args = 1..=2, value_names = ["NAME", "CHART"])]
    name_and_chart: Vec<String>,
    /// Namespace of the release.
    #[arg(long, short = 'n', env = "HELM_NAMESPACE", default_value = "default")]
    namespace: String,
    #[command(flatten)]
    values: ValueFlags,
    /// Kubernetes version that templates see.
    #[arg(long)]
    kube_version: Option<String>,
    /// API versions that templates see beside the usual ones.
    #[arg(long, short = 'a', value_delimiter = ',')]
    api_versions: Vec<String>,
    /// Prints the definitions of crds/ too.
    #[arg(long)]
    include_crds: bool,
    /// Leaves them out; they are by default.
    #[arg(long, hide = true)]
    skip_crds: bool,
    /// Leaves tests out.
    #[arg(long)]
    skip_tests: bool,
    /// Leaves hooks out.
    #[arg(long)]
    no_hooks: bool,
    /// Sets .Release.IsUpgrade instead of .Release.IsInstall.
    #[arg(long)]
    is_upgrade: bool,
    /// Prints these templates alone.
    #[arg(long, short = 's', value_name = "TEMPLATE")]
    show_only: Vec<String>,
    /// Whose output is wanted where Helm 3 and Helm 4 differ: v3 or v4.
    #[arg(long, default_value = "v3", value_name = "VERSION")]
    helm_version: HelmVersion,
    /// Does not check values against values.schema.json.
    #[arg(long)]
    skip_schema_validation: bool,
    /// Does not check against OpenAPI; nothing is checked without a cluster.
    #[arg(long, hide = true)]
    disable_openapi_validation: bool,
    /// Renders the notes of subcharts too.
    #[arg(long)]
    render_subchart_notes: bool,
    /// Adds missing dependencies first.
    #[arg(long)]
    dependency_update: bool,
    /// Writes one file per template below this folder instead.
    #[arg(long, value_name = "DIR")]
    output_dir: Option<PathBuf>,
    /// Puts the release's name into the path below --output-dir.
    #[arg(long, requires = "output_dir")]
    release_name: bool,
    /// Prints what was rendered where it is no YAML; errors always name the place.
    #[arg(long, hide = true)]
    debug: bool,
    /// Objects that templates find with `lookup`, as YAML; it finds nothing without.
    #[arg(long, value_name = "FILE")]
    lookup_from: Option<PathBuf>,
    #[arg(long, hide = true, num_args = 0..=1, default_missing_value = "client")]
    dry_run: Option<String>,
    #[command(flatten)]
    flags: ChartFlags,
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    if args.dry_run.as_deref() == Some("server") {
        anyhow::bail!(
            "unsupported: --dry-run=server; give the objects that templates look up with --lookup-from"
        );
    }
    let (name, chart) = match &args.name_and_chart[..] {
        [name, chart] => (name.as_str(), chart),
        [chart] => ("release-name", chart),
        _ => anyhow::bail!("write [NAME] CHART"),
    };
    let chart = Arc::new(load(chart, args.dependency_update, &args.flags)?);
    let chart = CompiledChart::with(chart, args.helm_version);
    let options = Options {
        release_name: name.to_owned(),
        namespace: args.namespace.clone(),
        values: args.values.merge()?,
        kube_version: args.kube_version.clone(),
        api_versions: args.api_versions.clone(),
        is_upgrade: args.is_upgrade,
        skip_schema_validation: args.skip_schema_validation,
        subchart_notes: args.render_subchart_notes,
        ..Options::default()
    };
    let recorded = args.lookup_from.as_deref().map(recorded).transpose()?;
    let lookup = recorded.as_ref().map(|r| r as &dyn fairway_template::Lookup);
    let release = chart.render_with(&options, machine(), lookup).map_err(|e| fail(&e))?;
    let show = Show {
        include_crds: args.include_crds && !args.skip_crds,
        no_hooks: args.no_hooks,
        skip_tests: args.skip_tests,
        only: args.show_only.clone(),
    };
    match &args.output_dir {
        None => print(&release.stream(&show).map_err(|e| fail(&e))?),
        Some(_) if !args.show_only.is_empty() => {
            anyhow::bail!("unsupported: --show-only with --output-dir; use one of them")
        }
        Some(dir) if args.release_name => write_files(&release, &show, &dir.join(name)),
        Some(dir) => write_files(&release, &show, dir),
    }
}

fn recorded(path: &Path) -> anyhow::Result<RecordedObjects> {
    let text = std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    RecordedObjects::parse(&text).map_err(|e| Failure::error(DIFFERENT, format!("{}: {e}", path.display())))
}

/// Writes one file per template, as Helm's `writeToFile`.
fn write_files(release: &Release, show: &Show, dir: &Path) -> anyhow::Result<()> {
    let mut written = BTreeSet::new();
    let crds = release
        .crds
        .iter()
        .filter(|_| show.include_crds)
        .map(|c| (c.source.clone(), c.file.text().into_owned()));
    let manifests = release.manifests.iter().map(|m| (m.source.clone(), m.content.clone()));
    let hooks = release.hooks.iter().filter(|h| !(show.no_hooks || show.skip_tests && h.is_test()));
    let hooks = hooks.map(|h| (h.manifest.source.clone(), h.manifest.content.clone()));
    for (source, content) in crds.chain(manifests).chain(hooks) {
        let inside = fairway_core::normalize_path(&source)?;
        let path = dir.join(&inside);
        let again = written.contains(&inside);
        let text = format!("---\n# Source: {source}\n{content}\n");
        let done = path
            .parent()
            .map_or(Ok(()), std::fs::create_dir_all)
            .and_then(|()| {
                std::fs::OpenOptions::new()
                    .create(true)
                    .write(true)
                    .append(again)
                    .truncate(!again)
                    .open(&path)
            })
            .and_then(|mut file| file.write_all(text.as_bytes()));
        done.map_err(|e| Failure::error(DIFFERENT, format!("write {}: {e}", path.display())))?;
        if written.insert(inside) {
            print(&format!("wrote {}\n", path.display()))?;
        }
    }
    Ok(())
}
