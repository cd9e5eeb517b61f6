use super::apply::{as_bool, bool};
use super::eval::{Got, Run, Stop, tried};
use super::plan::{Loop, Variables};
use super::scope::{Lent, Scope};
use cel::ExecutionError;
use cel::common::types::{CelInt, CelList, CelMap};
use cel::common::value::CowVal;

/// One entry of what is looped over: for one variable, and what a second one stands for.
pub(super) struct Entry<'r> {
    first: CowVal<'r, 'static>,
    second: Option<Lent<'r>>,
}

/// The entries of a list or map, maps by the order of their keys.
pub(super) fn entries<'r>(range: Lent<'r>, variables: &Variables) -> Result<Vec<Entry<'r>>, Stop> {
    let two = matches!(variables, Variables::Two(_));
    if let Some(list) = range.downcast_ref::<CelList<'static>>() {
        let items = list.inner().iter().map(AsRef::as_ref).enumerate();
        return Ok(items
            .map(|(n, item)| match two {
                true => {
                    let place = CelInt::from(i64::try_from(n).unwrap_or(i64::MAX));
                    Entry { first: CowVal::owned(place), second: Some(item) }
                }
                false => Entry { first: CowVal::Borrowed(item), second: None },
            })
            .collect());
    }
    if let Some(map) = range.downcast_ref::<CelMap<'static>>() {
        let mut pairs: Vec<_> = map.inner().iter().map(|(key, value)| (key, value.as_ref())).collect();
        pairs.sort_by_key(|(key, _)| *key);
        return Ok(pairs
            .into_iter()
            .map(|(key, value)| Entry { first: CowVal::Borrowed(key.inner()), second: two.then_some(value) })
            .collect());
    }
    let kind = range.get_type().name();
    Err(ExecutionError::function_error("loop", format!("got '{kind}', expected iterable type")).into())
}

impl<'r> Entry<'r> {
    /// Does something where the variables stand for this entry.
    pub fn within<T>(
        &self,
        variables: &Variables,
        outer: &Scope<'_>,
        then: impl FnOnce(&Scope<'_>) -> T,
    ) -> T {
        match (variables, self.second) {
            (Variables::One(name), _) => then(&Scope::named(name, self.first.as_ref(), outer)),
            (Variables::Two([first, second]), value) => {
                let key = Scope::named(first, self.first.as_ref(), outer);
                match value {
                    Some(value) => then(&Scope::named(second, value, &key)),
                    None => then(&key),
                }
            }
        }
    }
}

/// The value so far, or why there is none.
type SoFar = Result<CowVal<'static, 'static>, ExecutionError>;

/// A value that is kept from one turn to the next.
fn kept(value: CowVal<'_, 'static>) -> CowVal<'static, 'static> {
    match as_bool(value.as_ref()) {
        Some(value) => bool(value),
        None => CowVal::Owned(value.into_owned()),
    }
}

impl Run {
    pub fn fold<'s>(&self, made: &'s Loop, scope: &'s Scope<'s>) -> Got<'s> {
        let range = self.step(&made.range, scope)?;
        let entries = entries(range.as_ref(), &made.variables)?;
        let mut so_far: SoFar = tried(self.step(&made.init, scope))?.map(kept);
        for entry in &entries {
            let around = accumulated(&made.accumulator, &so_far, scope);
            let next = entry.within(&made.variables, &around, |inner| {
                let going = tried(self.step(&made.going, inner))?;
                if going.is_ok_and(|going| as_bool(going.as_ref()) == Some(false)) {
                    return Ok(None);
                }
                Ok::<_, Stop>(Some(tried(self.step(&made.step, inner))?.map(kept)))
            })?;
            match next {
                Some(next) => so_far = next,
                None => break,
            }
        }
        let around = accumulated(&made.accumulator, &so_far, scope);
        Ok(CowVal::Owned(self.step(&made.result, &around)?.into_owned()))
    }
}

fn accumulated<'x>(name: &'x str, so_far: &'x SoFar, outer: &'x Scope<'x>) -> Scope<'x> {
    Scope::Named { name, value: so_far.as_ref().map(AsRef::as_ref), outer }
}
