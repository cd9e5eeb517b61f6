use fairway_value::push_pointer_token;

/// What a value breaks.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    /// JSON pointer to the value.
    pub path: String,
    pub message: String,
    /// What each of several alternatives, or each part, says.
    pub inner: Faults,
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

/// Most bytes of a message, and of the way to a value.
const TEXT_MAX: usize = 16 << 10;

/// What is wrong, no more of it than a report can show: a small schema may say a lot of each of a thousand values.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults {
    all: Vec<Fault>,
    /// How many they and those in them are.
    lines: usize,
}

impl Faults {
    pub(super) fn push(&mut self, fault: Fault) {
        if !self.is_full() {
            self.lines += fault.inner.lines + 1;
            self.all.push(fault);
        }
    }

    /// Whether more of them would not be shown.
    fn is_full(&self) -> bool {
        // Some lines stand for groups, whose own line is not always written.
        self.lines > 2 * LINES_MAX
    }
}

impl std::ops::Deref for Faults {
    type Target = [Fault];

    fn deref(&self) -> &[Fault] {
        &self.all
    }
}

impl Extend<Fault> for Faults {
    fn extend<T: IntoIterator<Item = Fault>>(&mut self, faults: T) {
        for fault in faults {
            if self.is_full() {
                return;
            }
            self.push(fault);
        }
    }
}

impl FromIterator<Fault> for Faults {
    fn from_iter<T: IntoIterator<Item = Fault>>(faults: T) -> Self {
        let mut all = Self::default();
        all.extend(faults);
        all
    }
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self::from_iter([fault])
    }
}

impl Fault {
    pub(super) fn new(path: &str, message: impl Into<String>) -> Self {
        Self::with(path, message, Faults::default())
    }

    pub(super) fn with(path: &str, message: impl Into<String>, inner: Faults) -> Self {
        Self { path: path.to_owned(), message: shortened(message.into()), inner, kind: Kind::Keyword }
    }

    /// Makes one of what a schema says of a value, if it says anything.
    pub(super) fn of_schema(path: &str, mut faults: Faults) -> Option<Self> {
        match faults.all.len() {
            0 | 1 => faults.all.pop(),
            _ => Some(Self { kind: Kind::Group, ..Self::with(path, FAILED, faults) }),
        }
    }

    /// Makes one of what a schema says that is referred to.
    pub(super) fn of_reference(path: &str, fault: Self) -> Self {
        Self { kind: Kind::Reference, ..Self::with(path, FAILED, fault.parts()) }
    }

    /// Returns the faults of a group, or the one.
    pub(super) fn parts(self) -> Faults {
        if self.kind == Kind::Group { self.inner } else { self.into() }
    }
}

fn shortened(mut text: String) -> String {
    if text.len() > TEXT_MAX {
        text.truncate(text.floor_char_boundary(TEXT_MAX));
        text.push('…');
    }
    text
}

/// Returns the JSON pointer to what is below another; a very long one is not made longer.
pub(super) fn below(path: &str, token: &str) -> String {
    let mut below = path.to_owned();
    go_below(&mut below, token);
    below
}

/// Makes a JSON pointer lead one step further, as [`below`].
pub(super) fn go_below(path: &mut String, token: &str) {
    if path.len() <= TEXT_MAX {
        push_pointer_token(path, token);
        if path.len() > TEXT_MAX {
            *path = shortened(std::mem::take(path));
        }
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

/// Writes a text in single quotes, otherwise as Go does; of a very long one as much as a message may have.
pub(super) fn quote(text: &str) -> String {
    let shown = &text[..text.floor_char_boundary(TEXT_MAX)];
    let quoted = fairway_template::go::quote(shown).replace("\\\"", "\"").replace('\'', "\\'");
    let end = if shown.len() < text.len() { "…" } else { "" };
    format!("'{}{end}'", &quoted[1..quoted.len() - 1])
}

/// Writes texts in single quotes, with commas.
pub(super) fn quoted<T: AsRef<str>>(texts: &[T]) -> String {
    joined(texts.iter().map(|text| quote(text.as_ref())))
}

/// Writes texts with commas, and no more of them than a message may have.
pub(super) fn joined(texts: impl Iterator<Item = String>) -> String {
    let mut out = String::new();
    for text in texts {
        if !out.is_empty() {
            out.push_str(", ");
        }
        out.push_str(&text);
        if out.len() > TEXT_MAX {
            break;
        }
    }
    out
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
    use crate::schema::Schema;
    use fairway_value::Value;

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
        assert_eq!(quote(&"é".repeat(TEXT_MAX)), format!("'{}…'", "é".repeat(TEXT_MAX / 2)));
    }

    /// Holds a list of the same texts to a schema of its items.
    fn said(items: &str, many: usize) -> Result<(), String> {
        let schema = format!(r#"{{"items":{items}}}"#);
        let list: Value = vec![Value::from("n"); many].into();
        Schema::new(schema.into_bytes().into()).validate(&list, None)
    }

    #[test]
    fn no_more_is_kept_than_is_shown() {
        let choices = vec![format!("\"{}\"", "x".repeat(1000)); 200].join(",");
        let faults = said(&format!(r#"{{"enum":[{choices}]}}"#), 200).unwrap_err();
        assert_eq!((faults.lines().count(), faults.lines().last()), (LINES_MAX + 1, Some("- and more")));
        assert!(faults.lines().all(|line| line.len() < TEXT_MAX + 100));
        // What is cut off in one alternative is no reason to take it.
        let either = format!(r#"{{"anyOf":[{{"const":1}},{{"enum":[{choices}]}}]}}"#);
        assert!(said(&either, 2).is_err());
    }

    #[test]
    fn what_schemas_look_at_in_values_is_bounded() {
        let schemas = vec!["{}"; 60].join(",");
        let schema = Schema::new(format!(r#"{{"allOf":[{schemas}]}}"#).into_bytes().into());
        let limit = schema.validate(&"x".repeat(6_400_000).into(), None).unwrap_err();
        assert_eq!(limit, "schema takes more than the limit of 5000000 steps");
    }
}
