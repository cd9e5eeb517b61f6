use crate::{ApplyContext, Control};
use fairway_core::{Live, ObjectKey};
use fairway_value::Value;
use std::time::Duration;

/// How long a small thing, such as an object's removal, is waited for.
const SMALL_WAIT: Duration = Duration::from_secs(60);

/// How often a wait looks at the cache though nothing was announced: an object whose mark was taken off announces
/// nothing to its App.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// How a wait ended.
pub(crate) enum Waited {
    /// What was waited for is so.
    Yes,
    /// The sync was ended, or time ran out; in words.
    Ended(String),
}

/// Waits until one live object is as wanted.
pub(crate) async fn until(
    ctx: &ApplyContext,
    key: &ObjectKey,
    is_so: impl Fn(Option<&Live>) -> bool,
) -> Waited {
    let mut changes = ctx.changes.clone();
    let mut control = ctx.control.clone();
    let poll = async {
        loop {
            changes.mark_unchanged();
            if is_so(ctx.view.get(key).as_deref()) {
                return Waited::Yes;
            }
            if let Control::Terminate(why) = control.borrow_and_update().clone() {
                return Waited::Ended(why);
            }
            tokio::select! {
                biased;
                Ok(()) = changes.changed() => {}
                Ok(()) = control.changed() => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                else => return Waited::Ended("the engine is shutting down".to_owned()),
            }
        }
    };
    tokio::time::timeout(SMALL_WAIT, poll)
        .await
        .unwrap_or_else(|_| Waited::Ended(format!("not so after {} s", SMALL_WAIT.as_secs())))
}

/// Whether an object has a status condition with a value.
pub(crate) fn has_condition(live: &Live, kind: &str, status: &str) -> bool {
    let conditions = live.value().get_path(&["status", "conditions"]).and_then(Value::as_array);
    let text = |c: &Value, key: &str| c.get(key).and_then(Value::as_str).unwrap_or("").to_owned();
    conditions.unwrap_or_default().iter().any(|c| text(c, "type") == kind && text(c, "status") == status)
}
