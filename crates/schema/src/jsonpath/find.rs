//! Nodes followed through a value, as the library's `jsonpath.go`.

use super::{End, FOUND_MAX, JsonPathError, Node};
use fairway_value::{HtmlEscape, Value, format_float_g, to_json};
use std::borrow::Cow;
use std::cmp::Ordering;

type Results<'v> = Vec<Found<'v>>;
type Outcome<'v> = Result<Results<'v>, JsonPathError>;

/// What a path finds: a part of the value, or what the template itself holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Found<'v> {
    /// A part of the value.
    Value(&'v Value),
    /// A text of the template.
    Text(&'v str),
    /// An integer of the template.
    Int(i64),
    /// A number of the template.
    Float(f64),
    /// A truth of the template.
    Bool(bool),
    /// A byte of a text, of which `*` and `..` find each.
    Byte(u8),
    /// What a `range` over nothing stands on.
    Nothing,
}

impl<'v> Found<'v> {
    /// Returns what is printed: maps and lists as JSON, all else as Go's `fmt.Print`.
    #[must_use]
    pub fn text(&self) -> Cow<'v, str> {
        match *self {
            Self::Text(text) => text.into(),
            Self::Value(Value::String(text)) => text.as_str().into(),
            Self::Value(&Value::Float(f)) | Self::Float(f) => format_float_g(f).into(),
            Self::Value(value) => to_json(value, HtmlEscape::Yes).into(),
            Self::Int(n) => n.to_string().into(),
            Self::Bool(b) => b.to_string().into(),
            Self::Byte(b) => b.to_string().into(),
            Self::Nothing => "<no value>".into(),
        }
    }

    fn is_null(self) -> bool {
        matches!(self, Self::Value(Value::Null))
    }

    fn list(self) -> Result<&'v [Value], &'static str> {
        match self {
            Self::Value(Value::Array(list)) => Ok(list),
            Self::Value(Value::Object(_)) => Err("map[string]interface {}"),
            Self::Value(Value::String(_)) | Self::Text(_) => Err("string"),
            Self::Value(Value::Bool(_)) | Self::Bool(_) => Err("bool"),
            Self::Value(Value::Float(_)) | Self::Float(_) => Err("float64"),
            Self::Value(Value::Int(_)) => Err("int64"),
            Self::Value(Value::Uint(_)) => Err("uint64"),
            Self::Int(_) => Err("int"),
            Self::Byte(_) => Err("uint8"),
            Self::Value(Value::Null) | Self::Nothing => Err("<nil>"),
        }
    }

    /// Returns the parts: elements, values, bytes.
    fn parts(self) -> Box<dyn Iterator<Item = Found<'v>> + 'v> {
        match self {
            Self::Value(Value::Array(list)) => Box::new(list.iter().map(Found::Value)),
            Self::Value(Value::Object(map)) => Box::new(map.values().map(Found::Value)),
            Self::Value(Value::String(text)) => Box::new(text.bytes().map(Found::Byte)),
            Self::Text(text) => Box::new(text.bytes().map(Found::Byte)),
            _ => Box::new(std::iter::empty()),
        }
    }
}

/// Returns what each part of a template finds.
pub(super) fn all<'v>(
    nodes: &'v [Node],
    missing_keys: bool,
    value: &'v Value,
) -> Result<Vec<Results<'v>>, JsonPathError> {
    let mut run = Run { nodes, missing_keys, begun: 0, inside: 0, ended: 0, last_end: None, found: 0 };
    let mut out = Vec::new();
    run.block(0, Found::Value(value), &mut out)?;
    Ok(out)
}

struct Run<'v> {
    nodes: &'v [Node],
    missing_keys: bool,
    /// `range` that has been read and not gone through.
    begun: usize,
    /// `range` under way.
    inside: usize,
    /// `end` that has been read.
    ended: usize,
    last_end: Option<usize>,
    found: usize,
}

impl<'v> Run<'v> {
    /// Goes through the parts from one on, to the end of the block that it stands in.
    fn block(
        &mut self,
        first: usize,
        value: Found<'v>,
        out: &mut Vec<Results<'v>>,
    ) -> Result<(), JsonPathError> {
        let nodes = self.nodes;
        let mut n = first;
        while let Some(node) = nodes.get(n) {
            let results = self.node(vec![value], node)?;
            if self.ended > 0 && self.ended <= self.inside {
                self.ended -= 1;
                self.last_end = Some(n);
                break;
            }
            if self.begun > 0 {
                self.begun -= 1;
                self.inside += 1;
                if results.is_empty() {
                    // What stands in a range over nothing is gone through as well, to find its end.
                    self.block(n + 1, Found::Nothing, &mut Vec::new())?;
                }
                for found in results {
                    self.block(n + 1, found, out)?;
                }
                self.inside -= 1;
                n = self.last_end.filter(|end| *end > n).unwrap_or(n);
            } else {
                out.push(results);
            }
            n += 1;
        }
        Ok(())
    }

    fn list(&mut self, input: Results<'v>, nodes: &'v [Node]) -> Outcome<'v> {
        nodes.iter().try_fold(input, |at, node| self.node(at, node))
    }

    fn node(&mut self, input: Results<'v>, node: &'v Node) -> Outcome<'v> {
        let each = |found: Found<'v>| vec![found; input.len()];
        let out = match node {
            Node::List(nodes) => return self.list(input, nodes),
            Node::Text(text) => vec![Found::Text(text)],
            Node::Int(n) => each(Found::Int(*n)),
            Node::Float(f) => each(Found::Float(*f)),
            Node::Bool(b) => each(Found::Bool(*b)),
            Node::Field(name) => self.field(&input, name)?,
            Node::Slice { from, to, step } => slice(&input, *from, *to, *step)?,
            Node::Filter { left, operator, right } => self.filter(&input, left, operator, right)?,
            Node::Every => {
                input.iter().filter(|found| !found.is_null()).flat_map(|found| found.parts()).collect()
            }
            Node::Recursive => {
                let mut out = Vec::new();
                descend(input.into_iter(), &mut out)?;
                out
            }
            Node::Union(paths) => {
                let mut out = Vec::new();
                for path in paths {
                    out.extend(self.list(input.clone(), path)?);
                }
                out
            }
            Node::Word(word) => self.word(input, word)?,
        };
        self.found = self.found.saturating_add(out.len());
        if self.found > FOUND_MAX {
            return Err(too_much());
        }
        Ok(out)
    }

    fn word(&mut self, input: Results<'v>, word: &str) -> Outcome<'v> {
        match word {
            "range" => {
                self.begun += 1;
                Ok(input)
            }
            "end" if self.inside > 0 => {
                self.ended += 1;
                Ok(Vec::new())
            }
            "end" => Err(JsonPathError::new("not in range, nothing to end").with_nothing_found()),
            _ => Err(JsonPathError::new(format!("unrecognized identifier {word}"))),
        }
    }

    fn field(&self, input: &[Found<'v>], name: &str) -> Outcome<'v> {
        let of = |found: &Found<'v>| match found {
            Found::Value(Value::Object(map)) => map.get(name).map(Found::Value),
            _ => None,
        };
        let out: Results<'v> = input.iter().filter_map(of).collect();
        if out.is_empty() && !input.is_empty() && !self.missing_keys {
            return Err(JsonPathError::new(format!("{name} is not found")).with_nothing_found());
        }
        Ok(out)
    }

    fn filter(
        &mut self,
        input: &[Found<'v>],
        left: &'v [Node],
        operator: &str,
        right: &'v [Node],
    ) -> Outcome<'v> {
        let mut out = Vec::new();
        for found in input {
            let list = found.list().map_err(|kind| {
                JsonPathError::new(format!("{kind} is not array or slice and cannot be filtered"))
            })?;
            for item in list.iter().map(Found::Value) {
                let lefts = self.list(vec![item], left);
                if operator == "exists" {
                    let is_there = lefts.map_or_else(|e| e.finds, |found| !found.is_empty());
                    out.extend(is_there.then_some(item));
                    continue;
                }
                let Some(left) = single(lefts?)? else { continue };
                let Some(right) = single(self.list(vec![item], right)?)? else { continue };
                let passes = passes(left, operator, right);
                out.extend(
                    passes.map_err(|e| JsonPathError { finds: !out.is_empty(), ..e })?.then_some(item),
                );
            }
        }
        Ok(out)
    }
}

fn too_much() -> JsonPathError {
    JsonPathError::new(format!("finds more than {FOUND_MAX} values"))
}

fn single(found: Results<'_>) -> Result<Option<Found<'_>>, JsonPathError> {
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(*one)),
        _ => Err(JsonPathError::new("can only compare one element at a time")),
    }
}

/// Finds everything that has parts, itself before them.
fn descend<'v>(input: impl Iterator<Item = Found<'v>>, out: &mut Results<'v>) -> Result<(), JsonPathError> {
    for found in input {
        let mut parts = found.parts().peekable();
        if parts.peek().is_some() {
            if out.len() >= FOUND_MAX {
                return Err(too_much());
            }
            out.push(found);
            descend(parts, out)?;
        }
    }
    Ok(())
}

fn slice<'v>(input: &[Found<'v>], from: Option<i64>, to: End, step: Option<i64>) -> Outcome<'v> {
    let mut out = Vec::new();
    for found in input.iter().filter(|found| !found.is_null()) {
        let list =
            found.list().map_err(|kind| JsonPathError::new(format!("{kind} is not array or slice")))?;
        let len = i64::try_from(list.len()).unwrap_or(i64::MAX);
        let start = from.unwrap_or(0);
        let from_end = |n: i64| if n < 0 { n.saturating_add(len) } else { n };
        let end = match to {
            End::Open => len,
            End::At(n) => from_end(n),
            // One behind -1 is the list's own end.
            End::Next if start == -1 => len,
            End::Next => from_end(start.saturating_add(1)),
        };
        let start = from_end(start);
        if start == end {
            return Ok(out);
        }
        let bounds =
            |n: i64| JsonPathError::new(format!("array index out of bounds: index {n}, length {len}"));
        if !(0..len).contains(&start) {
            return Err(bounds(start));
        }
        if !(0..=len).contains(&end) {
            return Err(bounds(end - 1));
        }
        if start > end {
            return Err(JsonPathError::new(format!(
                "starting index {start} is greater than ending index {end}"
            )));
        }
        let step = step.unwrap_or(1);
        let step = usize::try_from(step).ok().filter(|s| *s > 0);
        let step = step.ok_or_else(|| JsonPathError::new("step must be > 0"))?;
        let (start, end) = (usize::try_from(start).unwrap_or(0), usize::try_from(end).unwrap_or(0));
        out.extend(list[start..end].iter().step_by(step).map(Found::Value));
    }
    Ok(out)
}

/// Values that are compared; integers of any width are one kind.
enum Comparable<'v> {
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(&'v str),
}

fn comparable(found: Found<'_>) -> Result<Comparable<'_>, JsonPathError> {
    Ok(match found {
        Found::Value(Value::Bool(b)) => Comparable::Bool(*b),
        Found::Bool(b) => Comparable::Bool(b),
        Found::Value(Value::Int(n)) => Comparable::Int((*n).into()),
        Found::Value(Value::Uint(n)) => Comparable::Int((*n).into()),
        Found::Int(n) => Comparable::Int(n.into()),
        Found::Byte(n) => Comparable::Int(n.into()),
        Found::Value(Value::Float(f)) => Comparable::Float(*f),
        Found::Float(f) => Comparable::Float(f),
        Found::Value(Value::String(text)) => Comparable::Text(text),
        Found::Text(text) => Comparable::Text(text),
        Found::Value(Value::Null | Value::Array(_) | Value::Object(_)) | Found::Nothing => {
            return Err(JsonPathError::new("invalid type for comparison"));
        }
    })
}

fn passes(left: Found<'_>, operator: &str, right: Found<'_>) -> Result<bool, JsonPathError> {
    if !matches!(operator, "==" | "!=" | "<" | "<=" | ">" | ">=") {
        return Err(JsonPathError::new(format!("unrecognized filter operator {operator}")));
    }
    let order = match (comparable(left)?, comparable(right)?) {
        (Comparable::Int(a), Comparable::Int(b)) => Some(a.cmp(&b)),
        (Comparable::Float(a), Comparable::Float(b)) => a.partial_cmp(&b),
        (Comparable::Text(a), Comparable::Text(b)) => Some(a.cmp(b)),
        (Comparable::Bool(a), Comparable::Bool(b)) if matches!(operator, "==" | "!=") => Some(a.cmp(&b)),
        (Comparable::Bool(_), Comparable::Bool(_)) => {
            return Err(JsonPathError::new("invalid type for comparison"));
        }
        _ => return Err(JsonPathError::new("incompatible types for comparison")),
    };
    Ok(match operator {
        "==" => order == Some(Ordering::Equal),
        "!=" => order != Some(Ordering::Equal),
        "<" => order == Some(Ordering::Less),
        "<=" => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        ">" => !matches!(order, Some(Ordering::Less | Ordering::Equal)),
        _ => order != Some(Ordering::Less),
    })
}
