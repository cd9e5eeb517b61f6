//! The server's state and the way from a request to its handler.

use super::call::{Call, Reply, Request};
use super::network::Network;
use super::rbac::{self, Attributes};
use super::registry::Registry;
use super::status::{ApiError, ApiResult};
use super::{Random, auth, crd, delete, discovery, media, openapi, read, settle, subresource, target, write};
use crate::Clock;
use crate::store::{Event, Sink, Store};
use axum::http::Method;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// How clients reach the server, for discovery and for the roots in every namespace.
#[derive(Clone, Debug, Default)]
pub(crate) struct Loopback {
    /// Host and port.
    pub(crate) address: String,
    /// The certificate (PEM), with TLS.
    pub(crate) certificate: String,
}

/// The whole API server, without sockets.
pub(crate) struct Api {
    pub(crate) store: Arc<Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Random,
    pub(crate) token: String,
    pub(crate) network: Mutex<Network>,
    pub(crate) address: RwLock<Loopback>,
    registry: RwLock<Arc<Registry>>,
    /// A definition changed since the registry was built.
    stale_registry: AtomicBool,
    /// Whether controllers run beside the server; some answers (CRD status) are then left to them.
    pub(crate) controllers: bool,
}

impl Api {
    /// Builds the server over a store.
    pub(crate) fn new(
        store: Arc<Store>,
        clock: Arc<dyn Clock>,
        token: String,
        options: &crate::Options,
    ) -> Self {
        let api = Self {
            network: Mutex::new(Network::default()),
            store,
            clock,
            random: Random::new(options.seed),
            token,
            address: RwLock::default(),
            registry: RwLock::new(Arc::new(Registry::new(Vec::new()))),
            stale_registry: AtomicBool::new(false),
            controllers: options.controllers,
        };
        api.reload_registry();
        api.network().reload(&api.store);
        api
    }

    /// Connects the store's events: definitions change what is served, and controllers hear of everything.
    pub(crate) fn attach(self: &Arc<Self>, controllers: Option<Sink>) {
        let weak = Arc::downgrade(self);
        let definitions: Sink = Box::new(move |event: &Arc<Event>| {
            if event.table == "customresourcedefinitions.apiextensions.k8s.io"
                && let Some(api) = weak.upgrade()
            {
                api.stale_registry.store(true, Ordering::SeqCst);
            }
        });
        self.store.set_sinks(std::iter::once(definitions).chain(controllers).collect());
    }

    /// Returns what is served now.
    pub(crate) fn registry(&self) -> Arc<Registry> {
        if self.stale_registry.load(Ordering::SeqCst) {
            // Held while it is built, so that nobody who comes after the change reads the old one.
            let mut current = self.registry.write().unwrap_or_else(PoisonError::into_inner);
            if self.stale_registry.swap(false, Ordering::SeqCst) {
                *current = Arc::new(self.build_registry());
            }
        }
        self.registry.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the allocators of addresses and ports.
    pub(crate) fn network(&self) -> std::sync::MutexGuard<'_, Network> {
        self.network.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works out anew what is served, after a CustomResourceDefinition changed.
    pub(crate) fn reload_registry(&self) {
        self.stale_registry.store(true, Ordering::SeqCst);
        drop(self.registry());
    }

    fn build_registry(&self) -> Registry {
        let (_, stored) = self.store.list("customresourcedefinitions.apiextensions.k8s.io", "");
        Registry::new(stored.iter().map(|s| s.value.clone()).filter(crd::is_established).collect())
    }

    /// Answers one request.
    pub(crate) fn handle(&self, request: &Request) -> Reply {
        match self.try_handle(request) {
            Ok(reply) => reply,
            Err(error) => Reply::error(&error),
        }
    }

    fn try_handle(&self, request: &Request) -> ApiResult<Reply> {
        let user = auth::authenticate(self, request)?;
        let path = request.path.as_str();
        let Some(target) = target::parse(path) else {
            let asked = Attributes {
                verb: request.method.as_str().to_lowercase(),
                path: path.to_owned(),
                ..Attributes::default()
            };
            if !rbac::allowed(self, &user, &asked) {
                return Err(rbac::refusal(&user, &asked));
            }
            return discovery::answer(self, request)
                .or_else(|| openapi::answer(self, request))
                .unwrap_or_else(|| Err(ApiError::no_page()));
        };
        let asked = attributes(request, &target);
        if !rbac::allowed(self, &user, &asked) {
            return Err(rbac::refusal(&user, &asked));
        }
        let registry = self.registry();
        let Some(resource) = registry.get(&target.group, &target.version, &target.plural) else {
            let known = registry.groups.iter().any(|(g, _)| *g == target.group);
            let custom = known
                && !registry.of_version(&target.group, &target.version).any(|r| r.custom.is_none())
                && !discovery::is_builtin_group(&target.group);
            return Err(if known && !custom { ApiError::no_resource() } else { ApiError::no_page() });
        };
        let call = Call {
            api: self,
            resource: resource.clone(),
            registry: registry.clone(),
            target,
            request,
            user: &user,
            warnings: std::cell::RefCell::default(),
        };
        if let Some(text) = deprecation(&call.resource) {
            call.warn(text);
        }
        let mut reply = route(&call).unwrap_or_else(|error| Reply::error(&error));
        reply.warnings.extend(call.warnings.take());
        if reply.code < 300 && !matches!(request.method, Method::GET | Method::HEAD) {
            let name = if call.target.name.is_empty() && call.resource.table == "namespaces" {
                written_name(&reply)
            } else {
                call.target.name.to_string()
            };
            settle::after_write(self, &call.resource.table, &name);
        }
        Ok(reply)
    }
}

/// Returns what the server says of a built-in resource that is on its way out.
fn deprecation(resource: &super::Resource) -> Option<&'static str> {
    match resource.table.as_str() {
        "endpoints" => Some("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"),
        "componentstatuses" => Some("v1 ComponentStatus is deprecated in v1.19+"),
        _ => None,
    }
}

/// Returns the name of the object that an answer holds.
fn written_name(reply: &Reply) -> String {
    let super::ReplyBody::Full(body) = &reply.body else { return String::new() };
    let value = fairway_value::from_json(body).unwrap_or_default();
    value
        .get_path(&["metadata", "name"])
        .and_then(fairway_value::Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn attributes(request: &Request, target: &target::Target) -> Attributes {
    let watch = request.query.flag("watch").unwrap_or_default() || target.watch_prefix;
    let verb = match (&request.method, target.name.is_empty()) {
        (&Method::GET | &Method::HEAD, _) if watch => "watch",
        (&Method::GET | &Method::HEAD, true) => "list",
        (&Method::GET | &Method::HEAD, false) => "get",
        (&Method::POST, _) => "create",
        (&Method::PUT, _) => "update",
        (&Method::PATCH, _) => "patch",
        (&Method::DELETE, true) => "deletecollection",
        (&Method::DELETE, false) => "delete",
        (_, _) => "",
    };
    Attributes {
        verb: verb.to_owned(),
        group: target.group.to_string(),
        resource: target.plural.to_string(),
        subresource: target.subresource.to_string(),
        namespace: target.namespace.to_string(),
        name: target.name.to_string(),
        path: String::new(),
    }
}

fn route(call: &Call<'_>) -> ApiResult<Reply> {
    let (resource, target) = (&call.resource, &call.target);
    if !target.rest.is_empty() && target.subresource != "proxy" {
        return Err(ApiError::no_resource());
    }
    if resource.namespaced && target.namespace.is_empty() && !target.name.is_empty() {
        return Err(ApiError::no_resource());
    }
    if !resource.namespaced && !target.namespace.is_empty() && target.plural != "namespaces" {
        return Err(ApiError::no_resource());
    }
    let method = &call.request.method;
    if !target.subresource.is_empty() {
        if resource.subresource(&target.subresource).is_none() {
            // Custom resources are served by another handler, which names the object.
            return Err(match resource.custom {
                Some(_) => ApiError::not_found(resource, &target.name),
                None => ApiError::no_resource(),
            });
        }
        return subresource::route(call);
    }
    let verb = |name: &str| -> ApiResult<()> {
        if resource.verbs.iter().any(|v| v == name) { Ok(()) } else { Err(ApiError::method_not_allowed()) }
    };
    let watch = target.watch_prefix || call.request.query.flag("watch").unwrap_or_default();
    match (method, target.name.is_empty()) {
        (&Method::GET | &Method::HEAD, single) if watch && (single || target.watch_prefix) => {
            verb("watch")?;
            super::watching::open(call)
        }
        (&Method::GET | &Method::HEAD, true) => {
            verb("list")?;
            read::list(call)
        }
        (&Method::GET | &Method::HEAD, false) => {
            verb("get")?;
            read::get(call)
        }
        (&Method::POST, true) => {
            verb("create")?;
            // The body's type is checked before the namespace's presence is.
            media::negotiate(call.request.accept())?;
            write::create(call)
        }
        (&Method::PUT, false) => {
            verb("update")?;
            write::update(call)
        }
        (&Method::PATCH, false) => {
            verb("patch")?;
            write::patch(call)
        }
        (&Method::DELETE, false) => {
            verb("delete")?;
            delete::handle(call)
        }
        (&Method::DELETE, true) => {
            verb("deletecollection")?;
            if resource.namespaced && target.namespace.is_empty() {
                return Err(ApiError::method_not_allowed());
            }
            delete::collection(call)
        }
        (_, _) => Err(ApiError::method_not_allowed()),
    }
}
