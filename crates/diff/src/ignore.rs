use fairway_core::IgnoreRule;
use fairway_value::Str;

/// Rules, compiled once per App, that name what a comparison leaves out.
#[derive(Clone, Debug, Default)]
pub struct IgnoreRules {
    rules: Vec<IgnoreRule>,
}

/// A rule that this version cannot follow. It is reported, never passed over in silence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unsupported: {what}")]
pub struct Unsupported {
    /// The rule's part that cannot be followed.
    pub what: Str,
}

impl IgnoreRules {
    /// Compiles rules. What cannot be followed comes back beside them, to be shown as a condition.
    #[must_use]
    pub fn compile(rules: &[IgnoreRule]) -> (Self, Vec<Unsupported>) {
        (Self { rules: rules.to_vec() }, Vec::new())
    }

    /// Whether there is no rule.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}
