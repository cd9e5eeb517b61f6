//! The formats that old drafts hold strings to, as the library's `format.go`, with its words.

use super::report::quote;
use fairway_template::go::{self, Address, Pattern, check_time};
use std::net::Ipv6Addr;

type Checked = Result<(), String>;

/// Says why a text has not a format; unknown formats let everything pass.
pub(super) fn check(format: &str, text: &str) -> Checked {
    match format {
        "json-pointer" => json_pointer(text),
        "relative-json-pointer" => relative_json_pointer(text),
        "uuid" => uuid(text),
        "duration" => duration(text),
        "period" => period(text),
        "ipv4" => ipv4(text),
        "ipv6" => ipv6(text),
        "hostname" => hostname(text),
        "email" => email(text),
        "date" => check_time("2006-01-02", text),
        "time" => time(text),
        "date-time" => date_time(text),
        "uri" | "iri" => match address(text)?.is_absolute {
            true => Ok(()),
            false => fail("relative url"),
        },
        "uri-reference" | "iri-reference" if text.contains('\\') => fail("contains \\"),
        "uri-reference" | "iri-reference" => address(text).map(|_| ()),
        "uri-template" => uri_template(text),
        "semver" => semver(text),
        "regex" => Pattern::check(text),
        _ => Ok(()),
    }
}

fn fail(why: &str) -> Checked {
    Err(why.to_owned())
}

fn hold(holds: bool, why: &str) -> Checked {
    if holds { Ok(()) } else { fail(why) }
}

/// Holds that a text has no other characters; `behind` ends what is said of the first.
fn only(text: &str, allowed: impl Fn(char) -> bool, what: &str, behind: &str) -> Checked {
    match text.chars().find(|c| !allowed(*c)) {
        None => Ok(()),
        Some(other) => Err(format!("{what} {}{behind}", quote(other.encode_utf8(&mut [0; 4])))),
    }
}

fn json_pointer(text: &str) -> Checked {
    if text.is_empty() {
        return Ok(());
    }
    hold(text.starts_with('/'), "not starting with /")?;
    let is_escape = |at: usize| matches!(text.as_bytes().get(at + 1), Some(b'0' | b'1'));
    hold(text.match_indices('~').all(|(at, _)| is_escape(at)), "~ must be followed by 0 or 1")
}

fn relative_json_pointer(text: &str) -> Checked {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = &text[..text.len() - rest.len()];
    hold(!digits.is_empty(), "must start with non-negative integer")?;
    hold(digits.len() == 1 || !digits.starts_with('0'), "starts with zero")?;
    if rest == "#" { Ok(()) } else { json_pointer(rest) }
}

fn uuid(text: &str) -> Checked {
    let lengths = [8, 4, 4, 4, 12];
    let groups: Vec<&str> = text.split('-').collect();
    hold(groups.len() == lengths.len(), "must have 5 elements")?;
    for (n, (group, length)) in groups.iter().zip(lengths).enumerate() {
        if group.len() != length {
            return Err(format!("element {} must be {length} characters long", n + 1));
        }
        only(group, |c| c.is_ascii_hexdigit(), "non-hex character", "")?;
    }
    Ok(())
}

fn duration(text: &str) -> Checked {
    let Some(rest) = text.strip_prefix('P') else { return fail("must start with P") };
    hold(!rest.is_empty(), "nothing after P")?;
    if let Some(weeks) = rest.strip_suffix('W') {
        hold(!weeks.is_empty(), "no number in week")?;
        return hold(weeks.bytes().all(|b| b.is_ascii_digit()), "invalid week");
    }
    let all_units = ["YMD", "HMS"];
    for (n, part) in rest.split('T').enumerate() {
        hold(n == 0 || !part.is_empty(), "no time elements")?;
        let Some(all) = all_units.get(n) else { return fail("more than one T") };
        let (mut units, mut part) = (*all, part);
        while !part.is_empty() {
            let after = part.trim_start_matches(|c: char| c.is_ascii_digit());
            hold(after.len() < part.len(), "missing number")?;
            let Some(unit) = after.chars().next() else { return fail("missing unit") };
            let Some(at) = units.find(unit) else {
                let known = all.contains(unit);
                return Err(if known {
                    format!("unit '{unit}' out of order")
                } else {
                    format!("invalid unit '{unit}'")
                });
            };
            units = &units[at + 1..];
            part = &after[unit.len_utf8()..];
        }
    }
    Ok(())
}

fn period(text: &str) -> Checked {
    let Some((start, end)) = text.split_once('/') else { return fail("missing slash") };
    let say = |what: &'static str| move |why: String| format!("invalid {what}: {why}");
    if start.starts_with('P') {
        duration(start).map_err(say("start duration"))?;
        return date_time(end).map_err(say("end date-time"));
    }
    date_time(start).map_err(say("start date-time"))?;
    if end.starts_with('P') {
        return duration(end).map_err(say("end duration"));
    }
    date_time(end).map_err(say("end date-time"))
}

/// Reads a whole number as Go's `strconv.Atoi`.
fn whole_number(text: &str) -> Result<i64, String> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let shown = go::quote(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("strconv.Atoi: parsing {shown}: invalid syntax"));
    }
    text.parse().map_err(|_| format!("strconv.Atoi: parsing {shown}: value out of range"))
}

fn ipv4(text: &str) -> Checked {
    hold(text.split('.').count() == 4, "expected four decimals")?;
    for group in text.split('.') {
        hold(group.len() < 2 || !group.starts_with('0'), "leading zeros")?;
        hold((0..=255).contains(&whole_number(group)?), "decimal must be between 0 and 255")?;
    }
    Ok(())
}

fn ipv6(text: &str) -> Checked {
    hold(text.contains(':'), "missing colon")?;
    let (address, zone) = text.split_once('%').map_or((text, None), |(a, z)| (a, Some(z)));
    if address.parse::<Ipv6Addr>().is_err() {
        return Err(format!("ParseAddr({}): unable to parse IP", go::quote(text)));
    }
    hold(zone.is_none(), "zone id is not a part of ipv6 address")
}

fn hostname(text: &str) -> Checked {
    let text = text.strip_suffix('.').unwrap_or(text);
    hold(text.len() <= 253, "more than 253 characters long")?;
    for label in text.split('.') {
        hold((1..=63).contains(&label.len()), "label must be 1 to 63 characters long")?;
        hold(!label.starts_with('-'), "label starts with hyphen")?;
        hold(!label.ends_with('-'), "label ends with hyphen")?;
        only(label, |c| c.is_ascii_alphanumeric() || c == '-', "invalid character", "")?;
    }
    Ok(())
}

fn email(text: &str) -> Checked {
    hold(text.len() <= 254, "more than 255 characters long")?;
    let Some((local, domain)) = text.rsplit_once('@') else { return fail("missing @") };
    hold(local.len() <= 64, "local part more than 64 characters long")?;
    match local.strip_prefix('"').and_then(|l| l.strip_suffix('"')) {
        Some(inner) => hold(
            !inner.contains(['\\', '"']),
            "backslash and quote are not allowed within quoted local part",
        )?,
        None => {
            hold(!local.starts_with('.'), "starts with dot")?;
            hold(!local.ends_with('.'), "ends with dot")?;
            hold(!local.contains(".."), "consecutive dots")?;
            let is_allowed = |c: char| c.is_ascii_alphanumeric() || ".!#$%&'*+-/=?^_`{|}~".contains(c);
            only(local, is_allowed, "invalid character", "")?;
        }
    }
    if let Some(inner) = domain.strip_prefix('[').and_then(|d| d.strip_suffix(']')) {
        return match inner.strip_prefix("IPv6:") {
            Some(address) => ipv6(address).map_err(|why| format!("invalid ipv6 address: {why}")),
            None => ipv4(inner).map_err(|why| format!("invalid ipv4 address: {why}")),
        };
    }
    hostname(domain).map_err(|why| format!("invalid domain: {why}"))
}

/// Reads numbers with colons between them.
fn clock<const N: usize>(text: &str, wrong: &str, negative: &str) -> Result<[i64; N], String> {
    let mut out = [0; N];
    for (number, part) in out.iter_mut().zip(text.splitn(N, ':')) {
        *number = whole_number(part).map_err(|_| wrong.to_owned())?;
        hold(*number >= 0, negative)?;
    }
    Ok(out)
}

fn time(text: &str) -> Checked {
    let bytes = text.as_bytes();
    hold(bytes.len() >= 9, "less than 9 characters long")?;
    hold(bytes.get(2) == Some(&b':') && bytes.get(5) == Some(&b':'), "missing colon in correct place")?;
    let (head, mut rest) = text.split_at_checked(8).ok_or("invalid hour/min/sec")?;
    let [mut hour, mut minute, second] = clock(head, "invalid hour/min/sec", "non-positive hour/min/sec")?;
    hold(hour <= 23 && minute <= 59 && second <= 60, "hour/min/sec out of range")?;
    if let Some(fraction) = rest.strip_prefix('.') {
        rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
        hold(rest.len() < fraction.len(), "no digits in second fraction")?;
    }
    if !matches!(rest, "z" | "Z") {
        hold(rest.len() == 6, "offset must be 6 characters long")?;
        let (sign, offset) = match (rest.strip_prefix('+'), rest.strip_prefix('-')) {
            (Some(offset), _) => (-1, offset),
            (_, Some(offset)) => (1, offset),
            _ => return fail("offset must begin with plus/minus"),
        };
        hold(offset.as_bytes().get(2) == Some(&b':'), "missing colon in offset in correct place")?;
        let [hours, minutes] =
            clock(offset, "invalid hour/min in offset", "non-positive hour/min in offset")?;
        hold(hours <= 23 && minutes <= 59, "hour/min in offset out of range")?;
        let mut whole = (hour * 60 + minute) + sign * (hours * 60 + minutes);
        if whole < 0 {
            whole += 24 * 60;
        }
        (hour, minute) = (whole / 60, whole % 60);
    }
    hold(second < 60 || (hour == 23 && minute == 59), "invalid leap second")
}

fn date_time(text: &str) -> Checked {
    hold(text.len() >= 20, "less than 20 characters long")?;
    hold(matches!(text.as_bytes().get(10), Some(b't' | b'T')), "11th character must be t or T")?;
    let (Some(date), Some(clock)) = (text.get(..10), text.get(11..)) else {
        return fail("invalid date element");
    };
    check("date", date).map_err(|why| format!("invalid date element: {why}"))?;
    time(clock).map_err(|why| format!("invalid time element: {why}"))
}

fn address(text: &str) -> Result<Address, String> {
    let address = Address::parse(text)?;
    if address.hostname.contains(':') {
        let is_enclosed = address.host.contains('[') && address.host.contains(']');
        hold(is_enclosed, "ipv6 address not enclosed in brackets")?;
        ipv6(&address.hostname).map_err(|why| format!("invalid ipv6 address: {why}"))?;
    }
    Ok(address)
}

fn uri_template(text: &str) -> Checked {
    address(text)?;
    for part in text.split(['?', '#']).next().unwrap_or_default().split('/') {
        let mut is_open = false;
        for brace in part.chars().filter(|c| matches!(c, '{' | '}')) {
            hold((brace == '{') != is_open, "nested curly braces")?;
            is_open = !is_open;
        }
        hold(!is_open, "no matching closing brace")?;
    }
    Ok(())
}

fn semver(text: &str) -> Checked {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let (text, build) = text.split_once('+').map_or((text, None), |(t, b)| (t, Some(b)));
    if let Some(build) = build {
        hold(!build.is_empty(), "build is empty")?;
        for part in build.split('.') {
            hold(!part.is_empty(), "build identifier is empty")?;
            only(part, is_word, "invalid character", " in build identifier")?;
        }
    }
    let (core, before) = text.split_once('-').map_or((text, None), |(c, p)| (c, Some(p)));
    for part in before.into_iter().flat_map(|p| p.split('.')) {
        hold(!part.is_empty(), "pre-release identifier is empty")?;
        only(part, is_word, "invalid character", " in pre-release identifier")?;
        let is_number = part.bytes().all(|b| b.is_ascii_digit());
        let starts_badly = is_number && part.len() > 1 && part.starts_with('0');
        hold(!starts_badly, "pre-release numeric identifier starts with zero")?;
    }
    hold(core.split('.').count() == 3, "versionCore must have 3 numbers separated by dot")?;
    for (part, name) in core.split('.').zip(["major", "minor", "patch"]) {
        hold(!part.is_empty(), &format!("{name} is empty"))?;
        hold(part.len() < 2 || !part.starts_with('0'), &format!("{name} starts with zero"))?;
        hold(part.bytes().all(|b| b.is_ascii_digit()), &format!("{name} contains non-digit"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn formats_are_told_apart_in_the_librarys_words() {
        for (format, yes, no, why) in [
            ("ipv4", "10.0.0.1", "10.0.0", "expected four decimals"),
            ("ipv4", "0.0.0.0", "10.0.0.256", "decimal must be between 0 and 255"),
            ("ipv6", "::1", "1", "missing colon"),
            ("hostname", "a-b.c", "-a", "label starts with hyphen"),
            ("hostname", "a.", "a_b", "invalid character '_'"),
            ("email", "a@b.c", "a", "missing @"),
            ("email", "\"a b\"@[127.0.0.1]", "a..b@c", "consecutive dots"),
            ("uri", "https://x/y", "x/y", "relative url"),
            ("uri-reference", "x/y#z", "a\\b", "contains \\"),
            ("uri-template", "https://x/{y}", "https://x/{y", "no matching closing brace"),
            ("uuid", "123e4567-e89b-12d3-a456-426614174000", "123", "must have 5 elements"),
            ("date", "2024-02-29", "2023-02-29", "parsing time \"2023-02-29\": day out of range"),
            ("time", "12:00:00.5Z", "12:00", "less than 9 characters long"),
            ("time", "23:59:60Z", "22:59:60Z", "invalid leap second"),
            ("date-time", "2024-01-01T12:00:00+01:00", "2024-01-01", "less than 20 characters long"),
            ("json-pointer", "/a~1b", "a", "not starting with /"),
            ("relative-json-pointer", "1#", "01", "starts with zero"),
            ("duration", "P1DT12H", "P1M1Y", "unit 'Y' out of order"),
            ("semver", "1.2.3-a.1+b", "1.02.3", "minor starts with zero"),
            ("regex", "a+", "(", "error parsing regexp: missing closing ): `(`"),
            ("unknown", "anything", "", ""),
        ] {
            assert_eq!(check(format, yes), Ok(()), "{format} {yes}");
            assert_eq!(check(format, no).err().unwrap_or_default(), why, "{format} {no}");
        }
    }
}
