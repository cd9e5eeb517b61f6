use fairway_core::{Gvk, ObjectKey, Str};
use std::fmt;

/// How much may be deleted without a person's approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeletionBudget {
    /// Largest share of an App's live objects that one sync may prune, in per cent. 100 sets no limit.
    pub share_max_percent: u8,
    /// Apps with this many live objects or fewer have no share: deleting two of three is everyday.
    pub exempt_objects_max: usize,
}

impl Default for DeletionBudget {
    /// No share limit: an Argo CD configuration that prunes works unmodified; the refusal of an empty source stands
    /// anyway. Settings may lower it.
    fn default() -> Self {
        Self { share_max_percent: 100, exempt_objects_max: 10 }
    }
}

/// Why a plan may not be executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The sources render nothing, and everything would be deleted.
    EmptySource {
        /// How many objects would be deleted.
        objects: usize,
    },
    /// More would be deleted than the budget allows.
    OverBudget {
        /// How many objects would be deleted.
        objects: usize,
        /// Of how many.
        of: usize,
        /// The budget.
        share_max_percent: u8,
    },
    /// An object belongs to another App, and `FailOnSharedResource` is set.
    SharedResource {
        /// The object.
        key: ObjectKey,
        /// Whose it is.
        owner: Str,
    },
    /// The cluster does not know a kind, and nothing here brings it.
    UnknownKind {
        /// The object.
        key: ObjectKey,
        /// Its kind.
        gvk: Gvk,
        /// Whether the cluster has the kind in another version.
        other_version: bool,
    },
    /// An object has neither a name nor, as a hook, a `generateName`.
    NoName {
        /// The object.
        key: ObjectKey,
        /// File it comes from.
        file: Str,
    },
    /// Two desired objects have one key. The renderer keeps one of them; this is a fault of ours.
    Repeated {
        /// The object.
        key: ObjectKey,
    },
    /// Objects need each other in a circle.
    Cycle {
        /// One object of the circle.
        key: ObjectKey,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptySource { objects } => write!(
                f,
                "the sources render no object, and all {objects} live objects would be deleted; set \
                 syncPolicy.automated.allowEmpty, or sync with prune by hand and approve the deletion"
            ),
            Self::OverBudget { objects, of, share_max_percent } => write!(
                f,
                "{objects} of {of} live objects would be deleted, more than the budget of {share_max_percent} %; \
                 approve the deletion to go on"
            ),
            Self::SharedResource { key, owner } => {
                write!(
                    f,
                    "{key} is part of applications {owner} and this one, and FailOnSharedResource is set"
                )
            }
            // As Argo CD 3 `util/argo` `AugmentSyncMsg`.
            Self::UnknownKind { key, gvk, other_version: false } => write!(
                f,
                "The Kubernetes API could not find {}/{} for requested resource {}/{}. Make sure the {:?} CRD is installed on \
                 the destination cluster.",
                gvk.group, gvk.kind, key.namespace, key.name, gvk.kind
            ),
            Self::UnknownKind { key, gvk, other_version: true } => write!(
                f,
                "The Kubernetes API could not find version {:?} of {}/{} for requested resource {}/{}. It has the kind in \
                 other versions.",
                gvk.version, gvk.group, gvk.kind, key.namespace, key.name
            ),
            Self::NoName { key, file } => write!(f, "{key} (in {file}): metadata.name is missing"),
            Self::Repeated { key } => write!(f, "{key} is desired twice"),
            Self::Cycle { key } => write!(f, "{key} needs itself by way of other objects"),
        }
    }
}
