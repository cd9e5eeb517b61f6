//! Versions (apiserver `pkg/cel/library/semverlib.go`, blang/semver 4).

use super::{failed, value_type};
use crate::managed::quote;
use cel::common::types::{CelBool, CelInt, CelString};
use cel::{DeclarationError, Env, ExecutionError, add_member_overload, add_overload};
use std::cmp::Ordering;

/// A part of what marks a version before its release.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Number(u64),
    Word(String),
}

impl Part {
    /// Numbers come before words.
    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.cmp(b),
            (Self::Number(_), Self::Word(_)) => Ordering::Less,
            (Self::Word(_), Self::Number(_)) => Ordering::Greater,
            (Self::Word(a), Self::Word(b)) => a.cmp(b),
        }
    }
}

/// A version. What it was built from does not count.
#[derive(Clone, Debug)]
struct Semver {
    numbers: [u64; 3],
    before: Vec<Part>,
}

value_type!(Semver, "kubernetes.Semver");

impl PartialEq for Semver {
    fn eq(&self, other: &Self) -> bool {
        self.compare(other).is_eq()
    }
}

impl Semver {
    fn compare(&self, other: &Self) -> Ordering {
        let parts = || match (self.before.is_empty(), other.before.is_empty()) {
            (true, true) => Ordering::Equal,
            // The release itself comes after whatever comes before it.
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => {
                let first = self.before.iter().zip(&other.before).map(|(a, b)| a.compare(b));
                let differs = first.into_iter().find(|o| o.is_ne());
                differs.unwrap_or_else(|| self.before.len().cmp(&other.before.len()))
            }
        };
        self.numbers.cmp(&other.numbers).then_with(parts)
    }

    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("Version string empty".to_owned());
        }
        let parts: Vec<&str> = text.splitn(3, '.').collect();
        let [major, minor, rest] = parts.as_slice() else {
            return Err("No Major.Minor.Patch elements found".to_owned());
        };
        let major = number(major, "major", "Major")?;
        let minor = number(minor, "minor", "Minor")?;
        let (rest, build) = rest.split_once('+').map_or((*rest, None), |(rest, build)| (rest, Some(build)));
        let (patch, before) = rest.split_once('-').map_or((rest, None), |(p, before)| (p, Some(before)));
        let patch = number(patch, "patch", "Patch")?;
        let before = before.map(|b| b.split('.').map(part).collect()).transpose()?.unwrap_or_default();
        for part in build.iter().flat_map(|b| b.split('.')) {
            if part.is_empty() {
                return Err("Build meta data is empty".to_owned());
            }
            if !part.bytes().all(is_word) {
                return Err(format!("Invalid character(s) found in build meta data {}", quote(part)));
            }
        }
        Ok(Self { numbers: [major, minor, patch], before })
    }

    /// Reads `v1.2` and `01.2.3` too.
    fn parse_loosely(text: &str) -> Result<Self, String> {
        let mut parts: Vec<String> =
            text.strip_prefix('v').unwrap_or(text).splitn(3, '.').map(str::to_owned).collect();
        for part in parts.iter_mut().filter(|p| p.len() > 1) {
            let bare = part.trim_start_matches('0');
            let zero = if bare.starts_with(|c: char| c.is_ascii_digit()) { "" } else { "0" };
            *part = format!("{zero}{bare}");
        }
        if parts.len() < 3 {
            if parts.last().is_some_and(|last| last.contains(['+', '-'])) {
                return Err("short version cannot contain PreRelease/Build meta data".to_owned());
            }
            parts.resize(3, "0".to_owned());
        }
        Self::parse(&parts.join("."))
    }
}

fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'-'
}

fn number(text: &str, name: &str, title: &str) -> Result<u64, String> {
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("Invalid character(s) found in {name} number {}", quote(text)));
    }
    if text.len() > 1 && text.starts_with('0') {
        return Err(format!("{title} number must not contain leading zeroes {}", quote(text)));
    }
    let why = if text.is_empty() { "invalid syntax" } else { "value out of range" };
    text.parse().map_err(|_| format!("strconv.ParseUint: parsing {}: {why}", quote(text)))
}

fn part(text: &str) -> Result<Part, String> {
    if text.is_empty() {
        return Err("Prerelease is empty".to_owned());
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        if text.len() > 1 && text.starts_with('0') {
            return Err(format!(
                "Numeric PreRelease version must not contain leading zeroes {}",
                quote(text)
            ));
        }
        return text
            .parse()
            .map(Part::Number)
            .map_err(|_| format!("strconv.ParseUint: parsing {}: value out of range", quote(text)));
    }
    if !text.bytes().all(is_word) {
        return Err(format!("Invalid character(s) found in prerelease {}", quote(text)));
    }
    Ok(Part::Word(text.to_owned()))
}

fn read(text: &CelString<'_>, loosely: bool) -> Result<Semver, String> {
    if loosely { Semver::parse_loosely(text.inner()) } else { Semver::parse(text.inner()) }
}

fn semver(text: &CelString<'_>) -> Result<Semver, ExecutionError> {
    read(text, false).or_else(|why| failed("semver", why))
}

fn semver_loosely(text: &CelString<'_>, loosely: &CelBool) -> Result<Semver, ExecutionError> {
    read(text, *loosely.inner()).or_else(|why| failed("semver", why))
}

fn is_semver(text: &CelString<'_>) -> CelBool {
    read(text, false).is_ok().into()
}

fn is_semver_loosely(text: &CelString<'_>, loosely: &CelBool) -> CelBool {
    read(text, *loosely.inner()).is_ok().into()
}

fn major(version: &Semver) -> CelInt {
    shown(version.numbers[0])
}

fn minor(version: &Semver) -> CelInt {
    shown(version.numbers[1])
}

fn patch(version: &Semver) -> CelInt {
    shown(version.numbers[2])
}

fn shown(number: u64) -> CelInt {
    i64::from_ne_bytes(number.to_ne_bytes()).into()
}

fn is_greater_than(a: &Semver, b: &Semver) -> CelBool {
    a.compare(b).is_gt().into()
}

fn is_less_than(a: &Semver, b: &Semver) -> CelBool {
    a.compare(b).is_lt().into()
}

fn compare_to(a: &Semver, b: &Semver) -> CelInt {
    (a.compare(b) as i64).into()
}

pub(super) fn extend(env: &mut Env) -> Result<(), DeclarationError> {
    add_overload!(env, fn semver: (CelString<'_>) -> Result<Semver>)?;
    add_overload!(env, fn semver_loosely: (CelString<'_>, CelBool) -> Result<Semver>, name = "semver")?;
    add_overload!(env, fn is_semver: (CelString<'_>) -> CelBool)?;
    add_overload!(env, fn is_semver_loosely: (CelString<'_>, CelBool) -> CelBool, name = "isSemver")?;
    add_member_overload!(env, fn major: (Semver) -> CelInt)?;
    add_member_overload!(env, fn minor: (Semver) -> CelInt)?;
    add_member_overload!(env, fn patch: (Semver) -> CelInt)?;
    add_member_overload!(env, fn is_greater_than: (Semver, Semver) -> CelBool)?;
    add_member_overload!(env, fn is_less_than: (Semver, Semver) -> CelBool)?;
    add_member_overload!(env, fn compare_to: (Semver, Semver) -> CelInt)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{hold, of};

    #[test]
    fn versions_are_compared() {
        hold(&[
            "isSemver('1.0.0') && isSemver('0.1.0-alpha.1+b.2') && !isSemver('v1.0') && !isSemver('1.0')",
            "!isSemver('01.0.0') && !isSemver('1.0.0-01') && !isSemver('hello') && !isSemver('1.0.0-')",
            "isSemver('v1.0', true) && semver('01.01.01', true) == semver('1.1.1') && !isSemver('1.0-a', true)",
            "semver('1.2.3').compareTo(semver('2.0.0')) == -1 && semver('1.2.3').isGreaterThan(semver('0.1.2'))",
            "semver('1.0.0-alpha').isLessThan(semver('1.0.0')) && semver('1.0.0-1').isLessThan(semver('1.0.0-a'))",
            "semver('1.0.0+a') == semver('1.0.0+b') && semver('1.2.3').minor() == 2 && semver('1.2.3').patch() == 3",
        ]);
        assert!(of("semver('x')").is_err());
    }
}
