/// The way to an error: for whoever wrote the template, beside Go's own words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The templates under way, the one that failed first, the file last. Of long chains the middle is left out.
    pub calls: Vec<Call>,
    /// How many calls were left out, before the last [`Trace::OUTER_MAX`].
    pub left_out: usize,
    /// What was wrong: values, their types, names that come near.
    pub notes: Vec<String>,
}

impl Trace {
    /// Innermost calls that are kept: a fault and its callers are understood within a screen.
    pub const INNER_MAX: usize = 8;
    /// Outermost calls that are kept: they say which file it was.
    pub const OUTER_MAX: usize = 3;
}

/// A template under way, and the place in it that failed or that called the template before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// Name of the text that it was parsed from.
    pub file: String,
    /// Its own name: that of its `define`, or of the text.
    pub template: String,
    /// Line in the text, from 1.
    pub line: usize,
    /// Column, bytes from 0, as Go counts.
    pub column: usize,
    /// The failing or calling node, as Go prints it.
    pub shown: String,
    /// The line, with the stretch that the node takes.
    pub excerpt: Option<Excerpt>,
    /// The iterations under way around it, the innermost first.
    pub iterations: Vec<String>,
}

/// A line of a text with a stretch of it marked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// The line, cut to what is around the mark where it is long; tabs are spaces.
    pub line: String,
    /// First marked character, from 0.
    pub from: usize,
    /// The character behind the mark.
    pub to: usize,
}

impl Excerpt {
    /// Characters of a line that are shown: a terminal's width, less what stands before it.
    const CHARS_MAX: usize = 140;
    /// Characters kept before a mark that lies far to the right.
    const BEFORE: usize = 40;

    /// Takes the line in which a stretch of bytes begins; what goes on behind the line's end is not marked.
    #[must_use]
    pub fn around(text: &str, start: usize, end: usize) -> Option<Self> {
        let from = text.get(..start)?.rfind('\n').map_or(0, |at| at + 1);
        let to = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let line = text[from..to].trim_end_matches('\r');
        let end = end.clamp(start, from + line.len().max(start - from));
        let chars = |part: &str| part.chars().count();
        let (mut mark_from, mut mark_to) =
            (chars(&text[from..start]), chars(text.get(from..end).unwrap_or(line)));
        let cut = if mark_to > Self::CHARS_MAX { mark_from.saturating_sub(Self::BEFORE) } else { 0 };
        let mut shown: String = line
            .chars()
            .skip(cut)
            .take(Self::CHARS_MAX)
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        mark_from -= cut;
        mark_to = (mark_to - cut).min(Self::CHARS_MAX).max(mark_from + 1);
        if chars(line) > cut + Self::CHARS_MAX {
            shown.push('…');
        }
        Some(Self { line: shown, from: mark_from, to: mark_to })
    }

    /// Takes a whole line by its number, from 1, without the space around it in the mark.
    #[must_use]
    pub fn of_line(text: &str, line: usize) -> Option<Self> {
        let whole = text.split('\n').nth(line.checked_sub(1)?)?;
        let start = whole.as_ptr() as usize - text.as_ptr() as usize;
        let body = whole.trim();
        let indent = whole.len() - whole.trim_start().len();
        Self::around(text, start + indent, start + indent + body.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(excerpt: Option<Excerpt>) -> (String, String) {
        let e = excerpt.unwrap();
        let marked = e.line.chars().skip(e.from).take(e.to - e.from).collect();
        (e.line, marked)
    }

    #[test]
    fn a_stretch_is_marked_in_its_line() {
        let text = "a: 1\nb: \u{e4}{{ .x }}\r\nc";
        let at = text.find(".x").unwrap();
        assert_eq!(shown(Excerpt::around(text, at, at + 2)), ("b: \u{e4}{{ .x }}".into(), ".x".into()));
        // What goes over the line's end is marked up to it.
        assert_eq!(shown(Excerpt::around(text, at, text.len())).1, ".x }}");
        assert_eq!(shown(Excerpt::of_line("  a b \n", 1)), ("  a b ".into(), "a b".into()));
        assert_eq!(Excerpt::of_line("a", 3), None);
    }

    #[test]
    fn a_long_line_is_cut_around_the_mark() {
        let text = format!("{}MARK{}", "x".repeat(5000), "y".repeat(5000));
        let (line, marked) = shown(Excerpt::around(&text, 5000, 5004));
        assert_eq!(marked, "MARK");
        assert!(line.chars().count() < 150, "{line}");
    }
}
