//! Values walked along their types: checked, turned into field sets, merged, compared and cut.
//!
//! Source: structured-merge-diff v6 `typed`.

mod check;
mod compare;
mod cut;
mod merge;
mod paths;
mod reconcile;
mod shape;

pub(crate) use check::{TypeFault, validate};
pub(crate) use compare::{Comparison, compare};
pub(crate) use cut::remove;
pub(crate) use merge::merge;
pub(crate) use paths::to_set;
pub(crate) use reconcile::{is_whole, reconcile};
pub(crate) use shape::{Duplicates, Shape, item_element, item_key, shape};
