//! Label selectors, as apimachinery `pkg/labels` reads them.

use super::status::{ApiError, ApiResult};
use fairway_value::{Map, Value};

/// A parsed label selector: every requirement must hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct LabelSelector(Vec<Requirement>);

#[derive(Clone, Debug)]
struct Requirement {
    key: String,
    op: Op,
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Exists,
    Missing,
    In,
    NotIn,
    Gt,
    Lt,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Sign(&'static str),
}

impl Token {
    fn text(&self) -> &str {
        match self {
            Self::Word(w) => w,
            Self::Sign(s) => s,
        }
    }
}

fn tokens(text: &str) -> Vec<Token> {
    let mut out = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        let Some(first) = rest.chars().next() else { return out };
        let sign = ["==", "!=", "=", "!", "(", ")", ",", ">", "<"].into_iter().find(|s| rest.starts_with(s));
        if let Some(sign) = sign {
            out.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
            continue;
        }
        let end = rest
            .find([' ', '\t', '\r', '\n', '=', '!', '(', ')', ',', '>', '<'])
            .unwrap_or(rest.len())
            .max(first.len_utf8());
        out.push(Token::Word(rest[..end].to_owned()));
        rest = &rest[end..];
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

type Parse<T> = Result<T, String>;

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(Token::Sign(s)) if *s == sign)
    }

    fn requirements(&mut self) -> Parse<Vec<Requirement>> {
        let mut out = Vec::new();
        loop {
            match self.peek() {
                None => return Ok(out),
                Some(Token::Word(_) | Token::Sign("!")) => {
                    let requirement =
                        self.requirement().map_err(|e| format!("unable to parse requirement: {e}"))?;
                    out.push(requirement);
                }
                Some(other) => {
                    return Err(format!(
                        "found '{}', expected: !, identifier, or 'end of string'",
                        other.text()
                    ));
                }
            }
            match self.next() {
                None => return Ok(out),
                Some(Token::Sign(",")) => {
                    if !matches!(self.peek(), Some(Token::Word(_) | Token::Sign("!"))) {
                        let found = self.peek().map_or("", Token::text);
                        return Err(format!("found '{found}', expected: identifier after ','"));
                    }
                }
                Some(other) => {
                    return Err(format!("found '{}', expected: ',' or 'end of string'", other.text()));
                }
            }
        }
    }

    fn requirement(&mut self) -> Parse<Requirement> {
        let negated = self.is_sign("!");
        if negated {
            self.at += 1;
        }
        let key = match self.next() {
            Some(Token::Word(word)) => word,
            other => {
                return Err(format!(
                    "found '{}', expected: identifier",
                    other.as_ref().map_or("", Token::text)
                ));
            }
        };
        check_key(&key)?;
        if negated {
            return Ok(Requirement { key, op: Op::Missing, values: Vec::new() });
        }
        if self.peek().is_none() || self.is_sign(",") {
            return Ok(Requirement { key, op: Op::Exists, values: Vec::new() });
        }
        let token = self.next();
        let op = match token.as_ref().map_or("", Token::text) {
            "=" | "==" => (Op::In, false),
            "!=" => (Op::NotIn, false),
            ">" | "gt" => (Op::Gt, false),
            "<" | "lt" => (Op::Lt, false),
            "in" => (Op::In, true),
            "notin" => (Op::NotIn, true),
            other => return Err(format!("found '{other}', expected: in, notin, =, ==, !=, gt, lt")),
        };
        let values = if op.1 { self.values()? } else { vec![self.exact_value()] };
        if matches!(op.0, Op::Gt | Op::Lt) && values.iter().any(|v| v.parse::<i64>().is_err()) {
            return Err(
                "values[0]: Invalid value: \"\": for 'Gt', 'Lt' operators, the value must be an integer"
                    .to_owned(),
            );
        }
        for (n, value) in values.iter().enumerate() {
            check_value(&key, n, value)?;
        }
        Ok(Requirement { key, op: op.0, values })
    }

    fn exact_value(&mut self) -> String {
        match self.peek() {
            Some(Token::Word(word)) => {
                let word = word.clone();
                self.at += 1;
                word
            }
            _ => String::new(),
        }
    }

    fn values(&mut self) -> Parse<Vec<String>> {
        if !self.is_sign("(") {
            let found = self.peek().map_or("", Token::text);
            return Err(format!("found '{found}' expected: '('"));
        }
        self.at += 1;
        let mut out = Vec::new();
        loop {
            match self.next() {
                Some(Token::Word(word)) => {
                    out.push(word);
                    match self.next() {
                        Some(Token::Sign(",")) => {}
                        Some(Token::Sign(")")) => break,
                        other => {
                            let found = other.as_ref().map_or("", Token::text);
                            return Err(format!("found '{found}', expected: ',' or ')'"));
                        }
                    }
                }
                Some(Token::Sign(",")) => out.push(String::new()),
                Some(Token::Sign(")")) => {
                    out.push(String::new());
                    break;
                }
                other => {
                    let found = other.as_ref().map_or("", Token::text);
                    return Err(format!("found '{found}', expected: ',', ')' or identifier"));
                }
            }
        }
        out.sort();
        out.dedup();
        Ok(out)
    }
}

fn check_key(key: &str) -> Parse<()> {
    let name = key.rsplit_once('/').map_or(key, |(_, n)| n);
    if qualified(name) {
        return Ok(());
    }
    Err(format!(
        "key: Invalid value: {key:?}: name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
    ))
}

fn check_value(key: &str, n: usize, value: &str) -> Parse<()> {
    if value.len() > 63 {
        return Err(format!("values[{n}][{key}]: Invalid value: {value:?}: must be no more than 63 bytes"));
    }
    if value.is_empty() || qualified(value) {
        return Ok(());
    }
    Err(format!(
        "values[{n}][{key}]: Invalid value: {value:?}: a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
    ))
}

fn qualified(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    edge(text.chars().next())
        && edge(text.chars().last())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

impl LabelSelector {
    /// Reads the query parameter.
    pub(crate) fn parse(text: &str) -> ApiResult<Self> {
        let mut parser = Parser { tokens: tokens(text), at: 0 };
        parser.requirements().map(Self).map_err(ApiError::bad_request)
    }

    /// Reads a `LabelSelector` object. Nothing selects nothing; an empty one selects everything.
    pub(crate) fn from_object(selector: Option<&Value>) -> Option<Self> {
        let selector = selector?;
        let mut out = Vec::new();
        for (key, value) in
            selector.get("matchLabels").and_then(Value::as_object).into_iter().flat_map(Map::iter)
        {
            let values = vec![value.as_str().unwrap_or_default().to_owned()];
            out.push(Requirement { key: key.to_string(), op: Op::In, values });
        }
        let expressions = selector.get("matchExpressions").and_then(Value::as_array).unwrap_or_default();
        for expression in expressions {
            let op = match expression.get("operator").and_then(Value::as_str) {
                Some("In") => Op::In,
                Some("NotIn") => Op::NotIn,
                Some("Exists") => Op::Exists,
                Some("DoesNotExist") => Op::Missing,
                _ => return None,
            };
            let values = expression.get("values").and_then(Value::as_array).unwrap_or_default();
            out.push(Requirement {
                key: expression.get("key").and_then(Value::as_str).unwrap_or_default().to_owned(),
                op,
                values: values.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            });
        }
        Some(Self(out))
    }

    /// Builds a selector from a plain map of labels (Services, ReplicationControllers).
    pub(crate) fn from_map(labels: &Map) -> Self {
        let requirement = |(key, value): (&fairway_value::Str, &Value)| Requirement {
            key: key.to_string(),
            op: Op::In,
            values: vec![value.as_str().unwrap_or_default().to_owned()],
        };
        Self(labels.iter().map(requirement).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an object's labels satisfy every requirement.
    pub(crate) fn matches(&self, object: &Value) -> bool {
        self.0.is_empty() || self.matches_labels(object.get_path(&["metadata", "labels"]))
    }

    /// Whether a map of labels satisfies every requirement.
    pub(crate) fn matches_labels(&self, labels: Option<&Value>) -> bool {
        self.0.iter().all(|r| {
            let value = labels.and_then(|l| l.get(&r.key)).and_then(Value::as_str);
            let number = || value?.parse::<i64>().ok();
            let bound = || r.values.first()?.parse::<i64>().ok();
            match r.op {
                Op::Exists => value.is_some(),
                Op::Missing => value.is_none(),
                Op::In => value.is_some_and(|v| r.values.iter().any(|x| x == v)),
                Op::NotIn => value.is_none_or(|v| r.values.iter().all(|x| x != v)),
                Op::Gt => number().zip(bound()).is_some_and(|(v, b)| v > b),
                Op::Lt => number().zip(bound()).is_some_and(|(v, b)| v < b),
            }
        })
    }

    /// Writes the selector as `kubectl` prints it and as `status.selector` holds it: `a=b,c in (d,e)`.
    pub(crate) fn text(&self) -> String {
        let mut parts: Vec<(&str, String)> = self
            .0
            .iter()
            .map(|r| {
                let key = &r.key;
                let text = match (r.op, r.values.as_slice()) {
                    (Op::In, [one]) => format!("{key}={one}"),
                    (Op::NotIn, [one]) => format!("{key}!={one}"),
                    (Op::In, many) => format!("{key} in ({})", sorted(many)),
                    (Op::NotIn, many) => format!("{key} notin ({})", sorted(many)),
                    (Op::Exists, _) => key.clone(),
                    (Op::Missing, _) => format!("!{key}"),
                    (Op::Gt, v) => format!("{key}>{}", v.join("")),
                    (Op::Lt, v) => format!("{key}<{}", v.join("")),
                };
                (key.as_str(), text)
            })
            .collect();
        parts.sort_by(|a, b| a.0.cmp(b.0));
        parts.into_iter().map(|(_, t)| t).collect::<Vec<_>>().join(",")
    }
}

fn sorted(values: &[String]) -> String {
    let mut values = values.to_vec();
    values.sort();
    values.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_value::from_json;

    #[test]
    fn requirements_hold_as_in_kubernetes() {
        let object = from_json(br#"{"metadata":{"labels":{"app":"x","n":"7"}}}"#).unwrap();
        for (selector, expect) in [
            ("app=x", true),
            ("app==x,n", true),
            ("app!=x", false),
            ("other!=x", true),
            ("app in (x, y)", true),
            ("app notin (x)", false),
            ("!other", true),
            ("n>6", true),
            ("n<7", false),
            ("", true),
        ] {
            assert_eq!(LabelSelector::parse(selector).unwrap().matches(&object), expect, "{selector}");
        }
    }

    #[test]
    fn errors_are_the_servers() {
        for (selector, message) in [
            ("app in (x", "unable to parse requirement: found '', expected: ',' or ')'"),
            ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ] {
            assert_eq!(LabelSelector::parse(selector).unwrap_err().message, message);
        }
    }
}
