//! Everything outside the engine: a cluster, a repository, time, and what goes wrong with them.

use crate::chance::Chance;
use crate::checks::Checks;
use crate::clock::SimClock;
use crate::git::Git;
use bytes::Bytes;
use fairway_devcluster::{InProcess, OpenWatch, Options};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

/// What goes wrong.
#[derive(Default)]
pub struct Faults {
    /// Whether anything does.
    pub on: bool,
    /// Until when the API server is away, in microseconds.
    pub away_until: i64,
    /// After how many calls of ports the engine is killed.
    pub crash_in: Option<u64>,
}

/// What a watch is sent: bytes, or the end of the connection.
pub type Chunk = (Instant, Result<Bytes, std::io::Error>);

/// An open watch.
pub struct Watching {
    pub open: OpenWatch,
    pub to: mpsc::UnboundedSender<Chunk>,
    pub ends: Instant,
    /// Until when nothing of it arrives: what the engine knows is stale until then.
    pub late_until: Instant,
}

impl Watching {
    /// Sends what has come.
    pub fn send(&mut self) {
        let bytes = self.open.read(false);
        if !bytes.is_empty() {
            // Who is gone needs nothing.
            let _ = self.to.send((self.late_until, Ok(bytes.into())));
        }
    }
}

/// The world.
pub struct World {
    pub cluster: InProcess,
    pub clock: Arc<SimClock>,
    pub chance: Chance,
    pub faults: Faults,
    pub watches: Vec<Watching>,
    /// Up to which version watches were told.
    delivered: u64,
    pub git: Git,
    pub checks: Checks,
    /// What happened, for people.
    pub log: Vec<String>,
    /// When the engine wrote last, in microseconds.
    pub wrote_at: i64,
}

/// The world as several hold it.
#[derive(Clone)]
pub struct Shared {
    world: Arc<Mutex<World>>,
    crash: Arc<Notify>,
}

impl Shared {
    pub fn new(seed: u64) -> Self {
        let clock = Arc::new(SimClock::new());
        let options = Options { clock: clock.clone(), seed: Some(seed), ..Options::default() };
        let world = World {
            cluster: InProcess::new(&options).unwrap(),
            clock,
            chance: Chance::new(seed),
            faults: Faults::default(),
            watches: Vec::new(),
            delivered: 0,
            git: Git::default(),
            checks: Checks::default(),
            log: Vec::new(),
            wrote_at: 0,
        };
        Self { world: Arc::new(Mutex::new(world)), crash: Arc::default() }
    }

    pub fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// Waits until the engine is to be killed.
    pub async fn crashed(&self) {
        self.crash.notified().await;
    }

    /// Says that the engine uses a port; at the last call before a crash it does not come back.
    pub async fn port_call(&self, what: &str) {
        let dies = {
            let mut world = self.lock();
            match world.faults.crash_in {
                Some(0 | 1) => {
                    world.faults.crash_in = None;
                    world.note(format!("crash at {what}"));
                    true
                }
                Some(left) => {
                    world.faults.crash_in = Some(left - 1);
                    false
                }
                None => false,
            }
        };
        if dies {
            self.crash.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

impl World {
    /// Writes down what happened.
    pub fn note(&mut self, what: String) {
        let (secs, micros) = (self.clock.secs(), self.clock.micros() % 1_000_000);
        self.log.push(format!("{secs:>5}.{:03} {what}", micros / 1000));
    }

    /// Does something in the cluster as a person with kubectl does; the answer where it was taken.
    pub fn person(&mut self, method: &str, path: &str, body: &Value) -> Option<Value> {
        let kind = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
        let separator = if path.contains('?') { '&' } else { '?' };
        let uri = format!("{path}{separator}fieldManager=kubectl-edit");
        let text = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let (answer, _) = self.cluster.answer(method, &uri, &[("content-type", kind)], &text);
        let taken = answer.status < 300;
        self.deliver();
        taken.then(|| serde_json::from_slice(&answer.body).unwrap_or_default())
    }

    /// What is live under a path.
    pub fn live(&self, path: &str) -> Option<Value> {
        let (answer, _) = self.cluster.answer("GET", path, &[], b"");
        (answer.status == 200).then(|| serde_json::from_slice(&answer.body).unwrap())
    }

    /// Every object of a collection.
    pub fn list(&self, path: &str) -> Vec<Value> {
        let list = self.live(path).unwrap_or_else(|| json!({ "items": [] }));
        list["items"].as_array().cloned().unwrap_or_default()
    }

    /// Sends watches what has come.
    pub fn deliver(&mut self) {
        let version = self.cluster.version();
        if version == self.delivered {
            return;
        }
        self.delivered = version;
        self.watches.iter_mut().for_each(Watching::send);
        self.watches.retain(|w| !w.to.is_closed());
    }

    /// Lets time take its course; returns when something is due, if anything is.
    pub fn tick(&mut self) -> Option<Duration> {
        let next = self.cluster.settle();
        self.deliver();
        let now = Instant::now();
        for watch in self.watches.extract_if(.., |w| w.ends <= now) {
            let mut watch = watch;
            let _ = watch.to.send((watch.late_until, Ok(watch.open.read(true).into())));
        }
        let micros = next? - self.clock.micros();
        Some(Duration::from_micros(u64::try_from(micros).unwrap_or(0)))
    }

    /// Breaks every watch.
    pub fn break_watches(&mut self) {
        for watch in self.watches.drain(..) {
            let _ = watch.to.send((Instant::now(), Err(std::io::Error::other("connection reset by peer"))));
        }
    }

    /// Makes some watches late.
    pub fn delay_watches(&mut self) {
        let until = Instant::now() + Duration::from_millis(self.chance.roll(20_000));
        for watch in &mut self.watches {
            if self.chance.percent(50) {
                watch.late_until = until.max(watch.late_until);
            }
        }
    }
}
