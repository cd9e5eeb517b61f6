use crate::fields::{Fields, Notes};
use crate::json::{put, texts};
use crate::lower::{read_options, read_retry};
use crate::source::read_source;
use fairway_core::{Map, ObjectKey, Operation, OperationSync, Retry, SyncTarget, Value};
use std::cell::RefCell;

/// An `operation` that cannot be carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OperationError {
    /// It asks for nothing that is known.
    #[error("invalid operation request: operation.sync is required")]
    NoSync,
    /// It holds manifests of the caller's own.
    #[error("unsupported: operation.sync.manifests (local sync)")]
    LocalManifests,
    /// A field is of a wrong type.
    #[error("invalid operation request: {0}")]
    Invalid(String),
}

/// Reads the root field `operation`, or the `operation` of an `operationState`.
///
/// # Errors
/// [`OperationError`] where it cannot be carried out; the message belongs into `operationState.message`.
pub fn lower_operation(value: &Value) -> Result<Operation, OperationError> {
    let notes = RefCell::new(Notes::default());
    let mut f = Fields::new(Some(value), "operation", &notes);
    let mut sync = f.object("sync");
    if !sync.is_present() {
        return Err(OperationError::NoSync);
    }
    if sync.value("manifests").and_then(Value::as_array).is_some_and(|m| !m.is_empty()) {
        return Err(OperationError::LocalManifests);
    }
    let mut strategy = sync.object("syncStrategy");
    let mut apply = strategy.object("apply");
    let mut hook = strategy.object("hook");
    let mut initiator = f.object("initiatedBy");
    let retry = f.object("retry");
    let source = sync.object("source");
    let mut sources: Vec<_> = sync.objects("sources").into_iter().map(read_source).collect();
    if source.is_present() && sources.is_empty() {
        sources.push(read_source(source));
    }
    let resources = sync.objects("resources").into_iter().map(|mut r| SyncTarget {
        key: ObjectKey::new(r.text("group"), r.text("kind"), r.text("namespace"), r.text("name")),
    });
    let resources = resources.collect();
    let has_options = sync.value("syncOptions").is_some();
    let options = read_options(&mut sync, "syncOptions", &notes);
    let operation = Operation {
        sync: OperationSync {
            revision: sync.text("revision"),
            revisions: sync.texts("revisions"),
            sources,
            prune: sync.bool("prune"),
            dry_run: sync.bool("dryRun"),
            apply_only: apply.is_present(),
            force: apply.bool("force") || hook.bool("force"),
            resources,
            options: has_options.then_some(options),
            self_heal_attempts: sync
                .int("autoHealAttemptsCount")
                .and_then(|n| u32::try_from(n).ok())
                .unwrap_or_default(),
        },
        username: initiator.text("username"),
        automated: initiator.bool("automated"),
        retry: if retry.is_present() { read_retry(retry, &notes) } else { Retry::default() },
    };
    match notes.into_inner().invalid.into_iter().next() {
        Some(message) => Err(OperationError::Invalid(message)),
        None => Ok(operation),
    }
}

/// Writes an operation as the root field `operation`. Sync options and sources stay out: what the App says holds.
#[must_use]
pub fn operation_of(operation: &Operation) -> Value {
    let mut sync = Map::new();
    put(&mut sync, "revision", operation.sync.revision.clone());
    put(&mut sync, "revisions", texts(&operation.sync.revisions));
    put(&mut sync, "prune", operation.sync.prune);
    put(&mut sync, "dryRun", operation.sync.dry_run);
    put(&mut sync, "autoHealAttemptsCount", i64::from(operation.sync.self_heal_attempts));
    let mut strategy = Map::new();
    let mut force = Map::new();
    put(&mut force, "force", operation.sync.force);
    if operation.sync.apply_only {
        strategy.insert("apply", force);
    } else if operation.sync.force {
        strategy.insert("hook", force);
    }
    put(&mut sync, "syncStrategy", strategy);
    put(&mut sync, "resources", operation.sync.resources.iter().map(target_value).collect::<Value>());
    let mut initiator = Map::new();
    put(&mut initiator, "username", operation.username.clone());
    put(&mut initiator, "automated", operation.automated);
    let mut out = Map::new();
    out.insert("sync", sync);
    put(&mut out, "initiatedBy", initiator);
    put(&mut out, "retry", retry_value(&operation.retry));
    Value::Object(out)
}

fn target_value(target: &SyncTarget) -> Value {
    let mut out = Map::new();
    put(&mut out, "group", target.key.group.clone());
    put(&mut out, "kind", target.key.kind.clone());
    put(&mut out, "namespace", target.key.namespace.clone());
    put(&mut out, "name", target.key.name.clone());
    Value::Object(out)
}

fn retry_value(retry: &Retry) -> Map {
    let mut out = Map::new();
    put(&mut out, "limit", retry.limit);
    put(&mut out, "refresh", retry.refresh);
    if retry.backoff != fairway_core::Backoff::default() {
        let mut backoff = Map::new();
        backoff.insert("duration", go_text(retry.backoff.duration));
        backoff.insert("factor", i64::from(retry.backoff.factor));
        backoff.insert("maxDuration", go_text(retry.backoff.max_duration));
        out.insert("backoff", backoff);
    }
    out
}

fn go_text(duration: std::time::Duration) -> String {
    let millis = duration.as_millis();
    if millis.is_multiple_of(1000) { format!("{}s", millis / 1000) } else { format!("{millis}ms") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_survives_writing_and_reading() {
        let operation = Operation {
            sync: OperationSync {
                revision: "abc".into(),
                prune: true,
                apply_only: true,
                force: true,
                resources: vec![SyncTarget { key: ObjectKey::new("apps", "Deployment", "n", "d") }],
                self_heal_attempts: 2,
                ..OperationSync::default()
            },
            username: "admin".into(),
            automated: false,
            retry: Retry { limit: 5, ..Retry::default() },
        };
        assert_eq!(lower_operation(&operation_of(&operation)), Ok(operation));
    }

    #[test]
    fn local_manifests_are_refused_by_name() {
        let value = fairway_value::from_json(br#"{"sync":{"manifests":["x"]}}"#).unwrap();
        assert_eq!(lower_operation(&value), Err(OperationError::LocalManifests));
    }
}
