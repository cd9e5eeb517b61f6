use super::library;
use cel::{Env, Program, extensions};
use std::sync::{Arc, LazyLock};

/// What expressions are compiled and run in.
pub static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::stdlib();
    for extension in [extensions::strings, extensions::lists, library::extension] {
        // The extensions of one release do not declare anything twice.
        let _ = env.add_extension(extension);
    }
    Arc::new(env)
});

/// Most operators of an expression: a chain of them is as deep as it is long.
const OPERATORS_MAX: usize = 600;

/// How long and how deep an expression may be.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Longest text, in bytes.
    pub bytes: usize,
    /// Deepest nesting of brackets.
    pub nesting: usize,
}

impl Bounds {
    /// Checks an expression.
    ///
    /// # Errors
    /// It is beyond the bounds, which are named.
    pub fn check(self, expression: &str) -> Result<(), String> {
        let mut depth = 0_usize;
        let deepest = expression.bytes().fold(0, |most, b| {
            match b {
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            most.max(depth)
        });
        let operators = expression.bytes().filter(|b| b"+-*/%<>=!&|?.[(".contains(b)).count();
        if operators > OPERATORS_MAX {
            return Err(format!("made of more than {OPERATORS_MAX} operators"));
        }
        let Self { bytes, nesting } = self;
        if expression.len() > bytes || deepest > nesting {
            return Err(format!("longer than {bytes} bytes or nested deeper than {nesting}"));
        }
        Ok(())
    }
}

/// Compiles an expression within bounds.
///
/// # Errors
/// What the parser says, or that it is beyond the bounds.
pub fn compile(expression: &str, bounds: Bounds) -> Result<Program, String> {
    bounds.check(expression)?;
    ENV.compile(expression).map_err(|faults| {
        let line = |at: isize| usize::try_from(at).unwrap_or(0);
        let shown = faults
            .errors
            .iter()
            .map(|e| issue(expression, line(e.pos.0).max(1), line(e.pos.1).saturating_sub(1), &e.msg));
        shown.collect::<Vec<_>>().join("\n")
    })
}

/// Prints what is wrong with an expression as cel-go does: `line` counts from one, `column` from nought.
pub(super) fn issue(source: &str, line: usize, column: usize, why: &str) -> String {
    if source.is_empty() {
        // Its end is before its first column.
        return format!("ERROR: <input>:{line}:0: {why}");
    }
    let mut out = format!("ERROR: <input>:{line}:{}: {why}", column + 1);
    if let Some(shown) = source.split('\n').nth(line - 1) {
        let shown = shown.replace('\t', " ");
        let dots: String =
            shown.chars().take(column).map(|c| if c.is_ascii() { '.' } else { '\u{ff0e}' }).collect();
        let mark = if shown.chars().nth(column).is_none_or(|c| c.is_ascii()) { '^' } else { '\u{ff3e}' };
        out.push_str(&format!("\n | {shown}\n | {dots}{mark}"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_before_its_first_column() {
        let said = compile("", Bounds { bytes: 100, nesting: 10 }).unwrap_err();
        assert!(said.starts_with("ERROR: <input>:1:0: Syntax error:") && !said.contains('\n'), "{said}");
    }

    #[test]
    fn no_library_declares_what_another_has() {
        let mut env = Env::stdlib();
        for extension in [extensions::strings, extensions::lists, library::extension] {
            assert_eq!(env.add_extension(extension), Ok(()));
        }
    }
}
