use super::civil::Civil;
use super::layout::{Part, next_part};
use super::{Instant, Zone};
use fairway_core::calendar::{DAYS, MONTHS, days_in_month};

/// Reads a time by a layout, as Go's `time.ParseInLocation` with UTC as the location.
///
/// # Errors
/// Go's complaint.
pub(crate) fn parse(layout: &str, text: &str) -> Result<Instant, String> {
    let mut found = Found { year: 0, ..Found::default() };
    let mut value = text;
    let mut rest = layout;
    let complain = |part: &str, value: &str, extra: &str| {
        let quote = crate::fmt::quote;
        if extra.is_empty() {
            let (text, layout) = (quote(text), quote(layout));
            return format!(
                "parsing time {text} as {layout}: cannot parse {} as {}",
                quote(value),
                quote(part)
            );
        }
        format!("parsing time {}{extra}", quote(text))
    };
    while let Some((literal, part, part_text, after)) = next_part(rest) {
        value = skip(value, literal).map_err(|at| complain(literal, at, ""))?;
        rest = after;
        match found.read(part, value, rest) {
            Ok(left) => value = left,
            Err(Fault::Bad) => return Err(complain(part_text, value, "")),
            Err(Fault::Range(what)) => return Err(complain("", "", &format!(": {what} out of range"))),
        }
    }
    value = skip(value, rest).map_err(|at| complain(rest, at, ""))?;
    if !value.is_empty() {
        return Err(complain("", "", &format!(": extra text: {}", crate::fmt::quote(value))));
    }
    found.instant().map_err(|e| complain("", "", &format!(": {e}")))
}

enum Fault {
    Bad,
    Range(&'static str),
}

type Read<'a> = Result<&'a str, Fault>;

#[derive(Default)]
struct Found {
    year: i64,
    month: Option<u8>,
    day: Option<u8>,
    year_day: Option<i64>,
    hour: u8,
    minute: u8,
    second: u8,
    nanos: u32,
    pm: Option<bool>,
    utc: bool,
    offset: Option<i32>,
    zone_name: String,
}

/// Skips a literal; a space in it stands for any number of them.
fn skip<'a>(mut value: &'a str, mut literal: &str) -> Result<&'a str, &'a str> {
    while let Some(c) = literal.chars().next() {
        if c == ' ' {
            if value.starts_with(|v: char| v != ' ') {
                return Err(value);
            }
            literal = literal.trim_start_matches(' ');
            value = value.trim_start_matches(' ');
            continue;
        }
        value = value.strip_prefix(c).ok_or(value)?;
        literal = &literal[c.len_utf8()..];
    }
    Ok(value)
}

fn digit_at(value: &str, at: usize) -> bool {
    value.as_bytes().get(at).is_some_and(u8::is_ascii_digit)
}

/// Reads one or two digits, or exactly two.
fn number(value: &str, fixed: bool) -> Result<(u8, &str), Fault> {
    if !digit_at(value, 0) || fixed && !digit_at(value, 1) {
        return Err(Fault::Bad);
    }
    let len = if digit_at(value, 1) { 2 } else { 1 };
    Ok((value[..len].parse().map_err(|_| Fault::Bad)?, &value[len..]))
}

fn name<'a>(value: &'a str, names: &[&str], short: bool) -> Result<(u8, &'a str), Fault> {
    for (n, name) in names.iter().enumerate() {
        let name = if short { &name[..3] } else { name };
        if value.get(..name.len()).is_some_and(|v| v.eq_ignore_ascii_case(name)) {
            return Ok((u8::try_from(n).unwrap_or(0), &value[name.len()..]));
        }
    }
    Err(Fault::Bad)
}

fn nanos(digits: &str) -> u32 {
    let padded = format!("{digits:0<9}");
    padded.get(..9).and_then(|p| p.parse().ok()).unwrap_or(0)
}

impl Found {
    fn read<'a>(&mut self, part: Part, value: &'a str, layout_rest: &str) -> Read<'a> {
        match part {
            Part::Year | Part::LongYear => self.read_year(part, value),
            Part::Month | Part::LongMonth => {
                let (n, rest) = name(value, &MONTHS, part == Part::Month)?;
                self.month = Some(n + 1);
                Ok(rest)
            }
            Part::NumMonth | Part::ZeroMonth => {
                let (n, rest) = number(value, part == Part::ZeroMonth)?;
                self.month = Some(within(n, 1, 12, "month")?);
                Ok(rest)
            }
            Part::WeekDay | Part::LongWeekDay => Ok(name(value, &DAYS, part == Part::WeekDay)?.1),
            Part::Day | Part::UnderDay | Part::ZeroDay => {
                let value =
                    if part == Part::UnderDay { value.strip_prefix(' ').unwrap_or(value) } else { value };
                let (n, rest) = number(value, part == Part::ZeroDay)?;
                self.day = Some(n);
                Ok(rest)
            }
            Part::UnderYearDay | Part::ZeroYearDay => self.read_year_day(part, value),
            Part::Hour | Part::Hour12 | Part::ZeroHour12 => {
                let (n, rest) = number(value, part == Part::ZeroHour12)?;
                self.hour = within(n, 0, if part == Part::Hour { 23 } else { 12 }, "hour")?;
                Ok(rest)
            }
            Part::Minute | Part::ZeroMinute => {
                let (n, rest) = number(value, part == Part::ZeroMinute)?;
                self.minute = within(n, 0, 59, "minute")?;
                Ok(rest)
            }
            Part::Second | Part::ZeroSecond => self.read_second(part, value, layout_rest),
            Part::UpperPm | Part::LowerPm => {
                let (am, pm) = if part == Part::UpperPm { ("AM", "PM") } else { ("am", "pm") };
                self.pm = Some(value.starts_with(pm));
                value.strip_prefix(pm).or_else(|| value.strip_prefix(am)).ok_or(Fault::Bad)
            }
            Part::ZoneName => self.read_zone_name(value),
            Part::Offset { z, colons, parts } => {
                if z && let Some(rest) = value.strip_prefix('Z') {
                    self.utc = true;
                    return Ok(rest);
                }
                self.read_offset(value, colons, parts)
            }
            Part::Fraction { digits, cut, .. } => self.read_fraction(value, digits, cut),
        }
    }

    fn read_year<'a>(&mut self, part: Part, value: &'a str) -> Read<'a> {
        let len = if part == Part::Year { 2 } else { 4 };
        let digits = value.get(..len).filter(|d| d.bytes().all(|b| b.is_ascii_digit())).ok_or(Fault::Bad)?;
        self.year = digits.parse().map_err(|_| Fault::Bad)?;
        if part == Part::Year {
            self.year += if self.year >= 69 { 1900 } else { 2000 };
        }
        Ok(&value[len..])
    }

    fn read_year_day<'a>(&mut self, part: Part, value: &'a str) -> Read<'a> {
        let fixed = part == Part::ZeroYearDay;
        let value = if fixed { value } else { value.strip_prefix(' ').unwrap_or(value) };
        let value = if fixed { value } else { value.strip_prefix(' ').unwrap_or(value) };
        let len = (0..3).take_while(|n| digit_at(value, *n)).count();
        if len == 0 || fixed && len < 3 {
            return Err(Fault::Bad);
        }
        self.year_day = value[..len].parse().ok();
        Ok(&value[len..])
    }

    fn read_second<'a>(&mut self, part: Part, value: &'a str, layout_rest: &str) -> Read<'a> {
        let (n, rest) = number(value, part == Part::ZeroSecond)?;
        self.second = within(n, 0, 59, "second")?;
        // A fraction may follow that the layout does not have.
        let expected = matches!(next_part(layout_rest), Some((_, Part::Fraction { .. }, ..)));
        if !expected && rest.starts_with(['.', ',']) && digit_at(rest, 1) {
            let digits = 1 + rest[1..].bytes().take_while(u8::is_ascii_digit).count();
            self.nanos = nanos(&rest[1..digits]);
            return Ok(&rest[digits..]);
        }
        Ok(rest)
    }

    fn read_fraction<'a>(&mut self, value: &'a str, digits: usize, cut: bool) -> Read<'a> {
        let present = value.starts_with(['.', ',']);
        let given = value.bytes().skip(1).take_while(u8::is_ascii_digit).count();
        if cut {
            if !present || given == 0 {
                return Ok(value);
            }
            self.nanos = nanos(&value[1..=given]);
            return Ok(&value[1 + given..]);
        }
        if !present || given < digits {
            return Err(Fault::Bad);
        }
        self.nanos = nanos(&value[1..=digits]);
        Ok(&value[1 + digits..])
    }

    fn read_offset<'a>(&mut self, value: &'a str, colons: bool, parts: u8) -> Read<'a> {
        let sign = match value.as_bytes().first() {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return Err(Fault::Bad),
        };
        let mut rest = &value[1..];
        let mut numbers = [0_i32; 3];
        for (n, slot) in numbers.iter_mut().take(usize::from(parts)).enumerate() {
            if n > 0 && colons {
                rest = rest.strip_prefix(':').ok_or(Fault::Bad)?;
            }
            let (number, after) = number(rest, true)?;
            *slot = number.into();
            rest = after;
        }
        let [hours, minutes, seconds] = numbers;
        for (n, max, what) in [
            (hours, 24, "time zone offset hour"),
            (minutes, 60, "time zone offset minute"),
            (seconds, 60, "time zone offset second"),
        ] {
            if n > max {
                return Err(Fault::Range(what));
            }
        }
        self.offset = Some(sign * ((hours * 60 + minutes) * 60 + seconds));
        Ok(rest)
    }

    fn read_zone_name<'a>(&mut self, value: &'a str) -> Read<'a> {
        if let Some(rest) = value.strip_prefix("UTC") {
            self.utc = true;
            return Ok(rest);
        }
        let len = zone_name_len(value).ok_or(Fault::Bad)?;
        self.zone_name = value[..len].to_owned();
        Ok(&value[len..])
    }

    fn instant(mut self) -> Result<Instant, String> {
        match self.pm {
            Some(true) if self.hour < 12 => self.hour += 12,
            Some(false) if self.hour == 12 => self.hour = 0,
            _ => {}
        }
        let (month, day) = self.month_and_day()?;
        if day < 1 || i64::from(day) > days_in_month(self.year, month.into()) {
            return Err("day out of range".to_owned());
        }
        let civil = Civil {
            year: self.year,
            month,
            day,
            hour: self.hour,
            minute: self.minute,
            second: self.second,
            nanos: self.nanos,
        };
        let (offset, zone) = match (self.utc, self.offset, self.zone_name.as_str()) {
            (true, ..) => (0, Zone::Utc),
            (_, Some(0), "" | "UTC") | (_, None, "" | "UTC") => (0, Zone::Utc),
            (_, Some(offset), name) => (offset, Zone::Fixed { name: name.to_owned(), offset }),
            (_, None, name) => {
                // The zone is made up: what was read stays UTC and is only shown in it.
                let hours: i32 = name.strip_prefix("GMT").and_then(|h| h.parse().ok()).unwrap_or(0);
                (0, Zone::Fixed { name: name.to_owned(), offset: hours * 3600 })
            }
        };
        Ok(Instant { seconds: civil.seconds() - i64::from(offset), nanos: self.nanos, zone })
    }

    fn month_and_day(&self) -> Result<(u8, u8), String> {
        let Some(year_day) = self.year_day else {
            return Ok((self.month.unwrap_or(1), self.day.unwrap_or(1)));
        };
        if year_day < 1 || year_day > 337 + days_in_month(self.year, 2) {
            return Err("day-of-year out of range".to_owned());
        }
        let mut left = year_day;
        let mut month = 1_u8;
        while left > days_in_month(self.year, month.into()) {
            left -= days_in_month(self.year, month.into());
            month += 1;
        }
        let day = u8::try_from(left).unwrap_or(1);
        if self.month.is_some_and(|m| m != month) {
            return Err("day-of-year does not match month".to_owned());
        }
        if self.day.is_some_and(|d| d != day) {
            return Err("day-of-year does not match day".to_owned());
        }
        Ok((month, day))
    }
}

fn within(n: u8, min: u8, max: u8, what: &'static str) -> Result<u8, Fault> {
    if (min..=max).contains(&n) { Ok(n) } else { Err(Fault::Range(what)) }
}

/// Returns how long a zone's abbreviation is: three or four capitals, `GMT±n`, or a bare offset.
fn zone_name_len(value: &str) -> Option<usize> {
    if value.len() < 3 {
        return None;
    }
    if value.starts_with("ChST") || value.starts_with("MeST") {
        return Some(4);
    }
    let signed = |rest: &str, base: usize| {
        let digits = rest.get(1..)?.bytes().take_while(u8::is_ascii_digit).count();
        let hours: u32 = rest.get(1..=digits)?.parse().ok()?;
        (rest.starts_with(['+', '-']) && digits > 0 && hours < 24).then_some(base + 1 + digits)
    };
    if let Some(hours) = value.strip_prefix("GMT") {
        return Some(signed(hours, 3).unwrap_or(3));
    }
    if value.starts_with(['+', '-']) {
        return signed(value, 0);
    }
    let capitals = value.bytes().take(6).take_while(u8::is_ascii_uppercase).count();
    match capitals {
        5 if value.as_bytes()[4] == b'T' => Some(5),
        4 if value.as_bytes()[3] == b'T' || value.starts_with("WITA") => Some(4),
        3 => Some(3),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::format;

    #[test]
    fn times_come_back_by_their_layout() {
        for (layout, text) in [
            ("2006-01-02T15:04:05Z07:00", "2024-02-29T23:59:58+02:00"),
            ("Mon Jan _2 15:04:05 2006", "Thu Feb 29 01:02:03 2024"),
            ("02 Jan 06 15:04 MST", "29 Feb 24 01:02 UTC"),
            ("3:04PM .000", "1:02PM .500"),
            ("2006 002", "2024 366"),
        ] {
            assert_eq!(format(&parse(layout, text).unwrap(), layout), text);
        }
        for (layout, text) in
            [("2006-01-02", "2023-02-29"), ("2006-01-02", "2023-1-1"), ("15", "24"), ("2006", "2006x")]
        {
            assert!(parse(layout, text).is_err(), "{text}");
        }
    }
}
