//! `fairway helm template`.

use super::chart::{fail, load};
use super::release_flags::ReleaseFlags;
use super::repository::ChartFlags;
use super::values::ValueFlags;
use crate::cli::exit::{DIFFERENT, Failure};
use crate::cli::output::print;
use crate::cli::ports::machine;
use anyhow::{Context as _, bail};
use fairway_helm::{
    CompiledChart, Error, HelmVersion, Options, RecordedObjects, Release, Show, name_of_template,
};
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
    /// Makes the name from this template where NAME is not given.
    #[arg(long, value_name = "TEMPLATE", default_value = "", hide_default_value = true)]
    name_template: String,
    /// Makes a name; `release-name` where NAME is not given, as in Helm.
    #[arg(long, short = 'g', hide = true)]
    generate_name: bool,
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
    #[arg(long)]
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
    release: ReleaseFlags,
    #[command(flatten)]
    flags: ChartFlags,
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    args.release.check()?;
    if args.dry_run.as_deref() == Some("server") {
        bail!("unsupported: --dry-run=server; give the objects that templates look up with --lookup-from");
    }
    let (name, chart) = name_and_chart(args)?;
    let chart = Arc::new(load(chart, args.dependency_update, &args.flags)?);
    let chart = CompiledChart::with(chart, args.helm_version);
    let options = Options {
        release_name: name.clone(),
        namespace: args.namespace.clone(),
        values: args.values.merge()?,
        kube_version: args.kube_version.clone().filter(|v| !v.is_empty()),
        api_versions: args.api_versions.clone(),
        is_upgrade: args.is_upgrade,
        skip_schema_validation: args.skip_schema_validation,
        subchart_notes: args.render_subchart_notes,
        ..Options::default()
    };
    let recorded = args.lookup_from.as_deref().map(recorded).transpose()?;
    let lookup = recorded.as_ref().map(|r| r as &dyn fairway_template::Lookup);
    let release = match chart.render_with(&options, machine(), lookup) {
        Ok(release) => release,
        Err(error) => {
            if args.debug && matches!(error, Error::Manifest { .. }) {
                print(&unsorted(&chart, &options)?)?;
            }
            return Err(fail(&error));
        }
    };
    let show = Show {
        include_crds: args.include_crds,
        no_hooks: args.no_hooks,
        skip_tests: args.skip_tests,
        only: args.show_only.clone(),
    };
    let Some(dir) = &args.output_dir else { return print(&release.stream(&show).map_err(|e| fail(&e))?) };
    let below = if args.release_name { dir.join(&name) } else { dir.clone() };
    write_files(&release, &show, dir, &below)?;
    // What is to be shown alone is looked for in what is printed, which is nothing here.
    match args.show_only.first() {
        Some(pattern) => Err(fail(&Error::NoTemplate(pattern.clone()))),
        None => print("\n"),
    }
}

/// Tells the name and the chart, as Helm's `Install.NameAndChart`.
fn name_and_chart(args: &Args) -> anyhow::Result<(String, &String)> {
    match &args.name_and_chart[..] {
        [_, _] if args.generate_name => bail!("cannot set --generate-name and also specify a name"),
        [_, _] if !args.name_template.is_empty() => {
            bail!("cannot set --name-template and also specify a name")
        }
        [name, chart] => Ok((name.clone(), chart)),
        [chart] if args.name_template.is_empty() => Ok(("release-name".to_owned(), chart)),
        [chart] => Ok((name_of_template(&args.name_template, machine()).map_err(|e| fail(&e))?, chart)),
        _ => bail!("write [NAME] CHART"),
    }
}

/// What was rendered, as Helm prints it with `--debug` where it is no YAML.
fn unsorted(chart: &CompiledChart, options: &Options) -> anyhow::Result<String> {
    let mut files = chart.render_files(options, machine()).map_err(|e| fail(&e))?;
    files.retain(|file| !file.name.ends_with("NOTES.txt") && !file.text.trim().is_empty());
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let all: String = files.iter().map(|f| format!("---\n# Source: {}\n{}\n", f.name, f.text)).collect();
    Ok(format!("{}\n", all.trim()))
}

fn recorded(path: &Path) -> anyhow::Result<RecordedObjects> {
    let text = std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    RecordedObjects::parse(&text).map_err(|e| Failure::error(DIFFERENT, format!("{}: {e}", path.display())))
}

/// Writes one file per template, as Helm's `writeToFile`: those of `crds/` into `dir`, the others into `below`. A hook
/// is added to what is there.
fn write_files(release: &Release, show: &Show, dir: &Path, below: &Path) -> anyhow::Result<()> {
    let mut written = BTreeSet::new();
    if show.include_crds {
        for crd in &release.crds {
            let again = !written.insert(crd.source.as_str());
            write_file(dir, &crd.source, &crd.file.text(), again)?;
        }
    }
    for manifest in &release.manifests {
        let again = !written.insert(manifest.source.as_str());
        write_file(below, &manifest.source, &manifest.content, again)?;
    }
    for hook in release.hooks.iter().filter(|h| !(show.no_hooks || show.skip_tests && h.is_test())) {
        let again = below.join(&hook.manifest.source).exists();
        write_file(below, &hook.manifest.source, &hook.manifest.content, again)?;
    }
    Ok(())
}

fn write_file(dir: &Path, source: &str, content: &str, again: bool) -> anyhow::Result<()> {
    let path = dir.join(fairway_core::normalize_path(source)?);
    let text = format!("---\n# Source: {source}\n{content}\n");
    let done = path
        .parent()
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| {
            std::fs::OpenOptions::new().create(true).write(true).append(again).truncate(!again).open(&path)
        })
        .and_then(|mut file| file.write_all(text.as_bytes()));
    done.map_err(|e| Failure::error(DIFFERENT, format!("write {}: {e}", path.display())))?;
    print(&format!("wrote {}\n", path.display()))
}
