//! Lua 5.1's patterns (`lstrlib.c`), each step counted: the library's own search cannot be stopped.

/// Captures of one pattern, as in Lua 5.1.
const CAPTURES_MAX: usize = 32;

/// Deepest nesting of attempts, as in Lua 5.2.
const DEPTH_MAX: usize = 200;

/// Why a search gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The pattern is malformed.
    Pattern(String),
    /// It took all the steps that it may.
    Spent,
}

/// What a pair of parentheses holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Capture {
    /// From here, its end not seen yet.
    Open(usize),
    /// `()`: the place itself.
    Place(usize),
    /// From, to.
    Closed(usize, usize),
}

/// One capture of a match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Captured<'a> {
    /// Text.
    Text(&'a [u8]),
    /// A place, counted from 1.
    Place(usize),
}

/// A pattern at work on a text.
pub(crate) struct Matcher<'a> {
    text: &'a [u8],
    pattern: &'a [u8],
    captures: Vec<Capture>,
    depth: usize,
    steps: u64,
    steps_max: u64,
}

impl<'a> Matcher<'a> {
    /// Sets a pattern (without its anchor) at a text; it may take so many steps in all.
    pub(crate) fn new(text: &'a [u8], pattern: &'a [u8], steps_max: u64) -> Self {
        Self { text, pattern, captures: Vec::new(), depth: 0, steps: 0, steps_max }
    }

    /// Returns the steps taken so far.
    pub(crate) fn steps(&self) -> u64 {
        self.steps
    }

    /// Matches at one place: returns where the match ends.
    pub(crate) fn at(&mut self, start: usize) -> Result<Option<usize>, Fault> {
        self.captures.clear();
        self.depth = 0;
        self.run(start, 0)
    }

    /// Returns one capture of the last match, which went from `start` to `end`; the first is the whole match where there are none.
    pub(crate) fn capture(&self, n: usize, start: usize, end: usize) -> Result<Captured<'a>, Fault> {
        match self.captures.get(n) {
            None if n == 0 => Ok(Captured::Text(self.text.get(start..end).unwrap_or_default())),
            None => Err(fault("invalid capture index")),
            Some(Capture::Open(_)) => Err(fault("unfinished capture")),
            Some(Capture::Place(at)) => Ok(Captured::Place(at + 1)),
            Some(Capture::Closed(from, to)) => {
                Ok(Captured::Text(self.text.get(*from..*to).unwrap_or_default()))
            }
        }
    }

    /// Returns all captures; the whole match where there are none.
    pub(crate) fn captures(&self, start: usize, end: usize) -> Result<Vec<Captured<'a>>, Fault> {
        (0..self.captures.len().max(1)).map(|n| self.capture(n, start, end)).collect()
    }

    /// Returns only what stands in parentheses.
    pub(crate) fn groups(&self) -> Result<Vec<Captured<'a>>, Fault> {
        (0..self.captures.len()).map(|n| self.capture(n, 0, 0)).collect()
    }

    fn charge(&mut self, steps: usize) -> Result<(), Fault> {
        self.steps = self.steps.saturating_add(u64::try_from(steps).unwrap_or(u64::MAX));
        if self.steps > self.steps_max { Err(Fault::Spent) } else { Ok(()) }
    }

    fn run(&mut self, s: usize, p: usize) -> Result<Option<usize>, Fault> {
        if self.depth >= DEPTH_MAX {
            return Err(fault("pattern too complex"));
        }
        self.depth += 1;
        let out = self.run_from(s, p);
        self.depth -= 1;
        out
    }

    fn run_from(&mut self, mut s: usize, mut p: usize) -> Result<Option<usize>, Fault> {
        loop {
            self.charge(1)?;
            let next = self.pattern.get(p + 1).copied();
            match (self.pattern.get(p).copied(), next) {
                (None, _) => return Ok(Some(s)),
                (Some(b'('), Some(b')')) => return self.open(Capture::Place(s), s, p + 2),
                (Some(b'('), _) => return self.open(Capture::Open(s), s, p + 1),
                (Some(b')'), _) => return self.close(s, p + 1),
                (Some(b'$'), None) => return Ok((s == self.text.len()).then_some(s)),
                (Some(b'%'), Some(b'b')) => match self.balanced(s, p + 2)? {
                    Some(end) => (s, p) = (end, p + 4),
                    None => return Ok(None),
                },
                (Some(b'%'), Some(b'f')) => match self.frontier(s, p + 2)? {
                    Some(end) => p = end,
                    None => return Ok(None),
                },
                (Some(b'%'), Some(digit @ b'0'..=b'9')) => match self.again(s, digit)? {
                    Some(end) => (s, p) = (end, p + 2),
                    None => return Ok(None),
                },
                _ => {
                    let end = self.item_end(p)?;
                    let fits = self.fits(s, p, end)?;
                    match self.pattern.get(end) {
                        Some(b'?') => {
                            if fits && let Some(found) = self.run(s + 1, end + 1)? {
                                return Ok(Some(found));
                            }
                            p = end + 1;
                        }
                        Some(b'*') => return self.most(s, s, p, end),
                        Some(b'+') => return if fits { self.most(s + 1, s + 1, p, end) } else { Ok(None) },
                        Some(b'-') => return self.least(s, p, end),
                        _ if fits => (s, p) = (s + 1, end),
                        _ => return Ok(None),
                    }
                }
            }
        }
    }

    /// As often as it goes, then ever less.
    fn most(&mut self, least: usize, mut s: usize, p: usize, end: usize) -> Result<Option<usize>, Fault> {
        while self.fits(s, p, end)? {
            s += 1;
        }
        loop {
            if let Some(found) = self.run(s, end + 1)? {
                return Ok(Some(found));
            }
            if s == least {
                return Ok(None);
            }
            s -= 1;
        }
    }

    /// As seldom as it goes, then ever more.
    fn least(&mut self, mut s: usize, p: usize, end: usize) -> Result<Option<usize>, Fault> {
        loop {
            if let Some(found) = self.run(s, end + 1)? {
                return Ok(Some(found));
            }
            if !self.fits(s, p, end)? {
                return Ok(None);
            }
            s += 1;
        }
    }

    fn open(&mut self, capture: Capture, s: usize, p: usize) -> Result<Option<usize>, Fault> {
        if self.captures.len() >= CAPTURES_MAX {
            return Err(fault("too many captures"));
        }
        self.captures.push(capture);
        let found = self.run(s, p)?;
        if found.is_none() {
            self.captures.pop();
        }
        Ok(found)
    }

    fn close(&mut self, s: usize, p: usize) -> Result<Option<usize>, Fault> {
        let open = self.captures.iter().enumerate().rev().find_map(|(n, c)| match c {
            Capture::Open(from) => Some((n, *from)),
            _ => None,
        });
        let Some((n, from)) = open else { return Err(fault("invalid pattern capture")) };
        self.set(n, Capture::Closed(from, s));
        let found = self.run(s, p)?;
        if found.is_none() {
            self.set(n, Capture::Open(from));
        }
        Ok(found)
    }

    fn set(&mut self, n: usize, capture: Capture) {
        if let Some(slot) = self.captures.get_mut(n) {
            *slot = capture;
        }
    }

    /// `%bxy`.
    fn balanced(&mut self, s: usize, p: usize) -> Result<Option<usize>, Fault> {
        let (Some(open), Some(shut)) = (self.pattern.get(p).copied(), self.pattern.get(p + 1).copied())
        else {
            return Err(fault("unbalanced pattern"));
        };
        if self.text.get(s) != Some(&open) {
            return Ok(None);
        }
        let mut depth = 1_usize;
        for (n, c) in self.text.iter().enumerate().skip(s + 1) {
            if *c == shut {
                depth -= 1;
                if depth == 0 {
                    self.charge(n - s)?;
                    return Ok(Some(n + 1));
                }
            } else if *c == open {
                depth += 1;
            }
        }
        self.charge(self.text.len() - s)?;
        Ok(None)
    }

    /// `%f[set]`: returns where the pattern goes on.
    fn frontier(&mut self, s: usize, p: usize) -> Result<Option<usize>, Fault> {
        if self.pattern.get(p) != Some(&b'[') {
            return Err(fault("missing '[' after '%f' in pattern"));
        }
        let end = self.item_end(p)?;
        self.charge(end - p)?;
        let before = s.checked_sub(1).and_then(|n| self.text.get(n)).copied().unwrap_or(0);
        let here = self.text.get(s).copied().unwrap_or(0);
        Ok((!self.in_set(before, p, end - 1) && self.in_set(here, p, end - 1)).then_some(end))
    }

    /// `%1`: what a capture holds, once more.
    fn again(&mut self, s: usize, digit: u8) -> Result<Option<usize>, Fault> {
        let captured = digit.checked_sub(b'1').and_then(|n| self.captures.get(usize::from(n)));
        let Some(Capture::Closed(from, to)) = captured.copied() else {
            return Err(fault("invalid capture index"));
        };
        let before = self.text.get(from..to).unwrap_or_default();
        self.charge(before.len())?;
        Ok(self.text.get(s..).is_some_and(|rest| rest.starts_with(before)).then_some(s + before.len()))
    }

    /// Returns where a single character class ends.
    fn item_end(&self, mut p: usize) -> Result<usize, Fault> {
        let first = self.pattern.get(p).copied();
        p += 1;
        if first == Some(b'%') {
            return if p < self.pattern.len() {
                Ok(p + 1)
            } else {
                Err(fault("malformed pattern (ends with '%')"))
            };
        }
        if first != Some(b'[') {
            return Ok(p);
        }
        if self.pattern.get(p) == Some(&b'^') {
            p += 1;
        }
        loop {
            let Some(c) = self.pattern.get(p) else { return Err(fault("malformed pattern (missing ']')")) };
            p += 1;
            if *c == b'%' && p < self.pattern.len() {
                p += 1;
            }
            if self.pattern.get(p) == Some(&b']') {
                return Ok(p + 1);
            }
        }
    }

    /// Says whether the character there is of the class that stands at `p` in the pattern.
    fn fits(&mut self, s: usize, p: usize, end: usize) -> Result<bool, Fault> {
        self.charge(end - p)?;
        let Some(c) = self.text.get(s).copied() else { return Ok(false) };
        Ok(match (self.pattern.get(p), self.pattern.get(p + 1)) {
            (Some(b'.'), _) => true,
            (Some(b'%'), Some(class)) => in_class(c, *class),
            (Some(b'['), _) => self.in_set(c, p, end - 1),
            (literal, _) => literal == Some(&c),
        })
    }

    /// `p` is at `[`, `end` at its `]`.
    fn in_set(&self, c: u8, mut p: usize, end: usize) -> bool {
        p += 1;
        let negated = self.pattern.get(p) == Some(&b'^');
        if negated {
            p += 1;
        }
        while p < end {
            let at = |n: usize| self.pattern.get(n).copied().unwrap_or(0);
            let found = if at(p) == b'%' && p + 1 < end {
                p += 2;
                in_class(c, at(p - 1))
            } else if at(p + 1) == b'-' && p + 2 < end {
                p += 3;
                (at(p - 3)..=at(p - 1)).contains(&c)
            } else {
                p += 1;
                at(p - 1) == c
            };
            if found {
                return !negated;
            }
        }
        negated
    }
}

fn fault(text: &str) -> Fault {
    Fault::Pattern(text.to_owned())
}

/// Character classes in the C locale; one in upper case is the opposite, what is no letter is itself.
fn in_class(c: u8, class: u8) -> bool {
    let found = match class.to_ascii_lowercase() {
        b'a' => c.is_ascii_alphabetic(),
        b'c' => c.is_ascii_control(),
        b'd' => c.is_ascii_digit(),
        b'l' => c.is_ascii_lowercase(),
        b'p' => c.is_ascii_punctuation(),
        b's' => c.is_ascii_whitespace() || c == 0x0b,
        b'u' => c.is_ascii_uppercase(),
        b'w' => c.is_ascii_alphanumeric(),
        b'x' => c.is_ascii_hexdigit(),
        b'z' => c == 0,
        _ => return class == c,
    };
    found != class.is_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, pattern: &str) -> Result<Option<Vec<String>>, Fault> {
        let mut matcher = Matcher::new(text.as_bytes(), pattern.as_bytes(), 1_000_000);
        for start in 0..=text.len() {
            if let Some(end) = matcher.at(start)? {
                let captures = matcher.captures(start, end)?;
                let shown = captures.iter().map(|c| match c {
                    Captured::Text(t) => String::from_utf8_lossy(t).into_owned(),
                    Captured::Place(n) => format!("@{n}"),
                });
                return Ok(Some(shown.collect()));
            }
        }
        Ok(None)
    }

    #[test]
    fn patterns_match_as_in_the_manual() {
        for (text, pattern, expected) in [
            ("2024-01-31T10:20:30.5Z", "(%d+)-(%d+)-(%d+)T(%d+):(%d+)", "2024|01|31|10|20"),
            ("  key = value  ", "(%w+)%s*=%s*(%w+)", "key|value"),
            ("f(a(b)c)d", "%b()", "(a(b)c)"),
            ("THE (quick) fox", "%f[%a]%a+%f[%A]", "THE"),
            ("say \"hi\" 'x'", "([\"'])(.-)%1", "\"|hi"),
            ("abc", "()b()", "@2|@3"),
            ("a]b^c-d", "[]^-]+", "]"),
            ("x-y", "[%w-]+", "x-y"),
            ("foo.bar", "^?%.(%a*)$", "bar"),
            ("aaa", "a-b?$", "aaa"),
            ("colour", "colou?r", "colour"),
            ("", ".*", ""),
        ] {
            assert_eq!(
                found(text, pattern).map(|f| f.map(|f| f.join("|"))),
                Ok(Some(expected.into())),
                "{pattern}"
            );
        }
        assert_eq!(found("abc", "%d"), Ok(None));
        for pattern in ["%", "[a", "(a", "a)", "%1", "%b(", "%fa"] {
            assert!(matches!(found("aaa", pattern), Err(Fault::Pattern(_))), "{pattern}");
        }
    }

    #[test]
    fn patterns_that_try_too_much_are_stopped() {
        let text = "a".repeat(3000);
        for pattern in [".-.-.-.-b", "a*a*a*b", "%b()b", "a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?b"] {
            let text = if pattern.starts_with("%b") { "(".repeat(3000) } else { text.clone() };
            assert_eq!(found(&text, pattern), Err(Fault::Spent), "{pattern}");
        }
        let deep = "a?".repeat(1000);
        assert!(found(&text, &deep).is_err());
    }
}
