use super::super::fault::{Cause, Faults};
use crate::managed::quote;

/// One thing that is wrong.
struct Finding {
    reason: &'static str,
    field: String,
    /// What is shown of the value, before the colon.
    head: String,
    /// What is wrong with it.
    why: String,
}

/// What a schema says of a value: findings, each once, and how many of its checks held, by which the alternatives of `anyOf` and
/// `oneOf` are ranked.
#[derive(Default)]
pub(super) struct Verdict {
    findings: Vec<Finding>,
    pub held: usize,
}

impl Verdict {
    /// Whether nothing is wrong.
    pub fn is_valid(&self) -> bool {
        self.findings.is_empty()
    }

    fn push(&mut self, reason: &'static str, field: &str, head: String, why: String) {
        let twice = !why.is_empty() && self.findings.iter().any(|f| f.why == why);
        if !twice {
            self.findings.push(Finding { reason, field: field.to_owned(), head, why });
        }
    }

    /// A value that is wrong; `shown` as messages print it.
    pub fn invalid(&mut self, field: &str, shown: &str, why: String) {
        self.push("FieldValueInvalid", field, format!("Invalid value: {shown}"), why);
    }

    /// A value of the wrong type or format.
    pub fn wrong_type(&mut self, field: &str, wanted: &str, actual: &str) {
        let shown = quote(actual);
        let why = format!("{field} in body must be of type {wanted}: {shown}");
        self.push("FieldValueTypeInvalid", field, format!("Invalid value: {shown}"), why);
    }

    /// A field that must be given.
    pub fn required(&mut self, field: String) {
        if self.findings.iter().any(|f| f.reason == "FieldValueRequired" && f.field == field) {
            return;
        }
        let head = "Required value".to_owned();
        self.findings.push(Finding { reason: "FieldValueRequired", field, head, why: String::new() });
    }

    /// A fault with a message of its own.
    pub fn fault(&mut self, reason: &'static str, field: &str, message: String) {
        let known = |f: &Finding| f.reason == reason && f.field == field && f.head == message;
        if !self.findings.iter().any(known) {
            self.findings.push(Finding {
                reason,
                field: field.to_owned(),
                head: message,
                why: String::new(),
            });
        }
    }

    /// What is wrong with the whole, with no field to name.
    pub fn composite(&mut self, why: String) {
        self.invalid("", "\"\"", why);
    }

    /// Adds what another check found.
    pub fn merge(&mut self, other: Verdict) {
        self.held += other.held;
        for finding in other.findings {
            if finding.why.is_empty() {
                let same = |f: &Finding| {
                    f.reason == finding.reason && f.field == finding.field && f.head == finding.head
                };
                if !self.findings.iter().any(same) {
                    self.findings.push(finding);
                }
            } else {
                self.push(finding.reason, &finding.field, finding.head, finding.why);
            }
        }
    }

    /// Hands the findings over as causes.
    pub fn into_faults(self, faults: &mut Faults) {
        self.into_faults_below("", faults);
    }

    /// Hands the findings over as causes of what is below a field.
    pub fn into_faults_below(self, above: &str, faults: &mut Faults) {
        for Finding { reason, field, head, why } in self.findings {
            let field = match (above, field.as_str()) {
                ("", "") => "<nil>".to_owned(),
                ("", _) => field,
                (_, "") => above.to_owned(),
                (above, below) => format!("{above}.{}", below.trim_start_matches('.')),
            };
            let colon = if why.is_empty() { "" } else { ": " };
            faults.add(Cause { reason, message: format!("{head}{colon}{why}"), field });
        }
    }
}
