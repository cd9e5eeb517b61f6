//! Sprig and the functions that Helm adds, called as Helm's engine calls them.

use super::{Report, gotemplate, jsonl};
use fairway_template::value::{ANY, ANY_MAP, TypeInfo};
use fairway_template::{
    FixedClock, Functions, Limits, Map, MissingKey, Ports, Run, SeededRandom, Struct, Templates, Value,
};
use serde_json::Value as Json;
use std::path::Path;
use std::sync::Arc;

static VALUES: TypeInfo = TypeInfo::named_map("chartutil.Values", &ANY);
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

fn map(entries: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    entries.into_iter().map(|(k, v)| (k.into(), v)).collect::<Map>().into()
}

fn render(case: &Json, functions: &Arc<Functions>) -> Result<String, String> {
    const NAME: &str = "c/templates/t";
    let data: fairway_value::Value =
        serde_json::from_value(case["data"].clone()).map_err(|e| format!("case data: {e}"))?;
    let values = match Value::from_json(&data) {
        Value::Map(m) => Value::Map(m.retyped(&VALUES)),
        other => other,
    };
    let release = map([
        ("Name", "rel".into()),
        ("Namespace", "ns".into()),
        ("IsInstall", true.into()),
        ("IsUpgrade", false.into()),
        ("Revision", Value::int(1)),
        ("Service", "Helm".into()),
    ]);
    let version = map([("Version", "v1.31.0".into()), ("Major", "1".into()), ("Minor", "31".into())]);
    let top = map([
        ("Values", values),
        ("Release", release),
        ("Chart", Value::object(Struct::new(&CHART).field("Name", "c").field("Version", "0.1.0"))),
        ("Capabilities", map([("KubeVersion", version)])),
        ("Template", map([("Name", NAME.into()), ("BasePath", "c/templates".into())])),
        ("Subcharts", Value::Map(Map::from_entries(&ANY_MAP, Default::default()))),
    ]);
    let mut templates = Templates::new("gotpl", Arc::clone(functions), MissingKey::Zero);
    templates.parse(NAME, case["template"].as_str().unwrap_or_default()).map_err(|e| e.message)?;
    let (clock, random, limits) =
        (FixedClock(1_767_225_600_000_000_000), SeededRandom::new(1), Limits::default());
    let run = Run { ports: Ports { clock: &clock, random: &random }, limits: &limits };
    let top = match top {
        Value::Map(m) => Value::Map(m.retyped(&VALUES)),
        other => other,
    };
    templates.execute(NAME, top, run).map(|text| text.replace("<no value>", "")).map_err(|e| e.message)
}
