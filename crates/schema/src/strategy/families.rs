//! Which address families a Service has, by what it asks for and what the cluster has.
//!
//! Source: Kubernetes 1.36 `pkg/registry/core/service/storage/alloc.go`, `initIPFamilyFields`.

use super::Refused;
use super::service::{absent, empty, list, text};
use crate::validate::{Cause, service_addresses};
use fairway_value::{Map, Str, Value};

/// Fills in policy and families, or says what of them the cluster cannot give. `known` are the cluster's families, the default one
/// first; where nothing is known, anything asked for may be had.
pub(super) fn choose(spec: &mut Map, before: Option<&Map>, known: Option<&[&str]>) -> Result<(), Refused> {
    if before.is_some_and(|old| keeps_both(spec, old)) {
        return Ok(());
    }
    let headless = text(spec, "clusterIP") == "None";
    let free = headless && empty(spec, "selector");
    if absent(spec, "ipFamilyPolicy") {
        let kept = before.and_then(|b| b.get("ipFamilyPolicy")).filter(|p| !p.is_null()).cloned();
        let policy = if free { "RequireDualStack" } else { "SingleStack" };
        spec.insert("ipFamilyPolicy", kept.unwrap_or_else(|| Value::from(policy)));
    }
    let causes = service_addresses(spec);
    if !causes.is_empty() {
        return Err(Refused::Causes(causes));
    }
    let mut causes = Vec::new();
    if let Some(old) = before {
        shrink(spec, old, &mut causes);
    }
    single_only(spec, &mut causes);
    infer(spec, known, &mut causes);
    if !causes.is_empty() {
        return Err(Refused::Causes(causes));
    }
    let default = known.and_then(|k| k.first().copied()).unwrap_or("IPv4");
    if empty(spec, "ipFamilies") {
        spec.insert("ipFamilies", list(&[default]));
    }
    let single = text(spec, "ipFamilyPolicy") == "SingleStack";
    if free {
        // Without a selector the endpoints are the user's, of whatever family.
        if !single {
            add_other(spec);
        }
        return Ok(());
    }
    if let Some(known) = known {
        unavailable(spec, known, &mut causes);
    }
    if !causes.is_empty() {
        return Err(Refused::Causes(causes));
    }
    if !single && known.is_some_and(|k| k.len() == 2) {
        add_other(spec);
    }
    Ok(())
}

fn strings(spec: &Map, key: &str) -> Vec<Str> {
    let items = spec.get(key).and_then(Value::as_array).unwrap_or_default();
    items.iter().filter_map(|v| v.as_str().map(Str::from)).collect()
}

/// A Service that would like both families keeps what it has until somebody asks for a change.
fn keeps_both(spec: &Map, old: &Map) -> bool {
    let prefers = |spec: &Map| text(spec, "ipFamilyPolicy") == "PreferDualStack";
    let same = |key: &str| strings(spec, key) == strings(old, key);
    let same_kind = text(spec, "type") == text(old, "type");
    same_kind
        && prefers(spec)
        && (prefers(old) || absent(old, "ipFamilyPolicy"))
        && same("clusterIPs")
        && same("ipFamilies")
}

fn policy_fault(spec: &Map, why: &str, causes: &mut Vec<Cause>) {
    causes.push(Cause {
        reason: "FieldValueInvalid",
        message: format!("Invalid value: {:?}: {why}", text(spec, "ipFamilyPolicy")),
        field: "spec.ipFamilyPolicy".to_owned(),
    });
}

/// Going back to one family gives up the second; otherwise neither list may get shorter.
fn shrink(spec: &mut Map, old: &Map, causes: &mut Vec<Cause>) {
    let single = text(spec, "ipFamilyPolicy") == "SingleStack";
    for (key, what) in [("clusterIPs", "cluster IP"), ("ipFamilies", "IP family")] {
        let (now, then) = (strings(spec, key), strings(old, key));
        if single && now == then && now.len() > 1 {
            spec.insert(key, now.iter().take(1).cloned().map(Value::String).collect::<Value>());
        } else if !single && now.len() == 1 && then.len() == 2 && now.first() == then.first() {
            policy_fault(spec, &format!("must be 'SingleStack' to release the secondary {what}"), causes);
        }
    }
}

fn single_only(spec: &Map, causes: &mut Vec<Cause>) {
    if text(spec, "ipFamilyPolicy") != "SingleStack" {
        return;
    }
    for (key, what) in [("clusterIPs", "cluster IPs"), ("ipFamilies", "IP families")] {
        if strings(spec, key).len() == 2 {
            let why =
                format!("must be 'RequireDualStack' or 'PreferDualStack' when multiple {what} are specified");
            policy_fault(spec, &why, causes);
        }
    }
}

/// Addresses say their families where those are not given.
fn infer(spec: &mut Map, known: Option<&[&str]>, causes: &mut Vec<Cause>) {
    let ips = strings(spec, "clusterIPs");
    let mut families = strings(spec, "ipFamilies");
    let given = families.len();
    for (n, ip) in ips.iter().enumerate().skip(given) {
        if ip == "None" {
            break;
        }
        let family = if ip.contains(':') { "IPv6" } else { "IPv4" };
        if known.is_some_and(|k| !k.contains(&family)) {
            let shown = spec.get("clusterIPs").map(ToString::to_string).unwrap_or_default();
            causes.push(Cause {
                reason: "FieldValueInvalid",
                message: format!("Invalid value: {shown}: {family} is not configured on this cluster"),
                field: format!("spec.clusterIPs[{n}]"),
            });
        } else {
            families.push(family.into());
        }
    }
    if families.len() > given {
        spec.insert("ipFamilies", families.into_iter().map(Value::String).collect::<Value>());
    }
}

fn unavailable(spec: &Map, known: &[&str], causes: &mut Vec<Cause>) {
    if text(spec, "ipFamilyPolicy") == "RequireDualStack" && known.len() < 2 {
        policy_fault(spec, "this cluster is not configured for dual-stack services", causes);
    }
    for (n, family) in strings(spec, "ipFamilies").iter().enumerate() {
        if !known.contains(&family.as_str()) {
            causes.push(Cause {
                reason: "FieldValueInvalid",
                message: format!("Invalid value: {:?}: not configured on this cluster", family.as_str()),
                field: format!("spec.ipFamilies[{n}]"),
            });
        }
    }
}

fn add_other(spec: &mut Map) {
    let families = strings(spec, "ipFamilies");
    if let [only] = families.as_slice() {
        let other = if only == "IPv4" { "IPv6" } else { "IPv4" };
        spec.insert("ipFamilies", list(&[only, other]));
    }
}
