use crate::typeref::TypeRef;
use crate::types::{self, DEDUCED, TypeDef, TypeId, strings};
use crate::validate::Rules;
use fairway_core::Scope;
use fairway_value::{Map, Str, Value};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, OnceLock};

/// A subresource of a resource.
#[derive(Clone, Debug, Default)]
pub struct Subresource {
    /// Name: `status`, `scale`, `log`.
    pub name: Str,
    /// Group of the kind it speaks, where that is another one's.
    pub group: Str,
    /// Version of the kind it speaks, where that is another one's.
    pub version: Str,
    /// The kind it speaks, such as `Scale`.
    pub kind: Str,
    /// Verbs.
    pub verbs: Vec<Str>,
}

/// A served resource: one kind in one version of one group.
#[derive(Clone, Debug)]
pub struct Resource {
    /// API group, empty for the core group.
    pub group: Str,
    /// Version.
    pub version: Str,
    /// Kind.
    pub kind: Str,
    /// Plural name, as in URLs.
    pub plural: Str,
    /// Singular name.
    pub singular: Str,
    /// Short names.
    pub short_names: Vec<Str>,
    /// Categories, such as `all`.
    pub categories: Vec<Str>,
    /// Scope.
    pub scope: Scope,
    /// Verbs of the resource itself.
    pub verbs: Vec<Str>,
    /// Subresources, ordered by name.
    pub subresources: Vec<Subresource>,
    /// The hash that discovery shows; empty where there is none.
    pub storage_version_hash: Str,
    /// Whether this comes from a CustomResourceDefinition.
    pub custom: bool,
    /// For a custom resource the version's `openAPIV3Schema`; nothing where it has none.
    pub crd_schema: Option<Value>,
    /// What the server warns of whenever this version of a custom resource is asked for; empty where nothing.
    pub deprecation: Str,
    /// Where a custom resource has its replica counts; nothing where it has no scale.
    pub(crate) scale: Option<ScalePaths>,
    pub(crate) ty: Option<TypeId>,
    /// The rules of a custom resource, read when they are first asked for.
    rules: Arc<OnceLock<Rules>>,
}

/// Paths of replica counts: `.spec.replicas`.
#[derive(Clone, Debug)]
pub(crate) struct ScalePaths {
    /// Of the wanted one.
    pub spec: Str,
    /// Of the counted one.
    pub status: Str,
}

impl Resource {
    /// Returns the rules in CEL that objects must keep.
    pub(crate) fn rules(&self) -> &Rules {
        self.rules.get_or_init(|| Rules::read(self.crd_schema.as_ref().unwrap_or(&Value::Null)))
    }

    /// Returns `group/version`, or `version` in the core group.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_string()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }
}

/// A schema document that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SchemaError(pub String);

/// Every known kind and type. Cheap to look things up in; made once.
#[derive(Debug, Default)]
pub struct Schemas {
    /// The built-in kinds below, if these are custom ones on top of them.
    base: Option<&'static Schemas>,
    types: Vec<TypeDef>,
    names: HashMap<Str, TypeId>,
    resources: Vec<Resource>,
    by_kind: HashMap<Str, Vec<u32>>,
}

static BUILTIN: LazyLock<Schemas> = LazyLock::new(|| {
    let (types, names) = types::read_types(include_str!("../data/types.json"));
    let mut schemas = Schemas { types, names, ..Schemas::default() };
    let mut kinds: HashMap<(Str, Str, Str), TypeId> = HashMap::new();
    for line in include_str!("../data/types.json").lines().filter(|l| l.contains("\"gvk\"")) {
        let Ok(line) = fairway_value::from_json(line.as_bytes()) else { continue };
        let name = types::full_name(text(&line, "n"));
        let Some(&id) = schemas.names.get(&name) else { continue };
        for gvk in line.get("gvk").and_then(Value::as_array).unwrap_or_default() {
            kinds.insert(
                (text(gvk, "group").into(), text(gvk, "version").into(), text(gvk, "kind").into()),
                id,
            );
        }
    }
    for line in include_str!("../data/resources.json").lines() {
        let Ok(line) = fairway_value::from_json(line.as_bytes()) else { continue };
        let mut resource = read_resource(&line);
        let key = (resource.group.clone(), resource.version.clone(), resource.kind.clone());
        resource.ty = kinds.get(&key).copied();
        schemas.push(resource);
    }
    schemas
});

/// All types are read once more: few programs ask for former versions, and those that do not should not wait for them.
static FORMER: LazyLock<Schemas> = LazyLock::new(|| {
    let data = concat!(include_str!("../data/types.json"), include_str!("../data/former.json"));
    let (types, names) = types::read_types(data);
    let mut schemas = Schemas { types, names, ..Schemas::default() };
    for line in include_str!("../data/former.json").lines().filter(|l| l.contains("\"gv\"")) {
        let Ok(line) = fairway_value::from_json(line.as_bytes()) else { continue };
        let (group, version) = text(&line, "gv").split_once('/').unwrap_or_default();
        for (kind, name) in line.get("k").and_then(Value::as_object).into_iter().flat_map(Map::iter) {
            let ty = schemas.names.get(&types::full_name(name.as_str().unwrap_or_default())).copied();
            let mut resource = read_resource(&Value::Null);
            (resource.group, resource.version, resource.kind) = (group.into(), version.into(), kind.clone());
            resource.ty = ty;
            schemas.push(resource);
        }
    }
    schemas
});

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn read_resource(line: &Value) -> Resource {
    let sub = |s: &Value| Subresource {
        name: text(s, "n").into(),
        group: text(s, "g").into(),
        version: text(s, "v").into(),
        kind: text(s, "k").into(),
        verbs: strings(s.get("vb")).into_vec(),
    };
    Resource {
        group: text(line, "g").into(),
        version: text(line, "v").into(),
        kind: text(line, "k").into(),
        plural: text(line, "p").into(),
        singular: text(line, "s").into(),
        short_names: strings(line.get("sn")).into_vec(),
        categories: strings(line.get("c")).into_vec(),
        scope: scope(line.get("ns") == Some(&Value::Bool(true))),
        verbs: strings(line.get("vb")).into_vec(),
        subresources: line.get("sub").and_then(Value::as_array).unwrap_or_default().iter().map(sub).collect(),
        storage_version_hash: text(line, "h").into(),
        custom: false,
        crd_schema: None,
        deprecation: Str::new(),
        scale: None,
        ty: None,
        rules: Arc::default(),
    }
}

/// Orders versions as Kubernetes prefers them: stable before beta before alpha, higher before lower, others by name
/// after those (apimachinery `version.CompareKubeAwareVersionStrings`). `Greater` is the preferred one.
#[must_use]
pub fn compare_versions(a: &str, b: &str) -> Ordering {
    match (parse_version(a), parse_version(b)) {
        (Some(x), Some(y)) => x.cmp(&y),
        (Some(_), None) => Ordering::Greater,
        (None, Some(_)) => Ordering::Less,
        (None, None) => b.cmp(a),
    }
}

/// Returns (stability, major, minor).
fn parse_version(text: &str) -> Option<(u8, u64, u64)> {
    let rest = text.strip_prefix('v')?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let major = rest.get(..digits)?.parse().ok().filter(|m| *m > 0)?;
    let tail = rest.get(digits..)?;
    if tail.is_empty() {
        return Some((2, major, 0));
    }
    let (stability, minor) = match (tail.strip_prefix("beta"), tail.strip_prefix("alpha")) {
        (Some(minor), _) => (1, minor),
        (None, Some(minor)) => (0, minor),
        (None, None) => return None,
    };
    let minor = minor.parse().ok().filter(|m| *m > 0)?;
    Some((stability, major, minor))
}

/// The warning about a version that its definition calls deprecated: its own words, or those of apiextensions'
/// `defaultDeprecationWarning`.
fn deprecation(version: &Value, versions: &[Value], group: &str, kind: &str) -> Str {
    let is = |version: &Value, key: &str| version.get(key) == Some(&Value::Bool(true));
    if !is(version, "deprecated") {
        return Str::new();
    }
    if let Some(words) = version.get("deprecationWarning").and_then(Value::as_str) {
        return words.into();
    }
    let name = text(version, "name");
    let better = versions.iter().filter(|v| is(v, "served") && !is(v, "deprecated")).map(|v| text(v, "name"));
    let best = better
        .filter(|other| compare_versions(other, name) == Ordering::Greater)
        .max_by(|a, b| compare_versions(a, b));
    let instead = best.map(|best| format!("; use {group}/{best} {kind}")).unwrap_or_default();
    format!("{group}/{name} {kind} is deprecated{instead}").into()
}

fn scope(namespaced: bool) -> Scope {
    if namespaced { Scope::Namespaced } else { Scope::Cluster }
}

impl Schemas {
    /// Returns the built-in kinds of Kubernetes 1.36, read from the data in this crate at first use.
    #[must_use]
    pub fn builtin() -> &'static Self {
        &BUILTIN
    }

    /// Returns the kinds of former versions that Kubernetes 1.36 does not serve, or not by default, and that client-go still has
    /// types of: `apps/v1beta2`, `extensions/v1beta1` and such. Of their resources only the kind and the type are known.
    ///
    /// Source: client-go 0.36 `kubernetes/scheme`.
    #[must_use]
    pub fn former() -> &'static Self {
        &FORMER
    }

    /// Returns the built-in kinds and those of the CustomResourceDefinitions given (`apiextensions.k8s.io/v1` objects,
    /// as rendered or as stored). Versions that are not served are left out.
    ///
    /// # Errors
    /// A CRD without group, names or versions; names the CRD.
    pub fn with_crds<'v>(crds: impl IntoIterator<Item = &'v Value>) -> Result<Self, SchemaError> {
        let mut schemas = Self { base: Some(Self::builtin()), ..Self::default() };
        for crd in crds {
            schemas.add_crd(crd)?;
        }
        Ok(schemas)
    }

    fn add_crd(&mut self, crd: &Value) -> Result<(), SchemaError> {
        let name = crd.get_path(&["metadata", "name"]).and_then(Value::as_str).unwrap_or_default();
        let wrong = |what: &str| SchemaError(format!("CustomResourceDefinition {name}: no {what}"));
        let spec = crd.get("spec").ok_or_else(|| wrong("spec"))?;
        let names = spec.get("names").ok_or_else(|| wrong("spec.names"))?;
        let versions =
            spec.get("versions").and_then(Value::as_array).ok_or_else(|| wrong("spec.versions"))?;
        let (group, kind) = (text(spec, "group"), text(names, "kind"));
        if group.is_empty() || kind.is_empty() || text(names, "plural").is_empty() {
            return Err(wrong("spec.group, spec.names.kind or spec.names.plural"));
        }
        let singular = match text(names, "singular") {
            "" => kind.to_ascii_lowercase(),
            name => name.to_owned(),
        };
        for version in versions.iter().filter(|v| v.get("served") != Some(&Value::Bool(false))) {
            let crd_schema = version.get_path(&["schema", "openAPIV3Schema"]).cloned();
            let ty = crd_schema.as_ref().map(|s| self.add_structural(s));
            let verbs = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];
            self.push(Resource {
                group: group.into(),
                version: text(version, "name").into(),
                kind: kind.into(),
                plural: text(names, "plural").into(),
                singular: singular.as_str().into(),
                short_names: strings(names.get("shortNames")).into_vec(),
                categories: strings(names.get("categories")).into_vec(),
                scope: scope(text(spec, "scope") != "Cluster"),
                verbs: verbs.into_iter().map(Str::from).collect(),
                subresources: crd_subresources(version, group, kind),
                storage_version_hash: Str::new(),
                custom: true,
                crd_schema,
                deprecation: deprecation(version, versions, group, kind),
                scale: version.get_path(&["subresources", "scale"]).map(|s| ScalePaths {
                    spec: text(s, "specReplicasPath").into(),
                    status: text(s, "statusReplicasPath").into(),
                }),
                ty,
                rules: Arc::default(),
            });
        }
        Ok(())
    }

    fn add_structural(&mut self, schema: &Value) -> TypeId {
        let base = self.base_len();
        let meta = self.type_id("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta").unwrap_or(DEDUCED);
        types::structural(schema, meta, &mut self.types, base)
    }

    fn base_len(&self) -> TypeId {
        // Bounded by the data in this crate, which has thousands of types.
        self.base.map_or(0, |b| TypeId::try_from(b.types.len()).unwrap_or(TypeId::MAX))
    }

    fn push(&mut self, resource: Resource) {
        let index = u32::try_from(self.resources.len()).unwrap_or(u32::MAX);
        self.by_kind.entry(resource.kind.clone()).or_default().push(index);
        self.resources.push(resource);
    }

    fn type_id(&self, name: &str) -> Option<TypeId> {
        self.names.get(name).copied().or_else(|| self.base?.type_id(name))
    }

    pub(crate) fn def(&self, id: TypeId) -> &TypeDef {
        static NONE: TypeDef = TypeDef { name: Str::new(), scalar: None, list: None, map: None };
        match self.base {
            Some(base) if (id as usize) < base.types.len() => base.def(id),
            Some(base) => self.types.get(id as usize - base.types.len()).unwrap_or(&NONE),
            None => self.types.get(id as usize).unwrap_or(&NONE),
        }
    }

    /// Returns every resource: the built-in ones in the server's order of groups, then the custom ones.
    pub fn resources(&self) -> impl Iterator<Item = &Resource> {
        self.base.map(|b| b.resources.iter()).into_iter().flatten().chain(self.resources.iter())
    }

    /// Returns the resource of a kind by `apiVersion` (`apps/v1`, `v1`) and kind, as an object names them.
    #[must_use]
    pub fn resource(&self, api_version: &str, kind: &str) -> Option<&Resource> {
        let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
        let own = self.by_kind.get(kind).and_then(|indices| {
            let mut found = indices.iter().filter_map(|&i| self.resources.get(i as usize));
            found.find(|r| r.version == version && r.group == group)
        });
        own.or_else(|| self.base?.resource(api_version, kind))
    }

    /// Returns the resource by group, version and plural name, as a URL names them.
    #[must_use]
    pub fn resource_by_plural(&self, group: &str, version: &str, plural: &str) -> Option<&Resource> {
        self.resources().find(|r| r.plural == plural && r.version == version && r.group == group)
    }

    /// Returns the type of a kind. Nothing for unknown kinds and for custom resources without a schema.
    #[must_use]
    pub fn type_of(&self, api_version: &str, kind: &str) -> Option<TypeRef<'_>> {
        let id = self.resource(api_version, kind)?.ty?;
        Some(TypeRef::new(self, id))
    }

    /// Returns a type by its name in the OpenAPI documents, such as `io.k8s.api.core.v1.PodSpec`.
    #[must_use]
    pub fn type_named(&self, name: &str) -> Option<TypeRef<'_>> {
        Some(TypeRef::new(self, self.type_id(name)?))
    }

    /// Returns the type of values that have no schema.
    #[must_use]
    pub fn untyped(&self) -> TypeRef<'_> {
        TypeRef::new(self, DEDUCED)
    }
}

fn crd_subresources(version: &Value, group: &str, kind: &str) -> Vec<Subresource> {
    let Some(declared) = version.get("subresources").and_then(Value::as_object) else { return Vec::new() };
    let verbs: Vec<Str> = ["get", "patch", "update"].into_iter().map(Str::from).collect();
    let mut subs = Vec::new();
    if declared.contains_key("scale") {
        subs.push(Subresource {
            name: "scale".into(),
            group: "autoscaling".into(),
            version: "v1".into(),
            kind: "Scale".into(),
            verbs: verbs.clone(),
        });
    }
    if declared.contains_key("status") {
        subs.push(Subresource {
            name: "status".into(),
            group: group.into(),
            version: text(version, "name").into(),
            kind: kind.into(),
            verbs,
        });
    }
    subs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ListType, Scalar};

    #[test]
    fn every_line_of_the_data_is_read_and_every_writable_kind_has_a_type() {
        let lines = include_str!("../data/types.json").lines().count();
        assert_eq!(Schemas::builtin().names.len(), lines);
        for resource in Schemas::builtin().resources() {
            assert!(resource.ty.is_some(), "{} has no type", resource.kind);
        }
        let all = lines + include_str!("../data/former.json").lines().filter(|l| l.contains("\"n\"")).count();
        assert_eq!(Schemas::former().names.len(), all);
        for resource in Schemas::former().resources() {
            assert!(resource.ty.is_some(), "{} {} has no type", resource.api_version(), resource.kind);
        }
    }

    #[test]
    fn a_former_kind_has_todays_type_where_that_has_its_shape_and_defaults() {
        let type_of = |version, kind| Schemas::former().type_of(version, kind).unwrap();
        assert_eq!(type_of("apps/v1beta2", "StatefulSet").name(), "io.k8s.api.apps.v1.StatefulSet");
        assert_eq!(type_of("apps/v1beta1", "StatefulSet").name(), "io.k8s.api.apps.v1beta1.StatefulSet");
        let rules =
            type_of("extensions/v1beta1", "Ingress").field("spec").unwrap().ty.field("rules").unwrap();
        let paths = rules.ty.items().unwrap().field("http").unwrap().ty.field("paths").unwrap();
        assert!(paths.ty.items().unwrap().field("backend").unwrap().ty.field("serviceName").is_some());
        assert!(Schemas::builtin().resource("apps/v1beta2", "StatefulSet").is_none());
        assert!(Schemas::former().resource("apps/v1", "StatefulSet").is_none());
    }

    #[test]
    fn a_container_port_is_found_by_port_and_protocol() {
        let pod = Schemas::builtin().type_of("v1", "Pod").unwrap();
        let containers = pod.field("spec").unwrap().ty.field("containers").unwrap();
        assert_eq!(containers.merge_key, Some("name"));
        let ports = containers.ty.items().unwrap().field("ports").unwrap();
        assert_eq!(ports.ty.list_type(), Some(ListType::Map));
        assert_eq!(ports.ty.list_keys(), ["containerPort", "protocol"]);
        let protocol = ports.ty.items().unwrap().field("protocol").unwrap();
        assert_eq!(protocol.default, Some(&Value::from("TCP")));
        assert_eq!(protocol.ty.scalar(), Some(Scalar::String));
    }

    #[test]
    fn custom_kinds_stand_beside_the_built_in_ones() {
        let crd = fairway_value::from_json(
            br#"{"metadata":{"name":"as.x.io"},"spec":{"group":"x.io","scope":"Cluster","names":{"kind":"A","plural":"as"},
            "versions":[{"name":"v1","served":true,"subresources":{"status":{}},"schema":{"openAPIV3Schema":{"type":"object",
            "properties":{"spec":{"type":"object","properties":{"l":{"type":"array","x-kubernetes-list-type":"set",
            "items":{"type":"string"}}}}}}}}]}}"#,
        )
        .unwrap();
        let schemas = Schemas::with_crds([&crd]).unwrap();
        let a = schemas.resource("x.io/v1", "A").unwrap();
        assert_eq!((a.scope, a.singular.as_str()), (Scope::Cluster, "a"));
        let list = schemas.type_of("x.io/v1", "A").unwrap().field("spec").unwrap().ty.field("l").unwrap().ty;
        assert_eq!(list.list_type(), Some(ListType::Set));
        let labels =
            schemas.type_of("x.io/v1", "A").unwrap().field("metadata").unwrap().ty.field("labels").unwrap();
        assert_eq!(labels.ty.items().unwrap().scalar(), Some(Scalar::String));
        assert!(schemas.resource("apps/v1", "Deployment").is_some());
    }

    #[test]
    fn versions_are_ordered_as_kubernetes_prefers_them() {
        let mut versions = ["v1alpha1", "foo1", "v2", "v10", "v1beta2", "v1", "v11beta2"];
        versions.sort_by(|a, b| compare_versions(b, a));
        assert_eq!(versions, ["v10", "v2", "v1", "v11beta2", "v1beta2", "v1alpha1", "foo1"]);
    }

    #[test]
    fn a_deprecated_version_names_the_one_to_use() {
        let crd = fairway_value::from_json(
            br#"{"metadata":{"name":"gs.x.example"},"spec":{"group":"x.example","scope":"Namespaced",
            "names":{"kind":"G","plural":"gs"},"versions":[{"name":"v1","served":true},{"name":"v2","served":true},
            {"name":"v3","served":false},{"name":"v1beta1","served":true,"deprecated":true},
            {"name":"v1beta2","served":true,"deprecated":true,"deprecationWarning":"go away"}]}}"#,
        )
        .unwrap();
        let schemas = Schemas::with_crds([&crd]).unwrap();
        let said = |version| schemas.resource(version, "G").unwrap().deprecation.to_string();
        assert_eq!(said("x.example/v1beta1"), "x.example/v1beta1 G is deprecated; use x.example/v2 G");
        assert_eq!((said("x.example/v1beta2"), said("x.example/v1")), ("go away".into(), String::new()));
    }
}
