//! Compares resource actions: which there are, and what each does.

use crate::mutate::{Class, Mutation};
use crate::{Judged, NOW, Subject, Tally};
use fairway_core::Object;
use fairway_health::actions::{Action, Effect, actions_of, run_action};
use fairway_value::{Str, Value};
use std::collections::BTreeMap;

/// Parameters to run each action with.
const PARAMS: [&[(&str, &str)]; 4] = [
    &[],
    &[("replicas", "5"), ("instance", "any")],
    &[("replicas", "0x10"), ("instance", "2")],
    &[("replicas", "many"), ("instance", "nobody")],
];

pub fn compare(subject: &Subject, input: &str, mutation: &Mutation, tally: &mut Tally) {
    let Mutation { class, what, object } = mutation;
    let own = Object::new(object.clone());
    let gk = own.gvk().group_kind();
    if (gk.group.as_str(), gk.kind.as_str()) != (subject.group.as_str(), subject.kind.as_str()) {
        return;
    }
    let theirs = said(fairway_lua::run_discovery(&subject.text, object, NOW).map(listed));
    let ours = said(actions_of(&own).map(listed));
    tally.take(*class, &format!("{input}: discovery: {what}"), &theirs, &ours);
    for (action, script) in scripts(subject) {
        for params in PARAMS {
            let params: BTreeMap<Str, Str> =
                params.iter().map(|(k, v)| (Str::from(*k), Str::from(*v))).collect();
            let theirs = said(fairway_lua::run_action(&script, object, &params, NOW).map(written));
            let ours = said(run_action(&own, &action, &params, NOW).map(written));
            tally.take(*class, &format!("{input}: {action} {params:?}: {what}"), &theirs, &ours);
            if !script.contains("actionParams") || *class == Class::Confused {
                break;
            }
        }
    }
}

/// The actions beside a discovery script.
fn scripts(subject: &Subject) -> Vec<(String, String)> {
    let Some(dir) = subject.path.parent() else { return Vec::new() };
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let read = |entry: std::fs::DirEntry| {
        let script = std::fs::read_to_string(entry.path().join("action.lua")).ok()?;
        Some((entry.file_name().to_string_lossy().into_owned(), script))
    };
    let mut out: Vec<_> = entries.filter_map(read).collect();
    out.sort();
    out
}

fn said<E: ToString>(result: Result<String, E>) -> Judged {
    match result {
        Ok(text) => Judged::Is(String::new(), text),
        Err(why) => Judged::Fails(why.to_string()),
    }
}

fn listed(mut actions: Vec<Action>) -> String {
    actions.sort_by(|a, b| a.name.cmp(&b.name));
    format!("{actions:?}")
}

/// Nulls say nothing: in a script there are none. Nor can a script tell an empty map from an empty list.
fn written(effects: Vec<Effect>) -> String {
    let each = effects.iter().map(|e| format!("{:?} {}", e.kind, without_null(&e.object)));
    each.collect::<Vec<_>>().join("; ")
}

fn without_null(value: &Value) -> Value {
    match value {
        Value::Object(map) if map.values().all(Value::is_null) => Value::array(),
        Value::Object(map) => {
            map.iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.clone(), without_null(v))).collect()
        }
        Value::Array(items) => items.iter().filter(|v| !v.is_null()).map(without_null).collect(),
        other => other.clone(),
    }
}

/// Keeps of two texts what is around the first difference.
pub fn around(one: &str, other: &str) -> (String, String) {
    const BEFORE: usize = 60;
    const AFTER: usize = 120;
    let same = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let cut = |text: &str| text.chars().skip(same.saturating_sub(BEFORE)).take(BEFORE + AFTER).collect();
    (cut(one), cut(other))
}
