//! CustomResourceDefinitions: the resources they define, their names and their order.

use super::parts::text;
use super::registry::{Resource, Subresource, api_version};
use fairway_schema::Schemas;
use fairway_schema::jsonpath::JsonPath;
use fairway_value::{Str, Value};
use std::sync::{Arc, OnceLock};

/// What a definition says of one version.
#[derive(Debug, Default)]
pub(crate) struct Version {
    /// `openAPIV3Schema`.
    pub(crate) schema: Option<Value>,
    /// `additionalPrinterColumns`, up to the first whose path cannot be read.
    pub(crate) columns: Vec<Column>,
    pub(crate) status: bool,
    /// `subresources.scale`.
    pub(crate) scale: Option<Value>,
    /// JSON paths that field selectors may name.
    pub(crate) selectable: Vec<Str>,
    /// The schema of the version that is stored, where that is another.
    pub(crate) storage_schema: Option<Value>,
    /// The types of the whole definition, shared by its versions.
    pub(crate) schemas: Arc<OnceLock<Result<Arc<Schemas>, String>>>,
}

/// A column of a version's table.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) definition: Value,
    pub(crate) path: JsonPath,
}

impl Column {
    fn read(definition: Value) -> Option<Self> {
        let path = JsonPath::parse(&format!("{{{}}}", text(&definition, &["jsonPath"]))).ok()?;
        Some(Self { definition, path: path.with_missing_keys() })
    }
}

fn texts(value: &Value, path: &[&str]) -> Vec<Str> {
    let list = value.get_path(path).and_then(Value::as_array).unwrap_or_default();
    list.iter().filter_map(Value::as_str).map(Str::from).collect()
}

/// Whether a definition is served.
pub(crate) fn is_established(definition: &Value) -> bool {
    let conditions =
        definition.get_path(&["status", "conditions"]).and_then(Value::as_array).unwrap_or_default();
    conditions.iter().any(|c| text(c, &["type"]) == "Established" && text(c, &["status"]) == "True")
}

/// Returns the served resources of a definition.
pub(crate) fn resources(definition: &Value) -> Vec<Resource> {
    let names = &["spec", "names"];
    let group = text(definition, &["spec", "group"]);
    let plural = text(definition, &["spec", "names", "plural"]);
    let kind = text(definition, &["spec", "names", "kind"]);
    let Some(list) = definition.get_path(&["spec", "versions"]).and_then(Value::as_array) else {
        return Vec::new();
    };
    let flag = |v: &Value, key: &str| v.get(key).and_then(Value::as_bool).unwrap_or_default();
    let stored = list.iter().find(|v| flag(v, "storage"));
    let storage = stored.map_or("", |v| text(v, &["name"]));
    let name_or = |key: &str, fallback: String| {
        let named = definition.get_path(names).map_or("", |n| text(n, &[key]));
        if named.is_empty() { fallback } else { named.to_owned() }
    };
    let schemas = Arc::new(OnceLock::new());
    list.iter()
        .filter(|v| flag(v, "served"))
        .map(|version| {
            let stored = stored.filter(|_| !flag(version, "storage"));
            let storage_schema = stored.and_then(|v| v.get_path(&["schema", "openAPIV3Schema"]).cloned());
            let custom = Version { schemas: schemas.clone(), storage_schema, ..read_version(version) };
            let api = api_version(group, text(version, &["name"]));
            Resource {
                group: group.into(),
                version: text(version, &["name"]).into(),
                plural: plural.into(),
                singular: name_or("singular", kind.to_lowercase()).into(),
                kind: kind.into(),
                list_kind: name_or("listKind", format!("{kind}List")).into(),
                namespaced: text(definition, &["spec", "scope"]) == "Namespaced",
                verbs: ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"]
                    .map(Str::from)
                    .to_vec(),
                short_names: texts(definition, &["spec", "names", "shortNames"]),
                categories: texts(definition, &["spec", "names", "categories"]),
                hash: storage_hash(group, storage, kind),
                subresources: subresources(&custom, group, text(version, &["name"]), kind, &api),
                table: format!("{plural}.{group}").into(),
                storage_api_version: api_version(group, storage).into(),
                custom: Some(Arc::new(custom)),
            }
        })
        .collect()
}

/// Returns the table of a definition's objects.
pub(crate) fn table(definition: &Value) -> Option<Str> {
    Some(definition.get_path(&["metadata", "name"])?.as_str()?.into())
}

fn read_version(version: &Value) -> Version {
    let list = |path: &[&str]| version.get_path(path).and_then(Value::as_array).unwrap_or_default().to_vec();
    Version {
        schema: version.get_path(&["schema", "openAPIV3Schema"]).cloned(),
        columns: list(&["additionalPrinterColumns"]).into_iter().map_while(Column::read).collect(),
        status: version.get_path(&["subresources", "status"]).is_some(),
        scale: version.get_path(&["subresources", "scale"]).cloned(),
        schemas: Arc::default(),
        storage_schema: None,
        selectable: list(&["selectableFields"]).iter().map(|f| Str::from(text(f, &["jsonPath"]))).collect(),
    }
}

fn subresources(custom: &Version, group: &str, version: &str, kind: &str, _api: &str) -> Vec<Subresource> {
    let verbs: Vec<Str> = ["get", "patch", "update"].map(Str::from).to_vec();
    let mut out = Vec::new();
    if custom.status {
        out.push(Subresource {
            name: "status".into(),
            group: group.into(),
            version: version.into(),
            kind: kind.into(),
            verbs: verbs.clone(),
        });
    }
    if custom.scale.is_some() {
        out.push(Subresource {
            name: "scale".into(),
            group: "autoscaling".into(),
            version: "v1".into(),
            kind: "Scale".into(),
            verbs,
        });
    }
    // The server lists status first and gives it neither group nor version.
    for sub in &mut out {
        if sub.name == "status" {
            sub.group = Str::new();
            sub.version = Str::new();
        }
    }
    out
}

/// As `discovery.StorageVersionHash`: the first eight bytes of SHA-256 over `group/version/kind`, in base64.
fn storage_hash(group: &str, version: &str, kind: &str) -> Str {
    use base64::Engine as _;
    use sha2::Digest as _;
    let sum = sha2::Sha256::digest(format!("{group}/{version}/{kind}"));
    base64::engine::general_purpose::STANDARD.encode(&sum[..8]).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_storage_hash_is_the_servers() {
        assert_eq!(storage_hash("watch.example.com", "v1", "Tmp"), "34uazpm1Xts=");
    }
}
