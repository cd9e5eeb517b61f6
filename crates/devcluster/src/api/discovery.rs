//! `/api`, `/apis`, versions and health: what a client asks before it asks anything else.

use super::call::{Reply, Request};
use super::media;
use super::registry::{Registry, Resource, api_version};
use super::server::Api;
use super::status::{ApiError, ApiResult};
use axum::http::Method;
use serde_json::{Value, json};
use std::sync::PoisonError;

/// Groups that are served without any CustomResourceDefinition.
pub(crate) fn is_builtin_group(group: &str) -> bool {
    group.is_empty() || !group.contains('.') || group.ends_with(".k8s.io")
}

/// Answers a path of discovery or health. Nothing for other paths.
pub(crate) fn answer(api: &Api, request: &Request) -> Option<ApiResult<Reply>> {
    let path = request.path.trim_end_matches('/');
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let body = match parts.as_slice() {
        [""] => return Some(only_get(request).map(|()| root(api))),
        ["healthz" | "livez" | "readyz"] | ["healthz" | "livez" | "readyz", _] => {
            return Some(only_get(request).map(|()| Reply::text(200, "ok")));
        }
        ["version"] => version(),
        ["api" | "apis"] => {
            if let Err(error) = only_get(request) {
                return Some(Err(error));
            }
            if let Some(version) = media::aggregated(request.accept()) {
                return Some(Ok(aggregated(api, version, parts[0] == "api")));
            }
            if parts[0] == "api" { legacy_versions(api) } else { groups(&api.registry()) }
        }
        ["api", version] => versioned(&api.registry(), "", version)?,
        ["apis", group] => group_document(&api.registry(), group)?,
        ["apis", group, version] => versioned(&api.registry(), group, version)?,
        [".well-known", "openid-configuration"] => {
            return Some(Err(ApiError::unsupported("service account issuer")));
        }
        _ => return None,
    };
    Some(only_get(request).map(|()| Reply::json(200, body.to_string())))
}

fn only_get(request: &Request) -> ApiResult<()> {
    if matches!(request.method, Method::GET | Method::HEAD) {
        Ok(())
    } else {
        Err(ApiError::method_not_allowed())
    }
}

fn root(api: &Api) -> Reply {
    let mut paths = vec!["/api".to_owned(), "/api/v1".to_owned(), "/apis".to_owned()];
    for (group, versions) in &api.registry().groups {
        if !group.is_empty() {
            paths.push(format!("/apis/{group}"));
            paths.extend(versions.iter().map(|v| format!("/apis/{group}/{v}")));
        }
    }
    paths.extend(
        ["/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"].map(str::to_owned),
    );
    paths.sort();
    Reply::json(200, json!({ "paths": paths }).to_string())
}

fn version() -> Value {
    json!({ "major": "1", "minor": "36", "emulationMajor": "1", "emulationMinor": "36",
        "minCompatibilityMajor": "1", "minCompatibilityMinor": "35", "gitVersion": "v1.36.3",
        "gitCommit": "", "gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z", "goVersion": "",
        "compiler": "gc", "platform": "linux/amd64" })
}

fn legacy_versions(api: &Api) -> Value {
    let address = api.address.read().unwrap_or_else(PoisonError::into_inner).address.clone();
    json!({ "kind": "APIVersions", "versions": ["v1"],
        "serverAddressByClientCIDRs": [{ "clientCIDR": "0.0.0.0/0", "serverAddress": address }] })
}

fn group(registry: &Registry, name: &str) -> Option<Value> {
    let (_, versions) = registry.groups.iter().find(|(g, _)| g == name && !g.is_empty())?;
    let entry = |v: &str| json!({ "groupVersion": api_version(name, v), "version": v });
    let all: Vec<Value> = versions.iter().map(|v| entry(v)).collect();
    Some(json!({ "name": name, "versions": all, "preferredVersion": entry(versions.first()?) }))
}

fn groups(registry: &Registry) -> Value {
    let list: Vec<Value> = registry.groups.iter().filter_map(|(g, _)| group(registry, g)).collect();
    json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": list })
}

fn group_document(registry: &Registry, name: &str) -> Option<Value> {
    let mut document = json!({ "kind": "APIGroup", "apiVersion": "v1" });
    let found = group(registry, name)?;
    for key in ["name", "versions", "preferredVersion"] {
        document[key] = found[key].clone();
    }
    Some(document)
}

fn versioned(registry: &Registry, group: &str, version: &str) -> Option<Value> {
    if !registry.serves(group, version) {
        return None;
    }
    let mut list = Vec::new();
    for resource in registry.of_version(group, version) {
        list.push(entry(resource));
        for sub in &resource.subresources {
            let mut e = json!({ "name": format!("{}/{}", resource.plural, sub.name), "singularName": "",
                "namespaced": resource.namespaced });
            if !sub.group.is_empty() {
                e["group"] = json!(sub.group.as_str());
            }
            if !sub.version.is_empty() {
                e["version"] = json!(sub.version.as_str());
            }
            e["kind"] = json!(sub.kind.as_str());
            e["verbs"] = json!(sub.verbs.iter().map(|v| v.as_str()).collect::<Vec<_>>());
            list.push(e);
        }
    }
    let mut document = json!({ "kind": "APIResourceList", "groupVersion": api_version(group, version) });
    // The core group's document has no apiVersion of its own.
    if !group.is_empty() {
        document["apiVersion"] = json!("v1");
    }
    document["resources"] = json!(list);
    Some(document)
}

fn strings(list: &[fairway_value::Str]) -> Value {
    json!(list.iter().map(|s| s.as_str()).collect::<Vec<_>>())
}

fn entry(resource: &Resource) -> Value {
    let mut e = json!({ "name": resource.plural.as_str(), "singularName": resource.singular.as_str(),
        "namespaced": resource.namespaced, "kind": resource.kind.as_str(), "verbs": strings(&resource.verbs) });
    if !resource.short_names.is_empty() {
        e["shortNames"] = strings(&resource.short_names);
    }
    if !resource.categories.is_empty() {
        e["categories"] = strings(&resource.categories);
    }
    if !resource.hash.is_empty() {
        e["storageVersionHash"] = json!(resource.hash.as_str());
    }
    e
}

fn aggregated(api: &Api, version: &str, core: bool) -> Reply {
    let registry = api.registry();
    let items: Vec<Value> = registry
        .groups
        .iter()
        .filter(|(g, _)| g.is_empty() == core)
        .map(|(group, versions)| {
            let metadata = if core { json!({}) } else { json!({ "name": group.as_str() }) };
            let versions: Vec<Value> = versions
                .iter()
                .map(|v| {
                    let resources: Vec<Value> =
                        registry.of_version(group, v).map(|r| discovered(r)).collect();
                    json!({ "version": v.as_str(), "resources": resources, "freshness": "Current" })
                })
                .collect();
            json!({ "metadata": metadata, "versions": versions })
        })
        .collect();
    let body = json!({ "kind": "APIGroupDiscoveryList", "apiVersion": format!("apidiscovery.k8s.io/{version}"),
        "metadata": {}, "items": items });
    Reply {
        content_type: format!("application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"),
        ..Reply::json(200, body.to_string())
    }
}

fn discovered(resource: &Resource) -> Value {
    // Custom resources name their group and version, built-in ones leave them to where they are found.
    let response =
        |group: &str, version: &str, kind: &str| json!({ "group": group, "version": version, "kind": kind });
    let own = if resource.custom.is_some() {
        response(&resource.group, &resource.version, &resource.kind)
    } else {
        response("", "", &resource.kind)
    };
    let mut e = json!({ "resource": resource.plural.as_str(), "responseKind": own,
        "scope": if resource.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": resource.singular.as_str(), "verbs": strings(&resource.verbs) });
    if !resource.short_names.is_empty() {
        e["shortNames"] = strings(&resource.short_names);
    }
    if !resource.categories.is_empty() {
        e["categories"] = strings(&resource.categories);
    }
    if !resource.subresources.is_empty() {
        let subs: Vec<Value> = resource
            .subresources
            .iter()
            .map(|s| {
                let kind = if resource.custom.is_some() && s.group.is_empty() {
                    response(&resource.group, &resource.version, &s.kind)
                } else {
                    response(&s.group, &s.version, &s.kind)
                };
                json!({ "subresource": s.name.as_str(), "responseKind": kind, "verbs": strings(&s.verbs) })
            })
            .collect();
        e["subresources"] = json!(subs);
    }
    e
}
