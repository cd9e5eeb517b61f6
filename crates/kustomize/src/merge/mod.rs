//! kyaml's merges: a patch onto an object (`merge2`), and an update of what both sides came from (`merge3`).
//!
//! Lists merge by the keys that the schema names, or by `name` where inference is asked for; what the schema says nothing
//! about is replaced. kyaml knows `$patch` (`delete`, `replace`, `merge`) and no other directive: `$setElementOrder` and
//! `$retainKeys` are ordinary fields to it.

mod comments;
mod directive;
mod list;
mod three;
mod two;
mod walk;

pub use comments::Comments;
pub use three::merge3;
pub use two::merge2;

/// Where elements that only the patch has go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListIncrease {
    /// Behind those that are there.
    #[default]
    Append,
    /// Before those that are there, as kustomize's patches do.
    Prepend,
}

/// How lists are merged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MergeOptions {
    /// Whether lists without a schema whose elements have a `name` are merged by it.
    pub infer: bool,
    /// Where new elements go.
    pub increase: ListIncrease,
}

/// What a merge knows beside the values.
#[derive(Clone, Copy)]
pub struct Context<'d> {
    /// The types' schemas.
    pub definitions: &'d crate::openapi::Definitions,
    /// How lists are merged.
    pub options: MergeOptions,
    /// Whether a text of the object stands in quotes.
    pub is_quoted: &'d dyn Fn(&str) -> bool,
    /// Schemas that stand in comments.
    pub comments: Option<&'d Comments>,
}

/// What merging gave for one place.
#[derive(Clone, Debug, PartialEq)]
pub enum Merged {
    /// The place is removed.
    Cleared,
    /// The place has this value; `null` only where it is to stay.
    Value(fairway_value::Value),
}
