//! How the server's own parts write: the controllers, and what settles definitions and API services.

use super::auth::User;
use super::call::{Call, Request};
use super::server::Api;
use super::status::{ApiError, ApiResult};
use super::write::Change;
use super::{delete, format_secs};
use crate::store::{CommitError, Stored, object_key};
use axum::http::{HeaderMap, HeaderValue, Method};
use bytes::Bytes;
use fairway_schema::request::{FieldValidation, Verb};
use fairway_schema::{managed, strategy};
use fairway_value::Value;
use std::sync::Arc;

/// The manager that controllers write as.
pub(crate) const CONTROLLER: &str = "kube-controller-manager";

/// Which part of an object a change is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Object,
    Status,
}

impl Api {
    /// Returns an object by table, namespace and name.
    pub(crate) fn find(&self, table: &str, namespace: &str, name: &str) -> Option<Arc<Stored>> {
        self.store.get(table, &object_key(namespace, name))
    }

    /// Changes a stored object, if the change changes anything. Returns what is stored then; nothing where it is gone.
    pub(crate) fn change(
        &self,
        table: &str,
        key: &str,
        manager: &str,
        part: Part,
        edit: impl Fn(&mut Value),
    ) -> Option<Arc<Stored>> {
        let registry = self.registry();
        let resource = registry.by_table(table)?.clone();
        let schemas = registry.schemas(&resource).ok()?;
        let subresource = if part == Part::Status { "status" } else { "" };
        let api_version = resource.api_version();
        let now = format_secs(self.clock.now_micros());
        loop {
            let live = self.store.get(table, key)?;
            let mut object = live.value.clone();
            edit(&mut object);
            if object == live.value {
                return Some(live);
            }
            let write = managed::Write {
                manager,
                api_version: &api_version,
                kind: &resource.kind,
                subresource,
                force: false,
                now: &now,
            };
            managed::update(Some(&live.value), &mut object, &write, &schemas);
            strategy::prepare_update(&mut object, &live.value, subresource, &schemas);
            managed::keep_times(&live.value, &mut object);
            if object == live.value {
                return Some(live);
            }
            if super::write::pending_removal(&object) {
                match self.store.delete(table, key, live.rv, None) {
                    Ok(gone) => return Some(gone),
                    Err(CommitError::Missing) => return None,
                    Err(CommitError::Changed | CommitError::Exists) => continue,
                }
            }
            match self.store.update(table, key, live.rv, object) {
                Ok(stored) => return Some(stored),
                Err(CommitError::Missing) => return None,
                Err(CommitError::Changed | CommitError::Exists) => {}
            }
        }
    }

    /// Carries something out as one of the server's own parts: what a client's request would do, without its bytes.
    fn own<T>(
        &self,
        method: Method,
        path: &str,
        work: impl FnOnce(&Call<'_>) -> ApiResult<T>,
    ) -> ApiResult<T> {
        let target = super::target::parse(path).ok_or_else(ApiError::no_page)?;
        let registry = self.registry();
        let resource = registry.get(&target.group, &target.version, &target.plural);
        let resource = resource.ok_or_else(ApiError::no_resource)?.clone();
        let mut headers = HeaderMap::new();
        headers.insert("user-agent", HeaderValue::from_static(CONTROLLER));
        let request = Request::new(method, path, headers, Bytes::new());
        let user = User::admin();
        let call = Call {
            api: self,
            registry,
            resource,
            target,
            request: &request,
            user: &user,
            warnings: std::cell::RefCell::default(),
        };
        let done = work(&call)?;
        super::settle::after_write(self, &call.resource.table, &call.target.name);
        Ok(done)
    }

    /// Creates an object the way a client would. Says why where it is refused.
    pub(crate) fn make(&self, path: &str, object: &Value) -> Result<(), (u16, String)> {
        let change = Change {
            verb: Verb::Create,
            body: object.clone(),
            dry_run: false,
            mode: FieldValidation::Ignore,
        };
        let made = self.own(Method::POST, path, |call| super::write::perform(call, &change));
        made.map(|_| ()).map_err(|e| (e.code, e.message))
    }

    /// Deletes an object the way a client would.
    pub(crate) fn dispose(&self, table: &str, namespace: &str, name: &str, policy: &str) {
        let registry = self.registry();
        let Some(resource) = registry.by_table(table) else { return };
        let root =
            if resource.group.is_empty() { "/api".to_owned() } else { format!("/apis/{}", resource.group) };
        let place = if resource.namespaced { format!("/namespaces/{namespace}") } else { String::new() };
        let path = format!("{root}/{}{place}/{}/{name}", resource.version, resource.plural);
        let gone = self.own(Method::DELETE, &path, |call| {
            let mut body = Value::object();
            body.set_path(&["propagationPolicy"], policy);
            delete::delete(call, name, &delete::DeleteOptions::read(call, &body)?)
        });
        if let Err(error) = gone
            && error.code != 404
        {
            tracing::debug!(table, name, why = error.message, "a deletion is refused");
        }
    }

    /// Removes an object from the store outright, finalizers or not.
    pub(crate) fn erase(&self, table: &str, namespace: &str, name: &str) -> bool {
        delete::remove(self, table, namespace, name)
    }
}
