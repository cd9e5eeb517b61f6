//! What a person sees while the first sync runs.

use crate::cli::takes_colour;
use fairway_argocd::Application;
use fairway_controller::{Engine, EngineEvent};
use fairway_value::Value;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Once every App has been well for this long, all of them are taken to be there: an App of Apps brings more.
const QUIET: Duration = Duration::from_millis(700);

/// Longest time that progress is shown before the addresses are printed anyway.
const SHOWN_MAX: Duration = Duration::from_secs(120);

/// Once nothing has changed for this long, what is not well yet is not waited for.
const STILL: Duration = Duration::from_secs(10);

/// Most Apps that are named because they are not well.
const NAMED_MAX: usize = 5;

/// Shows a line whenever an App's state changes, until all are synced and well or nothing changes any more.
pub async fn follow(engine: &Arc<Engine>, started: Instant) {
    let mut changed = Instant::now();
    let mut events = engine.subscribe();
    let mut shown: BTreeMap<String, String> = BTreeMap::new();
    let mut well_since: Option<Instant> = None;
    while started.elapsed() < SHOWN_MAX {
        let apps = engine.applications();
        for app in &apps {
            let state = state_of(app);
            if shown.get(app.object().name()) != Some(&state) {
                line(started, app.object().name(), &state);
                shown.insert(app.object().name().to_owned(), state);
                changed = Instant::now();
            }
        }
        let all_well = !apps.is_empty() && apps.iter().all(is_well);
        match (all_well, well_since) {
            (true, None) => well_since = Some(Instant::now()),
            (true, Some(since)) if since.elapsed() >= QUIET => return,
            (false, _) if changed.elapsed() >= STILL => return,
            (true, Some(_)) => {}
            (false, _) => well_since = None,
        }
        let next = async {
            loop {
                match events.recv().await {
                    Ok(EngineEvent::Tree(_)) => {}
                    _ => return,
                }
            }
        };
        let _ = tokio::time::timeout(Duration::from_millis(200), next).await;
    }
}

/// Says how the Apps stand, and of those that are not well what is wrong with them.
pub fn summary(apps: &[Application], took: Duration) -> String {
    let seconds = took.as_secs_f64();
    if apps.is_empty() {
        return format!("There are no applications after {seconds:.1} s.");
    }
    let unwell: Vec<&Application> = apps.iter().filter(|app| !is_well(app)).collect();
    if unwell.is_empty() {
        return format!("All applications are Synced and Healthy after {seconds:.1} s.");
    }
    let mut text =
        format!("{} of {} applications are not well after {seconds:.1} s:", unwell.len(), apps.len());
    for app in unwell.iter().take(NAMED_MAX) {
        text.push_str(&format!("\n  {:<32} {}", app.object().name(), state_of(app).trim_end()));
        let conditions = app.get(&["status", "conditions"]).and_then(Value::as_array).unwrap_or_default();
        let said = conditions.first().and_then(|c| c.get("message")).and_then(Value::as_str);
        let said = said.or_else(|| app.get(&["status", "operationState", "message"]).and_then(Value::as_str));
        if let Some(first) = said.and_then(|words| words.lines().next()) {
            text.push_str(&format!("\n    {first}"));
        }
    }
    if unwell.len() > NAMED_MAX {
        text.push_str("\n  … (fairway app list)");
    }
    text
}

fn is_well(app: &Application) -> bool {
    app.sync_status() == "Synced" && app.health_status() == "Healthy"
}

fn state_of(app: &Application) -> String {
    let word = |text: &str| if text.is_empty() { "…".to_owned() } else { text.to_owned() };
    format!("{:<10} {}", word(app.sync_status()), word(app.health_status()))
}

fn line(started: Instant, name: &str, state: &str) {
    let mut out = std::io::stdout().lock();
    let seconds = started.elapsed().as_secs_f64();
    let colour = takes_colour(&out);
    let (on, off) = match colour {
        true if state.contains("Degraded") || state.contains("Unknown") => ("\u{1b}[31m", "\u{1b}[0m"),
        true if state.starts_with("Synced") && state.ends_with("Healthy") => ("\u{1b}[32m", "\u{1b}[0m"),
        true => ("\u{1b}[33m", "\u{1b}[0m"),
        false => ("", ""),
    };
    // A closed pipe ends the show and nothing else.
    let _ = writeln!(out, "{seconds:6.1} s  {name:<32} {on}{state}{off}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app(json: &str) -> Application {
        Application::new(fairway_core::Object::new(fairway_value::from_json(json.as_bytes()).unwrap()))
    }

    #[test]
    fn what_is_not_well_is_named_with_the_first_line_of_its_reason() {
        let well = app(
            r#"{"metadata":{"name":"well"},"status":{"sync":{"status":"Synced"},"health":{"status":"Healthy"}}}"#,
        );
        let broken = app(r#"{"metadata":{"name":"broken"},"status":{"sync":{"status":"Unknown"},
            "conditions":[{"type":"ComparisonError","message":"first\nsecond"}]}}"#);
        let took = Duration::from_millis(1200);
        let all = summary(std::slice::from_ref(&well), took);
        assert_eq!(all, "All applications are Synced and Healthy after 1.2 s.");
        let some = summary(&[well, broken], took);
        let lines: Vec<&str> = some.lines().collect();
        assert_eq!(lines[0], "1 of 2 applications are not well after 1.2 s:");
        assert!(lines[1].starts_with("  broken ") && lines[1].contains("Unknown"), "{some}");
        assert_eq!(lines[2..], ["    first"]);
    }
}
