//! Lists as sets (cel-go `ext.Sets`).

use super::lists::{argument, entries, target};
use cel::common::types::{CelBool, LIST_TYPE};
use cel::common::value::CowVal;
use cel::{DeclarationError, Env, ExecutionError};

fn has_all(of: &CowVal<'_, '_>, wanted: &CowVal<'_, '_>) -> Result<bool, ExecutionError> {
    let of = entries(of.as_ref())?;
    Ok(entries(wanted.as_ref())?.iter().all(|w| of.iter().any(|o| o.equals(*w))))
}

fn contains<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let [a, b] = two(&args)?;
    Ok(CowVal::owned(CelBool::from(has_all(a, b)?)))
}

fn equivalent<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let [a, b] = two(&args)?;
    Ok(CowVal::owned(CelBool::from(has_all(a, b)? && has_all(b, a)?)))
}

fn intersects<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let (a, b) = (entries(target(&args)?)?, entries(argument(&args)?)?);
    Ok(CowVal::owned(CelBool::from(a.iter().any(|a| b.iter().any(|b| a.equals(*b))))))
}

fn two<'a, 'b, 'v>(args: &'a [CowVal<'b, 'v>]) -> Result<[&'a CowVal<'b, 'v>; 2], ExecutionError> {
    match args {
        [a, b] => Ok([a, b]),
        _ => Err(ExecutionError::invalid_argument_count(2, args.len())),
    }
}

pub(super) fn extend(env: &mut Env) -> Result<(), DeclarationError> {
    let lists = || vec![LIST_TYPE, LIST_TYPE];
    env.add_overload("sets.contains", "list_sets_contains_list", lists(), contains)?;
    env.add_overload("sets.equivalent", "list_sets_equivalent_list", lists(), equivalent)?;
    env.add_overload("sets.intersects", "list_sets_intersects_list", lists(), intersects)
}

#[cfg(test)]
mod tests {
    use super::super::tests::hold;

    #[test]
    fn sets_know_no_order() {
        hold(&[
            "sets.contains([1, 2, 3], [3, 1, 1]) && !sets.contains([1], [1, 2]) && sets.contains([], [])",
            "sets.equivalent([1, 2, 2], [2, 1]) && !sets.equivalent([1], [1, 2])",
            "sets.intersects([1, 2], [2, 3]) && !sets.intersects([], [1])",
        ]);
    }
}
