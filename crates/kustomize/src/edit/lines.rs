//! Lines of a kustomization in block style: where its fields and their items are.

/// Lines with the break that they end in.
pub struct Lines<'t> {
    pub all: Vec<&'t str>,
}

/// A range of lines, the end excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

pub fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// Whether a line holds more than a comment.
fn is_content(line: &str) -> bool {
    let text = line.trim();
    !text.is_empty() && !text.starts_with('#')
}

fn is_dash(text: &str) -> bool {
    text.starts_with("- ") || text.trim_end() == "-"
}

impl<'t> Lines<'t> {
    pub fn new(text: &'t str) -> Self {
        Self { all: text.split_inclusive('\n').collect() }
    }

    /// Returns the lines of a top field, without the comments and blank lines behind it.
    pub fn field(&self, key: &str) -> Option<Span> {
        let names = |line: &str| {
            let (name, _) = line.split_once(':')?;
            Some(name.trim_end().trim_matches(['"', '\'']) == key && !name.starts_with([' ', '#', '-']))
        };
        let start = self.all.iter().position(|l| names(l) == Some(true))?;
        let rest = &self.all[start + 1..];
        let belongs = |line: &&str| indent_of(line) > 0 || is_dash(line) || !is_content(line);
        let length = rest.iter().take_while(|l| belongs(l)).count();
        Some(Span { start, end: start + 1 + self.last_content(&rest[..length]) })
    }

    /// Returns the lines of a field of a map whose value begins on the next line.
    pub fn nested(&self, map: Span, key: &str) -> Option<Span> {
        let column = self.key_column(map)?;
        let start = (map.start..map.end).find(|n| {
            let text = self.all[*n].get(column..).unwrap_or_default();
            let before = self.all[*n].get(..column).unwrap_or_default();
            let value = text.split_once(':').filter(|(k, _)| k.trim_matches(['"', '\'']) == key);
            before.chars().all(|c| matches!(c, ' ' | '-')) && value.is_some_and(|(_, v)| !is_content(v))
        })?;
        let rest = &self.all[start + 1..map.end];
        let belongs = |line: &&&str| {
            let indent = indent_of(line);
            indent > column || (indent == column && is_dash(&line[column..])) || !is_content(line)
        };
        let length = rest.iter().take_while(belongs).count();
        Some(Span { start, end: start + 1 + self.last_content(&rest[..length]) })
    }

    /// Returns how many lines there are up to the last that holds content.
    fn last_content(&self, lines: &[&str]) -> usize {
        lines.iter().rposition(|l| is_content(l)).map_or(0, |n| n + 1)
    }

    /// Returns the column of the dashes of a list and the lines of each item.
    pub fn items(&self, field: Span) -> Option<(usize, Vec<Span>)> {
        let inner = &self.all[field.start + 1..field.end];
        let first = inner.iter().find(|l| is_content(l))?;
        let column = indent_of(first);
        let is_item = |l: &str| indent_of(l) == column && is_dash(&l[column..]);
        if !is_item(first) {
            return None;
        }
        let starts: Vec<usize> =
            inner.iter().enumerate().filter(|(_, l)| is_content(l) && is_item(l)).map(|(n, _)| n).collect();
        let spans = starts.iter().enumerate().map(|(n, start)| {
            let end = starts.get(n + 1).copied().unwrap_or(inner.len());
            let length = self.last_content(&inner[*start..end]);
            Span { start: field.start + 1 + start, end: field.start + 1 + start + length }
        });
        Some((column, spans.collect()))
    }

    /// Returns the column in which the keys of a map stand: that of an item begins behind the dash.
    pub fn key_column(&self, lines: Span) -> Option<usize> {
        let first = self.all[lines.start..lines.end].iter().find(|l| is_content(l))?;
        let column = indent_of(first);
        let text = &first[column..];
        match text.strip_prefix('-') {
            Some(rest) if is_dash(text) => Some(column + 1 + indent_of(rest)),
            _ => Some(column),
        }
    }

    /// Returns the line of a key in a map, where its value is on that line too.
    pub fn key_line(&self, lines: Span, column: usize, key: &str) -> Option<usize> {
        (lines.start..lines.end).find(|n| {
            let text = self.all[*n].get(column..).unwrap_or_default();
            let before = self.all[*n].get(..column).unwrap_or_default();
            before.chars().all(|c| matches!(c, ' ' | '-'))
                && text
                    .split_once(':')
                    .is_some_and(|(k, v)| k.trim_matches(['"', '\'']) == key && !v.trim().is_empty())
        })
    }
}
