use fairway_value::Str;

/// What an App's condition is about: Argo CD's `ApplicationConditionType`, closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConditionKind {
    /// Deleting the App or its objects failed.
    DeletionError,
    /// The App's spec is invalid or not permitted; nothing is rendered or applied.
    InvalidSpecError,
    /// Desired or live state could not be loaded or compared.
    ComparisonError,
    /// Automated sync failed or was refused.
    SyncError,
    /// Anything else that went wrong.
    UnknownError,
    /// An object is claimed by another App too.
    SharedResourceWarning,
    /// The sources hold one object more than once.
    RepeatedResourceWarning,
    /// The sources hold an object that settings exclude.
    ExcludedResourceWarning,
    /// The namespace holds objects that no App owns.
    OrphanedResourceWarning,
    /// A field of the App is not supported yet. Fairway's own kind.
    UnsupportedFieldWarning,
    /// A deletion was refused until a person approves. Fairway's own kind.
    DeletionRefused,
}

impl ConditionKind {
    /// Returns the word in `status.conditions[].type`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DeletionError => "DeletionError",
            Self::InvalidSpecError => "InvalidSpecError",
            Self::ComparisonError => "ComparisonError",
            Self::SyncError => "SyncError",
            Self::UnknownError => "UnknownError",
            Self::SharedResourceWarning => "SharedResourceWarning",
            Self::RepeatedResourceWarning => "RepeatedResourceWarning",
            Self::ExcludedResourceWarning => "ExcludedResourceWarning",
            Self::OrphanedResourceWarning => "OrphanedResourceWarning",
            Self::UnsupportedFieldWarning => "UnsupportedFieldWarning",
            Self::DeletionRefused => "DeletionRefused",
        }
    }

    /// Whether a sync may not start while the condition stands.
    #[must_use]
    pub fn blocks_sync(self) -> bool {
        matches!(self, Self::InvalidSpecError | Self::ComparisonError)
    }
}

/// Something that is wrong or worth knowing about an App.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Condition {
    /// What it is about.
    pub kind: ConditionKind,
    /// The sentence people read.
    pub message: Str,
}

impl Condition {
    /// Builds one.
    #[must_use]
    pub fn new(kind: ConditionKind, message: impl Into<Str>) -> Self {
        Self { kind, message: message.into() }
    }
}
