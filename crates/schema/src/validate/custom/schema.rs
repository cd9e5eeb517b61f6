use super::super::fault::{list, show, text};
use super::verdict::Verdict;
use super::{format, pattern};
use crate::managed::{equal, go_v, quote};
use fairway_value::{Map, Value};

/// Deepest nesting of a schema's own alternatives that is followed.
const DEPTH_MAX: usize = 256;

/// Checks a whole object; type, kind and metadata are checked elsewhere.
pub(super) fn root(object: &Value, old: Option<&Value>, schema: &Value) -> Verdict {
    at(object, old, schema, "")
}

/// Checks a value at a path.
pub(super) fn at(value: &Value, old: Option<&Value>, schema: &Value, field: &str) -> Verdict {
    visit(value, old, schema, field, 0)
}

fn flag(schema: &Value, key: &str) -> bool {
    schema.get(key) == Some(&Value::Bool(true))
}

fn int(schema: &Value, key: &str) -> Option<i64> {
    schema.get(key).and_then(Value::as_i64)
}

fn in_body(field: &str, what: &str) -> String {
    format!("{field} in body {what}")
}

fn count(len: usize) -> i64 {
    i64::try_from(len).unwrap_or(i64::MAX)
}

fn visit(value: &Value, old: Option<&Value>, schema: &Value, field: &str, depth: usize) -> Verdict {
    let mut verdict = Verdict::default();
    // What has not changed may stay, whatever the schema says by now.
    if depth > DEPTH_MAX || old.is_some_and(|o| equal(o, value)) {
        return verdict;
    }
    let types = types(schema);
    if value.is_null() {
        if !types.is_empty() && !types.contains(&"null") && !flag(schema, "nullable") {
            verdict.wrong_type(field, &types.join(","), "null");
        } else {
            verdict.held += 1;
        }
        enumerated(value, schema, field, &mut verdict);
        return verdict;
    }
    let form = format::supported(schema, &types);
    if !types.is_empty() || !form.is_empty() {
        let fits = typed(value, &types, form, field, &mut verdict);
        verdict.held += 1 + usize::from(fits);
    }
    alternatives(value, old, schema, field, depth, &mut verdict);
    verdict.held += 2;
    match value {
        Value::Object(map) => in_map(map, old, schema, field, depth, &mut verdict),
        Value::Array(items) => in_list(items, old, schema, field, depth, &mut verdict),
        Value::String(s) => in_string(s, schema, form, field, &mut verdict),
        Value::Int(_) | Value::Uint(_) | Value::Float(_) => {
            in_number(value, schema, (&types, form), field, &mut verdict);
        }
        Value::Null | Value::Bool(_) => {}
    }
    enumerated(value, schema, field, &mut verdict);
    verdict.held += 3;
    verdict
}

fn types(schema: &Value) -> Vec<&str> {
    if flag(schema, "x-kubernetes-int-or-string") {
        return vec!["integer", "string"];
    }
    match text(schema, "type") {
        "" => Vec::new(),
        one => vec![one],
    }
}

fn whole(float: f64) -> bool {
    float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0
}

/// Checks type and format of numbers; says whether the value fits.
fn typed(value: &Value, types: &[&str], form: &str, field: &str, verdict: &mut Verdict) -> bool {
    let (kind, shown) = match value {
        Value::Null => return true,
        Value::Bool(_) => ("boolean", ""),
        Value::Int(_) | Value::Uint(_) => ("integer", "int64"),
        Value::Float(_) => ("number", "float64"),
        Value::String(_) => ("string", ""),
        Value::Array(_) => ("array", ""),
        Value::Object(_) => ("object", ""),
    };
    let float_int = matches!(value, Value::Float(f) if whole(*f)) && types.contains(&"integer");
    let int_float = kind == "integer" && types.contains(&"number");
    let fits = types.contains(&kind) || float_int || int_float;
    let texts = matches!(value, Value::String(_) | Value::Array(_));
    if !(texts || form.is_empty() || fits || shown == form) {
        verdict.wrong_type(field, form, shown);
        return false;
    }
    let numeric = types.contains(&"number") || types.contains(&"integer");
    if (!numeric && !form.is_empty() && texts) || fits {
        return true;
    }
    verdict.wrong_type(field, &types.join(","), kind);
    false
}

fn enumerated(value: &Value, schema: &Value, field: &str, verdict: &mut Verdict) {
    let Some(allowed) = schema.get("enum").and_then(Value::as_array).filter(|a| !a.is_empty()) else {
        return;
    };
    if !value.is_null() && allowed.iter().any(|a| !a.is_null() && equal(a, value)) {
        return;
    }
    let supported: Vec<String> =
        allowed.iter().map(|a| quote(&a.as_str().map_or_else(|| a.to_string(), str::to_owned))).collect();
    let message =
        format!("Unsupported value: {}: supported values: {}", show(Some(value)), supported.join(", "));
    verdict.fault("FieldValueNotSupported", field, message);
}

/// `anyOf`, `oneOf`, `allOf` and `not`. Of alternatives that all fail, the one in which most held speaks.
fn alternatives(
    value: &Value,
    old: Option<&Value>,
    schema: &Value,
    field: &str,
    depth: usize,
    verdict: &mut Verdict,
) {
    let try_one = |schema: &Value| visit(value, old, schema, field, depth + 1);
    let name = quote(field);
    let any = list(schema, "anyOf");
    if !any.is_empty() {
        match best(any.iter().map(try_one), true) {
            (0, failed, _) => {
                verdict.composite(format!("{name} must validate at least one schema (anyOf)"));
                verdict.merge(failed);
            }
            (_, _, passed) => verdict.merge(passed),
        }
    }
    let one = list(schema, "oneOf");
    if !one.is_empty() {
        match best(one.iter().map(try_one), false) {
            (1, _, passed) => verdict.merge(passed),
            (0, failed, _) => {
                verdict.composite(format!(
                    "{name} must validate one and only one schema (oneOf). Found none valid"
                ));
                verdict.merge(failed);
            }
            (n, ..) => verdict.composite(format!(
                "{name} must validate one and only one schema (oneOf). Found {n} valid alternatives"
            )),
        }
    }
    let all = list(schema, "allOf");
    if !all.is_empty() {
        let mut passed = 0;
        for schema in all {
            let found = try_one(schema);
            passed += usize::from(found.is_valid());
            verdict.merge(found);
        }
        if passed != all.len() {
            let none = if passed == 0 { ". None validated" } else { "" };
            verdict.composite(format!("{name} must validate all the schemas (allOf){none}"));
        }
    }
    if let Some(not) = schema.get("not").filter(|n| n.as_object().is_some())
        && try_one(not).is_valid()
    {
        verdict.composite(format!("{name} must not validate the schema (not)"));
    }
}

/// How many alternatives pass, the best of those that fail, and the first that passes.
fn best(tried: impl Iterator<Item = Verdict>, first_only: bool) -> (usize, Verdict, Verdict) {
    let (mut passed, mut failed, mut first): (usize, Option<Verdict>, Option<Verdict>) = (0, None, None);
    for found in tried {
        if found.is_valid() {
            passed += 1;
            first.get_or_insert(found);
            if first_only {
                break;
            }
        } else if failed.as_ref().is_none_or(|f| found.held > f.held) {
            failed = Some(found);
        }
    }
    (passed, failed.unwrap_or_default(), first.unwrap_or_default())
}

fn in_map(map: &Map, old: Option<&Value>, schema: &Value, field: &str, depth: usize, verdict: &mut Verdict) {
    let len = count(map.len());
    if let Some(min) = int(schema, "minProperties").filter(|m| len < *m) {
        let why = in_body(field, &format!("should have at least {min} properties"));
        verdict.invalid(field, &len.to_string(), why);
    }
    if let Some(max) = int(schema, "maxProperties").filter(|m| len > *m) {
        let message = format!("Too many: {len}: must have at most {max} items");
        verdict.fault("FieldValueTooMany", field, message);
    }
    let properties = schema.get("properties");
    let further = schema.get("additionalProperties");
    for (key, inner) in map.iter() {
        let before = old.and_then(|o| o.get(key));
        if let Some(child) = properties.and_then(|p| p.get(key)) {
            let path = if field.is_empty() { key.to_string() } else { format!("{field}.{key}") };
            verdict.merge(visit(inner, before, child, &path, depth + 1));
        } else if further == Some(&Value::Bool(false)) {
            let why = format!("{field}.{key} in body is a forbidden property");
            verdict.invalid(field, &quote(key), why);
        } else if let Some(child) = further.filter(|v| v.as_object().is_some()) {
            verdict.merge(visit(inner, before, child, &format!("{field}.{key}"), depth + 1));
        }
    }
    for name in list(schema, "required").iter().filter_map(Value::as_str) {
        if !map.contains_key(name) {
            let path = if field.is_empty() { name.to_owned() } else { format!("{field}.{name}") };
            verdict.required(path);
        }
    }
}

fn in_list(
    items: &[Value],
    old: Option<&Value>,
    schema: &Value,
    field: &str,
    depth: usize,
    verdict: &mut Verdict,
) {
    verdict.held += 1;
    if let Some(item) = schema.get("items") {
        let keys: Vec<&str> =
            list(schema, "x-kubernetes-list-map-keys").iter().filter_map(Value::as_str).collect();
        let before = old.and_then(Value::as_array).unwrap_or_default();
        let twin = |inner: &Value| {
            let same = |o: &&Value| keys.iter().all(|k| o.get(k) == inner.get(k));
            before.iter().find(same).filter(|_| !keys.is_empty())
        };
        for (n, inner) in items.iter().enumerate() {
            verdict.merge(visit(inner, twin(inner), item, &format!("{field}[{n}]"), depth + 1));
        }
    }
    let len = count(items.len());
    if let Some(min) = int(schema, "minItems").filter(|m| len < *m) {
        let why = in_body(field, &format!("should have at least {min} items"));
        verdict.invalid(field, &len.to_string(), why);
    }
    if let Some(max) = int(schema, "maxItems").filter(|m| len > *m) {
        let message = format!("Too many: {len}: must have at most {max} items");
        verdict.fault("FieldValueTooMany", field, message);
    }
    let twice = |n: usize, v: &Value| items[..n].iter().any(|e| equal(e, v));
    if flag(schema, "uniqueItems") && items.iter().enumerate().any(|(n, v)| twice(n, v)) {
        verdict.invalid(field, "\"\"", in_body(field, "shouldn't contain duplicates"));
    }
}

fn in_string(text: &str, schema: &Value, form: &str, field: &str, verdict: &mut Verdict) {
    let len = count(text.chars().count());
    let rule = self::text(schema, "pattern");
    if let Some(max) = int(schema, "maxLength").filter(|m| len > *m) {
        let unit = if max == 1 { "byte" } else { "bytes" };
        let message = format!("Too long: may not be more than {max} {unit}");
        verdict.fault("FieldValueTooLong", field, message);
    } else if let Some(min) = int(schema, "minLength").filter(|m| len < *m) {
        let why = in_body(field, &format!("should be at least {min} chars long"));
        verdict.invalid(field, &quote(text), why);
    } else if !rule.is_empty() && !pattern::matches(rule, text) {
        verdict.invalid(field, &quote(text), in_body(field, &format!("should match '{rule}'")));
    }
    if !form.is_empty() && format::is_text(form) {
        verdict.held += 1;
        if !format::fits(form, text) {
            verdict.wrong_type(field, form, text);
        }
    }
}

fn in_number(
    value: &Value,
    schema: &Value,
    (types, form): (&[&str], &str),
    field: &str,
    verdict: &mut Verdict,
) {
    verdict.held += 1;
    let number = value.as_f64().unwrap_or(0.0);
    if types == ["integer"] && !integer_fits(value, form) {
        let with =
            if form.is_empty() { "(default format)".to_owned() } else { format!("with format {form}") };
        verdict.composite(format!("Checked value must be of type integer {with} in {field}"));
    }
    let shown = go_v(value);
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    // Bounds of whole numbers are whole.
    let print = |bound: f64| {
        let bound = if matches!(value, Value::Int(_)) { bound.trunc() } else { bound };
        go_v(&Value::Float(bound))
    };
    let factor = bound("multipleOf");
    if let Some(factor) = factor.filter(|f| *f > 0.0 && !is_multiple(number, *f)) {
        let why = in_body(field, &format!("should be a multiple of {}", go_v(&Value::Float(factor))));
        verdict.invalid(field, &shown, why);
    }
    if let Some(min) = bound("minimum") {
        let open = flag(schema, "exclusiveMinimum");
        if number < min || (open && number <= min) {
            let than = if open { "greater than" } else { "greater than or equal to" };
            let why = in_body(field, &format!("should be {than} {}", print(min)));
            verdict.invalid(field, &shown, why);
        }
    }
    if let Some(max) = bound("maximum") {
        let open = flag(schema, "exclusiveMaximum");
        if number > max || (open && number >= max) {
            let than = if open { "less than" } else { "less than or equal to" };
            let why = in_body(field, &format!("should be {than} {}", print(max)));
            verdict.invalid(field, &shown, why);
        }
    }
}

fn is_multiple(number: f64, factor: f64) -> bool {
    let ratio = if factor < 1.0 { number * (1.0 / factor) } else { number / factor };
    (ratio - ratio.round()).abs() < 1e-9
}

/// Whether a number is a whole one of the format's size, read from its text.
fn integer_fits(value: &Value, form: &str) -> bool {
    match value {
        Value::Int(n) => form != "int32" || i32::try_from(*n).is_ok(),
        Value::Float(f) => whole(*f) && (form != "int32" || f.abs() <= f64::from(i32::MAX)),
        _ => false,
    }
}
