//! Plain, quoted and block scalars.

use super::tokens::{Scanner, to_column};
use super::{Fault, Mark};
use std::borrow::Cow;

const BLOCK: &str = "while scanning a block scalar";
const QUOTED: &str = "while scanning a quoted scalar";

/// What a block scalar does with the line breaks at its end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chomping {
    Strip,
    Clip,
    Keep,
}

/// White space between two runs of a scalar: of one line as it is, of several folded.
#[derive(Default)]
struct Gap {
    blanks: String,
    first_break: Option<char>,
    more_breaks: String,
    /// Whether a line break has been passed.
    broken: bool,
}

impl Gap {
    /// Appends what the gap stands for and empties it.
    fn fold_into(&mut self, out: &mut String) {
        if self.broken {
            match (self.first_break, self.more_breaks.is_empty()) {
                (Some('\n'), true) => out.push(' '),
                (Some('\n'), false) => out.push_str(&self.more_breaks),
                (other, _) => {
                    out.extend(other);
                    out.push_str(&self.more_breaks);
                }
            }
            self.first_break = None;
            self.more_breaks.clear();
            self.broken = false;
        } else {
            out.push_str(&self.blanks);
        }
        self.blanks.clear();
    }
}

impl<'t> Scanner<'t> {
    /// Takes white space up to the next character that is none. `indent` is where tabs may not stand.
    fn scan_gap(&mut self, gap: &mut Gap, start: Mark, indent: Option<isize>) -> Result<(), Fault> {
        loop {
            if gap.broken && self.at.byte(0) == b' ' {
                self.at.skip_spaces();
            } else if self.at.is_blank(0) {
                let byte = self.at.byte(0);
                if let Some(indent) = indent
                    && gap.broken
                    && byte == b'\t'
                    && to_column(self.at.mark.column) < indent
                {
                    let problem = "found a tab character that violates indentation";
                    return Err(Fault::new("while scanning a plain scalar", start, problem));
                }
                if !gap.broken {
                    gap.blanks.push(char::from(byte));
                }
                self.at.skip();
            } else if self.at.is_break(0) {
                if gap.broken {
                    self.at.read_line(&mut gap.more_breaks);
                } else {
                    gap.blanks.clear();
                    gap.first_break = self.at.take_line();
                    gap.broken = true;
                }
            } else {
                return Ok(());
            }
        }
    }

    pub(super) fn scan_plain(&mut self) -> Result<Cow<'t, str>, Fault> {
        let start = self.at.mark;
        let indent = self.indent + 1;
        let from = self.at.pos();
        let mut end = from;
        // Only a scalar of several lines needs a text of its own.
        let mut folded: Option<String> = None;
        let mut gap = Gap::default();
        loop {
            if self.at.is_document_indicator() || self.at.byte(0) == b'#' {
                break;
            }
            let run = self.plain_run();
            if run > 0 {
                let run_from = self.at.pos();
                if gap.broken || folded.is_some() {
                    let text = folded.get_or_insert_with(|| self.at.slice(from, end).to_owned());
                    gap.fold_into(text);
                    text.push_str(self.at.slice(run_from, run_from + run));
                }
                gap.blanks.clear();
                self.at.skip_bytes(run);
                end = self.at.pos();
            }
            if !(self.at.is_blank(0) || self.at.is_break(0)) {
                break;
            }
            self.scan_gap(&mut gap, start, Some(indent))?;
            if self.flow_level == 0 && to_column(self.at.mark.column) < indent {
                break;
            }
        }
        if gap.broken {
            self.simple_key_allowed = true;
        }
        Ok(folded.map_or_else(|| self.at.slice(from, end).into(), Cow::Owned))
    }

    /// Bytes up to white space or what ends a plain scalar.
    fn plain_run(&self) -> usize {
        let mut n = 0;
        loop {
            match self.at.byte(n) {
                b':' if self.at.is_blankz(n + 1) => return n,
                b',' | b'?' | b'[' | b']' | b'{' | b'}' if self.flow_level > 0 => return n,
                0..=b' ' | 0xc2 | 0xe2 if self.at.is_blankz(n) => return n,
                _ => n += 1,
            }
        }
    }

    pub(super) fn scan_quoted(&mut self, single: bool) -> Result<Cow<'t, str>, Fault> {
        let start = self.at.mark;
        self.at.skip();
        let quote = if single { b'\'' } else { b'"' };
        if let Some(text) = self.quoted_on_one_line(quote) {
            return Ok(text.into());
        }
        let mut text = String::new();
        let mut gap = Gap::default();
        loop {
            if self.at.is_document_indicator() {
                return Err(Fault::new(QUOTED, start, "found unexpected document indicator"));
            }
            if self.at.at_end() {
                return Err(Fault::new(QUOTED, start, "found unexpected end of stream"));
            }
            while !self.at.is_blankz(0) {
                match self.at.byte(0) {
                    b'\'' if single && self.at.byte(1) == b'\'' => {
                        text.push('\'');
                        self.at.skip_bytes(2);
                    }
                    b if b == quote => break,
                    b'\\' if !single && self.at.is_break(1) => {
                        self.at.skip();
                        self.at.skip_line();
                        gap.broken = true;
                        break;
                    }
                    b'\\' if !single => self.scan_escape(start, &mut text)?,
                    _ => {
                        let from = self.at.pos();
                        self.at.skip();
                        text.push_str(self.at.slice(from, self.at.pos()));
                    }
                }
            }
            // What an escaped line break right before the end has opened stands for nothing.
            if self.at.byte(0) == quote {
                break;
            }
            self.scan_gap(&mut gap, start, None)?;
            gap.fold_quoted(&mut text);
        }
        self.at.skip();
        Ok(Cow::Owned(text))
    }

    /// A quoted scalar without escapes and line breaks, which nearly all are.
    fn quoted_on_one_line(&mut self, quote: u8) -> Option<&'t str> {
        let mut n = 0;
        loop {
            match self.at.byte(n) {
                b if b == quote => break,
                b' '..=b'~' if self.at.byte(n) != b'\\' || quote == b'\'' => n += 1,
                _ => return None,
            }
        }
        if quote == b'\'' && self.at.byte(n + 1) == b'\'' {
            return None;
        }
        let from = self.at.pos();
        self.at.skip_bytes(n + 1);
        Some(self.at.slice(from, from + n))
    }

    fn scan_escape(&mut self, start: Mark, text: &mut String) -> Result<(), Fault> {
        let behind = self.at.rest().get(1..).unwrap_or_default();
        let (char, length) =
            escape(behind).map_err(|problem| Fault::new("while parsing a quoted scalar", start, problem))?;
        text.push(char);
        self.at.skip_bytes(1 + length);
        Ok(())
    }

    pub(super) fn scan_block_scalar(&mut self, literal: bool) -> Result<String, Fault> {
        let start = self.at.mark;
        self.at.skip();
        let (chomping, increment) = self.block_header(start)?;
        let mut indent = match increment {
            Some(n) if self.indent >= 0 => self.indent + n,
            Some(n) => n,
            None => 0,
        };
        let (mut text, mut first_break, mut more_breaks) = (String::new(), String::new(), String::new());
        self.block_breaks(&mut indent, &mut more_breaks, start)?;
        let mut was_blank = false;
        while to_column(self.at.mark.column) == indent && !self.at.at_end() {
            let is_blank = self.at.is_blank(0);
            if !literal && !was_blank && !is_blank && first_break.starts_with('\n') {
                if more_breaks.is_empty() {
                    text.push(' ');
                }
            } else {
                text.push_str(&first_break);
            }
            first_break.clear();
            text.push_str(&more_breaks);
            more_breaks.clear();
            was_blank = is_blank;
            let from = self.at.pos();
            while !self.at.is_breakz() {
                self.at.skip();
            }
            text.push_str(self.at.slice(from, self.at.pos()));
            self.at.read_line(&mut first_break);
            self.block_breaks(&mut indent, &mut more_breaks, start)?;
        }
        if chomping != Chomping::Strip {
            text.push_str(&first_break);
        }
        if chomping == Chomping::Keep {
            text.push_str(&more_breaks);
        }
        Ok(text)
    }

    fn block_header(&mut self, start: Mark) -> Result<(Chomping, Option<isize>), Fault> {
        let mut chomping = None;
        let mut increment = None;
        for _ in 0..2 {
            match self.at.byte(0) {
                b @ (b'+' | b'-') if chomping.is_none() => {
                    chomping = Some(if b == b'+' { Chomping::Keep } else { Chomping::Strip });
                    self.at.skip();
                }
                b'0' if increment.is_none() => {
                    return Err(Fault::new(BLOCK, start, "found an indentation indicator equal to 0"));
                }
                b @ b'1'..=b'9' if increment.is_none() => {
                    increment = Some(isize::from(b - b'0'));
                    self.at.skip();
                }
                _ => {}
            }
        }
        while self.at.is_blank(0) {
            self.at.skip();
        }
        if self.at.byte(0) == b'#' {
            self.skip_comment();
        }
        if !self.at.is_breakz() {
            return Err(Fault::new(BLOCK, start, "did not find expected comment or line break"));
        }
        self.at.skip_line();
        Ok((chomping.unwrap_or(Chomping::Clip), increment))
    }

    /// Takes indentation and empty lines; finds the indentation where it is not yet known.
    fn block_breaks(&mut self, indent: &mut isize, breaks: &mut String, start: Mark) -> Result<(), Fault> {
        let mut deepest = 0;
        loop {
            let inside = |s: &Self| *indent == 0 || to_column(s.at.mark.column) < *indent;
            while inside(self) && self.at.byte(0) == b' ' {
                self.at.skip();
            }
            deepest = deepest.max(to_column(self.at.mark.column));
            if inside(self) && self.at.byte(0) == b'\t' {
                let problem = "found a tab character where an indentation space is expected";
                return Err(Fault::new(BLOCK, start, problem));
            }
            if !self.at.is_break(0) {
                break;
            }
            self.at.read_line(breaks);
        }
        if *indent == 0 {
            *indent = deepest.max(self.indent + 1).max(1);
        }
        Ok(())
    }
}

/// Returns what an escape stands for, and its length without the backslash. The text begins behind that.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn escape(text: &[u8]) -> Result<(char, usize), &'static str> {
    let byte = |at: usize| text.get(at).copied().unwrap_or(0);
    let digits = match byte(0) {
        b'x' => 2,
        b'u' => 4,
        b'U' => 8,
        other => {
            let char = match other {
                b'0' => '\0',
                b'a' => '\u{7}',
                b'b' => '\u{8}',
                b't' | b'\t' => '\t',
                b'n' => '\n',
                b'v' => '\u{b}',
                b'f' => '\u{c}',
                b'r' => '\r',
                b'e' => '\u{1b}',
                b' ' => ' ',
                b'"' => '"',
                b'\'' => '\'',
                b'\\' => '\\',
                b'N' => '\u{85}',
                b'_' => '\u{a0}',
                b'L' => '\u{2028}',
                b'P' => '\u{2029}',
                _ => return Err("found unknown escape character"),
            };
            return Ok((char, 1));
        }
    };
    let mut code = 0_u32;
    for at in 1..=digits {
        let digit = char::from(byte(at)).to_digit(16).ok_or("did not find expected hexdecimal number")?;
        code = code.wrapping_shl(4) | digit;
    }
    let char = char::from_u32(code).ok_or("found invalid Unicode character escape code")?;
    Ok((char, 1 + digits))
}

impl Gap {
    /// Folds a gap of a quoted scalar, where an escaped line break leaves no first break behind.
    fn fold_quoted(&mut self, out: &mut String) {
        if self.broken && self.first_break.is_none() {
            out.push_str(&self.more_breaks);
            *self = Self::default();
        } else {
            self.fold_into(out);
        }
    }
}
