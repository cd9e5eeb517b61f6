//! Rules in CEL, checked when a definition is written: what they are made of, whether they compile, the types of what they say, and
//! what evaluating them costs.
//!
//! Source: apiextensions-apiserver 1.36 `pkg/apis/apiextensions/validation`, `pkg/apiserver/schema/cel/compilation.go`.

use super::super::{is_resource, values_of};
use super::DEPTH_MAX;
pub(in super::super::super) use super::budget::Budget;
use super::compile::compile;
pub(in super::super::super) use super::shape::{Shape, shape_of};
use super::values::escaped;
use crate::expression::{Fields, Kind, check, cost};
use crate::validate::fault::{Faults, text};
use fairway_value::{HtmlEscape, Map, Value, to_json};

const REASONS: [&str; 4] =
    ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

/// Checks what a rule is made of.
pub(in super::super::super) fn made_of(rule: &Value, schema: &Value, field: &str, faults: &mut Faults) {
    let has_breaks = |t: &str| t.contains(['\n', '\r']);
    let (rule_text, message) = (text(rule, "rule").trim(), text(rule, "message"));
    if rule_text.is_empty() {
        faults.required(format!("{field}.rule"), "rule is not specified");
    } else if !message.is_empty() && message.trim().is_empty() {
        faults.invalid_text(format!("{field}.message"), message, "must be non-empty if specified");
    } else if has_breaks(message.trim()) {
        faults.invalid_text(format!("{field}.message"), message, "must not contain line breaks");
    } else if has_breaks(rule_text) && message.trim().is_empty() {
        let why = "message must be specified if rule contains line breaks";
        faults.required(format!("{field}.message"), why);
    }
    let expression = text(rule, "messageExpression");
    if !expression.is_empty() && expression.trim().is_empty() {
        let why = "messageExpression must be non-empty if specified";
        faults.required(format!("{field}.messageExpression"), why);
    }
    if let Some(reason) = rule.get("reason").and_then(Value::as_str) {
        faults.one_of(format!("{field}.reason"), reason, &REASONS);
    }
    let path = text(rule, "fieldPath");
    if !path.is_empty() && path.trim().is_empty() {
        faults.invalid_text(format!("{field}.fieldPath"), path, "must be non-empty if specified");
    }
    if has_breaks(path) {
        faults.invalid_text(format!("{field}.fieldPath"), path, "must not contain line breaks");
    }
    if !path.is_empty() && !is_path(path, schema) {
        faults.invalid_text(format!("{field}.fieldPath"), path, "must be a valid path");
    }
}

/// What rules are about.
pub(in super::super::super) struct Subject<'s> {
    pub kind: Kind,
    pub shape: Shape,
    /// How many such values an object may have, where the schemas above tell.
    pub times: Option<u64>,
    /// The list above whose entries cannot be told apart.
    pub uncorrelated: Option<&'s str>,
}

impl Subject<'_> {
    /// Compiles an expression; returns what it costs at most, and whether it asks for what was before.
    fn judged(
        &self,
        expression: &str,
        names: &[(&str, Kind)],
        wanted: &Kind,
        failed: &str,
        other: &str,
    ) -> Result<(u64, bool), String> {
        let program = compile(expression).map_err(|why| format!("{failed}{why}"))?;
        let checked = check(&program, names).map_err(|why| format!("{failed}{why}"))?;
        if checked.kind != *wanted {
            return Err(other.to_owned());
        }
        let sizes = |path: &[String]| self.shape.most_at(path);
        let uses_old = program.references().has_variable("oldSelf");
        Ok((cost(program.expression(), &checked, &sizes), uses_old))
    }
}

/// Compiles a rule and checks what it says and what it costs.
pub(in super::super::super) fn compiled(
    rule: &Value,
    subject: &Subject<'_>,
    field: &str,
    budget: &mut Budget,
    faults: &mut Faults,
) {
    let optional = rule.get("optionalOldSelf").and_then(Value::as_bool);
    let kind = &subject.kind;
    let old = if optional == Some(true) { Kind::optional(kind.clone()) } else { kind.clone() };
    let names = [("self", kind.clone()), ("oldSelf", old)];
    let failed = "compilation failed: ";
    let other = "cel expression must evaluate to a bool";
    let at_rule = format!("{field}.rule");
    let uses_old = match subject.judged(text(rule, "rule"), &names, &Kind::Bool, failed, other) {
        Ok((cost, uses_old)) => {
            let times = subject.times.unwrap_or_else(|| subject.shape.times_max());
            budget.spend("rule", at_rule.clone(), cost.saturating_mul(times), faults);
            let expression = text(rule, "messageExpression");
            let at_message = format!("{field}.messageExpression");
            let failed = "messageExpression compilation failed: ";
            let other = "messageExpression must evaluate to a string";
            if !expression.is_empty() {
                match subject.judged(expression, &names, &Kind::String, failed, other) {
                    Ok((cost, _)) => budget.spend("messageExpression", at_message, cost, faults),
                    Err(why) => faults.invalid(at_message, shown(rule), &why),
                }
            }
            uses_old
        }
        Err(why) => {
            faults.invalid(at_rule, shown(rule), &why);
            false
        }
    };
    match (uses_old, subject.uncorrelated) {
        (true, Some(list)) => {
            let why =
                format!("oldSelf cannot be used on the uncorrelatable portion of the schema within {list}");
            faults.invalid_text(format!("{field}.rule"), text(rule, "rule"), &why);
        }
        (false, _) if optional.is_some() => {
            let why = "may not be set if oldSelf is not used in rule";
            faults.invalid(format!("{field}.optionalOldSelf"), (optional == Some(true)).to_string(), why);
        }
        _ => {}
    }
}

/// A rule as the server shows it: its Go struct without names of its own.
fn shown(rule: &Value) -> String {
    let json = |value: &Value| to_json(value, HtmlEscape::Yes);
    let of = |key: &str| json(&Value::from(text(rule, key)));
    let or_null = |key: &str| json(rule.get(key).unwrap_or(&Value::Null));
    format!(
        "{{\"Rule\":{},\"Message\":{},\"MessageExpression\":{},\"Reason\":{},\"FieldPath\":{},\"OptionalOldSelf\":{}}}",
        of("rule"),
        of("message"),
        of("messageExpression"),
        or_null("reason"),
        of("fieldPath"),
        or_null("optionalOldSelf"),
    )
}

/// Returns what a schema's values are in the language; nothing where they cannot be said.
pub(in super::super::super) fn kind_of(
    schema: &Value,
    resource: bool,
    name: &str,
    depth: usize,
) -> Option<Kind> {
    if depth > DEPTH_MAX {
        return None;
    }
    if schema.get("x-kubernetes-int-or-string") == Some(&Value::Bool(true)) {
        return Some(Kind::Dyn);
    }
    let inner = |schema: &Value, more: &str| {
        kind_of(schema, is_resource(schema), &format!("{name}.{more}"), depth + 1)
    };
    Some(match text(schema, "type") {
        "array" => Kind::list(inner(schema.get("items")?, "@idx")?),
        "object" => {
            if let Some(values) = values_of(schema).filter(|_| !resource) {
                return Some(Kind::map(Kind::String, inner(values, "@elem")?));
            }
            let mut fields = Fields::new();
            for (key, property) in
                schema.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::iter)
            {
                if let (Some(kind), true) = (inner(property, key), is_sayable(key)) {
                    fields.insert(escaped(key), kind);
                }
            }
            if resource {
                let names = ["name", "generateName"].map(|key| (key.to_owned(), Kind::String));
                let metadata = Kind::object(&format!("{name}.metadata"), Fields::from(names));
                fields.insert("metadata".to_owned(), metadata);
                fields.insert("apiVersion".to_owned(), Kind::String);
                fields.insert("kind".to_owned(), Kind::String);
            }
            Kind::object(name, fields)
        }
        "string" => match text(schema, "format") {
            "byte" => Kind::Bytes,
            "duration" => Kind::Duration,
            "date" | "date-time" => Kind::Timestamp,
            _ => Kind::String,
        },
        "boolean" => Kind::Bool,
        "number" => Kind::Double,
        "integer" => Kind::Int,
        _ => return None,
    })
}

/// Whether rules can say a field's name, once it is escaped.
fn is_sayable(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-./".contains(&b))
}

/// Whether a path leads to a field of a schema: `.spec.a`, `.labels['x.y/z']`.
fn is_path(path: &str, schema: &Value) -> bool {
    let mut at = schema;
    let mut rest = path.trim();
    while !rest.is_empty() {
        let (name, after) = if let Some(quoted) = rest.strip_prefix("['") {
            let Some((name, after)) = quoted.split_once("']") else { return false };
            (name, after)
        } else {
            let Some(bare) = rest.strip_prefix('.') else { return false };
            bare.split_at(bare.find(['.', '[']).unwrap_or(bare.len()))
        };
        let values = || values_of(at);
        let Some(next) = at.get("properties").and_then(|p| p.get(name)).or_else(values) else { return false };
        (at, rest) = (next, after);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::fault::list;
    use fairway_value::from_json;

    fn refused(rule: &str) -> Vec<(String, String)> {
        let schema = format!(
            r#"{{"type":"object","properties":{{"spec":{{"type":"object","x-kubernetes-validations":[{rule}],"properties":{{
            "n":{{"type":"integer"}},"when":{{"type":"string","format":"date-time"}},"in-put":{{"type":"string"}},
            "list":{{"type":"array","maxItems":100,"items":{{"type":"string","maxLength":50}}}},
            "wide":{{"type":"array","items":{{"type":"string"}}}}}}}}}}}}"#
        );
        let schema = from_json(schema.as_bytes()).unwrap();
        let spec = schema.get_path(&["properties", "spec"]).unwrap();
        let rule = &list(spec, "x-kubernetes-validations")[0];
        let (field, mut faults) = ("s.properties[spec].x-kubernetes-validations[0]", Faults::default());
        made_of(rule, spec, field, &mut faults);
        if faults.len() == 0 {
            let (kind, shape) =
                (kind_of(spec, false, "selfType", 0).unwrap(), shape_of(spec, false, 0).unwrap());
            let subject = Subject { kind, shape, times: Some(1), uncorrelated: None };
            let mut budget = Budget::default();
            compiled(rule, &subject, field, &mut budget, &mut faults);
            budget.settle("s", &mut faults);
        }
        faults.into_causes().into_iter().map(|c| (c.field, c.message)).collect()
    }

    #[test]
    fn good_rules_are_taken() {
        for rule in [
            r#"{"rule":"self.n > 1 && self.in__dash__put != ''"}"#,
            r#"{"rule":"self.when < timestamp('2024-01-01T00:00:00Z')","messageExpression":"string(self.n)"}"#,
            r#"{"rule":"oldSelf.n <= self.n","fieldPath":".n","reason":"FieldValueForbidden"}"#,
            r#"{"rule":"!oldSelf.hasValue() || oldSelf.value().n == self.n","optionalOldSelf":true}"#,
            r#"{"rule":"self.list.all(i, isIP(i)) && quantity(self.list[0]).isLessThan(quantity('1Gi'))"}"#,
        ] {
            assert_eq!(refused(rule), Vec::new(), "{rule}");
        }
    }

    #[test]
    fn dear_rules_are_refused() {
        let at = "s.properties[spec].x-kubernetes-validations[0].rule";
        let advice = "(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)";
        let found = refused(r#"{"rule":"self.wide.all(i, self.wide.all(j, i == j))"}"#);
        let expect = [
            (at, format!("Forbidden: estimated rule cost exceeds budget by factor of more than 100x {advice}")),
            (
                at,
                "Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"
                    .to_owned(),
            ),
            (
                "s",
                format!(
                    "Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by \
                     factor of more than 100x {advice}"
                ),
            ),
        ];
        assert_eq!(found, expect.map(|(field, message)| (field.to_owned(), message)));
        let found = refused(r#"{"rule":"self.list.map(i, i).all(i, i + i != '')"}"#);
        assert_eq!(found, Vec::new());
    }

    #[test]
    fn what_is_stored_may_be_dear() {
        let mut faults = Faults::default();
        let mut budget = Budget::new(true);
        budget.spend("rule", "a".to_owned(), 20_000_000, &mut faults);
        budget.settle("s", &mut faults);
        assert_eq!(faults.len(), 0);
        Budget::default().spend("rule", "a".to_owned(), 14_000_000, &mut faults);
        let said = faults.into_causes().pop().map(|c| c.message).unwrap_or_default();
        assert!(said.contains("budget by factor of 1.400000x (try"), "{said}");
    }

    #[test]
    fn bad_rules_are_refused_in_the_servers_words() {
        let at = "s.properties[spec].x-kubernetes-validations[0]";
        for (rule, field, message) in [
            (r#"{"rule":" "}"#, "rule", "Required value: rule is not specified"),
            (
                r#"{"rule":"self.n","message":"m"}"#,
                "rule",
                r#"Invalid value: {"Rule":"self.n","Message":"m","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: cel expression must evaluate to a bool"#,
            ),
            (
                r#"{"rule":"self.m > 1"}"#,
                "rule",
                "Invalid value: {\"Rule\":\"self.m \\u003e 1\",\"Message\":\"\",\"MessageExpression\":\"\",\"Reason\":null,\"FieldPath\":\"\",\"OptionalOldSelf\":null}: compilation failed: ERROR: <input>:1:5: undefined field 'm'\n | self.m > 1\n | ....^",
            ),
            (
                r#"{"rule":"true","fieldPath":".x"}"#,
                "fieldPath",
                "Invalid value: \".x\": must be a valid path",
            ),
            (
                r#"{"rule":"true","reason":"No"}"#,
                "reason",
                "Unsupported value: \"No\": supported values: \"FieldValueDuplicate\", \"FieldValueForbidden\", \"FieldValueInvalid\", \"FieldValueRequired\"",
            ),
            (
                r#"{"rule":"self.n > 0","optionalOldSelf":true}"#,
                "optionalOldSelf",
                "Invalid value: true: may not be set if oldSelf is not used in rule",
            ),
        ] {
            assert_eq!(refused(rule), [(format!("{at}.{field}"), message.to_owned())], "{rule}");
        }
    }
}
