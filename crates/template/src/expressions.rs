//! Expressions are compiled once: that takes as long as many searches.

use crate::re2::{Expression, compile};
use fairway_value::Str;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The expressions that one run has used.
#[derive(Default)]
pub(crate) struct Expressions {
    used: HashMap<Str, (Expression, bool)>,
    compiled: Arc<Compiled>,
}

impl Expressions {
    /// Most expressions whose means of searching are kept: on texts made for that they grow to some megabytes. The others
    /// give them back after each use.
    const KEPT_MAX: usize = 16;

    /// Returns a store for a run of templates whose runs share what they compile.
    pub(crate) fn sharing(compiled: &Arc<Compiled>) -> Self {
        Self { used: HashMap::new(), compiled: Arc::clone(compiled) }
    }

    /// Returns the expression of a pattern, where this run has used it before.
    pub(crate) fn get(&self, pattern: &str) -> Option<Expression> {
        let (expression, is_kept) = self.used.get(pattern)?;
        Some(if *is_kept { expression.clone() } else { expression.apart() })
    }

    /// Compiles an expression that this run has not used before.
    ///
    /// # Errors
    /// Go's kind of complaint.
    pub(crate) fn add(&mut self, pattern: &str) -> Result<Expression, String> {
        let expression = self.compiled.get_or_compile(pattern)?;
        let is_kept = self.used.len() < Self::KEPT_MAX;
        let used = if is_kept { expression.clone() } else { expression.apart() };
        self.used.insert(pattern.into(), (expression, is_kept));
        Ok(used)
    }
}

/// What the runs of a set of templates have compiled: the same pattern gives the same expression in each.
#[derive(Default)]
pub(crate) struct Compiled(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    by_pattern: HashMap<Str, Expression>,
    bytes: usize,
}

/// Most bytes of expressions that are kept: those of a chart take some kilobytes each.
const KEPT_BYTES_MAX: usize = 1 << 20;

impl Compiled {
    /// Returns an expression that shares nothing that grows with those of other runs.
    fn get_or_compile(&self, pattern: &str) -> Result<Expression, String> {
        let kept = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(expression) = kept().by_pattern.get(pattern) {
            return Ok(expression.apart());
        }
        let expression = compile(pattern)?;
        let bytes = expression.bytes() + pattern.len();
        let mut kept = kept();
        if kept.bytes + bytes <= KEPT_BYTES_MAX {
            kept.bytes += bytes;
            kept.by_pattern.insert(pattern.into(), expression.apart());
        }
        Ok(expression)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_expressions_of_a_run_keep_what_they_search_with() {
        let mut run = Expressions::default();
        let same = |a: &Expression, b: &Expression| Arc::ptr_eq(&a.0, &b.0);
        for n in 0..=Expressions::KEPT_MAX {
            let pattern = format!("a{n}");
            let used = run.add(&pattern).unwrap();
            let again = [run.get(&pattern).unwrap(), run.get(&pattern).unwrap()];
            let is_kept = n < Expressions::KEPT_MAX;
            assert_eq!((same(&used, &again[0]), same(&again[0], &again[1])), (is_kept, is_kept), "{pattern}");
            assert!(again[0].is_match(&pattern));
        }
        assert!(run.get("b").is_none());
    }

    #[test]
    fn an_expression_is_compiled_once_for_all_runs() {
        let compiled = Arc::<Compiled>::default();
        for _ in 0..3 {
            let mut run = Expressions::sharing(&compiled);
            assert!(run.get("a+").is_none());
            assert!(run.add("a+").unwrap().is_match("caat"));
            assert!(run.get("a+").unwrap().is_match("caat") && run.add("(").is_err());
        }
        assert_eq!(compiled.0.lock().unwrap().by_pattern.len(), 1);
    }

    #[test]
    fn no_more_is_kept_than_the_limit() {
        let compiled = Compiled::default();
        for n in 0..40 {
            let large = format!("{n}[^a]{{500}}");
            assert!(compiled.get_or_compile(&large).unwrap().bytes() > KEPT_BYTES_MAX / 40);
        }
        let kept = compiled.0.lock().unwrap();
        assert!(kept.bytes <= KEPT_BYTES_MAX && !kept.by_pattern.is_empty());
    }
}
