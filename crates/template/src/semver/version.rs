use std::cmp::Ordering;
use std::fmt;
use thiserror::Error;

/// Longest text that is read as a version, in bytes.
const LEN_MAX: usize = 256;

/// A text is no version.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum VersionError {
    /// It has another shape altogether.
    #[error("invalid semantic version")]
    Invalid,
    /// It is empty.
    #[error("version string empty")]
    Empty,
    /// It is too long.
    #[error("version string is too long (max 256 bytes)")]
    TooLong,
    /// A character has no place in a number.
    #[error("invalid characters in version")]
    Characters,
    /// A number starts with a nought.
    #[error("version segment starts with 0")]
    LeadingZero,
    /// The prerelease is malformed.
    #[error("invalid prerelease string")]
    Prerelease,
    /// The build metadata is malformed.
    #[error("invalid metadata string")]
    Metadata,
    /// A number is beyond 64 bits.
    #[error("error parsing version segment: strconv.ParseUint: parsing \"{0}\": value out of range")]
    Range(String),
}

/// A version.
#[derive(Clone, Debug)]
pub struct Version {
    /// Major number.
    pub major: u64,
    /// Minor number.
    pub minor: u64,
    /// Patch number.
    pub patch: u64,
    /// What follows `-`, without it.
    pub prerelease: String,
    /// What follows `+`, without it. Not compared.
    pub metadata: String,
    original: String,
}

impl Version {
    /// Reads a version loosely: `v1`, `1.2` and leading noughts will do.
    ///
    /// # Errors
    /// The text is no version even so.
    pub fn parse(text: &str) -> Result<Self, VersionError> {
        if text.len() > LEN_MAX {
            return Err(VersionError::TooLong);
        }
        let (numbers, prerelease, metadata) = split(text.strip_prefix('v').unwrap_or(text))?;
        let mut parts = [0_u64; 3];
        for (count, part) in numbers.split('.').enumerate() {
            if count == 3 || part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
                return Err(VersionError::Invalid);
            }
            parts[count] = part.parse().map_err(|_| VersionError::Range(part.to_owned()))?;
        }
        let loose = |s: &str| s.split('.').all(|p| !p.is_empty() && p.bytes().all(is_identifier));
        if prerelease.is_some_and(|p| !loose(p)) || metadata.is_some_and(|m| !loose(m)) {
            return Err(VersionError::Invalid);
        }
        Self::build(parts, prerelease, metadata, text)
    }

    /// Reads a version strictly, as the specification writes it.
    ///
    /// # Errors
    /// The text is no version by the specification.
    pub fn parse_strict(text: &str) -> Result<Self, VersionError> {
        if text.is_empty() {
            return Err(VersionError::Empty);
        }
        if text.len() > LEN_MAX {
            return Err(VersionError::TooLong);
        }
        let mut dots = text.splitn(3, '.');
        let (Some(major), Some(minor), Some(rest)) = (dots.next(), dots.next(), dots.next()) else {
            return Err(VersionError::Invalid);
        };
        let (patch, prerelease, metadata) = split(rest)?;
        let mut parts = [0_u64; 3];
        for (slot, part) in parts.iter_mut().zip([major, minor, patch]) {
            if !part.bytes().all(|b| b.is_ascii_digit()) {
                return Err(VersionError::Characters);
            }
            if part.len() > 1 && part.starts_with('0') {
                return Err(VersionError::LeadingZero);
            }
            *slot = part.parse().map_err(|_| VersionError::Range(part.to_owned()))?;
        }
        Self::build(parts, prerelease, metadata, text)
    }

    fn build(
        [major, minor, patch]: [u64; 3],
        prerelease: Option<&str>,
        metadata: Option<&str>,
        original: &str,
    ) -> Result<Self, VersionError> {
        if let Some(p) = prerelease {
            check_prerelease(p)?;
        }
        if let Some(m) = metadata {
            check_metadata(m)?;
        }
        Ok(Self {
            major,
            minor,
            patch,
            prerelease: prerelease.unwrap_or_default().to_owned(),
            metadata: metadata.unwrap_or_default().to_owned(),
            original: original.to_owned(),
        })
    }

    /// Returns the text that was read.
    #[must_use]
    pub fn original(&self) -> &str {
        &self.original
    }

    /// Compares by precedence: a prerelease is below its release, build metadata counts for nothing.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Ordering {
        let numbers = |v: &Self| (v.major, v.minor, v.patch);
        numbers(self)
            .cmp(&numbers(other))
            .then_with(|| compare_prerelease_or_release(&self.prerelease, &other.prerelease))
    }

    /// Returns the next patch version; of a prerelease its release.
    #[must_use]
    pub fn next_patch(&self) -> Self {
        let patch = if self.prerelease.is_empty() { self.patch.saturating_add(1) } else { self.patch };
        self.with([self.major, self.minor, patch], "", "")
    }

    /// Returns the next minor version.
    #[must_use]
    pub fn next_minor(&self) -> Self {
        self.with([self.major, self.minor.saturating_add(1), 0], "", "")
    }

    /// Returns the next major version.
    #[must_use]
    pub fn next_major(&self) -> Self {
        self.with([self.major.saturating_add(1), 0, 0], "", "")
    }

    /// Returns the version with another prerelease.
    ///
    /// # Errors
    /// It is malformed.
    pub fn with_prerelease(&self, prerelease: &str) -> Result<Self, VersionError> {
        if !prerelease.is_empty() {
            check_prerelease(prerelease)?;
        }
        Ok(self.with([self.major, self.minor, self.patch], prerelease, &self.metadata))
    }

    /// Returns the version with other build metadata.
    ///
    /// # Errors
    /// It is malformed.
    pub fn with_metadata(&self, metadata: &str) -> Result<Self, VersionError> {
        if !metadata.is_empty() {
            check_metadata(metadata)?;
        }
        Ok(self.with([self.major, self.minor, self.patch], &self.prerelease, metadata))
    }

    fn with(&self, [major, minor, patch]: [u64; 3], prerelease: &str, metadata: &str) -> Self {
        let mut next = Self {
            major,
            minor,
            patch,
            prerelease: prerelease.to_owned(),
            metadata: metadata.to_owned(),
            original: String::new(),
        };
        let v = if self.original.starts_with('v') { "v" } else { "" };
        next.original = format!("{v}{next}");
        next
    }
}

impl fmt::Display for Version {
    /// Writes it in full, without a leading `v`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)?;
        if !self.prerelease.is_empty() {
            write!(f, "-{}", self.prerelease)?;
        }
        if !self.metadata.is_empty() {
            write!(f, "+{}", self.metadata)?;
        }
        Ok(())
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.compare(other).is_eq()
    }
}

impl Eq for Version {}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.compare(other)
    }
}

type Split<'a> = (&'a str, Option<&'a str>, Option<&'a str>);

/// Splits numbers, prerelease and metadata.
fn split(text: &str) -> Result<Split<'_>, VersionError> {
    let (front, metadata) = match text.split_once('+') {
        Some((front, metadata)) => (front, Some(metadata)),
        None => (text, None),
    };
    let (numbers, prerelease) = match front.split_once('-') {
        Some((numbers, prerelease)) => (numbers, Some(prerelease)),
        None => (front, None),
    };
    Ok((numbers, prerelease, metadata))
}

fn is_identifier(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'-'
}

fn check_prerelease(text: &str) -> Result<(), VersionError> {
    for part in text.split('.') {
        if part.is_empty() || !part.bytes().all(is_identifier) {
            return Err(VersionError::Prerelease);
        }
        if part.len() > 1 && part.starts_with('0') && part.bytes().all(|b| b.is_ascii_digit()) {
            return Err(VersionError::LeadingZero);
        }
    }
    Ok(())
}

fn check_metadata(text: &str) -> Result<(), VersionError> {
    let fine = text.split('.').all(|p| !p.is_empty() && p.bytes().all(is_identifier));
    if fine { Ok(()) } else { Err(VersionError::Metadata) }
}

fn compare_prerelease_or_release(a: &str, b: &str) -> Ordering {
    match (a.is_empty(), b.is_empty()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => compare_prerelease(a, b),
    }
}

/// Compares prereleases part by part: numbers as numbers, a number below a word, a missing part below any.
pub(super) fn compare_prerelease(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let (x, y) = (a.next(), b.next());
        if x.is_none() && y.is_none() {
            return Ordering::Equal;
        }
        let order = compare_part(x.unwrap_or_default(), y.unwrap_or_default());
        if order.is_ne() {
            return order;
        }
    }
}

fn compare_part(a: &str, b: &str) -> Ordering {
    if a.is_empty() || b.is_empty() {
        return b.is_empty().cmp(&a.is_empty());
    }
    let number = |s: &str| s.parse::<u64>().ok().filter(|_| s.bytes().all(|c| c.is_ascii_digit()));
    match (number(a), number(b)) {
        (None, None) => a.cmp(b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (Some(x), Some(y)) => x.cmp(&y),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loose_versions_are_completed() {
        for (text, expect) in [
            ("1", "1.0.0"),
            ("v1.2", "1.2.0"),
            ("1.2.3-rc.1+b.5", "1.2.3-rc.1+b.5"),
            ("01.2", "1.2.0"),
            ("1-x", "1.0.0-x"),
        ] {
            assert_eq!(Version::parse(text).unwrap().to_string(), expect, "{text}");
        }
        for text in ["", "x", "1.2.3.4", "1.", "1.2.3-", "V1", "1.2.3-01", "1.2.3+", " 1"] {
            assert!(Version::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn precedence_is_the_specifications() {
        let order = [
            "1.0.0-1",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0",
        ];
        for pair in order.windows(2) {
            let [a, b] = [pair[0], pair[1]].map(|t| Version::parse(t).unwrap());
            assert!(a < b, "{a} < {b}");
        }
        assert_eq!(Version::parse("1.0+a").unwrap(), Version::parse("v1+b").unwrap());
    }
}
