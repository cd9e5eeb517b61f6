use fairway_core::Scope;
use fairway_value::{Str, Value};
use std::sync::LazyLock;

/// A served resource: one kind in one version of one group.
#[derive(Clone, Debug)]
pub struct Resource {
    /// API group, empty for the core group.
    pub group: Str,
    /// Version.
    pub version: Str,
    /// Kind.
    pub kind: Str,
    /// Plural name, as in URLs.
    pub plural: Str,
    /// Singular name.
    pub singular: Str,
    /// Short names.
    pub short_names: Vec<Str>,
    /// Categories, such as `all`.
    pub categories: Vec<Str>,
    /// Scope.
    pub scope: Scope,
    /// Verbs of the resource itself.
    pub verbs: Vec<Str>,
    /// Subresources with their verbs.
    pub subresources: Vec<(Str, Vec<Str>)>,
    /// For a custom resource the version's `openAPIV3Schema`.
    pub crd_schema: Option<Value>,
    pub(crate) ty: Option<u32>,
}

/// What a scalar holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// A string.
    String,
    /// `true` or `false`.
    Bool,
    /// An integer.
    Integer,
    /// A number.
    Number,
    /// An integer or a string.
    IntOrString,
    /// A quantity: string or number.
    Quantity,
    /// An RFC 3339 time.
    Time,
}

/// The shape of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeKind {
    /// A scalar.
    Scalar(Scalar),
    /// A list.
    List,
    /// A map from strings to one type of value.
    Map,
    /// An object with known fields.
    Struct,
    /// Anything: the shape follows from the value.
    Any,
}

/// How a list merges (`x-kubernetes-list-type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListType {
    /// As a whole.
    Atomic,
    /// As a set of scalars.
    Set,
    /// By the keys of its entries.
    Map,
}

/// How a map or object merges (`x-kubernetes-map-type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapType {
    /// Entry by entry.
    Granular,
    /// As a whole.
    Atomic,
}

/// A type within a [`Schemas`].
#[derive(Clone, Copy, Debug)]
pub struct TypeRef<'s> {
    schemas: &'s Schemas,
    id: u32,
}

/// A field of an object type.
#[derive(Clone, Copy, Debug)]
pub struct Field<'s> {
    /// The field's type.
    pub ty: TypeRef<'s>,
    /// `x-kubernetes-patch-merge-key`.
    pub merge_key: Option<&'s str>,
    /// `x-kubernetes-patch-strategy` contains `merge`.
    pub patch_merge: bool,
    /// `x-kubernetes-patch-strategy` contains `retainKeys`.
    pub retain_keys: bool,
    /// The default that OpenAPI names.
    pub default: Option<&'s Value>,
}

/// A schema document that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SchemaError(pub String);

/// Every known kind and type. Cheap to look things up in; made once.
#[derive(Clone, Debug, Default)]
pub struct Schemas {
    resources: Vec<Resource>,
}

static BUILTIN: LazyLock<Schemas> = LazyLock::new(Schemas::default);

impl Schemas {
    /// Returns the built-in kinds of Kubernetes 1.36, read from the data in this crate at first use.
    #[must_use]
    pub fn builtin() -> &'static Self {
        &BUILTIN
    }

    /// Returns the built-in kinds and those of the CustomResourceDefinitions given (`apiextensions.k8s.io/v1` objects).
    ///
    /// # Errors
    /// A CRD that is malformed; names the CRD.
    pub fn with_crds(crds: &[Value]) -> Result<Self, SchemaError> {
        let _ = crds;
        Err(SchemaError("unsupported: custom resource definitions".to_owned()))
    }

    /// Returns every resource, ordered by group, version and plural name.
    pub fn resources(&self) -> impl Iterator<Item = &Resource> {
        self.resources.iter()
    }

    /// Returns the resource of a kind by `apiVersion` (`apps/v1`, `v1`) and kind, as an object names them.
    #[must_use]
    pub fn resource(&self, api_version: &str, kind: &str) -> Option<&Resource> {
        let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
        self.resources.iter().find(|r| r.kind == kind && r.version == version && r.group == group)
    }

    /// Returns the resource by group, version and plural name, as a URL names them.
    #[must_use]
    pub fn resource_by_plural(&self, group: &str, version: &str, plural: &str) -> Option<&Resource> {
        self.resources.iter().find(|r| r.plural == plural && r.version == version && r.group == group)
    }

    /// Returns the type of a kind. Nothing for unknown kinds and for custom resources without a schema.
    #[must_use]
    pub fn type_of(&self, api_version: &str, kind: &str) -> Option<TypeRef<'_>> {
        let id = self.resource(api_version, kind)?.ty?;
        Some(TypeRef { schemas: self, id })
    }
}

impl<'s> TypeRef<'s> {
    /// Returns the shape.
    #[must_use]
    pub fn kind(self) -> TypeKind {
        let _ = (self.schemas, self.id);
        TypeKind::Any
    }

    /// Returns a field of an object type by name, or the value type of a map under any name.
    #[must_use]
    pub fn field(self, name: &str) -> Option<Field<'s>> {
        let _ = name;
        None
    }

    /// Returns the type of a list's entries or a map's values.
    #[must_use]
    pub fn items(self) -> Option<TypeRef<'s>> {
        None
    }

    /// Returns how a list merges.
    #[must_use]
    pub fn list_type(self) -> ListType {
        ListType::Atomic
    }

    /// Returns how a map or object merges.
    #[must_use]
    pub fn map_type(self) -> MapType {
        MapType::Granular
    }

    /// Returns the keys of an associative list's entries (`x-kubernetes-list-map-keys`).
    #[must_use]
    pub fn list_keys(self) -> &'s [Str] {
        &[]
    }
}
