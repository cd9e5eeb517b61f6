//! Runs the health scripts of an Argo CD checkout against the built-in checks, on its test inputs and on mutations of them.
//!
//! ```text
//! cargo run --release -p fairway-lua --example differential -- CHECKOUT/resource_customizations [KIND]
//!     [--random N]      so many objects with several changes, for each input
//!     [--native]        CHECKOUT/gitops-engine/pkg/health in place of scripts: only with --cases or --answers
//!     [--actions]       the scripts of resource actions in place of those of health
//!     [--seed N]        other random changes
//!     [--show N]        so many examples of each kind
//!     [--cases FILE]    writes the cases, one JSON object a line (`script`, `class`, `what`, `object`), and stops
//!     [--answers FILE]  reads what a program of one's own answered, line by line in the order of the cases, in place of
//!                       running the scripts: `{"status", "message"}`, `{"none": true}` or `{"error"}`
//! ```
//!
//! Agreement is counted apart for what a cluster may show, for fields that the script reads and the input lacks, and for values
//! of a type that a field never has. Where the script fails, Argo CD shows `Unknown`: any words agree then.

mod actions;
mod mutate;
mod vocabulary;

use fairway_core::{GroupKind, HealthStatus, Object};
use fairway_value::Value;
use mutate::{Class, Mutation, mutations};
use std::collections::BTreeMap;
use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use vocabulary::Vocabulary;

/// Length of a text of which only the part that differs is shown.
const LONG: usize = 400;

/// What the clock says, in seconds since 1970.
const NOW: i64 = 1_700_000_000;

#[derive(Default)]
struct Args {
    root: PathBuf,
    only: Option<String>,
    native: bool,
    actions: bool,
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
            "--actions" => out.actions = true,
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

/// One script, or the native checks.
struct Subject {
    path: PathBuf,
    group: String,
    kind: String,
    text: String,
    words: Vocabulary,
}

impl Subject {
    fn read(args: &Args, path: PathBuf) -> std::io::Result<Self> {
        let name = |path: Option<&Path>| {
            path.and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned()
        };
        let dir = path.parent();
        let of = if args.actions { dir.and_then(Path::parent) } else { dir };
        let (group, kind) = (name(of.and_then(Path::parent)), name(of));
        let text = std::fs::read_to_string(&path)?;
        let words = match dir {
            Some(dir) if args.native => Vocabulary::of_go(&sources(dir, "go")?),
            Some(dir) if args.actions => Vocabulary::of(&sources(dir, "lua")?),
            _ => Vocabulary::of(&text),
        };
        Ok(Self { path, group, kind, text, words })
    }

    /// Returns the mutations of each input, with the input's name.
    fn mutations(&self, args: &Args) -> std::io::Result<impl Iterator<Item = (String, Mutation)>> {
        let bare = mutate::bare(&self.group.replace('_', "x"), &self.kind.replace('_', "X"));
        let dir = self.path.parent().unwrap_or(&args.root);
        let mut inputs = inputs(&dir.join("testdata"))?;
        inputs.push(("bare".to_owned(), bare));
        // A script for exactly this kind goes before a wildcard's.
        inputs.retain(|(_, object)| {
            let own = Object::new(object.clone()).gvk().group_kind().to_string();
            let exact = args.root.join(&own).join("health.lua");
            args.native || args.actions || self.path == exact || !exact.is_file()
        });
        let mut out = Vec::new();
        for (input, object) in inputs {
            let random = args.random * if input == "bare" { 10 } else { 1 };
            let all = mutations(&object, &self.words, random, args.seed);
            out.extend(all.into_iter().map(|mutation| (input.clone(), mutation)));
        }
        Ok(out.into_iter())
    }
}

/// What agrees and what does not.
#[derive(Default)]
struct Tally {
    /// How many of how many agree.
    counts: BTreeMap<Class, (usize, usize)>,
    /// How often it differs in one way, with an example.
    bad: BTreeMap<(Class, String), (usize, String)>,
}

impl Tally {
    fn take(&mut self, class: Class, example: &str, theirs: &Judged, ours: &Judged) {
        let count = self.counts.entry(class).or_default();
        count.1 += 1;
        if agree(theirs, ours) {
            count.0 += 1;
        } else {
            let (theirs, ours) = match (theirs, ours) {
                (Judged::Is(_, one), Judged::Is(_, other)) if one.len().max(other.len()) > LONG => {
                    actions::around(one, other)
                }
                _ => (format!("{theirs:?}"), format!("{ours:?}")),
            };
            let why = format!("theirs {theirs}, ours {ours}");
            self.bad.entry((class, why)).or_insert((0, example.to_owned())).0 += 1;
        }
    }

    fn print(&self, name: &str, show: usize) -> std::io::Result<()> {
        let mut out = std::io::stdout().lock();
        if !self.bad.is_empty() {
            writeln!(out, "{name}: {self}")?;
        }
        for class in [Class::Realistic, Class::Added, Class::Confused] {
            let mut found: Vec<_> = self.bad.iter().filter(|((c, _), _)| *c == class).collect();
            found.sort_by_key(|(_, (n, _))| usize::MAX - n);
            for ((_, why), (n, example)) in found.into_iter().take(show) {
                writeln!(out, "    {class:?} {n}: {example}: {why}")?;
            }
        }
        Ok(())
    }

    fn add(&mut self, other: &Self) {
        for (class, (good, of)) in &other.counts {
            let sum = self.counts.entry(*class).or_default();
            *sum = (sum.0 + good, sum.1 + of);
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let each =
            self.counts.iter().map(|(c, (good, of))| format!("{c:?} {good}/{of} ({} differ)", of - good));
        f.write_str(&each.collect::<Vec<_>>().join(", "))
    }
}

type Answers = std::io::Lines<std::io::BufReader<std::fs::File>>;

fn main() -> std::io::Result<()> {
    let args = args();
    let mut paths = Vec::new();
    walk(&args, &args.root, &mut paths)?;
    paths.sort();
    let mut cases = args.cases.as_ref().map(std::fs::File::create).transpose()?.map(std::io::BufWriter::new);
    let answers = args.answers.as_ref().map(std::fs::File::open).transpose()?;
    let mut answers = answers.map(|f| std::io::BufReader::new(f).lines());
    let mut all = Tally::default();
    for path in paths {
        let subject = Subject::read(&args, path)?;
        let name = format!("{}/{}", subject.group, subject.kind);
        if args.only.as_ref().is_some_and(|o| *o != subject.kind && *o != name) {
            continue;
        }
        if let Some(cases) = &mut cases {
            write_cases(&args, &subject, cases)?;
            continue;
        }
        let mut tally = Tally::default();
        for (input, mutation) in subject.mutations(&args)? {
            if args.actions {
                actions::compare(&subject, &input, &mutation, &mut tally);
            } else {
                let example = format!("{input}: {}", mutation.what);
                let theirs = theirs(&subject, &mutation.object, &mut answers)?;
                tally.take(mutation.class, &example, &theirs, &ours(&args, &subject, mutation.object));
            }
        }
        tally.print(&name, args.show)?;
        all.add(&tally);
    }
    writeln!(std::io::stdout().lock(), "all: {all}")
}

fn write_cases(args: &Args, subject: &Subject, out: &mut impl std::io::Write) -> std::io::Result<()> {
    for (_, mutation) in subject.mutations(args)? {
        let line = [
            ("mode", Value::from(if args.native { "builtin" } else { "lua" })),
            ("script", Value::from(subject.path.to_string_lossy().into_owned())),
            ("class", Value::from(format!("{:?}", mutation.class))),
            ("what", Value::from(mutation.what)),
            ("object", mutation.object),
        ];
        let line: Value = line.into_iter().map(|(k, v)| (fairway_value::Str::from(k), v)).collect();
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn theirs(subject: &Subject, object: &Value, answers: &mut Option<Answers>) -> std::io::Result<Judged> {
    Ok(match answers {
        Some(lines) => answer(&lines.next().transpose()?.unwrap_or_default()),
        None => judged(fairway_lua::run_health(&subject.text, object, true, NOW)),
    })
}

/// The texts of the files below a directory that end so.
fn sources(dir: &Path, end: &str) -> std::io::Result<String> {
    let mut out = String::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            out.push_str(&sources(&path, end)?);
        } else if path.extension().is_some_and(|e| e == end) {
            out.push_str(&std::fs::read_to_string(&path)?);
        }
    }
    Ok(out)
}

fn walk(args: &Args, dir: &Path, out: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let name = match (args.native, args.actions) {
        (true, _) => "health.go",
        (_, true) => "discovery.lua",
        _ => "health.lua",
    };
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            walk(args, &path, out)?;
        } else if path.file_name().is_some_and(|n| n == name) {
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

fn ours(args: &Args, subject: &Subject, object: Value) -> Judged {
    let object = Object::new(object);
    if args.native {
        return judged(Ok(fairway_health::assess_builtin(&object)));
    }
    let wild = subject.group.contains('_') || subject.kind.contains('_');
    let named = if wild {
        object.gvk().group_kind()
    } else {
        GroupKind::new(subject.group.as_str(), subject.kind.as_str())
    };
    judged(Ok(fairway_health::assess_shipped(&named, &object)))
}

fn agree(theirs: &Judged, ours: &Judged) -> bool {
    let unknown = HealthStatus::Unknown.as_str();
    match (theirs, ours) {
        (Judged::Fails(_), Judged::Is(status, _)) => status == unknown,
        (Judged::Fails(_), Judged::Fails(_)) => true,
        _ => theirs == ours,
    }
}
