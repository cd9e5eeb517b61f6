//! Numbers as schemas compare them: by their decimal digits, as the library's rationals.

use super::report::count;
use fairway_value::Value;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// Equality of JSON: `1` and `1.0` are one number.
pub(super) fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Array(x), Value::Array(y)) => x.len() == y.len() && x.iter().zip(y).all(|(a, b)| equal(a, b)),
        (Value::Object(x), Value::Object(y)) => {
            x.len() == y.len()
                && x.iter().all(|(key, value)| y.get(key).is_some_and(|other| equal(value, other)))
        }
        _ => match (a.as_f64(), b.as_f64()) {
            (Some(x), Some(y)) => x == y,
            _ => a == b,
        },
    }
}

/// Says which items of a list are equal, if two are.
pub(super) fn repeated(list: &[Value]) -> Option<String> {
    let mut known = HashMap::with_capacity(list.len());
    list.iter().enumerate().find_map(|(n, item)| {
        let mut text = String::new();
        spell(item, &mut text);
        match known.entry(text) {
            Entry::Occupied(first) => {
                Some(format!("items at {} and {} are equal", count(*first.get()), count(n)))
            }
            Entry::Vacant(place) => {
                place.insert(n);
                None
            }
        }
    })
}

/// Writes a value so that those are written alike that are [equal].
fn spell(value: &Value, out: &mut String) {
    match value {
        Value::Array(list) => {
            out.push('[');
            for item in list {
                spell(item, out);
                out.push(',');
            }
        }
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            out.push('{');
            for (key, value) in entries {
                spell(&Value::from(key.as_str()), out);
                spell(value, out);
                out.push(',');
            }
        }
        // Nought has two signs.
        other => out
            .push_str(&other.as_f64().map_or_else(|| other.to_string(), |number| (number + 0.0).to_string())),
    }
}

/// Whether a number is a whole multiple of another, which is above zero.
pub(super) fn is_multiple(number: f64, step: f64) -> bool {
    let exact = || {
        let ((a, left), (b, right)) = (decimal(number)?, decimal(step)?);
        let shared = left.min(right);
        let scale = |digits: i128, power: i32| {
            digits.checked_mul(10_i128.checked_pow(u32::try_from(power - shared).ok()?)?)
        };
        Some(scale(a, left)? % scale(b, right)? == 0)
    };
    exact().unwrap_or_else(|| number % step == 0.0)
}

/// Returns the shortest digits that name a number, and the power of ten that they count.
fn decimal(number: f64) -> Option<(i128, i32)> {
    let text = format!("{number:e}");
    let (mantissa, exponent) = text.split_once('e')?;
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let power = exponent.parse::<i32>().ok()? - i32::try_from(part.len()).ok()?;
    Some((format!("{whole}{part}").parse().ok()?, power))
}

#[cfg(test)]
mod tests {
    use super::{equal, is_multiple, repeated};
    use fairway_value::{Value, from_json};

    fn list(text: &str) -> Vec<Value> {
        from_json(text.as_bytes()).unwrap().as_array().unwrap().to_vec()
    }

    #[test]
    fn equal_items_are_found_as_by_comparing_each() {
        let items =
            list(r#"[1, true, "1", null, "null", [1], [[1]], [1, 1], {"a": 1, "b": [0]}, {}, [], "", 0.5]"#);
        let same = list(
            r#"[1.0, true, "1", null, "null", [1e0], [[1]], [1, 1.0], {"b": [-0.0], "a": 1.0}, {}, [], "", 5e-1]"#,
        );
        assert_eq!(repeated(&items), None);
        for (n, item) in same.iter().enumerate() {
            assert!(equal(item, &items[n]));
            let with = [items.as_slice(), std::slice::from_ref(item)].concat();
            assert_eq!(repeated(&with), Some(format!("items at {n} and {} are equal", items.len())));
        }
    }

    #[test]
    fn multiples_are_those_of_the_digits() {
        assert!(is_multiple(0.3, 0.1) && is_multiple(4.5, 1.5) && is_multiple(0.0075, 0.0001));
        assert!(
            !is_multiple(0.00751, 0.0001) && !is_multiple(35.0, 1.5) && !is_multiple(1e308, 0.123_456_789)
        );
        assert!(is_multiple(12_391_239_123.0, 1e-8) && is_multiple(0.0, 7.0) && is_multiple(1e308, 0.5));
    }
}
