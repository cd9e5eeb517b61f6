use std::fmt;

/// What a Go type is at its root, as Go's `reflect.Kind` sorts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `interface {}`.
    Interface,
    /// `bool`.
    Bool,
    /// A signed integer.
    Int,
    /// An unsigned integer.
    Uint,
    /// A float.
    Float,
    /// A complex number.
    Complex,
    /// A string.
    String,
    /// A slice.
    Slice,
    /// A map with string keys.
    Map,
    /// A struct.
    Struct,
    /// A pointer.
    Pointer,
    /// A function.
    Func,
    /// `reflect.Value`: what the functions built into the template language take.
    Reflect,
}

/// A Go type: what `typeOf` prints and what a function's parameters ask for.
#[derive(Debug)]
pub struct TypeInfo {
    /// Its name as `%T` prints it, such as `map[string]interface {}`.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// The type of the elements of a slice or map, and of what a pointer points to.
    pub elem: Option<GoType>,
    /// Whether it is a defined type: two of those are never assignable to each other, even with one structure.
    pub named: bool,
}

/// A type is known by its name; the descriptors are static.
pub type GoType = &'static TypeInfo;

impl TypeInfo {
    const fn new(name: &'static str, kind: Kind, elem: Option<GoType>) -> Self {
        let named = !matches!(kind, Kind::Slice | Kind::Map | Kind::Interface | Kind::Pointer);
        Self { name, kind, elem, named }
    }

    /// Describes a defined slice type.
    #[must_use]
    pub const fn named_slice(name: &'static str, elem: GoType) -> Self {
        Self { name, kind: Kind::Slice, elem: Some(elem), named: true }
    }

    /// Describes a defined map type.
    #[must_use]
    pub const fn named_map(name: &'static str, elem: GoType) -> Self {
        Self { name, kind: Kind::Map, elem: Some(elem), named: true }
    }

    /// Describes an unnamed slice or map type that has no constant here.
    #[must_use]
    pub const fn composite(name: &'static str, kind: Kind, elem: GoType) -> Self {
        Self { name, kind, elem: Some(elem), named: false }
    }

    /// Describes a struct type.
    #[must_use]
    pub const fn structure(name: &'static str) -> Self {
        Self::new(name, Kind::Struct, None)
    }

    /// Describes a pointer type.
    #[must_use]
    pub const fn pointer(name: &'static str, to: GoType) -> Self {
        Self::new(name, Kind::Pointer, Some(to))
    }

    /// Whether a value of this type can be given where `to` is asked for, by Go's assignability rules.
    #[must_use]
    pub fn assignable_to(&self, to: GoType) -> bool {
        if to.kind == Kind::Interface && !to.named || to.kind == Kind::Reflect {
            return true;
        }
        if self.name == to.name {
            return true;
        }
        let same_structure = matches!(self.kind, Kind::Slice | Kind::Map)
            && self.kind == to.kind
            && match (self.elem, to.elem) {
                (Some(a), Some(b)) => a.name == b.name,
                _ => false,
            };
        same_structure && !(self.named && to.named)
    }

    /// Whether `nil` can be given where this is asked for.
    #[must_use]
    pub fn can_be_nil(&self) -> bool {
        matches!(
            self.kind,
            Kind::Interface | Kind::Slice | Kind::Map | Kind::Pointer | Kind::Func | Kind::Reflect
        )
    }
}

impl fmt::Display for TypeInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

macro_rules! go_types {
    ($($(#[$doc:meta])* $id:ident = $name:literal, $kind:ident, $elem:expr;)*) => {
        $($(#[$doc])* pub static $id: TypeInfo = TypeInfo::new($name, Kind::$kind, $elem);)*
    };
}

go_types! {
    /// `interface {}`.
    ANY = "interface {}", Interface, None;
    /// `reflect.Value`.
    REFLECT = "reflect.Value", Reflect, None;
    /// `bool`.
    BOOL = "bool", Bool, None;
    /// `int`.
    INT = "int", Int, None;
    /// `int32`.
    INT32 = "int32", Int, None;
    /// `int64`.
    INT64 = "int64", Int, None;
    /// `uint8`.
    UINT8 = "uint8", Uint, None;
    /// `uint`.
    UINT = "uint", Uint, None;
    /// `uint32`.
    UINT32 = "uint32", Uint, None;
    /// `uint64`.
    UINT64 = "uint64", Uint, None;
    /// `float64`.
    FLOAT64 = "float64", Float, None;
    /// `complex128`.
    COMPLEX128 = "complex128", Complex, None;
    /// `string`.
    STRING = "string", String, None;
    /// `[]interface {}`.
    ANY_SLICE = "[]interface {}", Slice, Some(&ANY);
    /// `[]string`.
    STRING_SLICE = "[]string", Slice, Some(&STRING);
    /// `[]int`.
    INT_SLICE = "[]int", Slice, Some(&INT);
    /// `[]uint8`.
    BYTES = "[]uint8", Slice, Some(&UINT8);
    /// `[][]interface {}`.
    ANY_SLICE_SLICE = "[][]interface {}", Slice, Some(&ANY_SLICE);
    /// `map[string]interface {}`.
    ANY_MAP = "map[string]interface {}", Map, Some(&ANY);
    /// `map[string]string`.
    STRING_MAP = "map[string]string", Map, Some(&STRING);
    /// `func`: a value that can be called.
    FUNC = "func", Func, None;
}
