use super::eval::Run;
use super::parse::{Program, parse};
use fairway_core::{Health, HealthStatus, Object, glob_match};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The rules by kind. One text per part, so that each stays short enough to read.
const TEXTS: [&str; 3] =
    [include_str!("core.rules"), include_str!("platform.rules"), include_str!("promotion.rules")];

struct Table {
    programs: Vec<Program>,
    /// By group, then by kind.
    exact: BTreeMap<String, BTreeMap<String, usize>>,
    wild: Vec<(Pattern, Pattern, usize)>,
}

/// A group or kind with stars in it. Most have one at an end, which is quickly looked at.
enum Pattern {
    Any,
    Is(String),
    Ends(String),
    Starts(String),
    Glob(String),
}

impl Pattern {
    fn new(text: &str) -> Self {
        let plain = |t: &str| !t.contains(['*', '?', '[', '{', '\\']);
        match (text.strip_prefix('*'), text.strip_suffix('*')) {
            (Some(""), _) => Self::Any,
            (Some(end), _) if plain(end) => Self::Ends(end.to_owned()),
            (_, Some(start)) if plain(start) => Self::Starts(start.to_owned()),
            _ if plain(text) => Self::Is(text.to_owned()),
            _ => Self::Glob(text.to_owned()),
        }
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Is(all) => text == all,
            Self::Ends(end) => text.ends_with(end.as_str()),
            Self::Starts(start) => text.starts_with(start.as_str()),
            Self::Glob(pattern) => glob_match(pattern, text, None),
        }
    }
}

fn build() -> Result<Table, String> {
    let mut table = Table { programs: Vec::new(), exact: BTreeMap::new(), wild: Vec::new() };
    for text in TEXTS {
        for program in parse(text)? {
            let at = table.programs.len();
            for (group, kind) in &program.kinds {
                if group.contains('*') || kind.contains('*') {
                    table.wild.push((Pattern::new(group), Pattern::new(kind), at));
                } else {
                    table.exact.entry(group.clone()).or_default().insert(kind.clone(), at);
                }
            }
            table.programs.push(program);
        }
    }
    Ok(table)
}

fn table() -> Option<&'static Table> {
    static TABLE: OnceLock<Option<Table>> = OnceLock::new();
    // The table is part of the program; a test proves that it can be read.
    TABLE.get_or_init(|| build().ok()).as_ref()
}

/// Judges an object by the rules of a kind; nothing where the kind has none.
pub(crate) fn assess_as(group: &str, kind: &str, object: &Object) -> Option<Health> {
    let table = table()?;
    let exact = table.exact.get(group).and_then(|kinds| kinds.get(kind)).copied();
    let at = exact.or_else(|| {
        let matches = |(g, k, _): &&(Pattern, Pattern, usize)| k.matches(kind) && g.matches(group);
        table.wild.iter().find(matches).map(|(.., at)| *at)
    })?;
    match Run::new(object.value()).judge(&table.programs[at].lines) {
        Ok(judged) => judged,
        Err(why) => Some(Health::new(HealthStatus::Unknown, why)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_can_be_read_and_names_no_kind_twice() {
        let table = build().unwrap_or_else(|why| panic!("{why}"));
        let named: usize = table.programs.iter().map(|p| p.kinds.len()).sum();
        let exact: usize = table.exact.values().map(BTreeMap::len).sum();
        assert_eq!(named, exact + table.wild.len());
    }

    fn judge(json: &str) -> (String, String) {
        let object = Object::new(fairway_value::from_json(json.as_bytes()).unwrap());
        let health = assess_as(object.group(), object.kind(), &object).unwrap();
        (health.status.to_string(), health.message.to_string())
    }

    #[test]
    fn conditions_decide_in_their_order() {
        let issuer = |conditions: &str| {
            judge(&format!(
                r#"{{"apiVersion":"cert-manager.io/v1","kind":"Issuer","status":{{"conditions":[{conditions}]}}}}"#
            ))
        };
        let ready = r#"{"type":"Ready","status":"True","message":"ok"}"#;
        assert_eq!(issuer(ready), ("Healthy".into(), "ok".into()));
        assert_eq!(issuer(""), ("Progressing".into(), "Initializing issuer".into()));
    }
}
