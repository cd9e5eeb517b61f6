use crate::go_duration::parse_go_duration;
use crate::project::GlobalProject;
use crate::tracking::ArgoMarks;
use crate::words::LABEL_INSTANCE;
use fairway_core::glob_match;
use fairway_core::{GroupKind, IgnoreRule, Map, Str, TrackingMethod, Value};
use std::collections::BTreeMap;
use std::time::Duration;

/// One block of `resource.exclusions` or `resource.inclusions`. An empty list matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceFilter {
    /// Globs of API groups.
    pub api_groups: Vec<Str>,
    /// Kinds; `*` for all.
    pub kinds: Vec<Str>,
    /// Globs of cluster addresses.
    pub clusters: Vec<Str>,
}

impl ResourceFilter {
    fn matches(&self, kind: &GroupKind, cluster: &str) -> bool {
        let any =
            |list: &[Str], text: &str| list.is_empty() || list.iter().any(|g| glob_match(g, text, None));
        let kinds = self.kinds.is_empty() || self.kinds.iter().any(|k| *k == kind.kind || k == "*");
        any(&self.api_groups, &kind.group) && kinds && any(&self.clusters, cluster)
    }
}

/// What `argocd-cm` and `argocd-cmd-params-cm` say, as far as it is honoured. The defaults are Argo CD's shipped ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// `globalProjects`: what projects give to others.
    pub global_projects: Vec<GlobalProject>,
    /// `timeout.reconciliation`: how often Git is polled. Zero turns polling off.
    pub reconciliation: Duration,
    /// `timeout.reconciliation.jitter`: up to this much is added to each wait.
    pub reconciliation_jitter: Duration,
    /// `application.resourceTrackingMethod`.
    pub tracking_method: TrackingMethod,
    /// `application.instanceLabelKey`.
    pub instance_label_key: Str,
    /// `installationID`; empty for none.
    pub installation_id: Str,
    /// `resource.exclusions`.
    pub exclusions: Vec<ResourceFilter>,
    /// `resource.inclusions`.
    pub inclusions: Vec<ResourceFilter>,
    /// `resource.customizations.ignoreDifferences.*`: rules by group and kind; `all` has group and kind `*`.
    pub ignore_differences: Vec<IgnoreRule>,
    /// `resource.compareoptions` `ignoreAggregatedRoles`.
    pub ignore_aggregated_roles: bool,
    /// `resource.compareoptions` `ignoreResourceStatusField`: `all` (default), `crd` or `none`.
    pub ignore_status_of: Str,
    /// `resource.customizations.health.*`: users' Lua by `group/Kind`, which may have wildcards.
    pub health_lua: BTreeMap<Str, Str>,
    /// `resource.customizations.useOpenLibs.*`: kinds whose Lua has the string and math libraries.
    pub open_libs: Vec<Str>,
    /// `resource.customizations.healthCEL.*`: rules in CEL, as YAML text, by `group/Kind`. Fairway's own.
    pub health_cel: BTreeMap<Str, Str>,
    /// `resource.customizations.actions.*`: users' actions, as YAML text, by `group/Kind`.
    pub actions: BTreeMap<Str, Str>,
    /// `resource.customizations.knownTypeFields.*`: `group/Kind`, path, type.
    pub known_type_fields: Vec<(Str, Str, Str)>,
    /// `kustomize.buildOptions`, in words.
    pub kustomize_build_options: Vec<Str>,
    /// `kustomize.buildOptions.VERSION`: what stands for them where a source names that version.
    pub kustomize_version_options: BTreeMap<Str, Str>,
    /// `helm.valuesFileSchemes`.
    pub helm_values_file_schemes: Vec<Str>,
    /// `helm.enable`, `kustomize.enable`, `jsonnet.enable`: tools that are turned off.
    pub disabled_tools: Vec<Str>,
    /// `resource.sensitive.mask.annotations`.
    pub masked_annotations: Vec<Str>,
    /// `cluster.inClusterEnabled`.
    pub in_cluster_enabled: bool,
    /// `url`: where people reach the dashboard.
    pub url: Str,
    /// `application.namespaces` (command parameters): where Applications may live besides the control namespace.
    pub application_namespaces: Vec<Str>,
    /// `controller.diff.server.side` (command parameters); nothing where not said.
    pub server_side_diff: Option<bool>,
    /// `controller.resource.health.persist` (command parameters).
    pub persist_resource_health: bool,
    /// `applicationsetcontroller.policy` (command parameters); empty for the ApplicationSets' own.
    pub applicationset_policy: Str,
    /// `applicationsetcontroller.namespaces` (command parameters): where ApplicationSets may live besides the control
    /// namespace.
    pub applicationset_namespaces: Vec<Str>,
    /// `applicationsetcontroller.allowed.scm.providers` (command parameters): addresses of forges that ApplicationSets
    /// outside the control namespace may ask.
    pub allowed_scm_providers: Vec<Str>,
    /// Keys that are there and have no effect, and values that could not be read, for one warning at start.
    pub warnings: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            global_projects: Vec::new(),
            reconciliation: Duration::from_secs(120),
            reconciliation_jitter: Duration::from_secs(60),
            tracking_method: TrackingMethod::Annotation,
            instance_label_key: LABEL_INSTANCE.into(),
            installation_id: Str::new(),
            exclusions: Vec::new(),
            inclusions: Vec::new(),
            ignore_differences: Vec::new(),
            ignore_aggregated_roles: false,
            ignore_status_of: "all".into(),
            health_lua: BTreeMap::new(),
            open_libs: Vec::new(),
            health_cel: BTreeMap::new(),
            actions: BTreeMap::new(),
            known_type_fields: Vec::new(),
            kustomize_build_options: Vec::new(),
            kustomize_version_options: BTreeMap::new(),
            helm_values_file_schemes: vec!["https".into(), "http".into()],
            disabled_tools: Vec::new(),
            masked_annotations: Vec::new(),
            in_cluster_enabled: true,
            url: Str::new(),
            application_namespaces: Vec::new(),
            applicationset_namespaces: Vec::new(),
            allowed_scm_providers: Vec::new(),
            server_side_diff: None,
            persist_resource_health: false,
            applicationset_policy: Str::new(),
            warnings: Vec::new(),
        }
    }
}

/// Prefixes of keys that belong to parts other than the controller: access, notifications and the web pages.
const OTHER_PARTS: &[&str] = &[
    "accounts.",
    "admin.",
    "application.links",
    "dex.",
    "exec.",
    "extension.",
    "ga.",
    "help.",
    "oidc.",
    "project.links",
    "resource.links",
    "server.",
    "statusbadge.",
    "ui.",
    "users.",
    "passwordPattern",
    "additionalUrls",
    "webhook.",
];

/// What names the options of a version of kustomize in `argocd-cm`, before the version.
const VERSION_OPTIONS: &str = "kustomize.buildOptions.";

impl Settings {
    /// Returns the options of `kustomize build` for a source that names a version of it, or none. As in Argo CD the usual
    /// ones do not hold for a version that is named.
    #[must_use]
    pub fn kustomize_options(&self, version: &str) -> Str {
        if version.is_empty() {
            return self.kustomize_build_options.join(" ").into();
        }
        self.kustomize_version_options.get(version).cloned().unwrap_or_default()
    }

    /// Reads the `data` of `argocd-cm` and `argocd-cmd-params-cm`; either may be empty.
    #[must_use]
    pub fn read(config: &Map, parameters: &Map) -> Self {
        let mut out = Self::default();
        // In order of keys: the older `resource.customizations` before the keys of single kinds, which replace what it says.
        for (key, value) in config.iter() {
            let Some(text) = value.as_str() else { continue };
            if !out.read_key(key, text) && !OTHER_PARTS.iter().any(|p| key.starts_with(p)) {
                out.warnings.push(format!("argocd-cm: {key} has no effect"));
            }
        }
        for (key, value) in parameters.iter() {
            let Some(text) = value.as_str() else { continue };
            match key.as_str() {
                "application.namespaces" => out.application_namespaces = list(text),
                "controller.diff.server.side" => out.server_side_diff = go_bool(text),
                "controller.resource.health.persist" => out.persist_resource_health = text == "true",
                "applicationsetcontroller.namespaces" => out.applicationset_namespaces = list(text),
                "applicationsetcontroller.allowed.scm.providers" => out.allowed_scm_providers = list(text),
                "applicationsetcontroller.policy" => out.applicationset_policy = text.into(),
                _ => {}
            }
        }
        out.ignore_differences.extend(out.status_rule());
        out
    }

    /// The rule that leaves statuses out, as `ignoreResourceStatusField` says.
    fn status_rule(&self) -> Option<IgnoreRule> {
        let (group, kind) = match self.ignore_status_of.as_str() {
            "all" => ("*", "*"),
            "crd" => ("apiextensions.k8s.io", "CustomResourceDefinition"),
            _ => return None,
        };
        let json_pointers = vec![Str::from("/status")];
        Some(IgnoreRule { group: group.into(), kind: kind.into(), json_pointers, ..IgnoreRule::default() })
    }

    /// Reads one key of `argocd-cm`; false where it is not known.
    fn read_key(&mut self, key: &str, text: &str) -> bool {
        match key {
            "timeout.reconciliation" => self.duration(key, text, |s| &mut s.reconciliation),
            "timeout.reconciliation.jitter" => self.duration(key, text, |s| &mut s.reconciliation_jitter),
            "application.resourceTrackingMethod" => self.read_tracking(text),
            "application.instanceLabelKey" if !text.is_empty() => self.instance_label_key = text.into(),
            "installationID" => self.installation_id = text.into(),
            "resource.exclusions" => self.exclusions = self.filters(key, text),
            "resource.inclusions" => self.inclusions = self.filters(key, text),
            "resource.compareoptions" => self.read_compare_options(text),
            "resource.customizations" => self.read_all_customizations(text),
            "kustomize.buildOptions" => {
                self.kustomize_build_options = text.split_whitespace().map(Str::from).collect();
            }
            _ if key.starts_with(VERSION_OPTIONS) => {
                self.kustomize_version_options.insert(key[VERSION_OPTIONS.len()..].into(), text.into());
            }
            "helm.valuesFileSchemes" => self.helm_values_file_schemes = list(text),
            "helm.enable" | "kustomize.enable" | "jsonnet.enable" => {
                if text == "false" {
                    self.disabled_tools.push(key.trim_end_matches(".enable").into());
                }
            }
            "resource.sensitive.mask.annotations" => self.masked_annotations = list(text),
            "globalProjects" => match GlobalProject::read_all(text) {
                Ok(globals) => self.global_projects = globals,
                Err(why) => self.warnings.push(format!("argocd-cm: globalProjects: {why}")),
            },
            "cluster.inClusterEnabled" => self.in_cluster_enabled = text != "false",
            "url" => self.url = text.into(),
            // Read where repositories are.
            "fairway.mirrors" => {}
            // Kept as they are: they change what is watched for a refresh, not what is desired or live.
            "resource.ignoreResourceUpdatesEnabled" | "timeout.hard.reconciliation" => {}
            _ => return self.read_customization(key, text),
        }
        true
    }

    fn read_customization(&mut self, key: &str, text: &str) -> bool {
        let Some(rest) = key.strip_prefix("resource.customizations.") else { return false };
        let Some((what, kind)) = rest.split_once('.') else { return false };
        let kind = if kind == "all" { "*/*".to_owned() } else { kind.replacen('_', "/", 1) };
        self.customize(what, &kind, text)
    }

    /// Takes one customization of a kind, `group/Kind`; false where it is not known.
    fn customize(&mut self, what: &str, kind: &str, text: &str) -> bool {
        match what {
            "health" | "health.lua" => {
                self.health_lua.insert(kind.into(), text.into());
            }
            "healthCEL" => {
                self.health_cel.insert(kind.into(), text.into());
            }
            "useOpenLibs" | "health.lua.useOpenLibs" => {
                self.open_libs.retain(|k| k != kind);
                if go_bool(text) == Some(true) {
                    self.open_libs.push(kind.into());
                }
            }
            "actions" => {
                self.actions.insert(kind.into(), text.into());
            }
            "knownTypeFields" => {
                let value = self.yaml(&format!("resource.customizations.knownTypeFields.{kind}"), text);
                let field = |entry: &Value, key: &str| {
                    entry.get(key).and_then(Value::as_str).map(Str::from).unwrap_or_default()
                };
                let entries = value.as_array().unwrap_or_default().iter();
                let known = entries.map(|e| (Str::from(kind), field(e, "field"), field(e, "type")));
                self.known_type_fields.retain(|(k, _, _)| k != kind);
                self.known_type_fields.extend(known);
            }
            "ignoreDifferences" => self.read_ignore_differences(kind, text),
            "ignoreResourceUpdates" => {}
            _ => return false,
        }
        true
    }

    /// Reads the older form, in which one key holds a map of kinds; wildcards can be written there alone.
    fn read_all_customizations(&mut self, text: &str) {
        let value = self.yaml("resource.customizations", text);
        for (kind, entry) in value.as_object().into_iter().flat_map(Map::iter) {
            for (what, said) in entry.as_object().into_iter().flat_map(Map::iter) {
                let text = said.as_str().map_or_else(|| said.to_string(), str::to_owned);
                if !self.customize(what, kind, &text) {
                    self.warnings
                        .push(format!("argocd-cm: resource.customizations: {kind}: {what} has no effect"));
                }
            }
        }
    }

    fn duration(&mut self, key: &str, text: &str, slot: impl Fn(&mut Self) -> &mut Duration) {
        match parse_go_duration(text) {
            Some(duration) => *slot(self) = duration,
            None => self.warnings.push(format!("argocd-cm: {key}: {text:?} is no duration")),
        }
    }

    fn read_tracking(&mut self, text: &str) {
        self.tracking_method = match text {
            "label" => TrackingMethod::Label,
            "annotation+label" => TrackingMethod::AnnotationAndLabel,
            "annotation" | "" => TrackingMethod::Annotation,
            other => {
                let message =
                    format!("argocd-cm: application.resourceTrackingMethod: {other:?} is not known");
                self.warnings.push(message);
                TrackingMethod::Annotation
            }
        };
    }

    fn yaml(&mut self, key: &str, text: &str) -> Value {
        fairway_yaml::parse(text).unwrap_or_else(|error| {
            self.warnings.push(format!("argocd-cm: {key}: {error}"));
            Value::Null
        })
    }

    fn filters(&mut self, key: &str, text: &str) -> Vec<ResourceFilter> {
        let value = self.yaml(key, text);
        let strings = |v: &Value, key: &str| -> Vec<Str> {
            let list = v.get(key).and_then(Value::as_array).unwrap_or_default();
            list.iter().filter_map(Value::as_str).map(Str::from).collect()
        };
        let filter = |v: &Value| ResourceFilter {
            api_groups: strings(v, "apiGroups"),
            kinds: strings(v, "kinds"),
            clusters: strings(v, "clusters"),
        };
        value.as_array().unwrap_or_default().iter().map(filter).collect()
    }

    fn read_compare_options(&mut self, text: &str) {
        let value = self.yaml("resource.compareoptions", text);
        self.ignore_aggregated_roles =
            value.get("ignoreAggregatedRoles").and_then(Value::as_bool).unwrap_or_default();
        // An `off` without quotes is a boolean.
        match value.get("ignoreResourceStatusField") {
            Some(Value::String(word)) if word == "crd" => self.ignore_status_of = "crd".into(),
            Some(Value::String(word)) if matches!(word.as_str(), "none" | "off" | "false") => {
                self.ignore_status_of = "none".into();
            }
            Some(Value::Bool(false)) => self.ignore_status_of = "none".into(),
            None | Some(Value::Null) => {}
            Some(Value::String(word)) if word.is_empty() || word == "all" => {}
            Some(other) => self.warnings.push(format!(
                "argocd-cm: resource.compareoptions: ignoreResourceStatusField {other} is not known; statuses of all kinds are ignored"
            )),
        }
    }

    fn read_ignore_differences(&mut self, kind: &str, text: &str) {
        let value = self.yaml(&format!("resource.customizations.ignoreDifferences.{kind}"), text);
        let strings = |key: &str| -> Vec<Str> {
            let list = value.get(key).and_then(Value::as_array).unwrap_or_default();
            list.iter().filter_map(Value::as_str).map(Str::from).collect()
        };
        // `group/Kind`, `Kind` in the core group, `*/*` for everything.
        let (group, kind) = kind.rsplit_once('/').unwrap_or(("", kind));
        self.ignore_differences.retain(|r| (r.group.as_str(), r.kind.as_str()) != (group, kind));
        self.ignore_differences.push(IgnoreRule {
            group: group.into(),
            kind: kind.into(),
            json_pointers: strings("jsonPointers"),
            jq_path_expressions: strings("jqPathExpressions"),
            managed_fields_managers: strings("managedFieldsManagers"),
            ..IgnoreRule::default()
        });
    }

    /// Whether settings keep a kind out of sight on a cluster. Events are always out.
    #[must_use]
    pub fn excludes(&self, kind: &GroupKind, cluster: &str) -> bool {
        let is_event = kind.kind == "Event" && (kind.group.is_empty() || kind.group == "events.k8s.io");
        let included = self.inclusions.is_empty() || self.inclusions.iter().any(|f| f.matches(kind, cluster));
        is_event || !included || self.exclusions.iter().any(|f| f.matches(kind, cluster))
    }

    /// Whether Applications in a namespace are served.
    #[must_use]
    pub fn serves_namespace(&self, control_namespace: &str, namespace: &str) -> bool {
        namespace == control_namespace || lists(&self.application_namespaces, namespace)
    }

    /// Whether ApplicationSets in a namespace are served.
    #[must_use]
    pub fn serves_applicationsets_in(&self, control_namespace: &str, namespace: &str) -> bool {
        namespace == control_namespace || lists(&self.applicationset_namespaces, namespace)
    }

    /// Returns the marks that these settings ask for.
    #[must_use]
    pub fn marks(&self, control_namespace: &str) -> ArgoMarks {
        ArgoMarks {
            control_namespace: control_namespace.into(),
            method: self.tracking_method,
            label_key: self.instance_label_key.clone(),
            installation_id: self.installation_id.clone(),
        }
    }
}

fn lists(patterns: &[Str], namespace: &str) -> bool {
    patterns.iter().any(|pattern| match pattern.strip_prefix('/').and_then(|p| p.strip_suffix('/')) {
        // A pattern between slashes is a regular expression upstream; only its plain text is compared here.
        Some(plain) => plain == namespace,
        None => glob_match(pattern, namespace, None),
    })
}

fn list(text: &str) -> Vec<Str> {
    text.split(',').map(str::trim).filter(|w| !w.is_empty()).map(Str::from).collect()
}

/// Reads a boolean as Go's `strconv.ParseBool`.
fn go_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Settings {
        let value = fairway_value::from_json(json.as_bytes()).unwrap();
        Settings::read(value.as_object().unwrap(), &Map::new())
    }

    #[test]
    fn applicationsets_live_in_the_control_namespace_unless_others_are_listed() {
        let none = read("{}");
        assert!(none.serves_applicationsets_in("argocd", "argocd"));
        assert!(!none.serves_applicationsets_in("argocd", "team-a"));
        let given = fairway_value::from_json(br#"{"applicationsetcontroller.namespaces":"team-*, other"}"#);
        let listed = Settings::read(&Map::new(), given.unwrap().as_object().unwrap());
        assert!(listed.serves_applicationsets_in("argocd", "team-a"));
        assert!(!listed.serves_applicationsets_in("argocd", "tea"));
    }

    #[test]
    fn a_version_of_kustomize_has_options_of_its_own() {
        let settings = read(
            r#"{"kustomize.buildOptions":"--enable-helm  --reorder none","kustomize.buildOptions.v4.5.7":"--reorder legacy",
            "fairway.mirrors":"https://a/: https://b/"}"#,
        );
        assert_eq!(settings.kustomize_options(""), "--enable-helm --reorder none");
        assert_eq!(settings.kustomize_options("v4.5.7"), "--reorder legacy");
        assert_eq!(settings.kustomize_options("v5.0.0"), "");
        assert_eq!(settings.warnings, Vec::<String>::new());
    }

    #[test]
    fn what_is_honoured_is_read_and_what_is_not_is_named() {
        let settings = read(
            r#"{"timeout.reconciliation":"5m","application.resourceTrackingMethod":"annotation+label",
            "resource.exclusions":"- apiGroups: ['*.cilium.io']\n  kinds: ['*']\n","dex.config":"x","new.key":"y",
            "resource.customizations.ignoreDifferences.apps_Deployment":"jsonPointers: [/spec/replicas]",
            "timeout.reconciliation.jitter":"soon"}"#,
        );
        assert_eq!(settings.reconciliation, Duration::from_secs(300));
        assert_eq!(settings.tracking_method, TrackingMethod::AnnotationAndLabel);
        assert!(settings.excludes(&GroupKind::new("x.cilium.io", "Any"), "https://c"));
        assert!(settings.excludes(&GroupKind::new("", "Event"), "https://c"));
        assert!(!settings.excludes(&GroupKind::new("apps", "Deployment"), "https://c"));
        let rule = &settings.ignore_differences[0];
        assert_eq!(
            (rule.group.as_str(), rule.kind.as_str(), rule.json_pointers.len()),
            ("apps", "Deployment", 1)
        );
        assert_eq!(settings.warnings.len(), 2, "{:?}", settings.warnings);
    }

    #[test]
    fn keys_of_single_kinds_replace_what_the_older_form_says() {
        let text = r#"
"*/*": {ignoreDifferences: "jsonPointers: [/metadata/labels/x]"}
apps/Deployment:
  health.lua: return 1
  health.lua.useOpenLibs: true
  ignoreDifferences: "jsonPointers: [/spec/replicas]"
  knownTypeFields: [{field: spec.x, type: core/Quantity}]
  odd: x
"*.example.org/*": {health.lua: return 2}
"#;
        let mut config = Map::new();
        config.insert("resource.customizations", text);
        config.insert("resource.customizations.health.apps_Deployment", "return 3");
        config.insert("resource.customizations.useOpenLibs.apps_Deployment", "false");
        config.insert("resource.customizations.useOpenLibs.a.b_C", "True");
        config.insert("resource.customizations.health.all", "return 4");
        config.insert(
            "resource.customizations.ignoreDifferences.apps_Deployment",
            "jqPathExpressions: ['.spec.template']",
        );
        let settings = Settings::read(&config, &Map::new());
        let health: Vec<_> = settings.health_lua.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(
            health,
            [("*.example.org/*", "return 2"), ("*/*", "return 4"), ("apps/Deployment", "return 3")]
        );
        assert_eq!(settings.open_libs, [Str::from("a.b/C")]);
        let rules = settings.ignore_differences.iter();
        let rules: Vec<_> = rules
            .map(|r| format!("{}/{} {:?} {:?}", r.group, r.kind, r.json_pointers, r.jq_path_expressions))
            .collect();
        assert_eq!(
            rules,
            [
                r#"*/* ["/metadata/labels/x"] []"#,
                r#"apps/Deployment [] [".spec.template"]"#,
                r#"*/* ["/status"] []"#
            ]
        );
        assert_eq!(
            settings.known_type_fields,
            [("apps/Deployment".into(), "spec.x".into(), "core/Quantity".into())]
        );
        assert_eq!(
            settings.warnings,
            ["argocd-cm: resource.customizations: apps/Deployment: odd has no effect"]
        );
    }

    #[test]
    fn statuses_are_ignored_as_the_compare_options_say() {
        for (said, group) in [
            ("", Some("*")),
            ("ignoreResourceStatusField: crd", Some("apiextensions.k8s.io")),
            ("ignoreResourceStatusField: off", None),
            ("ignoreResourceStatusField: none", None),
            ("ignoreResourceStatusField: sometimes", Some("*")),
        ] {
            let mut config = Map::new();
            config.insert("resource.compareoptions", said);
            let settings = Settings::read(&config, &Map::new());
            let found = settings.ignore_differences.first().map(|r| r.group.as_str());
            assert_eq!(found, group, "{said}");
            assert_eq!(settings.warnings.len(), usize::from(said.ends_with("sometimes")), "{said}");
        }
    }
}
