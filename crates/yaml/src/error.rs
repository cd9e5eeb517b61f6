use crate::scan::Fault;

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
    /// The line that go-yaml names; nought where it names none.
    pub(crate) go_line: usize,
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
        Self { line, column, message: message.into(), excerpt, go_line: 0 }
    }

    /// Builds the error of a text that cannot be scanned or parsed; the scanner has come to the line `reached`, from 0.
    pub(crate) fn malformed(text: &str, fault: &Fault, reached: usize) -> Self {
        let Fault { mark, problem, context } = fault;
        let message = if context.is_empty() { (*problem).to_owned() } else { format!("{problem} {context}") };
        // go-yaml counts lines from nought and leaves the first out. Of faults of its scanner it names the line that it
        // has come to and adds one, of those of its parser the line where the token stands.
        let scanner = context.starts_with("while scanning") || problem.ends_with("allowed in this context");
        let go_line = match if scanner { reached } else { mark.line } {
            0 => 0,
            line => line + usize::from(scanner),
        };
        Self { go_line, ..Self::at(text, mark.line + 1, mark.column + 1, message) }
    }

    /// Returns the message in the words of sigs.k8s.io/yaml over go-yaml, whose lines are not always those of the text.
    #[must_use]
    pub fn go_text(&self) -> String {
        let problem = self.message.split(" while ").next().unwrap_or_default();
        if let Some(number) = problem.strip_prefix("unsupported value: ") {
            let number = match number {
                ".inf" => "+Inf",
                "-.inf" => "-Inf",
                _ => "NaN",
            };
            return format!("error converting YAML to JSON: json: unsupported value: {number}");
        }
        let place = if self.go_line > 0 { format!("line {}: ", self.go_line) } else { String::new() };
        format!("error converting YAML to JSON: yaml: {place}{problem}")
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

#[cfg(test)]
mod tests {
    #[test]
    fn gos_words_name_the_line_that_go_yaml_names() {
        for (text, expect) in [
            ("a: b: c\n", "mapping values are not allowed in this context"),
            ("x: 1\na: b: c\n", "line 2: mapping values are not allowed in this context"),
            // Of what its parser refuses, go-yaml names the line before.
            ("a:\n  - b\n c: d\n", "line 2: did not find expected key"),
            ("a: 'x\n\n", "line 3: found unexpected end of stream"),
            ("a: 1\nb\nc: 2\n", "line 3: could not find expected ':'"),
            ("x: 1\na: *x\n", "unknown anchor 'x' referenced"),
        ] {
            let error = crate::parse(text).unwrap_err();
            assert_eq!(error.go_text(), format!("error converting YAML to JSON: yaml: {expect}"), "{text:?}");
        }
    }
}
