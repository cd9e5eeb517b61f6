//! What people do to single objects by hand: read a Pod's log, patch, delete.

use crate::client::{Call, Lines};
use crate::cluster::Cluster;
use crate::discovery::ServedResource;
use fairway_core::{ApiError, ApiErrorKind, FIELD_MANAGER, Live, Object, ObjectKey, Propagation};
use fairway_value::Value;
use http::Method;

/// The longest line of a log that is passed on whole, in bytes; a longer one comes in pieces.
const LOG_LINE_BYTES_MAX: usize = 64 << 10;

/// The kinds of patch that the Kubernetes API takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchType {
    /// RFC 6902.
    Json,
    /// RFC 7386.
    Merge,
    /// Kubernetes' own, with merge keys.
    Strategic,
}

impl PatchType {
    fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json-patch+json",
            Self::Merge => "application/merge-patch+json",
            Self::Strategic => "application/strategic-merge-patch+json",
        }
    }
}

/// Which part of a container's log is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// The container; empty where the Pod has one alone.
    pub container: String,
    /// Goes on with new lines.
    pub follow: bool,
    /// Reads the container's last run instead of this one.
    pub previous: bool,
    /// Lines from the end; all without it.
    pub tail_lines: Option<u64>,
    /// Nothing older than so many seconds.
    pub since_seconds: Option<u64>,
    /// Nothing older than this time (RFC 3339).
    pub since_time: String,
}

/// The lines of a log, each with its time in front, as they come.
pub struct LogLines(Lines);

impl LogLines {
    /// Reads the next line without its end; nothing at the log's end.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn next(&mut self) -> Result<Option<String>, ApiError> {
        let line = self.0.next_up_to(LOG_LINE_BYTES_MAX).await?;
        Ok(line.map(|bytes| String::from_utf8_lossy(bytes).trim_end_matches(['\n', '\r']).to_owned()))
    }
}

impl Cluster {
    /// Opens the log of a Pod's container.
    ///
    /// # Errors
    /// The server's refusal, such as a container that has not started, or that it cannot be reached.
    pub async fn pod_logs(&self, namespace: &str, pod: &str, query: &LogQuery) -> Result<LogLines, ApiError> {
        let mut path = format!("/api/v1/namespaces/{namespace}/pods/{pod}/log?timestamps=true");
        if !query.container.is_empty() {
            path.push_str(&format!("&container={}", escaped(&query.container)));
        }
        for (key, on) in [("follow", query.follow), ("previous", query.previous)] {
            if on {
                path.push_str(&format!("&{key}=true"));
            }
        }
        for (key, number) in [("tailLines", query.tail_lines), ("sinceSeconds", query.since_seconds)] {
            if let Some(number) = number {
                path.push_str(&format!("&{key}={number}"));
            }
        }
        if !query.since_time.is_empty() {
            path.push_str(&format!("&sinceTime={}", escaped(&query.since_time)));
        }
        Ok(LogLines(self.client.stream(&path).await?))
    }

    /// Patches one object and returns it.
    ///
    /// # Errors
    /// The server's refusal, or that it cannot be reached.
    pub async fn patch_object(
        &self,
        key: &ObjectKey,
        version: &str,
        kind: PatchType,
        patch: &Value,
    ) -> Result<Live, ApiError> {
        let resource = self.resource_of(key, version)?;
        let path = format!("{}?fieldManager={FIELD_MANAGER}-ui", resource.path(&key.namespace, &key.name));
        let call = Call {
            method: Method::PATCH,
            content_type: kind.content_type(),
            body: Some(patch),
            ..Call::get(&path)
        };
        let object = Object::new(self.client.call(call).await?);
        self.cache().upsert(object.clone());
        Ok(Live(object))
    }

    /// Patches (RFC 7386) the status of one object where its kind has an endpoint for that.
    ///
    /// # Errors
    /// The server's refusal (`NotFound` where there is no such endpoint), or that it cannot be reached.
    pub async fn patch_status(
        &self,
        key: &ObjectKey,
        version: &str,
        patch: &Value,
    ) -> Result<Live, ApiError> {
        let resource = self.resource_of(key, version)?;
        let path =
            format!("{}/status?fieldManager={FIELD_MANAGER}-ui", resource.path(&key.namespace, &key.name));
        let call = Call {
            method: Method::PATCH,
            content_type: PatchType::Merge.content_type(),
            body: Some(patch),
            ..Call::get(&path)
        };
        let object = Object::new(self.client.call(call).await?);
        self.cache().upsert(object.clone());
        Ok(Live(object))
    }

    /// Creates one object and returns it; a dry run only asks whether it could be.
    ///
    /// # Errors
    /// The server's refusal, or that it cannot be reached.
    pub async fn create_object(&self, object: &Object, dry_run: bool) -> Result<Live, ApiError> {
        let key = object.key();
        let resource = self.resource_of(&key, &object.gvk().version)?;
        let asks = if dry_run { "&dryRun=All" } else { "" };
        let path = format!("{}?fieldManager={FIELD_MANAGER}-ui{asks}", resource.path(&key.namespace, ""));
        let call = Call {
            method: Method::POST,
            content_type: "application/json",
            body: Some(object.value()),
            ..Call::get(&path)
        };
        let object = Object::new(self.client.call(call).await?);
        if !dry_run {
            self.cache().upsert(object.clone());
        }
        Ok(Live(object))
    }

    /// Deletes one object; `grace_seconds` shortens the time that it is given to end.
    ///
    /// # Errors
    /// The server's refusal, that there is no such object, or that the server cannot be reached.
    pub async fn delete_object(
        &self,
        key: &ObjectKey,
        version: &str,
        propagation: Propagation,
        grace_seconds: Option<u32>,
    ) -> Result<(), ApiError> {
        let resource = self.resource_of(key, version)?;
        let mut options = Value::object();
        options.set_path(&["apiVersion"], "v1");
        options.set_path(&["kind"], "DeleteOptions");
        options.set_path(&["propagationPolicy"], propagation.as_str());
        if let Some(seconds) = grace_seconds {
            options.set_path(&["gracePeriodSeconds"], i64::from(seconds));
        }
        let path = resource.path(&key.namespace, &key.name);
        let call = Call {
            method: Method::DELETE,
            content_type: "application/json",
            body: Some(&options),
            ..Call::get(&path)
        };
        self.client.call(call).await.map(drop)
    }

    fn resource_of(&self, key: &ObjectKey, version: &str) -> Result<ServedResource, ApiError> {
        self.cache().table().for_key(key, version).cloned().ok_or_else(|| {
            ApiError::new(ApiErrorKind::UnknownKind, 404, format!("the cluster does not serve {key}"))
        })
    }
}

/// Writes a query's value; names of containers and times hold little that must be escaped.
fn escaped(text: &str) -> String {
    let keep = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~');
    text.bytes().map(|b| if keep(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
