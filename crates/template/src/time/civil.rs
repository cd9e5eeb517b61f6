use fairway_core::calendar::{date_time, days_since_1970};

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

fn small(n: i64) -> u8 {
    u8::try_from(n).unwrap_or(0)
}

impl Civil {
    /// Reads seconds since 1970, an offset added already.
    pub fn from_seconds(seconds: i64, nanos: u32) -> Self {
        let [year, month, day, hour, minute, second] = date_time(seconds);
        let (month, day, hour) = (small(month), small(day), small(hour));
        Self { year, month, day, hour, minute: small(minute), second: small(second), nanos }
    }

    fn days(&self) -> i64 {
        days_since_1970(self.year, self.month.into(), self.day.into())
    }

    /// Returns seconds since 1970, no offset taken off.
    pub fn seconds(&self) -> i64 {
        self.days() * 86_400
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
        usize::try_from((self.days() + 4).rem_euclid(7)).unwrap_or(0)
    }

    /// Returns the day of the year, from 1.
    pub fn year_day(&self) -> i64 {
        self.days() - days_since_1970(self.year, 1, 1) + 1
    }
}
