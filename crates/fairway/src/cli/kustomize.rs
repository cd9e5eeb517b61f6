//! `fairway kustomize`: `kustomize build` in process.

use super::disk_tree::Place;
use super::exit::{DIFFERENT, Failure};
use super::output::print;
use super::ports::machine;
use anyhow::Context as _;
use fairway_kustomize::{BuildOptions, LoadRestrictor, Reorder, build};
use fairway_render::{Capabilities, Inflator};
use std::path::PathBuf;

/// Arguments of `fairway kustomize`.
#[derive(clap::Args, Debug)]
pub struct KustomizeArgs {
    #[command(subcommand)]
    command: KustomizeCommand,
}

#[derive(clap::Subcommand, Debug)]
enum KustomizeCommand {
    /// Builds a kustomization and prints it, as `kustomize build` does.
    Build(Box<BuildArgs>),
}

#[derive(clap::Args, Debug)]
struct BuildArgs {
    /// Folder with the kustomization.
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Which files may be read.
    #[arg(long, value_enum, default_value = "LoadRestrictionsRootOnly")]
    load_restrictor: Restrictor,
    /// Order of the output where sortOptions do not say.
    #[arg(long, value_enum, default_value = "legacy")]
    reorder: Order,
    /// Renders helmCharts; in process, no helm program is needed.
    #[arg(long)]
    enable_helm: bool,
    /// Takes plugins; those that run programs are refused all the same.
    #[arg(long)]
    enable_alpha_plugins: bool,
    /// Kubernetes version for charts.
    #[arg(long, value_name = "VERSION", default_value = "")]
    helm_kube_version: String,
    /// API versions for charts.
    #[arg(long, value_name = "VERSION", value_delimiter = ',')]
    helm_api_versions: Vec<String>,
    /// Not needed: charts are rendered in process.
    #[arg(long, hide = true)]
    helm_command: Option<String>,
    /// File for the output.
    #[arg(long, short = 'o', value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Restrictor {
    #[value(name = "LoadRestrictionsRootOnly")]
    RootOnly,
    #[value(name = "LoadRestrictionsNone")]
    None,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Order {
    Legacy,
    None,
}

/// Runs `fairway kustomize`.
pub fn run(args: KustomizeArgs) -> anyhow::Result<()> {
    let KustomizeCommand::Build(args) = args.command;
    let place = Place::of(&args.path)?;
    let capabilities = Capabilities::default();
    let inflator = Inflator { capabilities: &capabilities, ports: machine() };
    let options = BuildOptions {
        load_restrictor: match args.load_restrictor {
            Restrictor::RootOnly => LoadRestrictor::RootOnly,
            Restrictor::None => LoadRestrictor::None,
        },
        reorder: match args.reorder {
            Order::Legacy => Reorder::Legacy,
            Order::None => Reorder::None,
        },
        enable_helm: args.enable_helm,
        enable_alpha_plugins: args.enable_alpha_plugins,
        helm_kube_version: &args.helm_kube_version,
        helm_api_versions: &args.helm_api_versions,
        overrides: None,
        remote: None,
        charts: Some(&inflator),
    };
    let built =
        build(&*place.tree, &place.path, &options).map_err(|e| Failure::error(DIFFERENT, e.to_string()))?;
    for warning in &built.warnings {
        eprintln!("{warning}");
    }
    match &args.output {
        None => print(&built.yaml()),
        Some(folder) if folder.is_dir() => {
            anyhow::bail!("unsupported: --output to a folder; {} is one, name a file", folder.display())
        }
        Some(file) => std::fs::write(file, built.yaml()).with_context(|| format!("write {}", file.display())),
    }
}
