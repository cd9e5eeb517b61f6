//! Waiting for an operation, and showing what it did.

use crate::cli::client::{AppName, Client, list, text};
use crate::cli::exit::{DIFFERENT, Failure};
use crate::cli::output::{Format, for_programs, print};
use crate::cli::table::{Table, has_colour, one_line};
use fairway_value::Value;
use std::time::{Duration, Instant};

/// How often a state is looked at; the engine answers from memory.
const LOOK_EVERY: Duration = Duration::from_millis(150);

/// An operation that shows no trace of itself for so long has left the same state as the one before.
const TRACE_WAIT: Duration = Duration::from_secs(5);

/// Waits until a predicate holds and returns the Application; `timeout` in seconds, 0 for ever.
pub(super) async fn until(
    client: &Client,
    app: &AppName,
    timeout: u64,
    what: &str,
    mut is_done: impl FnMut(&Value) -> bool,
) -> anyhow::Result<Value> {
    let started = Instant::now();
    loop {
        let value = client.application(app).await?;
        if is_done(&value) {
            return Ok(value);
        }
        if timeout > 0 && started.elapsed() >= Duration::from_secs(timeout) {
            let state = |path: &[&str]| super::list::or_unknown(text(&value, path)).to_owned();
            let message = format!(
                "{app} {what} after {timeout} s: {}, {}, operation {}; see `fairway app get {app}`",
                state(&["status", "sync", "status"]),
                state(&["status", "health", "status"]),
                super::list::or_unknown(text(&value, &["status", "operationState", "phase"])),
            );
            return Err(Failure::error(DIFFERENT, message));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Whether an operation is asked for or going on.
pub(super) fn is_busy(app: &Value) -> bool {
    app.get("operation").is_some_and(|o| !o.is_null())
        || matches!(text(app, &["status", "operationState", "phase"]), "Running" | "Terminating")
}

/// Waits for the end of the operation that was just started; `before` is the Application as it was.
pub(super) async fn finished(
    client: &Client,
    app: &AppName,
    before: &Value,
    timeout: u64,
) -> anyhow::Result<Value> {
    let old = before.get_path(&["status", "operationState"]).cloned().unwrap_or_default();
    let started = Instant::now();
    let mut was_busy = false;
    until(client, app, timeout, "is still at work", |now| {
        let busy = is_busy(now);
        was_busy |= busy;
        let state = now.get_path(&["status", "operationState"]).cloned().unwrap_or_default();
        !busy && (was_busy || state != old || started.elapsed() > TRACE_WAIT)
    })
    .await
}

/// Prints what the last operation did, and fails where it failed.
pub(super) fn report(app: &Value, format: Format) -> anyhow::Result<()> {
    match for_programs(app, format) {
        Some(written) => print(&written)?,
        None => print(&for_people(app, has_colour()))?,
    }
    let phase = text(app, &["status", "operationState", "phase"]);
    match phase {
        "Succeeded" => Ok(()),
        _ => {
            let message = one_line(text(app, &["status", "operationState", "message"]));
            Err(Failure::error(
                DIFFERENT,
                format!("the operation ended as {}: {message}", super::list::or_unknown(phase)),
            ))
        }
    }
}

fn for_people(app: &Value, colour: bool) -> String {
    let mut table = Table::new(&["PHASE", "GROUP", "KIND", "NAMESPACE", "NAME", "RESULT", "HOOK", "MESSAGE"]);
    for result in list(app, &["status", "operationState", "syncResult", "resources"]) {
        let cell = |field: &str| text(result, &[field]);
        let status = if cell("hookType").is_empty() { cell("status") } else { cell("hookPhase") };
        table.row([
            cell("syncPhase"),
            cell("group"),
            cell("kind"),
            cell("namespace"),
            cell("name"),
            status,
            cell("hookType"),
            cell("message"),
        ]);
    }
    let state = |field: &str| one_line(text(app, &["status", "operationState", field]));
    let revision = text(app, &["status", "operationState", "syncResult", "revision"]);
    let to = if revision.is_empty() {
        String::new()
    } else {
        format!(" at {}", revision.get(..7).unwrap_or(revision))
    };
    format!("{}\n{}{to}: {}\n", table.text(colour), state("phase"), state("message"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Value {
        fairway_value::from_json(text.as_bytes()).unwrap()
    }

    #[test]
    fn an_operation_is_busy_from_the_request_to_its_last_phase() {
        assert!(is_busy(&read(r#"{"operation":{"sync":{}}}"#)));
        assert!(is_busy(&read(r#"{"status":{"operationState":{"phase":"Terminating"}}}"#)));
        assert!(!is_busy(&read(r#"{"operation":null,"status":{"operationState":{"phase":"Failed"}}}"#)));
    }

    #[test]
    fn results_are_shown_per_resource() {
        let app = read(
            r#"{"status":{"operationState":{"phase":"Failed","message":"one failed","syncResult":{"revision":"abcdef012345",
            "resources":[{"kind":"Pod","namespace":"n","name":"p","status":"SyncFailed","syncPhase":"Sync","message":"no"}]}}}}"#,
        );
        let text = for_people(&app, false);
        assert!(text.contains("Sync          Pod   n          p     SyncFailed        no\n"), "{text}");
        assert!(text.ends_with("\nFailed at abcdef0: one failed\n"));
    }
}
