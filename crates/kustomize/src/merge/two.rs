use super::directive::{Directive, take_from_list, take_from_map};
use super::walk::{Mode, Out, Place, Sources, Visit, Walker};
use super::{Context, Merged};
use fairway_value::Value;

/// Merges a patch into an object, as kyaml's `merge2`.
///
/// # Errors
/// A map where the other has a list or a scalar, and unknown `$patch` words.
pub fn merge2(dest: Value, patch: Value, context: Context<'_>) -> Result<Merged, String> {
    let Context { definitions, options, is_quoted, comments } = context;
    let walker = Walker { definitions, options, is_quoted };
    let place = Place { schema: None, comments };
    Ok(match walker.walk(Mode::Two, vec![Some(dest), Some(patch)], place)? {
        Out::Cleared => Merged::Cleared,
        Out::Dest(value) | Out::Other(value) => Merged::Value(value),
    })
}

fn is_missing(value: Option<&Value>) -> bool {
    value.is_none_or(Value::is_null)
}

pub fn visit_map(sources: &mut Sources) -> Result<Visit, String> {
    if is_missing(sources[0].as_ref()) {
        // An unknown word is passed over here, as kyaml does.
        let directive = sources[1].as_mut().map_or(Ok(Directive::Merge), take_from_map);
        if directive == Ok(Directive::Delete) {
            return Ok(Visit::Clear);
        }
        return Ok(match (&sources[0], &sources[1]) {
            (Some(_), None) => Visit::Final(Out::Dest(Value::Null)),
            (None, None) => Visit::Clear,
            (_, Some(Value::Null)) => Visit::Final(Out::Other(Value::Null)),
            (_, Some(_)) => Visit::Patch,
        });
    }
    match sources[1].as_mut() {
        Some(Value::Null) => Ok(Visit::Clear),
        None => Ok(Visit::Dest),
        Some(patch) => Ok(match take_from_map(patch)? {
            Directive::Delete => Visit::Clear,
            Directive::Replace => Visit::Patch,
            Directive::Merge => Visit::Dest,
        }),
    }
}

pub fn visit_same(sources: &mut Sources) -> Result<Visit, String> {
    match sources[0].as_mut() {
        None | Some(Value::Null) => Ok(Visit::Clear),
        Some(patch) => Ok(match take_from_map(patch)? {
            Directive::Delete => Visit::Clear,
            Directive::Replace | Directive::Merge => Visit::Dest,
        }),
    }
}

pub fn visit_list(sources: &mut Sources) -> Result<Visit, String> {
    if is_missing(sources[0].as_ref()) {
        return Ok(Visit::Patch);
    }
    match sources[1].as_mut() {
        Some(Value::Null) => Ok(Visit::Clear),
        None => Ok(Visit::Dest),
        Some(patch) => Ok(match take_from_list(patch)? {
            Directive::Delete => Visit::Clear,
            Directive::Replace => Visit::Patch,
            Directive::Merge => Visit::Dest,
        }),
    }
}

pub fn visit_same_list(sources: &mut Sources) -> Result<Visit, String> {
    match sources[0].as_mut() {
        None => Ok(Visit::Clear),
        Some(patch) => Ok(match take_from_list(patch)? {
            Directive::Delete => Visit::Clear,
            Directive::Replace | Directive::Merge => Visit::Dest,
        }),
    }
}

/// Scalars and lists that are not merged: the patch's, else the object's.
pub fn visit_leaf(sources: &mut Sources) -> Out {
    match sources.pop().flatten() {
        Some(patch) => Out::Other(patch),
        None => match sources.pop().flatten() {
            Some(dest) => Out::Dest(dest),
            None => Out::Cleared,
        },
    }
}
