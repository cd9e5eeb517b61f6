//! What a person sees while the first sync runs.

use crate::cli::takes_colour;
use fairway_argocd::Application;
use fairway_controller::{Engine, EngineEvent};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Once every App has been well for this long, all of them are taken to be there: an App of Apps brings more.
const QUIET: Duration = Duration::from_millis(700);

/// Longest time that progress is shown before the addresses are printed anyway.
const SHOWN_MAX: Duration = Duration::from_secs(120);

/// Shows a line whenever an App's state changes, until all are synced and well. Returns whether they are.
pub async fn follow(engine: &Arc<Engine>, started: Instant) -> bool {
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
            }
        }
        let all_well = !apps.is_empty() && apps.iter().all(is_well);
        match (all_well, well_since) {
            (true, None) => well_since = Some(Instant::now()),
            (true, Some(since)) if since.elapsed() >= QUIET => return true,
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
    false
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
