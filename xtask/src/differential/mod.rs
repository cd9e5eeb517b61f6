//! Random writes to a real API server and to the one in memory, which must answer alike; and predictions of what an
//! apply changes, which must come true.

mod compare;
mod definition;
mod expression;
mod growth;
mod http;
mod mutate;
mod report;
mod rules;
mod sequence;
mod servers;
mod single;

use crate::e2e::controlplane;
use crate::random::Random;
use anyhow::Context;
use fairway_schema::{Schemas, Scope};
use report::Report;
use serde_json::Value;
use servers::{NAMESPACE, Servers};
use std::path::{Path, PathBuf};

/// Objects that every run starts from.
const OBJECTS: &str = include_str!("objects.yaml");

#[derive(clap::Args)]
pub struct Args {
    /// How many writes are compared.
    #[arg(long, default_value_t = 2000)]
    steps: usize,
    /// What the choices follow from; a failing run is repeated by its seed. The time where not given.
    #[arg(long)]
    seed: Option<u64>,
    /// A file of objects (JSON, one a line, or under `desired`) in place of those built in.
    #[arg(long)]
    objects: Option<PathBuf>,
    /// Definitions (a JSON list) to serve beside the built-in kinds.
    #[arg(long)]
    definitions: Option<PathBuf>,
    /// Compares only objects of these kinds.
    #[arg(long)]
    kind: Vec<String>,
    /// What is written: `new` objects, `grown` ones, changes `over` stored ones, `sequence`s by several managers, `value`s and `rule`s of CEL.
    #[arg(long, value_enum)]
    only: Vec<Part>,
    /// How many definitions are made at random beside those.
    #[arg(long, default_value_t = 4)]
    made: usize,
    /// How many disagreements of one shape are printed.
    #[arg(long, default_value_t = 1)]
    shown: usize,
}

/// A way of comparing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// One broken object is applied where none is.
    New,
    /// An object with fields that it did not have is applied where none is.
    Grown,
    /// A stored object is changed in one place.
    Over,
    /// Several managers write one object in turns.
    Sequence,
    /// Expressions in CEL are evaluated over texts at random.
    Value,
    /// A definition has a rule in CEL that may be wrong.
    Rule,
}

/// What is written by turns where nothing else is asked for.
const PARTS: [Part; 4] = [Part::New, Part::Grown, Part::Over, Part::Sequence];

/// What is written after that, one step for ten of the others.
const EXPRESSIONS: [Part; 2] = [Part::Value, Part::Rule];

/// What a run needs.
pub struct Run {
    servers: Servers,
    schemas: Schemas,
    objects: Vec<Value>,
    random: Random,
    report: Report,
    /// Numbers names, so that no object meets another's leftovers.
    made: usize,
}

pub fn main(args: &Args) -> anyhow::Result<()> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_millis();
    let seed = args.seed.unwrap_or(u64::try_from(now)?);
    println!("differential: seed {seed}, {} steps", args.steps);
    let tools = controlplane::prepare().context("build the control plane and its tools")?;
    let dir = std::env::temp_dir().join(format!("fairway-differential-{}", std::process::id()));
    let outcome = run(args, seed, &tools, &dir);
    let _ = std::fs::remove_dir_all(&dir);
    outcome
}

/// Runs a number of steps as part of the end-to-end tests.
pub fn check(tools: &controlplane::Tools, steps: usize, seed: u64) -> anyhow::Result<()> {
    println!("differential: seed {seed}, {steps} steps");
    let args = Args {
        steps,
        seed: Some(seed),
        objects: None,
        definitions: None,
        kind: Vec::new(),
        only: Vec::new(),
        made: 4,
        shown: 1,
    };
    let dir = std::env::temp_dir().join(format!("fairway-differential-{}", std::process::id()));
    let outcome = run(&args, seed, tools, &dir);
    let _ = std::fs::remove_dir_all(&dir);
    outcome
}

fn run(args: &Args, seed: u64, tools: &controlplane::Tools, dir: &Path) -> anyhow::Result<()> {
    let mut random = Random::new(seed);
    let mut definitions = documents("CustomResourceDefinition")?;
    let made: Vec<Value> = (0..args.made).map(|n| definition::definition(n, &mut random)).collect();
    definitions.extend(made.iter().cloned());
    definitions.push(expression::definition());
    if let Some(path) = &args.definitions {
        let value: Value = serde_json::from_slice(&std::fs::read(path)?)?;
        definitions.extend(value["items"].as_array().or(value.as_array()).cloned().unwrap_or_default());
    }
    let mut objects = match &args.objects {
        Some(path) => read_lines(path)?,
        None => documents("")?,
    };
    // As many as there are of some twenty built-in kinds.
    for definition in made.iter().cycle().take(args.made * 5) {
        objects.push(definition::object_of(definition, &mut random));
    }
    objects.retain(|o| args.kind.is_empty() || args.kind.iter().any(|k| o["kind"] == *k));
    anyhow::ensure!(!objects.is_empty(), "there are no objects to start from");
    let values: Vec<fairway_value::Value> = definitions.iter().map(to_value).collect();
    let schemas = Schemas::with_crds(&values)?;
    let servers = Servers::start(tools, dir, &definitions)?;
    let report = Report::new(args.shown);
    let mut run = Run { servers, schemas, objects, random, report, made: 0 };
    let parts = if args.only.is_empty() { PARTS.to_vec() } else { args.only.clone() };
    steps(&mut run, &parts, args.steps)?;
    if args.only.is_empty() {
        run.random = Random::new(seed);
        let more = run.report.steps + args.steps / 10;
        steps(&mut run, &EXPRESSIONS, more)?;
    }
    run.report.finish(seed)
}

/// Takes steps of these parts until there are so many.
fn steps(run: &mut Run, parts: &[Part], count: usize) -> anyhow::Result<()> {
    while run.report.steps < count {
        match run.random.pick(parts) {
            Some(Part::New) => single::new(run)?,
            Some(Part::Grown) => single::grown(run)?,
            Some(Part::Over) => single::over(run)?,
            Some(Part::Value) => expression::value(run)?,
            Some(Part::Rule) => expression::rule(run)?,
            Some(Part::Sequence) | None => sequence::run(run)?,
        }
    }
    Ok(())
}

/// The documents built in of a kind; of all kinds but definitions where none is named.
fn documents(kind: &str) -> anyhow::Result<Vec<Value>> {
    let all = fairway_yaml::parse_documents(OBJECTS)?;
    let all: Vec<Value> = all.iter().map(|d| from_value(&d.value)).filter(Value::is_object).collect();
    let wanted = |o: &Value| if kind.is_empty() { true } else { o["kind"] == kind };
    Ok(all.into_iter().filter(wanted).collect())
}

fn read_lines(path: &Path) -> anyhow::Result<Vec<Value>> {
    let text = std::fs::read_to_string(path)?;
    let lines = text.lines().map(|line| {
        let value: Value = serde_json::from_str(line)?;
        Ok(value.get("desired").cloned().unwrap_or(value))
    });
    lines.collect()
}

/// As the schema's tree.
pub fn to_value(value: &Value) -> fairway_value::Value {
    fairway_value::from_json(value.to_string().as_bytes()).unwrap_or_default()
}

/// As the tree of this tool.
pub fn from_value(value: &fairway_value::Value) -> Value {
    serde_json::from_str(&value.to_string()).unwrap_or_default()
}

/// Where an object is written.
#[derive(Clone)]
pub struct Place {
    /// Path of the collection.
    pub collection: String,
    /// Whether the kind has namespaces.
    pub namespaced: bool,
    /// Whether it is defined by a CRD.
    pub custom: bool,
}

impl Run {
    /// Picks an object and gives it the namespace that everything is in.
    fn pick_object(&mut self) -> Option<(Value, Place)> {
        let mut object = self.random.pick(&self.objects)?.clone();
        let place = self.place(object["apiVersion"].as_str()?, object["kind"].as_str()?)?;
        if object["kind"] == "Pod" {
            // No other account is there.
            object["spec"]["serviceAccountName"] = "default".into();
        }
        if place.namespaced {
            object["metadata"]["namespace"] = NAMESPACE.into();
        } else if let Some(meta) = object["metadata"].as_object_mut() {
            meta.remove("namespace");
        }
        Some((object, place))
    }

    fn place(&self, api_version: &str, kind: &str) -> Option<Place> {
        let resource = self.schemas.resource(api_version, kind)?;
        let prefix = if api_version.contains('/') { "apis" } else { "api" };
        let namespaced = resource.scope == Scope::Namespaced;
        let inner = if namespaced { format!("namespaces/{NAMESPACE}/") } else { String::new() };
        let collection = format!("/{prefix}/{api_version}/{inner}{}", resource.plural);
        Some(Place { collection, namespaced, custom: resource.custom })
    }
}

/// Encodes a name for a path.
pub fn encode(name: &str) -> String {
    name.bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b':' => {
                char::from(b).to_string()
            }
            _ => format!("%{b:02X}"),
        })
        .collect()
}
