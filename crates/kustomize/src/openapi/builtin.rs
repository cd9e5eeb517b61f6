use super::{Definitions, Schema};
use fairway_value::Str;
use std::collections::HashMap;
use std::sync::OnceLock;

/// Two tables, one entry a line.
///
/// 1. `SCOPE APIVERSION KIND DEFINITION`: scope is `C`luster or `N`amespaced, upper case where kustomize knows it without
///    its schema, `-` where unknown; the definition is `.` where it holds no list and `-` where there is none.
/// 2. `DEFINITION FIELD=TYPE…` with the fields that lead to lists: a type is the name of a definition, `{` before it is a
///    map of it, `[` before it a list, `*KEYS` after it a list merged by keys (or by value where there are none).
const TABLE: &str = include_str!("builtin.txt");

/// Kubernetes 1.21.2 as kustomize has it built in.
pub fn definitions() -> &'static Definitions {
    static DEFINITIONS: OnceLock<Definitions> = OnceLock::new();
    DEFINITIONS.get_or_init(|| {
        let (types, fields) = TABLE.split_once("\n\n").unwrap_or((TABLE, ""));
        let mut all = Definitions::default();
        for line in types.lines() {
            let mut words = line.split(' ');
            let (Some(scope), Some(version), Some(kind), Some(name)) =
                (words.next(), words.next(), words.next(), words.next())
            else {
                continue;
            };
            let key = (Str::from(version), Str::from(kind));
            if let "N" | "n" | "C" | "c" = scope {
                all.namespaced.insert(key.clone(), scope.eq_ignore_ascii_case("n"));
            }
            if name != "-" {
                all.by_type.insert(key, name.into());
            }
        }
        all.by_name.insert(".".into(), Schema::default());
        for line in fields.lines() {
            let mut words = line.split(' ');
            let Some(name) = words.next() else { continue };
            let properties = words
                .filter_map(|w| w.split_once('='))
                .map(|(field, code)| (Str::from(field), schema(code)))
                .collect();
            all.by_name.insert(name.into(), Schema { properties, ..Schema::default() });
        }
        all
    })
}

fn schema(code: &str) -> Schema {
    if let Some(element) = code.strip_prefix('[') {
        let (element, keys) = match element.split_once('*') {
            Some((element, keys)) => (element, Some(keys)),
            None => (element, None),
        };
        return Schema {
            is_array: true,
            items: Some(Box::new(schema(element))),
            strategy: keys.map(|_| "merge".into()),
            keys: keys.unwrap_or_default().split(',').filter(|k| !k.is_empty()).map(Str::from).collect(),
            ..Schema::default()
        };
    }
    if let Some(value) = code.strip_prefix('{') {
        return Schema { additional: Some(Box::new(schema(value))), ..Schema::default() };
    }
    Schema { reference: code.into(), ..Schema::default() }
}

/// The types of kustomization files themselves, which are known whatever schema is in force.
pub fn kustomization() -> &'static Definitions {
    static DEFINITIONS: OnceLock<Definitions> = OnceLock::new();
    DEFINITIONS.get_or_init(|| {
        let mut own = Definitions::default();
        let key = (Str::from("kustomize.config.k8s.io/v1beta1"), Str::from("Kustomization"));
        if let Some(name) = definitions().by_type.get(&key) {
            own.by_name.extend(definitions().by_name.get(name).map(|schema| (name.clone(), schema.clone())));
            own.by_type.insert(key, name.clone());
        }
        own
    })
}

/// What kustomize knows about scopes without any schema.
pub fn precomputed_scopes() -> &'static HashMap<(Str, Str), bool> {
    static SCOPES: OnceLock<HashMap<(Str, Str), bool>> = OnceLock::new();
    SCOPES.get_or_init(|| {
        let types = TABLE.split("\n\n").next().unwrap_or_default();
        let known = types.lines().filter(|l| l.starts_with(['N', 'C']));
        known
            .filter_map(|line| {
                let mut words = line.split(' ');
                let (scope, version, kind) = (words.next()?, words.next()?, words.next()?);
                Some(((Str::from(version), Str::from(kind)), scope == "N"))
            })
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_merge_by_two_keys_and_tolerations_do_not() {
        let all = definitions();
        let pod = all.of_type("v1", "Pod").unwrap();
        let spec = all.field(pod, "spec").unwrap();
        let containers = all.field(spec, "containers").unwrap();
        assert!(containers.merges());
        let container = all.elements(containers).unwrap();
        assert_eq!(all.field(container, "ports").unwrap().keys, ["containerPort", "protocol"]);
        assert!(!all.field(spec, "tolerations").unwrap().merges());
    }

    #[test]
    fn scopes_are_known_with_and_without_the_schema() {
        let cluster_role = (Str::from("rbac.authorization.k8s.io/v1"), Str::from("ClusterRole"));
        assert_eq!(precomputed_scopes().get(&cluster_role), Some(&false));
        assert_eq!(definitions().namespaced.get(&cluster_role), Some(&false));
        let unknown = (Str::from("example.com/v1"), Str::from("ClusterRole"));
        assert_eq!(precomputed_scopes().get(&unknown), None);
    }
}
