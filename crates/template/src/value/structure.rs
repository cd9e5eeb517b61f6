use super::{GoType, Object, Value};
use fairway_value::Str;
use std::rc::Rc;

/// A Go struct by its fields: enough for values that only carry data, such as Helm's `.Release` parts.
pub struct Struct {
    ty: GoType,
    fields: Vec<Field>,
    /// Embedded structs, whose fields are its own, with their names.
    embedded: Vec<(Str, Rc<Struct>)>,
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
        Self { ty, fields: Vec::new(), embedded: Vec::new() }
    }

    /// Embeds a struct ahead of the fields: its fields are found as if they were this struct's own.
    #[must_use]
    pub fn embed(mut self, name: &str, inner: Self) -> Self {
        self.embedded.push((name.into(), Rc::new(inner)));
        self
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
        let own = self.fields.iter().find(|f| f.name == name).map(|f| f.value.clone());
        own.or_else(|| {
            self.embedded.iter().find_map(|(embedded, inner)| {
                let whole = || Value::Object(Rc::clone(inner) as Rc<dyn Object>);
                if *embedded == name { Some(whole()) } else { Object::field(&**inner, name) }
            })
        })
    }

    fn format(&self) -> String {
        let embedded = self.embedded.iter().map(|(_, inner)| inner.format());
        let own = self.fields.iter().map(|f| crate::fmt::sprint_v(&f.value));
        let parts: Vec<String> = embedded.chain(own).collect();
        let pointer = if self.ty.kind == super::Kind::Pointer { "&" } else { "" };
        format!("{pointer}{{{}}}", parts.join(" "))
    }

    fn to_json(&self) -> fairway_value::Value {
        self.json_fields().into_iter().flatten().map(|(name, value)| (name, value.to_json())).collect()
    }

    fn json_fields(&self) -> Option<Vec<(Str, Value)>> {
        let embedded = self.embedded.iter().filter_map(|(_, inner)| inner.json_fields()).flatten();
        let shown = self.fields.iter().filter(|f| !(f.omit_empty && f.value.is_empty()));
        let own = shown.filter_map(|f| f.json.clone().map(|name| (name, f.value.clone())));
        Some(embedded.chain(own).collect())
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}
