use fairway_value::{Value, format_float_g};

/// Returns a float as it comes out of Go's JSON round trip: without a fraction it is the integer that its shortest
/// decimal digits spell.
pub(crate) fn float_to_value(f: f64) -> Value {
    // From 1e21 on Go's JSON writes an exponent; integers between 2^64 and that read back as floats.
    if f.fract() != 0.0 || f.abs() >= 1e21 || (f == 0.0 && f.is_sign_negative()) {
        return Value::Float(f);
    }
    let digits = format!("{f}");
    match (digits.parse(), digits.parse()) {
        (Ok(i), _) => Value::Int(i),
        (Err(_), Ok(u)) => Value::Uint(u),
        _ => Value::Float(f),
    }
}

/// Writes a float as Go's `strconv.FormatFloat(f, 'g', -1, 64)`: shortest digits, an exponent of at least two digits
/// below 1e-4 and from 1e6 on; infinities and NaN as YAML spells them.
#[must_use]
pub fn format_g(f: f64) -> String {
    special(f).unwrap_or_else(|| format_float_g(f))
}

/// As [`format_g`] of the nearest 32-bit float, as sigs.k8s.io/yaml writes floats where a string is wanted.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "the loss is what Go's bit size 32 does")]
pub fn format_g32(f: f64) -> String {
    let f = f as f32;
    special(f64::from(f)).unwrap_or_else(|| format_float_g(f))
}

fn special(f: f64) -> Option<String> {
    if f.is_nan() {
        return Some(".nan".to_owned());
    }
    f.is_infinite().then(|| if f > 0.0 { ".inf" } else { "-.inf" }.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g_has_an_exponent_from_a_million_on_and_below_a_ten_thousandth() {
        for (f, expect) in [
            (0.0, "0"),
            (0.5, "0.5"),
            (123_456.5, "123456.5"),
            (1_234_567.5, "1.2345675e+06"),
            (1e21, "1e+21"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (f64::NEG_INFINITY, "-.inf"),
        ] {
            assert_eq!(format_g(f), expect);
        }
    }

    #[test]
    fn floats_without_a_fraction_become_integers() {
        assert_eq!(float_to_value(3.0), Value::Int(3));
        assert_eq!(float_to_value(1e19), Value::Uint(10_000_000_000_000_000_000));
        assert_eq!(float_to_value(1e20), Value::Float(1e20));
        assert_eq!(float_to_value(-1e19), Value::Float(-1e19));
        assert_eq!(float_to_value(1.5), Value::Float(1.5));
    }
}
