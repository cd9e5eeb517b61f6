use super::{GoType, Object, Value};
use fairway_value::Str;

/// A Go struct by its fields: enough for values that only carry data, such as Helm's `.Release` parts.
pub struct Struct {
    ty: GoType,
    fields: Vec<Field>,
}

struct Field {
    name: Str,
    json: Option<Str>,
    omit_empty: bool,
    value: Value,
}

impl Struct {
    /// Returns a struct without fields.
    #[must_use]
    pub fn new(ty: GoType) -> Self {
        Self { ty, fields: Vec::new() }
    }

    /// Adds a field that JSON shows under its own name.
    #[must_use]
    pub fn field(self, name: &str, value: impl Into<Value>) -> Self {
        self.json_field(name, name, false, value)
    }

    /// Adds a field that JSON shows under another name, or not at all while empty.
    #[must_use]
    pub fn json_field(mut self, name: &str, json: &str, omit_empty: bool, value: impl Into<Value>) -> Self {
        let field = Field { name: name.into(), json: Some(json.into()), omit_empty, value: value.into() };
        self.fields.push(field);
        self
    }
}

impl Object for Struct {
    fn go_type(&self) -> GoType {
        self.ty
    }

    fn field(&self, name: &str) -> Option<Value> {
        self.fields.iter().find(|f| f.name == name).map(|f| f.value.clone())
    }

    fn format(&self) -> String {
        let parts: Vec<String> = self.fields.iter().map(|f| crate::fmt::sprint_v(&f.value)).collect();
        let pointer = if self.ty.kind == super::Kind::Pointer { "&" } else { "" };
        format!("{pointer}{{{}}}", parts.join(" "))
    }

    fn to_json(&self) -> fairway_value::Value {
        let shown = self.fields.iter().filter(|f| !(f.omit_empty && f.value.is_empty()));
        shown.filter_map(|f| f.json.clone().map(|name| (name, f.value.to_json()))).collect()
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}
