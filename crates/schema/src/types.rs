use fairway_value::{Map, Str, Value};
use std::collections::HashMap;
use std::sync::OnceLock;

/// What a scalar holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// A string.
    String,
    /// Bytes, written as base64.
    Bytes,
    /// `true` or `false`.
    Bool,
    /// An integer of 32 bits.
    Int32,
    /// An integer of 64 bits.
    Int64,
    /// A number.
    Number,
    /// An integer or a string.
    IntOrString,
    /// A quantity: string or number.
    Quantity,
    /// An RFC 3339 time in seconds.
    Time,
    /// An RFC 3339 time in microseconds.
    MicroTime,
    /// Any scalar.
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

/// How a field is written when it is empty, by its Go declaration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Empty {
    /// Not known (custom resources): kept as it is.
    #[default]
    Kept,
    /// Left out when null (pointers).
    OmitNull,
    /// Left out when null or without entries (lists, maps).
    OmitEmpty,
    /// Left out when zero (scalars by value).
    OmitZero,
    /// Left out when it has no fields set (`omitzero` structs).
    OmitZeroStruct,
    /// Always written: `{}` when nothing is in it (structs by value).
    Struct,
    /// Always written: null or zero when not set.
    Required,
}

pub(crate) type TypeId = u32;

/// The type of values that may have any shape and merge as a whole.
pub(crate) const UNTYPED: TypeId = 0;
/// The type of values that may have any shape; maps in it merge by entry.
pub(crate) const DEDUCED: TypeId = 1;

#[derive(Clone, Debug)]
pub(crate) struct FieldDef {
    pub name: Str,
    pub ty: TypeId,
    pub empty: Empty,
    pub default: Option<Value>,
    pub values: Box<[Str]>,
    pub merge_key: Option<Str>,
    pub patch_merge: bool,
    pub retain_keys: bool,
    pub patch_replace: bool,
}

impl FieldDef {
    pub fn plain(name: Str, ty: TypeId) -> Self {
        Self {
            name,
            ty,
            empty: Empty::Kept,
            default: None,
            values: Box::default(),
            merge_key: None,
            patch_merge: false,
            retain_keys: false,
            patch_replace: false,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct ListDef {
    pub item: TypeId,
    pub list_type: ListType,
    pub keys: Box<[Str]>,
    pub values: Box<[Str]>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct MapDef {
    /// Ordered by name.
    pub fields: Box<[FieldDef]>,
    /// Type of the values under other names; nothing where there may be none.
    pub element: Option<TypeId>,
    pub atomic: bool,
    pub required: Box<[Str]>,
    /// Places of the fields that are written whether they are given or not; worked out when first asked for.
    always: OnceLock<Box<[usize]>>,
    /// Places of the fields that have a default; worked out when first asked for.
    defaulted: OnceLock<Box<[usize]>>,
}

impl MapDef {
    pub fn field(&self, name: &str) -> Option<&FieldDef> {
        let at = self.fields.binary_search_by(|f| order(&f.name, name)).ok()?;
        self.fields.get(at)
    }

    /// Returns the fields that are written whether they are given or not, in order.
    pub fn always(&self) -> impl Iterator<Item = &FieldDef> {
        self.some(&self.always, |f| matches!(f.empty, Empty::Struct | Empty::Required))
    }

    /// Returns the fields that have a default, in order.
    pub fn defaulted(&self) -> impl Iterator<Item = &FieldDef> {
        self.some(&self.defaulted, |f| f.default.is_some())
    }

    fn some<'m>(
        &'m self,
        known: &'m OnceLock<Box<[usize]>>,
        which: fn(&FieldDef) -> bool,
    ) -> impl Iterator<Item = &'m FieldDef> {
        let find = || (0..self.fields.len()).filter(|at| which(&self.fields[*at])).collect();
        known.get_or_init(find).iter().filter_map(|at| self.fields.get(*at))
    }
}

/// The order of names: that of their bytes. Most differ in the first.
pub(crate) fn order(a: &str, b: &str) -> std::cmp::Ordering {
    match (a.as_bytes().first(), b.as_bytes().first()) {
        (Some(x), Some(y)) if x != y => x.cmp(y),
        _ => a.cmp(b),
    }
}

/// A type. More than one shape may be allowed at once.
#[derive(Clone, Debug, Default)]
pub(crate) struct TypeDef {
    pub name: Str,
    pub scalar: Option<Scalar>,
    pub list: Option<ListDef>,
    pub map: Option<MapDef>,
}

/// The two types of values without a schema, which open every list of types.
pub(crate) fn common_types() -> Vec<TypeDef> {
    let any = |name: &str, map_element, atomic| TypeDef {
        name: name.into(),
        scalar: Some(Scalar::Any),
        list: Some(ListDef {
            item: UNTYPED,
            list_type: ListType::Atomic,
            keys: Box::default(),
            values: Box::default(),
        }),
        map: Some(MapDef { element: Some(map_element), atomic, ..MapDef::default() }),
    };
    vec![any("", UNTYPED, true), any("", DEDUCED, false)]
}

/// Reads `data/types.json`, and what of `data/former.json` is types. The data is part of this crate, and a test reads all of it:
/// what does not fit is left out.
pub(crate) fn read_types(text: &str) -> (Vec<TypeDef>, HashMap<Str, TypeId>) {
    let lines: Vec<Value> =
        text.lines().filter_map(|line| fairway_value::from_json(line.as_bytes()).ok()).collect();
    let lines: Vec<Value> = lines.into_iter().filter(|line| line.get("n").is_some()).collect();
    let mut reader = Reader { types: common_types(), names: HashMap::new(), overrides: Vec::new() };
    for line in &lines {
        let id = reader.push(TypeDef::default());
        reader.names.insert(full_name(text_of(line, "n")), id);
    }
    for line in &lines {
        let name = full_name(text_of(line, "n"));
        if let Some(&id) = reader.names.get(&name) {
            let mut def = reader.definition(line);
            if name.ends_with(".MicroTime") {
                def.scalar = Some(Scalar::MicroTime);
            }
            def.name = name;
            if let Some(slot) = reader.types.get_mut(id as usize) {
                *slot = def;
            }
        }
    }
    for (id, of, atomic) in std::mem::take(&mut reader.overrides) {
        let mut def = reader.types.get(of as usize).cloned().unwrap_or_default();
        if let Some(map) = &mut def.map {
            map.atomic = atomic;
        }
        if let Some(slot) = reader.types.get_mut(id as usize) {
            *slot = def;
        }
    }
    (reader.types, reader.names)
}

fn text_of<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

pub(crate) fn full_name(short: &str) -> Str {
    match short.strip_prefix('.') {
        Some(rest) => {
            let mut name = Str::from("io.k8s.api.");
            name.push_str(rest);
            name
        }
        None => short.into(),
    }
}

pub(crate) fn strings(value: Option<&Value>) -> Box<[Str]> {
    let list = value.and_then(Value::as_array).unwrap_or_default();
    list.iter().filter_map(Value::as_str).map(Str::from).collect()
}

struct Reader {
    types: Vec<TypeDef>,
    names: HashMap<Str, TypeId>,
    overrides: Vec<(TypeId, TypeId, bool)>,
}

impl Reader {
    fn push(&mut self, def: TypeDef) -> TypeId {
        self.types.push(def);
        // The list cannot outgrow the data, which has hundreds of types.
        TypeId::try_from(self.types.len() - 1).unwrap_or(UNTYPED)
    }

    fn definition(&mut self, line: &Value) -> TypeDef {
        let Some(fields) = line.get("f").and_then(Value::as_object) else {
            // Raw values are of any shape and replaced as a whole.
            if text_of(line, "n").ends_with(".RawExtension") {
                return self.types.first().cloned().unwrap_or_default();
            }
            return line.get("t").map(|t| self.shape(t)).unwrap_or_default();
        };
        let fields = fields.iter().map(|(name, field)| self.field(name.clone(), field)).collect();
        let atomic = line.get("a").is_some();
        let required = strings(line.get("r"));
        let map = MapDef { fields, atomic, required, ..MapDef::default() };
        TypeDef { map: Some(map), ..TypeDef::default() }
    }

    fn field(&mut self, name: Str, field: &Value) -> FieldDef {
        let strategy = text_of(field, "p");
        FieldDef {
            name,
            ty: field.get("t").map_or(DEDUCED, |t| self.reference(t)),
            empty: match text_of(field, "g") {
                "p" => Empty::OmitNull,
                "c" => Empty::OmitEmpty,
                "z" => Empty::OmitZero,
                "o" => Empty::OmitZeroStruct,
                "s" => Empty::Struct,
                "r" => Empty::Required,
                _ => Empty::Kept,
            },
            default: field.get("d").cloned(),
            values: strings(field.get("e")),
            merge_key: field.get("k").and_then(Value::as_str).map(Str::from),
            patch_merge: strategy.contains("merge"),
            retain_keys: strategy.contains("retainKeys"),
            patch_replace: strategy.contains("replace"),
        }
    }

    /// Returns the type that a field, an item or a map's value has.
    fn reference(&mut self, t: &Value) -> TypeId {
        if let Some(name) = t.as_str().and_then(|s| s.strip_prefix('@')) {
            return self.names.get(&full_name(name)).copied().unwrap_or(DEDUCED);
        }
        if let Some(name) = t.get("o").and_then(Value::as_str).and_then(|s| s.strip_prefix('@')) {
            // The same type merged otherwise: its definition may not be read yet, so it is copied at the end.
            let of = self.names.get(&full_name(name)).copied().unwrap_or(DEDUCED);
            let id = self.push(TypeDef::default());
            self.overrides.push((id, of, t.get("a") == Some(&Value::Int(1))));
            return id;
        }
        match t.as_str() {
            Some("any") => DEDUCED,
            _ => {
                let def = self.shape(t);
                self.push(def)
            }
        }
    }

    fn shape(&mut self, t: &Value) -> TypeDef {
        if let Some(item) = t.get("l") {
            let list_type = match text_of(t, "y") {
                "set" => ListType::Set,
                "map" => ListType::Map,
                _ => ListType::Atomic,
            };
            let item = self.reference(item);
            let list = ListDef { item, list_type, keys: strings(t.get("k")), values: strings(t.get("e")) };
            return TypeDef { list: Some(list), ..TypeDef::default() };
        }
        if let Some(element) = t.get("m") {
            let element = Some(self.reference(element));
            let map = MapDef { element, atomic: t.get("a").is_some(), ..MapDef::default() };
            return TypeDef { map: Some(map), ..TypeDef::default() };
        }
        let scalar = match t.as_str().unwrap_or_default() {
            "object" => {
                return TypeDef {
                    map: Some(MapDef { element: Some(DEDUCED), ..MapDef::default() }),
                    ..TypeDef::default()
                };
            }
            "any" => return self.types[DEDUCED as usize].clone(),
            "quantity" => Scalar::Quantity,
            "int-or-string" => Scalar::IntOrString,
            word => scalar(word),
        };
        TypeDef { scalar: Some(scalar), ..TypeDef::default() }
    }
}

fn scalar(word: &str) -> Scalar {
    match word {
        "string" => Scalar::String,
        "byte" => Scalar::Bytes,
        "boolean" => Scalar::Bool,
        "int32" => Scalar::Int32,
        "integer" | "int64" => Scalar::Int64,
        "number" | "double" | "float" => Scalar::Number,
        "date-time" => Scalar::Time,
        _ => Scalar::Any,
    }
}

/// Makes the types of a custom resource's structural schema; `meta` is the type of `ObjectMeta`.
///
/// Source: kube-openapi `schemaconv`, as apiextensions-apiserver uses it.
pub(crate) fn structural(schema: &Value, meta: TypeId, types: &mut Vec<TypeDef>, base: TypeId) -> TypeId {
    let mut builder = Structural { types, base, meta };
    let mut root = builder.definition(schema, false, 0);
    let string = builder.push(TypeDef { scalar: Some(Scalar::String), ..TypeDef::default() });
    if let Some(map) = &mut root.map {
        let mut fields: Vec<FieldDef> = map.fields.to_vec();
        for (name, ty) in [("apiVersion", string), ("kind", string), ("metadata", meta)] {
            fields.retain(|f| f.name != name);
            fields.push(FieldDef::plain(name.into(), ty));
        }
        fields.sort_by(|a, b| a.name.cmp(&b.name));
        map.fields = fields.into();
    }
    builder.push(root)
}

/// Deepest nesting of a custom resource's schema; deeper parts count as untyped.
const SCHEMA_DEPTH_MAX: usize = 64;

struct Structural<'t> {
    types: &'t mut Vec<TypeDef>,
    /// What is added to an index in `types` to make an id.
    base: TypeId,
    /// The type of `ObjectMeta`.
    meta: TypeId,
}

impl Structural<'_> {
    fn push(&mut self, def: TypeDef) -> TypeId {
        self.types.push(def);
        self.base + TypeId::try_from(self.types.len() - 1).unwrap_or(0)
    }

    fn reference(&mut self, schema: &Value, preserve: bool, depth: usize) -> TypeId {
        if depth > SCHEMA_DEPTH_MAX {
            return DEDUCED;
        }
        let def = self.definition(schema, preserve, depth);
        self.push(def)
    }

    fn definition(&mut self, schema: &Value, preserve: bool, depth: usize) -> TypeDef {
        let flag = |key: &str| schema.get(key).and_then(Value::as_bool) == Some(true);
        let preserve = preserve || flag("x-kubernetes-preserve-unknown-fields");
        if flag("x-kubernetes-int-or-string") {
            return TypeDef { scalar: Some(Scalar::IntOrString), ..self.any(schema, preserve, depth) };
        }
        match text_of(schema, "type") {
            "object" => {
                let map = self.map(schema, preserve, depth);
                TypeDef { map: Some(map), ..TypeDef::default() }
            }
            "array" => {
                let list = self.list(schema, preserve, depth);
                TypeDef { list: Some(list), ..TypeDef::default() }
            }
            "" => self.any(schema, preserve, depth),
            word => {
                let format = text_of(schema, "format");
                let scalar = match (word, format) {
                    ("string", "" | "byte") => Scalar::String,
                    // Other formats are free of type in structured merge.
                    ("string", _) => Scalar::Any,
                    ("integer", "int32") => Scalar::Int32,
                    (word, _) => scalar(word),
                };
                TypeDef { scalar: Some(scalar), ..TypeDef::default() }
            }
        }
    }

    fn any(&mut self, schema: &Value, preserve: bool, depth: usize) -> TypeDef {
        let list = self.list(schema, preserve, depth);
        let map = self.map(schema, preserve, depth);
        TypeDef { name: Str::default(), scalar: Some(Scalar::Any), list: Some(list), map: Some(map) }
    }

    fn list(&mut self, schema: &Value, preserve: bool, depth: usize) -> ListDef {
        let item = schema.get("items").map_or(UNTYPED, |items| self.reference(items, preserve, depth + 1));
        let list_type = match text_of(schema, "x-kubernetes-list-type") {
            "set" => ListType::Set,
            "map" => ListType::Map,
            _ => ListType::Atomic,
        };
        let keys = strings(schema.get("x-kubernetes-list-map-keys"));
        ListDef { item, list_type, keys, values: Box::default() }
    }

    fn map(&mut self, schema: &Value, preserve: bool, depth: usize) -> MapDef {
        let empty = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
        let mut fields: Vec<FieldDef> = properties
            .iter()
            .map(|(name, property)| {
                let mut field = FieldDef::plain(name.clone(), self.reference(property, preserve, depth + 1));
                field.default = property.get("default").cloned();
                field
            })
            .collect();
        if schema.get("x-kubernetes-embedded-resource").and_then(Value::as_bool) == Some(true) {
            let string = self.push(TypeDef { scalar: Some(Scalar::String), ..TypeDef::default() });
            for (name, ty) in [("apiVersion", string), ("kind", string), ("metadata", self.meta)] {
                fields.retain(|f| f.name != name);
                fields.push(FieldDef::plain(name.into(), ty));
            }
            fields.sort_by(|a, b| a.name.cmp(&b.name));
        }
        let element = match schema.get("additionalProperties") {
            Some(Value::Bool(true)) => Some(DEDUCED),
            Some(Value::Bool(false)) => None,
            Some(values) => Some(self.reference(values, preserve, depth + 1)),
            None if preserve || properties.is_empty() => Some(DEDUCED),
            None => None,
        };
        MapDef {
            fields: fields.into(),
            element,
            atomic: text_of(schema, "x-kubernetes-map-type") == "atomic",
            required: strings(schema.get("required")),
            ..MapDef::default()
        }
    }
}
