use fairway_core::calendar::date_time;

/// Returns `2024-01-31T12:00:00`.
pub(super) fn stamp(unix_secs: i64) -> String {
    let [year, month, day, hour, minute, second] = date_time(unix_secs);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
}
