//! Cron schedules of five fields and the `@daily` kind, as robfig/cron v3 reads them, in a time zone.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// A parsed schedule: bit N of a field stands for value N.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Schedule {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// A day matches if either of the two day fields does, where both are restricted.
    either_day: bool,
}

/// Furthest that the next time is looked for: five years, as robfig/cron.
const DAYS_MAX: usize = 5 * 366;

impl Schedule {
    /// Reads a schedule. Nothing where it is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = match text.trim() {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            other => other,
        };
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields.as_slice() else { return None };
        let star = |f: &str| f.starts_with('*') || f == "?";
        Some(Self {
            minutes: field(minutes, 0, 59, &[])?,
            hours: field(hours, 0, 23, &[])?,
            days: field(days, 1, 31, &[])?,
            months: field(months, 1, 12, &MONTHS)?,
            weekdays: field(weekdays, 0, 7, &WEEKDAYS).map(|w| w | (w >> 7 & 1))?,
            either_day: !star(days) && !star(weekdays),
        })
    }

    fn day_matches(&self, at: DateTime) -> bool {
        let month = self.months >> at.month() & 1 == 1;
        let day = self.days >> at.day() & 1 == 1;
        let weekday = self.weekdays >> at.weekday().to_sunday_zero_offset() & 1 == 1;
        month && if self.either_day { day || weekday } else { day && weekday }
    }

    /// Returns the first time after a number of seconds since the epoch.
    pub(crate) fn after(&self, secs: i64, zone: &TimeZone) -> Option<i64> {
        let start = Timestamp::from_second(secs - secs.rem_euclid(60) + 60).ok()?;
        let mut at = zone.to_datetime(start);
        for _ in 0..DAYS_MAX {
            if self.day_matches(at) {
                for hour in at.hour()..24 {
                    if self.hours >> hour & 1 == 0 {
                        continue;
                    }
                    let from = if hour == at.hour() { at.minute() } else { 0 };
                    if let Some(minute) = (from..60).find(|m| self.minutes >> m & 1 == 1) {
                        let found = at.date().at(hour, minute, 0, 0);
                        // A time that the clocks repeat counts once, at its first reading; one they skip, right after.
                        let found = zone.to_timestamp(found).ok().map(Timestamp::as_second);
                        if found.is_some_and(|f| f > secs) {
                            return found;
                        }
                    }
                }
            }
            at = at.date().checked_add(1.day()).ok()?.at(0, 0, 0, 0);
        }
        None
    }
}

const MONTHS: [&str; 13] =
    ["", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

fn field(text: &str, low: u32, high: u32, names: &[&str]) -> Option<u64> {
    let value = |word: &str| -> Option<u32> {
        let lower = word.to_lowercase();
        let named =
            names.iter().position(|n| !n.is_empty() && *n == lower).and_then(|n| u32::try_from(n).ok());
        named.or_else(|| word.parse().ok()).filter(|v| (low..=high).contains(v))
    };
    let mut bits = 0;
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse::<u32>().ok().filter(|s| *s > 0)?),
            None => (part, 1),
        };
        let (from, to) = match range {
            "*" | "?" => (low, high),
            _ => match range.split_once('-') {
                Some((from, to)) => (value(from)?, value(to)?),
                None if part.contains('/') => (value(range)?, high),
                None => (value(range)?, value(range)?),
            },
        };
        if from > to {
            return None;
        }
        let mut at = from;
        while at <= to {
            bits |= 1 << at;
            at += step;
        }
    }
    Some(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(schedule: &str, from: &str, expect: &str) {
        let from: Timestamp = from.parse().unwrap();
        let next = Schedule::parse(schedule).unwrap().after(from.as_second(), &TimeZone::UTC).unwrap();
        assert_eq!(Timestamp::from_second(next).unwrap().to_string(), expect, "{schedule}");
    }

    #[test]
    fn the_next_time_is_found() {
        check("*/5 * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:05:00Z");
        check("0 0 * * *", "2026-01-31T12:00:00Z", "2026-02-01T00:00:00Z");
        check("30 9 * * mon", "2026-01-01T00:00:00Z", "2026-01-05T09:30:00Z");
        check("0 0 13 * 5", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
        check("0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z");
        assert_eq!(Schedule::parse("61 * * * *"), None);
    }
}
