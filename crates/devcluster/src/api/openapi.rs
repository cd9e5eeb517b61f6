//! `/openapi/v3` (one document a group version) and `/openapi/v2`, made from the schema crate's types. Descriptions come from
//! data of their own, and only into version 3, which `kubectl explain` reads.

use super::call::{Reply, Request};
use super::crd;
use super::random::fnv32a;
use super::registry::{Registry, Resource};
use super::server::Api;
use super::status::{ApiError, ApiResult};
use fairway_schema::{Field, ListType, Scalar, Schemas, TypeRef};
use fairway_value::{HtmlEscape, to_json};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.";

/// Answers a path under `/openapi`. Nothing for other paths.
pub(crate) fn answer(api: &Api, request: &Request) -> Option<ApiResult<Reply>> {
    let path = request.path.trim_end_matches('/');
    let registry = api.registry();
    if path == "/openapi/v3" {
        let index = json!({ "paths": index(&registry) });
        return Some(Ok(Reply {
            content_type: "text/plain; charset=utf-8".to_owned(),
            ..Reply::json(200, index.to_string())
        }));
    }
    if path == "/openapi/v2" {
        let wants = request.accept().unwrap_or_default();
        if wants.contains("protobuf") && !wants.contains("json") && !wants.contains("*/*") {
            return Some(Ok(Reply {
                content_type: format!("application/{GNOSTIC}"),
                ..Reply::json(200, gnostic())
            }));
        }
        return Some(Ok(Reply::json(200, version_2(&registry).to_string())));
    }
    let named = path.strip_prefix("/openapi/v3/")?;
    let (group, version) = split(named)?;
    if !registry.serves(group, version) {
        return Some(Err(ApiError::no_page()));
    }
    let mut gathered = components(&registry, group, version);
    super::descriptions::describe(&mut gathered.schemas);
    Some(Ok(Reply::json(200, document(&registry, group, version, gathered).to_string())))
}

/// Asked for with an `@`, which no media type may have: the server answers with a dot.
const GNOSTIC: &str = "com.github.proto-openapi.spec.v2.v1.0+protobuf";

/// Returns the OpenAPI v2 document as a protobuf message, without types: clients ask for it only when version 3 does
/// not have a kind, and then no version has.
fn gnostic() -> Vec<u8> {
    fn text(number: u8, text: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, u8::try_from(text.len()).unwrap_or_default()], text].concat()
    }
    let info = [text(1, b"Kubernetes"), text(2, b"v1.36.3")].concat();
    [text(1, b"2.0"), text(2, &info)].concat()
}

/// Reads `api/v1` or `apis/GROUP/VERSION`.
fn split(named: &str) -> Option<(&str, &str)> {
    match named.strip_prefix("apis/") {
        Some(rest) => rest.split_once('/'),
        None => Some(("", named.strip_prefix("api/")?)),
    }
}

fn index(registry: &Registry) -> Value {
    let mut paths = Map::new();
    for (group, versions) in &registry.groups {
        for version in versions {
            let named =
                if group.is_empty() { format!("api/{version}") } else { format!("apis/{group}/{version}") };
            // Built-in documents never change; those with custom resources do, with their definitions.
            let custom = registry.of_version(group, version).any(|r| r.custom.is_some());
            let content = if custom {
                bare_document(registry, group, version).to_string()
            } else {
                "v1.36.3".to_owned()
            };
            let hash = format!("{:08X}", fnv32a(content.as_bytes()));
            paths.insert(
                named.clone(),
                json!({ "serverRelativeURL": format!("/openapi/v3/{named}?hash={hash}") }),
            );
        }
    }
    Value::Object(paths)
}

fn gvk(group: &str, version: &str, kind: &str) -> Value {
    json!({ "group": group, "version": version, "kind": kind })
}

/// Components gathered for one document.
struct Gathered {
    schemas: BTreeMap<String, Value>,
    /// `#/components/schemas/` or `#/definitions/`.
    root: &'static str,
}

impl Gathered {
    fn reference(&self, name: &str) -> Value {
        json!({ "$ref": format!("{}{name}", self.root) })
    }

    /// Adds a named type and everything it refers to.
    fn add(&mut self, ty: TypeRef<'_>, of: Option<Value>) {
        let mut waiting = vec![ty];
        while let Some(ty) = waiting.pop() {
            let name = ty.name().to_owned();
            if name.is_empty() || self.schemas.contains_key(&name) {
                continue;
            }
            // Taken before its fields are read, so that types that hold themselves end.
            self.schemas.insert(name.clone(), Value::Null);
            let schema = self.shape(ty, &mut waiting);
            self.schemas.insert(name, schema);
        }
        if let (Some(of), Some(schema)) = (of, self.schemas.get_mut(ty.name())) {
            let list = schema["x-kubernetes-group-version-kind"].as_array().cloned().unwrap_or_default();
            schema["x-kubernetes-group-version-kind"] =
                json!(list.into_iter().chain([of]).collect::<Vec<_>>());
        }
    }

    fn used<'s>(&self, ty: TypeRef<'s>, waiting: &mut Vec<TypeRef<'s>>) -> Value {
        if ty.name().is_empty() {
            return self.shape(ty, waiting);
        }
        waiting.push(ty);
        json!({ "allOf": [self.reference(ty.name())] })
    }

    fn shape<'s>(&self, ty: TypeRef<'s>, waiting: &mut Vec<TypeRef<'s>>) -> Value {
        if ty.is_any() {
            return if ty.is_map() { json!({ "type": "object" }) } else { json!({}) };
        }
        if ty.is_list() {
            let items = ty.items().map_or_else(|| json!({}), |i| self.used(i, waiting));
            let mut out = json!({ "type": "array", "items": items });
            match ty.list_type() {
                Some(ListType::Map) => {
                    out["x-kubernetes-list-type"] = json!("map");
                    out["x-kubernetes-list-map-keys"] =
                        ty.list_keys().iter().map(|k| json!(k.as_str())).collect();
                }
                Some(ListType::Set) => out["x-kubernetes-list-type"] = json!("set"),
                Some(ListType::Atomic) => out["x-kubernetes-list-type"] = json!("atomic"),
                None => {}
            }
            return out;
        }
        if ty.is_map() {
            return self.object(ty, waiting);
        }
        scalar(ty.scalar())
    }

    fn object<'s>(&self, ty: TypeRef<'s>, waiting: &mut Vec<TypeRef<'s>>) -> Value {
        let mut properties = Map::new();
        for field in ty.fields() {
            properties.insert(field.name.to_string(), self.property(&field, waiting));
        }
        let mut out = json!({ "type": "object" });
        if properties.is_empty() {
            if let Some(items) = ty.items() {
                out["additionalProperties"] = self.used(items, waiting);
            }
        } else {
            out["properties"] = Value::Object(properties);
        }
        if !ty.required().is_empty() {
            out["required"] = ty.required().iter().map(|r| json!(r.as_str())).collect();
        }
        if ty.is_atomic_map() {
            out["x-kubernetes-map-type"] = json!("atomic");
        }
        out
    }

    fn property<'s>(&self, field: &Field<'s>, waiting: &mut Vec<TypeRef<'s>>) -> Value {
        let mut out = self.used(field.ty, waiting);
        if let Some(key) = field.merge_key {
            out["x-kubernetes-patch-merge-key"] = json!(key);
        }
        let strategy: Vec<&str> = [(field.retain_keys, "retainKeys"), (field.patch_merge, "merge")]
            .into_iter()
            .filter(|(on, _)| *on)
            .map(|(_, word)| word)
            .collect();
        if !strategy.is_empty() {
            out["x-kubernetes-patch-strategy"] = json!(strategy.join(","));
        }
        if !field.values.is_empty() {
            out["enum"] = field.values.iter().map(|v| json!(v.as_str())).collect();
        }
        if let Some(default) = field.default {
            out["default"] = serde_json::from_str(&to_json(default, HtmlEscape::No)).unwrap_or_default();
        }
        out
    }
}

fn scalar(kind: Option<Scalar>) -> Value {
    match kind {
        Some(Scalar::Bool) => json!({ "type": "boolean" }),
        Some(Scalar::Int32) => json!({ "type": "integer", "format": "int32" }),
        Some(Scalar::Int64) => json!({ "type": "integer", "format": "int64" }),
        Some(Scalar::Number) => json!({ "type": "number" }),
        Some(Scalar::Bytes) => json!({ "type": "string", "format": "byte" }),
        Some(Scalar::Time | Scalar::MicroTime) => json!({ "type": "string", "format": "date-time" }),
        Some(Scalar::IntOrString) => {
            json!({ "format": "int-or-string", "oneOf": [{ "type": "integer" }, { "type": "string" }] })
        }
        Some(Scalar::Quantity) => json!({ "oneOf": [{ "type": "string" }, { "type": "number" }] }),
        Some(Scalar::String) => json!({ "type": "string" }),
        Some(Scalar::Any) | None => json!({}),
    }
}

/// Adds what a group version's resources are made of.
fn gather(registry: &Registry, group: &str, version: &str, out: &mut Gathered) {
    let builtin = Schemas::builtin();
    for name in ["DeleteOptions", "Status", "ObjectMeta", "ListMeta", "Patch"] {
        if let Some(ty) = builtin.type_named(&format!("{META}{name}")) {
            let of = (name == "DeleteOptions" || name == "Status").then(|| gvk(group, version, name));
            out.add(ty, of);
        }
    }
    for resource in registry.of_version(group, version) {
        if let Some(definition) = &resource.custom {
            custom(resource, definition, out);
            continue;
        }
        let kinds = std::iter::once((group.to_owned(), version.to_owned(), resource.kind.to_string())).chain(
            resource.subresources.iter().map(|s| {
                let own = s.group.is_empty() && s.version.is_empty();
                let (g, v) = if own { (group, version) } else { (s.group.as_str(), s.version.as_str()) };
                (g.to_owned(), v.to_owned(), s.kind.to_string())
            }),
        );
        for (g, v, kind) in kinds {
            let Some(ty) = builtin.type_of(&super::registry::api_version(&g, &v), &kind) else { continue };
            let known =
                out.schemas.get(ty.name()).is_some_and(|s| !s["x-kubernetes-group-version-kind"].is_null());
            out.add(ty, (!known).then(|| gvk(&g, &v, &kind)));
            if kind == resource.kind.as_str() {
                list_of(out, ty.name(), &gvk(group, version, &resource.list_kind));
            }
        }
    }
}

fn list_of(out: &mut Gathered, item: &str, of: &Value) {
    let items = json!({ "type": "array", "items": { "allOf": [out.reference(item)], "default": {} } });
    let list = json!({ "type": "object", "required": ["items"],
        "properties": { "apiVersion": { "type": "string" }, "kind": { "type": "string" }, "items": items,
            "metadata": { "allOf": [out.reference(&format!("{META}ListMeta"))], "default": {} } },
        "x-kubernetes-group-version-kind": [of] });
    out.schemas.insert(format!("{item}List"), list);
}

fn custom(resource: &Resource, definition: &crd::Version, out: &mut Gathered) {
    let reversed: Vec<&str> = resource.group.rsplit('.').collect();
    let name = format!("{}.{}.{}", reversed.join("."), resource.version, resource.kind);
    let schema =
        definition.schema.as_ref().map(|s| to_json(s, HtmlEscape::No)).unwrap_or_else(|| "{}".to_owned());
    let mut schema: Value = serde_json::from_str(&schema).unwrap_or_else(|_| json!({}));
    if !schema.is_object() {
        schema = json!({});
    }
    schema["type"] = json!("object");
    schema["properties"]["apiVersion"] = json!({ "type": "string" });
    schema["properties"]["kind"] = json!({ "type": "string" });
    schema["properties"]["metadata"] = json!({ "allOf": [out.reference(&format!("{META}ObjectMeta"))] });
    schema["x-kubernetes-group-version-kind"] =
        json!([gvk(&resource.group, &resource.version, &resource.kind)]);
    out.schemas.insert(name.clone(), schema);
    list_of(out, &name, &gvk(&resource.group, &resource.version, &resource.list_kind));
}

fn components(registry: &Registry, group: &str, version: &str) -> Gathered {
    let mut gathered = Gathered { schemas: BTreeMap::new(), root: "#/components/schemas/" };
    gather(registry, group, version, &mut gathered);
    gathered
}

/// A document without descriptions of built-in types: it changes when the custom ones do.
fn bare_document(registry: &Registry, group: &str, version: &str) -> Value {
    document(registry, group, version, components(registry, group, version))
}

fn document(registry: &Registry, group: &str, version: &str, gathered: Gathered) -> Value {
    let mut paths = Map::new();
    for resource in registry.of_version(group, version) {
        add_paths(resource, &mut paths);
    }
    json!({ "openapi": "3.0.0", "info": { "title": "Kubernetes", "version": "v1.36.3" }, "paths": paths,
        "components": { "schemas": gathered.schemas } })
}

fn version_2(registry: &Registry) -> Value {
    let mut gathered = Gathered { schemas: BTreeMap::new(), root: "#/definitions/" };
    let mut paths = Map::new();
    for (group, versions) in &registry.groups {
        for version in versions {
            gather(registry, group, version, &mut gathered);
            for resource in registry.of_version(group, version) {
                add_paths(resource, &mut paths);
            }
        }
    }
    json!({ "swagger": "2.0", "info": { "title": "Kubernetes", "version": "v1.36.3" }, "paths": paths,
        "definitions": gathered.schemas })
}

/// Adds the paths of a resource with the parameters that clients look for.
fn add_paths(resource: &Resource, paths: &mut Map<String, Value>) {
    let api = resource.api_version();
    let root = if resource.group.is_empty() { format!("/api/{api}") } else { format!("/apis/{api}") };
    let place = if resource.namespaced { "/namespaces/{namespace}" } else { "" };
    let collection = format!("{root}{place}/{}", resource.plural);
    let of = gvk(&resource.group, &resource.version, &resource.kind);
    let parameters = |names: &[&str]| -> Value {
        names
            .iter()
            .map(|n| json!({ "name": n, "in": "query", "schema": { "type": "string", "uniqueItems": true } }))
            .collect()
    };
    for (path, verbs) in [
        (
            collection.clone(),
            [("list", "get"), ("create", "post"), ("deletecollection", "delete")].as_slice(),
        ),
        (
            format!("{collection}/{{name}}"),
            &[("get", "get"), ("update", "put"), ("patch", "patch"), ("delete", "delete")],
        ),
    ] {
        let mut operations = Map::new();
        for (verb, method) in verbs {
            if !resource.verbs.iter().any(|v| v == verb) {
                continue;
            }
            let names: &[&str] = match *verb {
                "create" | "update" => &["dryRun", "fieldManager", "fieldValidation"],
                "patch" => &["dryRun", "fieldManager", "fieldValidation", "force"],
                "delete" | "deletecollection" => &["dryRun", "gracePeriodSeconds", "propagationPolicy"],
                _ => &["labelSelector", "fieldSelector", "limit", "continue", "resourceVersion", "watch"],
            };
            let operation = json!({ "x-kubernetes-action": verb, "x-kubernetes-group-version-kind": of,
                "parameters": parameters(names), "responses": { "200": { "description": "OK" } } });
            operations.insert((*method).to_owned(), operation);
        }
        paths.insert(path, Value::Object(operations));
    }
}
