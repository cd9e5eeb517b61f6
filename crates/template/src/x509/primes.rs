//! Random primes for RSA keys.
//!
//! A random odd number starts a window, small primes sieve it, and what is left is tried in order by Miller and Rabin's
//! test: first to the base 2, whose steps are squarings alone, then to random bases. Arithmetic is Montgomery's over
//! words of 64 bits, with the length known to the compiler: several times as fast as arithmetic for numbers of any size.

use rsa::BigUint;
use sha2::{Digest as _, Sha256};

/// Candidates of one window, which are odd numbers in a row.
const WINDOW: usize = 4096;
/// Rounds to random bases: fewer wrong primes than one in 2^100 from five on, for 1,024 bits and more (FIPS 186-5, table B.1).
const ROUNDS: usize = 5;
/// The public exponent of every key.
pub(super) const EXPONENT: u64 = 65537;

/// Random bytes that follow from a seed of 256 bits: SHA-256 in counter mode.
struct Stream {
    seed: [u8; 32],
    count: u64,
}

impl Stream {
    fn words<const N: usize>(&mut self) -> [u64; N] {
        let mut out = [0; N];
        for chunk in out.chunks_mut(4) {
            let sum = Sha256::new().chain_update(self.seed).chain_update(self.count.to_le_bytes()).finalize();
            self.count += 1;
            for (word, bytes) in chunk.iter_mut().zip(sum.chunks_exact(8)) {
                *word = bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
            }
        }
        out
    }
}

/// Returns two primes of `N` words each, whose product has all of its bits; they follow from the seeds alone.
pub(super) fn pair<const N: usize>(seeds: [[u8; 32]; 2]) -> (BigUint, BigUint) {
    let [first, second] = seeds.map(|seed| Stream { seed, count: 0 });
    std::thread::scope(|scope| {
        let other = scope.spawn(|| find::<N>(second));
        let mine = find::<N>(first);
        // A thread that cannot end well ends the run as its cause would have here.
        let other = other.join().unwrap_or_else(|cause| std::panic::resume_unwind(cause));
        (number(&mine), number(&other))
    })
}

fn number(words: &[u64]) -> BigUint {
    let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
    BigUint::from_bytes_le(&bytes)
}

fn find<const N: usize>(mut random: Stream) -> [u64; N] {
    let small = small_primes(N * 4096);
    loop {
        let mut start: [u64; N] = random.words();
        start[0] |= 1;
        // With the two highest bits set in both, a product has twice the bits.
        start[N - 1] |= 3 << 62;
        for (place, composite) in sieve(&start, &small).into_iter().enumerate() {
            if composite {
                continue;
            }
            let Some(candidate) = plus(&start, 2 * place as u64) else { break };
            if remainder(&candidate, EXPONENT) != 1 && is_prime(&candidate, &mut random) {
                return candidate;
            }
        }
    }
}

/// Returns the odd primes below a bound.
fn small_primes(below: usize) -> Vec<u64> {
    let mut composite = vec![false; below];
    let mut primes = Vec::new();
    for n in (3..below).step_by(2) {
        if !composite[n] {
            primes.push(n as u64);
            for multiple in (n * n..below).step_by(2 * n) {
                composite[multiple] = true;
            }
        }
    }
    primes
}

/// Says of each odd number of the window whether a small prime divides it.
fn sieve(start: &[u64], small: &[u64]) -> Vec<bool> {
    let mut composite = vec![false; WINDOW];
    let mut rest = small;
    while !rest.is_empty() {
        // One long division for as many primes as have a product of one word.
        let (mut product, mut taken) = (1_u64, 0);
        while let Some(next) = rest.get(taken).and_then(|p| product.checked_mul(*p)) {
            (product, taken) = (next, taken + 1);
        }
        let whole = remainder(start, product);
        for &prime in &rest[..taken] {
            // The first k with start + 2k = 0 modulo the prime, whose inverse of 2 is (prime + 1) / 2.
            let first = (prime - whole % prime) % prime * prime.div_ceil(2) % prime;
            for place in (first as usize..WINDOW).step_by(prime as usize) {
                composite[place] = true;
            }
        }
        rest = &rest[taken..];
    }
    composite
}

fn remainder(words: &[u64], by: u64) -> u64 {
    let by = u128::from(by);
    words.iter().rev().fold(0, |rest: u128, word| (rest << 64 | u128::from(*word)) % by) as u64
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

fn is_prime<const N: usize>(n: &[u64; N], random: &mut Stream) -> bool {
    let field = Montgomery::new(n);
    let mut two = field.one;
    field.double(&mut two);
    field.passes(&two) && (0..ROUNDS).all(|_| field.passes(&field.below(random.words())))
}

/// Arithmetic modulo an odd number whose highest bit is set. Numbers are kept multiplied by 2^(64 N).
struct Montgomery<'a, const N: usize> {
    n: &'a [u64; N],
    /// -1/n modulo 2^64.
    inverse: u64,
    one: [u64; N],
}

impl<'a, const N: usize> Montgomery<'a, N> {
    fn new(n: &'a [u64; N]) -> Self {
        // Newton's step doubles the right bits: 3 at first, 64 after five.
        let inverse = (0..5).fold(n[0], |x, _| x.wrapping_mul(2_u64.wrapping_sub(n[0].wrapping_mul(x))));
        let mut one = [0; N];
        subtract(&mut one, n);
        Self { n, inverse: inverse.wrapping_neg(), one }
    }

    /// Brings a number of `N` words below the modulus.
    fn below(&self, mut x: [u64; N]) -> [u64; N] {
        if !less(&x, self.n) {
            subtract(&mut x, self.n);
        }
        x
    }

    fn double(&self, x: &mut [u64; N]) {
        let mut carry = 0;
        for word in x.iter_mut() {
            (*word, carry) = (*word << 1 | carry, *word >> 63);
        }
        if carry != 0 || !less(x, self.n) {
            subtract(x, self.n);
        }
    }

    /// Miller and Rabin's test to one base.
    fn passes(&self, base: &[u64; N]) -> bool {
        let mut minus_one = *self.n;
        subtract(&mut minus_one, &self.one);
        if base.iter().all(|w| *w == 0) || *base == self.one || *base == minus_one {
            return true;
        }
        let mut even = *self.n;
        even[0] -= 1;
        let twos = (0..64 * N).find(|bit| even[bit / 64] >> (bit % 64) & 1 == 1).unwrap_or(0);
        let is_two = {
            let mut two = self.one;
            self.double(&mut two);
            two == *base
        };
        // The highest bit of n - 1 is set: its power is the base itself.
        let mut x = *base;
        for bit in (twos..64 * N - 1).rev() {
            x = self.square(&x);
            if even[bit / 64] >> (bit % 64) & 1 == 1 {
                if is_two {
                    self.double(&mut x);
                } else {
                    x = self.multiply(&x, base);
                }
            }
        }
        if x == self.one || x == minus_one {
            return true;
        }
        (1..twos).any(|_| {
            x = self.square(&x);
            x == minus_one
        })
    }

    fn square(&self, a: &[u64; N]) -> [u64; N] {
        let mut wide = [[0; N]; 2];
        let words = wide.as_flattened_mut();
        // The products of two different words, then twice that and the squares.
        for (i, word) in a.iter().enumerate() {
            let mut carry = 0;
            for (place, other) in words[2 * i + 1..i + N].iter_mut().zip(&a[i + 1..]) {
                carry = add_product(place, *word, *other, carry);
            }
            words[i + N] = carry;
        }
        let (mut top, mut carry) = (0, 0);
        for (pair, word) in words.chunks_exact_mut(2).zip(a) {
            let square = u128::from(*word) * u128::from(*word);
            for (place, part) in pair.iter_mut().zip([square as u64, (square >> 64) as u64]) {
                let sum = u128::from(*place << 1 | top) + u128::from(part) + u128::from(carry);
                top = *place >> 63;
                (*place, carry) = (sum as u64, (sum >> 64) as u64);
            }
        }
        self.reduce(wide)
    }

    fn multiply(&self, a: &[u64; N], b: &[u64; N]) -> [u64; N] {
        let mut wide = [[0; N]; 2];
        let words = wide.as_flattened_mut();
        for (i, word) in a.iter().enumerate() {
            let mut carry = 0;
            for (place, other) in words[i..i + N].iter_mut().zip(b) {
                carry = add_product(place, *word, *other, carry);
            }
            words[i + N] = carry;
        }
        self.reduce(wide)
    }

    /// Divides a number of twice the length by 2^(64 N).
    fn reduce(&self, mut wide: [[u64; N]; 2]) -> [u64; N] {
        let words = wide.as_flattened_mut();
        let mut over = 0;
        for i in 0..N {
            let by = words[i].wrapping_mul(self.inverse);
            let mut carry = 0;
            for (place, n) in words[i..i + N].iter_mut().zip(self.n) {
                carry = add_product(place, by, *n, carry);
            }
            let sum = u128::from(words[i + N]) + u128::from(carry) + u128::from(over);
            (words[i + N], over) = (sum as u64, (sum >> 64) as u64);
        }
        let [_, mut high] = wide;
        if over != 0 || !less(&high, self.n) {
            subtract(&mut high, self.n);
        }
        high
    }
}

/// Adds a product and a carry to a word; returns what goes over.
#[inline(always)]
fn add_product(place: &mut u64, a: u64, b: u64, carry: u64) -> u64 {
    let sum = u128::from(a) * u128::from(b) + u128::from(*place) + u128::from(carry);
    *place = sum as u64;
    (sum >> 64) as u64
}

fn less<const N: usize>(a: &[u64; N], b: &[u64; N]) -> bool {
    a.iter().rev().lt(b.iter().rev())
}

/// Subtracts modulo 2^(64 N).
fn subtract<const N: usize>(a: &mut [u64; N], b: &[u64; N]) {
    let mut borrow = false;
    for (x, y) in a.iter_mut().zip(b) {
        let (value, under) = x.overflowing_sub(*y);
        let (value, under_again) = value.overflowing_sub(u64::from(borrow));
        (*x, borrow) = (value, under || under_again);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint_dig::prime::probably_prime;

    #[test]
    fn primes_have_their_bits_and_follow_from_the_seeds() {
        let (p, q) = pair::<8>([[1; 32], [2; 32]]);
        for n in [&p, &q] {
            assert_eq!(n.bits(), 512);
            assert!(probably_prime(n, 20), "{n}");
        }
        assert_eq!((&p * &q).bits(), 1024);
        assert_ne!(p, q);
        assert_eq!(pair::<8>([[1; 32], [2; 32]]), (p, q));
    }

    #[test]
    fn the_test_agrees_with_one_of_another_make() {
        let mut random = Stream { seed: [7; 32], count: 0 };
        let mut primes = 0;
        for _ in 0..300 {
            let mut n: [u64; 2] = random.words();
            n[0] |= 1;
            n[1] |= 1 << 63;
            let found = is_prime(&n, &mut random);
            primes += u32::from(found);
            assert_eq!(found, probably_prime(&number(&n), 20), "{n:?}");
        }
        assert!(primes > 0, "300 odd numbers of 128 bits hold about seven primes");
    }

    #[test]
    fn products_are_reduced_as_long_division_does() {
        let mut random = Stream { seed: [9; 32], count: 0 };
        for _ in 0..100 {
            let mut n: [u64; 4] = random.words();
            n[0] |= 1;
            n[3] |= 1 << 63;
            let field = Montgomery::new(&n);
            let (a, b) = (field.below(random.words()), field.below(random.words()));
            let (modulus, shift) = (number(&n), number(&[0, 0, 0, 0, 1]));
            let back = |x: &[u64]| number(x) * &shift % &modulus;
            assert_eq!(back(&field.multiply(&a, &b)), number(&a) * number(&b) % &modulus);
            assert_eq!(field.square(&a), field.multiply(&a, &a));
        }
    }
}
