//! Go's regular expressions (RE2 syntax with Perl's classes) put into the words of the `regex` crate.
//!
//! Both match alike, leftmost and by preference; what differs is the syntax at the edges: ASCII classes, braces that
//! are no repetition, `\Q…\E`, set operators that Go does not know, and repetitions that Go refuses.

use regex::Regex;
use regex_automata::meta;
use regex_automata::util::syntax;
use std::iter::Peekable;
use std::ops::Range;
use std::str::Chars;
use std::sync::Arc;

/// Most memory that one compiled expression takes, in bytes.
const SIZE_MAX: usize = 10 << 20;
/// Most repetitions, as in RE2.
const REPEAT_MAX: u32 = 1000;

/// A compiled expression. Its copies share what they search with, which takes ten times as long to make as a short text
/// to search.
///
/// Compiled without the table of all states (a dense DFA) that the `regex` crate makes of every small expression: for the
/// few short texts of a chart it never pays. That of `(-?[^a-z\d\-])+-?` was a quarter of rendering a chart with it.
#[derive(Clone, Debug)]
pub(crate) struct Expression(pub(crate) Arc<meta::Regex>);

impl Expression {
    /// Returns a copy that shares nothing that grows.
    pub(crate) fn apart(&self) -> Self {
        Self(Arc::new(meta::Regex::clone(&self.0)))
    }

    /// Returns how many bytes it takes, without what it searches with.
    pub(crate) fn bytes(&self) -> usize {
        self.0.memory_usage()
    }

    /// Whether the expression matches anywhere.
    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// Returns the first match.
    pub(crate) fn find<'t>(&self, text: &'t str) -> Option<&'t str> {
        self.0.find(text).map(|m| &text[m.range()])
    }

    /// Returns where the matches are, in order.
    pub(crate) fn find_iter(&self, text: &str) -> impl Iterator<Item = Range<usize>> {
        self.0.find_iter(text).map(|m| m.range())
    }

    /// Replaces every match; `$1`, `${1}` and `${name}` in the replacement are what the groups matched.
    pub(crate) fn replace_all(&self, text: &str, with: &str) -> String {
        if !with.contains('$') {
            return self.replace_all_literally(text, with);
        }
        replace(
            text,
            self.0.captures_iter(text).filter_map(|c| Some((c.get_match()?.range(), c))),
            |c, out| {
                c.interpolate_string_into(text, with, out);
            },
        )
    }

    /// Replaces every match by a text as it is.
    pub(crate) fn replace_all_literally(&self, text: &str, with: &str) -> String {
        replace(text, self.find_iter(text).map(|range| (range, ())), |(), out| out.push_str(with))
    }
}

fn replace<M>(
    text: &str,
    found: impl Iterator<Item = (Range<usize>, M)>,
    put: impl Fn(M, &mut String),
) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (range, found) in found {
        out.push_str(&text[from..range.start]);
        put(found, &mut out);
        from = range.end;
    }
    out.push_str(&text[from..]);
    out
}

/// Compiles an expression.
///
/// # Errors
/// Go's kind of complaint.
pub(crate) fn compile(pattern: &str) -> Result<Expression, String> {
    translated(pattern, build)
}

/// Holds an expression to Go's syntax, which costs less than compiling it. How large it becomes is not looked at.
///
/// # Errors
/// Go's complaint.
pub(crate) fn check(pattern: &str) -> Result<(), String> {
    translated(pattern, |translated| match syntax::parse_with(translated, &syntax_config()) {
        Ok(_) => Ok(()),
        Err(_) => Err(UNSUPPORTED.to_owned()),
    })
}

fn translated<T>(pattern: &str, build: impl FnOnce(&str) -> Result<T, String>) -> Result<T, String> {
    let mut translator = Translator {
        chars: pattern.chars().peekable(),
        names: Vec::new(),
        out: String::with_capacity(pattern.len() + 16),
    };
    translator.run().and_then(|()| build(&translator.out)).map_err(|e| {
        let (what, at) = complaint(pattern, &e);
        format!("error parsing regexp: {what}: `{at}`")
    })
}

const UNSUPPORTED: &str = "invalid or unsupported syntax";

fn syntax_config() -> syntax::Config {
    syntax::Config::new().nest_limit(200)
}

fn build(translated: &str) -> Result<Expression, String> {
    let built = meta::Builder::new()
        .configure(meta::Config::new().nfa_size_limit(Some(SIZE_MAX)).dfa(false))
        .syntax(syntax_config())
        .build(translated);
    built.map(|regex| Expression(Arc::new(regex))).map_err(|e| match e.size_limit() {
        Some(_) => "expression too large".to_owned(),
        None => UNSUPPORTED.to_owned(),
    })
}

/// Returns Go's kind of complaint and the part of the expression that it shows.
fn complaint<'a>(pattern: &'a str, error: &'a str) -> (&'a str, &'a str) {
    let part = |regex: &str| Regex::new(regex).ok().and_then(|r| Some(r.find(pattern)?.as_str()));
    // What is shown of a pattern, by the complaint. The first place that can be meant is taken for the one that is.
    let found = match error {
        "invalid repeat count" => part(r"\{\d{4,}(,\d*)?\}|\{\d+,\d+\}"),
        "invalid nested repetition operator" => part(r"([*+?]|\{\d+(,\d*)?\})\??([*+?]|\{\d+(,\d*)?\})"),
        "invalid or unsupported Perl syntax" => part(r"\(\?(<[=!]|P.|[imsU-]*.)"),
        "missing closing ]" => pattern.rfind('[').map(|at| &pattern[at..]),
        "invalid character class range" => part(r"\\[pP](\{[^}]*\}|.)|\[:\^?\w*:\]|[^\[\\]-[^\]\\]"),
        "invalid escape sequence" => part(r"\\[89CEGHIKLMNORTUVXYZceghijklmoqruyx1-7]")
            .or_else(|| part(r"-\\[dswDSWpP]").map(|range| &range[1..])),
        "trailing backslash at end of expression" => Some(""),
        "invalid or unsupported syntax" => return imbalance(pattern),
        _ => None,
    };
    (error, found.unwrap_or(pattern))
}

/// What is wrong with a pattern that the crate alone refuses.
fn imbalance(pattern: &str) -> (&'static str, &str) {
    let start = pattern.find(|c| !matches!(c, '(' | '|' | '^'));
    if let Some(at) = start
        && pattern[at..].starts_with(['*', '+', '?'])
    {
        return ("missing argument to repetition operator", &pattern[at..=at]);
    }
    if let Some(found) = Regex::new(r"\\[pP](\{[^}]*\}|.)").ok().and_then(|r| Some(r.find(pattern)?.as_str()))
    {
        return ("invalid character class range", found);
    }
    let (opened, closed) = (pattern.matches('(').count(), pattern.matches(')').count());
    if opened > closed { ("missing closing )", pattern) } else { ("unexpected )", pattern) }
}

struct Translator<'a> {
    chars: Peekable<Chars<'a>>,
    names: Vec<String>,
    out: String,
}

type Step = Result<(), String>;

/// Perl's classes over ASCII: name, ranges for within brackets.
fn perl_class(c: char) -> Option<&'static str> {
    Some(match c.to_ascii_lowercase() {
        'd' => "0-9",
        's' => r"\t\n\f\r ",
        'w' => "0-9A-Za-z_",
        _ => return None,
    })
}

impl Translator<'_> {
    fn rest(&self) -> String {
        self.chars.clone().collect()
    }

    fn literal(&mut self, c: char) {
        let mut buffer = [0; 4];
        self.out.push_str(&regex::escape(c.encode_utf8(&mut buffer)));
    }

    fn run(&mut self) -> Step {
        // Whether the last thing was a repetition, which Go lets none follow.
        let mut after_repeat = false;
        while let Some(c) = self.chars.next() {
            let repeat = match c {
                '*' | '+' | '?' => {
                    self.out.push(c);
                    true
                }
                '{' => self.braces()?,
                _ => false,
            };
            if repeat {
                if after_repeat {
                    return Err("invalid nested repetition operator".to_owned());
                }
                if self.chars.next_if_eq(&'?').is_some() {
                    self.out.push('?');
                }
                after_repeat = true;
                continue;
            }
            after_repeat = false;
            match c {
                '{' => {}
                '\\' => self.escape()?,
                '[' => self.class()?,
                '(' => self.group()?,
                '.' | '^' | '$' | '|' | ')' => self.out.push(c),
                other => self.literal(other),
            }
        }
        Ok(())
    }

    /// Reads `{n}`, `{n,}` or `{n,m}`; any other brace is a literal one.
    fn braces(&mut self) -> Result<bool, String> {
        let rest = self.rest();
        let inner = rest.split_once('}').map(|(inner, _)| inner);
        let bounds = inner.and_then(|inner| {
            let (min, max) = inner.split_once(',').unwrap_or((inner, inner));
            let number = |s: &str| {
                let digits = !s.is_empty() && s.len() < 9 && s.bytes().all(|b| b.is_ascii_digit());
                (digits && (s.len() == 1 || !s.starts_with('0'))).then(|| s.parse::<u32>().ok()).flatten()
            };
            let max = if max.is_empty() { Some(None) } else { number(max).map(Some) };
            Some((inner, number(min)?, max?))
        });
        let Some((inner, min, max)) = bounds else {
            self.literal('{');
            return Ok(false);
        };
        if min > REPEAT_MAX || max.is_some_and(|m| m > REPEAT_MAX || m < min) {
            return Err("invalid repeat count".to_owned());
        }
        self.out.push('{');
        self.out.push_str(inner);
        self.out.push('}');
        for _ in 0..=inner.chars().count() {
            self.chars.next();
        }
        Ok(true)
    }

    fn group(&mut self) -> Step {
        self.out.push('(');
        if self.chars.next_if_eq(&'?').is_none() {
            return Ok(());
        }
        self.out.push('?');
        let rest = self.rest();
        let name = rest.strip_prefix("P<").or_else(|| rest.strip_prefix('<'));
        if let Some(name) = name {
            let (name, _) = name.split_once('>').ok_or("invalid named capture")?;
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                return Err("invalid named capture".to_owned());
            }
            // The crate takes no name that starts with a digit; Go does.
            let prefix = if name.starts_with(|c: char| c.is_ascii_digit()) { "_" } else { "" };
            // Of groups with one name Go finds the first.
            let full = format!("{prefix}{name}");
            if self.names.contains(&full) {
                self.out.pop();
            } else {
                self.out.push_str(&format!("P<{full}>"));
                self.names.push(full);
            }
            let skip = rest.find('>').unwrap_or(0) + 1;
            for _ in 0..skip {
                self.chars.next();
            }
            return Ok(());
        }
        loop {
            match self.chars.next() {
                Some(c @ ('i' | 'm' | 's' | 'U' | '-')) => self.out.push(c),
                Some(c @ (':' | ')')) => {
                    self.out.push(c);
                    return Ok(());
                }
                _ => return Err("invalid or unsupported Perl syntax".to_owned()),
            }
        }
    }

    fn escape(&mut self) -> Step {
        let c = self.chars.next().ok_or("trailing backslash at end of expression")?;
        match c {
            'A' | 'z' => self.out.push_str(&format!("\\{c}")),
            'b' => self.out.push_str(r"(?-u:\b)"),
            'B' => self.out.push_str(r"\B"),
            'Q' => {
                let rest = self.rest();
                let (quoted, skip) = match rest.split_once("\\E") {
                    Some((quoted, _)) => (quoted, quoted.chars().count() + 2),
                    None => (rest.as_str(), rest.chars().count()),
                };
                self.out.push_str(&regex::escape(quoted));
                for _ in 0..skip {
                    self.chars.next();
                }
            }
            'p' | 'P' => {
                let class = self.unicode_class(c)?;
                self.out.push_str(&class);
            }
            _ => match perl_class(c) {
                Some(class) if c.is_lowercase() => self.out.push_str(&format!("[{class}]")),
                Some(class) => self.out.push_str(&format!("[^{class}]")),
                None => {
                    let literal = self.escaped_char(c)?;
                    self.literal(literal);
                }
            },
        }
        Ok(())
    }

    fn unicode_class(&mut self, letter: char) -> Result<String, String> {
        const INVALID: &str = "invalid character class range";
        let mut negative = letter == 'P';
        let mut name = String::new();
        match self.chars.next() {
            Some('{') => loop {
                match self.chars.next() {
                    Some('}') => break,
                    Some('^') if name.is_empty() => negative = !negative,
                    Some(c) => name.push(c),
                    None => return Err(INVALID.to_owned()),
                }
            },
            Some(c) => name.push(c),
            None => return Err(INVALID.to_owned()),
        }
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(INVALID.to_owned());
        }
        Ok(format!(r"\{}{{{name}}}", if negative { 'P' } else { 'p' }))
    }

    /// Resolves an escape that stands for one character.
    fn escaped_char(&mut self, c: char) -> Result<char, String> {
        const INVALID: &str = "invalid escape sequence";
        let code = match c {
            'a' => 7,
            'f' => 0xc,
            't' => 9,
            'n' => 0xa,
            'r' => 0xd,
            'v' => 0xb,
            'x' => self.hex()?,
            '0'..='7' => {
                let octal = |c: &char| ('0'..='7').contains(c);
                if c != '0' && !self.chars.peek().is_some_and(octal) {
                    return Err(INVALID.to_owned());
                }
                let mut code = c.to_digit(8).unwrap_or(0);
                for _ in 0..2 {
                    if let Some(d) = self.chars.next_if(octal) {
                        code = code * 8 + d.to_digit(8).unwrap_or(0);
                    }
                }
                code
            }
            other if other.is_ascii() && !other.is_ascii_alphanumeric() => return Ok(other),
            _ => return Err(INVALID.to_owned()),
        };
        char::from_u32(code).ok_or_else(|| INVALID.to_owned())
    }

    fn hex(&mut self) -> Result<u32, String> {
        const INVALID: &str = "invalid escape sequence";
        let mut digits = String::new();
        if self.chars.next_if_eq(&'{').is_some() {
            loop {
                match self.chars.next() {
                    Some('}') => break,
                    Some(c) if c.is_ascii_hexdigit() && digits.len() < 8 => digits.push(c),
                    _ => return Err(INVALID.to_owned()),
                }
            }
        } else {
            digits.extend(self.chars.by_ref().take(2));
        }
        u32::from_str_radix(&digits, 16).map_err(|_| INVALID.to_owned())
    }

    /// Reads a class in brackets, whose `[`, `&&`, `--` and `~~` mean nothing to Go.
    fn class(&mut self) -> Step {
        const MISSING: &str = "missing closing ]";
        self.out.push('[');
        if self.chars.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        let mut first = true;
        loop {
            let rest = self.rest();
            if rest.is_empty() {
                return Err(MISSING.to_owned());
            }
            if rest.starts_with(']') && !first {
                self.chars.next();
                self.out.push(']');
                return Ok(());
            }
            first = false;
            if let Some((name, _)) = rest.strip_prefix("[:").and_then(|r| r.split_once(":]")) {
                self.posix_class(name)?;
                continue;
            }
            if let Some(escape) = rest.strip_prefix('\\').and_then(|r| r.chars().next()) {
                if let Some(class) = perl_class(escape) {
                    self.chars.nth(1);
                    let not = if escape.is_uppercase() { "^" } else { "" };
                    self.out.push_str(&format!("[{not}{class}]"));
                    continue;
                }
                if matches!(escape, 'p' | 'P') {
                    self.chars.nth(1);
                    let class = self.unicode_class(escape)?;
                    self.out.push_str(&class);
                    continue;
                }
            }
            self.class_range()?;
        }
    }

    fn posix_class(&mut self, name: &str) -> Step {
        const NAMES: [&str; 14] = [
            "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
            "space", "upper", "word", "xdigit",
        ];
        if !NAMES.contains(&name.trim_start_matches('^')) {
            return Err("invalid character class range".to_owned());
        }
        self.out.push_str(&format!("[:{name}:]"));
        for _ in 0..name.len() + 4 {
            self.chars.next();
        }
        Ok(())
    }

    fn class_range(&mut self) -> Step {
        let low = self.class_char()?;
        self.class_literal(low);
        let mut ahead = self.chars.clone();
        if ahead.next() == Some('-') && ahead.next().is_some_and(|c| c != ']') {
            self.chars.next();
            let high = self.class_char()?;
            if high < low {
                return Err("invalid character class range".to_owned());
            }
            self.out.push('-');
            self.class_literal(high);
        }
        Ok(())
    }

    fn class_char(&mut self) -> Result<char, String> {
        match self.chars.next() {
            Some('\\') => {
                let c = self.chars.next().ok_or("trailing backslash at end of expression")?;
                self.escaped_char(c)
            }
            Some(c) => Ok(c),
            None => Err("missing closing ]".to_owned()),
        }
    }

    fn class_literal(&mut self, c: char) {
        if c.is_ascii_alphanumeric() || !c.is_ascii() {
            self.out.push(c);
        } else {
            self.out.push_str(&format!(r"\x{:02x}", u32::from(c)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_mean_what_they_mean_in_go() {
        for (pattern, text, expect) in [
            (r"\Qa.b\E+", "a.bb", true),
            (r"^a{,3}$", "a{,3}", true),
            (r"^[[a]$", "[", true),
            (r"^[a&&b]$", "&", true),
            (r"^\d$", "٣", false),
            (r"^\w$", "é", false),
            (r"^[\w-]+$", "a-b", true),
            (r"^[[:alpha:]]$", "x", true),
            (r"^{$", "{", true),
            (r"(?i)^É$", "é", true),
            (r"^\101$", "A", true),
        ] {
            assert_eq!(compile(pattern).unwrap().is_match(text), expect, "{pattern} on {text}");
        }
        for (pattern, message) in [
            ("x(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
            ("a{2}{3}", "invalid nested repetition operator: `{2}{3}`"),
            ("[z-a]", "invalid character class range: `z-a`"),
            ("*a", "missing argument to repetition operator: `*`"),
            ("((", "missing closing ): `((`"),
            (")", "unexpected ): `)`"),
            (r"[a-\d]", r"invalid escape sequence: `\d`"),
            (r"a\C", r"invalid escape sequence: `\C`"),
            (r"\p{Foo}", r"invalid character class range: `\p{Foo}`"),
            ("a{1001}", "invalid repeat count: `{1001}`"),
        ] {
            assert_eq!(compile(pattern).unwrap_err(), format!("error parsing regexp: {message}"));
        }
        for pattern in ["a**", "a{1001}", r"\1", "(?=a)", "[b-a]", "(", "*a", r"\Z", "[a", r"\y", "(?x)a"] {
            assert!(compile(pattern).is_err(), "{pattern}");
        }
    }
}
