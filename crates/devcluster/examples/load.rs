//! Measures server-side applies over loopback: `cargo run --release -p fairway-devcluster --example load -- [OBJECTS]`.

use fairway_devcluster::{InProcess, Options};
use std::time::Instant;

#[expect(clippy::print_stdout, reason = "an example talks to its terminal")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let count: usize = std::env::args().nth(1).map_or(Ok(10_000), |n| n.parse())?;
    for controllers in [false, true] {
        let server = InProcess::new(&Options { controllers, ..Options::default() })?;
        for round in ["create", "no change", "change"] {
            let image = if round == "change" { "nginx:2" } else { "nginx:1" };
            let began = Instant::now();
            for n in 0..count {
                let (path, body) = object(n, image);
                let kind = [("content-type", "application/apply-patch+yaml")];
                let uri = format!("{path}?fieldManager=load&force=true");
                let answer = server.request("PATCH", &uri, &kind, body.as_bytes());
                if answer.status > 299 {
                    return Err(String::from_utf8_lossy(&answer.body).into_owned().into());
                }
            }
            let secs = began.elapsed().as_secs_f64();
            #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
            let rate = count as f64 / secs;
            println!("controllers={controllers} {round}: {count} applies in {secs:.2} s, {rate:.0}/s");
        }
    }
    Ok(())
}

/// One of three kinds by turns.
fn object(n: usize, image: &str) -> (String, String) {
    let root = "namespaces/default";
    match n % 3 {
        0 => (
            format!("/api/v1/{root}/configmaps/c{n}"),
            format!(
                r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"c{n}"}},"data":{{"image":"{image}"}}}}"#
            ),
        ),
        1 => (
            format!("/api/v1/{root}/services/s{n}"),
            format!(
                r#"{{"apiVersion":"v1","kind":"Service","metadata":{{"name":"s{n}","labels":{{"i":"{}"}}}},"spec":{{"selector":{{"app":"d{}"}},"ports":[{{"port":80}}]}}}}"#,
                image.replace(':', "-"),
                n + 1
            ),
        ),
        _ => (
            format!("/apis/apps/v1/{root}/deployments/d{n}"),
            format!(
                r#"{{"apiVersion":"apps/v1","kind":"Deployment","metadata":{{"name":"d{n}","labels":{{"app":"d{n}"}}}},"spec":{{"replicas":1,"selector":{{"matchLabels":{{"app":"d{n}"}}}},"template":{{"metadata":{{"labels":{{"app":"d{n}"}}}},"spec":{{"containers":[{{"name":"c","image":"{image}","ports":[{{"containerPort":80}}],"env":[{{"name":"A","value":"b"}}],"resources":{{"limits":{{"cpu":"100m","memory":"64Mi"}}}}}}]}}}}}}}}"#
            ),
        ),
    }
}
