//! Differences for people.

use crate::compare::{MASK, MASK_CHANGED, is_secret, masked};
use fairway_schema::managed::equal;
use fairway_value::{Map, Value};

/// Largest number of cells of the table in which a common subsequence of lines is looked for; beyond it the middle part is shown as
/// removed and added as a whole.
const TABLE_MAX: usize = 16_000_000;

/// Lines shown around a change.
const CONTEXT: usize = 3;

/// Returns a unified line diff of the two objects as YAML, with the values of Secrets masked so that a change is still
/// seen. Empty where they are equal.
#[must_use]
pub fn unified(before: Option<&Value>, after: Option<&Value>) -> String {
    let (before, after) = mask_secrets(before, after);
    let yaml = |v: &Option<Value>| v.as_ref().map(fairway_yaml::to_string).unwrap_or_default();
    let (old, new) = (yaml(&before), yaml(&after));
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    hunks(&lines(&old, &new))
}

/// Returns both objects with the values of Secrets masked: values that are equal get equal masks.
#[must_use]
pub fn mask_secrets(before: Option<&Value>, after: Option<&Value>) -> (Option<Value>, Option<Value>) {
    let secret = before.or(after).is_some_and(is_secret);
    if !secret {
        return (before.cloned(), after.cloned());
    }
    let mask = |object: Option<&Value>, other: Option<&Value>, changed: &str| {
        let mut out = object.cloned()?;
        for key in ["data", "stringData"] {
            let Some(values) = out.get(key).and_then(Value::as_object).cloned() else { continue };
            let others = other.and_then(|o| o.get(key));
            let pick = |k: &str, v: &Value| match others.and_then(|o| o.get(k)) {
                Some(o) if !equal(o, v) => masked(v, changed),
                _ => masked(v, MASK),
            };
            out.set_path(&[key], values.iter().map(|(k, v)| (k.clone(), pick(k, v))).collect::<Map>());
        }
        let path = ["metadata", "annotations", fairway_schema::managed::LAST_APPLIED];
        if let Some(applied) = out.get_path(&path).cloned() {
            let same = other.and_then(|o| o.get_path(&path)).is_none_or(|o| equal(o, &applied));
            out.set_path(&path, if same { MASK } else { changed });
        }
        Some(out)
    };
    (mask(before, after, MASK), mask(after, before, MASK_CHANGED))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Both,
    Old,
    New,
}

fn lines<'t>(old: &[&'t str], new: &[&'t str]) -> Vec<(Side, &'t str)> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(|(a, b)| a == b).count();
    let (a, b) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    let mut out: Vec<(Side, &str)> = old[..head].iter().map(|l| (Side::Both, *l)).collect();
    middle(a, b, &mut out);
    out.extend(old[old.len() - tail..].iter().map(|l| (Side::Both, *l)));
    out
}

/// Longest common subsequence by a table.
fn middle<'t>(a: &[&'t str], b: &[&'t str], out: &mut Vec<(Side, &'t str)>) {
    let width = b.len() + 1;
    if (a.len() + 1).saturating_mul(width) > TABLE_MAX {
        out.extend(a.iter().map(|l| (Side::Old, *l)));
        out.extend(b.iter().map(|l| (Side::New, *l)));
        return;
    }
    let mut table = vec![0_u32; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            table[i * width + j] = if a[i] == b[j] {
                table[(i + 1) * width + j + 1] + 1
            } else {
                table[(i + 1) * width + j].max(table[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i] == b[j] {
            out.push((Side::Both, a[i]));
            i += 1;
            j += 1;
        } else if j >= b.len() || (i < a.len() && table[(i + 1) * width + j] >= table[i * width + j + 1]) {
            out.push((Side::Old, a[i]));
            i += 1;
        } else {
            out.push((Side::New, b[j]));
            j += 1;
        }
    }
}

fn hunks(lines: &[(Side, &str)]) -> String {
    let mut shown = vec![false; lines.len()];
    for (n, _) in lines.iter().enumerate().filter(|(_, (side, _))| *side != Side::Both) {
        let (from, to) = (n.saturating_sub(CONTEXT), (n + CONTEXT + 1).min(lines.len()));
        shown[from..to].fill(true);
    }
    let mut out = String::new();
    let (mut old, mut new, mut at) = (1_usize, 1_usize, 0);
    while at < lines.len() {
        if !shown[at] {
            (old, new, at) = (old + 1, new + 1, at + 1);
            continue;
        }
        let end = (at..lines.len()).find(|n| !shown[*n]).unwrap_or(lines.len());
        let count = |skip: Side| lines[at..end].iter().filter(|(side, _)| *side != skip).count();
        let (olds, news) = (count(Side::New), count(Side::Old));
        out.push_str(&format!("@@ -{old},{olds} +{new},{news} @@\n"));
        for (side, line) in &lines[at..end] {
            out.push(match side {
                Side::Both => ' ',
                Side::Old => '-',
                Side::New => '+',
            });
            out.push_str(line);
            out.push('\n');
        }
        (old, new, at) = (old + olds, new + news, end);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_value::from_json;

    fn json(text: &str) -> Value {
        from_json(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_changed_line_is_shown_with_its_neighbours() {
        let diff = unified(Some(&json(r#"{"a":1,"b":2,"c":3}"#)), Some(&json(r#"{"a":1,"b":5,"c":3}"#)));
        assert_eq!(diff, "@@ -1,3 +1,3 @@\n a: 1\n-b: 2\n+b: 5\n c: 3\n");
        assert_eq!(unified(Some(&json("{}")), Some(&json("{}"))), "");
    }

    #[test]
    fn a_changed_secret_is_seen_and_not_shown() {
        let secret = |v: &str| {
            json(&format!(r#"{{"apiVersion":"v1","kind":"Secret","data":{{"k":"{v}","same":"c2FtZQ=="}}}}"#))
        };
        let diff = unified(Some(&secret("b25l")), Some(&secret("dHdv")));
        assert!(diff.contains("-  k: ++++++++\n") && diff.contains("+  k: +++++++++\n"), "{diff}");
        assert!(!diff.contains("b25l") && !diff.contains("dHdv") && !diff.contains("c2FtZQ"), "{diff}");
    }
}
