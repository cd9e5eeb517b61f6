//! Charts rendered by Helm: `helm/CHART/CASE/case.json` with `expected.yaml` or an error.

use super::Report;
use fairway_core::MemoryTree;
use fairway_helm::{Chart, CompiledChart, Error, File, Options, Show, ValueSources, ValuesFile};
use fairway_template::{FixedClock, Ports, SeededRandom};
use fairway_value::Value;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// 2026-01-01T00:00:00Z: any time does, since what depends on it is listed as random.
const NOW_NANOS: i128 = 1_767_225_600_000_000_000;

#[derive(Deserialize, Default)]
#[serde(default)]
struct Case {
    chart: String,
    release: String,
    namespace: String,
    values: Vec<String>,
    set: Vec<String>,
    set_string: Vec<String>,
    set_json: Vec<String>,
    set_literal: Vec<String>,
    kube_version: String,
    api_versions: Vec<String>,
    include_crds: bool,
    skip_tests: bool,
    no_hooks: bool,
    is_upgrade: bool,
    show_only: Vec<String>,
    skip_schema_validation: bool,
    expect: String,
    nondeterministic: Vec<Random>,
}

/// A place whose value is random.
#[derive(Deserialize)]
struct Random {
    doc: i64,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    path: String,
}

pub fn run(dir: &Path) -> Report {
    let mut report = Report::default();
    let (mut equal, mut comparable) = (0, 0);
    for path in cases(&dir.join("helm")) {
        let name = path.strip_prefix(dir.join("helm")).unwrap_or(&path).display().to_string();
        let outcome = match run_case(&path) {
            Ok(bytes) => {
                comparable += usize::from(bytes.is_some());
                equal += usize::from(bytes == Some(true));
                if bytes == Some(false) && std::env::var_os("FAIRWAY_BYTES").is_some() {
                    report.notes.push((format!("bytes differ: {name}"), 1));
                }
                Ok(())
            }
            Err(why) => Err(why.lines().collect::<Vec<_>>().join(" | ")),
        };
        report.case(name, outcome);
    }
    report.notes.push(("byte-equal".to_owned(), equal));
    report.notes.push(("of streams without random values".to_owned(), comparable));
    report
}

fn cases(dir: &Path) -> Vec<PathBuf> {
    let folders = |dir: &Path| -> Vec<PathBuf> {
        std::fs::read_dir(dir).into_iter().flatten().flatten().map(|e| e.path()).collect()
    };
    let mut found: Vec<PathBuf> =
        folders(dir).iter().flat_map(|c| folders(c)).filter(|c| c.join("case.json").is_file()).collect();
    found.sort();
    found
}

/// Runs a case; says whether the bytes agree where they can.
fn run_case(dir: &Path) -> Result<Option<bool>, String> {
    let text = std::fs::read_to_string(dir.join("case.json")).map_err(|e| e.to_string())?;
    let case: Case = serde_json::from_str(&text).map_err(|e| e.to_string())?;
    let rendered = render(dir, &case);
    if case.expect == "error" {
        return match rendered {
            Ok(_) => Err("rendered, where Helm fails".to_owned()),
            Err(_) => Ok(None),
        };
    }
    let ours = rendered.map_err(|e| chain(&e))?;
    let theirs = std::fs::read_to_string(dir.join("expected.yaml")).map_err(|e| e.to_string())?;
    let (mut a, mut b) = (documents(&ours)?, documents(&theirs)?);
    for list in [&mut a, &mut b] {
        mask(list, &case.nondeterministic);
    }
    compare(&a, &b)?;
    Ok(case.nondeterministic.is_empty().then_some(ours == theirs))
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(&format!(": {inner}"));
        source = inner.source();
    }
    text
}

fn render(dir: &Path, case: &Case) -> Result<String, Error> {
    let tree = read_tree(&dir.join(&case.chart)).map_err(Error::Chart)?;
    let files = case.values.iter().map(|name| {
        let text =
            std::fs::read_to_string(dir.join(name)).map_err(|e| Error::Values(format!("{name}: {e}")))?;
        Ok(ValuesFile { name: name.clone(), text })
    });
    let sources = ValueSources {
        files: files.collect::<Result<_, Error>>()?,
        set: case.set.clone(),
        set_string: case.set_string.clone(),
        set_json: case.set_json.clone(),
        set_literal: case.set_literal.clone(),
        ..ValueSources::default()
    };
    let values = sources.merge(&|path| Err(Error::Values(format!("{path}: no file"))))?;
    let mut chart = Chart::load(&tree, "")?;
    add_vendored(&mut chart, dir)?;
    let chart = CompiledChart::new(Arc::new(chart));
    let options = Options {
        release_name: case.release.clone(),
        namespace: case.namespace.clone(),
        values,
        kube_version: (!case.kube_version.is_empty()).then(|| case.kube_version.clone()),
        api_versions: case.api_versions.clone(),
        is_upgrade: case.is_upgrade,
        skip_schema_validation: case.skip_schema_validation,
        ..Options::default()
    };
    let random = SeededRandom::new(7);
    let ports = Ports { clock: &FixedClock(NOW_NANOS), random: &random };
    let show = Show {
        include_crds: case.include_crds,
        no_hooks: case.no_hooks,
        skip_tests: case.skip_tests,
        only: case.show_only.clone(),
    };
    chart.render(&options, ports)?.stream(&show)
}

/// Adds the subcharts that the corpus holds as charts of their own: one chart's `charts/` was left out of it by the
/// chart's own `.gitignore`.
fn add_vendored(chart: &mut Chart, case: &Path) -> Result<(), Error> {
    let Some(corpus) = case.parent().and_then(Path::parent) else { return Ok(()) };
    for dependency in chart.metadata.dependencies.clone().unwrap_or_default() {
        let dir = corpus.join(&dependency.name).join("chart");
        let is_there = chart.dependencies.iter().any(|c| c.name() == dependency.name);
        if !is_there && dir.join("Chart.yaml").is_file() {
            // The `.helmignore` of a subchart has no say.
            let tree = read_tree(&dir).map_err(Error::Chart)?;
            let files = tree.iter().filter(|(path, _)| *path != ".helmignore");
            let found = Chart::from_files(files.map(|(path, data)| File::new(path, data)).collect())?;
            if found.metadata.version == dependency.version {
                chart.dependencies.push(found);
            }
        }
    }
    Ok(())
}

fn read_tree(root: &Path) -> Result<MemoryTree, String> {
    let mut tree = MemoryTree::default();
    let mut open = vec![root.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir).map_err(|e| format!("{}: {e}", dir.display()))? {
            let path = entry.map_err(|e| e.to_string())?.path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
            let name = path.strip_prefix(root).map_err(|e| e.to_string())?.to_string_lossy().into_owned();
            tree.insert(&name, bytes).map_err(|e| e.to_string())?;
        }
    }
    Ok(tree)
}

fn documents(text: &str) -> Result<Vec<Value>, String> {
    let documents = fairway_yaml::parse_documents(text).map_err(|e| e.to_string())?;
    Ok(documents.into_iter().map(|d| d.value).collect())
}

/// Blanks what is random.
fn mask(documents: &mut [Value], places: &[Random]) {
    for place in places {
        let path: Vec<String> =
            place.path.split('/').skip(1).map(|t| t.replace("~1", "/").replace("~0", "~")).collect();
        if place.path == "/metadata/name" {
            // With random names the order of a kind's documents can change.
            let mut of_kind: Vec<usize> =
                (0..documents.len()).filter(|n| kind(&documents[*n]) == place.kind).collect();
            let mut values: Vec<Value> = of_kind.iter().map(|n| documents[*n].clone()).collect();
            for value in &mut values {
                blank(value, &path);
            }
            values.sort_by_key(ToString::to_string);
            for (at, value) in of_kind.drain(..).zip(values) {
                documents[at] = value;
            }
        } else if place.doc < 0 {
            for document in documents.iter_mut().filter(|d| kind(d) == place.kind) {
                blank(document, &path);
            }
        } else if let Some(document) = usize::try_from(place.doc).ok().and_then(|n| documents.get_mut(n)) {
            blank(document, &path);
        }
    }
}

fn kind(document: &Value) -> &str {
    document.get("kind").and_then(Value::as_str).unwrap_or_default()
}

fn blank(value: &mut Value, path: &[String]) {
    let Some((key, rest)) = path.split_first() else {
        *value = Value::from("(random)");
        return;
    };
    let next = match value {
        Value::Object(map) => map.get_mut(key),
        Value::Array(list) => key.parse::<usize>().ok().and_then(|n| list.make_mut().get_mut(n)),
        _ => None,
    };
    if let Some(next) = next {
        blank(next, rest);
    }
}

fn compare(ours: &[Value], theirs: &[Value]) -> Result<(), String> {
    for (n, (a, b)) in ours.iter().zip(theirs).enumerate() {
        if let Some(fault) = difference(a, b, &mut String::new()) {
            let name = b.get_path(&["metadata", "name"]).map(ToString::to_string).unwrap_or_default();
            return Err(format!("document {n} ({} {name}) {fault}", kind(b)));
        }
    }
    if ours.len() == theirs.len() {
        Ok(())
    } else {
        Err(format!("{} documents, not {}", ours.len(), theirs.len()))
    }
}

/// The first place where two trees differ.
fn difference(a: &Value, b: &Value, path: &mut String) -> Option<String> {
    let short = |v: &Value| v.to_string().chars().take(120).collect::<String>();
    let mut inside = |key: &str, a: Option<&Value>, b: Option<&Value>| {
        let length = path.len();
        path.push('/');
        path.push_str(key);
        let fault = match (a, b) {
            (Some(a), Some(b)) => difference(a, b, path),
            (Some(a), None) => Some(format!("{path}: {}, not there in Helm's", short(a))),
            (None, Some(b)) => Some(format!("{path}: missing, {} in Helm's", short(b))),
            (None, None) => None,
        };
        path.truncate(length);
        fault
    };
    match (a, b) {
        (Value::Object(x), Value::Object(y)) => x
            .keys()
            .find_map(|k| inside(k, x.get(k), y.get(k)))
            .or_else(|| y.keys().filter(|k| !x.contains_key(k)).find_map(|k| inside(k, None, y.get(k)))),
        (Value::Array(x), Value::Array(y)) => {
            (0..x.len().max(y.len())).find_map(|n| inside(&n.to_string(), x.get(n), y.get(n)))
        }
        _ if a == b => None,
        _ => Some(format!("{path}: {}, {} in Helm's", short(a), short(b))),
    }
}
