use crate::application::Application;
use crate::appset::Generated;
use crate::appset::ignore::{LeaveOut, ignored};
use crate::words::{
    ANNOTATION_DELETION_APPROVED, ANNOTATION_REFRESH, API_VERSION, FINALIZER_POST_DELETE,
    FINALIZER_PRE_DELETE,
};
use fairway_core::{AppId, Map, Object, Str, Value};
use std::collections::BTreeMap;

/// Annotations that others write on generated Applications and that stay.
const PRESERVED_ANNOTATIONS: [&str; 4] = [
    ANNOTATION_REFRESH,
    ANNOTATION_DELETION_APPROVED,
    "argocd.argoproj.io/hydrate",
    "notified.notifications.argoproj.io",
];

/// Which changes an ApplicationSet may make: `syncPolicy.applicationsSync`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AppSetPolicy {
    /// `create-only`.
    CreateOnly,
    /// `create-update`.
    CreateUpdate,
    /// `create-delete`.
    CreateDelete,
    /// `sync`.
    #[default]
    Sync,
}

impl AppSetPolicy {
    /// Reads the word of settings and specs; an unknown one is none.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "create-only" => Some(Self::CreateOnly),
            "create-update" => Some(Self::CreateUpdate),
            "create-delete" => Some(Self::CreateDelete),
            "sync" => Some(Self::Sync),
            _ => None,
        }
    }

    fn updates(self) -> bool {
        matches!(self, Self::CreateUpdate | Self::Sync)
    }

    fn deletes(self) -> bool {
        matches!(self, Self::CreateDelete | Self::Sync)
    }
}

/// One change to make.
#[derive(Clone, Debug, PartialEq)]
pub enum AppSetAction {
    /// Create an Application; it carries an owner reference to its ApplicationSet.
    Create(Application),
    /// Change an Application by a JSON merge patch.
    Update {
        /// Which.
        id: AppId,
        /// The patch.
        patch: Value,
    },
    /// Delete an Application.
    Delete {
        /// Which.
        id: AppId,
    },
    /// Take the owner reference off an Application, so that it outlives its ApplicationSet.
    Orphan {
        /// Which.
        id: AppId,
        /// The merge patch that does it.
        patch: Value,
    },
    /// A change that is not made, with the reason for people.
    Refused {
        /// Which.
        id: AppId,
        /// Why.
        reason: Str,
    },
}

/// Decides how to bring the Applications of an ApplicationSet to what was generated. `existing` are the Applications
/// of its namespace; `policy_override` is the controller's policy, which wins where it is set.
///
/// Nothing is deleted while anything failed or is still to be fetched, or where a source suddenly holds nothing, unless
/// a person has approved it by the annotation `argocd.argoproj.io/deletion-approved` on the ApplicationSet.
#[must_use]
pub fn reconcile(
    appset: &Object,
    generated: &Generated,
    existing: &[Application],
    policy_override: Option<AppSetPolicy>,
    leave_out: LeaveOut<'_>,
) -> Vec<AppSetAction> {
    let spec_policy =
        appset.value().get_path(&["spec", "syncPolicy", "applicationsSync"]).and_then(Value::as_str);
    let policy = policy_override.or_else(|| AppSetPolicy::from_word(spec_policy?)).unwrap_or_default();
    let mut owned: Vec<&Application> = existing.iter().filter(|app| owns(appset, app.object())).collect();
    owned.sort_by_key(|app| app.id());
    if appset.deletion_timestamp().is_some() {
        return owned.into_iter().map(|app| on_deletion(appset, app, policy)).collect();
    }
    let mut out = Vec::new();
    let mut wanted: BTreeMap<AppId, Vec<&Application>> = BTreeMap::new();
    for app in &generated.applications {
        wanted.entry(app.id()).or_default().push(app);
    }
    let live: BTreeMap<AppId, &Application> = existing.iter().map(|app| (app.id(), app)).collect();
    for (id, apps) in &wanted {
        match apps.as_slice() {
            [app] if !id.name.is_empty() => {
                out.extend(create_or_update(appset, app, live.get(id).copied(), policy, leave_out))
            }
            _ => out.push(AppSetAction::Refused { id: id.clone(), reason: misnamed(appset, id).into() }),
        }
    }
    for app in owned.into_iter().filter(|app| !wanted.contains_key(&app.id())) {
        out.extend(delete(appset, app.id(), generated, policy));
    }
    out
}

fn misnamed(appset: &Object, id: &AppId) -> String {
    let name = appset.name();
    if id.name.is_empty() {
        return format!(
            "ApplicationSet {name} contains an application with no name; a name must be set in the template's \
             metadata.name or via a templatePatch (generateName is not supported)"
        );
    }
    format!("ApplicationSet {name} contains applications with duplicate name: {}", id.name)
}

fn owner_references(object: &Object) -> &[Value] {
    object.value().get_path(&["metadata", "ownerReferences"]).and_then(Value::as_array).unwrap_or_default()
}

fn names_appset(appset: &Object, reference: &Value) -> bool {
    let text = |key: &str| reference.get(key).and_then(Value::as_str).unwrap_or_default();
    let same_uid = appset.uid().is_empty() || text("uid") == appset.uid();
    text("kind") == "ApplicationSet" && text("name") == appset.name() && same_uid
}

fn owns(appset: &Object, app: &Object) -> bool {
    app.namespace() == appset.namespace() && owner_references(app).iter().any(|r| names_appset(appset, r))
}

fn owner_reference(appset: &Object) -> Value {
    let texts = [
        ("apiVersion", API_VERSION),
        ("kind", "ApplicationSet"),
        ("name", appset.name()),
        ("uid", appset.uid()),
    ];
    let flags = [("blockOwnerDeletion", true), ("controller", true)];
    let texts = texts.into_iter().map(|(k, v)| (k, Value::from(v)));
    texts.chain(flags.into_iter().map(|(k, v)| (k, Value::Bool(v)))).collect()
}

fn on_deletion(appset: &Object, app: &Application, policy: AppSetPolicy) -> AppSetAction {
    let id = app.id();
    if policy.deletes() {
        return AppSetAction::Delete { id };
    }
    let rest: Value =
        owner_references(app.object()).iter().filter(|r| !names_appset(appset, r)).cloned().collect();
    let mut patch = Value::object();
    patch.set_path(&["metadata", "ownerReferences"], rest);
    AppSetAction::Orphan { id, patch }
}

fn delete(appset: &Object, id: AppId, generated: &Generated, policy: AppSetPolicy) -> Option<AppSetAction> {
    if !policy.deletes() {
        return None;
    }
    let approved = appset.annotation(ANNOTATION_DELETION_APPROVED).is_some_and(|t| !t.is_empty());
    let reason = if let Some(error) = generated.errors.first() {
        Some(format!("nothing is deleted while a generator fails: {error}"))
    } else if let Some(need) = generated.needs.first() {
        Some(format!("nothing is deleted until the answer to {:?} is known", need.key().as_str()))
    } else {
        generated.empty_sources.first().filter(|_| !approved).map(|source| {
            format!(
                "{source} suddenly holds nothing; annotate the ApplicationSet with \
                 {ANNOTATION_DELETION_APPROVED} to delete its Applications"
            )
        })
    };
    Some(match reason {
        Some(reason) => AppSetAction::Refused { id, reason: reason.into() },
        None => AppSetAction::Delete { id },
    })
}

fn create_or_update(
    appset: &Object,
    wanted: &Application,
    live: Option<&Application>,
    policy: AppSetPolicy,
    leave_out: LeaveOut<'_>,
) -> Option<AppSetAction> {
    let mut wanted = wanted.object().value().clone();
    let Some(live) = live else {
        wanted.set_path(&["metadata", "ownerReferences"], Value::from(vec![owner_reference(appset)]));
        return Some(AppSetAction::Create(Application::new(Object::new(wanted))));
    };
    if !policy.updates() {
        return None;
    }
    let id = live.id();
    let others = owner_references(live.object()).iter().filter(|r| !names_appset(appset, r));
    if let Some(other) = others.clone().find(|r| r.get("controller").and_then(Value::as_bool) == Some(true)) {
        let name = other.get("name").and_then(Value::as_str).unwrap_or_default();
        let reason = format!("Application {} is already owned by another controller: {name}", id.name);
        return Some(AppSetAction::Refused { id, reason: reason.into() });
    }
    let references: Value = others.cloned().chain([owner_reference(appset)]).collect();
    preserve(appset, live.object(), &mut wanted);
    wanted.set_path(&["metadata", "ownerReferences"], references);
    let (mut before, mut after) = (relevant(live.object().value()), relevant(&wanted));
    for rule in ignored(appset, &id.name) {
        // What cannot be followed might hide what others own: the Application had better stay as it is.
        if let Err(why) = leave_out(&rule, &mut before).and_then(|()| leave_out(&rule, &mut after)) {
            let reason = format!("ignoreApplicationDifferences: {why}");
            return Some(AppSetAction::Refused { id, reason: reason.into() });
        }
    }
    let patch = merge_patch(&before, &after)?;
    Some(AppSetAction::Update { id, patch })
}

/// Carries over what others write on a generated Application.
fn preserve(appset: &Object, live: &Object, wanted: &mut Value) {
    let listed = |what: &str| -> Vec<Str> {
        let list = appset.value().get_path(&["spec", "preservedFields", what]).and_then(Value::as_array);
        list.unwrap_or_default().iter().filter_map(|v| v.as_str().map(Str::from)).collect()
    };
    let annotations = listed("annotations").into_iter().chain(PRESERVED_ANNOTATIONS.map(Str::from));
    for key in annotations {
        if let Some(value) = live.annotation(&key) {
            wanted.set_path(&["metadata", "annotations", &key], value);
        }
    }
    for key in listed("labels") {
        if let Some(value) = live.label(&key) {
            wanted.set_path(&["metadata", "labels", &key], value);
        }
    }
    let mut finalizers: Vec<Value> =
        wanted.get_path(&["metadata", "finalizers"]).and_then(Value::as_array).unwrap_or_default().to_vec();
    for finalizer in live.finalizers() {
        let of_hooks =
            finalizer.starts_with(FINALIZER_PRE_DELETE) || finalizer.starts_with(FINALIZER_POST_DELETE);
        if of_hooks && !finalizers.iter().any(|f| f.as_str() == Some(finalizer)) {
            finalizers.push(finalizer.into());
        }
    }
    wanted.set_path(&["metadata", "finalizers"], finalizers);
}

/// Returns the parts of an Application that an ApplicationSet writes.
fn relevant(app: &Value) -> Value {
    let mut out = Value::object();
    for key in ["annotations", "finalizers", "labels", "ownerReferences"] {
        let value = app.get_path(&["metadata", key]).cloned().unwrap_or_default();
        let is_empty = match &value {
            Value::Null => true,
            Value::Array(a) => a.is_empty(),
            Value::Object(m) => m.is_empty(),
            _ => false,
        };
        if !is_empty {
            out.set_path(&["metadata", key], value);
        }
    }
    let mut spec = app.get("spec").cloned().unwrap_or_default();
    // As upstream's normalisation: no project means the default one.
    if spec.get("project").and_then(Value::as_str).unwrap_or_default().is_empty() {
        spec.set_path(&["project"], "default");
    }
    out.set_path(&["spec"], spec);
    out
}

/// Returns the JSON merge patch (RFC 7396) from one tree to another; nothing where they agree.
fn merge_patch(before: &Value, after: &Value) -> Option<Value> {
    if before == after {
        return None;
    }
    let (Value::Object(before), Value::Object(after)) = (before, after) else {
        return Some(after.clone());
    };
    let mut patch = Map::new();
    for key in before.keys().filter(|k| !after.contains_key(k)) {
        patch.insert(key.clone(), Value::Null);
    }
    for (key, value) in after.iter() {
        let change = match before.get(key) {
            Some(old) => merge_patch(old, value),
            None => Some(value.clone()),
        };
        if let Some(change) = change {
            patch.insert(key.clone(), change);
        }
    }
    Some(Value::Object(patch))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::appset::{AppSetError, generate};
    use crate::appset::{DataRequest, Environment, ScmRepository};
    use fairway_core::IgnoreRule;

    fn appset(extra: &str, generators: &str) -> Object {
        let json = format!(
            r#"{{"metadata":{{"name":"set","namespace":"argocd","uid":"u1"}},"spec":{{{extra}"goTemplate":true,
            "generators":[{generators}],"template":{{"metadata":{{"name":"{{{{.name}}}}"}},
            "spec":{{"project":"default","source":{{"repoURL":"r","path":"p"}},"destination":{{"name":"c"}}}}}}}}}}"#
        );
        Object::new(fairway_value::from_json(json.as_bytes()).unwrap())
    }

    /// Pointers, and of jq the plain path of one field.
    fn leave_out(rule: &IgnoreRule, value: &mut Value) -> Result<(), String> {
        for pointer in &rule.json_pointers {
            value.remove_pointer(pointer);
        }
        for path in &rule.jq_path_expressions {
            let keys: Vec<&str> = path.split('.').skip(1).collect();
            if keys.is_empty() {
                return Err(format!("{path:?} is no path"));
            }
            value.remove_path(&keys);
        }
        Ok(())
    }

    fn reconcile(
        appset: &Object,
        generated: &Generated,
        existing: &[Application],
        policy: Option<AppSetPolicy>,
    ) -> Vec<AppSetAction> {
        super::reconcile(appset, generated, existing, policy, &leave_out)
    }

    const ONE: &str = r#"{"list":{"elements":[{"name":"a"}]}}"#;

    fn created(appset: &Object) -> Vec<Application> {
        let generated = generate(appset, &Environment::default());
        let created = reconcile(appset, &generated, &[], None).into_iter().map(|action| match action {
            AppSetAction::Create(app) => app,
            other => panic!("{other:?}"),
        });
        created.collect()
    }

    #[test]
    fn what_was_created_needs_no_change() {
        let appset = appset("", ONE);
        let apps = created(&appset);
        assert_eq!(apps.len(), 1);
        let generated = generate(&appset, &Environment::default());
        assert_eq!(reconcile(&appset, &generated, &apps, None), []);
    }

    #[test]
    fn drift_is_undone_but_what_others_own_stays() {
        let extra = r#""ignoreApplicationDifferences":[{"jsonPointers":["/spec/source/targetRevision"],
            "jqPathExpressions":[".spec.syncPolicy"]}],"#;
        let appset = appset(extra, ONE);
        let mut apps = created(&appset);
        apps[0].object_mut().set_annotation(ANNOTATION_REFRESH, "hard");
        apps[0].object_mut().value_mut().set_path(&["spec", "source", "targetRevision"], "v1");
        apps[0].object_mut().value_mut().set_path(&["spec", "syncPolicy", "automated"], Value::object());
        let generated = generate(&appset, &Environment::default());
        assert_eq!(reconcile(&appset, &generated, &apps, None), []);
        apps[0].object_mut().value_mut().set_path(&["spec", "source", "path"], "other");
        let patch = fairway_value::from_json(br#"{"spec":{"source":{"path":"p"}}}"#).unwrap();
        assert_eq!(
            reconcile(&appset, &generated, &apps, None),
            [AppSetAction::Update { id: apps[0].id(), patch }]
        );
        assert_eq!(reconcile(&appset, &generated, &apps, Some(AppSetPolicy::CreateOnly)), []);
    }

    #[test]
    fn an_application_stays_as_it_is_where_a_rule_cannot_be_followed() {
        let appset = appset(r#""ignoreApplicationDifferences":[{"jqPathExpressions":["nonsense"]}],"#, ONE);
        let mut apps = created(&appset);
        apps[0].object_mut().value_mut().set_path(&["spec", "source", "path"], "other");
        let generated = generate(&appset, &Environment::default());
        assert!(matches!(reconcile(&appset, &generated, &apps, None)[..], [AppSetAction::Refused { .. }]));
    }

    #[test]
    fn an_error_deletes_nothing() {
        let before = created(&appset("", ONE));
        let now = appset("", r#"{"list":{"elements":[]}}"#);
        let mut generated = generate(&now, &Environment::default());
        assert_eq!(reconcile(&now, &generated, &before, None), [AppSetAction::Delete { id: before[0].id() }]);
        generated.errors.push(AppSetError { reason: "x", message: "the forge is away".into() });
        assert!(matches!(reconcile(&now, &generated, &before, None)[..], [AppSetAction::Refused { .. }]));
    }

    #[test]
    fn a_forge_that_suddenly_lists_nothing_deletes_nothing_but_a_dropped_topic_does() {
        let before = created(&appset("", ONE));
        let scm = r#"{"scmProvider":{"github":{"organization":"o"},"filters":[{"labelMatch":"managed"}]}}"#;
        let now = appset("", scm);
        let need = generate(&now, &Environment::default()).needs.remove(0);
        assert!(matches!(need, DataRequest::Scm { .. }));
        let actions = |repositories: Vec<ScmRepository>| {
            let mut environment = Environment::default();
            environment.scm.insert(need.key(), Ok(repositories));
            reconcile(&now, &generate(&now, &environment), &before, None)
        };
        assert!(matches!(actions(vec![])[..], [AppSetAction::Refused { .. }]));
        let branchless = ScmRepository { repository: "a".into(), ..ScmRepository::default() };
        assert!(matches!(actions(vec![branchless.clone()])[..], [AppSetAction::Refused { .. }]));
        let branches = [("main".into(), "abc".into())].into();
        let without_topic = ScmRepository { branches, ..branchless };
        assert_eq!(actions(vec![without_topic]), [AppSetAction::Delete { id: before[0].id() }]);
    }

    #[test]
    fn a_field_without_effect_is_named() {
        let rolling = appset(r#""strategy":{"type":"RollingSync"},"#, ONE);
        assert_eq!(generate(&rolling, &Environment::default()).unsupported, ["spec.strategy"]);
        assert_eq!(generate(&appset("", ONE), &Environment::default()).unsupported, Vec::<Str>::new());
    }

    #[test]
    fn two_applications_of_one_name_are_both_refused() {
        let twice = appset("", r#"{"list":{"elements":[{"name":"a"},{"name":"a"}]}}"#);
        let generated = generate(&twice, &Environment::default());
        assert!(matches!(reconcile(&twice, &generated, &[], None)[..], [AppSetAction::Refused { .. }]));
    }
}
