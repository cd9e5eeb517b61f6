use super::filter::step;
use super::number::{compare, float, from_float, index_of, is_number, slice_bounds, whole};
use fairway_value::{Array, Map, Value};
use jaq_core::box_iter::{BoxIter, box_once};
use jaq_core::ops::Math;
use jaq_core::path::Opt;
use jaq_core::val::Range;
use jaq_core::{Error, Exn, ValR, ValX};
use std::cmp::Ordering;
use std::fmt;
use std::ops::{Add, Div, Mul, Neg, Rem, Sub};

/// Longest string that an expression may make, in bytes.
const STRING_BYTES_MAX: usize = 1 << 20;

/// A value as jq has it: fields of null are null, keys are in order, numbers are equal by worth.
#[derive(Clone, Debug)]
pub(super) struct Jq(pub(super) Value);

impl fmt::Display for Jq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl From<bool> for Jq {
    fn from(b: bool) -> Self {
        Self(Value::Bool(b))
    }
}
impl From<isize> for Jq {
    fn from(n: isize) -> Self {
        Self(Value::Int(i64::try_from(n).unwrap_or(i64::MAX)))
    }
}
impl From<usize> for Jq {
    fn from(n: usize) -> Self {
        Self(Value::Int(i64::try_from(n).unwrap_or(i64::MAX)))
    }
}
impl From<f64> for Jq {
    fn from(n: f64) -> Self {
        Self(from_float(n))
    }
}
impl From<String> for Jq {
    fn from(text: String) -> Self {
        Self(Value::from(text))
    }
}
impl From<Range<Self>> for Jq {
    fn from(range: Range<Self>) -> Self {
        let bound = |b: Option<Self>| b.map_or(Value::Null, |b| b.0);
        Self([("end", bound(range.end)), ("start", bound(range.start))].into_iter().collect())
    }
}
impl FromIterator<Self> for Jq {
    fn from_iter<I: IntoIterator<Item = Self>>(items: I) -> Self {
        Self(items.into_iter().map(|v| v.0).collect())
    }
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(false) => 1,
        Value::Bool(true) => 2,
        Value::Int(_) | Value::Uint(_) | Value::Float(_) => 3,
        Value::String(_) => 4,
        Value::Array(_) => 5,
        Value::Object(_) => 6,
    }
}

pub(super) fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Array(a), Value::Array(b)) => a
            .iter()
            .zip(b.iter())
            .map(|(a, b)| order(a, b))
            .find(|o| o.is_ne())
            .unwrap_or_else(|| a.len().cmp(&b.len())),
        (Value::Object(a), Value::Object(b)) => a.keys().cmp(b.keys()).then_with(|| {
            let values = a.values().zip(b.values()).map(|(a, b)| order(a, b));
            values.into_iter().find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
        }),
        (a, b) if rank(a) == 3 && rank(b) == 3 => compare(a, b),
        (a, b) => rank(a).cmp(&rank(b)),
    }
}

impl PartialEq for Jq {
    fn eq(&self, other: &Self) -> bool {
        order(&self.0, &other.0).is_eq()
    }
}
impl Eq for Jq {}
impl PartialOrd for Jq {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Jq {
    fn cmp(&self, other: &Self) -> Ordering {
        order(&self.0, &other.0)
    }
}

fn arithmetic(
    a: Jq,
    op: Math,
    b: Jq,
    whole: fn(i64, i64) -> Option<i64>,
    float_op: fn(f64, f64) -> f64,
) -> ValR<Jq> {
    match (&a.0, &b.0) {
        (Value::Int(x), Value::Int(y)) => Ok(match whole(*x, *y) {
            Some(n) => Jq(Value::Int(n)),
            None => float_op(float(&a.0), float(&b.0)).into(),
        }),
        (x, y) if is_number(x) && is_number(y) => Ok(float_op(float(x), float(y)).into()),
        _ => Err(Error::math(a, op, b)),
    }
}

fn bounded(text: String) -> ValR<Jq> {
    if text.len() > STRING_BYTES_MAX {
        return Err(Error::str(format!("a string longer than {STRING_BYTES_MAX} bytes")));
    }
    Ok(text.into())
}

impl Add for Jq {
    type Output = ValR<Self>;
    fn add(self, other: Self) -> ValR<Self> {
        step(1)?;
        match (self.0, other.0) {
            (Value::Null, v) | (v, Value::Null) => Ok(Self(v)),
            (Value::String(a), Value::String(b)) => bounded(format!("{a}{b}")),
            (Value::Array(mut a), Value::Array(b)) => {
                step(u32::try_from(a.len() + b.len()).unwrap_or(u32::MAX))?;
                a.extend(b);
                Ok(Self(Value::Array(a)))
            }
            (Value::Object(mut a), Value::Object(b)) => {
                step(u32::try_from(a.len() + b.len()).unwrap_or(u32::MAX))?;
                a.extend(b);
                Ok(Self(Value::Object(a)))
            }
            (a, b) => arithmetic(Self(a), Math::Add, Self(b), i64::checked_add, |a, b| a + b),
        }
    }
}

impl Sub for Jq {
    type Output = ValR<Self>;
    fn sub(self, other: Self) -> ValR<Self> {
        step(1)?;
        match (self.0, other.0) {
            (Value::Array(a), Value::Array(b)) => {
                step(u32::try_from(a.len().saturating_mul(b.len())).unwrap_or(u32::MAX))?;
                let kept = a.into_iter().filter(|v| !b.iter().any(|o| order(o, v).is_eq()));
                Ok(Self(kept.collect()))
            }
            (a, b) => arithmetic(Self(a), Math::Sub, Self(b), i64::checked_sub, |a, b| a - b),
        }
    }
}

impl Mul for Jq {
    type Output = ValR<Self>;
    fn mul(self, other: Self) -> ValR<Self> {
        step(1)?;
        match (self.0, other.0) {
            (Value::String(text), n) | (n, Value::String(text)) if is_number(&n) => {
                let times = whole(&n).unwrap_or_default();
                if float(&n) <= 0.0 {
                    return Ok(Self(Value::Null));
                }
                let times = usize::try_from(times).unwrap_or_default().max(1);
                if text.len().saturating_mul(times) > STRING_BYTES_MAX {
                    return Err(Error::str(format!("a string longer than {STRING_BYTES_MAX} bytes")));
                }
                bounded(text.as_str().repeat(times))
            }
            (Value::Object(a), Value::Object(b)) => Ok(Self(Value::Object(deep_merge(a, b)))),
            (a, b) => arithmetic(Self(a), Math::Mul, Self(b), i64::checked_mul, |a, b| a * b),
        }
    }
}

fn deep_merge(mut a: Map, b: Map) -> Map {
    for (key, value) in b {
        let merged = match (a.get(&key), value) {
            (Some(Value::Object(old)), Value::Object(new)) => Value::Object(deep_merge(old.clone(), new)),
            (_, value) => value,
        };
        a.insert(key, merged);
    }
    a
}

impl Div for Jq {
    type Output = ValR<Self>;
    fn div(self, other: Self) -> ValR<Self> {
        step(1)?;
        match (&self.0, &other.0) {
            (Value::String(a), Value::String(b)) => {
                let parts: Array = if a.is_empty() {
                    Array::new()
                } else if b.is_empty() {
                    a.chars().map(|c| Value::from(c.to_string())).collect()
                } else {
                    a.split(b.as_str()).map(Value::from).collect()
                };
                Ok(Self(Value::Array(parts)))
            }
            (a, b) if is_number(a) && is_number(b) => Ok(Self(from_float(float(a) / float(b)))),
            _ => Err(Error::math(self, Math::Div, other)),
        }
    }
}

impl Rem for Jq {
    type Output = ValR<Self>;
    fn rem(self, other: Self) -> ValR<Self> {
        step(1)?;
        match (whole(&self.0), whole(&other.0)) {
            (Some(_), Some(0)) => Err(Error::str("cannot modulo by zero")),
            // The sign is the dividend's, as in gojq.
            (Some(a), Some(b)) => Ok(Self(Value::Int(a.checked_rem(b).unwrap_or_default()))),
            _ => Err(Error::math(self, Math::Rem, other)),
        }
    }
}

impl Neg for Jq {
    type Output = ValR<Self>;
    fn neg(self) -> ValR<Self> {
        match &self.0 {
            Value::Int(n) => Ok(Self(n.checked_neg().map_or(Value::Float(-float(&self.0)), Value::Int))),
            n if is_number(n) => Ok(Self(Value::Float(-float(n)))),
            _ => Err(Error::typ(self, "number")),
        }
    }
}

/// Replaces an entry by the first output of `f`; without an output it goes.
fn replaced<'a, I: Iterator<Item = ValX<'a, Jq>>>(
    old: Value,
    f: &impl Fn(Jq) -> I,
) -> Result<Option<Value>, Exn<'a, Jq>> {
    Ok(f(Jq(old)).next().transpose()?.map(|v| v.0))
}

impl jaq_core::ValT for Jq {
    fn from_num(text: &str) -> ValR<Self> {
        if let Ok(n) = text.parse::<i64>() {
            return Ok(Self(Value::Int(n)));
        }
        text.parse::<f64>().map(|n| Self(Value::Float(n))).map_err(Error::str)
    }

    fn from_map<I: IntoIterator<Item = (Self, Self)>>(entries: I) -> ValR<Self> {
        step(1)?;
        let mut map = Map::new();
        for (key, value) in entries {
            match key.0 {
                Value::String(key) => map.insert(key, value.0),
                _ => return Err(Error::typ(key, "string")),
            };
        }
        Ok(Self(Value::Object(map)))
    }

    fn key_values(self) -> BoxIter<'static, ValR<(Self, Self), Self>> {
        if let Err(spent) = step(1) {
            return box_once(Err(spent));
        }
        match self.0 {
            Value::Array(items) => Box::new(
                items.into_iter().enumerate().map(|(n, v)| step(1).map(|()| (Self::from(n), Self(v)))),
            ),
            Value::Object(map) => {
                Box::new(map.into_iter().map(|(k, v)| step(1).map(|()| (Self(Value::String(k)), Self(v)))))
            }
            other => box_once(Err(Error::typ(Self(other), "iterable (array or object)"))),
        }
    }

    fn values(self) -> Box<dyn Iterator<Item = ValR<Self>>> {
        Box::new(self.key_values().map(|entry| entry.map(|(_, v)| v)))
    }

    fn index(self, index: &Self) -> ValR<Self> {
        step(1)?;
        match (&self.0, &index.0) {
            (Value::Null, Value::String(_) | Value::Object(_) | Value::Array(_)) => Ok(Self(Value::Null)),
            (Value::Null, n) if is_number(n) => Ok(Self(Value::Null)),
            (Value::Object(map), Value::String(key)) => Ok(Self(map.get(key).cloned().unwrap_or_default())),
            (Value::Array(items), n) if is_number(n) => {
                let found = index_of(n, items.len()).and_then(|n| items.get(n));
                Ok(Self(found.cloned().unwrap_or_default()))
            }
            (Value::Array(_), Value::Object(range)) => {
                let (start, end) =
                    (range.get("start").cloned().map(Self), range.get("end").cloned().map(Self));
                self.range(start.as_ref()..end.as_ref())
            }
            _ => Err(Error::index(self, index.clone())),
        }
    }

    fn range(self, range: Range<&Self>) -> ValR<Self> {
        step(1)?;
        let bounds = |len| slice_bounds(range.start.map(|v| &v.0), range.end.map(|v| &v.0), len);
        let wrong = || Error::str("a bound of a slice is no number");
        match &self.0 {
            Value::Null => Ok(self),
            Value::Array(items) => {
                let (start, end) = bounds(items.len()).ok_or_else(wrong)?;
                Ok(Self(items[start..end].iter().cloned().collect()))
            }
            Value::String(text) => {
                let (start, end) = bounds(text.chars().count()).ok_or_else(wrong)?;
                Ok(text.chars().skip(start).take(end - start).collect::<String>().into())
            }
            _ => Err(Error::typ(self, "array or string")),
        }
    }

    fn map_values<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        step(1)?;
        match self.0 {
            Value::Array(items) => {
                let mut out = Array::with_capacity(items.len());
                for item in items {
                    out.extend(replaced(item, &f)?);
                }
                Ok(Self(Value::Array(out)))
            }
            Value::Object(map) => {
                let mut out = Map::new();
                for (key, value) in map {
                    if let Some(value) = replaced(value, &f)? {
                        out.insert(key, value);
                    }
                }
                Ok(Self(Value::Object(out)))
            }
            other => opt.fail(Self(other), |v| Exn::from(Error::typ(v, "iterable (array or object)"))),
        }
    }

    fn map_index<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        index: &Self,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        step(1)?;
        match (self.0, &index.0) {
            (at @ (Value::Null | Value::Object(_)), Value::String(key)) => {
                let mut map = at.as_object().cloned().unwrap_or_default();
                let old = map.get(key).cloned();
                match replaced(old.clone().unwrap_or_default(), &f)? {
                    Some(new) => {
                        map.insert(key.clone(), new);
                    }
                    None if old.is_none() => return Ok(Self(at)),
                    None => {
                        map.remove(key);
                    }
                }
                Ok(Self(Value::Object(map)))
            }
            (at @ (Value::Null | Value::Array(_)), n) if is_number(n) => {
                let mut items: Vec<Value> = at.as_array().unwrap_or_default().to_vec();
                let Some(place) = index_of(n, items.len()) else {
                    return Err(Exn::from(Error::str("a negative index out of bounds")));
                };
                let old = items.get(place).cloned();
                match replaced(old.clone().unwrap_or_default(), &f)? {
                    Some(new) => {
                        step(u32::try_from(place).unwrap_or(u32::MAX))?;
                        if place >= items.len() {
                            items.resize(place + 1, Value::Null);
                        }
                        items[place] = new;
                    }
                    None if old.is_none() => return Ok(Self(at)),
                    None => {
                        items.remove(place);
                    }
                }
                Ok(Self(Value::from(items)))
            }
            (other, _) => opt.fail(Self(other), |v| Exn::from(Error::index(v, index.clone()))),
        }
    }

    fn map_range<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        range: Range<&Self>,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        step(1)?;
        let Value::Array(items) = &self.0 else {
            return opt.fail(self, |v| Exn::from(Error::typ(v, "array")));
        };
        let bounds = slice_bounds(range.start.map(|v| &v.0), range.end.map(|v| &v.0), items.len());
        let Some((start, end)) = bounds else {
            return Err(Exn::from(Error::str("a bound of a slice is no number")));
        };
        let slice: Value = items[start..end].iter().cloned().collect();
        let mut out: Vec<Value> = items[..start].to_vec();
        match replaced(slice, &f)? {
            Some(Value::Array(new)) => out.extend(new),
            Some(other) => return Err(Exn::from(Error::typ(Self(other), "array"))),
            None => {}
        }
        out.extend_from_slice(&items[end..]);
        Ok(Self(Value::from(out)))
    }

    fn as_bool(&self) -> bool {
        !matches!(self.0, Value::Null | Value::Bool(false))
    }

    fn into_string(self) -> Self {
        match self.0 {
            Value::String(text) => Self(Value::String(text)),
            other => other.to_string().into(),
        }
    }
}

impl jaq_std::ValT for Jq {
    fn into_seq<S: FromIterator<Self>>(self) -> Result<S, Self> {
        match self.0 {
            Value::Array(items) => Ok(items.into_iter().map(Self).collect()),
            _ => Err(self),
        }
    }

    fn is_int(&self) -> bool {
        matches!(self.0, Value::Int(_) | Value::Uint(_))
    }

    fn as_isize(&self) -> Option<isize> {
        match self.0 {
            Value::Int(n) => isize::try_from(n).ok(),
            _ => None,
        }
    }

    fn as_f64(&self) -> Option<f64> {
        is_number(&self.0).then(|| float(&self.0))
    }

    fn is_utf8_str(&self) -> bool {
        self.0.as_str().is_some()
    }

    fn as_bytes(&self) -> Option<&[u8]> {
        self.0.as_str().map(str::as_bytes)
    }

    fn as_sub_str(&self, sub: &[u8]) -> Self {
        String::from_utf8_lossy(sub).into_owned().into()
    }

    fn from_utf8_bytes(bytes: impl AsRef<[u8]> + Send + 'static) -> Self {
        String::from_utf8_lossy(bytes.as_ref()).into_owned().into()
    }
}
