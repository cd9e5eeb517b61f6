use super::machine::{Fault, Machine, Slot};
use crate::program::RangeVars;
use crate::value::{IntKind, Kind, UintKind};
use crate::{List, Map, Value};
use fairway_value::Str;

/// A loop under way, and the node of what it goes through.
pub(super) struct Loop {
    pub node: u32,
    iteration: Iteration,
}

/// What a loop goes through.
enum Iteration {
    List {
        list: List,
        at: usize,
    },
    Pairs(std::vec::IntoIter<(Value, Value)>, bool),
    /// Entries of a map, which is kept for the errors that name the key.
    Entries(std::vec::IntoIter<(Str, Value)>, bool, Map),
    Bytes {
        bytes: std::rc::Rc<[u8]>,
        at: usize,
    },
    Int {
        kind: IntKind,
        at: i64,
        end: i64,
    },
    Uint {
        kind: UintKind,
        at: u64,
        end: u64,
    },
}

impl Machine<'_> {
    /// Starts to iterate over the value on top; false where there is nothing to iterate over.
    pub(super) fn range_start(&mut self, info: u32) -> Result<bool, Fault> {
        let value = self.pop();
        let has_two = matches!(self.program.ranges[info as usize], RangeVars::Two(..));
        let number = |v: &Value| -> Result<(), Fault> {
            if has_two {
                let shown = crate::fmt::sprint_v(v);
                return Err(format!("can't use {shown} to iterate over more than one variable").into());
            }
            Ok(())
        };
        let iteration = match &value {
            Value::Missing | Value::Nil => None,
            Value::List(list) => (!list.is_empty()).then(|| Iteration::List { list: list.clone(), at: 0 }),
            Value::Map(map) => {
                let boxed = map.elem_type().kind == Kind::Interface;
                (!map.is_empty()).then(|| Iteration::Entries(map.entries().into_iter(), boxed, map.clone()))
            }
            Value::Bytes(b) => (!b.is_empty()).then(|| Iteration::Bytes { bytes: b.clone(), at: 0 }),
            Value::Int(kind, end) => {
                number(&value)?;
                (*end > 0).then_some(Iteration::Int { kind: *kind, at: 0, end: *end })
            }
            Value::Uint(kind, end) => {
                number(&value)?;
                (*end > 0).then_some(Iteration::Uint { kind: *kind, at: 0, end: *end })
            }
            Value::Object(object) if object.entries().is_some() => {
                let entries = object.entries().unwrap_or_default();
                let boxed = object.go_type().elem.is_some_and(|e| e.kind == Kind::Interface);
                (!entries.is_empty()).then(|| Iteration::Pairs(entries.into_iter(), boxed))
            }
            other => {
                self.wrong.push(self.told(other));
                return Err(format!("range can't iterate over {}", crate::fmt::sprint_v(other)).into());
            }
        };
        let Some(iteration) = iteration else { return Ok(false) };
        self.loops.push(Loop { node: self.node, iteration });
        // The dot of the first iteration takes this one's place.
        self.dots.push(Slot::default());
        Ok(true)
    }

    /// Goes to the next item; false where there is none, and the loop is over.
    pub(super) fn range_next(&mut self, info: u32) -> bool {
        let next = self.loops.last_mut().and_then(|l| l.iteration.next());
        let Some((key, value, boxed)) = next else {
            self.range_stop();
            return false;
        };
        match self.program.ranges[info as usize] {
            RangeVars::None => {}
            RangeVars::One(only) => self.set_var(only, Slot { value: value.clone(), boxed }),
            RangeVars::Two(first, second) => {
                self.set_var(first, Slot { value: key, boxed: false });
                self.set_var(second, Slot { value: value.clone(), boxed });
            }
        }
        if let Some(dot) = self.dots.last_mut() {
            *dot = Slot { value, boxed };
        }
        true
    }

    pub(super) fn range_stop(&mut self) {
        self.loops.pop();
        self.dots.pop();
    }
}

impl Loop {
    /// Says which item is under way.
    pub(super) fn item(&self) -> String {
        let number = |at: usize| format!("item {}", at.saturating_sub(1));
        match &self.iteration {
            Iteration::List { list, at } => format!("{} of {} (from 0)", number(*at), list.len()),
            Iteration::Entries(rest, _, map) => {
                let keys = map.keys();
                match keys.len().checked_sub(rest.len() + 1).and_then(|at| keys.get(at)) {
                    Some(key) => format!("key {}", crate::fmt::quote(key)),
                    None => "one of its keys".to_owned(),
                }
            }
            Iteration::Pairs(..) | Iteration::Bytes { .. } => "one of its items".to_owned(),
            Iteration::Int { at, .. } => format!("number {}", at.saturating_sub(1)),
            Iteration::Uint { at, .. } => format!("number {}", at.saturating_sub(1)),
        }
    }
}

impl Iteration {
    /// Returns key and value of the next item, and whether Go sees the value through an interface.
    fn next(&mut self) -> Option<(Value, Value, bool)> {
        match self {
            Self::List { list, at } => {
                let item = list.items().get(*at)?.clone();
                let key = Value::int(i64::try_from(*at).ok()?);
                *at += 1;
                Some((key, item, list.go_type().elem.is_some_and(|e| e.kind == Kind::Interface)))
            }
            Self::Pairs(pairs, boxed) => pairs.next().map(|(k, v)| (k, v, *boxed)),
            Self::Entries(entries, boxed, _) => entries.next().map(|(k, v)| (Value::Str(k), v, *boxed)),
            Self::Bytes { bytes, at } => {
                let byte = *bytes.get(*at)?;
                let key = Value::int(i64::try_from(*at).ok()?);
                *at += 1;
                Some((key, Value::Uint(UintKind::Uint8, byte.into()), false))
            }
            Self::Int { kind, at, end } => {
                let value = Value::Int(*kind, *at);
                (*at < *end).then(|| {
                    *at += 1;
                    (Value::Missing, value, false)
                })
            }
            Self::Uint { kind, at, end } => {
                let value = Value::Uint(*kind, *at);
                (*at < *end).then(|| {
                    *at += 1;
                    (Value::Missing, value, false)
                })
            }
        }
    }
}
