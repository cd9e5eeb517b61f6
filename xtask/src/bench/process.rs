//! What a process uses, from `/proc`.

use anyhow::Context;
use std::fs;
use std::time::Duration;

/// Clock ticks of `/proc/PID/stat` a second; Linux shows 100 on every architecture.
const TICKS_PER_SECOND: f64 = 100.0;

/// Returns the processor time that a process has used so far.
pub fn cpu(pid: u32) -> anyhow::Result<Duration> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).context("the engine is gone")?;
    // The name may hold spaces: the fields start after its closing bracket. 12th and 13th of them: user, system.
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |n: usize| fields.get(n).and_then(|f| f.parse::<f64>().ok()).unwrap_or_default();
    Ok(Duration::from_secs_f64((ticks(11) + ticks(12)) / TICKS_PER_SECOND))
}

/// Returns a size of a process in MB (10⁶ bytes): `VmRSS` is what it holds, `VmHWM` the most that it held.
pub fn memory_mb(pid: u32, field: &str) -> anyhow::Result<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).context("the engine is gone")?;
    let line = text.lines().find_map(|l| l.strip_prefix(field)).context("no such field in /proc")?;
    let kib: f64 = line.split_whitespace().find_map(|w| w.parse().ok()).context("no number in /proc")?;
    Ok(kib * 1024.0 / 1e6)
}
