//! The words of Go's `encoding/json` for text that is no JSON.

/// Says why a text is no JSON document, as Go's scanner does.
pub(crate) fn syntax_error(text: &[u8]) -> String {
    let mut scan = Scan { text, at: 0 };
    match scan.document() {
        Ok(()) => "invalid JSON".to_owned(),
        Err(why) => why,
    }
}

struct Scan<'t> {
    text: &'t [u8],
    at: usize,
}

type Step = Result<(), String>;

impl Scan<'_> {
    fn space(&mut self) {
        while self.text.get(self.at).is_some_and(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Result<u8, String> {
        self.text.get(self.at).copied().ok_or_else(|| "unexpected end of JSON input".to_owned())
    }

    fn bad(&self, context: &str) -> String {
        // Go takes the first byte of a longer character alone.
        match self.text.get(self.at) {
            None => "unexpected end of JSON input".to_owned(),
            Some(b'\'') => format!("invalid character '\\'' {context}"),
            Some(b'"') => format!("invalid character '\"' {context}"),
            Some(b @ 0x20..0x7f) => format!("invalid character '{}' {context}", char::from(*b)),
            Some(b'\n') => format!("invalid character '\\n' {context}"),
            Some(b'\t') => format!("invalid character '\\t' {context}"),
            Some(b'\r') => format!("invalid character '\\r' {context}"),
            Some(b @ (0..0x20 | 0x7f)) => format!("invalid character '\\x{b:02x}' {context}"),
            Some(b) => format!("invalid character '{}' {context}", char::from(*b)),
        }
    }

    /// Walks without recursion, so that depth cannot use up the stack.
    fn document(&mut self) -> Step {
        let mut open: Vec<u8> = Vec::new();
        'value: loop {
            self.space();
            match self.peek()? {
                b'{' => {
                    self.at += 1;
                    self.space();
                    if self.peek()? != b'}' {
                        open.push(b'{');
                        self.key()?;
                        continue 'value;
                    }
                    self.at += 1;
                }
                b'[' => {
                    self.at += 1;
                    self.space();
                    if self.peek()? != b']' {
                        open.push(b'[');
                        continue 'value;
                    }
                    self.at += 1;
                }
                _ => self.scalar()?,
            }
            loop {
                self.space();
                let Some(top) = open.last().copied() else {
                    return if self.at < self.text.len() {
                        Err(self.bad("after top-level value"))
                    } else {
                        Ok(())
                    };
                };
                match (top, self.peek()?) {
                    (b'{', b',') => {
                        self.at += 1;
                        self.space();
                        self.key()?;
                        continue 'value;
                    }
                    (_, b',') => {
                        self.at += 1;
                        continue 'value;
                    }
                    (b'{', b'}') | (b'[', b']') => {
                        self.at += 1;
                        open.pop();
                    }
                    (b'{', _) => return Err(self.bad("after object key:value pair")),
                    (_, _) => return Err(self.bad("after array element")),
                }
            }
        }
    }

    fn key(&mut self) -> Step {
        if self.peek()? != b'"' {
            return Err(self.bad("looking for beginning of object key string"));
        }
        self.string()?;
        self.space();
        if self.peek()? != b':' {
            return Err(self.bad("after object key"));
        }
        self.at += 1;
        Ok(())
    }

    fn string(&mut self) -> Step {
        self.at += 1;
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Ok(());
                }
                b'\\' => {
                    self.at += 1;
                    match self.peek()? {
                        b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"' => self.at += 1,
                        b'u' => {
                            for _ in 0..4 {
                                self.at += 1;
                                if !self.peek()?.is_ascii_hexdigit() {
                                    return Err(self.bad("in \\u hexadecimal character escape"));
                                }
                            }
                            self.at += 1;
                        }
                        _ => return Err(self.bad("in string escape code")),
                    }
                }
                0..0x20 => return Err(self.bad("in string literal")),
                _ => self.at += 1,
            }
        }
    }

    fn scalar(&mut self) -> Step {
        match self.peek()? {
            b'"' => self.string(),
            b't' => self.literal("true"),
            b'f' => self.literal("false"),
            b'n' => self.literal("null"),
            b'-' | b'0'..=b'9' => {
                self.at += 1;
                while self
                    .text
                    .get(self.at)
                    .is_some_and(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'))
                {
                    self.at += 1;
                }
                Ok(())
            }
            _ => Err(self.bad("looking for beginning of value")),
        }
    }

    fn literal(&mut self, word: &str) -> Step {
        for (n, expected) in word.bytes().enumerate() {
            if self.peek()? != expected {
                let expected = char::from(word.as_bytes()[n]);
                return Err(self.bad(&format!("in literal {word} (expecting '{expected}')")));
            }
            self.at += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_gos() {
        for (text, why) in [
            ("{bad json", "invalid character 'b' looking for beginning of object key string"),
            ("", "unexpected end of JSON input"),
            ("{\"a\" 1}", "invalid character '1' after object key"),
            ("[1 2]", "invalid character '2' after array element"),
            ("{} x", "invalid character 'x' after top-level value"),
            ("nil", "invalid character 'i' in literal null (expecting 'u')"),
        ] {
            assert_eq!(syntax_error(text.as_bytes()), why);
        }
    }
}
