//! Patterns: `find` and `findAll` (apiserver `pkg/cel/library/regex.go`).

use super::failed;
use crate::validate::compiled_pattern;
use cel::common::types::{CelInt, CelList, CelString};
use cel::common::value::Val;
use cel::{DeclarationError, Env, ExecutionError, add_member_overload};

fn find<'v>(text: &CelString<'_>, pattern: &CelString<'_>) -> Result<CelString<'v>, ExecutionError> {
    let regex = compiled_pattern(pattern.inner()).or_else(|why| failed("find", why))?;
    Ok(regex.find(text.inner()).map(|m| m.as_str().to_owned()).unwrap_or_default().into())
}

fn find_all<'v>(text: &CelString<'_>, pattern: &CelString<'_>) -> Result<CelList<'v>, ExecutionError> {
    find_some(text, pattern, &CelInt::from(-1))
}

fn find_some<'v>(
    text: &CelString<'_>,
    pattern: &CelString<'_>,
    most: &CelInt,
) -> Result<CelList<'v>, ExecutionError> {
    let regex = compiled_pattern(pattern.inner()).or_else(|why| failed("findAll", why))?;
    let most = usize::try_from(*most.inner()).unwrap_or(usize::MAX);
    let found = regex
        .find_iter(text.inner())
        .take(most)
        .map(|m| -> Box<dyn Val + 'v> { Box::new(CelString::from(m.as_str().to_owned())) });
    Ok(found.collect::<Vec<_>>().into())
}

pub(super) fn extend(env: &mut Env) -> Result<(), DeclarationError> {
    add_member_overload!(env, fn find: (CelString<'_>, CelString<'_>) -> Result<CelString<'_>>)?;
    add_member_overload!(env, fn find_all: (CelString<'_>, CelString<'_>) -> Result<CelList<'_>>)?;
    add_member_overload!(env, fn find_some: (CelString<'_>, CelString<'_>, CelInt) -> Result<CelList<'_>>,
        name = "findAll")
}

#[cfg(test)]
mod tests {
    use super::super::tests::{hold, of};

    #[test]
    fn what_matches_is_found() {
        hold(&[
            "'abc 123'.find('[0-9]+') == '123' && 'abc 123'.find('xyz') == ''",
            "'123 abc 456'.findAll('[0-9]+') == ['123', '456'] && '123 abc 456'.findAll('[0-9]+', 1) == ['123']",
            "'123 abc 456'.findAll('xyz') == [] && 'a1'.findAll('[0-9]+', 0) == []",
        ]);
        assert!(of("'a'.find('(')").is_err());
    }
}
