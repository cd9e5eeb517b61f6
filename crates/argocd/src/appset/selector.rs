use crate::appset::params::go_text;
use fairway_core::{Map, Str, Value};

/// One demand on labels.
enum Demand {
    In(Str, Vec<Str>),
    NotIn(Str, Vec<Str>),
    Exists(Str),
    DoesNotExist(Str),
}

/// A label selector without Kubernetes' rules for label values, so that it can match addresses too.
pub(crate) struct Selector {
    demands: Vec<Demand>,
}

impl Selector {
    /// Reads `matchLabels` and `matchExpressions`.
    pub fn parse(value: &Value) -> Result<Self, String> {
        let mut demands = Vec::new();
        for (key, value) in
            value.get("matchLabels").and_then(Value::as_object).into_iter().flat_map(Map::iter)
        {
            demands.push(Demand::In(key.clone(), vec![go_text(value)]));
        }
        for expression in value.get("matchExpressions").and_then(Value::as_array).unwrap_or_default() {
            demands.push(demand(expression)?);
        }
        for demand in &demands {
            let (Demand::In(key, _)
            | Demand::NotIn(key, _)
            | Demand::Exists(key)
            | Demand::DoesNotExist(key)) = demand;
            check_key(key)?;
        }
        Ok(Self { demands })
    }

    /// Whether nothing is demanded.
    pub fn is_empty(&self) -> bool {
        self.demands.is_empty()
    }

    /// Whether labels meet all demands.
    pub fn matches(&self, labels: &Map) -> bool {
        let get = |key: &str| labels.get(key).and_then(Value::as_str);
        self.demands.iter().all(|demand| match demand {
            Demand::In(key, values) => get(key).is_some_and(|v| values.iter().any(|w| w == v)),
            Demand::NotIn(key, values) => get(key).is_none_or(|v| values.iter().all(|w| w != v)),
            Demand::Exists(key) => get(key).is_some(),
            Demand::DoesNotExist(key) => get(key).is_none(),
        })
    }
}

/// Whether a label selector matches an object's labels.
///
/// # Errors
/// The selector has an operator that is not known or a key that is no label's.
pub fn selects(selector: &Value, labels: &Map) -> Result<bool, String> {
    Selector::parse(selector).map(|s| s.matches(labels))
}

fn demand(expression: &Value) -> Result<Demand, String> {
    let text = |key: &str| Str::from(expression.get(key).and_then(Value::as_str).unwrap_or_default());
    let values: Vec<Str> =
        expression.get("values").and_then(Value::as_array).unwrap_or_default().iter().map(go_text).collect();
    let key = text("key");
    let operator = text("operator");
    match (operator.as_str(), values.is_empty()) {
        ("In" | "NotIn", true) => Err(format!(
            "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty: {key}"
        )),
        ("In", false) => Ok(Demand::In(key, values)),
        ("NotIn", false) => Ok(Demand::NotIn(key, values)),
        ("Exists" | "DoesNotExist", false) => {
            Err(format!("values: values set must be empty for exists and does not exist: {key}"))
        }
        ("Exists", true) => Ok(Demand::Exists(key)),
        ("DoesNotExist", true) => Ok(Demand::DoesNotExist(key)),
        _ => Err(format!("{operator:?} is not a valid pod selector operator")),
    }
}

/// Checks a label key as Kubernetes' `IsQualifiedName`: `prefix/name`, the name of at most 63 bytes.
fn check_key(key: &str) -> Result<(), String> {
    let (prefix, name) = key.split_once('/').map_or((None, key), |(p, n)| (Some(p), n));
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let ends = name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.ends_with(|c: char| c.is_ascii_alphanumeric());
    let valid_prefix = prefix.is_none_or(|p| {
        !p.is_empty()
            && p.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.'))
    });
    if ends && name.len() <= 63 && name.chars().all(inner) && valid_prefix {
        Ok(())
    } else {
        Err(format!(
            "key: Invalid value: {key:?}: name part must consist of alphanumeric characters, '-', '_' or '.'"
        ))
    }
}
