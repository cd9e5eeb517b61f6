/// A point in time as a YAML timestamp states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timestamp {
    year: u32,
    month: u32,
    day: u32,
    hour: u32,
    minute: u32,
    second: u32,
    nanos: u32,
    /// Offset from UTC in minutes; `None` where the text states `Z` or no zone.
    offset_minutes: Option<i32>,
}

/// Reads a timestamp in one of the four forms that go-yaml tries (`parseTimestamp`), as Go's `time.Parse` reads them.
pub(crate) fn parse_timestamp(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    // All forms start with four digits and a dash.
    if bytes.len() < 8 || !bytes[..4].iter().all(u8::is_ascii_digit) || bytes[4] != b'-' {
        return None;
    }
    let mut scan = Scan(&bytes[5..]);
    let year = text.get(..4)?.parse().ok()?;
    let month = scan.one_or_two()?;
    scan.byte(b'-')?;
    let day = scan.one_or_two()?;
    let mut stamp =
        Timestamp { year, month, day, hour: 0, minute: 0, second: 0, nanos: 0, offset_minutes: None };
    if !(1..=12).contains(&month) || !(1..=days_in(month, year)).contains(&day) {
        return None;
    }
    match scan.0.first() {
        None => return Some(stamp),
        Some(b'T' | b't') => {
            scan.0 = &scan.0[1..];
            scan.clock(&mut stamp)?;
            stamp.offset_minutes = scan.zone()?;
        }
        Some(b' ') => {
            while let [b' ', rest @ ..] = scan.0 {
                scan.0 = rest;
            }
            scan.clock(&mut stamp)?;
        }
        Some(_) => return None,
    }
    scan.0.is_empty().then_some(stamp)
}

impl Timestamp {
    /// RFC 3339 with the fraction that is needed, as Go's `time.Time` marshals to JSON.
    pub(crate) fn to_rfc3339(self) -> String {
        let mut out = format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            self.year, self.month, self.day, self.hour, self.minute, self.second
        );
        if self.nanos > 0 {
            out.push_str(format!(".{:09}", self.nanos).trim_end_matches('0'));
        }
        match self.offset_minutes {
            None | Some(0) => out.push('Z'),
            Some(m) => {
                let sign = if m < 0 { '-' } else { '+' };
                out.push_str(&format!("{sign}{:02}:{:02}", m.abs() / 60, m.abs() % 60));
            }
        }
        out
    }
}

struct Scan<'a>(&'a [u8]);

impl Scan<'_> {
    fn byte(&mut self, want: u8) -> Option<()> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        (*first == want).then_some(())
    }

    fn one_or_two(&mut self) -> Option<u32> {
        let count = self.0.iter().take(2).take_while(|b| b.is_ascii_digit()).count();
        self.number(count)
    }

    fn number(&mut self, count: usize) -> Option<u32> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        if count == 0 || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        self.0 = rest;
        std::str::from_utf8(digits).ok()?.parse().ok()
    }

    fn clock(&mut self, stamp: &mut Timestamp) -> Option<()> {
        stamp.hour = self.one_or_two()?;
        self.byte(b':')?;
        stamp.minute = self.one_or_two()?;
        self.byte(b':')?;
        stamp.second = self.one_or_two()?;
        if let [b'.' | b',', b'0'..=b'9', ..] = self.0 {
            let count = self.0[1..].iter().take_while(|b| b.is_ascii_digit()).count();
            let digits: String =
                self.0[1..=count].iter().map(|b| char::from(*b)).chain("000000000".chars()).take(9).collect();
            stamp.nanos = digits.parse().ok()?;
            self.0 = &self.0[count + 1..];
        }
        (stamp.hour < 24 && stamp.minute < 60 && stamp.second < 60).then_some(())
    }

    /// `Z` or an offset; must be there.
    fn zone(&mut self) -> Option<Option<i32>> {
        match self.0 {
            [b'Z'] => {
                self.0 = &[];
                Some(None)
            }
            [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
                let negative = *sign == b'-';
                self.0 = &self.0[1..];
                let hours = self.number(2)?;
                self.byte(b':')?;
                let minutes = self.number(2)?;
                if hours > 24 || minutes >= 60 {
                    return None;
                }
                let total = i32::try_from(hours * 60 + minutes).ok()?;
                Some(Some(if negative { -total } else { total }))
            }
            _ => None,
        }
    }
}

fn days_in(month: u32, year: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gos_four_forms_are_read_and_nothing_else() {
        for (text, expect) in [
            ("2001-12-14", Some("2001-12-14T00:00:00Z")),
            ("2001-1-2", Some("2001-01-02T00:00:00Z")),
            ("2001-12-14t21:59:43.10-05:00", Some("2001-12-14T21:59:43.1-05:00")),
            ("2001-12-14T21:59:43Z", Some("2001-12-14T21:59:43Z")),
            ("2001-12-15 2:59:43.10", Some("2001-12-15T02:59:43.1Z")),
            ("2001-12-14T21:59:43", None),
            ("2001-02-30", None),
            ("2001-13-01", None),
            ("2001-12-14x", None),
            ("01-12-14", None),
        ] {
            assert_eq!(parse_timestamp(text).map(Timestamp::to_rfc3339).as_deref(), expect, "{text}");
        }
    }
}
