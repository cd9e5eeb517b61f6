use crate::application::Application;
use crate::fields::{Fields, Notes};
use crate::go_duration::parse_retry_duration;
use crate::object_policy::compare_options;
use crate::source::{read_source, tool_blocks};
use crate::sync_options::parse_sync_options;
use crate::words::{ANNOTATION_MIGRATION_MANAGER, FORMER_MANAGERS};
use fairway_core::{
    App, AppSource, AutomatedSync, Backoff, Condition, ConditionKind, Destination, IgnoreRule, Object, Retry,
    Str, SyncOptions, SyncPolicy, Tool, Value,
};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// Largest `revisionHistoryLimit` that is kept; more would outgrow the object in etcd.
const HISTORY_MAX: i64 = 100;

/// An App read from its Application, with what is to be said about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Lowered {
    /// The App. Where an `InvalidSpecError` stands it may be incomplete and must not be rendered or synced.
    pub app: App,
    /// What is wrong with it or has no effect.
    pub conditions: Vec<Condition>,
}

impl Lowered {
    /// Whether the App may be rendered and synced.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        !self.conditions.iter().any(|c| c.kind.blocks_sync())
    }
}

/// Reads an Application into Fairway's words.
///
/// Always gives an App, so that even an invalid one has a name to hang its conditions on. The messages of
/// `InvalidSpecError` are Argo CD's (`util/argo/argo.go`, 3.6); a field that has no effect is named by its path in an
/// `UnsupportedFieldWarning`.
#[must_use]
pub fn lower(value: &Value) -> Lowered {
    let application = Application::new(Object::new(value.clone()));
    let notes = RefCell::new(Notes::default());
    let app = read_app(&application, &notes);
    let notes = notes.into_inner();
    let mut conditions = validate(&application, &app, notes.invalid);
    let unsupported = unsupported_fields(&app, notes.unsupported);
    if !unsupported.is_empty() {
        let message = format!("fields without effect: {}", unsupported.join(", "));
        conditions.push(Condition::new(ConditionKind::UnsupportedFieldWarning, message));
    }
    Lowered { app, conditions }
}

/// Returns what is of a wrong type in an Application or a part of one, whatever is missing.
pub(crate) fn type_faults(value: &Value) -> Vec<String> {
    let application = Application::new(Object::new(value.clone()));
    let notes = RefCell::new(Notes::default());
    read_app(&application, &notes);
    notes.into_inner().invalid
}

fn unsupported_fields(app: &App, mut paths: Vec<String>) -> Vec<String> {
    for (n, source) in app.sources.iter().enumerate() {
        let path = if app.multi_source { format!("spec.sources[{n}]") } else { "spec.source".to_owned() };
        match &source.tool {
            Tool::Plugin(_) => paths.push(format!("{path}.plugin")),
            Tool::Directory(directory) if directory.jsonnet.is_some() => {
                paths.push(format!("{path}.directory.jsonnet"));
            }
            Tool::Auto | Tool::Directory(_) | Tool::Helm(_) | Tool::Kustomize(_) => {}
        }
    }
    paths.sort();
    paths.dedup();
    paths
}

fn read_app(application: &Application, notes: &RefCell<Notes>) -> App {
    let spec = application.get(&["spec"]);
    let mut f = Fields::new(spec, "spec", notes);
    f.informative("project");
    f.informative("info");
    f.unsupported("sourceHydrator");
    let multi_source = application.is_multi_source();
    let sources = if multi_source {
        f.informative("source");
        f.objects("sources").into_iter().map(read_source).collect()
    } else {
        f.informative("sources");
        let source = f.object("source");
        if source.is_present() { vec![read_source(source)] } else { Vec::new() }
    };
    let mut destination = f.object("destination");
    let app = App {
        id: application.id(),
        project: application.project(),
        sources,
        multi_source,
        destination: Destination {
            server: destination.text("server").trim_end_matches('/').into(),
            name: destination.text("name"),
            namespace: destination.text("namespace"),
        },
        sync_policy: read_sync_policy(f.object("syncPolicy"), notes),
        ignore_differences: f.objects("ignoreDifferences").into_iter().map(read_ignore_rule).collect(),
        revision_history_limit: usize::try_from(
            f.int("revisionHistoryLimit").unwrap_or(10).clamp(0, HISTORY_MAX),
        )
        .unwrap_or_default(),
        cascade: application.cascade(),
        former_managers: former_managers(application),
        server_side_diff: compare_options(application.object()).0,
        counts_webhooks: compare_options(application.object()).1,
    };
    destination.done();
    f.done();
    app
}

/// The tools that may have applied an App's objects before: those known, and the one that the App names.
fn former_managers(application: &Application) -> Vec<Str> {
    let named = application.object().annotation(ANNOTATION_MIGRATION_MANAGER).filter(|m| !m.is_empty());
    FORMER_MANAGERS.into_iter().chain(named).map(Str::from).collect()
}

pub(crate) fn read_ignore_rule(mut f: Fields<'_, '_>) -> IgnoreRule {
    let rule = IgnoreRule {
        group: f.text("group"),
        kind: f.text("kind"),
        name: f.text("name"),
        namespace: f.text("namespace"),
        json_pointers: f.texts("jsonPointers"),
        jq_path_expressions: f.texts("jqPathExpressions"),
        managed_fields_managers: f.texts("managedFieldsManagers"),
    };
    f.done();
    rule
}

fn read_sync_policy(mut f: Fields<'_, '_>, notes: &RefCell<Notes>) -> SyncPolicy {
    let mut automated = f.object("automated");
    let is_automated = automated.is_present();
    let enabled = automated.opt_bool("enabled").unwrap_or(true);
    let on = AutomatedSync {
        prune: automated.bool("prune"),
        self_heal: automated.bool("selfHeal"),
        allow_empty: automated.bool("allowEmpty"),
    };
    automated.done();
    let options = read_options(&mut f, "syncOptions", notes);
    let retry = f.object("retry");
    let mut namespace = f.object("managedNamespaceMetadata");
    let policy = SyncPolicy {
        automated: (is_automated && enabled).then_some(on),
        options,
        retry: retry.is_present().then(|| read_retry(retry, notes)),
        managed_namespace_labels: namespace.text_map("labels"),
        managed_namespace_annotations: namespace.text_map("annotations"),
    };
    namespace.done();
    f.done();
    policy
}

/// Reads a list of sync options and reports the unknown ones.
pub(crate) fn read_options(f: &mut Fields<'_, '_>, key: &'static str, notes: &RefCell<Notes>) -> SyncOptions {
    let (options, unknown) = parse_sync_options(&f.texts(key));
    let path = f.path_of(key);
    notes.borrow_mut().unsupported.extend(unknown.iter().map(|option| format!("{path} {option:?}")));
    if options.server_side_apply == Some(false) {
        // Every write is a server-side apply; the option's other uses in Argo CD have no counterpart.
        notes.borrow_mut().unsupported.push(format!("{path} \"ServerSideApply=false\""));
    }
    options
}

pub(crate) fn read_retry(mut f: Fields<'_, '_>, notes: &RefCell<Notes>) -> Retry {
    let mut b = f.object("backoff");
    let mut backoff = Backoff::default();
    for (key, slot) in [("duration", &mut backoff.duration), ("maxDuration", &mut backoff.max_duration)] {
        let text = b.text(key);
        match parse_retry_duration(&text) {
            Some(duration) => *slot = duration,
            None if text.is_empty() => {}
            None => {
                let message = format!("{}: unable to parse {text} as a duration", b.path_of(key));
                notes.borrow_mut().invalid.push(message);
            }
        }
    }
    if let Some(factor) = b.int("factor") {
        backoff.factor = u32::try_from(factor).unwrap_or(1);
    }
    b.done();
    let retry = Retry { limit: f.int("limit").unwrap_or(0), backoff, refresh: f.bool("refresh") };
    f.done();
    retry
}

fn validate(application: &Application, app: &App, invalid: Vec<String>) -> Vec<Condition> {
    let mut messages = invalid;
    // A field of a wrong type reads as empty; saying that it is missing too would only confuse.
    if messages.is_empty() {
        messages.extend(source_faults(application, app));
    }
    let destination = &app.destination;
    match (destination.name.is_empty(), destination.server.is_empty()) {
        (false, false) => messages.push(format!(
            "application destination can't have both name and server defined: {} {}",
            destination.name, destination.server
        )),
        (true, true) => messages.push("Destination server missing from app spec".to_owned()),
        (true, false) | (false, true) => {}
    }
    messages.into_iter().map(|m| Condition::new(ConditionKind::InvalidSpecError, m)).collect()
}

fn source_faults(application: &Application, app: &App) -> Vec<String> {
    let single = "spec.source.repoURL and either spec.source.path or spec.source.chart are required";
    if app.sources.is_empty() {
        let hydrated = application.get(&["spec", "sourceHydrator"]).is_some();
        let message = if hydrated { "unsupported: spec.sourceHydrator" } else { single };
        return vec![message.to_owned()];
    }
    for (source, value) in app.sources.iter().zip(application.sources()) {
        let fault = source_fault(source, value, app.multi_source, single);
        if let Some(fault) = fault {
            return vec![fault];
        }
    }
    ref_faults(app)
}

fn source_fault(source: &AppSource, value: &Value, multi_source: bool, single: &str) -> Option<String> {
    let has_path = !source.path.is_empty() || !source.chart.is_empty();
    if multi_source && (source.repo_url.is_empty() || (!has_path && source.ref_name.is_empty())) {
        return Some(format!(
            "spec.source.repoURL and either source.path, source.chart, or source.ref are required for source {value}"
        ));
    }
    if !multi_source && (source.repo_url.is_empty() || !has_path) {
        return Some(single.to_owned());
    }
    if !source.chart.is_empty() && source.target_revision.is_empty() {
        return Some(
            "spec.source.targetRevision is required if the manifest source is a helm chart".to_owned(),
        );
    }
    let tools = tool_blocks(value);
    (tools.len() > 1).then(|| format!("multiple application sources defined: {}", tools.join(",")))
}

fn ref_faults(app: &App) -> Vec<String> {
    let mut seen = BTreeSet::new();
    for source in app.sources.iter().filter(|s| app.multi_source && !s.ref_name.is_empty()) {
        let name = source.ref_name.as_str();
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
            return vec![format!(
                "sources.ref {name} cannot contain any special characters except '_' and '-'"
            )];
        }
        if !seen.insert(name) {
            return vec!["invalid sources: multiple sources had the same `ref` key".to_owned()];
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Lowered {
        lower(&fairway_value::from_json(json.as_bytes()).unwrap())
    }

    fn messages(lowered: &Lowered, kind: ConditionKind) -> Vec<&str> {
        lowered.conditions.iter().filter(|c| c.kind == kind).map(|c| c.message.as_str()).collect()
    }

    #[test]
    fn an_ordinary_application_has_no_condition() {
        let lowered = read(
            r#"{"metadata":{"name":"a","namespace":"argocd"},"spec":{"project":"p","info":[{"name":"x","value":"y"}],
            "source":{"repoURL":"https://g/r.git","path":"p","helm":{"parameters":[{"name":"a","value":"b"}]}},
            "destination":{"server":"https://kubernetes.default.svc/","namespace":"n"},
            "syncPolicy":{"automated":{"prune":true},"syncOptions":["CreateNamespace=true"],
            "retry":{"limit":3,"backoff":{"duration":"10","factor":3,"maxDuration":"1m"}}}}}"#,
        );
        assert_eq!(lowered.conditions, []);
        assert!(lowered.app.sync_policy.options.create_namespace);
        assert_eq!(lowered.app.destination.server, "https://kubernetes.default.svc");
        let retry = lowered.app.sync_policy.retry.unwrap();
        assert_eq!((retry.limit, retry.backoff.factor, retry.backoff.duration.as_secs()), (3, 3, 10));
    }

    #[test]
    fn automation_that_is_disabled_is_off() {
        let lowered = read(r#"{"spec":{"syncPolicy":{"automated":{"enabled":false,"prune":true}}}}"#);
        assert_eq!(lowered.app.sync_policy.automated, None);
    }

    #[test]
    fn what_has_no_effect_is_named_by_its_path() {
        let lowered = read(
            r#"{"spec":{"source":{"repoURL":"r","path":"p","tagPrefix":"v","directory":{"jsonnet":{"libs":["a"]}}},
            "destination":{"name":"c"},"newField":1,"syncPolicy":{"syncOptions":["Foo=bar"]}}}"#,
        );
        assert!(lowered.is_valid());
        assert_eq!(
            messages(&lowered, ConditionKind::UnsupportedFieldWarning),
            ["fields without effect: spec.newField, spec.source.directory.jsonnet, spec.source.tagPrefix, \
              spec.syncPolicy.syncOptions \"Foo=bar\""]
        );
    }

    #[test]
    fn an_invalid_spec_is_refused_in_argo_cds_words() {
        let check = |json: &str, message: &str| {
            let lowered = read(json);
            assert_eq!(messages(&lowered, ConditionKind::InvalidSpecError), [message]);
            assert!(!lowered.is_valid());
        };
        check(
            r#"{"spec":{"source":{"repoURL":"r"},"destination":{"name":"c"}}}"#,
            "spec.source.repoURL and either spec.source.path or spec.source.chart are required",
        );
        check(
            r#"{"spec":{"source":{"repoURL":"r","path":"p"},"destination":{"name":"c","server":"s"}}}"#,
            "application destination can't have both name and server defined: c s",
        );
        check(
            r#"{"spec":{"source":{"repoURL":"r","path":"p"},"destination":{}}}"#,
            "Destination server missing from app spec",
        );
        check(
            r#"{"spec":{"source":{"repoURL":"r","chart":"c"},"destination":{"name":"c"}}}"#,
            "spec.source.targetRevision is required if the manifest source is a helm chart",
        );
        check(
            r#"{"spec":{"source":{"repoURL":"r","path":5},"destination":{"name":"c"},"sources":[{"repoURL":"r","path":5}]}}"#,
            "spec.sources[0].path: expected a string, found integer",
        );
    }
}
