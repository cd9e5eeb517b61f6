use super::Schema;
use fairway_value::Str;
use std::sync::OnceLock;

// `builtin.txt` holds two tables, one entry a line, in the order of their keys; the build script lays them out.
//
// 1. `SCOPE APIVERSION KIND DEFINITION`: scope is `C`luster or `N`amespaced, upper case where kustomize knows it without
//    its schema, `-` where unknown; the definition is `.` where it holds no list and `-` where there is none.
// 2. `DEFINITION FIELD=TYPE…` with the fields that lead to lists: a type is the name of a definition, `{` before it is a
//    map of it, `[` before it a list, `*KEYS` after it a list merged by keys (or by value where there are none).
include!(concat!(env!("OUT_DIR"), "/builtin.rs"));

/// Definition of types that hold no list.
const PLAIN: &str = ".";

/// A type of Kubernetes 1.21.2 as kustomize has it built in.
#[derive(Clone, Copy)]
pub struct BuiltinType {
    /// Whether objects of the type are namespaced, where that is known.
    pub namespaced: Option<bool>,
    /// Whether kustomize knows the scope without any schema.
    pub is_precomputed: bool,
    /// Name of the definition, where there is one.
    pub definition: Option<&'static str>,
}

/// Looks a type up.
pub fn builtin_type(api_version: &str, kind: &str) -> Option<BuiltinType> {
    let at = TYPES.binary_search_by(|(v, k, _)| (*v, *k).cmp(&(api_version, kind))).ok()?;
    Some(TYPES[at].2)
}

/// Returns a built-in definition.
pub fn definition(name: &str) -> Option<&'static Schema> {
    static NOTHING: OnceLock<Schema> = OnceLock::new();
    /// Those that have been asked for: a build needs few of them.
    static SCHEMAS: [OnceLock<Box<Schema>>; DEFINITIONS.len()] =
        [const { OnceLock::new() }; DEFINITIONS.len()];
    if name == PLAIN {
        return Some(NOTHING.get_or_init(Schema::default));
    }
    let at = DEFINITIONS.binary_search_by(|(key, _)| (*key).cmp(name)).ok()?;
    Some(SCHEMAS[at].get_or_init(|| {
        let fields = DEFINITIONS[at].1.iter();
        let properties = fields.map(|(field, code)| (Str::from(*field), schema(code))).collect();
        Box::new(Schema { properties, ..Schema::default() })
    }))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openapi::Definitions;

    #[test]
    fn ports_merge_by_two_keys_and_tolerations_do_not() {
        let all = Definitions::builtin();
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
        let role = builtin_type("rbac.authorization.k8s.io/v1", "ClusterRole").unwrap();
        assert_eq!((role.namespaced, role.is_precomputed), (Some(false), true));
        assert!(builtin_type("example.com/v1", "ClusterRole").is_none());
    }

    #[test]
    fn every_line_is_found_by_its_key() {
        for (version, kind, _) in TYPES {
            assert!(builtin_type(version, kind).is_some(), "{version} {kind}");
        }
        for (name, _) in DEFINITIONS {
            assert!(definition(name).is_some(), "{name}");
        }
    }
}
