//! What an App wants: its sources resolved, opened, rendered and made ready to compare.

use crate::error::ReconcileError;
use crate::lookup::{ClusterLookup, LookedUp, LookupAccess, LookupWatch};
use fairway_core::{
    App, AppSource, Condition, ConditionKind, Desired, FileTree, GroupKind, LiveView, Marks, ObjectKey,
    ReadSet, Scope, SourceTree, Str, Tool,
};
use fairway_render::{BuildEnv, Capabilities, ChartCache, RefSource, RenderInput, Rendered, SourceType};
use fairway_source::Sources;
use fairway_template::Ports;
use fairway_value::Value;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;

/// What an App wants at its revisions.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// Revision of each source.
    pub revisions: Vec<Str>,
    /// How each source was rendered.
    pub source_types: Vec<SourceType>,
    /// The objects, hooks among them: with marks and namespaces, each once, with a hash of each.
    pub objects: Arc<Vec<Desired>>,
    /// Hash of each object, in the same order.
    pub hashes: Arc<Vec<u64>>,
    /// Things worth knowing.
    pub conditions: Vec<Condition>,
    /// What the objects were made of, in order.
    pub(crate) rendered: Vec<Arc<Rendered>>,
    /// What charts looked up in the cluster.
    pub(crate) lookups: Vec<LookedUp>,
}

/// What rendering needs to know beside the App.
pub struct RenderSettings<'a> {
    /// The dialect's marks.
    pub marks: &'a dyn Marks,
    /// The destination cluster.
    pub view: &'a dyn LiveView,
    /// `kustomize.buildOptions` for a source.
    pub kustomize_build_options: &'a (dyn Fn(&AppSource) -> Str + Sync),
    /// `helm.valuesFileSchemes`.
    pub value_file_schemes: Vec<Str>,
    /// `helm.enable` and `kustomize.enable`: tools that are not looked for.
    pub disabled_tools: Vec<Str>,
    /// Whether a kind is left out by settings.
    pub excluded: &'a (dyn Fn(&Desired) -> bool + Sync),
    /// Lays the content of `.argocd-source.yaml` over the source with an index.
    pub source_override: &'a (dyn Fn(usize, &Value) -> Result<AppSource, String> + Sync),
    /// What decides over the lookups of charts; without they find nothing.
    pub lookup: Option<LookupAccess<'a>>,
    /// Whether caches are passed by.
    pub hard: bool,
}

/// One source as it was rendered last.
struct Remembered {
    source: AppSource,
    revision: Str,
    env: BuildEnv,
    capabilities: Capabilities,
    build_options: Str,
    value_file_schemes: Vec<Str>,
    disabled_tools: Vec<Str>,
    reads: ReadSet,
    ref_reads: Vec<(Str, Str, ReadSet)>,
    /// Whether files were read from elsewhere, which only a new revision or a hard refresh reads again.
    used_remote: bool,
    /// What was looked up in the cluster, and what decided over it; nothing where nothing was looked up at all.
    looked_up: Option<(Option<u64>, Vec<LookedUp>)>,
    rendered: Arc<Rendered>,
}

/// Renders sources, and remembers what was rendered by what was read.
pub struct Renderer {
    sources: Sources,
    remembered: Mutex<HashMap<(fairway_core::AppId, u16), Arc<Remembered>>>,
    cpus: Arc<Semaphore>,
    /// Whether rendering is done by the thread that asks for it.
    inline: bool,
    stats: Mutex<RenderStats>,
    /// Charts are parsed once for all Apps that use them.
    charts: Arc<ChartCache>,
    /// What the charts of which App looked up.
    pub(crate) lookups: LookupWatch,
}

/// How often rendering was saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RenderStats {
    /// Sources rendered.
    pub rendered: u64,
    /// Sources taken from the memory of an earlier rendering.
    pub reused: u64,
}

/// A source that is resolved and opened.
struct Opened {
    source: AppSource,
    revision: Str,
    tree: Arc<dyn FileTree>,
}

/// Files in a repository that change a source's settings, in the order in which they are laid over it.
fn override_files(app: &str, path: &str) -> [String; 2] {
    let join = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
    [join(".argocd-source.yaml"), join(&format!(".argocd-source-{app}.yaml"))]
}

impl Renderer {
    /// Builds a renderer that uses as many threads as there are CPUs.
    #[must_use]
    pub fn new(sources: Sources) -> Self {
        let cpus = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self {
            sources,
            remembered: Mutex::default(),
            cpus: Arc::new(Semaphore::new(cpus)),
            inline: false,
            stats: Mutex::default(),
            charts: Arc::default(),
            lookups: LookupWatch::default(),
        }
    }

    /// Builds a renderer that has no threads of its own.
    #[must_use]
    pub fn inline(sources: Sources) -> Self {
        Self { inline: true, ..Self::new(sources) }
    }

    /// Returns the sources.
    #[must_use]
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Returns how often rendering was saved.
    #[must_use]
    pub fn stats(&self) -> RenderStats {
        *self.stats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets what an App rendered.
    pub fn forget(&self, app: &fairway_core::AppId) {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner).retain(|(id, _), _| id != app);
        self.lookups.set(app, &[]);
    }

    /// Resolves the revision of each source: from the mirrors, without the network where they know it.
    ///
    /// # Errors
    /// A repository or revision is not to be had.
    pub async fn resolve(&self, sources: &[AppSource]) -> Result<Vec<Str>, ReconcileError> {
        let mut revisions = Vec::with_capacity(sources.len());
        for source in sources {
            revisions.push(self.sources.resolve_source(source).await?);
        }
        Ok(revisions)
    }

    /// Renders an App's sources at these revisions. `before` is what the same App wanted at others, under the same
    /// settings and kinds: where every source renders to the same again, its objects are taken as they are.
    ///
    /// # Errors
    /// A source cannot be opened or rendered.
    pub async fn target(
        &self,
        app: &App,
        revisions: &[Str],
        settings: &RenderSettings<'_>,
        before: Option<&Target>,
    ) -> Result<Target, ReconcileError> {
        let mut opened = Vec::with_capacity(app.sources.len());
        for (index, (source, revision)) in app.sources.iter().zip(revisions).enumerate() {
            let tree = self.sources.open_source(source, revision).await?;
            let source = with_overrides(app, index, source, &*tree, settings)?;
            opened.push(Opened { source, revision: revision.clone(), tree });
        }
        let mut target = Target { revisions: revisions.to_vec(), ..Target::default() };
        for (index, at) in opened.iter().enumerate() {
            if is_reference_only(&at.source) {
                continue;
            }
            let index = u16::try_from(index).unwrap_or(u16::MAX);
            let remembered = self.source(app, index, at, &opened, settings).await?;
            target.lookups.extend(remembered.looked_up.iter().flat_map(|(_, seen)| seen.iter().cloned()));
            let rendered = remembered.rendered.clone();
            target.source_types.extend(rendered.source_type);
            for warning in &rendered.warnings {
                target
                    .conditions
                    .push(Condition::new(ConditionKind::UnsupportedFieldWarning, warning.as_str()));
            }
            target.rendered.push(rendered);
        }
        self.lookups.set(&app.id, &target.lookups);
        if let Some(before) = before.filter(|b| same_renderings(&b.rendered, &target.rendered)) {
            return Ok(Target { revisions: target.revisions, ..before.clone() });
        }
        let objects = target.rendered.iter().flat_map(|r| r.objects.iter().cloned()).collect();
        finish(app, objects, settings, &mut target)?;
        Ok(target)
    }

    async fn source(
        &self,
        app: &App,
        index: u16,
        at: &Opened,
        all: &[Opened],
        settings: &RenderSettings<'_>,
    ) -> Result<Arc<Remembered>, ReconcileError> {
        let (name, namespace) = (&app.id.name, &app.destination.namespace);
        let env = BuildEnv::new(name, namespace, &app.project, &at.revision, &at.source)
            .with("KUBE_VERSION", settings.view.kube_version().trim_start_matches('v'));
        let capabilities = Capabilities {
            kube_version: settings.view.kube_version(),
            api_versions: settings.view.api_versions(),
        };
        let slot = (app.id.clone(), index);
        let before = self.remembered.lock().unwrap_or_else(PoisonError::into_inner).get(&slot).cloned();
        if let Some(before) = before.filter(|_| !settings.hard)
            && before.holds(at, all, &env, &capabilities, settings)?
        {
            self.stats.lock().unwrap_or_else(PoisonError::into_inner).reused += 1;
            return Ok(before);
        }
        let job = Job {
            app_name: app.id.name.clone(),
            namespace: app.destination.namespace.clone(),
            source: at.source.clone(),
            index,
            tree: self.complete(at, &settings.disabled_tools).await?,
            refs: all
                .iter()
                .filter(|o| !o.source.ref_name.is_empty())
                .map(|o| {
                    (o.source.ref_name.clone(), o.revision.clone(), Arc::new(SourceTree::new(o.tree.clone())))
                })
                .collect(),
            env: env.clone(),
            capabilities: capabilities.clone(),
            build_options: (settings.kustomize_build_options)(&at.source),
            value_file_schemes: settings.value_file_schemes.clone(),
            disabled_tools: settings.disabled_tools.clone(),
        };
        let _turn = self.cpus.acquire().await.expect("because the semaphore is never closed");
        let remote = crate::remote::RemoteSources::new(self.sources.clone());
        let charts = self.charts.clone();
        let lookup = settings.lookup.map(|access| ClusterLookup::new(access, self.inline));
        let work = move || {
            let done = job.run(&remote, &charts, lookup.as_ref());
            (done, remote.was_used(), lookup.map(|l| l.done()))
        };
        let (done, used_remote, lookups) = if self.inline {
            work()
        } else {
            let joined = tokio::task::spawn_blocking(work).await;
            joined.map_err(|e| ReconcileError::Fault(format!("rendering panicked: {e}")))?
        };
        let (mut rendered, reads, ref_reads) = done.inspect_err(|_| {
            // What it failed for may come.
            self.lookups.set(&app.id, lookups.as_ref().map_or(&[], |l| &l.seen));
        })?;
        self.stats.lock().unwrap_or_else(PoisonError::into_inner).rendered += 1;
        let looked_up = lookups.filter(|l| l.any).map(|lookups| {
            rendered.warnings.extend(lookups.refused);
            (settings.lookup.and_then(|access| access.rights()), lookups.seen)
        });
        let remembered = Remembered {
            source: at.source.clone(),
            revision: at.revision.clone(),
            env,
            capabilities,
            build_options: (settings.kustomize_build_options)(&at.source),
            value_file_schemes: settings.value_file_schemes.clone(),
            disabled_tools: settings.disabled_tools.clone(),
            reads,
            ref_reads,
            used_remote,
            looked_up,
            rendered: Arc::new(rendered),
        };
        let remembered = Arc::new(remembered);
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner).insert(slot, remembered.clone());
        Ok(remembered)
    }

    /// Fetches what a chart lacks.
    async fn complete(&self, at: &Opened, off: &[Str]) -> Result<Arc<dyn FileTree>, ReconcileError> {
        let path = if at.source.chart.is_empty() { at.source.path.as_str() } else { "" };
        let path = fairway_core::normalize_path(path).map_err(fairway_render::RenderError::from)?;
        let is_chart = match &at.source.tool {
            Tool::Helm(_) => true,
            Tool::Auto => fairway_render::detect(&Tool::Auto, &*at.tree, &path, off)? == SourceType::Helm,
            Tool::Directory(_) | Tool::Kustomize(_) | Tool::Plugin(_) => false,
        };
        if !is_chart {
            return Ok(at.tree.clone());
        }
        Ok(self.sources.with_chart_dependencies(at.tree.clone(), &path).await?)
    }
}

impl Remembered {
    /// Whether rendering again would give the same.
    fn holds(
        &self,
        at: &Opened,
        all: &[Opened],
        env: &BuildEnv,
        capabilities: &Capabilities,
        settings: &RenderSettings<'_>,
    ) -> Result<bool, ReconcileError> {
        let same_settings = self.build_options == (settings.kustomize_build_options)(&at.source)
            && self.value_file_schemes == settings.value_file_schemes
            && self.disabled_tools == settings.disabled_tools;
        if self.source != at.source || !same_settings {
            return Ok(false);
        }
        let uses_cluster = self.rendered.source_type != Some(SourceType::Directory);
        let same_cluster = self.capabilities.kube_version == capabilities.kube_version
            && (Arc::ptr_eq(&self.capabilities.api_versions, &capabilities.api_versions)
                || self.capabilities.api_versions == capabilities.api_versions);
        if uses_cluster && !same_cluster {
            return Ok(false);
        }
        if let Some((rights, seen)) = &self.looked_up {
            let same_rights = *rights == settings.lookup.and_then(|access| access.rights());
            let cache = settings.lookup.map(|access| access.place.cluster.cache());
            if !same_rights || cache.is_none_or(|cache| !seen.iter().all(|l| l.holds(cache))) {
                return Ok(false);
            }
        }
        // Settings that use a variable see each new revision.
        if self.env != *env && format!("{:?}", at.source.tool).contains('$') {
            return Ok(false);
        }
        let fail = |e| ReconcileError::Render(fairway_render::RenderError::Tree(e));
        let moved = self.revision != at.revision;
        if moved && (self.used_remote || !self.reads.unchanged(&*at.tree).map_err(fail)?) {
            return Ok(false);
        }
        for (name, revision, reads) in &self.ref_reads {
            let Some(now) = all.iter().find(|o| o.source.ref_name == *name) else { return Ok(false) };
            if now.revision != *revision && !reads.unchanged(&*now.tree).map_err(fail)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// One rendering, ready to be carried out on a thread of its own.
struct Job {
    app_name: Str,
    namespace: Str,
    source: AppSource,
    index: u16,
    tree: Arc<dyn FileTree>,
    refs: Vec<(Str, Str, Arc<SourceTree>)>,
    env: BuildEnv,
    capabilities: Capabilities,
    build_options: Str,
    value_file_schemes: Vec<Str>,
    disabled_tools: Vec<Str>,
}

type Done = (Rendered, ReadSet, Vec<(Str, Str, ReadSet)>);

impl Job {
    fn run(
        self,
        remote: &crate::remote::RemoteSources,
        charts: &ChartCache,
        lookup: Option<&ClusterLookup>,
    ) -> Result<Done, ReconcileError> {
        let tree = SourceTree::new(self.tree);
        let refs: BTreeMap<Str, RefSource> = self
            .refs
            .iter()
            .map(|(name, _, tree)| (name.clone(), RefSource { tree: tree.clone() as Arc<dyn FileTree> }))
            .collect();
        let mut source = self.source;
        if !source.chart.is_empty() {
            // The tree of a chart repository is the chart itself.
            source.path = Str::new();
        }
        let rendered = fairway_render::render(&RenderInput {
            app_name: &self.app_name,
            namespace: &self.namespace,
            source: &source,
            source_index: self.index,
            tree: &tree,
            refs: &refs,
            env: &self.env,
            capabilities: &self.capabilities,
            kustomize_build_options: &self.build_options,
            value_file_schemes: &self.value_file_schemes,
            disabled_tools: &self.disabled_tools,
            remote: Some(remote),
            charts,
            lookup: lookup.map(|l| l as &dyn fairway_template::Lookup),
            ports: Ports { clock: &MachineClock, random: &SystemRandom },
        })?;
        let ref_reads = self.refs.iter().map(|(n, r, t)| (n.clone(), r.clone(), t.read_set())).collect();
        Ok((rendered, tree.read_set(), ref_reads))
    }
}

struct MachineClock;

impl fairway_template::Clock for MachineClock {
    fn now_nanos(&self) -> i128 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        i128::try_from(since.as_nanos()).unwrap_or(i128::MAX)
    }
}

struct SystemRandom;

impl fairway_template::Random for SystemRandom {
    fn fill(&self, out: &mut [u8]) {
        getrandom::fill(out).expect("because the system gives random bytes");
    }
}

/// A source that others refer to and that renders nothing of its own.
fn is_reference_only(source: &AppSource) -> bool {
    !source.ref_name.is_empty() && source.path.is_empty() && source.chart.is_empty()
}

fn with_overrides(
    app: &App,
    index: usize,
    source: &AppSource,
    tree: &dyn FileTree,
    settings: &RenderSettings<'_>,
) -> Result<AppSource, ReconcileError> {
    let mut source = source.clone();
    if !source.chart.is_empty() {
        return Ok(source);
    }
    let path = fairway_core::normalize_path(&source.path).map_err(fairway_render::RenderError::from)?;
    for file in override_files(&app.id.name, &path) {
        let Some(bytes) = tree.read(&file).map_err(fairway_render::RenderError::from)? else { continue };
        let fail = |why: String| {
            ReconcileError::Render(fairway_render::RenderError::Unmarshal { file: file.clone(), why })
        };
        let text = std::str::from_utf8(&bytes).map_err(|e| fail(e.to_string()))?;
        let value = fairway_yaml::parse(text).map_err(|e| fail(e.to_string()))?;
        source = (settings.source_override)(index, &value).map_err(fail)?;
    }
    Ok(source)
}

fn same_renderings(a: &[Arc<Rendered>], b: &[Arc<Rendered>]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| Arc::ptr_eq(a, b))
}

/// Leaves out what settings exclude, sets namespaces and marks, and keeps each object once.
fn finish(
    app: &App,
    objects: Vec<Desired>,
    settings: &RenderSettings<'_>,
    target: &mut Target,
) -> Result<(), ReconcileError> {
    let brought = brought_scopes(&objects);
    let mut last: BTreeMap<ObjectKey, usize> = BTreeMap::new();
    let mut repeated: BTreeMap<ObjectKey, usize> = BTreeMap::new();
    let mut kept: Vec<Option<Desired>> = Vec::with_capacity(objects.len());
    for mut desired in objects {
        if (settings.excluded)(&desired) {
            let words = format!("Resource {} is excluded in the settings", desired.key());
            target.conditions.push(Condition::new(ConditionKind::ExcludedResourceWarning, words));
            continue;
        }
        set_namespace(app, &mut desired, settings.view, &brought)?;
        settings.marks.mark(&mut desired.object, app);
        let key = desired.key();
        if !desired.name().is_empty()
            && let Some(earlier) = last.insert(key.clone(), kept.len())
        {
            *repeated.entry(key).or_insert(1) += 1;
            kept[earlier] = None;
        }
        kept.push(Some(desired));
    }
    for (key, times) in repeated {
        let words = format!(
            "Resource {}/{}/{}/{} appeared {times} times among application resources.",
            key.group, key.kind, key.namespace, key.name
        );
        target.conditions.push(Condition::new(ConditionKind::RepeatedResourceWarning, words));
    }
    let objects: Vec<Desired> = kept.into_iter().flatten().collect();
    target.hashes = Arc::new(objects.iter().map(|d| hash(d.value())).collect());
    target.objects = Arc::new(objects);
    Ok(())
}

/// Scopes of the kinds whose CRDs the App itself brings.
fn brought_scopes(objects: &[Desired]) -> HashMap<GroupKind, Scope> {
    let crds = objects
        .iter()
        .filter(|d| d.kind() == "CustomResourceDefinition" && d.group() == "apiextensions.k8s.io");
    crds.filter_map(|d| {
        let text = |path: &[&str]| d.value().get_path(path).and_then(Value::as_str);
        let kind = GroupKind::new(text(&["spec", "group"])?, text(&["spec", "names", "kind"])?);
        let scope =
            if text(&["spec", "scope"])? == "Namespaced" { Scope::Namespaced } else { Scope::Cluster };
        Some((kind, scope))
    })
    .collect()
}

fn set_namespace(
    app: &App,
    desired: &mut Desired,
    view: &dyn LiveView,
    brought: &HashMap<GroupKind, Scope>,
) -> Result<(), ReconcileError> {
    let kind = desired.gvk().group_kind();
    let scope = view.scope(&kind).or_else(|| brought.get(&kind).copied()).unwrap_or(Scope::Namespaced);
    match scope {
        Scope::Cluster if !desired.namespace().is_empty() => {
            desired.object.value_mut().remove_path(&["metadata", "namespace"]);
        }
        Scope::Namespaced if desired.namespace().is_empty() => {
            if app.destination.namespace.is_empty() {
                return Err(ReconcileError::Invalid(format!(
                    "Namespace for {} {} is missing.",
                    desired.name(),
                    desired.gvk()
                )));
            }
            desired.object.set_namespace(app.destination.namespace.clone());
        }
        Scope::Cluster | Scope::Namespaced => {}
    }
    Ok(())
}

/// Hash of an object's content, for caches in memory.
pub fn hash(value: &Value) -> u64 {
    let text = fairway_value::to_json(value, fairway_value::HtmlEscape::No);
    let digest = blake3::hash(text.as_bytes());
    let mut head = [0; 8];
    head.copy_from_slice(&digest.as_bytes()[..8]);
    u64::from_le_bytes(head)
}
