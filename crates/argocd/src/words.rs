/// API group of Argo CD's kinds.
pub const GROUP: &str = "argoproj.io";
/// API version of Argo CD's kinds.
pub const API_VERSION: &str = "argoproj.io/v1alpha1";
/// Annotation that names an object's App: `app:group/kind:namespace/name`.
pub const ANNOTATION_TRACKING_ID: &str = "argocd.argoproj.io/tracking-id";
/// Annotation that names the installation an object belongs to.
pub const ANNOTATION_INSTALLATION_ID: &str = "argocd.argoproj.io/installation-id";
/// Annotation with an object's wave.
pub const ANNOTATION_SYNC_WAVE: &str = "argocd.argoproj.io/sync-wave";
/// Annotation with an object's sync options, separated by commas.
pub const ANNOTATION_SYNC_OPTIONS: &str = "argocd.argoproj.io/sync-options";
/// Annotation with an object's or App's compare options, separated by commas.
pub const ANNOTATION_COMPARE_OPTIONS: &str = "argocd.argoproj.io/compare-options";
/// Annotation that makes an object a hook.
pub const ANNOTATION_HOOK: &str = "argocd.argoproj.io/hook";
/// Annotation that says when a hook's object is deleted.
pub const ANNOTATION_HOOK_DELETE_POLICY: &str = "argocd.argoproj.io/hook-delete-policy";
/// Annotation that keeps an object's health out of its App's.
pub const ANNOTATION_IGNORE_HEALTHCHECK: &str = "argocd.argoproj.io/ignore-healthcheck";
/// Annotation that asks for a refresh: `normal` or `hard`.
pub const ANNOTATION_REFRESH: &str = "argocd.argoproj.io/refresh";
/// Annotation that makes the controller pass an App over.
pub const ANNOTATION_SKIP_RECONCILE: &str = "argocd.argoproj.io/skip-reconcile";
/// Annotation with the time at which a person approved deletions.
pub const ANNOTATION_DELETION_APPROVED: &str = "argocd.argoproj.io/deletion-approved";
/// Annotation of an App that names one more field manager to take over from.
pub const ANNOTATION_MIGRATION_MANAGER: &str = "argocd.argoproj.io/client-side-apply-migration-manager";
/// Annotation of an AppProject that names the kinds that charts may look up in the cluster, separated by commas: `Kind` of the
/// core group, `group/Kind`, or `*` for all but Secrets.
pub const ANNOTATION_HELM_LOOKUP: &str = "fairway.dev/helm-lookup";
/// Field managers that applied an App's objects before Fairway did: `kubectl apply` and Argo CD, by its newer and older name.
pub const FORMER_MANAGERS: [&str; 3] =
    ["kubectl-client-side-apply", "argocd-controller", "argocd-application-controller"];
/// Label of the Secrets that hold repositories and clusters.
pub const LABEL_SECRET_TYPE: &str = "argocd.argoproj.io/secret-type";
/// Label that names an object's App where labels track, unless settings say otherwise.
pub const LABEL_INSTANCE: &str = "app.kubernetes.io/instance";
/// Finalizer that makes an App's deletion cascade; `/foreground` and `/background` may follow.
pub const FINALIZER_RESOURCES: &str = "resources-finalizer.argocd.argoproj.io";
/// Finalizer that holds an App until its PreDelete hooks ran.
pub const FINALIZER_PRE_DELETE: &str = "pre-delete-finalizer.argocd.argoproj.io";
/// Finalizer that holds an App until its PostDelete hooks ran.
pub const FINALIZER_POST_DELETE: &str = "post-delete-finalizer.argocd.argoproj.io";
/// Finalizer that holds an App until its PreDelete hooks are cleaned up.
pub const FINALIZER_PRE_DELETE_CLEANUP: &str = "pre-delete-finalizer.argocd.argoproj.io/cleanup";
/// Finalizer that holds an App until its PostDelete hooks are cleaned up.
pub const FINALIZER_POST_DELETE_CLEANUP: &str = "post-delete-finalizer.argocd.argoproj.io/cleanup";
/// Finalizer that keeps a hook's object until its result was read.
pub const FINALIZER_HOOK: &str = "argocd.argoproj.io/hook-finalizer";
/// Address of the cluster that Fairway runs on, in destinations.
pub const IN_CLUSTER_SERVER: &str = "https://kubernetes.default.svc";
/// Name of the cluster that Fairway runs on, in destinations.
pub const IN_CLUSTER_NAME: &str = "in-cluster";
