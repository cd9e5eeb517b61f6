//! Runs the health scripts of an Argo CD checkout against the built-in checks, on its test inputs and on mutations of them.
//!
//! `cargo run --release -p fairway-lua --example differential -- CHECKOUT/resource_customizations [KIND]`

use fairway_core::{GroupKind, HealthStatus, Object};
use fairway_value::Value;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

fn main() -> std::io::Result<()> {
    let mut args = std::env::args().skip(1);
    let root = PathBuf::from(args.next().unwrap_or_default());
    let only = args.next();
    let mut scripts = Vec::new();
    walk(&root, &mut scripts)?;
    scripts.sort();
    let (mut all, mut agreed) = (0_usize, 0_usize);
    let mut out = std::io::stdout().lock();
    for script in scripts {
        let Some(dir) = script.parent() else { continue };
        let kind = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let group = dir.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned();
        if only.as_ref().is_some_and(|o| *o != kind) {
            continue;
        }
        let text = std::fs::read_to_string(&script)?;
        let mut bad: BTreeMap<String, usize> = BTreeMap::new();
        for (name, input) in inputs(&dir.join("testdata"))? {
            for (what, object) in mutations(&input) {
                all += 1;
                match check(&text, &group, &kind, &object) {
                    Ok(()) => agreed += 1,
                    Err(why) => *bad.entry(format!("{name}: {what}: {why}")).or_default() += 1,
                }
            }
        }
        if !bad.is_empty() {
            writeln!(out, "{group}/{kind}: {}", bad.values().sum::<usize>())?;
            for line in bad.keys().take(if only.is_some() { 200 } else { 3 }) {
                writeln!(out, "    {line}")?;
            }
        }
    }
    writeln!(out, "{agreed}/{all}")
}

fn walk(dir: &Path, out: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            walk(&path, out)?;
        } else if path.file_name().is_some_and(|n| n == "health.lua") {
            out.push(path);
        }
    }
    Ok(())
}

fn inputs(dir: &Path) -> std::io::Result<Vec<(String, Value)>> {
    let mut out = Vec::new();
    let Ok(entries) = std::fs::read_dir(dir) else { return Ok(out) };
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_file()
            && let Ok(value) = fairway_yaml::parse(&std::fs::read_to_string(&path)?)
            && value.as_object().is_some()
        {
            out.push((name, value));
        }
    }
    out.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(out)
}

fn check(script: &str, group: &str, kind: &str, object: &Value) -> Result<(), String> {
    let theirs = fairway_lua::run_health(script, object, true, 1_700_000_000);
    let object = Object::new(object.clone());
    let own = object.gvk().group_kind();
    let wild = group.contains('_') || kind.contains('_');
    let named = if wild { own } else { GroupKind::new(group, kind) };
    let ours = fairway_health::assess_shipped(&named, &object);
    match (theirs, ours) {
        (Ok(theirs), ours) if theirs == ours => Ok(()),
        (Err(_), Some(ours)) if ours.status == HealthStatus::Unknown => Ok(()),
        (theirs, ours) => {
            let theirs = theirs.map(|h| h.map(|h| format!("{:?} {:?}", h.status, h.message)));
            let ours = ours.map(|h| format!("{:?} {:?}", h.status, h.message));
            Err(format!("lua {theirs:?}, ours {ours:?}"))
        }
    }
}

/// The object itself, and with every field but those of its identity in turn removed or replaced.
fn mutations(object: &Value) -> Vec<(String, Value)> {
    let mut paths = Vec::new();
    paths_of(object, &mut Vec::new(), &mut paths);
    let mut out = vec![("as it is".to_owned(), object.clone())];
    let others: [Value; 9] = [
        Value::Null,
        Value::from(""),
        Value::from("other"),
        Value::from("True"),
        Value::from("False"),
        Value::Int(0),
        Value::Int(7),
        Value::Bool(true),
        Value::Bool(false),
    ];
    for path in paths {
        let shown = path.join("/");
        let mut without = object.clone();
        if edit(&mut without, &path, None) {
            out.push((format!("without {shown}"), without));
        }
        for other in others.iter().chain(&[Value::array(), Value::object()]) {
            let mut with = object.clone();
            if edit(&mut with, &path, Some(other.clone())) {
                out.push((format!("{shown} = {other}"), with));
            }
        }
    }
    out
}

fn paths_of(value: &Value, here: &mut Vec<String>, out: &mut Vec<Vec<String>>) {
    let is_identity = |path: &[String]| {
        matches!(path, [one] if one == "apiVersion" || one == "kind")
            || path.iter().any(|p| p == "managedFields")
    };
    match value {
        Value::Object(map) => {
            for (key, below) in map.iter() {
                here.push(key.to_string());
                if !is_identity(here) {
                    out.push(here.clone());
                    paths_of(below, here, out);
                }
                here.pop();
            }
        }
        Value::Array(items) => {
            for (n, below) in items.iter().enumerate() {
                here.push(n.to_string());
                out.push(here.clone());
                paths_of(below, here, out);
                here.pop();
            }
        }
        _ => {}
    }
}

fn edit(value: &mut Value, path: &[String], new: Option<Value>) -> bool {
    let Some((last, parents)) = path.split_last() else { return false };
    let parent = parents.iter().try_fold(value, |at, key| match at {
        Value::Object(map) => map.get_mut(key),
        Value::Array(items) => items.make_mut().get_mut(key.parse::<usize>().ok()?),
        _ => None,
    });
    match (parent, new) {
        (Some(Value::Object(map)), Some(new)) => {
            map.insert(last.as_str(), new);
            true
        }
        (Some(Value::Object(map)), None) => map.remove(last).is_some(),
        (Some(Value::Array(items)), new) => {
            let Some(n) = last.parse::<usize>().ok().filter(|n| *n < items.len()) else { return false };
            match new {
                Some(new) => items.make_mut()[n] = new,
                None => {
                    items.remove(n);
                }
            }
            true
        }
        _ => false,
    }
}
