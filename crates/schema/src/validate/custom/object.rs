use super::super::fault::Faults;
use super::verdict::Verdict;
use super::{embedded, lists, rules, schema};
use crate::Resource;
use crate::registry::ScalePaths;
use crate::validate::Rules;
use fairway_value::Value;

/// Reasons that keep the server from evaluating rules at all.
const BLOCKING: [&str; 5] = [
    "FieldValueNotSupported",
    "FieldValueRequired",
    "FieldValueTooLong",
    "FieldValueTooMany",
    "FieldValueTypeInvalid",
];

/// Checks an object against the schema of its kind: types and bounds, the paths of its scale, embedded objects, and list sets and
/// maps for duplicates. What is as it was in `old` is not looked at again.
pub(in super::super) fn check(
    object: &Value,
    old: Option<&Value>,
    resource: &Resource,
    status: bool,
    faults: &mut Faults,
) {
    let Some(openapi) = &resource.crd_schema else { return };
    let verdict =
        if status { status_alone(object, old, openapi) } else { schema::root(object, old, openapi) };
    verdict.into_faults(faults);
    if let Some(paths) = &resource.scale {
        scale(object, paths, status, faults);
    }
    if !status {
        embedded::check(object, openapi, faults);
        lists::check(object, openapi, faults);
    }
    let kinds_rules = resource.rules();
    if kinds_rules.is_empty() {
        return;
    }
    if faults.reasons().any(|reason| BLOCKING.contains(&reason)) {
        let why = "some validation rules were not checked because the object was invalid; correct the existing errors to \
                   complete validation";
        faults.invalid("<nil>", "null", why);
        return;
    }
    rules::check(object, old, kinds_rules, faults);
}

/// Checks a default against the schema that it is the default of. The findings are said of the default, whatever part is wrong.
pub(in super::super) fn check_default(default: &Value, openapi: &Value, field: &str, faults: &mut Faults) {
    let before = faults.len();
    schema::at(default, None, openapi, "").into_faults_below(field, faults);
    if faults.len() == before {
        rules::check_part(default, field, &Rules::read_part(openapi), faults);
    }
}

/// Through `/status` only the status is held against its schema.
fn status_alone(object: &Value, old: Option<&Value>, openapi: &Value) -> Verdict {
    let property = openapi.get_path(&["properties", "status"]);
    match (object.get("status"), property) {
        (Some(status), Some(property)) => {
            schema::at(status, old.and_then(|o| o.get("status")), property, "status")
        }
        _ => Verdict::default(),
    }
}

/// Replica counts must be whole numbers that an `int32` holds.
fn scale(object: &Value, paths: &ScalePaths, status: bool, faults: &mut Faults) {
    let mut counts = vec![&paths.status];
    if !status {
        counts.insert(0, &paths.spec);
    }
    for path in counts {
        let keys: Vec<&str> = path.trim_start_matches('.').split('.').collect();
        // Whole numbers may have been written with a point.
        let found = object.get_path(&keys).map(|v| match v {
            Value::Float(f) if f.fract() == 0.0 => v.as_i64().map_or_else(|| v.clone(), Value::Int),
            other => other.clone(),
        });
        match &found {
            None => {}
            Some(Value::Int(n)) if *n < 0 => {
                faults.invalid(path.as_str(), n.to_string(), "should be a non-negative integer");
            }
            Some(Value::Int(n)) if *n > i64::from(i32::MAX) => {
                let why = format!("should be less than or equal to {}", i32::MAX);
                faults.invalid(path.as_str(), n.to_string(), &why);
            }
            Some(Value::Int(_)) => {}
            Some(other) => {
                let shown = crate::managed::go_v(other);
                let (text, kind) = (path.as_str(), crate::managed::go_type(other));
                let why = format!("{text} accessor error: {shown} is of the type {kind}, expected int64");
                faults.invalid(text, "0", &why);
            }
        }
    }
}
