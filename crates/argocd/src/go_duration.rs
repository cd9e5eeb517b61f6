use std::time::Duration;

/// Reads a duration as Go's `time.ParseDuration` does: `300ms`, `1.5h`, `2h45m`. Nothing where it is none, or negative.
#[must_use]
pub fn parse_go_duration(text: &str) -> Option<Duration> {
    let text = text.strip_prefix('+').unwrap_or(text);
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text;
    let mut nanos: f64 = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number: f64 = rest.get(..digits)?.parse().ok()?;
        rest = rest.get(digits..)?;
        let unit = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let scale = match rest.get(..unit)? {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            _ => return None,
        };
        nanos += number * scale;
        rest = rest.get(unit..)?;
    }
    Duration::try_from_secs_f64(nanos / 1e9).ok()
}

/// Reads a duration as Argo CD's retry fields do: a bare number is seconds.
pub(crate) fn parse_retry_duration(text: &str) -> Option<Duration> {
    text.parse::<u64>().ok().map(Duration::from_secs).or_else(|| parse_go_duration(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_in_go() {
        assert_eq!(parse_go_duration("1h30m"), Some(Duration::from_secs(5400)));
        assert_eq!(parse_go_duration("1.5s"), Some(Duration::from_millis(1500)));
        assert_eq!(parse_go_duration("0"), Some(Duration::ZERO));
        for wrong in ["", "5", "5x", "h", "-5s", "1h30"] {
            assert_eq!(parse_go_duration(wrong), None, "{wrong}");
        }
        assert_eq!(parse_retry_duration("5"), Some(Duration::from_secs(5)));
    }
}
