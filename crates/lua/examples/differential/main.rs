//! Runs the health scripts of an Argo CD checkout against the built-in checks, on its test inputs and on mutations of them.
//!
//! ```text
//! cargo run --release -p fairway-lua --example differential -- CHECKOUT/resource_customizations [KIND]
//!     [--random N]      so many objects with several changes, for each input
//!     [--native]        CHECKOUT/gitops-engine/pkg/health in place of scripts: only with --cases or --answers
//!     [--seed N]        other random changes
//!     [--show N]        so many examples of each kind
//!     [--cases FILE]    writes the cases, one JSON object a line (`script`, `class`, `what`, `object`), and stops
//!     [--answers FILE]  reads what a program of one's own answered, line by line in the order of the cases, in place of
//!                       running the scripts: `{"status", "message"}`, `{"none": true}` or `{"error"}`
//! ```
//!
//! Agreement is counted apart for what a cluster may show, for fields that the script reads and the input lacks, and for values
//! of a type that a field never has. Where the script fails, Argo CD shows `Unknown`: any words agree then.

mod mutate;
mod vocabulary;

use fairway_core::{GroupKind, HealthStatus, Object};
use fairway_value::Value;
use mutate::{Class, mutations};
use std::collections::BTreeMap;
use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use vocabulary::Vocabulary;

const CLASSES: [Class; 3] = [Class::Realistic, Class::Added, Class::Confused];

#[derive(Default)]
struct Args {
    root: PathBuf,
    only: Option<String>,
    native: bool,
    random: usize,
    seed: u64,
    show: usize,
    cases: Option<String>,
    answers: Option<String>,
}

fn args() -> Args {
    let mut out = Args { random: 20, show: 3, ..Args::default() };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut number = || args.next().and_then(|n| n.parse().ok()).unwrap_or_default();
        match arg.as_str() {
            "--native" => out.native = true,
            "--random" => out.random = number(),
            "--seed" => out.seed = number() as u64,
            "--show" => out.show = number(),
            "--cases" => out.cases = args.next(),
            "--answers" => out.answers = args.next(),
            _ if out.root.as_os_str().is_empty() => out.root = PathBuf::from(arg),
            _ => out.only = Some(arg),
        }
    }
    out
}

/// How many of how many agree, by class.
type Counts = BTreeMap<Class, (usize, usize)>;

fn main() -> std::io::Result<()> {
    let args = args();
    let mut scripts = Vec::new();
    walk(&args, &args.root, &mut scripts)?;
    scripts.sort();
    let mut cases = args.cases.as_ref().map(std::fs::File::create).transpose()?.map(std::io::BufWriter::new);
    let answers = args.answers.as_ref().map(std::fs::File::open).transpose()?;
    let mut answers = answers.map(|f| std::io::BufReader::new(f).lines());
    let mut all = Counts::new();
    let mut out = std::io::stdout().lock();
    for script in scripts {
        let Some(dir) = script.parent() else { continue };
        let name = |path: Option<&Path>| {
            path.and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned()
        };
        let (group, kind) = (name(dir.parent()), name(Some(dir)));
        if args.only.as_ref().is_some_and(|o| *o != kind && *o != format!("{group}/{kind}")) {
            continue;
        }
        let text = std::fs::read_to_string(&script)?;
        let words = if args.native { Vocabulary::of_go(&go_source(dir)?) } else { Vocabulary::of(&text) };
        let mut counts = Counts::new();
        let mut bad: BTreeMap<(Class, String), (usize, String)> = BTreeMap::new();
        let bare = ("bare".to_owned(), mutate::bare(&group.replace('_', "x"), &kind.replace('_', "X")));
        for (input, object) in inputs(&dir.join("testdata"))?.into_iter().chain([bare]) {
            // A script for exactly this kind goes before a wildcard's.
            let own = Object::new(object.clone()).gvk().group_kind().to_string();
            if !args.native
                && script != args.root.join(&own).join("health.lua")
                && args.root.join(&own).join("health.lua").is_file()
            {
                continue;
            }
            for mutation in
                mutations(&object, &words, args.random * if input == "bare" { 10 } else { 1 }, args.seed)
            {
                if let Some(cases) = &mut cases {
                    let line = [
                        ("mode", Value::from(if args.native { "builtin" } else { "lua" })),
                        ("script", Value::from(script.to_string_lossy().into_owned())),
                        ("class", Value::from(format!("{:?}", mutation.class))),
                        ("what", Value::from(mutation.what)),
                        ("object", mutation.object),
                    ];
                    let line: Value =
                        line.into_iter().map(|(k, v)| (fairway_value::Str::from(k), v)).collect();
                    writeln!(cases, "{line}")?;
                    continue;
                }
                let theirs = match &mut answers {
                    Some(lines) => answer(&lines.next().transpose()?.unwrap_or_default()),
                    None => judged(fairway_lua::run_health(&text, &mutation.object, true, 1_700_000_000)),
                };
                let ours = if args.native {
                    judged(Ok(fairway_health::assess_builtin(&Object::new(mutation.object))))
                } else {
                    ours(&group, &kind, mutation.object)
                };
                let count = counts.entry(mutation.class).or_default();
                count.1 += 1;
                if agree(&theirs, &ours) {
                    count.0 += 1;
                } else {
                    let why = format!("theirs {theirs:?}, ours {ours:?}");
                    let example = format!("{input}: {}", mutation.what);
                    bad.entry((mutation.class, why)).or_insert((0, example)).0 += 1;
                }
            }
        }
        if !bad.is_empty() {
            writeln!(out, "{group}/{kind}: {}", shown(&counts))?;
        }
        for class in CLASSES {
            let mut found: Vec<_> = bad.iter().filter(|((c, _), _)| *c == class).collect();
            found.sort_by_key(|(_, (n, _))| usize::MAX - n);
            for ((_, why), (n, example)) in found.into_iter().take(args.show) {
                writeln!(out, "    {class:?} {n}: {example}: {why}")?;
            }
        }
        for (class, (good, of)) in counts {
            let sum = all.entry(class).or_default();
            *sum = (sum.0 + good, sum.1 + of);
        }
    }
    writeln!(out, "all: {}", shown(&all))
}

fn go_source(dir: &Path) -> std::io::Result<String> {
    let mut out = String::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "go") {
            out.push_str(&std::fs::read_to_string(&path)?);
        }
    }
    Ok(out)
}

fn shown(counts: &Counts) -> String {
    let each = counts.iter().map(|(c, (good, of))| format!("{c:?} {good}/{of} ({} differ)", of - good));
    each.collect::<Vec<_>>().join(", ")
}

fn walk(args: &Args, dir: &Path, out: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            walk(args, &path, out)?;
        } else if path.file_name().is_some_and(|n| n == if args.native { "health.go" } else { "health.lua" })
        {
            out.push(path);
        }
    }
    Ok(())
}

/// The test inputs of a script, without what is an input of nothing but the parser.
fn inputs(dir: &Path) -> std::io::Result<Vec<(String, Value)>> {
    let mut out = Vec::new();
    let Ok(entries) = std::fs::read_dir(dir) else { return Ok(out) };
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_file()
            && let Ok(value) = fairway_yaml::parse(&std::fs::read_to_string(&path)?)
            && value.get("kind").is_some()
        {
            out.push((name, value));
        }
    }
    out.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(out)
}

/// What was judged: a status and a message, nothing, or a failure.
#[derive(Debug, PartialEq)]
enum Judged {
    Is(String, String),
    Nothing,
    Fails(String),
}

fn judged(result: Result<Option<fairway_core::Health>, fairway_lua::LuaError>) -> Judged {
    match result {
        Ok(Some(health)) => Judged::Is(health.status.to_string(), health.message.to_string()),
        Ok(None) => Judged::Nothing,
        Err(why) => Judged::Fails(why.to_string()),
    }
}

fn answer(line: &str) -> Judged {
    let value = fairway_value::from_json(line.as_bytes()).unwrap_or_default();
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    if value.get("error").is_some() {
        Judged::Fails(text("error"))
    } else if value.get("none").is_some() {
        Judged::Nothing
    } else {
        Judged::Is(text("status"), text("message"))
    }
}

fn ours(group: &str, kind: &str, object: Value) -> Judged {
    let object = Object::new(object);
    let wild = group.contains('_') || kind.contains('_');
    let named = if wild { object.gvk().group_kind() } else { GroupKind::new(group, kind) };
    judged(Ok(fairway_health::assess_shipped(&named, &object)))
}

fn agree(theirs: &Judged, ours: &Judged) -> bool {
    let unknown = HealthStatus::Unknown.as_str();
    match (theirs, ours) {
        (Judged::Fails(_), Judged::Is(status, _)) => status == unknown,
        _ => theirs == ours,
    }
}
