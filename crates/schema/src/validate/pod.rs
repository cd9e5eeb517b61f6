use super::fault::{Faults, has, int, list, text};
use super::{names, pod_volume};
use crate::managed::quote;
use crate::quantity::Quantity;
use fairway_value::{Map, Value};

/// Where a pod's specification stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Context {
    /// A pod itself.
    Pod,
    /// A template of pods that run for ever.
    Template,
    /// A template of a Job's pods.
    Job,
}

/// Checks a pod's specification.
pub(super) fn spec(spec: Option<&Value>, field: &str, context: Context, faults: &mut Faults) {
    spec_with_claims(spec, field, context, &[], faults);
}

/// Checks a pod's specification beside which claim templates of these names stand.
pub(super) fn spec_with_claims<'v>(
    spec: Option<&'v Value>,
    field: &str,
    context: Context,
    claims: &[&'v str],
    faults: &mut Faults,
) {
    let empty = Value::object();
    let spec = spec.unwrap_or(&empty);
    let mut volumes = pod_volume::volumes(list(spec, "volumes"), &format!("{field}.volumes"), faults);
    volumes.extend(claims);
    let mut names_seen: Vec<&str> = Vec::new();
    let containers = list(spec, "containers");
    let path = format!("{field}.containers");
    if containers.is_empty() {
        faults.required(&path, "");
    }
    for (n, item) in containers.iter().enumerate() {
        container(item, &format!("{path}[{n}]"), &volumes, &mut names_seen, faults);
    }
    for (n, item) in list(spec, "initContainers").iter().enumerate() {
        container(item, &format!("{field}.initContainers[{n}]"), &volumes, &mut names_seen, faults);
    }
    restart_policy(spec, field, context, faults);
    let dns = text(spec, "dnsPolicy");
    if !dns.is_empty() {
        let supported = ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"];
        faults.one_of(format!("{field}.dnsPolicy"), dns, &supported);
    }
    super::meta::labels(spec.get("nodeSelector"), &format!("{field}.nodeSelector"), faults);
    if let Some(security) = spec.get("securityContext") {
        seccomp(security, &format!("{field}.securityContext"), faults);
    }
    for (key, rule) in
        [("serviceAccountName", names::subdomain as fn(&str) -> Vec<String>), ("nodeName", names::subdomain)]
    {
        let value = text(spec, key);
        if !value.is_empty() {
            faults.each(&format!("{field}.{key}"), value, rule(value));
        }
    }
    for (n, toleration) in list(spec, "tolerations").iter().enumerate() {
        self::toleration(toleration, &format!("{field}.tolerations[{n}]"), faults);
    }
    spread(spec, field, faults);
    for (key, rule) in [("hostname", names::label as fn(&str) -> Vec<String>), ("subdomain", names::label)] {
        let value = text(spec, key);
        if !value.is_empty() {
            faults.each(&format!("{field}.{key}"), value, rule(value));
        }
    }
    if let Some(seconds) = int(spec, "activeDeadlineSeconds")
        && !(1..=i64::from(i32::MAX)).contains(&seconds)
    {
        let field = format!("{field}.activeDeadlineSeconds");
        faults.invalid(field, seconds.to_string(), "must be between 1 and 2147483647, inclusive");
    }
}

fn restart_policy(spec: &Value, field: &str, context: Context, faults: &mut Faults) {
    let policy = text(spec, "restartPolicy");
    let path = format!("{field}.restartPolicy");
    match context {
        Context::Pod => faults.one_of(path, policy, &["Always", "OnFailure", "Never"]),
        Context::Template if policy != "Always" => faults.one_of(path, policy, &["Always"]),
        Context::Job if policy == "Always" => faults.required(path, "valid values: \"OnFailure\", \"Never\""),
        Context::Job => faults.one_of(path, policy, &["OnFailure", "Never"]),
        Context::Template => {}
    }
}

pub(super) fn toleration(toleration: &Value, field: &str, faults: &mut Faults) {
    let key = text(toleration, "key");
    let operator = text(toleration, "operator");
    if !key.is_empty() {
        faults.each(&format!("{field}.key"), key, names::qualified(key));
    } else if operator != "Exists" {
        let why =
            "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
        faults.invalid_text(format!("{field}.operator"), operator, why);
    }
    if has(toleration, "tolerationSeconds") && text(toleration, "effect") != "NoExecute" {
        let why = "effect must be 'NoExecute' when `tolerationSeconds` is set";
        faults.invalid_text(format!("{field}.effect"), text(toleration, "effect"), why);
    }
    match operator {
        "Exists" if !text(toleration, "value").is_empty() => {
            let why = "value must be empty when `operator` is 'Exists'";
            faults.invalid_text(format!("{field}.operator"), text(toleration, "value"), why);
        }
        "Equal" | "" => {
            let value = text(toleration, "value");
            if let Some(why) = names::label_value(value).first() {
                faults.invalid_text(format!("{field}.operator"), value, why);
            }
        }
        "Exists" | "Lt" | "Gt" => {}
        other => faults.one_of(format!("{field}.operator"), other, &["Equal", "Exists"]),
    }
    let effect = text(toleration, "effect");
    if !effect.is_empty() {
        faults.one_of(format!("{field}.effect"), effect, &["NoSchedule", "PreferNoSchedule", "NoExecute"]);
    }
}

fn spread(spec: &Value, field: &str, faults: &mut Faults) {
    for (n, rule) in list(spec, "topologySpreadConstraints").iter().enumerate() {
        let field = format!("{field}.topologySpreadConstraints[{n}]");
        if int(rule, "maxSkew").unwrap_or(0) <= 0 {
            let shown = int(rule, "maxSkew").unwrap_or(0).to_string();
            faults.invalid(format!("{field}.maxSkew"), shown, "must be greater than zero");
        }
        if text(rule, "topologyKey").is_empty() {
            faults.required(format!("{field}.topologyKey"), "can not be empty");
        }
        let action = text(rule, "whenUnsatisfiable");
        faults.one_of(format!("{field}.whenUnsatisfiable"), action, &["DoNotSchedule", "ScheduleAnyway"]);
        if !list(rule, "matchLabelKeys").is_empty() && !has(rule, "labelSelector") {
            faults.forbidden(
                format!("{field}.matchLabelKeys"),
                "must not be specified when labelSelector is not set",
            );
        }
    }
}

fn container<'v>(
    container: &'v Value,
    field: &str,
    volumes: &[&str],
    seen: &mut Vec<&'v str>,
    faults: &mut Faults,
) {
    let name = text(container, "name");
    if name.is_empty() {
        faults.required(format!("{field}.name"), "");
    } else {
        faults.each(&format!("{field}.name"), name, names::label(name));
    }
    if seen.contains(&name) {
        faults.duplicate(format!("{field}.name"), quote(name));
    } else {
        seen.push(name);
    }
    let image = text(container, "image");
    if image.is_empty() {
        faults.required(format!("{field}.image"), "");
    } else if image.trim() != image {
        let why = "must not have leading or trailing whitespace";
        faults.invalid_text(format!("{field}.image"), image, why);
    }
    let message_policy = text(container, "terminationMessagePolicy");
    if !message_policy.is_empty() {
        let field = format!("{field}.terminationMessagePolicy");
        faults.one_of(field, message_policy, &["FallbackToLogsOnError", "File"]);
    }
    ports(list(container, "ports"), &format!("{field}.ports"), faults);
    env(list(container, "env"), &format!("{field}.env"), faults);
    env_from(list(container, "envFrom"), &format!("{field}.envFrom"), faults);
    mounts(list(container, "volumeMounts"), &format!("{field}.volumeMounts"), volumes, faults);
    let pull = text(container, "imagePullPolicy");
    if !pull.is_empty() {
        faults.one_of(format!("{field}.imagePullPolicy"), pull, &["Always", "IfNotPresent", "Never"]);
    }
    resources(container.get("resources"), &format!("{field}.resources"), faults);
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(value) = container.get(probe).filter(|p| !p.is_null()) {
            self::probe(value, &format!("{field}.{probe}"), probe, faults);
        }
    }
    if let Some(security) = container.get("securityContext") {
        security_context(security, &format!("{field}.securityContext"), faults);
    }
}

fn ports(ports: &[Value], field: &str, faults: &mut Faults) {
    let mut seen: Vec<&str> = Vec::new();
    for (n, port) in ports.iter().enumerate() {
        let field = format!("{field}[{n}]");
        let name = text(port, "name");
        if !name.is_empty() {
            let wrong = names::port_name(name);
            let fine = wrong.is_empty();
            faults.each(&format!("{field}.name"), name, wrong);
            if fine && seen.contains(&name) {
                faults.duplicate(format!("{field}.name"), quote(name));
            }
            seen.push(name);
        }
        match int(port, "containerPort").unwrap_or(0) {
            0 => faults.required(format!("{field}.containerPort"), ""),
            number => {
                if let Some(why) = names::port(number) {
                    faults.invalid(format!("{field}.containerPort"), number.to_string(), why);
                }
            }
        }
        if let Some(number) = int(port, "hostPort").filter(|n| *n != 0)
            && let Some(why) = names::port(number)
        {
            faults.invalid(format!("{field}.hostPort"), number.to_string(), why);
        }
        match text(port, "protocol") {
            "" => faults.required(format!("{field}.protocol"), ""),
            protocol => faults.one_of(format!("{field}.protocol"), protocol, &["SCTP", "TCP", "UDP"]),
        }
    }
}

fn env(env: &[Value], field: &str, faults: &mut Faults) {
    for (n, variable) in env.iter().enumerate() {
        let field = format!("{field}[{n}]");
        let name = text(variable, "name");
        if name.is_empty() {
            faults.required(format!("{field}.name"), "");
        } else if name.contains('=') || !name.bytes().all(|b| (b' '..=b'~').contains(&b)) {
            let why = "a valid environment variable name must consist only of printable ASCII characters other than '='";
            faults.invalid_text(format!("{field}.name"), name, why);
        }
        let Some(from) = variable.get("valueFrom").filter(|f| !f.is_null()) else { continue };
        let path = format!("{field}.valueFrom");
        let sources = from.as_object().map_or(0, Map::len);
        if sources == 0 {
            faults.invalid_text(&path, "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`");
        } else if !text(variable, "value").is_empty() {
            faults.invalid_text(&path, "", "may not be specified when `value` is not empty");
        } else if sources > 1 {
            faults.invalid_text(&path, "", "may not have more than one field specified at a time");
        }
        for source in ["configMapKeyRef", "secretKeyRef"] {
            if let Some(key) = from.get(source) {
                if text(key, "key").is_empty() {
                    faults.required(format!("{path}.{source}.key"), "");
                } else {
                    faults.each(
                        &format!("{path}.{source}.key"),
                        text(key, "key"),
                        names::config_key(text(key, "key")),
                    );
                }
            }
        }
        if let Some(key) = from.get("fieldRef")
            && text(key, "fieldPath").is_empty()
        {
            faults.required(format!("{path}.fieldRef.fieldPath"), "");
        }
    }
}

fn env_from(sources: &[Value], field: &str, faults: &mut Faults) {
    for (n, source) in sources.iter().enumerate() {
        let field = format!("{field}[{n}]");
        let kinds = ["configMapRef", "secretRef"].iter().filter(|k| has(source, k)).count();
        if kinds == 0 {
            faults.invalid_text(&field, "", "must specify one of: `configMapRef` or `secretRef`");
        } else if kinds > 1 {
            faults.invalid_text(&field, "", "may not have more than one field specified at a time");
        }
    }
}

fn mounts(mounts: &[Value], field: &str, volumes: &[&str], faults: &mut Faults) {
    let mut seen: Vec<&str> = Vec::new();
    for (n, mount) in mounts.iter().enumerate() {
        let field = format!("{field}[{n}]");
        let (name, path) = (text(mount, "name"), text(mount, "mountPath"));
        if name.is_empty() {
            faults.required(format!("{field}.name"), "");
        }
        if !volumes.contains(&name) {
            faults.not_found(format!("{field}.name"), name);
        }
        if path.is_empty() {
            faults.required(format!("{field}.mountPath"), "");
        }
        if seen.contains(&path) {
            faults.invalid_text(format!("{field}.mountPath"), path, "must be unique");
        }
        seen.push(path);
    }
}

/// Resources that containers know.
fn is_standard_container_resource(name: &str) -> bool {
    matches!(name, "cpu" | "memory" | "ephemeral-storage") || name.starts_with("hugepages-")
}

fn resources(resources: Option<&Value>, field: &str, faults: &mut Faults) {
    let Some(resources) = resources else { return };
    let map = |key: &str| resources.get(key).and_then(Value::as_object);
    let amount = |v: &Value| v.as_str().and_then(|s| Quantity::parse(s).ok());
    for part in ["limits", "requests"] {
        for (name, value) in map(part).into_iter().flat_map(Map::iter) {
            let field = format!("{field}.{part}[{name}]");
            faults.each(&field, name, names::qualified(name));
            if !name.contains('/') {
                if !is_standard_resource(name) {
                    faults.invalid_text(&field, name, "must be a standard resource type or fully qualified");
                }
                if !is_standard_container_resource(name) {
                    faults.invalid_text(&field, name, "must be a standard resource for containers");
                }
            }
            if amount(value).is_some_and(|q| q.nano() < 0) {
                faults.invalid(&field, super::fault::show(Some(value)), "must be greater than or equal to 0");
            }
        }
    }
    for (name, request) in map("requests").into_iter().flat_map(Map::iter) {
        let Some(limit) = map("limits").and_then(|l| l.get(name)) else { continue };
        let (Some(asked), Some(most)) = (amount(request), amount(limit)) else { continue };
        if asked.nano() > most.nano() {
            let why = format!(
                "must be less than or equal to {name} limit of {}",
                limit.as_str().unwrap_or_default()
            );
            faults.invalid(format!("{field}.requests"), super::fault::show(Some(request)), &why);
        }
    }
}

fn is_standard_resource(name: &str) -> bool {
    is_standard_container_resource(name)
        || matches!(
            name,
            "requests.cpu"
                | "requests.memory"
                | "requests.ephemeral-storage"
                | "limits.cpu"
                | "limits.memory"
                | "limits.ephemeral-storage"
                | "pods"
                | "resourcequotas"
                | "services"
                | "replicationcontrollers"
                | "secrets"
                | "configmaps"
                | "persistentvolumeclaims"
                | "storage"
                | "requests.storage"
                | "services.nodeports"
                | "services.loadbalancers"
        )
}

/// Checks a probe's handler and numbers.
fn probe(probe: &Value, field: &str, kind: &str, faults: &mut Faults) {
    let mut handlers = 0;
    for handler in ["exec", "httpGet", "tcpSocket", "grpc"] {
        let Some(value) = probe.get(handler).filter(|h| !h.is_null()) else { continue };
        let path = format!("{field}.{handler}");
        if handlers > 0 {
            faults.forbidden(path, "may not specify more than 1 handler type");
            continue;
        }
        handlers += 1;
        match handler {
            "exec" if list(value, "command").is_empty() => faults.required(format!("{path}.command"), ""),
            "exec" => {}
            _ => {
                if handler == "httpGet" && text(value, "path").is_empty() {
                    faults.required(format!("{path}.path"), "");
                }
                handler_port(value.get("port"), &format!("{path}.port"), faults);
            }
        }
    }
    if handlers == 0 {
        faults.required(field, "must specify a handler type");
    }
    for key in
        ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"]
    {
        if let Some(number) = int(probe, key).filter(|n| *n < 0) {
            faults.invalid(
                format!("{field}.{key}"),
                number.to_string(),
                "must be greater than or equal to 0",
            );
        }
    }
    if kind != "readinessProbe"
        && let Some(number) = int(probe, "successThreshold").filter(|n| *n != 1)
    {
        faults.invalid(format!("{field}.successThreshold"), number.to_string(), "must be 1");
    }
}

fn handler_port(port: Option<&Value>, field: &str, faults: &mut Faults) {
    match port {
        Some(Value::String(name)) => faults.each(field, name, names::port_name(name)),
        other => {
            let number = other.and_then(Value::as_i64).unwrap_or(0);
            if let Some(why) = names::port(number) {
                faults.invalid(field, number.to_string(), why);
            }
        }
    }
}

fn seccomp(security: &Value, field: &str, faults: &mut Faults) {
    let Some(profile) = security.get("seccompProfile").filter(|p| !p.is_null()) else { return };
    let field = format!("{field}.seccompProfile");
    let kind = text(profile, "type");
    match kind {
        "" => faults.required(format!("{field}.type"), "type is required when seccompProfile is set"),
        "Localhost" if text(profile, "localhostProfile").is_empty() => {
            faults
                .required(format!("{field}.localhostProfile"), "must be set when seccomp type is Localhost");
        }
        "Localhost" | "RuntimeDefault" | "Unconfined" => {}
        other => {
            faults.unsupported(
                format!("{field}.type"),
                quote(other),
                &["Localhost", "RuntimeDefault", "Unconfined"],
            );
        }
    }
}

fn security_context(security: &Value, field: &str, faults: &mut Faults) {
    seccomp(security, field, faults);
    let flag = |key: &str| security.get(key).and_then(Value::as_bool);
    if flag("allowPrivilegeEscalation") == Some(false) {
        if flag("privileged") == Some(true) {
            let why = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true";
            faults.invalid(field, security_shown(security), why);
        }
        let adds = security.get_path(&["capabilities", "add"]).and_then(Value::as_array).unwrap_or_default();
        if adds.iter().any(|c| matches!(c.as_str(), Some("CAP_SYS_ADMIN"))) {
            let why = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN";
            faults.invalid(field, security_shown(security), why);
        }
    }
}

/// A field's name in JSON, its name in Go, and the same of the fields below it.
pub(super) type InternalField<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)]);

/// Shows a value under the names of Go's internal fields, in their order; what is not set is null.
pub(super) fn internal(value: Option<&Value>, fields: &[InternalField<'_>]) -> String {
    let Some(value) = value.filter(|v| !v.is_null()) else { return "null".to_owned() };
    let parts: Vec<String> = fields
        .iter()
        .map(|(name, go, below)| {
            let inner = value.get(name);
            let shown =
                if below.is_empty() && inner.is_none() && ["User", "Role", "Type", "Level"].contains(go) {
                    // Strings by value.
                    "\"\"".to_owned()
                } else if below.is_empty() {
                    super::fault::show(inner)
                } else {
                    let nested: Vec<InternalField<'_>> =
                        below.iter().map(|(n, g)| (*n, *g, &[][..])).collect();
                    internal(inner, &nested)
                };
            format!("{}:{shown}", quote(go))
        })
        .collect();
    format!("{{{}}}", parts.join(","))
}

fn security_shown(security: &Value) -> String {
    let capabilities = [("add", "Add"), ("drop", "Drop")];
    let selinux = [("user", "User"), ("role", "Role"), ("type", "Type"), ("level", "Level")];
    let windows = [
        ("gmsaCredentialSpecName", "GMSACredentialSpecName"),
        ("gmsaCredentialSpec", "GMSACredentialSpec"),
        ("runAsUserName", "RunAsUserName"),
        ("hostProcess", "HostProcess"),
    ];
    let profile = [("type", "Type"), ("localhostProfile", "LocalhostProfile")];
    internal(
        Some(security),
        &[
            ("capabilities", "Capabilities", &capabilities),
            ("privileged", "Privileged", &[]),
            ("seLinuxOptions", "SELinuxOptions", &selinux),
            ("windowsOptions", "WindowsOptions", &windows),
            ("runAsUser", "RunAsUser", &[]),
            ("runAsGroup", "RunAsGroup", &[]),
            ("runAsNonRoot", "RunAsNonRoot", &[]),
            ("readOnlyRootFilesystem", "ReadOnlyRootFilesystem", &[]),
            ("allowPrivilegeEscalation", "AllowPrivilegeEscalation", &[]),
            ("procMount", "ProcMount", &[]),
            ("seccompProfile", "SeccompProfile", &profile),
            ("appArmorProfile", "AppArmorProfile", &profile),
        ],
    )
}
