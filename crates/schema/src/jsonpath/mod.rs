//! kubectl's JSON paths (`k8s.io/client-go/util/jsonpath`): the columns of custom resources, `helm show values --jsonpath`.
//!
//! ```text
//! "{.a}, {range .b[?(@.c>1)]}{.d}{end}" ──parse──► nodes ──find──► results of each part ──► text
//! ```

mod find;
mod parse;
#[cfg(test)]
mod tests;
mod unquote;

use fairway_value::Value;

pub use find::Found;

/// Longest template that is read, in bytes.
const TEMPLATE_BYTES_MAX: usize = 16 << 10;
/// Most values that one part of a template may find: `..` upon `..` grows with each.
const FOUND_MAX: usize = 1 << 20;

/// Why a path cannot be read or followed, in the words of Kubernetes' library.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct JsonPathError {
    message: String,
    /// Whether the library hands on what it had found along with the error, as it does but for keys that are missing:
    /// to a filter that only asks whether there is something, there is.
    finds: bool,
}

impl JsonPathError {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), finds: true }
    }

    fn with_nothing_found(self) -> Self {
        Self { finds: false, ..self }
    }
}

/// A parsed template: text, and paths in braces.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonPath {
    nodes: Vec<Node>,
    missing_keys: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Text(String),
    List(Vec<Node>),
    Field(String),
    Slice { from: Option<i64>, to: End, step: Option<i64> },
    Filter { left: Vec<Node>, operator: String, right: Vec<Node> },
    Int(i64),
    Float(f64),
    Bool(bool),
    Every,
    Recursive,
    Union(Vec<Vec<Node>>),
    Word(String),
}

/// Where a slice ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Open,
    At(i64),
    /// One behind the start, which was the only number.
    Next,
}

impl JsonPath {
    /// Reads a template, as `{.spec.replicas}`.
    ///
    /// # Errors
    /// It is none: a brace or quote is not closed, an index is no number, or the text is too long.
    pub fn parse(template: &str) -> Result<Self, JsonPathError> {
        if template.len() > TEMPLATE_BYTES_MAX {
            return Err(JsonPathError::new(format!("template is longer than {TEMPLATE_BYTES_MAX} bytes")));
        }
        Ok(Self { nodes: parse::template(template)?, missing_keys: false })
    }

    /// Returns the same template, to which a key that is not there is no error.
    #[must_use]
    pub fn with_missing_keys(self) -> Self {
        Self { missing_keys: true, ..self }
    }

    /// Returns what each part of the template finds, rounds of a `range` one after the other.
    ///
    /// # Errors
    /// A key is missing where none may be, an index is out of bounds, values cannot be compared, or more is found than
    /// memory should hold.
    pub fn find<'v>(&'v self, value: &'v Value) -> Result<Vec<Vec<Found<'v>>>, JsonPathError> {
        find::all(&self.nodes, self.missing_keys, value)
    }

    /// Returns the text that the template makes of a value.
    ///
    /// # Errors
    /// As [`JsonPath::find`].
    pub fn text(&self, value: &Value) -> Result<String, JsonPathError> {
        let mut out = String::new();
        for results in self.find(value)? {
            for (n, found) in results.iter().enumerate() {
                if n > 0 {
                    out.push(' ');
                }
                out.push_str(&found.text());
            }
        }
        Ok(out)
    }
}
