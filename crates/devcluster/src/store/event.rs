use super::Stored;
use bytes::Bytes;
use fairway_value::Str;
use std::sync::{Arc, OnceLock};

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventKind {
    Added,
    Modified,
    Deleted,
}

impl EventKind {
    /// The `type` of a watch event.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Added => "ADDED",
            Self::Modified => "MODIFIED",
            Self::Deleted => "DELETED",
        }
    }
}

/// One change of one object.
pub(crate) struct Event {
    pub(crate) kind: EventKind,
    pub(crate) table: Str,
    pub(crate) key: Str,
    /// The new version; for a deletion the last state under the version of the deletion.
    pub(crate) object: Arc<Stored>,
    /// The version before.
    pub(crate) prev: Option<Arc<Stored>>,
    pub(crate) rv: u64,
    frame: OnceLock<Bytes>,
}

impl Event {
    pub(crate) fn new(
        kind: EventKind,
        table: Str,
        key: Str,
        object: Arc<Stored>,
        prev: Option<Arc<Stored>>,
    ) -> Self {
        let rv = object.rv;
        Self { kind, table, key, object, prev, rv, frame: OnceLock::new() }
    }

    /// Returns the watch line in the storage version, serialised once for all watchers.
    pub(crate) fn frame(&self) -> Bytes {
        self.frame.get_or_init(|| frame(self.kind.name(), &self.object.json())).clone()
    }
}

/// Builds one line of a watch stream.
pub(crate) fn frame(kind: &str, object: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(object.len() + 32);
    out.extend_from_slice(b"{\"type\":\"");
    out.extend_from_slice(kind.as_bytes());
    out.extend_from_slice(b"\",\"object\":");
    out.extend_from_slice(object);
    out.extend_from_slice(b"}\n");
    out.into()
}
