//! What the rules of a definition may cost, each and together.
//!
//! Source: apiextensions-apiserver 1.36 `pkg/apis/apiextensions/validation` (`validation.go`, `cel_validation.go`).

use crate::validate::fault::Faults;

/// What a single rule may cost at most.
const RULE_MAX: u64 = 10_000_000;

/// What all rules of a schema may cost together.
const SCHEMA_MAX: u64 = 100_000_000;

/// How many of the dearest rules are named where all together cost too much.
const NAMED_MAX: usize = 4;

/// What the rules of a schema cost.
#[derive(Default)]
pub(in super::super::super) struct Budget {
    total: u64,
    /// Those that count, the dearest first.
    dearest: Vec<(String, u64)>,
    /// Whether a single rule may cost what it likes: the schema is stored already.
    lenient: bool,
}

impl Budget {
    /// A budget whose single rules are not held to a limit if `lenient`.
    pub fn new(lenient: bool) -> Self {
        Self { lenient, ..Self::default() }
    }

    /// Counts a rule, or the expression of its message, and refuses what costs too much alone.
    pub(super) fn spend(&mut self, what: &str, field: String, cost: u64, faults: &mut Faults) {
        if cost > RULE_MAX && !self.lenient {
            faults.forbidden(&field, &beyond(&format!("estimated {what} cost"), cost, RULE_MAX));
        }
        self.total = self.total.saturating_add(cost);
        if cost >= SCHEMA_MAX / 100 {
            let at = self.dearest.partition_point(|(_, other)| *other >= cost);
            self.dearest.insert(at, (field, cost));
            self.dearest.truncate(NAMED_MAX);
        }
    }

    /// Refuses a schema whose rules cost too much together.
    pub fn settle(&self, field: &str, faults: &mut Faults) {
        if self.total <= SCHEMA_MAX {
            return;
        }
        for (rule, _) in &self.dearest {
            let why =
                "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema";
            faults.forbidden(rule, why);
        }
        let what = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema";
        faults.forbidden(field, &beyond(what, self.total, SCHEMA_MAX));
    }
}

#[expect(clippy::cast_precision_loss, reason = "a factor, shown as one")]
fn beyond(what: &str, cost: u64, limit: u64) -> String {
    let factor = cost as f64 / limit as f64;
    let factor = if factor > 100.0 {
        "more than 100x".to_owned()
    } else if factor < 1.5 {
        format!("{factor:.6}x")
    } else {
        format!("{factor:.1}x")
    };
    format!(
        "{what} exceeds budget by factor of {factor} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength \
         where arrays, maps, and strings are declared)"
    )
}
