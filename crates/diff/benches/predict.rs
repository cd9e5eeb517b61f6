//! How long predictions and judgements of health take, and how much a cached object takes.
//!
//! `cargo bench -p fairway-diff`.
#![expect(clippy::print_stdout, reason = "a benchmark speaks on standard output")]

use fairway_core::{Object, ObjectKey, Str};
use fairway_diff::{Known, Options, Outcome, Verdicts, is_suspect, outcome};
use fairway_schema::Schemas;
use fairway_schema::request::{FieldValidation, Request, Verb, write};
use fairway_schema::strategy::Chooser;
use fairway_value::{Dictionary, Packed, Value, from_json};
use std::hint::black_box;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// About 2 KB of JSON: two containers with probes, resources, settings and mounts.
const DEPLOYMENT: &str = r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"NAME","namespace":"prod","labels":{
    "app.kubernetes.io/name":"NAME","app.kubernetes.io/instance":"NAME","app.kubernetes.io/version":"1.4.2","app.kubernetes.io/managed-by":
    "Helm","helm.sh/chart":"service-2.1.0"},"annotations":{"argocd.argoproj.io/tracking-id":"NAME:apps/Deployment:prod/NAME"}},"spec":{
    "replicas":3,"selector":{"matchLabels":{"app.kubernetes.io/name":"NAME","app.kubernetes.io/instance":"NAME"}},"strategy":{"type":
    "RollingUpdate","rollingUpdate":{"maxSurge":1,"maxUnavailable":0}},"template":{"metadata":{"labels":{"app.kubernetes.io/name":"NAME",
    "app.kubernetes.io/instance":"NAME"},"annotations":{"checksum/config":"b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c"}},
    "spec":{"serviceAccountName":"NAME","securityContext":{"runAsNonRoot":true,"runAsUser":1000,"fsGroup":1000},"containers":[{"name":"NAME",
    "image":"registry.example.com/team/NAME:1.4.2","args":["--port","8080","--log-level","info"],"env":[{"name":"A_URL","value":
    "https://a.example.com"},{"name":"B_MODE","value":"fast"},{"name":"POD_NAME","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}},
    {"name":"TOKEN","valueFrom":{"secretKeyRef":{"name":"NAME","key":"token"}}}],"ports":[{"name":"http","containerPort":8080,"protocol":"TCP"},
    {"name":"metrics","containerPort":9090,"protocol":"TCP"}],"resources":{"limits":{"cpu":"500m","memory":"256Mi"},"requests":{"cpu":"100m",
    "memory":"128Mi"}},"livenessProbe":{"httpGet":{"path":"/healthz","port":"http"},"initialDelaySeconds":5},"readinessProbe":{"httpGet":{
    "path":"/ready","port":"http"},"periodSeconds":5},"securityContext":{"allowPrivilegeEscalation":false,"readOnlyRootFilesystem":true,
    "capabilities":{"drop":["ALL"]}},"volumeMounts":[{"name":"config","mountPath":"/etc/app"},{"name":"tmp","mountPath":"/tmp"}]}],
    "volumes":[{"name":"config","configMap":{"name":"NAME"}},{"name":"tmp","emptyDir":{}}]}}}}"#;

/// What a controller writes into the status.
const STATUS: &str = r#"{"status":{"observedGeneration":1,"replicas":3,"updatedReplicas":3,"readyReplicas":3,"availableReplicas":3,"conditions":[
    {"type":"Available","status":"True","lastUpdateTime":"2026-01-01T00:00:00Z","lastTransitionTime":"2026-01-01T00:00:00Z","reason":
    "MinimumReplicasAvailable","message":"Deployment has minimum availability."},{"type":"Progressing","status":"True","lastUpdateTime":
    "2026-01-01T00:00:00Z","lastTransitionTime":"2026-01-01T00:00:00Z","reason":"NewReplicaSetAvailable","message":
    "ReplicaSet \"NAME-5d4f8c7b9\" has successfully progressed."}]}}"#;

const CERTIFICATE: &str = r#"{"apiVersion":"cert-manager.io/v1","kind":"Certificate","metadata":{"name":"a"},"status":{"conditions":[{"type":
    "Ready","status":"True","reason":"Ready","message":"Certificate is up to date and has not expired"}]}}"#;

struct Server;

impl Chooser for Server {
    fn cluster_ip(&mut self, asked: Option<&str>) -> Result<Value, String> {
        Ok(Value::from(asked.unwrap_or("10.96.0.1")))
    }
    fn node_port(&mut self) -> Result<Value, String> {
        Ok(Value::from(30_000_i64))
    }
    fn suffix(&mut self) -> Str {
        "aaaaa".into()
    }
    fn now(&self) -> Str {
        "2026-01-01T00:00:00Z".into()
    }
    fn priority(&self, _: &str) -> Option<(i64, Str)> {
        None
    }
}

fn json(text: &str) -> Value {
    from_json(text.as_bytes()).expect("because the text is JSON")
}

fn desired(name: &str) -> Value {
    json(&DEPLOYMENT.replace("NAME", name))
}

/// The object as a cluster has it: applied by us, its status written by a controller.
fn live(name: &str, number: usize) -> Value {
    let schemas = Schemas::builtin();
    let uid = format!("6f1bd4e6-0f0d-4a3d-9a0b-{number:012x}");
    let mut object = None;
    let status = json(&STATUS.replace("NAME", name));
    let body = desired(name);
    for (verb, manager, subresource, body) in [
        (Verb::Apply { force: true }, "fairway", "", &body),
        (Verb::MergePatch, "kube-controller-manager", "status", &status),
    ] {
        let request = Request {
            verb,
            resource: schemas.resource("apps/v1", "Deployment").expect("because Deployments are built in"),
            subresource,
            manager,
            namespace: "prod",
            name,
            body,
            field_validation: FieldValidation::Warn,
            now: "2026-01-01T00:00:00Z",
            uid: &uid,
        };
        let written = write(object.as_ref(), &request, schemas, &mut Server);
        object = Some(written.expect("because the object is valid").object);
    }
    let mut object = object.expect("because it was written");
    object.set_path(&["metadata", "resourceVersion"], (1_000_000 + number).to_string());
    object
}

/// The median of runs over about half a second.
fn median(mut run: impl FnMut()) -> Duration {
    let begin = Instant::now();
    let mut times = Vec::new();
    // Batches of about a millisecond: whatever else runs on the machine falls between them.
    let first = Instant::now();
    run();
    let batch = (1_000_000 / first.elapsed().as_nanos().max(1)).clamp(1, 1000);
    let batch = u32::try_from(batch).unwrap_or(1);
    while times.len() < 5 || begin.elapsed() < Duration::from_millis(500) {
        let start = Instant::now();
        (0..batch).for_each(|_| run());
        times.push(start.elapsed() / batch);
    }
    times.sort();
    times[times.len() / 2]
}

fn single() {
    let schemas = Schemas::builtin();
    let (wanted, found) = (desired("orders"), live("orders", 1));
    let options = Options::default();
    println!("one Deployment: {} bytes wanted, {} live", wanted.to_string().len(), found.to_string().len());
    let judge = |wanted: &Value| outcome(wanted, Some(&found), "fairway", schemas, &options);
    assert_eq!(judge(&wanted), Outcome::Unchanged);
    println!("predict, unchanged: {:?} (budget 15 µs)", median(|| drop(black_box(judge(&wanted)))));
    let mut changed = wanted.clone();
    changed.set_path(&["spec", "replicas"], 5_i64);
    changed.set_path(&["metadata", "labels", "app.kubernetes.io/version"], "1.4.3");
    assert!(matches!(judge(&changed), Outcome::Changed(_)));
    println!("predict, changed: {:?} (budget 60 µs)", median(|| drop(black_box(judge(&changed)))));
    for (what, wanted) in reshaped(&wanted) {
        assert!(matches!(judge(&wanted), Outcome::Changed(_)), "{what}");
        println!("predict, {what}: {:?} (budget 60 µs)", median(|| drop(black_box(judge(&wanted)))));
    }
    println!(
        "suspected of being refused: {:?}",
        median(|| {
            black_box(is_suspect(&wanted, schemas));
        })
    );
    let key = ObjectKey::new("apps", "Deployment", "prod", "orders");
    let mut verdicts = Verdicts::default();
    verdicts.keep(key.clone(), Known { desired: 1, options: 2, version: "1000001".into(), verdict: true });
    println!(
        "predict, hash and version known: {:?} (budget 100 ns)",
        median(|| {
            black_box(verdicts.get(&key, 1, 2, "1000001"));
        })
    );
    for text in [CERTIFICATE.to_owned(), found.to_string()] {
        let object = Object::new(json(&text));
        let kind = object.gvk().kind.clone();
        println!(
            "health of a {kind}: {:?} (budget 2 µs)",
            median(|| drop(black_box(fairway_health::assess(&object))))
        );
    }
}

/// The same with fields and entries more and less.
fn reshaped(wanted: &Value) -> Vec<(&'static str, Value)> {
    let container = |object: &mut Value, change: &dyn Fn(&mut Value)| {
        let list = object.get_path_mut(&["spec", "template", "spec", "containers"]);
        let list = list.and_then(Value::as_array_mut).expect("because there are containers");
        change(&mut list.make_mut()[0]);
    };
    let mut all = Vec::new();
    let mut one = |what: &'static str, change: &dyn Fn(&mut Value)| {
        let mut object = wanted.clone();
        change(&mut object);
        all.push((what, object));
    };
    one("a field added", &|o| {
        o.set_path(&["spec", "template", "spec", "priorityClassName"], "high");
    });
    one("a field removed", &|o| {
        o.remove_path(&["spec", "template", "spec", "securityContext", "fsGroup"]);
    });
    one("an annotation added", &|o| {
        o.set_path(&["metadata", "annotations", "team"], "a");
    });
    one("a label removed", &|o| {
        o.remove_path(&["metadata", "labels", "helm.sh/chart"]);
    });
    one("a variable added", &|o| {
        container(o, &|c| {
            let env = c.get_mut("env").and_then(Value::as_array_mut).expect("because it has some");
            env.push(json(r#"{"name":"MORE","value":"1"}"#));
        });
    });
    one("a variable removed", &|o| {
        container(o, &|c| {
            let env = c.get_mut("env").and_then(Value::as_array_mut).expect("because it has some");
            env.remove(1);
        });
    });
    one("arguments changed", &|o| {
        container(o, &|c| {
            c.set_path(&["args"], json(r#"["--port","8081"]"#));
        });
    });
    one("a probe removed", &|o| {
        container(o, &|c| {
            c.remove_path(&["livenessProbe"]);
        });
    });
    one("a container added", &|o| {
        let list = o.get_path_mut(&["spec", "template", "spec", "containers"]).and_then(Value::as_array_mut);
        let more = r#"{"name":"side","image":"i:1","ports":[{"containerPort":1}]}"#;
        list.expect("because there are containers").push(json(more));
    });
    all
}

/// Every object judged from scratch on two cores, one in ten changed.
fn fleet(count: usize) {
    let objects: Vec<(Value, Value)> = (0..count.min(1000))
        .map(|n| {
            let name = format!("service-{n:04}");
            (desired(&name), live(&name, n))
        })
        .collect();
    let texts: Vec<(String, String)> = objects.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect();
    let next = Mutex::new(0_usize);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let from = {
                        let mut next = next.lock().expect("because nobody panics");
                        *next += 500;
                        *next - 500
                    };
                    if from >= count {
                        return;
                    }
                    for n in from..(from + 500).min(count) {
                        let (wanted, found) = &texts[n % texts.len()];
                        let (mut wanted, found) = (json(wanted), json(found));
                        if n % 10 == 0 {
                            wanted.set_path(&["spec", "replicas"], 7_i64);
                        }
                        black_box(outcome(
                            &wanted,
                            Some(&found),
                            "fairway",
                            Schemas::builtin(),
                            &Options::default(),
                        ));
                    }
                }
            });
        }
    });
    let took = start.elapsed();
    let each = took / u32::try_from(count).expect("because it is small");
    println!("{count} objects from their texts: {took:.2?}, {each:?} each");
}

/// Resident memory of this process, in bytes.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: usize = text.split(' ').nth(1).and_then(|n| n.parse().ok()).unwrap_or_default();
    pages * 4096
}

fn memory(count: usize) {
    let texts: Vec<String> = (0..500).map(|n| live(&format!("service-{n:04}"), n).to_string()).collect();
    let dictionary = Dictionary::default();
    let make = |n: usize| {
        let text = texts[n % texts.len()].replace("service-", &format!("s{}-", n / texts.len()));
        json(&text.replace("6f1bd4e6-0f0d", &format!("{:08x}-0f0d", n / texts.len())))
    };
    let before = resident();
    let packed: Vec<Packed> = (0..count).map(|n| dictionary.pack(&make(n))).collect();
    let each = (resident().saturating_sub(before)) / count;
    let own: usize = packed.iter().map(Packed::size_bytes).sum::<usize>() / count;
    println!("a cached object with managedFields: {each} bytes, {own} of its own (budget 700)");
    assert_eq!(dictionary.unpack(&packed[7]), make(7));
    println!("unpacked again: {:?}", median(|| drop(black_box(dictionary.unpack(&packed[7])))));
    let before = resident();
    let trees: Vec<Value> = (0..count / 10).map(make).collect();
    println!("the same as a tree: {} bytes", resident().saturating_sub(before) / trees.len());
}

fn main() {
    single();
    memory(20_000);
    for count in [10_000, 30_000, 100_000] {
        fleet(count);
    }
}
