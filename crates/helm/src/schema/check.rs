use super::document::{Document, Draft};
use super::format;
use super::report::Fault;
use fairway_value::{Map, Str, Value, escape_pointer_token};
use std::collections::BTreeSet;

/// Most schemas that one validation may look at.
const STEPS_MAX: usize = 5_000_000;

/// Deepest nesting of schemas in schemas, so that references in a circle end.
const DEPTH_MAX: usize = 200;

/// Walks a schema along a value.
pub(super) struct Checker<'d> {
    document: &'d Document,
    steps: usize,
    depth: usize,
}

/// What a schema says about a value.
#[derive(Default)]
struct Outcome {
    faults: Vec<Fault>,
    /// Entries of a map that some keyword has looked at.
    seen_keys: BTreeSet<Str>,
    /// Items of a list, from the first on, that some keyword has looked at.
    seen_items: usize,
    /// Items behind those, as `contains` finds them.
    seen_scattered: BTreeSet<usize>,
}

impl Outcome {
    fn ok(&self) -> bool {
        self.faults.is_empty()
    }

    fn fault(&mut self, path: &str, message: impl Into<String>) {
        self.faults.push(Fault::new(path, message));
    }

    /// Takes over what another schema on the same value has looked at.
    fn has_seen(&mut self, other: &mut Self) {
        self.seen_keys.append(&mut other.seen_keys);
        self.seen_items = self.seen_items.max(other.seen_items);
        self.seen_scattered.append(&mut other.seen_scattered);
    }

    /// Takes over everything.
    fn join(&mut self, mut other: Self) {
        self.has_seen(&mut other);
        self.faults.append(&mut other.faults);
    }
}

/// A place in the values.
#[derive(Clone, Copy)]
struct At<'a> {
    value: &'a Value,
    path: &'a str,
    base: &'a str,
}

impl<'d> Checker<'d> {
    pub(super) fn new(document: &'d Document) -> Self {
        Self { document, steps: 0, depth: 0 }
    }

    pub(super) fn run(&mut self, value: &Value) -> Result<Vec<Fault>, String> {
        let at = At { value, path: "", base: &self.document.base };
        Ok(self.schema(&self.document.root, at)?.faults)
    }

    fn schema(&mut self, schema: &Value, at: At<'_>) -> Result<Outcome, String> {
        self.steps += 1;
        if self.steps > STEPS_MAX {
            return Err(format!("schema takes more than the limit of {STEPS_MAX} steps"));
        }
        if self.depth >= DEPTH_MAX {
            return Err(format!("schema is nested deeper than the limit of {DEPTH_MAX}"));
        }
        self.depth += 1;
        let outcome = match schema {
            Value::Bool(true) => Ok(Outcome::default()),
            Value::Bool(false) => {
                let mut outcome = Outcome::default();
                outcome.fault(at.path, "false schema");
                Ok(outcome)
            }
            Value::Object(map) => {
                let base = self.document.base_of(schema, at.base);
                self.keywords(map, At { base: &base, ..at })
            }
            other => Err(format!("a schema must be an object or a boolean, not {}", other.type_name())),
        };
        self.depth -= 1;
        outcome
    }

    fn keywords(&mut self, schema: &Map, at: At<'_>) -> Result<Outcome, String> {
        let mut out = Outcome::default();
        for key in ["$ref", "$dynamicRef", "$recursiveRef"] {
            if let Some(reference) = schema.get(key).and_then(Value::as_str) {
                let target = self.document.resolve(reference, at.base)?;
                out.join(self.schema(&target.schema, At { base: &target.base, ..at })?);
                if self.document.draft <= Draft::Seven {
                    // Old drafts ignore what stands beside a reference.
                    return Ok(out);
                }
            }
        }
        any_type(schema, at, &mut out);
        match at.value {
            Value::String(text) => self.string(schema, text, at, &mut out)?,
            Value::Array(list) => self.array(schema, list, at, &mut out)?,
            Value::Object(map) => self.object(schema, map, at, &mut out)?,
            value => {
                if let Some(number) = value.as_f64() {
                    numeric(schema, number, self.document.draft, at.path, &mut out);
                }
            }
        }
        self.combined(schema, at, &mut out)?;
        self.unevaluated(schema, at, &mut out)?;
        Ok(out)
    }

    fn string(&mut self, schema: &Map, text: &str, at: At<'_>, out: &mut Outcome) -> Result<(), String> {
        let length = || text.chars().count();
        if let Some(max) = limit(schema, "maxLength").filter(|m| length() > *m) {
            out.fault(at.path, format!("maxLength: got {}, want {max}", length()));
        }
        if let Some(min) = limit(schema, "minLength").filter(|m| length() < *m) {
            out.fault(at.path, format!("minLength: got {}, want {min}", length()));
        }
        if let Some(pattern) = schema.get("pattern").and_then(Value::as_str) {
            match self.document.matches(pattern, text) {
                None => return Err(format!("schema pattern {pattern:?} is no regular expression")),
                Some(true) => {}
                Some(false) => out.fault(at.path, format!("'{text}' does not match pattern '{pattern}'")),
            }
        }
        // Since 2019 a format only informs.
        if let Some(name) = schema.get("format").and_then(Value::as_str)
            && self.document.draft <= Draft::Seven
            && !format::has(name, text)
        {
            out.fault(at.path, format!("'{text}' is not valid {name}"));
        }
        Ok(())
    }

    fn item(&mut self, schema: &Value, list: &[Value], n: usize, at: At<'_>) -> Result<Outcome, String> {
        let path = format!("{}/{n}", at.path);
        let value = list.get(n).unwrap_or(at.value);
        self.schema(schema, At { value, path: &path, base: at.base })
    }

    fn array(&mut self, schema: &Map, list: &[Value], at: At<'_>, out: &mut Outcome) -> Result<(), String> {
        if let Some(max) = limit(schema, "maxItems").filter(|m| list.len() > *m) {
            out.fault(at.path, format!("maxItems: got {}, want {max}", list.len()));
        }
        if let Some(min) = limit(schema, "minItems").filter(|m| list.len() < *m) {
            out.fault(at.path, format!("minItems: got {}, want {min}", list.len()));
        }
        if schema.get("uniqueItems").and_then(Value::as_bool) == Some(true) {
            let same =
                (1..list.len()).find_map(|b| (0..b).find(|a| equal(&list[*a], &list[b])).map(|a| (a, b)));
            if let Some((a, b)) = same {
                out.fault(at.path, format!("items at {a} and {b} are equal"));
            }
        }
        let newest = self.document.draft == Draft::Y2020;
        let (first, rest) = match (newest, schema.get("items")) {
            (true, items) => (schema.get("prefixItems"), items),
            (false, Some(first @ Value::Array(_))) => (Some(first), schema.get("additionalItems")),
            (false, items) => (None, items),
        };
        let first = first.and_then(Value::as_array).unwrap_or_default();
        for (n, item) in first.iter().enumerate().take(list.len()) {
            let found = self.item(item, list, n, at)?;
            out.faults.extend(found.faults);
        }
        out.seen_items = out.seen_items.max(first.len().min(list.len()));
        if let Some(rest) = rest {
            for n in first.len()..list.len() {
                let found = self.item(rest, list, n, at)?;
                out.faults.extend(found.faults);
            }
            out.seen_items = list.len();
        }
        self.contains(schema, list, at, out)
    }

    fn contains(
        &mut self,
        schema: &Map,
        list: &[Value],
        at: At<'_>,
        out: &mut Outcome,
    ) -> Result<(), String> {
        let Some(wanted) = schema.get("contains") else { return Ok(()) };
        let mut found = BTreeSet::new();
        for n in 0..list.len() {
            if self.item(wanted, list, n, at)?.ok() {
                found.insert(n);
            }
        }
        let (min, max) = (limit(schema, "minContains").unwrap_or(1), limit(schema, "maxContains"));
        if found.len() < min {
            out.fault(at.path, "no items match contains schema");
        }
        if max.is_some_and(|m| found.len() > m) {
            out.fault(at.path, format!("more than {} items match contains schema", max.unwrap_or(0)));
        }
        if self.document.draft == Draft::Y2020 {
            out.seen_scattered.append(&mut found);
        }
        Ok(())
    }

    fn entry(&mut self, schema: &Value, key: &str, value: &Value, at: At<'_>) -> Result<Vec<Fault>, String> {
        let path = format!("{}/{}", at.path, escape_pointer_token(key));
        Ok(self.schema(schema, At { value, path: &path, base: at.base })?.faults)
    }

    fn object(&mut self, schema: &Map, map: &Map, at: At<'_>, out: &mut Outcome) -> Result<(), String> {
        if let Some(max) = limit(schema, "maxProperties").filter(|m| map.len() > *m) {
            out.fault(at.path, format!("maxProperties: got {}, want {max}", map.len()));
        }
        if let Some(min) = limit(schema, "minProperties").filter(|m| map.len() < *m) {
            out.fault(at.path, format!("minProperties: got {}, want {min}", map.len()));
        }
        missing(strings(schema.get("required")), map, "", at.path, out);
        let named = schema.get("properties").and_then(Value::as_object);
        let patterns = schema.get("patternProperties").and_then(Value::as_object);
        let additional = schema.get("additionalProperties");
        let mut refused = Vec::new();
        for (key, value) in map.iter() {
            let mut known = false;
            if let Some(inner) = named.and_then(|p| p.get(key)) {
                known = true;
                out.faults.extend(self.entry(inner, key, value, at)?);
            }
            for (pattern, inner) in patterns.into_iter().flat_map(Map::iter) {
                match self.document.matches(pattern, key) {
                    None => return Err(format!("schema pattern {pattern:?} is no regular expression")),
                    Some(true) => {
                        known = true;
                        out.faults.extend(self.entry(inner, key, value, at)?);
                    }
                    Some(false) => {}
                }
            }
            match additional {
                Some(Value::Bool(false)) if !known => refused.push(key.as_str()),
                Some(inner) if !known => {
                    known = true;
                    out.faults.extend(self.entry(inner, key, value, at)?);
                }
                _ => {}
            }
            if known {
                out.seen_keys.insert(key.clone());
            }
            if let Some(inner) = schema.get("propertyNames") {
                let name = Value::from(key.as_str());
                let path = at.path;
                if !self.schema(inner, At { value: &name, ..at })?.ok() {
                    out.fault(path, format!("invalid propertyName '{key}'"));
                }
            }
        }
        if !refused.is_empty() {
            out.fault(at.path, format!("additional properties {} not allowed", quoted(&refused)));
        }
        self.dependent(schema, map, at, out)
    }

    fn dependent(&mut self, schema: &Map, map: &Map, at: At<'_>, out: &mut Outcome) -> Result<(), String> {
        for keyword in ["dependencies", "dependentRequired", "dependentSchemas"] {
            let list = schema.get(keyword).and_then(Value::as_object);
            for (key, wanted) in list.into_iter().flat_map(Map::iter).filter(|(k, _)| map.contains_key(k)) {
                if wanted.as_array().is_some() {
                    missing(strings(Some(wanted)), map, &format!(", when '{key}' is present"), at.path, out);
                } else {
                    out.join(self.schema(wanted, at)?);
                }
            }
        }
        Ok(())
    }

    fn combined(&mut self, schema: &Map, at: At<'_>, out: &mut Outcome) -> Result<(), String> {
        let list = |key: &str| schema.get(key).and_then(Value::as_array);
        for inner in list("allOf").unwrap_or_default() {
            out.join(self.schema(inner, at)?);
        }
        if let Some(choices) = list("anyOf") {
            let mut faults = Vec::new();
            let mut any = false;
            for inner in choices {
                let mut found = self.schema(inner, at)?;
                if found.ok() {
                    any = true;
                    out.has_seen(&mut found);
                } else {
                    faults.append(&mut found.faults);
                }
            }
            if !any {
                out.faults.push(Fault { inner: faults, ..Fault::new(at.path, "anyOf failed") });
            }
        }
        if let Some(choices) = list("oneOf") {
            self.one_of(choices, at, out)?;
        }
        if let Some(inner) = schema.get("not")
            && self.schema(inner, at)?.ok()
        {
            out.fault(at.path, "not failed");
        }
        if let Some(condition) = schema.get("if").filter(|_| self.document.draft >= Draft::Seven) {
            let mut found = self.schema(condition, at)?;
            let holds = found.ok();
            if holds {
                out.has_seen(&mut found);
            }
            if let Some(branch) = schema.get(if holds { "then" } else { "else" }) {
                out.join(self.schema(branch, at)?);
            }
        }
        Ok(())
    }

    fn one_of(&mut self, choices: &[Value], at: At<'_>, out: &mut Outcome) -> Result<(), String> {
        let mut faults = Vec::new();
        let mut fitting = Vec::new();
        for (n, inner) in choices.iter().enumerate() {
            let mut found = self.schema(inner, at)?;
            if found.ok() {
                fitting.push(n);
                out.has_seen(&mut found);
            } else {
                faults.append(&mut found.faults);
            }
        }
        match fitting.as_slice() {
            [_] => {}
            [] => {
                out.faults.push(Fault { inner: faults, ..Fault::new(at.path, "oneOf failed, none matched") })
            }
            [a, b, ..] => out.fault(at.path, format!("oneOf failed, subschemas {a}, {b} matched")),
        }
        Ok(())
    }

    fn unevaluated(&mut self, schema: &Map, at: At<'_>, out: &mut Outcome) -> Result<(), String> {
        if self.document.draft < Draft::Y2019 {
            return Ok(());
        }
        if let (Some(inner), Value::Object(map)) = (schema.get("unevaluatedProperties"), at.value) {
            let left: Vec<Str> = map.keys().filter(|k| !out.seen_keys.contains(*k)).cloned().collect();
            let mut refused = Vec::new();
            for key in &left {
                if *inner == Value::Bool(false) {
                    refused.push(key.as_str());
                } else if let Some(value) = map.get(key) {
                    out.faults.extend(self.entry(inner, key, value, at)?);
                }
            }
            if !refused.is_empty() {
                out.fault(at.path, format!("unevaluated properties {} not allowed", quoted(&refused)));
            }
            out.seen_keys.extend(left);
        }
        if let (Some(inner), Value::Array(list)) = (schema.get("unevaluatedItems"), at.value) {
            for n in out.seen_items..list.len() {
                if !out.seen_scattered.contains(&n) {
                    let found = self.item(inner, list, n, at)?;
                    out.faults.extend(found.faults);
                }
            }
            out.seen_items = list.len();
        }
        Ok(())
    }
}

/// The keywords that look at values of every type.
fn any_type(schema: &Map, at: At<'_>, out: &mut Outcome) {
    if let Some(types) = schema.get("type") {
        let names: Vec<&str> = match types {
            Value::String(name) => vec![name.as_str()],
            Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if !names.iter().any(|name| is_type(at.value, name)) {
            out.fault(at.path, format!("got {}, want {}", type_of(at.value), names.join(" or ")));
        }
    }
    if let Some(choices) = schema.get("enum").and_then(Value::as_array)
        && !choices.iter().any(|c| equal(c, at.value))
    {
        let shown: Vec<String> = choices.iter().map(shown).collect();
        out.fault(at.path, format!("value must be one of {}", shown.join(", ")));
    }
    if let Some(wanted) = schema.get("const").filter(|w| !equal(w, at.value)) {
        out.fault(at.path, format!("value must be {}", shown(wanted)));
    }
}

fn numeric(schema: &Map, number: f64, draft: Draft, path: &str, out: &mut Outcome) {
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    let strict = |key: &str| draft == Draft::Four && schema.get(key).and_then(Value::as_bool) == Some(true);
    let text = |f: f64| Value::Float(f).to_string();
    let mut fault = |key: &str, want: f64| {
        out.fault(path, format!("{key}: got {}, want {}", text(number), text(want)));
    };
    match bound("minimum") {
        Some(min) if strict("exclusiveMinimum") && number <= min => fault("exclusiveMinimum", min),
        Some(min) if number < min => fault("minimum", min),
        _ => {}
    }
    match bound("maximum") {
        Some(max) if strict("exclusiveMaximum") && number >= max => fault("exclusiveMaximum", max),
        Some(max) if number > max => fault("maximum", max),
        _ => {}
    }
    if let Some(min) = bound("exclusiveMinimum").filter(|m| number <= *m) {
        fault("exclusiveMinimum", min);
    }
    if let Some(max) = bound("exclusiveMaximum").filter(|m| number >= *m) {
        fault("exclusiveMaximum", max);
    }
    if let Some(step) = bound("multipleOf").filter(|s| *s > 0.0) {
        let quotient = number / step;
        if (quotient - quotient.round()).abs() > 1e-9 {
            fault("multipleOf", step);
        }
    }
}

fn missing<'k>(wanted: impl Iterator<Item = &'k str>, map: &Map, when: &str, path: &str, out: &mut Outcome) {
    let absent: Vec<&str> = wanted.filter(|key| !map.contains_key(key)).collect();
    match absent.as_slice() {
        [] => {}
        [one] => out.fault(path, format!("missing property '{one}'{when}")),
        several => out.fault(path, format!("missing properties {}{when}", quoted(several))),
    }
}

fn strings(value: Option<&Value>) -> impl Iterator<Item = &str> {
    value.and_then(Value::as_array).unwrap_or_default().iter().filter_map(Value::as_str)
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|n| format!("'{n}'")).collect::<Vec<_>>().join(", ")
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(s) => format!("'{s}'"),
        other => other.to_string(),
    }
}

fn limit(schema: &Map, key: &str) -> Option<usize> {
    schema.get(key).and_then(Value::as_i64).and_then(|n| usize::try_from(n).ok())
}

fn is_type(value: &Value, name: &str) -> bool {
    match (value, name) {
        (Value::Null, "null")
        | (Value::Bool(_), "boolean")
        | (Value::String(_), "string")
        | (Value::Array(_), "array")
        | (Value::Object(_), "object")
        | (Value::Int(_) | Value::Uint(_), "integer" | "number")
        | (Value::Float(_), "number") => true,
        (Value::Float(f), "integer") => f.fract() == 0.0,
        _ => false,
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Int(_) | Value::Uint(_) | Value::Float(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Equality of JSON: `1` and `1.0` are one number.
fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Array(x), Value::Array(y)) => x.len() == y.len() && x.iter().zip(y).all(|(a, b)| equal(a, b)),
        (Value::Object(x), Value::Object(y)) => {
            x.len() == y.len() && x.iter().zip(y.iter()).all(|((k, a), (l, b))| k == l && equal(a, b))
        }
        _ => match (a.as_f64(), b.as_f64()) {
            (Some(x), Some(y)) => x == y,
            _ => a == b,
        },
    }
}

#[cfg(test)]
mod tests {
    use crate::schema::Schema;
    use fairway_value::from_json;

    fn check(schema: &str, value: &str, expect: &str) {
        let faults = Schema::new(schema.as_bytes().into()).validate(&from_json(value.as_bytes()).unwrap());
        assert_eq!(faults.err().unwrap_or_default(), expect, "{schema} {value}");
    }

    #[test]
    fn faults_are_said_in_helms_words() {
        check(r#"{"properties":{"a":{"type":"integer"}}}"#, r#"{"a":1.0}"#, "");
        check(
            r#"{"properties":{"a":{"type":"integer"}}}"#,
            r#"{"a":"x"}"#,
            "- at '/a': got string, want integer",
        );
        check(r#"{"properties":{"a":{"minimum":1}}}"#, r#"{"a":0}"#, "- at '/a': minimum: got 0, want 1");
        check(r#"{"required":["n"]}"#, "{}", "- at '': missing property 'n'");
        check(
            r#"{"additionalProperties":false,"properties":{"a":{}}}"#,
            r#"{"a":1,"b":2}"#,
            "- at '': additional properties 'b' not allowed",
        );
        check(
            r#"{"properties":{"a":{"anyOf":[{"type":"string"},{"type":"null"}]}}}"#,
            r#"{"a":1}"#,
            "- at '/a': anyOf failed\n  - at '/a': got number, want string\n  - at '/a': got number, want null",
        );
    }

    #[test]
    fn references_stay_inside_the_chart() {
        let schema = r##"{"$defs":{"p":{"type":"string"},"q":{"$anchor":"here","type":"number"}},
            "properties":{"a":{"$ref":"#/$defs/p"},"b":{"$ref":"#here"},"c":{"$ref":"https://x/y"}}}"##;
        check(schema, r#"{"a":"x","b":1}"#, "");
        check(schema, r#"{"a":1}"#, "- at '/a': got number, want string");
        check(schema, r#"{"b":"x"}"#, "- at '/b': got string, want number");
        check(schema, r#"{"c":1}"#, "unsupported: schema https://x/y from outside the chart");
        check(r##"{"$ref":"#"}"##, "{}", "schema is nested deeper than the limit of 200");
    }

    #[test]
    fn drafts_differ() {
        let four = r#"{"$schema":"http://json-schema.org/draft-04/schema#","properties":{"a":{"minimum":1,"exclusiveMinimum":true}}}"#;
        check(four, r#"{"a":1}"#, "- at '/a': exclusiveMinimum: got 1, want 1");
        let seven =
            r#"{"$schema":"http://json-schema.org/draft-07/schema#","properties":{"a":{"format":"ipv4"}}}"#;
        check(seven, r#"{"a":"x"}"#, "- at '/a': 'x' is not valid ipv4");
        check(r#"{"properties":{"a":{"format":"ipv4"}}}"#, r#"{"a":"x"}"#, "");
        check(
            r#"{"allOf":[{"properties":{"a":{}}}],"unevaluatedProperties":false}"#,
            r#"{"a":1,"b":2}"#,
            "- at '': unevaluated properties 'b' not allowed",
        );
        check(r#"{"prefixItems":[{"type":"string"}],"items":{"type":"number"}}"#, r#"["a",1]"#, "");
    }
}
