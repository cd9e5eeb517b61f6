use crate::Schemas;
use crate::types::{Empty, FieldDef, ListDef, ListType, MapDef, Scalar, TypeDef, TypeId};
use fairway_value::{Str, Value};

/// A type within a [`Schemas`]. More than one shape may be allowed at once: an int-or-string, or anything at all.
#[derive(Clone, Copy)]
pub struct TypeRef<'s> {
    schemas: &'s Schemas,
    id: TypeId,
}

/// A field of an object type.
#[derive(Clone, Copy, Debug)]
pub struct Field<'s> {
    /// The field's name; empty for the values of a map, which may have any.
    pub name: &'s str,
    /// The field's type.
    pub ty: TypeRef<'s>,
    /// How it is written when it is empty.
    pub empty: Empty,
    /// `x-kubernetes-patch-merge-key`.
    pub merge_key: Option<&'s str>,
    /// `x-kubernetes-patch-strategy` contains `merge`.
    pub patch_merge: bool,
    /// `x-kubernetes-patch-strategy` contains `retainKeys`.
    pub retain_keys: bool,
    /// `x-kubernetes-patch-strategy` contains `replace`: a map is not merged.
    pub patch_replace: bool,
    /// The default that OpenAPI names: for built-in kinds the zero value of what is always written, too.
    pub default: Option<&'s Value>,
    /// The values allowed; empty where any is.
    pub values: &'s [Str],
}

impl std::fmt::Debug for TypeRef<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TypeRef({} {})", self.id, self.def().name)
    }
}

impl<'s> TypeRef<'s> {
    pub(crate) fn new(schemas: &'s Schemas, id: TypeId) -> Self {
        Self { schemas, id }
    }

    pub(crate) fn def(self) -> &'s TypeDef {
        self.schemas.def(self.id)
    }

    pub(crate) fn list_def(self) -> Option<&'s ListDef> {
        self.def().list.as_ref()
    }

    pub(crate) fn map_def(self) -> Option<&'s MapDef> {
        self.def().map.as_ref()
    }

    /// Returns another type of the same schemas by its name.
    pub(crate) fn named(self, name: &str) -> Option<TypeRef<'s>> {
        self.schemas.type_named(name)
    }

    pub(crate) fn at(self, id: TypeId) -> Self {
        Self { id, ..self }
    }

    /// Whether two references name one type.
    #[must_use]
    pub fn same(self, other: TypeRef<'_>) -> bool {
        self.id == other.id
    }

    /// Returns the type's name in the OpenAPI documents; empty for types without one.
    #[must_use]
    pub fn name(self) -> &'s str {
        &self.def().name
    }

    /// Returns what it holds as a scalar, if it may be one.
    #[must_use]
    pub fn scalar(self) -> Option<Scalar> {
        self.def().scalar
    }

    /// Whether it may be a list.
    #[must_use]
    pub fn is_list(self) -> bool {
        self.def().list.is_some()
    }

    /// Whether it may be a map or an object.
    #[must_use]
    pub fn is_map(self) -> bool {
        self.def().map.is_some()
    }

    /// Whether it may be anything.
    #[must_use]
    pub fn is_any(self) -> bool {
        let def = self.def();
        def.scalar.is_some() && def.list.is_some() && def.map.is_some()
    }

    /// Returns a field of an object type by name, or a map's values under any name.
    #[must_use]
    pub fn field(self, name: &str) -> Option<Field<'s>> {
        let map = self.map_def()?;
        if let Some(def) = map.field(name) {
            return Some(self.declared(def));
        }
        let element = self.at(map.element?);
        Some(Field {
            name: "",
            ty: element,
            empty: Empty::Kept,
            merge_key: None,
            patch_merge: false,
            retain_keys: false,
            patch_replace: false,
            default: None,
            values: &[],
        })
    }

    fn declared(self, def: &'s FieldDef) -> Field<'s> {
        Field {
            name: &def.name,
            ty: self.at(def.ty),
            empty: def.empty,
            merge_key: def.merge_key.as_deref(),
            patch_merge: def.patch_merge,
            retain_keys: def.retain_keys,
            patch_replace: def.patch_replace,
            default: def.default.as_ref(),
            values: &def.values,
        }
    }

    /// Returns the declared fields of an object type, ordered by name.
    pub fn fields(self) -> impl Iterator<Item = Field<'s>> {
        self.map_def().map(|m| m.fields.iter()).into_iter().flatten().map(move |def| self.declared(def))
    }

    /// Returns the fields that must be given.
    #[must_use]
    pub fn required(self) -> &'s [Str] {
        self.map_def().map_or(&[], |m| &m.required)
    }

    /// Returns the type of a list's entries or of a map's values.
    #[must_use]
    pub fn items(self) -> Option<TypeRef<'s>> {
        match (self.list_def(), self.map_def()) {
            (Some(list), _) => Some(self.at(list.item)),
            (None, Some(map)) => map.element.map(|id| self.at(id)),
            (None, None) => None,
        }
    }

    /// Returns the values allowed in a list's entries; empty where any is.
    #[must_use]
    pub fn item_values(self) -> &'s [Str] {
        self.list_def().map_or(&[], |l| &l.values)
    }

    /// Returns how a list merges under server-side apply; nothing for other shapes.
    #[must_use]
    pub fn list_type(self) -> Option<ListType> {
        Some(self.list_def()?.list_type)
    }

    /// Whether a map or object merges as a whole under server-side apply.
    #[must_use]
    pub fn is_atomic_map(self) -> bool {
        self.map_def().is_some_and(|m| m.atomic)
    }

    /// Returns the keys of an associative list's entries (`x-kubernetes-list-map-keys`).
    #[must_use]
    pub fn list_keys(self) -> &'s [Str] {
        self.list_def().map_or(&[], |l| &l.keys)
    }
}
