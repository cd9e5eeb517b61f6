//! Powers modulo eight numbers at once, where the processor multiplies 52 bits by 52 in eight lanes (AVX-512 IFMA).
//!
//! Numbers are in limbs of 52 bits, each a vector with a lane for each modulus, and are kept multiplied by 2^(52 L).
//! That is so much more than a modulus that nothing is subtracted between steps: the square of what is below four times
//! the modulus comes out below twice it. Products are summed by column and carried once a step: 2^12 of them would fit,
//! there are 4 L at most and twice that where they are doubled.

use super::montgomery::Montgomery;
use fearless_simd::{Avx512, Level, SimdFrom as _, u64x8};
use std::arch::x86_64::{
    __m512i, _mm512_add_epi64, _mm512_and_si512, _mm512_madd52hi_epu64, _mm512_madd52lo_epu64,
    _mm512_mask_blend_epi64, _mm512_set1_epi64, _mm512_setzero_si512, _mm512_sllv_epi64, _mm512_srli_epi64,
    _mm512_srlv_epi64, _mm512_test_epi64_mask,
};

/// How many moduli are worked on at once.
pub(super) const LANES: usize = 8;
const LIMB: usize = 52;
/// Limbs of a factor that are multiplied in one pass over the other. It divides the number of limbs.
const ROWS: usize = 4;

/// Numbers side by side: their first limbs or words, their second and so on.
type Beside<const L: usize> = [[u64; LANES]; L];

/// Says whether the processor and the length go with it.
pub(super) fn fit(words: usize) -> bool {
    [16, 32].contains(&words) && Level::new().as_avx512().is_some()
}

/// Says for each field, of which there are eight at most, whether its number passes Miller and Rabin's test to its base;
/// nothing where the processor or the length does not go with it.
pub(super) fn pass<const N: usize>(fields: &[Montgomery<N>], bases: &[[u64; N]]) -> Option<Vec<bool>> {
    let token = Level::new().as_avx512()?;
    // The lanes end where the first number's even part does; lanes without a number repeat the last.
    let from = fields.iter().map(|field| field.twos).max()?;
    let full: [_; LANES] = std::array::from_fn(|lane| lane.min(fields.len() - 1));
    let (all_fields, all_bases) = (full.map(|lane| &fields[lane]), full.map(|lane| &bases[lane]));
    let powers = match N {
        16 => powers_in(all_fields, all_bases, from, |powers| kernel_20(token, powers)),
        32 => powers_in(all_fields, all_bases, from, |powers| kernel_40(token, powers)),
        _ => return None,
    };
    let each = fields.iter().zip(bases).zip(powers);
    Some(each.map(|((field, base), power)| field.passes_from(base, power, from)).collect())
}

/// Returns each base's power to (n - 1) / 2^`from`, where n is its modulus and `from` is at least one. Numbers are as their
/// fields keep them.
fn powers_in<const N: usize, const L: usize>(
    fields: [&Montgomery<N>; LANES],
    bases: [&[u64; N]; LANES],
    from: usize,
    kernel: impl Fn(&Powers<'_, L>) -> Beside<L>,
) -> [[u64; N]; LANES] {
    // What a field keeps multiplied by 2^(64 N) has the rest of 2^(52 L) to go.
    let rest = LIMB * L - 64 * N;
    let bases_here: [[u64; N]; LANES] =
        std::array::from_fn(|lane| (0..rest).fold(*bases[lane], |x, _| fields[lane].double(&x)));
    let out = kernel(&Powers {
        moduli: beside(|lane| limbs(&fields[lane].n)),
        exponents: &beside::<N>(|lane| fields[lane].n),
        inverses: std::array::from_fn(|lane| fields[lane].inverse),
        bases: beside(|lane| limbs(&bases_here[lane])),
        all_two: fields.iter().zip(bases).all(|(field, base)| *base == field.two()),
        from,
    });
    std::array::from_fn(|lane| {
        let (words, over) = words(out.iter().map(|limbs| limbs[lane]));
        (0..rest).fold(fields[lane].below(over, words), |x, _| fields[lane].halve(&x))
    })
}

fn beside<const L: usize>(number: impl Fn(usize) -> [u64; L]) -> Beside<L> {
    let numbers: [[u64; L]; LANES] = std::array::from_fn(number);
    std::array::from_fn(|place| numbers.map(|number| number[place]))
}

fn limbs<const L: usize>(words: &[u64]) -> [u64; L] {
    let word = |place: usize| u128::from(words.get(place).copied().unwrap_or(0));
    std::array::from_fn(|limb| {
        let bit = LIMB * limb;
        let two_words = word(bit / 64 + 1) << 64 | word(bit / 64);
        (two_words >> (bit % 64)) as u64 & MASK
    })
}

/// Returns the words of a number from its limbs, and the one that goes over.
fn words<const N: usize>(limbs: impl Iterator<Item = u64>) -> ([u64; N], u64) {
    let (mut words, mut over) = ([0; N], 0);
    for (limb, value) in limbs.enumerate() {
        let bit = LIMB * limb;
        let placed = u128::from(value) << (bit % 64);
        for (place, part) in [(bit / 64, placed as u64), (bit / 64 + 1, (placed >> 64) as u64)] {
            *words.get_mut(place).unwrap_or(&mut over) |= part;
        }
    }
    (words, over)
}

const MASK: u64 = (1 << LIMB) - 1;

/// What to raise to which power.
struct Powers<'a, const L: usize> {
    moduli: Beside<L>,
    /// By words; the lowest bit does not count.
    exponents: &'a [[u64; LANES]],
    /// -1/n of each modulus modulo 2^52 or more.
    inverses: [u64; LANES],
    bases: Beside<L>,
    /// Whether each base is two.
    all_two: bool,
    /// How many of an exponent's lowest bits are left out.
    from: usize,
}

fearless_simd::kernel!(
    fn kernel_20(token: Avx512, powers: &Powers<'_, 20>) -> Beside<20> {
        raise(token, powers)
    }
);

fearless_simd::kernel!(
    fn kernel_40(token: Avx512, powers: &Powers<'_, 40>) -> Beside<40> {
        raise(token, powers)
    }
);

#[target_feature(enable = "avx512f,avx512ifma")]
fn raise<const L: usize>(token: Avx512, powers: &Powers<'_, L>) -> Beside<L> {
    let vector = |lanes: [u64; LANES]| -> __m512i { u64x8::simd_from(token, lanes).into() };
    let n = powers.moduli.map(vector);
    let inverse = vector(powers.inverses);
    let base = powers.bases.map(vector);
    let (zero, one) = (_mm512_setzero_si512(), _mm512_set1_epi64(1));
    // The highest bit of an exponent is set: its power is the base itself.
    let mut x = base;
    for bit in (powers.from..64 * powers.exponents.len() - 1).rev() {
        let word = vector(powers.exponents[bit / 64]);
        let set = _mm512_and_si512(_mm512_srlv_epi64(word, _mm512_set1_epi64((bit % 64) as i64)), one);
        x = reduce(square(&x), &n, inverse, if powers.all_two { set } else { zero });
        let mask = _mm512_test_epi64_mask(set, set);
        if !powers.all_two && mask != 0 {
            let product = reduce(multiply(&x, &base), &n, inverse, zero);
            for (x, product) in x.iter_mut().zip(product) {
                *x = _mm512_mask_blend_epi64(mask, *x, product);
            }
        }
    }
    x.map(|limbs| u64x8::simd_from(token, limbs).into())
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn square<const L: usize>(x: &[__m512i; L]) -> [[__m512i; L]; 2] {
    let mut wide = [[_mm512_setzero_si512(); L]; 2];
    let columns = wide.as_flattened_mut();
    // The products of different rows' limbs, then twice that and those of the same rows'.
    for (i, rows) in x.as_chunks::<ROWS>().0.iter().enumerate() {
        let first = ROWS * (i + 1);
        if first < L {
            let columns = &mut columns[ROWS * i + first..L + first];
            head(columns, rows, &x[first..]);
            tail(columns, rows, &x[first..]);
        }
    }
    for column in columns.iter_mut() {
        *column = _mm512_add_epi64(*column, *column);
    }
    for (rows, columns) in x.as_chunks::<ROWS>().0.iter().zip(columns.chunks_exact_mut(2 * ROWS)) {
        head(columns, rows, rows);
        tail(columns, rows, rows);
    }
    wide
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn multiply<const L: usize>(a: &[__m512i; L], b: &[__m512i; L]) -> [[__m512i; L]; 2] {
    let mut wide = [[_mm512_setzero_si512(); L]; 2];
    let columns = wide.as_flattened_mut();
    for (i, rows) in a.as_chunks::<ROWS>().0.iter().enumerate() {
        let columns = &mut columns[ROWS * i..ROWS * (i + 1) + L];
        head(columns, rows, b);
        tail(columns, rows, b);
    }
    wide
}

/// Divides by 2^(52 L), carries, and doubles in the lanes that are one in `double`.
#[target_feature(enable = "avx512f,avx512ifma")]
fn reduce<const L: usize>(
    mut wide: [[__m512i; L]; 2],
    n: &[__m512i; L],
    inverse: __m512i,
    double: __m512i,
) -> [__m512i; L] {
    let zero = _mm512_setzero_si512();
    let columns = wide.as_flattened_mut();
    for first in (0..L).step_by(ROWS) {
        let columns = &mut columns[first..first + L + ROWS];
        // Each row makes its column divisible by 2^52, which is carried on.
        let (mut rows, mut carry) = ([zero; ROWS], zero);
        for i in 0..ROWS {
            let mut column = _mm512_add_epi64(columns[i], carry);
            for (j, row) in rows[..i].iter().enumerate() {
                column = _mm512_madd52lo_epu64(column, *row, n[i - j]);
                column = _mm512_madd52hi_epu64(column, *row, n[i - j - 1]);
            }
            rows[i] = _mm512_madd52lo_epu64(zero, column, inverse);
            carry = _mm512_srli_epi64::<52>(_mm512_madd52lo_epu64(column, rows[i], n[0]));
        }
        columns[ROWS] = _mm512_add_epi64(columns[ROWS], carry);
        tail(columns, &rows, n);
    }
    let [_, mut high] = wide;
    let mask = _mm512_set1_epi64(MASK as i64);
    let mut carry = zero;
    for limb in &mut high[..L - 1] {
        let whole = _mm512_add_epi64(_mm512_sllv_epi64(*limb, double), carry);
        carry = _mm512_srli_epi64::<52>(whole);
        *limb = _mm512_and_si512(whole, mask);
    }
    high[L - 1] = _mm512_add_epi64(_mm512_sllv_epi64(high[L - 1], double), carry);
    high
}

/// Adds the products of rows with a number that are in the columns of the first limbs.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn head(columns: &mut [__m512i], rows: &[__m512i; ROWS], b: &[__m512i]) {
    for (i, column) in columns[..ROWS].iter_mut().enumerate() {
        for (j, row) in rows[..=i].iter().enumerate() {
            *column = _mm512_madd52lo_epu64(*column, *row, b[i - j]);
        }
        for (j, row) in rows[..i].iter().enumerate() {
            *column = _mm512_madd52hi_epu64(*column, *row, b[i - j - 1]);
        }
    }
}

/// Adds the products of rows with a number that are in the columns after those of the first limbs.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn tail(columns: &mut [__m512i], rows: &[__m512i; ROWS], b: &[__m512i]) {
    let zero = _mm512_setzero_si512();
    for (column, five) in columns[ROWS..].iter_mut().zip(b.array_windows::<5>()) {
        let mut more = zero;
        for (j, row) in rows.iter().enumerate() {
            *column = _mm512_madd52lo_epu64(*column, *row, five[ROWS - j]);
            more = _mm512_madd52hi_epu64(more, *row, five[ROWS - 1 - j]);
        }
        *column = _mm512_add_epi64(*column, more);
    }
    let last = &b[b.len() - ROWS..];
    for (i, column) in columns[b.len()..].iter_mut().enumerate() {
        for (j, row) in rows.iter().enumerate().skip(i + 1) {
            *column = _mm512_madd52lo_epu64(*column, *row, last[ROWS + i - j]);
        }
        for (j, row) in rows.iter().enumerate().skip(i) {
            *column = _mm512_madd52hi_epu64(*column, *row, last[ROWS - 1 + i - j]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words that look random, with some that are all ones or zeros, where carries go far.
    fn words<const N: usize>(state: &mut u64) -> [u64; N] {
        std::array::from_fn(|_| {
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (*state ^ *state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            match mixed >> 61 {
                0 => 0,
                1 => u64::MAX,
                _ => (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb),
            }
        })
    }

    fn compare<const N: usize>() {
        let Some(token) = Level::new().as_avx512() else { return };
        let mut state = N as u64;
        let fields: [Montgomery<N>; LANES] = std::array::from_fn(|_| {
            let mut n: [u64; N] = words(&mut state);
            n[0] |= 1;
            n[N - 1] |= 3 << 62;
            Montgomery::new(&n)
        });
        let twos = fields.each_ref().map(Montgomery::two);
        let random = fields.each_ref().map(|field| field.below(0, words(&mut state)));
        for bases in [twos, random] {
            // Far from the end, so that the comparison is of some steps only.
            let from = 64 * N - 40;
            let powers = match N {
                16 => powers_in(fields.each_ref(), bases.each_ref(), from, |p| kernel_20(token, p)),
                _ => powers_in(fields.each_ref(), bases.each_ref(), from, |p| kernel_40(token, p)),
            };
            for ((field, base), power) in fields.iter().zip(bases).zip(powers) {
                assert_eq!(power, field.power(&base, base, 64 * N - 1, from));
            }
        }
    }

    #[test]
    fn powers_are_those_of_one_number_at_a_time() {
        compare::<16>();
        compare::<32>();
    }
}
