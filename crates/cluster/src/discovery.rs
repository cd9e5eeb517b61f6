use crate::client::{ApiClient, Call};
use fairway_core::{ApiError, GroupKind, Gvk, ObjectKey, Scope};
use fairway_value::{Str, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// One kind as the cluster serves it in one version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServedResource {
    /// Group, version and kind.
    pub gvk: Gvk,
    /// Resource name in URLs.
    pub plural: Str,
    /// Whether objects live in namespaces.
    pub namespaced: bool,
    /// Whether it can be listed and watched.
    pub watchable: bool,
}

impl ServedResource {
    /// Returns the URL path of the collection, or of one object where `name` is not empty.
    #[must_use]
    pub fn path(&self, namespace: &str, name: &str) -> String {
        let mut path = if self.gvk.group.is_empty() {
            format!("/api/{}", self.gvk.version)
        } else {
            format!("/apis/{}/{}", self.gvk.group, self.gvk.version)
        };
        // Writing to a String cannot fail.
        if self.namespaced && !namespace.is_empty() {
            let _ = write!(path, "/namespaces/{}", escape(namespace));
        }
        let _ = write!(path, "/{}", self.plural);
        if !name.is_empty() {
            let _ = write!(path, "/{}", escape(name));
        }
        path
    }
}

/// Escapes one segment of a URL path: names of RBAC objects may hold `:` and other marks.
pub(crate) fn escape(segment: &str) -> String {
    let mut out = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Every kind that a cluster serves.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResourceTable {
    /// By kind, the preferred version first.
    kinds: BTreeMap<GroupKind, Vec<ServedResource>>,
    /// Group versions that could not be read: an aggregated API that is down. What they hold is unknown.
    pub stale: BTreeSet<Str>,
    /// The server's version, such as `v1.36.3`.
    pub kube_version: Str,
}

/// Asks for the whole of discovery in one answer.
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

impl ResourceTable {
    /// Reads discovery: three requests.
    ///
    /// # Errors
    /// The server's refusal, or that it cannot be reached.
    pub async fn read(client: &ApiClient) -> Result<Self, ApiError> {
        let version = client.get("/version").await?;
        let mut table = Self {
            kube_version: version.get("gitVersion").and_then(Value::as_str).unwrap_or("v0.0.0").into(),
            ..Self::default()
        };
        for root in ["/api", "/apis"] {
            let answer = client.call(Call { accept: AGGREGATED, ..Call::get(root) }).await?;
            table.add(&answer);
        }
        Ok(table)
    }

    /// Takes in an `APIGroupDiscoveryList`.
    fn add(&mut self, list: &Value) {
        let items = |v: &Value, key: &str| v.get(key).and_then(Value::as_array).unwrap_or_default().to_vec();
        for group in items(list, "items") {
            let group_name = group.get_path(&["metadata", "name"]).and_then(Value::as_str).unwrap_or("");
            for version in items(&group, "versions") {
                let name = version.get("version").and_then(Value::as_str).unwrap_or("");
                if version.get("freshness").and_then(Value::as_str) == Some("Stale") {
                    self.stale.insert(Gvk::new(group_name, name, "").api_version());
                }
                for resource in items(&version, "resources") {
                    self.add_resource(group_name, name, &resource);
                }
            }
        }
    }

    fn add_resource(&mut self, group: &str, version: &str, resource: &Value) {
        let text = |key: &str| resource.get(key).and_then(Value::as_str).unwrap_or("");
        let kind = resource.get_path(&["responseKind", "kind"]).and_then(Value::as_str).unwrap_or("");
        let verbs = resource.get("verbs").and_then(Value::as_array).unwrap_or_default();
        let has = |verb: &str| verbs.iter().any(|v| v.as_str() == Some(verb));
        if kind.is_empty() || verbs.is_empty() {
            return;
        }
        let served = ServedResource {
            gvk: Gvk::new(group, version, kind),
            plural: text("resource").into(),
            namespaced: text("scope") == "Namespaced",
            watchable: has("list") && has("watch"),
        };
        self.kinds.entry(served.gvk.group_kind()).or_default().push(served);
    }

    /// Returns a kind in the version asked for; nothing where it is not served so.
    #[must_use]
    pub fn by_gvk(&self, gvk: &Gvk) -> Option<&ServedResource> {
        self.kinds.get(&gvk.group_kind())?.iter().find(|r| r.gvk.version == gvk.version)
    }

    /// Returns a kind in its preferred version.
    #[must_use]
    pub fn preferred(&self, kind: &GroupKind) -> Option<&ServedResource> {
        self.kinds.get(kind)?.first()
    }

    /// Returns the kind of an object in its preferred version, or the version given where it is served.
    #[must_use]
    pub fn for_key(&self, key: &ObjectKey, version: &str) -> Option<&ServedResource> {
        let served = self.kinds.get(&key.group_kind())?;
        served.iter().find(|r| r.gvk.version == version).or_else(|| served.first())
    }

    /// Returns whether objects of a kind live in namespaces.
    #[must_use]
    pub fn scope(&self, kind: &GroupKind) -> Option<Scope> {
        self.preferred(kind).map(|r| if r.namespaced { Scope::Namespaced } else { Scope::Cluster })
    }

    /// Iterates over every kind in its preferred version.
    pub fn iter(&self) -> impl Iterator<Item = &ServedResource> {
        self.kinds.values().filter_map(|served| served.first())
    }

    /// Returns `v1`, `apps/v1`, `apps/v1/Deployment` … in order: what Helm's `.Capabilities.APIVersions` holds.
    #[must_use]
    pub fn api_versions(&self) -> Vec<Str> {
        let mut all = BTreeSet::new();
        for served in self.kinds.values().flatten() {
            let api_version = served.gvk.api_version();
            all.insert(Str::from(format!("{api_version}/{}", served.gvk.kind)));
            all.insert(api_version);
        }
        all.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_value::from_json;

    #[test]
    fn the_first_version_is_preferred_and_stale_groups_are_known() {
        let list = from_json(
            br#"{"items":[{"metadata":{"name":"g"},"versions":[
            {"version":"v2","freshness":"Current","resources":[{"resource":"foos","responseKind":{"kind":"Foo"},"scope":"Namespaced","verbs":["list","watch"]}]},
            {"version":"v1","freshness":"Stale","resources":[{"resource":"foos","responseKind":{"kind":"Foo"},"scope":"Namespaced","verbs":["get"]}]}]}]}"#,
        )
        .unwrap();
        let mut table = ResourceTable::default();
        table.add(&list);
        let preferred = table.preferred(&GroupKind::new("g", "Foo")).unwrap();
        assert_eq!(preferred.path("ns", "a b"), "/apis/g/v2/namespaces/ns/foos/a%20b");
        assert!(table.by_gvk(&Gvk::new("g", "v1", "Foo")).is_some_and(|r| !r.watchable));
        assert!(table.stale.contains("g/v1"));
    }
}
