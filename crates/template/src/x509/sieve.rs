//! Rules out numbers that small primes divide.

use super::primes::EXPONENT;
use std::sync::OnceLock;

/// Odd numbers in a row that are looked at together.
const WINDOW: usize = 4096;
/// The small primes' bound. A deeper sieve costs more than the tests it saves.
const BOUND: usize = 1 << 17;

/// Small primes that one long division serves.
struct Group {
    /// At most 2^62, so that squares of what is at most twice as much reduce to at most twice as much.
    product: u64,
    /// -1/product modulo 2^64.
    inverse: u64,
    /// 2^128 modulo the product.
    square: u64,
    primes: Vec<u32>,
}

impl Group {
    fn new(primes: Vec<u32>) -> Self {
        let product = primes.iter().map(|p| u64::from(*p)).product::<u64>();
        let inverse =
            (0..5).fold(product, |x, _| x.wrapping_mul(2_u64.wrapping_sub(product.wrapping_mul(x))));
        let square = (u128::MAX % u128::from(product) + 1) as u64;
        Self { product, inverse: inverse.wrapping_neg(), square, primes }
    }

    /// Divides by 2^64 modulo the product. The outcome is at most twice the product, where the number is at most four times
    /// its square or hardly more than a word.
    fn reduce(&self, number: u128) -> u64 {
        let by = (number as u64).wrapping_mul(self.inverse);
        ((number + u128::from(by) * u128::from(self.product)) >> 64) as u64
    }

    /// Returns what is a number's remainder by each of the primes too.
    fn remainder<const N: usize>(&self, number: &[u64; N]) -> u64 {
        const { assert!(N.is_power_of_two()) };
        // Each word divides by 2^64 once more; 2^(64 (N + 1)) undoes that, and the reduction after it.
        let divided = number.iter().fold(0, |rest, word| self.reduce(u128::from(rest) + u128::from(*word)));
        let undo = (0..N.ilog2()).fold(self.square, |x, _| self.reduce(u128::from(x) * u128::from(x)));
        self.reduce(u128::from(divided) * u128::from(undo))
    }
}

/// Returns the odd primes below the bound, from the least.
fn groups() -> &'static [Group] {
    static GROUPS: OnceLock<Vec<Group>> = OnceLock::new();
    GROUPS.get_or_init(|| {
        // Of each odd number 2i + 1.
        let mut composite = vec![false; BOUND / 2];
        let (mut groups, mut primes, mut product) = (Vec::new(), Vec::new(), 1_u64);
        for prime in (3..BOUND).step_by(2) {
            if composite[prime / 2] {
                continue;
            }
            for multiple in (prime * prime / 2..BOUND / 2).step_by(prime) {
                composite[multiple] = true;
            }
            product = product.checked_mul(prime as u64).filter(|product| *product <= 1 << 62).unwrap_or_else(
                || {
                    groups.push(Group::new(std::mem::take(&mut primes)));
                    prime as u64
                },
            );
            primes.push(prime as u32);
        }
        groups.push(Group::new(primes));
        groups
    })
}

/// Returns each k below the window's length for which start + 2k has no small factor and does not follow a multiple of
/// the public exponent.
pub(super) fn sieve<const N: usize>(start: &[u64; N]) -> Vec<u64> {
    let mut ruled_out = [false; WINDOW];
    // The first k with rest + 2k = 0 modulo the prime, and each after it.
    let mut rule_out = |rest: u64, prime: u64| {
        let needed = (prime - rest) % prime;
        let first = (needed + if needed % 2 == 1 { prime } else { 0 }) / 2;
        for place in (first as usize..WINDOW).step_by(prime as usize) {
            ruled_out[place] = true;
        }
    };
    for group in groups() {
        let rest = group.remainder(start);
        for prime in &group.primes {
            rule_out(rest % u64::from(*prime), u64::from(*prime));
        }
    }
    let exponent = Group::new(vec![EXPONENT as u32]);
    rule_out((exponent.remainder(start) + EXPONENT - 1) % EXPONENT, EXPONENT);
    (0..).zip(ruled_out).filter(|(_, ruled_out)| !ruled_out).map(|(place, _)| place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remainder(number: &[u64], by: u64) -> u64 {
        number.iter().rev().fold(0, |rest, word| (rest << 64 | u128::from(*word)) % u128::from(by)) as u64
    }

    fn compare<const N: usize>() {
        let start: [u64; N] =
            std::array::from_fn(|i| 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(2 * i as u64 + 1) | 1);
        let rest = |by| remainder(&start, by);
        let primes = groups().iter().flat_map(|group| &group.primes);
        let rests: Vec<(u64, u64)> = primes.map(|p| (rest(u64::from(*p)), u64::from(*p))).collect();
        assert_eq!((rests.len(), rests[0].1, rests[12_249].1), (12_250, 3, 131_071));
        let left = sieve(&start);
        for k in (0..WINDOW as u64).step_by(5) {
            let divides = rests.iter().any(|(rest, prime)| (rest + 2 * k) % prime == 0);
            let follows = (rest(EXPONENT) + 2 * k) % EXPONENT == 1;
            assert_eq!(left.contains(&k), !divides && !follows, "{k}");
        }
    }

    #[test]
    fn what_is_left_has_no_small_factor_and_what_is_ruled_out_has_one() {
        compare::<8>();
        compare::<16>();
        compare::<32>();
    }

    #[test]
    fn what_follows_a_multiple_of_the_exponent_is_ruled_out() {
        let number = |low: u64| [low, 3, 5, 7, 11, 13, 17, 19];
        let primes: Vec<u32> = groups().iter().flat_map(|group| group.primes.clone()).collect();
        let low = (1..)
            .step_by(2)
            .filter(|low| remainder(&number(*low), EXPONENT) == 1)
            .find(|low| primes.iter().all(|p| remainder(&number(*low), u64::from(*p)) != 0))
            .expect("one in eight");
        assert!(!sieve(&number(low - 14)).contains(&7));
    }
}
