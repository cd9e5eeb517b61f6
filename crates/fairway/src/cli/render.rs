//! `fairway render`: what a source gives, without a cluster.

use super::disk_tree::Place;
use super::elsewhere::{CACHE_DIR, Elsewhere};
use super::exit::{DIFFERENT, Failure};
use super::output::print;
use super::ports::machine;
use anyhow::{Context as _, bail, ensure};
use fairway_core::{App, AppSource, Desired, FileTree, Str};
use fairway_kustomize::Remote;
use fairway_render::{BuildEnv, Capabilities, RefSource, RenderInput, SourceType};
use fairway_source::{AddressMirrors, Sources, SourcesOptions};
use fairway_value::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Largest file of Applications.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// Arguments of `fairway render`.
#[derive(clap::Args, Debug)]
pub struct RenderArgs {
    /// A folder, the URL of a repository, or a file with Applications.
    target: String,
    /// Folder inside the repository.
    #[arg(long, default_value = "")]
    path: String,
    /// Branch, tag or commit; without it a folder is read as it is on disk, a repository at its HEAD.
    #[arg(long)]
    revision: Option<String>,
    /// Reads the Git sources of Applications from this folder instead of fetching them.
    #[arg(long, value_name = "DIR")]
    local: Option<PathBuf>,
    /// Name of the App; the folder's name without it.
    #[arg(long)]
    name: Option<String>,
    /// Namespace of the App's destination.
    #[arg(long, short = 'n', default_value = "default")]
    namespace: String,
    /// Kubernetes version that charts see.
    #[arg(long, default_value = "")]
    kube_version: String,
    /// API versions that charts see.
    #[arg(long, value_delimiter = ',')]
    api_versions: Vec<String>,
    /// Folder for what is fetched.
    #[arg(long, value_name = "DIR", default_value = CACHE_DIR, env = "FAIRWAY_CACHE_DIR")]
    cache_dir: PathBuf,
    /// Addresses that stand in for others, as YAML: PREFIX: MIRROR.
    #[arg(long, value_name = "FILE", env = "FAIRWAY_MIRRORS")]
    mirrors: Option<PathBuf>,
}

/// One App that is rendered.
pub(super) struct Subject {
    pub name: String,
    pub namespace: String,
    pub project: String,
    pub sources: Vec<AppSource>,
}

impl From<App> for Subject {
    fn from(app: App) -> Self {
        Self {
            name: app.id.name.to_string(),
            namespace: app.destination.namespace.to_string(),
            project: app.project.to_string(),
            sources: app.sources,
        }
    }
}

/// A source with its files.
pub(super) struct Opened {
    pub source: AppSource,
    pub revision: String,
    pub tree: Arc<dyn FileTree>,
}

/// Runs `fairway render`.
pub async fn run(args: RenderArgs) -> anyhow::Result<()> {
    let on_disk = Path::new(&args.target);
    let mirrors = mirrors(args.mirrors.as_deref())?;
    let subjects = if on_disk.is_file() { applications(on_disk)? } else { vec![plain(&args)] };
    for subject in subjects {
        let mut opened = Vec::new();
        for source in &subject.sources {
            opened.push(
                open(&args, &mirrors, source).await.with_context(|| format!("open {}", source.repo_url))?,
            );
        }
        let (name, capabilities) = (subject.name.clone(), capabilities(&args));
        let remote = Elsewhere::new(&args.cache_dir).with_mirrors(mirrors.clone());
        let render = move || render_all(&subject, &opened, &capabilities, &remote);
        let rendered = tokio::task::spawn_blocking(render).await?;
        let (text, warnings) = rendered.with_context(|| format!("render {name}"))?;
        for warning in warnings {
            eprintln!("warning: {warning}");
        }
        print(&text)?;
    }
    Ok(())
}

fn plain(args: &RenderArgs) -> Subject {
    let last = |text: &str| {
        let name = text.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        name.trim_end_matches(".git").to_owned()
    };
    let whole = Path::new(&args.target).canonicalize().map(|p| p.display().to_string());
    let of_target = whole.unwrap_or_else(|_| args.target.clone());
    let folder = if args.path.is_empty() { last(&of_target) } else { last(&args.path) };
    let source = AppSource {
        repo_url: args.target.as_str().into(),
        path: args.path.as_str().into(),
        target_revision: args.revision.as_deref().unwrap_or_default().into(),
        ..AppSource::default()
    };
    Subject {
        name: args.name.clone().unwrap_or(folder),
        namespace: args.namespace.clone(),
        project: "default".to_owned(),
        sources: vec![source],
    }
}

/// Reads the Applications of a file.
fn applications(file: &Path) -> anyhow::Result<Vec<Subject>> {
    let size = file.metadata()?.len();
    ensure!(size <= FILE_BYTES_MAX, "{} is larger than the limit of {FILE_BYTES_MAX} bytes", file.display());
    let text = std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
    let documents =
        fairway_yaml::parse_documents(&text).with_context(|| format!("read {}", file.display()))?;
    let mut subjects = Vec::new();
    for document in documents.into_iter().map(|d| d.value) {
        let kind = document.get("kind").and_then(Value::as_str);
        if kind != Some("Application") {
            continue;
        }
        let lowered = fairway_argocd::lower(&document);
        if !lowered.is_valid() {
            let why: Vec<String> = lowered.conditions.iter().map(|c| c.message.to_string()).collect();
            let name = lowered.app.id.name;
            return Err(Failure::error(
                DIFFERENT,
                format!("Application {name} is not valid: {}", why.join("; ")),
            ));
        }
        for condition in &lowered.conditions {
            eprintln!("warning: {}", condition.message);
        }
        subjects.push(lowered.app.into());
    }
    ensure!(
        !subjects.is_empty(),
        "{} holds no Application; name a folder to render manifests",
        file.display()
    );
    Ok(subjects)
}

/// Reads a file of mirrors; none where there is no file.
fn mirrors(file: Option<&Path>) -> anyhow::Result<AddressMirrors> {
    let Some(file) = file else { return Ok(AddressMirrors::default()) };
    let text = std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
    AddressMirrors::parse(&text).map_err(|why| Failure::error(DIFFERENT, format!("--mirrors: {why}")))
}

async fn open(args: &RenderArgs, mirrors: &AddressMirrors, source: &AppSource) -> anyhow::Result<Opened> {
    let mut source = source.clone();
    let local = match &args.local {
        Some(dir) if source.chart.is_empty() => Some(Place::rooted(dir)?),
        _ => None,
    };
    let folder = Path::new(source.repo_url.as_str());
    if let Some(place) = local {
        return Ok(Opened { source, revision: "local".to_owned(), tree: place.tree });
    }
    if folder.is_dir() && args.revision.is_none() {
        let place = Place::of(folder)?;
        let path = [place.path.as_str(), source.path.as_str()].join("/");
        source.path = fairway_core::normalize_path(&path)?.into();
        return Ok(Opened { source, revision: "local".to_owned(), tree: place.tree });
    }
    if folder.is_dir() {
        let whole = folder.canonicalize()?;
        source.repo_url = format!("file://{}", whole.display()).into();
        source.target_revision = super::diff::spelled_out(&whole, &source.target_revision).await.into();
    } else if !source.repo_url.contains(':') {
        bail!("{} is neither a folder nor the URL of a repository", source.repo_url);
    }
    let sources = Sources::new(SourcesOptions::new(&args.cache_dir), Arc::new(mirrors.clone()))?;
    let revision = sources.resolve_source(&source).await?;
    let tree = sources.open_source(&source, &revision).await?;
    if !source.chart.is_empty() {
        // The tree of a chart repository is the chart itself.
        source.path = Str::new();
    }
    let path = fairway_core::normalize_path(&source.path)?;
    let is_chart = !source.chart.is_empty()
        || fairway_render::detect(&source.tool, &*tree, &path, &[]).is_ok_and(|t| t == SourceType::Helm);
    let tree = if is_chart { sources.with_chart_dependencies(tree, &path).await? } else { tree };
    Ok(Opened { source, revision: revision.to_string(), tree })
}

fn capabilities(args: &RenderArgs) -> Capabilities {
    Capabilities {
        kube_version: args.kube_version.as_str().into(),
        api_versions: args.api_versions.iter().map(|v| Str::from(v.as_str())).collect(),
    }
}

/// Renders every source and returns the stream with the warnings.
fn render_all(
    subject: &Subject,
    opened: &[Opened],
    capabilities: &Capabilities,
    remote: &dyn Remote,
) -> anyhow::Result<(String, Vec<String>)> {
    let (objects, warnings) = objects(subject, opened, capabilities, Some(remote))?;
    let document = |o: &Desired| format!("---\n{}", fairway_yaml::to_string(o.object.value()));
    Ok((objects.iter().map(document).collect(), warnings))
}

/// Renders every source and returns the objects with the warnings. Without `remote`, remote bases are errors.
pub(super) fn objects(
    subject: &Subject,
    opened: &[Opened],
    capabilities: &Capabilities,
    remote: Option<&dyn Remote>,
) -> anyhow::Result<(Vec<Desired>, Vec<String>)> {
    let refs: BTreeMap<Str, RefSource> = opened
        .iter()
        .filter(|o| !o.source.ref_name.is_empty())
        .map(|o| (o.source.ref_name.clone(), RefSource { tree: o.tree.clone() }))
        .collect();
    let charts = fairway_render::ChartCache::default();
    let (mut objects, mut warnings) = (Vec::new(), Vec::new());
    for (index, at) in opened.iter().enumerate() {
        if !at.source.ref_name.is_empty() && at.source.path.is_empty() && at.source.chart.is_empty() {
            continue;
        }
        let env =
            BuildEnv::new(&subject.name, &subject.namespace, &subject.project, &at.revision, &at.source);
        let rendered = fairway_render::render(&RenderInput {
            app_name: &subject.name,
            namespace: &subject.namespace,
            source: &at.source,
            source_index: u16::try_from(index).unwrap_or(u16::MAX),
            tree: &*at.tree,
            refs: &refs,
            env: &env,
            capabilities,
            kustomize_build_options: "",
            disabled_tools: &[],
            value_file_schemes: &[],
            remote,
            charts: &charts,
            lookup: None,
            ports: machine(),
        })
        .map_err(|e| Failure::error(DIFFERENT, e.to_string()))?;
        objects.extend(rendered.objects);
        warnings.extend(rendered.warnings);
    }
    Ok((objects, warnings))
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_core::MemoryTree;

    #[test]
    fn every_source_is_rendered_into_one_stream() {
        let tree = |path: &str, name: &str| {
            let text = format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n");
            let tree: Arc<dyn FileTree> = Arc::new(MemoryTree::new([(path, text)]).unwrap());
            let source = AppSource { path: "a".into(), ..AppSource::default() };
            Opened { source, revision: "local".to_owned(), tree }
        };
        let subject = Subject {
            name: "shop".to_owned(),
            namespace: "n".to_owned(),
            project: "default".to_owned(),
            sources: Vec::new(),
        };
        let opened = [tree("a/one.yaml", "one"), tree("a/two.yaml", "two")];
        let (text, warnings) =
            render_all(&subject, &opened, &Capabilities::default(), &Elsewhere::new(Path::new("cache")))
                .unwrap();
        let document =
            |name: &str| format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n");
        assert_eq!(text, document("one") + &document("two"));
        assert_eq!(warnings, Vec::<String>::new());
        let opened = [tree("b/one.yaml", "one")];
        assert!(
            render_all(&subject, &opened, &Capabilities::default(), &Elsewhere::new(Path::new("cache")))
                .is_err()
        );
    }
}
