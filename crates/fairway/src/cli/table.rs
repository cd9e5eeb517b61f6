//! Tables for people.

use std::io::IsTerminal;

/// Space between two columns.
const GAP: usize = 2;

/// A colour of the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// All is well.
    Green,
    /// Something is to be looked at, or still going on.
    Yellow,
    /// Something is wrong.
    Red,
    /// Something is told beside the matter.
    Dim,
}

impl Colour {
    fn code(self) -> &'static str {
        match self {
            Self::Green => "\u{1b}[32m",
            Self::Yellow => "\u{1b}[33m",
            Self::Red => "\u{1b}[31m",
            Self::Dim => "\u{1b}[2m",
        }
    }
}

/// Returns the colour of a word that Argo CD uses for a state.
pub fn colour_of(word: &str) -> Option<Colour> {
    match word {
        "Synced" | "Healthy" | "Succeeded" | "create" => Some(Colour::Green),
        "OutOfSync" | "Progressing" | "Suspended" | "Missing" | "Running" | "Terminating" | "update"
        | "replace" => Some(Colour::Yellow),
        "Degraded" | "Failed" | "Error" | "SyncFailed" | "Unknown" | "prune" => Some(Colour::Red),
        _ => None,
    }
}

/// Whether the standard output takes colours.
pub fn has_colour() -> bool {
    takes_colour(&std::io::stdout())
}

/// Whether a stream takes colours: it is a terminal, and `NO_COLOR` is not set.
pub fn takes_colour(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}

/// Returns the text in a colour.
pub fn paint(text: &str, colour: Option<Colour>, on: bool) -> String {
    match colour {
        Some(colour) if on => format!("{}{text}\u{1b}[0m", colour.code()),
        _ => text.to_owned(),
    }
}

/// Makes a text safe for one line of a terminal: what came from a cluster may hold control characters.
pub fn one_line(text: &str) -> String {
    let joined =
        text.split(['\n', '\r', '\t']).map(str::trim).filter(|l| !l.is_empty()).collect::<Vec<_>>().join(" ");
    joined.chars().filter(|c| !c.is_control()).collect()
}

/// Rows under a heading, each column as wide as its widest cell.
pub struct Table {
    heading: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Makes an empty table.
    pub fn new(heading: &[&str]) -> Self {
        Self { heading: heading.iter().map(|h| (*h).to_owned()).collect(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row<const N: usize>(&mut self, cells: [&str; N]) {
        self.rows.push(cells.iter().map(|c| one_line(c)).collect());
    }

    /// Adds a row of as many cells as there are columns.
    pub fn cells(&mut self, cells: Vec<String>) {
        self.rows.push(cells.iter().map(|c| one_line(c)).collect());
    }

    /// Returns the text; words for states have colours where `colour` says so.
    pub fn text(&self, colour: bool) -> String {
        let columns = self.heading.len();
        let width = |n: usize| {
            let cells = self.rows.iter().filter_map(|r| r.get(n));
            cells.chain(self.heading.get(n)).map(|c| c.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut out = String::new();
        for (at, row) in std::iter::once(&self.heading).chain(&self.rows).enumerate() {
            let mut line = String::new();
            // Spaces are held back until something follows, so that no line ends with them.
            let mut pending = 0;
            for (cell, width) in row.iter().zip(&widths) {
                if !cell.is_empty() {
                    line.extend(std::iter::repeat_n(' ', pending));
                    pending = 0;
                    line.push_str(&paint(cell, if at == 0 { None } else { colour_of(cell) }, colour));
                }
                pending += width.saturating_sub(cell.chars().count()) + GAP;
            }
            out.push_str(&line);
            out.push('\n');
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_lines_have_no_tail() {
        let mut table = Table::new(&["NAME", "STATUS", "MESSAGE"]);
        table.row(["a", "OutOfSync", ""]);
        table.row(["größer", "", "line one\n  line two\u{7}"]);
        assert_eq!(
            table.text(false),
            "NAME    STATUS     MESSAGE\na       OutOfSync\ngrößer             line one line two\n"
        );
    }

    #[test]
    fn colours_do_not_move_columns() {
        let mut table = Table::new(&["STATUS", "NAME"]);
        table.row(["Synced", "a"]);
        assert_eq!(table.text(true), "STATUS  NAME\n\u{1b}[32mSynced\u{1b}[0m  a\n");
    }

    #[test]
    fn nothing_from_a_cluster_steers_the_terminal() {
        assert_eq!(one_line("a\u{1b}[2Jb\r\nc"), "a[2Jb c");
    }
}
