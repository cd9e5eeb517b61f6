//! Custom resources: `additionalPrinterColumns` with kubectl's JSON paths.

use super::text::{Cells, Row, number, since, text};
use crate::api::Column;
use fairway_schema::jsonpath::Found;
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
pub(super) fn columns(defined: &[Column]) -> Value {
    let mut out = vec![column("Name", "string", "name", NAME, 0)];
    if defined.is_empty() {
        out.push(column("Age", "date", "", AGE, 0));
    }
    for Column { definition: c, .. } in defined {
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
pub(super) fn cells(row: Row<'_>, defined: &[Column]) -> Cells {
    let mut out = vec![row.name()];
    if defined.is_empty() {
        out.push(row.age());
    }
    for Column { definition, path } in defined {
        let found = path.find(row.object).unwrap_or_default();
        // A column shows the first of what its path finds.
        let first = found.first().and_then(|results| results.first());
        out.push(first.map_or(Value::Null, |first| cell(first, text(definition, "type"), row.now_secs)));
    }
    out
}

fn cell(found: &Found<'_>, kind: &str, now_secs: i64) -> Value {
    let value = match found {
        // Handed on by itself, a null value is none to Go's reflection.
        Found::Value(Value::Null) if kind == "string" => return Value::from("<no value>"),
        found if kind == "string" => return Value::from(found.text().as_ref()),
        Found::Value(value) => *value,
        _ => return Value::Null,
    };
    match kind {
        "integer" => value.as_f64().map_or(Value::Null, |f| Value::Int(value.as_i64().unwrap_or(whole(f)))),
        "number" => value.as_f64().map_or(Value::Null, Value::from),
        "boolean" => value.as_bool().map_or(Value::Null, Value::from),
        "date" => value.as_str().map_or(Value::Null, |time| Value::from(date(time, now_secs))),
        _ => Value::Null,
    }
}

/// Cuts the fraction off, as Go's conversion to an integer; of what is beyond one, the processor makes the least there is.
#[expect(clippy::cast_possible_truncation, reason = "what does not fit is told apart before")]
fn whole(f: f64) -> i64 {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if (-BEYOND..BEYOND).contains(&f) { f as i64 } else { i64::MIN }
}

/// Prints how long ago a time was; one that is empty is not known, what is no time is invalid.
fn date(time: &str, now_secs: i64) -> String {
    let age = since(time, now_secs);
    if age == "<unknown>" && !matches!(time, "" | "null") { "<invalid>".to_owned() } else { age }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_schema::jsonpath::JsonPath;
    use fairway_value::from_json;

    /// What kube-apiserver 1.36 shows of one object in columns of these paths and types.
    #[test]
    fn a_column_shows_the_first_of_what_its_path_finds() {
        let object = from_json(
            br#"{"a":[{"n":"x","v":1},{"n":"y","v":2.5}],"m":{"k":"<b>"},"f":2000000.0,"z":null,"t":"soon","e":"",
                 "s":"text","yes":true,"big":12345678901234567890}"#,
        )
        .unwrap();
        for (path, kind, expect) in [
            (".a[*].n", "string", r#""x""#),
            (".a[-1].n", "string", r#""y""#),
            (".a[5].n", "string", "null"),
            (r#".a[?(@.n=="y")].v"#, "string", r#""2.5""#),
            (r#".a[?(@.n=="y")].v"#, "integer", "2"),
            (r#".a[?(@.v=="y")].n"#, "string", "null"),
            (".m", "string", r#""{\"k\":\"\\u003cb\\u003e\"}""#),
            ("..k", "string", r#""<b>""#),
            (".f", "string", r#""2e+06""#),
            (".f", "integer", "2000000"),
            (".z", "string", r#""<no value>""#),
            (".z", "date", "null"),
            (".t", "date", r#""<invalid>""#),
            (".e", "date", r#""<unknown>""#),
            (".s", "integer", "null"),
            (".big", "integer", "-9223372036854775808"),
            (".yes", "boolean", "true"),
            (".yes", "string", r#""true""#),
            (".none.at.all", "string", "null"),
        ] {
            let path = JsonPath::parse(&format!("{{{path}}}")).unwrap().with_missing_keys();
            let definition = [("type", Value::from(kind))].into_iter().collect();
            let cells = cells(Row { object: &object, now_secs: 0 }, &[Column { definition, path }]);
            assert_eq!(cells[1].to_string(), expect, "{kind}");
        }
    }
}
