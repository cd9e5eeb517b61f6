//! Go's `filepath.Match`.

/// A pattern is malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadPattern;

/// Matches a whole path against a shell pattern; `*` and `?` do not cross a `/`.
pub(crate) fn matches(pattern: &str, name: &str) -> Result<bool, BadPattern> {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    // Go checks the rest of a pattern even when the match has failed.
    check(&pattern)?;
    Ok(step(&pattern, &name))
}

fn check(pattern: &[char]) -> Result<(), BadPattern> {
    let mut at = 0;
    while at < pattern.len() {
        match pattern[at] {
            '\\' => {
                if at + 1 >= pattern.len() {
                    return Err(BadPattern);
                }
                at += 2;
            }
            '[' => at = class_end(pattern, at)?,
            _ => at += 1,
        }
    }
    Ok(())
}

/// Returns the position behind a class that starts at `at`.
fn class_end(pattern: &[char], at: usize) -> Result<usize, BadPattern> {
    let mut i = at + 1;
    if pattern.get(i) == Some(&'^') {
        i += 1;
    }
    let mut ranges = 0;
    loop {
        if pattern.get(i) == Some(&']') && ranges > 0 {
            return Ok(i + 1);
        }
        i = class_char(pattern, i)?.1;
        if pattern.get(i) == Some(&'-') {
            i = class_char(pattern, i + 1)?.1;
        }
        ranges += 1;
    }
}

fn class_char(pattern: &[char], at: usize) -> Result<(char, usize), BadPattern> {
    match pattern.get(at) {
        None | Some('-' | ']') => Err(BadPattern),
        Some('\\') => pattern.get(at + 1).map(|c| (*c, at + 2)).ok_or(BadPattern),
        Some(c) => Ok((*c, at + 1)),
    }
}

/// Matches with one place to come back to, so that many stars cost no more than pattern times name.
fn step(pattern: &[char], name: &[char]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        if p < pattern.len() && pattern[p] == '*' {
            retry = Some((p + 1, n));
            p += 1;
            continue;
        }
        if p == pattern.len() && n == name.len() {
            return true;
        }
        if p < pattern.len()
            && n < name.len()
            && let Some(next) = one(pattern, p, name[n])
        {
            p = next;
            n += 1;
            continue;
        }
        // Let the last star take one character more.
        match retry {
            Some((after, at)) if at < name.len() && name[at] != '/' => {
                retry = Some((after, at + 1));
                (p, n) = (after, at + 1);
            }
            _ => return false,
        }
    }
}

/// Matches one character and returns the position behind what matched it.
fn one(pattern: &[char], p: usize, c: char) -> Option<usize> {
    match pattern[p] {
        '?' => (c != '/').then_some(p + 1),
        '\\' => (pattern.get(p + 1) == Some(&c)).then_some(p + 2),
        '[' => {
            let end = class_end(pattern, p).ok()?;
            (c != '/' && in_class(&pattern[p + 1..end - 1], c)).then_some(end)
        }
        literal => (literal == c).then_some(p + 1),
    }
}

fn in_class(class: &[char], c: char) -> bool {
    let (negated, class) = match class {
        ['^', rest @ ..] => (true, rest),
        all => (false, all),
    };
    let mut i = 0;
    let mut found = false;
    while i < class.len() {
        let Ok((low, next)) = class_char(class, i) else { return false };
        let (high, next) = match class.get(next) {
            Some('-') => match class_char(class, next + 1) {
                Ok(pair) => pair,
                Err(BadPattern) => return false,
            },
            _ => (low, next),
        };
        found |= (low..=high).contains(&c);
        i = next;
    }
    found != negated
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stop_at_slashes_and_classes_are_go_s() {
        for (pattern, name, expect) in [
            ("*.txt", "a.txt", Ok(true)),
            ("*.txt", "a/b.txt", Ok(false)),
            ("templates/.?*", "templates/.x", Ok(true)),
            ("templates/.?*", "templates/.", Ok(false)),
            ("a*b*c", "axxbyyc", Ok(true)),
            ("[a-c]x", "bx", Ok(true)),
            ("[^a-c]x", "bx", Ok(false)),
            ("[", "a", Err(BadPattern)),
            ("a\\*", "a*", Ok(true)),
            ("[]a]", "]", Err(BadPattern)),
            ("*", "", Ok(true)),
        ] {
            assert_eq!(matches(pattern, name), expect, "{pattern} {name}");
        }
    }
}
