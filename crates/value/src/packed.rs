//! Values held small: strings and whole parts that many values share are kept once, in a dictionary.
//!
//! The trees that are worked with take several times the size of their JSON. A cache of a cluster holds a hundred thousand of
//! them, nearly all alike: the same keys, the same labels, and the same `fieldsV1` for every object of one chart.

use crate::{Array, Map, Str, Value};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{PoisonError, RwLock};

/// Most strings of a dictionary: references to them are 14 bits wide.
const STRINGS_MAX: usize = 1 << 14;

/// Most parts of a dictionary.
const PARTS_MAX: usize = 1 << 14;

/// Most bytes of strings and parts (as JSON) in a dictionary.
const BYTES_MAX: usize = 16 << 20;

/// How many of what was seen are remembered to be counted; all are forgotten beyond that.
const COUNTED_MAX: usize = 1 << 15;

/// In how many values something must be before it goes into the dictionary.
const SHARED_MIN: u8 = 3;

/// Smallest part that a reference is shorter than, in nodes.
const PART_NODES_MIN: u32 = 3;

const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const INT: u8 = 3;
const UINT: u8 = 4;
const FLOAT: u8 = 5;
const TEXT: u8 = 6;
const LOCAL: u8 = 7;
const ARRAY: u8 = 8;
const OBJECT: u8 = 9;
const PART: u8 = 10;
/// An object whose keys are in the dictionary as a row.
const SHAPE: u8 = 11;
/// From here on: an object of that many entries.
const SMALL_OBJECT: u8 = 0x10;
/// From here on: a string that came before in this value.
const SMALL_LOCAL: u8 = 0x20;
/// From here on: the upper bits of a reference to a string of the dictionary.
const SHARED: u8 = 0x40;

/// A value in packed form, to be read by the dictionary that packed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed(Box<[u8]>);

impl Packed {
    /// Returns how many bytes it takes beside the dictionary.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.0.len() + size_of::<Self>()
    }
}

/// What packed values share. It only grows, up to a bound; what comes later is packed with what is there.
#[derive(Debug, Default)]
pub struct Dictionary(RwLock<Words>);

#[derive(Debug, Default)]
struct Words {
    strings: Vec<Str>,
    by_string: HashMap<Str, u16>,
    parts: Vec<Value>,
    by_hash: HashMap<u64, u16>,
    /// Rows of keys.
    shapes: Vec<Box<[Str]>>,
    by_keys: HashMap<u64, u16>,
    /// By hash: the value it was last seen in, and in how many.
    counted: HashMap<u64, (u64, u8)>,
    bytes: usize,
}

impl Dictionary {
    /// Packs a value.
    #[must_use]
    pub fn pack(&self, value: &Value) -> Packed {
        let mut nodes = Vec::new();
        measure(value, &mut nodes);
        let whole = nodes.first().map_or(0, |n| n.0);
        let mut words = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let mut packer =
            Packer { words: &mut words, nodes: &nodes, at: 0, whole, local: HashMap::new(), out: Vec::new() };
        packer.value(value, true);
        let mut out = packer.out;
        out.shrink_to_fit();
        Packed(out.into_boxed_slice())
    }

    /// Returns the value that was packed. `null` for what another dictionary packed.
    #[must_use]
    pub fn unpack(&self, packed: &Packed) -> Value {
        let words = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut reader = Reader { words: &words, bytes: &packed.0, local: Vec::new() };
        reader.value().unwrap_or_default()
    }
}

/// Hash and number of nodes of every list and map, in the order in which they are met.
fn measure(value: &Value, nodes: &mut Vec<(u64, u32)>) -> (u64, u32) {
    let mut hasher = DefaultHasher::new();
    let mut count = 1_u32;
    match value {
        Value::Null => 0_u8.hash(&mut hasher),
        Value::Bool(flag) => (1_u8, flag).hash(&mut hasher),
        Value::Int(number) => (2_u8, number).hash(&mut hasher),
        Value::Uint(number) => (3_u8, number).hash(&mut hasher),
        Value::Float(number) => (4_u8, number.to_bits()).hash(&mut hasher),
        Value::String(text) => (5_u8, text.as_str()).hash(&mut hasher),
        Value::Array(items) => {
            let at = nodes.len();
            nodes.push((0, 0));
            (6_u8, items.len()).hash(&mut hasher);
            for item in items {
                let (hash, below) = measure(item, nodes);
                hash.hash(&mut hasher);
                count += below;
            }
            nodes[at] = (hasher.finish(), count);
        }
        Value::Object(map) => {
            let at = nodes.len();
            nodes.push((0, 0));
            (7_u8, map.len()).hash(&mut hasher);
            for (key, item) in map.iter() {
                let (hash, below) = measure(item, nodes);
                (key.as_str(), hash).hash(&mut hasher);
                count += below;
            }
            nodes[at] = (hasher.finish(), count);
        }
    }
    (hasher.finish(), count)
}

impl Words {
    /// Whether something has now been seen in enough different values.
    fn is_shared(&mut self, hash: u64, whole: u64) -> bool {
        if self.counted.len() >= COUNTED_MAX {
            self.counted.clear();
        }
        let (last, count) = self.counted.entry(hash).or_insert((whole, 1));
        if *last != whole {
            (*last, *count) = (whole, count.saturating_add(1));
        }
        *count >= SHARED_MIN
    }

    fn string(&mut self, text: &Str, whole: u64) -> Option<u16> {
        if let Some(known) = self.by_string.get(text.as_str()) {
            return Some(*known);
        }
        let room = self.strings.len() < STRINGS_MAX && self.bytes + text.len() <= BYTES_MAX;
        if !room || text.len() < 3 {
            return None;
        }
        let mut hasher = DefaultHasher::new();
        text.as_str().hash(&mut hasher);
        if !self.is_shared(hasher.finish(), whole) {
            return None;
        }
        let at = u16::try_from(self.strings.len()).ok()?;
        self.bytes += text.len();
        self.strings.push(text.clone());
        self.by_string.insert(text.clone(), at);
        Some(at)
    }

    fn shape(&mut self, map: &Map, whole: u64) -> Option<u16> {
        let mut hasher = DefaultHasher::new();
        8_u8.hash(&mut hasher);
        map.keys().for_each(|key| key.as_str().hash(&mut hasher));
        let hash = hasher.finish();
        if let Some(known) = self.by_keys.get(&hash) {
            let keys = self.shapes.get(usize::from(*known))?;
            let same = keys.len() == map.len() && keys.iter().zip(map.keys()).all(|(a, b)| a == b);
            return same.then_some(*known);
        }
        let size: usize = map.keys().map(|k| k.len()).sum();
        let room = self.shapes.len() < PARTS_MAX && self.bytes + size <= BYTES_MAX;
        if !room || !self.is_shared(hash, whole) {
            return None;
        }
        let at = u16::try_from(self.shapes.len()).ok()?;
        self.bytes += size;
        self.shapes.push(map.keys().cloned().collect());
        self.by_keys.insert(hash, at);
        Some(at)
    }

    fn part(&mut self, value: &Value, hash: u64, whole: u64) -> Option<u16> {
        if let Some(known) = self.by_hash.get(&hash) {
            return self.parts.get(usize::from(*known)).is_some_and(|p| p == value).then_some(*known);
        }
        if self.parts.len() >= PARTS_MAX || !self.is_shared(hash, whole) {
            return None;
        }
        let size = value.to_string().len();
        if self.bytes + size > BYTES_MAX {
            return None;
        }
        let at = u16::try_from(self.parts.len()).ok()?;
        self.bytes += size;
        self.parts.push(value.clone());
        self.by_hash.insert(hash, at);
        Some(at)
    }
}

struct Packer<'a> {
    words: &'a mut Words,
    nodes: &'a [(u64, u32)],
    at: usize,
    whole: u64,
    local: HashMap<Str, usize>,
    out: Vec<u8>,
}

impl Packer<'_> {
    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.out.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        self.out.push(number.to_le_bytes()[0]);
    }

    fn length(&mut self, length: usize) {
        self.number(u64::try_from(length).unwrap_or(u64::MAX));
    }

    fn value(&mut self, value: &Value, root: bool) {
        match value {
            Value::Null => self.out.push(NULL),
            Value::Bool(flag) => self.out.push(if *flag { TRUE } else { FALSE }),
            Value::Int(number) => {
                self.out.push(INT);
                self.number(((number << 1) ^ (number >> 63)).cast_unsigned());
            }
            Value::Uint(number) => {
                self.out.push(UINT);
                self.number(*number);
            }
            Value::Float(number) => {
                self.out.push(FLOAT);
                self.out.extend(number.to_bits().to_le_bytes());
            }
            Value::String(text) => self.text(text),
            Value::Array(items) => {
                if self.reference(value, root) {
                    return;
                }
                self.out.push(ARRAY);
                self.length(items.len());
                items.iter().for_each(|item| self.value(item, false));
            }
            Value::Object(map) => {
                if self.reference(value, root) {
                    return;
                }
                if map.len() > 1
                    && let Some(shape) = self.words.shape(map, self.whole)
                {
                    self.out.push(SHAPE);
                    self.number(u64::from(shape));
                    return map.values().for_each(|item| self.value(item, false));
                }
                match u8::try_from(map.len()) {
                    Ok(few) if few < 16 => self.out.push(SMALL_OBJECT | few),
                    _ => {
                        self.out.push(OBJECT);
                        self.length(map.len());
                    }
                }
                for (key, item) in map.iter() {
                    self.text(key);
                    self.value(item, false);
                }
            }
        }
    }

    /// Writes a reference in place of a list or map that is in the dictionary; steps past what is below it then.
    fn reference(&mut self, value: &Value, root: bool) -> bool {
        let Some((hash, count)) = self.nodes.get(self.at).copied() else { return false };
        let here = self.at;
        self.at += 1;
        if root || count < PART_NODES_MIN {
            return false;
        }
        let Some(part) = self.words.part(value, hash, self.whole) else { return false };
        self.out.push(PART);
        self.number(u64::from(part));
        self.at = here + containers(value);
        true
    }

    fn text(&mut self, text: &Str) {
        if let Some(at) = self.words.string(text, self.whole) {
            let [high, low] = at.to_be_bytes();
            self.out.extend([SHARED | high, low]);
            return;
        }
        if let Some(at) = self.local.get(text.as_str()).copied() {
            match u8::try_from(at) {
                Ok(near) if near < 32 => self.out.push(SMALL_LOCAL | near),
                _ => {
                    self.out.push(LOCAL);
                    self.length(at);
                }
            }
            return;
        }
        self.local.insert(text.clone(), self.local.len());
        self.out.push(TEXT);
        self.length(text.len());
        self.out.extend(text.as_bytes());
    }
}

/// How many lists and maps there are in a value, itself included.
fn containers(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(containers).sum::<usize>(),
        Value::Object(map) => 1 + map.values().map(containers).sum::<usize>(),
        _ => 0,
    }
}

struct Reader<'a> {
    words: &'a Words,
    bytes: &'a [u8],
    local: Vec<Str>,
}

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn length(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    fn text(&mut self, tag: u8) -> Option<Str> {
        match tag {
            SHARED.. => {
                let at = usize::from(tag & 0x3f) << 8 | usize::from(self.byte()?);
                self.words.strings.get(at).cloned()
            }
            SMALL_LOCAL.. => self.local.get(usize::from(tag & 0x1f)).cloned(),
            LOCAL => {
                let at = self.length()?;
                self.local.get(at).cloned()
            }
            TEXT => {
                let length = self.length()?;
                let (text, rest) = self.bytes.split_at_checked(length)?;
                let text = Str::from(std::str::from_utf8(text).ok()?);
                self.bytes = rest;
                self.local.push(text.clone());
                Some(text)
            }
            _ => None,
        }
    }

    fn value(&mut self) -> Option<Value> {
        let tag = self.byte()?;
        Some(match tag {
            NULL => Value::Null,
            FALSE => Value::Bool(false),
            TRUE => Value::Bool(true),
            INT => {
                let number = self.number()?;
                Value::Int((number >> 1).cast_signed() ^ -((number & 1).cast_signed()))
            }
            UINT => Value::Uint(self.number()?),
            FLOAT => {
                let (bits, rest) = self.bytes.split_first_chunk::<8>()?;
                self.bytes = rest;
                Value::Float(f64::from_bits(u64::from_le_bytes(*bits)))
            }
            ARRAY => {
                let length = self.length()?;
                let mut items = Array::with_capacity(length.min(self.bytes.len()));
                for _ in 0..length {
                    items.push(self.value()?);
                }
                Value::Array(items)
            }
            PART => {
                let at = self.length()?;
                self.words.parts.get(at)?.clone()
            }
            SHAPE => {
                let words = self.words;
                let at = self.length()?;
                let keys = words.shapes.get(at)?;
                let mut entries = Vec::with_capacity(keys.len());
                for key in keys {
                    entries.push((key.clone(), self.value()?));
                }
                Value::Object(entries.into_iter().collect::<Map>())
            }
            OBJECT => {
                let length = self.length()?;
                self.map(length)?
            }
            SMALL_OBJECT..SMALL_LOCAL => self.map(usize::from(tag & 0x0f))?,
            _ => Value::String(self.text(tag)?),
        })
    }

    fn map(&mut self, length: usize) -> Option<Value> {
        let mut entries = Vec::with_capacity(length.min(self.bytes.len()));
        for _ in 0..length {
            let tag = self.byte()?;
            let key = self.text(tag)?;
            entries.push((key, self.value()?));
        }
        Some(Value::Object(entries.into_iter().collect::<Map>()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::from_json;
    use proptest::prelude::*;

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            Just(Value::Uint(u64::MAX)),
            any::<f64>().prop_filter("NaN is not itself", |f| !f.is_nan()).prop_map(Value::Float),
            "[a-z]{0,5}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(|v| v.into_iter().collect()),
                prop::collection::btree_map("[a-z]{1,5}", inner, 0..20).prop_map(|m| m.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_back(values in prop::collection::vec(any_value(), 1..8)) {
            let dictionary = Dictionary::default();
            let mut packed = Vec::new();
            for round in 0..4_i64 {
                for value in &values {
                    // Another value each round, that shares the parts of the others.
                    let whole: Value = [("round", Value::Int(round)), ("value", value.clone())].into_iter().collect();
                    packed.push((dictionary.pack(&whole), whole));
                }
            }
            for (packed, whole) in packed {
                prop_assert_eq!(dictionary.unpack(&packed), whole);
            }
        }
    }

    #[test]
    fn what_many_share_is_kept_once() {
        let dictionary = Dictionary::default();
        let make = |n: usize| {
            let labels =
                r#"{"app.kubernetes.io/managed-by":"Helm","app.kubernetes.io/part-of":"the-platform"}"#;
            from_json(format!(r#"{{"metadata":{{"name":"object-{n}","labels":{labels}}}}}"#).as_bytes())
                .unwrap()
        };
        let sizes: Vec<usize> = (0..5).map(|n| dictionary.pack(&make(n)).0.len()).collect();
        assert!(sizes[4] * 4 < sizes[0], "{sizes:?}");
    }
}
