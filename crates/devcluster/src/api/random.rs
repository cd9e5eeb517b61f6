//! Names and identifiers that only have to be unlike each other.

use std::hash::{BuildHasher as _, DefaultHasher, Hash as _, Hasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// The letters of generated names: no vowels and no look-alikes (apimachinery `util/rand`).
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// A source of random numbers, seeded once. Good for names, not for secrets.
pub(crate) struct Random {
    seed: u64,
    count: AtomicU64,
}

impl Random {
    /// Seeds it with a number, or by the system.
    pub(crate) fn new(seed: Option<u64>) -> Self {
        let seed = seed.unwrap_or_else(|| RandomState::new().hash_one(0_u8));
        Self { seed, count: AtomicU64::new(0) }
    }

    /// Returns the next number.
    pub(crate) fn next(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.seed, self.count.fetch_add(1, Ordering::Relaxed)).hash(&mut hasher);
        hasher.finish()
    }

    /// Returns a version 4 UUID.
    pub(crate) fn uuid(&self) -> String {
        let (high, low) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            0x8000 | (low >> 48) & 0x3fff,
            low & 0xffff_ffff_ffff
        )
    }

    /// Returns a name's suffix of a number of letters.
    pub(crate) fn suffix(&self, letters: usize) -> String {
        let mut number = self.next();
        (0..letters)
            .map(|_| {
                let at = usize::try_from(number % 27).unwrap_or_default();
                number /= 27;
                char::from(LETTERS[at])
            })
            .collect()
    }
}

/// Encodes a hash so that it can stand in a name (apimachinery `rand.SafeEncodeString`).
pub(crate) fn safe_encode(text: &str) -> String {
    text.bytes().map(|b| char::from(LETTERS[usize::from(b) % LETTERS.len()])).collect()
}

/// FNV-1a, 32 bits.
pub(crate) fn fnv32a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |h, b| (h ^ u32::from(*b)).wrapping_mul(0x0100_0193))
}
