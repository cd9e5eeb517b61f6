use fairway_core::{IgnoreRule, Object, Str, Value};

/// Leaves out of an Application what a rule names by pointers and jq paths; in words why it cannot.
pub type LeaveOut<'a> = &'a dyn Fn(&IgnoreRule, &mut Value) -> Result<(), String>;

/// Returns what of an Application an ApplicationSet leaves to others: `spec.ignoreApplicationDifferences`.
pub(crate) fn ignored(appset: &Object, application: &str) -> Vec<IgnoreRule> {
    let rules = appset.value().get_path(&["spec", "ignoreApplicationDifferences"]).and_then(Value::as_array);
    let concerns = |rule: &&Value| {
        let name = rule.get("name").and_then(Value::as_str).unwrap_or_default();
        name.is_empty() || name == application
    };
    let read = |rule: &Value| IgnoreRule {
        group: "*".into(),
        kind: "*".into(),
        json_pointers: texts(rule, "jsonPointers"),
        jq_path_expressions: texts(rule, "jqPathExpressions"),
        ..IgnoreRule::default()
    };
    rules.unwrap_or_default().iter().filter(concerns).map(read).collect()
}

fn texts(rule: &Value, key: &str) -> Vec<Str> {
    let list = rule.get(key).and_then(Value::as_array).unwrap_or_default();
    list.iter().filter_map(|v| v.as_str().map(Str::from)).collect()
}
