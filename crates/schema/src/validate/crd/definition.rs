//! A definition as a whole. The server holds it in a form in which what all versions have alike stands at the top: fields are named
//! by that form.

use super::super::fault::{Faults, has, list, show, some, text, words};
use super::super::{names, shown, webhook};
use super::{columns, schema};
use fairway_value::Value;

/// Checks a CustomResourceDefinition; `old` is what it takes the place of.
pub(in super::super) fn check(object: &Value, old: Option<&Value>, faults: &mut Faults) {
    let empty = Value::object();
    let spec = object.get("spec").unwrap_or(&empty);
    let crd_names = spec.get("names").unwrap_or(&empty);
    let name = object.get_path(&["metadata", "name"]).and_then(Value::as_str).unwrap_or_default();
    if name != format!("{}.{}", text(crd_names, "plural"), text(spec, "group")) {
        faults.invalid_text("metadata.name", name, "must be spec.names.plural+\".\"+spec.group");
    }
    let stored = old.and_then(|old| old.get_path(&["spec", "versions"])).and_then(Value::as_array);
    self::spec(spec, crd_names, stored.unwrap_or_default(), faults);
    if let Some(old) = old {
        unchanged(spec, old, faults);
    }
    let status = object.get("status").unwrap_or(&empty);
    if let Some(accepted) = status.get("acceptedNames") {
        well_named(accepted, "status.acceptedNames", faults);
    }
    stored_versions(status, list(spec, "versions"), faults);
    approval(object, text(spec, "group"), faults);
    if spec.get("preserveUnknownFields") == Some(&Value::Bool(true)) {
        let why = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";
        faults.invalid("spec.preserveUnknownFields", "true", why);
    }
}

/// What a definition may not change: its resource's name, and once it is served its scope and its kind.
fn unchanged(spec: &Value, old: &Value, faults: &mut Faults) {
    let is_established = |c: &Value| text(c, "type") == "Established" && text(c, "status") == "True";
    let conditions = old.get_path(&["status", "conditions"]).and_then(Value::as_array);
    let served: &[&[&str]] = &[&["scope"], &["names", "kind"]];
    let served = if conditions.is_some_and(|all| all.iter().any(is_established)) { served } else { &[] };
    let always: &[&[&str]] = &[&["group"], &["names", "plural"]];
    let before = old.get("spec").unwrap_or(&Value::Null);
    for path in served.iter().chain(always) {
        let of = |spec: &Value| spec.get_path(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        if of(spec) != of(before) {
            faults.invalid_text(format!("spec.{}", path.join(".")), &of(spec), "field is immutable");
        }
    }
}

/// What all versions have alike: nothing where they differ, null where none has it.
fn shared<'v>(versions: &'v [Value], key: &str) -> Option<&'v Value> {
    static NULL: Value = Value::Null;
    let of = |version: &'v Value| match version.get(key) {
        Some(Value::Array(items)) if items.is_empty() => &NULL,
        Some(found) => found,
        None => &NULL,
    };
    let first = of(versions.first()?);
    versions.iter().all(|v| of(v) == first).then_some(first)
}

/// Whether a version of this schema is stored already.
fn is_stored(version: &Value, stored: &[Value]) -> bool {
    let before = stored.iter().find(|old| text(old, "name") == text(version, "name"));
    before.is_some_and(|old| old.get("schema") == version.get("schema"))
}

fn spec(spec: &Value, crd_names: &Value, stored: &[Value], faults: &mut Faults) {
    let group = text(spec, "group");
    if faults.present("spec.group", group) {
        let wrong = names::subdomain(group);
        if wrong.is_empty() && !group.contains('.') {
            faults.invalid_text("spec.group", group, "should be a domain with at least one dot");
        }
        faults.joined("spec.group", group, &wrong, ",");
    }
    let scope = text(spec, "scope");
    if faults.present("spec.scope", scope) {
        faults.one_of("spec.scope", scope, &["Cluster", "Namespaced"]);
    }
    let versions = list(spec, "versions");
    let has_schema = |holder: &Value| super::inner(holder, "openAPIV3Schema").is_some();
    let at_top = shared(versions, "schema");
    if !at_top.is_some_and(has_schema) {
        for (n, version) in versions.iter().enumerate() {
            if at_top.is_some() || !version.get("schema").is_some_and(has_schema) {
                faults.required(format!("spec.versions[{n}].schema.openAPIV3Schema"), "");
            }
        }
    }
    let preserves = spec.get("preserveUnknownFields") == Some(&Value::Bool(true));
    let schemas = || versions.iter().filter_map(|v| v.get_path(&["schema", "openAPIV3Schema"]));
    if preserves && schemas().any(|s| schema::any(s, &|s| has(s, "default"))) {
        let why = "must be false in order to use defaults in the schema";
        faults.invalid("spec.preserveUnknownFields", "true", why);
    }
    for (n, version) in versions.iter().enumerate() {
        self::version(version, versions, stored, &format!("spec.versions[{n}]"), faults);
    }
    versions_together(spec, versions, faults);
    for key in ["plural", "singular", "kind", "listKind"] {
        faults.present(format!("spec.names.{key}"), text(crd_names, key));
    }
    well_named(crd_names, "spec.names", faults);
    let any_status = versions.iter().any(has_status);
    if let Some(holder) = at_top {
        let stored = versions.first().is_some_and(|first| is_stored(first, stored));
        schema::check(holder, any_status, stored, "spec.validation", faults);
    }
    if let Some(found) = shared(versions, "subresources") {
        columns::subresources(found, "spec.subresources", faults);
    }
    if let Some(found) = shared(versions, "additionalPrinterColumns") {
        columns::columns(found.as_array().unwrap_or_default(), "spec.additionalPrinterColumns", faults);
    }
    if let Some(fields) = shared(versions, "selectableFields").and_then(Value::as_array) {
        if at_top.is_none_or(Value::is_null) {
            let why = "may only be set when validations.schema is included";
            faults.invalid_text("spec.selectableFields", "", why);
        } else {
            let root = at_top.and_then(|h| h.get("openAPIV3Schema"));
            columns::selectable(fields, root, "spec.selectableFields", faults);
        }
    }
    conversion(spec, preserves, faults);
}

fn has_status(version: &Value) -> bool {
    version.get("subresources").is_some_and(|s| has(s, "status"))
}

fn version(version: &Value, all: &[Value], stored: &[Value], field: &str, faults: &mut Faults) {
    let name = text(version, "name");
    faults.joined(format!("{field}.name"), name, &names::label_1035(name), ",");
    if let Some(warning) = version.get("deprecationWarning").and_then(Value::as_str) {
        deprecation(version, warning, &format!("{field}.deprecationWarning"), faults);
    }
    let own = |key: &str| some(version, key).filter(|_| shared(all, key).is_none());
    if let Some(holder) = own("schema") {
        // Where the subresources stand at the top, every version has them.
        let stored = is_stored(version, stored);
        schema::check(holder, has_status(version), stored, &format!("{field}.schema"), faults);
    }
    if let Some(found) = own("subresources") {
        columns::subresources(found, &format!("{field}.subresources"), faults);
    }
    if let Some(found) = own("additionalPrinterColumns").and_then(Value::as_array) {
        columns::columns(found, &format!("{field}.additionalPrinterColumns"), faults);
    }
    if let Some(fields) = own("selectableFields").and_then(Value::as_array).filter(|f| !f.is_empty()) {
        let field = format!("{field}.selectableFields");
        match own("schema").and_then(|h| super::inner(h, "openAPIV3Schema")) {
            None => {
                let why = "may only be set when `version.schema.openAPIV3Schema` is not included";
                faults.invalid_text(field, "", why);
            }
            root => columns::selectable(fields, root, &field, faults),
        }
    }
}

/// Longest warning of a deprecated version, in bytes.
const WARNING_MAX: usize = 256;

fn deprecation(version: &Value, warning: &str, field: &str, faults: &mut Faults) {
    if version.get("deprecated") != Some(&Value::Bool(true)) {
        return faults.invalid_text(field, warning, "can only be set for deprecated versions");
    }
    if warning.len() > WARNING_MAX {
        faults.invalid_text(field, warning, &format!("must be <= {WARNING_MAX} characters long"));
    }
    if warning.is_empty() {
        faults.invalid_text(field, warning, "must not be an empty string");
    }
    // Of all spaces only the plain one counts as printable.
    let hidden = warning.char_indices().find(|(_, c)| c.is_control() || (c.is_whitespace() && *c != ' '));
    if let Some((at, _)) = hidden {
        let why = format!(
            "must only contain printable UTF-8 characters; non-printable character found at index {at}"
        );
        faults.invalid_text(field, warning, &why);
    }
}

fn versions_together(spec: &Value, versions: &[Value], faults: &mut Faults) {
    let name = |version: &Value| text(version, "name").to_owned();
    let stored = versions.iter().filter(|v| v.get("storage") == Some(&Value::Bool(true))).count();
    let unique = versions.iter().enumerate().all(|(n, v)| versions[..n].iter().all(|o| name(o) != name(v)));
    let wrong = [
        (!unique, "must contain unique version names"),
        (stored != 1, "must have exactly one version marked as storage version"),
    ];
    for (_, why) in wrong.iter().filter(|(wrong, _)| *wrong) {
        faults.invalid("spec.versions", shown_versions(spec, versions), why);
    }
    if let Some(first) = versions.first().map(|v| text(v, "name")).filter(|n| !n.is_empty()) {
        faults.joined("spec.version", first, &names::label_1035(first), ",");
    }
}

/// Versions as the server holds them: without what stands at the top.
fn shown_versions(spec: &Value, versions: &[Value]) -> String {
    if versions.is_empty() {
        return show(spec.get("versions"));
    }
    let mut own: Vec<Value> = versions.to_vec();
    for key in ["schema", "subresources", "additionalPrinterColumns", "selectableFields"] {
        if shared(versions, key).is_some() {
            own.iter_mut().for_each(|v| drop(v.remove_path(&[key])));
        }
    }
    let own: Value = own.into_iter().collect();
    shown::show("[apiextensions.CustomResourceDefinitionVersion", Some(&own))
}

fn well_named(found: &Value, field: &str, faults: &mut Faults) {
    for key in ["plural", "singular"] {
        let value = text(found, key);
        if !value.is_empty() {
            faults.joined(format!("{field}.{key}"), value, &names::label_1035(value), ",");
        }
    }
    for key in ["kind", "listKind"] {
        let value = text(found, key);
        if !value.is_empty() {
            faults.kind(format!("{field}.{key}"), value);
        }
    }
    for (n, name) in words(found, "shortNames").into_iter().enumerate() {
        faults.joined(format!("{field}.shortNames[{n}]"), name, &names::label_1035(name), ",");
    }
    let kind = text(found, "kind");
    if !kind.is_empty() && kind == text(found, "listKind") {
        faults.invalid_text(format!("{field}.listKind"), kind, "kind and listKind may not be the same");
    }
    for (n, name) in words(found, "categories").into_iter().enumerate() {
        faults.joined(format!("{field}.categories[{n}]"), name, &names::label_1035(name), ",");
    }
}

fn conversion(spec: &Value, preserves: bool, faults: &mut Faults) {
    let Some(conversion) = some(spec, "conversion") else { return };
    let strategy = text(conversion, "strategy");
    let field = "spec.conversion";
    if preserves && strategy != "None" {
        let why = "must be None if spec.preserveUnknownFields is true";
        faults.invalid_text(format!("{field}.strategy"), strategy, why);
    }
    if faults.present(format!("{field}.strategy"), strategy) {
        faults.one_of(format!("{field}.strategy"), strategy, &["None", "Webhook"]);
    }
    let empty = Value::object();
    let hook = some(conversion, "webhook").unwrap_or(&empty);
    let client = format!("{field}.webhookClientConfig");
    let review_key = "conversionReviewVersions";
    if strategy == "Webhook" {
        match some(hook, "clientConfig") {
            None => faults.required(client, "required when strategy is set to Webhook"),
            Some(config) => webhook::client(config, &client, faults),
        }
        return webhook::review_versions(hook, review_key, field, "", faults);
    }
    let why = "should not be set when strategy is not set to Webhook";
    if has(hook, "clientConfig") {
        faults.forbidden(client, why);
    }
    if !list(hook, review_key).is_empty() {
        faults.forbidden(format!("{field}.{review_key}"), why);
    }
}

fn stored_versions(status: &Value, versions: &[Value], faults: &mut Faults) {
    let field = "status.storedVersions";
    let stored = list(status, "storedVersions");
    if stored.is_empty() {
        return faults.invalid(field, "null", "must have at least one stored version");
    }
    // A version that is named twice is met only once.
    let mut left: Vec<&str> = stored.iter().filter_map(Value::as_str).collect();
    for version in versions {
        let name = text(version, "name");
        let met = left.contains(&name);
        left.retain(|n| *n != name);
        if version.get("storage") == Some(&Value::Bool(true)) && !met {
            let why = format!("must have the storage version {name}");
            faults.invalid(field, show(status.get("storedVersions")), &why);
        }
    }
    for (n, name) in stored.iter().enumerate().filter_map(|(n, s)| Some((n, s.as_str()?))) {
        if !versions.iter().any(|v| text(v, "name") == name) {
            let why = format!(
                "missing from spec.versions; {name} was previously a storage version, and must remain in spec.versions until a \
                 storage migration ensures no data remains persisted in {name} and removes {name} from status.storedVersions"
            );
            faults.invalid_text(format!("{field}[{n}]"), name, &why);
        }
    }
}

/// Groups of Kubernetes itself need a word that the definition has been approved.
fn approval(object: &Value, group: &str, faults: &mut Faults) {
    const ANNOTATION: &str = "api-approved.kubernetes.io";
    let protected = ["k8s.io", "kubernetes.io"]
        .iter()
        .any(|own| group.strip_suffix(own).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')));
    let said = object.get_path(&["metadata", "annotations", ANNOTATION]);
    let said = said.and_then(Value::as_str).unwrap_or_default();
    let is_url = || {
        said.split_once("://").is_some_and(|(scheme, rest)| {
            let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
            !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric()) && !host.is_empty()
        })
    };
    if !protected || said.starts_with("unapproved") || is_url() {
        return;
    }
    let field = format!("metadata.annotations[{ANNOTATION}]");
    let see = "see https://github.com/kubernetes/enhancements/pull/1111";
    if said.is_empty() {
        let why = format!("protected groups must have approval annotation \"{ANNOTATION}\", {see}");
        return faults.required(field, &why);
    }
    let why = format!(
        "protected groups must have approval annotation \"{ANNOTATION}\" with either a URL or a reason starting with \
         \"unapproved\", {see}"
    );
    faults.invalid_text(field, said, &why);
}
