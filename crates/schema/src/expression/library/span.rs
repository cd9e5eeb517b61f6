//! Lengths of time.

use super::{Moment, failed, value_type};
use cel::common::traits::{Adder, Comparer, Subtractor};
use cel::common::types::{CelInt, CelString};
use cel::common::value::{CowVal, Val};
use cel::{DeclarationError, Env, ExecutionError, add_member_overload, add_overload};
use std::cmp::Ordering;

/// A length of time in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span(pub i64);

value_type!(Span, "google.protobuf.Duration", {
    fn as_adder<'b, 'v>(&'b self) -> Option<&'b (dyn Adder + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }
    fn as_subtractor<'b, 'v>(&'b self) -> Option<&'b (dyn Subtractor + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }
    fn as_comparer(&self) -> Option<&dyn Comparer> {
        Some(self)
    }
});

/// Units, longer names first.
const UNITS: [(&str, i128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

impl Span {
    /// Reads a duration as Go's `time.ParseDuration`.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, mut rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        if rest == "0" {
            return Some(Self(0));
        }
        if rest.is_empty() {
            return None;
        }
        let mut nanos = 0_i128;
        while !rest.is_empty() {
            let digits = |t: &str| t.bytes().take_while(u8::is_ascii_digit).count();
            let (whole, after) = rest.split_at(digits(rest));
            let (fraction, after) = match after.strip_prefix('.') {
                Some(behind) => behind.split_at(digits(behind)),
                None => ("", after),
            };
            if whole.is_empty() && fraction.is_empty() {
                return None;
            }
            let length = after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len());
            let (name, next) = after.split_at(length);
            let (_, unit) = UNITS.iter().find(|(n, _)| *n == name)?;
            let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
            nanos = nanos.checked_add(whole.checked_mul(*unit)?)?;
            let mut scale = *unit;
            for digit in fraction.bytes() {
                scale /= 10;
                nanos += i128::from(digit - b'0') * scale;
            }
            rest = next;
        }
        i64::try_from(if negative { -nanos } else { nanos }).ok().map(Self)
    }
}

/// What words for units begin with.
const WORDS: [(&str, i64); 7] = [
    ("nano", 1),
    ("micro", 1_000),
    ("milli", 1_000_000),
    ("sec", 1_000_000_000),
    ("min", 60_000_000_000),
    ("hour", 3_600_000_000_000),
    ("day", 86_400_000_000_000),
];

/// Short words for units.
const SHORT: [(&str, i64); 10] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("hr", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
    ("w", 604_800_000_000_000),
    ("wk", 604_800_000_000_000),
];

impl Span {
    /// Reads a duration in words, as kube-openapi's `strfmt` does beside Go's: `3 days`.
    pub fn parse_words(text: &str) -> Option<Self> {
        let mut total = 0_i64;
        let mut found = false;
        let mut rest = text;
        while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
            let (number, after) =
                rest[at..].split_at(rest[at..].bytes().take_while(u8::is_ascii_digit).count());
            let word = after.trim_start();
            let length = word.bytes().take_while(u8::is_ascii_alphabetic).count();
            let (word, after) = word.split_at(length);
            let word = word.to_ascii_lowercase();
            let unit = SHORT
                .iter()
                .find(|(w, _)| *w == word)
                .or_else(|| WORDS.iter().find(|(start, _)| word.starts_with(start)));
            let unit =
                unit.map(|(_, unit)| *unit).or(word.starts_with("week").then_some(604_800_000_000_000));
            if let Some(unit) = unit {
                total = total.checked_add(number.parse::<i64>().ok()?.checked_mul(unit)?)?;
                found = true;
            }
            rest = after;
        }
        found.then_some(Self(total))
    }
}

impl std::fmt::Display for Span {
    /// Seconds.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (seconds, rest) = (self.0.unsigned_abs() / 1_000_000_000, self.0.unsigned_abs() % 1_000_000_000);
        let sign = if self.0 < 0 { "-" } else { "" };
        let fraction = format!("{rest:09}");
        match fraction.trim_end_matches('0') {
            "" => write!(f, "{sign}{seconds}s"),
            fraction => write!(f, "{sign}{seconds}.{fraction}s"),
        }
    }
}

impl Adder for Span {
    fn add<'b, 'v>(&'b self, rhs: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        if let Some(moment) = rhs.downcast_ref::<Moment>() {
            return moment.after(self.0).map(CowVal::owned);
        }
        match rhs.downcast_ref::<Span>() {
            Some(other) => match self.0.checked_add(other.0) {
                Some(sum) => Ok(CowVal::owned(Span(sum))),
                None => failed("_+_", "integer overflow"),
            },
            None => failed("_+_", "no such overload"),
        }
    }
}

impl Subtractor for Span {
    fn sub<'b, 'v>(&'b self, rhs: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        match rhs.downcast_ref::<Span>() {
            Some(other) => match self.0.checked_sub(other.0) {
                Some(rest) => Ok(CowVal::owned(Span(rest))),
                None => failed("_-_", "integer overflow"),
            },
            None => failed("_-_", "no such overload"),
        }
    }
}

impl Comparer for Span {
    fn compare(&self, rhs: &dyn Val) -> Result<Ordering, ExecutionError> {
        match rhs.downcast_ref::<Span>() {
            Some(other) => Ok(self.cmp(other)),
            None => Err(ExecutionError::no_such_overload("_<_", Vec::new())),
        }
    }
}

fn duration(text: &CelString<'_>) -> Result<Span, ExecutionError> {
    match Span::parse(text.inner()) {
        Some(span) => Ok(span),
        None => {
            let shown = crate::managed::quote(text.inner());
            failed("duration", format!("time: invalid duration {shown}"))
        }
    }
}

fn from_nanos(nanos: &CelInt) -> Span {
    Span(*nanos.inner())
}

fn nanos(span: &Span) -> CelInt {
    span.0.into()
}

fn same(span: &Span) -> Span {
    *span
}

fn text<'v>(span: &Span) -> CelString<'v> {
    span.to_string().into()
}

fn get_hours(span: &Span) -> CelInt {
    (span.0 / 3_600_000_000_000).into()
}

fn get_minutes(span: &Span) -> CelInt {
    (span.0 / 60_000_000_000).into()
}

fn get_seconds(span: &Span) -> CelInt {
    (span.0 / 1_000_000_000).into()
}

fn get_milliseconds(span: &Span) -> CelInt {
    (span.0 / 1_000_000).into()
}

pub(super) fn extend(env: &mut Env) -> Result<(), DeclarationError> {
    add_overload!(env, fn duration: (CelString<'_>) -> Result<Span>)?;
    add_overload!(env, fn same: (Span) -> Span, name = "duration")?;
    add_overload!(env, fn from_nanos: (CelInt) -> Span, name = "duration")?;
    add_overload!(env, fn nanos: (Span) -> CelInt, name = "int")?;
    add_overload!(env, fn text: (Span) -> CelString<'_>, name = "string")?;
    add_member_overload!(env, fn get_hours: (Span) -> CelInt)?;
    add_member_overload!(env, fn get_minutes: (Span) -> CelInt)?;
    add_member_overload!(env, fn get_seconds: (Span) -> CelInt)?;
    add_member_overload!(env, fn get_milliseconds: (Span) -> CelInt)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{hold, of};

    #[test]
    fn lengths_of_time() {
        hold(&[
            "duration('1h30m') == duration('90m') && duration('1.5h') == duration('5400s')",
            "duration('-1s') < duration('0') && duration('2m') >= duration('120s')",
            "duration('1h') + duration('1m') - duration('61m') == duration('0s')",
            "duration('3730s').getHours() == 1 && duration('3730s').getMinutes() == 62",
            "string(duration('1500ms')) == '1.5s' && string(duration('-2s')) == '-2s'",
        ]);
        for bad in ["duration('')", "duration('1')", "duration('1d')", "duration('s')", "duration('1e3s')"] {
            assert!(of(bad).is_err(), "{bad}");
        }
    }
}
