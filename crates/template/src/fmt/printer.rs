use super::number::{float, integer, pad};
use super::printf::Flags;
use super::quote::quote_bytes;
use crate::value::{Kind, UintKind};
use crate::{List, Map, Object, Value};

/// Deepest nesting that is printed. Go would recurse until its stack ends.
const DEPTH_MAX: usize = 200;

/// Returns what `%v` prints, without regard for bytes that are no UTF-8.
#[must_use]
pub fn sprint_v(value: &Value) -> String {
    let mut out = Vec::new();
    print(&mut out, value);
    crate::value::text_of(out)
}

/// Appends what `%v` prints.
pub fn print(out: &mut Vec<u8>, value: &Value) {
    format_arg(&mut Printer { out, flags: Flags::default() }, value, 'v');
}

/// Appends a value as a template's action does: `<no value>` for nothing.
pub(crate) fn print_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Str(s) => out.extend_from_slice(s.as_bytes()),
        Value::Missing => out.extend_from_slice(b"<no value>"),
        Value::Object(object) => match object.printed() {
            Some(text) => out.extend_from_slice(text.as_bytes()),
            None => print(out, value),
        },
        other => print(out, other),
    }
}

/// Joins as Go's `fmt.Sprint`: a space between two arguments of which neither is a string.
#[must_use]
pub fn sprint(args: &[Value]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut after_string = true;
    for (n, arg) in args.iter().enumerate() {
        let string = matches!(arg, Value::Str(_) | Value::RawStr(_));
        if n > 0 && !string && !after_string {
            out.push(b' ');
        }
        print(&mut out, arg);
        after_string = string;
    }
    out
}

/// Joins as Go's `fmt.Sprintln`.
pub(crate) fn sprintln(args: &[Value]) -> Vec<u8> {
    let mut out = Vec::new();
    for (n, arg) in args.iter().enumerate() {
        if n > 0 {
            out.push(b' ');
        }
        print(&mut out, arg);
    }
    out.push(b'\n');
    out
}

pub(super) struct Printer<'a> {
    pub out: &'a mut Vec<u8>,
    pub flags: Flags,
}

pub(super) fn format_arg(p: &mut Printer<'_>, arg: &Value, verb: char) {
    if arg.is_nil() {
        if matches!(verb, 'v' | 'T') {
            pad(p.out, &p.flags, b"<nil>");
        } else {
            p.bad_verb(arg, verb);
        }
        return;
    }
    if verb == 'T' {
        string(p, arg.go_type().name.as_bytes(), 's', arg);
        return;
    }
    p.value(arg, verb, 0);
}

impl Printer<'_> {
    fn text(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn bad_verb(&mut self, value: &Value, verb: char) {
        self.text(&format!("%!{verb}("));
        if value.is_nil() {
            self.text("<nil>");
        } else {
            self.text(value.go_type().name);
            self.text("=");
            self.value(value, 'v', 0);
        }
        self.text(")");
    }

    fn value(&mut self, value: &Value, verb: char, depth: usize) {
        if depth > DEPTH_MAX {
            return self.text("...");
        }
        if verb == 'w' {
            return self.bad_verb(value, verb);
        }
        match value {
            Value::Missing | Value::Nil => {
                self.text(if self.flags.sharp_v { "interface {}(nil)" } else { "<nil>" })
            }
            Value::Bool(b) if matches!(verb, 't' | 'v') => {
                pad(self.out, &self.flags, if *b { b"true" } else { b"false" });
            }
            Value::Int(_, i) => self.integer(i.unsigned_abs(), *i < 0, value, verb),
            Value::Uint(_, u) => self.integer(*u, false, value, verb),
            Value::Float(f) => self.float(*f, value, verb),
            Value::Complex(c) => self.complex(**c, value, verb),
            Value::Str(s) => string(self, s.as_bytes(), verb, value),
            Value::RawStr(b) => string(self, b, verb, value),
            Value::Bytes(b) => self.bytes(b, value, verb),
            Value::List(l) => self.list(l, verb, depth),
            Value::Map(m) => self.map(m, verb, depth),
            Value::Object(o) => self.object(o.as_ref(), value, verb, depth),
            Value::Bool(_) => self.bad_verb(value, verb),
        }
    }

    fn integer(&mut self, magnitude: u64, negative: bool, value: &Value, verb: char) {
        let base = match verb {
            'v' if self.flags.sharp_v && matches!(value, Value::Uint(..)) => {
                let sharp = std::mem::replace(&mut self.flags.sharp, true);
                integer(self.out, &self.flags, magnitude, negative, 16, verb);
                self.flags.sharp = sharp;
                return;
            }
            'v' | 'd' => 10,
            'b' => 2,
            'o' | 'O' => 8,
            'x' | 'X' => 16,
            'c' | 'q' | 'U' => {
                return self.code_point(
                    if negative { u64::MAX } else { magnitude },
                    verb,
                    magnitude,
                    negative,
                );
            }
            _ => return self.bad_verb(value, verb),
        };
        integer(self.out, &self.flags, magnitude, negative, base, verb);
    }

    fn code_point(&mut self, code: u64, verb: char, magnitude: u64, negative: bool) {
        let c = u32::try_from(code).ok().and_then(char::from_u32).unwrap_or('\u{fffd}');
        let mut buffer = [0; 4];
        let utf8 = c.encode_utf8(&mut buffer).as_bytes();
        match verb {
            'c' => pad(self.out, &self.flags, utf8),
            'q' => {
                let quoted = quote_bytes(utf8, '\'', self.flags.plus);
                pad(self.out, &self.flags, quoted.as_bytes());
            }
            _ => {
                let code = if negative { magnitude.wrapping_neg() } else { magnitude };
                let digits = self.flags.precision.filter(|p| *p > 4).unwrap_or(4);
                let mut text = format!("U+{code:0digits$X}");
                if self.flags.sharp && code <= 0x10_ffff && super::is_print(c) {
                    text.push_str(&format!(" '{c}'"));
                }
                super::number::pad_with(self.out, &self.flags, text.as_bytes(), b' ');
            }
        }
    }

    fn float(&mut self, f: f64, value: &Value, verb: char) {
        let (verb, precision) = match verb {
            'v' => ('g', -1),
            'b' | 'g' | 'G' | 'x' | 'X' => (verb, -1),
            'f' | 'F' => ('f', 6),
            'e' | 'E' => (verb, 6),
            _ => return self.bad_verb(value, verb),
        };
        float(self.out, &self.flags, f, verb, precision);
    }

    fn complex(&mut self, (re, im): (f64, f64), value: &Value, verb: char) {
        if !matches!(verb, 'v' | 'b' | 'g' | 'G' | 'x' | 'X' | 'f' | 'F' | 'e' | 'E') {
            return self.bad_verb(value, verb);
        }
        let plus = self.flags.plus;
        self.text("(");
        self.float(re, value, verb);
        self.flags.plus = true;
        self.float(im, value, verb);
        self.text("i)");
        self.flags.plus = plus;
    }

    fn bytes(&mut self, bytes: &[u8], value: &Value, verb: char) {
        match verb {
            's' | 'x' | 'X' | 'q' => string(self, bytes, verb, value),
            'v' | 'd' if self.flags.sharp_v => {
                let items: Vec<String> = bytes.iter().map(|b| format!("0x{b:x}")).collect();
                self.text(&format!("[]byte{{{}}}", items.join(", ")));
            }
            _ => {
                self.text("[");
                for (n, b) in bytes.iter().enumerate() {
                    if n > 0 {
                        self.text(" ");
                    }
                    self.value(&Value::Uint(UintKind::Uint8, u64::from(*b)), verb, 1);
                }
                self.text("]");
            }
        }
    }

    fn list(&mut self, list: &List, verb: char, depth: usize) {
        let (open, between, close) = if self.flags.sharp_v {
            self.text(list.go_type().name);
            if list.is_nil() {
                return self.text("(nil)");
            }
            ("{", ", ", "}")
        } else {
            ("[", " ", "]")
        };
        self.text(open);
        for (n, item) in list.items().iter().enumerate() {
            if n > 0 {
                self.text(between);
            }
            self.value(item, verb, depth + 1);
        }
        self.text(close);
    }

    fn map(&mut self, map: &Map, verb: char, depth: usize) {
        let (between, close) = if self.flags.sharp_v {
            self.text(map.go_type().name);
            if map.is_nil() {
                return self.text("(nil)");
            }
            self.text("{");
            (", ", "}")
        } else {
            self.text("map[");
            (" ", "]")
        };
        for (n, (key, item)) in map.entries().into_iter().enumerate() {
            if n > 0 {
                self.text(between);
            }
            self.value(&Value::Str(key), verb, depth + 1);
            self.text(":");
            self.value(&item, verb, depth + 1);
        }
        self.text(close);
    }

    fn object(&mut self, object: &dyn Object, value: &Value, verb: char, depth: usize) {
        if matches!(verb, 'v' | 's' | 'x' | 'X' | 'q')
            && !self.flags.sharp_v
            && let Some(text) = object.text()
        {
            return string(self, text.as_bytes(), verb, value);
        }
        if verb == 'v'
            && self.flags.sharp_v
            && let Some(text) = object.go_syntax()
        {
            return self.text(&text);
        }
        if let Some(entries) = object.entries() {
            let (items, keys) = (entries.iter().map(|(_, v)| v.clone()), object.go_type().kind == Kind::Map);
            if keys {
                let pairs =
                    entries.iter().filter_map(|(k, v)| Some((k.as_str()?.as_ref().into(), v.clone())));
                return self.map(&Map::from_entries(object.go_type(), pairs), verb, depth);
            }
            return self.list(&List::new(object.go_type(), items.collect()), verb, depth);
        }
        self.text(&object.format());
    }
}

fn string(p: &mut Printer<'_>, bytes: &[u8], verb: char, value: &Value) {
    match verb {
        'v' if p.flags.sharp_v => quoted(p, bytes),
        'v' | 's' => {
            let cut = truncate(bytes, p.flags.precision);
            pad(p.out, &p.flags, cut);
        }
        'x' | 'X' => hex(p, bytes, verb == 'X'),
        'q' => quoted(p, bytes),
        _ => p.bad_verb(value, verb),
    }
}

/// Cuts to so many characters.
fn truncate(bytes: &[u8], precision: Option<usize>) -> &[u8] {
    let Some(mut left) = precision else { return bytes };
    let mut at = 0;
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if left == 0 {
                return &bytes[..at];
            }
            left -= 1;
            at += c.len_utf8();
        }
        for _ in chunk.invalid() {
            if left == 0 {
                return &bytes[..at];
            }
            left -= 1;
            at += 1;
        }
    }
    bytes
}

fn quoted(p: &mut Printer<'_>, bytes: &[u8]) {
    let bytes = truncate(bytes, p.flags.precision);
    if p.flags.sharp
        && let Ok(text) = std::str::from_utf8(bytes)
        && !text.contains(|c: char| {
            c == '`' || c == '\u{7f}' || c == '\u{feff}' || c.is_ascii_control() && c != '\t'
        })
    {
        return pad(p.out, &p.flags, format!("`{text}`").as_bytes());
    }
    let text = quote_bytes(bytes, '"', p.flags.plus);
    pad(p.out, &p.flags, text.as_bytes());
}

fn hex(p: &mut Printer<'_>, bytes: &[u8], upper: bool) {
    let bytes = &bytes[..p.flags.precision.unwrap_or(bytes.len()).min(bytes.len())];
    let mut text = String::with_capacity(bytes.len() * 2);
    for (n, b) in bytes.iter().enumerate() {
        if p.flags.space && n > 0 {
            text.push(' ');
        }
        if p.flags.sharp && (n == 0 || p.flags.space) {
            text.push_str(if upper { "0X" } else { "0x" });
        }
        text.push_str(&if upper { format!("{b:02X}") } else { format!("{b:02x}") });
    }
    pad(p.out, &p.flags, text.as_bytes());
}
