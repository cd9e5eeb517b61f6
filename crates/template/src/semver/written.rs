//! How the conditions of a constraint are written: Masterminds' expressions, and a reader for what nearly all of them are.

use regex::{Captures, Regex};
use std::sync::LazyLock;

const VERSION: &str = r"v?([0-9|xX*]+)(\.[0-9|xX*]+)?(\.[0-9|xX*]+)?(-([0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*))?(\+([0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*))?";
const OPS: &str = r"=||!=|>|<|>=|=>|<=|=<|~|~>|\^";
const SPACE: &str = r"[\t\n\f\r ]";

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("because the pattern is a constant that the tests compile")
}

static ONE: LazyLock<Regex> =
    LazyLock::new(|| regex(&format!("^{SPACE}*({OPS}){SPACE}*({VERSION}){SPACE}*$")));
static RANGE: LazyLock<Regex> =
    LazyLock::new(|| regex(&format!("{SPACE}*({VERSION}){SPACE}+-{SPACE}+({VERSION}){SPACE}*")));
static FIND: LazyLock<Regex> = LazyLock::new(|| regex(&format!("({OPS}){SPACE}*({VERSION})")));
static VALID: LazyLock<Regex> = LazyLock::new(|| {
    regex(&format!(
        "^({SPACE}*({OPS}){SPACE}*({VERSION}){SPACE}*)((?:{SPACE}+|,{SPACE}*)({OPS}){SPACE}*({VERSION}){SPACE}*)*$"
    ))
});

/// A condition as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Written<'a> {
    pub(super) op: &'a str,
    /// The version as a whole.
    pub(super) version: &'a str,
    pub(super) major: &'a str,
    /// With the dot before it, or nothing.
    pub(super) minor: &'a str,
    /// With the dot before it, or nothing.
    pub(super) patch: &'a str,
    /// With the hyphen before it, or nothing.
    pub(super) prerelease: &'a str,
}

/// Rewrites `1.0 - 2.0` into `>= 1.0, <= 2.0 `.
pub(super) fn rewrite_ranges(text: &str) -> String {
    let bytes = text.as_bytes();
    // No range is without a hyphen between spaces, and compiling what finds them costs more than most constraints.
    if !bytes.windows(3).any(|w| is_space(w[0]) && w[1] == b'-' && is_space(w[2])) {
        return text.to_owned();
    }
    // A version has nine groups of its own.
    RANGE.replace_all(text, |m: &Captures<'_>| format!(">= {}, <= {} ", &m[1], &m[11])).into_owned()
}

/// Reads conditions that all must hold; nothing where the text is none.
pub(super) fn conditions(text: &str) -> Option<Vec<Written<'_>>> {
    plain(text).or_else(|| by_expression(text))
}

fn by_expression(text: &str) -> Option<Vec<Written<'_>>> {
    if !VALID.is_match(text) {
        return None;
    }
    let one = |text| {
        let found = ONE.captures(text)?;
        let group = |n: usize| found.get(n).map_or("", |g| g.as_str());
        Some(Written {
            op: group(1),
            version: group(2),
            major: group(3),
            minor: group(4),
            patch: group(5),
            prerelease: group(6),
        })
    };
    FIND.find_iter(text).map(|m| one(m.as_str())).collect()
}

/// Reads the conditions without the expressions, which take longer to compile than a small chart takes to render.
/// Nothing where a number is neither of digits alone nor one wildcard, and where anything else is unusual.
fn plain(text: &str) -> Option<Vec<Written<'_>>> {
    let mut rest = text.trim_start_matches(is_space_char);
    let mut found = Vec::new();
    loop {
        let (op, after) = rest.split_at(rest.find(|c| !matches!(c, '=' | '!' | '<' | '>' | '~' | '^'))?);
        if !matches!(op, "" | "=" | "!=" | ">" | "<" | ">=" | "=>" | "<=" | "=<" | "~" | "~>" | "^") {
            return None;
        }
        let version = after.trim_start_matches(is_space_char);
        let mut tail = version.strip_prefix('v').unwrap_or(version);
        let digits = number_len(tail);
        let major = take(&mut tail, digits)?;
        let (minor, patch) = (dotted(&mut tail)?, dotted(&mut tail)?);
        let prerelease = identifiers(&mut tail, '-')?;
        identifiers(&mut tail, '+')?;
        let version = &version[..version.len() - tail.len()];
        found.push(Written { op, version, major, minor, patch, prerelease });
        rest = tail.trim_start_matches(is_space_char);
        if rest.is_empty() {
            return Some(found);
        }
        match rest.strip_prefix(',') {
            Some(next) => rest = next.trim_start_matches(is_space_char),
            None if rest.len() == tail.len() => return None,
            None => {}
        }
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\x0c' | b'\r' | b' ')
}

fn is_space_char(c: char) -> bool {
    u8::try_from(c).is_ok_and(is_space)
}

/// Takes so many bytes off the front, if it is any.
fn take<'a>(rest: &mut &'a str, len: usize) -> Option<&'a str> {
    let (taken, after) = rest.split_at(len);
    *rest = after;
    (len > 0).then_some(taken)
}

fn number_len(text: &str) -> usize {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 && text.starts_with(['x', 'X', '*']) { 1 } else { digits }
}

/// Takes a dot with a number; an empty text where there is none, nothing where it is no number.
fn dotted<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let Some(after) = rest.strip_prefix('.') else { return Some("") };
    let len = number_len(after);
    if len == 0 {
        return None;
    }
    take(rest, len + 1)
}

/// Takes identifiers with the sign before them; an empty text where there are none, nothing where one is empty.
fn identifiers<'a>(rest: &mut &'a str, sign: char) -> Option<&'a str> {
    let Some(after) = rest.strip_prefix(sign) else { return Some("") };
    let len = after.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.')).count();
    if after[..len].split('.').any(str::is_empty) {
        return None;
    }
    take(rest, len + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plain_conditions_need_no_expression() {
        let read = plain(">=1.19.0-0 <v2, !=1.x").unwrap();
        let parts: Vec<_> = read.iter().map(|w| (w.op, w.version, w.minor, w.prerelease)).collect();
        assert_eq!(parts, [(">=", "1.19.0-0", ".19", "-0"), ("<", "v2", "", ""), ("!=", "1.x", ".x", "")]);
        for unusual in ["", "1.2.3.4", "1|2", "1..2", "1-", "1.2>3", ">> 1", "1 ,, 2", "1xx"] {
            assert!(plain(unusual).is_none(), "{unusual}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_plainly_is_what_the_expressions_find(
            text in "([ ,]{0,2}(=|!=|>|<|>=|=>|<=|=<|~|~>|\\^)?[ \t]?v?[0-9x*|.+-]{1,4}(\\.[0-9x]{1,2}){0,3}(-[a-z0-9.-]{0,4})?){1,3}[ ,]{0,2}"
        ) {
            if let Some(read) = plain(&text) {
                prop_assert_eq!(Some(read), by_expression(&text));
            }
        }
    }
}
