//! The objects that templates see beside `.Values`.

use crate::capabilities::{DEFAULT_API_VERSIONS, HELM_GO_VERSION, HelmVersion, KubeVersion};
use crate::metadata::{Dependency, Maintainer};
use crate::tree::Node;
use fairway_template::functions::Signature;
use fairway_template::value::{GoType, STRING, STRING_MAP, TypeInfo};
use fairway_template::{CallError, Context, List, Map, Object, Struct, Value};
use fairway_value::Value as Data;

static METADATA: TypeInfo = TypeInfo::structure("struct { chart.Metadata; IsRoot bool }");
static CHART_METADATA: TypeInfo = TypeInfo::structure("chart.Metadata");
static MAINTAINER: TypeInfo = TypeInfo::structure("chart.Maintainer");
static MAINTAINER_POINTER: TypeInfo = TypeInfo::pointer("*chart.Maintainer", &MAINTAINER);
static DEPENDENCY: TypeInfo = TypeInfo::structure("chart.Dependency");
static DEPENDENCY_POINTER: TypeInfo = TypeInfo::pointer("*chart.Dependency", &DEPENDENCY);
static CAPABILITIES: TypeInfo = TypeInfo::structure("chartutil.Capabilities");
static CAPABILITIES_POINTER: TypeInfo = TypeInfo::pointer("*chartutil.Capabilities", &CAPABILITIES);
static KUBE_VERSION: TypeInfo = TypeInfo::structure("chartutil.KubeVersion");
static BUILD_INFO: TypeInfo = TypeInfo::structure("version.BuildInfo");
static VERSION_SET: TypeInfo = TypeInfo::named_slice("chartutil.VersionSet", &STRING);

/// `.Chart`: the fields of `Chart.yaml` under their Go names.
pub(super) fn chart(node: &Node<'_>, is_root: bool) -> Value {
    let m = &node.chart.metadata;
    let strings = |list: &[String]| match list {
        [] => Value::List(List::nil(&fairway_template::value::STRING_SLICE)),
        list => Value::List(List::from(list.to_vec())),
    };
    let annotations = match m.annotations.as_slice() {
        [] => Value::Map(Map::nil(&STRING_MAP)),
        list => Value::Map(Map::of_strings(list.iter().map(|(k, v)| (k.as_str().into(), text(v))))),
    };
    let objects = |list: Vec<Value>| match list.is_empty() {
        true => Value::List(List::nil(&fairway_template::value::ANY_SLICE)),
        false => Value::List(List::from(list)),
    };
    let maintainers = objects(m.maintainers.iter().map(maintainer).collect());
    let dependencies = objects(node.dependencies.iter().flatten().map(dependency).collect());
    let metadata = Struct::new(&CHART_METADATA)
        .json_field("Name", "name", true, text(&node.name))
        .json_field("Home", "home", true, text(&m.home))
        .json_field("Sources", "sources", true, strings(&m.sources))
        .json_field("Version", "version", true, text(&m.version))
        .json_field("Description", "description", true, text(&m.description))
        .json_field("Keywords", "keywords", true, strings(&m.keywords))
        .json_field("Maintainers", "maintainers", true, maintainers)
        .json_field("Icon", "icon", true, text(&m.icon))
        .json_field("APIVersion", "apiVersion", true, text(&m.api_version))
        .json_field("Condition", "condition", true, text(&m.condition))
        .json_field("Tags", "tags", true, text(&m.tags))
        .json_field("AppVersion", "appVersion", true, text(&m.app_version))
        .json_field("Deprecated", "deprecated", true, Value::Bool(m.deprecated))
        .json_field("Annotations", "annotations", true, annotations)
        .json_field("KubeVersion", "kubeVersion", true, text(&m.kube_version))
        .json_field("Dependencies", "dependencies", true, dependencies)
        .json_field("Type", "type", true, text(&m.chart_type));
    Value::object(Struct::new(&METADATA).embed("Metadata", metadata).field("IsRoot", Value::Bool(is_root)))
}

fn text(s: &str) -> Value {
    Value::Str(s.into())
}

fn maintainer(m: &Maintainer) -> Value {
    Value::object(
        Struct::new(&MAINTAINER_POINTER)
            .json_field("Name", "name", true, text(&m.name))
            .json_field("Email", "email", true, text(&m.email))
            .json_field("URL", "url", true, text(&m.url)),
    )
}

fn dependency(d: &Dependency) -> Value {
    let tags = Value::List(List::from(d.tags.clone()));
    let imports = Value::List(List::from(d.import_values.iter().map(Value::from_json).collect::<Vec<_>>()));
    Value::object(
        Struct::new(&DEPENDENCY_POINTER)
            .json_field("Name", "name", false, text(&d.name))
            .json_field("Version", "version", true, text(&d.version))
            .json_field("Repository", "repository", false, text(&d.repository))
            .json_field("Condition", "condition", true, text(&d.condition))
            .json_field("Tags", "tags", true, tags)
            .json_field("Enabled", "enabled", true, Value::Bool(d.enabled))
            .json_field("ImportValues", "import-values", true, imports)
            .json_field("Alias", "alias", true, text(&d.alias)),
    )
}

/// `.Capabilities`.
pub(super) fn capabilities(kube: &KubeVersion, added: &[String], helm: HelmVersion) -> Value {
    let versions = Value::object(VersionSet(added.to_vec()));
    let mut build = Struct::new(&BUILD_INFO)
        .json_field("Version", "version", true, text(helm.own()))
        .json_field("GitCommit", "git_commit", true, text(""))
        .json_field("GitTreeState", "git_tree_state", true, text(""))
        .json_field("GoVersion", "go_version", true, text(HELM_GO_VERSION));
    if helm == HelmVersion::V4 {
        let client = helm.default_kube_version().trim_end_matches(".0");
        build = build.json_field("KubeClientVersion", "kube_client_version", false, text(client));
    }
    let build = Value::object(build);
    Value::object(
        Struct::new(&CAPABILITIES_POINTER)
            .field("KubeVersion", Value::object(Kube(kube.clone())))
            .field("APIVersions", versions)
            .field("HelmVersion", build),
    )
}

/// `.Capabilities.KubeVersion`: prints as its version.
struct Kube(KubeVersion);

impl Object for Kube {
    fn go_type(&self) -> GoType {
        &KUBE_VERSION
    }

    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "Version" => Some(text(&self.0.version)),
            "Major" => Some(text(&self.0.major)),
            "Minor" => Some(text(&self.0.minor)),
            _ => None,
        }
    }

    fn method(&self, name: &str) -> Option<Signature> {
        matches!(name, "String" | "GitVersion").then(|| Signature::new(&[], false))
    }

    fn call(&self, name: &str, _args: &[Value], _ctx: &mut Context<'_>) -> Result<Value, CallError> {
        Ok(text(if name == "String" { &self.0.numbers } else { &self.0.version }))
    }

    fn printed(&self) -> Option<String> {
        Some(self.0.numbers.clone())
    }

    fn format(&self) -> String {
        format!("{{{} {} {}}}", self.0.version, self.0.major, self.0.minor)
    }

    fn json_fields(&self) -> Option<Vec<(fairway_value::Str, Value)>> {
        let fields = [("Version", &self.0.version), ("Major", &self.0.major), ("Minor", &self.0.minor)];
        Some(fields.into_iter().map(|(name, value)| (name.into(), text(value))).collect())
    }

    fn to_json(&self) -> Data {
        [("Version", &self.0.version), ("Major", &self.0.major), ("Minor", &self.0.minor)]
            .into_iter()
            .map(|(k, v)| (k, Data::from(v.as_str())))
            .collect()
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

/// `.Capabilities.APIVersions`: a list of strings with a method `Has`.
/// Holds those beside the default ones.
struct VersionSet(Vec<String>);

impl VersionSet {
    fn all(&self) -> impl Iterator<Item = &str> {
        DEFAULT_API_VERSIONS.iter().copied().chain(self.0.iter().map(String::as_str))
    }
}

impl Object for VersionSet {
    fn go_type(&self) -> GoType {
        &VERSION_SET
    }

    fn method(&self, name: &str) -> Option<Signature> {
        (name == "Has").then(|| Signature::new(&[&STRING], false))
    }

    fn call(&self, _name: &str, args: &[Value], _ctx: &mut Context<'_>) -> Result<Value, CallError> {
        let wanted = match args.first() {
            Some(Value::Str(s)) => s.as_str(),
            _ => "",
        };
        Ok(Value::Bool(self.all().any(|v| v == wanted)))
    }

    fn format(&self) -> String {
        format!("[{}]", self.all().collect::<Vec<_>>().join(" "))
    }

    fn to_json(&self) -> Data {
        self.all().map(Data::from).collect()
    }

    fn entries(&self) -> Option<Vec<(Value, Value)>> {
        let index = |n: usize| Value::int(i64::try_from(n).unwrap_or(i64::MAX));
        Some(self.all().enumerate().map(|(n, v)| (index(n), text(v))).collect())
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}
