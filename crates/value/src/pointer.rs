use crate::Value;
use std::borrow::Cow;

/// Splits an RFC 6901 pointer into its unescaped tokens. Nothing where it neither is empty nor starts with `/`.
#[must_use]
pub fn parse_pointer(pointer: &str) -> Option<Vec<Cow<'_, str>>> {
    if pointer.is_empty() {
        return Some(Vec::new());
    }
    let tokens = pointer.strip_prefix('/')?.split('/');
    Some(tokens.map(unescape).collect())
}

fn unescape(token: &str) -> Cow<'_, str> {
    if token.contains('~') {
        Cow::Owned(token.replace("~1", "/").replace("~0", "~"))
    } else {
        Cow::Borrowed(token)
    }
}

/// Makes an RFC 6901 pointer lead one step further.
pub fn push_pointer_token(pointer: &mut String, token: &str) {
    pointer.push('/');
    pointer.push_str(&escape_pointer_token(token));
}

/// Escapes one token of an RFC 6901 pointer.
#[must_use]
pub fn escape_pointer_token(token: &str) -> Cow<'_, str> {
    if token.contains(['~', '/']) {
        Cow::Owned(token.replace('~', "~0").replace('/', "~1"))
    } else {
        Cow::Borrowed(token)
    }
}

impl Value {
    /// Returns what an RFC 6901 pointer names: map keys and list indices.
    #[must_use]
    pub fn pointer(&self, pointer: &str) -> Option<&Value> {
        parse_pointer(pointer)?.iter().try_fold(self, |at, token| match at {
            Value::Object(map) => map.get(token),
            Value::Array(list) => list.get(token.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// Removes what an RFC 6901 pointer names and returns it.
    pub fn remove_pointer(&mut self, pointer: &str) -> Option<Value> {
        let tokens = parse_pointer(pointer)?;
        let (last, parents) = tokens.split_last()?;
        let parent = parents.iter().try_fold(self, |at, token| match at {
            Value::Object(map) => map.get_mut(token),
            Value::Array(list) => {
                let index = token.parse::<usize>().ok()?;
                list.make_mut().get_mut(index)
            }
            _ => None,
        })?;
        match parent {
            Value::Object(map) => map.remove(last),
            Value::Array(list) => {
                let index = last.parse::<usize>().ok().filter(|i| *i < list.len())?;
                Some(list.remove(index))
            }
            _ => None,
        }
    }
}
