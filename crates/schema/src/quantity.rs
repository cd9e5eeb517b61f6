//! Quantities (`500m`, `1Gi`) and their canonical forms.
//!
//! Source: apimachinery 0.36 `api/resource/quantity.go`.

/// Why a text is no quantity, in the API server's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// Not of a number and a suffix.
    #[error("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
    Format,
    /// An unknown suffix.
    #[error("unable to parse quantity's suffix")]
    Suffix,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    DecimalExponent,
    BinarySi,
    DecimalSi,
}

/// An amount in units of 10⁻⁹, the smallest that the server tells apart, and the way it was written.
#[derive(Clone, Copy, Debug)]
pub struct Quantity {
    nano: i128,
    format: Format,
}

/// Parts of one in a unit.
const NANO: i128 = 1_000_000_000;

/// Largest amount that is held; the server caps there too (2⁶³-1).
const MAX: i128 = (i64::MAX as i128) * NANO;

const DECIMAL: [(&str, i32); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];

const BINARY: [(&str, u32); 6] = [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];

impl Quantity {
    /// Reads a quantity.
    ///
    /// # Errors
    /// A text that is none, in the server's words.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let (negative, rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            Some(_) => (false, text),
            None => return Err(QuantityError::Format),
        };
        let number_len = rest.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
        let (number, suffix) = rest.split_at(number_len);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        // No digits are none of anything: the server takes `Gi`.
        if fraction.contains('.') {
            return Err(QuantityError::Format);
        }
        let allowed = |b: u8| b"eEinumkKMGTP".contains(&b) || b.is_ascii_digit() || b == b'-' || b == b'+';
        if !suffix.bytes().all(allowed) {
            return Err(QuantityError::Format);
        }
        let (format, base10, shift) = read_suffix(suffix).ok_or(QuantityError::Suffix)?;
        let nano = scaled(whole, fraction, base10, shift);
        let format = if format == Format::BinarySi && nano < NANO { Format::DecimalSi } else { format };
        Ok(Self { nano: if negative { -nano } else { nano }, format })
    }

    /// Returns the amount rounded up to thousandths, where that makes a difference.
    #[must_use]
    pub fn rounded_up_to_milli(&self) -> Option<Self> {
        let milli = NANO / 1000;
        let rest = self.nano.rem_euclid(milli);
        (rest != 0).then(|| Self { nano: self.nano - rest + milli, ..*self })
    }

    /// Returns the sum, written in this one's way.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { nano: self.nano.saturating_add(other.nano).min(MAX), ..self }
    }

    /// Returns the amount in units of 10⁻⁹.
    #[must_use]
    pub fn nano(&self) -> i128 {
        self.nano
    }
}

fn read_suffix(suffix: &str) -> Option<(Format, i32, u32)> {
    if let Some((_, exponent)) = DECIMAL.iter().find(|(s, _)| *s == suffix) {
        return Some((Format::DecimalSi, *exponent, 0));
    }
    if let Some((_, shift)) = BINARY.iter().find(|(s, _)| *s == suffix) {
        return Some((Format::BinarySi, 0, *shift));
    }
    let exponent = suffix.strip_prefix(['e', 'E'])?;
    let exponent: i32 = exponent.parse().ok()?;
    Some((Format::DecimalExponent, exponent, 0))
}

/// Returns `whole.fraction × 10^base10 × 2^shift` in units of 10⁻⁹, rounded up, capped.
fn scaled(whole: &str, fraction: &str, base10: i32, shift: u32) -> i128 {
    let mut value: i128 = 0;
    let mut scale = base10.saturating_add(9);
    let digits = whole.bytes().chain(fraction.bytes());
    let mut lost = false;
    for (n, digit) in digits.enumerate() {
        if n >= whole.len() {
            scale = scale.saturating_sub(1);
        }
        let next = value.checked_mul(10).and_then(|v| v.checked_add(i128::from(digit - b'0')));
        // Beyond 10²⁵ units everything is capped anyway, or is a digit behind the point that only rounds.
        match next.filter(|v| *v < 1_i128 << 100) {
            Some(next) => value = next,
            None if n < whole.len() => return MAX,
            None => {
                lost |= digit != b'0';
                scale = scale.saturating_add(1);
            }
        }
    }
    if value == 0 {
        return 0;
    }
    while scale > 0 {
        match value.checked_mul(10).filter(|v| *v <= MAX.saturating_mul(10)) {
            Some(next) => value = next,
            None => return MAX,
        }
        scale -= 1;
    }
    let Some(mut value) = value.checked_shl(shift).filter(|v| v >> shift == value) else { return MAX };
    while scale < 0 {
        lost |= value % 10 != 0;
        value /= 10;
        scale += 1;
        if value == 0 {
            break;
        }
    }
    (value + i128::from(lost)).min(MAX)
}

impl std::fmt::Display for Quantity {
    /// The canonical form.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.nano == 0 {
            return f.write_str("0");
        }
        let small = self.nano.abs() < 1024 * NANO;
        if self.format == Format::BinarySi && !small && self.nano % NANO == 0 {
            let mut value = self.nano / NANO;
            let mut suffix = "";
            for (next, _) in BINARY {
                if value % 1024 != 0 {
                    break;
                }
                value /= 1024;
                suffix = next;
            }
            return write!(f, "{value}{suffix}");
        }
        let mut value = self.nano;
        let mut exponent = -9;
        while value % 1000 == 0 && exponent < 18 {
            value /= 1000;
            exponent += 3;
        }
        if self.format == Format::DecimalExponent {
            return if exponent == 0 { write!(f, "{value}") } else { write!(f, "{value}e{exponent}") };
        }
        let suffix = DECIMAL.iter().find(|(_, e)| *e == exponent).map_or("", |(s, _)| s);
        write!(f, "{value}{suffix}")
    }
}

/// Returns the canonical form of a quantity as the API server writes it, or nothing where it is none.
#[must_use]
pub fn canonical(text: &str) -> Option<String> {
    Some(Quantity::parse(text).ok()?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_forms_are_the_servers() {
        for (text, expect) in [
            ("0.5", "500m"),
            ("1500m", "1500m"),
            ("1000m", "1"),
            ("1.5Gi", "1536Mi"),
            ("0.1Gi", "107374182400m"),
            ("1024", "1024"),
            ("1024Ki", "1Mi"),
            ("100Ki", "100Ki"),
            ("0.5Ki", "512"),
            ("1e3", "1e3"),
            ("12E6", "12e6"),
            ("1E", "1E"),
            ("1000k", "1M"),
            ("-1", "-1"),
            ("+2.50", "2500m"),
            ("0.0000000001", "1n"),
            ("00010", "10"),
            ("0Gi", "0"),
            (".5", "500m"),
            ("5.", "5"),
            ("99999999999999999999", "9223372036854775807"),
            ("Gi", "0"),
            ("-", "0"),
            ("e3", "0"),
            (".", "0"),
        ] {
            assert_eq!(canonical(text).as_deref(), Some(expect), "{text}");
        }
        for text in ["", "x", "1x", "1.1.1", "..", "1 Gi", "1e", "1GiGi"] {
            assert_eq!(canonical(text), None, "{text}");
        }
    }
}
