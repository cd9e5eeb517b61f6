use super::document::{Document, Draft, Place, Target};
use super::elsewhere::Documents;
use super::keywords::{limit, missing, numeric, sizes, string, whole_value};
use super::number::repeated;
use super::report::{Fault, Faults, below, count, quote, quoted};
use super::steps::{BYTES_OF_STEP, Steps, looked_at};
use fairway_value::{Map, Str, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Deepest nesting of schemas in schemas, so that references in a circle end.
const DEPTH_MAX: usize = 200;

/// Walks a schema along a value, in the order of the library's `validator`: what type, constant, choices and format say
/// hides what the other keywords would.
pub(super) struct Checker<'s> {
    documents: Documents<'s>,
    /// The resources that the walk is in, the outermost first: where dynamic references look.
    scope: Vec<(Arc<Document>, String)>,
    steps: Steps,
    depth: usize,
}

/// What a schema has looked at in a value that holds to it.
#[derive(Default)]
struct Seen {
    /// Entries of a map.
    keys: BTreeSet<Str>,
    /// Items of a list, from the first on.
    items: usize,
    /// Items behind those, as `contains` finds them.
    scattered: BTreeSet<usize>,
}

/// What a schema says of a value: what is wrong, or what it has looked at.
type Verdict = Result<Seen, Fault>;

/// What the keywords of a schema have said so far.
#[derive(Default)]
pub(super) struct Outcome {
    faults: Faults,
    seen: Seen,
}

impl Outcome {
    pub(super) fn fault(&mut self, path: &str, message: impl Into<String>) {
        self.faults.push(Fault::new(path, message));
    }

    /// Takes over what another schema says of the same value.
    fn join(&mut self, verdict: Verdict) {
        match verdict {
            Ok(mut seen) => {
                self.seen.keys.append(&mut seen.keys);
                self.seen.items = self.seen.items.max(seen.items);
                self.seen.scattered.append(&mut seen.scattered);
            }
            Err(fault) => self.faults.push(fault),
        }
    }
}

/// A place in the values, and the schema's surroundings.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub value: &'a Value,
    pub path: &'a str,
    base: &'a str,
    /// The document that the schema is in.
    pub document: &'a Arc<Document>,
    /// Whether it matters what is looked at.
    counts: bool,
}

impl<'s> Checker<'s> {
    pub(super) fn new(documents: Documents<'s>) -> Self {
        Self { documents, scope: Vec::new(), steps: Steps::default(), depth: 0 }
    }

    pub(super) fn run(&mut self, document: &Arc<Document>, value: &Value) -> Result<Faults, String> {
        let at = At { value, path: "", base: &document.address, document, counts: false };
        Ok(self.schema(&document.root, at)?.err().map(Fault::parts).unwrap_or_default())
    }

    fn schema(&mut self, schema: &Value, at: At<'_>) -> Result<Verdict, String> {
        self.steps.spend(1)?;
        if self.depth >= DEPTH_MAX {
            return Err(format!("schema is nested deeper than the limit of {DEPTH_MAX}"));
        }
        let map = match schema {
            Value::Bool(true) => return Ok(Ok(Seen::default())),
            Value::Bool(false) => return Ok(Err(Fault::new(at.path, "false schema"))),
            Value::Object(map) => map,
            other => {
                return Err(format!("a schema must be an object or a boolean, not {}", other.type_name()));
            }
        };
        let base = at.document.base_of(schema, at.base);
        let is_here = |(document, known): &(Arc<Document>, String)| {
            Arc::ptr_eq(document, at.document) && *known == base
        };
        let enters = !self.scope.last().is_some_and(is_here);
        if enters {
            self.scope.push((Arc::clone(at.document), base.clone().into_owned()));
        }
        self.depth += 1;
        let verdict = self.keywords(map, At { base: &base, ..at });
        self.depth -= 1;
        if enters {
            self.scope.pop();
        }
        verdict
    }

    fn keywords(&mut self, schema: &Map, at: At<'_>) -> Result<Verdict, String> {
        let draft = at.document.draft;
        let reference = schema.get("$ref").and_then(Value::as_str);
        if let Some(reference) = reference.filter(|_| draft <= Draft::Seven) {
            // Old drafts ignore what stands beside a reference.
            return self.reference(reference, at);
        }
        self.steps.spend(looked_at(schema, at.value))?;
        if let Some(fault) = whole_value(schema, at) {
            self.steps.spend(fault.message.len() / BYTES_OF_STEP)?;
            return Ok(Err(fault));
        }
        let is_strict =
            ["unevaluatedProperties", "unevaluatedItems"].iter().any(|key| schema.contains_key(key));
        let at = At { counts: at.counts || is_strict, ..at };
        let mut out = Outcome::default();
        if let Some(reference) = reference {
            out.join(self.reference(reference, at)?);
        }
        match at.value {
            Value::String(text) => string(schema, text, at, &mut out)?,
            Value::Array(list) => self.array(schema, list, at, &mut out)?,
            Value::Object(map) => self.object(schema, map, at, &mut out)?,
            value => {
                if let Some(found) = value.as_f64() {
                    numeric(schema, found, at.path, &mut out);
                }
            }
        }
        let dynamic = match draft {
            Draft::Y2019 => "$recursiveRef",
            _ => "$dynamicRef",
        };
        if let Some(reference) = schema.get(dynamic).and_then(Value::as_str).filter(|_| draft >= Draft::Y2019)
        {
            out.join(self.dynamic_reference(reference, at)?);
        }
        self.combined(schema, at, &mut out)?;
        if draft >= Draft::Y2019 {
            self.unevaluated(schema, at, &mut out)?;
        }
        Ok(match Fault::of_schema(at.path, out.faults) {
            Some(fault) => Err(fault),
            None => Ok(out.seen),
        })
    }

    fn reference(&mut self, reference: &str, at: At<'_>) -> Result<Verdict, String> {
        match self.documents.resolve(reference, at.base, at.document)? {
            Target::Schema(place) => self.referred(&place, at),
            Target::Meta(definition) => Ok(match definition.fault(at.value, at.path) {
                Some(fault) => Err(Fault::of_reference(at.path, fault)),
                None => Ok(Seen::default()),
            }),
        }
    }

    fn referred(&mut self, place: &Place, at: At<'_>) -> Result<Verdict, String> {
        let inside = At { base: &place.base, document: &place.document, ..at };
        Ok(self.schema(&place.schema, inside)?.map_err(|fault| Fault::of_reference(at.path, fault)))
    }

    /// Follows a reference whose target the outermost resource on the way may have replaced.
    fn dynamic_reference(&mut self, reference: &str, at: At<'_>) -> Result<Verdict, String> {
        let Target::Schema(place) = self.documents.resolve(reference, at.base, at.document)? else {
            return self.reference(reference, at);
        };
        let fragment = reference.split_once('#').map_or("", |(_, fragment)| fragment);
        let outermost = if at.document.draft == Draft::Y2019 {
            let is_open = |schema: &Value| schema.get("$recursiveAnchor") == Some(&Value::Bool(true));
            let open =
                |(document, base): &&(Arc<Document>, String)| document.resource(base).is_some_and(is_open);
            self.scope
                .iter()
                .find(open)
                .filter(|_| is_open(&place.schema))
                .map(|found| (found, String::new()))
        } else {
            let named = place.schema.get("$dynamicAnchor").and_then(Value::as_str) == Some(fragment);
            let has = |(document, base): &&(Arc<Document>, String)| document.has_dynamic(base, fragment);
            self.scope.iter().find(has).filter(|_| named).map(|found| (found, format!("#{fragment}")))
        };
        let place = match outermost {
            Some(((document, base), fragment)) => document.find(&format!("{base}{fragment}"))?,
            None => place,
        };
        self.referred(&place, at)
    }

    fn item(&mut self, schema: &Value, list: &[Value], n: usize, at: At<'_>) -> Result<Verdict, String> {
        let path = below(at.path, &n.to_string());
        let value = list.get(n).unwrap_or(at.value);
        self.schema(schema, At { value, path: &path, counts: false, ..at })
    }

    fn array(&mut self, schema: &Map, list: &[Value], at: At<'_>, out: &mut Outcome) -> Result<(), String> {
        sizes(schema, ["minItems", "maxItems"], list.len(), at.path, out);
        if schema.get("uniqueItems").and_then(Value::as_bool) == Some(true)
            && let Some(why) = repeated(list)
        {
            out.fault(at.path, why);
        }
        let is_newest = at.document.draft == Draft::Y2020;
        let (first, rest) = match (is_newest, schema.get("items")) {
            (true, items) => (schema.get("prefixItems"), items),
            (false, Some(first @ Value::Array(_))) => (Some(first), schema.get("additionalItems")),
            (false, items) => (None, items),
        };
        let first = first.and_then(Value::as_array).unwrap_or_default();
        for (n, item) in first.iter().enumerate().take(list.len()) {
            out.faults.extend(self.item(item, list, n, at)?.err());
        }
        let seen = first.len().min(list.len());
        out.seen.items = out.seen.items.max(seen);
        match rest {
            Some(Value::Bool(false)) if !is_newest && !first.is_empty() && seen < list.len() => {
                let left = count(list.len() - seen);
                out.fault(at.path, format!("last {left} additionalItem(s) not allowed"));
            }
            Some(rest) => {
                for n in seen..list.len() {
                    out.faults.extend(self.item(rest, list, n, at)?.err());
                }
            }
            None => {}
        }
        if rest.is_some() {
            out.seen.items = list.len();
        }
        if at.document.draft >= Draft::Six { self.contains(schema, list, at, out) } else { Ok(()) }
    }

    fn contains(
        &mut self,
        schema: &Map,
        list: &[Value],
        at: At<'_>,
        out: &mut Outcome,
    ) -> Result<(), String> {
        let Some(wanted) = schema.get("contains") else { return Ok(()) };
        let (mut found, mut faults) = (Vec::new(), Faults::default());
        for n in 0..list.len() {
            match self.item(wanted, list, n, at)? {
                Ok(_) => found.push(n),
                Err(fault) => faults.push(fault),
            }
        }
        let limit = |key: &str| limit(schema, key).filter(|_| at.document.draft >= Draft::Y2019);
        let places = || found.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let matched = || format!("but matched {} items at {}", count(found.len()), places());
        match limit("minContains") {
            Some(min) if found.len() < min => {
                let got = if found.is_empty() { "but none matched".to_owned() } else { matched() };
                let message = format!("min {} items required to match contains schema, {got}", count(min));
                out.faults.push(Fault::with(at.path, message, faults));
            }
            None if found.is_empty() => {
                out.faults.push(Fault::with(at.path, "no items match contains schema", faults));
            }
            _ => {}
        }
        if let Some(max) = limit("maxContains").filter(|max| found.len() > *max) {
            let message =
                format!("max {} items required to match contains schema, {}", count(max), matched());
            out.fault(at.path, message);
        }
        if at.document.draft == Draft::Y2020 {
            out.seen.scattered.extend(found);
        }
        Ok(())
    }

    fn entry(
        &mut self,
        schema: &Value,
        key: &str,
        value: &Value,
        at: At<'_>,
    ) -> Result<Option<Fault>, String> {
        let path = below(at.path, key);
        Ok(self.schema(schema, At { value, path: &path, counts: false, ..at })?.err())
    }

    fn object(&mut self, schema: &Map, map: &Map, at: At<'_>, out: &mut Outcome) -> Result<(), String> {
        sizes(schema, ["minProperties", "maxProperties"], map.len(), at.path, out);
        let absent = missing(schema.get("required"), map);
        match absent.as_slice() {
            [] => {}
            [one] => out.fault(at.path, format!("missing property {}", quote(one))),
            several => out.fault(at.path, format!("missing properties {}", quoted(several))),
        }
        self.dependent("dependencies", schema, map, at, out)?;
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
                if at.document.matches(pattern, key)? {
                    known = true;
                    out.faults.extend(self.entry(inner, key, value, at)?);
                }
            }
            match additional {
                Some(Value::Bool(false)) if !known => refused.push(key.as_str()),
                Some(inner) if !known => out.faults.extend(self.entry(inner, key, value, at)?),
                _ => {}
            }
            if at.counts && (known || additional.is_some()) {
                out.seen.keys.insert(key.clone());
            }
        }
        if !refused.is_empty() {
            out.fault(at.path, format!("additional properties {} not allowed", quoted(&refused)));
        }
        if at.document.draft == Draft::Four {
            return Ok(());
        }
        if let Some(inner) = schema.get("propertyNames") {
            for key in map.keys() {
                let name = Value::from(key.as_str());
                let of_name = At { value: &name, path: "", counts: false, ..at };
                if let Err(fault) = self.schema(inner, of_name)? {
                    let message = format!("invalid propertyName {}", quote(key));
                    out.faults.push(Fault::with(at.path, message, fault.parts()));
                }
            }
        }
        if at.document.draft >= Draft::Y2019 {
            self.dependent("dependentSchemas", schema, map, at, out)?;
            self.dependent("dependentRequired", schema, map, at, out)?;
        }
        Ok(())
    }

    fn dependent(
        &mut self,
        keyword: &str,
        schema: &Map,
        map: &Map,
        at: At<'_>,
        out: &mut Outcome,
    ) -> Result<(), String> {
        let all = schema.get(keyword).and_then(Value::as_object);
        for (key, wanted) in all.into_iter().flat_map(Map::iter).filter(|(k, _)| map.contains_key(k)) {
            if wanted.as_array().is_none() {
                out.join(self.schema(wanted, at)?);
                continue;
            }
            let absent = missing(Some(wanted), map);
            if !absent.is_empty() {
                out.fault(
                    at.path,
                    format!("properties {} required, if {} exists", quoted(&absent), quote(key)),
                );
            }
        }
        Ok(())
    }

    fn combined(&mut self, schema: &Map, at: At<'_>, out: &mut Outcome) -> Result<(), String> {
        let list = |key: &str| schema.get(key).and_then(Value::as_array);
        if let Some(inner) = schema.get("not") {
            let verdict = self.schema(inner, at)?;
            if verdict.is_ok() {
                out.join(verdict);
                out.fault(at.path, "'not' failed");
            }
        }
        let mut faults = Faults::default();
        for inner in list("allOf").unwrap_or_default() {
            match self.schema(inner, at)? {
                Err(fault) => faults.push(fault),
                seen => out.join(seen),
            }
        }
        if !faults.is_empty() {
            out.faults.push(Fault::with(at.path, "'allOf' failed", faults));
        }
        if let Some(choices) = list("anyOf") {
            self.any_of(choices, at, out)?;
        }
        if let Some(choices) = list("oneOf") {
            self.one_of(choices, at, out)?;
        }
        if let Some(condition) = schema.get("if").filter(|_| at.document.draft >= Draft::Seven) {
            let verdict = self.schema(condition, at)?;
            let branch = schema.get(if verdict.is_ok() { "then" } else { "else" });
            if verdict.is_ok() {
                out.join(verdict);
            }
            if let Some(branch) = branch {
                out.join(self.schema(branch, at)?);
            }
        }
        Ok(())
    }

    fn any_of(&mut self, choices: &[Value], at: At<'_>, out: &mut Outcome) -> Result<(), String> {
        let mut faults = Faults::default();
        let mut any = false;
        for inner in choices {
            match self.schema(inner, at)? {
                Err(fault) => faults.push(fault),
                seen => {
                    any = true;
                    out.join(seen);
                    if !at.counts {
                        break;
                    }
                }
            }
        }
        if !any {
            out.faults.push(Fault::with(at.path, "'anyOf' failed", faults));
        }
        Ok(())
    }

    fn one_of(&mut self, choices: &[Value], at: At<'_>, out: &mut Outcome) -> Result<(), String> {
        let mut faults = Faults::default();
        let mut fitting = None;
        for (n, inner) in choices.iter().enumerate() {
            match (self.schema(inner, at)?, fitting) {
                (Err(fault), _) => faults.push(fault),
                (seen, None) => {
                    out.join(seen);
                    fitting = Some(n);
                }
                (seen, Some(other)) => {
                    out.join(seen);
                    let both = format!("{}, {}", count(other), count(n));
                    out.fault(at.path, format!("'oneOf' failed, subschemas {both} matched"));
                    return Ok(());
                }
            }
        }
        if fitting.is_none() {
            out.faults.push(Fault::with(at.path, "'oneOf' failed, none matched", faults));
        }
        Ok(())
    }

    fn unevaluated(&mut self, schema: &Map, at: At<'_>, out: &mut Outcome) -> Result<(), String> {
        if let (Some(inner), Value::Object(map)) = (schema.get("unevaluatedProperties"), at.value) {
            let left: Vec<Str> = map.keys().filter(|k| !out.seen.keys.contains(*k)).cloned().collect();
            for key in &left {
                if let Some(value) = map.get(key) {
                    out.faults.extend(self.entry(inner, key, value, at)?);
                }
            }
            out.seen.keys.extend(left);
        }
        if let (Some(inner), Value::Array(list)) = (schema.get("unevaluatedItems"), at.value) {
            for n in out.seen.items..list.len() {
                if !out.seen.scattered.contains(&n) {
                    out.faults.extend(self.item(inner, list, n, at)?.err());
                }
            }
            out.seen.items = list.len();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::schema::Schema;
    use fairway_value::from_json;

    fn check(schema: &str, value: &str, expect: &str) {
        let value = from_json(value.as_bytes()).unwrap();
        let faults = Schema::new(schema.as_bytes().into()).validate(&value, None);
        assert_eq!(faults.err().unwrap_or_default(), expect, "{schema} {value}");
    }

    #[test]
    fn faults_are_said_in_helms_words() {
        check(r#"{"properties":{"a":{"type":"integer"}}}"#, r#"{"a":1.0}"#, "");
        check(
            r#"{"properties":{"a":{"type":["string","boolean","integer"],"minimum":9}}}"#,
            r#"{"a":1.5}"#,
            "- at '/a': got number, want boolean or integer or string",
        );
        check(
            r#"{"properties":{"port":{"maximum":65535,"multipleOf":2}}}"#,
            r#"{"port":70001}"#,
            "- at '/port': maximum: got 70,001, want 65,535\n- at '/port': multipleOf: got 70,001, want 2",
        );
        check(r#"{"required":["n"]}"#, "{}", "- at '': missing property 'n'");
        check(
            r#"{"additionalProperties":false,"properties":{"a":{}}}"#,
            r#"{"a":1,"b":2}"#,
            "- at '': additional properties 'b' not allowed",
        );
        check(
            r#"{"properties":{"a":{"anyOf":[{"type":"string"},{"type":"null"}]}}}"#,
            r#"{"a":1}"#,
            "- at '/a': 'anyOf' failed\n  - at '/a': got number, want string\n  - at '/a': got number, want null",
        );
        check(
            r#"{"allOf":[{"required":["a"]},{"required":["b"],"minProperties":2}],"not":{}}"#,
            "{}",
            "- at '': 'not' failed\n- at '': 'allOf' failed\n  - at '': missing property 'a'\n  - at '': validation failed\n    - at '': minProperties: got 0, want 2\n    - at '': missing property 'b'",
        );
        check(r#"{"enum":["a","b'"]}"#, "1", r"- at '': value must be one of 'a', 'b\''");
        check(r#"{"enum":[["a"]]}"#, "1", "- at '': 'enum' failed");
        check(r#"{"const":"a"}"#, "1", "- at '': value must be 'a'");
        check(
            r#"{"dependentRequired":{"a":["b","c"]},"propertyNames":{"maxLength":1}}"#,
            r#"{"a":1,"bb":1}"#,
            "- at '': invalid propertyName 'bb'\n  - at '': maxLength: got 2, want 1\n- at '': properties 'b', 'c' required, if 'a' exists",
        );
        check(
            r#"{"contains":{"type":"string"}}"#,
            "[1]",
            "- at '': no items match contains schema\n  - at '/0': got number, want string",
        );
    }

    #[test]
    fn references_stay_inside_the_chart() {
        let schema = r##"{"$defs":{"p":{"type":"string","minLength":2,"pattern":"x"},"q":{"$anchor":"here","type":"number"}},
            "properties":{"a":{"$ref":"#/$defs/p"},"b":{"$ref":"#here"}}}"##;
        check(schema, r#"{"a":"xx","b":1}"#, "");
        check(schema, r#"{"a":1}"#, "- at '/a': got number, want string");
        check(
            schema,
            r#"{"a":"y"}"#,
            "- at '/a': validation failed\n  - at '/a': minLength: got 1, want 2\n  - at '/a': 'y' does not match pattern 'x'",
        );
        check(schema, r#"{"b":"x"}"#, "- at '/b': got string, want number");
        let outside = r#"{"properties":{"c":{"$ref":"https://x/y"}}}"#;
        check(outside, "{}", "unsupported: schema https://x/y: nothing is fetched here");
        check(r##"{"$ref":"#"}"##, "{}", "schema is nested deeper than the limit of 200");
    }

    #[test]
    fn dynamic_references_lead_to_the_outermost_anchor() {
        let tree = r##"{"$id":"https://x/strict","$dynamicAnchor":"node","$ref":"tree","unevaluatedProperties":false,
            "$defs":{"tree":{"$id":"tree","$dynamicAnchor":"node","type":"object",
                "properties":{"data":true,"children":{"type":"array","items":{"$dynamicRef":"#node"}}}}}}"##;
        check(tree, r#"{"children":[{"data":1}]}"#, "");
        check(
            tree,
            r#"{"children":[{"daat":1}]}"#,
            "- at '/children/0/daat': false schema\n- at '/children': false schema",
        );
    }

    #[test]
    fn drafts_differ() {
        let four = r#"{"$schema":"http://json-schema.org/draft-04/schema#","properties":{"a":{"minimum":1,"exclusiveMinimum":true}}}"#;
        check(four, r#"{"a":1}"#, "- at '/a': exclusiveMinimum: got 1, want 1");
        let seven =
            r#"{"$schema":"http://json-schema.org/draft-07/schema#","properties":{"a":{"format":"ipv4"}}}"#;
        check(seven, r#"{"a":"x"}"#, "- at '/a': 'x' is not valid ipv4: expected four decimals");
        check(r#"{"properties":{"a":{"format":"ipv4"}}}"#, r#"{"a":"x"}"#, "");
        check(
            r#"{"allOf":[{"properties":{"a":{}}}],"unevaluatedProperties":false}"#,
            r#"{"a":1,"b":2}"#,
            "- at '/b': false schema",
        );
        check(r#"{"prefixItems":[{"type":"string"}],"items":{"type":"number"}}"#, r#"["a",1]"#, "");
    }
}
