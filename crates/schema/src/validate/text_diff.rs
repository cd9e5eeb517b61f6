//! Unified differences of texts, as Python's `difflib` (and Go's port of it) finds them.

use std::collections::HashMap;

/// Lines shown around a change.
const CONTEXT: usize = 3;

/// Most lines that are compared; of more nothing is said.
const LINES_MAX: usize = 20_000;

/// From, to, in both texts; and whether the lines are equal.
#[derive(Clone, Copy)]
struct Run {
    equal: bool,
    a: (usize, usize),
    b: (usize, usize),
}

/// Returns the difference of two texts, without a head.
pub(super) fn unified(a: &str, b: &str) -> String {
    let lines = |text: &str| -> Vec<String> { text.split('\n').map(|l| format!("{l}\n")).collect() };
    let (a, b) = (lines(a), lines(b));
    let mut out = String::new();
    if a.len() > LINES_MAX || b.len() > LINES_MAX {
        return out;
    }
    for group in groups(runs(&a, &b)) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        out.push_str(&format!("@@ -{} +{} @@\n", range(first.a.0, last.a.1), range(first.b.0, last.b.1)));
        for run in &group {
            if run.equal {
                a[run.a.0..run.a.1].iter().for_each(|l| out.push_str(&format!(" {l}")));
            } else {
                a[run.a.0..run.a.1].iter().for_each(|l| out.push_str(&format!("-{l}")));
                b[run.b.0..run.b.1].iter().for_each(|l| out.push_str(&format!("+{l}")));
            }
        }
    }
    out
}

fn range(start: usize, end: usize) -> String {
    match end - start {
        1 => (start + 1).to_string(),
        0 => format!("{start},0"),
        length => format!("{},{length}", start + 1),
    }
}

/// Where lines are in `b`; in long texts without those that are everywhere.
fn places(b: &[String]) -> HashMap<&str, Vec<usize>> {
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, line) in b.iter().enumerate() {
        places.entry(line).or_default().push(at);
    }
    if b.len() >= 200 {
        let most = b.len() / 100 + 1;
        places.retain(|_, at| at.len() <= most);
    }
    places
}

fn longest(
    a: &[String],
    b: &[String],
    places: &HashMap<&str, Vec<usize>>,
    (a_from, a_to): (usize, usize),
    (b_from, b_to): (usize, usize),
) -> (usize, usize, usize) {
    let (mut i, mut j, mut size) = (a_from, b_from, 0);
    let mut lengths: HashMap<usize, usize> = HashMap::new();
    for (at, line) in a.iter().enumerate().take(a_to).skip(a_from) {
        let mut next: HashMap<usize, usize> = HashMap::new();
        let found = places.get(line.as_str()).map_or(&[][..], Vec::as_slice);
        for place in found.iter().copied().filter(|p| (b_from..b_to).contains(p)) {
            let before = place.checked_sub(1).and_then(|p| lengths.get(&p)).copied().unwrap_or(0);
            let length = before + 1;
            next.insert(place, length);
            if length > size {
                (i, j, size) = (at + 1 - length, place + 1 - length, length);
            }
        }
        lengths = next;
    }
    while i > a_from && j > b_from && a[i - 1] == b[j - 1] {
        (i, j, size) = (i - 1, j - 1, size + 1);
    }
    while i + size < a_to && j + size < b_to && a[i + size] == b[j + size] {
        size += 1;
    }
    (i, j, size)
}

/// Equal and changed runs of lines, in order.
fn runs(a: &[String], b: &[String]) -> Vec<Run> {
    let places = places(b);
    let mut found: Vec<(usize, usize, usize)> = Vec::new();
    let mut open = vec![((0, a.len()), (0, b.len()))];
    while let Some((in_a, in_b)) = open.pop() {
        let (i, j, size) = longest(a, b, &places, in_a, in_b);
        if size == 0 {
            continue;
        }
        found.push((i, j, size));
        if in_a.0 < i && in_b.0 < j {
            open.push(((in_a.0, i), (in_b.0, j)));
        }
        if i + size < in_a.1 && j + size < in_b.1 {
            open.push(((i + size, in_a.1), (j + size, in_b.1)));
        }
    }
    found.sort_unstable();
    found.push((a.len(), b.len(), 0));
    let mut out: Vec<Run> = Vec::new();
    let (mut i, mut j) = (0, 0);
    for (at, place, size) in found {
        if i < at || j < place {
            out.push(Run { equal: false, a: (i, at), b: (j, place) });
        }
        if size > 0 {
            match out.last_mut() {
                Some(last) if last.equal && last.a.1 == at && last.b.1 == place => {
                    last.a.1 += size;
                    last.b.1 += size;
                }
                _ => out.push(Run { equal: true, a: (at, at + size), b: (place, place + size) }),
            }
        }
        (i, j) = (at + size, place + size);
    }
    out
}

/// Changes with some lines around them; those near each other together.
fn groups(mut runs: Vec<Run>) -> Vec<Vec<Run>> {
    if let Some(first) = runs.first_mut().filter(|r| r.equal) {
        let skip = (first.a.1 - first.a.0).saturating_sub(CONTEXT);
        first.a.0 += skip;
        first.b.0 += skip;
    }
    if let Some(last) = runs.last_mut().filter(|r| r.equal) {
        let skip = (last.a.1 - last.a.0).saturating_sub(CONTEXT);
        last.a.1 -= skip;
        last.b.1 -= skip;
    }
    let mut out: Vec<Vec<Run>> = vec![Vec::new()];
    for run in runs {
        let length = run.a.1 - run.a.0;
        let mut run = run;
        if run.equal && length > 2 * CONTEXT {
            let head = Run { equal: true, a: (run.a.0, run.a.0 + CONTEXT), b: (run.b.0, run.b.0 + CONTEXT) };
            out.last_mut().into_iter().for_each(|g| g.push(head));
            out.push(Vec::new());
            run.a.0 = run.a.1 - CONTEXT;
            run.b.0 = run.b.1 - CONTEXT;
        }
        out.last_mut().into_iter().for_each(|g| g.push(run));
    }
    out.retain(|g| g.iter().any(|r| !r.equal));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_changed_line_is_shown_with_three_around_it() {
        let a = "1\n2\n3\n4\n5\n6\n7\n8\n9";
        let b = "1\n2\n3\n4\nx\n6\n7\n8\n9";
        assert_eq!(unified(a, b), "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n");
        assert_eq!(unified(a, a), "");
    }
}
