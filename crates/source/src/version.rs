use fairway_template::semver::{Constraints, Version};

/// Whether a revision is a range of versions: `1.x`, `^2`, `>=1 <2`, `*`. A plain version (`v1.0`) is a name.
/// As Argo CD 3.x `util/versions/tags.go` `MaxVersion`.
pub(crate) fn is_range(revision: &str) -> bool {
    !revision.is_empty() && Version::parse(revision).is_err() && Constraints::parse(revision).is_ok()
}

/// Returns the newest of the names that are versions in the range; nothing where none is, or where it is no range.
pub(crate) fn newest_match<'n>(range: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let constraints = Constraints::parse(range).ok()?;
    let mut newest: Option<(Version, &str)> = None;
    for name in names {
        let Ok(version) = Version::parse(name) else { continue };
        let newer = newest.as_ref().is_none_or(|(known, _)| version > *known);
        if newer && constraints.check(&version) {
            newest = Some((version, name));
        }
    }
    newest.map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_told_from_names() {
        for range in ["1.x", "^2", "*", ">=1.0.0 <2", "~1.2", "1.0 - 2.0"] {
            assert!(is_range(range), "{range}");
        }
        for name in ["", "v1.0.0", "1.0", "main", "release-1", "HEAD", "0123abc"] {
            assert!(!is_range(name), "{name}");
        }
    }

    #[test]
    fn the_newest_version_in_the_range_wins_and_prereleases_must_be_asked_for() {
        let tags = ["v1.0.0", "1.10.0", "1.9.0", "2.0.0-rc.1", "latest", "v2.0.0"];
        let newest = |range: &str| newest_match(range, tags.into_iter());
        assert_eq!(newest("1.x"), Some("1.10.0"));
        assert_eq!(newest("*"), Some("v2.0.0"));
        assert_eq!(newest("<2.0.0-0"), Some("1.10.0"));
        assert_eq!(newest("3.x"), None);
    }
}
