//! `GET /api/badge`: an application's state as a picture, for a README.

use crate::auth::Access;
use crate::error::ApiError;
use crate::list::{health_status, sync_status};
use crate::state::State;
use crate::wire::{Params, text};
use axum::extract;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Width of a letter in the badge's font, pixels, on average.
const LETTER: usize = 7;

/// `?name=N` or `?project=P`; `revision=true` adds the revision.
///
/// Differs: needs a session as everything does, since a badge tells what runs where; Argo CD serves it openly where it is switched on.
pub(crate) async fn badge(
    extract::State(state): extract::State<State>,
    access: Access,
    params: Params,
) -> Result<Response, ApiError> {
    let apps = match (params.get("name"), params.get("project")) {
        (Some(name), _) => vec![
            access
                .app("get", name, &params.with("appNamespace", params.get("namespace").unwrap_or_default()))?
                .1,
        ],
        (None, Some(project)) => {
            let mut apps = state.engine().applications().items;
            apps.retain(|app| crate::list::project(app) == project && access.sees(app));
            apps
        }
        (None, None) => return Ok(StatusCode::BAD_REQUEST.into_response()),
    };
    const HEALTH: [&str; 6] = ["Unknown", "Degraded", "Missing", "Progressing", "Suspended", "Healthy"];
    let health =
        HEALTH.into_iter().find(|h| apps.iter().any(|app| health_status(app) == *h)).unwrap_or("Unknown");
    let sync = ["OutOfSync", "Unknown", "Synced"].into_iter();
    let sync = sync.into_iter().find(|s| apps.iter().any(|app| sync_status(app) == *s)).unwrap_or("Unknown");
    let revision = match (params.flag("revision", false)?, apps.as_slice()) {
        (true, [app]) => text(app, &["status", "sync", "revision"]).chars().take(7).collect(),
        _ => String::new(),
    };
    let mut parts = vec![(health, health_colour(health)), (sync, sync_colour(sync))];
    if !revision.is_empty() {
        parts.push((&revision, "#3b4252"));
    }
    let headers = [(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "private, no-store")];
    Ok((headers, svg(&parts)).into_response())
}

/// Every text is one of ours or a revision cut to letters and digits, so nothing needs escaping.
fn svg(parts: &[(&str, &str)]) -> String {
    let label: String = parts.iter().map(|(text, _)| *text).collect::<Vec<_>>().join(", ");
    let label: String = label.chars().filter(|c| c.is_ascii_alphanumeric() || ", .-_".contains(*c)).collect();
    let (mut x, mut body) = (0, String::new());
    for (text, colour) in parts {
        let text: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
        let width = text.len() * LETTER + 16;
        body.push_str(&format!(
            r##"<rect x="{x}" width="{width}" height="20" fill="{colour}"/><text x="{}" y="14" text-anchor="middle" fill="#fff">{text}</text>"##,
            x + width / 2
        ));
        x += width;
    }
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{x}" height="20" role="img" aria-label="{label}"><title>{label}</title><g font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">{body}</g></svg>"#
    )
}

fn health_colour(health: &str) -> &'static str {
    match health {
        "Healthy" => "#1a7f4b",
        "Progressing" => "#0b6bb8",
        "Degraded" => "#b3261e",
        "Suspended" => "#6b5b95",
        "Missing" => "#8a5a00",
        _ => "#5c6670",
    }
}

fn sync_colour(sync: &str) -> &'static str {
    match sync {
        "Synced" => "#1a7f4b",
        "OutOfSync" => "#8a5a00",
        _ => "#5c6670",
    }
}
