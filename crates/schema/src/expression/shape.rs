//! What macros leave behind in an expression, told by its shape.

use super::PAIR;
use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators};

/// The variable that the `cel` crate holds what `optMap` is called on in; cel-go evaluates it twice.
pub(super) const OPTIONAL_TARGET: &str = "@target";

/// Which part of an entry a variable of a loop stands for.
#[derive(Clone, Copy)]
pub(super) enum Part {
    Key,
    Value,
    /// The value of a list's entry, the key of a map's.
    Single,
}

/// Key and value of an entry of a map's literal, and whether the value is an optional one.
pub(super) fn pairs_of(entry: &EntryExpr) -> Option<(&IdedExpr, &IdedExpr, bool)> {
    match entry {
        EntryExpr::MapEntry(entry) => Some((&entry.key, &entry.value, entry.optional)),
        EntryExpr::StructField(_) => None,
    }
}

/// A call of this function.
pub(super) fn called<'e>(e: &'e IdedExpr, name: &str) -> Option<&'e CallExpr> {
    match &e.expr {
        Expr::Call(call) if call.func_name == name => Some(call),
        _ => None,
    }
}

/// Whether a comprehension only gives a name to a value.
pub(super) fn is_binding(c: &ComprehensionExpr) -> bool {
    let over_nothing = matches!(&c.iter_range.expr, Expr::List(list) if list.elements.is_empty());
    let never = matches!(&c.loop_cond.expr, Expr::Literal(LiteralValue::Boolean(b)) if !*b.inner());
    over_nothing && never
}

/// Which part of the pair that is looped over a binding gives a name to.
pub(super) fn part_of_pair(c: &ComprehensionExpr) -> Option<Part> {
    let [of, at] = called(&c.accu_init, operators::INDEX)?.args.as_slice() else { return None };
    match (&of.expr, &at.expr) {
        (Expr::Ident(name), Expr::Literal(LiteralValue::Int(at))) if name == PAIR => {
            Some(if *at.inner() == 0 { Part::Key } else { Part::Value })
        }
        _ => None,
    }
}
