use crate::cli::disk_tree::Place;
use crate::cli::elsewhere::Elsewhere;
use crate::cli::exit::{DIFFERENT, Failure};
use crate::cli::output::print;
use crate::cli::ports::machine;
use anyhow::Context as _;
use fairway_core::MemoryTree;
use fairway_kustomize::{BuildOptions, Built, LoadRestrictor, Reorder, build, is_remote};
use fairway_render::{Capabilities, Inflator};
use std::path::PathBuf;

#[derive(clap::Args, Debug)]
pub struct BuildArgs {
    /// Folder with the kustomization, or its address such as https://host/org/repo//folder?ref=v1.
    #[arg(default_value = ".")]
    path: String,
    /// Which files may be read.
    #[arg(long, value_enum, default_value = "LoadRestrictionsRootOnly")]
    load_restrictor: Restrictor,
    /// Order of the output where sortOptions do not say.
    #[arg(long, value_enum, default_value = "legacy")]
    reorder: Order,
    /// Renders helmCharts; in process, no helm program is needed.
    #[arg(long)]
    enable_helm: bool,
    /// Takes plugins; those that run programs or containers are refused all the same.
    #[arg(long)]
    enable_alpha_plugins: bool,
    /// Adds the label app.kubernetes.io/managed-by.
    #[arg(long)]
    enable_managedby_label: bool,
    /// Kubernetes version for charts.
    #[arg(long, value_name = "VERSION", default_value = "")]
    helm_kube_version: String,
    /// API versions for charts.
    #[arg(long, value_name = "VERSION", value_delimiter = ',')]
    helm_api_versions: Vec<String>,
    /// File for the output, or an existing folder for one file per object.
    #[arg(long, short = 'o', value_name = "FILE|DIR")]
    output: Option<PathBuf>,
    /// Folder for what is fetched.
    #[arg(long, value_name = "DIR", default_value = ".fairway/cache", env = "FAIRWAY_CACHE_DIR")]
    cache_dir: PathBuf,
    #[command(flatten)]
    functions: FunctionArgs,
    #[command(flatten)]
    every: super::EveryFlag,
}

/// Flags for programs that are never run: they are taken, so that scripts go on working, and said to have no effect.
#[derive(clap::Args, Debug)]
struct FunctionArgs {
    /// No effect: charts are rendered in process.
    #[arg(long, hide = true)]
    helm_command: Option<String>,
    /// No effect: charts are rendered in process.
    #[arg(long, hide = true)]
    helm_debug: bool,
    /// No effect: exec and container functions are off.
    #[arg(long, hide = true)]
    enable_exec: bool,
    /// No effect: exec and container functions are off.
    #[arg(long, hide = true)]
    network: bool,
    /// No effect: exec and container functions are off.
    #[arg(long, hide = true)]
    network_name: Option<String>,
    /// No effect: exec and container functions are off.
    #[arg(long, hide = true)]
    mount: Vec<String>,
    /// No effect: exec and container functions are off.
    #[arg(long, short = 'e', hide = true)]
    env: Vec<String>,
    /// No effect: exec and container functions are off.
    #[arg(long, hide = true)]
    as_current_user: bool,
}

impl FunctionArgs {
    /// Returns the flags that were given for functions.
    fn given(&self) -> Vec<&'static str> {
        let all = [
            ("--enable-exec", self.enable_exec),
            ("--network", self.network),
            ("--network-name", self.network_name.is_some()),
            ("--mount", !self.mount.is_empty()),
            ("--env", !self.env.is_empty()),
            ("--as-current-user", self.as_current_user),
        ];
        all.into_iter().filter(|(_, given)| *given).map(|(name, _)| name).collect()
    }
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

pub(super) fn run(args: &BuildArgs) -> anyhow::Result<()> {
    let functions = args.functions.given();
    if !functions.is_empty() {
        eprintln!("{} without effect: exec and container functions are off", functions.join(", "));
    }
    let elsewhere = Elsewhere::new(&args.cache_dir);
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
        managed_by_label: args.enable_managedby_label,
        helm_kube_version: &args.helm_kube_version,
        helm_api_versions: &args.helm_api_versions,
        overrides: None,
        remote: Some(&elsewhere),
        charts: Some(&inflator),
    };
    let folder = PathBuf::from(&args.path);
    let built = if is_remote(&args.path) && !folder.exists() {
        build(&MemoryTree::default(), &args.path, &options)
    } else {
        let place = Place::of(&folder)?;
        build(&*place.tree, &place.path, &options)
    };
    let built = built.map_err(|e| Failure::error(DIFFERENT, e.to_string()))?;
    for warning in &built.warnings {
        eprintln!("{warning}");
    }
    write(&built, args.output.as_deref())
}

fn write(built: &Built, output: Option<&std::path::Path>) -> anyhow::Result<()> {
    let save = |file: &std::path::Path, text: &str| {
        std::fs::write(file, text).with_context(|| format!("write {}", file.display()))
    };
    match output {
        None => print(&built.yaml()),
        Some(folder) if folder.is_dir() => {
            built.files().iter().try_for_each(|(name, text)| save(&folder.join(name), text))
        }
        Some(file) => save(file, &built.yaml()),
    }
}
