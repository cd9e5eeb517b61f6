//! The Git port: a mirror that fetches late, fails and is away.

use crate::model::Commit;
use crate::world::{Shared, World};
use fairway_core::{BoxFuture, FileTree, Str};
use fairway_source::{Refresh, Repositories, SourceError, SourceErrorKind};
use std::sync::Arc;
use std::time::Duration;

/// The repository, and what the engine's mirror has of it.
#[derive(Default)]
pub struct Git {
    pub commits: Vec<Commit>,
    /// Newest commit that the mirror has; nothing before the first fetch of a process.
    pub mirror: Option<usize>,
    /// When the mirror came to which commit.
    pub fetched: Vec<(i64, usize)>,
    /// Until when the host is away, in microseconds.
    pub away_until: i64,
}

/// Names a commit.
pub fn id_of(commit: usize) -> String {
    format!("{:040x}", commit + 1)
}

/// Which commit a name means.
pub fn commit_of(id: &str) -> Option<usize> {
    usize::from_str_radix(id, 16).ok()?.checked_sub(1)
}

/// The port.
pub struct SimGit(pub Shared);

impl SimGit {
    async fn fetch(&self) -> Result<(), SourceError> {
        let (wait, lost) = {
            let mut world = self.0.lock();
            let World { chance, faults, .. } = &mut *world;
            let slow = faults.on && chance.percent(20);
            let wait = Duration::from_millis(5 + if slow { chance.roll(20_000) } else { chance.roll(40) });
            (wait, faults.on && chance.percent(8))
        };
        self.0.port_call("git fetch").await;
        tokio::time::sleep(wait).await;
        let mut world = self.0.lock();
        if lost || world.git.away_until > world.clock.micros() {
            world.note("git fetch: failed".to_owned());
            let message = "failed to list refs: dial tcp: connection refused";
            return Err(SourceError::new(SourceErrorKind::Unreachable, message));
        }
        let head = world.git.commits.len() - 1;
        if world.git.mirror != Some(head) {
            let now = world.clock.micros();
            world.git.mirror = Some(head);
            world.git.fetched.push((now, head));
            world.note(format!("git fetch: now at {head}"));
        }
        Ok(())
    }
}

impl Repositories for SimGit {
    fn resolve<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<Str, SourceError>> {
        Box::pin(async move {
            if self.0.lock().git.mirror.is_none() {
                self.fetch().await?;
            }
            let at = self.0.lock().git.mirror.unwrap();
            Ok(id_of(at).into())
        })
    }

    fn open<'a>(
        &'a self,
        _: &'a str,
        commit: &'a str,
    ) -> BoxFuture<'a, Result<Arc<dyn FileTree>, SourceError>> {
        Box::pin(async move {
            let world = self.0.lock();
            let found = commit_of(commit).and_then(|at| world.git.commits.get(at));
            let gone = || SourceError::new(SourceErrorKind::RevisionNotFound, "no such commit");
            Ok(Arc::new(found.ok_or_else(gone)?.files()) as Arc<dyn FileTree>)
        })
    }

    fn refresh<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Refresh, SourceError>> {
        Box::pin(async move {
            self.fetch().await?;
            Ok(Refresh::default())
        })
    }
}
