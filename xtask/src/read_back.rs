//! Writes random trees as YAML and has the real Helm read them back, and compares what both make of them.

use crate::random::Random;
use anyhow::{Context, ensure};
use fairway_core::MemoryTree;
use fairway_helm::{Chart, CompiledChart, Options, Show, ValueSources, ValuesFile};
use fairway_template::{FixedClock, Ports, SeededRandom};
use fairway_value::Value;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

#[derive(clap::Args)]
pub struct Args {
    /// Helm's binary.
    #[arg(long, default_value = "helm")]
    helm: PathBuf,
    /// How many trees.
    #[arg(long, default_value_t = 2000)]
    trees: usize,
    /// What the choices follow from; a failing run is repeated by its seed. The time where not given.
    #[arg(long)]
    seed: Option<u64>,
}

/// Shows each tree as JSON, as YAML, and as YAML read once more, each on a line of its own.
const TEMPLATE: &str = "kind: X\nitems:\n{{- range .Values.items }}\n- json: {{ toJson . | toJson }}\n  yaml: {{ toYaml . | toJson }}\n  \
    again: {{ (dict \"v\" . | toYaml | fromYaml).v | toJson | toJson }}\n{{- end }}\n";

/// Texts that YAML gives a meaning to, alone and joined.
const ATOMS: [&str; 44] = [
    "a",
    "word ",
    "yes",
    "n",
    "~",
    "null",
    "1",
    "0x1f",
    "0o7",
    "017",
    "1e3",
    ".5",
    "+1",
    "1_000",
    "1:30",
    "2020-01-01",
    "2001-12-14t21:59:43.10-05:00",
    "- ",
    ": ",
    " #",
    "'",
    "\"",
    "\n",
    "\n\n",
    " ",
    "\t",
    "[",
    "{",
    ",",
    "&",
    "*",
    "!",
    "|",
    ">",
    "%",
    "@",
    "---",
    "<<",
    "\u{e9}",
    "\u{2028}",
    "\u{65e5}\u{672c}",
    "\u{1f600}",
    "=",
    "a somewhat longer run of words that makes folding happen more often ",
];

pub fn main(args: &Args) -> anyhow::Result<()> {
    let now = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let seed = args.seed.or_else(|| now().ok().map(|d| d.as_secs())).unwrap_or_default();
    let mut random = Random::new(seed);
    let trees: Vec<Value> = (0..args.trees).map(|_| tree(&mut random, 0)).collect();
    let mut values = Value::object();
    values.set_path(&["items"], trees.iter().cloned().collect::<Value>());
    let text = fairway_yaml::to_string(&values);
    let ours = ours(&text)?;
    let theirs = theirs(args, &text)?;
    let mut wrong = 0;
    for (ours, theirs) in ours.lines().zip(theirs.lines()).filter(|(ours, theirs)| ours != theirs) {
        wrong += 1;
        if wrong <= 10 {
            println!("ours:   {ours}\ntheirs: {theirs}");
        }
    }
    // What Helm read is what was written: all its numbers are floats.
    let read = theirs.lines().filter_map(|l| l.strip_prefix("- json: "));
    for (line, tree) in read.zip(&trees) {
        let json: String = serde_json::from_str(line).context("read Helm's output")?;
        let found: serde_json::Value = serde_json::from_str(&json).context("read Helm's JSON")?;
        let written: serde_json::Value = serde_json::from_str(&tree.to_string()).context("read our JSON")?;
        if floats(found) != floats(written) {
            wrong += 1;
            println!("written: {tree}\nread:    {json}");
        }
    }
    ensure!(ours.lines().count() == theirs.lines().count(), "--seed {seed}: the outputs differ in length");
    ensure!(wrong == 0, "--seed {seed}: {wrong} lines differ");
    println!("{} trees read back alike (--seed {seed})", trees.len());
    Ok(())
}

fn tree(random: &mut Random, depth: usize) -> Value {
    match random.below(if depth > 3 { 6 } else { 9 }) {
        0 => Value::Null,
        1 => Value::from(random.chance(50)),
        2 => Value::Int(i64::from_ne_bytes(random.next().to_ne_bytes()) >> random.below(60)),
        3 => Value::Float(f64::from(i32::try_from(random.below(1 << 20)).unwrap_or_default()) / 64.0),
        4 | 5 => Value::from(word(random).as_str()),
        6 => (0..random.below(5)).map(|_| tree(random, depth + 1)).collect(),
        _ => {
            let mut map = Value::object();
            for _ in 0..random.below(5) {
                let key = word(random);
                // Go writes the key `<<` without quotes, and so reads a merge key back.
                if key != "<<" {
                    map.set_path(&[&key], tree(random, depth + 1));
                }
            }
            map
        }
    }
}

fn word(random: &mut Random) -> String {
    (0..random.below(5)).filter_map(|_| random.pick(&ATOMS).copied()).collect()
}

fn floats(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value as Json;
    match value {
        Json::Number(n) => n.as_f64().and_then(serde_json::Number::from_f64).map_or(Json::Null, Json::Number),
        Json::Array(items) => items.into_iter().map(floats).collect(),
        Json::Object(map) => Json::Object(map.into_iter().map(|(k, v)| (k, floats(v))).collect()),
        other => other,
    }
}

const CHART: &str = "apiVersion: v2\nname: c\nversion: 0.1.0\n";

fn ours(values: &str) -> anyhow::Result<String> {
    let tree = MemoryTree::new([("Chart.yaml", CHART), ("templates/a.yaml", TEMPLATE)])?;
    let chart = CompiledChart::new(Arc::new(Chart::load(&tree, "")?));
    let files = vec![ValuesFile { name: "values".to_owned(), text: values.to_owned() }];
    let sources = ValueSources { files, ..ValueSources::default() };
    let options = Options {
        release_name: "r".to_owned(),
        namespace: "default".to_owned(),
        values: sources.merge(&|_| Ok(String::new()))?,
        ..Options::default()
    };
    let random = SeededRandom::new(1);
    let ports = Ports { clock: &FixedClock(0), random: &random };
    Ok(chart.render(&options, ports)?.stream(&Show::default())?)
}

fn theirs(args: &Args, values: &str) -> anyhow::Result<String> {
    let dir = std::env::temp_dir().join(format!("fairway-read-back-{}", std::process::id()));
    std::fs::create_dir_all(dir.join("templates"))?;
    std::fs::write(dir.join("Chart.yaml"), CHART)?;
    std::fs::write(dir.join("templates/a.yaml"), TEMPLATE)?;
    std::fs::write(dir.join("values.yaml"), values)?;
    let output = Command::new(&args.helm).args(["template", "r"]).arg(&dir).output();
    std::fs::remove_dir_all(&dir)?;
    let output = output.with_context(|| format!("run {}", args.helm.display()))?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}
