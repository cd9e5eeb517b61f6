use crate::credential::{CredentialLookup, Credentials};
use crate::repo_url::without_credentials;
use std::borrow::Cow;
use std::sync::Arc;

/// Most mirrors, and the longest address of one.
const MIRRORS_MAX: usize = 1000;
const ADDRESS_BYTES_MAX: usize = 2048;

/// Addresses that stand in for those that Applications, charts and kustomizations name: for networks without a way out.
/// Whole paths are replaced, the longest match first; what an address was replaced by is not replaced again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressMirrors {
    /// Prefix and what stands in for it, the longest prefix first.
    prefixes: Vec<(String, String)>,
}

/// Mirrors alone: every repository is open.
impl CredentialLookup for AddressMirrors {
    fn find(&self, _repo_url: &str) -> Option<Arc<Credentials>> {
        None
    }

    fn mirror_of(&self, address: &str) -> Option<String> {
        self.of(address)
    }
}

impl AddressMirrors {
    /// Reads lines of `PREFIX: MIRROR`, such as `https://charts.example.com/: https://mirror.local/charts/`, as YAML.
    ///
    /// # Errors
    /// It is no YAML map of texts, or has more entries than are taken.
    pub fn parse(text: &str) -> Result<Self, String> {
        let document = fairway_yaml::parse(text).map_err(|e| e.to_string())?;
        let Some(map) = document.as_object() else {
            return if document.is_null() {
                Ok(Self::default())
            } else {
                Err("write PREFIX: MIRROR".to_owned())
            };
        };
        let mut prefixes = Vec::new();
        for (prefix, mirror) in map.iter() {
            let mirror = mirror.as_str().filter(|m| !m.is_empty() && m.len() <= ADDRESS_BYTES_MAX);
            let Some(mirror) = mirror.filter(|_| !prefix.is_empty() && prefix.len() <= ADDRESS_BYTES_MAX)
            else {
                return Err(format!("the mirror of {} is no address", without_credentials(prefix)));
            };
            prefixes.push((prefix.to_string(), mirror.to_owned()));
        }
        if prefixes.len() > MIRRORS_MAX {
            return Err(format!("more mirrors than the limit of {MIRRORS_MAX}"));
        }
        prefixes.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.cmp(b)));
        Ok(Self { prefixes })
    }

    /// Returns the address to ask in place of one; nothing where it is asked itself.
    #[must_use]
    pub fn of(&self, address: &str) -> Option<String> {
        let address = address.trim();
        self.prefixes.iter().find_map(|(prefix, mirror)| {
            let whole = prefix.trim_end_matches('/');
            let rest = address.strip_prefix(prefix.as_str()).or_else(|| (address == whole).then_some(""))?;
            // `https://host/org` is no prefix of `https://host/organisation`.
            let parts = prefix.ends_with(['/', ':']) || rest.is_empty() || rest.starts_with(['/', '?', '#']);
            let join = match (mirror.ends_with(['/', ':']), rest.trim_start_matches('/')) {
                (_, "") => mirror.trim_end_matches('/').to_owned(),
                (true, rest) => format!("{mirror}{rest}"),
                (false, rest) => format!("{mirror}/{rest}"),
            };
            parts.then_some(join)
        })
    }

    /// Returns the address to ask.
    pub(crate) fn apply<'a>(found: Option<String>, address: &'a str) -> Cow<'a, str> {
        found.map_or(Cow::Borrowed(address), Cow::Owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_of_whole_parts_is_replaced() {
        let mirrors = AddressMirrors::parse(
            "https://host/org: https://mirror/a\nhttps://host/org/team/: https://mirror/b/\n\
             'git@git.example:': https://mirror/git/\noci://registry-1.docker.io/: oci://mirror:5000/hub\n",
        )
        .unwrap();
        for (address, expect) in [
            ("https://host/org/x.git", Some("https://mirror/a/x.git")),
            ("https://host/org", Some("https://mirror/a")),
            ("https://host/organisation", None),
            ("https://host/org/team/x", Some("https://mirror/b/x")),
            ("https://host/org/team", Some("https://mirror/b")),
            ("git@git.example:o/r.git", Some("https://mirror/git/o/r.git")),
            ("oci://registry-1.docker.io/bitnamicharts", Some("oci://mirror:5000/hub/bitnamicharts")),
            ("https://other/x", None),
        ] {
            assert_eq!(mirrors.of(address).as_deref(), expect, "{address}");
        }
        assert!(AddressMirrors::parse("a: [b]").is_err());
        assert_eq!(AddressMirrors::parse(""), Ok(AddressMirrors::default()));
    }
}
