use crate::compare::changes;
use fairway_core::ObjectKey;
use fairway_value::{Str, Value};

/// One field that differs.
#[derive(Clone, PartialEq)]
pub struct FieldChange {
    /// RFC 6901 pointer into the object.
    pub path: Str,
    /// Live value, if there is one.
    pub before: Option<Value>,
    /// Value after the apply, if there is one.
    pub after: Option<Value>,
}

impl std::fmt::Debug for FieldChange {
    /// The path only: the values may be secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FieldChange({})", self.path)
    }
}

/// What is to happen to one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeKind {
    /// It is made.
    Created,
    /// It is changed.
    Configured,
    /// It stays as it is.
    Unchanged,
    /// It is wanted no more.
    Pruned,
    /// Nobody can say without asking the server.
    Uncertain,
}

impl ChangeKind {
    /// Returns the word for people: `created`, `configured`, `unchanged`, `pruned`, `uncertain`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Configured => "configured",
            Self::Unchanged => "unchanged",
            Self::Pruned => "pruned",
            Self::Uncertain => "uncertain",
        }
    }
}

/// What is to happen to one object, and which fields differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The object.
    pub key: ObjectKey,
    /// What happens.
    pub kind: ChangeKind,
    /// The fields that differ, ordered by path; empty unless configured.
    pub fields: Vec<FieldChange>,
    /// Why it is uncertain, or what was left out of the comparison; empty otherwise.
    pub note: Str,
}

impl Change {
    /// Compares an object as it was with what it became; nothing where neither side has it. Values of Secrets are masked.
    #[must_use]
    pub fn between(key: ObjectKey, before: Option<&Value>, after: Option<&Value>) -> Option<Self> {
        let (kind, fields) = match (before, after) {
            (None, None) => return None,
            (None, Some(_)) => (ChangeKind::Created, Vec::new()),
            (Some(_), None) => (ChangeKind::Pruned, Vec::new()),
            (Some(before), Some(after)) => match changes(before, after) {
                fields if fields.is_empty() => (ChangeKind::Unchanged, fields),
                fields => (ChangeKind::Configured, fields),
            },
        };
        Some(Self { key, kind, fields, note: Str::new() })
    }
}

/// What is to happen to the objects of one App, ordered by key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChangeSet {
    /// One entry an object.
    pub changes: Vec<Change>,
}

impl ChangeSet {
    /// Builds a set ordered by key.
    #[must_use]
    pub fn new(mut changes: Vec<Change>) -> Self {
        changes.sort_by(|a, b| a.key.cmp(&b.key));
        Self { changes }
    }

    /// Whether nothing is to happen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.iter().all(|c| c.kind == ChangeKind::Unchanged)
    }
}
