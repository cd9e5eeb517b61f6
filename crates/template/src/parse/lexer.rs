use super::token::{Token, TokenKind};

const LEFT: &str = "{{";
const RIGHT: &str = "}}";
/// A trim marker is a minus with a space on its inner side.
const TRIM_LEN: usize = 2;

/// The tokens of a text; where it is malformed, those before the fault, an error token, and the message.
pub(crate) struct Tokens {
    pub tokens: Vec<Token>,
    pub error: Option<String>,
}

/// Splits a text into tokens as Go's `text/template/parse/lex.go` does.
pub(crate) fn lex(text: &str, break_is_keyword: bool, continue_is_keyword: bool) -> Tokens {
    let mut lexer = Lexer {
        text,
        pos: 0,
        start: 0,
        counted: 0,
        line: 1,
        parens: 0,
        keywords: [break_is_keyword, continue_is_keyword],
        out: Vec::with_capacity(text.len() / 6 + 4),
    };
    let error = lexer.run().err();
    if error.is_some() {
        let line = lexer.line_at(lexer.start);
        let at = to_u32(lexer.start);
        lexer.out.push(Token { kind: TokenKind::Error, start: at, end: at, line });
    }
    Tokens { tokens: lexer.out, error }
}

fn to_u32(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

struct Lexer<'a> {
    text: &'a str,
    pos: usize,
    start: usize,
    /// How far lines have been counted.
    counted: usize,
    line: u32,
    parens: usize,
    keywords: [bool; 2],
    out: Vec<Token>,
}

type Step = Result<(), String>;

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.pos..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.pos += c.len_utf8();
        Some(c)
    }

    fn line_at(&mut self, at: usize) -> u32 {
        if at > self.counted {
            let lines = self.text.as_bytes()[self.counted..at].iter().filter(|b| **b == b'\n').count();
            self.line += to_u32(lines);
            self.counted = at;
        }
        self.line
    }

    fn emit(&mut self, kind: TokenKind) {
        let line = self.line_at(self.start);
        self.out.push(Token { kind, start: to_u32(self.start), end: to_u32(self.pos), line });
        self.start = self.pos;
    }

    fn ignore(&mut self) {
        self.start = self.pos;
    }

    fn run(&mut self) -> Step {
        while let Some(found) = self.rest().find(LEFT) {
            let delim = self.pos + found;
            let trimmed = if has_left_trim(&self.text[delim + LEFT.len()..]) {
                self.text[self.pos..delim].trim_end_matches(is_space).len()
            } else {
                found
            };
            if trimmed > 0 {
                self.pos += trimmed;
                self.emit(TokenKind::Text);
            }
            self.pos = delim;
            self.ignore();
            self.action()?;
        }
        self.pos = self.text.len();
        if self.pos > self.start {
            self.emit(TokenKind::Text);
        }
        self.emit(TokenKind::Eof);
        Ok(())
    }

    /// Lexes from a left delimiter to behind its right one, comments included.
    fn action(&mut self) -> Step {
        self.pos += LEFT.len();
        let trim = if has_left_trim(self.rest()) { TRIM_LEN } else { 0 };
        if self.text[self.pos + trim..].starts_with("/*") {
            self.pos += trim;
            self.ignore();
            return self.comment();
        }
        self.emit(TokenKind::LeftDelim);
        self.pos += trim;
        self.ignore();
        self.parens = 0;
        loop {
            if let Some(trim) = self.at_right_delim() {
                if self.parens > 0 {
                    return Err("unclosed left paren".to_owned());
                }
                self.right_delim(trim);
                return Ok(());
            }
            self.inside()?;
        }
    }

    fn comment(&mut self) -> Step {
        let Some(end) = self.text[self.pos + 2..].find("*/") else {
            return Err("unclosed comment".to_owned());
        };
        self.pos += 2 + end + 2;
        let Some(trim) = self.at_right_delim() else {
            return Err("comment ends before closing delimiter".to_owned());
        };
        self.pos += RIGHT.len();
        if trim {
            self.pos += TRIM_LEN;
            self.skip_space();
        }
        self.ignore();
        Ok(())
    }

    fn skip_space(&mut self) {
        self.pos = self.text.len() - self.rest().trim_start_matches(is_space).len();
    }

    /// Whether a right delimiter is here, and if so, whether a trim marker stands before it.
    fn at_right_delim(&self) -> Option<bool> {
        let rest = self.rest();
        if has_right_trim(rest) && rest[TRIM_LEN..].starts_with(RIGHT) {
            return Some(true);
        }
        rest.starts_with(RIGHT).then_some(false)
    }

    fn right_delim(&mut self, trim: bool) {
        if trim {
            self.pos += TRIM_LEN;
            self.ignore();
        }
        self.pos += RIGHT.len();
        self.emit(TokenKind::RightDelim);
        if trim {
            self.skip_space();
            self.ignore();
        }
    }

    fn inside(&mut self) -> Step {
        let Some(c) = self.next() else { return Err("unclosed action".to_owned()) };
        match c {
            _ if is_space(c) => self.space(),
            '=' => self.emit(TokenKind::Assign),
            ':' => {
                if self.next() != Some('=') {
                    return Err("expected :=".to_owned());
                }
                self.emit(TokenKind::Declare);
            }
            '|' => self.emit(TokenKind::Pipe),
            '"' => return self.quoted('"', TokenKind::String, "unterminated quoted string"),
            '`' => match self.rest().find('`') {
                Some(end) => {
                    self.pos += end + 1;
                    self.emit(TokenKind::RawString);
                }
                None => return Err("unterminated raw quoted string".to_owned()),
            },
            '$' => return self.field_or_variable(TokenKind::Variable),
            '\'' => return self.quoted('\'', TokenKind::CharConstant, "unterminated character constant"),
            '.' if self.rest().as_bytes().first().is_some_and(|b| !b.is_ascii_digit()) => {
                return self.field_or_variable(TokenKind::Field);
            }
            '.' | '+' | '-' | '0'..='9' => {
                self.pos = self.start;
                return self.number();
            }
            _ if is_alphanumeric(c) => return self.identifier(),
            '(' => {
                self.parens += 1;
                self.emit(TokenKind::LeftParen);
            }
            ')' => {
                if self.parens == 0 {
                    return Err("unexpected right paren".to_owned());
                }
                self.parens -= 1;
                self.emit(TokenKind::RightParen);
            }
            ' '..='~' => self.emit(TokenKind::Char),
            _ => return Err(format!("unrecognized character in action: {}", unicode_name(c))),
        }
        Ok(())
    }

    /// Lexes a run of spaces; the last one may belong to a trim marker.
    fn space(&mut self) {
        while self.peek().is_some_and(is_space) {
            self.next();
        }
        let last = self.pos - 1;
        if has_right_trim(&self.text[last..]) && self.text[last + TRIM_LEN..].starts_with(RIGHT) {
            self.pos = last;
            if self.pos == self.start {
                // The delimiter comes next.
                return;
            }
        }
        self.emit(TokenKind::Space);
    }

    fn identifier(&mut self) -> Step {
        while self.peek().is_some_and(is_alphanumeric) {
            self.next();
        }
        let word = &self.text[self.start..self.pos];
        if !self.at_terminator() {
            return Err(self.bad_character());
        }
        let kind = match TokenKind::keyword(word) {
            Some(TokenKind::Break) if !self.keywords[0] => TokenKind::Identifier,
            Some(TokenKind::Continue) if !self.keywords[1] => TokenKind::Identifier,
            Some(kind) => kind,
            None if word == "true" || word == "false" => TokenKind::Bool,
            None => TokenKind::Identifier,
        };
        self.emit(kind);
        Ok(())
    }

    fn field_or_variable(&mut self, kind: TokenKind) -> Step {
        if self.at_terminator() {
            self.emit(if kind == TokenKind::Variable { kind } else { TokenKind::Dot });
            return Ok(());
        }
        while self.peek().is_some_and(is_alphanumeric) {
            self.next();
        }
        if !self.at_terminator() {
            return Err(self.bad_character());
        }
        self.emit(kind);
        Ok(())
    }

    fn bad_character(&self) -> String {
        format!("bad character {}", self.peek().map_or_else(String::new, unicode_name))
    }

    fn at_terminator(&self) -> bool {
        match self.peek() {
            None => true,
            Some(c) if is_space(c) || matches!(c, '.' | ',' | '|' | ':' | ')' | '(') => true,
            Some(_) => self.rest().starts_with(RIGHT),
        }
    }

    fn quoted(&mut self, quote: char, kind: TokenKind, unterminated: &str) -> Step {
        loop {
            match self.next() {
                Some('\\') => {
                    if matches!(self.next(), None | Some('\n')) {
                        return Err(unterminated.to_owned());
                    }
                }
                None | Some('\n') => return Err(unterminated.to_owned()),
                Some(c) if c == quote => break,
                Some(_) => {}
            }
        }
        self.emit(kind);
        Ok(())
    }

    fn number(&mut self) -> Step {
        let bad =
            |l: &Self| Err(format!("bad number syntax: {}", crate::fmt::quote(&l.text[l.start..l.pos])));
        if !self.scan_number() {
            return bad(self);
        }
        if matches!(self.peek(), Some('+' | '-')) {
            if !self.scan_number() || !self.text[..self.pos].ends_with('i') {
                return bad(self);
            }
            self.emit(TokenKind::Complex);
        } else {
            self.emit(TokenKind::Number);
        }
        Ok(())
    }

    fn accept(&mut self, valid: &str) -> bool {
        let found = self.peek().is_some_and(|c| valid.contains(c));
        if found {
            self.next();
        }
        found
    }

    fn scan_number(&mut self) -> bool {
        let decimal = "0123456789_";
        self.accept("+-");
        let mut digits = decimal;
        if self.accept("0") {
            if self.accept("xX") {
                digits = "0123456789abcdefABCDEF_";
            } else if self.accept("oO") {
                digits = "01234567_";
            } else if self.accept("bB") {
                digits = "01_";
            }
        }
        while self.accept(digits) {}
        if self.accept(".") {
            while self.accept(digits) {}
        }
        let exponent = if digits.len() == decimal.len() {
            "eE"
        } else if digits.len() > decimal.len() {
            "pP"
        } else {
            ""
        };
        if self.accept(exponent) {
            self.accept("+-");
            while self.accept(decimal) {}
        }
        self.accept("i");
        if self.peek().is_some_and(is_alphanumeric) {
            self.next();
            return false;
        }
        true
    }
}

pub(crate) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Letters and decimal digits of Unicode, and the underscore.
fn is_alphanumeric(c: char) -> bool {
    if c.is_ascii() {
        return c == '_' || c.is_ascii_alphanumeric();
    }
    // Rust counts number-like letters such as Ⅷ and ² in; Go takes categories L and Nd only.
    c.is_alphabetic() && !matches!(c, '\u{2160}'..='\u{2188}' | '\u{24b6}'..='\u{24e9}')
        || c.is_numeric() && crate::fmt::is_decimal_digit(c)
}

fn has_left_trim(rest: &str) -> bool {
    let b = rest.as_bytes();
    b.len() >= 2 && b[0] == b'-' && is_space(char::from(b[1]))
}

fn has_right_trim(rest: &str) -> bool {
    let b = rest.as_bytes();
    b.len() >= 2 && is_space(char::from(b[0])) && b[1] == b'-'
}

/// Writes a character as Go's `%#U`.
fn unicode_name(c: char) -> String {
    if crate::fmt::is_print(c) {
        format!("U+{:04X} '{c}'", u32::from(c))
    } else {
        format!("U+{:04X}", u32::from(c))
    }
}
