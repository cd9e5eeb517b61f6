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
    exact: BTreeMap<(String, String), usize>,
    wild: Vec<(String, String, usize)>,
}

fn build() -> Result<Table, String> {
    let mut table = Table { programs: Vec::new(), exact: BTreeMap::new(), wild: Vec::new() };
    for text in TEXTS {
        for program in parse(text)? {
            let at = table.programs.len();
            for (group, kind) in &program.kinds {
                if group.contains('*') || kind.contains('*') {
                    table.wild.push((group.clone(), kind.clone(), at));
                } else {
                    table.exact.insert((group.clone(), kind.clone()), at);
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
    let at = table.exact.get(&(group.to_owned(), kind.to_owned())).copied().or_else(|| {
        let matches =
            |(g, k, _): &&(String, String, usize)| glob_match(g, group, None) && glob_match(k, kind, None);
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
        assert_eq!(named, table.exact.len() + table.wild.len());
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
