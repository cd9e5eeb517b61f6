/// Returns year, month, day, hour, minute and second (UTC) of a time in seconds since 1970.
#[must_use]
pub fn date_time(unix_secs: i64) -> [i64; 6] {
    let (days, secs) = (unix_secs.div_euclid(86_400), unix_secs.rem_euclid(86_400));
    // Days are counted from the first of March of the year 0, so that the leap day comes last.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    [year, month, day, secs / 3600, secs / 60 % 60, secs % 60]
}

/// Returns `2024-01-31T12:00:00`.
pub(super) fn stamp(unix_secs: i64) -> String {
    let [year, month, day, hour, minute, second] = date_time(unix_secs);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_all_kinds_of_years_are_right() {
        assert_eq!(stamp(0), "1970-01-01T00:00:00");
        assert_eq!(stamp(951_782_399), "2000-02-28T23:59:59");
        assert_eq!(stamp(951_782_400), "2000-02-29T00:00:00");
        assert_eq!(stamp(1_709_251_199), "2024-02-29T23:59:59");
        assert_eq!(stamp(4_107_542_400), "2100-03-01T00:00:00");
        assert_eq!(stamp(-1), "1969-12-31T23:59:59");
    }
}
