use super::printer::{Printer, format_arg};
use crate::Value;

/// The flags between `%` and its verb.
#[derive(Clone, Default)]
pub(super) struct Flags {
    pub width: Option<usize>,
    pub precision: Option<usize>,
    pub plus: bool,
    pub minus: bool,
    pub sharp: bool,
    pub space: bool,
    pub zero: bool,
    pub plus_v: bool,
    pub sharp_v: bool,
}

/// Widths and precisions beyond this are not taken, as in Go.
const NUMBER_MAX: usize = 1_000_000;

/// Formats as Go's `fmt.Sprintf` does, faults in the text included: `%!d(string=x)`.
#[must_use]
pub fn sprintf(format: &[u8], args: &[Value]) -> Vec<u8> {
    let mut out = Vec::with_capacity(format.len());
    sprintf_to(&mut out, format, args);
    out
}

/// Appends what [`sprintf`] returns.
pub(crate) fn sprintf_to(out: &mut Vec<u8>, format: &[u8], args: &[Value]) {
    let mut f =
        Format { format, at: 0, arg: 0, args, good_index: true, reordered: false, after_index: false };
    f.run(out);
    if !f.reordered && f.arg < args.len() {
        out.extend_from_slice(b"%!(EXTRA ");
        for (n, arg) in args[f.arg..].iter().enumerate() {
            if n > 0 {
                out.extend_from_slice(b", ");
            }
            if arg.is_nil() {
                out.extend_from_slice(b"<nil>");
            } else {
                out.extend_from_slice(arg.go_type().name.as_bytes());
                out.push(b'=');
                super::print(out, arg);
            }
        }
        out.push(b')');
    }
}

struct Format<'a> {
    format: &'a [u8],
    at: usize,
    arg: usize,
    args: &'a [Value],
    good_index: bool,
    reordered: bool,
    after_index: bool,
}

impl Format<'_> {
    fn byte(&self) -> Option<u8> {
        self.format.get(self.at).copied()
    }

    fn run(&mut self, out: &mut Vec<u8>) {
        while self.at < self.format.len() {
            let plain = self.format[self.at..].iter().position(|b| *b == b'%');
            let end = plain.map_or(self.format.len(), |n| self.at + n);
            out.extend_from_slice(&self.format[self.at..end]);
            if plain.is_none() {
                return;
            }
            self.at = end + 1;
            self.good_index = true;
            let mut flags = self.flags();
            self.index();
            self.width(&mut flags, out);
            self.precision(&mut flags, out);
            if !self.after_index {
                self.index();
            }
            let Some(verb) = self.verb() else {
                out.extend_from_slice(b"%!(NOVERB)");
                return;
            };
            self.print(verb, flags, out);
        }
    }

    fn print(&mut self, verb: char, mut flags: Flags, out: &mut Vec<u8>) {
        let complain = |out: &mut Vec<u8>, what: &str| {
            out.extend_from_slice(format!("%!{verb}{what}").as_bytes());
        };
        if verb == '%' {
            out.push(b'%');
        } else if !self.good_index {
            complain(out, "(BADINDEX)");
        } else if let Some(arg) = self.args.get(self.arg) {
            if matches!(verb, 'v' | 'w') {
                flags.sharp_v = std::mem::take(&mut flags.sharp);
                flags.plus_v = std::mem::take(&mut flags.plus);
            }
            format_arg(&mut Printer { out, flags }, arg, verb);
            self.arg += 1;
        } else {
            complain(out, "(MISSING)");
        }
    }

    fn verb(&mut self) -> Option<char> {
        let rest = &self.format[self.at..];
        let chunk = rest.utf8_chunks().next()?;
        if let Some(c) = chunk.valid().chars().next() {
            self.at += c.len_utf8();
            return Some(c);
        }
        self.at += 1;
        Some('\u{fffd}')
    }

    fn flags(&mut self) -> Flags {
        let mut flags = Flags::default();
        while let Some(b) = self.byte() {
            match b {
                b'#' => flags.sharp = true,
                b'0' => flags.zero = true,
                b'+' => flags.plus = true,
                b'-' => flags.minus = true,
                b' ' => flags.space = true,
                _ => break,
            }
            self.at += 1;
        }
        flags
    }

    /// Reads an argument index such as `[2]`.
    fn index(&mut self) {
        self.after_index = false;
        if self.byte() != Some(b'[') {
            return;
        }
        self.reordered = true;
        let rest = &self.format[self.at..];
        let Some(close) = rest.iter().position(|b| *b == b']') else {
            self.good_index = false;
            self.at += 1;
            return;
        };
        let number = std::str::from_utf8(&rest[1..close]).ok();
        let number =
            number.filter(|n| n.bytes().all(|b| b.is_ascii_digit())).and_then(|n| n.parse::<usize>().ok());
        self.at += close + 1;
        match number.and_then(|n| n.checked_sub(1)) {
            Some(n) if n < self.args.len() => {
                self.arg = n;
                self.after_index = true;
            }
            other => {
                self.good_index = false;
                self.after_index = other.is_some();
            }
        }
    }

    fn number(&mut self) -> Option<usize> {
        let digits = self.format[self.at..].iter().take_while(|b| b.is_ascii_digit()).count();
        let text = std::str::from_utf8(&self.format[self.at..self.at + digits]).ok()?;
        self.at += digits;
        text.parse().ok().filter(|n| *n <= NUMBER_MAX)
    }

    /// Takes an argument as a width or a precision.
    fn number_arg(&mut self) -> Option<i64> {
        let arg = self.args.get(self.arg)?;
        self.arg += 1;
        let limit = i64::try_from(NUMBER_MAX).unwrap_or(i64::MAX);
        arg.as_int().filter(|n| (-limit..=limit).contains(n))
    }

    fn width(&mut self, flags: &mut Flags, out: &mut Vec<u8>) {
        if self.byte() == Some(b'*') {
            self.at += 1;
            match self.number_arg() {
                Some(n) => {
                    flags.width = usize::try_from(n.unsigned_abs()).ok();
                    if n < 0 {
                        flags.minus = true;
                        flags.zero = false;
                    }
                }
                None => out.extend_from_slice(b"%!(BADWIDTH)"),
            }
            self.after_index = false;
            return;
        }
        flags.width = self.number();
        if self.after_index && flags.width.is_some() {
            self.good_index = false;
        }
    }

    fn precision(&mut self, flags: &mut Flags, out: &mut Vec<u8>) {
        if self.byte() != Some(b'.') || self.at + 1 >= self.format.len() {
            return;
        }
        self.at += 1;
        if self.after_index {
            self.good_index = false;
        }
        self.index();
        if self.byte() == Some(b'*') {
            self.at += 1;
            if let Some(n) = self.number_arg() {
                flags.precision = usize::try_from(n).ok();
            }
            if flags.precision.is_none() {
                out.extend_from_slice(b"%!(BADPREC)");
            }
            self.after_index = false;
            return;
        }
        flags.precision = Some(self.number().unwrap_or(0));
    }
}
