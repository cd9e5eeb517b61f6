//! Endpoints have no order: Argo CD sorts their addresses, and their ports and subsets by a hash of how Go prints them.
//!
//! Source: gitops-engine `pkg/diff/diff.go` `normalizeEndpoint`, Kubernetes `pkg/api/v1/endpoints` and `pkg/util/hash`, and go-spew,
//! whose text under `%#v` is what is hashed: each value with its Go type, fields in the order of the struct.

use crate::client::text;
use fairway_schema::{Schemas, canonical};
use fairway_value::Value;
use md5::{Digest, Md5};
use std::cmp::Ordering;

const ADDRESS: &[(&str, &str)] =
    &[("IP", "ip"), ("Hostname", "hostname"), ("NodeName", "*nodeName"), ("TargetRef", "*targetRef")];
const PORT: &[(&str, &str)] =
    &[("Name", "name"), ("Port", "port"), ("Protocol", "protocol"), ("AppProtocol", "*appProtocol")];
const REFERENCE: &[(&str, &str)] = &[
    ("Kind", "kind"),
    ("Namespace", "namespace"),
    ("Name", "name"),
    ("UID", "uid"),
    ("APIVersion", "apiVersion"),
    ("ResourceVersion", "resourceVersion"),
    ("FieldPath", "fieldPath"),
];
const LISTS: [(&str, &str); 3] =
    [("Addresses", "addresses"), ("NotReadyAddresses", "notReadyAddresses"), ("Ports", "ports")];

/// Brings Endpoints into the form in which they are compared. What does not fit the Go type stays as it is.
///
/// Differs: addresses that are equal to the sort (one IP, and one target or none) keep their order; Go's sort, which is not stable,
/// may swap them in lists of more than twelve.
pub(crate) fn normalize(endpoints: &mut Value, schemas: &Schemas) {
    let Some(mut form) = canonical::go_form(endpoints, schemas, false) else { return };
    let given = endpoints.get("subsets").and_then(Value::as_array).unwrap_or_default();
    if let Some(subsets) = form.get_mut("subsets").and_then(Value::as_array_mut) {
        let none = Value::Null;
        let mut sorted: Vec<([u8; 16], Value)> = Vec::new();
        for (n, subset) in subsets.iter().enumerate() {
            let mut subset = subset.clone();
            for key in ["addresses", "notReadyAddresses"] {
                if let Some(list) = subset.get_mut(key).and_then(Value::as_array_mut) {
                    list.make_mut().sort_by(by_ip_and_uid);
                }
            }
            if let Some(ports) = subset.get_mut("ports").and_then(Value::as_array_mut) {
                for port in ports.make_mut().iter_mut().filter_map(Value::as_object_mut) {
                    if !port.contains_key("protocol") {
                        port.insert("protocol", "TCP");
                    }
                }
                ports
                    .make_mut()
                    .sort_by_cached_key(|port| hash(&format!("(v1.EndpointPort){}", shown(port, PORT))));
            }
            sorted.push((hash(&shown_subset(&subset, given.get(n).unwrap_or(&none))), subset));
        }
        sorted.sort_by_key(|(hash, _)| *hash);
        let sorted: Vec<Value> = sorted.into_iter().map(|(_, subset)| subset).collect();
        form.set_path(&["subsets"], sorted);
    }
    *endpoints = form;
}

fn by_ip_and_uid(a: &Value, b: &Value) -> Ordering {
    let target = |v: &Value| v.get("targetRef").map(|t| text(t, "uid").to_owned());
    text(a, "ip").cmp(text(b, "ip")).then_with(|| target(a).cmp(&target(b)))
}

fn hash(text: &str) -> [u8; 16] {
    Md5::digest(text.as_bytes()).into()
}

/// A struct as go-spew writes it: `{Name:(string)a Port:(int32)80}`. Keys with `*` are pointers.
fn shown(value: &Value, fields: &[(&str, &str)]) -> String {
    let parts: Vec<String> = fields
        .iter()
        .map(|(name, key)| {
            let pointer = key.starts_with('*');
            let key = key.trim_start_matches('*');
            let star = if pointer { "*" } else { "" };
            let inner = value.get(key);
            let (ty, shown_value) = match key {
                "port" => ("int32", inner.map_or_else(|| "0".to_owned(), Value::to_string)),
                "targetRef" => ("v1.ObjectReference", inner.map(|v| shown(v, REFERENCE)).unwrap_or_default()),
                "uid" => ("types.UID", text(value, key).to_owned()),
                "protocol" => ("v1.Protocol", text(value, key).to_owned()),
                _ => ("string", text(value, key).to_owned()),
            };
            let shown_value = if pointer && inner.is_none() { "<nil>" } else { &shown_value };
            format!("{name}:({star}{ty}){shown_value}")
        })
        .collect();
    format!("{{{}}}", parts.join(" "))
}

/// `given` is the subset as it was before it was brought into the type's form, which forgets lists that are empty.
fn shown_subset(subset: &Value, given: &Value) -> String {
    let lists: Vec<String> = LISTS
        .iter()
        .map(|(name, key)| {
            let (ty, fields) =
                if *key == "ports" { ("EndpointPort", PORT) } else { ("EndpointAddress", ADDRESS) };
            let items = subset.get(key).and_then(Value::as_array);
            let inner = match items {
                Some(items) => {
                    let items: Vec<String> = items.iter().map(|item| shown(item, fields)).collect();
                    format!("[{}]", items.join(" "))
                }
                None if given.get(key).is_some_and(|v| v.as_array().is_some()) => "[]".to_owned(),
                None => "<nil>".to_owned(),
            };
            format!("{name}:([]v1.{ty}){inner}")
        })
        .collect();
    format!("(v1.EndpointSubset){{{}}}", lists.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_value::from_json;

    /// What Argo CD's diff library made of the same subsets.
    fn check(subsets: &str, expect: &str) {
        let text = format!(
            r#"{{"apiVersion":"v1","kind":"Endpoints","metadata":{{"name":"e"}},"subsets":{subsets}}}"#
        );
        let mut endpoints = from_json(text.as_bytes()).unwrap();
        normalize(&mut endpoints, Schemas::builtin());
        assert_eq!(endpoints.get("subsets").unwrap().to_string(), expect);
    }

    #[test]
    fn ports_stand_in_the_order_of_their_hashes() {
        check(
            r#"[{"ports":[{"name":"a","port":1},{"name":"a","port":1,"appProtocol":""},
            {"name":"b","port":80,"protocol":"UDP"},{"port":443,"appProtocol":"http"},
            {"name":"d","port":53,"protocol":"SCTP"},{"name":"é\"\\","port":54}]}]"#,
            concat!(
                r#"[{"ports":[{"name":"é\"\\","port":54,"protocol":"TCP"},{"name":"d","port":53,"protocol":"SCTP"},"#,
                r#"{"appProtocol":"http","port":443,"protocol":"TCP"},{"name":"a","port":1,"protocol":"TCP"},"#,
                r#"{"name":"b","port":80,"protocol":"UDP"},{"appProtocol":"","name":"a","port":1,"protocol":"TCP"}]}]"#
            ),
        );
    }

    #[test]
    fn addresses_stand_in_the_order_of_ip_and_target_and_subsets_in_that_of_their_hashes() {
        check(
            r#"[{"addresses":[{"ip":"10.0.0.2","targetRef":{"kind":"Pod","name":"p","namespace":"n","uid":"2"}},
            {"ip":"10.0.0.2","targetRef":{"uid":"1"}},{"ip":"10.0.0.2","hostname":"h"},
            {"ip":"10.0.0.10","nodeName":"node"}],"ports":[{"port":1}]},
            {"notReadyAddresses":[{"ip":"10.0.0.3","nodeName":""},{"ip":"10.0.0.1","targetRef":{}}],
            "ports":[{"port":1},{"port":2}]},
            {"addresses":[{"ip":"10.0.0.9"}]},{},{"ports":[{"port":7,"appProtocol":"x"}]},
            {"addresses":[{"ip":"10.0.0.9","targetRef":{"apiVersion":"v1","resourceVersion":"3","fieldPath":"f"}}],
            "notReadyAddresses":[{"ip":"10.0.0.8"}]}]"#,
            concat!(
                r#"[{"addresses":[{"ip":"10.0.0.9"}]},{},"#,
                r#"{"addresses":[{"ip":"10.0.0.9","targetRef":{"apiVersion":"v1","fieldPath":"f","resourceVersion":"3"}}],"#,
                r#""notReadyAddresses":[{"ip":"10.0.0.8"}]},"#,
                r#"{"addresses":[{"ip":"10.0.0.10","nodeName":"node"},{"hostname":"h","ip":"10.0.0.2"},"#,
                r#"{"ip":"10.0.0.2","targetRef":{"uid":"1"}},"#,
                r#"{"ip":"10.0.0.2","targetRef":{"kind":"Pod","name":"p","namespace":"n","uid":"2"}}],"#,
                r#""ports":[{"port":1,"protocol":"TCP"}]},{"ports":[{"appProtocol":"x","port":7,"protocol":"TCP"}]},"#,
                r#"{"notReadyAddresses":[{"ip":"10.0.0.1","targetRef":{}},{"ip":"10.0.0.3","nodeName":""}],"#,
                r#""ports":[{"port":1,"protocol":"TCP"},{"port":2,"protocol":"TCP"}]}]"#
            ),
        );
    }

    #[test]
    fn an_empty_list_is_not_none_to_the_hash() {
        let expect = |order: [u8; 3]| {
            let ports = order.map(|n| format!(r#"{{"ports":[{{"port":{n},"protocol":"TCP"}}]}}"#));
            format!("[{}]", ports.join(","))
        };
        let given = |last: &str| {
            format!(
                r#"[{{"ports":[{{"port":3}}],"addresses":[],"more":1}},{{"ports":[{{"port":4}}],"more":1}},
                {{"ports":[{{"port":5}}]{last}}}]"#
            )
        };
        check(&given(""), &expect([3, 4, 5]));
        check(&given(r#","addresses":[]"#), &expect([5, 3, 4]));
    }
}
