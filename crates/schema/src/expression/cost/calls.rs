//! What calls cost: a function of Kubernetes' or of an extension by its name, of the language by what it is given.

use super::size::{Size, ratio, scaled};
use super::walk::Walk;
use super::{CALL_AND_LIST, LETTER, PATTERN_LETTER};
use crate::expression::check::Kind;
use cel::common::ast::{Expr, IdedExpr, LiteralValue, operators};

/// Letters of the longest pattern behind a named format.
const FORMAT_PATTERN: f64 = 128.0;

/// Longest name of a format.
const FORMAT_NAME: u64 = 64;

/// Bytes of the longest address.
const ADDRESS: u64 = 16;

/// Whether every call of a function costs the same: it looks at a few bytes of something that has been read already.
pub(in crate::expression) fn costs_one(name: &str) -> bool {
    const SMALL: [&str; 26] = [
        "masked",
        "prefixLength",
        "family",
        "isUnspecified",
        "isLoopback",
        "isLinkLocalMulticast",
        "isLinkLocalUnicast",
        "isGlobalUnicast",
        "format.named",
        "sign",
        "asInteger",
        "isInteger",
        "asApproximateFloat",
        "isGreaterThan",
        "isLessThan",
        "compareTo",
        "add",
        "sub",
        "major",
        "minor",
        "patch",
        "getScheme",
        "getHostname",
        "getHost",
        "getPort",
        "getEscapedPath",
    ];
    SMALL.contains(&name) || name == "getQuery"
}

/// An argument: where it stands, and what it is.
pub(super) struct Node<'a> {
    pub expr: &'a IdedExpr,
    pub path: Vec<String>,
    pub kind: Kind,
    pub size: Option<Size>,
}

impl Node<'_> {
    fn size(&self) -> Size {
        self.size.unwrap_or(Size::UNKNOWN)
    }

    /// What a text of this size costs to go through.
    fn letters(&self, times: f64) -> u64 {
        scaled(self.size().most, times * LETTER)
    }

    /// The number that it is written as.
    fn number(&self) -> Option<i64> {
        match &self.expr.expr {
            Expr::Literal(LiteralValue::Int(number)) => Some(*number.inner()),
            _ => None,
        }
    }

    fn number_or(&self, other: u64) -> u64 {
        self.number().map_or(other, |n| u64::try_from(n).unwrap_or(0))
    }
}

/// What a call costs, and how large what it gives may be.
pub(super) struct Estimate {
    pub cost: u64,
    pub result: Option<Size>,
}

impl Estimate {
    fn of(cost: u64) -> Self {
        Self { cost, result: None }
    }

    fn giving(cost: u64, result: Size) -> Self {
        Self { cost, result: Some(result) }
    }

    /// A call that makes a list, at a cost for each of so many entries.
    fn list(each: f64, size: Size) -> Self {
        Self::giving(scaled(size.most, each).saturating_add(CALL_AND_LIST), size)
    }
}

/// Returns what a call costs with what its arguments cost. `wanted` are the kinds that this way to call the function takes.
pub(super) fn estimate(
    walk: &mut Walk<'_>,
    e: &IdedExpr,
    name: &str,
    wanted: &[Kind],
    target: Option<&Node<'_>>,
    args: &[(Node<'_>, u64)],
) -> Estimate {
    let arguments = args.iter().fold(0_u64, |sum, (_, cost)| sum.saturating_add(*cost));
    let nodes: Vec<&Node<'_>> = args.iter().map(|(node, _)| node).collect();
    let own = of_extensions(name, wanted, target, &nodes)
        .or_else(|| of_kubernetes(walk, name, wanted, target, &nodes));
    let own = match own {
        Some(own) => own,
        None => match (name, args) {
            (operators::LOGICAL_AND | operators::LOGICAL_OR, _) => return Estimate::of(arguments),
            (operators::CONDITIONAL, [(_, condition), (then, yes), (other, no)]) => {
                let entries = walk.entry(then.expr).zip(walk.entry(other.expr));
                walk.set_entry(e, entries.map(|(a, b)| a.or(b)));
                let size = then.size().or(other.size());
                return Estimate::giving(condition.saturating_add(*yes.max(no)), size);
            }
            _ => of_language(walk, e, name, wanted, target, &nodes),
        },
    };
    Estimate { cost: own.cost.saturating_add(arguments), result: own.result }
}

fn of_extensions(
    name: &str,
    wanted: &[Kind],
    target: Option<&Node<'_>>,
    args: &[&Node<'_>],
) -> Option<Estimate> {
    let sorted = |list: &Node<'_>, keys: Option<&Kind>| {
        let texts = matches!(keys, Some(Kind::List(of)) if matches!(**of, Kind::String | Kind::Bytes));
        Estimate::list(if texts { 2.0 + LETTER } else { 2.0 }, list.size().times(list.size()))
    };
    Some(match (name, target, args) {
        ("sets.contains" | "sets.intersects", None, [a, b]) => {
            Estimate::of(a.size().times(b.size()).most.saturating_add(1))
        }
        ("sets.equivalent", None, [a, b]) => {
            Estimate::of(scaled(a.size().times(b.size()).most, 2.0).saturating_add(1))
        }
        ("slice", Some(list), [start, end]) => {
            let count = end.number_or(list.size().most).wrapping_sub(start.number_or(0));
            Estimate::list(1.0, Size::exactly(count))
        }
        ("flatten", Some(list), []) => Estimate::list(1.0, list.size()),
        #[expect(clippy::cast_precision_loss, reason = "counted in floats as the server does")]
        ("flatten", Some(list), [depth]) => Estimate::list(depth.number_or(u64::MAX) as f64, list.size()),
        ("lists.range", None, [count]) => Estimate::list(1.0, Size::exactly(count.number_or(u64::MAX))),
        ("reverse", Some(list), []) => Estimate::list(1.0, list.size()),
        ("distinct", Some(list), []) => Estimate::list(2.0, list.size().times(list.size())),
        ("sort", Some(list), []) => sorted(list, wanted.first()),
        ("@sortByAssociatedKeys", Some(_), [keys]) => sorted(keys, wanted.get(1)),
        _ => return None,
    })
}

/// The entry of a list, of which the path is known where that of the list is.
fn entry_of(walk: &Walk<'_>, list: &Node<'_>) -> Option<(Kind, Size)> {
    let kind = match &list.kind {
        Kind::List(of) | Kind::Optional(of) | Kind::Type(of) => (**of).clone(),
        Kind::Map(of) => of.0.clone(),
        _ => return None,
    };
    let mut path = list.path.clone();
    let size = if path.is_empty() {
        None
    } else {
        path.push("@items".to_owned());
        walk.size_at(&path)
    };
    Some((kind, size.unwrap_or(Size::UNKNOWN)))
}

fn of_kubernetes(
    walk: &Walk<'_>,
    name: &str,
    wanted: &[Kind],
    target: Option<&Node<'_>>,
    args: &[&Node<'_>],
) -> Option<Estimate> {
    let text_given = || wanted.last() == Some(&Kind::String);
    Some(match (name, target, args) {
        ("isSorted" | "sum" | "max" | "min" | "indexOf" | "lastIndexOf", Some(of), _) => {
            Estimate::of(match entry_of(walk, of) {
                Some((Kind::String | Kind::Bytes, size)) => {
                    of.size().most.saturating_mul(scaled(size.most, LETTER).saturating_add(1))
                }
                Some(_) => of.size().most,
                None => of.letters(1.0),
            })
        }
        ("url", None, [text]) => Estimate::giving(text.letters(1.0), text.size()),
        ("lowerAscii" | "upperAscii" | "substring" | "trim", Some(text), _) => {
            Estimate::giving(text.letters(1.0), text.size())
        }
        ("replace", Some(text), [old, new, ..]) => {
            Estimate::giving(text.letters(2.0), replaced(text.size(), old.size(), new.size()))
        }
        ("split", Some(text), _) => {
            let most = args.get(1).and_then(|n| n.number()).map_or(text.size().most, i64::cast_unsigned);
            Estimate::giving(text.letters(2.0), Size::up_to(most))
        }
        ("join", Some(list), _) => {
            let size = list.size();
            let mut joined = entry_of(walk, list).map_or(Size::exactly(0), |(_, entry)| size.times(entry));
            if let Some(between) = args.first() {
                let count = Size { least: size.least.saturating_sub(1), most: size.most.saturating_sub(1) };
                joined = joined.plus(between.size().times(count));
            }
            Estimate::giving(scaled(joined.most, LETTER), joined)
        }
        ("find" | "findAll", Some(text), [pattern, ..]) => {
            Estimate::giving(matching(text, pattern), Size::up_to(text.size().most))
        }
        ("ip", Some(_), _) => Estimate::of(1),
        (
            "cidr" | "ip" | "isIP" | "isCIDR" | "quantity" | "isQuantity" | "semver" | "isSemver",
            None,
            [text, ..],
        ) => Estimate::of(text.letters(1.0)),
        ("ip.isCanonical", None, [text]) => Estimate::of(text.letters(2.0)),
        ("containsIP" | "containsCIDR", _, [other]) => {
            let mut cost = scaled(ADDRESS + ADDRESS, LETTER);
            if name == "containsCIDR" {
                cost += scaled(ADDRESS, LETTER) + 1;
            }
            Estimate::of(if text_given() { cost.saturating_add(other.letters(1.0)) } else { cost })
        }
        ("validate", _, [text]) => Estimate::of(scaled(text.letters(1.0), FORMAT_PATTERN * PATTERN_LETTER)),
        _ if costs_one(name) => Estimate::of(1),
        (operators::EQUALS, None, [a, b]) if a.kind == b.kind => match a.kind {
            Kind::Named("kubernetes.NamedFormat") => Estimate::of(scaled(FORMAT_NAME, LETTER)),
            Kind::Named("kubernetes.URL") => Estimate::of(b.size.map_or(1, |size| scaled(size.most, LETTER))),
            Kind::Named(_) => Estimate::of(1),
            _ => return None,
        },
        _ => return None,
    })
}

/// The size of a text in which something was replaced by something else.
fn replaced(text: Size, old: Size, new: Size) -> Size {
    // How often something is replaced in so many letters, and how many of them are kept.
    let bound = |letters: u64, old: u64, keeps: bool| match old {
        // What is replaced may be nothing, which is between all letters.
        0 => (letters.saturating_add(1), letters),
        _ if keeps => (0, letters),
        old => (ratio(letters, old), 0),
    };
    let (least_count, least_kept) = bound(text.least, old.most, old.most <= new.least);
    let (most_count, most_kept) = bound(text.most, old.least, new.most <= old.least);
    let count = Size { least: least_count, most: most_count };
    count.times(new).plus(Size { least: least_kept, most: most_kept })
}

/// What it costs to look for a pattern in a text, even in an empty one.
fn matching(text: &Node<'_>, pattern: &Node<'_>) -> u64 {
    let letters = scaled(text.size().plus(Size::exactly(1)).most, LETTER);
    letters.saturating_mul(scaled(pattern.size().most, PATTERN_LETTER))
}

fn of_language(
    walk: &mut Walk<'_>,
    e: &IdedExpr,
    name: &str,
    wanted: &[Kind],
    target: Option<&Node<'_>>,
    args: &[&Node<'_>],
) -> Estimate {
    match (name, target, args, wanted) {
        ("format", Some(text), _, _) => Estimate::of(text.letters(1.0)),
        ("bytes", None, [text], [Kind::String]) => {
            let size = text.size();
            // Four bytes a letter; more than can be counted starts anew, as the server's sum does.
            let result = Size { least: size.least, most: size.most.wrapping_mul(4) };
            Estimate::giving(text.letters(1.0), result)
        }
        ("string", None, [bytes], [Kind::Bytes]) => {
            let size = bytes.size();
            Estimate::giving(bytes.letters(1.0), Size { least: size.least / 4, most: size.most })
        }
        ("strings.quote", None, [text], _) => {
            let size = text.size();
            let (least, most) = (size.least.wrapping_add(2), size.most.wrapping_mul(2).wrapping_add(2));
            Estimate::giving(text.letters(1.0), Size { least, most })
        }
        ("startsWith" | "endsWith", Some(_), [part], _) => Estimate::of(part.letters(1.0)),
        (operators::IN, None, [_, list], [_, Kind::List(_)]) => Estimate::of(list.size().most),
        ("matches", Some(text), [pattern], _) => Estimate::of(matching(text, pattern)),
        ("contains", Some(text), [part], _) => {
            Estimate::of(text.letters(1.0).saturating_mul(part.letters(1.0)))
        }
        (operators::ADD, None, [a, b], [Kind::String | Kind::Bytes | Kind::List(_), _]) => {
            let size = a.size().plus(b.size());
            let entries = walk.entry(a.expr).zip(walk.entry(b.expr));
            walk.set_entry(e, entries.map(|(a, b)| a.or(b)));
            let is_list = matches!(wanted, [Kind::List(_), _]);
            Estimate::giving(if is_list { 1 } else { scaled(size.most, LETTER) }, size)
        }
        (
            operators::LESS | operators::LESS_EQUALS | operators::GREATER | operators::GREATER_EQUALS,
            None,
            [a, b],
            [Kind::String | Kind::Bytes, _],
        )
        | (operators::EQUALS | operators::NOT_EQUALS, None, [a, b], _) => {
            Estimate::of(scaled(a.size().most.min(b.size().most), LETTER))
        }
        _ => Estimate::of(1),
    }
}
