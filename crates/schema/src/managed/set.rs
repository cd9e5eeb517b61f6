use fairway_value::{Str, Value};

/// One step of a field path.
#[derive(Clone, Debug, PartialEq)]
pub enum PathElement {
    /// `f:NAME`: a field or map key.
    Field(Str),
    /// `k:{…}`: an entry of an associative list by its keys, sorted by name.
    Key(Box<[(Str, Value)]>),
    /// `v:VALUE`: a member of a set.
    Value(Value),
    /// `i:N`: a position.
    Index(i64),
}

/// A set of field paths, as a `fieldsV1` document holds one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Set {
    pub(crate) members: Vec<PathElement>,
    pub(crate) children: Vec<(PathElement, Set)>,
}

/// A fieldsV1 document that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SetError(pub String);

impl Set {
    /// Whether no path is in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty() && self.children.iter().all(|(_, c)| c.is_empty())
    }

    /// Reads a `fieldsV1` document.
    ///
    /// # Errors
    /// Keys without a known prefix, broken JSON in `k:` and `v:` keys, nesting beyond the limit.
    pub fn parse(fields: &Value) -> Result<Self, SetError> {
        let _ = fields;
        Err(SetError("unsupported: fieldsV1".to_owned()))
    }

    /// Writes the set as a `fieldsV1` document.
    #[must_use]
    pub fn to_value(&self) -> Value {
        Value::object()
    }
}
