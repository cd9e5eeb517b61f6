//! `fairway helm template`.

use super::chart::{fail, load};
use super::release_flags::ReleaseFlags;
use super::repository::ChartFlags;
use super::values::ValueFlags;
use crate::cli::exit::{DIFFERENT, Failure};
use crate::cli::output::print;
use crate::cli::pflag::Slice;
use crate::cli::plain::{Plain, Words, switch};
use crate::cli::ports::machine;
use crate::cli::system::given;
use anyhow::{Context as _, bail};
use fairway_helm::{
    CompiledChart, Error, HelmVersion, Options, Outside, RecordedObjects, Release, Show, name_of_template,
};
use fairway_render::RemoteSchemas;
use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const USAGE: &str = "fairway helm template [NAME] [CHART] [flags]";

#[derive(clap::Args, Debug)]
#[command(disable_version_flag = true, override_usage = USAGE)]
pub struct Args {
    /// `[NAME] CHART`: the release's name, and the chart's folder, archive or place in a repository.
    #[arg(num_args = 0.., value_names = ["NAME", "CHART"])]
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
    #[arg(long, short = 'a')]
    api_versions: Vec<Slice>,
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

impl Default for Args {
    fn default() -> Self {
        Self {
            name_and_chart: Vec::new(),
            name_template: String::new(),
            generate_name: false,
            namespace: "default".to_owned(),
            values: ValueFlags::default(),
            kube_version: None,
            api_versions: Vec::new(),
            include_crds: false,
            skip_tests: false,
            no_hooks: false,
            is_upgrade: false,
            show_only: Vec::new(),
            helm_version: HelmVersion::V3,
            skip_schema_validation: false,
            render_subchart_notes: false,
            dependency_update: false,
            output_dir: None,
            release_name: false,
            debug: false,
            lookup_from: None,
            dry_run: None,
            release: ReleaseFlags::default(),
            flags: ChartFlags::default(),
        }
    }
}

impl Plain for Args {
    const VARIABLES: &[&str] = &[
        "FAIRWAY_CACHE_DIR",
        "FAIRWAY_MIRRORS",
        "HELM_NAMESPACE",
        "HELM_REGISTRY_CONFIG",
        "HELM_REPOSITORY_CONFIG",
    ];

    fn read(mut words: Words) -> Option<Self> {
        let mut args = Self::default();
        while let Some((flag, value)) = words.flag(&mut args.name_and_chart) {
            let mut text = |value| words.value(value);
            match flag.as_str() {
                "--values" | "-f" => args.values.values.push(text(value)?.parse().ok()?),
                "--set" => args.values.set.push(text(value)?),
                "--set-string" => args.values.set_string.push(text(value)?),
                "--set-json" => args.values.set_json.push(text(value)?),
                "--set-file" => args.values.set_file.push(text(value)?),
                "--namespace" | "-n" => args.namespace = text(value)?,
                "--kube-version" => args.kube_version = Some(text(value)?),
                "--api-versions" | "-a" => args.api_versions.push(text(value)?.parse().ok()?),
                "--show-only" | "-s" => args.show_only.push(text(value)?),
                "--output-dir" => args.output_dir = Some(text(value)?.into()),
                "--include-crds" => args.include_crds = switch(value)?,
                "--skip-tests" => args.skip_tests = switch(value)?,
                "--no-hooks" => args.no_hooks = switch(value)?,
                "--is-upgrade" => args.is_upgrade = switch(value)?,
                "--debug" => args.debug = switch(value)?,
                _ => return None,
            }
        }
        Some(args)
    }
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    args.release.check()?;
    match args.dry_run.as_deref() {
        None | Some("" | "false" | "true" | "none" | "client" | "unchanged") => {}
        Some("server") => {
            bail!("unsupported: --dry-run=server; give the objects that templates look up with --lookup-from")
        }
        Some(_) => {
            bail!("Invalid dry-run flag. Flag must one of the following: false, true, none, client, server")
        }
    }
    let (name, chart) = name_and_chart(args)?;
    let chart = Arc::new(load(chart, args.dependency_update, &args.flags)?);
    if chart.metadata.deprecated {
        eprintln!("WARNING: This chart is deprecated");
    }
    let chart = CompiledChart::with(chart, args.helm_version);
    let elsewhere = args.flags.access.elsewhere()?;
    let options = Options {
        release_name: name.clone(),
        namespace: args.namespace.clone(),
        values: args.values.merge(&elsewhere)?,
        kube_version: args.kube_version.clone().filter(|v| !v.is_empty()),
        api_versions: Slice::all(&args.api_versions).cloned().collect(),
        is_upgrade: args.is_upgrade,
        skip_schema_validation: args.skip_schema_validation,
        subchart_notes: args.render_subchart_notes,
        ..Options::default()
    };
    let recorded = given(args.lookup_from.as_deref()).map(recorded).transpose()?;
    let lookup = recorded.as_ref().map(|r| r as &dyn fairway_template::Lookup);
    let outside = Outside { lookup, schemas: Some(&RemoteSchemas(&elsewhere)) };
    let release = match chart.render_with(&options, machine(), outside) {
        Ok(release) => release,
        Err(error) => {
            if args.debug && matches!(error, Error::Manifest { .. }) {
                print(&unsorted(&chart, &options, outside)?)?;
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
    let Some(dir) = given(args.output_dir.as_deref()) else {
        return print(&release.stream(&show).map_err(|e| fail(&e))?);
    };
    let below = if args.release_name { dir.join(&name) } else { dir.to_owned() };
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
        [] => bail!("\"helm template\" requires at least 1 argument\n\nUsage:  {USAGE}"),
        [_, _, more @ ..] => {
            bail!("expected at most two arguments, unexpected arguments: {}", more.join(", "))
        }
    }
}

/// What was rendered, as Helm prints it with `--debug` where it is no YAML.
fn unsorted(chart: &CompiledChart, options: &Options, outside: Outside<'_>) -> anyhow::Result<String> {
    let mut files = chart.render_files(options, machine(), outside).map_err(|e| fail(&e))?;
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

#[cfg(test)]
mod tests {
    use super::Args;
    use crate::cli::plain::tests::{as_clap_reads, read};

    #[test]
    fn plain_lines_are_read_as_clap_reads_them() {
        as_clap_reads::<Args>(
            "template",
            &[
                "",
                "c",
                "name c",
                "a b c d",
                "name c -f a.yaml -f b.yaml,c.yaml --values=- --set a=b,c=d --set-string=e=f --set-json g={} --set-file h=i",
                "c -n a --namespace=b --kube-version 1.30 --kube-version=1.31 -a v1,v2 --api-versions v3 -s t --show-only=u",
                "--include-crds --skip-tests=true --no-hooks=false --is-upgrade c --debug --output-dir out",
                "c --set -a=b --output-dir=- -n --debug",
            ],
        );
    }

    #[test]
    fn the_rest_is_left_to_clap() {
        for line in ["c --help", "c -nfoo", "c --set", "c --debug=T", "c --post-renderer=x", "c -- d"] {
            assert!(read::<Args>(line).is_none(), "{line}");
        }
    }
}
