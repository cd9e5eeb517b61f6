use crate::go_duration::parse_go_duration;
use jiff::civil::Date;
use jiff::tz::TimeZoneDatabase;
use jiff::{Timestamp, ToSpan};
use std::time::Duration;

/// Longest window that is looked back over: a schedule that fires more seldom than every five years never fires, as
/// for the cron library of Argo CD.
const LOOK_BACK_DAYS_MAX: i64 = 366 * 5;

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// A schedule of five fields, as robfig/cron v3 reads it. Each field is a set of bits.
struct Schedule {
    minute: u64,
    hour: u64,
    day: u64,
    month: u64,
    weekday: u64,
    /// Whether day or weekday is `*`: then both must match, else one is enough.
    any_day: bool,
}

struct Field {
    name: &'static str,
    min: u32,
    max: u32,
    words: &'static [&'static str],
}

impl Field {
    fn number(&self, text: &str) -> Result<u32, String> {
        if let Some(at) = self.words.iter().position(|w| text.eq_ignore_ascii_case(w)) {
            return Ok(u32::try_from(at).unwrap_or(0) + self.min);
        }
        text.parse().map_err(|_| format!("failed to parse {} {text:?}", self.name))
    }

    fn bits(&self, text: &str) -> Result<u64, String> {
        text.split(',').try_fold(0, |bits, part| Ok(bits | self.range(part)?))
    }

    fn range(&self, part: &str) -> Result<u64, String> {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => {
                let step: u32 = step.parse().map_err(|_| format!("failed to parse step {step:?}"))?;
                (range, Some(step))
            }
            None => (part, None),
        };
        let (low, high) = match range.split_once('-') {
            _ if range == "*" || range == "?" => (self.min, self.max),
            Some((low, high)) => (self.number(low)?, self.number(high)?),
            None => {
                let low = self.number(range)?;
                // `5/15` means from 5 to the end.
                (low, if step.is_some() { self.max } else { low })
            }
        };
        let step = step.unwrap_or(1);
        if low < self.min || high > self.max || low > high || step == 0 {
            return Err(format!("{} {part:?} is out of range ({}-{})", self.name, self.min, self.max));
        }
        Ok((low..=high).step_by(step as usize).fold(0, |bits, n| bits | (1 << n)))
    }
}

impl Schedule {
    fn parse(text: &str) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields.as_slice() else {
            return Err(format!("expected exactly 5 fields, found {}: {text}", fields.len()));
        };
        let field = |name, min, max, words| Field { name, min, max, words };
        Ok(Self {
            minute: field("minute", 0, 59, &[]).bits(minute)?,
            hour: field("hour", 0, 23, &[]).bits(hour)?,
            day: field("day", 1, 31, &[]).bits(day)?,
            month: field("month", 1, 12, &MONTHS).bits(month)?,
            weekday: field("weekday", 0, 6, &WEEKDAYS).bits(weekday)?,
            any_day: [day, weekday].iter().any(|f| f.starts_with('*') || f.starts_with('?')),
        })
    }

    fn fires_on(&self, date: Date) -> bool {
        let bit = |bits: u64, n: i8| bits & (1_u64 << n.clamp(0, 63)) != 0;
        let day = bit(self.day, date.day());
        let weekday = bit(self.weekday, date.weekday().to_sunday_zero_offset());
        bit(self.month, date.month()) && if self.any_day { day && weekday } else { day || weekday }
    }

    /// Whether there is a firing time after `from` and before `to` (both as seconds since 1970 on the schedule's own
    /// clock).
    fn fires_between(&self, from: i64, to: i64) -> Option<bool> {
        let mut date = Timestamp::from_second(to).ok()?.to_zoned(jiff::tz::TimeZone::UTC).date();
        let midnight = |d: Date| d.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|z| z.timestamp().as_second());
        for _ in 0..LOOK_BACK_DAYS_MAX {
            let start = midnight(date)?;
            if self.fires_on(date) {
                let fires = (0..24 * 60).rev().any(|minute: i64| {
                    let at = start + minute * 60;
                    self.hour & (1 << (minute / 60)) != 0
                        && self.minute & (1 << (minute % 60)) != 0
                        && at > from
                        && at < to
                });
                if fires {
                    return Some(true);
                }
            }
            if start <= from {
                return Some(false);
            }
            date = date.checked_sub(1.day()).ok()?;
        }
        Some(false)
    }
}

/// Whether a window that opens by a cron schedule and stays open for a duration is open.
///
/// `duration` is Go's; `time_zone` an IANA name, of which an unknown or empty one means UTC, as in Argo CD.
/// `now_unix` counts seconds since 1970.
///
/// # Errors
/// The schedule or the duration cannot be read; the message is Argo CD's.
pub fn cron_is_active(
    schedule: &str,
    duration: &str,
    time_zone: &str,
    now_unix: i64,
) -> Result<bool, String> {
    let parsed =
        Schedule::parse(schedule).map_err(|why| format!("cannot parse schedule '{schedule}': {why}"))?;
    let open: Duration = parse_go_duration(duration)
        .ok_or_else(|| format!("cannot parse duration '{duration}': time: invalid duration"))?;
    let now = now_unix.saturating_add(offset_seconds(time_zone, now_unix));
    let from = now.saturating_sub(i64::try_from(open.as_secs()).unwrap_or(i64::MAX));
    Ok(parsed.fires_between(from, now).unwrap_or(false))
}

fn offset_seconds(time_zone: &str, now_unix: i64) -> i64 {
    if time_zone.is_empty() {
        return 0;
    }
    let zone = TimeZoneDatabase::bundled().get(time_zone).ok();
    let now = Timestamp::from_second(now_unix).ok();
    zone.zip(now).map_or(0, |(zone, now)| i64::from(zone.to_offset(now).seconds()))
}

/// Reads a time such as `2026-01-02T03:04:05Z` as seconds since 1970.
#[must_use]
pub fn unix_of(rfc3339: &str) -> Option<i64> {
    let at: Timestamp = rfc3339.parse().ok()?;
    at.round(jiff::Unit::Second).ok().map(Timestamp::as_second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn active(schedule: &str, duration: &str, zone: &str, now: &str) -> bool {
        cron_is_active(schedule, duration, zone, unix_of(now).unwrap()).unwrap()
    }

    #[test]
    fn a_window_is_open_from_its_start_for_its_duration() {
        assert!(active("0 22 * * *", "1h", "", "2026-03-04T22:30:00Z"));
        assert!(!active("0 22 * * *", "1h", "", "2026-03-04T21:59:00Z"));
        assert!(!active("0 22 * * *", "1h", "", "2026-03-04T23:00:00Z"));
        assert!(active("0 22 * * *", "3h", "", "2026-03-05T00:30:00Z"));
        assert!(active("* * * * *", "1h", "", "2026-03-05T00:30:00Z"));
    }

    #[test]
    fn days_weekdays_names_and_steps_are_understood() {
        assert!(active("*/15 9-17 * jan-mar MON-FRI", "10m", "", "2026-03-04T10:20:00Z"));
        assert!(!active("*/15 9-17 * jan-mar SAT,SUN", "10m", "", "2026-03-04T10:20:00Z"));
        assert!(active("0 0 1 * WED", "24h", "", "2026-03-04T10:20:00Z"));
    }

    #[test]
    fn a_time_zone_moves_the_window() {
        assert!(active("0 22 * * *", "1h", "America/New_York", "2026-01-05T03:30:00Z"));
        assert!(!active("0 22 * * *", "1h", "America/New_York", "2026-01-04T22:30:00Z"));
    }

    #[test]
    fn nonsense_is_named() {
        assert!(cron_is_active("0 22 * *", "1h", "", 0).is_err());
        assert!(cron_is_active("61 22 * * *", "1h", "", 0).is_err());
        assert!(cron_is_active("* * * * *", "soon", "", 0).is_err());
    }
}
