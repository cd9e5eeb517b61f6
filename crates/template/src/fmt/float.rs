/// Writes a float as `%v` does: shortest digits, an exponent below 1e-4 and from 1e6 on.
pub(crate) fn float_text(f: f64) -> String {
    format_float(f, b'g', -1)
}

/// Writes a float as Go's `strconv.FormatFloat(f, verb, precision, 64)` does; a precision of -1 asks for as few digits
/// as tell the float apart.
pub(crate) fn format_float(f: f64, verb: u8, precision: i32) -> String {
    if f.is_nan() {
        return "NaN".to_owned();
    }
    let sign = if f.is_sign_negative() { "-" } else { "" };
    if f.is_infinite() {
        return if f > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let abs = f.abs();
    let body = match verb {
        b'e' | b'E' => {
            exponent_form(&digits(abs, precision.checked_add(1).filter(|_| precision >= 0)), precision, verb)
        }
        b'f' => match usize::try_from(precision) {
            Ok(precision) => format!("{abs:.precision$}"),
            Err(_) => fixed_form(&digits(abs, None), -1),
        },
        b'b' => binary_form(abs),
        b'x' | b'X' => hex_form(abs, precision, verb),
        _ => general_form(abs, precision, verb),
    };
    format!("{sign}{body}")
}

/// Decimal digits without trailing noughts, and where the point stands: `0.d₁d₂… × 10^point`.
struct Digits {
    digits: String,
    point: i32,
}

fn digits(abs: f64, count: Option<i32>) -> Digits {
    let text = match count.and_then(|c| usize::try_from(c.max(1) - 1).ok()) {
        Some(after_point) => format!("{abs:.after_point$e}"),
        None => format!("{abs:e}"),
    };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_end_matches('0').to_owned();
    let point = if digits.is_empty() { 1 } else { exponent.parse::<i32>().unwrap_or(0) + 1 };
    Digits { digits, point }
}

fn len(d: &Digits) -> i32 {
    i32::try_from(d.digits.len()).unwrap_or(i32::MAX)
}

fn general_form(abs: f64, precision: i32, verb: u8) -> String {
    let shortest = precision < 0;
    let precision = if precision == 0 { 1 } else { precision };
    let d = digits(abs, (!shortest).then_some(precision));
    // The exponent from which on it is written: the precision, or 6 where the digits are the shortest.
    let mut exponent_from = if shortest { 6 } else { precision };
    if !shortest && exponent_from > len(&d) && len(&d) >= d.point {
        exponent_from = len(&d);
    }
    let exponent = d.point - 1;
    if exponent < -4 || exponent >= exponent_from {
        return exponent_form(&d, len(&d).max(1) - 1, verb - 2);
    }
    fixed_form(&d, (len(&d) - d.point).max(0))
}

fn fixed_form(d: &Digits, precision: i32) -> String {
    let precision = usize::try_from(if precision < 0 { len(d) - d.point } else { precision }).unwrap_or(0);
    let mut out = String::new();
    let digit = |at: i32| {
        let at = usize::try_from(at).ok();
        at.and_then(|at| d.digits.as_bytes().get(at)).map_or('0', |b| char::from(*b))
    };
    if d.point > 0 {
        for n in 0..d.point {
            out.push(digit(n));
        }
    } else {
        out.push('0');
    }
    if precision > 0 {
        out.push('.');
        for n in 0..precision {
            out.push(digit(d.point + i32::try_from(n).unwrap_or(i32::MAX)));
        }
    }
    out
}

/// Writes `d.ddde±xx` with so many digits behind the point, as many as there are for -1.
fn exponent_form(d: &Digits, precision: i32, verb: u8) -> String {
    let mut out = d.digits.get(..1).unwrap_or("0").to_owned();
    let behind = d.digits.get(1..).unwrap_or_default();
    let wanted = usize::try_from(precision).unwrap_or(behind.len());
    if wanted > 0 {
        out.push('.');
        out.push_str(&behind[..behind.len().min(wanted)]);
        for _ in behind.len()..wanted {
            out.push('0');
        }
    }
    let exponent = d.point - 1;
    let sign = if exponent < 0 { '-' } else { '+' };
    out.push(char::from(verb));
    out.push(sign);
    out.push_str(&format!("{:02}", exponent.abs()));
    out
}

fn parts(abs: f64) -> (u64, i32) {
    let bits = abs.to_bits();
    let exponent = i32::try_from(bits >> 52 & 0x7ff).unwrap_or(0);
    let mantissa = bits & ((1 << 52) - 1);
    if exponent == 0 { (mantissa, -1074) } else { (mantissa | 1 << 52, exponent - 1075) }
}

fn binary_form(abs: f64) -> String {
    let (mantissa, exponent) = parts(abs);
    format!("{mantissa}p{exponent:+}")
}

fn hex_form(abs: f64, precision: i32, verb: u8) -> String {
    let (mut mantissa, mut exponent) = parts(abs);
    if mantissa == 0 {
        exponent = 0;
    } else {
        while mantissa & 1 << 52 == 0 {
            mantissa <<= 1;
            exponent -= 1;
        }
        exponent += 52;
    }
    // One digit before the point, thirteen behind it.
    let mut behind = 13;
    if let Ok(wanted) = usize::try_from(precision)
        && wanted < 13
    {
        let drop = (13 - wanted) * 4;
        let (rest, half) = (mantissa & ((1 << drop) - 1), 1_u64 << (drop - 1));
        mantissa >>= drop;
        if rest > half || rest == half && mantissa & 1 == 1 {
            mantissa += 1;
        }
        behind = wanted;
        if mantissa >> (behind * 4) > 1 {
            mantissa >>= 1;
            exponent += 1;
        }
    }
    let lead = mantissa >> (behind * 4);
    let mut fraction = if behind == 0 {
        String::new()
    } else {
        format!("{:0behind$x}", mantissa & ((1_u64 << (behind * 4)) - 1))
    };
    match usize::try_from(precision) {
        Ok(wanted) => fraction.extend(std::iter::repeat_n('0', wanted.saturating_sub(fraction.len()))),
        Err(_) => fraction.truncate(fraction.trim_end_matches('0').len()),
    }
    let dot = if fraction.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    let out = format!("0x{lead}{dot}{fraction}p{sign}{:02}", exponent.abs());
    if verb == b'X' { out.to_uppercase() } else { out }
}
