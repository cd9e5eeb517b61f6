/// A date and a time of day on the proleptic Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Civil {
    pub year: i64,
    /// 1 to 12.
    pub month: u8,
    pub day: u8,
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
    pub nanos: u32,
}

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub(super) const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

pub(super) fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub(super) fn days_in(month: u8, year: i64) -> u8 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 (Howard Hinnant's algorithm).
fn days_from_civil(year: i64, month: u8, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let of_era = y.rem_euclid(400);
    let shifted = (i64::from(month) + 9) % 12;
    let of_year = (153 * shifted + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn small(n: i64) -> u8 {
    u8::try_from(n).unwrap_or(0)
}

impl Civil {
    /// Reads seconds since 1970, an offset added already.
    pub fn from_seconds(seconds: i64, nanos: u32) -> Self {
        let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let z = days + 719_468;
        let (era, of_era) = (z.div_euclid(146_097), z.rem_euclid(146_097));
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month: small(month),
            day: small(day),
            hour: small(rest / 3600),
            minute: small(rest / 60 % 60),
            second: small(rest % 60),
            nanos,
        }
    }

    /// Returns seconds since 1970, no offset taken off.
    pub fn seconds(&self) -> i64 {
        days_from_civil(self.year, self.month, self.day.into()) * 86_400
            + i64::from(self.hour) * 3600
            + i64::from(self.minute) * 60
            + i64::from(self.second)
    }

    /// Returns seconds since 1970 with months and days added, which may run over.
    pub fn seconds_after(&self, years: i64, months: i64, days: i64) -> i64 {
        let month = i64::from(self.month) - 1 + months;
        let year = self.year + years + month.div_euclid(12);
        let first = Self { year, month: small(month.rem_euclid(12) + 1), day: 1, ..*self };
        first.seconds() + (i64::from(self.day) - 1 + days) * 86_400
    }

    /// Returns the day of the week, Sunday being nought.
    pub fn weekday(&self) -> usize {
        let days = days_from_civil(self.year, self.month, self.day.into());
        usize::try_from((days + 4).rem_euclid(7)).unwrap_or(0)
    }

    /// Returns the day of the year, from 1.
    pub fn year_day(&self) -> i64 {
        days_from_civil(self.year, self.month, self.day.into()) - days_from_civil(self.year, 1, 1) + 1
    }
}
