/// What a value breaks.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    /// JSON pointer to the value.
    pub path: String,
    pub message: String,
    /// What each of several alternatives says.
    pub inner: Vec<Fault>,
}

impl Fault {
    pub(super) fn new(path: &str, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), message: message.into(), inner: Vec::new() }
    }
}

/// Most lines of a report: a list of a thousand wrong items is understood after a few.
const LINES_MAX: usize = 50;

/// Writes faults as a list.
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
        lines.push(format!("{}- at '{}': {}", "  ".repeat(depth), fault.path, fault.message));
        write(&fault.inner, depth + 1, lines);
    }
}
