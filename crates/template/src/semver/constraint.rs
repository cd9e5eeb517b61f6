use super::version::{Version, compare_prerelease};
use super::written::{Written, conditions, rewrite_ranges};
use std::fmt;
use thiserror::Error;

/// Longest text that is read as a constraint, in bytes.
const LEN_MAX: usize = 512;
/// Most alternatives that a constraint can have.
const GROUPS_MAX: usize = 32;

/// A text is no constraint.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ConstraintError {
    /// It cannot be read.
    #[error("improper constraint: {0:?}")]
    Improper(String),
    /// A version in it cannot be read.
    #[error("constraint parser error")]
    Version,
    /// It is too long.
    #[error("constraint string is too long (max 512 bytes)")]
    TooLong,
    /// It has too many alternatives.
    #[error("too many constraint groups (max 32)")]
    TooManyGroups,
}

/// What versions are acceptable: alternatives (`||`) of conditions that all must hold (space or comma).
#[derive(Clone, Debug)]
pub struct Constraints {
    groups: Vec<Group>,
}

#[derive(Clone, Debug)]
struct Group {
    conditions: Vec<Condition>,
    /// Whether a condition names a prerelease, which lets versions with one in.
    prereleases: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    TildeOrEqual,
    NotEqual,
    Greater,
    Less,
    GreaterEqual,
    LessEqual,
    Tilde,
    Caret,
}

#[derive(Clone, Debug)]
struct Condition {
    op: Op,
    op_text: String,
    version_text: String,
    version: Version,
    /// Whether a part was left out or is a wildcard.
    open: bool,
    open_minor: bool,
    open_patch: bool,
}

impl Constraints {
    /// Reads a constraint.
    ///
    /// # Errors
    /// The text is no constraint.
    pub fn parse(text: &str) -> Result<Self, ConstraintError> {
        if text.len() > LEN_MAX {
            return Err(ConstraintError::TooLong);
        }
        let text = rewrite_ranges(text);
        let alternatives: Vec<&str> = text.split("||").collect();
        if alternatives.len() > GROUPS_MAX {
            return Err(ConstraintError::TooManyGroups);
        }
        let groups = alternatives.into_iter().map(Group::parse).collect::<Result<_, _>>()?;
        Ok(Self { groups })
    }

    /// Whether a version is acceptable.
    #[must_use]
    pub fn check(&self, version: &Version) -> bool {
        self.groups.iter().any(|g| g.conditions.iter().all(|c| c.check(version, g.prereleases)))
    }

    /// Returns, for a version that is not acceptable, why: one reason for each condition that does not hold.
    ///
    /// # Errors
    /// The reasons.
    pub fn validate(&self, version: &Version) -> Result<(), Vec<String>> {
        if self.check(version) {
            return Ok(());
        }
        let mut reasons = Vec::new();
        let mut said_prerelease = false;
        for group in &self.groups {
            for condition in &group.conditions {
                if !version.prerelease.is_empty() && !group.prereleases {
                    if !std::mem::replace(&mut said_prerelease, true) {
                        reasons.push(format!(
                            "\"{version}\" is a prerelease version and the constraint is only looking for release versions"
                        ));
                    }
                } else if !condition.check(version, group.prereleases) {
                    reasons.push(format!(
                        "\"{version}\" {} \"{}\"",
                        condition.complaint(version),
                        condition.version_text
                    ));
                }
            }
        }
        Err(reasons)
    }
}

impl fmt::Display for Constraints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, group) in self.groups.iter().enumerate() {
            if n > 0 {
                f.write_str(" || ")?;
            }
            for (n, condition) in group.conditions.iter().enumerate() {
                let space = if n > 0 { " " } else { "" };
                write!(f, "{space}{}{}", condition.op_text, condition.version_text)?;
            }
        }
        Ok(())
    }
}

impl Group {
    fn parse(text: &str) -> Result<Self, ConstraintError> {
        let written = conditions(text).ok_or_else(|| ConstraintError::Improper(text.to_owned()))?;
        let conditions: Vec<Condition> = written.iter().map(Condition::read).collect::<Result<_, _>>()?;
        let prereleases = conditions.iter().any(|c| !c.version.prerelease.is_empty());
        Ok(Self { conditions, prereleases })
    }
}

impl Condition {
    fn read(written: &Written<'_>) -> Result<Self, ConstraintError> {
        let Written { op: op_text, version: version_text, major, minor, patch, prerelease } = *written;
        let wild = |s: &str| s.is_empty() || matches!(s, "x" | "X" | "*");
        let open_at = |s: &str| wild(s.trim_start_matches('.'));
        let (mut open, mut open_minor, mut open_patch) = (true, false, false);
        let full = if wild(major) {
            format!("0.0.0{}", prerelease)
        } else if open_at(minor) {
            open_minor = true;
            format!("{major}.0.0{}", prerelease)
        } else if open_at(patch) {
            open_patch = true;
            format!("{major}{minor}.0{}", prerelease)
        } else {
            open = false;
            version_text.to_owned()
        };
        let version = Version::parse(&full).map_err(|_| ConstraintError::Version)?;
        let op = match op_text {
            "!=" => Op::NotEqual,
            ">" => Op::Greater,
            "<" => Op::Less,
            ">=" | "=>" => Op::GreaterEqual,
            "<=" | "=<" => Op::LessEqual,
            "~" | "~>" => Op::Tilde,
            "^" => Op::Caret,
            _ => Op::TildeOrEqual,
        };
        let (op_text, version_text) = (op_text.to_owned(), version_text.to_owned());
        Ok(Self { op, op_text, version_text, version, open, open_minor, open_patch })
    }

    fn check(&self, v: &Version, prereleases: bool) -> bool {
        if !v.prerelease.is_empty() && !prereleases {
            return false;
        }
        let c = &self.version;
        match self.op {
            Op::TildeOrEqual if self.open => self.tilde(v),
            Op::TildeOrEqual => v == c,
            Op::NotEqual => self.not_equal(v),
            Op::Greater => self.greater(v),
            Op::Less => v < c,
            Op::GreaterEqual => v >= c,
            Op::LessEqual if self.open => {
                v.major < c.major || (v.major == c.major && (v.minor <= c.minor || self.open_minor))
            }
            Op::LessEqual => v <= c,
            Op::Tilde => self.tilde(v),
            Op::Caret => self.caret(v),
        }
    }

    fn not_equal(&self, v: &Version) -> bool {
        let c = &self.version;
        if self.open {
            if c.major != v.major {
                return true;
            }
            if c.minor != v.minor && !self.open_minor {
                return true;
            }
            if self.open_minor {
                return false;
            }
            if c.patch != v.patch && !self.open_patch {
                return true;
            }
            if self.open_patch {
                let either = !v.prerelease.is_empty() || !c.prerelease.is_empty();
                return either && compare_prerelease(&v.prerelease, &c.prerelease).is_ne();
            }
        }
        v != c
    }

    fn greater(&self, v: &Version) -> bool {
        let c = &self.version;
        if !self.open || v.major > c.major {
            return v > c;
        }
        if v.major < c.major || self.open_minor {
            return false;
        }
        // `>11.1` is not met by 11.1.1 but by 11.2.0.
        if self.open_patch { v.minor > c.minor } else { v > c }
    }

    fn tilde(&self, v: &Version) -> bool {
        let c = &self.version;
        if v < c {
            return false;
        }
        // `~*` and `~0.0.0` take everything.
        if (c.major, c.minor, c.patch) == (0, 0, 0) && !self.open_minor && !self.open_patch {
            return true;
        }
        v.major == c.major && (v.minor == c.minor || self.open_minor)
    }

    fn caret(&self, v: &Version) -> bool {
        let c = &self.version;
        if v < c {
            return false;
        }
        if c.major > 0 || self.open_minor {
            return v.major == c.major;
        }
        if v.major > 0 {
            return false;
        }
        if c.minor > 0 || self.open_patch {
            return v.minor == c.minor;
        }
        v.minor == 0 && c.patch == v.patch
    }

    fn complaint(&self, v: &Version) -> &'static str {
        let c = &self.version;
        match self.op {
            Op::TildeOrEqual if !self.open => "is not equal to",
            Op::NotEqual => "is equal to",
            Op::Greater => "is less than or equal to",
            Op::Less => "is greater than or equal to",
            Op::LessEqual => "is greater than",
            Op::GreaterEqual => "is less than",
            Op::TildeOrEqual | Op::Tilde | Op::Caret if v < c => "is less than",
            Op::TildeOrEqual | Op::Tilde | Op::Caret if v.major != c.major => {
                "does not have same major version as"
            }
            Op::TildeOrEqual | Op::Tilde => "does not have same major and minor version as",
            Op::Caret if v.minor != c.minor => "does not have same minor version as",
            Op::Caret => "does not equal",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_hold_as_in_masterminds_semver() {
        for (constraint, version, expect) in [
            ("=2.0.0", "1.2.3", false),
            ("4.1", "4.1.7", true),
            ("!=4.1.x", "4.1.0", false),
            (">11", "11.1.0", false),
            (">11.1", "11.2.0", true),
            ("<=11", "11.9.9", true),
            ("~1.2.3", "1.2.9", true),
            ("~1.2.3", "1.3.0", false),
            ("^0.2.3", "0.2.9", true),
            ("^0.0.3", "0.0.4", false),
            ("^0", "0.9.0", true),
            ("*", "1.2.3", true),
            ("*", "1.2.3-beta", false),
            (">=1.0-0", "1.2.3-beta", true),
            ("1.0 - 2.0", "1.5.0", true),
            (">= 1.2, < 3.0.0 || >= 4.2.3", "4.2.2", false),
            (">1.0 <2", "1.5", true),
            ("=>1.2", "1.2", true),
        ] {
            let holds = Constraints::parse(constraint).unwrap().check(&Version::parse(version).unwrap());
            assert_eq!(holds, expect, "{constraint} on {version}");
        }
        for text in ["", "foo", ">= ", "1.2.3.4", ">> 1"] {
            assert!(Constraints::parse(text).is_err(), "{text:?}");
        }
    }
}
