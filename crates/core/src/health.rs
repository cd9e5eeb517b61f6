use fairway_value::Str;
use std::fmt;

/// How well an object or an App is. The order is Argo CD's, from best to worst.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HealthStatus {
    /// Works as wanted.
    #[default]
    Healthy,
    /// Paused on purpose.
    Suspended,
    /// Not there yet, may still get there.
    Progressing,
    /// Not in the cluster.
    Missing,
    /// Failed, or does not get there.
    Degraded,
    /// Could not be judged.
    Unknown,
}

impl HealthStatus {
    /// Returns Argo CD's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "Healthy",
            Self::Suspended => "Suspended",
            Self::Progressing => "Progressing",
            Self::Missing => "Missing",
            Self::Degraded => "Degraded",
            Self::Unknown => "Unknown",
        }
    }

    /// Reads Argo CD's word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Healthy, Self::Suspended, Self::Progressing, Self::Missing, Self::Degraded, Self::Unknown]
            .into_iter()
            .find(|s| s.as_str() == word)
    }
}

impl fmt::Display for HealthStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A judgement with its reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// The judgement.
    pub status: HealthStatus,
    /// Why, for people; may be empty.
    pub message: Str,
}

impl Health {
    /// Builds one.
    #[must_use]
    pub fn new(status: HealthStatus, message: impl Into<Str>) -> Self {
        Self { status, message: message.into() }
    }
}
