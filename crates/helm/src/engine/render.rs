use super::data;
use super::files::Files;
use crate::Error;
use crate::capabilities::{HelmVersion, KubeVersion};
use crate::explain;
use crate::manifest::Fault;
use crate::tree::Node;
use crate::values::table;
use fairway_template::value::{ANY, STRING, TypeInfo};
use fairway_template::{Call, Functions, Map, MissingKey, Run, Templates, Value};
use fairway_yaml::{lossy_text, octets_fault};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

static VALUES: TypeInfo = TypeInfo::named_map("chartutil.Values", &ANY);

/// A template of a chart or subchart under its full name.
pub(crate) struct TemplateFile<'c> {
    /// Path with the names of the charts above it: what errors and `# Source:` say.
    pub name: String,
    pub text: Cow<'c, str>,
    /// What go-yaml says of the first bytes of it that are no UTF-8.
    octets: Option<&'static str>,
}

/// What a template wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedFile {
    /// The template's full name: what errors and `# Source:` say.
    pub name: String,
    /// The text; each byte that is no UTF-8 is one U+FFFD.
    pub text: String,
    /// What go-yaml says of the first bytes that are no UTF-8.
    pub(crate) octets: Option<&'static str>,
}

/// Parsed templates of a chart with a certain choice of subcharts.
#[derive(Clone)]
pub(crate) struct Program {
    templates: Templates,
    /// Names in the order in which they are run.
    order: Arc<Vec<String>>,
    /// What go-yaml would say of a template that is no UTF-8, which hands its bytes on.
    octets: Option<&'static str>,
}

/// What one run is given.
pub(crate) struct Rendering<'a> {
    pub release_name: &'a str,
    pub namespace: &'a str,
    pub is_upgrade: bool,
    pub helm: HelmVersion,
    pub kube: &'a KubeVersion,
    pub api_versions: &'a [String],
    pub run: Run<'a>,
}

/// Returns the templates of a chart and its subcharts that take part, in the order in which Helm parses them: deep
/// ones first, so that those of the parent win.
pub(crate) fn template_files<'c>(root: &Node<'c>) -> Vec<TemplateFile<'c>> {
    let mut files = Vec::new();
    collect(root, root.name.as_str(), &mut files);
    files.sort_by(|a, b| {
        let depth = |f: &TemplateFile<'_>| f.name.matches('/').count();
        depth(b).cmp(&depth(a)).then_with(|| b.name.cmp(&a.name))
    });
    files
}

fn collect<'c>(node: &Node<'c>, path: &str, files: &mut Vec<TemplateFile<'c>>) {
    for child in &node.children {
        collect(child, &format!("{path}/charts/{}", child.name), files);
    }
    for file in &node.chart.templates {
        // A library chart lends only its partials.
        if !node.chart.is_library() || is_partial(&file.name) {
            let text = file.text();
            let octets = if matches!(text, Cow::Owned(_)) { octets_fault(&file.data) } else { None };
            files.push(TemplateFile { name: format!("{path}/{}", file.name), text, octets });
        }
    }
}

fn is_partial(name: &str) -> bool {
    name.rsplit('/').next().is_some_and(|base| base.starts_with('_'))
}

/// Returns the function map, which is built once.
pub(crate) fn functions(helm: HelmVersion) -> Arc<Functions> {
    static V3: LazyLock<Arc<Functions>> = LazyLock::new(|| Arc::new(Functions::helm()));
    static V4: LazyLock<Arc<Functions>> = LazyLock::new(|| Arc::new(Functions::helm4()));
    Arc::clone(match helm {
        HelmVersion::V3 => &V3,
        HelmVersion::V4 => &V4,
    })
}

/// Makes `required` and `fail` let everything pass, as Helm's lint mode does.
pub(crate) fn lenient(functions: &Functions) -> Functions {
    let mut functions = functions.clone();
    functions.add_closure("required", &[&STRING, &ANY], |_, args| match args.get(1) {
        None | Some(Value::Nil | Value::Missing) => Ok(Value::from(String::new())),
        Some(value) => Ok(value.clone()),
    });
    functions.add_closure("fail", &[&STRING], |_, _| Ok(Value::from(String::new())));
    functions
}

impl Program {
    /// Parses templates.
    pub(crate) fn parse(root: &Node<'_>, functions: Arc<Functions>) -> Result<Self, Error> {
        let files = template_files(root);
        let mut templates = Templates::new(explain::TPL_NAME, functions, MissingKey::Zero);
        let texts: Vec<(&str, &str)> = files.iter().map(|f| (f.name.as_str(), f.text.as_ref())).collect();
        templates.parse_all(&texts).map_err(|(n, e)| Error::Template {
            message: parse_error(&files[n].name, &e.message),
            context: explain::trace(&e.trace, Some(root)),
        })?;
        let order = files.iter().map(|f| f.name.clone()).collect();
        Ok(Self { templates, order: Arc::new(order), octets: files.iter().find_map(|f| f.octets) })
    }

    /// Runs the templates that are no partials and returns their texts by name.
    pub(crate) fn run(
        &self,
        root: &Node<'_>,
        values: &Map,
        rendering: &Rendering<'_>,
    ) -> Result<Vec<RenderedFile>, Error> {
        let scopes = scopes(root, values, rendering);
        let mut rendered = Vec::with_capacity(self.order.len());
        for name in self.order.iter().filter(|n| !is_partial(n)) {
            let Some(data) = data_of(&scopes, name) else { continue };
            let written = self.templates.execute_to_bytes(name, data, rendering.run);
            let written = written.map_err(|e| Error::Template {
                message: exec_error(&e.message),
                context: explain::trace(&e.trace, Some(root)),
            })?;
            let octets = octets_fault(&written);
            let text = String::from_utf8(written).unwrap_or_else(|e| lossy_text(e.as_bytes()).into_owned());
            let octets = octets.or_else(|| self.octets.filter(|_| text.contains('\u{fffd}')));
            let text = if text.contains(NO_VALUE) { text.replace(NO_VALUE, "") } else { text };
            rendered.push(RenderedFile { name: name.clone(), text, octets });
        }
        Ok(rendered)
    }

    /// Runs the templates anew up to one of them and says which place in it wrote a byte of its text. Nothing where
    /// that cannot be told: the text came out differently, since it holds something random, or was changed afterwards.
    pub(crate) fn origin(
        &self,
        root: &Node<'_>,
        values: &Map,
        rendering: &Rendering<'_>,
        wanted: &Fault,
    ) -> Option<Call> {
        let scopes = scopes(root, values, rendering);
        for name in self.order.iter().filter(|n| !is_partial(n)) {
            let Some(data) = data_of(&scopes, name) else { continue };
            if *name == wanted.file {
                let traced = self.templates.trace(name, data, rendering.run).ok()??;
                return traced.origin(wanted.at).filter(|_| traced.text == wanted.text);
            }
            self.templates.execute(name, data, rendering.run).ok()?;
        }
        None
    }
}

/// What Helm takes out of what templates write.
const NO_VALUE: &str = "<no value>";

/// Makes what templates see of each chart, by the chart's path.
fn scopes(root: &Node<'_>, values: &Map, rendering: &Rendering<'_>) -> HashMap<String, Map> {
    let mut scopes = HashMap::new();
    let release = release(rendering);
    let capabilities = data::capabilities(rendering.kube, rendering.api_versions, rendering.helm);
    let values = values.retyped(&VALUES);
    let build = Scope { release, capabilities, scopes: &mut scopes };
    build.chart(root, root.name.as_str(), Value::Map(values), true);
    scopes
}

/// Returns what a template is run on.
fn data_of(scopes: &HashMap<String, Map>, name: &str) -> Option<Value> {
    let (scope, base) = chart_of(scopes, name)?;
    let template = Map::new();
    template.insert("Name", Value::from(name));
    template.insert("BasePath", Value::from(format!("{base}/templates")));
    scope.insert("Template", Value::Map(template.retyped(&VALUES)));
    Some(Value::Map(scope.retyped(&VALUES)))
}

/// Finds the scope of the chart that a template belongs to.
fn chart_of<'s>(scopes: &'s HashMap<String, Map>, name: &'s str) -> Option<(&'s Map, &'s str)> {
    // A chart's path ends where its `templates/` begins; subcharts lie in `charts/`, so the first one that is a chart
    // counts.
    name.match_indices("/templates/").find_map(|(at, _)| {
        let path = &name[..at];
        scopes.get(path).map(|scope| (scope, path))
    })
}

struct Scope<'a> {
    release: Value,
    capabilities: Value,
    scopes: &'a mut HashMap<String, Map>,
}

impl Scope<'_> {
    fn chart(self, node: &Node<'_>, path: &str, values: Value, is_root: bool) -> (Self, Value) {
        let scope = Map::new();
        let subcharts = Map::new();
        scope.insert("Chart", data::chart(node, is_root));
        scope.insert("Files", Value::object(Files::new(&node.chart.files)));
        scope.insert("Release", self.release.clone());
        scope.insert("Capabilities", self.capabilities.clone());
        scope.insert("Values", values.clone());
        scope.insert("Subcharts", Value::Map(subcharts.clone()));
        let mut this = self;
        for child in &node.children {
            let own = match &values {
                Value::Map(map) => table(map, &child.name),
                _ => None,
            };
            let own = Value::Map(own.unwrap_or_default().retyped(&VALUES));
            let (back, inner) = this.chart(child, &format!("{path}/charts/{}", child.name), own, false);
            this = back;
            subcharts.insert(child.name.clone(), inner);
        }
        this.scopes.insert(path.to_owned(), scope.clone());
        (this, Value::Map(scope))
    }
}

fn release(rendering: &Rendering<'_>) -> Value {
    let map = Map::new();
    map.insert("Name", Value::from(rendering.release_name.to_owned()));
    map.insert("Namespace", Value::from(rendering.namespace.to_owned()));
    map.insert("IsUpgrade", Value::Bool(rendering.is_upgrade));
    map.insert("IsInstall", Value::Bool(!rendering.is_upgrade));
    map.insert("Revision", Value::int(1));
    map.insert("Service", Value::from("Helm".to_owned()));
    Value::Map(map)
}

/// As Helm's `cleanupParseError`: the place, and the end of the chain.
fn parse_error(file: &str, message: &str) -> String {
    let mut parts = message.split(": ");
    match (parts.next(), parts.next(), message.rsplit(": ").next()) {
        (Some(_), Some(place), Some(last)) => format!("parse error at ({place}): {last}"),
        _ => format!("parse error in ({file}): {message}"),
    }
}

/// As Helm's `cleanupExecError`: what `fail` and `required` say stands alone, with its place.
fn exec_error(message: &str) -> String {
    const START: &str = "HELM_ERR_START";
    const END: &str = "HELM_ERR_END";
    let warning = message
        .find(START)
        .and_then(|from| message.rfind(END).and_then(|to| message.get(from + START.len()..to)));
    match (warning, message.split(": ").nth(1)) {
        (Some(warning), Some(place)) => format!("execution error at ({place}): {warning}"),
        _ => message.to_owned(),
    }
}
