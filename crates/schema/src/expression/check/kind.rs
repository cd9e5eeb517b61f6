use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The fields of an object.
pub(crate) type Fields = BTreeMap<String, Kind>;

/// What an expression gives.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    /// Something was wrong with it.
    Error,
    /// Anything.
    Dyn,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Duration,
    Timestamp,
    List(Box<Kind>),
    Map(Box<(Kind, Kind)>),
    Optional(Box<Kind>),
    /// The name of a kind.
    Type(Box<Kind>),
    /// A kind that a library adds.
    Named(&'static str),
    /// An object with declared fields, and its name.
    Object(Arc<(String, Fields)>),
    /// Any kind, the same wherever the number stands.
    Param(u32),
}

impl Kind {
    pub fn list(of: Kind) -> Self {
        Self::List(Box::new(of))
    }

    pub fn map(key: Kind, value: Kind) -> Self {
        Self::Map(Box::new((key, value)))
    }

    pub fn optional(of: Kind) -> Self {
        Self::Optional(Box::new(of))
    }

    pub fn object(name: &str, fields: Fields) -> Self {
        Self::Object(Arc::new((name.to_owned(), fields)))
    }

    /// Whether it is as good as any other.
    pub fn is_loose(&self) -> bool {
        matches!(self, Self::Error | Self::Dyn)
    }
}

impl fmt::Display for Kind {
    /// As cel-go names it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error => f.write_str("!error!"),
            Self::Dyn => f.write_str("dyn"),
            Self::Null => f.write_str("null"),
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::Uint => f.write_str("uint"),
            Self::Double => f.write_str("double"),
            Self::String => f.write_str("string"),
            Self::Bytes => f.write_str("bytes"),
            Self::Duration => f.write_str("duration"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::List(of) => write!(f, "list({of})"),
            Self::Map(of) => write!(f, "map({}, {})", of.0, of.1),
            Self::Optional(of) => write!(f, "optional_type({of})"),
            Self::Type(of) => write!(f, "type({of})"),
            Self::Named(name) => f.write_str(name),
            Self::Object(of) => f.write_str(&of.0),
            Self::Param(n) => write!(f, "_var{n}"),
        }
    }
}
