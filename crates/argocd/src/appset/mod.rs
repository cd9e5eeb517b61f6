//! ApplicationSets: generators as functions of data handed in.
//!
//! ```text
//! spec.generators ──► params (one map per Application) ──► render template ──► templatePatch ──► Applications
//! ```

mod environment;
mod generate;
mod generators;
mod ignore;
mod merge;
mod names;
mod params;
mod patch;
mod reconcile;
mod render;
mod selector;

pub use environment::{
    AppSetCluster, DataRequest, Decisions, Environment, GitFiles, PullRequest, ScmRepository,
};
pub use generate::{AppSetError, Generated, generate};
pub use ignore::LeaveOut;
pub use reconcile::{AppSetAction, AppSetPolicy, reconcile};
pub use selector::selects;
