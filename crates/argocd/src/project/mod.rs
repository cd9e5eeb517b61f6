//! AppProjects: what an App may use, and when it may sync.

mod cron;
mod git_url;
mod global;
mod lookup;
mod orphans;
mod rules;
mod windows;

pub use cron::{cron_is_active, unix_of};
pub use global::{GlobalProject, with_global_projects};
pub use rules::{Permission, Project};
pub use windows::{SyncDecision, SyncMoment};
