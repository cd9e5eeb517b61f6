//! Trees built by `kustomize build`: `kustomize/CASE/case.json` with `input/` and `expected.yaml` or an error.

use super::Report;
use fairway_core::{FileTree, MemoryTree};
use fairway_helm::{Chart, CompiledChart, Error, Options, Show, ValueSources, ValuesFile};
use fairway_kustomize::{BuildOptions, ChartInflator, ChartRequest, LoadRestrictor, Reorder, build};
use fairway_template::{FixedClock, Ports, SeededRandom};
use fairway_value::Value;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Deserialize, Default)]
#[serde(default)]
struct Case {
    path: String,
    flags: Vec<String>,
    expect: String,
}

pub fn run(dir: &Path) -> Report {
    let mut report = Report::default();
    let mut equal = 0;
    let folders = std::fs::read_dir(dir.join("kustomize")).into_iter().flatten().flatten().map(|e| e.path());
    let mut folders: Vec<PathBuf> = folders.filter(|p| p.join("case.json").is_file()).collect();
    folders.sort();
    for folder in folders {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let outcome = run_case(&folder).map(|bytes| {
            equal += usize::from(bytes == Some(true));
            if bytes == Some(false) && std::env::var_os("FAIRWAY_BYTES").is_some() {
                report.notes.push((format!("bytes differ: {name}"), 1));
            }
        });
        report.case(name, outcome.map_err(|why| why.lines().collect::<Vec<_>>().join(" | ")));
    }
    report.notes.push(("byte-equal".to_owned(), equal));
    report
}

/// Runs one case; says whether the stream is equal byte for byte, where there is one.
fn run_case(folder: &Path) -> Result<Option<bool>, String> {
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).map_err(|e| format!("{name}: {e}"));
    let case: Case = serde_json::from_str(&read("case.json")?).map_err(|e| e.to_string())?;
    let mut tree = MemoryTree::default();
    add_files(&folder.join("input"), "", &mut tree)?;
    let mut options = BuildOptions { charts: Some(&Charts), ..BuildOptions::default() };
    let mut flags = case.flags.iter().map(String::as_str);
    while let Some(flag) = flags.next() {
        match (flag, if flag == "--enable-helm" { None } else { flags.next() }) {
            ("--enable-helm", _) => options.enable_helm = true,
            ("--reorder", Some("none")) => options.reorder = Reorder::None,
            ("--load-restrictor", Some("LoadRestrictionsNone")) => {
                options.load_restrictor = LoadRestrictor::None
            }
            (other, _) => return Err(format!("unsupported flag {other}")),
        }
    }
    let built = build(&tree, case.path.trim_start_matches("./"), &options);
    if case.expect == "error" {
        return match built {
            Err(_) => Ok(None),
            Ok(_) => Err(format!("expected an error: {}", read("error.txt")?.trim())),
        };
    }
    let built = built.map_err(|e| format!("failed: {e}"))?;
    let expected = read("expected.yaml")?;
    let documents = fairway_yaml::parse_documents(&expected).map_err(|e| e.to_string())?;
    let expected_objects: Vec<&Value> = documents.iter().map(|d| &d.value).collect();
    let found: Vec<&Value> = built.objects.iter().map(|d| d.object.value()).collect();
    compare(&expected_objects, &found)?;
    Ok(Some(built.yaml() == expected))
}

fn compare(expected: &[&Value], found: &[&Value]) -> Result<(), String> {
    for (n, (e, f)) in expected.iter().zip(found).enumerate() {
        if e != f {
            let (at, e, f) = first_difference(e, f, String::new());
            return Err(format!("document {n} at {at}: expected {e}, found {f}"));
        }
    }
    if expected.len() == found.len() {
        return Ok(());
    }
    Err(format!("expected {} documents, found {}", expected.len(), found.len()))
}

fn first_difference(expected: &Value, found: &Value, at: String) -> (String, String, String) {
    match (expected, found) {
        (Value::Object(e), Value::Object(f)) => {
            for key in e.keys().chain(f.keys()) {
                let (a, b) = (e.get(key), f.get(key));
                if a != b {
                    let nothing = Value::from("(nothing)");
                    return first_difference(
                        a.unwrap_or(&nothing),
                        b.unwrap_or(&nothing),
                        format!("{at}/{key}"),
                    );
                }
            }
        }
        (Value::Array(e), Value::Array(f)) if e.len() == f.len() => {
            for (n, (a, b)) in e.iter().zip(f.iter()).enumerate() {
                if a != b {
                    return first_difference(a, b, format!("{at}/{n}"));
                }
            }
        }
        _ => {}
    }
    let cut = |v: &Value| v.to_string().chars().take(400).collect();
    (at, cut(expected), cut(found))
}

fn add_files(dir: &Path, prefix: &str, tree: &mut MemoryTree) -> Result<(), String> {
    let entries = std::fs::read_dir(dir).map_err(|e| e.to_string())?;
    for entry in entries.flatten() {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let path = entry.path();
        if path.is_dir() {
            add_files(&path, &format!("{name}/"), tree)?;
        } else {
            let bytes = std::fs::read(&path).map_err(|e| e.to_string())?;
            tree.insert(&name, bytes).map_err(|e| e.to_string())?;
        }
    }
    Ok(())
}

/// Charts through our own Helm engine.
struct Charts;

/// 2026-01-01T00:00:00Z.
const NOW_NANOS: i128 = 1_767_225_600_000_000_000;

impl ChartInflator for Charts {
    fn inflate(&self, tree: &dyn FileTree, request: &ChartRequest) -> Result<String, String> {
        let dir = request.chart_dir.as_deref().ok_or("charts of repositories need the network")?;
        let chart = Chart::load(tree, dir).map_err(|e| e.to_string())?;
        let files = request
            .values
            .iter()
            .map(|text| ValuesFile { name: "values.yaml".to_owned(), text: text.clone() });
        let values = ValueSources { files: files.collect(), ..ValueSources::default() };
        let no_files = |path: &str| Err(Error::Values(format!("{path}: no file")));
        if request.name_template.contains("{{") {
            return Err("unsupported: a nameTemplate with actions".to_owned());
        }
        let name =
            if request.name_template.is_empty() { &request.release_name } else { &request.name_template };
        let options = Options {
            release_name: name.clone(),
            namespace: if request.namespace.is_empty() {
                "default".to_owned()
            } else {
                request.namespace.clone()
            },
            values: values.merge(&no_files).map_err(|e| e.to_string())?,
            kube_version: (!request.kube_version.is_empty()).then(|| request.kube_version.clone()),
            api_versions: request.api_versions.clone(),
            ..Options::default()
        };
        let random = SeededRandom::new(7);
        let ports = Ports { clock: &FixedClock(NOW_NANOS), random: &random };
        let show = Show {
            include_crds: request.include_crds,
            skip_tests: request.skip_tests,
            no_hooks: request.skip_hooks,
            only: Vec::new(),
        };
        let release = CompiledChart::new(Arc::new(chart)).render(&options, ports);
        release.and_then(|r| r.stream(&show)).map_err(|e| e.to_string())
    }
}
