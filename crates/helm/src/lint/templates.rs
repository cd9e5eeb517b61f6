//! What templates must render to, as Helm's `pkg/lint/rules/template.go`.

use super::deprecation::deprecation;
use super::finding::{Findings, Severity, words};
use super::names::name_fault;
use crate::Error;
use crate::capabilities::{HelmVersion, KubeVersion};
use crate::chart::Chart;
use crate::compiled::{CompiledChart, Options, Outside};
use crate::decode::go_kind;
use crate::engine::RenderedFile;
use crate::manifest::octets_in;
use fairway_template::Ports;
use fairway_value::Value;
use std::sync::Arc;

pub(super) fn templates(
    found: &mut Findings,
    chart: &Arc<Chart>,
    options: &Options,
    ports: Ports<'_>,
    outside: Outside<'_>,
) {
    let options = Options { release_name: "test-release".to_owned(), ..options.clone() };
    let rendered = match CompiledChart::for_lint(Arc::clone(chart)).render_files(&options, ports, outside) {
        Ok(files) => files,
        // What values that do not fit each other bring is not Helm's to say here.
        Err(Error::Values(_)) => return,
        Err(error) => return found.add(Severity::Error, "templates/", words(&error)),
    };
    // A version that cannot be read has failed above.
    let Ok(kube) = options.kubernetes(HelmVersion::V3) else { return };
    for file in &chart.templates {
        let name = file.name.as_str();
        let base = name.rsplit('/').next().unwrap_or_default();
        let extension = base.rfind('.').map_or("", |at| &base[at..]);
        if !matches!(extension, ".yaml" | ".yml" | ".tpl" | ".txt") {
            let message = format!(
                "file extension '{extension}' not valid. Valid extensions are .yaml, .yml, .tpl, or .txt"
            );
            found.add(Severity::Error, name, message);
        }
        let text = file.text();
        if has_crd_hook(&text) {
            let message = "manifest is a crd-install hook. This hook is no longer supported in v3 and all CRDs should \
                           also exist the crds/ directory at the top level of the chart";
            found.add(Severity::Warning, name, message);
        }
        if text.contains(".Release.Time") {
            let message = ".Release.Time has been removed in v3, please replace with the `now` function in your templates";
            found.add(Severity::Error, name, message);
        }
        let full = format!("{}/{name}", chart.name());
        let file = rendered
            .iter()
            .find(|file| file.name == full && extension == ".yaml")
            .filter(|file| !file.text.trim().is_empty());
        if let Some(file) = file
            && !manifests(found, name, file, &kube)
        {
            return;
        }
    }
}

/// Whether a text matches `"?helm\.sh/hook"?:\s+crd-install`.
fn has_crd_hook(text: &str) -> bool {
    text.match_indices("helm.sh/hook").any(|(at, key)| {
        let rest = &text[at + key.len()..];
        let rest = rest.strip_prefix('"').unwrap_or(rest);
        rest.strip_prefix(':').is_some_and(|r| {
            let value = r.trim_start_matches([' ', '\t', '\n', '\r', '\x0c']);
            value.len() < r.len() && value.starts_with("crd-install")
        })
    })
}

/// Looks at the manifests of a file; false where it is no YAML, with which Helm ends.
fn manifests(found: &mut Findings, name: &str, file: &RenderedFile, kube: &KubeVersion) -> bool {
    let content = file.text.as_str();
    let first = content.lines().find(|l| !l.trim().is_empty());
    if let Some(line) = first.filter(|l| l.starts_with([' ', '\t'])) {
        let message =
            format!("document starts with an illegal indent: {line:?}, which may cause parsing problems");
        found.add(Severity::Warning, name, message);
    }
    for document in documents(content) {
        let parse = || fairway_yaml::parse(document).map_err(|e| e.go_text());
        let parsed = octets_in(document, file.octets).map_or_else(parse, Err);
        let read = parsed.and_then(|value| head(&value));
        match read {
            Ok(None) => {}
            Ok(Some(head)) => manifest(found, name, content, &head, kube),
            Err(why) => {
                found.add(Severity::Error, name, format!("unable to parse YAML: {why}"));
                return false;
            }
        }
    }
    true
}

/// Splits where a line is `---` and maybe more, as apimachinery's YAML reader.
fn documents(content: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut from = 0;
    let mut at = 0;
    for line in content.split_inclusive('\n') {
        if line.starts_with("---") {
            parts.push(&content[from..at]);
            from = at + line.len();
        }
        at += line.len();
    }
    parts.push(&content[from..]);
    parts
}

/// What a manifest says that it is.
struct Head {
    api_version: String,
    kind: String,
    name: String,
}

/// Returns what a manifest says that it is; nothing where it is empty.
fn head(value: &Value) -> Result<Option<Head>, String> {
    let wrong = |value: &Value, what: &str| {
        let kind = go_kind(value);
        Err(format!(
            "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {kind} into Go {what}"
        ))
    };
    let text = |value: Option<&Value>, field: &str| match value {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.to_string()),
        Some(list @ (Value::Array(_) | Value::Object(_))) => {
            wrong(list, &format!("struct field {field} of type string")).map(|()| String::new())
        }
        Some(other) => Ok(other.to_string()),
    };
    match value {
        Value::Null => Ok(None),
        Value::Object(_) => {
            let api_version = text(value.get("apiVersion"), "K8sYamlStruct.apiVersion")?;
            let kind = text(value.get("kind"), "K8sYamlStruct.Kind")?;
            let metadata = value.get("metadata");
            if let Some(other) = metadata.filter(|m| !matches!(m, Value::Object(_) | Value::Null)) {
                wrong(other, "struct field K8sYamlStruct.Metadata of type rules.k8sYamlMetadata")?;
            }
            text(metadata.and_then(|m| m.get("namespace")), "k8sYamlMetadata.Metadata.Namespace")?;
            let name = text(metadata.and_then(|m| m.get("name")), "k8sYamlMetadata.Metadata.Name")?;
            Ok(Some(Head { api_version, kind, name }))
        }
        other => wrong(other, "value of type rules.K8sYamlStruct").map(|()| None),
    }
}

fn manifest(found: &mut Findings, file: &str, content: &str, head: &Head, kube: &KubeVersion) {
    let Head { api_version, kind, name } = head;
    let faults = [name_fault(kind, name), deprecation(api_version, kind, kube)];
    for fault in faults.into_iter().flatten() {
        found.add(Severity::Warning, file, fault);
    }
    let selects = content.contains("matchLabels") || content.contains("matchExpressions");
    if matches!(kind.as_str(), "Deployment" | "ReplicaSet" | "DaemonSet" | "StatefulSet") && !selects {
        let message = format!("a {kind} must contain matchLabels or matchExpressions, and {name:?} does not");
        found.add(Severity::Error, file, message);
    }
    if kind == "List" {
        let items = fairway_yaml::parse(content).ok();
        let kept =
            items.as_ref().and_then(|v| v.get("items")).and_then(Value::as_array).is_some_and(|items| {
                items
                    .iter()
                    .any(|i| i.get_path(&["metadata", "annotations", "helm.sh/resource-policy"]).is_some())
            });
        let message = "Annotation 'helm.sh/resource-policy' within List objects are ignored";
        found.check(!kept, Severity::Error, file, message);
    }
}
