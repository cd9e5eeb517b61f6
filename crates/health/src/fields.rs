use fairway_core::Value;

/// Reads fields as Go's typed conversion does: missing and null are zero, a wrong type is an error.
#[derive(Clone, Copy)]
pub(crate) struct Typed<'v> {
    value: Option<&'v Value>,
}

type Read<T> = Result<T, String>;

impl<'v> Typed<'v> {
    pub fn new(value: &'v Value) -> Self {
        Self { value: Some(value).filter(|v| !v.is_null()) }
    }

    /// Returns the reader of a map below; it reads as empty where there is none.
    pub fn at(self, key: &str) -> Read<Self> {
        match self.value {
            None => Ok(self),
            Some(Value::Object(map)) => Ok(Self { value: map.get(key).filter(|v| !v.is_null()) }),
            Some(other) => Err(wrong("map", other)),
        }
    }

    pub fn is_present(self) -> bool {
        self.value.is_some()
    }

    /// Returns an integer, if it is there; a float is cut, as in Go's conversion.
    #[expect(clippy::cast_possible_truncation, reason = "Go cuts it too")]
    pub fn opt_int(self, key: &str) -> Read<Option<i64>> {
        match self.at(key)?.value {
            None => Ok(None),
            Some(Value::Int(n)) => Ok(Some(*n)),
            Some(Value::Float(f)) => Ok(Some(*f as i64)),
            Some(other) => Err(wrong("int", other)),
        }
    }

    pub fn int(self, key: &str) -> Read<i64> {
        self.opt_int(key).map(Option::unwrap_or_default)
    }

    pub fn text(self, key: &str) -> Read<&'v str> {
        match self.at(key)?.value {
            None => Ok(""),
            Some(Value::String(s)) => Ok(s),
            Some(other) => Err(wrong("string", other)),
        }
    }

    pub fn flag(self, key: &str) -> Read<bool> {
        match self.at(key)?.value {
            None => Ok(false),
            Some(Value::Bool(b)) => Ok(*b),
            Some(other) => Err(wrong("bool", other)),
        }
    }

    pub fn list(self, key: &str) -> Read<Vec<Typed<'v>>> {
        match self.at(key)?.value {
            None => Ok(Vec::new()),
            Some(Value::Array(list)) => Ok(list.iter().map(Typed::new).collect()),
            Some(other) => Err(wrong("slice", other)),
        }
    }
}

fn wrong(wanted: &str, found: &Value) -> String {
    format!("cannot convert {} to {wanted}", found.type_name())
}
