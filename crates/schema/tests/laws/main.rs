//! Laws of field ownership and of server-side apply, over random objects and random types.

mod foreseen;
mod made;

use fairway_schema::managed::{Set, Write, apply, equal};
use fairway_schema::{Schemas, defaults, merge, quantity};
use fairway_value::{Value, from_json};
use proptest::prelude::*;

fn crd() -> Schemas {
    let crd = from_json(
        br#"{"metadata":{"name":"ws.x.io"},"spec":{"group":"x.io","names":{"kind":"W","plural":"ws"},"versions":[{"name":"v1",
        "served":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{
        "n":{"type":"integer","default":3},"free":{"type":"object","x-kubernetes-preserve-unknown-fields":true},
        "atom":{"type":"object","x-kubernetes-map-type":"atomic","additionalProperties":{"type":"string"}},
        "labels":{"type":"object","additionalProperties":{"type":"string"}},
        "list":{"type":"array","items":{"type":"string"}},
        "set":{"type":"array","x-kubernetes-list-type":"set","items":{"type":"string"}},
        "map":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],"items":{"type":"object",
        "required":["k"],"properties":{"k":{"type":"string"},"v":{"type":"integer"},"d":{"type":"string","default":"x"}}}}}}}}}}]}}"#,
    )
    .expect("the CRD is JSON");
    Schemas::with_crds([&crd]).expect("the CRD is whole")
}

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "c", "d", "e"]).prop_map(str::to_owned)
}

fn words() -> impl Strategy<Value = Value> {
    prop::collection::vec(word(), 0..4).prop_map(|w| w.into_iter().map(Value::from).collect())
}

fn unique_words() -> impl Strategy<Value = Value> {
    prop::collection::btree_set(word(), 1..4).prop_shuffle_words()
}

/// Shuffles what a set yields in order.
trait ShuffleWords {
    fn prop_shuffle_words(self) -> BoxedStrategy<Value>;
}

impl<S: Strategy<Value = std::collections::BTreeSet<String>> + 'static> ShuffleWords for S {
    fn prop_shuffle_words(self) -> BoxedStrategy<Value> {
        self.prop_map(|s| s.into_iter().collect::<Vec<_>>())
            .prop_shuffle()
            .prop_map(|w| w.into_iter().map(Value::from).collect())
            .boxed()
    }
}

fn string_map() -> impl Strategy<Value = Value> {
    prop::collection::btree_map(word(), word(), 1..4)
        .prop_map(|m| m.into_iter().map(|(k, v)| (k, Value::from(v))).collect())
}

fn entries() -> impl Strategy<Value = Value> {
    prop::collection::btree_map(word(), prop::option::of(0_i64..5), 1..4)
        .prop_map(|m| m.into_iter().collect::<Vec<_>>())
        .prop_shuffle()
        .prop_map(|entries| {
            let one = |(k, v): (String, Option<i64>)| {
                let mut entry = Value::object();
                entry.set_path(&["k"], k);
                if let Some(v) = v {
                    entry.set_path(&["v"], v);
                }
                entry
            };
            entries.into_iter().map(one).collect()
        })
}

fn configuration() -> impl Strategy<Value = Value> {
    let field = |s: BoxedStrategy<Value>| prop::option::of(s);
    (
        field((0_i64..9).prop_map(Value::from).boxed()),
        field(string_map().boxed()),
        field(string_map().boxed()),
        field(string_map().boxed()),
        field(words().boxed()),
        field(unique_words().boxed()),
        field(entries().boxed()),
        field(string_map().boxed()),
    )
        .prop_map(|(n, free, atom, labels, list, set, map, meta)| {
            let mut object = Value::object();
            object.set_path(&["apiVersion"], "x.io/v1");
            object.set_path(&["kind"], "W");
            object.set_path(&["metadata", "name"], "w");
            object.set_path(&["metadata", "namespace"], "n");
            if let Some(meta) = meta {
                object.set_path(&["metadata", "labels"], meta);
            }
            let parts = [
                ("n", n),
                ("free", free),
                ("atom", atom),
                ("labels", labels),
                ("list", list),
                ("set", set),
                ("map", map),
            ];
            for (key, value) in parts {
                if let Some(value) = value {
                    object.set_path(&["spec", key], value);
                }
            }
            object
        })
}

fn write(manager: &str) -> Write<'_> {
    Write {
        manager,
        api_version: "x.io/v1",
        kind: "W",
        subresource: "",
        force: true,
        now: "2024-01-01T00:00:00Z",
    }
}

fn sets() -> impl Strategy<Value = Set> {
    let leaf = prop::collection::btree_map("f:[a-d]|v:\"[ab]\"", Just(Value::object()), 0..3);
    let tree = leaf.prop_map(|m| m.into_iter().collect::<Value>()).prop_recursive(3, 16, 3, |inner| {
        prop::collection::btree_map("f:[a-d]|k:\\{\"n\":[12]\\}|\\.", inner, 0..4).prop_map(|m| {
            m.into_iter().map(|(k, v)| if k == "." { (k, Value::object()) } else { (k, v) }).collect()
        })
    });
    tree.prop_map(|v| Set::parse(&v).expect("every key is of a known kind"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn applying_twice_is_applying_once(
        first in configuration(), other in configuration(), again in configuration()
    ) {
        let schemas = crd();
        let mut live = apply(None, &first, &write("a"), &schemas).expect("the first apply fits its type");
        live = apply(Some(&live), &other, &write("b"), &schemas).expect("so does the second manager's");
        let once = apply(Some(&live), &again, &write("a"), &schemas).expect("a forced apply meets no conflict");
        let twice = apply(Some(&once), &again, &write("a"), &schemas).expect("nor does it the second time");
        prop_assert_eq!(&once, &twice);
    }

    #[test]
    fn what_is_applied_is_live(config in configuration(), other in configuration()) {
        let schemas = crd();
        let live = apply(None, &other, &write("b"), &schemas).expect("it fits its type");
        let live = apply(Some(&live), &config, &write("a"), &schemas).expect("a forced apply meets no conflict");
        for key in ["n", "atom", "list"] {
            if let Some(stated) = config.get_path(&["spec", key]) {
                prop_assert!(live.get_path(&["spec", key]).is_some_and(|l| equal(l, stated)), "{}", key);
            }
        }
    }

    #[test]
    fn an_owner_takes_away_what_it_brought(first in configuration(), last in configuration()) {
        let schemas = crd();
        let live = apply(None, &first, &write("a"), &schemas).expect("it fits its type");
        let live = apply(Some(&live), &last, &write("a"), &schemas).expect("it fits its type");
        let fresh = apply(None, &last, &write("a"), &schemas).expect("it fits its type");
        // Alone, a manager gets what it would have got from nothing. The order of entries is the live one's.
        let sorted = |object: &Value| {
            let mut spec = object.get("spec").cloned().unwrap_or_default();
            for key in ["set", "map"] {
                if let Some(list) = spec.get_mut(key).and_then(Value::as_array_mut) {
                    list.make_mut().sort_by_key(ToString::to_string);
                }
            }
            spec
        };
        prop_assert_eq!(sorted(&live), sorted(&fresh));
    }

    #[test]
    fn set_algebra_holds(a in sets(), b in sets(), c in sets()) {
        prop_assert_eq!(a.union(&b), b.union(&a));
        prop_assert_eq!(a.union(&b).union(&c), a.union(&b.union(&c)));
        prop_assert_eq!(a.intersection(&b), b.intersection(&a));
        prop_assert!(a.difference(&a).is_empty());
        prop_assert_eq!(a.difference(&b).union(&a.intersection(&b)), a.clone());
        prop_assert!(a.difference(&b).intersection(&b).is_empty());
        prop_assert_eq!(Set::parse(&a.to_value()).expect("what is written can be read"), a);
    }

    #[test]
    fn defaulting_is_idempotent(config in configuration()) {
        let schemas = crd();
        let mut once = config;
        defaults::apply(&mut once, &schemas);
        let mut twice = once.clone();
        defaults::apply(&mut twice, &schemas);
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn a_merge_patch_leads_from_one_to_the_other(a in configuration(), b in configuration()) {
        let patch = merge::json_two_way(&a, &b);
        prop_assert_eq!(merge::json_merge(&a, &patch), b);
    }

    #[test]
    fn canonical_quantities_stay_as_they_are(text in "[+-]?[0-9]{1,6}(\\.[0-9]{1,4})?(Ki|Mi|Gi|m|u|n|k|M|G|e3|E2|)") {
        // `93.75Ki` is written as `96000`, which read again is `96k`: the server forgets what was counted in powers of two.
        let once = quantity::canonical(&text).expect("it is a quantity");
        let twice = quantity::canonical(&once).expect("it is still one");
        prop_assert_eq!(quantity::canonical(&twice), Some(twice.clone()));
        prop_assert!(twice == once || text.ends_with('i'), "{} became {}", once, twice);
    }

    #[test]
    fn broken_ownership_is_refused_and_never_panics(text in "\\PC{0,60}") {
        let mut fields = Value::object();
        fields.set_path(&[text.as_str()], Value::object());
        let _ = Set::parse(&fields);
        let _ = quantity::canonical(&text);
    }
}
