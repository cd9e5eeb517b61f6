//! Which applications a list holds: selection, facets, order and pages.

mod facets;
mod filter;
mod page;
mod selector;

pub(crate) use facets::facets;
pub(crate) use filter::{Filter, health_status, project, sync_status};
pub(crate) use page::{Page, sort};
pub(crate) use selector::Selector;
