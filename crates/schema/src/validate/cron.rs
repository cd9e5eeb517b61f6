//! Cron schedules, judged as robfig/cron does.
use crate::managed::quote;

/// Says what is wrong with a cron schedule, as robfig/cron does.
pub(super) fn cron_fault(schedule: &str) -> Option<String> {
    // A zone in front is part of the form, though Kubernetes refuses it for another reason.
    let zoned = ["TZ=", "CRON_TZ="].iter().any(|prefix| schedule.starts_with(prefix));
    let schedule = match schedule.split_once(' ') {
        Some((_, rest)) if zoned => rest.trim(),
        _ => schedule,
    };
    if let Some(word) = schedule.strip_prefix('@') {
        let known =
            ["yearly", "annually", "monthly", "weekly", "daily", "midnight", "hourly"].contains(&word);
        return (!known && !word.starts_with("every "))
            .then(|| format!("unrecognized descriptor: {schedule}"));
    }
    let fields: Vec<&str> = schedule.split_whitespace().collect();
    if fields.len() != 5 {
        let shown = fields.join(" ");
        return Some(format!("expected exactly 5 fields, found {}: [{shown}]", fields.len()));
    }
    let bounds: [(i64, i64, &[&str]); 5] = [
        (0, 59, &[]),
        (0, 23, &[]),
        (1, 31, &[]),
        (1, 12, &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
        (0, 6, &["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
    ];
    fields.iter().zip(bounds).find_map(|(field, bound)| {
        field.split(',').filter(|p| !p.is_empty()).find_map(|part| cron_part_fault(part, bound))
    })
}

fn cron_part_fault(part: &str, (min, max, words): (i64, i64, &[&str])) -> Option<String> {
    let number = |text: &str| -> Result<i64, String> {
        let lower = text.to_ascii_lowercase();
        if let Some(at) = words.iter().position(|w| *w == lower) {
            return Ok(min + i64::try_from(at).unwrap_or(0));
        }
        match text.parse::<i64>() {
            Ok(n) if n < 0 => Err(format!("negative number ({n}) not allowed: {text}")),
            Ok(n) => Ok(n),
            Err(_) => Err(format!(
                "failed to parse int from {text}: strconv.Atoi: parsing {}: invalid syntax",
                quote(text)
            )),
        }
    };
    let (range, step) = part.split_once('/').map_or((part, None), |(r, s)| (r, Some(s)));
    let (low, high) = range.split_once('-').map_or((range, None), |(l, h)| (l, Some(h)));
    let (start, end) = if low == "*" || low == "?" {
        (min, max)
    } else {
        let start = match number(low) {
            Ok(n) => n,
            Err(why) => return Some(why),
        };
        let end = match high.map(number) {
            None if step.is_some() => max,
            None => start,
            Some(Ok(n)) => n,
            Some(Err(why)) => return Some(why),
        };
        (start, end)
    };
    if let Some(step) = step {
        match number(step) {
            Ok(0) => return Some(format!("step of range should be a positive number: {part}")),
            Ok(_) => {}
            Err(why) => return Some(why),
        }
    }
    if start < min {
        return Some(format!("beginning of range ({start}) below minimum ({min}): {part}"));
    }
    if end > max {
        return Some(format!("end of range ({end}) above maximum ({max}): {part}"));
    }
    (start > end).then(|| format!("beginning of range ({start}) beyond end of range ({end}): {part}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_in_front_is_part_of_the_form() {
        assert_eq!(cron_fault("TZ=UTC * * * * *"), None);
        assert_eq!(cron_fault("CRON_TZ=Europe/Berlin 0 5 * * mon"), None);
        assert_eq!(
            cron_fault("ZONE=UTC * * * * *").as_deref(),
            Some("expected exactly 5 fields, found 6: [ZONE=UTC * * * * *]")
        );
    }
}
