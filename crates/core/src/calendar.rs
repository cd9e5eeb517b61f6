//! The proleptic Gregorian calendar in UTC, for any year: Go's times, which templates and Kubernetes hold, do not end at
//! the year 9999 as those of the calendar crates do.

/// The months, January first.
pub const MONTHS: [&str; 12] = [
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
/// The days of the week, Sunday first.
pub const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

const DAY: i64 = 86_400;
/// Days from the first of March of the year 0 to 1970-01-01.
const EPOCH: i64 = 719_468;
/// Days in four centuries.
const ERA: i64 = 146_097;

/// Returns the days from 1970-01-01 to a date. The month is from 1 to 12; the day may run over.
#[must_use]
pub fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March here, so that the leap day is the last.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * ERA + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - EPOCH
}

/// Returns year, month, day, hour, minute and second of a time in seconds since 1970.
#[must_use]
pub fn date_time(unix_secs: i64) -> [i64; 6] {
    let (days, secs) = (unix_secs.div_euclid(DAY), unix_secs.rem_euclid(DAY));
    let (era, day_of_era) = ((days + EPOCH).div_euclid(ERA), (days + EPOCH).rem_euclid(ERA));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    [year, month, day, secs / 3600, secs / 60 % 60, secs % 60]
}

/// Returns the number of days in a month, which is from 1 to 12.
#[must_use]
pub fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_all_kinds_of_years_are_right() {
        for (secs, expect) in [
            (0, [1970, 1, 1, 0, 0, 0]),
            (951_782_399, [2000, 2, 28, 23, 59, 59]),
            (951_782_400, [2000, 2, 29, 0, 0, 0]),
            (1_709_251_199, [2024, 2, 29, 23, 59, 59]),
            (4_107_542_400, [2100, 3, 1, 0, 0, 0]),
            (-1, [1969, 12, 31, 23, 59, 59]),
            (-62_135_596_800, [1, 1, 1, 0, 0, 0]),
            (253_402_300_800, [10_000, 1, 1, 0, 0, 0]),
        ] {
            assert_eq!(date_time(secs), expect);
            let [year, month, day, hour, minute, second] = expect;
            assert_eq!(days_since_1970(year, month, day) * DAY + hour * 3600 + minute * 60 + second, secs);
        }
    }

    #[test]
    fn a_month_ends_where_the_next_begins() {
        for year in [1900, 1999, 2000, 2004, 2100] {
            for month in 1..12 {
                let length = days_since_1970(year, month + 1, 1) - days_since_1970(year, month, 1);
                assert_eq!(days_in_month(year, month), length, "{year}-{month}");
            }
        }
    }
}
