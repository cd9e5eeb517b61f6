//! Request bodies in Kubernetes' protobuf form, which its generated clients prefer: read into the same values as JSON.
//!
//! A body is the four bytes `k8s\0`, then an `Unknown` message that names kind and version and holds the object. How the
//! built-in types are numbered is data (`data/messages.txt`, made by `cargo xtask schema --go` from the struct tags of
//! the Go types). A field that the wire gives as zero is kept here; what a type drops when it is empty, the schema's
//! canonical form drops.

use base64::Engine as _;
use fairway_value::{Map, Value, from_json};
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

const MAGIC: &[u8] = b"k8s\0";
/// Deepest nesting of messages; a JSON schema in a definition may nest.
const DEPTH_MAX: usize = 64;

/// How often a field holds a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    One,
    Many,
    /// By string.
    Map,
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Code {
    Integer,
    Boolean,
    Text,
    Bytes,
    Double,
    /// A message of strings, which is a list in JSON.
    Texts,
    Message(&'static str),
}

#[derive(Debug)]
struct Field {
    name: &'static str,
    number: u64,
    shape: Shape,
    code: Code,
    /// The message's fields stand among its owner's.
    inline: bool,
}

static MESSAGES: LazyLock<HashMap<&'static str, Vec<Field>>> = LazyLock::new(|| {
    include_str!("../../data/messages.txt")
        .lines()
        .filter_map(|line| {
            let (name, fields) = line.split_once(' ')?;
            Some((name, fields.split(' ').filter_map(field).collect()))
        })
        .collect()
});

fn field(word: &'static str) -> Option<Field> {
    let (name, rest) = word.split_once('=')?;
    let digits = rest.find(|c: char| !c.is_ascii_digit())?;
    let number = rest[..digits].parse().ok()?;
    let (inline, rest) = rest[digits..].strip_prefix('^').map_or((false, &rest[digits..]), |r| (true, r));
    let (shape, rest) = match rest.split_at_checked(1)? {
        ("*", rest) => (Shape::Many, rest),
        ("%", rest) => (Shape::Map, rest),
        _ => (Shape::One, rest),
    };
    let code = match rest.split_at_checked(1)? {
        ("i", _) => Code::Integer,
        ("b", _) => Code::Boolean,
        ("s", _) => Code::Text,
        ("y", _) => Code::Bytes,
        ("d", _) => Code::Double,
        ("~", _) => Code::Texts,
        ("@", name) => Code::Message(name),
        _ => return None,
    };
    Some(Field { name, number, shape, code, inline })
}

/// One value on the wire.
#[derive(Clone, Copy)]
enum Wire<'b> {
    Varint(u64),
    Fixed(u64),
    Bytes(&'b [u8]),
}

type Fields<'b> = BTreeMap<u64, Vec<Wire<'b>>>;

fn varint(bytes: &mut &[u8]) -> Result<u64, String> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first().ok_or("unexpected EOF")?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err("integer overflow".to_owned())
}

fn take<'b>(bytes: &mut &'b [u8], count: usize) -> Result<&'b [u8], String> {
    let (taken, rest) = bytes.split_at_checked(count).ok_or("unexpected EOF")?;
    *bytes = rest;
    Ok(taken)
}

fn fields(mut bytes: &[u8]) -> Result<Fields<'_>, String> {
    let mut out = Fields::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let wire = match tag & 7 {
            0 => Wire::Varint(varint(&mut bytes)?),
            1 => Wire::Fixed(le(take(&mut bytes, 8)?)),
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).map_err(|_| "negative length")?;
                Wire::Bytes(take(&mut bytes, length)?)
            }
            5 => Wire::Fixed(le(take(&mut bytes, 4)?)),
            other => return Err(format!("illegal wireType {other}")),
        };
        out.entry(tag >> 3).or_default().push(wire);
    }
    Ok(out)
}

fn le(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |sum, b| sum << 8 | u64::from(*b))
}

fn last<'b>(fields: &Fields<'b>, number: u64) -> Option<Wire<'b>> {
    fields.get(&number).and_then(|l| l.last().copied())
}

fn bytes_of<'b>(fields: &Fields<'b>, number: u64) -> &'b [u8] {
    match last(fields, number) {
        Some(Wire::Bytes(bytes)) => bytes,
        _ => &[],
    }
}

fn text_of(bytes: &[u8]) -> Result<String, String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| "invalid UTF-8".to_owned())
}

fn integer(fields: &Fields<'_>, number: u64) -> i64 {
    match last(fields, number) {
        Some(Wire::Varint(n)) => n.cast_signed(),
        _ => 0,
    }
}

/// Reads a body.
///
/// # Errors
/// Bytes that are no message, or a kind that has none.
pub(crate) fn object(body: &[u8]) -> Result<Value, String> {
    let envelope =
        body.strip_prefix(MAGIC).ok_or("provided data does not appear to be a protobuf message")?;
    let envelope = fields(envelope)?;
    let meta = fields(bytes_of(&envelope, 1))?;
    let (api_version, kind) = (text_of(bytes_of(&meta, 1))?, text_of(bytes_of(&meta, 2))?);
    let name = type_name(&api_version, &kind)
        .ok_or_else(|| format!("no kind {kind:?} is registered for version {api_version:?}"))?;
    let mut map = message(name, bytes_of(&envelope, 2), 0)?;
    map.insert("apiVersion", api_version);
    map.insert("kind", kind);
    Ok(Value::from(map))
}

/// Returns the Go type that is registered for a kind.
fn type_name(api_version: &str, kind: &str) -> Option<&'static str> {
    let (group, version) = api_version.split_once('/').unwrap_or(("core", api_version));
    let package = match group {
        "internal.apiserver.k8s.io" => "apiserverinternal",
        other => other.split('.').next().unwrap_or_default(),
    };
    let own = format!("{package}/{version}.{kind}");
    // Options and the like are registered in every group.
    let shared = format!("meta/v1.{kind}");
    MESSAGES.get_key_value(own.as_str()).or_else(|| MESSAGES.get_key_value(shared.as_str())).map(|(k, _)| *k)
}

fn message(name: &str, bytes: &[u8], depth: usize) -> Result<Map, String> {
    if depth > DEPTH_MAX {
        return Err(format!("messages are nested deeper than {DEPTH_MAX}"));
    }
    let wires = fields(bytes)?;
    let mut out = Map::new();
    // A struct without fields has no entry.
    for field in MESSAGES.get(name).map(Vec::as_slice).unwrap_or_default() {
        let Some(values) = wires.get(&field.number) else { continue };
        if field.inline {
            if let (Code::Message(inner), Some(Wire::Bytes(bytes))) = (field.code, values.last()) {
                for (key, value) in message(inner, bytes, depth + 1)?.iter() {
                    out.insert(key.clone(), value.clone());
                }
            }
            continue;
        }
        let value = match field.shape {
            Shape::One => match values.last() {
                Some(wire) => one(field.code, *wire, depth)?,
                None => continue,
            },
            Shape::Many => Value::from(many(field.code, values, depth)?),
            Shape::Map => Value::from(entries(field.code, values, depth)?),
        };
        out.insert(field.name, value);
    }
    if name == "meta/v1.ObjectMeta" {
        // None of these is a pointer, and what is empty here would be read as given.
        out.retain(|key, value| {
            key == "deletionGracePeriodSeconds"
                || !(value.is_null() || value.as_str() == Some("") || value.as_i64() == Some(0))
        });
    }
    Ok(out)
}

fn many(code: Code, values: &[Wire<'_>], depth: usize) -> Result<Vec<Value>, String> {
    let mut out = Vec::with_capacity(values.len());
    for wire in values {
        match (code, *wire) {
            // Packed.
            (Code::Integer | Code::Boolean, Wire::Bytes(mut bytes)) => {
                while !bytes.is_empty() {
                    out.push(one(code, Wire::Varint(varint(&mut bytes)?), depth)?);
                }
            }
            (_, wire) => out.push(one(code, wire, depth)?),
        }
    }
    Ok(out)
}

fn entries(code: Code, values: &[Wire<'_>], depth: usize) -> Result<Map, String> {
    let mut out = Map::new();
    for wire in values {
        let Wire::Bytes(bytes) = wire else { return Err("a map's entry is no message".to_owned()) };
        let entry = fields(bytes)?;
        let empty = match code {
            Code::Integer | Code::Boolean | Code::Double => Wire::Varint(0),
            Code::Text | Code::Bytes | Code::Texts | Code::Message(_) => Wire::Bytes(&[]),
        };
        let value = one(code, last(&entry, 2).unwrap_or(empty), depth)?;
        out.insert(text_of(bytes_of(&entry, 1))?, value);
    }
    Ok(out)
}

fn one(code: Code, wire: Wire<'_>, depth: usize) -> Result<Value, String> {
    Ok(match (code, wire) {
        (Code::Integer, Wire::Varint(n)) => Value::from(n.cast_signed()),
        (Code::Boolean, Wire::Varint(n)) => Value::from(n != 0),
        (Code::Double, Wire::Fixed(bits)) => number(f64::from_bits(bits)),
        (Code::Double, Wire::Varint(_)) => Value::from(0_i64),
        (Code::Text, Wire::Bytes(bytes)) => Value::from(text_of(bytes)?),
        (Code::Bytes, Wire::Bytes(bytes)) => {
            Value::from(base64::engine::general_purpose::STANDARD.encode(bytes))
        }
        (Code::Texts, Wire::Bytes(bytes)) => Value::from(many(
            Code::Text,
            fields(bytes)?.get(&1).map(Vec::as_slice).unwrap_or_default(),
            depth,
        )?),
        (Code::Message(name), Wire::Bytes(bytes)) => match special(name, bytes, depth)? {
            Some(value) => value,
            None => Value::from(message(name, bytes, depth + 1)?),
        },
        (_, _) => return Err("wrong wireType for a field".to_owned()),
    })
}

/// A JSON number, whole where it can be.
fn number(value: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "checked: the text has no fraction and is in range")]
    if value.fract() == 0.0 && value.abs() < 1e15 { Value::from(value as i64) } else { Value::from(value) }
}

/// The types whose JSON is not that of a struct.
fn special(name: &str, bytes: &[u8], depth: usize) -> Result<Option<Value>, String> {
    let json = |raw: &[u8]| -> Result<Value, String> {
        if raw.is_empty() { Ok(Value::Null) } else { from_json(raw).map_err(|e| e.to_string()) }
    };
    let wires = fields(bytes);
    Ok(Some(match name {
        "api/resource.Quantity" => Value::from(text_of(bytes_of(&wires?, 1))?),
        "meta/v1.Time" | "meta/v1.MicroTime" => {
            let wires = wires?;
            time(integer(&wires, 1), integer(&wires, 2), name == "meta/v1.MicroTime")
        }
        "meta/v1.Duration" => Value::from(duration(integer(&wires?, 1))),
        "util/intstr.IntOrString" => {
            let wires = wires?;
            if integer(&wires, 1) == 1 {
                Value::from(text_of(bytes_of(&wires, 3))?)
            } else {
                Value::from(integer(&wires, 2))
            }
        }
        "pkg/runtime.RawExtension" | "meta/v1.FieldsV1" | "apiextensions/v1.JSON" => {
            json(bytes_of(&wires?, 1))?
        }
        "apiextensions/v1.JSONSchemaPropsOrBool" => {
            let wires = wires?;
            match last(&wires, 2) {
                Some(wire) => one(PROPS, wire, depth + 1)?,
                None => Value::from(integer(&wires, 1) != 0),
            }
        }
        "apiextensions/v1.JSONSchemaPropsOrArray" => {
            let wires = wires?;
            match (last(&wires, 1), wires.get(&2)) {
                (Some(wire), _) => one(PROPS, wire, depth + 1)?,
                (None, Some(list)) => Value::from(many(PROPS, list, depth + 1)?),
                (None, None) => Value::Null,
            }
        }
        "apiextensions/v1.JSONSchemaPropsOrStringArray" => {
            let wires = wires?;
            match (last(&wires, 1), wires.get(&2)) {
                (Some(wire), _) => one(PROPS, wire, depth + 1)?,
                (None, Some(list)) => Value::from(many(Code::Text, list, depth + 1)?),
                (None, None) => Value::Null,
            }
        }
        _ => return Ok(None),
    }))
}

const PROPS: Code = Code::Message("apiextensions/v1.JSONSchemaProps");

fn time(seconds: i64, nanos: i64, micro: bool) -> Value {
    if seconds == 0 && nanos == 0 {
        return Value::Null;
    }
    if !micro {
        return Value::from(super::format_secs(seconds.saturating_mul(1_000_000)));
    }
    let nanos = i32::try_from(nanos / 1000 * 1000).unwrap_or_default();
    Timestamp::new(seconds, nanos).map_or(Value::Null, |t| Value::from(format!("{t:.6}")))
}

/// As Go's `time.Duration` prints itself, for whole milliseconds and more.
fn duration(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.unsigned_abs();
    if nanos == 0 {
        return "0s".to_owned();
    }
    if nanos < 1_000_000_000 {
        let (unit, name) = match nanos {
            ..1_000 => (1, "ns"),
            1_000..1_000_000 => (1_000, "µs"),
            _ => (1_000_000, "ms"),
        };
        return format!("{sign}{}{name}", with_fraction(nanos / unit, nanos % unit, unit));
    }
    let (total, rest) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    let (hours, minutes) = (total / 3600, total / 60 % 60);
    let seconds = with_fraction(total % 60, rest, 1_000_000_000);
    match (hours, minutes) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, _) => format!("{sign}{minutes}m{seconds}s"),
        (_, _) => format!("{sign}{hours}h{minutes}m{seconds}s"),
    }
}

fn with_fraction(whole: u64, rest: u64, unit: u64) -> String {
    if rest == 0 {
        return whole.to_string();
    }
    let digits = unit.ilog10() as usize;
    format!("{whole}.{}", format!("{rest:0digits$}").trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_value::{HtmlEscape, to_json};

    /// Encodes a field of bytes.
    fn put(number: u8, bytes: &[u8]) -> Vec<u8> {
        let mut out = vec![number << 3 | 2, u8::try_from(bytes.len()).unwrap()];
        out.extend_from_slice(bytes);
        out
    }

    fn envelope(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
        let meta = [put(1, api_version.as_bytes()), put(2, kind.as_bytes())].concat();
        [MAGIC.to_vec(), put(1, &meta), put(2, raw)].concat()
    }

    #[track_caller]
    fn check(api_version: &str, kind: &str, raw: &[u8], expect: &str) {
        let value = object(&envelope(api_version, kind, raw)).unwrap();
        assert_eq!(to_json(&value, HtmlEscape::No), expect);
    }

    #[test]
    fn maps_and_bytes_are_read() {
        let metadata = put(1, &[put(1, b"s"), put(2, b"")].concat());
        let entry = put(2, &[put(1, b"k"), put(2, b"hi")].concat());
        check(
            "v1",
            "Secret",
            &[metadata, entry, put(3, b"Opaque")].concat(),
            r#"{"apiVersion":"v1","data":{"k":"aGk="},"kind":"Secret","metadata":{"name":"s"},"type":"Opaque"}"#,
        );
    }

    #[test]
    fn inline_structs_quantities_and_zeros_are_read() {
        let resources = put(8, &put(1, &[put(1, b"cpu"), put(2, &put(1, b"100m"))].concat()));
        let container = put(2, &[put(1, b"c"), resources].concat());
        let volume = put(1, &[put(1, b"v"), put(2, &put(2, b""))].concat());
        let spec = put(3, &put(2, &[volume, container].concat()));
        let replicas = vec![8, 0];
        check(
            "apps/v1",
            "Deployment",
            &put(2, &[replicas, spec].concat()),
            concat!(
                r#"{"apiVersion":"apps/v1","kind":"Deployment","spec":{"replicas":0,"template":{"spec":{"#,
                r#""containers":[{"name":"c","resources":{"limits":{"cpu":"100m"}}}],"volumes":[{"emptyDir":{},"name":"v"}]}}}}"#
            ),
        );
    }

    #[test]
    fn hostile_bytes_are_refused() {
        for body in [&b"k8s"[..], b"{}", b"k8s\0\xff", b"k8s\0\x0a\x7f", b"k8s\0\x0b"] {
            assert!(object(body).is_err());
        }
        let mut props = Vec::new();
        for _ in 0..30 {
            props = put(23, &props[..props.len().min(100)]);
        }
        assert!(object(&envelope("v1", "NoSuchKind", &props)).is_err());
    }

    #[test]
    fn durations_are_written_as_go_does() {
        for (nanos, expect) in [
            (0, "0s"),
            (1_500_000, "1.5ms"),
            (90_000_000_000, "1m30s"),
            (3_600_000_000_000, "1h0m0s"),
            (-1_500_000_000, "-1.5s"),
        ] {
            assert_eq!(duration(nanos), expect);
        }
    }

    #[test]
    fn every_message_named_is_there() {
        for (name, fields) in &*MESSAGES {
            assert!(!fields.is_empty(), "{name}");
        }
        for kind in ["Pod", "Service", "ConfigMap", "DeleteOptions", "Namespace"] {
            assert!(type_name("v1", kind).is_some(), "{kind}");
        }
        for (version, kind) in [
            ("networking.k8s.io/v1", "Ingress"),
            ("rbac.authorization.k8s.io/v1", "Role"),
            ("policy/v1", "Eviction"),
            ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
            ("batch/v1", "DeleteOptions"),
        ] {
            assert!(type_name(version, kind).is_some(), "{kind}");
        }
    }
}
