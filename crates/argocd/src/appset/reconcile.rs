use crate::application::Application;
use crate::appset::Generated;
use fairway_core::{AppId, Object, Str, Value};

/// Which changes an ApplicationSet may make: `syncPolicy.applicationsSync`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AppSetPolicy {
    /// `create-only`.
    CreateOnly,
    /// `create-update`.
    CreateUpdate,
    /// `create-delete`.
    CreateDelete,
    /// `sync`.
    #[default]
    Sync,
}

/// One change to make.
#[derive(Clone, Debug, PartialEq)]
pub enum AppSetAction {
    /// Create an Application, with an owner reference to its ApplicationSet.
    Create(Application),
    /// Change an Application by a JSON merge patch.
    Update {
        /// Which.
        id: AppId,
        /// The patch.
        patch: Value,
    },
    /// Delete an Application.
    Delete {
        /// Which.
        id: AppId,
    },
    /// Take the finalizer off an Application and leave it and its objects alone (`preserveResourcesOnDeletion`).
    Orphan {
        /// Which.
        id: AppId,
    },
    /// A deletion that is not made, with the reason for people.
    Refused {
        /// Which.
        id: AppId,
        /// Why.
        reason: Str,
    },
}

/// Decides how to bring the Applications of an ApplicationSet to what was generated.
#[must_use]
pub fn reconcile(
    _appset: &Object,
    _generated: &Generated,
    _existing: &[Application],
    _policy_override: Option<AppSetPolicy>,
) -> Vec<AppSetAction> {
    Vec::new()
}
