//! The form in which the API server stores and returns an object: what decoding into Go's types and encoding again does
//! to it. Empty optional fields are dropped, structs by value appear, quantities and times become canonical, fields that
//! the type does not have go.
//!
//! Source: apimachinery 0.36 `runtime/converter.go` and the Go declarations in `data/go.json`.

mod alias;
mod fits;
mod numbers;
mod scalar;
mod twin;
mod union;

pub use fits::{fits, is_time};
pub(crate) use numbers::check_numbers;
pub(crate) use twin::{Otherwise, Twin, Twins, canonicalize_applied, is_twin};

use crate::managed::go_type;
use crate::types::{Empty, FieldDef, ListType, MapDef, order};
use crate::{Scalar, Schemas, TypeRef, structural};
use fairway_value::{Map, Str, Value};

/// Why an object does not fit its Go type, in the API server's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConvertError {
    /// As the converter of unstructured objects says it (apply).
    pub message: String,
    /// The innermost struct's Go name, once known.
    go_struct: String,
    /// The field's path, innermost first.
    path: Vec<String>,
    /// What JSON has there and what Go wants, for values of the wrong type.
    mismatch: Option<(String, String)>,
}

impl ConvertError {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), go_struct: String::new(), path: Vec::new(), mismatch: None }
    }

    /// Where in a Go type it is, as the JSON decoder shows it: the struct's name and the path.
    fn place(&self) -> (&str, String) {
        let path: Vec<&str> = self.path.iter().rev().map(String::as_str).collect();
        (&self.go_struct, path.join("."))
    }

    fn mismatched(value: &Value, wanted: &str) -> Self {
        let json = match value {
            Value::Array(_) => "array",
            Value::Object(_) => "object",
            Value::String(_) => "string",
            Value::Bool(_) => "bool",
            Value::Null | Value::Int(_) | Value::Uint(_) | Value::Float(_) => "number",
        };
        let number = matches!(value, Value::Int(_) | Value::Uint(_) | Value::Float(_));
        let convertible = number && (wanted.starts_with("int") || wanted.starts_with("float"))
            || (matches!(value, Value::Int(_) | Value::Uint(_)) && wanted == "string");
        let message = match value {
            other if convertible => format!("cannot convert {} to {wanted}", go_type(other)),
            _ if matches!(wanted, "string" | "bool" | "int32" | "int64" | "float64") => {
                format!("unrecognized type: {wanted}")
            }
            other => format!("cannot restore {wanted} from: {}", go_kind(other)),
        };
        let json = match value {
            Value::Float(_) | Value::Uint(_) if wanted.starts_with("int") => format!("{json} {value}"),
            _ => json.to_owned(),
        };
        Self { mismatch: Some((json, wanted.to_owned())), ..Self::new(message) }
    }

    /// Returns the message as the JSON decoder says it (create, update and patches).
    #[must_use]
    pub fn json_message(&self) -> String {
        match &self.mismatch {
            Some((json, wanted)) => {
                let (go_struct, path) = self.place();
                format!(
                    "json: cannot unmarshal {json} into Go struct field {go_struct}.{path} of type {wanted}"
                )
            }
            None => self.message.trim_start_matches("error decoding from json: ").to_owned(),
        }
    }
}

/// Brings an object into the form the server stores. Custom resources are pruned by their schema; objects of unknown kinds are
/// left as they are. `metadata.managedFields` is kept as it is.
///
/// # Errors
/// A value that the Go type cannot hold, in the words of apimachinery's unstructured converter.
pub fn canonicalize(object: &mut Value, schemas: &Schemas) -> Result<(), ConvertError> {
    canonicalize_as(object, None, schemas, Unknown::Dropped)
}

/// What an object of a built-in kind is brought into; objects of other kinds as by [`canonicalize`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As the store has it: [`canonicalize`].
    Stored,
    /// As the decoded object lies in memory, where it matters to ownership, which compares lists that are one value with
    /// `reflect.DeepEqual` (structured-merge-diff 6.3 `value/listreflect.go`): in them, an empty list is not none, and a quantity is
    /// equal to another that was written alike. The few quantities that come to one even so (`1536Mi` and `1572864Ki`, both
    /// multiples of eight) are taken for different.
    Sent,
    /// With all empty lists and maps of the request still in it, as messages show them.
    Shown,
}

/// Brings an object into a form.
pub(crate) fn form(object: &mut Value, form: Form, schemas: &Schemas) -> Result<(), ConvertError> {
    let unknown = match form {
        Form::Stored => Unknown::Dropped,
        Form::Sent => Unknown::Sent { whole: false },
        Form::Shown => Unknown::Kept,
    };
    canonicalize_as(object, None, schemas, unknown)
}

fn canonicalize_as(
    object: &mut Value,
    twin: Twin<'_>,
    schemas: &Schemas,
    mut unknown: Unknown,
) -> Result<(), ConvertError> {
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
    let Some(resource) = schemas.resource(text("apiVersion"), text("kind")) else { return Ok(()) };
    if resource.custom {
        if let Some(schema) = &resource.crd_schema {
            structural::prune(object, schema);
        }
        return custom_metadata(object, None, schemas);
    }
    let Some(ty) = schemas.type_of(&resource.api_version(), &resource.kind) else { return Ok(()) };
    let core_secret = resource.kind == "Secret" && resource.group.is_empty();
    let daemon_set = resource.kind == "DaemonSet";
    let managed = object.remove_path(&["metadata", "managedFields"]);
    let unit = Value::object();
    let mut out = convert(ty, object.as_object().map_or(&unit, |_| object), twin, &mut unknown)?;
    if core_secret {
        alias::fold_string_data(&mut out);
    }
    if resource.kind == "StatefulSet" {
        alias::name_claim_templates(&mut out);
    }
    if daemon_set {
        alias::count_templates(&mut out)?;
    }
    if let Some(managed) = managed {
        out.set_path(&["metadata", "managedFields"], managed);
    }
    *object = out;
    Ok(())
}

/// Returns what a new object of a kind looks like before anything is set.
#[must_use]
pub fn empty_object(schemas: &Schemas, api_version: &str, kind: &str) -> Value {
    let mut empty: Value =
        [("apiVersion", Value::from(api_version)), ("kind", Value::from(kind))].into_iter().collect();
    let custom = schemas.resource(api_version, kind).is_none_or(|r| r.custom);
    if !custom
        && let Some(ty) = schemas.type_of(api_version, kind)
        && let Ok(full) = convert(ty, &empty, None, &mut Unknown::Dropped)
    {
        empty = full;
    }
    empty
}

/// Metadata of custom resources passes through the Go type too.
fn custom_metadata(object: &mut Value, twin: Twin<'_>, schemas: &Schemas) -> Result<(), ConvertError> {
    let Some(meta) = schemas.type_named("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta") else {
        return Ok(());
    };
    let Some(before) = object.get("metadata") else { return Ok(()) };
    let twin = twin.and_then(|t| t.get("metadata"));
    if is_twin(before, twin) {
        return Ok(());
    }
    let managed = before.get("managedFields").cloned();
    let mut before = before.clone();
    before.remove_path(&["managedFields"]);
    let mut out = convert(meta, &before, twin, &mut Unknown::Dropped)?;
    if let Some(managed) = managed {
        out.set_path(&["managedFields"], managed);
    }
    object.set_path(&["metadata"], out);
    Ok(())
}

/// Names the fields of an object that its type does not have, as the server does in warnings and strict refusals:
/// `spec.template.spec.containers[0].imagee`. Empty for unknown kinds.
#[must_use]
pub fn unknown_fields(object: &Value, schemas: &Schemas) -> Vec<String> {
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
    let Some(resource) = schemas.resource(text("apiVersion"), text("kind")) else { return Vec::new() };
    if resource.custom {
        let Some(schema) = &resource.crd_schema else { return Vec::new() };
        let mut paths = structural::unknown_paths(object, schema);
        let meta = schemas.type_named("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
        if let (Some(ty), Some(metadata)) = (meta, object.get("metadata")) {
            let mut unknown = Unknown::Named { at: "metadata".to_owned(), found: Vec::new() };
            let _ = convert(ty, metadata, None, &mut unknown);
            if let Unknown::Named { found, .. } = unknown {
                paths.extend(found);
            }
        }
        paths.sort();
        return paths;
    }
    let Some(ty) = schemas.type_of(&resource.api_version(), &resource.kind) else { return Vec::new() };
    let mut unknown = Unknown::Named { at: String::new(), found: Vec::new() };
    // A value that does not fit is refused elsewhere; what was found up to it still counts.
    let _ = convert(ty, object, None, &mut unknown);
    let mut found = match unknown {
        Unknown::Named { found, .. } => found,
        Unknown::Dropped | Unknown::Sent { .. } | Unknown::Decoded | Unknown::Kept => Vec::new(),
    };
    found.sort();
    found
}

/// Returns what decoding an object of a built-in kind into its Go type and encoding it again makes of it, without anything that a
/// server adds. Nothing for unknown kinds, for values that do not fit, and, if `strict`, for objects with fields that the type
/// does not have.
#[must_use]
pub fn go_form(object: &Value, schemas: &Schemas, strict: bool) -> Option<Value> {
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
    let resource = schemas.resource(text("apiVersion"), text("kind")).filter(|r| !r.custom)?;
    let ty = schemas.type_of(&resource.api_version(), &resource.kind)?;
    if strict && !unknown_fields(object, schemas).is_empty() {
        return None;
    }
    convert(ty, object, None, &mut Unknown::Decoded).ok()
}

/// Returns what decoding a value into a Go type and encoding it again makes of it. Nothing for values that do not fit.
#[must_use]
pub fn go_form_as(value: &Value, ty: TypeRef<'_>) -> Option<Value> {
    convert(ty, value, None, &mut Unknown::Decoded).ok()
}

enum Unknown {
    /// Dropped, and what the store does beside happens too.
    Dropped,
    /// As `Dropped`, for [`Form::Sent`].
    Sent {
        /// Whether this is in a list that is one value.
        whole: bool,
    },
    /// Dropped; nothing but decoding and encoding happens.
    Decoded,
    /// Dropped; lists and maps that are empty stay.
    Kept,
    Named {
        at: String,
        found: Vec<String>,
    },
}

impl Unknown {
    /// Whether what is converted is in a list that is one value, of [`Form::Sent`].
    fn is_whole(&self) -> bool {
        matches!(self, Self::Sent { whole: true })
    }

    fn enter(&mut self, part: std::fmt::Arguments<'_>, dot: bool) -> usize {
        match self {
            Self::Dropped | Self::Sent { .. } | Self::Decoded | Self::Kept => 0,
            Self::Named { at, .. } => {
                let len = at.len();
                if dot && len > 0 {
                    at.push('.');
                }
                at.push_str(&part.to_string());
                len
            }
        }
    }

    fn leave(&mut self, len: usize) {
        if let Self::Named { at, .. } = self {
            at.truncate(len);
        }
    }

    fn see(&mut self, name: &str) {
        if let Self::Named { at, found } = self {
            let dot = if at.is_empty() { "" } else { "." };
            found.push(format!("{at}{dot}{name}"));
        }
    }
}

fn convert(
    ty: TypeRef<'_>,
    value: &Value,
    twin: Twin<'_>,
    unknown: &mut Unknown,
) -> Result<Value, ConvertError> {
    if is_twin(value, twin) {
        return Ok(value.clone());
    }
    if ty.is_any() {
        return union::convert_any(ty, value);
    }
    if let Some(map) = ty.map_def() {
        return match value {
            Value::Object(entries) => convert_map(ty, map, entries, twin.and_then(Value::as_object), unknown),
            Value::Null if map.fields.is_empty() => Ok(Value::Null),
            Value::Null => convert_map(ty, map, &Map::new(), None, unknown),
            other => {
                let name = ty.name().rsplit('.').next().unwrap_or_default();
                let version = ty.name().rsplit('.').nth(1).unwrap_or_default();
                let wanted = if name.is_empty() {
                    "map[string]string".to_owned()
                } else {
                    format!("{version}.{name}")
                };
                Err(ConvertError {
                    message: format!("cannot restore struct from: {}", go_kind(other)),
                    ..ConvertError::mismatched(other, &wanted)
                })
            }
        };
    }
    if let Some(list) = ty.list_def() {
        let item = ty.at(list.item);
        let entered = matches!(unknown, Unknown::Sent { whole: false }) && list.list_type == ListType::Atomic;
        if entered {
            *unknown = Unknown::Sent { whole: true };
        }
        let converted = match value {
            Value::Array(items) => {
                let mut out = fairway_value::Array::with_capacity(items.len());
                let mut twins = Twins::of(twin, items.len());
                for (n, value) in items.iter().enumerate() {
                    let len = unknown.enter(format_args!("[{n}]"), false);
                    let value = if value.is_null() && item.scalar().is_some() {
                        zero(item)
                    } else {
                        convert(item, value, twins.next(value), unknown)?
                    };
                    out.push(value);
                    unknown.leave(len);
                }
                Ok(Value::Array(out))
            }
            Value::Null => Ok(Value::Null),
            other => Err(ConvertError {
                message: format!("cannot restore slice from {}", go_kind(other)),
                ..ConvertError::mismatched(other, &format!("[]{}", go_name(item)))
            }),
        };
        if entered {
            *unknown = Unknown::Sent { whole: false };
        }
        return converted;
    }
    let scalar = ty.scalar().unwrap_or(Scalar::Any);
    let converted = scalar::convert_scalar(scalar, value)?;
    let as_sent = unknown.is_whole() && scalar == Scalar::Quantity;
    Ok(if as_sent { value.clone() } else { converted })
}

/// Name of a type in Go: `v1.Container`, `string`.
fn go_name(ty: TypeRef<'_>) -> String {
    let mut parts = ty.name().rsplit('.');
    match (parts.next().unwrap_or_default(), parts.next(), ty.scalar()) {
        ("", _, Some(Scalar::Int32)) => "int32".to_owned(),
        ("", _, Some(Scalar::Int64)) => "int64".to_owned(),
        ("", ..) => "string".to_owned(),
        (name, version, _) => format!("{}.{name}", version.unwrap_or_default()),
    }
}

fn go_kind(value: &Value) -> &'static str {
    match value {
        Value::Object(_) => "map",
        Value::Array(_) => "slice",
        other => go_type(other),
    }
}

fn convert_map(
    ty: TypeRef<'_>,
    map: &MapDef,
    entries: &Map,
    twin: Option<&Map>,
    unknown: &mut Unknown,
) -> Result<Value, ConvertError> {
    let twin_of = |key: &str| twin.and_then(|t| t.get(key));
    if map.fields.is_empty() {
        if ty.name().ends_with(".CustomResourceSubresourceStatus") {
            // A struct without fields.
            return Ok(Value::object());
        }
        let Some(element) = map.element.map(|id| ty.at(id)) else {
            return Ok(Value::Object(entries.clone()));
        };
        let mut out = Vec::with_capacity(entries.len());
        for (key, value) in entries.iter() {
            let len = unknown.enter(format_args!("{key}"), true);
            let value = match value {
                // A struct by value.
                Value::Null if element.fields().next().is_some() => convert(element, value, None, unknown)?,
                // Bytes that are none become empty ones in the store.
                Value::Null
                    if matches!(unknown, Unknown::Sent { .. }) && element.scalar() == Some(Scalar::Bytes) =>
                {
                    Value::Null
                }
                Value::Null => zero(element),
                value => convert(element, value, twin_of(key), unknown)?,
            };
            unknown.leave(len);
            out.push((key.clone(), value));
        }
        return Ok(Value::Object(out.into_iter().collect()));
    }
    let mut out: Vec<(Str, Value)> = Vec::with_capacity(entries.len() + 2);
    let mut always = map.always().peekable();
    for (key, value) in entries.iter().filter(|(_, v)| !v.is_null()) {
        let Some(field) = map.field(key) else { continue };
        while let Some(absent) = always.next_if(|f| order(&f.name, key).is_lt()) {
            if let Some(value) = convert_field(ty, absent, None, None, unknown)? {
                out.push((absent.name.clone(), value));
            }
        }
        always.next_if(|f| f.name == *key);
        if let Some(value) = convert_field(ty, field, Some(value), twin_of(key), unknown)? {
            out.push((field.name.clone(), value));
        }
    }
    for absent in always {
        if let Some(value) = convert_field(ty, absent, None, None, unknown)? {
            out.push((absent.name.clone(), value));
        }
    }
    if matches!(unknown, Unknown::Dropped | Unknown::Sent { .. } | Unknown::Kept) {
        match ty.name() {
            "io.k8s.api.core.v1.PodSpec" => alias::service_account(&mut out),
            "io.k8s.api.core.v1.NodeSpec" => alias::first_range(&mut out),
            _ => {}
        }
    }
    if matches!(unknown, Unknown::Named { .. }) {
        for key in entries.keys().filter(|k| map.field(k).is_none()) {
            unknown.see(key);
        }
    }
    Ok(Value::Object(out.into_iter().collect()))
}

fn convert_field(
    ty: TypeRef<'_>,
    field: &FieldDef,
    given: Option<&Value>,
    twin: Twin<'_>,
    unknown: &mut Unknown,
) -> Result<Option<Value>, ConvertError> {
    let inner = ty.at(field.ty);
    let Some(value) = given else {
        let quantity = inner.scalar() == Some(Scalar::Quantity) && !inner.is_any();
        return Ok(match field.empty {
            Empty::Struct | Empty::Required if quantity && unknown.is_whole() => Some(Value::Null),
            Empty::Struct => Some(empty_struct(inner, unknown)?),
            // The one pointer that is always written and has a default.
            Empty::Required
                if matches!(unknown, Unknown::Decoded) && ty.name() == "io.k8s.api.core.v1.GRPCAction" =>
            {
                Some(if field.name == "service" { Value::Null } else { required_zero(inner, field) })
            }
            Empty::Required => Some(required_zero(inner, field)),
            Empty::Kept | Empty::OmitNull | Empty::OmitEmpty | Empty::OmitZero | Empty::OmitZeroStruct => {
                None
            }
        });
    };
    let len = unknown.enter(format_args!("{}", field.name), true);
    let value = convert(inner, value, twin, unknown).map_err(|mut error| {
        if error.go_struct.is_empty() {
            error.go_struct = ty.name().rsplit('.').next().unwrap_or_default().to_owned();
        }
        error.path.push(field.name.to_string());
        error
    })?;
    unknown.leave(len);
    let omitted = match field.empty {
        Empty::OmitEmpty => {
            let kept = match unknown {
                Unknown::Kept => true,
                Unknown::Sent { whole } => *whole && matches!(value, Value::Array(_) | Value::Object(_)),
                _ => false,
            };
            is_empty(&value) && (value.is_null() || !kept)
        }
        Empty::OmitZero => is_zero(&value),
        Empty::OmitNull => value.is_null(),
        Empty::OmitZeroStruct => value.is_null() || value.as_object().is_some_and(Map::is_empty),
        // Stored lists that are empty come back as none.
        Empty::Required
            if matches!(unknown, Unknown::Dropped) && value.as_array().is_some_and(<[Value]>::is_empty) =>
        {
            return Ok(Some(Value::Null));
        }
        Empty::Kept | Empty::Struct | Empty::Required => false,
    };
    Ok((!omitted).then_some(value))
}

fn empty_struct(ty: TypeRef<'_>, unknown: &mut Unknown) -> Result<Value, ConvertError> {
    if ty.map_def().is_some() && !ty.is_any() {
        return convert(ty, &Value::object(), None, unknown);
    }
    Ok(match ty.scalar() {
        Some(Scalar::Quantity) => Value::from("0"),
        Some(Scalar::IntOrString) => Value::Int(0),
        _ => Value::Null,
    })
}

/// The zero of a field that is always written: OpenAPI names it for scalars by value.
fn required_zero(ty: TypeRef<'_>, field: &FieldDef) -> Value {
    match ty.scalar() {
        Some(Scalar::Quantity) if !ty.is_any() => Value::from("0"),
        _ if ty.is_any() => Value::Null,
        Some(scalar) if field.default.is_some() => zero_scalar(scalar),
        _ => Value::Null,
    }
}

fn zero_scalar(scalar: Scalar) -> Value {
    match scalar {
        Scalar::String => Value::from(""),
        Scalar::Bool => Value::Bool(false),
        Scalar::Int32 | Scalar::Int64 | Scalar::Number | Scalar::IntOrString => Value::Int(0),
        Scalar::Quantity => Value::from("0"),
        Scalar::Time | Scalar::MicroTime | Scalar::Any => Value::Null,
        // The store makes empty bytes of none.
        Scalar::Bytes => Value::from(""),
    }
}

fn zero(ty: TypeRef<'_>) -> Value {
    if ty.is_any() {
        return Value::Null;
    }
    match ty.scalar() {
        Some(scalar) => zero_scalar(scalar),
        None => Value::Null,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        // Bytes are a list in Go.
        Value::String(s) => s.is_empty(),
        other => other.is_null(),
    }
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::String(s) => s.is_empty(),
        Value::Bool(b) => !b,
        Value::Int(i) => *i == 0,
        Value::Float(f) => *f == 0.0,
        other => other.is_null(),
    }
}
