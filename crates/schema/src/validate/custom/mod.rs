//! Custom resources against their structural schema, in the words of kube-openapi's validator.

mod embedded;
mod format;
mod lists;
mod object;
mod pattern;
mod rules;
mod schema;
mod verdict;
mod walk;

pub(crate) use format::is_text as is_text_format;
pub(super) use object::{check, check_default};
pub(crate) use rules::Rules;
