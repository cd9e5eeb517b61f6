/// Writes a float as Go's `encoding/json` does: ES6 form, `e` notation below 1e-6 and from 1e21 on, no `.0`.
///
/// Infinities and NaN, which JSON cannot hold, are written as `null`.
#[must_use]
pub fn format_float(f: f64) -> String {
    if !f.is_finite() {
        return "null".to_owned();
    }
    let abs = f.abs();
    if abs != 0.0 && !(1e-6..1e21).contains(&abs) {
        let text = format!("{f:e}");
        // Go writes a sign and at least two digits, but drops the leading zero of negative exponents: 1e-7, 1e+21.
        return match text.split_once('e') {
            Some((mantissa, exponent)) if !exponent.starts_with('-') => format!("{mantissa}e+{exponent}"),
            _ => text,
        };
    }
    format!("{f}")
}

/// Writes a float as Go's `fmt.Print` does (`strconv.FormatFloat(f, 'g', -1, bits)`): shortest digits of its type, an
/// exponent of at least two digits below 1e-4 and from 1e6 on.
pub fn format_float_g<F: std::fmt::Display + std::fmt::LowerExp>(f: F) -> String {
    let scientific = format!("{f:e}");
    let split = scientific.split_once('e').and_then(|(m, exponent)| Some((m, exponent.parse::<i32>().ok()?)));
    match split {
        Some((mantissa, power)) if !(-4..6).contains(&power) && mantissa != "0" && mantissa != "-0" => {
            let sign = if power < 0 { '-' } else { '+' };
            format!("{mantissa}e{sign}{:02}", power.abs())
        }
        _ => format!("{f}"),
    }
}

impl std::fmt::Display for crate::Value {
    /// Compact JSON.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&crate::to_json(self, crate::HtmlEscape::No))
    }
}
