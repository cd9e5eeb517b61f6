use super::case::{NOW, Placeholders, read, text};
use crate::conformance::Report;
use fairway_schema::request::{FieldValidation, Refusal, Request, Verb, write};
use fairway_schema::{Schemas, Scope};
use fairway_value::Value;
use std::path::Path;

/// Applies what the server refused and compares status, reason, message and causes.
pub fn run(dir: &Path) -> Report {
    let mut report = Report::default();
    let mut refused = 0;
    for case in read(&dir.join("apiserver/invalid.jsonl")) {
        let outcome = check(&case, &mut refused);
        report.case(text(&case, "name"), outcome);
    }
    report.notes.push(("refused, whatever the words".to_owned(), refused));
    report
}

const NO_RESOURCE: &str = "the server could not find the requested resource";

fn check(case: &Value, refused: &mut usize) -> Result<(), String> {
    let parsed = match case.get("rawBody").and_then(Value::as_str) {
        Some(raw) => fairway_yaml::parse(raw).map_err(|e| e.to_string()),
        None => Ok(case.get("desired").cloned().unwrap_or_default()),
    };
    let outcome = match parsed {
        Ok(body) => attempt(case, &body),
        Err(why) => Err(Refusal::bad_request(format!("error decoding YAML: {why}"))),
    };
    let refusal = match outcome {
        Ok(()) => {
            return Err(format!(
                "taken; expected {} {}",
                case.get("status").unwrap_or(&Value::Null),
                text(case, "message")
            ));
        }
        Err(refusal) => refusal,
    };
    *refused += 1;
    let status = case.get("status").and_then(Value::as_i64).unwrap_or(0);
    if i64::from(refusal.code) != status || refusal.reason != text(case, "reason") {
        return Err(format!(
            "expected {status} {}, got {} {}",
            text(case, "message"),
            refusal.code,
            refusal.message
        ));
    }
    let unordered = case.get("unorderedMessage") == Some(&Value::Bool(true));
    if !same_text(text(case, "message"), &refusal.message, unordered) {
        return Err(format!("expected message {}, got {}", text(case, "message"), refusal.message));
    }
    causes(case, &refusal, unordered)
}

fn same_text(expected: &str, actual: &str, unordered: bool) -> bool {
    let sorted = |s: &str| {
        let mut chars: Vec<char> = s.chars().collect();
        chars.sort_unstable();
        chars
    };
    expected == actual || (unordered && sorted(expected) == sorted(actual))
}

fn causes(case: &Value, refusal: &Refusal, unordered: bool) -> Result<(), String> {
    let listed =
        case.get("details").and_then(|d| d.get("causes")).and_then(Value::as_array).unwrap_or_default();
    let mut expected: Vec<(&str, &str, &str)> =
        listed.iter().map(|c| (text(c, "field"), text(c, "reason"), text(c, "message"))).collect();
    let mut actual: Vec<(&str, &str, &str)> =
        refusal.causes.iter().map(|c| (c.field.as_str(), c.reason, c.message.as_str())).collect();
    if refusal.code != 422 || unordered {
        return Ok(());
    }
    expected.sort_unstable();
    actual.sort_unstable();
    if expected == actual { Ok(()) } else { Err(format!("causes: expected {expected:?}, got {actual:?}")) }
}

/// Finds the resource as the URL names it and applies.
fn attempt(case: &Value, body: &Value) -> Result<(), Refusal> {
    let schemas = Schemas::builtin();
    let not_found = || Refusal { code: 404, reason: "NotFound", ..Refusal::bad_request(NO_RESOURCE) };
    let no_page = || Refusal { code: 404, reason: "", ..Refusal::bad_request("404 page not found\n") };
    let path = text(case, "path").split('?').next().unwrap_or_default();
    let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
    let (resource, namespace, name) = if parts.is_empty() {
        // Servers know groups before they know versions and kinds.
        let version = text(body, "apiVersion");
        let group = version.rsplit_once('/').map_or("", |(group, _)| group);
        let known = schemas.resources().any(|r| r.group == group);
        let missing = || if known { not_found() } else { no_page() };
        let found = schemas.resource(version, text(body, "kind")).ok_or_else(missing)?;
        let meta = |key: &str| body.get_path(&["metadata", key]).and_then(Value::as_str).unwrap_or_default();
        let namespace = if found.scope == Scope::Namespaced { meta("namespace") } else { "" };
        // A slash in a name or a missing namespace makes another URL of it.
        if meta("name").contains('/') || (found.scope == Scope::Namespaced && namespace.is_empty()) {
            return Err(not_found());
        }
        (found, namespace.to_owned(), meta("name").to_owned())
    } else {
        let (group, rest) = match parts.as_slice() {
            ["api", rest @ ..] => ("", rest),
            ["apis", group, rest @ ..] => (*group, rest),
            _ => return Err(not_found()),
        };
        let (version, namespace, plural, name) = match rest {
            [version, "namespaces", ns, plural, name, ..] => (*version, *ns, *plural, *name),
            [version, plural, name, ..] => (*version, "", *plural, *name),
            _ => return Err(not_found()),
        };
        let known = schemas.resources().any(|r| r.group == group);
        let missing = || if known { not_found() } else { no_page() };
        let found = schemas.resource_by_plural(group, version, plural).ok_or_else(missing)?;
        if (found.scope == Scope::Namespaced) == namespace.is_empty() {
            return Err(not_found());
        }
        (found, namespace.to_owned(), name.to_owned())
    };
    let request = Request {
        verb: Verb::Apply { force: true },
        resource,
        subresource: "",
        manager: "fairway",
        namespace: &namespace,
        name: &name,
        body,
        field_validation: FieldValidation::Warn,
        now: NOW,
        uid: super::case::UID,
    };
    write(None, &request, schemas, &mut Placeholders::default()).map(|_| ())
}
