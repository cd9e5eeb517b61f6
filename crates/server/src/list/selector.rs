//! Kubernetes label selectors, as `k8s.io/apimachinery/pkg/labels` parses them.

use fairway_value::Map;

/// The longest selector that is read, bytes.
const SELECTOR_BYTES_MAX: usize = 16 * 1024;

/// A parsed selector: every requirement must hold.
#[derive(Debug, Default)]
pub(crate) struct Selector(Vec<Requirement>);

#[derive(Debug)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Debug)]
enum Test {
    Exists,
    Missing,
    In(Vec<String>),
    NotIn(Vec<String>),
    Greater(i64),
    Less(i64),
}

impl Selector {
    /// Reads a selector.
    ///
    /// # Errors
    /// What is wrong with it, in words for the caller.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > SELECTOR_BYTES_MAX {
            return Err(format!("the selector is longer than {SELECTOR_BYTES_MAX} bytes"));
        }
        let mut requirements = Vec::new();
        for part in split_outside_parentheses(text) {
            let part = part.trim();
            if !part.is_empty() {
                requirements
                    .push(requirement(part).ok_or_else(|| format!("unable to parse requirement: {part:?}"))?);
            }
        }
        Ok(Self(requirements))
    }

    /// Whether labels satisfy it.
    pub(crate) fn matches(&self, labels: Option<&Map>) -> bool {
        self.0.iter().all(|requirement| {
            let value =
                labels.and_then(|labels| labels.get(&requirement.key)).and_then(|value| value.as_str());
            let number = || value.and_then(|value| value.parse::<i64>().ok());
            match &requirement.test {
                Test::Exists => value.is_some(),
                Test::Missing => value.is_none(),
                Test::In(values) => value.is_some_and(|value| values.iter().any(|v| v == value)),
                Test::NotIn(values) => value.is_none_or(|value| !values.iter().any(|v| v == value)),
                Test::Greater(bound) => number().is_some_and(|n| n > *bound),
                Test::Less(bound) => number().is_some_and(|n| n < *bound),
            }
        })
    }
}

fn split_outside_parentheses(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_u32, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn requirement(part: &str) -> Option<Requirement> {
    if let Some(key) = part.strip_prefix('!') {
        return Some(Requirement { key: label_key(key)?, test: Test::Missing });
    }
    if let Some(at) = part.find(['=', '!', '<', '>']) {
        let (key, rest) = part.split_at(at);
        let (test, value): (fn(String) -> Option<Test>, &str) = match rest {
            r if r.starts_with("==") => (|v| Some(Test::In(vec![v])), &r[2..]),
            r if r.starts_with('=') => (|v| Some(Test::In(vec![v])), &r[1..]),
            r if r.starts_with("!=") => (|v| Some(Test::NotIn(vec![v])), &r[2..]),
            r if r.starts_with('>') => (|v| v.parse().ok().map(Test::Greater), &r[1..]),
            r if r.starts_with('<') => (|v| v.parse().ok().map(Test::Less), &r[1..]),
            _ => return None,
        };
        return Some(Requirement { key: label_key(key)?, test: test(label_value(value)?)? });
    }
    let Some((head, values)) = part.split_once('(') else {
        return Some(Requirement { key: label_key(part)?, test: Test::Exists });
    };
    let values = values.strip_suffix(')')?.split(',').map(label_value).collect::<Option<Vec<_>>>()?;
    let (key, word) = head.trim().split_once(char::is_whitespace)?;
    let test = match word.trim() {
        "in" => Test::In(values),
        "notin" => Test::NotIn(values),
        _ => return None,
    };
    Some(Requirement { key: label_key(key)?, test })
}

fn label_key(text: &str) -> Option<String> {
    let text = text.trim();
    let ok = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    (!text.is_empty() && text.chars().all(ok)).then(|| text.to_owned())
}

fn label_value(text: &str) -> Option<String> {
    let text = text.trim();
    text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_value::Value;

    fn matches(selector: &str, labels: &[(&str, &str)]) -> bool {
        let labels: Value = labels.iter().map(|(k, v)| (*k, Value::from(*v))).collect();
        Selector::parse(selector).unwrap().matches(labels.as_object())
    }

    #[test]
    fn every_operator_holds_and_fails() {
        let labels = [("app", "web"), ("tier", "1"), ("example.com/team", "a")];
        for yes in [
            "",
            "app=web",
            "app==web",
            "app!=api",
            "app in (api, web)",
            "app notin (api)",
            "nope notin (x)",
            "app",
            "!nope",
            "tier>0,tier<2",
            "example.com/team=a",
            "nope!=x",
        ] {
            assert!(matches(yes, &labels), "{yes}");
        }
        for no in [
            "app=api",
            "app!=web",
            "app in (api)",
            "app notin (web)",
            "nope",
            "!app",
            "tier>1",
            "app=web,nope",
            "app>1",
        ] {
            assert!(!matches(no, &labels), "{no}");
        }
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        for text in ["=x", "a in b", "a in (b", "a ~ b", "a=b=c", "a>x", "!"] {
            assert!(Selector::parse(text).is_err(), "{text}");
        }
    }
}
