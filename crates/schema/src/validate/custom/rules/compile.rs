use super::super::is_resource;
use super::DEPTH_MAX;
use super::definition::kind_of;
use crate::expression::{self, Bounds, Kind, Plan, check};
use crate::validate::fault::{list, text};
use cel::Program;
use fairway_value::{Str, Value};

/// The bounds of a rule.
const BOUNDS: Bounds = Bounds { bytes: 16 << 10, nesting: 64 };

/// The rules of one version of a custom kind.
#[derive(Debug)]
pub(crate) struct Rules {
    /// Nothing where there are none.
    pub(super) root: Option<Node>,
}

impl Rules {
    /// Reads the rules of an `openAPIV3Schema`.
    pub fn read(schema: &Value) -> Self {
        Self { root: node(schema, schema, true, 0) }
    }

    /// Reads the rules of a part of a schema.
    pub(in super::super) fn read_part(schema: &Value) -> Self {
        let resource = schema.get("x-kubernetes-embedded-resource") == Some(&Value::Bool(true));
        Self { root: node(schema, schema, resource, 0) }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.root.is_none()
    }
}

/// A place of a schema that has rules, or has some below it.
#[derive(Debug)]
pub(super) struct Node {
    /// What the values are: the structural schema, whose `allOf` only adds rules.
    pub schema: Value,
    pub rules: Vec<Rule>,
    pub all_of: Vec<Node>,
    pub items: Option<Box<Node>>,
    pub properties: Vec<(Str, Node)>,
    pub further: Option<Box<Node>>,
    /// Whether type, kind and name are there to be looked at.
    pub resource: bool,
}

/// One rule.
#[derive(Debug)]
pub(super) struct Rule {
    /// The rule, or why it cannot be read.
    pub expression: Result<Expression, String>,
    pub text: Str,
    pub message: Str,
    pub message_expression: Option<Expression>,
    pub message_text: Str,
    pub reason: Str,
    /// What is added to the field's path.
    pub field: String,
    pub uses_old: bool,
    pub old_is_optional: bool,
}

/// An expression, ready to be run.
#[derive(Debug)]
pub(super) enum Expression {
    Planned(Plan),
    /// Its types are not understood here, though the server has taken it: what it gives is told, not what it costs.
    Unchecked(Program),
}

fn node(rules: &Value, schema: &Value, resource: bool, depth: usize) -> Option<Node> {
    if depth > DEPTH_MAX {
        return None;
    }
    let below = |key: &str| {
        let (inner, schema) = (rules.get(key)?, schema.get(key)?);
        inner.as_object()?;
        node(inner, schema, is_resource(schema), depth + 1).map(Box::new)
    };
    let mut properties = Vec::new();
    for (name, inner) in rules.get("properties").and_then(Value::as_object).into_iter().flat_map(|m| m.iter())
    {
        // Only what the structure has is looked at.
        let Some(schema) = schema.get("properties").and_then(|p| p.get(name)) else { continue };
        if let Some(node) = node(inner, schema, is_resource(schema), depth + 1) {
            properties.push((name.clone(), node));
        }
    }
    let all_of: Vec<Node> =
        list(rules, "allOf").iter().filter_map(|part| node(part, schema, resource, depth + 1)).collect();
    let kind = rules.get("x-kubernetes-validations").and_then(|_| kind_of(schema, resource, "selfType", 0));
    let found = Node {
        rules: list(rules, "x-kubernetes-validations")
            .iter()
            .filter(|r| !text(r, "rule").trim().is_empty())
            .map(|r| rule(r, schema, kind.as_ref()))
            .collect(),
        items: below("items"),
        further: below("additionalProperties"),
        schema: schema.clone(),
        all_of,
        properties,
        resource,
    };
    let any = !found.rules.is_empty()
        || !found.all_of.is_empty()
        || found.items.is_some()
        || found.further.is_some()
        || !found.properties.is_empty();
    any.then_some(found)
}

fn rule(rule: &Value, schema: &Value, kind: Option<&Kind>) -> Rule {
    let program = compile(text(rule, "rule"));
    let uses_old = program.as_ref().is_ok_and(|p| p.references().has_variable("oldSelf"));
    let old_is_optional = rule.get("optionalOldSelf") == Some(&Value::Bool(true));
    let planned = |program: Program| {
        let plan = kind.and_then(|kind| {
            let old = if old_is_optional { Kind::optional(kind.clone()) } else { kind.clone() };
            let checked = check(&program, &[("self", kind.clone()), ("oldSelf", old)]).ok()?;
            Plan::of(&program, &checked)
        });
        plan.map_or(Expression::Unchecked(program), Expression::Planned)
    };
    let message_text = text(rule, "messageExpression");
    Rule {
        expression: program.map(planned),
        uses_old,
        text: text(rule, "rule").trim().into(),
        message: text(rule, "message").trim().into(),
        message_expression: compile(message_text).ok().filter(|_| !message_text.is_empty()).map(planned),
        message_text: message_text.into(),
        reason: text(rule, "reason").into(),
        field: field_path(text(rule, "fieldPath"), schema),
        old_is_optional,
    }
}

pub(super) fn compile(text: &str) -> Result<Program, String> {
    expression::compile(text, BOUNDS)
}

/// Writes `.spec['a']` as messages do: `spec.a` for a field, `spec[a]` for a map's key.
fn field_path(path: &str, schema: &Value) -> String {
    let mut out = String::new();
    let mut at = schema.clone();
    let mut rest = path;
    while !rest.is_empty() {
        let (name, after) = match rest.strip_prefix("['") {
            Some(quoted) => quoted.split_once("']").unwrap_or((quoted, "")),
            None => {
                let bare = rest.strip_prefix('.').unwrap_or(rest);
                bare.split_at(bare.find(['.', '[']).unwrap_or(bare.len()))
            }
        };
        if name.is_empty() {
            break;
        }
        let property = at.get("properties").and_then(|p| p.get(name)).cloned();
        if property.is_some() || at.get("additionalProperties").is_none() {
            if !out.is_empty() {
                out.push('.');
            }
            out.push_str(name);
        } else {
            out.push('[');
            out.push_str(name);
            out.push(']');
        }
        at = property.or_else(|| at.get("additionalProperties").cloned()).unwrap_or_default();
        rest = after;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_value::from_json;

    #[test]
    fn paths_name_fields_and_keys() {
        let schema = from_json(
            br#"{"properties":{"a":{"properties":{"b-c":{"type":"string"}}},"m":{"additionalProperties":{"type":"string"}}}}"#,
        )
        .unwrap();
        assert_eq!(field_path(".a['b-c']", &schema), "a.b-c");
        assert_eq!(field_path(".m['x.y']", &schema), "m[x.y]");
    }
}
