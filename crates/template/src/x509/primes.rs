//! Random primes for RSA keys.
//!
//! A random odd number starts a window, small primes sieve it, and what is left is tried in order by Miller and Rabin's
//! test: first to the base 2, whose steps are squarings alone, then to random bases. Threads share the candidates of
//! one window; which prime is found follows from the seed alone, as it is the first in order, whoever comes to it.

use super::lanes;
use super::montgomery::Montgomery;
use super::sieve::sieve;
use rsa::BigUint;
use sha2::{Digest as _, Sha256};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Rounds to random bases: fewer wrong primes than one in 2^100 from five on, for 1,024 bits and more (FIPS 186-5, table B.1).
const ROUNDS: usize = 5;
/// The public exponent of every key.
pub(super) const EXPONENT: u64 = 65537;
/// The purpose of random words that start a window; those for a candidate's bases are named by its lowest word, which is odd.
const START: u64 = 0;

/// Random bytes that follow from a seed of 256 bits and a name: SHA-256 in counter mode.
struct Stream {
    seed: [u8; 32],
    name: [u64; 2],
    count: u64,
}

impl Stream {
    fn words<const N: usize>(&mut self) -> [u64; N] {
        let mut out = [0; N];
        for chunk in out.chunks_mut(4) {
            let mut sum = Sha256::new_with_prefix(self.seed);
            for number in [self.name[0], self.name[1], self.count] {
                sum.update(number.to_le_bytes());
            }
            self.count += 1;
            for (word, bytes) in chunk.iter_mut().zip(sum.finalize().chunks_exact(8)) {
                *word = bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
            }
        }
        out
    }
}

/// Returns two primes of `N` words each, whose product has all of its bits; they follow from the seeds alone.
pub(super) fn pair<const N: usize>(seeds: [[u8; 32]; 2]) -> (BigUint, BigUint) {
    let [p, q] = search::<N>(seeds, lanes::fit(N), |work| {
        std::thread::scope(|scope| {
            let other = scope.spawn(|| work(1));
            work(0);
            // A thread that cannot end well ends the run as its cause would have here.
            other.join().unwrap_or_else(|cause| std::panic::resume_unwind(cause));
        });
    });
    (number(&p), number(&q))
}

fn number(words: &[u64]) -> BigUint {
    let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
    BigUint::from_bytes_le(&bytes)
}

/// Finds a prime for each seed. `run` does some work as worker 0 and as worker 1.
fn search<const N: usize>(
    seeds: [[u8; 32]; 2],
    in_lanes: bool,
    run: impl Fn(&(dyn Fn(usize) + Sync)),
) -> [[u64; N]; 2] {
    let mut hunts = seeds.map(|seed| Hunt::<N>::new(seed, 0));
    loop {
        run(&|worker| {
            // Each worker sieves for one prime; then all try the candidates for the one and for the other.
            hunts[worker].candidates();
            hunts.iter().for_each(|hunt| hunt.try_candidates(in_lanes));
        });
        run(&|worker| hunts[worker].confirm(in_lanes));
        if let [Some(p), Some(q)] = hunts.each_ref().map(Hunt::prime) {
            return [p, q];
        }
        hunts.iter_mut().for_each(Hunt::go_on);
    }
}

/// The search for one prime, in one window.
struct Hunt<const N: usize> {
    seed: [u8; 32],
    window: u64,
    candidates: OnceLock<Vec<[u64; N]>>,
    /// The first candidate that nobody tries yet.
    next: AtomicUsize,
    /// The first candidate that is known to pass the test to the base 2.
    found: AtomicUsize,
    /// Whether that one passes the test to random bases.
    confirmed: OnceLock<bool>,
}

impl<const N: usize> Hunt<N> {
    fn new(seed: [u8; 32], window: u64) -> Self {
        Self {
            seed,
            window,
            candidates: OnceLock::new(),
            next: AtomicUsize::new(0),
            found: AtomicUsize::new(usize::MAX),
            confirmed: OnceLock::new(),
        }
    }

    fn random(&self, purpose: u64) -> Stream {
        Stream { seed: self.seed, name: [self.window, purpose], count: 0 }
    }

    fn candidates(&self) -> &[[u64; N]] {
        self.candidates.get_or_init(|| {
            let mut start: [u64; N] = self.random(START).words();
            start[0] |= 1;
            // With the two highest bits set in both, a product has twice the bits.
            start[N - 1] |= 3 << 62;
            sieve(&start).into_iter().map_while(|place| plus(&start, 2 * place)).collect()
        })
    }

    /// Tries candidates that nobody else does, until one is found, by whomever, before all that are left.
    fn try_candidates(&self, in_lanes: bool) {
        let candidates = self.candidates();
        let step = if in_lanes { lanes::LANES } else { 1 };
        loop {
            let first = self.next.fetch_add(step, Ordering::Relaxed);
            if first >= candidates.len() || first > self.found.load(Ordering::Relaxed) {
                return;
            }
            let some = candidates[first..].iter().take(step);
            let fields: Vec<_> = some.map(Montgomery::new).collect();
            let bases: Vec<_> = fields.iter().map(Montgomery::two).collect();
            if let Some(place) = pass(&fields, &bases, in_lanes).iter().position(|passes| *passes) {
                self.found.fetch_min(first + place, Ordering::Relaxed);
            }
        }
    }

    /// Tests what was found to random bases.
    fn confirm(&self, in_lanes: bool) {
        let Some(candidate) = self.candidates().get(self.found.load(Ordering::Relaxed)) else { return };
        self.confirmed.get_or_init(|| {
            let mut random = self.random(candidate[0]);
            let fields: Vec<_> = (0..ROUNDS).map(|_| Montgomery::new(candidate)).collect();
            let bases: Vec<_> = fields.iter().map(|field| field.below(0, random.words())).collect();
            pass(&fields, &bases, in_lanes).iter().all(|passes| *passes)
        });
    }

    fn prime(&self) -> Option<[u64; N]> {
        let confirmed = self.confirmed.get().is_some_and(|confirmed| *confirmed);
        self.candidates().get(self.found.load(Ordering::Relaxed)).filter(|_| confirmed).copied()
    }

    /// Makes ready for the candidates after one that was not confirmed, or for the next window.
    fn go_on(&mut self) {
        if self.prime().is_some() {
            return;
        }
        let found = *self.found.get_mut();
        if found == usize::MAX {
            *self = Self::new(self.seed, self.window + 1);
        } else {
            (*self.next.get_mut(), *self.found.get_mut()) = (found + 1, usize::MAX);
            self.confirmed = OnceLock::new();
        }
    }
}

/// Says for each field whether its number passes Miller and Rabin's test to its base.
fn pass<const N: usize>(fields: &[Montgomery<N>], bases: &[[u64; N]], in_lanes: bool) -> Vec<bool> {
    let side_by_side = if in_lanes { lanes::pass(fields, bases) } else { None };
    let one_by_one = || fields.iter().zip(bases).map(|(field, base)| field.passes(base)).collect();
    side_by_side.unwrap_or_else(one_by_one)
}

/// Adds a word, where the sum is no longer than the number.
fn plus<const N: usize>(words: &[u64; N], add: u64) -> Option<[u64; N]> {
    let mut sum = *words;
    let mut carry = add;
    for word in &mut sum {
        let (value, over) = word.overflowing_add(carry);
        (*word, carry) = (value, u64::from(over));
    }
    (carry == 0).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint_dig::prime::probably_prime;

    fn on_one_thread(work: &(dyn Fn(usize) + Sync)) {
        work(0);
        work(1);
    }

    #[test]
    fn primes_have_their_bits_and_follow_from_the_seeds() {
        let seeds = [[1; 32], [2; 32]];
        let (p, q) = pair::<16>(seeds);
        for n in [&p, &q] {
            assert_eq!(n.bits(), 1024);
            assert!(probably_prime(n, 20), "{n}");
            assert_ne!(n % EXPONENT, BigUint::from(1_u8));
        }
        assert_eq!((&p * &q).bits(), 2048);
        assert_ne!(p, q);
        assert_eq!(pair::<16>(seeds), (p, q));
    }

    #[test]
    fn threads_and_lanes_find_the_first_prime_in_order() {
        for seed in 0..2 {
            let seeds = [[seed; 32], [seed + 100; 32]];
            let first = seeds.map(|seed| {
                let start = Hunt::<16>::new(seed, 0).candidates()[0];
                (0..)
                    .map(|k| plus(&start, 2 * k).expect("far from the end"))
                    .find(|n| number(n) % EXPONENT != BigUint::from(1_u8) && probably_prime(&number(n), 0))
            });
            let alone: [[u64; 16]; 2] = search(seeds, false, on_one_thread);
            assert_eq!(first, alone.map(Some), "{seed}");
            assert_eq!(pair::<16>(seeds), (number(&alone[0]), number(&alone[1])), "{seed}");
        }
    }

    #[test]
    fn what_passes_to_the_base_two_alone_is_not_confirmed() {
        for in_lanes in [false, lanes::fit(16)] {
            let mut hunt = Hunt::<16>::new([5; 32], 0);
            // The first candidate, which is no prime, as if it had passed.
            assert!(!probably_prime(&number(&hunt.candidates()[0]), 0));
            *hunt.found.get_mut() = 0;
            hunt.confirm(in_lanes);
            assert_eq!(hunt.prime(), None);
            hunt.go_on();
            assert_eq!((*hunt.next.get_mut(), *hunt.found.get_mut()), (1, usize::MAX));
            hunt.try_candidates(in_lanes);
            hunt.confirm(in_lanes);
            assert!(hunt.prime().is_some_and(|prime| probably_prime(&number(&prime), 20)));
        }
    }

    #[test]
    fn candidates_have_their_two_highest_bits() {
        for seed in 0..8 {
            assert_eq!(Hunt::<8>::new([seed; 32], 0).candidates()[0][7] >> 62, 3);
        }
    }
}
