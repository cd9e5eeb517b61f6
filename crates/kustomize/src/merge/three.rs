use super::walk::{Mode, Out, Place, Sources, Visit, Walker};
use super::{Context, Merged};
use fairway_value::Value;

/// Brings what changed between `original` and `updated` into `local`, as kyaml's `merge3`.
///
/// # Errors
/// A map where another has a list or a scalar.
pub fn merge3(local: Value, original: Value, updated: Value, context: Context<'_>) -> Result<Merged, String> {
    let Context { definitions, options, is_quoted, comments } = context;
    let walker = Walker { definitions, options, is_quoted };
    let place = Place { schema: None, comments };
    Ok(match walker.walk(Mode::Three, vec![Some(local), Some(original), Some(updated)], place)? {
        Out::Cleared => Merged::Cleared,
        Out::Dest(value) | Out::Other(value) => Merged::Value(value),
    })
}

fn is_null(value: Option<&Value>) -> bool {
    value.is_some_and(Value::is_null)
}

fn is_missing(value: Option<&Value>) -> bool {
    value.is_none_or(Value::is_null)
}

pub fn visit_map(sources: &Sources) -> Visit {
    let (local, updated) = (sources[0].as_ref(), sources[2].as_ref());
    if is_null(updated) || is_null(local) {
        return Visit::Clear;
    }
    match (local, updated) {
        (None, None) => Visit::Clear,
        (None, Some(_)) => Visit::New(Value::object()),
        (Some(_), _) => Visit::Dest,
    }
}

pub fn visit_list(sources: &Sources) -> Visit {
    if is_missing(sources[2].as_ref()) && !is_missing(sources[1].as_ref()) {
        return Visit::Clear;
    }
    if is_missing(sources[0].as_ref()) { Visit::New(Value::array()) } else { Visit::Dest }
}

fn take(sources: &mut Sources, at: usize) -> Out {
    match sources[at].take() {
        None => Out::Cleared,
        Some(value) if at == 0 => Out::Dest(value),
        Some(value) => Out::Other(value),
    }
}

pub fn visit_scalar(sources: &mut Sources) -> Out {
    visit_leaf(sources, true)
}

pub fn visit_plain_list(sources: &mut Sources) -> Out {
    visit_leaf(sources, false)
}

fn visit_leaf(sources: &mut Sources, scalar: bool) -> Out {
    let (local, original, updated) = (sources[0].as_ref(), sources[1].as_ref(), sources[2].as_ref());
    if is_null(updated) || is_null(local) {
        return Out::Cleared;
    }
    if is_missing(updated) != is_missing(original) {
        return take(sources, 2);
    }
    if is_missing(updated) {
        return take(sources, 0);
    }
    let follows = scalar && (local.is_none() || local == original) && original != updated;
    if follows || updated != original { take(sources, 2) } else { take(sources, 0) }
}
