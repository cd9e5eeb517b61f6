use super::Instant;
use super::civil::Civil;
use super::layout::{Part, next_part};
use fairway_core::calendar::{DAYS, MONTHS};
use std::fmt::Write as _;

/// Writes a time by a layout, as Go's `Time.Format`.
pub(crate) fn format(time: &Instant, layout: &str) -> String {
    let (offset, zone) = time.zone.at(time.seconds);
    let civil = time.civil();
    let mut out = String::with_capacity(layout.len() + 16);
    let mut rest = layout;
    while let Some((literal, part, _, after)) = next_part(rest) {
        out.push_str(literal);
        put(&mut out, part, &civil, offset, &zone);
        rest = after;
    }
    out + rest
}

fn put(out: &mut String, part: Part, c: &Civil, offset: i32, zone: &str) {
    let month = MONTHS[usize::from(c.month).clamp(1, 12) - 1];
    let hour12 = if c.hour.is_multiple_of(12) { 12 } else { c.hour % 12 };
    // Writing to a String cannot fail.
    let _ = match part {
        Part::LongMonth => out.write_str(month),
        Part::Month => out.write_str(&month[..3]),
        Part::NumMonth => write!(out, "{}", c.month),
        Part::ZeroMonth => write!(out, "{:02}", c.month),
        Part::LongWeekDay => out.write_str(DAYS[c.weekday()]),
        Part::WeekDay => out.write_str(&DAYS[c.weekday()][..3]),
        Part::Day => write!(out, "{}", c.day),
        Part::UnderDay => write!(out, "{:2}", c.day),
        Part::ZeroDay => write!(out, "{:02}", c.day),
        Part::UnderYearDay => write!(out, "{:3}", c.year_day()),
        Part::ZeroYearDay => write!(out, "{:03}", c.year_day()),
        Part::Hour => write!(out, "{:02}", c.hour),
        Part::Hour12 => write!(out, "{hour12}"),
        Part::ZeroHour12 => write!(out, "{hour12:02}"),
        Part::Minute => write!(out, "{}", c.minute),
        Part::ZeroMinute => write!(out, "{:02}", c.minute),
        Part::Second => write!(out, "{}", c.second),
        Part::ZeroSecond => write!(out, "{:02}", c.second),
        Part::LongYear if c.year < 0 => write!(out, "-{:04}", c.year.abs()),
        Part::LongYear => write!(out, "{:04}", c.year),
        Part::Year => write!(out, "{:02}", c.year.abs() % 100),
        Part::UpperPm => out.write_str(if c.hour >= 12 { "PM" } else { "AM" }),
        Part::LowerPm => out.write_str(if c.hour >= 12 { "pm" } else { "am" }),
        Part::ZoneName if zone.is_empty() => {
            put_offset(out, offset, false, 2);
            Ok(())
        }
        Part::ZoneName => out.write_str(zone),
        Part::Offset { z: true, .. } if offset == 0 => out.write_str("Z"),
        Part::Offset { colons, parts, .. } => {
            put_offset(out, offset, colons, parts);
            Ok(())
        }
        Part::Fraction { digits, cut, separator } => {
            put_fraction(out, c.nanos, digits, cut, separator);
            Ok(())
        }
    };
}

fn put_offset(out: &mut String, offset: i32, colons: bool, parts: u8) {
    let sign = if offset < 0 { '-' } else { '+' };
    let seconds = offset.unsigned_abs();
    let colon = if colons { ":" } else { "" };
    let _ = write!(out, "{sign}{:02}", seconds / 3600);
    if parts > 1 {
        let _ = write!(out, "{colon}{:02}", seconds / 60 % 60);
    }
    if parts > 2 {
        let _ = write!(out, "{colon}{:02}", seconds % 60);
    }
}

fn put_fraction(out: &mut String, nanos: u32, digits: usize, cut: bool, separator: char) {
    let mut text = format!("{nanos:09}");
    text.extend(std::iter::repeat_n('0', digits.saturating_sub(9)));
    text.truncate(digits);
    if cut {
        text.truncate(text.trim_end_matches('0').len());
        if text.is_empty() {
            return;
        }
    }
    out.push(separator);
    out.push_str(&text);
}
