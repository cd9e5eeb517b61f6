//! Custom resources: `additionalPrinterColumns` with kubectl's JSON paths.

use super::text::{Cells, Row, number, since, text};
use fairway_value::Value;

const AGE: &str = "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";
const NAME: &str = "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names";

fn column(name: &str, kind: &str, format: &str, description: &str, priority: i64) -> Value {
    [
        ("name", Value::from(name)),
        ("type", Value::from(kind)),
        ("format", Value::from(format)),
        ("description", Value::from(description)),
        ("priority", Value::from(priority)),
    ]
    .into_iter()
    .collect()
}

/// Builds the column definitions: the name, the definition's columns, the age where it has none.
pub(super) fn columns(defined: &[Value]) -> Value {
    let mut out = vec![column("Name", "string", "name", NAME, 0)];
    if defined.is_empty() {
        out.push(column("Age", "date", "", AGE, 0));
    }
    for c in defined {
        let fallback =
            format!("Custom resource definition column (in JSONPath format): {}", text(c, "jsonPath"));
        let description = if text(c, "description").is_empty() { &fallback } else { text(c, "description") };
        out.push(column(
            text(c, "name"),
            text(c, "type"),
            text(c, "format"),
            description,
            number(c, "priority"),
        ));
    }
    out.into()
}

/// Fills the columns.
pub(super) fn cells(row: Row<'_>, defined: &[Value]) -> Cells {
    let mut out = vec![row.name()];
    if defined.is_empty() {
        out.push(row.age());
    }
    for c in defined {
        let found = path(row.object, text(c, "jsonPath"));
        out.push(cell(&found, text(c, "type"), row.now_secs));
    }
    out
}

fn cell(found: &[&Value], kind: &str, now_secs: i64) -> Value {
    let Some(first) = found.first().filter(|v| !v.is_null()) else { return Value::Null };
    match kind {
        "integer" => first.as_i64().map_or(Value::Null, Value::from),
        "number" => first.as_f64().map_or(Value::Null, Value::from),
        "boolean" => first.as_bool().map_or(Value::Null, Value::from),
        "date" => first.as_str().map_or(Value::Null, |t| {
            let age = since(t, now_secs);
            Value::from(if age == "<unknown>" { "<invalid>".to_owned() } else { age })
        }),
        "string" => {
            let shown: Vec<String> = found.iter().map(|v| super::text::plain(v)).collect();
            Value::from(shown.join(" "))
        }
        _ => Value::Null,
    }
}

/// Deepest path that is followed.
const STEPS_MAX: usize = 64;

/// Follows a simple JSON path: fields, indices, `[*]`, filters on equality.
fn path<'v>(object: &'v Value, path: &str) -> Vec<&'v Value> {
    let mut at = vec![object];
    for step in steps(path).into_iter().take(STEPS_MAX) {
        let mut next = Vec::new();
        for value in at {
            take(value, &step, &mut next);
        }
        at = next;
    }
    at
}

enum Step {
    Field(String),
    Index(i64),
    Every,
    Filter { field: Vec<String>, equal: bool, value: String },
}

fn take<'v>(value: &'v Value, step: &Step, out: &mut Vec<&'v Value>) {
    match step {
        Step::Field(name) => out.extend(value.get(name)),
        Step::Index(n) => {
            let list = value.as_array().unwrap_or_default();
            let len = i64::try_from(list.len()).unwrap_or(i64::MAX);
            let n = if *n < 0 { len + n } else { *n };
            out.extend(usize::try_from(n).ok().and_then(|n| list.get(n)));
        }
        Step::Every => match value {
            Value::Array(list) => out.extend(list.iter()),
            Value::Object(map) => out.extend(map.values()),
            _ => {}
        },
        Step::Filter { field, equal, value: wanted } => {
            for item in value.as_array().unwrap_or_default() {
                let found = field.iter().try_fold(item, |v, key| v.get(key)).map(super::text::plain);
                if found.is_some_and(|f| (f == *wanted) == *equal) {
                    out.push(item);
                }
            }
        }
    }
}

fn steps(path: &str) -> Vec<Step> {
    let mut out = Vec::new();
    let mut rest = path.trim().trim_start_matches('{').trim_end_matches('}').trim_start_matches('$');
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let end = inner.find(']').unwrap_or(inner.len());
            out.push(bracket(&inner[..end]));
            rest = inner.get(end + 1..).unwrap_or_default();
            continue;
        }
        rest = rest.strip_prefix('.').unwrap_or(rest);
        let mut name = String::new();
        let mut chars = rest.char_indices();
        let mut end = rest.len();
        while let Some((at, c)) = chars.next() {
            match c {
                // A dot inside a name is escaped.
                '\\' => name.extend(chars.next().map(|(_, c)| c)),
                '.' | '[' => {
                    end = at;
                    break;
                }
                _ => name.push(c),
            }
        }
        match name.as_str() {
            "" => {}
            "*" => out.push(Step::Every),
            _ => out.push(Step::Field(name)),
        }
        if end == 0 && !rest.starts_with('[') {
            break;
        }
        rest = rest.get(end..).unwrap_or_default();
    }
    out
}

fn bracket(inner: &str) -> Step {
    let inner = inner.trim();
    if inner == "*" {
        return Step::Every;
    }
    if let Ok(n) = inner.parse() {
        return Step::Index(n);
    }
    if let Some(filter) = inner.strip_prefix("?(").and_then(|f| f.strip_suffix(')')) {
        let (field, value, equal) = match (filter.split_once("=="), filter.split_once("!=")) {
            (Some((f, v)), _) => (f, v, true),
            (None, Some((f, v))) => (f, v, false),
            (None, None) => (filter, "", false),
        };
        let field = field.trim().trim_start_matches('@').trim_start_matches('.');
        return Step::Filter {
            field: field.split('.').map(str::to_owned).collect(),
            equal,
            value: value.trim().trim_matches(['"', '\'']).to_owned(),
        };
    }
    Step::Field(inner.trim_matches(['"', '\'']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_value::from_json;

    #[test]
    fn paths_follow_fields_indices_and_filters() {
        let object = from_json(
            br#"{"status":{"conditions":[{"type":"A","status":"True"},{"type":"Ready","status":"False"}]},"m":{"a.b":1}}"#,
        )
        .unwrap();
        for (text, expect) in [
            (r#".status.conditions[?(@.type=="Ready")].status"#, r#"["False"]"#),
            (".status.conditions[*].type", r#"["A","Ready"]"#),
            (".status.conditions[-1].type", r#"["Ready"]"#),
            (r".m.a\.b", "[1]"),
            (".none.at.all", "[]"),
        ] {
            let found: Value = path(&object, text).into_iter().cloned().collect();
            assert_eq!(found.to_string(), expect, "{text}");
        }
    }
}
