//! Lengths of time.

use super::{Moment, failed, value_type};
use cel::common::traits::{Adder, Subtractor};
use cel::common::types::{CelInt, CelString};
use cel::common::value::{CowVal, Val};
use cel::{DeclarationError, Env, ExecutionError, add_member_overload, add_overload};

/// A length of time in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span(pub i64);

value_type!(Span, "google.protobuf.Duration", arithmetic);

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

/// Words for units: their whole, or what they begin with.
enum Word {
    Whole(&'static str),
    Begins(&'static str),
}

const WORDS: [(Word, i64); 19] = [
    (Word::Whole("ns"), 1),
    (Word::Begins("nano"), 1),
    (Word::Whole("us"), 1_000),
    (Word::Whole("µs"), 1_000),
    (Word::Begins("micro"), 1_000),
    (Word::Whole("ms"), 1_000_000),
    (Word::Begins("milli"), 1_000_000),
    (Word::Whole("s"), 1_000_000_000),
    (Word::Begins("sec"), 1_000_000_000),
    (Word::Whole("m"), 60_000_000_000),
    (Word::Begins("min"), 60_000_000_000),
    (Word::Whole("h"), 3_600_000_000_000),
    (Word::Whole("hr"), 3_600_000_000_000),
    (Word::Begins("hour"), 3_600_000_000_000),
    (Word::Whole("d"), 86_400_000_000_000),
    (Word::Begins("day"), 86_400_000_000_000),
    (Word::Whole("w"), 604_800_000_000_000),
    (Word::Whole("wk"), 604_800_000_000_000),
    (Word::Begins("week"), 604_800_000_000_000),
];

/// Finds the numbers of a text that a word for a unit follows, with the unit in nanoseconds.
fn in_words(text: &str) -> impl Iterator<Item = (&str, i64)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
            let digits = rest[at..].bytes().take_while(u8::is_ascii_digit).count();
            let number = &rest[at..at + digits];
            let word = rest[at + digits..].trim_start();
            let length = word.find(|c: char| !c.is_ascii_alphabetic() && c != 'µ').unwrap_or(word.len());
            let (word, behind) = word.split_at(length);
            rest = behind;
            let word = word.to_lowercase();
            let unit = WORDS.iter().find(|(known, _)| match known {
                Word::Whole(whole) => word == *whole,
                Word::Begins(start) => word.starts_with(start),
            });
            if let Some((_, unit)) = unit {
                return Some((number, *unit));
            }
        }
        None
    })
}

impl Span {
    /// Whether a text tells a duration in words somewhere.
    pub fn is_in_words(text: &str) -> bool {
        in_words(text).next().is_some()
    }

    /// Reads a duration in words, as kube-openapi's `strfmt` does beside Go's: `3 days`.
    pub fn parse_words(text: &str) -> Option<Self> {
        let mut parts = in_words(text).peekable();
        parts.peek()?;
        let add = |total: i64, (number, unit): (&str, i64)| {
            total.checked_add(number.parse::<i64>().ok()?.checked_mul(unit)?)
        };
        parts.try_fold(0, add).map(Self)
    }
}

/// Writes nanoseconds as a fraction of a second with its point; nothing where there are none.
pub(super) fn fraction(nanos: u32) -> String {
    let digits = format!(".{nanos:09}");
    digits.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl std::fmt::Display for Span {
    /// Seconds.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (seconds, rest) = (self.0 / 1_000_000_000, self.0 % 1_000_000_000);
        let (seconds, rest) = (seconds.unsigned_abs(), u32::try_from(rest.unsigned_abs()).unwrap_or(0));
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{seconds}{}s", fraction(rest))
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
