/// What a value breaks.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    /// JSON pointer to the value.
    pub path: String,
    pub message: String,
    /// What each of several alternatives, or each part, says.
    pub inner: Vec<Fault>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// What one keyword says.
    Keyword,
    /// Several faults of one schema.
    Group,
    /// What a schema says that is referred to.
    Reference,
}

/// What is told of a schema of which several things are.
const FAILED: &str = "validation failed";

impl Fault {
    pub(super) fn new(path: &str, message: impl Into<String>) -> Self {
        Self::with(path, message, Vec::new())
    }

    pub(super) fn with(path: &str, message: impl Into<String>, inner: Vec<Self>) -> Self {
        Self { path: path.to_owned(), message: message.into(), inner, kind: Kind::Keyword }
    }

    /// Makes one of what a schema says of a value, if it says anything.
    pub(super) fn of_schema(path: &str, mut all: Vec<Self>) -> Option<Self> {
        match all.len() {
            0 | 1 => all.pop(),
            _ => Some(Self { kind: Kind::Group, ..Self::with(path, FAILED, all) }),
        }
    }

    /// Makes one of what a schema says that is referred to.
    pub(super) fn of_reference(path: &str, fault: Self) -> Self {
        Self { kind: Kind::Reference, ..Self::with(path, FAILED, fault.parts()) }
    }

    /// Returns the faults of a group, or the one.
    pub(super) fn parts(self) -> Vec<Self> {
        if self.kind == Kind::Group { self.inner } else { vec![self] }
    }
}

/// Most lines of a report: a list of a thousand wrong items is understood after a few.
const LINES_MAX: usize = 50;

/// Writes faults as a list, as the library's `ValidationError.Error`.
pub(super) fn text(faults: &[Fault]) -> String {
    let mut lines = Vec::new();
    write(faults, 0, &mut lines);
    lines.join("\n")
}

fn write(faults: &[Fault], depth: usize, lines: &mut Vec<String>) {
    for fault in faults {
        if lines.len() >= LINES_MAX {
            if lines.len() == LINES_MAX {
                lines.push("- and more".to_owned());
            }
            return;
        }
        if fault.kind == Kind::Reference && fault.inner.len() == 1 {
            write(&fault.inner, depth, lines);
            continue;
        }
        lines.push(format!("{}- at {}: {}", "  ".repeat(depth), quote(&fault.path), fault.message));
        write(&fault.inner, depth + 1, lines);
    }
}

/// Writes a text in single quotes, otherwise as Go does.
pub(super) fn quote(text: &str) -> String {
    let quoted = fairway_template::go::quote(text).replace("\\\"", "\"").replace('\'', "\\'");
    format!("'{}'", &quoted[1..quoted.len() - 1])
}

/// Writes texts in single quotes, with commas.
pub(super) fn quoted<T: AsRef<str>>(texts: &[T]) -> String {
    texts.iter().map(|text| quote(text.as_ref())).collect::<Vec<_>>().join(", ")
}

/// Writes a count with the commas of English.
pub(super) fn count(number: usize) -> String {
    grouped(&number.to_string())
}

/// Writes a number as Go's `golang.org/x/text` does in English: with commas, very large and very small ones by powers.
pub(super) fn number(number: f64) -> String {
    let digits = format!("{:e}", number.abs());
    let (mantissa, exponent) = digits.split_once('e').unwrap_or((&digits, "0"));
    let sign = if number < 0.0 { "-" } else { "" };
    let power: i32 = exponent.parse().unwrap_or_default();
    if number != 0.0 && !(-4..6).contains(&power) {
        let raised = format!("{:02}", power.abs()).chars().map(raised).collect::<String>();
        let minus = if power < 0 { "⁻" } else { "" };
        return format!("{sign}{mantissa}\u{202f}×\u{202f}10{minus}{raised}");
    }
    let plain = number.abs().to_string();
    let (whole, part) = plain.split_once('.').map_or((plain.as_str(), None), |(w, p)| (w, Some(p)));
    let part = part.map(|p| format!(".{p}")).unwrap_or_default();
    format!("{sign}{}{part}", grouped(whole))
}

fn raised(digit: char) -> char {
    match digit {
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '4' => '⁴',
        '5' => '⁵',
        '6' => '⁶',
        '7' => '⁷',
        '8' => '⁸',
        '9' => '⁹',
        _ => '⁰',
    }
}

fn grouped(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_english() {
        for (value, expected) in [
            (0.0, "0"),
            (-0.25, "-0.25"),
            (999.0, "999"),
            (65535.0, "65,535"),
            (-123_456.5, "-123,456.5"),
            (0.0001, "0.0001"),
            (1e6, "1\u{202f}×\u{202f}10⁰⁶"),
            (1_234_567.25, "1.23456725\u{202f}×\u{202f}10⁰⁶"),
            (1.5e-7, "1.5\u{202f}×\u{202f}10⁻⁰⁷"),
            (1e308, "1\u{202f}×\u{202f}10³⁰⁸"),
        ] {
            assert_eq!(number(value), expected);
        }
        assert_eq!(
            (count(0), count(1000), count(1_234_567)),
            ("0".into(), "1,000".into(), "1,234,567".into())
        );
    }

    #[test]
    fn texts_are_quoted_as_the_library_does() {
        assert_eq!(quote("a'b\"c\n"), r#"'a\'b"c\n'"#);
    }
}
