//! What random writes beside a real API server found to be taken or refused otherwise.

use super::{ask, make, send_to, server, text};
use fairway_value::Value;

#[test]
fn a_template_count_that_is_no_number_is_refused() {
    let (server, _) = server();
    let sets = "/apis/apps/v1/namespaces/default/daemonsets";
    let set = r#"{"apiVersion":"apps/v1","kind":"DaemonSet","metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"a":"b"}},
        "template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}"#;
    make(&server, sets, set);
    let patch = r#"[{"op":"replace","path":"/metadata/annotations/deprecated.daemonset.template.generation","value":null}]"#;
    let path = format!("{sets}/d");
    let (status, refused) = send_to(&server, "PATCH", &path, "application/json-patch+json", patch);
    assert_eq!(status, 422);
    let why = text(&refused, "/message");
    assert!(why.ends_with(r#"strconv.ParseInt: parsing "": invalid syntax"#), "{why}");
}

#[test]
fn a_node_has_a_taint_once() {
    let (server, _) = server();
    let node = |effect: &str| {
        format!(
            r#"{{"apiVersion":"v1","kind":"Node","metadata":{{"name":"n"}},"spec":{{"taints":[{{"key":"a","value":"b","effect":"NoSchedule"}},
               {{"key":"a","effect":"{effect}"}}]}}}}"#
        )
    };
    let (status, refused) = ask(&server, "POST", "/api/v1/nodes", &node("NoSchedule"));
    let expect = "Node \"n\" is invalid: metadata.taints[1]: Duplicate value: {\"Key\":\"a\",\"Value\":\"\",\"Effect\":\"NoSchedule\",\"TimeAdded\":null}: \
                  taints must be unique by key and effect pair";
    assert_eq!((status, text(&refused, "/message")), (422, expect));
    make(&server, "/api/v1/nodes", &node("NoExecute"));
}

#[test]
fn a_storage_class_may_leave_its_reclaim_policy_empty() {
    let (server, _) = server();
    let class = r#"{"apiVersion":"storage.k8s.io/v1","kind":"StorageClass","metadata":{"name":"s"},"provisioner":"a.b/c","reclaimPolicy":""}"#;
    make(&server, "/apis/storage.k8s.io/v1/storageclasses", class);
}

/// Where a schema keeps unknown fields further up, what it does not know is merged, and gone when it is read.
#[test]
fn unknown_fields_of_an_apply_count_though_they_are_not_kept() {
    let (server, _) = server();
    let definition = r#"{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"dots.x.io"},
        "spec":{"group":"x.io","scope":"Cluster","names":{"plural":"dots","singular":"dot","kind":"Dot"},"versions":[{"name":"v1",
        "served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object",
        "x-kubernetes-preserve-unknown-fields":true,"properties":{"b":{"type":"object","properties":{"c":{"type":"integer"}}}}}}}}}]}}"#;
    make(&server, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition);
    let apply = |spec: &str| {
        let body =
            format!(r#"{{"apiVersion":"x.io/v1","kind":"Dot","metadata":{{"name":"d"}},"spec":{spec}}}"#);
        let (status, dot) = ask(&server, "PATCH", "/apis/x.io/v1/dots/d?fieldManager=m", &body);
        assert!(status < 300, "{dot}");
        let generation = dot.pointer("/metadata/generation").and_then(Value::as_i64);
        (generation, dot.get("spec").map(ToString::to_string))
    };
    let spec = Some(r#"{"b":{"c":1}}"#.to_owned());
    assert_eq!(apply(r#"{"b":{"c":1}}"#), (Some(1), spec.clone()));
    assert_eq!(apply(r#"{"b":{"c":1}}"#), (Some(1), spec.clone()));
    assert_eq!(apply(r#"{"b":{"c":1,"bogus":"x"}}"#), (Some(2), spec));
}

#[test]
fn a_dry_run_chooses_its_node_ports_from_one_on() {
    let (server, _) = server();
    let service = r#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"s"},"spec":{"type":"LoadBalancer","ports":[
        {"name":"a","port":80,"nodePort":-1},{"name":"b","port":81}]}}"#;
    let (status, made) = ask(&server, "POST", "/api/v1/namespaces/default/services?dryRun=All", service);
    assert_eq!((status, made.pointer("/spec/ports/1/nodePort")), (201, Some(&Value::Int(1))), "{made}");
}

#[test]
fn a_name_elsewhere_may_have_a_policy_for_traffic_inside_if_it_is_one() {
    let (server, _) = server();
    let service = |policy: &str| {
        format!(
            r#"{{"apiVersion":"v1","kind":"Service","metadata":{{"name":"s"}},"spec":{{"type":"ExternalName",
               "externalName":"example.com","internalTrafficPolicy":"{policy}"}}}}"#
        )
    };
    let services = "/api/v1/namespaces/default/services";
    let (status, refused) = ask(&server, "POST", services, &service("Inside"));
    let expect = "Service \"s\" is invalid: spec.internalTrafficPolicy: Unsupported value: \"Inside\": \
                  supported values: \"Cluster\", \"Local\"";
    assert_eq!((status, text(&refused, "/message")), (422, expect));
    make(&server, services, &service("Local"));
    let (_, read) = ask(&server, "GET", &format!("{services}/s"), "");
    assert_eq!(read.pointer("/spec/internalTrafficPolicy"), None);
}

#[test]
fn a_served_definition_keeps_its_kind_and_its_scope() {
    let (server, _) = server();
    let definition = |group: &str, kind: &str, scope: &str| {
        format!(
            r#"{{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{{"name":"dots.x.io"}},
               "spec":{{"group":"{group}","scope":"{scope}","names":{{"plural":"dots","singular":"dot","kind":"{kind}"}},
               "versions":[{{"name":"v1","served":true,"storage":true,"schema":{{"openAPIV3Schema":{{"type":"object"}}}}}}]}}}}"#
        )
    };
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    make(&server, definitions, &definition("x.io", "Dot", "Cluster"));
    let path = format!("{definitions}/dots.x.io?fieldManager=m&force=true");
    let apply = |body: &str| ask(&server, "PATCH", &path, body);
    let (status, refused) = apply(&definition("x.io", "Point", "Namespaced"));
    let expect = "CustomResourceDefinition.apiextensions.k8s.io \"dots.x.io\" is invalid: \
                  [spec.scope: Invalid value: \"Namespaced\": field is immutable, \
                  spec.names.kind: Invalid value: \"Point\": field is immutable]";
    assert_eq!((status, text(&refused, "/message")), (422, expect));
    let (status, refused) = apply(&definition("y.io", "Dot", "Cluster"));
    assert!(
        status == 422
            && text(&refused, "/message").contains("spec.group: Invalid value: \"y.io\": field is immutable")
    );
}
