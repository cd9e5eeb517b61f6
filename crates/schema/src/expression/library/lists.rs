//! Lists (apiserver `pkg/cel/library/lists.go`).

use super::failed;
use cel::common::types::{CelBool, CelInt, DYN_TYPE, LIST_TYPE};
use cel::common::value::{CowVal, Val};
use cel::{DeclarationError, Env, ExecutionError};
use std::cmp::Ordering;

/// The entries of a list.
pub(super) fn entries<'b, 'v>(list: &'b (dyn Val + 'v)) -> Result<Vec<&'b (dyn Val + 'v)>, ExecutionError> {
    let Some(list) = list.as_iterable() else { return failed("list", "no such overload") };
    let mut items = list.iter();
    let mut out = Vec::new();
    while let Some(item) = items.next() {
        out.push(item);
    }
    Ok(out)
}

/// The first argument.
pub(super) fn target<'a, 'b, 'v>(args: &'a [CowVal<'b, 'v>]) -> Result<&'a (dyn Val + 'v), ExecutionError> {
    args.first().map(AsRef::as_ref).ok_or_else(ExecutionError::missing_argument_or_target)
}

/// The second argument.
pub(super) fn argument<'a, 'b, 'v>(args: &'a [CowVal<'b, 'v>]) -> Result<&'a (dyn Val + 'v), ExecutionError> {
    args.get(1).map(AsRef::as_ref).ok_or_else(ExecutionError::missing_argument_or_target)
}

fn compare(a: &dyn Val, b: &dyn Val) -> Result<Ordering, ExecutionError> {
    match a.as_comparer() {
        Some(a) => a.compare(b),
        None => failed("list", "no such overload"),
    }
}

fn is_sorted<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let items = entries(target(&args)?)?;
    for pair in items.windows(2) {
        if let [a, b] = pair
            && compare(*a, *b)? == Ordering::Greater
        {
            return Ok(CowVal::owned(CelBool::from(false)));
        }
    }
    Ok(CowVal::owned(CelBool::from(true)))
}

fn sum<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let items = entries(target(&args)?)?;
    let mut total: Option<Box<dyn Val + 'v>> = None;
    for item in items {
        total = Some(match &total {
            None => item.clone_as_boxed(),
            Some(so_far) => match so_far.as_adder() {
                Some(adder) => adder.add(item)?.into_owned(),
                None => return failed("sum", "no such overload"),
            },
        });
    }
    Ok(CowVal::Owned(total.unwrap_or_else(|| Box::new(CelInt::from(0)))))
}

fn extreme<'b, 'v>(
    args: &[CowVal<'b, 'v>],
    name: &str,
    worse: Ordering,
) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let mut best: Option<&(dyn Val + 'v)> = None;
    for item in entries(target(args)?)? {
        match best {
            Some(found) if compare(found, item)? != worse => {}
            _ => best = Some(item),
        }
    }
    match best {
        Some(found) => Ok(CowVal::Owned(found.clone_as_boxed())),
        None => failed(name, format!("{name} called on empty list")),
    }
}

fn min<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    extreme(&args, "min", Ordering::Greater)
}

fn max<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    extreme(&args, "max", Ordering::Less)
}

fn place(at: Option<usize>) -> CelInt {
    at.and_then(|n| i64::try_from(n).ok()).unwrap_or(-1).into()
}

fn index_of<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let wanted = argument(&args)?;
    let at = entries(target(&args)?)?.iter().position(|item| item.equals(wanted));
    Ok(CowVal::owned(place(at)))
}

fn last_index_of<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let wanted = argument(&args)?;
    let at = entries(target(&args)?)?.iter().rposition(|item| item.equals(wanted));
    Ok(CowVal::owned(place(at)))
}

pub(super) fn extend(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_member_overload("isSorted", "list_is_sorted_bool", LIST_TYPE, vec![], is_sorted)?;
    env.add_member_overload("sum", "list_sum", LIST_TYPE, vec![], sum)?;
    env.add_member_overload("min", "list_min", LIST_TYPE, vec![], min)?;
    env.add_member_overload("max", "list_max", LIST_TYPE, vec![], max)?;
    env.add_member_overload("indexOf", "list_a_index_of_int", LIST_TYPE, vec![DYN_TYPE], index_of)?;
    env.add_member_overload(
        "lastIndexOf",
        "list_a_last_index_of_int",
        LIST_TYPE,
        vec![DYN_TYPE],
        last_index_of,
    )
}

#[cfg(test)]
mod tests {
    use super::super::tests::{hold, of};

    #[test]
    fn lists_are_summed_and_searched() {
        hold(&[
            "[1, 2, 3].isSorted() && !['b', 'a'].isSorted() && [].isSorted() && [1.0, 1.0].isSorted()",
            "[1, 3].sum() == 4 && [1.0, 3.0].sum() == 4.0 && [].sum() == 0",
            "[duration('1m'), duration('1s')].sum() == duration('61s')",
            "[1, 3].max() == 3 && [1, 3].min() == 1 && ['a', 'b'].max() == 'b'",
            "[1, 2, 2, 3].indexOf(2) == 1 && [1, 2, 2, 3].lastIndexOf(2) == 2 && ['a'].indexOf('b') == -1",
            "'abcabc'.indexOf('c') == 2 && 'abcabc'.lastIndexOf('c') == 5",
        ]);
        assert!(of("[].max()").unwrap_err().contains("max called on empty list"));
    }
}
