use crate::FieldChange;

/// What applying a desired object would do to the live one.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Nothing that counts.
    Unchanged,
    /// The object does not exist and would be created.
    Created,
    /// These fields would change; ordered by path.
    Changed(Vec<FieldChange>),
    /// Only a dry run can say.
    Uncertain(UncertainReason),
}

/// Why a prediction cannot be sure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UncertainReason {
    /// The kind's schema is not known.
    UnknownSchema,
    /// The live object's field ownership cannot be read.
    BrokenManagedFields(String),
    /// Fields were last applied in another version whose conversion is not known.
    OtherVersion(String),
    /// The server is expected to refuse this.
    Refused(String),
}

impl std::fmt::Display for UncertainReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UnknownSchema => f.write_str("the schema of this kind is not known"),
            Self::BrokenManagedFields(why) => write!(f, "metadata.managedFields cannot be read: {why}"),
            Self::OtherVersion(version) => write!(f, "fields were applied as {version}"),
            Self::Refused(why) => write!(f, "the server is expected to refuse it: {why}"),
        }
    }
}
