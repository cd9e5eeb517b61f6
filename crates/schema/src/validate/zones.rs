//! Names of time zones.

/// Whether a time zone of this name is known. The list is the IANA database's of 2025.
pub(super) fn is_known(name: &str) -> bool {
    let zones = include_str!("../../data/zones.txt");
    name == "UTC" || zones.lines().any(|zone| zone == name)
}
