//! Texts inside objects that are YAML or JSON themselves.

use fairway_value::{HtmlEscape, Str, Value, to_json, to_json_pretty};
use fairway_yaml::{Limits, Options, Step, Style, parse_with, to_string_with, visit_scalars};

/// Changes a text by what `change` does to the tree that it holds; nothing where `change` finds no field. YAML keeps its
/// order and its comments where only scalars are changed.
///
/// # Errors
/// The text is no YAML, or `change` fails.
pub fn edit(
    text: &str,
    change: &mut dyn FnMut(&mut Value) -> Result<usize, String>,
) -> Result<Option<String>, String> {
    let before = parse_with(text, &Options::v3()).map_err(|e| e.to_string())?;
    let mut tree = before.clone();
    if change(&mut tree)? == 0 {
        return Ok(None);
    }
    let first = text.trim_start().chars().next();
    let mut changes = Vec::new();
    let only_scalars = differences(&before, &tree, &mut Vec::new(), &mut changes).is_some();
    if matches!(first, Some('{' | '[')) && changes.iter().any(|c| c.tag().is_some()) {
        return Err("the value is of another type than the JSON's".to_owned());
    }
    Ok(Some(match first {
        Some('{' | '[') if text.contains('\n') && text.contains("  ") => {
            to_json_pretty(&tree, "  ", HtmlEscape::Yes)
        }
        Some('{' | '[') => to_json(&tree, HtmlEscape::Yes),
        _ => only_scalars
            .then(|| in_place(text, &changes))
            .flatten()
            .unwrap_or_else(|| to_string_with(&tree, Style::KYAML))
            .trim()
            .to_owned(),
    }))
}

/// Writes the scalars that differ over the old ones; nothing where more than scalars differ.
fn in_place(text: &str, changes: &[Change<'_>]) -> Option<String> {
    let mut places: Vec<(usize, usize, Str)> = Vec::new();
    visit_scalars(text, &Limits::default(), |scalar| {
        if scalar.document > 0 {
            return;
        }
        if let Some(change) = changes.iter().find(|c| c.path == scalar.path)
            && let Some(start) = offset(text, scalar.line, scalar.column)
            && let Some(end) = end_of(&text[start..], scalar.text, scalar.plain)
        {
            places.push((start, start + end, written(change, &text[start..start + end])));
        }
    })
    .ok()?;
    if places.len() != changes.len() {
        return None;
    }
    let mut out = text.to_owned();
    for (start, end, new) in places.into_iter().rev() {
        out.replace_range(start..end, &new);
    }
    Some(out)
}

/// A scalar that has changed.
struct Change<'a> {
    path: Vec<Step>,
    before: &'a Value,
    after: &'a Value,
}

impl Change<'_> {
    /// Returns the tag that a node keeps whose content is now of another type.
    fn tag(&self) -> Option<&'static str> {
        match (self.before, self.after) {
            (Value::Int(_) | Value::Uint(_), Value::Int(_) | Value::Uint(_))
            | (Value::Float(_), Value::Float(_))
            | (Value::Bool(_), Value::Bool(_))
            | (Value::Null, Value::Null)
            | (Value::String(_), _) => None,
            (Value::Int(_) | Value::Uint(_), _) => Some("!!int"),
            (Value::Float(_), _) => Some("!!float"),
            (Value::Bool(_), _) => Some("!!bool"),
            _ => Some("!!null"),
        }
    }
}

fn differences<'a>(
    before: &'a Value,
    after: &'a Value,
    path: &mut Vec<Step>,
    out: &mut Vec<Change<'a>>,
) -> Option<()> {
    if before == after {
        return Some(());
    }
    match (before, after) {
        (Value::Object(b), Value::Object(a)) if b.keys().eq(a.keys()) => {
            for ((key, b), a) in b.iter().zip(a.values()) {
                path.push(Step::Key(key.clone()));
                differences(b, a, path, out)?;
                path.pop();
            }
            Some(())
        }
        (Value::Array(b), Value::Array(a)) if b.len() == a.len() => {
            for (n, (b, a)) in b.iter().zip(a.iter()).enumerate() {
                path.push(Step::Item(n));
                differences(b, a, path, out)?;
                path.pop();
            }
            Some(())
        }
        (Value::Object(_) | Value::Array(_), _) | (_, Value::Object(_) | Value::Array(_)) => None,
        _ => {
            out.push(Change { path: path.clone(), before, after });
            Some(())
        }
    }
}

fn offset(text: &str, line: usize, column: usize) -> Option<usize> {
    let start: usize = text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let within = text[start..].char_indices().nth(column.checked_sub(1)?)?.0;
    Some(start + within)
}

/// Returns the length of a scalar that stands on one line.
fn end_of(rest: &str, content: &str, plain: bool) -> Option<usize> {
    if plain {
        return rest.starts_with(content).then_some(content.len());
    }
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let line = rest.lines().next()?;
    // Content with escapes is left to the writer of whole trees.
    let end = 1 + content.len();
    (line.get(1..end)? == content && line[end..].starts_with(quote)).then_some(end + 1)
}

/// Writes a scalar, in the quotes that the old one had.
fn written(change: &Change<'_>, old: &str) -> Str {
    let text = crate::scalar::text(change.after).unwrap_or_default();
    if let Some(tag) = change.tag() {
        return format!("{tag} {text}").into();
    }
    let safe = !text.contains(['"', '\'', '\\', '\n']);
    match old.chars().next() {
        Some(quote @ ('"' | '\'')) if safe => format!("{quote}{text}{quote}").into(),
        _ => to_string_with(change.after, Style::KYAML).trim_end().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str, path: &[&str], value: &str) -> String {
        edit(text, &mut |tree| Ok(usize::from(tree.set_path(path, value)))).unwrap().unwrap()
    }

    #[test]
    fn yaml_keeps_order_comments_and_quotes() {
        let text = "z: 1 # last\na:\n  host: \"old\" # here\n  list: [1]\n";
        assert_eq!(set(text, &["a", "host"], "new"), "z: 1 # last\na:\n  host: \"new\" # here\n  list: [1]");
        assert_eq!(set("b: x\na: y\n", &["b"], "true"), "b: \"true\"\na: y");
    }

    #[test]
    fn json_is_written_as_go_writes_it() {
        assert_eq!(set(r#"{"b":1,"a":"x"}"#, &["a"], "y"), r#"{"a":"y","b":1}"#);
        assert_eq!(set("{\n  \"a\": \"x\"\n}", &["a"], "y"), "{\n  \"a\": \"y\"\n}");
    }
}
