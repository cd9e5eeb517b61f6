//! What the server serves: the built-in resources and those of the CustomResourceDefinitions.

use super::crd;
use fairway_schema::Schemas;
use fairway_value::{Str, Value, from_json};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

/// One resource in one version.
#[derive(Debug, Default, Clone)]
pub(crate) struct Resource {
    pub(crate) group: Str,
    pub(crate) version: Str,
    pub(crate) plural: Str,
    pub(crate) singular: Str,
    pub(crate) kind: Str,
    pub(crate) list_kind: Str,
    pub(crate) namespaced: bool,
    pub(crate) verbs: Vec<Str>,
    pub(crate) short_names: Vec<Str>,
    pub(crate) categories: Vec<Str>,
    pub(crate) hash: Str,
    pub(crate) subresources: Vec<Subresource>,
    /// Where its objects are stored, whatever the version.
    pub(crate) table: Str,
    /// The version its objects are stored in.
    pub(crate) storage_api_version: Str,
    /// For a custom resource: its definition's entry for this version.
    pub(crate) custom: Option<Arc<crd::Version>>,
}

/// A subresource.
#[derive(Debug, Default, Clone)]
pub(crate) struct Subresource {
    pub(crate) name: Str,
    pub(crate) group: Str,
    pub(crate) version: Str,
    pub(crate) kind: Str,
    pub(crate) verbs: Vec<Str>,
}

impl Resource {
    /// Returns `plural.group`, or `plural` in the core group.
    pub(crate) fn group_resource(&self) -> String {
        if self.group.is_empty() {
            self.plural.to_string()
        } else {
            format!("{}.{}", self.plural, self.group)
        }
    }

    pub(crate) fn api_version(&self) -> String {
        api_version(&self.group, &self.version)
    }

    /// Returns `Kind.group`, or `Kind` in the core group.
    pub(crate) fn group_kind(&self) -> String {
        if self.group.is_empty() { self.kind.to_string() } else { format!("{}.{}", self.kind, self.group) }
    }

    pub(crate) fn subresource(&self, name: &str) -> Option<&Subresource> {
        self.subresources.iter().find(|s| s.name == name)
    }

    /// Whether the version asked for is the one that is stored.
    pub(crate) fn is_storage(&self) -> bool {
        self.storage_api_version == self.api_version()
    }
}

pub(crate) fn api_version(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}

/// The groups in the server's order, each with its versions, preferred first.
pub(crate) type Groups = Vec<(Str, Vec<Str>)>;

/// Everything served at one moment.
pub(crate) struct Registry {
    resources: BTreeMap<(Str, Str, Str), Arc<Resource>>,
    /// By table, in the storage version.
    stored: HashMap<Str, Arc<Resource>>,
    pub(crate) groups: Groups,
    /// The definitions, by the table of their resource.
    crds: HashMap<Str, Value>,
}

static BUILTIN: LazyLock<(Vec<Arc<Resource>>, Groups)> = LazyLock::new(|| {
    let data = from_json(include_bytes!("../../data/discovery.json"))
        .expect("because the committed discovery document is valid JSON");
    builtin(&data)
});

/// The order of the groups' paths in the discovery data is the order the server lists them in, except that one group's
/// versions come together.
fn builtin(data: &Value) -> (Vec<Arc<Resource>>, Groups) {
    let mut resources = Vec::new();
    let mut groups: Groups = Vec::new();
    let order = include_str!("../../data/groups.txt");
    for path in order.lines() {
        let Some(list) = data.get(path) else { continue };
        let gv = path.trim_start_matches("/apis/").trim_start_matches("/api/");
        let (group, version) = gv.split_once('/').unwrap_or(("", gv));
        match groups.iter_mut().find(|(g, _)| g == group) {
            Some((_, versions)) => versions.push(version.into()),
            None => groups.push((group.into(), vec![version.into()])),
        }
        resources.extend(read_list(list, group, version));
    }
    (resources, groups)
}

fn read_list(list: &Value, group: &str, version: &str) -> Vec<Arc<Resource>> {
    let mut out: Vec<Resource> = Vec::new();
    for item in list.get("resources").and_then(Value::as_array).unwrap_or_default() {
        let text = |key: &str| item.get(key).and_then(Value::as_str).unwrap_or_default();
        let texts = |key: &str| -> Vec<Str> {
            let list = item.get(key).and_then(Value::as_array).unwrap_or_default();
            list.iter().filter_map(Value::as_str).map(Str::from).collect()
        };
        if let Some((parent, sub)) = text("name").split_once('/') {
            let entry = Subresource {
                name: sub.into(),
                group: text("group").into(),
                version: text("version").into(),
                kind: text("kind").into(),
                verbs: texts("verbs"),
            };
            if let Some(resource) = out.iter_mut().find(|r| r.plural == parent) {
                resource.subresources.push(entry);
            }
            continue;
        }
        let plural = text("name");
        out.push(Resource {
            group: group.into(),
            version: version.into(),
            plural: plural.into(),
            singular: text("singularName").into(),
            kind: text("kind").into(),
            list_kind: format!("{}List", text("kind")).into(),
            namespaced: item.get("namespaced").and_then(Value::as_bool).unwrap_or_default(),
            verbs: texts("verbs"),
            short_names: texts("shortNames"),
            categories: texts("categories"),
            hash: text("storageVersionHash").into(),
            subresources: Vec::new(),
            table: table_name(group, plural),
            storage_api_version: storage_version(group, version, plural).into(),
            custom: None,
        });
    }
    out.into_iter().map(Arc::new).collect()
}

/// Events are one resource in two groups.
pub(crate) fn table_name(group: &str, plural: &str) -> Str {
    match (group, plural) {
        ("" | "events.k8s.io", "events") => "events".into(),
        ("", plural) => plural.into(),
        (group, plural) => format!("{plural}.{group}").into(),
    }
}

fn storage_version(group: &str, version: &str, plural: &str) -> String {
    match (group, plural) {
        ("autoscaling", "horizontalpodautoscalers") => "autoscaling/v2".to_owned(),
        ("events.k8s.io", "events") => "v1".to_owned(),
        _ => api_version(group, version),
    }
}

impl Registry {
    /// Builds the registry for the CustomResourceDefinitions that are established and not being deleted.
    pub(crate) fn new(crds: Vec<Value>) -> Self {
        let (builtin, groups) = &*BUILTIN;
        let mut resources: BTreeMap<(Str, Str, Str), Arc<Resource>> = BTreeMap::new();
        for r in builtin {
            resources.insert((r.group.clone(), r.version.clone(), r.plural.clone()), r.clone());
        }
        let mut groups = groups.clone();
        let mut custom: BTreeMap<Str, Vec<Str>> = BTreeMap::new();
        for definition in &crds {
            for resource in crd::resources(definition) {
                let versions = custom.entry(resource.group.clone()).or_default();
                if !versions.contains(&resource.version) {
                    versions.push(resource.version.clone());
                }
                let key = (resource.group.clone(), resource.version.clone(), resource.plural.clone());
                resources.entry(key).or_insert_with(|| Arc::new(resource));
            }
        }
        for (group, mut versions) in custom {
            versions.sort_by(|a, b| fairway_schema::compare_versions(b, a));
            match groups.iter_mut().find(|(g, _)| *g == group) {
                Some((_, known)) => versions.retain(|v| !known.contains(v)),
                None => groups.push((group, versions)),
            }
        }
        let crds = crds.into_iter().filter_map(|c| Some((crd::table(&c)?, c))).collect();
        let stored =
            resources.values().filter(|r| r.is_storage()).map(|r| (r.table.clone(), r.clone())).collect();
        Self { resources, stored, groups, crds }
    }

    /// Returns a resource as a URL names it.
    pub(crate) fn get(&self, group: &str, version: &str, plural: &str) -> Option<&Arc<Resource>> {
        self.resources.get(&(Str::from(group), Str::from(version), Str::from(plural)))
    }

    /// Returns a resource as an object names it.
    pub(crate) fn by_kind<'r>(&'r self, api_version: &'r str, kind: &str) -> Option<&'r Arc<Resource>> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        self.of_version(group, version).find(|r| r.kind == kind)
    }

    /// Returns the resource of a table in its storage version.
    pub(crate) fn by_table(&self, table: &str) -> Option<&Arc<Resource>> {
        self.stored.get(table)
    }

    /// Returns the resources of a group version, by plural name.
    pub(crate) fn of_version<'r>(
        &'r self,
        group: &'r str,
        version: &'r str,
    ) -> impl Iterator<Item = &'r Arc<Resource>> {
        let from = (Str::from(group), Str::from(version), Str::new());
        self.resources
            .range(from..)
            .take_while(move |((g, v, _), _)| g == group && v == version)
            .map(|(_, r)| r)
    }

    /// Whether a group is served in a version.
    pub(crate) fn serves(&self, group: &str, version: &str) -> bool {
        self.groups.iter().any(|(g, vs)| g == group && vs.iter().any(|v| v == version))
    }

    /// Returns what the types of a resource mean. Those of custom resources are worked out at first use.
    pub(crate) fn schemas(&self, resource: &Resource) -> Result<SchemasRef, String> {
        let Some(custom) = &resource.custom else { return Ok(SchemasRef::Builtin(Schemas::builtin())) };
        let made = custom.schemas.get_or_init(|| {
            let definition = self.crds.get(&resource.table).into_iter();
            Schemas::with_crds(definition).map(Arc::new).map_err(|e| e.to_string())
        });
        made.clone().map(SchemasRef::Custom)
    }
}

/// The built-in schemas, or those with one definition on top.
pub(crate) enum SchemasRef {
    Builtin(&'static Schemas),
    Custom(Arc<Schemas>),
}

impl std::ops::Deref for SchemasRef {
    type Target = Schemas;
    fn deref(&self) -> &Schemas {
        match self {
            Self::Builtin(schemas) => schemas,
            Self::Custom(schemas) => schemas,
        }
    }
}
