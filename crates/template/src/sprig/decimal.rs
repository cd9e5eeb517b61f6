use num_bigint_dig::{BigInt, ToBigInt};

/// Digits behind the point that a division keeps, as shopspring/decimal's `DivisionPrecision`.
const DIVISION_DIGITS: i64 = 16;

/// A decimal number of any size: `digits × 10^exponent`. What Sprig's float arithmetic is done in, so that
/// `addf 0.1 0.2` is 0.3.
pub(super) struct Decimal {
    digits: BigInt,
    exponent: i64,
}

impl Decimal {
    /// Takes over the shortest decimal that reads as this float; nothing for infinities and NaN.
    pub fn from_float(f: f64) -> Option<Self> {
        if !f.is_finite() {
            return None;
        }
        let text = format!("{f:e}");
        let (mantissa, exponent) = text.split_once('e')?;
        let exponent: i64 = exponent.parse().ok()?;
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits: i64 = format!("{whole}{fraction}").parse().ok()?;
        Some(Self { digits: digits.to_bigint()?, exponent: exponent - i64::try_from(fraction.len()).ok()? })
    }

    pub fn to_float(&self) -> f64 {
        format!("{}e{}", self.digits, self.exponent).parse().unwrap_or(0.0)
    }

    /// Returns the digits at a lower exponent.
    fn at(&self, exponent: i64) -> BigInt {
        let shift = usize::try_from(self.exponent - exponent).unwrap_or(0);
        &self.digits * power_of_ten(shift)
    }

    fn aligned(&self, other: &Self) -> (BigInt, BigInt, i64) {
        let exponent = self.exponent.min(other.exponent);
        (self.at(exponent), other.at(exponent), exponent)
    }

    pub fn add(&self, other: &Self) -> Option<Self> {
        let (a, b, exponent) = self.aligned(other);
        Some(Self { digits: a + b, exponent })
    }

    pub fn sub(&self, other: &Self) -> Option<Self> {
        let (a, b, exponent) = self.aligned(other);
        Some(Self { digits: a - b, exponent })
    }

    pub fn mul(&self, other: &Self) -> Option<Self> {
        Some(Self { digits: &self.digits * &other.digits, exponent: self.exponent + other.exponent })
    }

    /// Divides and rounds half away from nought at the sixteenth digit; nothing for a division by nought.
    pub fn div(&self, other: &Self) -> Option<Self> {
        let zero = BigInt::default();
        if other.digits == zero {
            return None;
        }
        let shift = self.exponent - other.exponent + DIVISION_DIGITS;
        let scale = power_of_ten(usize::try_from(shift.abs()).ok()?);
        let (mut a, mut b) = (self.digits.clone(), other.digits.clone());
        if shift >= 0 {
            a *= scale;
        } else {
            b *= scale;
        }
        let negative = (a < zero) != (b < zero);
        let magnitude = |n: BigInt| if n < zero { -n } else { n };
        let (a, b) = (magnitude(a), magnitude(b));
        let mut quotient = &a / &b;
        if (&a - &quotient * &b) * 2 >= b {
            quotient += 1;
        }
        Some(Self { digits: if negative { -quotient } else { quotient }, exponent: -DIVISION_DIGITS })
    }
}

fn power_of_ten(n: usize) -> BigInt {
    num_traits::pow(BigInt::from(10), n)
}
