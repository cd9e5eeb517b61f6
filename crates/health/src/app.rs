use fairway_core::{Health, HealthStatus, ObjectKey};

/// Most objects that an App's message names.
const GUILTY_MAX: usize = 3;

/// One object of an App. Hooks and objects that are left alone (`Skip`) are no parts.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The object.
    pub key: ObjectKey,
    /// Whether it is in the cluster.
    pub is_live: bool,
    /// Its health; nothing where its kind has no check.
    pub health: Option<Health>,
    /// Whether its health is left out though it is part of the App: it says `ignore-healthcheck`, or is the App itself.
    pub ignored: bool,
}

/// Judges an App by its objects: the worst of them, as Argo CD 3.6 `controller/health.go`.
///
/// Missing objects do not count one by one; an App that has objects of which none is live is `Missing`. Applications
/// among the objects do not count while they are `Missing` or `Unknown`. The message names up to three of the worst.
#[must_use]
pub fn app_health(parts: &[Part]) -> Health {
    if !parts.is_empty() && !parts.iter().any(|p| p.is_live) {
        return Health::new(HealthStatus::Missing, "");
    }
    let is_quiet_app = |part: &Part, status: HealthStatus| {
        part.key.kind == "Application"
            && part.key.group == "argoproj.io"
            && matches!(status, HealthStatus::Missing | HealthStatus::Unknown)
    };
    let judged: Vec<(&Part, HealthStatus)> = parts
        .iter()
        .filter(|p| p.is_live && !p.ignored)
        .filter_map(|p| Some((p, p.health.as_ref()?.status)))
        .filter(|(p, status)| !is_quiet_app(p, *status))
        .collect();
    let worst = judged.iter().map(|(_, status)| *status).max().unwrap_or(HealthStatus::Healthy);
    if worst == HealthStatus::Healthy {
        return Health::new(worst, "");
    }
    let guilty: Vec<&Part> = judged.iter().filter(|(_, s)| *s == worst).map(|(p, _)| *p).collect();
    let named: Vec<String> = guilty.iter().take(GUILTY_MAX).map(|p| name(&p.key)).collect();
    let more = guilty.len().saturating_sub(GUILTY_MAX);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    Health::new(worst, format!("Caused by {}{rest}", named.join(", ")))
}

/// `group/Kind:namespace/name`, without the parts that are empty.
fn name(key: &ObjectKey) -> String {
    if key.namespace.is_empty() {
        format!("{}:{}", key.group_kind(), key.name)
    } else {
        format!("{}:{}/{}", key.group_kind(), key.namespace, key.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(kind: &str, name: &str, health: Option<HealthStatus>) -> Part {
        let group = if kind == "Application" { "argoproj.io" } else { "apps" };
        Part {
            key: ObjectKey::new(group, kind, "n", name),
            is_live: true,
            health: health.map(|h| Health::new(h, "why")),
            ignored: false,
        }
    }

    #[test]
    fn the_worst_object_decides_and_is_named() {
        use HealthStatus::{Degraded, Healthy, Progressing};
        let health = app_health(&[
            part("Deployment", "a", Some(Healthy)),
            part("Deployment", "b", Some(Degraded)),
            part("Deployment", "c", Some(Progressing)),
            part("ConfigMap", "d", None),
        ]);
        assert_eq!(health, Health::new(Degraded, "Caused by apps/Deployment:n/b"));
    }

    #[test]
    fn an_app_is_missing_only_when_nothing_of_it_is_live() {
        let gone = |name| Part { is_live: false, ..part("Deployment", name, None) };
        assert_eq!(app_health(&[gone("a"), gone("b")]).status, HealthStatus::Missing);
        assert_eq!(app_health(&[gone("a"), part("ConfigMap", "b", None)]).status, HealthStatus::Healthy);
        assert_eq!(app_health(&[]).status, HealthStatus::Healthy);
    }

    #[test]
    fn a_child_application_that_is_missing_does_not_count() {
        let child = part("Application", "a", Some(HealthStatus::Missing));
        assert_eq!(app_health(&[child]).status, HealthStatus::Healthy);
    }
}
