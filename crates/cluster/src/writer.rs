use crate::client::Call;
use crate::client_side::is_for_client_side;
use crate::cluster::Cluster;
use crate::discovery::ServedResource;
use fairway_core::{
    ApiError, ApiErrorKind, ApplyMode, ApplyRequest, BoxFuture, ClusterWriter, DeleteRequest, FIELD_MANAGER,
    Gvk, Live, Object, ObjectKey, Validation,
};
use fairway_schema::managed::take_over;
use fairway_value::{Str, Value};
use http::Method;
use std::sync::Arc;
use std::time::Duration;

/// Longest wait for an object to go before it is made anew.
const RECREATE_WAIT: Duration = Duration::from_secs(60);

/// How often a replace is tried again after somebody else wrote in between.
const REPLACE_TRIES: u32 = 4;

impl ClusterWriter for Cluster {
    fn apply(&self, request: ApplyRequest) -> BoxFuture<'_, Result<Live, ApiError>> {
        Box::pin(async move {
            let resource = self.served(&request.object.gvk()).await?;
            let live = match request.mode {
                ApplyMode::ServerSide => match self.server_side(&resource, &request).await {
                    Err(e) if is_for_client_side(&e, &request) => {
                        self.client_side(&resource, &request).await?
                    }
                    other => other?,
                },
                ApplyMode::ClientSide => self.client_side(&resource, &request).await?,
                ApplyMode::Create => self.create(&resource, &request).await?,
                ApplyMode::Replace => self.replace(&resource, &request).await?,
                ApplyMode::Recreate => self.recreate(&resource, &request).await?,
            };
            if !request.dry_run {
                self.cache().upsert(live.clone());
            }
            Ok(Live(live))
        })
    }

    fn delete(&self, request: DeleteRequest) -> BoxFuture<'_, Result<(), ApiError>> {
        Box::pin(async move {
            let Some(resource) = self.cache().table().for_key(&request.key, &request.version).cloned() else {
                // Without the kind there is no object.
                return Ok(());
            };
            let mut options = Value::object();
            options.set_path(&["apiVersion"], "v1");
            options.set_path(&["kind"], "DeleteOptions");
            options.set_path(&["propagationPolicy"], request.propagation.as_str());
            if !request.uid.is_empty() {
                options.set_path(&["preconditions", "uid"], request.uid.clone());
            }
            let dry = if request.dry_run { "?dryRun=All" } else { "" };
            let path = format!("{}{dry}", resource.path(&request.key.namespace, &request.key.name));
            let call = Call {
                method: Method::DELETE,
                content_type: "application/json",
                body: Some(&options),
                ..Call::get(&path)
            };
            match self.client.call(call).await {
                Ok(_) => Ok(()),
                // Gone already; or another object has taken the name, and that one was not decided on.
                Err(e) if matches!(e.kind, ApiErrorKind::NotFound | ApiErrorKind::UnknownKind) => Ok(()),
                Err(e) if e.kind == ApiErrorKind::Conflict && !request.uid.is_empty() => Ok(()),
                Err(e) => Err(e),
            }
        })
    }

    fn get<'a>(&'a self, key: &'a ObjectKey) -> BoxFuture<'a, Result<Option<Live>, ApiError>> {
        Box::pin(async move {
            let Some(resource) = self.cache().table().preferred(&key.group_kind()).cloned() else {
                return Ok(None);
            };
            match self.client.call(Call::get(&resource.path(&key.namespace, &key.name))).await {
                Ok(value) => Ok(Some(Live(Object::new(value)))),
                Err(e) if e.kind == ApiErrorKind::NotFound => Ok(None),
                Err(e) => Err(e),
            }
        })
    }

    fn merge_patch<'a>(&'a self, key: &'a ObjectKey, patch: Value) -> BoxFuture<'a, Result<Live, ApiError>> {
        Box::pin(async move {
            let table = self.cache().table();
            let resource = table.preferred(&key.group_kind()).ok_or_else(|| unknown(&key.to_string()))?;
            let path = format!("{}?fieldManager={FIELD_MANAGER}", resource.path(&key.namespace, &key.name));
            self.merge_patch_path(&path, &patch, false).await
        })
    }

    fn rediscover(&self) -> BoxFuture<'_, Result<(), ApiError>> {
        Box::pin(self.discover())
    }
}

impl Cluster {
    /// Applies a JSON merge patch to the `status` subresource of one object.
    ///
    /// # Errors
    /// The server's refusal, or that it cannot be reached.
    pub async fn merge_patch_status(&self, key: &ObjectKey, patch: &Value) -> Result<Live, ApiError> {
        let table = self.cache().table();
        let resource = table.preferred(&key.group_kind()).ok_or_else(|| unknown(&key.to_string()))?;
        let path =
            format!("{}/status?fieldManager={FIELD_MANAGER}", resource.path(&key.namespace, &key.name));
        self.merge_patch_path(&path, patch, true).await
    }

    /// Applies a JSON merge patch that tells what was found of an object. Such writes have a lane of their own, so that
    /// they neither hold up other writes nor wait behind all of them.
    ///
    /// # Errors
    /// The server's refusal, or that it cannot be reached.
    pub async fn report(&self, key: &ObjectKey, patch: &Value) -> Result<Live, ApiError> {
        let table = self.cache().table();
        let resource = table.preferred(&key.group_kind()).ok_or_else(|| unknown(&key.to_string()))?;
        let path = format!("{}?fieldManager={FIELD_MANAGER}", resource.path(&key.namespace, &key.name));
        self.merge_patch_path(&path, patch, true).await
    }

    /// Whether writes wait for their turn.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.client.is_busy()
    }

    async fn merge_patch_path(&self, path: &str, patch: &Value, is_report: bool) -> Result<Live, ApiError> {
        let call = Call {
            method: Method::PATCH,
            content_type: "application/merge-patch+json",
            body: Some(patch),
            is_report,
            ..Call::get(path)
        };
        let object = Object::new(self.client.call(call).await?);
        self.cache().upsert(object.clone());
        Ok(Live(object))
    }

    async fn served(&self, gvk: &Gvk) -> Result<ServedResource, ApiError> {
        if !self.ensure_served(gvk).await? {
            return Err(unknown(&gvk.to_string()));
        }
        self.cache().table().by_gvk(gvk).cloned().ok_or_else(|| unknown(&gvk.to_string()))
    }

    async fn server_side(
        &self,
        resource: &ServedResource,
        request: &ApplyRequest,
    ) -> Result<Object, ApiError> {
        let object = &request.object;
        if !request.take_over_from.is_empty() {
            self.take_over(resource, object, &request.take_over_from).await?;
        }
        let path = format!(
            "{}?fieldManager={FIELD_MANAGER}&force={}{}{}",
            resource.path(object.namespace(), object.name()),
            request.force_conflicts,
            dry_run(request),
            validation(request)
        );
        let call = Call {
            method: Method::PATCH,
            content_type: "application/apply-patch+yaml",
            body: Some(object.value()),
            ..Call::get(&path)
        };
        self.client.call(call).await.map(Object::new)
    }

    /// Makes ours what the tools before us own, so that leaving it out removes it.
    async fn take_over(
        &self,
        resource: &ServedResource,
        object: &Object,
        former: &[Str],
    ) -> Result<(), ApiError> {
        use fairway_core::LiveView as _;
        let Some(mut live) = self.cache().get(&object.key()) else { return Ok(()) };
        let path = resource.path(object.namespace(), object.name());
        for attempt in 0.. {
            // Managed fields that cannot be read are the server's to complain of.
            let Ok(Some(fields)) = take_over(live.value(), former, FIELD_MANAGER) else { return Ok(()) };
            let mut patch = Value::object();
            patch.set_path(&["metadata", "resourceVersion"], live.resource_version());
            patch.set_path(&["metadata", "managedFields"], fields);
            match self.merge_patch_path(&path, &patch, false).await {
                Err(e) if e.kind == ApiErrorKind::Conflict && attempt < REPLACE_TRIES => {
                    // Somebody wrote in between.
                    live = Arc::new(Live(Object::new(self.client.call(Call::get(&path)).await?)));
                }
                other => return other.map(|_| ()),
            }
        }
        unreachable!("the loop ends by returning")
    }

    pub(crate) async fn create(
        &self,
        resource: &ServedResource,
        request: &ApplyRequest,
    ) -> Result<Object, ApiError> {
        let path = format!(
            "{}?fieldManager={FIELD_MANAGER}{}{}",
            resource.path(request.object.namespace(), ""),
            dry_run(request),
            validation(request)
        );
        let call = Call {
            method: Method::POST,
            content_type: "application/json",
            body: Some(request.object.value()),
            ..Call::get(&path)
        };
        self.client.call(call).await.map(Object::new)
    }

    async fn replace(&self, resource: &ServedResource, request: &ApplyRequest) -> Result<Object, ApiError> {
        let object = &request.object;
        let plain = resource.path(object.namespace(), object.name());
        let path = format!("{plain}?fieldManager={FIELD_MANAGER}{}{}", dry_run(request), validation(request));
        for attempt in 0.. {
            let live = match self.client.call(Call::get(&plain)).await {
                Ok(live) => Object::new(live),
                Err(e) if e.kind == ApiErrorKind::NotFound => return self.create(resource, request).await,
                Err(e) => return Err(e),
            };
            let mut body = object.value().clone();
            body.set_path(&["metadata", "resourceVersion"], live.resource_version());
            let call = Call {
                method: Method::PUT,
                content_type: "application/json",
                body: Some(&body),
                ..Call::get(&path)
            };
            match self.client.call(call).await {
                Err(e) if e.kind == ApiErrorKind::Conflict && attempt < REPLACE_TRIES => {}
                other => return other.map(Object::new),
            }
        }
        unreachable!("the loop ends by returning")
    }

    async fn recreate(&self, resource: &ServedResource, request: &ApplyRequest) -> Result<Object, ApiError> {
        let key = request.object.key();
        if let Some(live) = ClusterWriter::get(self, &key).await? {
            if request.dry_run {
                return Ok(live.0);
            }
            let gone = DeleteRequest {
                key: key.clone(),
                version: resource.gvk.version.clone(),
                uid: live.uid().into(),
                propagation: fairway_core::Propagation::Foreground,
                dry_run: false,
            };
            ClusterWriter::delete(self, gone).await?;
            self.wait_gone(&key, live.uid()).await?;
        }
        self.create(resource, request).await
    }

    async fn wait_gone(&self, key: &ObjectKey, uid: &str) -> Result<(), ApiError> {
        let poll = async {
            let mut wait = Duration::from_millis(50);
            loop {
                match ClusterWriter::get(self, key).await? {
                    Some(live) if live.uid() == uid => {}
                    _ => return Ok(()),
                }
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(Duration::from_secs(1));
            }
        };
        tokio::time::timeout(RECREATE_WAIT, poll).await.unwrap_or_else(|_| {
            let message = format!("{key} is still being deleted after {RECREATE_WAIT:?}; see its finalizers");
            Err(ApiError::new(ApiErrorKind::Timeout, 0, message))
        })
    }
}

pub(crate) fn dry_run(request: &ApplyRequest) -> &'static str {
    if request.dry_run { "&dryRun=All" } else { "" }
}

pub(crate) fn validation(request: &ApplyRequest) -> &'static str {
    match request.validation {
        Validation::Strict => "&fieldValidation=Strict",
        Validation::Ignore => "&fieldValidation=Ignore",
    }
}

fn unknown(what: &str) -> ApiError {
    ApiError::new(
        ApiErrorKind::UnknownKind,
        404,
        format!("the cluster does not serve {what}; install its CustomResourceDefinition first"),
    )
}
