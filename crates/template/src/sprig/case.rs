//! Letter case, as Go's `strings`, goutils and xstrings change it.

use super::strings::is_space;

/// Go maps a character to one character; Rust to several where Unicode's full mapping asks for it.
fn one(mut mapped: impl Iterator<Item = char>, c: char) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(m), None) => m,
        _ if c == 'İ' => 'i',
        _ => c,
    }
}

fn to_upper(c: char) -> char {
    one(c.to_uppercase(), c)
}

fn to_lower(c: char) -> char {
    one(c.to_lowercase(), c)
}

/// The title case of a letter: that of the digraphs differs from their upper case.
fn to_title(c: char) -> char {
    match c {
        'Ǆ' | 'ǅ' | 'ǆ' => 'ǅ',
        'Ǉ' | 'ǈ' | 'ǉ' => 'ǈ',
        'Ǌ' | 'ǋ' | 'ǌ' => 'ǋ',
        'Ǳ' | 'ǲ' | 'ǳ' => 'ǲ',
        c => to_upper(c),
    }
}

pub(super) fn upper(s: &str) -> String {
    if s.is_ascii() { s.to_ascii_uppercase() } else { s.chars().map(to_upper).collect() }
}

pub(super) fn lower(s: &str) -> String {
    if s.is_ascii() { s.to_ascii_lowercase() } else { s.chars().map(to_lower).collect() }
}

/// Go's `strings.Title`.
pub(super) fn title(s: &str) -> String {
    let mut after_separator = true;
    s.chars()
        .map(|c| {
            let out = if after_separator { to_title(c) } else { c };
            after_separator = if c.is_ascii() {
                !(c.is_ascii_alphanumeric() || c == '_')
            } else {
                !c.is_alphanumeric() && is_space(c)
            };
            out
        })
        .collect()
}

/// The first letter of each word in lower case.
pub(super) fn untitle(s: &str) -> String {
    let mut at_start = true;
    s.chars()
        .map(|c| {
            if is_space(c) {
                at_start = true;
                return c;
            }
            if std::mem::take(&mut at_start) { to_lower(c) } else { c }
        })
        .collect()
}

pub(super) fn swap(s: &str) -> String {
    let mut after_space = true;
    s.chars()
        .map(|c| {
            if c.is_uppercase() || matches!(c, 'ǅ' | 'ǈ' | 'ǋ' | 'ǲ') {
                after_space = false;
                to_lower(c)
            } else if c.is_lowercase() {
                if std::mem::take(&mut after_space) { to_title(c) } else { to_upper(c) }
            } else {
                after_space = is_space(c);
                c
            }
        })
        .collect()
}

fn is_connector(c: char) -> bool {
    c == '-' || c == '_' || is_space(c)
}

/// `some_words` as `SomeWords`, as xstrings 1.5 `ToPascalCase`.
pub(super) fn pascal(s: &str) -> String {
    let mut out = String::with_capacity(s.len());
    let mut chars = s.chars();
    let mut current = '\0';
    let mut first_upper = false;
    let mut seen = false;
    for c in chars.by_ref() {
        seen = true;
        current = c;
        if !is_connector(c) {
            first_upper = c.is_uppercase();
            current = to_upper(c);
            break;
        }
        out.push(c);
    }
    if chars.as_str().is_empty() {
        if seen {
            out.push(current);
        }
        return out;
    }
    for c in chars {
        let before = std::mem::replace(&mut current, c);
        if is_connector(c) && is_connector(before) {
            out.push(before);
            continue;
        }
        if is_connector(before) {
            first_upper = c.is_uppercase();
            current = to_upper(c);
        } else {
            if first_upper {
                if c.is_uppercase() {
                    current = to_lower(c);
                } else {
                    first_upper = false;
                }
            }
            out.push(before);
        }
    }
    out.push(current);
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    None,
    Number,
    Upper,
    Alphabet,
    Connector,
    Punctuation,
    Other,
}

/// `FirstName` as `first_name`, as xstrings 1.5 `ToSnakeCase`.
pub(super) fn separated(s: &str, connector: char) -> String {
    let mut out = String::with_capacity(s.len() + 8);
    let mut rest = s;
    let (mut kind, mut word) = next_word(&mut rest);
    let put = |out: &mut String, kind: Word, word: &str| {
        if !matches!(kind, Word::Upper | Word::Connector) {
            out.push_str(word);
            return;
        }
        out.extend(word.chars().map(|c| if is_connector(c) { connector } else { to_lower(c) }));
    };
    let ends = |kind: Word| matches!(kind, Word::None | Word::Connector | Word::Punctuation);
    while !rest.is_empty() {
        if kind != Word::Connector {
            put(&mut out, kind, word);
        }
        let (before, last) = (kind, word);
        (kind, word) = next_word(&mut rest);
        match before {
            Word::Number => {
                while matches!(kind, Word::Alphabet | Word::Number) {
                    put(&mut out, kind, word);
                    (kind, word) = next_word(&mut rest);
                }
                if !ends(kind) {
                    out.push(connector);
                }
            }
            Word::Connector => put(&mut out, before, last),
            Word::Punctuation => {}
            Word::None | Word::Upper | Word::Alphabet | Word::Other => {
                if kind != Word::Number {
                    if !matches!(kind, Word::Connector | Word::Punctuation) {
                        out.push(connector);
                    }
                    continue;
                }
                if rest.is_empty() {
                    continue;
                }
                let number = word;
                (kind, word) = next_word(&mut rest);
                // A number belongs to the word before it, unless small letters follow.
                if kind != Word::Alphabet {
                    put(&mut out, Word::Number, number);
                    if !matches!(kind, Word::Connector | Word::Punctuation) {
                        out.push(connector);
                    }
                    continue;
                }
                out.push(connector);
                put(&mut out, Word::Number, number);
                while matches!(kind, Word::Alphabet | Word::Number) {
                    put(&mut out, kind, word);
                    (kind, word) = next_word(&mut rest);
                }
                if !ends(kind) {
                    out.push(connector);
                }
            }
        }
    }
    put(&mut out, kind, word);
    out
}

fn is_punctuation(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_punctuation() && !matches!(c, '$' | '+' | '<' | '=' | '>' | '^' | '`' | '|' | '~');
    }
    matches!(u32::from(c), 0xa1 | 0xa7 | 0xab | 0xb6 | 0xb7 | 0xbb | 0xbf | 0x2010..=0x2027 | 0x2030..=0x2043 | 0x2045..=0x2051 | 0x2053..=0x205e | 0x3001..=0x3003 | 0x3008..=0x3011 | 0xff01..=0xff03 | 0xff05..=0xff0a | 0xff0c..=0xff0f)
}

/// Letters and marks that belong to alphabetic words: those with a case.
fn is_alphabet(c: char) -> bool {
    c.is_alphabetic()
        && !matches!(u32::from(c), 0x1100..=0x11ff | 0x2e80..=0x9fff | 0xac00..=0xd7ff | 0xf900..=0xfaff | 0x20000..)
}

/// Takes the next word off.
fn next_word<'a>(rest: &mut &'a str) -> (Word, &'a str) {
    let text = *rest;
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return (Word::None, "") };
    let run = |from: usize, belongs: &dyn Fn(char) -> bool| {
        text[from..].find(|c: char| !belongs(c)).map_or(text.len(), |n| from + n)
    };
    let head = first.len_utf8();
    let small = |c: char| is_alphabet(c) && !c.is_uppercase();
    let (kind, end) = if is_connector(first) {
        (Word::Connector, run(head, &is_connector))
    } else if is_punctuation(first) {
        (Word::Punctuation, run(head, &is_punctuation))
    } else if first.is_uppercase() {
        let end = match chars.next() {
            Some(second) if second.is_uppercase() => {
                let end = run(head, &char::is_uppercase);
                // `HTTPStatus` is split in front of the `S`.
                match text[end..].chars().next() {
                    Some(next) if is_alphabet(next) => {
                        end - text[..end].chars().next_back().map_or(0, char::len_utf8)
                    }
                    _ => end,
                }
            }
            Some(second) if is_alphabet(second) => run(head, &small),
            _ => head,
        };
        (Word::Upper, end)
    } else if is_alphabet(first) {
        (Word::Alphabet, run(head, &small))
    } else if first.is_numeric() {
        (Word::Number, run(head, &char::is_numeric))
    } else {
        let other = |c: char| !(is_connector(c) || is_alphabet(c) || c.is_numeric() || is_punctuation(c));
        (Word::Other, run(head, &other))
    };
    *rest = &text[end..];
    (kind, &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_xstrings_splits_them() {
        for (text, snake) in [
            ("FirstName", "first_name"),
            ("HTTPServer", "http_server"),
            ("http2xx", "http_2xx"),
            ("HTTP20xOK", "http_20x_ok"),
            ("Duration2m3s", "duration_2m3s"),
            ("Bld4Floor3rd", "bld4_floor_3rd"),
            ("GO PATH", "go_path"),
        ] {
            assert_eq!(separated(text, '_'), snake, "{text}");
        }
        for (text, camel) in
            [("some_words", "SomeWords"), ("_complex__case_", "_Complex_Case_"), ("GOLANG_IS", "GolangIs")]
        {
            assert_eq!(pascal(text), camel, "{text}");
        }
    }
}
