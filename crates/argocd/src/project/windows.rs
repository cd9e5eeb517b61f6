use crate::project::{Project, cron_is_active};
use fairway_core::glob_match;
use fairway_core::{App, Value};

/// Whether sync windows let a sync go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyncDecision {
    /// They do.
    Allowed,
    /// They do not, for the reason given.
    Blocked(String),
}

/// A sync as windows see it. Times are seconds since 1970.
#[derive(Clone, Copy, Debug)]
pub struct SyncMoment {
    /// The time.
    pub now_unix: i64,
    /// Whether a person asked.
    pub manual: bool,
    /// When the operation started, if one is under way: a window with `syncOverrun` lets it end.
    pub started_unix: Option<i64>,
}

struct Windows<'a> {
    matching: Vec<&'a Value>,
}

fn text<'a>(window: &'a Value, key: &str) -> &'a str {
    window.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn flag(window: &Value, key: &str) -> bool {
    window.get(key).and_then(Value::as_bool).unwrap_or_default()
}

impl Project {
    /// Decides whether an App may sync now, as Argo CD's `SyncWindows.CanSync`: an open deny window blocks; where allow
    /// windows exist, one of them must be open.
    #[must_use]
    pub fn sync_decision(&self, app: &App, moment: SyncMoment) -> SyncDecision {
        let all = self.list("syncWindows").unwrap_or_default();
        let windows = Windows { matching: all.iter().filter(|w| matches_app(w, app)).collect() };
        match windows.can_sync(moment) {
            Ok(true) => SyncDecision::Allowed,
            Ok(false) => SyncDecision::Blocked("Sync operation blocked by sync window".to_owned()),
            Err(why) => SyncDecision::Blocked(format!("invalid sync windows: {why}")),
        }
    }

    /// Returns the sync windows that are meant for an App, each with whether it is open; one whose schedule cannot be read never is.
    #[must_use]
    pub fn windows_of(&self, app: &App, now_unix: i64) -> Vec<(Value, bool)> {
        let all = self.list("syncWindows").unwrap_or_default();
        let meant = all.iter().filter(|w| matches_app(w, app));
        meant.map(|w| (w.clone(), Windows::is_open(w, now_unix).unwrap_or_default())).collect()
    }
}

fn matches_app(window: &Value, app: &App) -> bool {
    let globs = |key: &str| -> Vec<&str> {
        let list = window.get(key).and_then(Value::as_array).unwrap_or_default();
        list.iter().filter_map(Value::as_str).collect()
    };
    let any = |globs: &[&str], texts: &[&str]| {
        globs.iter().any(|g| texts.iter().any(|t| !t.is_empty() && (*g == "*" || glob_match(g, t, None))))
    };
    let destination = &app.destination;
    let tests = [
        (globs("applications"), vec![app.id.name.as_str()]),
        (globs("clusters"), vec![destination.name.as_str(), destination.server.as_str()]),
        (globs("namespaces"), vec![destination.namespace.as_str()]),
    ];
    let mut set = tests.iter().filter(|(globs, _)| !globs.is_empty()).map(|(globs, texts)| any(globs, texts));
    if flag(window, "andOperator") {
        let results: Vec<bool> = set.collect();
        !results.is_empty() && results.into_iter().all(|m| m)
    } else {
        set.any(|m| m)
    }
}

impl Windows<'_> {
    fn is_open(window: &Value, at: i64) -> Result<bool, String> {
        cron_is_active(text(window, "schedule"), text(window, "duration"), text(window, "timeZone"), at)
    }

    fn open(&self, kind: &str, at: i64) -> Result<Vec<&Value>, String> {
        let mut out = Vec::new();
        for window in self.matching.iter().filter(|w| text(w, "kind") == kind) {
            if Self::is_open(window, at)? {
                out.push(*window);
            }
        }
        Ok(out)
    }

    fn can_sync(&self, moment: SyncMoment) -> Result<bool, String> {
        let (allowed, overrun) = self.can_sync_at(moment.now_unix, moment.manual)?;
        if allowed {
            return Ok(true);
        }
        match moment.started_unix.filter(|_| overrun) {
            Some(started) => Ok(self.can_sync_at(started, moment.manual)?.0),
            None => Ok(false),
        }
    }

    /// Returns whether a sync may run at a time, and whether one that started earlier may end.
    fn can_sync_at(&self, at: i64, manual: bool) -> Result<(bool, bool), String> {
        let all = |windows: &[&Value], key: &str| windows.iter().all(|w| flag(w, key));
        let denies = self.open("deny", at)?;
        if !denies.is_empty() {
            return Ok((manual && all(&denies, "manualSync"), all(&denies, "syncOverrun")));
        }
        let allows: Vec<&Value> =
            self.matching.iter().copied().filter(|w| text(w, "kind") == "allow").collect();
        if allows.is_empty() || !self.open("allow", at)?.is_empty() {
            return Ok((true, true));
        }
        Ok((manual && all(&allows, "manualSync"), all(&allows, "syncOverrun")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::cron::unix_of;
    use fairway_core::{AppId, Object};

    fn decide(windows: &str, now: &str, manual: bool, started: Option<&str>) -> bool {
        let json = format!(r#"{{"metadata":{{"name":"p"}},"spec":{{"syncWindows":[{windows}]}}}}"#);
        let project = Project::new(Object::new(fairway_value::from_json(json.as_bytes()).unwrap()));
        let app = App { id: AppId::new("argocd", "shop"), ..App::default() };
        let moment = SyncMoment {
            now_unix: unix_of(now).unwrap(),
            manual,
            started_unix: started.map(|s| unix_of(s).unwrap()),
        };
        project.sync_decision(&app, moment) == SyncDecision::Allowed
    }

    const ALLOW: &str = r#"{"kind":"allow","schedule":"0 10 * * *","duration":"1h","applications":["*"]}"#;
    const DENY: &str = r#"{"kind":"deny","schedule":"0 10 * * *","duration":"1h","applications":["shop"],
        "manualSync":true,"syncOverrun":true}"#;

    #[test]
    fn an_allow_window_closes_everything_outside_it() {
        assert!(decide(ALLOW, "2026-01-01T10:30:00Z", false, None));
        assert!(!decide(ALLOW, "2026-01-01T11:30:00Z", false, None));
    }

    #[test]
    fn an_open_deny_window_wins_but_may_let_people_and_running_syncs_through() {
        let both = format!("{ALLOW},{DENY}");
        assert!(!decide(&both, "2026-01-01T10:30:00Z", false, None));
        assert!(decide(&both, "2026-01-01T10:30:00Z", true, None));
        assert!(decide(DENY, "2026-01-01T10:30:00Z", false, Some("2026-01-01T09:59:00Z")));
    }

    #[test]
    fn a_window_for_others_says_nothing() {
        let other = DENY.replace("shop", "blog");
        assert!(decide(&other, "2026-01-01T10:30:00Z", false, None));
    }
}
