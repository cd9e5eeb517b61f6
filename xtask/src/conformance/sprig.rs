//! Sprig and the functions that Helm adds, called as Helm's engine calls them.

use super::{Report, gotemplate, jsonl};
use fairway_template::value::{GoType, STRING, TypeInfo};
use fairway_template::{
    CallError, Context, FixedClock, Functions, Limits, Map, MissingKey, Object, Ports, Run, SeededRandom,
    Signature, Struct, Templates, Value,
};
use serde_json::Value as Json;
use std::path::Path;
use std::sync::Arc;

/// When the corpus was recorded, 2026-11-21: functions that take a wrong argument for the present time show it.
const RECORDED: i128 = 1_795_262_400_000_000_000;
static API_VERSIONS: TypeInfo = TypeInfo::named_slice("chartutil.VersionSet", &STRING);
static KUBE_VERSION: TypeInfo = TypeInfo::structure("chartutil.KubeVersion");
static CHART: TypeInfo = TypeInfo::structure("engine.chartMetadata");

pub fn run(dir: &Path) -> Report {
    let functions = Arc::new(Functions::helm());
    let exact = std::cell::Cell::new(0);
    let mut report = jsonl::run(&dir.join("sprig"), |case| {
        let outcome = render(case, &functions);
        if let (Err(e), Some(message)) = (&outcome, case["message"].as_str())
            && e == message
        {
            exact.set(exact.get() + 1);
        }
        match (&outcome, case["pattern"].as_str()) {
            (Ok(got), Some(pattern)) => {
                let found = regex::Regex::new(pattern).map_err(|e| e.to_string())?.is_match(got);
                if found { Ok(()) } else { Err(format!("got {got:?}, want a match of {pattern}")) }
            }
            (Err(e), Some(_)) => Err(format!("got the error {e}")),
            (_, None) => gotemplate::compare(case, outcome),
        }
    });
    report.notes.push(("error messages in Helm's exact words".to_owned(), exact.get()));
    report
}

const VERSION: &str = "v1.31.0";

/// `.Capabilities.APIVersions` with the versions that Helm knows without a cluster.
struct ApiVersions;

impl Object for ApiVersions {
    fn go_type(&self) -> GoType {
        &API_VERSIONS
    }
    fn method(&self, name: &str) -> Option<Signature> {
        (name == "Has").then(|| Signature::new(&[&STRING], false))
    }
    fn call(&self, _: &str, args: &[Value], _: &mut Context<'_>) -> Result<Value, CallError> {
        Ok(args[0].as_str().is_some_and(|v| fairway_helm::DEFAULT_API_VERSIONS.contains(&v.as_ref())).into())
    }
    fn entries(&self) -> Option<Vec<(Value, Value)>> {
        Some(vec![(Value::int(0), "v1".into())])
    }
    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

/// `.Capabilities.KubeVersion`, which prints as its version.
struct KubeVersion(Struct);

impl Object for KubeVersion {
    fn go_type(&self) -> GoType {
        &KUBE_VERSION
    }
    fn field(&self, name: &str) -> Option<Value> {
        Object::field(&self.0, name)
    }
    fn text(&self) -> Option<String> {
        Some(VERSION.to_owned())
    }
    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

fn map(entries: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    entries.into_iter().map(|(k, v)| (k.into(), v)).collect::<Map>().into()
}

fn render(case: &Json, functions: &Arc<Functions>) -> Result<String, String> {
    const NAME: &str = "c/templates/t";
    let data: fairway_value::Value =
        serde_json::from_value(case["data"].clone()).map_err(|e| format!("case data: {e}"))?;
    let values = Value::from_json(&data);
    let release = map([
        ("Name", "rel".into()),
        ("Namespace", "ns".into()),
        ("IsInstall", true.into()),
        ("IsUpgrade", false.into()),
        ("Revision", Value::int(1)),
        ("Service", "Helm".into()),
    ]);
    let version =
        Struct::new(&KUBE_VERSION).field("Version", VERSION).field("Major", "1").field("Minor", "31");
    let capabilities = map([
        ("KubeVersion", Value::object(KubeVersion(version))),
        ("APIVersions", Value::object(ApiVersions)),
    ]);
    let top = map([
        ("Values", values),
        ("Release", release),
        ("Chart", Value::object(Struct::new(&CHART).field("Name", "c").field("Version", "0.1.0"))),
        ("Capabilities", capabilities),
        ("Template", map([("Name", NAME.into()), ("BasePath", "c/templates".into())])),
        ("Subcharts", Value::Map(Map::new())),
    ]);
    let mut templates = Templates::new("gotpl", Arc::clone(functions), MissingKey::Zero);
    templates.parse(NAME, case["template"].as_str().unwrap_or_default()).map_err(|e| e.message)?;
    let (clock, random, limits) = (FixedClock(RECORDED), SeededRandom::new(1), Limits::default());
    let run =
        Run { ports: Ports { clock: &clock, random: &random }, limits: &limits, lookup: None, sums: None };
    templates.execute(NAME, top, run).map(|text| text.replace("<no value>", "")).map_err(|e| e.message)
}
