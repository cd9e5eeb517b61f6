use super::{
    ANY, BOOL, BYTES, COMPLEX128, FLOAT64, GoType, INT, INT32, INT64, List, Map, Object, STRING, UINT, UINT8,
    UINT32, UINT64,
};
use fairway_value::Str;
use fairway_yaml::lossy_text;
use std::borrow::Cow;
use std::fmt;
use std::rc::Rc;

/// Which signed integer type a value has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntKind {
    /// `int`, what a literal in a template is.
    Int,
    /// `int32`.
    Int32,
    /// `int64`, what most of Sprig's arithmetic and Helm's `--set` give.
    Int64,
}

/// Which unsigned integer type a value has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UintKind {
    /// `uint`.
    Uint,
    /// `uint8`, a byte of a string or of a byte slice.
    Uint8,
    /// `uint32`.
    Uint32,
    /// `uint64`.
    Uint64,
}

/// A value with its Go type.
#[derive(Clone, Default)]
pub enum Value {
    /// No value at all: the entry of a map that has none. Printed as `<no value>`.
    #[default]
    Missing,
    /// A nil `interface {}`: YAML's and JSON's `null`.
    Nil,
    /// A boolean.
    Bool(bool),
    /// A signed integer.
    Int(IntKind, i64),
    /// An unsigned integer.
    Uint(UintKind, u64),
    /// A `float64`.
    Float(f64),
    /// A `complex128`: real and imaginary part.
    Complex(Rc<(f64, f64)>),
    /// A string that is valid UTF-8.
    Str(Str),
    /// A string that is not valid UTF-8.
    RawStr(Rc<[u8]>),
    /// A byte slice.
    Bytes(Rc<[u8]>),
    /// A slice.
    List(List),
    /// A map.
    Map(Map),
    /// A struct, a pointer or another value with methods.
    Object(Rc<dyn Object>),
}

impl Value {
    /// Returns an `int`.
    #[must_use]
    pub fn int(i: i64) -> Self {
        Self::Int(IntKind::Int, i)
    }

    /// Returns an `int64`.
    #[must_use]
    pub fn int64(i: i64) -> Self {
        Self::Int(IntKind::Int64, i)
    }

    /// Returns a string from bytes, valid UTF-8 or not.
    #[must_use]
    pub fn string_from_bytes(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(s) => Self::Str(s.into()),
            Err(e) => Self::RawStr(e.into_bytes().into()),
        }
    }

    /// Returns a string of bytes, valid UTF-8 or not.
    #[must_use]
    pub fn string_of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(s) => Self::Str(s.into()),
            Err(_) => Self::RawStr(bytes.into()),
        }
    }

    /// Returns an object as a value.
    #[must_use]
    pub fn object(object: impl Object + 'static) -> Self {
        Self::Object(Rc::new(object))
    }

    /// Returns an empty `map[string]interface {}`.
    #[must_use]
    pub fn map() -> Self {
        Self::Map(Map::new())
    }

    /// Whether there is nothing, or a nil interface.
    #[must_use]
    pub fn is_nil(&self) -> bool {
        matches!(self, Self::Missing | Self::Nil)
    }

    /// Returns the Go type; that of the interface for nil.
    #[must_use]
    pub fn go_type(&self) -> GoType {
        match self {
            Self::Missing | Self::Nil => &ANY,
            Self::Bool(_) => &BOOL,
            Self::Int(IntKind::Int, _) => &INT,
            Self::Int(IntKind::Int32, _) => &INT32,
            Self::Int(IntKind::Int64, _) => &INT64,
            Self::Uint(UintKind::Uint, _) => &UINT,
            Self::Uint(UintKind::Uint8, _) => &UINT8,
            Self::Uint(UintKind::Uint32, _) => &UINT32,
            Self::Uint(UintKind::Uint64, _) => &UINT64,
            Self::Float(_) => &FLOAT64,
            Self::Complex(_) => &COMPLEX128,
            Self::Str(_) | Self::RawStr(_) => &STRING,
            Self::Bytes(_) => &BYTES,
            Self::List(l) => l.go_type(),
            Self::Map(m) => m.go_type(),
            Self::Object(o) => o.go_type(),
        }
    }

    /// Returns the zero value of a type, as a lookup of a missing map entry gives.
    #[must_use]
    pub fn zero(ty: GoType) -> Self {
        use super::Kind;
        match ty.kind {
            Kind::Bool => Self::Bool(false),
            Kind::Int if ty.name == "int64" => Self::int64(0),
            Kind::Int => Self::int(0),
            Kind::Uint if ty.name == "uint8" => Self::Uint(UintKind::Uint8, 0),
            Kind::Uint => Self::Uint(UintKind::Uint64, 0),
            Kind::Float => Self::Float(0.0),
            Kind::String => Self::Str(Str::new()),
            Kind::Slice if ty.name == BYTES.name => Self::Bytes(Rc::from([])),
            Kind::Slice => Self::List(List::nil(ty)),
            Kind::Map => Self::Map(Map::nil(ty)),
            Kind::Interface | Kind::Complex | Kind::Struct | Kind::Pointer | Kind::Func | Kind::Reflect => {
                Self::Nil
            }
        }
    }

    /// Whether a condition takes it as true, as Go's templates decide it.
    #[must_use]
    pub fn truth(&self) -> bool {
        match self {
            Self::Missing | Self::Nil => false,
            Self::Bool(b) => *b,
            Self::Int(_, i) => *i != 0,
            Self::Uint(_, u) => *u != 0,
            Self::Float(f) => *f != 0.0,
            Self::Complex(c) => **c != (0.0, 0.0),
            Self::Str(s) => !s.is_empty(),
            Self::RawStr(b) | Self::Bytes(b) => !b.is_empty(),
            Self::List(l) => !l.is_empty(),
            Self::Map(m) => !m.is_empty(),
            Self::Object(o) => o.truth(),
        }
    }

    /// Whether Go's JSON encoder leaves it out under `omitempty`; structs are never empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.truth()
    }

    /// Returns a string's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Str(s) => Some(s.as_bytes()),
            Self::RawStr(b) => Some(b),
            _ => None,
        }
    }

    /// Whether this is a string of valid UTF-8.
    #[must_use]
    pub fn is_utf8(&self) -> bool {
        matches!(self, Self::Str(_))
    }

    /// Returns a string's text; what is no valid UTF-8 in it is replaced.
    #[must_use]
    pub fn as_str(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Str(s) => Some(Cow::Borrowed(s)),
            Self::RawStr(b) => Some(lossy_text(b)),
            _ => None,
        }
    }

    /// Returns the map, if it is one.
    #[must_use]
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Self::Map(m) => Some(m),
            _ => None,
        }
    }

    /// Returns the slice, if it is one other than a byte slice.
    #[must_use]
    pub fn as_list(&self) -> Option<&List> {
        match self {
            Self::List(l) => Some(l),
            _ => None,
        }
    }

    /// Returns the integer, signed or unsigned and in range, if it is one.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(_, i) => Some(*i),
            Self::Uint(_, u) => i64::try_from(*u).ok(),
            _ => None,
        }
    }

    /// Returns the object of a type, if it is one.
    #[must_use]
    pub fn as_object<T: 'static>(&self) -> Option<&T> {
        match self {
            Self::Object(o) => o.as_any().downcast_ref(),
            _ => None,
        }
    }

    /// Returns about how many bytes the value itself holds, without what it shares: the unit of the memory limit.
    #[must_use]
    pub fn weight(&self) -> usize {
        match self {
            Self::Str(s) => s.len(),
            Self::RawStr(b) | Self::Bytes(b) => b.len(),
            Self::List(l) => l.len() * size_of::<Self>(),
            Self::Map(m) => m.len() * (size_of::<Self>() + size_of::<Str>()),
            _ => 0,
        }
    }
}

/// Values may hold secrets: only the type is shown.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({})", self.go_type())
    }
}

impl From<&str> for Value {
    fn from(s: &str) -> Self {
        Self::Str(s.into())
    }
}
impl From<String> for Value {
    fn from(s: String) -> Self {
        Self::Str(s.into())
    }
}
impl From<Str> for Value {
    fn from(s: Str) -> Self {
        Self::Str(s)
    }
}
impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}
impl From<f64> for Value {
    fn from(f: f64) -> Self {
        Self::Float(f)
    }
}
impl From<List> for Value {
    fn from(l: List) -> Self {
        Self::List(l)
    }
}
impl From<Map> for Value {
    fn from(m: Map) -> Self {
        Self::Map(m)
    }
}
impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        Self::List(items.into())
    }
}
impl From<Vec<String>> for Value {
    fn from(items: Vec<String>) -> Self {
        Self::List(items.into())
    }
}
