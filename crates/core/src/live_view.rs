use crate::{AppId, GroupKind, Live, ObjectKey};
use fairway_value::Str;
use std::sync::Arc;

/// Whether objects of a kind live in namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// They do.
    Namespaced,
    /// They do not.
    Cluster,
}

/// What is known of a cluster right now, out of a watch cache. Reading it makes no API call.
pub trait LiveView: Send + Sync {
    /// Returns one object.
    fn get(&self, key: &ObjectKey) -> Option<Arc<Live>>;

    /// Returns the objects that carry an App's tracking mark, in key order.
    fn tracked_by(&self, app: &AppId) -> Vec<Arc<Live>>;

    /// Returns the objects that an owner reference with this uid names as their owner, in key order.
    fn children(&self, owner_uid: &str) -> Vec<Arc<Live>>;

    /// Returns the scope of a kind; nothing where the cluster does not know the kind.
    fn scope(&self, kind: &GroupKind) -> Option<Scope>;

    /// Whether the cluster serves a kind in an API version.
    fn serves(&self, gvk: &crate::Gvk) -> bool;

    /// Returns the cluster's version such as `v1.36.3`.
    fn kube_version(&self) -> Str;

    /// Returns the API versions served: `v1`, `apps/v1`, `apps/v1/Deployment` …, sorted.
    fn api_versions(&self) -> Arc<[Str]>;
}
