//! Arithmetic modulo a candidate, and Miller and Rabin's test of it.
//!
//! The arithmetic is Montgomery's over words of 64 bits, with the length known to the compiler: several times as fast as
//! arithmetic for numbers of any size.

/// Arithmetic modulo an odd number whose highest bit is set. Numbers are kept multiplied by 2^(64 N).
pub(super) struct Montgomery<const N: usize> {
    pub n: [u64; N],
    /// -1/n modulo 2^64.
    pub inverse: u64,
    pub one: [u64; N],
    minus_one: [u64; N],
    /// How often two divides n - 1.
    pub twos: usize,
}

impl<const N: usize> Montgomery<N> {
    pub fn new(n: &[u64; N]) -> Self {
        // Newton's step doubles the right bits: 3 at first, 64 after five.
        let inverse = (0..5).fold(n[0], |x, _| x.wrapping_mul(2_u64.wrapping_sub(n[0].wrapping_mul(x))));
        let mut one = [0; N];
        subtract(&mut one, n);
        let mut minus_one = *n;
        subtract(&mut minus_one, &one);
        let twos = (1..64 * N).find(|place| bit(n, *place)).unwrap_or(0);
        Self { n: *n, inverse: inverse.wrapping_neg(), one, minus_one, twos }
    }

    pub fn two(&self) -> [u64; N] {
        self.double(&self.one)
    }

    /// Brings a number below the modulus that is below twice the modulus: its words, and what goes over them.
    pub fn below(&self, over: u64, mut x: [u64; N]) -> [u64; N] {
        if over != 0 || !less(&x, &self.n) {
            subtract(&mut x, &self.n);
        }
        x
    }

    pub fn double(&self, x: &[u64; N]) -> [u64; N] {
        let (mut twice, mut carry) = (*x, 0);
        for word in &mut twice {
            (*word, carry) = (*word << 1 | carry, *word >> 63);
        }
        self.below(carry, twice)
    }

    pub fn halve(&self, x: &[u64; N]) -> [u64; N] {
        let (mut half, mut carry) = (*x, 0);
        if x[0] & 1 == 1 {
            for (word, n) in half.iter_mut().zip(&self.n) {
                let sum = u128::from(*word) + u128::from(*n) + u128::from(carry);
                (*word, carry) = (sum as u64, (sum >> 64) as u64);
            }
        }
        for word in half.iter_mut().rev() {
            (*word, carry) = (*word >> 1 | carry << 63, *word & 1);
        }
        half
    }

    /// Miller and Rabin's test to one base.
    pub fn passes(&self, base: &[u64; N]) -> bool {
        // The highest bit of n - 1 is set: its power is the base itself.
        self.passes_from(base, *base, 64 * N - 1)
    }

    /// Ends Miller and Rabin's test, where the base's power to (n - 1) / 2^`from` is known.
    pub fn passes_from(&self, base: &[u64; N], power: [u64; N], from: usize) -> bool {
        if base.iter().all(|w| *w == 0) || *base == self.one || *base == self.minus_one {
            return true;
        }
        let mut x = self.power(base, power, from, self.twos);
        if x == self.one || x == self.minus_one {
            return true;
        }
        (1..self.twos).any(|_| {
            x = self.square(&x);
            x == self.minus_one
        })
    }

    /// Returns the base's power to (n - 1) / 2^`to` from that to (n - 1) / 2^`from`.
    pub fn power(&self, base: &[u64; N], power: [u64; N], from: usize, to: usize) -> [u64; N] {
        let is_two = self.two() == *base;
        (to..from).rev().fold(power, |x, place| {
            let square = self.square(&x);
            match bit(&self.n, place) {
                false => square,
                true if is_two => self.double(&square),
                true => self.multiply(&square, base),
            }
        })
    }

    pub fn square(&self, a: &[u64; N]) -> [u64; N] {
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

    pub fn multiply(&self, a: &[u64; N], b: &[u64; N]) -> [u64; N] {
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
            for (place, n) in words[i..i + N].iter_mut().zip(&self.n) {
                carry = add_product(place, by, *n, carry);
            }
            let sum = u128::from(words[i + N]) + u128::from(carry) + u128::from(over);
            (words[i + N], over) = (sum as u64, (sum >> 64) as u64);
        }
        let [_, high] = wide;
        self.below(over, high)
    }
}

/// Says whether a number has a bit.
fn bit(words: &[u64], place: usize) -> bool {
    words[place / 64] >> (place % 64) & 1 == 1
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
    use rsa::BigUint;

    fn number(words: &[u64]) -> BigUint {
        BigUint::from_bytes_le(&words.iter().flat_map(|w| w.to_le_bytes()).collect::<Vec<u8>>())
    }

    /// Words that look random, the same on each run.
    fn words<const N: usize>(state: &mut u64) -> [u64; N] {
        std::array::from_fn(|_| {
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (*state ^ *state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb)
        })
    }

    fn modulus<const N: usize>(state: &mut u64) -> [u64; N] {
        let mut n: [u64; N] = words(state);
        n[0] |= 1;
        n[N - 1] |= 1 << 63;
        n
    }

    #[test]
    fn the_test_agrees_with_one_of_another_make() {
        let (mut state, mut primes) = (7, 0);
        for _ in 0..300 {
            let n: [u64; 2] = modulus(&mut state);
            let field = Montgomery::new(&n);
            let found = field.passes(&field.two()) && field.passes(&field.below(0, words(&mut state)));
            primes += u32::from(found);
            assert_eq!(found, probably_prime(&number(&n), 20), "{n:?}");
        }
        assert!(primes > 0, "300 odd numbers of 128 bits hold about seven primes");
    }

    #[test]
    fn products_are_reduced_as_long_division_does() {
        let mut state = 9;
        for _ in 0..100 {
            let n: [u64; 4] = modulus(&mut state);
            let field = Montgomery::new(&n);
            let (a, b) = (field.below(0, words(&mut state)), field.below(0, words(&mut state)));
            let (modulus, shift) = (number(&n), number(&[0, 0, 0, 0, 1]));
            let back = |x: &[u64]| number(x) * &shift % &modulus;
            assert_eq!(back(&field.multiply(&a, &b)), number(&a) * number(&b) % &modulus);
            assert_eq!(field.square(&a), field.multiply(&a, &a));
            assert_eq!(number(&field.double(&a)), number(&a) * 2_u8 % &modulus);
            assert_eq!(field.double(&field.halve(&a)), a);
        }
    }
}
