//! Field ownership, server-side apply, predictions, diffs for people and packed values, from whatever JSON: bounded, never a panic,
//! and what is applied is afterwards found unchanged.

use fairway_diff::{Options, Outcome, is_suspect, outcome, text::unified};
use fairway_schema::managed::{Set, Write, apply};
use fairway_schema::{Schemas, canonical, defaults, validate};
use fairway_value::{Dictionary, Value, from_json};

/// Kinds that hold most shapes: lists by key, atomic parts, quantities, free parts.
const KINDS: [(&str, &str); 6] = [
    ("apps/v1", "Deployment"),
    ("v1", "Service"),
    ("v1", "Secret"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("apps/v1", "ControllerRevision"),
];

/// Takes one input.
pub fn ownership(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let half = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
    let Ok(mut desired) = from_json(&rest[..half]) else { return };
    let mut live = from_json(rest.get(half + 1..).unwrap_or_default()).unwrap_or_default();
    let dictionary = Dictionary::default();
    for value in [&desired, &live] {
        let packed = dictionary.pack(value);
        assert_eq!(dictionary.unpack(&packed).to_string(), value.to_string());
        if let Ok(set) = Set::parse(value) {
            assert_eq!(set.union(&set), set);
            assert!(set.difference(&set).is_empty());
            let again = Set::parse(&set.to_value()).expect("a set reads what it wrote");
            assert_eq!(again, set);
        }
    }
    let (api_version, kind) = KINDS[usize::from(*first) % KINDS.len()];
    for object in [&mut desired, &mut live] {
        if object.as_object().is_none() {
            *object = Value::object();
        }
        object.set_path(&["apiVersion"], api_version);
        object.set_path(&["kind"], kind);
    }
    let schemas = Schemas::builtin();
    let _ = unified(Some(&live), Some(&desired));
    let _ = is_suspect(&desired, schemas);
    let _ = outcome(&desired, Some(&live), "fairway", schemas, &Options::default());
    let _ = validate::create(&desired, schemas);
    let mut stored = live.clone();
    if canonical::canonicalize(&mut stored, schemas).is_err() {
        return;
    }
    defaults::apply(&mut stored, schemas);
    let write = Write {
        manager: "fairway",
        api_version,
        kind,
        subresource: "",
        force: true,
        now: "2026-01-01T00:00:00Z",
    };
    let Ok(once) = apply(Some(&stored), &desired, &write, schemas) else { return };
    let Ok(twice) = apply(Some(&once), &desired, &write, schemas) else { return };
    // The addresses of a Service are given by a server, which an apply by itself is not.
    if kind == "Service" && twice.get_path(&["spec", "clusterIP"]).is_none() {
        return;
    }
    if let Outcome::Changed(found) = outcome(&desired, Some(&twice), "fairway", schemas, &Options::default())
    {
        let Ok(thrice) = apply(Some(&twice), &desired, &write, schemas) else { return };
        assert_ne!(thrice, twice, "changes are predicted that no apply makes: {found:?}");
    }
}
