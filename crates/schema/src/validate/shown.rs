//! Values as messages show them: written under the names and in the order of Go's internal types.

use super::fault::show as show_value;
use crate::managed::quote;
use fairway_value::{HtmlEscape, Map, Value, from_json, to_json};
use std::collections::HashMap;
use std::sync::OnceLock;

/// One field of an internal type.
struct Field {
    /// The name that is shown; empty for a type written in place.
    shown: String,
    /// Left out where it is empty.
    omitted: bool,
    /// The field's name for clients; with `^` one of the parent's, empty for the value itself.
    key: String,
    kind: String,
}

type Shapes = HashMap<String, Vec<Field>>;

/// Deepest value that is shown.
const DEPTH_MAX: usize = 64;

/// Types by name, from `data/shapes.json`, which `cargo xtask schema --go` makes.
fn shapes() -> &'static Shapes {
    static SHAPES: OnceLock<Shapes> = OnceLock::new();
    SHAPES.get_or_init(|| {
        let text = include_str!("../../data/shapes.json");
        text.lines().filter_map(|line| shape(&from_json(line.as_bytes()).ok()?)).collect()
    })
}

fn shape(line: &Value) -> Option<(String, Vec<Field>)> {
    let [name, fields] = line.as_array()? else { return None };
    let field = |field: &Value| {
        let [shown, key, kind] = field.as_array()? else { return None };
        let shown = shown.as_str()?;
        Some(Field {
            shown: shown.trim_end_matches('?').to_owned(),
            omitted: shown.ends_with('?'),
            key: key.as_str()?.to_owned(),
            kind: kind.as_str()?.to_owned(),
        })
    };
    Some((name.as_str()?.to_owned(), fields.as_array()?.iter().filter_map(field).collect()))
}

/// What is shown, before it is laid out.
enum Node {
    Leaf(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// Shows a value of an internal type in one line.
pub(super) fn show(kind: &str, value: Option<&Value>) -> String {
    let mut out = String::new();
    node(kind, value, None, 0).write(&mut out, None);
    out
}

/// Shows a value of an internal type over several lines, each indented by one space a level.
pub(super) fn pretty(kind: &str, value: Option<&Value>) -> String {
    let mut out = String::new();
    node(kind, value, None, 0).write(&mut out, Some(0));
    out
}

fn node(kind: &str, value: Option<&Value>, parent: Option<&Value>, depth: usize) -> Node {
    let value = value.filter(|v| !v.is_null());
    let null = || Node::Leaf("null".to_owned());
    if depth > DEPTH_MAX {
        return null();
    }
    let (first, rest) = kind.split_at(kind.len().min(1));
    match (first, value) {
        ("*", None) => null(),
        ("*", Some(_)) => node(rest, value, parent, depth),
        ("[", Some(Value::Array(items))) => {
            Node::List(items.iter().map(|i| node(rest, Some(i), None, depth + 1)).collect())
        }
        ("{", Some(Value::Object(map))) => Node::Map(
            map.iter().map(|(k, v)| (k.to_string(), node(rest, Some(v), None, depth + 1))).collect(),
        ),
        ("[" | "{", _) => null(),
        _ => plain(kind, value, parent, depth),
    }
}

fn plain(kind: &str, value: Option<&Value>, parent: Option<&Value>, depth: usize) -> Node {
    if let Some(fields) = shapes().get(kind) {
        let mut out = Vec::with_capacity(fields.len());
        let empty = Value::object();
        fill(fields, value.unwrap_or(&empty), parent, depth, &mut out);
        return Node::Map(out);
    }
    Node::Leaf(match (kind, value) {
        ("y" | "t" | "?", None) => "null".to_owned(),
        ("s", None) => "\"\"".to_owned(),
        ("q", None) => "\"0\"".to_owned(),
        ("b", None) => "false".to_owned(),
        (_, None) => "0".to_owned(),
        (_, Some(value)) => to_json(value, HtmlEscape::Yes),
    })
}

fn fill(
    fields: &[Field],
    value: &Value,
    parent: Option<&Value>,
    depth: usize,
    out: &mut Vec<(String, Node)>,
) {
    for field in fields {
        let inner = match field.key.strip_prefix('^') {
            Some(key) => parent.and_then(|p| p.get(key)),
            None if field.key.is_empty() => Some(value),
            None => value.get(&field.key),
        };
        if field.shown.is_empty() {
            // A pointer written in place shows nothing where it is null.
            let kind = field.kind.trim_start_matches('*');
            let empty = Value::object();
            if let Some(fields) = shapes().get(kind).filter(|_| depth < DEPTH_MAX) {
                fill(fields, inner.unwrap_or(&empty), parent, depth + 1, out);
            }
            continue;
        }
        let none = inner.is_none_or(|v| {
            v.is_null()
                || v.as_object().is_some_and(Map::is_empty)
                || v.as_array().is_some_and(<[Value]>::is_empty)
        });
        if !(field.omitted && none) {
            out.push((field.shown.clone(), node(&field.kind, inner, Some(value), depth + 1)));
        }
    }
}

impl Node {
    fn write(&self, out: &mut String, indent: Option<usize>) {
        let (open, close, count) = match self {
            Self::Leaf(text) => return out.push_str(text),
            Self::List(items) => ('[', ']', items.len()),
            Self::Map(fields) => ('{', '}', fields.len()),
        };
        out.push(open);
        let line = |out: &mut String, level: usize| {
            if indent.is_some() {
                out.push('\n');
                out.push_str(&" ".repeat(level));
            }
        };
        let level = indent.unwrap_or(0);
        let next = indent.map(|n| n + 1);
        for n in 0..count {
            if n > 0 {
                out.push(',');
            }
            line(out, level + 1);
            match self {
                Self::List(items) => items[n].write(out, next),
                Self::Map(fields) => {
                    out.push_str(&show_value(Some(&Value::from(fields[n].0.as_str()))));
                    out.push_str(if indent.is_some() { ": " } else { ":" });
                    fields[n].1.write(out, next);
                }
                Self::Leaf(_) => {}
            }
        }
        if count > 0 {
            line(out, level);
        }
        out.push(close);
    }
}

/// Shows an object as Go's `encoding/json` writes the map of strings it is.
pub(super) fn strings(value: Option<&Value>) -> String {
    match value.and_then(Value::as_object) {
        Some(map) => {
            let parts: Vec<String> =
                map.iter().map(|(k, v)| format!("{}:{}", quote(k), show_value(Some(v)))).collect();
            format!("{{{}}}", parts.join(","))
        }
        None => "null".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_security_context_is_shown_as_go_has_it() {
        let value = from_json(br#"{"runAsUser":1,"capabilities":{"drop":["ALL"]}}"#).unwrap();
        let shown = show("core.SecurityContext", Some(&value));
        assert!(
            shown.starts_with(r#"{"Capabilities":{"Add":null,"Drop":["ALL"]},"Privileged":null"#),
            "{shown}"
        );
        assert!(shown.contains(r#""RunAsUser":1,"#));
    }

    #[test]
    fn what_a_pod_says_of_its_host_is_shown_in_its_security_context() {
        let value = from_json(br#"{"hostNetwork":true,"securityContext":{}}"#).unwrap();
        let shown = show("core.PodSpec", Some(&value));
        assert!(shown.contains(r#""SecurityContext":{"HostNetwork":true,"HostPID":false"#), "{shown}");
    }
}
