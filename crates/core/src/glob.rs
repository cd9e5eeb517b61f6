/// Most patterns that the alternatives (`{a,b}`) of one pattern may stand for.
const EXPANSIONS_MAX: usize = 256;

#[derive(Debug, PartialEq)]
enum Token {
    Char(char),
    /// `?`: one character that is no separator.
    One,
    /// `*`: any number of characters that are no separators.
    Star,
    /// `**`: any characters.
    SuperStar,
    /// `[a-z]`, `[!a-z]`.
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

/// Whether a text matches a glob as Argo CD's `util/glob` (gobwas/glob) does.
///
/// `*` matches any run of characters, without the separator where one is given; `**` matches any run; `?` one
/// character; `[abc]`, `[a-z]`, `[!a]` a class; `{a,b}` alternatives; `\` takes the next character as it is. A pattern
/// that cannot be read, or stands for too many, matches nothing. Time is linear in text times pattern.
#[must_use]
pub fn glob_match(pattern: &str, text: &str, separator: Option<char>) -> bool {
    let mut patterns = Vec::new();
    expand(pattern, &mut patterns)
        && patterns.iter().any(|p| parse(p).is_some_and(|tokens| matches(&tokens, text, separator)))
}

/// Replaces `{a,b}` by its alternatives. False where braces do not close or stand for too many patterns.
fn expand(pattern: &str, out: &mut Vec<String>) -> bool {
    let mut todo = vec![pattern.to_owned()];
    while let Some(next) = todo.pop() {
        if todo.len() + out.len() >= EXPANSIONS_MAX {
            return false;
        }
        let Some((start, end, commas)) = first_braces(&next) else {
            out.push(next);
            continue;
        };
        let Some(end) = end else { return false };
        let mut from = start + 1;
        for comma in commas.into_iter().chain([end]) {
            todo.push(format!("{}{}{}", &next[..start], &next[from..comma], &next[end + 1..]));
            from = comma + 1;
        }
    }
    true
}

/// Returns where the first pair of braces opens and closes, and its own commas.
fn first_braces(pattern: &str) -> Option<(usize, Option<usize>, Vec<usize>)> {
    let mut depth = 0_usize;
    let mut start = None;
    let mut commas = Vec::new();
    let mut escaped = false;
    for (at, c) in pattern.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '{' => {
                start = start.or(Some(at));
                depth += 1;
            }
            '}' if depth == 1 => return Some((start?, Some(at), commas)),
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 1 => commas.push(at),
            _ => {}
        }
    }
    start.map(|s| (s, None, commas))
}

fn parse(pattern: &str) -> Option<Vec<Token>> {
    let mut chars = pattern.chars().peekable();
    let mut out = Vec::new();
    while let Some(c) = chars.next() {
        out.push(match c {
            '\\' => Token::Char(chars.next()?),
            '?' => Token::One,
            '*' if chars.peek() == Some(&'*') => {
                while chars.peek() == Some(&'*') {
                    chars.next();
                }
                Token::SuperStar
            }
            '*' => Token::Star,
            '[' => class(&mut chars)?,
            other => Token::Char(other),
        });
    }
    Some(out)
}

fn class(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<Token> {
    let negated = chars.next_if(|c| matches!(c, '!' | '^')).is_some();
    let mut ranges = Vec::new();
    loop {
        let low = match chars.next()? {
            ']' => break,
            '\\' => chars.next()?,
            c => c,
        };
        let high = match chars.next_if_eq(&'-') {
            Some(_) => chars.next()?,
            None => low,
        };
        ranges.push((low, high));
    }
    (!ranges.is_empty()).then_some(Token::Class { negated, ranges })
}

/// Runs all ways through the pattern at once: linear in text times pattern, whatever the stars.
fn matches(tokens: &[Token], text: &str, separator: Option<char>) -> bool {
    let mut at = vec![false; tokens.len() + 1];
    at[0] = true;
    close(tokens, &mut at);
    for c in text.chars() {
        let mut next = vec![false; tokens.len() + 1];
        for (n, token) in tokens.iter().enumerate().filter(|(n, _)| at[*n]) {
            match token {
                Token::Char(wanted) => next[n + 1] |= *wanted == c,
                Token::One => next[n + 1] |= separator != Some(c),
                Token::Star => next[n] |= separator != Some(c),
                Token::SuperStar => next[n] = true,
                Token::Class { negated, ranges } => {
                    next[n + 1] |= ranges.iter().any(|(l, h)| (*l..=*h).contains(&c)) != *negated;
                }
            }
        }
        close(tokens, &mut next);
        at = next;
    }
    at[tokens.len()]
}

fn close(tokens: &[Token], at: &mut [bool]) {
    for (n, token) in tokens.iter().enumerate() {
        if at[n] && matches!(token, Token::Star | Token::SuperStar) {
            at[n + 1] = true;
        }
    }
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
