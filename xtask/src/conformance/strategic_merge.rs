//! kyaml's merges and kustomize's strategic-merge patches: `strategic-merge/*.jsonl`.

use super::{Report, jsonl};
use fairway_core::MemoryTree;
use fairway_kustomize::{
    BuildOptions, ListIncrease, MergeOptions, Reorder, build, merge_patch, merge_three_way,
};
use fairway_value::Value;
use fairway_yaml::{Options, parse_with};
use serde_json::Value as Json;
use std::path::Path;

pub fn run(dir: &Path) -> Report {
    jsonl::run(&dir.join("strategic-merge"), |case| {
        let name = case["name"].as_str().unwrap_or_default();
        match name.split('/').next() {
            Some("merge2") => two(case),
            Some("merge3") => three(case),
            _ => typed(case),
        }
    })
}

fn text<'c>(case: &'c Json, key: &str) -> &'c str {
    case[key].as_str().unwrap_or_default()
}

fn yaml(case: &Json, key: &str) -> Result<Value, String> {
    parse_with(text(case, key), &Options::v3()).map_err(|e| format!("{key}: {e}"))
}

fn compare(expected: &Value, found: &Value) -> Result<(), String> {
    if expected == found { Ok(()) } else { Err(format!("expected {expected}, found {found}")) }
}

fn two(case: &Json) -> Result<(), String> {
    let options = MergeOptions {
        infer: case["inferAssociativeLists"].as_bool().unwrap_or_default(),
        increase: match case["listIncrease"].as_str() {
            Some("prepend") => ListIncrease::Prepend,
            _ => ListIncrease::Append,
        },
    };
    let found = merge_patch(text(case, "original"), text(case, "patch"), options);
    if case["error"].as_bool() == Some(true) {
        return if found.is_err() { Ok(()) } else { Err(format!("expected an error: {}", case["message"])) };
    }
    let found = found.map_err(|e| e.to_string())?;
    compare(&yaml(case, "expected")?, &found.unwrap_or_default())
}

fn three(case: &Json) -> Result<(), String> {
    let options = MergeOptions {
        infer: case["inferAssociativeLists"].as_bool().unwrap_or_default(),
        ..MergeOptions::default()
    };
    let (local, original, updated) = (text(case, "local"), text(case, "original"), text(case, "updated"));
    let found = merge_three_way(local, original, updated, options).map_err(|e| e.to_string())?;
    compare(&yaml(case, "expected")?, &found.unwrap_or_default())
}

fn typed(case: &Json) -> Result<(), String> {
    let files = [
        ("kustomization.yaml", "resources: [object.json]\npatches: [{path: patch.json}]\n".to_owned()),
        ("object.json", case["original"].to_string()),
        ("patch.json", case["patch"].to_string()),
    ];
    let tree = MemoryTree::new(files).map_err(|e| e.to_string())?;
    let options = BuildOptions { reorder: Reorder::None, ..BuildOptions::default() };
    let built = build(&tree, "", &options);
    let expected = &case["expected_kustomize"];
    match (built, !case["kustomize_error"].is_null()) {
        (Err(e), false) => Err(e.to_string()),
        (Err(_), true) => Ok(()),
        (Ok(_), true) => Err(format!("expected an error: {}", case["kustomize_error"])),
        (Ok(built), false) => {
            let expected =
                fairway_value::from_json(expected.to_string().as_bytes()).map_err(|e| e.to_string())?;
            let found: Vec<Value> = built.objects.iter().map(|o| o.object.value().clone()).collect();
            let expected = match expected {
                Value::Null => Vec::new(),
                Value::Array(list) => list.to_vec(),
                one => vec![one],
            };
            if expected == found {
                return Ok(());
            }
            Err(format!("expected {}, found {}", Value::from(expected), Value::from(found)))
        }
    }
}
