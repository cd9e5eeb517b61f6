use fairway_core::{ApiError, ApiErrorKind, Gvk, ObjectKey, Str};

/// What the cluster lacks that a task needs, and that others may bring.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lack {
    /// The object's namespace.
    Namespace(Str),
    /// The object's kind.
    Kind(Gvk),
}

impl Lack {
    /// Reads out of a refused write what is missing; nothing where it was refused for another reason.
    pub(crate) fn behind(error: &ApiError, key: &ObjectKey, version: &Str) -> Option<Self> {
        match error.kind {
            // What is applied need not be there; its namespace must.
            ApiErrorKind::NotFound if !key.namespace.is_empty() => {
                Some(Self::Namespace(key.namespace.clone()))
            }
            ApiErrorKind::UnknownKind => {
                Some(Self::Kind(Gvk::new(key.group.clone(), version.clone(), key.kind.clone())))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_namespace_and_a_missing_kind_are_told_from_other_refusals() {
        let key = ObjectKey::new("g", "Foo", "ns", "x");
        let of = |kind| Lack::behind(&ApiError::new(kind, 404, "no"), &key, &"v1".into());
        assert_eq!(of(ApiErrorKind::NotFound), Some(Lack::Namespace("ns".into())));
        assert_eq!(of(ApiErrorKind::UnknownKind), Some(Lack::Kind(Gvk::new("g", "v1", "Foo"))));
        assert_eq!(of(ApiErrorKind::Forbidden), None);
    }
}
