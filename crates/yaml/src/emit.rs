use crate::Dialect;
use crate::key_order::in_natural_order;
use crate::number::{float_to_value, format_g};
use crate::scalar::{Analysis, is_break};
use crate::writer::Writer;
use fairway_value::{Array, Map, Value};

/// How text is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Columns per level, 2 to 9.
    pub indent: usize,
    /// Column after which long scalars are folded; `None` folds nothing.
    pub width: Option<usize>,
    /// Whether a sequence inside a mapping is indented below its key.
    pub indent_sequences: bool,
    /// Whose table says which strings need quotes, and whose order the keys are in.
    pub dialect: Dialect,
}

impl Style {
    /// As `sigs.k8s.io/yaml.Marshal`, Helm's `toYaml` and `kustomize build`.
    pub const SIGS: Self = Self { indent: 2, width: Some(80), indent_sequences: false, dialect: Dialect::V2 };
    /// As Helm's `toYamlPretty`: go-yaml v3 with an indentation of two.
    pub const PRETTY: Self = Self { indent: 2, width: None, indent_sequences: true, dialect: Dialect::V3 };
    /// As kustomize's kyaml writes: go-yaml v3 with compact sequences.
    pub const KYAML: Self = Self { indent: 2, width: None, indent_sequences: false, dialect: Dialect::V3 };
}

/// Writes a tree as `sigs.k8s.io/yaml.Marshal` does, byte for byte, with the newline at the end.
#[must_use]
pub fn to_string(value: &Value) -> String {
    to_string_with(value, Style::SIGS)
}

/// Writes a tree in a style.
#[must_use]
pub fn to_string_with(value: &Value, style: Style) -> String {
    let mut out = String::new();
    write_to(value, style, &mut out);
    out
}

/// Appends a tree in a style. The text must end at the start of a line.
pub fn write_to(value: &Value, style: Style, out: &mut String) {
    let mut emitter = Emitter { writer: Writer::new(out, style.width), style };
    emitter.node(value, At { indent: None, parent: Parent::Root });
    emitter.writer.end_document();
}

/// What a node stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Parent {
    Root,
    Mapping,
    Sequence,
}

/// Where a node stands: the indentation of the collection around it, `None` at the root.
#[derive(Clone, Copy)]
struct At {
    indent: Option<usize>,
    parent: Parent,
}

struct Emitter<'o> {
    writer: Writer<'o>,
    style: Style,
}

impl Emitter<'_> {
    fn node(&mut self, value: &Value, at: At) {
        match value {
            Value::Null => self.plain("null"),
            Value::Bool(b) => self.plain(if *b { "true" } else { "false" }),
            Value::Int(i) => self.plain(&i.to_string()),
            Value::Uint(u) => self.plain(&u.to_string()),
            Value::Float(f) => self.float(*f),
            Value::String(s) => self.string(s, at, false),
            Value::Array(list) => self.sequence(list, at),
            Value::Object(map) => self.mapping(map, at),
        }
    }

    /// sigs.k8s.io/yaml sends numbers through JSON, where a float without a fraction is an integer; a go-yaml v3
    /// encoder writes a float as one.
    fn float(&mut self, f: f64) {
        if self.style.dialect == Dialect::V3 {
            self.plain(&format_g(f));
            return;
        }
        let text = match float_to_value(f) {
            Value::Int(i) => i.to_string(),
            Value::Uint(u) => u.to_string(),
            _ if f == 0.0 => "0".to_owned(),
            _ => format_g(f),
        };
        self.plain(&text);
    }

    fn plain(&mut self, text: &str) {
        self.writer.plain(text, 0, false);
    }

    fn string(&mut self, text: &str, at: At, simple_key: bool) {
        let analysis = Analysis::of(text, self.style.dialect);
        let indent = self.deeper(at, at.indent.is_none(), false);
        self.writer.scalar(text, &analysis, indent, self.style.indent, simple_key);
    }

    /// The indentation inside a node that stands at `at`, as `yaml_emitter_increase_indent`.
    fn deeper(&self, at: At, flow: bool, indentless: bool) -> usize {
        let Some(indent) = at.indent else { return if flow { self.style.indent } else { 0 } };
        let step = self.style.indent;
        match (indentless, self.style.dialect, at.parent) {
            (true, _, _) => indent,
            // go-yaml v3 steps over the dash only, and aligns all else to multiples.
            (_, Dialect::V3, Parent::Sequence) => indent + 2,
            (_, Dialect::V3, _) => step * ((indent + step) / step),
            (_, Dialect::V2, _) => indent + step,
        }
    }

    fn sequence(&mut self, list: &Array, at: At) {
        if list.is_empty() {
            self.writer.empty_collection("[", "]");
            return;
        }
        let indentless =
            at.parent == Parent::Mapping && !self.style.indent_sequences && !self.writer.indention;
        let indent = self.deeper(at, false, indentless);
        for item in list {
            self.writer.indent_to(indent);
            self.writer.indicator("-", true, false, true);
            self.node(item, At { indent: Some(indent), parent: Parent::Sequence });
        }
    }

    fn mapping(&mut self, map: &Map, at: At) {
        if map.is_empty() {
            self.writer.empty_collection("{", "}");
            return;
        }
        let indent = self.deeper(at, false, false);
        let inside = At { indent: Some(indent), parent: Parent::Mapping };
        in_natural_order(map, self.style.dialect, &mut |key, value| {
            self.writer.indent_to(indent);
            if is_simple_key(key) {
                self.string(key, inside, true);
                self.writer.indicator(":", false, false, false);
            } else {
                self.writer.indicator("?", true, false, true);
                self.string(key, inside, false);
                self.writer.indent_to(indent);
                self.writer.indicator(":", true, false, true);
            }
            self.node(value, inside);
        });
    }
}

/// Longer keys are written after a `?`.
const SIMPLE_KEY_BYTES_MAX: usize = 128;

fn is_simple_key(key: &str) -> bool {
    // The breaks beyond ASCII begin with these bytes.
    let may_break = || key.bytes().any(|b| matches!(b, b'\n' | b'\r' | 0xc2 | 0xe2));
    key.len() <= SIMPLE_KEY_BYTES_MAX && !(may_break() && key.contains(is_break))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{parse, parse_documents};

    /// Text that Go writes must come back as it is.
    fn stands(text: &str) {
        assert_eq!(to_string(&parse(text).unwrap()), text);
    }

    #[test]
    fn what_go_writes_is_written_the_same() {
        stands("a: 1\nb:\n- c: d\n  e:\n  - f\n- - g\n  - h\nc: {}\nd: []\n");
        stands("a: \"yes\"\nb: \"1\"\nc: \"\"\nd: 'x: y'\ne: '#'\nf: \"1:30\"\ng: \"a\\tb\"\nh: null\n");
        stands(
            "a: |\n  one\n  two\nb: |-\n  one\n\n  two\nc: |2\n    lead\nd: |+\n  keep\n\ne: \"2020-01-01\"\n",
        );
        stands("- |\n  x\n- '@at'\n- 'it''s: x'\n");
        stands("1e+21\n");
    }

    #[test]
    fn long_scalars_are_folded_after_column_80() {
        let long = "word ".repeat(30);
        let text = to_string(&Value::from_iter([("k", Value::from(long.trim()))]));
        assert_eq!(text.lines().map(str::len).collect::<Vec<_>>(), [82, 71]);
        assert_eq!(parse(&text).unwrap().get("k").and_then(Value::as_str), Some(long.trim()));
    }

    #[test]
    fn characters_beyond_the_basic_plane_are_escaped() {
        assert_eq!(to_string(&Value::from("\u{1f600}")), "\"\\U0001F600\"\n");
    }

    #[test]
    fn pretty_indents_sequences_and_folds_nothing() {
        let value = parse("a:\n- b: yes\n  c: [1]\n").unwrap();
        assert_eq!(to_string_with(&value, Style::PRETTY), "a:\n  - b: true\n    c:\n      - 1\n");
        assert_eq!(to_string_with(&value, Style::KYAML), "a:\n- b: true\n  c:\n  - 1\n");
    }

    #[test]
    fn a_root_string_of_lines_is_indented() {
        assert_eq!(to_string(&Value::from("a\nb")), "|-\n  a\n  b\n");
    }

    #[test]
    fn documents_keep_their_place() {
        let docs = parse_documents("---\n# nothing\n---\na: 1\n---\n\n---\nb: 2\n").unwrap();
        let seen: Vec<_> = docs.iter().map(|d| (d.index, d.line)).collect();
        assert_eq!(seen, [(1, 4), (3, 8)]);
    }
}
