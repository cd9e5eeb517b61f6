//! `jqPathExpressions`: what a jq path names is cut out of an object, as `del(…)` of gojq does (Argo CD runs that).
//!
//! jaq parses and runs the expressions; where it parts from gojq on paths (fields of null, deletion of what is not there) the
//! value type and the deletion here follow gojq. There is no clock here: steps are counted in place of Argo CD's second.

mod delete;
mod filter;
mod natives;
mod number;
mod value;

pub(crate) use filter::JqPath;
