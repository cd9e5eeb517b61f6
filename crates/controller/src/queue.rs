use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet, VecDeque};
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use tokio::sync::Notify;
use tokio::time::{Duration, Instant};

/// How much of the line an item has to go along. The order is by thoroughness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Live objects changed: compare with what was rendered.
    #[default]
    Live,
    /// The revision may have moved, or settings changed: resolve it, and render what changed.
    Source,
    /// A person asked: render anew, past every cache.
    Hard,
}

/// A queue of keys, each at most once, each handled by one worker at a time.
///
/// Adding a key that waits raises its level; adding one that is being handled queues it again for afterwards. Its
/// length is bounded by the number of keys that exist.
pub struct Queue<K> {
    state: Mutex<State<K>>,
    wake: Notify,
}

struct State<K> {
    waiting: HashMap<K, Level>,
    order: VecDeque<K>,
    handled: HashSet<K>,
    later: BinaryHeap<Reverse<(Instant, u64)>>,
    timers: HashMap<u64, (K, Level)>,
    /// The earliest timer of each key and level: a later one adds nothing.
    earliest: HashMap<(K, Level), Instant>,
    sequence: u64,
}

impl<K: Clone + Eq + Hash> Default for Queue<K> {
    fn default() -> Self {
        let state = State {
            waiting: HashMap::new(),
            order: VecDeque::new(),
            handled: HashSet::new(),
            later: BinaryHeap::new(),
            timers: HashMap::new(),
            earliest: HashMap::new(),
            sequence: 0,
        };
        Self { state: Mutex::new(state), wake: Notify::new() }
    }
}

impl<K: Clone + Eq + Hash> Queue<K> {
    fn lock(&self) -> std::sync::MutexGuard<'_, State<K>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a key now.
    pub fn add(&self, key: K, level: Level) {
        self.lock().add(key, level);
        self.wake.notify_one();
    }

    /// Queues a key after a while. Of several the earliest counts.
    pub fn add_after(&self, key: K, level: Level, wait: Duration) {
        if wait.is_zero() {
            return self.add(key, level);
        }
        let due = Instant::now() + wait;
        let mut state = self.lock();
        let slot = (key.clone(), level);
        if state.earliest.get(&slot).is_some_and(|at| *at <= due) {
            return;
        }
        state.earliest.insert(slot, due);
        state.sequence += 1;
        let id = state.sequence;
        state.later.push(Reverse((due, id)));
        state.timers.insert(id, (key, level));
        drop(state);
        self.wake.notify_one();
    }

    /// Returns how many keys wait to be handled.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().order.len()
    }

    /// Waits for a key that nobody handles. [`Queue::done`] must be called for it afterwards.
    pub async fn next(&self) -> (K, Level) {
        loop {
            let woken = self.wake.notified();
            let due = {
                let mut state = self.lock();
                state.ripen(Instant::now());
                if let Some(item) = state.take() {
                    if !state.order.is_empty() {
                        // One permit may stand for several keys.
                        self.wake.notify_one();
                    }
                    return item;
                }
                state.later.peek().map(|Reverse((due, _))| *due)
            };
            match due {
                None => woken.await,
                Some(due) => {
                    tokio::select! {
                        biased;
                        () = woken => {}
                        () = tokio::time::sleep_until(due) => {}
                    }
                }
            }
        }
    }

    /// Says that a key has been handled.
    pub fn done(&self, key: &K) {
        self.lock().handled.remove(key);
        self.wake.notify_one();
    }
}

impl<K: Clone + Eq + Hash> State<K> {
    fn add(&mut self, key: K, level: Level) {
        match self.waiting.get_mut(&key) {
            Some(at) => *at = (*at).max(level),
            None => {
                self.waiting.insert(key.clone(), level);
                self.order.push_back(key);
            }
        }
    }

    /// Moves what is due to the keys that wait.
    fn ripen(&mut self, now: Instant) {
        while let Some(Reverse((due, id))) = self.later.peek().copied() {
            if due > now {
                break;
            }
            self.later.pop();
            if let Some((key, level)) = self.timers.remove(&id) {
                let slot = (key.clone(), level);
                if self.earliest.get(&slot) == Some(&due) {
                    self.earliest.remove(&slot);
                }
                self.add(key, level);
            }
        }
    }

    /// Takes the first key that nobody handles.
    fn take(&mut self) -> Option<(K, Level)> {
        let at = self.order.iter().position(|k| !self.handled.contains(k))?;
        let key = self.order.remove(at)?;
        let level = self.waiting.remove(&key).unwrap_or_default();
        self.handled.insert(key.clone());
        Some((key, level))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_key_that_waits_is_there_once_with_the_highest_level() {
        let queue = Queue::default();
        queue.add("a", Level::Live);
        queue.add("b", Level::Live);
        queue.add("a", Level::Source);
        assert_eq!(queue.next().await, ("a", Level::Source));
        assert_eq!(queue.next().await, ("b", Level::Live));
        assert_eq!(queue.len(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_that_is_handled_is_not_handed_out_again_before_it_is_done() {
        let queue = Queue::default();
        queue.add("a", Level::Live);
        queue.next().await;
        queue.add("a", Level::Hard);
        queue.add("b", Level::Live);
        assert_eq!(queue.next().await.0, "b");
        assert!(tokio::time::timeout(Duration::from_secs(60), queue.next()).await.is_err());
        queue.done(&"a");
        assert_eq!(queue.next().await, ("a", Level::Hard));
    }

    #[tokio::test(start_paused = true)]
    async fn of_several_timers_the_earliest_counts() {
        let queue = Queue::default();
        let start = Instant::now();
        queue.add_after("a", Level::Live, Duration::from_secs(60));
        queue.add_after("a", Level::Live, Duration::from_secs(5));
        queue.add_after("a", Level::Live, Duration::from_secs(30));
        queue.next().await;
        queue.done(&"a");
        assert_eq!(start.elapsed().as_secs(), 5);
    }

    /// What somebody asked for: satisfied by a turn of the key, at least as thorough, any time after.
    #[derive(Debug)]
    struct Demand {
        key: u64,
        level: Level,
        due: Instant,
    }

    /// Plays a queue with random adds, timers, turns and pauses, and checks after every step that no two workers have one
    /// key, that nobody gets a turn that nobody asked for, and that what is due is handed out.
    async fn play(seed: u64) {
        let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut roll = |sides: u64| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random % sides
        };
        let queue = Queue::default();
        let (mut demands, mut handled): (Vec<Demand>, Vec<u64>) = (Vec::new(), Vec::new());
        let mut asked_for = HashSet::new();
        for step in 0..600 {
            let (key, level) =
                (roll(6), [Level::Live, Level::Source, Level::Hard][usize::try_from(roll(3)).unwrap()]);
            match roll(6) {
                0 => {
                    asked_for.insert((key, level));
                    demands.push(Demand { key, level, due: Instant::now() });
                    queue.add(key, level);
                }
                1 | 2 => {
                    let wait = Duration::from_millis(roll(400));
                    asked_for.insert((key, level));
                    demands.push(Demand { key, level, due: Instant::now() + wait });
                    queue.add_after(key, level, wait);
                }
                3 => tokio::time::advance(Duration::from_millis(roll(200))).await,
                4 if !handled.is_empty() => {
                    let at = usize::try_from(roll(6)).unwrap() % handled.len();
                    queue.done(&handled.remove(at));
                }
                _ => {
                    let turn = tokio::time::timeout(Duration::ZERO, queue.next()).await.ok();
                    let asked = |d: &Demand| !handled.contains(&d.key);
                    if let Some((key, level)) = turn {
                        let known = asked_for.contains(&(key, level)) && !handled.contains(&key);
                        assert!(known, "seed {seed}, step {step}: {key} at {level:?}, handled {handled:?}");
                        demands.retain(|d| d.key != key || d.level > level);
                        let late = demands.iter().find(|d| d.key == key && d.due < Instant::now());
                        assert!(late.is_none(), "seed {seed}, step {step}: less thorough than {late:?}");
                        handled.push(key);
                    } else {
                        let due = demands.iter().find(|d| asked(d) && d.due < Instant::now());
                        assert!(due.is_none(), "seed {seed}, step {step}: nobody gets {due:?}");
                    }
                }
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whatever_happens_what_is_due_is_handed_out_once_at_a_time() {
        for seed in 0..200 {
            play(seed).await;
        }
    }
}
