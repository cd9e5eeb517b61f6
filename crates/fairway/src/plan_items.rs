//! A plan as the dashboard shows it: one row an object, in the order of execution.

use fairway_plan::{Action, SyncPlan};
use fairway_value::{Map, Value};

/// Returns `{items: [...], refusals: [...]}`.
pub fn items(plan: &SyncPlan) -> Value {
    let rows = plan.tasks().map(|(phase, wave, task)| {
        let mut row = Map::new();
        row.insert("group", task.key.group.clone());
        row.insert("version", task.version.clone());
        row.insert("kind", task.key.kind.clone());
        row.insert("namespace", task.key.namespace.clone());
        row.insert("name", task.key.name.clone());
        row.insert("phase", phase.as_str());
        row.insert("wave", i64::from(wave));
        row.insert("action", word(task.action));
        row.insert("reason", task.explanation());
        row.insert("hook", task.hook.is_some());
        Value::Object(row)
    });
    let mut out = Map::new();
    out.insert("items", rows.collect::<Value>());
    out.insert("refusals", plan.refusals.iter().map(|r| Value::from(r.to_string())).collect::<Value>());
    Value::Object(out)
}

fn word(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Apply => "update",
        Action::Replace | Action::Recreate => "replace",
        Action::Prune => "prune",
        Action::RunHook | Action::AwaitHook => "hook",
        Action::Keep => "none",
        Action::Skip => "skip",
    }
}
