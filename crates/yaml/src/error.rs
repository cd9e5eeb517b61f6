/// Text that is no YAML, or more of it than is read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
pub struct Error {
    /// Line of the fault, 1-based; 0 where the fault has no place.
    pub line: usize,
    /// Column of the fault in characters, 1-based; 0 where only the line is known.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// The line of the text that the fault is in, cut to [`EXCERPT_CHARS_MAX`] characters; empty where there is none.
    pub excerpt: String,
}

/// Longest excerpt: enough to recognise the line on a terminal, short enough for a status condition.
pub const EXCERPT_CHARS_MAX: usize = 100;

impl Error {
    /// Builds an error at a place in the text and takes the excerpt from there.
    pub(crate) fn at(text: &str, line: usize, column: usize, message: impl Into<String>) -> Self {
        let excerpt = line
            .checked_sub(1)
            .and_then(|n| text.lines().nth(n))
            .map(|l| l.trim_end().chars().take(EXCERPT_CHARS_MAX).collect())
            .unwrap_or_default();
        Self { line, column, message: message.into(), excerpt }
    }

    fn text(&self) -> String {
        let mut out = String::new();
        if self.line > 0 {
            out.push_str(&format!("line {}", self.line));
            if self.column > 0 {
                out.push_str(&format!(", column {}", self.column));
            }
            out.push_str(": ");
        }
        out.push_str(&self.message);
        if !self.excerpt.trim().is_empty() {
            out.push_str(&format!(" (at `{}`)", self.excerpt.trim()));
        }
        out
    }
}
