//! Group, version, kind and the identities built on them.

use fairway_value::Str;
use std::borrow::Cow;
use std::fmt;

/// Group, version and kind; each part may be empty, which in a selector means any.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Gvk<S = Str> {
    pub group: S,
    pub version: S,
    pub kind: S,
}

/// What selects kinds for a field spec; the hundreds that are built in are not copied.
pub type GvkSelector = Gvk<Cow<'static, str>>;

impl Gvk {
    pub fn of_kind(kind: &str) -> Self {
        Self { kind: kind.into(), ..Self::default() }
    }

    pub fn from_api_version(api_version: &str, kind: &str) -> Self {
        let (group, version) = split_api_version(api_version);
        Self { group: group.into(), version: version.into(), kind: kind.into() }
    }
}

impl<S: AsRef<str>> Gvk<S> {
    /// Whether every part that the selector names is equal.
    pub fn is_selected_by<T: AsRef<str>>(&self, selector: &Gvk<T>) -> bool {
        let fits = |mine: &S, wanted: &T| wanted.as_ref().is_empty() || mine.as_ref() == wanted.as_ref();
        fits(&self.group, &selector.group)
            && fits(&self.version, &selector.version)
            && fits(&self.kind, &selector.kind)
    }
}

impl From<Gvk> for GvkSelector {
    fn from(gvk: Gvk) -> Self {
        let part = |part: Str| Cow::Owned(part.into());
        Self { group: part(gvk.group), version: part(gvk.version), kind: part(gvk.kind) }
    }
}

/// Splits `group/version`; without a slash it is all version.
pub fn split_api_version(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

/// As [`split_api_version`], with parts of their own.
pub fn split_api_version_owned(api_version: &str) -> (Str, Str) {
    let (group, version) = split_api_version(api_version);
    (group.into(), version.into())
}

/// Returns a part, or what stands for it where it is empty.
pub fn or<'s>(part: &'s impl AsRef<str>, none: &'s str) -> &'s str {
    Some(part.as_ref()).filter(|part| !part.is_empty()).unwrap_or(none)
}

impl<S: AsRef<str>> fmt::Display for Gvk<S> {
    /// `Kind.version.group` with kustomize's words for what is missing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}.{}.{}",
            or(&self.kind, "[noKind]"),
            or(&self.version, "[noVer]"),
            or(&self.group, "[noGrp]")
        )
    }
}

/// What kustomize puts for the namespace of cluster-scoped objects.
pub const NOT_A_NAMESPACE: &str = "_non_namespaceable_";

/// Identity of an object at one point of the build.
#[derive(Clone, Debug, Default)]
pub struct ResId {
    pub gvk: Gvk,
    pub name: Str,
    /// As written; empty where nothing is.
    pub namespace: Str,
    /// Whether the type is known to be cluster-scoped.
    pub cluster_scoped: bool,
}

impl ResId {
    /// Returns the namespace to compare by: `default` for none.
    pub fn effective_namespace(&self) -> &str {
        if self.cluster_scoped {
            NOT_A_NAMESPACE
        } else if self.namespace.is_empty() {
            "default"
        } else {
            &self.namespace
        }
    }

    pub fn same_namespace(&self, other: &Self) -> bool {
        self.effective_namespace() == other.effective_namespace()
    }

    pub fn same_gvk_and_name(&self, other: &Self) -> bool {
        self.gvk == other.gvk && self.name == other.name
    }

    /// Whether both name one object.
    pub fn is(&self, other: &Self) -> bool {
        self.same_gvk_and_name(other) && self.same_namespace(other)
    }

    /// Whether the identity fits a selector whose empty parts mean any.
    pub fn is_selected_by(&self, selector: &Self) -> bool {
        (selector.name.is_empty() || selector.name == self.name)
            && (selector.namespace.is_empty() || selector.same_namespace(self))
            && self.gvk.is_selected_by(&selector.gvk)
    }
}

impl fmt::Display for ResId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}.{}", self.gvk, or(&self.name, "[noName]"), or(&self.namespace, "[noNs]"))
    }
}
