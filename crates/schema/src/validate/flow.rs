//! Which requests belong to which priority level.
//!
//! Source: Kubernetes 1.36 `pkg/apis/flowcontrol/validation`.

use super::fault::{Faults, has, int, list, show, text};
use super::names;
use fairway_value::Value;

const VERBS: [&str; 9] =
    ["create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"];

/// Checks a FlowSchema.
pub(super) fn schema(name: &str, spec: &Value, faults: &mut Faults) {
    let precedence = int(spec, "matchingPrecedence").unwrap_or(0);
    let field = "spec.matchingPrecedence";
    if precedence <= 0 {
        faults.invalid(field, precedence.to_string(), "must be a positive value");
    }
    if precedence > 10_000 {
        faults.invalid(field, precedence.to_string(), "must not be greater than 10000");
    }
    if precedence == 1 && name != "exempt" {
        let why = "only the schema named 'exempt' may have matchingPrecedence 1";
        faults.invalid(field, precedence.to_string(), why);
    }
    if let Some(method) = spec.get("distinguisherMethod").filter(|m| !m.is_null()) {
        let kind = text(method, "type");
        if !matches!(kind, "ByNamespace" | "ByUser") {
            let shown = format!("{{\"Type\":{}}}", show(Some(&Value::from(kind))));
            faults.unsupported("spec.distinguisherMethod.type", shown, &["ByNamespace", "ByUser"]);
        }
    }
    let level = spec.get("priorityLevelConfiguration").map(|l| text(l, "name")).unwrap_or_default();
    let field = "spec.priorityLevelConfiguration.name";
    if level.is_empty() {
        faults.required(field, "must reference a priority level");
    } else {
        faults.each(field, level, names::subdomain(level));
    }
    for (n, rule) in list(spec, "rules").iter().enumerate() {
        self::rule(rule, &format!("spec.rules[{n}]"), faults);
    }
}

/// Checks a PriorityLevelConfiguration.
pub(super) fn level(spec: &Value, faults: &mut Faults) {
    let kind = text(spec, "type");
    if !faults.present("spec.type", kind) {
        return;
    }
    let of = |key: &str| spec.get(key).filter(|v| !v.is_null());
    match kind {
        "Limited" => {
            if of("exempt").is_some() {
                faults.forbidden("spec.exempt", "must be nil if the type is Limited");
            }
            match of("limited") {
                None => faults.required("spec.limited", "must not be empty when type is Limited"),
                Some(limited) => self::limited(limited, faults),
            }
        }
        "Exempt" => {
            if of("limited").is_some() {
                faults.forbidden("spec.limited", "must be nil if the type is not Limited");
            }
            if let Some(exempt) = of("exempt") {
                shares(exempt, "spec.exempt", faults);
                lendable(exempt, "spec.exempt", faults);
            }
        }
        other => faults.one_of("spec.type", other, &["Exempt", "Limited"]),
    }
}

fn shares(level: &Value, field: &str, faults: &mut Faults) {
    if let Some(n) = int(level, "nominalConcurrencyShares").filter(|n| *n < 0) {
        let why = "must be a non-negative integer";
        faults.invalid(format!("{field}.nominalConcurrencyShares"), n.to_string(), why);
    }
}

fn lendable(level: &Value, field: &str, faults: &mut Faults) {
    faults.between(format!("{field}.lendablePercent"), int(level, "lendablePercent"), (0, 100));
}

fn limited(limited: &Value, faults: &mut Faults) {
    let field = "spec.limited";
    shares(limited, field, faults);
    let empty = Value::object();
    let response = limited.get("limitResponse").unwrap_or(&empty);
    let queuing = response.get("queuing").filter(|q| !q.is_null());
    let path = format!("{field}.limitResponse.queuing");
    match (text(response, "type"), queuing) {
        ("Reject", Some(_)) => {
            faults.forbidden(path, "must be nil if limited.limitResponse.type is not Limited");
        }
        ("Queue", None) => {
            faults.required(path, "must not be empty if limited.limitResponse.type is Limited");
        }
        ("Queue", Some(queuing)) => queues(queuing, &path, faults),
        ("Reject", None) => {}
        ("", _) => faults.required(format!("{field}.limitResponse.type"), ""),
        (other, _) => faults.one_of(format!("{field}.limitResponse.type"), other, &["Queue", "Reject"]),
    }
    lendable(limited, field, faults);
    if let Some(n) = int(limited, "borrowingLimitPercent").filter(|n| *n < 0) {
        let why = "if specified, must be a non-negative integer";
        faults.invalid(format!("{field}.borrowingLimitPercent"), n.to_string(), why);
    }
}

/// Most queues of a level.
const QUEUES_MAX: i64 = 10_000_000;

/// How many bits the hash has by which a hand of queues is dealt.
const HASH_BITS_MAX: u32 = 60;

fn queues(queuing: &Value, field: &str, faults: &mut Faults) {
    let of = |key: &str| int(queuing, key).unwrap_or(0);
    let (queues, hand) = (of("queues"), of("handSize"));
    for (key, n) in [("queueLengthLimit", of("queueLengthLimit")), ("queues", queues)] {
        if n <= 0 {
            faults.invalid(format!("{field}.{key}"), n.to_string(), "must be positive");
        }
    }
    if queues > QUEUES_MAX {
        let why = format!("must not be greater than {QUEUES_MAX}");
        faults.invalid(format!("{field}.queues"), queues.to_string(), &why);
    }
    let path = format!("{field}.handSize");
    if hand <= 0 {
        faults.invalid(path, hand.to_string(), "must be positive");
    } else if hand > queues {
        faults.invalid(path, hand.to_string(), &format!("should not be greater than queues ({queues})"));
    } else if !dealt(queues, hand) {
        let why = format!(
            "required entropy bits of deckSize {queues} and handSize {hand} should not be greater than {HASH_BITS_MAX}"
        );
        faults.invalid(path, hand.to_string(), &why);
    }
}

/// Whether the hash has bits enough to deal a hand from a deck: as many as a number of the deck has, for each that is drawn.
fn dealt(deck: i64, hand: i64) -> bool {
    let deck = u128::try_from(deck).unwrap_or(1);
    let mut hands: u128 = 1;
    // A deck of one card takes no bits at all.
    for _ in 0..hand.min(i64::from(HASH_BITS_MAX) + 1) {
        hands = hands.saturating_mul(deck);
    }
    hands <= 1 << HASH_BITS_MAX
}

fn rule(rule: &Value, field: &str, faults: &mut Faults) {
    let (subjects, resources, others) =
        (list(rule, "subjects"), list(rule, "resourceRules"), list(rule, "nonResourceRules"));
    for (n, subject) in subjects.iter().enumerate() {
        self::subject(subject, &format!("{field}.subjects[{n}]"), faults);
    }
    if subjects.is_empty() {
        faults.required(format!("{field}.subjects"), "subjects must contain at least one value");
    }
    if resources.is_empty() && others.is_empty() {
        faults.required(field, "at least one of resourceRules and nonResourceRules has to be non-empty");
    }
    for (n, rule) in resources.iter().enumerate() {
        resource_rule(rule, &format!("{field}.resourceRules[{n}]"), faults);
    }
    for (n, rule) in others.iter().enumerate() {
        url_rule(rule, &format!("{field}.nonResourceRules[{n}]"), faults);
    }
}

fn subject(subject: &Value, field: &str, faults: &mut Faults) {
    let kinds = [("ServiceAccount", "serviceAccount"), ("User", "user"), ("Group", "group")];
    let kind = text(subject, "kind");
    let Some((_, own)) = kinds.iter().find(|(name, _)| *name == kind) else {
        return faults.one_of(format!("{field}.kind"), kind, &["Group", "ServiceAccount", "User"]);
    };
    let path = format!("{field}.{own}");
    match subject.get(own).filter(|s| !s.is_null()) {
        None => faults.required(path, &format!("{own} is required when subject kind is '{kind}'")),
        Some(who) => {
            let name = text(who, "name");
            if faults.present(format!("{path}.name"), name) && kind == "ServiceAccount" && name != "*" {
                faults.each(&format!("{path}.name"), name, names::subdomain(name));
            }
            if kind == "ServiceAccount" {
                let namespace = text(who, "namespace");
                if namespace.is_empty() {
                    let why = "must specify namespace for service account";
                    faults.required(format!("{path}.namespace"), why);
                } else {
                    faults.each(&format!("{path}.namespace"), namespace, names::label(namespace));
                }
            }
        }
    }
    for (name, key) in kinds.iter().filter(|(name, key)| *name != kind && has(subject, key)) {
        let why = format!("{key} is forbidden when subject kind is not '{name}'");
        faults.forbidden(format!("{field}.{key}"), &why);
    }
}

fn verbs(rule: &Value, field: &str, faults: &mut Faults) {
    let verbs = list(rule, "verbs");
    let field = format!("{field}.verbs");
    let known = |v: &Value| v.as_str().is_some_and(|v| VERBS.contains(&v));
    if verbs.is_empty() {
        faults.required(field, "verbs must contain at least one value");
    } else if any(verbs) {
        alone(rule, "verbs", "verbs", &field, faults);
    } else if !verbs.iter().all(known) {
        faults.unsupported(field, show(rule.get("verbs")), &VERBS);
    }
}

fn any(values: &[Value]) -> bool {
    values.iter().any(|v| v.as_str() == Some("*"))
}

/// What stands for all of them stands alone.
fn alone(rule: &Value, key: &str, what: &str, field: &str, faults: &mut Faults) {
    if list(rule, key).len() > 1 && any(list(rule, key)) {
        let why = format!("if '*' is present, must not specify other {what}");
        faults.invalid(field, show(rule.get(key)), &why);
    }
}

fn resource_rule(rule: &Value, field: &str, faults: &mut Faults) {
    verbs(rule, field, faults);
    for (key, one, many) in [("apiGroups", "api group", "api groups"), ("resources", "resource", "resources")]
    {
        let path = format!("{field}.{key}");
        if list(rule, key).is_empty() {
            faults.required(path, &format!("resource rules must supply at least one {one}"));
        } else {
            alone(rule, key, many, &path, faults);
        }
    }
    let namespaces = list(rule, "namespaces");
    let path = format!("{field}.namespaces");
    if namespaces.is_empty() && rule.get("clusterScope") != Some(&Value::Bool(true)) {
        let why = "resource rules that are not cluster scoped must supply at least one namespace";
        faults.required(path, why);
    } else if any(namespaces) {
        alone(rule, "namespaces", "namespaces", &path, faults);
    } else {
        for (n, namespace) in namespaces.iter().filter_map(Value::as_str).enumerate() {
            for why in names::label(namespace) {
                let why = format!("each member of this list must be '*' or a DNS-1123 label; {why}");
                faults.invalid_text(format!("{path}[{n}]"), namespace, &why);
            }
        }
    }
}

fn url_rule(rule: &Value, field: &str, faults: &mut Faults) {
    verbs(rule, field, faults);
    let urls = list(rule, "nonResourceURLs");
    let path = format!("{field}.nonResourceURLs");
    if urls.is_empty() {
        faults.required(path, "nonResourceURLs must contain at least one value");
    } else if any(urls) {
        alone(rule, "nonResourceURLs", "non-resource URLs", &path, faults);
    } else {
        for (n, url) in urls.iter().filter_map(Value::as_str).enumerate() {
            if let Some(why) = url_fault(url) {
                faults.invalid_text(format!("{path}[{n}]"), url, why);
            }
        }
    }
}

fn url_fault(url: &str) -> Option<&'static str> {
    match url {
        "" => Some("must not be empty"),
        "/" => None,
        _ if !url.starts_with('/') => Some("must start with slash"),
        _ if url.contains(' ') => Some("must not contain white-space"),
        _ if url.contains("//") => Some("must not contain double slash"),
        _ => {
            let stars = url.matches('*').count();
            (stars > 1 || (stars == 1 && !url.ends_with("/*")))
                .then_some("wildcard can only do suffix matching")
        }
    }
}
