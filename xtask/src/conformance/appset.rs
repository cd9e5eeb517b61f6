//! ApplicationSets rendered by Argo CD: `appset/cases.jsonl`.

use super::{Report, jsonl};
use fairway_argocd::{
    AppSetCluster, DataRequest, Decisions, Environment, GitFiles, PullRequest, ScmRepository, generate,
};
use fairway_core::{MemoryTree, Object};
use fairway_value::{Map, Str, Value};
use serde_json::Value as Json;
use std::path::Path;
use std::sync::Arc;

/// Rounds of fetching what generators ask for: one more than generators can be nested.
const ROUNDS_MAX: usize = 5;

pub fn run(dir: &Path) -> Report {
    jsonl::run(&dir.join("appset"), check)
}

fn check(case: &Json) -> Result<(), String> {
    let text = case["appset"].as_str().ok_or("no appset")?;
    let appset = Object::new(fairway_yaml::parse(text).map_err(|e| e.to_string())?);
    let world = &case["environment"];
    let mut environment = Environment { clusters: clusters(world), ..Environment::default() };
    let mut generated = generate(&appset, &environment);
    for _ in 0..ROUNDS_MAX {
        for need in &generated.needs {
            answer(need, world, &mut environment)?;
        }
        generated = generate(&appset, &environment);
    }
    let wants_error = case["error"].as_bool().unwrap_or_default();
    match generated.errors.first() {
        Some(error) if !wants_error => return Err(format!("unexpected error: {error}")),
        None if wants_error => return Err(format!("no error; upstream: {}", case["error_message"])),
        Some(error) if case["error_reason"].as_str().is_some_and(|r| r != error.reason) => {
            return Err(format!("reason {}; upstream: {}", error.reason, case["error_reason"]));
        }
        _ => {}
    }
    let mut found: Vec<String> = generated
        .applications
        .into_iter()
        .map(|app| {
            let mut value = app.into_value();
            value.remove_path(&["apiVersion"]);
            value.remove_path(&["kind"]);
            value.to_string()
        })
        .collect();
    let expected = case["expected"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut expected: Vec<String> = expected.iter().map(|e| value(e).to_string()).collect();
    found.sort();
    expected.sort();
    if found == expected {
        return Ok(());
    }
    Err(format!("got {} want {}", found.join("\n      "), expected.join("\n      ")))
}

fn value(json: &Json) -> Value {
    serde_json::from_value(json.clone()).unwrap_or_default()
}

fn map(json: &Json) -> Map {
    value(json).as_object().cloned().unwrap_or_default()
}

fn text(json: &Json) -> Str {
    match json {
        Json::String(s) => s.as_str().into(),
        Json::Number(n) => n.to_string().into(),
        _ => Str::new(),
    }
}

fn texts(json: &Json) -> Vec<Str> {
    json.as_array().into_iter().flatten().map(text).collect()
}

fn list<'a>(json: &'a Json, key: &str) -> impl Iterator<Item = &'a Json> {
    json[key].as_array().into_iter().flatten()
}

fn clusters(world: &Json) -> Vec<AppSetCluster> {
    let cluster = |c: &Json| AppSetCluster {
        name: text(&c["name"]),
        server: text(&c["server"]),
        project: text(&c["project"]),
        labels: map(&c["labels"]),
        annotations: map(&c["annotations"]),
    };
    list(world, "clusters").map(cluster).collect()
}

fn answer(need: &DataRequest, world: &Json, environment: &mut Environment) -> Result<(), String> {
    match need {
        DataRequest::Git { .. } => {
            let files = world["git"]["files"].as_object().into_iter().flatten();
            let files = files.map(|(path, text)| (path.as_str(), text.as_str().unwrap_or_default()));
            let tree = MemoryTree::new(files).map_err(|e| e.to_string())?;
            environment.git.insert(need.key(), GitFiles::Tree(Arc::new(tree)));
        }
        DataRequest::Scm { .. } => {
            let repository = |r: &Json| ScmRepository {
                organization: text(&r["organization"]),
                repository: text(&r["repository"]),
                id: text(&r["id"]),
                url: text(&r["url"]),
                default_branch: text(&r["defaultBranch"]),
                branches: map(&r["branches"])
                    .iter()
                    .map(|(k, v)| (k.clone(), v.as_str().unwrap_or_default().into()))
                    .collect(),
                labels: texts(&r["labels"]),
                paths: map(&r["branches"]).keys().map(|b| (b.clone(), texts(&r["paths"]))).collect(),
            };
            environment.scm.insert(need.key(), Ok(list(world, "scm").map(repository).collect()));
        }
        DataRequest::PullRequests { .. } => {
            let pull = |p: &Json| PullRequest {
                number: p["Number"].as_i64().unwrap_or_default(),
                title: text(&p["Title"]),
                branch: text(&p["Branch"]),
                target_branch: text(&p["TargetBranch"]),
                head_sha: text(&p["HeadSHA"]),
                labels: texts(&p["Labels"]),
                author: text(&p["Author"]),
            };
            environment.pull_requests.insert(need.key(), Ok(list(world, "pullRequests").map(pull).collect()));
        }
        DataRequest::Decisions { .. } => {
            let decisions = Decisions {
                config: map(&world["decisions"]["config"]),
                resources: list(&world["decisions"], "resources").map(value).collect(),
            };
            environment.decisions.insert(need.key(), Ok(decisions));
        }
        DataRequest::Plugin { .. } => {
            environment.plugins.insert(need.key(), Ok(list(world, "plugin").map(map).collect()));
        }
    }
    Ok(())
}
