//! Numbers as schemas compare them: by their decimal digits, as the library's rationals.

use fairway_value::Value;

/// Equality of JSON: `1` and `1.0` are one number.
pub(super) fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Array(x), Value::Array(y)) => x.len() == y.len() && x.iter().zip(y).all(|(a, b)| equal(a, b)),
        (Value::Object(x), Value::Object(y)) => {
            x.len() == y.len()
                && x.iter().all(|(key, value)| y.get(key).is_some_and(|other| equal(value, other)))
        }
        _ => match (a.as_f64(), b.as_f64()) {
            (Some(x), Some(y)) => x == y,
            _ => a == b,
        },
    }
}

/// Whether a number is a whole multiple of another, which is above zero.
pub(super) fn is_multiple(number: f64, step: f64) -> bool {
    let exact = || {
        let ((a, left), (b, right)) = (decimal(number)?, decimal(step)?);
        let shared = left.min(right);
        let scale = |digits: i128, power: i32| {
            digits.checked_mul(10_i128.checked_pow(u32::try_from(power - shared).ok()?)?)
        };
        Some(scale(a, left)? % scale(b, right)? == 0)
    };
    exact().unwrap_or_else(|| number % step == 0.0)
}

/// Returns the shortest digits that name a number, and the power of ten that they count.
fn decimal(number: f64) -> Option<(i128, i32)> {
    let text = format!("{number:e}");
    let (mantissa, exponent) = text.split_once('e')?;
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let power = exponent.parse::<i32>().ok()? - i32::try_from(part.len()).ok()?;
    Some((format!("{whole}{part}").parse().ok()?, power))
}

#[cfg(test)]
mod tests {
    use super::is_multiple;

    #[test]
    fn multiples_are_those_of_the_digits() {
        assert!(is_multiple(0.3, 0.1) && is_multiple(4.5, 1.5) && is_multiple(0.0075, 0.0001));
        assert!(
            !is_multiple(0.00751, 0.0001) && !is_multiple(35.0, 1.5) && !is_multiple(1e308, 0.123_456_789)
        );
        assert!(is_multiple(12_391_239_123.0, 1e-8) && is_multiple(0.0, 7.0) && is_multiple(1e308, 0.5));
    }
}
