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

pub(crate) use format::{fits as fits_text_format, is_text as is_text_format};
pub(super) use object::{check, check_default};
pub(crate) use pattern::compiled as compiled_pattern;
pub(crate) use rules::Rules;
pub(super) use rules::definition as rules_of;
