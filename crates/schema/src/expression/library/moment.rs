//! Points in time, and what clocks show then in a zone.
//!
//! Source: cel-go 0.26 `common/types/timestamp.go`.

use super::span::fraction;
use super::{Span, failed, value_type};
use crate::time;
use cel::common::traits::{Adder, Subtractor};
use cel::common::types::{CelInt, CelString};
use cel::common::value::{CowVal, Val};
use cel::{DeclarationError, Env, ExecutionError, add_member_overload, add_overload};
use fairway_core::calendar::{date_time, days_since_1970};
use jiff::Timestamp;
use jiff::tz::TimeZoneDatabase;
use std::sync::LazyLock;

/// A point in time: seconds since 1970 and nanoseconds beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment {
    seconds: i64,
    nanos: u32,
}

value_type!(Moment, "google.protobuf.Timestamp", arithmetic);

/// The first and the last second that can be told: the years 1 to 9999.
const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

const SECOND: i128 = 1_000_000_000;

impl Moment {
    /// Reads a time as RFC 3339 writes it.
    pub fn parse(text: &str) -> Option<Self> {
        let (seconds, nanos) = time::parse(text)?;
        SECONDS.contains(&seconds).then_some(Self { seconds, nanos })
    }

    /// Reads a day.
    pub fn of_day(text: &str) -> Option<Self> {
        Self::parse(&format!("{text}T00:00:00Z"))
    }

    fn total(self) -> i128 {
        i128::from(self.seconds) * SECOND + i128::from(self.nanos)
    }

    /// Returns the time so many nanoseconds later.
    pub fn after(self, nanos: i64) -> Result<Self, ExecutionError> {
        let total = self.total() + i128::from(nanos);
        let seconds = i64::try_from(total.div_euclid(SECOND)).ok().filter(|s| SECONDS.contains(s));
        match (seconds, u32::try_from(total.rem_euclid(SECOND))) {
            (Some(seconds), Ok(nanos)) => Ok(Self { seconds, nanos }),
            _ => failed("timestamp", "timestamp overflow"),
        }
    }

    /// Returns the time whose digits in UTC are this one's in a zone.
    fn local(self, zone: Option<&CelString<'_>>) -> Result<Self, ExecutionError> {
        let zone = zone.map_or("UTC", |z| z.inner());
        let offset = match zone.split_once(':') {
            Some((hours, minutes)) => {
                let (hours, minutes) = (number(hours)?, number(minutes)?);
                let minutes = if zone.starts_with('-') { -minutes } else { minutes };
                hours.saturating_mul(60).saturating_add(minutes).saturating_mul(60)
            }
            None => match offset_in(zone, self.seconds) {
                Some(offset) => offset,
                None => return failed("timestamp", format!("unknown time zone {zone}")),
            },
        };
        Ok(Self { seconds: self.seconds.saturating_add(offset), ..self })
    }

    fn parts(self) -> [i64; 6] {
        date_time(self.seconds)
    }
}

/// The zones of the IANA database, the same wherever this runs.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// Seconds that clocks in a zone are ahead of UTC; nothing where no zone is called that. Names are told apart by their case.
fn offset_in(zone: &str, seconds: i64) -> Option<i64> {
    if matches!(zone, "" | "UTC") {
        return Some(0);
    }
    let zone = ZONES.get(zone).ok().filter(|found| found.iana_name() == Some(zone))?;
    Some(i64::from(zone.to_offset(Timestamp::from_second(seconds).ok()?).seconds()))
}

/// Reads hours or minutes, whose bounds nobody checks.
fn number(text: &str) -> Result<i64, ExecutionError> {
    text.parse().or_else(|_| {
        let shown = crate::managed::quote(text);
        failed("timestamp", format!("strconv.Atoi: parsing {shown}: invalid syntax"))
    })
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&time::format(self.seconds, &fraction(self.nanos)))
    }
}

impl Adder for Moment {
    fn add<'b, 'v>(&'b self, rhs: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        match rhs.downcast_ref::<Span>() {
            Some(span) => self.after(span.0).map(CowVal::owned),
            None => failed("_+_", "no such overload"),
        }
    }
}

impl Subtractor for Moment {
    fn sub<'b, 'v>(&'b self, rhs: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        if let Some(Span(nanos)) = rhs.downcast_ref::<Span>() {
            return self.after(nanos.saturating_neg()).map(CowVal::owned);
        }
        match rhs.downcast_ref::<Moment>() {
            Some(other) => match i64::try_from(self.total() - other.total()) {
                Ok(nanos) => Ok(CowVal::owned(Span(nanos))),
                Err(_) => failed("_-_", "integer overflow"),
            },
            None => failed("_-_", "no such overload"),
        }
    }
}

fn timestamp(text: &CelString<'_>) -> Result<Moment, ExecutionError> {
    match Moment::parse(text.inner()) {
        Some(moment) => Ok(moment),
        None => {
            let why = time::canonical_time(text.inner()).err();
            failed("timestamp", why.unwrap_or_else(|| "timestamp overflow".to_owned()))
        }
    }
}

fn from_seconds(seconds: &CelInt) -> Result<Moment, ExecutionError> {
    match *seconds.inner() {
        seconds if SECONDS.contains(&seconds) => Ok(Moment { seconds, nanos: 0 }),
        _ => failed("timestamp", "timestamp overflow"),
    }
}

fn same(moment: &Moment) -> Moment {
    *moment
}

fn text<'v>(moment: &Moment) -> CelString<'v> {
    moment.to_string().into()
}

fn seconds(moment: &Moment) -> CelInt {
    moment.seconds.into()
}

/// Declares a method that reads a part of a time, in UTC and in a zone.
macro_rules! part {
    ($env:ident, $name:literal, $part:expr) => {{
        fn utc(moment: &Moment) -> CelInt {
            let part: fn(Moment) -> i64 = $part;
            part(*moment).into()
        }
        fn zoned(moment: &Moment, zone: &CelString<'_>) -> Result<CelInt, ExecutionError> {
            let part: fn(Moment) -> i64 = $part;
            Ok(part(moment.local(Some(zone))?).into())
        }
        add_member_overload!($env, fn utc: (Moment) -> CelInt, name = $name)?;
        add_member_overload!($env, fn zoned: (Moment, CelString<'_>) -> Result<CelInt>, name = $name)?;
    }};
}

pub(super) fn extend(env: &mut Env) -> Result<(), DeclarationError> {
    add_overload!(env, fn timestamp: (CelString<'_>) -> Result<Moment>)?;
    add_overload!(env, fn from_seconds: (CelInt) -> Result<Moment>, name = "timestamp")?;
    add_overload!(env, fn same: (Moment) -> Moment, name = "timestamp")?;
    add_overload!(env, fn text: (Moment) -> CelString<'_>, name = "string")?;
    add_overload!(env, fn seconds: (Moment) -> CelInt, name = "int")?;
    part!(env, "getFullYear", |m| m.parts()[0]);
    part!(env, "getMonth", |m| m.parts()[1] - 1);
    part!(env, "getDate", |m| m.parts()[2]);
    part!(env, "getDayOfMonth", |m| m.parts()[2] - 1);
    part!(env, "getDayOfWeek", |m| (m.seconds.div_euclid(86_400) + 4).rem_euclid(7));
    part!(env, "getDayOfYear", |m| m.seconds.div_euclid(86_400) - days_since_1970(m.parts()[0], 1, 1));
    part!(env, "getHours", |m| m.parts()[3]);
    part!(env, "getMinutes", |m| m.parts()[4]);
    part!(env, "getSeconds", |m| m.parts()[5]);
    part!(env, "getMilliseconds", |m| i64::from(m.nanos / 1_000_000));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{hold, of};

    #[test]
    fn points_in_time() {
        hold(&[
            "timestamp('2024-02-29T10:00:00Z') < timestamp('2024-02-29T10:00:00.5Z')",
            "timestamp('2024-02-29T10:00:00+02:00') == timestamp('2024-02-29T08:00:00Z')",
            "timestamp('2024-03-01T00:00:00Z') - timestamp('2024-02-29T00:00:00Z') == duration('24h')",
            "timestamp('2024-02-29T23:30:00Z') + duration('1h') == timestamp('2024-03-01T00:30:00Z')",
            "timestamp('2024-02-29T23:30:00Z').getMonth() == 1 && timestamp('2024-02-29T23:30:00Z').getDate() == 29",
            "timestamp('2024-02-29T23:30:00Z').getDayOfWeek() == 4 && timestamp('2024-02-29T23:30:00Z').getDayOfYear() == 59",
            "timestamp('2024-02-29T23:30:00Z').getHours('+01:00') == 0",
            "timestamp('2024-02-29T23:30:00Z').getHours('-1:30') == 22 && timestamp('2024-02-29T23:30:00Z').getMinutes('9:5') == 35",
            "timestamp('2024-02-29T23:30:00Z').getHours('Europe/Berlin') == 0 && timestamp('2024-07-01T12:00:00Z').getHours('Europe/Berlin') == 14",
            "timestamp('2024-07-01T12:00:00Z').getMinutes('Asia/Kolkata') == 30 && timestamp('2024-07-01T12:00:00Z').getHours('UTC') == 12",
            "timestamp('2024-02-29T23:30:00Z').getDate('Pacific/Auckland') == 1 && timestamp('2050-07-01T12:00:00Z').getHours('America/New_York') == 8",
            "string(timestamp('2024-02-29T23:30:00.250Z')) == '2024-02-29T23:30:00.25Z'",
            "int(timestamp('1970-01-01T00:01:00Z')) == 60 && timestamp(60) == timestamp('1970-01-01T00:01:00Z')",
        ]);
        assert!(of("timestamp('x')").is_err());
        for zone in ["europe/berlin", "Nowhere", "a:00", "+01"] {
            assert!(of(&format!("timestamp('2024-02-29T23:30:00Z').getHours('{zone}')")).is_err(), "{zone}");
        }
    }
}
