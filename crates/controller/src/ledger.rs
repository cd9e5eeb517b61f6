//! How a running sync stands, and how much of that is on record.

use fairway_apply::SyncReport;
use std::sync::{Mutex, PoisonError};
use tokio::sync::watch;

/// What a sync has told, and up to where the Application tells of it too.
pub(crate) struct Ledger {
    told: Mutex<(u64, SyncReport)>,
    recorded: watch::Sender<u64>,
}

impl Default for Ledger {
    fn default() -> Self {
        Self { told: Mutex::default(), recorded: watch::Sender::new(0) }
    }
}

impl Ledger {
    /// Takes a newer report and returns its number.
    pub fn tell(&self, report: &SyncReport) -> u64 {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        *told = (told.0 + 1, report.clone());
        told.0
    }

    /// Returns the newest report with its number.
    pub fn newest(&self) -> (u64, SyncReport) {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says that the Application tells of a report.
    pub fn record(&self, number: u64) {
        self.recorded.send_if_modified(|at| {
            let further = number > *at;
            *at = number.max(*at);
            further
        });
    }

    /// Waits until the Application tells of a report, or a newer one.
    pub async fn recorded(&self, number: u64) {
        // The sender lives in self, so waiting cannot fail.
        let _ = self.recorded.subscribe().wait_for(|at| *at >= number).await;
    }
}
