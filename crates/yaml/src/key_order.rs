use crate::Dialect;
use fairway_value::{Map, Str, Value};
use std::cmp::Ordering;

/// Visits a map's entries in go-yaml's order of keys: letters by code, numbers inside keys by value.
pub(crate) fn in_natural_order(map: &Map, dialect: Dialect, visit: &mut dyn FnMut(&str, &Value)) {
    if is_sorted(map, dialect) {
        map.iter().for_each(|(k, v)| visit(k, v));
        return;
    }
    let mut entries: Vec<(&Str, &Value)> = map.iter().collect();
    sort(&mut entries, dialect);
    for (key, value) in entries {
        visit(key, value);
    }
}

fn is_sorted(map: &Map, dialect: Dialect) -> bool {
    let mut keys = map.keys();
    let Some(mut last) = keys.next() else { return true };
    for key in keys {
        if less(key, last, dialect) {
            return false;
        }
        last = key;
    }
    true
}

/// A merge sort. The standard library's may panic where an order contradicts itself, and go-yaml's can.
fn sort(entries: &mut [(&Str, &Value)], dialect: Dialect) {
    // As long as Go sorts by insertion, so do we: where the order contradicts itself, the result is the same.
    const INSERTION_MAX: usize = 12;
    if entries.len() <= INSERTION_MAX {
        for from in 1..entries.len() {
            let mut at = from;
            while at > 0 && less(entries[at].0, entries[at - 1].0, dialect) {
                entries.swap(at, at - 1);
                at -= 1;
            }
        }
        return;
    }
    let middle = entries.len() / 2;
    let (left, right) = entries.split_at_mut(middle);
    sort(left, dialect);
    sort(right, dialect);
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut l, mut r) = (left.iter().peekable(), right.iter().peekable());
    loop {
        let next = match (l.peek(), r.peek()) {
            (Some(a), Some(b)) if less(b.0, a.0, dialect) => r.next(),
            (Some(_), _) => l.next(),
            (None, _) => r.next(),
        };
        match next {
            Some(entry) => merged.push(*entry),
            None => break,
        }
    }
    entries.copy_from_slice(&merged);
}

/// `keyList.Less` of go-yaml's `sorter.go`; v3 differs in what follows digits.
fn less(a: &str, b: &str, dialect: Dialect) -> bool {
    if a.is_ascii() && b.is_ascii() {
        return less_chars(a.as_bytes(), b.as_bytes(), |c| char::from(*c), dialect);
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    less_chars(&a, &b, |c| *c, dialect)
}

fn less_chars<T: PartialEq>(a: &[T], b: &[T], get: impl Fn(&T) -> char, dialect: Dialect) -> bool {
    let Some(at) = a.iter().zip(b).position(|(x, y)| x != y) else { return a.len() < b.len() };
    let (x, y) = (get(&a[at]), get(&b[at]));
    match (x.is_alphabetic(), y.is_alphabetic()) {
        (true, true) => return x < y,
        (false, false) => {}
        (x_is_letter, y_is_letter) => {
            let after_digit = at > 0 && is_digit(get(&a[at - 1]));
            return if dialect == Dialect::V3 && after_digit { x_is_letter } else { y_is_letter };
        }
    }
    let mut start = 0_i64;
    if x == '0' || y == '0' {
        // Behind a digit other than zero, zeros count.
        let before = a[..at].iter().rev().map(&get).take_while(|c| is_digit(*c)).any(|c| c != '0');
        start = i64::from(before);
    }
    let run = |list: &[T]| {
        let mut number = start;
        let mut length = 0;
        for c in list[at..].iter().map(&get).take_while(|c| is_digit(*c)) {
            let digit = i64::from(u32::from(c)) - i64::from(u32::from('0'));
            number = number.wrapping_mul(10).wrapping_add(digit);
            length += 1;
        }
        (number, length)
    };
    match run(a).cmp(&run(b)) {
        Ordering::Less => true,
        Ordering::Greater => false,
        Ordering::Equal => x < y,
    }
}

fn is_digit(c: char) -> bool {
    // Differs: Go takes decimal digits of any script, because the standard library knows no such class.
    c.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(keys: &[&str], dialect: Dialect) -> String {
        let map: Map = keys.iter().map(|k| (Str::from(*k), Value::Null)).collect();
        let mut seen = Vec::new();
        in_natural_order(&map, dialect, &mut |k, _| seen.push(k.to_owned()));
        seen.join(" ")
    }

    #[test]
    fn numbers_inside_keys_are_ordered_by_value() {
        assert_eq!(order(&["a10", "a2", "a", "B", "a-1", "_x", "1"], Dialect::V2), "_x 1 B a a-1 a2 a10");
    }

    #[test]
    fn letters_stand_behind_other_characters() {
        assert_eq!(order(&["ab", "a_b", "a.b"], Dialect::V2), "a.b a_b ab");
        assert_eq!(order(&["1a", "1_"], Dialect::V2), "1_ 1a");
        assert_eq!(order(&["1a", "1_"], Dialect::V3), "1a 1_");
    }

    #[test]
    fn many_keys_are_all_kept() {
        let keys: Vec<String> = (0..40).map(|n| format!("k{n}")).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        assert_eq!(order(&keys, Dialect::V2), keys.join(" "));
    }
}
