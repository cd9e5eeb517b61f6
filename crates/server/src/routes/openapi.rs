//! `GET /api/openapi.json`: what this server answers, as OpenAPI 3.1.
//!
//! The objects are Argo CD's and Kubernetes' own, so that the document describes paths, parameters and envelopes, and leaves the
//! content of an Application to its CRD.

use axum::Json;
use serde_json::{Map, Value, json};

/// One operation of the API.
pub(crate) struct Operation {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    id: &'static str,
    tag: &'static str,
    summary: &'static str,
    /// Query parameters; a leading `*` marks one that may be repeated.
    query: &'static [&'static str],
    body: Option<&'static str>,
    answer: &'static str,
    open: bool,
}

const APP: &[&str] = &["appNamespace", "project"];

const LOGS: &[&str] = &[
    "appNamespace",
    "project",
    "podName",
    "namespace",
    "group",
    "kind",
    "resourceName",
    "container",
    "follow",
    "previous",
    "tailLines",
    "sinceSeconds",
    "sinceTime",
    "filter",
    "matchCase",
];

macro_rules! operations {
    ($($method:literal $path:literal $id:literal $tag:literal $summary:literal, $query:expr, $body:expr => $answer:literal $(, $open:ident)?;)*) => {
        /// Every documented operation.
        pub(crate) const OPERATIONS: &[Operation] = &[$(Operation {
            method: $method, path: $path, id: $id, tag: $tag, summary: $summary, query: $query, body: $body, answer: $answer,
            open: operations!(@open $($open)?),
        }),*];
    };
    (@open) => { false };
    (@open open) => { true };
}

operations! {
    "get" "/api/v1/applications" "ListApplications" "applications" "Lists applications, filtered, ordered and paged",
        &["name", "refresh", "*project", "*projects", "repo", "selector", "appNamespace", "search", "*sync", "*health", "*namespace", "*cluster", "*label", "sort", "limit", "offset", "continue", "fields", "stats"], None => "ApplicationList";
    "post" "/api/v1/applications" "CreateApplication" "applications" "Creates an application", &["upsert", "validate"], Some("Application") => "Application";
    "get" "/api/v1/applications/{name}" "GetApplication" "applications" "Returns an application; with refresh after a comparison", &["appNamespace", "project", "refresh", "fields"], None => "Application";
    "put" "/api/v1/applications/{name}" "UpdateApplication" "applications" "Replaces an application", &["validate", "project"], Some("Application") => "Application";
    "patch" "/api/v1/applications/{name}" "PatchApplication" "applications" "Patches an application", APP, Some("PatchRequest") => "Application";
    "delete" "/api/v1/applications/{name}" "DeleteApplication" "applications" "Deletes an application", &["appNamespace", "project", "cascade", "propagationPolicy"], None => "Empty";
    "put" "/api/v1/applications/{name}/spec" "UpdateApplicationSpec" "applications" "Replaces the spec", &["appNamespace", "project", "validate"], Some("ApplicationSpec") => "ApplicationSpec";
    "post" "/api/v1/applications/{name}/sync" "SyncApplication" "applications" "Starts a sync", APP, Some("SyncRequest") => "Application";
    "post" "/api/v1/applications/{name}/rollback" "RollbackApplication" "applications" "Syncs to an entry of the history", APP, Some("RollbackRequest") => "Application";
    "delete" "/api/v1/applications/{name}/operation" "TerminateOperation" "applications" "Ends the running operation", APP, None => "Empty";
    "get" "/api/v1/applications/{name}/plan" "PlanApplication" "applications" "Returns what the next sync would do, object by object, with the reasons", APP, None => "Plan";
    "get" "/api/v1/applications/{name}/resource-tree" "ResourceTree" "applications" "Returns the live objects and who owns whom", APP, None => "ApplicationTree";
    "get" "/api/v1/applications/{name}/managed-resources" "ManagedResources" "applications" "Returns desired and live state of each object", &["appNamespace", "project", "group", "kind", "namespace", "name", "version"], None => "ManagedResources";
    "get" "/api/v1/applications/{name}/manifests" "GetManifests" "applications" "Returns the rendered manifests", &["appNamespace", "project", "revision"], None => "Manifests";
    "get" "/api/v1/applications/{name}/resource" "GetResource" "applications" "Returns a live object", &["appNamespace", "project", "group", "kind", "namespace", "resourceName", "version"], None => "Resource";
    "get" "/api/v1/applications/{name}/events" "ListResourceEvents" "applications" "Returns Kubernetes events", &["appNamespace", "project", "resourceNamespace", "resourceName", "resourceUID"], None => "EventList";
    "get" "/api/v1/applications/{name}/revisions/{revision}/metadata" "RevisionMetadata" "applications" "Returns author, date and message of a commit", &["appNamespace", "project", "sourceIndex"], None => "RevisionMetadata";
    "get" "/api/v1/applications/{name}/syncwindows" "GetSyncWindows" "applications" "Returns the sync windows", APP, None => "SyncWindows";
    "post" "/api/v1/applications/{name}/resource" "PatchResource" "applications" "Patches a live object", &["appNamespace", "project", "group", "kind", "namespace", "patchType", "resourceName", "version"], Some("Object") => "Resource";
    "delete" "/api/v1/applications/{name}/resource" "DeleteResource" "applications" "Deletes a live object", &["appNamespace", "project", "force", "group", "kind", "namespace", "orphan", "resourceName", "version"], None => "Empty";
    "get" "/api/v1/applications/{name}/revisions/{revision}/chartdetails" "RevisionChartDetails" "applications" "Returns description, home and maintainers of a chart", &["appNamespace", "project", "sourceIndex"], None => "Object";
    "get" "/api/v1/applications/{name}/logs" "PodLogs" "streams" "Streams the logs of a Pod, of an object's Pods or of all", LOGS, None => "LogEntry";
    "get" "/api/v1/applications/{name}/pods/{pod}/logs" "PodLogsOfPod" "streams" "Streams the log of a Pod", LOGS, None => "LogEntry";
    "get" "/api/v1/stream/applications" "WatchApplications" "streams" "Streams changes of applications", &["name", "resourceVersion", "*project", "*projects", "repo", "selector", "appNamespace", "search", "*sync", "*health", "*namespace", "*cluster", "*label", "fields"], None => "ApplicationEvent";
    "get" "/api/v1/stream/applications/{name}/resource-tree" "WatchResourceTree" "streams" "Streams an application's tree", APP, None => "ApplicationTreeEvent";
    "get" "/api/v1/applicationsets" "ListApplicationSets" "applicationsets" "Lists application sets", &["*projects", "selector", "appsetNamespace"], None => "List";
    "get" "/api/v1/applicationsets/{name}" "GetApplicationSet" "applicationsets" "Returns an application set", &["appsetNamespace"], None => "Object";
    "post" "/api/v1/applicationsets" "CreateApplicationSet" "applicationsets" "Creates an application set", &["upsert"], Some("Object") => "Object";
    "delete" "/api/v1/applicationsets/{name}" "DeleteApplicationSet" "applicationsets" "Deletes an application set", &["appsetNamespace"], None => "Empty";
    "get" "/api/v1/projects" "ListProjects" "projects" "Lists projects", &["name"], None => "List";
    "post" "/api/v1/projects" "CreateProject" "projects" "Creates a project", &[], Some("ProjectRequest") => "Object";
    "get" "/api/v1/projects/{name}" "GetProject" "projects" "Returns a project", &[], None => "Object";
    "put" "/api/v1/projects/{name}" "UpdateProject" "projects" "Replaces a project", &[], Some("ProjectRequest") => "Object";
    "delete" "/api/v1/projects/{name}" "DeleteProject" "projects" "Deletes a project", &[], None => "Empty";
    "get" "/api/v1/projects/{name}/detailed" "GetDetailedProject" "projects" "Returns a project with its own repositories and clusters", &[], None => "Object";
    "post" "/api/v1/projects/{name}/roles/{role}/token" "CreateProjectToken" "projects" "Issues a token of a project's role", &[], Some("TokenRequest") => "Token";
    "delete" "/api/v1/projects/{name}/roles/{role}/token/{iat}" "DeleteProjectToken" "projects" "Takes a token of a project's role back", &["id"], None => "Empty";
    "get" "/api/v1/repositories" "ListRepositories" "inventory" "Lists repositories, without credentials", &["repo"], None => "List";
    "post" "/api/v1/repositories" "CreateRepository" "inventory" "Adds a repository", &["upsert"], Some("Object") => "Object";
    "get" "/api/v1/repositories/{repo}" "GetRepository" "inventory" "Returns a repository and whether it answers", &[], None => "Object";
    "put" "/api/v1/repositories/{repo}" "UpdateRepository" "inventory" "Replaces a repository", &[], Some("Object") => "Object";
    "delete" "/api/v1/repositories/{repo}" "DeleteRepository" "inventory" "Forgets a repository", &[], None => "Empty";
    "post" "/api/v1/repositories/{repo}/validate" "ValidateRepository" "inventory" "Asks a repository whether it answers", &[], Some("Object") => "Empty";
    "get" "/api/v1/repocreds" "ListRepositoryCredentials" "inventory" "Lists credential templates, without credentials", &[], None => "List";
    "post" "/api/v1/repocreds" "CreateRepositoryCredentials" "inventory" "Adds a credential template", &["upsert"], Some("Object") => "Object";
    "put" "/api/v1/repocreds/{url}" "UpdateRepositoryCredentials" "inventory" "Replaces a credential template", &[], Some("Object") => "Object";
    "delete" "/api/v1/repocreds/{url}" "DeleteRepositoryCredentials" "inventory" "Forgets a credential template", &[], None => "Empty";
    "get" "/api/v1/clusters/{id}" "GetCluster" "inventory" "Returns a cluster by its address, or by name with id.type=name", &["id.type"], None => "Object";
    "get" "/api/v1/account" "ListAccounts" "accounts" "Lists accounts", &[], None => "List";
    "get" "/api/v1/account/{name}" "GetAccount" "accounts" "Returns an account", &[], None => "Object";
    "put" "/api/v1/account/password" "UpdatePassword" "accounts" "Changes a password", &[], Some("PasswordRequest") => "Empty";
    "get" "/api/v1/account/can-i/{resource}/{action}/{*object}" "CanI" "accounts" "Says yes or no", &[], None => "Object";
    "post" "/api/v1/account/{name}/token" "CreateAccountToken" "accounts" "Issues an API token", &[], Some("TokenRequest") => "Token";
    "delete" "/api/v1/account/{name}/token/{id}" "DeleteAccountToken" "accounts" "Takes an API token back", &[], None => "Empty";
    "get" "/api/v1/clusters" "ListClusters" "inventory" "Lists clusters, without credentials", &["server", "name"], None => "List";
    "get" "/api/v1/settings" "GetSettings" "inventory" "Returns the public settings", &[], None => "Object";
    "post" "/api/v1/session" "CreateSession" "session" "Logs in", &[], Some("Login") => "Token", open;
    "delete" "/api/v1/session" "DeleteSession" "session" "Logs out", &[], None => "Empty";
    "get" "/api/v1/session/userinfo" "GetUserInfo" "session" "Says who is logged in", &[], None => "UserInfo";
    "get" "/api/version" "GetVersion" "system" "Returns the version", &[], None => "Object", open;
    "get" "/api/badge" "GetBadge" "system" "Draws the state of an application or a project", &["name", "namespace", "project", "revision"], None => "Svg";
    "post" "/api/webhook" "ReceiveWebhook" "system" "Takes a push from a Git host", &[], Some("Object") => "Empty", open;
}

/// Answers with the document.
pub(crate) async fn document() -> Json<Value> {
    Json(openapi())
}

/// Returns the document.
pub(crate) fn openapi() -> Value {
    let mut paths = Map::new();
    for operation in OPERATIONS {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method] = describe(operation);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Fairway",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Argo CD's REST API as Fairway answers it. Lists take limit and offset, or the token of metadata.continue; \
                            fields selects parts of an answer by dotted paths and, with a leading minus, leaves them out.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"bearer": []}, {"cookie": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": crate::auth::COOKIE},
            },
            "schemas": schemas(),
        },
    })
}

fn describe(operation: &Operation) -> Value {
    let in_path = operation.path.split('/').filter_map(|part| {
        part.strip_prefix('{')?.strip_suffix('}').map(|name| name.trim_start_matches('*'))
    });
    let mut parameters: Vec<Value> = in_path
        .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
        .collect();
    parameters.extend(operation.query.iter().map(|name| match name.strip_prefix('*') {
        Some(name) => {
            json!({"name": name, "in": "query", "schema": {"type": "array", "items": {"type": "string"}}})
        }
        None => json!({"name": name, "in": "query", "schema": {"type": kind(name)}}),
    }));
    let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let content = match operation.answer {
        "Svg" => json!({"image/svg+xml": {"schema": {"type": "string"}}}),
        name if operation.tag == "streams" => {
            json!({"application/json": {"schema": reference(name)}, "text/event-stream": {"schema": reference(name)}})
        }
        name => json!({"application/json": {"schema": reference(name)}}),
    };
    let mut described = json!({
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "responses": {
            "200": {"description": "Done", "content": content},
            "default": {"description": "An error", "content": {"application/json": {"schema": reference("Error")}}},
        },
    });
    if !parameters.is_empty() {
        described["parameters"] = json!(parameters);
    }
    if let Some(body) = operation.body {
        described["requestBody"] =
            json!({"required": true, "content": {"application/json": {"schema": reference(body)}}});
    }
    if operation.open {
        described["security"] = json!([]);
    }
    described
}

fn kind(parameter: &str) -> &'static str {
    match parameter {
        "limit" | "offset" | "sourceIndex" => "integer",
        "tailLines" | "sinceSeconds" => "integer",
        "follow" | "previous" | "matchCase" | "force" | "orphan" => "boolean",
        "upsert" | "validate" | "cascade" | "stats" => "boolean",
        _ => "string",
    }
}

fn schemas() -> Value {
    let text = || json!({"type": "string"});
    let flag = || json!({"type": "boolean"});
    let any = || json!({"type": "object", "additionalProperties": true});
    let of = |properties: Value| json!({"type": "object", "properties": properties});
    let nullable_list = |item: Value| json!({"type": ["array", "null"], "items": item});
    let to = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    json!({
        "Object": any(), "Application": any(), "ApplicationSpec": any(), "EventList": any(), "ApplicationTree": any(), "Empty": any(),
        "Error": of(json!({"error": text(), "code": {"type": "integer", "description": "the gRPC code"}, "message": text()})),
        "ListMeta": of(json!({"resourceVersion": text(), "continue": text(), "remainingItemCount": {"type": "integer"}})),
        "List": of(json!({"metadata": to("ListMeta"), "items": nullable_list(any())})),
        "ApplicationList": of(json!({"metadata": to("ListMeta"), "items": nullable_list(to("Application")), "stats": any()})),
        "ApplicationEvent": of(json!({"result": of(json!({"type": {"enum": ["ADDED", "MODIFIED", "DELETED"]}, "application": to("Application")}))})),
        "ApplicationTreeEvent": of(json!({"result": to("ApplicationTree")})),
        "PatchRequest": of(json!({"patch": text(), "patchType": {"enum": ["merge", "json"]}, "appNamespace": text(), "project": text()})),
        "SyncRequest": of(json!({"revision": text(), "prune": flag(), "dryRun": flag(), "strategy": any(), "resources": nullable_list(any()),
            "syncOptions": any(), "infos": nullable_list(any()), "retryStrategy": any(), "appNamespace": text(), "project": text()})),
        "RollbackRequest": of(json!({"id": {"type": "integer"}, "prune": flag(), "dryRun": flag(), "appNamespace": text(), "project": text()})),
        "ProjectRequest": of(json!({"project": any(), "upsert": flag()})),
        "Plan": of(json!({"items": nullable_list(of(json!({"group": text(), "version": text(), "kind": text(), "namespace": text(), "name": text(),
            "phase": text(), "wave": {"type": "integer"}, "action": text(), "reason": text(), "hook": flag()}))), "refusals": nullable_list(text())})),
        "ManagedResources": of(json!({"items": nullable_list(any())})),
        "Manifests": of(json!({"manifests": nullable_list(text()), "namespace": text(), "server": text(), "revision": text(), "sourceType": text()})),
        "Resource": of(json!({"manifest": text()})),
        "RevisionMetadata": of(json!({"author": text(), "date": text(), "message": text(), "tags": nullable_list(text())})),
        "SyncWindows": of(json!({"activeWindows": nullable_list(any()), "assignedWindows": nullable_list(any()), "canSync": flag()})),
        "Login": of(json!({"username": text(), "password": text()})),
        "Token": of(json!({"token": text()})),
        "TokenRequest": of(json!({"id": text(), "expiresIn": {"type": ["integer", "string"], "description": "seconds; none for a token that does not end"}})),
        "PasswordRequest": of(json!({"name": text(), "currentPassword": text(), "newPassword": text()})),
        "LogEntry": of(json!({"result": of(json!({"content": text(), "timeStamp": {"type": ["string", "null"]}, "timeStampStr": text(), "podName": text(), "last": flag()}))})),
        "UserInfo": of(json!({"loggedIn": flag(), "username": text(), "iss": text()})),
    })
}
