//! What a schema itself must be: the meta-schemas of the drafts as the library has them, keyword by keyword.
//!
//! They are rules here and no documents: a schema of half a megabyte is held against them in a few milliseconds.

use super::document::Draft;
use super::keywords::{is_one_of, of_format, of_type, unmatched};
use super::number::repeated;
use super::report::{Fault, Faults, go_below, number, quote};
use fairway_value::{Map, Value};

/// Says what is wrong with a schema, one fault for each thing.
pub(super) fn faults(schema: &Value, draft: Draft) -> Faults {
    let fault = Meta { draft }.schema(schema, &Path::Start(""));
    fault.map(Fault::parts).unwrap_or_default()
}

/// A draft's meta-schema, or one of its definitions, as what values are held to.
pub(super) struct Definition {
    draft: Draft,
    rule: Rule,
}

impl Definition {
    /// Finds what a fragment of the meta-schema's address names.
    ///
    /// # Errors
    /// It has none of this name.
    pub(super) fn named(draft: Draft, fragment: &str) -> Result<Self, String> {
        let rule = match fragment.rsplit('/').next().unwrap_or_default() {
            "" => Rule::Schema,
            "schemaArray" => Rule::Schemas,
            "positiveInteger" | "nonNegativeInteger" => Rule::Count,
            "positiveIntegerDefault0" | "nonNegativeIntegerDefault0" => Rule::CountFromZero,
            "simpleTypes" => Rule::Type,
            "stringArray" => Rule::Texts,
            _ => return Err(format!("json-pointer in \"{}#{fragment}\" not found", draft.address())),
        };
        Ok(Self { draft, rule })
    }

    /// Says what is wrong with a value.
    pub(super) fn fault(&self, value: &Value, path: &str) -> Option<Fault> {
        Meta { draft: self.draft }.check(self.rule, value, &Path::Start(path))
    }
}

/// Where something is in a schema, written only where something is wrong.
enum Path<'p> {
    Start(&'p str),
    Key(&'p Path<'p>, &'p str),
    Item(&'p Path<'p>, usize),
}

impl Path<'_> {
    fn text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Start(path) => out.push_str(path),
            Self::Key(outer, key) => {
                outer.write(out);
                go_below(out, key);
            }
            Self::Item(outer, n) => {
                outer.write(out);
                go_below(out, &n.to_string());
            }
        }
    }

    fn fault(&self, message: impl Into<String>) -> Fault {
        Fault::new(&self.text(), message)
    }
}

/// What the value of a keyword must be.
#[derive(Clone, Copy)]
enum Rule {
    Anchor,
    Boolean,
    Choices,
    Count,
    /// A count that is nought where it is not said.
    CountFromZero,
    /// Schemas and lists of names, by name.
    Dependencies,
    Identifier,
    List,
    Number,
    Pattern,
    Schema,
    SchemaOrBoolean,
    SchemaOrSchemas,
    Schemas,
    SchemasByName,
    SchemasByPattern,
    Step,
    Text,
    Texts,
    TextsByName,
    Type,
    TypeOrTypes,
    Uri,
    UriReference,
    Vocabularies,
}

/// The parts of a meta-schema since 2019, in its order; what it says itself stands before them.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Itself,
    Core,
    Applicator,
    Unevaluated,
    Validation,
    MetaData,
    Format,
    Content,
}

const PARTS: [Part; 7] = [
    Part::Core,
    Part::Applicator,
    Part::Unevaluated,
    Part::Validation,
    Part::MetaData,
    Part::Format,
    Part::Content,
];

struct Meta {
    draft: Draft,
}

impl Meta {
    fn schema(&self, schema: &Value, path: &Path<'_>) -> Option<Fault> {
        let map = match schema {
            Value::Object(map) => map,
            Value::Bool(_) if self.draft >= Draft::Six => return None,
            other => {
                return is(other, if self.draft == Draft::Four { &["object"] } else { SCHEMA }, path);
            }
        };
        // A schema with an address of its own may follow another draft.
        if let Some(draft) = Draft::embedded(schema).filter(|draft| *draft != self.draft) {
            return Meta { draft }.schema(schema, path);
        }
        let mut own = Faults::default();
        let mut parts = PARTS.map(|part| (part, Faults::default()));
        if self.draft == Draft::Four {
            own.extend(self.lonely_bounds(map, path));
        }
        for (key, value) in map.iter() {
            let rule = self.rule(key);
            if let Some(fault) = rule.and_then(|rule| self.check(rule, value, &Path::Key(path, key))) {
                let part = self.part(key);
                match parts.iter_mut().find(|(of, _)| *of == part) {
                    Some((_, faults)) => faults.push(fault),
                    None => own.push(fault),
                }
            }
        }
        let said = parts.into_iter().filter(|(_, faults)| !faults.is_empty());
        let of_part = |(_, faults)| Fault::of_schema(&path.text(), faults);
        let said: Faults =
            said.filter_map(of_part).map(|fault| Fault::of_reference(&path.text(), fault)).collect();
        if !said.is_empty() {
            own.push(Fault::with(&path.text(), "'allOf' failed", said));
        }
        one(own, path)
    }

    /// In the fourth draft a bound must be there for being outside.
    fn lonely_bounds(&self, map: &Map, path: &Path<'_>) -> Vec<Fault> {
        let pairs = [("exclusiveMaximum", "maximum"), ("exclusiveMinimum", "minimum")];
        let lonely =
            pairs.iter().filter(|(strict, bound)| map.contains_key(strict) && !map.contains_key(bound));
        let message =
            |strict, bound| format!("properties {} required, if {} exists", quote(bound), quote(strict));
        lonely.map(|(strict, bound)| path.fault(message(strict, bound))).collect()
    }

    /// Returns what a keyword's value must be, if the draft knows it.
    fn rule(&self, key: &str) -> Option<Rule> {
        let draft = self.draft;
        let since = |first: Draft, rule: Rule| (draft >= first).then_some(rule);
        let until = |last: Draft, rule: Rule| (draft <= last).then_some(rule);
        let is_four = draft == Draft::Four;
        match key {
            "id" => until(Draft::Four, Rule::Text),
            "$id" if draft >= Draft::Y2019 => Some(Rule::Identifier),
            "$id" => since(Draft::Six, Rule::UriReference),
            "$schema" => Some(Rule::Uri),
            "$ref" => Some(if is_four { Rule::Text } else { Rule::UriReference }),
            "$recursiveRef" => since(Draft::Y2019, Rule::UriReference),
            "$dynamicRef" => since(Draft::Y2020, Rule::UriReference),
            "$recursiveAnchor" if draft == Draft::Y2019 => Some(Rule::Boolean),
            "$dynamicAnchor" | "$recursiveAnchor" => since(Draft::Y2020, Rule::Anchor),
            "$anchor" => since(Draft::Y2019, Rule::Anchor),
            "$vocabulary" => since(Draft::Y2019, Rule::Vocabularies),
            "title" | "description" | "format" => Some(Rule::Text),
            "$comment" | "contentMediaType" | "contentEncoding" => since(Draft::Seven, Rule::Text),
            "readOnly" | "writeOnly" => since(Draft::Seven, Rule::Boolean),
            "deprecated" => since(Draft::Y2019, Rule::Boolean),
            "examples" => since(Draft::Seven, Rule::List),
            "multipleOf" => Some(Rule::Step),
            "maximum" | "minimum" => Some(Rule::Number),
            "exclusiveMaximum" | "exclusiveMinimum" if is_four => Some(Rule::Boolean),
            "exclusiveMaximum" | "exclusiveMinimum" => Some(Rule::Number),
            "maxLength" | "maxItems" | "maxProperties" => Some(Rule::Count),
            "minLength" | "minItems" | "minProperties" => Some(Rule::CountFromZero),
            "maxContains" | "minContains" => since(Draft::Y2019, Rule::Count),
            "pattern" => Some(Rule::Pattern),
            "uniqueItems" => Some(Rule::Boolean),
            "required" => Some(Rule::Texts),
            "dependentRequired" => since(Draft::Y2019, Rule::TextsByName),
            "enum" => Some(Rule::Choices),
            "type" => Some(Rule::TypeOrTypes),
            "additionalProperties" | "additionalItems" if is_four => Some(Rule::SchemaOrBoolean),
            "additionalProperties" | "not" => Some(Rule::Schema),
            "additionalItems" => until(Draft::Y2019, Rule::Schema),
            "items" => Some(if draft == Draft::Y2020 { Rule::Schema } else { Rule::SchemaOrSchemas }),
            "prefixItems" => since(Draft::Y2020, Rule::Schemas),
            "allOf" | "anyOf" | "oneOf" => Some(Rule::Schemas),
            "contains" | "propertyNames" => since(Draft::Six, Rule::Schema),
            "if" | "then" | "else" => since(Draft::Seven, Rule::Schema),
            "unevaluatedItems" | "unevaluatedProperties" | "contentSchema" => {
                since(Draft::Y2019, Rule::Schema)
            }
            "definitions" | "properties" => Some(Rule::SchemasByName),
            "patternProperties" if draft >= Draft::Seven => Some(Rule::SchemasByPattern),
            "patternProperties" => Some(Rule::SchemasByName),
            "$defs" | "dependentSchemas" => since(Draft::Y2019, Rule::SchemasByName),
            "dependencies" => Some(Rule::Dependencies),
            _ => None,
        }
    }

    /// Returns the part of the meta-schema that knows a keyword.
    fn part(&self, key: &str) -> Part {
        if self.draft <= Draft::Seven {
            return Part::Itself;
        }
        match key {
            "definitions" | "dependencies" => Part::Itself,
            "$recursiveAnchor" | "$recursiveRef" if self.draft == Draft::Y2020 => Part::Itself,
            "unevaluatedItems" | "unevaluatedProperties" if self.draft == Draft::Y2020 => Part::Unevaluated,
            "$defs" | "$comment" => Part::Core,
            "title" | "description" | "deprecated" | "readOnly" | "writeOnly" | "examples" => Part::MetaData,
            "format" => Part::Format,
            "contentMediaType" | "contentEncoding" | "contentSchema" => Part::Content,
            _ if key.starts_with('$') => Part::Core,
            _ => match self.rule(key) {
                Some(
                    Rule::Schema
                    | Rule::SchemaOrSchemas
                    | Rule::Schemas
                    | Rule::SchemasByName
                    | Rule::SchemasByPattern,
                ) => Part::Applicator,
                _ => Part::Validation,
            },
        }
    }

    fn check(&self, rule: Rule, value: &Value, path: &Path<'_>) -> Option<Fault> {
        match rule {
            Rule::Schema => self.schema(value, path).map(|fault| Fault::of_reference(&path.text(), fault)),
            Rule::SchemaOrBoolean => {
                let schema = || self.check(Rule::Schema, value, path);
                any(is(value, &["boolean"], path), schema, path)
            }
            Rule::SchemaOrSchemas => {
                let list = || self.check(Rule::Schemas, value, path);
                any(self.check(Rule::Schema, value, path), list, path)
            }
            Rule::Schemas => {
                let schemas = list(value, 1, false, path, |item, path| self.check(Rule::Schema, item, path));
                schemas.map(|fault| Fault::of_reference(&path.text(), fault))
            }
            Rule::SchemasByName => self.by_name(Rule::Schema, value, path),
            Rule::SchemasByPattern => self.by_formatted_name("regex", Rule::Schema, value, path),
            Rule::Dependencies => map(value, path, |wanted, path| {
                let names = || self.check(Rule::Texts, wanted, path);
                any(self.check(Rule::Schema, wanted, path), names, path)
            }),
            Rule::TextsByName => self.by_name(Rule::Texts, value, path),
            Rule::Texts => {
                let least = usize::from(self.draft == Draft::Four);
                let texts = list(value, least, true, path, |item, path| self.check(Rule::Text, item, path));
                texts.map(|fault| Fault::of_reference(&path.text(), fault))
            }
            Rule::TypeOrTypes => {
                let several = || list(value, 1, true, path, |item, path| self.check(Rule::Type, item, path));
                any(self.check(Rule::Type, value, path), several, path)
            }
            Rule::Type => is_one_of(value, TYPES).err().map(|why| path.fault(why)),
            Rule::Choices if self.draft <= Draft::Seven => list(value, 1, true, path, |_, _| None),
            Rule::Choices | Rule::List => is(value, &["array"], path),
            Rule::CountFromZero if self.draft <= Draft::Seven => {
                let fault = self.check(Rule::Count, value, path)?;
                Some(Fault::with(&path.text(), "'allOf' failed", fault.into()))
            }
            Rule::Count | Rule::CountFromZero => is(value, &["integer"], path).or_else(|| {
                let got = value.as_f64().filter(|got| *got < 0.0)?;
                Some(path.fault(format!("minimum: got {}, want 0", number(got))))
            }),
            Rule::Step => is(value, &["number"], path).or_else(|| {
                let got = value.as_f64().filter(|got| *got <= 0.0)?;
                Some(path.fault(format!("exclusiveMinimum: got {}, want 0", number(got))))
            }),
            Rule::Number => is(value, &["number"], path),
            Rule::Boolean => is(value, &["boolean"], path),
            Rule::Text => is(value, &["string"], path),
            Rule::Pattern => formatted(value, "regex", path),
            Rule::Uri => formatted(value, "uri", path),
            Rule::UriReference => formatted(value, "uri-reference", path),
            Rule::Identifier => self.identifier(value, path),
            Rule::Anchor => self.anchor(value, path),
            Rule::Vocabularies => self.by_formatted_name("uri", Rule::Boolean, value, path),
        }
    }

    fn by_name(&self, rule: Rule, value: &Value, path: &Path<'_>) -> Option<Fault> {
        map(value, path, |value, path| self.check(rule, value, path))
    }

    fn by_formatted_name(&self, format: &str, rule: Rule, value: &Value, path: &Path<'_>) -> Option<Fault> {
        let mut faults = self.by_name(rule, value, path).map(Fault::parts).unwrap_or_default();
        for name in value.as_object().into_iter().flat_map(Map::keys) {
            if let Some(why) = formatted(&Value::from(name.as_str()), format, &Path::Start("")) {
                let message = format!("invalid propertyName {}", quote(name));
                faults.push(Fault::with(&path.text(), message, why.into()));
            }
        }
        one(faults, path)
    }

    fn identifier(&self, value: &Value, path: &Path<'_>) -> Option<Fault> {
        let mut faults: Faults = formatted(value, "uri-reference", path).into_iter().collect();
        // What stands beside a format is not looked at where the format is broken, but behind a reference it is.
        if let Some(text) = value.as_str().filter(|_| self.draft == Draft::Y2020 || faults.is_empty())
            && text.strip_suffix('#').unwrap_or(text).contains('#')
        {
            faults.push(path.fault(unmatched(text, "^[^#]*#?$")));
        }
        one(faults, path)
    }

    fn anchor(&self, value: &Value, path: &Path<'_>) -> Option<Fault> {
        let Value::String(text) = value else { return is(value, &["string"], path) };
        let (pattern, first, others) = match self.draft {
            Draft::Y2020 => ("^[A-Za-z_][-A-Za-z0-9._]*$", "_", "-._"),
            _ => ("^[A-Za-z][-A-Za-z0-9.:_]*$", "", "-.:_"),
        };
        let mut characters = text.chars();
        let starts = characters.next().is_some_and(|c| c.is_ascii_alphabetic() || first.contains(c));
        let goes_on = characters.all(|c| c.is_ascii_alphanumeric() || others.contains(c));
        (!(starts && goes_on)).then(|| path.fault(unmatched(text, pattern)))
    }
}

fn is(value: &Value, types: &[&str], path: &Path<'_>) -> Option<Fault> {
    of_type(value, types).err().map(|why| path.fault(why))
}

/// Takes a value that one of two rules takes.
fn any(one: Option<Fault>, other: impl FnOnce() -> Option<Fault>, path: &Path<'_>) -> Option<Fault> {
    let (one, other) = (one?, other()?);
    Some(Fault::with(&path.text(), "'anyOf' failed", Faults::from_iter([one, other])))
}

fn list(
    value: &Value,
    least: usize,
    is_set: bool,
    path: &Path<'_>,
    item: impl Fn(&Value, &Path<'_>) -> Option<Fault>,
) -> Option<Fault> {
    let Value::Array(list) = value else { return is(value, &["array"], path) };
    let mut faults = Faults::default();
    if list.len() < least {
        faults.push(path.fault(format!("minItems: got {}, want {least}", list.len())));
    }
    if is_set {
        faults.extend(repeated(list).map(|why| path.fault(why)));
    }
    faults.extend(list.iter().enumerate().filter_map(|(n, value)| item(value, &Path::Item(path, n))));
    one(faults, path)
}

fn map(value: &Value, path: &Path<'_>, entry: impl Fn(&Value, &Path<'_>) -> Option<Fault>) -> Option<Fault> {
    let Value::Object(map) = value else { return is(value, &["object"], path) };
    let faults = map.iter().filter_map(|(key, value)| entry(value, &Path::Key(path, key)));
    one(faults.collect(), path)
}

fn formatted(value: &Value, name: &str, path: &Path<'_>) -> Option<Fault> {
    let Value::String(text) = value else { return is(value, &["string"], path) };
    of_format(text, name).err().map(|why| path.fault(why))
}

/// Makes one of what is said of a schema, if anything is.
fn one(faults: Faults, path: &Path<'_>) -> Option<Fault> {
    if faults.is_empty() { None } else { Fault::of_schema(&path.text(), faults) }
}

const SCHEMA: &[&str] = &["object", "boolean"];

/// The types that `type` names, in the order in which the meta-schemas do.
const TYPES: &[&str] = &["array", "boolean", "integer", "null", "number", "object", "string"];

#[cfg(test)]
mod tests {
    use crate::schema::Schema;
    use fairway_value::{Value, from_json};

    /// Returns what is said of a schema, without the line that names the meta-schema.
    fn faults(draft: &str, schema: &str) -> String {
        let mut root = from_json(schema.as_bytes()).unwrap();
        if let Value::Object(map) = &mut root {
            map.insert("$schema", Value::from(draft));
        }
        let said = Schema::new(root.to_string().into_bytes().into()).validate(&Value::Null, None);
        let said = said.err().unwrap_or_default();
        let first = format!(
            "\"file:///values.schema.json#\" is not valid against metaschema: jsonschema validation failed with '{draft}#'\n"
        );
        said.strip_prefix(&first).unwrap_or(&said).to_owned()
    }

    const FOUR: &str = "http://json-schema.org/draft-04/schema";
    const SIX: &str = "http://json-schema.org/draft-06/schema";
    const SEVEN: &str = "http://json-schema.org/draft-07/schema";
    const Y2019: &str = "https://json-schema.org/draft/2019-09/schema";
    const Y2020: &str = "https://json-schema.org/draft/2020-12/schema";

    #[test]
    fn what_authors_get_wrong_is_told_in_the_librarys_words() {
        let required = r#"{"properties":{"b":{"required":true}}}"#;
        for draft in [FOUR, SIX, SEVEN] {
            assert_eq!(faults(draft, required), "- at '/properties/b/required': got boolean, want array");
        }
        for draft in [Y2019, Y2020] {
            assert_eq!(
                faults(draft, required),
                "- at '': 'allOf' failed\n  - at '/properties/b': 'allOf' failed\n    - at '/properties/b/required': got boolean, want array"
            );
        }
        assert_eq!(
            faults(SEVEN, r#"{"properties":{"b":{"type":"strin","minimum":"a"}}}"#),
            "- at '/properties/b': validation failed\n  - at '/properties/b/minimum': got string, want number\n  - at '/properties/b/type': 'anyOf' failed\n    - at '/properties/b/type': value must be one of 'array', 'boolean', 'integer', 'null', 'number', 'object', 'string'\n    - at '/properties/b/type': got string, want array"
        );
        assert_eq!(
            faults(Y2020, r#"{"properties":{"b":{"items":[{}]}}}"#),
            "- at '': 'allOf' failed\n  - at '/properties/b': 'allOf' failed\n    - at '/properties/b/items': got array, want boolean or object"
        );
        assert_eq!(faults(Y2019, r#"{"items":[{}]}"#), "");
        assert_eq!(
            faults(Y2020, r#"{"patternProperties":{"(":{}}}"#),
            "- at '': 'allOf' failed\n  - at '/patternProperties': invalid propertyName '('\n    - at '': '(' is not valid regex: error parsing regexp: missing closing ): `(`"
        );
        assert_eq!(
            faults(FOUR, r#"{"properties":{"x/y":{"patternProperties":{"(":{}}}}}"#),
            "invalid regex \"(\" at \"file:///values.schema.json#/properties/x~1y/patternProperties\": error parsing regexp: missing closing ): `(`"
        );
    }

    #[test]
    fn drafts_differ_in_what_a_schema_may_say() {
        let cases = [
            (FOUR, r#"{"maximum":1,"exclusiveMaximum":true}"#, ""),
            (
                FOUR,
                r#"{"exclusiveMaximum":true}"#,
                "- at '': properties 'maximum' required, if 'exclusiveMaximum' exists",
            ),
            (SIX, r#"{"exclusiveMaximum":true}"#, "- at '/exclusiveMaximum': got boolean, want number"),
            (FOUR, r#"{"not":true}"#, "- at '/not': got boolean, want object"),
            (SIX, r#"{"not":false,"if":1}"#, ""),
            (SEVEN, r#"{"if":1}"#, "- at '/if': got number, want boolean or object"),
            (FOUR, r#"{"required":[]}"#, "- at '/required': minItems: got 0, want 1"),
            (SIX, r#"{"required":["a","b","a"]}"#, "- at '/required': items at 0 and 2 are equal"),
            (SEVEN, r#"{"enum":[]}"#, "- at '/enum': minItems: got 0, want 1"),
            (Y2019, r#"{"properties":{"a":{"enum":[]}}}"#, ""),
            (
                SEVEN,
                r#"{"minLength":-1}"#,
                "- at '/minLength': 'allOf' failed\n  - at '/minLength': minimum: got -1, want 0",
            ),
            (
                Y2019,
                r#"{"minLength":-1}"#,
                "- at '': 'allOf' failed\n  - at '/minLength': minimum: got -1, want 0",
            ),
            (Y2020, r#"{"minLength":1.0,"multipleOf":0.5}"#, ""),
            (SEVEN, r#"{"multipleOf":0}"#, "- at '/multipleOf': exclusiveMinimum: got 0, want 0"),
            (
                Y2019,
                r#"{"$anchor":"1a"}"#,
                "- at '': 'allOf' failed\n  - at '/$anchor': '1a' does not match pattern '^[A-Za-z][-A-Za-z0-9.:_]*$'",
            ),
            (
                Y2020,
                r#"{"$id":"x#y"}"#,
                "- at '': 'allOf' failed\n  - at '/$id': 'x#y' does not match pattern '^[^#]*#?$'",
            ),
            (SEVEN, r#"{"dependencies":{"a":["b"],"c":{}}}"#, ""),
            (
                SEVEN,
                r#"{"dependencies":{"a":1}}"#,
                "- at '/dependencies/a': 'anyOf' failed\n  - at '/dependencies/a': got number, want boolean or object\n  - at '/dependencies/a': got number, want array",
            ),
            (
                Y2020,
                r#"{"anyOf":[{"title":1},{"title":2}]}"#,
                "- at '': 'allOf' failed\n  - at '/anyOf': validation failed\n    - at '/anyOf/0': 'allOf' failed\n      - at '/anyOf/0/title': got number, want string\n    - at '/anyOf/1': 'allOf' failed\n      - at '/anyOf/1/title': got number, want string",
            ),
            (
                Y2020,
                r#"{"$vocabulary":{"a":1}}"#,
                "- at '': 'allOf' failed\n  - at '': validation failed\n    - at '/$vocabulary/a': got number, want boolean\n    - at '/$vocabulary': invalid propertyName 'a'\n      - at '': 'a' is not valid uri: relative url",
            ),
            // A schema with an address of its own follows the draft that it names.
            (
                Y2020,
                r#"{"$defs":{"a":{"$id":"a","$schema":"http://json-schema.org/draft-07/schema","items":[{}]}}}"#,
                "",
            ),
        ];
        for (draft, schema, expected) in cases {
            assert_eq!(faults(draft, schema), expected, "{draft} {schema}");
        }
    }

    #[test]
    fn values_may_be_schemas() {
        let check = |schema: &str, value: &str| {
            let value = from_json(value.as_bytes()).unwrap();
            Schema::new(schema.as_bytes().into()).validate(&value, None).err().unwrap_or_default()
        };
        let whole = format!(r#"{{"properties":{{"a":{{"$ref":"{SEVEN}#"}}}}}}"#);
        assert_eq!(check(&whole, r#"{"a":{"type":"string"}}"#), "");
        assert_eq!(check(&whole, r#"{"a":{"title":1}}"#), "- at '/a/title': got number, want string");
        let part = format!(r#"{{"items":{{"$ref":"{SEVEN}#/definitions/nonNegativeInteger"}}}}"#);
        assert_eq!(check(&part, "[1,-1]"), "- at '/1': minimum: got -1, want 0");
        let none = format!(r#"{{"items":{{"$ref":"{SEVEN}#/definitions/none"}}}}"#);
        assert_eq!(check(&none, "[]"), format!("json-pointer in \"{SEVEN}#/definitions/none\" not found"));
    }
}
