use crate::cli::disk_tree::Place;
use crate::cli::elsewhere::{CACHE_DIR, Elsewhere};
use crate::cli::exit::{DIFFERENT, Failure};
use crate::cli::output::print;
use crate::cli::pflag::Slice;
use crate::cli::plain::{Plain, Words, switch};
use crate::cli::ports::machine;
use crate::cli::system::{given, told};
use anyhow::Context as _;
use fairway_core::MemoryTree;
use fairway_kustomize::{BuildOptions, Built, LoadRestrictor, Reorder, build, is_remote};
use fairway_render::{Capabilities, Inflator};
use std::path::{Path, PathBuf};

#[derive(clap::Args, Debug)]
pub struct BuildArgs {
    /// Folder with the kustomization, or its address such as https://host/org/repo//folder?ref=v1.
    #[arg(default_value = ".", num_args = 0.., value_name = "PATH")]
    path: Vec<String>,
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
    #[arg(long, value_name = "VERSION")]
    helm_api_versions: Vec<Slice>,
    /// File for the output, or an existing folder for one file per object.
    #[arg(long, short = 'o', value_name = "FILE|DIR")]
    output: Option<PathBuf>,
    /// Folder for what is fetched.
    #[arg(long, value_name = "DIR", default_value = CACHE_DIR, env = "FAIRWAY_CACHE_DIR")]
    cache_dir: PathBuf,
    #[command(flatten)]
    functions: FunctionArgs,
    #[command(flatten)]
    every: super::EveryFlag,
}

/// Flags for programs that are never run: they are taken, so that scripts go on working, and said to have no effect.
#[derive(clap::Args, Debug, Default)]
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

impl Default for BuildArgs {
    fn default() -> Self {
        Self {
            path: vec![".".to_owned()],
            load_restrictor: Restrictor::RootOnly,
            reorder: Order::Legacy,
            enable_helm: false,
            enable_alpha_plugins: false,
            enable_managedby_label: false,
            helm_kube_version: String::new(),
            helm_api_versions: Vec::new(),
            output: None,
            cache_dir: PathBuf::from(CACHE_DIR),
            functions: FunctionArgs::default(),
            every: super::EveryFlag::default(),
        }
    }
}

impl Plain for BuildArgs {
    const VARIABLES: &[&str] = &["FAIRWAY_CACHE_DIR"];

    fn read(mut words: Words) -> Option<Self> {
        let mut args = Self::default();
        let mut path = Vec::new();
        while let Some((flag, value)) = words.flag(&mut path) {
            match flag.as_str() {
                "--enable-helm" => args.enable_helm = switch(value)?,
                "--enable-alpha-plugins" => args.enable_alpha_plugins = switch(value)?,
                "--load-restrictor" => {
                    args.load_restrictor = match words.value(value)?.as_str() {
                        "LoadRestrictionsRootOnly" => Restrictor::RootOnly,
                        "LoadRestrictionsNone" => Restrictor::None,
                        _ => return None,
                    }
                }
                "--output" | "-o" => args.output = Some(words.value(value)?.into()),
                _ => return None,
            }
        }
        if !path.is_empty() {
            args.path = path;
        }
        Some(args)
    }
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
    let api_versions: Vec<String> = Slice::all(&args.helm_api_versions).cloned().collect();
    let elsewhere = Elsewhere::new(&args.cache_dir);
    let capabilities = Capabilities::default();
    let inflator = Inflator { capabilities: &capabilities, ports: machine(), remote: Some(&elsewhere) };
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
        helm_api_versions: &api_versions,
        overrides: None,
        remote: Some(&elsewhere),
        charts: Some(&inflator),
    };
    let [path] = args.path.as_slice() else {
        return Err(Failure::error(DIFFERENT, "specify one path to kustomization.yaml"));
    };
    let folder = PathBuf::from(path);
    let built = if is_remote(path) && !folder.exists() {
        build(&MemoryTree::default(), path, &options)
    } else {
        let place = place(&folder)?;
        build(&*place.tree, &place.path, &options)
    };
    let built = built.map_err(|e| Failure::error(DIFFERENT, e.to_string()))?;
    for warning in &built.warnings {
        eprintln!("{warning}");
    }
    write(&built, given(args.output.as_deref()))
}

/// Finds what is to be built, and says as kustomize does why it cannot be.
fn place(folder: &Path) -> anyhow::Result<Place> {
    let why = match std::fs::metadata(folder) {
        _ if folder.as_os_str().is_empty() => "directory path cannot be empty".to_owned(),
        Ok(about) if about.is_dir() => return Place::of(folder),
        Ok(_) => format!("'{}': file is not directory", folder.display()),
        Err(e) => {
            let whole = std::path::absolute(folder)?;
            let why = told(&whole, "lstat", &e);
            format!("not a valid directory: evalsymlink failure on '{}' : {why}", folder.display())
        }
    };
    Err(Failure::error(DIFFERENT, format!("must build at directory: {why}")))
}

fn write(built: &Built, output: Option<&Path>) -> anyhow::Result<()> {
    let save = |file: &Path, text: &str| {
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

#[cfg(test)]
mod tests {
    use super::BuildArgs;
    use crate::cli::plain::tests::{as_clap_reads, read};

    #[test]
    fn plain_lines_are_read_as_clap_reads_them() {
        as_clap_reads::<BuildArgs>(
            "build",
            &[
                "",
                ".",
                "--enable-helm overlays/a",
                "a --enable-helm=false --enable-alpha-plugins -o out --output=again",
                "--load-restrictor LoadRestrictionsNone a --load-restrictor=LoadRestrictionsRootOnly",
                "-o - --enable-helm --load-restrictor=LoadRestrictionsNone",
                "-o --enable-helm a",
                "a b",
            ],
        );
    }

    #[test]
    fn the_rest_is_left_to_clap() {
        for line in ["--help", "-oout", "-o", "--load-restrictor=x", "--enable-helm=yes", "-- a", "--mount=a"]
        {
            assert!(read::<BuildArgs>(line).is_none(), "{line}");
        }
    }
}
