//! Time that passes only where nothing is left to do, and goes on over restarts of the engine.

use std::sync::Mutex;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// When a simulation begins, in microseconds since 1970.
const BEGIN_MICROS: i64 = 1_700_000_000_000_000;

/// The time of a simulation. While an engine runs it is its runtime's, which stands still unless everybody waits.
pub struct SimClock(Mutex<(i64, Option<Instant>)>);

impl SimClock {
    pub fn new() -> Self {
        Self(Mutex::new((BEGIN_MICROS, None)))
    }

    pub fn micros(&self) -> i64 {
        let (base, since) = *self.0.lock().unwrap();
        base + since.map_or(0, |at| i64::try_from(at.elapsed().as_micros()).unwrap())
    }

    /// Seconds since the simulation began.
    pub fn secs(&self) -> i64 {
        (self.micros() - BEGIN_MICROS) / 1_000_000
    }

    /// An engine starts.
    pub fn start(&self) {
        let now = self.micros();
        *self.0.lock().unwrap() = (now, Some(Instant::now()));
    }

    /// The engine is killed. Outside its runtime there is no time but this.
    pub fn stop(&self) {
        let now = self.micros();
        *self.0.lock().unwrap() = (now, None);
    }

    /// So much time passes while no engine runs.
    pub fn pass(&self, pause: Duration) {
        self.0.lock().unwrap().0 += i64::try_from(pause.as_micros()).unwrap();
    }
}

impl fairway_devcluster::Clock for SimClock {
    fn now_micros(&self) -> i64 {
        self.micros()
    }
}

impl fairway_core::Clock for SimClock {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_micros(u64::try_from(self.micros()).unwrap())
    }
}
