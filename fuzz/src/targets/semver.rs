//! Versions and constraints: the first line is the version, the second the constraint.

use fairway_template::semver::{Constraints, Version};

/// Takes one input.
pub fn semver(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (version, constraint) = text.split_once('\n').unwrap_or((text, text));
    let version = Version::parse(version);
    let constraint = Constraints::parse(constraint);
    if let (Ok(version), Ok(constraint)) = (version, constraint) {
        assert_eq!(constraint.check(&version), constraint.validate(&version).is_ok());
    }
}
