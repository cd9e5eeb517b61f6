//! `string.find`, `match`, `gmatch` and `gsub`, which count against the script's budget.

use crate::budget::Budget;
use crate::pattern::{Captured, Matcher};
use mlua::{Lua, LuaString, MultiValue, Table, Value};

/// Longest result of `gsub`, in bytes.
const RESULT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Where a match is: from, to, captures.
type Found = Option<(usize, usize, Vec<Value>)>;

/// Puts the functions into the string library.
pub(crate) fn install(lua: &Lua, strings: &Table, budget: &Budget) -> mlua::Result<()> {
    let own = budget.clone();
    strings.set(
        "find",
        lua.create_function(
            move |lua, (text, pattern, init, plain): (LuaString, LuaString, Option<f64>, Option<bool>)| {
                find(lua, &own, (&text.as_bytes(), &pattern.as_bytes()), init, plain.unwrap_or_default())
            },
        )?,
    )?;
    let own = budget.clone();
    strings.set(
        "match",
        lua.create_function(move |lua, (text, pattern, init): (LuaString, LuaString, Option<f64>)| {
            let (text, pattern) = (text.as_bytes(), pattern.as_bytes());
            let found = search(lua, &own, &text, &pattern, start_of(init, text.len()), true)?;
            Ok(found.map_or_else(nil, |(_, _, captures)| MultiValue::from_vec(captures)))
        })?,
    )?;
    let own = budget.clone();
    let gmatch = lua.create_function(move |lua, (text, pattern): (LuaString, LuaString)| {
        let (own, mut at) = (own.clone(), 0_usize);
        lua.create_function_mut(move |lua, _: MultiValue| {
            let (text, pattern) = (text.as_bytes(), pattern.as_bytes());
            let mut matcher = Matcher::new(&text, &pattern, own.left());
            let found = first(lua, &mut matcher, at..=text.len(), true);
            own.take(matcher.steps())?;
            let Some((from, to, captures)) = found.map_err(|e| e.of(&own))? else {
                at = text.len() + 1;
                return Ok(nil());
            };
            at = if to == from { to + 1 } else { to };
            Ok(MultiValue::from_vec(captures))
        })
    })?;
    strings.set("gmatch", gmatch.clone())?;
    strings.set("gfind", gmatch)?;
    let own = budget.clone();
    strings.set(
        "gsub",
        lua.create_function(
            move |lua, (text, pattern, by, most): (LuaString, LuaString, Value, Option<f64>)| {
                gsub(lua, &own, (&text.as_bytes(), &pattern.as_bytes()), &by, most)
            },
        )?,
    )
}

/// A fault of a pattern, or an error of the VM.
enum Failed {
    Pattern(crate::pattern::Fault),
    Vm(mlua::Error),
}

impl Failed {
    fn of(self, budget: &Budget) -> mlua::Error {
        match self {
            Self::Pattern(fault) => budget.fault(fault),
            Self::Vm(error) => error,
        }
    }
}

impl From<crate::pattern::Fault> for Failed {
    fn from(fault: crate::pattern::Fault) -> Self {
        Self::Pattern(fault)
    }
}

fn nil() -> MultiValue {
    MultiValue::from_vec(vec![Value::Nil])
}

/// A place that counts from 1, or from the end where negative.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "clamped to the length"
)]
fn start_of(init: Option<f64>, len: usize) -> usize {
    let init = init.unwrap_or(1.0).trunc();
    let from = if init < 0.0 { len as f64 + init } else { init - 1.0 };
    (from.max(0.0) as usize).min(len)
}

fn values(lua: &Lua, captures: &[Captured<'_>]) -> Result<Vec<Value>, Failed> {
    captures.iter().map(|c| value(lua, c).map_err(Failed::Vm)).collect()
}

#[expect(clippy::cast_precision_loss, reason = "numbers of Lua 5.1 are floats")]
fn value(lua: &Lua, captured: &Captured<'_>) -> mlua::Result<Value> {
    Ok(match captured {
        Captured::Text(text) => Value::String(lua.create_string(text)?),
        Captured::Place(n) => Value::Number(*n as f64),
    })
}

/// The first match that starts in a range.
fn first(
    lua: &Lua,
    matcher: &mut Matcher<'_>,
    starts: std::ops::RangeInclusive<usize>,
    whole: bool,
) -> Result<Found, Failed> {
    for from in starts {
        if let Some(to) = matcher.at(from)? {
            let captures = if whole { matcher.captures(from, to)? } else { matcher.groups()? };
            return Ok(Some((from, to, values(lua, &captures)?)));
        }
    }
    Ok(None)
}

/// Returns the first match from a place on; without parentheses, its captures are the whole match or nothing.
fn search(
    lua: &Lua,
    budget: &Budget,
    text: &[u8],
    pattern: &[u8],
    start: usize,
    whole: bool,
) -> mlua::Result<Found> {
    let anchored = pattern.strip_prefix(b"^");
    let mut matcher = Matcher::new(text, anchored.unwrap_or(pattern), budget.left());
    let last = if anchored.is_some() { start } else { text.len() };
    let found = first(lua, &mut matcher, start..=last, whole);
    budget.take(matcher.steps())?;
    found.map_err(|e| e.of(budget))
}

#[expect(clippy::cast_precision_loss, reason = "numbers of Lua 5.1 are floats")]
fn find(
    lua: &Lua,
    budget: &Budget,
    (text, pattern): (&[u8], &[u8]),
    init: Option<f64>,
    plain: bool,
) -> mlua::Result<MultiValue> {
    let start = start_of(init, text.len());
    let found = if plain || !pattern.iter().any(|c| b"^$*+?.([%-".contains(c)) {
        let mut steps = 0_u64;
        let mut place = None;
        for from in start..=text.len() {
            let rest = text.get(from..).unwrap_or_default();
            let same = rest.iter().zip(pattern).take_while(|(a, b)| a == b).count();
            steps += 1 + u64::try_from(same).unwrap_or(u64::MAX);
            if same == pattern.len() {
                place = Some(from);
                break;
            }
            if steps > budget.left() {
                return Err(budget.spend());
            }
        }
        budget.take(steps)?;
        place.map(|from| (from, from + pattern.len(), Vec::new()))
    } else {
        search(lua, budget, text, pattern, start, false)?
    };
    Ok(found.map_or_else(nil, |(from, to, captures)| {
        let ends = [Value::Number((from + 1) as f64), Value::Number(to as f64)];
        ends.into_iter().chain(captures).collect()
    }))
}

fn gsub(
    lua: &Lua,
    budget: &Budget,
    (text, pattern): (&[u8], &[u8]),
    by: &Value,
    most: Option<f64>,
) -> mlua::Result<MultiValue> {
    if !matches!(
        by,
        Value::String(_) | Value::Number(_) | Value::Integer(_) | Value::Table(_) | Value::Function(_)
    ) {
        return Err(mlua::Error::runtime("bad argument #3 to 'gsub' (string/function/table expected)"));
    }
    let anchored = pattern.strip_prefix(b"^");
    let most = most.unwrap_or(f64::INFINITY);
    let (mut out, mut at, mut count) = (Vec::new(), 0_usize, 0_u32);
    while f64::from(count) < most {
        let mut matcher = Matcher::new(text, anchored.unwrap_or(pattern), budget.left());
        let end = matcher.at(at);
        budget.take(matcher.steps())?;
        let end = end.map_err(|e| budget.fault(e))?;
        if let Some(end) = end {
            count += 1;
            replace(lua, budget, &matcher, (text, at, end), by, &mut out)?;
        }
        if out.len() > RESULT_BYTES_MAX {
            return Err(mlua::Error::runtime("not enough memory"));
        }
        match (end, text.get(at)) {
            (Some(end), _) if end > at => at = end,
            (_, Some(c)) => {
                out.push(*c);
                at += 1;
            }
            (_, None) => break,
        }
        if anchored.is_some() {
            break;
        }
    }
    out.extend(text.get(at..).unwrap_or_default());
    Ok(MultiValue::from_vec(vec![Value::String(lua.create_string(&out)?), Value::Number(f64::from(count))]))
}

/// Writes what stands for one match.
fn replace(
    lua: &Lua,
    budget: &Budget,
    matcher: &Matcher<'_>,
    (text, from, to): (&[u8], usize, usize),
    by: &Value,
    out: &mut Vec<u8>,
) -> mlua::Result<()> {
    let captured = |n: usize| {
        let captured = matcher.capture(n, from, to).map_err(|e| budget.fault(e))?;
        value(lua, &captured)
    };
    let made = match by {
        Value::Table(table) => table.get::<Value>(captured(0)?)?,
        Value::Function(function) => {
            let captures = matcher.captures(from, to).map_err(|e| budget.fault(e))?;
            let args = captures.iter().map(|c| value(lua, c)).collect::<mlua::Result<MultiValue>>()?;
            function.call::<Value>(args)?
        }
        other => {
            let Some(template) = lua.coerce_string(other.clone())? else { return Ok(()) };
            let mut chars = template.as_bytes().iter().copied().collect::<Vec<u8>>().into_iter();
            budget.take(u64::try_from(chars.len()).unwrap_or(u64::MAX))?;
            while let Some(c) = chars.next() {
                match (c, if c == b'%' { chars.next() } else { None }) {
                    (b'%', Some(b'0')) => out.extend(text.get(from..to).unwrap_or_default()),
                    (b'%', Some(digit @ b'1'..=b'9')) => {
                        append(lua, &captured(usize::from(digit - b'1'))?, out)?
                    }
                    (b'%', Some(other)) => out.push(other),
                    (c, _) => out.push(c),
                }
                if out.len() > RESULT_BYTES_MAX {
                    return Err(mlua::Error::runtime("not enough memory"));
                }
            }
            return Ok(());
        }
    };
    match made {
        Value::Nil | Value::Boolean(false) => {
            out.extend(text.get(from..to).unwrap_or_default());
            Ok(())
        }
        made => append(lua, &made, out),
    }
}

fn append(lua: &Lua, value: &Value, out: &mut Vec<u8>) -> mlua::Result<()> {
    let text = match value {
        Value::String(_) | Value::Number(_) | Value::Integer(_) => lua.coerce_string(value.clone())?,
        _ => None,
    };
    let Some(text) = text else {
        return Err(mlua::Error::runtime(format!("invalid replacement value (a {})", value.type_name())));
    };
    out.extend_from_slice(&text.as_bytes());
    Ok(())
}
