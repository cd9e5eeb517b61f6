use crate::mapping::{Entry, Mapping, MappingError};
use crate::number::{float_to_value, format_g32};
use crate::resolve::{Resolved, resolve};
use crate::scan::{DEPTH_USUAL, Event, EventKind, Events};
use crate::{Dialect, Error, Options};
use fairway_value::{Array, Str, Value};
use std::borrow::Cow;
use std::collections::HashMap;

/// Turns events into trees, one document at a time.
pub(crate) struct Composer<'t> {
    text: &'t str,
    events: Events<'t>,
    options: Options,
    anchors: HashMap<String, Anchor>,
    /// Nodes read so far, aliases counted with all that they stand for.
    nodes: usize,
    /// Of these, the ones that came out of aliases.
    alias_nodes: usize,
    /// Keys of the document's inner mappings that are no texts, as they are written.
    odd_keys: Vec<Str>,
    /// Whether the text has turned out to be no YAML.
    is_broken: bool,
}

/// Bytes that are looked at together.
const PIECE_BYTES: usize = 64;

/// Most keys that are kept for being no texts: who asks names the first.
const ODD_KEYS_MAX: usize = 100;

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
    /// Whether the scalar is no text for go-yaml v3.
    is_odd: bool,
    /// Line of the node, 0-based.
    pub line: usize,
}

#[derive(Clone)]
enum Key {
    Text(Str),
    Merge,
    Not(&'static str),
}

impl Key {
    fn text(&self) -> Option<Str> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Merge | Self::Not(_) => None,
        }
    }
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
                Key::Not(_) if matches!(node.value, Value::Array(_) | Value::Object(_)) => {
                    let mut shown = String::new();
                    go_syntax(&node.value, &mut shown);
                    return Err(format!("invalid map key: {shown}"));
                }
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
        let node = Node {
            value,
            size: self.size,
            height: self.height + 1,
            key: Key::Not(what),
            is_odd: false,
            line: self.line,
        };
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

impl<'t> Composer<'t> {
    pub(crate) fn new(text: &'t str, options: Options) -> Result<Self, Error> {
        if text.len() > options.limits.bytes_max {
            let message = format!(
                "text of {} bytes is over the limit of {} bytes",
                text.len(),
                options.limits.bytes_max
            );
            return Err(Error::at(text, 0, 0, message));
        }
        refuse_control_characters(text)?;
        Ok(Self {
            text,
            events: Events::new(text),
            options,
            anchors: HashMap::new(),
            nodes: 0,
            alias_nodes: 0,
            odd_keys: Vec::new(),
            is_broken: false,
        })
    }

    /// Returns the keys of the last document's inner mappings that are no texts for go-yaml v3.
    pub(crate) fn take_odd_keys(&mut self) -> Vec<Str> {
        std::mem::take(&mut self.odd_keys)
    }

    /// Reads the next document and the 1-based line of its first node; `None` at the end of the stream.
    pub(crate) fn document(&mut self) -> Result<Option<(Value, usize)>, Error> {
        loop {
            let event = self.next()?;
            match event.kind {
                EventKind::StreamEnd => return Ok(None),
                EventKind::DocumentStart => {
                    self.anchors.clear();
                    let first = self.next()?;
                    let node = self.root(first).map_err(|error| self.syntax_first(error))?;
                    // Reads on to the end of the document, so that a fault before it is seen, as go-yaml does.
                    self.next()?;
                    return Ok(Some((node.value, node.line + 1)));
                }
                _ => {}
            }
        }
    }

    fn next(&mut self) -> Result<Event<'t>, Error> {
        self.events.next().map_err(|fault| {
            self.is_broken = true;
            Error::malformed(self.text, &fault, self.events.line())
        })
    }

    /// Chooses what is reported of a document that cannot be decoded: go-yaml parses all of it first, so that a fault
    /// of its syntax further down counts.
    fn syntax_first(&mut self, error: Error) -> Error {
        let is_parsing =
            error.message.starts_with("unknown anchor") || error.message.contains("the limit of");
        if self.is_broken || is_parsing {
            return error;
        }
        loop {
            match self.next() {
                Err(fault) => return fault,
                Ok(event) if matches!(event.kind, EventKind::DocumentEnd | EventKind::StreamEnd) => {
                    return error;
                }
                Ok(_) => {}
            }
        }
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
    fn root(&mut self, first: Event<'t>) -> Result<Node, Error> {
        let mut open: Vec<Open> = Vec::with_capacity(DEPTH_USUAL);
        let mut event = first;
        loop {
            let mut done = self.step(event, &mut open)?;
            while let Some(node) = done.take() {
                let is_inner = open.len() > 1;
                let Some(parent) = open.last_mut() else {
                    self.refuse_infinity(&node)?;
                    return Ok(node);
                };
                if !parent.awaits_key() {
                    self.refuse_infinity(&node)?;
                } else if node.is_odd && is_inner && self.odd_keys.len() < ODD_KEYS_MAX {
                    self.odd_keys.extend(node.key.text());
                }
                let line = node.line;
                parent.take(node).map_err(|message| self.error_at(line, 0, message))?;
            }
            event = self.next()?;
        }
    }

    /// Opens a collection, or returns the node that an event completes.
    fn step(&mut self, event: Event<'t>, open: &mut Vec<Open>) -> Result<Option<Node>, Error> {
        let line = event.mark.line;
        let column = event.mark.column + 1;
        match event.kind {
            EventKind::Scalar { anchor, tag, value, plain } => {
                self.count(line)?;
                let node = self.scalar(tag.as_deref(), value, plain, line)?;
                self.remember(anchor, &node);
                Ok(Some(node))
            }
            EventKind::Alias(anchor) => self.alias(&anchor, open.len(), line, column).map(Some),
            EventKind::SequenceStart { anchor } => {
                self.open(anchor.as_deref(), open.len(), line)?;
                open.push(Open::new(anchor, line, Items::Sequence(Array::new())));
                Ok(None)
            }
            EventKind::MappingStart { anchor } => {
                self.open(anchor.as_deref(), open.len(), line)?;
                open.push(Open::new(anchor, line, Items::Mapping(Mapping::new(self.options), None)));
                Ok(None)
            }
            EventKind::SequenceEnd | EventKind::MappingEnd => {
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
            Value::Float(f) if !f.is_finite() && !self.options.infinities => {
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

    fn scalar(&self, tag: Option<&str>, text: Cow<'_, str>, plain: bool, line: usize) -> Result<Node, Error> {
        let fail =
            |what: &str| Err(self.error_at(line, 0, format!("cannot decode !!str `{text}` as a {what}")));
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
            .then(|| Str::from(text.as_ref()));
        let is_odd = raw_key.is_some();
        let merge = resolved == Resolved::Merge || (plain && tag.is_none() && text == "<<");
        let (value, key) = match resolved {
            Resolved::Null => (Value::Null, Key::Not("null")),
            Resolved::Bool(b) => (Value::Bool(b), Key::Text(if b { "true" } else { "false" }.into())),
            Resolved::Int(i) => (Value::Int(i), Key::Text(i.to_string().into())),
            Resolved::Uint(u) => (Value::Uint(u), Key::Not("an integer above 2^63")),
            Resolved::Float(f) => (float_value(f, &self.options), Key::Text(format_g32(f).into())),
            Resolved::Timestamp(stamp) if self.options.dialect == Dialect::V3 => {
                (Value::from(stamp.to_rfc3339()), Key::Not("a timestamp"))
            }
            Resolved::Str | Resolved::Timestamp(_) | Resolved::Merge => {
                let text = Str::from(text.as_ref());
                (Value::String(text.clone()), Key::Text(text))
            }
        };
        let key = match (merge, self.options.dialect, raw_key) {
            (true, ..) => Key::Merge,
            (false, Dialect::V3, Some(text)) => Key::Text(text),
            _ => key,
        };
        Ok(Node { value, size: 1, height: 0, key, is_odd, line })
    }

    fn binary(&self, text: &str, line: usize) -> Result<Node, Error> {
        let Some(bytes) = crate::base64::decode(text) else {
            return Err(self.error_at(line, 0, "!!binary value contains invalid base64 data"));
        };
        let text: Str = String::from_utf8_lossy(&bytes).as_ref().into();
        Ok(Node {
            value: Value::String(text.clone()),
            size: 1,
            height: 0,
            key: Key::Text(text),
            is_odd: false,
            line,
        })
    }
}

/// Returns what a scalar stands for.
pub(crate) fn plain_value(resolved: Resolved, text: &str, options: &Options) -> Value {
    match resolved {
        Resolved::Null => Value::Null,
        Resolved::Bool(b) => Value::Bool(b),
        Resolved::Int(i) => Value::Int(i),
        Resolved::Uint(u) => Value::Uint(u),
        Resolved::Float(f) => float_value(f, options),
        Resolved::Timestamp(stamp) if options.dialect == Dialect::V3 => Value::from(stamp.to_rfc3339()),
        Resolved::Str | Resolved::Timestamp(_) | Resolved::Merge => Value::String(text.into()),
    }
}

fn float_value(f: f64, options: &Options) -> Value {
    if options.keep_floats { Value::Float(f) } else { float_to_value(f) }
}

#[expect(clippy::cast_precision_loss, reason = "Go's conversion loses the same bits")]
fn int_to_float(i: i64) -> f64 {
    i as f64
}

/// Longest text of a key that is none.
const SHOWN_BYTES_MAX: usize = 200;

/// Writes a value as Go's `%#v` does, cut where it grows long.
fn go_syntax(value: &Value, out: &mut String) {
    if out.len() > SHOWN_BYTES_MAX {
        return;
    }
    match value {
        Value::Null => out.push_str("interface {}(nil)"),
        Value::String(text) => out.push_str(&format!("{:?}", text.as_str())),
        Value::Array(items) => {
            out.push_str("[]interface {}{");
            for (n, item) in items.iter().enumerate() {
                out.push_str(if n > 0 { ", " } else { "" });
                go_syntax(item, out);
            }
            out.push('}');
        }
        Value::Object(map) => {
            out.push_str("map[interface {}]interface {}{");
            for (n, (key, value)) in map.iter().enumerate() {
                out.push_str(&format!("{}{:?}:", if n > 0 { ", " } else { "" }, key.as_str()));
                go_syntax(value, out);
            }
            out.push('}');
        }
        other => out.push_str(&other.to_string()),
    }
}

/// Refuses what YAML does not allow in a text, as go-yaml's reader does.
pub(crate) fn refuse_control_characters(text: &str) -> Result<(), Error> {
    if is_usual(text) {
        return Ok(());
    }
    let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    let Some(at) = text.find(|c| !allowed(c)) else { return Ok(()) };
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Err(Error::at(text, line, column, "control characters are not allowed"))
}

/// Whether a text is of tabs, line breaks and printable ASCII alone, as nearly all are.
pub(crate) fn is_usual(text: &str) -> bool {
    // Looked at in pieces, each as a whole, which a processor does many bytes at a time.
    let is_usual = |piece: &[u8]| {
        piece.iter().fold(true, |usual, b| usual & (matches!(b, b' '..=b'~') | (*b == b'\n') | (*b == b'\t')))
    };
    text.as_bytes().chunks(PIECE_BYTES).all(is_usual)
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
        refused("[a]: b\n", "invalid map key: []interface {}{\"a\"}");
        let braces = r#"invalid map key: map[interface {}]interface {}{"b":interface {}(nil)}"#;
        refused("a: {{b}}\n", braces);
        refused("~: b\n", "cannot be a mapping key");
        refused("a: {{ b }}-t\nc: 1\n", "did not find expected key");
        let error = parse_strict("a: 1\nb: 2\na: 3\n").unwrap_err();
        assert_eq!((error.line, error.excerpt.as_str()), (3, "a: 3"));
    }

    #[test]
    fn numbers_are_what_json_makes_of_them() {
        check("[1.0, 1e3, 1e400, 18446744073709551615, 010]", r#"[1,1000,"1e400",18446744073709551615,8]"#);
        refused("a: .inf\n", "unsupported value");
        check("!!float 3\n", "3");
        check("!!str 3\n", "\"3\"");
        refused("!!int x\n", "cannot decode !!str `x` as a !!int");
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
