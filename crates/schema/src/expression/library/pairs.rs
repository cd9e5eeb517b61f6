//! Comprehensions of two variables (cel-go `ext.TwoVarComprehensions`): over lists with the place and the entry, over maps with
//! the key and the value. They are made into those of one variable over pairs, so that the interpreter needs to know nothing.

use super::failed;
use super::lists::{argument, entries, target};
use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, IdedExpr, ListExpr, LiteralValue, operators};
use cel::common::types::{CelInt, CelList, CelMap, CelMapKey, DYN_TYPE, LIST_TYPE};
use cel::common::value::{CowVal, Val};
use cel::parser::{Macro, MacroExprHelper, ParseError};
use cel::{DeclarationError, Env, ExecutionError};
use std::collections::HashMap;

/// Names that no expression can say.
pub(in crate::expression) const PAIRS: &str = "@pairs";
pub(in crate::expression) const ENTRY: &str = "@entry";
pub(in crate::expression) const MERGED: &str = "@merged";
pub(in crate::expression) const PAIR: &str = "@pair";
const RESULT: &str = "@result";

fn pairs<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let of = target(&args)?;
    let pair = |key: Box<dyn Val + 'v>, value: Box<dyn Val + 'v>| -> Box<dyn Val + 'v> {
        Box::new(CelList::from(vec![key, value]))
    };
    let made: Vec<Box<dyn Val + 'v>> = match of.downcast_ref::<CelMap<'_>>() {
        Some(map) => {
            let mut keyed: Vec<_> = map.inner().iter().collect();
            keyed.sort_by_cached_key(|(key, _)| format!("{:?}", key.inner()));
            keyed.into_iter().map(|(k, v)| pair(k.inner().clone_as_boxed(), v.clone())).collect()
        }
        None => {
            let place = |n: usize| Box::new(CelInt::from(i64::try_from(n).unwrap_or(i64::MAX)));
            entries(of)?.into_iter().enumerate().map(|(n, e)| pair(place(n), e.clone_as_boxed())).collect()
        }
    };
    Ok(CowVal::owned(CelList::from(made)))
}

fn put<'v>(
    out: &mut HashMap<CelMapKey<'v>, Box<dyn Val + 'v>>,
    key: Box<dyn Val + 'v>,
    value: Box<dyn Val + 'v>,
) -> Result<(), ExecutionError> {
    let shown = format!("{key:?}");
    let Ok(key) = CelMapKey::try_from(key) else { return failed("transformMap", "unsupported key type") };
    match out.insert(key, value) {
        None => Ok(()),
        Some(_) => failed("transformMap", format!("insert failed: key {shown} already exists")),
    }
}

/// A map of one key.
fn entry<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let mut out = HashMap::new();
    put(&mut out, target(&args)?.clone_as_boxed(), argument(&args)?.clone_as_boxed())?;
    Ok(CowVal::owned(CelMap::from(out)))
}

fn merged<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let mut out = HashMap::new();
    for map in entries(target(&args)?)? {
        let Some(map) = map.downcast_ref::<CelMap<'_>>() else {
            return failed("transformMapEntry", "no such overload");
        };
        for (key, value) in map.inner() {
            put(&mut out, key.inner().clone_as_boxed(), value.clone())?;
        }
    }
    Ok(CowVal::owned(CelMap::from(out)))
}

/// Makes expressions of the macro being expanded.
struct Maker<'h, 'a>(&'h mut MacroExprHelper<'a>);

impl Maker<'_, '_> {
    fn ident(&mut self, name: &str) -> IdedExpr {
        self.0.next_expr(Expr::Ident(name.to_owned()))
    }

    fn call(&mut self, name: &str, args: Vec<IdedExpr>) -> IdedExpr {
        self.0.next_expr(Expr::Call(CallExpr { func_name: name.to_owned(), target: None, args }))
    }

    fn literal(&mut self, value: LiteralValue) -> IdedExpr {
        self.0.next_expr(Expr::Literal(value))
    }

    fn list(&mut self, elements: Vec<IdedExpr>) -> IdedExpr {
        self.0.next_expr(Expr::List(ListExpr::new(elements)))
    }

    /// An expression in which a name stands for another one.
    fn bound(&mut self, name: &str, value: IdedExpr, body: IdedExpr) -> IdedExpr {
        let made = ComprehensionExpr {
            iter_range: self.list(Vec::new()),
            iter_var: "#unused".to_owned(),
            iter_var2: None,
            accu_var: name.to_owned(),
            accu_init: value,
            loop_cond: self.literal(LiteralValue::Boolean(false.into())),
            loop_step: self.ident(name),
            result: body,
        };
        self.0.next_expr(Expr::Comprehension(Box::new(made)))
    }

    /// An expression in which both names stand for what is in the pair.
    fn with_pair(&mut self, names: &[String; 2], body: IdedExpr) -> IdedExpr {
        let mut body = body;
        for (n, name) in [(1_i64, &names[1]), (0, &names[0])] {
            let (pair, at) = (self.ident(PAIR), self.literal(LiteralValue::Int(n.into())));
            let value = self.call(operators::INDEX, vec![pair, at]);
            body = self.bound(name, value, body);
        }
        body
    }
}

/// What a macro does with the pairs.
struct Loop {
    init: IdedExpr,
    /// Whether to go on; always where nothing.
    going: Option<IdedExpr>,
    step: IdedExpr,
    result: IdedExpr,
}

impl Loop {
    fn over(self, target: IdedExpr, make: &mut Maker<'_, '_>) -> IdedExpr {
        let always = make.literal(LiteralValue::Boolean(true.into()));
        let made = ComprehensionExpr {
            iter_range: make.call(PAIRS, vec![target]),
            iter_var: PAIR.to_owned(),
            iter_var2: None,
            accu_var: RESULT.to_owned(),
            accu_init: self.init,
            loop_cond: self.going.unwrap_or(always),
            loop_step: self.step,
            result: self.result,
        };
        make.0.next_expr(Expr::Comprehension(Box::new(made)))
    }
}

/// A macro's expansion: what is done with the names' pair and the arguments behind the names.
type Expand = fn(&mut Maker<'_, '_>, &[String; 2], Vec<IdedExpr>) -> (Loop, Option<&'static str>);

fn all(
    make: &mut Maker<'_, '_>,
    names: &[String; 2],
    mut args: Vec<IdedExpr>,
) -> (Loop, Option<&'static str>) {
    let so_far = make.ident(RESULT);
    let (going, result) = (make.ident(RESULT), make.ident(RESULT));
    let body = make.with_pair(names, args.pop().unwrap_or_default());
    let made = Loop {
        init: make.literal(LiteralValue::Boolean(true.into())),
        going: Some(make.call(operators::NOT_STRICTLY_FALSE, vec![going])),
        step: make.call(operators::LOGICAL_AND, vec![so_far, body]),
        result,
    };
    (made, None)
}

fn exists(
    make: &mut Maker<'_, '_>,
    names: &[String; 2],
    mut args: Vec<IdedExpr>,
) -> (Loop, Option<&'static str>) {
    let so_far = make.ident(RESULT);
    let (found, result) = (make.ident(RESULT), make.ident(RESULT));
    let body = make.with_pair(names, args.pop().unwrap_or_default());
    let not_found = make.call(operators::LOGICAL_NOT, vec![found]);
    let made = Loop {
        init: make.literal(LiteralValue::Boolean(false.into())),
        going: Some(make.call(operators::NOT_STRICTLY_FALSE, vec![not_found])),
        step: make.call(operators::LOGICAL_OR, vec![so_far, body]),
        result,
    };
    (made, None)
}

fn exists_one(
    make: &mut Maker<'_, '_>,
    names: &[String; 2],
    mut args: Vec<IdedExpr>,
) -> (Loop, Option<&'static str>) {
    let body = make.with_pair(names, args.pop().unwrap_or_default());
    let (so_far, same, counted) = (make.ident(RESULT), make.ident(RESULT), make.ident(RESULT));
    let (one, only) = (make.literal(LiteralValue::Int(1.into())), make.literal(LiteralValue::Int(1.into())));
    let more = make.call(operators::ADD, vec![so_far, one]);
    let made = Loop {
        init: make.literal(LiteralValue::Int(0.into())),
        going: None,
        step: make.call(operators::CONDITIONAL, vec![body, more, same]),
        result: make.call(operators::EQUALS, vec![counted, only]),
    };
    (made, None)
}

/// Collects what an expression gives for every pair that a filter lets through.
fn collected(
    make: &mut Maker<'_, '_>,
    names: &[String; 2],
    filter: Option<IdedExpr>,
    item: IdedExpr,
) -> Loop {
    let item = make.list(vec![item]);
    let so_far = make.ident(RESULT);
    let mut step = make.call(operators::ADD, vec![so_far, item]);
    if let Some(filter) = filter {
        let same = make.ident(RESULT);
        step = make.call(operators::CONDITIONAL, vec![filter, step, same]);
    }
    Loop {
        init: make.list(Vec::new()),
        going: None,
        step: make.with_pair(names, step),
        result: make.ident(RESULT),
    }
}

fn transform_list(
    make: &mut Maker<'_, '_>,
    names: &[String; 2],
    mut args: Vec<IdedExpr>,
) -> (Loop, Option<&'static str>) {
    let item = args.pop().unwrap_or_default();
    (collected(make, names, args.pop(), item), None)
}

fn transform_map(
    make: &mut Maker<'_, '_>,
    names: &[String; 2],
    mut args: Vec<IdedExpr>,
) -> (Loop, Option<&'static str>) {
    let value = args.pop().unwrap_or_default();
    let key = make.ident(&names[0]);
    let entry = make.call(ENTRY, vec![key, value]);
    (collected(make, names, args.pop(), entry), Some(MERGED))
}

fn transform_map_entry(
    make: &mut Maker<'_, '_>,
    names: &[String; 2],
    mut args: Vec<IdedExpr>,
) -> (Loop, Option<&'static str>) {
    let entry = args.pop().unwrap_or_default();
    (collected(make, names, args.pop(), entry), Some(MERGED))
}

/// The macros: name, how many arguments, expansion.
const MACROS: [(&str, usize, Expand); 10] = [
    ("all", 3, all),
    ("exists", 3, exists),
    ("existsOne", 3, exists_one),
    ("exists_one", 3, exists_one),
    ("transformList", 3, transform_list),
    ("transformList", 4, transform_list),
    ("transformMap", 3, transform_map),
    ("transformMap", 4, transform_map),
    ("transformMapEntry", 3, transform_map_entry),
    ("transformMapEntry", 4, transform_map_entry),
];

pub(super) fn extend(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_overload(PAIRS, PAIRS, vec![DYN_TYPE], pairs)?;
    env.add_overload(ENTRY, ENTRY, vec![DYN_TYPE, DYN_TYPE], entry)?;
    env.add_overload(MERGED, MERGED, vec![LIST_TYPE], merged)?;
    for (name, count, expand) in MACROS {
        env.add_macro(Macro::receiver(name, count, move |helper, target, args| {
            expanded(helper, target, args, expand)
        }))?;
    }
    Ok(())
}

fn expanded(
    helper: &mut MacroExprHelper<'_>,
    target: &mut Option<IdedExpr>,
    args: &mut Vec<IdedExpr>,
    expand: Expand,
) -> Result<Option<IdedExpr>, ParseError> {
    let mut names: [String; 2] = Default::default();
    for (name, arg) in names.iter_mut().zip(args.iter()) {
        match &arg.expr {
            Expr::Ident(given) => given.clone_into(name),
            _ => return Err(helper.new_error(arg.id, "argument must be a simple name")),
        }
    }
    if names[0] == names[1] {
        let at = args.get(1).map_or(0, |a| a.id);
        let why = format!("duplicate iteration variable name '{}'", names[1]);
        return Err(helper.new_error(at, why));
    }
    let Some(of) = target.take() else { return Ok(None) };
    let rest: Vec<IdedExpr> = args.drain(2..).collect();
    let mut make = Maker(helper);
    let (made, after) = expand(&mut make, &names, rest);
    let made = made.over(of, &mut make);
    Ok(Some(match after {
        Some(function) => make.call(function, vec![made]),
        None => made,
    }))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{hold, of};

    #[test]
    fn lists_and_maps_are_walked_by_pairs() {
        hold(&[
            "[1, 2, 3].all(i, v, v == i + 1) && !{'a': 1}.all(k, v, v == 2) && {}.all(k, v, false)",
            "{'a': 1, 'b': 2}.exists(k, v, k == 'b' && v == 2) && ![0].exists(i, v, v > i)",
            "[1, 1, 2].existsOne(i, v, v == 2) && !{'a': 1, 'b': 1}.exists_one(k, v, v == 1)",
            "[1, 2].transformList(i, v, i * v) == [0, 2] && {'a': 1, 'b': 2}.transformList(k, v, v > 1, k) == ['b']",
            "{'a': 1, 'b': 2}.transformMap(k, v, v * 2) == {'a': 2, 'b': 4}",
            "['x', 'y'].transformMap(i, v, i > 0, v) == {1: 'y'}",
            "{'a': 'x'}.transformMapEntry(k, v, {v: k}) == {'x': 'a'}",
            "[1, 2].all(i, v, [1, 2].exists(j, w, w == v && i == j))",
        ]);
        assert!(of("[1, 1].transformMapEntry(i, v, {v: i})").is_err());
        assert!(of("[1].all(i, i, true)").is_err());
    }
}
