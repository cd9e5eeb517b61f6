//! What pods say for Windows alone.
//!
//! Source: Kubernetes 1.36 `pkg/apis/core/validation` (`validateWindowsSecurityContextOptions`, `validateWindowsHostProcessPod`).

use super::fault::{Faults, flag, list, some};
use super::names;
use fairway_value::Value;

/// Longest specification of an account, in bytes.
const SPEC_BYTES_MAX: usize = 64 << 10;
/// The first length of a domain that is too long.
const DOMAIN_BYTES_END: usize = 256;
/// Longest name of a user.
const USER_BYTES_MAX: usize = 104;

/// Checks the options of a security context.
pub(super) fn options(security: &Value, field: &str, faults: &mut Faults) {
    let Some(options) = some(security, "windowsOptions") else { return };
    let at = |key: &str| format!("{field}.windowsOptions.{key}");
    let given = |key: &str| options.get(key).and_then(Value::as_str);
    if let Some(name) = given("gmsaCredentialSpecName") {
        faults.each(&at("gmsaCredentialSpecName"), name, names::subdomain(name));
    }
    match given("gmsaCredentialSpec") {
        Some("") => {
            let why = "gmsaCredentialSpec cannot be an empty string";
            faults.invalid_text(at("gmsaCredentialSpec"), "", why);
        }
        Some(spec) if spec.len() > SPEC_BYTES_MAX => {
            faults.invalid_text(
                at("gmsaCredentialSpec"),
                spec,
                "gmsaCredentialSpec size must be under 64 KiB",
            );
        }
        _ => {}
    }
    if let Some(name) = given("runAsUserName") {
        faults.each(&at("runAsUserName"), name, user_name(name));
    }
}

fn user_name(name: &str) -> Vec<String> {
    let parts: Vec<&str> = name.split('\\').collect();
    let (domain, user) = match parts.as_slice() {
        _ if name.is_empty() => return vec!["runAsUserName cannot be an empty string".to_owned()],
        _ if name.bytes().any(|b| b.is_ascii_control()) => {
            return vec!["runAsUserName cannot contain control characters".to_owned()];
        }
        [user] => (None, *user),
        [domain, user] => (Some(*domain), *user),
        _ => return vec!["runAsUserName cannot contain more than one backslash".to_owned()],
    };
    let mut wrong = Vec::new();
    if domain.is_some_and(|d| d.len() >= DOMAIN_BYTES_END) {
        wrong.push(format!("runAsUserName's Domain length must be under {DOMAIN_BYTES_END} characters"));
    }
    let is_dns = |d: &str| d.split('.').all(|label| names::label(&label.to_ascii_lowercase()).is_empty());
    if domain.is_some_and(|d| !is_net_bios(d) && !is_dns(d)) {
        wrong.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format".to_owned());
    }
    if user.is_empty() {
        wrong.push("runAsUserName's User cannot be empty".to_owned());
    } else if user.len() > USER_BYTES_MAX {
        wrong
            .push(format!("runAsUserName's User length must not be longer than {USER_BYTES_MAX} characters"));
    }
    if !user.is_empty() && user.bytes().all(|b| b". ".contains(&b)) {
        wrong.push("runAsUserName's User cannot contain only periods or spaces".to_owned());
    }
    if user.contains(['"', '/', '\\', ':', ';', '|', '=', ',', '+', '*', '?', '<', '>', '@', '[', ']']) {
        let why = "runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]";
        wrong.push(why.to_owned());
    }
    wrong
}

fn is_net_bios(domain: &str) -> bool {
    let letters = domain.chars().count();
    (1..=15).contains(&letters)
        && !domain.starts_with('.')
        && !domain.contains(['\\', '/', ':', '*', '?', '"', '<', '>', '|'])
}

/// Checks that pods with Windows host processes are that throughout.
pub(super) fn host_process(spec: &Value, field: &str, faults: &mut Faults) {
    let wanted = |v: &Value| {
        v.get_path(&["securityContext", "windowsOptions", "hostProcess"]).and_then(Value::as_bool)
    };
    let of_pod = wanted(spec);
    let (mut all, mut hosts) = (0, 0);
    for key in ["initContainers", "containers", "ephemeralContainers"] {
        for (n, container) in list(spec, key).iter().enumerate() {
            let own = wanted(container);
            if let (Some(pod), Some(own)) = (of_pod, own)
                && pod != own
            {
                let why = format!("pod hostProcess value must be identical if both are specified, was {pod}");
                let at = format!("{field}.{key}[{n}].securityContext.windowsOptions.hostProcess");
                faults.invalid(at, own.to_string(), &why);
            }
            all += 1;
            hosts += usize::from(own.or(of_pod) == Some(true));
        }
    }
    if hosts == 0 {
        return;
    }
    if hosts != all {
        let why =
            "If pod contains any hostProcess containers then all containers must be HostProcess containers";
        faults.invalid_text(field, "", why);
    }
    if flag(spec, "hostNetwork") != Some(true) {
        let why = "hostNetwork must be true if pod contains any hostProcess containers";
        faults.invalid(format!("{field}.hostNetwork"), "false", why);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_value::from_json;

    #[test]
    fn users_are_named_as_windows_names_them() {
        for (name, wrong) in
            [("Administrator", 0), ("NT AUTHORITY\\SYSTEM", 0), ("a.example\\u", 0), ("", 1), ("a\\b\\c", 1)]
        {
            assert_eq!(user_name(name).len(), wrong, "{name}");
        }
        for (name, why) in [
            ("a:b\\u", "runAsUserName's Domain doesn't match the NetBios nor the DNS format"),
            ("d\\", "runAsUserName's User cannot be empty"),
            (". .", "runAsUserName's User cannot contain only periods or spaces"),
            ("u\n", "runAsUserName cannot contain control characters"),
        ] {
            assert_eq!(user_name(name), [why], "{name}");
        }
    }

    #[test]
    fn host_processes_do_not_share_a_pod_with_others() {
        let spec = from_json(
            br#"{"hostNetwork":true,"securityContext":{"windowsOptions":{"hostProcess":true,"gmsaCredentialSpecName":"No"}},
            "containers":[{"name":"a"},{"name":"b","securityContext":{"windowsOptions":{"hostProcess":false}}}]}"#,
        );
        let spec = spec.unwrap();
        let mut faults = Faults::default();
        options(spec.get("securityContext").unwrap(), "spec.securityContext", &mut faults);
        host_process(&spec, "spec", &mut faults);
        let fields: Vec<String> = faults.into_causes().into_iter().map(|c| c.field).collect();
        let expect = [
            "spec.securityContext.windowsOptions.gmsaCredentialSpecName",
            "spec.containers[1].securityContext.windowsOptions.hostProcess",
            "spec",
        ];
        assert_eq!(fields, expect);
    }
}
