/// A part of a layout that stands for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    LongMonth,
    Month,
    NumMonth,
    ZeroMonth,
    LongWeekDay,
    WeekDay,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    UpperPm,
    LowerPm,
    ZoneName,
    Offset {
        z: bool,
        colons: bool,
        parts: u8,
    },
    /// So many digits of a second, kept or cut where they are noughts.
    Fraction {
        digits: usize,
        cut: bool,
        separator: char,
    },
}

/// Splits a layout at its first part: what is before, the part, its text, what is behind.
pub(super) fn next_part(layout: &str) -> Option<(&str, Part, &str, &str)> {
    for at in 0..layout.len() {
        if !layout.is_char_boundary(at) {
            continue;
        }
        let rest = &layout[at..];
        if let Some((skip, part, len)) = part_at(rest) {
            let from = at + skip;
            return Some((&layout[..from], part, &layout[from..from + len], &layout[from + len..]));
        }
    }
    None
}

fn lower_follows(rest: &str) -> bool {
    rest.as_bytes().first().is_some_and(u8::is_ascii_lowercase)
}

/// Returns how much of the text is literal, the part behind it, and its length.
fn part_at(rest: &str) -> Option<(usize, Part, usize)> {
    use Part::*;
    const FIXED: [(&str, Part); 31] = [
        ("January", LongMonth),
        ("Monday", LongWeekDay),
        ("MST", ZoneName),
        ("01", ZeroMonth),
        ("02", ZeroDay),
        ("03", ZeroHour12),
        ("04", ZeroMinute),
        ("05", ZeroSecond),
        ("06", Year),
        ("002", ZeroYearDay),
        ("15", Hour),
        ("1", NumMonth),
        ("2006", LongYear),
        ("2", Day),
        ("__2", UnderYearDay),
        ("3", Hour12),
        ("4", Minute),
        ("5", Second),
        ("PM", UpperPm),
        ("pm", LowerPm),
        ("-070000", Offset { z: false, colons: false, parts: 3 }),
        ("-07:00:00", Offset { z: false, colons: true, parts: 3 }),
        ("-0700", Offset { z: false, colons: false, parts: 2 }),
        ("-07:00", Offset { z: false, colons: true, parts: 2 }),
        ("-07", Offset { z: false, colons: false, parts: 1 }),
        ("Z070000", Offset { z: true, colons: false, parts: 3 }),
        ("Z07:00:00", Offset { z: true, colons: true, parts: 3 }),
        ("Z0700", Offset { z: true, colons: false, parts: 2 }),
        ("Z07:00", Offset { z: true, colons: true, parts: 2 }),
        ("Z07", Offset { z: true, colons: false, parts: 1 }),
        ("_2", UnderDay),
    ];
    if rest.starts_with("_2006") {
        return Some((1, LongYear, 4));
    }
    for (text, part) in FIXED {
        if rest.starts_with(text) {
            return Some((0, part, text.len()));
        }
    }
    for (text, part) in [("Jan", Month), ("Mon", WeekDay)] {
        if rest.strip_prefix(text).is_some_and(|after| !lower_follows(after)) {
            return Some((0, part, text.len()));
        }
    }
    fraction(rest)
}

fn fraction(rest: &str) -> Option<(usize, Part, usize)> {
    let separator = rest.chars().next().filter(|c| matches!(c, '.' | ','))?;
    let digit = rest[1..].chars().next().filter(|c| matches!(c, '0' | '9'))?;
    let digits = rest[1..].chars().take_while(|c| *c == digit).count();
    if rest[1 + digits..].starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    Some((0, Part::Fraction { digits, cut: digit == '9', separator }, 1 + digits))
}
