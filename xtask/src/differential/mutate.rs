//! Small changes to an object: some that a server takes, some that it refuses.

use crate::random::Random;
use serde_json::{Map, Value, json};

/// One step of a path into JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Key(String),
    At(usize),
}

/// Paths of everything in a value below its root, except what says which object it is.
pub fn paths(value: &Value) -> Vec<Vec<Step>> {
    let mut found = Vec::new();
    collect(value, &mut Vec::new(), &mut found);
    found.retain(|path| {
        let key = |at: usize| match path.get(at) {
            Some(Step::Key(key)) => key.as_str(),
            _ => "",
        };
        let names_type = path.len() == 1 && matches!(key(0), "apiVersion" | "kind" | "metadata");
        let names_object = path.len() == 2 && key(0) == "metadata" && matches!(key(1), "name" | "namespace");
        !names_type && !names_object
    });
    found
}

fn collect(value: &Value, path: &mut Vec<Step>, found: &mut Vec<Vec<Step>>) {
    if !path.is_empty() {
        found.push(path.clone());
    }
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                path.push(Step::Key(key.clone()));
                collect(inner, path, found);
                path.pop();
            }
        }
        Value::Array(items) => {
            for (at, inner) in items.iter().enumerate() {
                path.push(Step::At(at));
                collect(inner, path, found);
                path.pop();
            }
        }
        _ => {}
    }
}

/// Returns what is at a path.
pub fn at_path<'v>(value: &'v mut Value, path: &[Step]) -> Option<&'v mut Value> {
    path.iter().try_fold(value, |at, step| match step {
        Step::Key(key) => at.get_mut(key.as_str()),
        Step::At(n) => at.get_mut(*n),
    })
}

/// Takes out what is at a path.
pub fn remove(value: &mut Value, path: &[Step]) {
    let Some((last, parents)) = path.split_last() else { return };
    match (at_path(value, parents), last) {
        (Some(Value::Object(map)), Step::Key(key)) => drop(map.remove(key)),
        (Some(Value::Array(items)), Step::At(n)) if *n < items.len() => drop(items.remove(*n)),
        _ => {}
    }
}

/// Prints a path as JSON pointers are written.
pub fn show(path: &[Step]) -> String {
    path.iter().fold(String::new(), |out, step| match step {
        Step::Key(key) => format!("{out}/{}", key.replace('~', "~0").replace('/', "~1")),
        Step::At(at) => format!("{out}/{at}"),
    })
}

const NAMES: [&str; 6] = ["UPPER", "a_b", "a..b", "-a", "a-", "1a"];

/// Breaks one place of an object, mostly; says what was done.
pub fn breakage(object: &mut Value, random: &mut Random) -> String {
    if random.chance(4) {
        let long = "a".repeat(254);
        let name = random.pick(&NAMES).copied().unwrap_or(&long);
        let name = if random.chance(15) { long.as_str() } else { name };
        object["metadata"]["name"] = name.into();
        return format!("name {name}");
    }
    let all = paths(object);
    let Some(path) = random.pick(&all).cloned() else { return String::new() };
    let what = random.below(18);
    let name = change(object, &path, what, random);
    format!("{name} {}", show(&path))
}

fn change(object: &mut Value, path: &[Step], what: usize, random: &mut Random) -> &'static str {
    if what == 0 || what == 1 {
        remove(object, path);
        return "del";
    }
    let Some(target) = at_path(object, path) else { return "nothing" };
    match what {
        2 => *target = Value::Null,
        3 => *target = json!({}),
        4 => *target = json!([]),
        5 => *target = json!({"x": 1}),
        6 => *target = "x".into(),
        7 => *target = 7.into(),
        8 => *target = 1.5.into(),
        9 => *target = 99_999_999_999_i64.into(),
        10 => *target = true.into(),
        _ => return like(target, what, random),
    }
    ["", "", "null", "emptymap", "list", "map", "str", "int", "flt", "big", "bool"][what]
}

/// Changes a value into another of its type.
fn like(target: &mut Value, what: usize, random: &mut Random) -> &'static str {
    match target {
        Value::String(text) => {
            let long = "x".repeat(300);
            let other = ["Bogus!", "", "-1", &long, "x", "0", "a/b", "UPPER", " a"];
            *text = (*random.pick(&other).unwrap_or(&"")).to_owned();
            "text"
        }
        Value::Number(_) => {
            let other = [-1, 0, 1, 7, 80, 65_536, 100_000];
            *target = (*random.pick(&other).unwrap_or(&0)).into();
            "number"
        }
        Value::Bool(flag) => {
            *flag = !*flag;
            "flip"
        }
        Value::Object(map) => match what % 3 {
            0 => {
                map.insert("bogusField".to_owned(), "x".into());
                "unknown"
            }
            1 => {
                let value = map.values().next().cloned().unwrap_or_else(|| "x".into());
                map.insert("x/y/z".to_owned(), value);
                "badkey"
            }
            _ => {
                map.clear();
                "emptied"
            }
        },
        Value::Array(items) => {
            match what % 3 {
                0 => items.push(Value::Null),
                1 => {
                    let copy = random.pick(items).cloned().unwrap_or_else(|| "x".into());
                    items.push(copy);
                }
                _ => items.push(json!({})),
            }
            "grown"
        }
        Value::Null => {
            *target = "x".into();
            "unnull"
        }
    }
}

/// Changes a few places of an object in ways that a server mostly takes.
pub fn variation(object: &mut Value, random: &mut Random) {
    for _ in 0..=random.below(3) {
        let all = paths(object);
        let Some(path) = random.pick(&all).cloned() else { return };
        if random.chance(30) {
            remove(object, &path);
            continue;
        }
        if let Some(target) = at_path(object, &path) {
            vary(target, random);
        }
    }
}

fn vary(target: &mut Value, random: &mut Random) {
    match target {
        Value::String(text) => match random.below(8) {
            0 => text.clear(),
            1 => *target = Value::Null,
            2 => *text = format!("{text}x"),
            3 => *text = format!("{text}0"),
            _ => *text = (*random.pick(&["a", "b", "1", "2", "500m", "1Gi", "x"]).unwrap_or(&"a")).to_owned(),
        },
        Value::Number(number) => {
            let now = number.as_i64().unwrap_or(1);
            *target = (*random.pick(&[now + 1, 1, 2, now, 0, now * 2]).unwrap_or(&1)).into();
        }
        Value::Bool(flag) => *flag = !*flag,
        Value::Object(map) => vary_map(map, random),
        Value::Array(items) => match random.below(4) {
            0 => items.reverse(),
            1 if items.len() > 1 => items.swap(0, 1),
            2 => {
                if let Some(mut copy) = random.pick(items).cloned() {
                    vary(&mut copy, random);
                    let at = random.below(items.len() + 1);
                    items.insert(at, copy);
                }
            }
            _ => drop(items.pop()),
        },
        Value::Null => *target = json!({}),
    }
}

fn vary_map(map: &mut Map<String, Value>, random: &mut Random) {
    let keys: Vec<String> = map.keys().cloned().collect();
    let key = random.pick(&keys).cloned().unwrap_or_else(|| "a".to_owned());
    match random.below(4) {
        0 => drop(map.remove(&key)),
        1 if map.values().all(Value::is_string) => {
            let name = *random.pick(&["a", "b", "c", "app"]).unwrap_or(&"a");
            map.insert(name.to_owned(), (*random.pick(&["1", "x", ""]).unwrap_or(&"1")).into());
        }
        2 => {
            map.insert(key, Value::Null);
        }
        _ => {
            if let Some(inner) = map.get_mut(&key) {
                vary(inner, random);
            }
        }
    }
}

/// Returns a part of an object: some of what is below `spec`, labels and the rest is left out.
pub fn part(object: &Value, random: &mut Random) -> Value {
    let mut out = object.clone();
    for _ in 0..random.below(4) {
        let all = paths(&out);
        if let Some(path) = random.pick(&all).cloned() {
            remove(&mut out, &path);
        }
    }
    out
}
