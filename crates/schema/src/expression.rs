//! Expressions in CEL, bounded before they are parsed: the language with its extensions for texts, lists and numbers.

use cel::{Env, Program, extensions};
use std::sync::{Arc, LazyLock};

/// What expressions are compiled and run in.
pub static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::stdlib();
    for extension in [extensions::strings, extensions::lists, extensions::math] {
        // The extensions of one release do not declare anything twice.
        let _ = env.add_extension(extension);
    }
    Arc::new(env)
});

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
    ENV.compile(expression).map_err(|e| e.to_string())
}
