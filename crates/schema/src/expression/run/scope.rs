use cel::ExecutionError;
use cel::common::value::Val;
use std::cell::OnceCell;

use super::plan::Step;

/// A value that lives elsewhere, and lends nothing itself.
pub(super) type Lent<'s> = &'s (dyn Val + 'static);

/// What the names of an expression stand for.
#[derive(Clone, Copy)]
pub(crate) struct Names<'s> {
    pub this: &'s (dyn Val + 'static),
    /// What `this` was before; nothing where it was not, or where it is not told.
    pub old: Option<&'s (dyn Val + 'static)>,
}

/// A name and what it stands for, inside of others.
pub(super) enum Scope<'s> {
    Outermost(Names<'s>),
    Named {
        name: &'s str,
        value: Result<Lent<'s>, &'s ExecutionError>,
        outer: &'s Scope<'s>,
    },
    /// A value that is made when it is first asked for.
    Lazy {
        name: &'s str,
        step: &'s Step,
        made: OnceCell<Result<Box<dyn Val>, ExecutionError>>,
        outer: &'s Scope<'s>,
    },
}

impl<'s> Scope<'s> {
    pub fn named(name: &'s str, value: Lent<'s>, outer: &'s Scope<'s>) -> Self {
        Self::Named { name, value: Ok(value), outer }
    }

    /// The innermost scope that has a name.
    pub fn of(&'s self, wanted: &str) -> Option<&'s Scope<'s>> {
        let mut at = self;
        loop {
            match at {
                Self::Named { name, outer, .. } | Self::Lazy { name, outer, .. } => {
                    if *name == wanted {
                        return Some(at);
                    }
                    at = outer;
                }
                Self::Outermost(_) => return matches!(wanted, "self" | "oldSelf").then_some(at),
            }
        }
    }
}
