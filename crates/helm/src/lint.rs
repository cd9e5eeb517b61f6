//! What `helm lint` says about a chart, as Helm 3's `pkg/lint`.
//!
//! Differs: object names are not held against Kubernetes' rules for each kind, nor kinds against the list of deprecated
//! API versions.

use crate::capabilities::HelmVersion;
use crate::chart::Chart;
use crate::compiled::{CompiledChart, Options};
use crate::metadata::Metadata;
use crate::{Error, manifest};
use fairway_core::FileTree;
use fairway_template::Ports;
use fairway_template::semver::Version;
use fairway_value::{Map, Value};
use std::fmt;
use std::sync::Arc;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Against the standards, but will likely work.
    Warning,
    /// Will likely not work.
    Error,
}

/// Something that `helm lint` found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The file or directory that it is in.
    pub path: String,
    /// What it is.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Info => "INFO",
            Severity::Warning => "WARNING",
            Severity::Error => "ERROR",
        };
        write!(f, "[{severity}] {}: {}", self.path, self.message)
    }
}

/// Lints the chart in a directory of a tree with a user's values. The release name of `options` is replaced by
/// Helm's `test-release`.
#[must_use]
pub fn lint(tree: &dyn FileTree, dir: &str, options: &Options, ports: Ports<'_>) -> Vec<Finding> {
    let mut linter = Linter::default();
    let file = |name: &str| tree.read(&format!("{dir}/{name}")).ok().flatten();
    let chart_yaml = file("Chart.yaml").map(|b| String::from_utf8_lossy(&b).into_owned());
    if let Some(metadata) = linter.chart_yaml(chart_yaml) {
        linter.metadata(&metadata);
    }
    if file("values.yaml").is_none() {
        linter.add(Severity::Info, "values.yaml", "file does not exist");
    }
    match Chart::load(tree, dir) {
        Ok(chart) => {
            linter.dependencies(dir, &chart);
            linter.templates(chart, options, ports);
        }
        Err(error) => {
            linter.add(Severity::Error, "templates/", chain(&error));
            linter.add(Severity::Error, "", format!("unable to load chart\n\t{}", chain(&error)));
        }
    }
    linter.findings
}

fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        text.push_str(&format!(": {inner}"));
        source = inner.source();
    }
    text
}

#[derive(Default)]
struct Linter {
    findings: Vec<Finding>,
}

impl Linter {
    fn add(&mut self, severity: Severity, path: &str, message: impl Into<String>) {
        self.findings.push(Finding { severity, path: path.to_owned(), message: message.into() });
    }

    fn check(&mut self, holds: bool, severity: Severity, path: &str, message: impl Into<String>) {
        if !holds {
            self.add(severity, path, message);
        }
    }

    fn chart_yaml(&mut self, text: Option<String>) -> Option<Metadata> {
        let mut metadata = Metadata::default();
        let parsed = match text {
            None => Err("Chart.yaml: no such file".to_owned()),
            Some(text) => fairway_yaml::parse(&text).map_err(|e| e.to_string()).and_then(|document| {
                metadata.read(&document, "Chart.yaml").map_err(|e| chain(&e))?;
                Ok(document)
            }),
        };
        match parsed {
            Ok(document) => {
                self.string_fields(document.as_object());
                Some(metadata)
            }
            Err(why) => {
                self.add(Severity::Error, "Chart.yaml", format!("unable to parse YAML\n\t{why}"));
                None
            }
        }
    }

    fn string_fields(&mut self, document: Option<&Map>) {
        for key in ["version", "appVersion"] {
            let go_type = match document.and_then(|d| d.get(key)) {
                None | Some(Value::String(_)) => continue,
                Some(Value::Null) => "<nil>",
                Some(Value::Bool(_)) => "bool",
                Some(Value::Int(_) | Value::Uint(_) | Value::Float(_)) => "float64",
                Some(Value::Array(_)) => "[]interface {}",
                Some(Value::Object(_)) => "map[string]interface {}",
            };
            let message = format!("{key} should be of type string but it's of type {go_type}");
            self.add(Severity::Error, "Chart.yaml", message);
        }
    }

    fn metadata(&mut self, m: &Metadata) {
        const FILE: &str = "Chart.yaml";
        let error = Severity::Error;
        self.check(!m.name.is_empty(), error, FILE, "name is required");
        self.check(!m.name.contains('/'), error, FILE, format!("chart name {:?} is invalid", m.name));
        match m.api_version.as_str() {
            "v1" | "v2" => {}
            "" => self.add(error, FILE, "apiVersion is required. The value must be either \"v1\" or \"v2\""),
            other => self.add(
                error,
                FILE,
                format!("apiVersion '{other}' is not valid. The value must be either \"v1\" or \"v2\""),
            ),
        }
        let version = m.version.as_str();
        match Version::parse(version) {
            _ if version.is_empty() => self.add(error, FILE, "version is required"),
            Err(_) => self.add(error, FILE, format!("version '{version}' is not a valid SemVer")),
            Ok(_) => {}
        }
        for maintainer in &m.maintainers {
            self.check(!maintainer.name.is_empty(), error, FILE, "each maintainer requires a name");
        }
        for source in m.sources.iter().filter(|s| !is_url(s)) {
            self.add(error, FILE, format!("invalid source URL '{source}'"));
        }
        self.check(!m.icon.is_empty(), Severity::Info, FILE, "icon is recommended");
        self.check(
            m.icon.is_empty() || is_url(&m.icon),
            error,
            FILE,
            format!("invalid icon URL '{}'", m.icon),
        );
        if m.api_version != "v2" {
            let api = &m.api_version;
            let type_holds = m.chart_type.is_empty();
            self.check(
                type_holds,
                error,
                FILE,
                format!("chart type is not valid in apiVersion '{api}'. It is valid in apiVersion 'v2'"),
            );
            self.check(
                m.dependencies.as_ref().is_none_or(Vec::is_empty),
                error,
                FILE,
                format!(
                    "dependencies are not valid in the Chart file with apiVersion '{api}'. They are valid in apiVersion 'v2'"
                ),
            );
        }
    }

    fn dependencies(&mut self, dir: &str, chart: &Chart) {
        let stated = chart.metadata.dependencies.as_deref().unwrap_or_default();
        let unstated: Vec<&str> = chart
            .dependencies
            .iter()
            .map(Chart::name)
            .filter(|n| !stated.iter().any(|d| d.name == *n))
            .collect();
        let message = format!("chart metadata is missing these dependencies: {}", unstated.join(","));
        self.check(unstated.is_empty(), Severity::Error, dir, message);
        let missing = chart.missing_dependencies();
        let message = format!("chart directory is missing these dependencies: {}", missing.join(","));
        self.check(missing.is_empty(), Severity::Warning, dir, message);
    }

    fn templates(&mut self, chart: Chart, options: &Options, ports: Ports<'_>) {
        let chart = Arc::new(chart);
        let options = Options { release_name: "test-release".to_owned(), ..options.clone() };
        let rendered = match CompiledChart::for_lint(Arc::clone(&chart)).render_files(&options, ports) {
            Ok(files) => files,
            Err(error) => {
                self.add(Severity::Error, "templates/", chain(&error));
                return;
            }
        };
        for file in &chart.templates {
            let name = file.name.as_str();
            let extension = name.rsplit_once('.').map_or("", |(_, e)| e);
            if !matches!(extension, "yaml" | "yml" | "tpl" | "txt") {
                let message = format!(
                    "file extension '.{extension}' not valid. Valid extensions are .yaml, .yml, .tpl, or .txt"
                );
                self.add(Severity::Error, name, message);
            }
            let text = file.text();
            if text.contains(".Release.Time") {
                let message = ".Release.Time has been removed in v3, please replace with the `now` function in your templates";
                self.add(Severity::Error, name, message);
            }
            let full = format!("{}/{name}", chart.name());
            if let Some((_, content)) = rendered.iter().find(|(n, _)| *n == full && extension == "yaml") {
                self.manifests(name, content);
            }
        }
    }

    fn manifests(&mut self, name: &str, content: &str) {
        if let Some(line) =
            content.lines().find(|l| !l.trim().is_empty()).filter(|l| l.starts_with([' ', '\t']))
        {
            let message =
                format!("document starts with an illegal indent: {line:?}, which may cause parsing problems");
            self.add(Severity::Warning, name, message);
        }
        for document in manifest::split(content, HelmVersion::V3) {
            let value = match fairway_yaml::parse(document) {
                Ok(value) => value,
                Err(why) => {
                    self.add(Severity::Error, name, format!("unable to parse YAML: {why}"));
                    return;
                }
            };
            let kind = value.get("kind").and_then(Value::as_str).unwrap_or_default();
            let object = value.get_path(&["metadata", "name"]).and_then(Value::as_str).unwrap_or_default();
            let selects = content.contains("matchLabels") || content.contains("matchExpressions");
            if matches!(kind, "Deployment" | "ReplicaSet" | "DaemonSet" | "StatefulSet") && !selects {
                let message =
                    format!("a {kind} must contain matchLabels or matchExpressions, and {object:?} does not");
                self.add(Severity::Error, name, message);
            }
        }
    }
}

fn is_url(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, rest)| {
        !scheme.is_empty()
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
            && !rest.is_empty()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_core::MemoryTree;
    use fairway_template::{FixedClock, SeededRandom};

    fn findings(files: &[(&str, &str)]) -> Vec<String> {
        let tree = MemoryTree::new(files.iter().map(|(p, t)| (format!("c/{p}"), (*t).to_owned()))).unwrap();
        let random = SeededRandom::new(1);
        let ports = Ports { clock: &FixedClock(0), random: &random };
        lint(&tree, "c", &Options::default(), ports).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_sound_chart_only_misses_its_icon() {
        let chart = "apiVersion: v2\nname: c\nversion: 0.1.0\n";
        let files = [("Chart.yaml", chart), ("values.yaml", ""), ("templates/a.yaml", "kind: X\n")];
        assert_eq!(findings(&files), ["[INFO] Chart.yaml: icon is recommended"]);
    }

    #[test]
    fn faults_are_found() {
        let chart = "apiVersion: v2\nname: c\nversion: 1\nicon: x\n";
        let found = findings(&[
            ("Chart.yaml", chart),
            ("templates/a.yaml", " kind: Deployment\n"),
            ("templates/b.json", "{}"),
            ("charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 0.1.0\n"),
        ]);
        for expect in [
            "version should be of type string but it's of type float64",
            "invalid icon URL 'x'",
            "file does not exist",
            "chart metadata is missing these dependencies: sub",
            "illegal indent",
            "must contain matchLabels",
            "file extension '.json' not valid",
        ] {
            assert!(found.iter().any(|f| f.contains(expect)), "{expect} in {found:#?}");
        }
    }
}
