use crate::Error;
use crate::capabilities::{HelmVersion, KubeVersion};
use crate::chart::{Chart, Crd, is_crd_file};
use crate::engine::{Program, RenderedFile, Rendering, functions, lenient};
use crate::manifest;
use crate::release::Release;
use crate::release_name::check_release_name;
use crate::schema::SchemaSource;
use crate::tree::{Node, from_values};
use crate::values::{Nulls, coalesce_values, is_compatible_range, process_dependencies};
use fairway_template::{Functions, Limits, Lookup, Ports, Run, SumsAhead};
use fairway_value::Map;
use std::sync::{Arc, Mutex, PoisonError};

/// A chart ready to be rendered many times. Templates are parsed once for each choice of subcharts.
pub struct CompiledChart {
    chart: Arc<Chart>,
    helm: HelmVersion,
    functions: Arc<Functions>,
    /// Programs by the subcharts that take part.
    programs: Mutex<Vec<(String, Program)>>,
}

/// A chart with what one rendering makes of it.
struct Prepared<'c> {
    node: Node<'c>,
    values: fairway_template::Map,
    kube: KubeVersion,
    sums: SumsAhead,
}

/// Most choices of subcharts that are kept parsed: users of one chart differ in few.
const PROGRAMS_MAX: usize = 8;

/// How a chart is rendered: the flags of `helm template`.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Name of the release; Helm's own default is `release-name`.
    pub release_name: String,
    /// Namespace of the release.
    pub namespace: String,
    /// The user's values, merged ([`crate::ValueSources::merge`]).
    pub values: Map,
    /// `--kube-version`; Helm's default without.
    pub kube_version: Option<String>,
    /// `--api-versions`, added to the default ones.
    pub api_versions: Vec<String>,
    /// `--is-upgrade`.
    pub is_upgrade: bool,
    /// `--skip-schema-validation`.
    pub skip_schema_validation: bool,
    /// `--render-subchart-notes`.
    pub subchart_notes: bool,
    /// How much the templates may take.
    pub limits: Limits,
}

impl Options {
    /// The Kubernetes that is rendered for.
    ///
    /// # Errors
    /// As [`KubeVersion::parse`].
    pub(crate) fn kubernetes(&self, helm: HelmVersion) -> Result<KubeVersion, Error> {
        let wanted = self.kube_version.as_deref().unwrap_or(helm.default_kube_version());
        KubeVersion::parse(wanted, helm)
    }
}

/// What a rendering may ask beyond the chart and its values.
#[derive(Clone, Copy, Default)]
pub struct Outside<'a> {
    /// What `lookup` asks; it finds nothing without.
    pub lookup: Option<&'a dyn Lookup>,
    /// Where schemas come from that `values.schema.json` names by address; they are an error without.
    pub schemas: Option<&'a dyn SchemaSource>,
}

impl CompiledChart {
    /// Prepares a chart; its templates are parsed at the first rendering.
    #[must_use]
    pub fn new(chart: Arc<Chart>) -> Self {
        Self::with(chart, HelmVersion::V3)
    }

    /// Prepares a chart for a version of Helm.
    #[must_use]
    pub fn with(chart: Arc<Chart>, helm: HelmVersion) -> Self {
        Self { chart, helm, functions: functions(helm), programs: Mutex::new(Vec::new()) }
    }

    /// Prepares a chart whose `required` and `fail` let everything pass.
    pub(crate) fn for_lint(chart: Arc<Chart>) -> Self {
        let helm = HelmVersion::V3;
        let functions = Arc::new(lenient(&functions(helm)));
        Self { chart, helm, functions, programs: Mutex::new(Vec::new()) }
    }

    /// Returns the chart.
    #[must_use]
    pub fn chart(&self) -> &Arc<Chart> {
        &self.chart
    }

    /// Renders the chart, as `helm template` does.
    ///
    /// # Errors
    /// As [`Error`] says, in the order in which Helm checks.
    pub fn render(&self, options: &Options, ports: Ports<'_>) -> Result<Release, Error> {
        self.render_with(options, ports, Outside::default())
    }

    /// Renders the chart with what it may ask elsewhere.
    ///
    /// # Errors
    /// As [`CompiledChart::render`].
    pub fn render_with(
        &self,
        options: &Options,
        ports: Ports<'_>,
        outside: Outside<'_>,
    ) -> Result<Release, Error> {
        self.check_installable()?;
        check_release_name(&options.release_name)?;
        let root = self.prepare(options, outside)?;
        self.check_kubernetes(&root)?;
        let rendering = self.rendering(&root, options, ports, outside);
        let program = self.program(&root.node)?;
        let mut files = program.run(&root.node, &root.values, &rendering)?;
        let notes = take_notes(&mut files, &root.node.name, options.subchart_notes);
        let sorted = manifest::sort(files, self.helm).map_err(|fault| {
            fault.error(program.origin(&root.node, &root.values, &rendering, &fault).as_ref())
        })?;
        let mut crds = Vec::new();
        collect_crds(&root.node, &root.node.name, &mut crds);
        Ok(Release { manifests: sorted.manifests, hooks: sorted.hooks, crds, notes, helm: self.helm })
    }

    /// Renders the templates and returns what each wrote, partials left out.
    ///
    /// # Errors
    /// As [`CompiledChart::render`], but that what was rendered is not read.
    pub fn render_files(
        &self,
        options: &Options,
        ports: Ports<'_>,
        outside: Outside<'_>,
    ) -> Result<Vec<RenderedFile>, Error> {
        let root = self.prepare(options, outside)?;
        self.program(&root.node)?.run(
            &root.node,
            &root.values,
            &self.rendering(&root, options, ports, outside),
        )
    }

    fn prepare(&self, options: &Options, outside: Outside<'_>) -> Result<Prepared<'_>, Error> {
        let kube = options.kubernetes(self.helm)?;
        let user = from_values(&options.values);
        let mut node = Node::new(&self.chart);
        process_dependencies(&mut node, &user)?;
        let values = coalesce_values(&node, &user, Nulls::of(self.helm))?;
        if !options.skip_schema_validation {
            crate::schema::validate(&node, &values, &options.values, outside.schemas)?;
        }
        Ok(Prepared { node, values, kube, sums: SumsAhead::default() })
    }

    fn check_kubernetes(&self, root: &Prepared<'_>) -> Result<(), Error> {
        let required = &self.chart.metadata.kube_version;
        if !required.is_empty() && !is_compatible_range(required, &root.kube.numbers) {
            return Err(Error::Chart(format!(
                "chart requires kubeVersion: {required} which is incompatible with Kubernetes {}",
                root.kube.version
            )));
        }
        Ok(())
    }

    fn rendering<'a>(
        &self,
        root: &'a Prepared<'_>,
        options: &'a Options,
        ports: Ports<'a>,
        outside: Outside<'a>,
    ) -> Rendering<'a> {
        Rendering {
            release_name: &options.release_name,
            namespace: &options.namespace,
            is_upgrade: options.is_upgrade,
            helm: self.helm,
            kube: &root.kube,
            api_versions: &options.api_versions,
            run: Run { ports, limits: &options.limits, lookup: outside.lookup, sums: Some(&root.sums) },
        }
    }

    fn check_installable(&self) -> Result<(), Error> {
        if self.chart.is_library() {
            return Err(Error::Chart("library charts are not installable".to_owned()));
        }
        let missing = self.chart.missing_dependencies();
        if missing.is_empty() { Ok(()) } else { Err(Error::MissingDependencies(missing.join(", "))) }
    }

    fn program(&self, root: &Node<'_>) -> Result<Program, Error> {
        let mut key = String::new();
        layout(root, &mut key);
        let mut programs = self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, program)) = programs.iter().find(|(k, _)| *k == key) {
            return Ok(program.clone());
        }
        let program = Program::parse(root, self.functions.clone())?;
        if programs.len() >= PROGRAMS_MAX {
            programs.remove(0);
        }
        programs.push((key, program.clone()));
        Ok(program)
    }
}

/// Writes down which subcharts take part under which names.
fn layout(node: &Node<'_>, out: &mut String) {
    out.push_str(&node.name);
    // Two charts of one name differ in version.
    out.push('@');
    out.push_str(node.version);
    out.push('(');
    for child in &node.children {
        layout(child, out);
        out.push(',');
    }
    out.push(')');
}

fn take_notes(files: &mut Vec<RenderedFile>, chart: &str, with_subcharts: bool) -> String {
    let own = format!("{chart}/templates/NOTES.txt");
    let mut notes = String::new();
    files.retain(|RenderedFile { name, text, .. }| {
        if !name.ends_with("NOTES.txt") {
            return true;
        }
        if with_subcharts || *name == own {
            if !notes.is_empty() {
                notes.push('\n');
            }
            notes.push_str(text);
        }
        false
    });
    notes
}

fn collect_crds(node: &Node<'_>, path: &str, crds: &mut Vec<Crd>) {
    for file in node.chart.files.iter().filter(|f| is_crd_file(&f.name)) {
        crds.push(Crd { source: format!("{path}/{}", file.name), file: file.clone() });
    }
    for child in &node.children {
        collect_crds(child, &format!("{path}/charts/{}", child.name), crds);
    }
}
