//! Kubernetes label selectors: `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1`.

use fairway_value::Str;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug, PartialEq)]
enum Requirement {
    In(Str, BTreeSet<Str>),
    NotIn(Str, BTreeSet<Str>),
    Exists(Str),
    Missing(Str),
    Greater(Str, i64),
    Less(Str, i64),
}

/// A parsed selector; an empty one fits everything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LabelSelector {
    requirements: Vec<Requirement>,
}

impl LabelSelector {
    /// Reads a selector.
    ///
    /// # Errors
    /// What is no selector.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut rest = text.trim();
        let mut requirements = Vec::new();
        while !rest.is_empty() {
            let (requirement, after) = parse_one(rest).ok_or_else(|| {
                format!("unable to parse the selector `{text}` at `{rest}`; write key=value, key in (a,b), key or !key")
            })?;
            requirements.push(requirement);
            rest = after.trim_start();
            if let Some(after) = rest.strip_prefix(',') {
                rest = after.trim_start();
                if rest.is_empty() {
                    return Err(format!("the selector `{text}` ends with a comma"));
                }
            } else if !rest.is_empty() {
                return Err(format!("unable to parse the selector `{text}` at `{rest}`; expected a comma"));
            }
        }
        Ok(Self { requirements })
    }

    /// Whether it asks for nothing.
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// Whether the labels fit.
    pub fn matches(&self, labels: &BTreeMap<Str, Str>) -> bool {
        self.requirements.iter().all(|r| match r {
            Requirement::In(key, values) => labels.get(key).is_some_and(|v| values.contains(v)),
            Requirement::NotIn(key, values) => labels.get(key).is_none_or(|v| !values.contains(v)),
            Requirement::Exists(key) => labels.contains_key(key),
            Requirement::Missing(key) => !labels.contains_key(key),
            Requirement::Greater(key, than) => number(labels, key).is_some_and(|v| v > *than),
            Requirement::Less(key, than) => number(labels, key).is_some_and(|v| v < *than),
        })
    }
}

fn number(labels: &BTreeMap<Str, Str>, key: &Str) -> Option<i64> {
    labels.get(key)?.parse().ok()
}

/// Splits off a word of anything but the selector's own signs.
fn word(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| c.is_whitespace() || "=!,()<>".contains(c)).unwrap_or(text.len());
    text.split_at(end)
}

fn parse_one(text: &str) -> Option<(Requirement, &str)> {
    if let Some(rest) = text.strip_prefix('!') {
        let (key, rest) = word(rest.trim_start());
        return (!key.is_empty()).then(|| (Requirement::Missing(key.into()), rest));
    }
    let (key, rest) = word(text);
    if key.is_empty() {
        return None;
    }
    let key = Str::from(key);
    let rest = rest.trim_start();
    let one = |v: &str| BTreeSet::from([Str::from(v)]);
    if let Some(rest) = rest.strip_prefix("!=") {
        let (value, rest) = word(rest.trim_start());
        return Some((Requirement::NotIn(key, one(value)), rest));
    }
    if let Some(rest) = rest.strip_prefix("==").or_else(|| rest.strip_prefix('=')) {
        let (value, rest) = word(rest.trim_start());
        return Some((Requirement::In(key, one(value)), rest));
    }
    for (sign, greater) in [('>', true), ('<', false)] {
        if let Some(rest) = rest.strip_prefix(sign) {
            let (value, rest) = word(rest.trim_start());
            let value = value.parse().ok()?;
            let requirement =
                if greater { Requirement::Greater(key, value) } else { Requirement::Less(key, value) };
            return Some((requirement, rest));
        }
    }
    let (operator, after) = word(rest);
    if matches!(operator, "in" | "notin") {
        let (list, rest) = after.trim_start().strip_prefix('(')?.split_once(')')?;
        let values = list.split(',').map(|v| Str::from(v.trim())).collect();
        let requirement =
            if operator == "in" { Requirement::In(key, values) } else { Requirement::NotIn(key, values) };
        return Some((requirement, rest));
    }
    Some((Requirement::Exists(key), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(selector: &str) -> bool {
        let labels = [("app", "web"), ("tier", "front"), ("n", "5")];
        let labels = labels.into_iter().map(|(k, v)| (k.into(), v.into())).collect();
        LabelSelector::parse(selector).unwrap().matches(&labels)
    }

    #[test]
    fn every_form_is_understood() {
        assert!(fits("app=web, tier == front"));
        assert!(fits("app in (db, web),n>4,!other"));
        assert!(fits("other!=x,other notin (y),app"));
        assert!(!fits("app!=web"));
        assert!(!fits("app notin (web)"));
        assert!(!fits("n<5"));
        assert!(!fits("other"));
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        for wrong in ["a=b c", "=x", "a in b", "a=b,", "n>x"] {
            assert!(LabelSelector::parse(wrong).is_err(), "{wrong}");
        }
    }
}
