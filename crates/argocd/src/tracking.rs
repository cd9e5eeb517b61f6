use crate::object_policy::object_policy;
use crate::words::{ANNOTATION_INSTALLATION_ID, ANNOTATION_TRACKING_ID, LABEL_INSTANCE};
use fairway_core::{App, AppId, Marks, Object, ObjectPolicy, Str, TrackingMethod};
use std::fmt;

/// Longest label value that Kubernetes takes, in bytes.
const LABEL_BYTES_MAX: usize = 63;

/// What `argocd.argoproj.io/tracking-id` says: `app:group/kind:namespace/name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackingId {
    /// Instance name of the App: its name, or `namespace_name` outside the control namespace.
    pub app: Str,
    /// API group.
    pub group: Str,
    /// Kind.
    pub kind: Str,
    /// Namespace; for cluster-scoped objects the App's destination namespace.
    pub namespace: Str,
    /// Name.
    pub name: Str,
}

impl TrackingId {
    /// Reads one; nothing where the form is another.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ':');
        let (app, kind, name) = (parts.next()?, parts.next()?, parts.next()?);
        let (group, kind) = kind.split_once('/').filter(|(_, k)| !k.contains('/'))?;
        let (namespace, name) = name.split_once('/').filter(|(_, n)| !n.contains('/'))?;
        Some(Self {
            app: app.into(),
            group: group.into(),
            kind: kind.into(),
            namespace: namespace.into(),
            name: name.into(),
        })
    }

    /// Whether the mark was made for this object, and not copied from another.
    #[must_use]
    pub fn names(&self, object: &Object) -> bool {
        (object.namespace().is_empty() || object.namespace() == self.namespace.as_str())
            && object.name() == self.name.as_str()
            && object.group() == self.group.as_str()
            && object.kind() == self.kind.as_str()
    }
}

impl fmt::Display for TrackingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { app, group, kind, namespace, name } = self;
        write!(f, "{app}:{group}/{kind}:{namespace}/{name}")
    }
}

/// How this installation marks its objects, as Argo CD 3.6 `util/argo/resource_tracking.go`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgoMarks {
    /// Namespace whose Apps are tracked by their bare name.
    pub control_namespace: Str,
    /// What is written and read.
    pub method: TrackingMethod,
    /// Label used where labels track.
    pub label_key: Str,
    /// Installation, where several share a cluster; empty for none.
    pub installation_id: Str,
}

impl ArgoMarks {
    /// Marks by annotation, as Argo CD does by default.
    #[must_use]
    pub fn new(control_namespace: impl Into<Str>) -> Self {
        Self {
            control_namespace: control_namespace.into(),
            method: TrackingMethod::Annotation,
            label_key: LABEL_INSTANCE.into(),
            installation_id: Str::new(),
        }
    }

    /// Returns the name by which objects name an App.
    #[must_use]
    pub fn instance_name(&self, app: &AppId) -> Str {
        if app.namespace == self.control_namespace || app.namespace.is_empty() {
            app.name.clone()
        } else {
            format!("{}_{}", app.namespace, app.name).into()
        }
    }

    /// Returns the App that an instance name means.
    #[must_use]
    pub fn app_of(&self, instance: &str) -> AppId {
        match instance.split_once('_') {
            Some((namespace, name)) => AppId::new(namespace, name),
            None => AppId::new(self.control_namespace.clone(), instance),
        }
    }

    fn tracking_id(&self, object: &Object) -> Option<TrackingId> {
        let installation = object.annotation(ANNOTATION_INSTALLATION_ID).unwrap_or_default();
        if !self.installation_id.is_empty() && installation != self.installation_id.as_str() {
            return None;
        }
        TrackingId::parse(object.annotation(ANNOTATION_TRACKING_ID)?)
    }

    fn set_annotations(&self, object: &mut Object, app: &App) {
        let namespace = match object.namespace() {
            "" => app.destination.namespace.clone(),
            own => own.into(),
        };
        let gvk = object.gvk();
        let id = TrackingId {
            app: self.instance_name(&app.id),
            group: gvk.group,
            kind: gvk.kind,
            namespace,
            name: object.name().into(),
        };
        object.set_annotation(ANNOTATION_TRACKING_ID, id.to_string());
        if !self.installation_id.is_empty() {
            object.set_annotation(ANNOTATION_INSTALLATION_ID, self.installation_id.clone());
        } else if object.annotation(ANNOTATION_INSTALLATION_ID).is_some() {
            object.value_mut().remove_path(&["metadata", "annotations", ANNOTATION_INSTALLATION_ID]);
        }
    }
}

/// Cuts a label value to its largest length, ending in a letter or digit.
fn truncate_label(value: &str) -> &str {
    let mut end = value.len().min(LABEL_BYTES_MAX);
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    let cut = &value[..end];
    if cut.len() == value.len() { cut } else { cut.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()) }
}

impl Marks for ArgoMarks {
    fn policy(&self, object: &Object) -> ObjectPolicy {
        object_policy(object)
    }

    fn owner(&self, live: &Object) -> Option<AppId> {
        match self.method {
            TrackingMethod::Label => live.label(&self.label_key).map(|name| self.app_of(name)),
            TrackingMethod::Annotation | TrackingMethod::AnnotationAndLabel => {
                let id = self.tracking_id(live).filter(|id| id.names(live))?;
                Some(self.app_of(&id.app))
            }
        }
    }

    fn mark(&self, desired: &mut Object, app: &App) {
        // Argo CD marks no CRD that it renders, so that none is ever pruned.
        if desired.kind() == "CustomResourceDefinition" && desired.group() == "apiextensions.k8s.io" {
            return;
        }
        let instance = self.instance_name(&app.id);
        match self.method {
            TrackingMethod::Annotation => self.set_annotations(desired, app),
            TrackingMethod::Label => desired.set_label(&self.label_key, instance),
            TrackingMethod::AnnotationAndLabel => {
                self.set_annotations(desired, app);
                desired.set_label(&self.label_key, truncate_label(&instance));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(api_version: &str, kind: &str, namespace: &str, name: &str) -> Object {
        let mut object = Object::default();
        object.value_mut().set_path(&["apiVersion"], api_version);
        object.value_mut().set_path(&["kind"], kind);
        object.set_name(name);
        if !namespace.is_empty() {
            object.set_namespace(namespace);
        }
        object
    }

    fn app() -> App {
        let mut app = App { id: AppId::new("argocd", "shop"), ..App::default() };
        app.destination.namespace = "prod".into();
        app
    }

    #[test]
    fn a_mark_names_app_and_object_and_reads_back() {
        let marks = ArgoMarks::new("argocd");
        let mut role = object("rbac.authorization.k8s.io/v1", "ClusterRole", "", "system:x");
        marks.mark(&mut role, &app());
        let mark = role.annotation(ANNOTATION_TRACKING_ID).unwrap();
        assert_eq!(mark, "shop:rbac.authorization.k8s.io/ClusterRole:prod/system:x");
        assert_eq!(marks.owner(&role), Some(app().id));
    }

    #[test]
    fn a_copied_mark_proves_nothing() {
        let marks = ArgoMarks::new("argocd");
        let mut one = object("v1", "Service", "prod", "one");
        marks.mark(&mut one, &app());
        one.set_name("two");
        assert_eq!(marks.owner(&one), None);
    }

    #[test]
    fn an_app_elsewhere_is_named_with_its_namespace() {
        let marks = ArgoMarks { method: TrackingMethod::Label, ..ArgoMarks::new("argocd") };
        let id = AppId::new("team-a", "shop");
        assert_eq!(marks.instance_name(&id), "team-a_shop");
        assert_eq!(marks.app_of("team-a_shop"), id);
    }

    #[test]
    fn a_long_label_ends_in_a_letter_or_digit() {
        let long = format!("{}-{}", "a".repeat(62), "b".repeat(10));
        assert_eq!(truncate_label(&long), "a".repeat(62));
    }
}
