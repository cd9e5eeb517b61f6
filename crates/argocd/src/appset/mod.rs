//! ApplicationSets: generators as functions of data handed in.

mod environment;
mod generate;
mod reconcile;

pub use environment::{AppSetCluster, DataRequest, Environment, GitFiles, PullRequest, ScmRepository};
pub use generate::{AppSetError, Generated, generate};
pub use reconcile::{AppSetAction, AppSetPolicy, reconcile};
