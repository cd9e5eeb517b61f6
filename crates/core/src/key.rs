use fairway_value::Str;
use std::fmt;

/// Group, version and kind of a Kubernetes object. The core group is the empty string.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gvk {
    /// API group; empty for the core group.
    pub group: Str,
    /// API version inside the group, such as `v1`.
    pub version: Str,
    /// Kind, such as `Deployment`.
    pub kind: Str,
}

impl Gvk {
    /// Builds one from its parts.
    #[must_use]
    pub fn new(group: impl Into<Str>, version: impl Into<Str>, kind: impl Into<Str>) -> Self {
        Self { group: group.into(), version: version.into(), kind: kind.into() }
    }

    /// Builds one from `apiVersion` (`v1` or `group/version`) and `kind`.
    #[must_use]
    pub fn from_api_version(api_version: &str, kind: &str) -> Self {
        match api_version.split_once('/') {
            Some((group, version)) => Self::new(group, version, kind),
            None => Self::new("", api_version, kind),
        }
    }

    /// Returns `group/version`, or `version` in the core group.
    #[must_use]
    pub fn api_version(&self) -> Str {
        if self.group.is_empty() { self.version.clone() } else { ecow_format(&self.group, &self.version) }
    }

    /// Returns group and kind without the version.
    #[must_use]
    pub fn group_kind(&self) -> GroupKind {
        GroupKind { group: self.group.clone(), kind: self.kind.clone() }
    }
}

fn ecow_format(group: &str, version: &str) -> Str {
    let mut out = Str::from(group);
    out.push('/');
    out.push_str(version);
    out
}

impl fmt::Display for Gvk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, Kind={}", self.api_version(), self.kind)
    }
}

/// Group and kind of a Kubernetes object, whatever the version.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupKind {
    /// API group; empty for the core group.
    pub group: Str,
    /// Kind.
    pub kind: Str,
}

impl GroupKind {
    /// Builds one from its parts.
    #[must_use]
    pub fn new(group: impl Into<Str>, kind: impl Into<Str>) -> Self {
        Self { group: group.into(), kind: kind.into() }
    }
}

impl fmt::Display for GroupKind {
    /// `group/Kind`, or `Kind` in the core group.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.group.is_empty() {
            f.write_str(&self.kind)
        } else {
            write!(f, "{}/{}", self.group, self.kind)
        }
    }
}

/// What names one object in a cluster, whatever the API version it is written in.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey {
    /// API group; empty for the core group.
    pub group: Str,
    /// Kind.
    pub kind: Str,
    /// Namespace; empty for cluster-scoped objects.
    pub namespace: Str,
    /// Name.
    pub name: Str,
}

impl ObjectKey {
    /// Builds one from its parts.
    #[must_use]
    pub fn new(
        group: impl Into<Str>,
        kind: impl Into<Str>,
        namespace: impl Into<Str>,
        name: impl Into<Str>,
    ) -> Self {
        Self { group: group.into(), kind: kind.into(), namespace: namespace.into(), name: name.into() }
    }

    /// Returns group and kind.
    #[must_use]
    pub fn group_kind(&self) -> GroupKind {
        GroupKind { group: self.group.clone(), kind: self.kind.clone() }
    }
}

impl fmt::Display for ObjectKey {
    /// `group/Kind/namespace/name` without the parts that are empty.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.group.is_empty() {
            write!(f, "{}/", self.group)?;
        }
        write!(f, "{}/", self.kind)?;
        if !self.namespace.is_empty() {
            write!(f, "{}/", self.namespace)?;
        }
        f.write_str(&self.name)
    }
}
