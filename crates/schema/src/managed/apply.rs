use crate::Schemas;
use fairway_value::Value;

/// How a manager writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Server-side apply.
    Apply,
    /// Create, update and every other patch.
    Update,
}

/// Who writes, how and when.
#[derive(Clone, Debug)]
pub struct Write<'a> {
    /// The field manager.
    pub manager: &'a str,
    /// `apiVersion` of the request's URL.
    pub api_version: &'a str,
    /// The subresource written through (`status`, `scale`), empty for the object itself.
    pub subresource: &'a str,
    /// Take conflicting fields over (apply only).
    pub force: bool,
    /// The time of the write, RFC 3339 in seconds.
    pub now: &'a str,
}

/// A field that another manager owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The other manager as the server prints it: `"kubectl" using apps/v1`.
    pub manager: String,
    /// The field: `.spec.replicas`.
    pub path: String,
}

/// Why an apply is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// Others own fields with other values (409, reason `Conflict`).
    #[error("{message}")]
    Conflicts {
        /// The status message.
        message: String,
        /// One entry a field, in the message's order.
        conflicts: Vec<Conflict>,
    },
    /// The configuration does not fit its type (500 without reason).
    #[error("{0}")]
    Typed(String),
    /// The request is malformed (400, reason `BadRequest`).
    #[error("{0}")]
    BadRequest(String),
}

/// Applies a configuration to a live object (nothing where it is to be created): merged, ownership written into
/// `metadata.managedFields`, defaulted and in canonical form. Neither admitted nor validated.
///
/// # Errors
/// See [`ApplyError`].
pub fn apply(
    live: Option<&Value>,
    config: &Value,
    write: &Write<'_>,
    schemas: &Schemas,
) -> Result<Value, ApplyError> {
    let _ = (live, config, write, schemas);
    Err(ApplyError::Typed("unsupported: server-side apply".to_owned()))
}

/// Records in `new`'s `metadata.managedFields` what a create, update or patch from `live` to `new` means for ownership.
/// `new` is the defaulted object about to be stored.
pub fn update(live: Option<&Value>, new: &mut Value, write: &Write<'_>, schemas: &Schemas) {
    let _ = (live, new, write, schemas);
}
