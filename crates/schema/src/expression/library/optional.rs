//! What cel-go's optional values have beside the crate's.

use super::lists::{entries, target};
use cel::common::types::{CelList, CelOptional, LIST_TYPE};
use cel::common::value::{CowVal, Val};
use cel::{DeclarationError, Env, ExecutionError};

fn first<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let found = entries(target(&args)?)?.first().map(|item| item.clone_as_boxed());
    Ok(CowVal::owned(CelOptional::from(found)))
}

fn last<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let found = entries(target(&args)?)?.last().map(|item| item.clone_as_boxed());
    Ok(CowVal::owned(CelOptional::from(found)))
}

/// The values of those that have one.
fn unwrap<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let mut out: Vec<Box<dyn Val + 'v>> = Vec::new();
    for item in entries(target(&args)?)? {
        match item.downcast_ref::<CelOptional<'_>>() {
            Some(optional) => out.extend(optional.option().map(Val::clone_as_boxed)),
            None => return super::failed("optional.unwrap", "no such overload"),
        }
    }
    Ok(CowVal::owned(CelList::from(out)))
}

pub(super) fn extend(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_member_overload("first", "list_first", LIST_TYPE, vec![], first)?;
    env.add_member_overload("last", "list_last", LIST_TYPE, vec![], last)?;
    env.add_overload("optional.unwrap", "optional_unwrap", vec![LIST_TYPE], unwrap)?;
    env.add_member_overload("unwrapOpt", "optional_unwrapOpt", LIST_TYPE, vec![], unwrap)
}

#[cfg(test)]
mod tests {
    use super::super::tests::hold;

    #[test]
    fn optional_values() {
        hold(&[
            "[1, 2].first() == optional.of(1) && [1, 2].last().value() == 2 && ![].first().hasValue()",
            "[optional.of(1), optional.none()].unwrapOpt() == [1] && optional.unwrap([optional.of('a')]) == ['a']",
            "{'a': {'b': 1}}.?a.?b.orValue(0) == 1 && {'a': {}}.?a.?b.orValue(0) == 0",
            "[?optional.none(), 1] == [1] && {?'a': optional.of(1)} == {'a': 1}",
            "optional.of(2).optMap(x, x + 1).value() == 3",
        ]);
    }
}
