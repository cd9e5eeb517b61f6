//! The time and random bytes for templates.

use fairway_template::{Clock, Ports, Random};

struct Machine;

impl Clock for Machine {
    fn now_nanos(&self) -> i128 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        i128::try_from(since.as_nanos()).unwrap_or(i128::MAX)
    }
}

impl Random for Machine {
    fn fill(&self, out: &mut [u8]) {
        getrandom::fill(out).expect("because the system gives random bytes");
    }
}

/// Returns this machine's.
pub fn machine() -> Ports<'static> {
    Ports { clock: &Machine, random: &Machine }
}
