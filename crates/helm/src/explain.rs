//! What follows Helm's own words in an error: the place with its line, the calls that led there, the value.
//!
//! All of it is indented by two spaces below an empty line, so that the first line of a message stays Helm's.

use crate::tree::Node;
use fairway_template::{Call, Excerpt, Trace, is_secret_name, makes_secret};
use std::fmt::Write as _;

/// Characters of a call that are shown.
const CALL_CHARS_MAX: usize = 100;
/// Lines shown above and below a fault in what was rendered.
const LINES_AROUND: usize = 2;
/// The name under which `tpl` parses its texts.
pub(crate) const TPL_NAME: &str = "gotpl";

/// Explains a fault in templates.
pub(crate) fn trace(trace: &Trace, root: Option<&Node<'_>>) -> String {
    let mut out = String::new();
    for (n, call) in trace.calls.iter().enumerate() {
        if n == 0 {
            out.push_str("\n\n");
            let _ = writeln!(out, "  in {}{}", place(call), chart_of(&call.file, root));
            push_excerpt(&mut out, call.line, call.excerpt.as_ref());
            for note in &trace.notes {
                let _ = writeln!(out, "  {note}");
            }
        } else {
            if trace.left_out > 0 && n == trace.calls.len().saturating_sub(Trace::OUTER_MAX) {
                let _ = writeln!(out, "  … {} more calls", trace.left_out);
            }
            let _ = writeln!(out, "  called in {} by {}", place(call), cut(&call.shown));
        }
        for iteration in &call.iterations {
            let _ = writeln!(out, "    in {}", cut(iteration));
        }
    }
    out.truncate(out.trim_end().len());
    out
}

fn place(call: &Call) -> String {
    let file = if call.file == TPL_NAME { "the text given to tpl" } else { &call.file };
    let column = if call.column > 0 { format!(":{}", call.column) } else { String::new() };
    let defined = if call.template == call.file || call.template.is_empty() {
        String::new()
    } else {
        format!(", template \"{}\"", call.template)
    };
    format!("{file}:{}{column}{defined}", call.line)
}

/// Names the subchart that a file belongs to, with its version.
fn chart_of(file: &str, root: Option<&Node<'_>>) -> String {
    let Some(mut node) = root else { return String::new() };
    let mut rest = file.strip_prefix(node.name.as_str()).unwrap_or_default();
    loop {
        let inner = node.children.iter().find_map(|child| {
            let below = rest.strip_prefix("/charts/")?.strip_prefix(child.name.as_str())?;
            below.starts_with('/').then_some((child, below))
        });
        match inner {
            Some((child, below)) => (node, rest) = (child, below),
            None if rest.is_empty() => return String::new(),
            None => return format!(", chart {} {}", node.chart.name(), node.version),
        }
    }
}

fn cut(text: &str) -> String {
    let short: String = text.chars().take(CALL_CHARS_MAX).collect();
    if short.len() == text.len() { short } else { format!("{short}…") }
}

fn push_excerpt(out: &mut String, line: usize, excerpt: Option<&Excerpt>) {
    let Some(excerpt) = excerpt else { return };
    let number = line.to_string();
    let gap = " ".repeat(number.len());
    let (before, mark) = (" ".repeat(excerpt.from), "^".repeat(excerpt.to.saturating_sub(excerpt.from)));
    let _ = writeln!(out, "    {number} | {}", excerpt.line);
    let _ = writeln!(out, "    {gap} | {before}{mark}");
}

/// A fault in a text of YAML: its place, counted from 1; no column where only the line is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spot {
    pub line: usize,
    pub column: usize,
}

/// Shows the lines around a fault in YAML. What may be a secret is not shown.
pub(crate) fn yaml(text: &str, what: &str, spot: Spot) -> String {
    let Spot { line, column } = spot;
    let mut out = format!("\n\n  in {what}, line {line}");
    if column > 0 {
        let _ = write!(out, ", column {column}");
    }
    out.push('\n');
    let hide = makes_secret(text);
    let first = line.saturating_sub(LINES_AROUND).max(1);
    let width = (line + LINES_AROUND).to_string().len();
    let shown = text.lines().enumerate().skip(first - 1).take(line + LINES_AROUND + 1 - first);
    for (n, content) in shown {
        let n = n + 1;
        let Some(excerpt) = Excerpt::of_line(content, 1) else { continue };
        let (text, masked) = masked(&excerpt.line, hide);
        let _ = writeln!(out, "    {n:width$} | {text}");
        if n == line && column > 0 && !masked && column <= content.chars().count() + 1 {
            let _ = writeln!(out, "    {} | {}^", " ".repeat(width), " ".repeat(column - 1));
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Takes the value off a line that may hold a secret.
fn masked(line: &str, hide: bool) -> (String, bool) {
    let (key, value) = match line.split_once(':') {
        Some((key, value)) => (key, value.trim()),
        None => ("", line.trim()),
    };
    let plain = matches!(
        key.trim_start_matches([' ', '-']),
        "kind" | "apiVersion" | "name" | "namespace" | "metadata"
    );
    if value.is_empty() || !(is_secret_name(key) || hide && !plain) {
        return (line.to_owned(), false);
    }
    let indent: String = line.chars().take_while(|c| c.is_whitespace()).collect();
    let shown = if key.is_empty() { format!("{indent}…") } else { format!("{key}: …") };
    (format!("{shown} (not shown)"), true)
}

/// Says which line of a template wrote what is wrong.
pub(crate) fn origin(call: &Call) -> String {
    let mut out = format!("\n  written by {}\n", place(call));
    push_excerpt(&mut out, call.line, call.excerpt.as_ref());
    out.truncate(out.trim_end().len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_around_a_fault_are_shown_without_secrets() {
        let spot = Spot { line: 3, column: 6 };
        assert_eq!(
            yaml("a: 1\nb:\n  c: d: e\nf: 2", "x as rendered", spot),
            "\n\n  in x as rendered, line 3, column 6\n    1 | a: 1\n    2 | b:\n    3 |   c: d: e\n      |      ^\n    4 | f: 2"
        );
        let shown = yaml("kind: Secret\nstringData:\n  a: hunter2: x\n  hunter3", "x", spot);
        assert!(!shown.contains("hunter"), "{shown}");
        let shown = yaml("a: 1\nb: 2\ndbPassword: hunter2: x\n", "x", spot);
        assert!(!shown.contains("hunter"), "{shown}");
    }
}
