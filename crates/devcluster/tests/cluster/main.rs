//! The cluster from outside: over loopback, across restarts, and its controllers at work.
#![expect(clippy::unwrap_used, reason = "a test's helper fails as the test does")]

mod admission;
mod refused;

use fairway_devcluster::{DevCluster, InProcess, ManualClock, Options, StartError};
use fairway_value::{Value, from_json};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Sends one HTTP/1.1 request without TLS; returns the status and everything after the head.
async fn send(address: SocketAddr, token: &str, method: &str, path: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let (_, rest) = answer.split_once("\r\n\r\n").unwrap();
    (status, rest.to_owned())
}

fn plain(data_dir: Option<&Path>) -> Options {
    Options { tls: false, data_dir: data_dir.map(Path::to_owned), ..Options::default() }
}

fn config_map(name: &str) -> String {
    format!(r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"{name}"}},"data":{{"a":"b"}}}}"#)
}

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

#[tokio::test]
async fn only_loopback_addresses_are_listened_on() {
    let options = Options { listen: "0.0.0.0:0".parse().unwrap(), ..Options::default() };
    assert!(matches!(DevCluster::start(options).await, Err(StartError::NotLoopback(_))));
}

#[tokio::test]
async fn requests_without_the_token_are_refused() {
    let cluster = DevCluster::start(plain(None)).await.unwrap();
    let (status, _) = send(cluster.address(), "wrong", "GET", MAPS, "").await;
    assert_eq!(status, 401);
    let (status, body) = send(cluster.address(), cluster.token(), "POST", MAPS, &config_map("a")).await;
    assert_eq!(status, 201, "{body}");
    cluster.shutdown().await;
}

#[tokio::test]
async fn a_watch_sees_what_happens_and_ends_in_time() {
    let cluster = DevCluster::start(plain(None)).await.unwrap();
    let (address, token) = (cluster.address(), cluster.token().to_owned());
    let path = format!("{MAPS}?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Dseen");
    let watch = tokio::spawn({
        let token = token.clone();
        async move { send(address, &token, "GET", &path, "").await }
    });
    for name in ["unseen", "seen"] {
        send(address, &token, "POST", MAPS, &config_map(name)).await;
    }
    let (status, events) = watch.await.unwrap();
    assert_eq!(status, 200);
    assert!(events.contains(r#""type":"ADDED""#) && events.contains(r#""name":"seen""#), "{events}");
    assert!(!events.contains("unseen"), "{events}");
    cluster.shutdown().await;
}

#[tokio::test]
async fn what_was_answered_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = DevCluster::start(plain(Some(folder.path()))).await.unwrap();
    let token = cluster.token().to_owned();
    let (_, made) = send(cluster.address(), &token, "POST", MAPS, &config_map("kept")).await;
    send(cluster.address(), &token, "POST", MAPS, &config_map("gone")).await;
    send(cluster.address(), &token, "DELETE", &format!("{MAPS}/gone"), "").await;
    // Dropped without a shutdown: nothing but the log says what happened. A line torn by a crash is ignored.
    drop(cluster);
    let log = folder.path().join("log.jsonl");
    let mut text = std::fs::read_to_string(&log).unwrap();
    text.push_str("{\"t\":\"configmaps\",\"k\":\"default/to");
    std::fs::write(&log, text).unwrap();

    let cluster = loop {
        match DevCluster::start(plain(Some(folder.path()))).await {
            // The dropped cluster's tasks hold the folder until the runtime has ended them.
            Err(StartError::DataDir { .. }) => tokio::task::yield_now().await,
            other => break other.unwrap(),
        }
    };
    assert_eq!(cluster.token(), token);
    let (status, found) = send(cluster.address(), &token, "GET", &format!("{MAPS}/kept"), "").await;
    assert_eq!((status, found), (200, made));
    let (status, _) = send(cluster.address(), &token, "GET", &format!("{MAPS}/gone"), "").await;
    assert_eq!(status, 404);
    cluster.shutdown().await;

    let reset = Options { reset: true, ..plain(Some(folder.path())) };
    let cluster = DevCluster::start(reset).await.unwrap();
    let (status, _) = send(cluster.address(), cluster.token(), "GET", &format!("{MAPS}/kept"), "").await;
    assert_eq!(status, 404);
    cluster.shutdown().await;
}

/// A server in this process whose clock stands still.
fn server() -> (InProcess, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(1_800_000_000));
    let options = Options { clock: clock.clone(), ..Options::default() };
    (InProcess::new(&options).unwrap(), clock)
}

fn send_to(server: &InProcess, method: &str, path: &str, kind: &str, body: &str) -> (u16, Value) {
    let answer = server.request(method, path, &[("content-type", kind)], body.as_bytes());
    (answer.status, from_json(&answer.body).unwrap_or_default())
}

fn ask(server: &InProcess, method: &str, path: &str, body: &str) -> (u16, Value) {
    let kind = if method == "PATCH" { "application/apply-patch+yaml" } else { "application/json" };
    send_to(server, method, path, kind, body)
}

#[track_caller]
fn make(server: &InProcess, path: &str, body: &str) {
    let (status, answer) = ask(server, "POST", path, body);
    assert_eq!(status, 201, "{answer}");
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn condition(object: &Value, kind: &str) -> String {
    let list = object.pointer("/status/conditions").and_then(Value::as_array).unwrap_or_default();
    let found = list.iter().find(|c| text(c, "/type") == kind);
    found.map_or_else(String::new, |c| format!("{} {}", text(c, "/status"), text(c, "/reason")))
}

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";

fn deployment(image: &str) -> String {
    format!(
        r#"{{"apiVersion":"apps/v1","kind":"Deployment","metadata":{{"name":"web"}},"spec":{{"replicas":3,
           "selector":{{"matchLabels":{{"app":"web"}}}},"template":{{"metadata":{{"labels":{{"app":"web"}}}},
           "spec":{{"containers":[{{"name":"c","image":"{image}"}}]}}}}}}}}"#
    )
}

#[test]
fn a_deployment_rolls_out_and_a_bad_image_keeps_the_old_pods() {
    let (server, clock) = server();
    make(&server, DEPLOYMENTS, &deployment("nginx:1"));
    let web = format!("{DEPLOYMENTS}/web");
    let (_, now) = ask(&server, "GET", &web, "");
    assert_eq!(now.pointer("/status/availableReplicas"), Some(&Value::Int(3)));
    assert_eq!(condition(&now, "Progressing"), "True NewReplicaSetAvailable");

    let (status, answer) = ask(&server, "PUT", &web, &deployment("nginx:fail"));
    assert_eq!(status, 200, "{answer}");
    let (_, now) = ask(&server, "GET", &web, "");
    assert_eq!(now.pointer("/status/availableReplicas"), Some(&Value::Int(3)));
    assert_eq!(condition(&now, "Available"), "True MinimumReplicasAvailable");
    assert_eq!(condition(&now, "Progressing"), "True ReplicaSetUpdated");
    clock.advance_secs(601);
    server.settle();
    let (_, now) = ask(&server, "GET", &web, "");
    assert_eq!(condition(&now, "Progressing"), "False ProgressDeadlineExceeded", "{now}");

    let (status, _) = ask(&server, "DELETE", &web, "");
    assert_eq!(status, 200);
    let (_, pods) = ask(&server, "GET", "/api/v1/namespaces/default/pods", "");
    assert_eq!(pods.pointer("/items").and_then(Value::as_array).map(<[Value]>::len), Some(0));
}

#[test]
fn a_cron_job_starts_jobs_by_the_clock() {
    let (server, clock) = server();
    let crons = "/apis/batch/v1/namespaces/default/cronjobs";
    make(
        &server,
        crons,
        r#"{"apiVersion":"batch/v1","kind":"CronJob","metadata":{"name":"tick"},"spec":{"schedule":"*/5 * * * *",
           "jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}}}}}"#,
    );
    clock.advance_secs(300);
    server.settle();
    let (_, jobs) = ask(&server, "GET", "/apis/batch/v1/namespaces/default/jobs", "");
    let items = jobs.pointer("/items").and_then(Value::as_array).unwrap_or_default();
    assert_eq!(items.len(), 1);
    assert_eq!(condition(&items[0], "Complete"), "True CompletionsReached");
}

#[test]
fn another_managers_field_is_a_conflict() {
    let (server, _) = server();
    let path = |manager: &str| format!("{MAPS}/a?fieldManager={manager}");
    let body = |value: &str| {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata: {{k: v-{value}}}\n")
    };
    assert_eq!(ask(&server, "PATCH", &path("one"), &body("x")).0, 201);
    let (status, answer) = ask(&server, "PATCH", &path("two"), &body("y"));
    assert_eq!((status, text(&answer, "/reason")), (409, "Conflict"));
    assert_eq!(text(&answer, "/details/causes/0/field"), ".data.k");
}

#[test]
fn a_definition_is_served_at_once_and_takes_its_objects_with_it() {
    let (server, _) = server();
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    make(
        &server,
        definitions,
        r#"{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"things.x.io"},
           "spec":{"group":"x.io","scope":"Namespaced","names":{"plural":"things","kind":"Thing"},"versions":[{"name":"v1",
           "served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object",
           "properties":{"size":{"type":"integer","default":3}}}}}}}]}}"#,
    );
    let things = "/apis/x.io/v1/namespaces/default/things";
    make(
        &server,
        things,
        r#"{"apiVersion":"x.io/v1","kind":"Thing","metadata":{"name":"t"},"spec":{"extra":1}}"#,
    );
    let (_, thing) = ask(&server, "GET", &format!("{things}/t"), "");
    assert_eq!(thing.get("spec").map(ToString::to_string).as_deref(), Some(r#"{"size":3}"#));
    ask(&server, "DELETE", &format!("{definitions}/things.x.io"), "");
    assert_eq!(ask(&server, "GET", things, "").0, 404);
    assert_eq!(ask(&server, "GET", &format!("{definitions}/things.x.io"), "").0, 404);
}

#[test]
fn a_namespace_goes_with_everything_in_it() {
    let (server, _) = server();
    make(
        &server,
        "/api/v1/namespaces",
        r#"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"tmp"}}"#,
    );
    make(&server, "/apis/apps/v1/namespaces/tmp/deployments", &deployment("nginx:1"));
    assert_eq!(ask(&server, "DELETE", "/api/v1/namespaces/tmp", "").0, 200);
    assert_eq!(ask(&server, "GET", "/api/v1/namespaces/tmp", "").0, 404);
    let (_, pods) = ask(&server, "GET", "/api/v1/pods", "");
    assert_eq!(pods.pointer("/items").and_then(Value::as_array).map(<[Value]>::len), Some(0));
}

#[test]
fn what_controllers_do_is_told_in_events_that_end() {
    let (server, clock) = server();
    make(&server, DEPLOYMENTS, &deployment("nginx:fail"));
    let reasons = |server: &InProcess| -> std::collections::BTreeSet<String> {
        let (_, events) = ask(server, "GET", "/api/v1/namespaces/default/events", "");
        let items = events.pointer("/items").and_then(Value::as_array).unwrap_or_default();
        items.iter().map(|e| text(e, "/reason").to_owned()).collect()
    };
    let expect = ["BackOff", "Failed", "Pulling", "ScalingReplicaSet", "Scheduled", "SuccessfulCreate"];
    assert_eq!(reasons(&server), expect.map(str::to_owned).into());
    clock.advance_secs(3601);
    server.settle();
    assert!(!reasons(&server).contains("Scheduled"));
}

#[test]
fn a_stateful_sets_templates_are_kept_and_come_back_as_newer_revisions() {
    let (server, _) = server();
    let sets = "/apis/apps/v1/namespaces/default/statefulsets";
    let set = |image: &str| {
        deployment(image)
            .replace("Deployment", "StatefulSet")
            .replace(r#""replicas":3"#, r#""serviceName":"web""#)
    };
    make(&server, sets, &set("db:1"));
    for image in ["db:2", "db:1"] {
        assert_eq!(ask(&server, "PUT", &format!("{sets}/web"), &set(image)).0, 200);
    }
    let (_, all) = ask(&server, "GET", "/apis/apps/v1/namespaces/default/controllerrevisions", "");
    let items = all.pointer("/items").and_then(Value::as_array).unwrap_or_default();
    let mut seen: Vec<(i64, &str)> = items
        .iter()
        .map(|r| {
            let image = text(r, "/data/spec/template/spec/containers/0/image");
            (r.get("revision").and_then(Value::as_i64).unwrap(), image)
        })
        .collect();
    seen.sort_unstable();
    assert_eq!(seen, [(2, "db:2"), (3, "db:1")]);
}

fn merge(server: &InProcess, path: &str, body: &str) -> (u16, Value) {
    send_to(server, "PATCH", path, "application/merge-patch+json", body)
}

#[test]
fn a_list_that_lies_otherwise_in_memory_changes_hands_though_it_is_stored_alike() {
    let (server, _) = server();
    let path = "/apis/resource.k8s.io/v1/resourceslices/slice?fieldManager=";
    let slice = |size: &str| {
        format!(
            r#"{{"apiVersion":"resource.k8s.io/v1","kind":"ResourceSlice","metadata":{{"name":"slice"}},"spec":{{"driver":"a.b",
               "nodeName":"n","pool":{{"generation":1,"name":"p","resourceSliceCount":1}},
               "devices":[{{"name":"d","capacity":{{"mem":{{"value":"{size}"}}}}}}]}}}}"#
        )
    };
    let (status, made) = ask(&server, "PATCH", &format!("{path}one"), &slice("1.5Gi"));
    assert_eq!((status, text(&made, "/spec/devices/0/capacity/mem/value")), (201, "1536Mi"), "{made}");
    let (_, same) = merge(&server, &format!("{path}two"), &slice("1536Mi"));
    assert_eq!(same.pointer("/metadata/managedFields/1"), None, "{same}");
    let (_, other) = merge(&server, &format!("{path}two"), &slice("1.5Gi"));
    assert_eq!(other.get("spec"), made.get("spec"));
    let devices = "/metadata/managedFields/1/fieldsV1/f:spec/f:devices";
    assert!(other.pointer(devices).is_some(), "{other}");
}

#[test]
fn a_job_shares_its_templates_labels_where_it_has_none() {
    let (server, _) = server();
    let jobs = "/apis/batch/v1/namespaces/default/jobs";
    let job = |name: &str, labels: &str| {
        format!(
            r#"{{"apiVersion":"batch/v1","kind":"Job","metadata":{{"name":"{name}"{labels}}},"spec":{{"template":{{
               "metadata":{{"labels":{{"app":"x"}}}},"spec":{{"restartPolicy":"Never","containers":[{{"name":"c","image":"i"}}]}}}}}}}}"#
        )
    };
    make(&server, jobs, &job("none", ""));
    make(&server, jobs, &job("own", r#","labels":{"app":"x"}"#));
    let label = |name: &str| {
        let (_, job) = ask(&server, "GET", &format!("{jobs}/{name}"), "");
        text(&job, "/metadata/labels/job-name").to_owned()
    };
    assert_eq!((label("none"), label("own")), ("none".to_owned(), String::new()));
}

#[test]
fn what_go_reads_leniently_is_taken_and_what_it_does_not_is_refused() {
    let (server, _) = server();
    let secret =
        r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"data":{"a":[72,105],"b":[]}}"#;
    make(&server, "/api/v1/namespaces/default/secrets", secret);
    let (_, secret) = ask(&server, "GET", "/api/v1/namespaces/default/secrets/s", "");
    assert_eq!((text(&secret, "/data/a"), text(&secret, "/data/b")), ("SGk=", ""));

    let node = |spec: &str| {
        format!(r#"{{"apiVersion":"v1","kind":"Node","metadata":{{"name":"n"}},"spec":{spec}}}"#)
    };
    let (status, refused) =
        ask(&server, "POST", "/api/v1/nodes", &node(r#"{"podCIDR":"X","podCIDRs":["10.1.0.0/24"]}"#));
    assert_eq!((status, text(&refused, "/details/causes/0/field")), (422, "spec.podCIDRs[0]"));
    make(&server, "/api/v1/nodes", &node(r#"{"podCIDRs":["10.1.0.0/24"]}"#));
    let (_, stored) = ask(&server, "GET", "/api/v1/nodes/n", "");
    assert_eq!(text(&stored, "/spec/podCIDR"), "10.1.0.0/24");
    let (status, _) = merge(&server, "/api/v1/nodes/n", r#"{"spec":{"podCIDR":"10.2.0.0/24"}}"#);
    assert_eq!(status, 422);

    let service =
        r#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"s"},"spec":{"ports":[{"port":80}]}}"#;
    make(&server, "/api/v1/namespaces/default/services", service);
    let path = "/api/v1/namespaces/default/services/s";
    let (status, refused) = merge(&server, path, r#"{"spec":{"ipFamilyPolicy":""}}"#);
    assert_eq!((status, text(&refused, "/details/causes/0/field")), (422, "spec.ipFamilyPolicy"));
    assert_eq!(merge(&server, path, r#"{"spec":{"ipFamilyPolicy":null}}"#).0, 200);
}

#[test]
fn fields_that_are_null_are_none_to_rules() {
    let (server, _) = server();
    let definition = r#"{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"dots.x.io"},
        "spec":{"group":"x.io","scope":"Cluster","names":{"plural":"dots","singular":"dot","kind":"Dot"},"versions":[{"name":"v1",
        "served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{
        "a":{"type":"string","nullable":true},"b":{"type":"boolean","nullable":true,
        "x-kubernetes-validations":[{"rule":"self == oldSelf"}]}},
        "x-kubernetes-validations":[{"rule":"has(self.a) == has(oldSelf.a)","message":"stays"}]}}}}}]}}"#;
    make(&server, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition);
    let dot = r#"{"apiVersion":"x.io/v1","kind":"Dot","metadata":{"name":"d"},"spec":{"a":"x","b":null}}"#;
    make(&server, "/apis/x.io/v1/dots", dot);
    let path = "/apis/x.io/v1/dots/d";
    let patch = |body: &str| send_to(&server, "PATCH", path, "application/json-patch+json", body).0;
    assert_eq!(patch(r#"[{"op":"replace","path":"/spec/a","value":null}]"#), 422);
    assert_eq!(patch(r#"[{"op":"replace","path":"/spec/b","value":true}]"#), 200);
    assert_eq!(patch(r#"[{"op":"replace","path":"/spec/b","value":false}]"#), 422);
}

#[test]
fn a_budgets_selector_is_replaced_by_a_strategic_patch() {
    let (server, _) = server();
    let budget = r#"{"apiVersion":"policy/v1","kind":"PodDisruptionBudget","metadata":{"name":"b"},"spec":{"maxUnavailable":1,
        "selector":{"matchLabels":{"app":"x"}}}}"#;
    make(&server, "/apis/policy/v1/namespaces/default/poddisruptionbudgets", budget);
    let path = "/apis/policy/v1/namespaces/default/poddisruptionbudgets/b";
    let patch = r#"{"spec":{"selector":{"matchLabels":{"y":"z"}}}}"#;
    let (_, changed) = send_to(&server, "PATCH", path, "application/strategic-merge-patch+json", patch);
    assert_eq!(
        changed.pointer("/spec/selector").map(Value::to_string).as_deref(),
        Some(r#"{"matchLabels":{"y":"z"}}"#)
    );
}

#[test]
fn node_ports_stay_with_the_names_of_their_ports() {
    let (server, _) = server();
    let service = r#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"s"},"spec":{"type":"NodePort","ports":[
        {"name":"a","port":80,"nodePort":30080},{"name":"b","port":81,"nodePort":30081}]}}"#;
    make(&server, "/api/v1/namespaces/default/services", service);
    let path = "/api/v1/namespaces/default/services/s";
    let ports = r#"{"spec":{"ports":[{"name":"b","port":80},{"name":"c","port":81}]}}"#;
    let (status, changed) = merge(&server, path, ports);
    let node = |n: usize| changed.pointer(&format!("/spec/ports/{n}/nodePort")).and_then(Value::as_i64);
    assert_eq!((status, node(0)), (200, Some(30081)), "{changed}");
    assert!(node(1).is_some_and(|port| port != 30080 && port != 30081), "{changed}");
    let shared = r#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"t"},"spec":{"type":"NodePort","ports":[
        {"name":"a","port":80,"nodePort":30090},{"name":"b","port":81,"protocol":"UDP","nodePort":30090}]}}"#;
    let (status, refused) = ask(&server, "POST", "/api/v1/namespaces/default/services", shared);
    assert_eq!((status, text(&refused, "/details/causes/0/field")), (422, "spec.ports[1].nodePort"));
    make(&server, "/api/v1/namespaces/default/services", &shared.replace("81", "80"));
    let twice = r#"{"spec":{"ports":[{"name":"b","port":80},{"name":"b","port":81}]}}"#;
    let (status, refused) = merge(&server, path, twice);
    assert_eq!((status, text(&refused, "/message")), (500, "duplicate nodePort: {TCP 30081}"));
}

#[test]
fn a_balancer_that_declines_node_ports_keeps_those_it_has() {
    let (server, _) = server();
    let service = r#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"s"},"spec":{"type":"LoadBalancer","ports":[{"port":80}]}}"#;
    make(&server, "/api/v1/namespaces/default/services", service);
    let path = "/api/v1/namespaces/default/services/s";
    let (_, before) = ask(&server, "GET", path, "");
    let (status, after) = merge(&server, path, r#"{"spec":{"allocateLoadBalancerNodePorts":false}}"#);
    let node = |service: &Value| service.pointer("/spec/ports/0/nodePort").and_then(Value::as_i64);
    assert_eq!((status, node(&after)), (200, node(&before)));
    let (_, more) = merge(&server, path, r#"{"spec":{"ports":[{"name":"new","port":81}]}}"#);
    assert_eq!(node(&more), None, "{more}");
}
