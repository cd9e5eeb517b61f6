/// Tells the time for `now`, `ago` and certificates.
pub trait Clock {
    /// Returns nanoseconds since 1970-01-01T00:00:00Z.
    fn now_nanos(&self) -> i128;
}

/// Gives random bytes for keys, passwords and identifiers.
pub trait Random {
    /// Fills `out` with bytes that nobody can foretell.
    fn fill(&self, out: &mut [u8]);
}

/// What a run may ask of the world.
#[derive(Clone, Copy)]
pub struct Ports<'a> {
    /// The time.
    pub clock: &'a dyn Clock,
    /// Random bytes.
    pub random: &'a dyn Random,
}

/// A clock that stands still, for renders that must come out the same each time.
pub struct FixedClock(pub i128);

impl Clock for FixedClock {
    fn now_nanos(&self) -> i128 {
        self.0
    }
}

/// Bytes that follow from a seed alone: the same each time, hence no secret. For diffs and tests.
pub struct SeededRandom(std::cell::Cell<u64>);

impl SeededRandom {
    /// Returns a sequence of bytes by its seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(std::cell::Cell::new(seed))
    }
}

impl Random for SeededRandom {
    fn fill(&self, out: &mut [u8]) {
        for chunk in out.chunks_mut(8) {
            // splitmix64
            self.0.set(self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
            let mut z = self.0.get();
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^= z >> 31;
            chunk.copy_from_slice(&z.to_le_bytes()[..chunk.len()]);
        }
    }
}

/// Finds objects of a cluster for Helm's `lookup`.
pub trait Lookup {
    /// Returns an object, or a list of them where no name is given; nothing where there is none.
    ///
    /// # Errors
    /// The cluster cannot be asked; the message goes into the template's error.
    fn lookup(&self, wanted: &Wanted<'_>) -> Result<Option<fairway_value::Value>, String>;
}

/// What a template looks up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// Such as `apps/v1`.
    pub api_version: &'a str,
    /// Such as `Deployment`.
    pub kind: &'a str,
    /// Empty for every namespace, and for objects that have none.
    pub namespace: &'a str,
    /// Empty for all objects.
    pub name: &'a str,
}
