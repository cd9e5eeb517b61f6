//! Git: mirrors, resolving, trees. Everything here blocks.

mod fetch;
mod http_transport;
mod lfs;
mod repository;
mod resolve;
mod ssh_transport;
mod submodule;
mod tree;
mod tree_cache;

pub(crate) use fetch::{FETCHED_COMMITS, FetchRequest, fetch};
pub(crate) use lfs::Lfs;
pub(crate) use repository::GitRepository;
pub(crate) use resolve::full_commit;
pub(crate) use submodule::{parse_submodules, submodule_url};
pub(crate) use tree::{GitTree, TreeLimits};
