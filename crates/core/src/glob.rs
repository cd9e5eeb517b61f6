/// Most steps that one match may take: a pattern with many stars on a long text fails rather than hangs.
const STEPS_MAX: usize = 100_000;

/// Whether a text matches a glob as Argo CD's `util/glob` (gobwas/glob) does.
///
/// `*` matches any run of characters, without the separator where one is given; `**` matches any run; `?` one
/// character; `[abc]`, `[a-z]`, `[!a]` a class; `{a,b}` alternatives; `\` takes the next character as it is. A pattern
/// that cannot be read, or takes too many steps, matches nothing.
#[must_use]
pub fn glob_match(pattern: &str, text: &str, separator: Option<char>) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let mut steps = 0;
    matches(&pattern, &text, separator, &mut steps)
}

fn matches(pattern: &[char], text: &[char], separator: Option<char>, steps: &mut usize) -> bool {
    *steps += 1;
    if *steps > STEPS_MAX {
        return false;
    }
    let Some((first, rest)) = pattern.split_first() else { return text.is_empty() };
    match first {
        '*' => {
            let crosses = rest.first() == Some(&'*');
            let rest = if crosses { &rest[1..] } else { rest };
            for taken in 0..=text.len() {
                if matches(rest, &text[taken..], separator, steps) {
                    return true;
                }
                if !crosses && taken < text.len() && Some(text[taken]) == separator {
                    return false;
                }
            }
            false
        }
        '?' => text
            .split_first()
            .is_some_and(|(c, after)| Some(*c) != separator && matches(rest, after, separator, steps)),
        '[' => class(rest, text, separator, steps),
        '{' => alternatives(rest, text, separator, steps),
        '\\' => match (rest.split_first(), text.split_first()) {
            (Some((p, rest)), Some((c, after))) => p == c && matches(rest, after, separator, steps),
            _ => false,
        },
        literal => text
            .split_first()
            .is_some_and(|(c, after)| c == literal && matches(rest, after, separator, steps)),
    }
}

fn class(pattern: &[char], text: &[char], separator: Option<char>, steps: &mut usize) -> bool {
    let Some(end) = pattern.iter().skip(1).position(|c| *c == ']').map(|p| p + 1) else { return false };
    let Some((c, after)) = text.split_first() else { return false };
    let (negated, set) = match pattern[..end].split_first() {
        Some(('!' | '^', set)) => (true, set),
        _ => (false, &pattern[..end]),
    };
    let mut found = false;
    let mut at = 0;
    while at < set.len() {
        if at + 2 < set.len() && set[at + 1] == '-' {
            found |= (set[at]..=set[at + 2]).contains(c);
            at += 3;
        } else {
            found |= set[at] == *c;
            at += 1;
        }
    }
    found != negated && matches(&pattern[end + 1..], after, separator, steps)
}

fn alternatives(pattern: &[char], text: &[char], separator: Option<char>, steps: &mut usize) -> bool {
    let mut depth = 0;
    let mut from = 0;
    let mut choices = Vec::new();
    for (at, c) in pattern.iter().enumerate() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                choices.push(&pattern[from..at]);
                let rest = &pattern[at + 1..];
                return choices.iter().any(|choice| {
                    let whole: Vec<char> = choice.iter().chain(rest).copied().collect();
                    matches(&whole, text, separator, steps)
                });
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                choices.push(&pattern[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, yes: &[&str], no: &[&str], separator: Option<char>) {
        for text in yes {
            assert!(glob_match(pattern, text, separator), "{pattern} should match {text}");
        }
        for text in no {
            assert!(!glob_match(pattern, text, separator), "{pattern} should not match {text}");
        }
    }

    #[test]
    fn stars_stop_at_a_separator_only_where_one_is_given() {
        check("*.yaml", &["a.yaml", "d/a.yaml"], &["a.yml"], None);
        check("*.yaml", &["a.yaml"], &["d/a.yaml"], Some('/'));
        check("**/a.yaml", &["d/e/a.yaml"], &["a.yaml"], Some('/'));
    }

    #[test]
    fn alternatives_classes_and_escapes_work() {
        check("{*.yml,app-{a,b}.yaml}", &["x.yml", "app-b.yaml"], &["app-c.yaml"], None);
        check("[a-c]?[!x]", &["b1y"], &["d1y", "b1x", "b1"], None);
        check("\\*", &["*"], &["a"], None);
    }

    #[test]
    fn a_pattern_that_would_take_forever_matches_nothing() {
        check(&"*a".repeat(60), &[], &[&"a".repeat(59)], None);
    }
}
