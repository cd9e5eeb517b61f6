use super::edit::{all_pairs, places};
use crate::cli::exit::{DIFFERENT, Failure};
use anyhow::Context as _;
use fairway_kustomize::{Edit, FILE_NAMES, MapField, edit, holds_objects};
use std::path::{Path, PathBuf};

/// What every new kustomization begins with.
const HEAD: &str = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";

/// Deepest folder that is looked into for resources.
const DEPTH_MAX: usize = 32;

#[derive(clap::Args, Debug)]
pub(super) struct CreateArgs {
    /// Folder for the kustomization.
    #[arg(long, short = 'C', default_value = ".", value_name = "DIR")]
    dir: PathBuf,
    #[command(flatten)]
    every: super::EveryFlag,
    /// Files, folders or addresses, divided by commas, which may hold wildcards.
    #[arg(long, value_delimiter = ',')]
    resources: Vec<String>,
    /// Namespace of all objects.
    #[arg(long)]
    namespace: Option<String>,
    /// `key:value`, several divided by commas.
    #[arg(long)]
    annotations: Option<String>,
    /// `key:value`, several divided by commas; selectors get them too.
    #[arg(long)]
    labels: Option<String>,
    /// Prefix of all names.
    #[arg(long = "nameprefix", allow_hyphen_values = true)]
    name_prefix: Option<String>,
    /// Suffix of all names.
    #[arg(long = "namesuffix", allow_hyphen_values = true)]
    name_suffix: Option<String>,
    /// Adds the files of the folder that hold objects.
    #[arg(long)]
    autodetect: bool,
    /// Looks into the folders below too; one with a kustomization is added as it is.
    #[arg(long)]
    recursive: bool,
}

fn entries(field: MapField, text: Option<&str>) -> anyhow::Result<Vec<Edit>> {
    let words: Vec<String> = text.filter(|t| !t.is_empty()).map(str::to_owned).into_iter().collect();
    let make = |(key, value)| Edit::AddEntry { field, key, value, force: true };
    Ok(all_pairs(&words)?.into_iter().map(make).collect())
}

/// Adds the files below a folder that hold objects, in the order of their names.
fn detect(root: &Path, inside: &Path, recursive: bool, found: &mut Vec<String>) -> anyhow::Result<()> {
    let folder = root.join(inside);
    let read = std::fs::read_dir(&folder).with_context(|| format!("read {}", folder.display()))?;
    let mut names: Vec<PathBuf> = read.flatten().map(|e| inside.join(e.file_name())).collect();
    names.sort();
    for path in names {
        let on_disk = root.join(&path);
        let is_kustomization = |dir: &Path| FILE_NAMES.iter().any(|name| dir.join(name).exists());
        let is_added = if on_disk.is_dir() {
            if recursive && !is_kustomization(&on_disk) && path.components().count() < DEPTH_MAX {
                detect(root, &path, recursive, found)?;
            }
            recursive && is_kustomization(&on_disk)
        } else {
            std::fs::read_to_string(&on_disk).is_ok_and(|text| holds_objects(&text))
        };
        if is_added {
            found.push(path.to_string_lossy().into_owned());
        }
    }
    Ok(())
}

pub(super) fn run(args: &CreateArgs) -> anyhow::Result<()> {
    if let Some(there) = FILE_NAMES.iter().map(|n| args.dir.join(n)).find(|p| p.exists()) {
        let message = format!("{} exists already; change it with `kustomize edit`", there.display());
        return Err(Failure::error(DIFFERENT, message));
    }
    let mut resources = Vec::new();
    for pattern in &args.resources {
        resources.extend(places(&args.dir, pattern)?);
    }
    if args.autodetect {
        let mut found = Vec::new();
        detect(&args.dir, Path::new(""), args.recursive, &mut found)?;
        found.retain(|path| !resources.contains(path));
        resources.extend(found);
    }
    let mut edits: Vec<Edit> = resources.iter().map(|r| Edit::Resource(r.as_str().into())).collect();
    edits.extend(args.namespace.as_deref().map(|n| Edit::Namespace(n.into())));
    edits.extend(args.name_prefix.as_deref().map(|p| Edit::NamePrefix(p.into())));
    edits.extend(args.name_suffix.as_deref().map(|s| Edit::NameSuffix(s.into())));
    edits.extend(entries(MapField::Annotations, args.annotations.as_deref())?);
    edits.extend(entries(MapField::Labels, args.labels.as_deref())?);
    let text = edit(HEAD, &edits).map_err(|e| Failure::error(DIFFERENT, e.to_string()))?;
    let file = args.dir.join(FILE_NAMES[0]);
    std::fs::write(&file, text).with_context(|| format!("write {}", file.display()))
}
