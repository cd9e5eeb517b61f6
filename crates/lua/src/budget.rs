use crate::pattern::Fault;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// VM instructions and steps of patterns that a script may take.
const STEPS_MAX: u64 = 20_000_000;

/// What a script has taken of its steps. Once they are spent, they stay so.
#[derive(Clone, Default)]
pub(crate) struct Budget(Arc<AtomicU64>);

impl Budget {
    /// Returns the steps that are left.
    pub(crate) fn left(&self) -> u64 {
        STEPS_MAX.saturating_sub(self.0.load(Ordering::Relaxed))
    }

    /// Takes steps.
    pub(crate) fn take(&self, steps: u64) -> mlua::Result<()> {
        self.0.fetch_add(steps.min(STEPS_MAX), Ordering::Relaxed);
        self.check()
    }

    /// Takes all that is left.
    pub(crate) fn spend(&self) -> mlua::Error {
        self.0.store(STEPS_MAX, Ordering::Relaxed);
        spent()
    }

    /// Fails where nothing is left.
    pub(crate) fn check(&self) -> mlua::Result<()> {
        if self.left() == 0 { Err(spent()) } else { Ok(()) }
    }

    /// Makes an error of a pattern the script's.
    pub(crate) fn fault(&self, fault: Fault) -> mlua::Error {
        match fault {
            Fault::Pattern(text) => mlua::Error::runtime(text),
            Fault::Spent => self.spend(),
        }
    }
}

fn spent() -> mlua::Error {
    mlua::Error::runtime(format!("the script takes more than {STEPS_MAX} steps or one second"))
}
