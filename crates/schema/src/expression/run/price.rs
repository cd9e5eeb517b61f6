//! What a call costs for what it is given.

use crate::expression::check::{Kind, Overload};
use crate::expression::cost::{CALL_AND_LIST, LETTER, PATTERN_LETTER, costs_one, scaled};
use crate::expression::library::pattern_letters;
use cel::common::ast::operators;
use cel::common::types::{CelBytes, CelList, CelMap, CelOptional, CelString};
use cel::common::value::Val;

/// What a call costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Price {
    One,
    /// The letters of the first argument are gone through so often.
    Letters(f64),
    /// Every entry of the second argument is looked at.
    Entries,
    /// As far as the shorter of both.
    Shorter,
    Both,
    /// A text is searched for another.
    Search,
    /// A text is held against a pattern.
    Pattern,
    /// Everything in the first argument is gone through.
    Deep,
    /// The letters of what it gives.
    Joined,
    /// A text is held against a format.
    Format,
    /// An address or network is looked for in a network, maybe read from a text first.
    Within {
        network: bool,
        text: bool,
    },
    /// Every entry of a list is held against every one of another, so often.
    Sets(f64),
    /// A list is made.
    NewList,
    /// A list is made of lists in lists.
    Flat,
    /// Every entry of this argument is held against every other.
    Sorted(usize),
}

/// Returns what a call of a function costs. `overload` is the way it is called, where there is but one that fits.
pub(super) fn price(name: &str, overload: Option<&Overload>) -> Price {
    let kinds = overload.map_or(&[][..], |o| o.arguments.as_slice());
    let takes_text = || kinds.last() == Some(&Kind::String);
    match name {
        "isSorted" | "sum" | "max" | "min" | "indexOf" | "lastIndexOf" => Price::Deep,
        "url" | "lowerAscii" | "upperAscii" | "substring" | "trim" | "cidr" | "isIP" | "isCIDR"
        | "quantity" | "isQuantity" | "semver" | "isSemver" => Price::Letters(1.0),
        "ip" if kinds == [Kind::Named("net.CIDR")] => Price::One,
        "ip" => Price::Letters(1.0),
        "replace" | "split" | "ip.isCanonical" => Price::Letters(2.0),
        "join" => Price::Joined,
        "find" | "findAll" => Price::Pattern,
        "containsIP" => Price::Within { network: false, text: takes_text() },
        "containsCIDR" => Price::Within { network: true, text: takes_text() },
        "validate" => Price::Format,
        "matches" if overload.is_some_and(|o| !o.is_method) => Price::One,
        _ if costs_one(name) => Price::One,
        _ => of_one_way(name, kinds),
    }
}

/// What functions cost that are told apart by what they take.
fn of_one_way(name: &str, kinds: &[Kind]) -> Price {
    match (name, kinds) {
        ("startsWith" | "endsWith" | "format" | "strings.quote", [Kind::String, ..])
        | ("bytes", [Kind::String])
        | ("string", [Kind::Bytes]) => Price::Letters(1.0),
        (operators::IN, [_, Kind::List(_)]) => Price::Entries,
        (
            operators::LESS | operators::LESS_EQUALS | operators::GREATER | operators::GREATER_EQUALS,
            [Kind::String | Kind::Bytes, _],
        ) => Price::Shorter,
        (operators::ADD, [Kind::String | Kind::Bytes, _]) => Price::Both,
        ("matches", [Kind::String, _]) => Price::Pattern,
        ("contains", [Kind::String, _]) => Price::Search,
        ("sets.contains" | "sets.intersects", [_, _]) => Price::Sets(1.0),
        ("sets.equivalent", [_, _]) => Price::Sets(2.0),
        ("slice" | "lists.range", [_, ..]) | ("reverse", [Kind::List(_)]) => Price::NewList,
        ("flatten", [_, ..]) => Price::Flat,
        ("distinct" | "sort", [_]) => Price::Sorted(0),
        ("@sortByAssociatedKeys", [_, _]) => Price::Sorted(1),
        _ => Price::One,
    }
}

/// How many letters or entries a value has; one where it has none.
fn size(value: &dyn Val) -> u64 {
    if let Some(sizer) = value.as_sizer() {
        return u64::try_from(*sizer.size().inner()).unwrap_or(0);
    }
    match value.downcast_ref::<CelOptional<'_>>().and_then(CelOptional::option) {
        Some(inner) => size(inner),
        None => 1,
    }
}

fn size_or_one(value: Option<&dyn Val>) -> u64 {
    value.map_or(1, size)
}

/// What it costs to go through all that is in a value.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "counted in floats, and cut off, as the server does"
)]
fn depth(value: &dyn Val) -> u64 {
    let letters = |bytes: usize| (bytes as f64 * LETTER) as u64;
    if let Some(text) = value.downcast_ref::<CelString<'_>>() {
        letters(text.inner().len())
    } else if let Some(bytes) = value.downcast_ref::<CelBytes<'_>>() {
        letters(bytes.inner().len())
    } else if let Some(list) = value.downcast_ref::<CelList<'_>>() {
        list.inner().iter().map(|item| depth(item.as_ref())).sum()
    } else if let Some(map) = value.downcast_ref::<CelMap<'_>>() {
        map.inner().iter().map(|(key, value)| depth(key.inner()) + depth(value.as_ref())).sum()
    } else {
        1
    }
}

/// Whether a value is of a kind that Kubernetes adds, all of which are small.
fn is_small(value: &dyn Val) -> bool {
    let name = value.get_type().name();
    name.starts_with("kubernetes.") || name.starts_with("net.")
}

/// What holding two values against each other costs. Whether they are the same, or whether they are not, is not counted alike.
pub(super) fn comparison(sides: [Option<&dyn Val>; 2], negated: bool) -> u64 {
    match sides[0] {
        Some(left) if !negated && is_small(left) => 1,
        _ => scaled(size_or_one(sides[0]).min(size_or_one(sides[1])), LETTER),
    }
}

fn matching(text: u64, pattern: u64) -> u64 {
    scaled(text.saturating_add(1), LETTER).saturating_mul(scaled(pattern, PATTERN_LETTER))
}

impl Price {
    /// What the call costs by its arguments, where they say it; a failed one is nothing.
    pub fn of_arguments(self, arguments: &[Option<&dyn Val>]) -> u64 {
        let size = |n: usize| size_or_one(arguments.get(n).copied().flatten());
        let letters = |count: u64| scaled(count, LETTER);
        match self {
            Self::One => 1,
            Self::Letters(times) => scaled(size(0), times * LETTER),
            Self::Entries => size(1),
            Self::Shorter => letters(size(0).min(size(1))),
            Self::Both => letters(size(0).saturating_add(size(1))),
            Self::Search => letters(size(0)).saturating_mul(letters(size(1))),
            Self::Pattern => matching(size(0), size(1)),
            Self::Deep => arguments.first().copied().flatten().map_or(1, depth),
            Self::Format => match arguments.first().copied().flatten().and_then(pattern_letters) {
                Some(pattern) => matching(size(1), pattern),
                None => 1,
            },
            Self::Within { network, text } => {
                let mask = if network { letters(size(0)) + 1 } else { 0 };
                letters(size(0) * 2) + mask + if text { letters(size(1)) } else { 0 }
            }
            Self::Sets(times) => 1 + floored(size(0).saturating_mul(size(1)), times),
            Self::Flat => {
                let depth = arguments.get(1).copied().flatten();
                let depth = depth.and_then(|d| d.downcast_ref::<cel::common::types::CelInt>());
                #[expect(clippy::cast_precision_loss, reason = "counted in floats as the server does")]
                let depth = depth.map_or(1.0, |d| *d.inner() as f64);
                floored(size(0), depth).saturating_add(CALL_AND_LIST)
            }
            Self::Sorted(at) => {
                let list = arguments.get(at).copied().flatten().and_then(|l| l.downcast_ref::<CelList<'_>>());
                let of_letters = list.and_then(|l| l.inner().first()).is_some_and(|first| {
                    first.downcast_ref::<CelString<'_>>().is_some()
                        || first.downcast_ref::<CelBytes<'_>>().is_some()
                });
                let each = if of_letters { 2.0 + LETTER } else { 2.0 };
                let count = size(at);
                floored(count.saturating_mul(count), each).saturating_add(CALL_AND_LIST)
            }
            Self::Joined | Self::NewList => 0,
        }
    }

    /// What the call costs by what it gives.
    pub fn of_result(self, result: Option<&dyn Val>) -> u64 {
        match self {
            Self::Joined => scaled(size_or_one(result), 2.0 * LETTER),
            Self::NewList => size_or_one(result).saturating_add(CALL_AND_LIST),
            _ => 0,
        }
    }
}

/// A multiple of a number, cut off.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "counted in floats as the server does"
)]
fn floored(count: u64, times: f64) -> u64 {
    (count as f64 * times) as u64
}
