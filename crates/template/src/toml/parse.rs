use super::document::Table;
use super::scalar::number_or_date;
use crate::{Map, Value};
use fairway_value::Str;

/// Deepest nesting of arrays and inline tables that is read.
const DEPTH_MAX: usize = 100;

/// Reads a TOML document into a map.
///
/// # Errors
/// The decoder's complaint.
pub(crate) fn parse(text: &str) -> Result<Value, String> {
    let mut reader = Reader { text, at: 0, context: Vec::new(), current: None, document: Table::default() };
    match reader.document() {
        Ok(()) => Ok(reader.document.into_value()),
        Err(message) => {
            let lines = text[..reader.at.min(text.len())].matches('\n').count();
            let ended_line = message.contains("'\\n'");
            let line = (lines + 1).saturating_sub(usize::from(ended_line)).max(1);
            let mut key = reader.context.clone();
            key.extend(reader.current);
            let last = if key.is_empty() {
                String::new()
            } else {
                format!(" (last key {})", crate::fmt::quote(&key.join(".")))
            };
            Err(format!("toml: line {line}{last}: {message}"))
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    context: Vec<Str>,
    current: Option<Str>,
    document: Table,
}

fn shown(c: char) -> String {
    crate::fmt::quote_bytes(c.to_string().as_bytes(), '\'', false)
}

fn is_bare(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn accept(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        if found {
            self.at += c.len_utf8();
        }
        found
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t')) {
            self.at += 1;
        }
    }

    /// Skips blanks, line ends and comments.
    fn space(&mut self) {
        loop {
            match self.peek() {
                Some(' ' | '\t' | '\r' | '\n') => self.at += 1,
                Some('#') => self.at += self.rest().find('\n').unwrap_or(self.rest().len()),
                _ => return,
            }
        }
    }

    fn document(&mut self) -> Result<(), String> {
        loop {
            self.space();
            match self.peek() {
                None => return Ok(()),
                Some('[') => {
                    self.at += 1;
                    self.heading()?;
                }
                Some(_) => {
                    let context = self.context.clone();
                    let (key, value) = self.pair(0)?;
                    self.document.set(&context, &key, value)?;
                    self.current = None;
                }
            }
            self.blanks();
            match self.peek() {
                None | Some('\n' | '\r' | '#') => {}
                Some(c) => {
                    let c = shown(c);
                    return Err(format!(
                        "expected a top-level item to end with a newline, comment, or EOF, but got {c} instead"
                    ));
                }
            }
        }
    }

    fn heading(&mut self) -> Result<(), String> {
        let list = self.accept('[');
        let mut path = Vec::new();
        loop {
            self.blanks();
            match self.peek() {
                Some(']') | None => {
                    return Err("unexpected end of table name (table names cannot be empty)".to_owned());
                }
                Some('.') => {
                    return Err("unexpected table separator (table names cannot be empty)".to_owned());
                }
                Some(_) => path.push(self.key_part()?),
            }
            self.blanks();
            match self.next() {
                Some('.') => {}
                Some(']') => break,
                other => {
                    let c = shown(other.unwrap_or('\0'));
                    return Err(format!("expected '.' or ']' to end table name, but got {c} instead"));
                }
            }
        }
        if list && !self.accept(']') {
            let c = shown(self.peek().unwrap_or('\0'));
            return Err(format!("expected end of table array name delimiter ']', but got {c} instead"));
        }
        let parents = path.len().saturating_sub(1);
        let before = std::mem::replace(&mut self.context, path[..parents].to_vec());
        if let Err(why) = self.document.heading(&path, list) {
            // What stands above is looked at before the decoder goes there.
            if why.contains("was already created") {
                self.context = before;
            }
            return Err(why);
        }
        self.context = path;
        Ok(())
    }

    fn key_part(&mut self) -> Result<Str, String> {
        match self.peek() {
            Some('"') => {
                self.at += 1;
                self.basic_string().map(Str::from)
            }
            Some('\'') => {
                self.at += 1;
                self.literal_string().map(Str::from)
            }
            _ => {
                let len = self.rest().find(|c| !is_bare(c)).unwrap_or(self.rest().len());
                let part = Str::from(&self.rest()[..len]);
                self.at += len;
                Ok(part)
            }
        }
    }

    fn key(&mut self) -> Result<Vec<Str>, String> {
        self.blanks();
        match self.peek() {
            Some('=') | None => return Err("unexpected '=': key name appears blank".to_owned()),
            Some('.') => return Err("unexpected '.': keys cannot start with a '.'".to_owned()),
            Some(_) => {}
        }
        let mut parts = Vec::new();
        loop {
            self.blanks();
            parts.push(self.key_part()?);
            self.blanks();
            match self.next() {
                Some('.') => {}
                Some('=') => return Ok(parts),
                None => return Err("unexpected EOF; expected key separator '='".to_owned()),
                Some(c) => return Err(format!("expected '.' or '=', but got {} instead", shown(c))),
            }
        }
    }

    fn pair(&mut self, depth: usize) -> Result<(Vec<Str>, Value), String> {
        let key = self.key()?;
        self.current = key.last().cloned();
        self.blanks();
        let value = self.value(depth)?;
        Ok((key, value))
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        if depth > DEPTH_MAX {
            return Err(format!("nesting exceeds the limit of {DEPTH_MAX} levels"));
        }
        match self.peek() {
            None => Err("unexpected EOF; expected value".to_owned()),
            Some('[') => {
                self.at += 1;
                self.array(depth)
            }
            Some('{') => {
                self.at += 1;
                self.inline_table(depth)
            }
            Some('"') => {
                if self.rest().starts_with("\"\"\"") {
                    return self.long_string("\"\"\"").map(Value::from);
                }
                self.at += 1;
                self.basic_string().map(Value::from)
            }
            Some('\'') => {
                if self.rest().starts_with("'''") {
                    return self.long_string("'''").map(Value::from);
                }
                self.at += 1;
                self.literal_string().map(Value::from)
            }
            Some('.') => Err("floats must start with a digit, not '.'".to_owned()),
            Some(c) if c.is_ascii_digit() || matches!(c, '+' | '-') => self.bare(),
            Some(c) if c.is_alphabetic() => self.word(),
            Some(c) => {
                self.at += c.len_utf8();
                Err(format!("expected value but found {} instead", shown(c)))
            }
        }
    }

    fn word(&mut self) -> Result<Value, String> {
        let len = self.rest().find(|c: char| !c.is_alphabetic()).unwrap_or(self.rest().len());
        let word = self.rest()[..len].to_owned();
        self.at += len;
        match word.as_str() {
            "true" => Ok(true.into()),
            "false" => Ok(false.into()),
            "inf" | "nan" => number_or_date(&word),
            _ => Err(format!("expected value but found {} instead", crate::fmt::quote(&word))),
        }
    }

    fn bare(&mut self) -> Result<Value, String> {
        let in_number = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '_' | ':');
        let mut len = self.rest().find(|c| !in_number(c)).unwrap_or(self.rest().len());
        // A blank may stand between a date and a time.
        let bytes = self.rest().as_bytes();
        let dated = len == 10 && bytes[4] == b'-' && bytes.get(10) == Some(&b' ');
        if dated && bytes.get(11).is_some_and(u8::is_ascii_digit) {
            len = 11 + self.rest()[11..].find(|c| !in_number(c)).unwrap_or(self.rest().len() - 11);
        }
        let text = self.rest()[..len].to_owned();
        self.at += len;
        if !text.bytes().any(|b| b.is_ascii_digit()) && !text.ends_with("inf") && !text.ends_with("nan") {
            let c = text.chars().nth(1).or(self.peek()).unwrap_or('\0');
            return Err(format!("expected a digit but got {}", shown(c)));
        }
        number_or_date(&text)
    }

    fn array(&mut self, depth: usize) -> Result<Value, String> {
        let mut items = Vec::new();
        loop {
            self.space();
            match self.peek() {
                Some(']') => {
                    self.at += 1;
                    return Ok(items.into());
                }
                Some(',') => return Err("unexpected comma".to_owned()),
                _ => items.push(self.value(depth + 1)?),
            }
            self.space();
            match self.next() {
                Some(',') => {}
                Some(']') => return Ok(items.into()),
                other => {
                    let found = other.map_or("end of file".to_owned(), |c| format!("'{c}'"));
                    return Err(format!("expected a comma (',') or array terminator (']'), but got {found}"));
                }
            }
        }
    }

    fn inline_table(&mut self, depth: usize) -> Result<Value, String> {
        let outer = self.current.clone();
        let mut table = Table::default();
        loop {
            self.space();
            match self.peek() {
                Some('}') => {
                    self.at += 1;
                    break;
                }
                Some(',') => return Err("unexpected comma".to_owned()),
                _ => {
                    let (key, value) = self.pair(depth + 1)?;
                    table.set(&[], &key, value)?;
                }
            }
            self.space();
            match self.next() {
                Some(',') => {}
                Some('}') => break,
                other => {
                    let found = other.map_or("end of file".to_owned(), |c| format!("'{c}'"));
                    return Err(format!(
                        "expected a comma or an inline table terminator '}}', but got {found} instead"
                    ));
                }
            }
        }
        self.current = outer;
        Ok(match table.into_value() {
            Value::Map(map) => Value::Map(map),
            _ => Value::Map(Map::new()),
        })
    }

    fn literal_string(&mut self) -> Result<String, String> {
        let rest = self.rest();
        match rest.find(['\'', '\n']) {
            Some(end) if rest[end..].starts_with('\'') => {
                let out = rest[..end].to_owned();
                self.at += end + 1;
                Ok(out)
            }
            Some(_) => Err("strings cannot contain newlines".to_owned()),
            None => {
                self.at = self.text.len();
                Err("unexpected EOF; expected \"'\"".to_owned())
            }
        }
    }

    fn basic_string(&mut self) -> Result<String, String> {
        let mut out = String::new();
        loop {
            match self.next() {
                None => return Err("unexpected EOF; expected '\"'".to_owned()),
                Some('\n') => return Err("strings cannot contain newlines".to_owned()),
                Some('"') => return Ok(out),
                Some('\\') => self.escape(&mut out)?,
                Some(c) => out.push(c),
            }
        }
    }

    fn long_string(&mut self, quotes: &str) -> Result<String, String> {
        self.at += 3;
        if !self.accept('\n') && self.rest().starts_with("\r\n") {
            self.at += 2;
        }
        let mut out = String::new();
        loop {
            if self.rest().starts_with(quotes) {
                self.at += 3;
                // Up to two quotes can stand right before the end.
                for _ in 0..2 {
                    if self.accept(quotes.chars().next().unwrap_or('"')) {
                        out.push_str(&quotes[..1]);
                    }
                }
                return Ok(out);
            }
            match self.next() {
                None => return Err(format!("unexpected EOF; expected '{quotes}'")),
                Some('\\') if quotes.starts_with('"') => {
                    let after_blanks = self.rest().trim_start_matches([' ', '\t']);
                    if after_blanks.starts_with(['\n', '\r']) {
                        self.at = self.text.len() - after_blanks.trim_start().len();
                        continue;
                    }
                    self.escape(&mut out)?;
                }
                Some('\r') if self.rest().starts_with('\n') => {}
                Some(c) => out.push(c),
            }
        }
    }

    fn escape(&mut self, out: &mut String) -> Result<(), String> {
        let c = self.next().ok_or("unexpected EOF; expected '\"'")?;
        let plain = match c {
            'b' => '\u{8}',
            't' => '\t',
            'n' => '\n',
            'f' => '\u{c}',
            'r' => '\r',
            'e' => '\u{1b}',
            '"' | '\\' => c,
            'x' => self.hex(2, "two", 'x')?,
            'u' => self.hex(4, "four", 'u')?,
            'U' => self.hex(8, "eight", 'U')?,
            other => return Err(format!("invalid escape in string '\\{other}'")),
        };
        out.push(plain);
        Ok(())
    }

    fn hex(&mut self, count: usize, count_word: &str, letter: char) -> Result<char, String> {
        let digits: String = self.rest().chars().take_while(char::is_ascii_hexdigit).take(count).collect();
        self.at += digits.len();
        if digits.len() < count {
            let seen: String = digits.chars().chain(self.peek()).collect();
            let seen = crate::fmt::quote(&seen);
            return Err(format!(
                "expected {count_word} hexadecimal digits after '\\{letter}', but got {seen} instead"
            ));
        }
        let code = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
        code.ok_or_else(|| format!("Escaped character '\\u{digits}' is not valid UTF-8."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_value::{HtmlEscape, to_json};

    #[test]
    fn documents_come_out_as_the_decoder_gives_them() {
        let text =
            "a.b = 1 # x\n[t]\ns = \"é\\n\"\n[[l]]\nx = [1, 2.5, {y = true}]\n[[l]]\n[t.u]\nd = 0x1F\n";
        let json = to_json(&parse(text).unwrap().to_json(), HtmlEscape::No);
        assert_eq!(json, r#"{"a":{"b":1},"l":[{"x":[1,2.5,{"y":true}]},{}],"t":{"s":"é\n","u":{"d":31}}}"#);
    }

    #[test]
    fn complaints_are_the_decoders() {
        for (text, expect) in [
            ("plain", "toml: line 1: unexpected EOF; expected key separator '='"),
            ("a = ", "toml: line 1 (last key \"a\"): unexpected EOF; expected value"),
            ("a = 1\na = 2", "toml: line 2 (last key \"a\"): Key 'a' has already been defined."),
            ("[a]\n[a]", "toml: line 2: Key 'a' has already been defined."),
            ("k: 1", "toml: line 1: expected '.' or '=', but got ':' instead"),
        ] {
            assert_eq!(parse(text).unwrap_err(), expect, "{text}");
        }
    }
}
