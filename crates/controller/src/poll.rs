//! News from Git: pushed by webhooks and the embedded server, polled as the safety net.

use crate::engine::Engine;
use crate::queue::Level;
use fairway_argocd::{Application, lower};
use fairway_core::{AppId, Str};
use fairway_source::{is_same_repository, normalize_repo_url};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// How often the list of repositories is looked over for ones that are due.
const TICK: Duration = Duration::from_secs(1);

impl Engine {
    /// Fetches a repository that somebody pushed to, and carries the Apps and ApplicationSets that use it along the line.
    /// ApplicationSets that ask forges look again too: the news may be of a pull request or a topic.
    ///
    /// A repository that cannot be reached is left to polling: its Apps say so when they next look.
    pub async fn repository_changed(self: &Arc<Self>, urls: &[String]) {
        self.look_again(urls, true).await;
    }

    async fn look_again(self: &Arc<Self>, urls: &[String], ask_forges: bool) {
        let is_meant = |used: &Str| urls.iter().any(|url| is_same_repository(url, used));
        let users = self.users_of(urls);
        let mut used: BTreeSet<Str> = users.values().flatten().cloned().collect();
        let mut appsets = Vec::new();
        for (key, reads) in &*self.appset_reads.lock().unwrap_or_else(PoisonError::into_inner) {
            let read: Vec<Str> = reads.repositories.iter().filter(|url| is_meant(url)).cloned().collect();
            if !read.is_empty() || (ask_forges && reads.asks_forge) {
                appsets.push(key.clone());
            }
            used.extend(read);
        }
        // One fetch for each repository, however it is spelt.
        let used: BTreeMap<String, Str> =
            used.into_iter().map(|url| (normalize_repo_url(&url), url)).collect();
        for url in used.values() {
            if let Err(error) = self.sources().refresh(url).await {
                tracing::warn!(repository = %url, error = %error, "repository was not fetched after a push");
            }
        }
        for app in users.keys() {
            self.queue.add(app.clone(), Level::Source);
        }
        for key in appsets {
            self.appsets.add(key, Level::Source);
        }
    }

    /// Returns the Apps that use one of these repositories, each with the addresses as it writes them.
    fn users_of(&self, urls: &[String]) -> BTreeMap<AppId, BTreeSet<Str>> {
        let mut users: BTreeMap<AppId, BTreeSet<Str>> = BTreeMap::new();
        for (app, repositories) in self.repositories_by_app() {
            for used in repositories.iter() {
                if urls.iter().any(|u| is_same_repository(u, used)) {
                    users.entry(app.clone()).or_default().insert(used.clone());
                }
            }
        }
        users
    }

    fn repositories_by_app(&self) -> Vec<(AppId, Arc<[Str]>)> {
        let read = |application: &Application| {
            let app = lower(application.object().value()).app;
            app.sources.iter().filter(|s| s.chart.is_empty()).map(|s| s.repo_url.clone()).collect()
        };
        self.applications()
            .iter()
            .map(|a| {
                let id = a.id();
                let repositories = self.entry(&id).repositories(|| read(a));
                (id, repositories)
            })
            .collect()
    }

    fn repositories_of_appsets(&self) -> Vec<Str> {
        let reads = self.appset_reads.lock().unwrap_or_else(PoisonError::into_inner);
        reads.values().flat_map(|r| r.repositories.iter().cloned()).collect()
    }

    /// Polls every repository at the pace of the settings, each at a moment of its own.
    pub(crate) async fn poll(self: Arc<Self>) {
        let mut due: BTreeMap<String, tokio::time::Instant> = BTreeMap::new();
        let mut seen_apps = 0_usize;
        let mut repositories: BTreeMap<String, Str> = BTreeMap::new();
        let mut looked = tokio::time::Instant::now();
        loop {
            tokio::time::sleep(TICK).await;
            let settings = self.snapshot();
            let interval = settings.settings.reconciliation;
            if interval.is_zero() {
                continue;
            }
            let now = tokio::time::Instant::now();
            let count = self
                .home()
                .cache()
                .of_kind(&fairway_core::GroupKind::new(fairway_argocd::GROUP, "Application"))
                .len();
            if count != seen_apps || now.duration_since(looked) > Duration::from_secs(30) {
                seen_apps = count;
                looked = now;
                repositories = self
                    .repositories_by_app()
                    .into_iter()
                    .flat_map(|(_, urls)| urls.to_vec())
                    .chain(self.repositories_of_appsets())
                    .map(|url| (normalize_repo_url(&url), url))
                    .collect();
            }
            due.retain(|key, _| repositories.contains_key(key));
            for (key, url) in &repositories {
                let wait = interval + spread(key, settings.settings.reconciliation_jitter);
                let at = *due.entry(key.clone()).or_insert(now + wait);
                if at > now {
                    continue;
                }
                due.insert(key.clone(), now + wait);
                let (engine, url) = (self.clone(), url.to_string());
                tokio::spawn(async move { engine.look_again(&[url], false).await });
            }
        }
    }
}

/// A part of the jitter that depends on the repository alone, so that repositories do not move in step.
fn spread(key: &str, jitter: Duration) -> Duration {
    let share = blake3::hash(key.as_bytes()).as_bytes()[0];
    jitter.mul_f64(f64::from(share) / 255.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_spread_within_the_jitter_and_keep_their_place() {
        let jitter = Duration::from_secs(60);
        let (a, b) = (spread("https://h/a", jitter), spread("https://h/b", jitter));
        assert!(a <= jitter && b <= jitter && a != b);
        assert_eq!(a, spread("https://h/a", jitter));
    }
}
