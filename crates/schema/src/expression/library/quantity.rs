//! Quantities (apiserver `pkg/cel/library/quantity.go`).

use super::{failed, value_type};
use crate::quantity::Quantity as Amount;
use cel::common::types::{CelBool, CelDouble, CelInt, CelString};
use cel::{DeclarationError, Env, ExecutionError, add_member_overload, add_overload};
use std::cmp::Ordering;

/// A quantity as apimachinery holds it: a number and a power of ten where both fit, else a decimal, which is no integer to it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Quantity {
    Scaled {
        value: i64,
        scale: i32,
    },
    /// In units of 10⁻⁹.
    Decimal(i128),
}

value_type!(Quantity, "kubernetes.Quantity");

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nano() == other.nano()
    }
}

/// Most digits of a number that is held with a power of ten.
const DIGITS_MAX: usize = 18;

impl Quantity {
    fn parse(text: &str) -> Result<Self, String> {
        let amount = Amount::parse(text).map_err(|why| why.to_string())?;
        Ok(scaled(text).unwrap_or(Self::Decimal(amount.nano())))
    }

    fn nano(self) -> i128 {
        match self {
            Self::Decimal(nano) => nano,
            Self::Scaled { value, scale } => {
                let power = u32::try_from(scale + 9).ok().and_then(|p| 10_i128.checked_pow(p));
                let limit = if value < 0 { i128::MIN } else { i128::MAX };
                power.and_then(|p| i128::from(value).checked_mul(p)).unwrap_or(if value == 0 {
                    0
                } else {
                    limit
                })
            }
        }
    }

    fn integer(self) -> Option<i64> {
        match self {
            Self::Scaled { value, scale: 0 } => Some(value),
            Self::Scaled { value, scale } => {
                let power = u32::try_from(scale).ok().and_then(|p| 10_i64.checked_pow(p))?;
                value.checked_mul(power)
            }
            Self::Decimal(_) => None,
        }
    }

    fn plus(self, other: Self) -> Self {
        let decimal = || Self::Decimal(self.nano().saturating_add(other.nano()));
        let (Self::Scaled { value: a, scale: sa }, Self::Scaled { value: b, scale: sb }) = (self, other)
        else {
            return decimal();
        };
        if a == 0 || b == 0 {
            return if b == 0 { self } else { other };
        }
        let scale = sa.min(sb);
        let at = |value: i64, own: i32| {
            let power = u32::try_from(own - scale).ok().and_then(|p| 10_i64.checked_pow(p))?;
            value.checked_mul(power)
        };
        let sum = at(a, sa).zip(at(b, sb)).and_then(|(a, b)| a.checked_add(b));
        sum.map_or_else(decimal, |value| Self::Scaled { value, scale })
    }

    fn negated(self) -> Self {
        match self {
            Self::Scaled { value, scale } => match value.checked_neg() {
                Some(value) => Self::Scaled { value, scale },
                None => Self::Decimal(self.nano().saturating_neg()),
            },
            Self::Decimal(nano) => Self::Decimal(nano.saturating_neg()),
        }
    }
}

/// A text that is a quantity, as a number and a power of ten; nothing where it has too many digits for that.
fn scaled(text: &str) -> Option<Quantity> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let (number, suffix) = rest.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    let digits = whole.len() + fraction.len();
    let (scale, mantissa) = match suffix {
        "Ki" | "Mi" | "Gi" | "Ti" | "Pi" | "Ei" => {
            let shift = 10 * (1 + "KMGTPE".find(suffix.get(..1)?)?);
            if !fraction.is_empty() || whole.len() + shift * 3 / 10 + 1 > 15 {
                return None;
            }
            (0, 1_i64 << shift)
        }
        _ => (decimal_exponent(suffix)?, 1),
    };
    let scale = scale.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    if digits > DIGITS_MAX || scale < -9 {
        return None;
    }
    let value = format!("{whole}{fraction}").parse::<i64>().ok()?.checked_mul(mantissa)?;
    Some(Quantity::Scaled { value: if negative { -value } else { value }, scale })
}

fn decimal_exponent(suffix: &str) -> Option<i32> {
    Some(match suffix {
        "n" => -9,
        "u" => -6,
        "m" => -3,
        "" => 0,
        "k" => 3,
        "M" => 6,
        "G" => 9,
        "T" => 12,
        "P" => 15,
        "E" => 18,
        other => other.strip_prefix(['e', 'E'])?.parse().ok()?,
    })
}

fn quantity(text: &CelString<'_>) -> Result<Quantity, ExecutionError> {
    Quantity::parse(text.inner()).or_else(|why| failed("quantity", why))
}

fn is_quantity(text: &CelString<'_>) -> CelBool {
    Quantity::parse(text.inner()).is_ok().into()
}

fn sign(q: &Quantity) -> CelInt {
    compare_to(q, &Quantity::Decimal(0))
}

fn compare_to(a: &Quantity, b: &Quantity) -> CelInt {
    (a.nano().cmp(&b.nano()) as i64).into()
}

fn is_greater_than(a: &Quantity, b: &Quantity) -> CelBool {
    (a.nano().cmp(&b.nano()) == Ordering::Greater).into()
}

fn is_less_than(a: &Quantity, b: &Quantity) -> CelBool {
    (a.nano().cmp(&b.nano()) == Ordering::Less).into()
}

fn as_integer(q: &Quantity) -> Result<CelInt, ExecutionError> {
    q.integer().map(CelInt::from).map_or_else(|| failed("asInteger", "cannot convert value to integer"), Ok)
}

fn is_integer(q: &Quantity) -> CelBool {
    q.integer().is_some().into()
}

#[expect(clippy::cast_precision_loss, reason = "the function is asked for an approximation")]
fn as_approximate_float(q: &Quantity) -> CelDouble {
    match q {
        Quantity::Scaled { value, scale: 0 } => *value as f64,
        Quantity::Scaled { value, scale } => *value as f64 * 10_f64.powi(*scale),
        Quantity::Decimal(nano) => *nano as f64 / 1e9,
    }
    .into()
}

fn add(a: &Quantity, b: &Quantity) -> Quantity {
    a.plus(*b)
}

fn add_int(a: &Quantity, b: &CelInt) -> Quantity {
    a.plus(Quantity::Scaled { value: *b.inner(), scale: 0 })
}

fn sub(a: &Quantity, b: &Quantity) -> Quantity {
    a.plus(b.negated())
}

fn sub_int(a: &Quantity, b: &CelInt) -> Quantity {
    a.plus(Quantity::Scaled { value: *b.inner(), scale: 0 }.negated())
}

pub(super) fn extend(env: &mut Env) -> Result<(), DeclarationError> {
    add_overload!(env, fn quantity: (CelString<'_>) -> Result<Quantity>)?;
    add_overload!(env, fn is_quantity: (CelString<'_>) -> CelBool)?;
    // Declared as a function, not as a method.
    add_overload!(env, fn sign: (Quantity) -> CelInt)?;
    add_member_overload!(env, fn is_greater_than: (Quantity, Quantity) -> CelBool)?;
    add_member_overload!(env, fn is_less_than: (Quantity, Quantity) -> CelBool)?;
    add_member_overload!(env, fn compare_to: (Quantity, Quantity) -> CelInt)?;
    add_member_overload!(env, fn as_integer: (Quantity) -> Result<CelInt>)?;
    add_member_overload!(env, fn is_integer: (Quantity) -> CelBool)?;
    add_member_overload!(env, fn as_approximate_float: (Quantity) -> CelDouble)?;
    add_member_overload!(env, fn add: (Quantity, Quantity) -> Quantity)?;
    add_member_overload!(env, fn add_int: (Quantity, CelInt) -> Quantity, name = "add")?;
    add_member_overload!(env, fn sub: (Quantity, Quantity) -> Quantity)?;
    add_member_overload!(env, fn sub_int: (Quantity, CelInt) -> Quantity, name = "sub")
}

#[cfg(test)]
mod tests {
    use super::super::tests::{hold, of};

    #[test]
    fn quantities_are_compared_and_counted_with() {
        hold(&[
            "isQuantity('1.3G') && isQuantity('1.5Gi') && !isQuantity('1.3GB') && !isQuantity('Three')",
            "quantity('1000m') == quantity('1')",
            "quantity('500Mi').isLessThan(quantity('1Gi'))",
            "quantity('200M').compareTo(quantity('0.2G')) == 0",
            "quantity('200M').isGreaterThan(quantity('100M'))",
            "quantity('50k').add(quantity('20')) == quantity('50020')",
            "quantity('50k').sub(20) == quantity('49980')",
            "quantity('50').add(20).asInteger() == 70",
            "quantity('50k').isInteger() && !quantity('50m').isInteger() && !quantity('1.0').isInteger()",
            "sign(quantity('-5')) == -1 && sign(quantity('0')) == 0",
            "quantity('50.703k').asApproximateFloat() == 50703.0",
            "quantity('10000k').asInteger() == 10000000",
        ]);
        assert!(of("quantity('x')").is_err());
        assert!(of("quantity('1m').asInteger()").is_err());
    }
}
