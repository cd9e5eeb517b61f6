use std::sync::{Mutex, PoisonError};

/// How the forge's API misbehaves on purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Not at all.
    #[default]
    None,
    /// Every answer has this HTTP status.
    Status(u16),
    /// Lists of repositories are empty.
    EmptyLists,
    /// Requests are never answered.
    Hang,
}

/// Switches for tests: what goes wrong from now on.
#[derive(Debug, Default)]
pub struct Faults {
    api: Mutex<Fault>,
    git: Mutex<Fault>,
}

impl Faults {
    /// Sets how the REST API misbehaves.
    pub fn set_api(&self, fault: Fault) {
        *self.api.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    /// Sets how clone, fetch and push misbehave.
    pub fn set_git(&self, fault: Fault) {
        *self.git.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    pub(crate) fn api(&self) -> Fault {
        *self.api.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn git(&self) -> Fault {
        *self.git.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
