//! The commands that talk to a running engine or work offline.

mod account;
mod app;
mod check;
mod client;
mod completion;
mod demo;
mod diff;
mod disk_tree;
mod elsewhere;
mod exit;
mod helm;
mod input;
mod inventory;
mod kustomize;
mod network;
mod one_of;
mod output;
mod pflag;
mod plain;
mod plan;
mod ports;
mod render;
mod system;
mod table;

pub use account::{AccountArgs, run as run_account};
pub use app::{AppArgs, run as run_app};
pub use check::{CheckArgs, run as run_check};
pub use completion::{CompletionArgs, run as run_completion};
pub use demo::{DemoArgs, run as run_demo};
pub use diff::{DiffArgs, run as run_diff};
pub use exit::{EXIT_CODES, code_of};
pub use helm::{HelmArgs, HelmTemplateArgs, run as run_helm, run_template as run_helm_template};
pub use inventory::{
    AppsetArgs, ClusterArgs, ProjArgs, RepoArgs, run_appset, run_cluster, run_proj, run_repo,
};
pub use kustomize::{
    KustomizeArgs, KustomizeBuildArgs, run as run_kustomize, run_build as run_kustomize_build,
};
pub use pflag::{is_help, wrong_flags};
pub use plain::plain;
pub use plan::{PlanArgs, run as run_plan};
pub use ports::machine;
pub use render::{RenderArgs, run as run_render};
pub use table::takes_colour;
