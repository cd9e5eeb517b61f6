use super::printf::Flags;

/// Writes an integer to a base with the flags of a verb.
pub(super) fn integer(
    out: &mut Vec<u8>,
    flags: &Flags,
    magnitude: u64,
    negative: bool,
    base: u32,
    verb: char,
) {
    let mut min_digits = 0;
    if let Some(precision) = flags.precision {
        min_digits = precision;
        if precision == 0 && magnitude == 0 {
            out.extend(std::iter::repeat_n(b' ', flags.width.unwrap_or(0)));
            return;
        }
    } else if let Some(width) = flags.width
        && flags.zero
        && !flags.minus
    {
        min_digits = width - usize::from(width > 0 && (negative || flags.plus || flags.space));
    }
    let digits = match (base, verb) {
        (2, _) => format!("{magnitude:b}"),
        (8, _) => format!("{magnitude:o}"),
        (16, 'X') => format!("{magnitude:X}"),
        (16, _) => format!("{magnitude:x}"),
        _ => magnitude.to_string(),
    };
    let mut body = String::new();
    if negative {
        body.push('-');
    } else if flags.plus {
        body.push('+');
    } else if flags.space {
        body.push(' ');
    }
    if verb == 'O' {
        body.push_str("0o");
    }
    let zeros = min_digits.saturating_sub(digits.len());
    if flags.sharp {
        match (base, verb) {
            (2, _) => body.push_str("0b"),
            (8, _) if zeros == 0 && !digits.starts_with('0') => body.push('0'),
            (16, 'X') => body.push_str("0X"),
            (16, _) => body.push_str("0x"),
            _ => {}
        }
    }
    body.extend(std::iter::repeat_n('0', zeros));
    body.push_str(&digits);
    pad_with(out, flags, body.as_bytes(), b' ');
}

/// Writes a float with the flags of a verb.
pub(super) fn float(out: &mut Vec<u8>, flags: &Flags, f: f64, verb: char, default_precision: i32) {
    let precision = flags.precision.map_or(default_precision, |p| i32::try_from(p).unwrap_or(i32::MAX));
    let verb = u8::try_from(verb).unwrap_or(b'g');
    let text = super::format_float(f, verb, precision);
    let unsigned = text.trim_start_matches(['+', '-']).to_owned();
    let sign = match text.as_bytes().first() {
        Some(b'-') => '-',
        _ if flags.space && !flags.plus => ' ',
        _ => '+',
    };
    if !f.is_finite() {
        let bare = f.is_nan() && !flags.space && !flags.plus || f.is_infinite() && sign == '+' && !flags.plus;
        let text = if bare && f.is_nan() { unsigned } else { format!("{sign}{unsigned}") };
        return pad_with(out, flags, text.as_bytes(), b' ');
    }
    let unsigned =
        if flags.sharp && verb != b'b' { with_point(&unsigned, verb, precision) } else { unsigned };
    if flags.plus || sign != '+' {
        let width = unsigned.len() + 1;
        if flags.zero && !flags.minus && flags.width.is_some_and(|w| w > width) {
            out.extend_from_slice(sign.encode_utf8(&mut [0; 4]).as_bytes());
            out.extend(std::iter::repeat_n(b'0', flags.width.unwrap_or(0) - width));
            out.extend_from_slice(unsigned.as_bytes());
            return;
        }
        return pad(out, flags, format!("{sign}{unsigned}").as_bytes());
    }
    pad(out, flags, unsigned.as_bytes());
}

/// Puts a decimal point in where there is none, and trailing noughts back for the general form.
fn with_point(number: &str, verb: u8, precision: i32) -> String {
    let mut digits = match verb {
        b'g' | b'G' | b'x' if precision < 0 => 6,
        b'g' | b'G' | b'x' => precision,
        _ => 0,
    };
    let hex = matches!(verb, b'x' | b'X');
    let marks: &[char] = if hex { &['p', 'P'] } else { &['e', 'E', 'p', 'P'] };
    let (body, tail) = match number.find(marks) {
        Some(at) => number.split_at(at),
        None => (number, ""),
    };
    let mut significant = false;
    for c in body.chars().filter(|c| *c != '.') {
        significant |= c != '0';
        if significant {
            digits -= 1;
        }
    }
    let mut out = body.to_owned();
    if !body.contains('.') {
        if body.len() == 1 && body.starts_with('0') {
            digits -= 1;
        }
        out.push('.');
    }
    out.extend(std::iter::repeat_n('0', usize::try_from(digits).unwrap_or(0)));
    out + tail
}

/// Pads to the width, with noughts where the flag asks for them.
pub(super) fn pad(out: &mut Vec<u8>, flags: &Flags, text: &[u8]) {
    pad_with(out, flags, text, if flags.zero && !flags.minus { b'0' } else { b' ' });
}

pub(super) fn pad_with(out: &mut Vec<u8>, flags: &Flags, text: &[u8], fill: u8) {
    let len = text.utf8_chunks().map(|c| c.valid().chars().count() + c.invalid().len()).sum::<usize>();
    let missing = flags.width.unwrap_or(0).saturating_sub(len);
    if flags.minus {
        out.extend_from_slice(text);
        out.extend(std::iter::repeat_n(b' ', missing));
    } else {
        out.extend(std::iter::repeat_n(fill, missing));
        out.extend_from_slice(text);
    }
}
