//! Times as the API writes them.

use jiff::Timestamp;

/// Formats a number of microseconds since the epoch in RFC 3339, to the second (`metav1.Time`).
pub(crate) fn format_secs(micros: i64) -> String {
    let secs = micros.div_euclid(1_000_000);
    Timestamp::from_second(secs).map_or_else(|_| "1970-01-01T00:00:00Z".to_owned(), |t| t.to_string())
}

/// Reads an RFC 3339 time as seconds since the epoch.
pub(crate) fn parse_secs(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_go_does() {
        assert_eq!(format_secs(1_700_000_000_900_000), "2023-11-14T22:13:20Z");
        assert_eq!(parse_secs("2023-11-14T22:13:20Z"), Some(1_700_000_000));
    }
}
