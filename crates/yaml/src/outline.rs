use crate::scan::{Event, EventKind, Events};
use crate::{Error, Limits};
use fairway_value::Str;

/// A step from a collection to what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The entry of a mapping, by its key's text.
    Key(Str),
    /// The item of a sequence, from 0.
    Item(usize),
}

/// A scalar as it stands in the text. Those that stand for an alias are not shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawScalar<'a> {
    /// The document in the stream, from 0, empty ones counted.
    pub document: usize,
    /// The way from the document's root.
    pub path: &'a [Step],
    /// The content, with quotes and escapes undone.
    pub text: &'a str,
    /// Whether it is unquoted and without a tag, so that the text decides the type.
    pub plain: bool,
    /// Line of its first character, 1-based.
    pub line: usize,
    /// Column of its first character, in characters, 1-based.
    pub column: usize,
}

enum Frame {
    Sequence(usize),
    /// Whether the next node is a key.
    Mapping(bool),
}

/// Finds where the node at a path stands: the line of its key, or of the first scalar in an item of a list. Counted from
/// 1, in the first document that has it; nothing where there is none or the text is no YAML.
#[must_use]
pub fn line_of(text: &str, path: &[Step]) -> Option<usize> {
    let mut found = None;
    // What is read before a fault counts too: a file with one further down is the case in which this is asked.
    let _ = visit(text, &Limits::default(), |scalar, _| {
        if found.is_none() && !path.is_empty() && scalar.path.starts_with(path) {
            found = Some(scalar.line);
        }
    });
    found
}

/// Calls `visit` on every scalar value (keys are only shown as parts of paths) in the order of the text: for what a tree of
/// values does not tell, such as how a number was written.
///
/// # Errors
/// Malformed YAML, or a limit of [`Limits`] reached.
pub fn visit_scalars(text: &str, limits: &Limits, mut each: impl FnMut(&RawScalar<'_>)) -> Result<(), Error> {
    visit(text, limits, |scalar, is_key| {
        if !is_key {
            each(scalar);
        }
    })
}

/// Calls `each` on every scalar, with whether it is a key; the path of a key is that of its value.
fn visit(text: &str, limits: &Limits, mut each: impl FnMut(&RawScalar<'_>, bool)) -> Result<(), Error> {
    let mut events = Events::new(text);
    let mut frames: Vec<Frame> = Vec::new();
    let mut path: Vec<Step> = Vec::new();
    let mut documents = 0_usize;
    for count in 0.. {
        if count > limits.nodes_max.saturating_mul(2) || frames.len() > limits.depth_max {
            return Err(Error::at(text, 0, 0, "more nodes or levels than the limit"));
        }
        let Event { kind, mark } =
            events.next().map_err(|fault| Error::malformed(text, &fault, events.line()))?;
        match kind {
            EventKind::StreamEnd => break,
            EventKind::DocumentStart => documents += 1,
            EventKind::DocumentEnd => {}
            EventKind::SequenceStart { .. } => {
                enter(&mut frames, &mut path, None);
                frames.push(Frame::Sequence(0));
                path.push(Step::Item(0));
            }
            EventKind::MappingStart { .. } => {
                enter(&mut frames, &mut path, None);
                frames.push(Frame::Mapping(true));
                path.push(Step::Key(Str::new()));
            }
            EventKind::SequenceEnd | EventKind::MappingEnd => {
                frames.pop();
                path.pop();
            }
            EventKind::Alias(_) => {
                enter(&mut frames, &mut path, None);
            }
            EventKind::Scalar { value, plain, .. } => {
                let is_key = enter(&mut frames, &mut path, Some(&value));
                let scalar = RawScalar {
                    document: documents.saturating_sub(1),
                    path: &path,
                    text: &value,
                    plain,
                    line: mark.line + 1,
                    column: mark.column + 1,
                };
                each(&scalar, is_key);
            }
        }
    }
    Ok(())
}

/// Steps on to the next node of the innermost collection. Returns whether that node is a key.
fn enter(frames: &mut [Frame], path: &mut [Step], text: Option<&str>) -> bool {
    let (Some(frame), Some(step)) = (frames.last_mut(), path.last_mut()) else { return false };
    match frame {
        Frame::Sequence(next) => {
            *step = Step::Item(*next);
            *next += 1;
            false
        }
        Frame::Mapping(is_key) => {
            let was_key = *is_key;
            *is_key = !was_key;
            if was_key {
                *step = Step::Key(text.unwrap_or_default().into());
            }
            was_key
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_found_by_its_key() {
        let text = "a: 1\nb:\n  c:\n  - x: 1\n  - y: 2\n";
        let key = |k: &str| Step::Key(k.into());
        assert_eq!(line_of(text, &[key("b"), key("c")]), Some(3));
        assert_eq!(line_of(text, &[key("b"), key("c"), Step::Item(1)]), Some(5));
        assert_eq!(line_of(text, &[key("b"), key("d")]), None);
        assert_eq!(line_of("a: 1\nb: [", &[key("a")]), Some(1));
    }

    #[test]
    fn scalars_are_shown_with_their_way_and_place() {
        let text = "a: 1.0\nb:\n- x:\n- 'y'\n---\n*z\n---\n- [1, {k: \"v\"}]\n";
        let mut seen = Vec::new();
        visit_scalars(text, &Limits::default(), |s| {
            let way: Vec<String> = s
                .path
                .iter()
                .map(|step| match step {
                    Step::Key(k) => k.to_string(),
                    Step::Item(n) => n.to_string(),
                })
                .collect();
            seen.push((s.document, way.join("."), s.text.to_owned(), s.plain, s.line, s.column));
        })
        .unwrap();
        let expected = [
            (0, "a", "1.0", true, 1, 4),
            (0, "b.0.x", "", true, 3, 4),
            (0, "b.1", "y", false, 4, 3),
            (2, "0.0", "1", true, 8, 4),
            (2, "0.1.k", "v", false, 8, 11),
        ];
        let expected: Vec<_> =
            expected.into_iter().map(|(d, w, t, p, l, c)| (d, w.to_owned(), t.to_owned(), p, l, c)).collect();
        assert_eq!(seen, expected);
    }
}
