//! Probes and handlers of containers.

use super::fault::{Faults, int, list, some, text};
use super::names;
use fairway_value::Value;

/// Checks the three probes of a container.
pub(super) fn probes(container: &Value, field: &str, grace_secs: Option<i64>, faults: &mut Faults) {
    for kind in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(value) = some(container, kind) {
            probe(value, &format!("{field}.{kind}"), kind, grace_secs, faults);
        }
    }
}

/// Checks what a container does at its start and end.
pub(super) fn lifecycle(container: &Value, field: &str, grace_secs: Option<i64>, faults: &mut Faults) {
    let Some(lifecycle) = some(container, "lifecycle") else { return };
    for kind in ["postStart", "preStop"] {
        if let Some(value) = some(lifecycle, kind) {
            let kinds = ["exec", "httpGet", "tcpSocket", "sleep"];
            handler(value, &kinds, &format!("{field}.lifecycle.{kind}"), grace_secs, faults);
        }
    }
}

fn probe(probe: &Value, field: &str, kind: &str, grace_secs: Option<i64>, faults: &mut Faults) {
    handler(probe, &["exec", "httpGet", "tcpSocket", "grpc"], field, grace_secs, faults);
    for key in
        ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"]
    {
        faults.not_negative(format!("{field}.{key}"), int(probe, key));
    }
    let path = format!("{field}.terminationGracePeriodSeconds");
    if let Some(secs) = int(probe, "terminationGracePeriodSeconds") {
        if secs <= 0 {
            faults.invalid(&path, secs.to_string(), "must be greater than 0");
        }
        if kind == "readinessProbe" {
            faults.invalid(path, secs.to_string(), "must not be set for readinessProbes");
        }
    }
    if kind != "readinessProbe" {
        let number = int(probe, "successThreshold").unwrap_or(0);
        if number != 1 {
            faults.invalid(format!("{field}.successThreshold"), number.to_string(), "must be 1");
        }
    }
}

fn handler(value: &Value, kinds: &[&str], field: &str, grace_secs: Option<i64>, faults: &mut Faults) {
    let mut found = 0;
    for kind in kinds {
        let Some(inner) = some(value, kind) else { continue };
        let path = format!("{field}.{kind}");
        if found > 0 {
            faults.forbidden(path, "may not specify more than 1 handler type");
            continue;
        }
        found += 1;
        match *kind {
            "exec" => {
                if list(inner, "command").is_empty() {
                    faults.required(format!("{path}.command"), "");
                }
            }
            "httpGet" => http_get(inner, &path, faults),
            "sleep" => {
                let secs = int(inner, "seconds").unwrap_or(0);
                if let Some(grace) = grace_secs.filter(|g| secs < 0 || secs > *g) {
                    let why =
                        format!("must be non-negative and less than terminationGracePeriodSeconds ({grace})");
                    faults.invalid(path, secs.to_string(), &why);
                }
            }
            "grpc" => {
                faults.between(format!("{path}.port"), Some(int(inner, "port").unwrap_or(0)), (1, 65_535))
            }
            _ => port(inner.get("port"), &format!("{path}.port"), faults),
        }
    }
    if found == 0 {
        faults.required(field, "must specify a handler type");
    }
}

fn http_get(action: &Value, path: &str, faults: &mut Faults) {
    faults.present(format!("{path}.path"), text(action, "path"));
    port(action.get("port"), &format!("{path}.port"), faults);
    faults.one_of(format!("{path}.scheme"), text(action, "scheme"), &["HTTP", "HTTPS"]);
    for header in list(action, "httpHeaders") {
        let name = text(header, "name");
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            let why = "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for \
                       validation is '[-A-Za-z0-9]+')";
            faults.invalid_text(format!("{path}.httpHeaders"), name, why);
        }
    }
}

/// A port by number or name.
pub(super) fn port(port: Option<&Value>, field: &str, faults: &mut Faults) {
    match port {
        Some(Value::String(name)) => faults.each(field, name, names::port_name(name)),
        other => {
            let number = other.and_then(Value::as_i64).unwrap_or(0);
            faults.between(field, Some(number), (1, 65_535));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_value::from_json;

    #[test]
    fn a_probe_asks_in_one_way_only() {
        let probe = from_json(
            br#"{"livenessProbe":{"exec":{"command":["a"]},"grpc":{"port":1},"successThreshold":1}}"#,
        )
        .unwrap();
        let mut faults = Faults::default();
        probes(&probe, "c", Some(30), &mut faults);
        let causes = faults.into_causes();
        assert_eq!(causes.len(), 1);
        assert_eq!(causes[0].field, "c.livenessProbe.grpc");
    }
}
