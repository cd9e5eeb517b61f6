use crate::mapping::{Entry, Mapping, MappingError};
use crate::number::{float_to_value, format_g32};
use crate::resolve::{Resolved, resolve};
use crate::{Dialect, Error, Options};
use fairway_value::{Array, Str, Value};
use libyaml_safer::{Event, EventData, Parser};
use std::collections::HashMap;

/// Turns events into trees, one document at a time.
pub(crate) struct Composer<'t, 'r> {
    text: &'t str,
    parser: Parser<&'r mut &'t [u8]>,
    options: Options,
    anchors: HashMap<String, Anchor>,
    /// Nodes read so far, aliases counted with all that they stand for.
    nodes: usize,
    /// Of these, the ones that came out of aliases.
    alias_nodes: usize,
}

/// A node that an alias can stand for; `None` while it is still being read.
#[derive(Clone)]
struct Anchor {
    node: Option<Node>,
}

/// A composed node with what its parents need to know.
#[derive(Clone)]
pub(crate) struct Node {
    pub value: Value,
    /// Nodes below and with this one.
    size: usize,
    /// Levels below this one.
    height: usize,
    /// The key that a mapping would hold this scalar under; collections and nulls cannot be keys.
    key: Key,
    /// Line of the node, 0-based.
    pub line: usize,
}

#[derive(Clone)]
enum Key {
    Text(Str),
    Merge,
    Not(&'static str),
}

/// A collection that is being read.
struct Open {
    anchor: Option<String>,
    line: usize,
    size: usize,
    height: usize,
    items: Items,
}

enum Items {
    Sequence(Array),
    /// With the key that waits for its value.
    Mapping(Mapping, Option<Node>),
}

impl Open {
    fn new(anchor: Option<String>, line: usize, items: Items) -> Self {
        Self { anchor, line, size: 1, height: 0, items }
    }

    fn awaits_key(&self) -> bool {
        matches!(self.items, Items::Mapping(_, None))
    }

    fn take(&mut self, node: Node) -> Result<(), String> {
        self.size = self.size.saturating_add(node.size);
        self.height = self.height.max(node.height);
        match &mut self.items {
            Items::Sequence(list) => list.push(node.value),
            Items::Mapping(_, waiting @ None) => match node.key {
                Key::Not(what) => return Err(format!("{what} cannot be a mapping key")),
                Key::Text(_) | Key::Merge => *waiting = Some(node),
            },
            Items::Mapping(mapping, waiting @ Some(_)) => match waiting.take().map(|key| (key.key, key.line))
            {
                Some((Key::Merge, _)) => mapping.merge(node.value, node.line)?,
                Some((Key::Text(key), line)) => mapping.push(Entry { key, value: node.value, line }),
                Some((Key::Not(_), _)) | None => {}
            },
        }
        Ok(())
    }

    fn close(self) -> Result<(Option<String>, Node), MappingError> {
        let (value, what) = match self.items {
            Items::Sequence(list) => (Value::Array(list), "a sequence"),
            Items::Mapping(mapping, _) => (Value::Object(mapping.finish()?), "a mapping"),
        };
        let node =
            Node { value, size: self.size, height: self.height + 1, key: Key::Not(what), line: self.line };
        Ok((self.anchor, node))
    }
}

/// The share of a document that may come out of aliases, as go-yaml's `allowedAliasRatio`: nearly all of a small
/// document, a tenth of a large one.
#[expect(clippy::cast_precision_loss, reason = "a ratio needs no more than 52 bits")]
fn alias_ratio_max(nodes: usize) -> f64 {
    const LOW: usize = 400_000;
    const HIGH: usize = 4_000_000;
    let over = nodes.saturating_sub(LOW).min(HIGH - LOW) as f64;
    0.99 - 0.89 * (over / (HIGH - LOW) as f64)
}

impl<'t, 'r> Composer<'t, 'r> {
    pub(crate) fn new(text: &'t str, input: &'r mut &'t [u8], options: Options) -> Result<Self, Error>
    where
        't: 'r,
    {
        if text.len() > options.limits.bytes_max {
            let message = format!(
                "text of {} bytes is over the limit of {} bytes",
                text.len(),
                options.limits.bytes_max
            );
            return Err(Error { line: 0, column: 0, message, excerpt: String::new() });
        }
        let mut parser = Parser::new();
        parser.set_input(input);
        parser.set_encoding(libyaml_safer::Encoding::Utf8);
        Ok(Self { text, parser, options, anchors: HashMap::new(), nodes: 0, alias_nodes: 0 })
    }

    /// Reads the next document and the 1-based line of its first node; `None` at the end of the stream.
    pub(crate) fn document(&mut self) -> Result<Option<(Value, usize)>, Error> {
        loop {
            let event = self.next()?;
            match event.data {
                EventData::StreamEnd => return Ok(None),
                EventData::DocumentStart { .. } => {
                    self.anchors.clear();
                    let first = self.next()?;
                    let node = self.root(first)?;
                    // Reads on to the end of the document, so that a fault before it is seen, as go-yaml does.
                    self.next()?;
                    return Ok(Some((node.value, node.line + 1)));
                }
                _ => {}
            }
        }
    }

    fn next(&mut self) -> Result<Event, Error> {
        // The scanner panics on some texts that end inside a token, such as a comment where a block scalar should be.
        let parse = std::panic::AssertUnwindSafe(|| self.parser.parse());
        match std::panic::catch_unwind(parse) {
            Ok(event) => event.map_err(|e| self.syntax_error(&e)),
            Err(_) => {
                let line = self.text.lines().count();
                Err(Error::at(self.text, line, 0, "found unexpected end of stream"))
            }
        }
    }

    fn syntax_error(&self, error: &libyaml_safer::Error) -> Error {
        let message = match error.context() {
            Some(context) => format!("{} {context}", error.problem()),
            None => error.problem().to_owned(),
        };
        match error.problem_mark() {
            Some(mark) => Error::at(self.text, to_usize(mark.line) + 1, to_usize(mark.column) + 1, message),
            None => self.reader_error(message),
        }
    }

    /// The reader gives no line: find the first character that it refuses.
    fn reader_error(&self, message: String) -> Error {
        let refused = |c: char| !matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
        for (n, line) in self.text.lines().enumerate() {
            if let Some(at) = line.chars().position(refused) {
                return Error::at(self.text, n + 1, at + 1, message);
            }
        }
        Error::at(self.text, 0, 0, message)
    }

    fn error_at(&self, line: usize, column: usize, message: impl Into<String>) -> Error {
        Error::at(self.text, line + 1, column, message)
    }

    fn count(&mut self, line: usize) -> Result<(), Error> {
        self.nodes += 1;
        if self.nodes > self.options.limits.nodes_max {
            let message = format!("more nodes than the limit of {}", self.options.limits.nodes_max);
            return Err(self.error_at(line, 0, message));
        }
        Ok(())
    }

    fn too_deep(&self, line: usize) -> Error {
        let message = format!("nesting is deeper than the limit of {} levels", self.options.limits.depth_max);
        self.error_at(line, 0, message)
    }

    /// Composes the node that an event starts. Open collections are kept on a list of our own, so that deep input
    /// cannot use up the stack.
    fn root(&mut self, first: Event) -> Result<Node, Error> {
        let mut open: Vec<Open> = Vec::new();
        let mut event = first;
        loop {
            let mut done = self.step(event, &mut open)?;
            while let Some(node) = done.take() {
                let Some(parent) = open.last_mut() else {
                    self.refuse_infinity(&node)?;
                    return Ok(node);
                };
                if !parent.awaits_key() {
                    self.refuse_infinity(&node)?;
                }
                let line = node.line;
                parent.take(node).map_err(|message| self.error_at(line, 0, message))?;
            }
            event = self.next()?;
        }
    }

    /// Opens a collection, or returns the node that an event completes.
    fn step(&mut self, event: Event, open: &mut Vec<Open>) -> Result<Option<Node>, Error> {
        let line = to_usize(event.start_mark.line);
        let column = to_usize(event.start_mark.column) + 1;
        match event.data {
            EventData::Scalar { anchor, tag, value, plain_implicit, .. } => {
                self.count(line)?;
                // A quoted scalar without a tag is a string; `plain_implicit` is set for plain ones only.
                let node = self.scalar(tag.as_deref(), value, plain_implicit, line)?;
                self.remember(anchor, &node);
                Ok(Some(node))
            }
            EventData::Alias { anchor } => self.alias(&anchor, open.len(), line, column).map(Some),
            EventData::SequenceStart { anchor, .. } => {
                self.open(anchor.as_deref(), open.len(), line)?;
                open.push(Open::new(anchor, line, Items::Sequence(Array::new())));
                Ok(None)
            }
            EventData::MappingStart { anchor, .. } => {
                self.open(anchor.as_deref(), open.len(), line)?;
                open.push(Open::new(anchor, line, Items::Mapping(Mapping::new(self.options), None)));
                Ok(None)
            }
            EventData::SequenceEnd | EventData::MappingEnd => {
                let Some(ended) = open.pop() else {
                    return Err(self.error_at(line, column, "nothing is open here"));
                };
                let (anchor, node) = ended.close().map_err(|e| self.error_at(e.line, 0, e.message))?;
                self.remember(anchor, &node);
                Ok(Some(node))
            }
            _ => Err(self.error_at(line, column, "a node was expected")),
        }
    }

    /// JSON has no infinities, so Go refuses them everywhere but in keys.
    fn refuse_infinity(&self, node: &Node) -> Result<(), Error> {
        match node.value {
            Value::Float(f) if !f.is_finite() => {
                Err(self.error_at(node.line, 0, format!("unsupported value: {}", format_g32(f))))
            }
            _ => Ok(()),
        }
    }

    fn open(&mut self, anchor: Option<&str>, depth: usize, line: usize) -> Result<(), Error> {
        self.count(line)?;
        if depth >= self.options.limits.depth_max {
            return Err(self.too_deep(line));
        }
        if let Some(name) = anchor {
            self.anchors.insert(name.to_owned(), Anchor { node: None });
        }
        Ok(())
    }

    fn remember(&mut self, anchor: Option<String>, node: &Node) {
        if let Some(name) = anchor {
            self.anchors.insert(name, Anchor { node: Some(node.clone()) });
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a ratio needs no more than 52 bits")]
    fn alias(&mut self, name: &str, depth: usize, line: usize, column: usize) -> Result<Node, Error> {
        let Some(anchor) = self.anchors.get(name) else {
            return Err(self.error_at(line, column, format!("unknown anchor '{name}' referenced")));
        };
        let Some(mut node) = anchor.node.clone() else {
            return Err(self.error_at(line, column, format!("anchor '{name}' value contains itself")));
        };
        if depth + node.height > self.options.limits.depth_max {
            return Err(self.too_deep(line));
        }
        self.nodes = self.nodes.saturating_add(node.size);
        self.alias_nodes = self.alias_nodes.saturating_add(node.size);
        let share = self.alias_nodes as f64 / self.nodes as f64;
        if self.nodes > self.options.limits.nodes_max
            || (self.alias_nodes > 100 && self.nodes > 1000 && share > alias_ratio_max(self.nodes))
        {
            return Err(self.error_at(line, column, "document contains excessive aliasing"));
        }
        node.line = line;
        Ok(node)
    }

    fn scalar(&self, tag: Option<&str>, text: String, plain: bool, line: usize) -> Result<Node, Error> {
        let fail = |what: &str| Err(self.error_at(line, 0, format!("cannot decode `{text}` as {what}")));
        let resolved = match tag.map(short_tag) {
            None if !plain => Resolved::Str,
            None => resolve(&text, self.options.dialect),
            Some("!!str") => Resolved::Str,
            Some("!!binary") => return self.binary(&text, line),
            Some(tag @ ("!!int" | "!!float" | "!!bool" | "!!null" | "!!timestamp")) => {
                match (tag, resolve(&text, self.options.dialect)) {
                    ("!!float", Resolved::Int(i)) => Resolved::Float(int_to_float(i)),
                    ("!!int", r @ (Resolved::Int(_) | Resolved::Uint(_)))
                    | ("!!float", r @ Resolved::Float(_))
                    | ("!!bool", r @ Resolved::Bool(_))
                    | ("!!null", r @ Resolved::Null)
                    | ("!!timestamp", r @ Resolved::Timestamp(_)) => r,
                    _ => return fail(tag),
                }
            }
            Some("!!merge") => Resolved::Merge,
            Some(_) => Resolved::Str,
        };
        // A go-yaml v3 decode into a map of strings takes a key's own text.
        let raw_key = (self.options.dialect == Dialect::V3 && resolved != Resolved::Str)
            .then(|| Str::from(text.as_str()));
        let merge = resolved == Resolved::Merge || (plain && tag.is_none() && text == "<<");
        let (value, key) = match resolved {
            Resolved::Null => (Value::Null, Key::Not("null")),
            Resolved::Bool(b) => (Value::Bool(b), Key::Text(if b { "true" } else { "false" }.into())),
            Resolved::Int(i) => (Value::Int(i), Key::Text(i.to_string().into())),
            Resolved::Uint(u) => (Value::Uint(u), Key::Not("an integer above 2^63")),
            Resolved::Float(f) => (float_to_value(f), Key::Text(format_g32(f).into())),
            Resolved::Timestamp(stamp) if self.options.dialect == Dialect::V3 => {
                (Value::from(stamp.to_rfc3339()), Key::Not("a timestamp"))
            }
            Resolved::Str | Resolved::Timestamp(_) | Resolved::Merge => {
                let text: Str = text.into();
                (Value::String(text.clone()), Key::Text(text))
            }
        };
        let key = match (merge, self.options.dialect, raw_key) {
            (true, ..) => Key::Merge,
            (false, Dialect::V3, Some(text)) => Key::Text(text),
            _ => key,
        };
        Ok(Node { value, size: 1, height: 0, key, line })
    }

    fn binary(&self, text: &str, line: usize) -> Result<Node, Error> {
        let Some(bytes) = crate::base64::decode(text) else {
            return Err(self.error_at(line, 0, "!!binary value contains invalid base64 data"));
        };
        let text: Str = String::from_utf8_lossy(&bytes).as_ref().into();
        Ok(Node { value: Value::String(text.clone()), size: 1, height: 0, key: Key::Text(text), line })
    }
}

#[expect(clippy::cast_precision_loss, reason = "Go's conversion loses the same bits")]
fn int_to_float(i: i64) -> f64 {
    i as f64
}

/// Marks count lines of a text in memory, so they fit.
fn to_usize(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX - 1)
}

fn short_tag(tag: &str) -> &str {
    match tag {
        "tag:yaml.org,2002:str" => "!!str",
        "tag:yaml.org,2002:int" => "!!int",
        "tag:yaml.org,2002:float" => "!!float",
        "tag:yaml.org,2002:bool" => "!!bool",
        "tag:yaml.org,2002:null" => "!!null",
        "tag:yaml.org,2002:timestamp" => "!!timestamp",
        "tag:yaml.org,2002:binary" => "!!binary",
        "tag:yaml.org,2002:merge" => "!!merge",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use crate::{Limits, Options, parse, parse_strict, parse_with};

    fn check(text: &str, expect: &str) {
        let value = parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(value.to_string(), expect, "{text}");
    }

    fn refused(text: &str, expect: &str) {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
    }

    #[test]
    fn a_merge_key_overrides_what_stands_before_it() {
        check("x: &x {k: 1}\na:\n  k: 2\n  <<: *x\n", r#"{"a":{"k":1},"x":{"k":1}}"#);
        check("x: &x {k: 1}\na:\n  <<: *x\n  k: 2\n", r#"{"a":{"k":2},"x":{"k":1}}"#);
        check("<<: [{a: 1}, {a: 2, b: 3}]\n", r#"{"a":1,"b":3}"#);
        let v3 = parse_with("<<: {k: 1, j: 1}\nk: 2\n", &Options::v3()).unwrap();
        assert_eq!(v3.to_string(), r#"{"j":1,"k":2}"#);
        let v3 = parse_with("k: 2\n<<: {k: 1, j: 1}\n", &Options::v3()).unwrap();
        assert_eq!(v3.to_string(), r#"{"j":1,"k":2}"#);
        refused("<<: 3\n", "map merge requires map");
    }

    #[test]
    fn keys_become_strings_and_the_last_wins() {
        check("1: a\nyes: b\n1.5: c\n", r#"{"1":"a","1.5":"c","true":"b"}"#);
        check("a: 1\na: 2\n", r#"{"a":2}"#);
        refused("[a]: b\n", "cannot be a mapping key");
        refused("~: b\n", "cannot be a mapping key");
        let error = parse_strict("a: 1\nb: 2\na: 3\n").unwrap_err();
        assert_eq!((error.line, error.excerpt.as_str()), (3, "a: 3"));
    }

    #[test]
    fn numbers_are_what_json_makes_of_them() {
        check("[1.0, 1e3, 1e400, 18446744073709551615, 010]", r#"[1,1000,"1e400",18446744073709551615,8]"#);
        refused("a: .inf\n", "unsupported value");
        check("!!float 3\n", "3");
        check("!!str 3\n", "\"3\"");
        refused("!!int x\n", "cannot decode `x` as !!int");
    }

    #[test]
    fn faults_have_a_place() {
        let error = parse("a: 1\nb: c: d\n").unwrap_err();
        assert_eq!((error.line, error.column), (2, 5));
        assert_eq!(error.excerpt, "b: c: d");
        refused("a: *nowhere\n", "unknown anchor 'nowhere'");
        refused("a: &a [*a]\n", "contains itself");
    }

    #[test]
    fn bombs_are_refused() {
        let mut text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for n in 1..20 {
            let last = format!("*a{}", n - 1);
            text.push_str(&format!("a{n}: &a{n} [{}]\n", [last.as_str(); 10].join(",")));
        }
        refused(&text, "excessive aliasing");
        refused(&"[".repeat(100_000), "nesting is deeper");
        let options = Options { limits: Limits { bytes_max: 3, ..Limits::default() }, ..Options::default() };
        assert!(parse_with("a: b", &options).is_err());
    }
}
