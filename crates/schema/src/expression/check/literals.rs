//! Arguments that are written out and can never be right (cel-go `cel/validator.go`).

use crate::expression::{Moment, Span};
use crate::validate::compiled_pattern;
use cel::common::ast::{CallExpr, Expr, LiteralValue};

/// Returns the expression that is wrong, and why.
pub(super) fn fault(call: &CallExpr) -> Option<(u64, String)> {
    let argument = match (call.target.is_some(), call.func_name.as_str(), call.args.as_slice()) {
        (false, "duration" | "timestamp", [only]) => only,
        (true, "matches" | "find" | "findAll", [pattern, ..]) => pattern,
        (false, "matches", [_, pattern]) => pattern,
        _ => return None,
    };
    let Expr::Literal(LiteralValue::String(text)) = &argument.expr else { return None };
    let text = text.inner();
    let fits = match call.func_name.as_str() {
        "duration" => Span::parse(text).is_some(),
        "timestamp" => Moment::parse(text).is_some(),
        _ => compiled_pattern(text).is_ok(),
    };
    (!fits).then(|| (argument.id, format!("invalid {} argument", call.func_name)))
}
