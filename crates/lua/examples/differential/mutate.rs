//! Mutations of an object: those that a cluster may show, and those that only a confused writer makes.

use crate::vocabulary::Vocabulary;
use fairway_value::{Map, Str, Value};

/// How likely a cluster is to show an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// A field removed, emptied or null, another value of its type, conditions in another order, several of these.
    Realistic,
    /// A field that the script reads and the object lacks, with a value of any type.
    Added,
    /// A value of a type that the field never has.
    Confused,
}

/// A changed object and what was changed.
pub struct Mutation {
    pub class: Class,
    pub what: String,
    pub object: Value,
}

type Path = Vec<String>;

/// Returns the object as it is and each single change of it, then `random` objects with several realistic changes.
pub fn mutations(object: &Value, words: &Vocabulary, random: usize, seed: u64) -> Vec<Mutation> {
    let mut out =
        vec![Mutation { class: Class::Realistic, what: "as it is".to_owned(), object: object.clone() }];
    for edit in edits(object, words) {
        let mut changed = object.clone();
        if edit.apply(&mut changed) && changed != *object {
            out.push(Mutation { class: edit.class, what: edit.shown(), object: changed });
        }
    }
    let mut dice = Dice(seed);
    for n in 0..random {
        // Every third grows: fields that the script reads come to it.
        let class = if n % 3 == 2 { Class::Added } else { Class::Realistic };
        let (mut changed, mut what) = (object.clone(), Vec::new());
        for _ in 0..2 + dice.below(if class == Class::Added { 8 } else { 3 }) {
            let mut choices = edits(&changed, words);
            choices.retain(|e| e.class <= class);
            if choices.is_empty() {
                break;
            }
            let edit = choices.swap_remove(dice.below(choices.len()));
            if edit.apply(&mut changed) {
                what.push(edit.shown());
            }
        }
        out.push(Mutation { class, what: what.join("; "), object: changed });
    }
    out
}

/// Returns an object of a kind that says next to nothing.
pub fn bare(group: &str, kind: &str) -> Value {
    let text = format!(
        r#"{{"apiVersion":"{group}/v1","kind":"{kind}","metadata":{{"name":"x","namespace":"y","generation":2}},
            "spec":{{}},"status":{{"conditions":[],"observedGeneration":2}}}}"#
    );
    fairway_value::from_json(text.as_bytes()).unwrap_or_default()
}

/// A small generator of numbers (splitmix64), so that a seed gives the same objects everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % end as u64).unwrap_or_default()
    }
}

enum Change {
    Remove,
    Set(Value),
    Reverse,
    Double,
    NullFirst,
    Append(Value),
}

struct Edit {
    class: Class,
    path: Path,
    change: Change,
}

impl Edit {
    fn shown(&self) -> String {
        let path = self.path.join("/");
        match &self.change {
            Change::Remove => format!("without {path}"),
            Change::Set(value) => format!("{path} = {value}"),
            Change::Reverse => format!("{path} reversed"),
            Change::Double => format!("{path} doubled"),
            Change::NullFirst => format!("{path} after null"),
            Change::Append(value) => format!("{path} and {value}"),
        }
    }

    fn apply(&self, object: &mut Value) -> bool {
        let Some((last, parents)) = self.path.split_last() else { return false };
        let Some(parent) = parents.iter().try_fold(object, |at, key| below(at, key)) else { return false };
        match &self.change {
            Change::Remove => match parent {
                Value::Object(map) => map.remove(last).is_some(),
                Value::Array(items) => match last.parse::<usize>() {
                    Ok(n) if n < items.len() => {
                        items.remove(n);
                        true
                    }
                    _ => false,
                },
                _ => false,
            },
            Change::Set(value) => match parent {
                Value::Object(map) => {
                    map.insert(last.as_str(), value.clone());
                    true
                }
                _ => below(parent, last).is_some_and(|slot| {
                    *slot = value.clone();
                    true
                }),
            },
            change => {
                let Some(Value::Array(items)) = below(parent, last) else { return false };
                let mut list: Vec<Value> = items.iter().cloned().collect();
                match change {
                    Change::Reverse => list.reverse(),
                    Change::Double => list.extend(list.clone()),
                    Change::Append(value) => list.push(value.clone()),
                    _ => list.insert(0, Value::Null),
                }
                *items = list.into_iter().collect();
                true
            }
        }
    }
}

fn below<'v>(at: &'v mut Value, key: &str) -> Option<&'v mut Value> {
    match at {
        Value::Object(map) => map.get_mut(key),
        Value::Array(items) => items.make_mut().get_mut(key.parse::<usize>().ok()?),
        _ => None,
    }
}

fn edits(object: &Value, words: &Vocabulary) -> Vec<Edit> {
    let mut out = Vec::new();
    walk(object, &mut Vec::new(), words, &mut out);
    for path in &words.paths {
        let keys: Vec<&str> = path.iter().map(String::as_str).collect();
        let parent_is_map = matches!(object.get_path(&keys[..keys.len() - 1]), Some(Value::Object(_)));
        if parent_is_map && object.get_path(&keys).is_none() {
            add(path, words, &mut out);
        }
    }
    if object.get("status").is_none() {
        for value in [
            Value::object(),
            Value::Object([(Str::from("conditions"), Value::array())].into_iter().collect()),
        ] {
            out.push(Edit {
                class: Class::Realistic,
                path: vec!["status".to_owned()],
                change: Change::Set(value),
            });
        }
    }
    out.push(Edit {
        class: Class::Realistic,
        path: vec!["metadata".to_owned(), "deletionTimestamp".to_owned()],
        change: Change::Set(Value::from("2024-01-01T00:00:00Z")),
    });
    out
}

fn add(path: &[String], words: &Vocabulary, out: &mut Vec<Edit>) {
    let values = [
        Value::from("other"),
        Value::from(""),
        Value::from("True"),
        Value::Int(0),
        Value::Int(1),
        Value::Bool(true),
        Value::Bool(false),
        Value::array(),
        Value::object(),
    ];
    for value in values.into_iter().chain(words.words.iter().map(|w| Value::from(w.as_str()))) {
        out.push(Edit { class: Class::Added, path: path.to_vec(), change: Change::Set(value) });
    }
}

/// Conditions of each word, one after the other with each status.
fn conditions(words: &Vocabulary) -> impl Iterator<Item = Value> + '_ {
    let texts = &words.words;
    texts.iter().enumerate().map(|(n, word)| {
        let fields = [
            ("type", Value::from(word.as_str())),
            ("status", Value::from(["True", "False", "Unknown"][n % 3])),
            ("reason", Value::from(texts[(n * 7 + 3) % texts.len()].as_str())),
            ("message", Value::from("because")),
            ("observedGeneration", Value::Int(2)),
        ];
        fields.into_iter().map(|(k, v)| (Str::from(k), v)).collect()
    })
}

fn walk(value: &Value, here: &mut Path, words: &Vocabulary, out: &mut Vec<Edit>) {
    match value {
        Value::Object(map) => {
            for (key, item) in map.iter() {
                here.push(key.to_string());
                visit(item, here, words, out);
                here.pop();
            }
            let in_list = here.last().is_some_and(|k| k.parse::<usize>().is_ok());
            for key in words.item_keys.iter().filter(|k| in_list && map.get(k).is_none()) {
                here.push(key.clone());
                for word in ["True", "other"] {
                    let set = Change::Set(Value::from(word));
                    out.push(Edit { class: Class::Added, path: here.clone(), change: set });
                }
                here.pop();
            }
        }
        Value::Array(items) => {
            for (n, item) in items.iter().enumerate() {
                here.push(n.to_string());
                visit(item, here, words, out);
                here.pop();
            }
        }
        _ => {}
    }
}

fn visit(item: &Value, here: &mut Path, words: &Vocabulary, out: &mut Vec<Edit>) {
    if matches!(here.as_slice(), [one] if one == "apiVersion" || one == "kind") || !words.reads(here) {
        return;
    }
    let mut set = |class, value| out.push(Edit { class, path: here.clone(), change: Change::Set(value) });
    set(Class::Realistic, Value::Null);
    let mut confused: Vec<Value> = vec![
        Value::from(""),
        Value::from("other"),
        Value::from("True"),
        Value::Int(0),
        Value::Int(7),
        Value::Bool(true),
        Value::Bool(false),
        Value::array(),
        Value::object(),
        [Value::from("x")].into_iter().collect(),
        Value::Object(std::iter::once((Str::from("x"), Value::from("y"))).collect::<Map>()),
    ];
    confused.retain(|v| v.type_name() != item.type_name() && !(is_number(v) && is_number(item)));
    match item {
        Value::String(old) => {
            for word in ["", "other", "Unknown", "True", "False"]
                .into_iter()
                .chain(words.words.iter().map(String::as_str))
            {
                if word != old.as_str() {
                    set(Class::Realistic, Value::from(word));
                }
            }
        }
        Value::Int(n) => {
            for other in [0, 1, 7, n.saturating_add(1), n.saturating_sub(1), 99, -1] {
                if other != *n {
                    set(Class::Realistic, Value::Int(other));
                }
            }
            confused.extend([Value::from(n.to_string()), Value::Float(1.5)]);
        }
        Value::Bool(flag) => {
            set(Class::Realistic, Value::Bool(!flag));
            confused.push(Value::from(flag.to_string()));
        }
        Value::Array(list) if !list.is_empty() => set(Class::Realistic, Value::array()),
        Value::Object(map) if !map.is_empty() => set(Class::Realistic, Value::object()),
        _ => {}
    }
    for value in confused {
        set(Class::Confused, value);
    }
    let mut change = |change| out.push(Edit { class: Class::Realistic, path: here.clone(), change });
    change(Change::Remove);
    if item.as_array().is_some() && here.last().is_some_and(|k| k == "conditions") {
        for condition in conditions(words) {
            change(Change::Append(condition));
        }
    }
    if item.as_array().is_some_and(|l| !l.is_empty()) {
        change(Change::Double);
        change(Change::NullFirst);
        change(Change::Reverse);
    }
    walk(item, here, words, out);
}

fn is_number(value: &Value) -> bool {
    matches!(value, Value::Int(_) | Value::Uint(_) | Value::Float(_))
}
