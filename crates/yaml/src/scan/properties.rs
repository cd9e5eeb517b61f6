//! Anchors, aliases, tags and directives.

use super::Fault;
use super::tokens::{Scanner, TokenKind};

const TAG: &str = "while parsing a tag";
const TAG_DIRECTIVE: &str = "while parsing a %TAG directive";
const YAML_DIRECTIVE: &str = "while scanning a %YAML directive";
const DIRECTIVE: &str = "while scanning a directive";

impl<'t> Scanner<'t> {
    fn name(&mut self) -> String {
        let from = self.at.pos();
        while self.at.is_name() {
            self.at.skip();
        }
        self.at.slice(from, self.at.pos()).to_owned()
    }

    fn skip_blanks(&mut self) {
        while self.at.is_blank(0) {
            self.at.skip();
        }
    }

    pub(super) fn scan_anchor(&mut self) -> Result<TokenKind<'t>, Fault> {
        let start = self.at.mark;
        let is_anchor = self.at.byte(0) == b'&';
        self.at.skip();
        let name = self.name();
        let ends = self.at.is_blankz(0)
            || matches!(self.at.byte(0), b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`');
        if name.is_empty() || !ends {
            let context = if is_anchor { "while scanning an anchor" } else { "while scanning an alias" };
            return Err(Fault::new(context, start, "did not find expected alphabetic or numeric character"));
        }
        Ok(if is_anchor { TokenKind::Anchor(name) } else { TokenKind::Alias(name) })
    }

    pub(super) fn scan_tag(&mut self) -> Result<TokenKind<'t>, Fault> {
        let start = self.at.mark;
        let fail = |problem| Err(Fault::new("while scanning a tag", start, problem));
        let (handle, suffix) = if self.at.byte(1) == b'<' {
            self.at.skip_bytes(2);
            let uri = self.tag_uri("", TAG)?;
            if self.at.byte(0) != b'>' {
                return fail("did not find the expected '>'");
            }
            self.at.skip();
            (String::new(), uri)
        } else {
            let handle = self.tag_handle(TAG)?;
            if handle.len() > 1 && handle.ends_with('!') {
                let suffix = self.tag_uri("", TAG)?;
                (handle, suffix)
            } else {
                let suffix = self.tag_uri(&handle, TAG)?;
                // The tag `!` alone has no handle.
                if suffix.is_empty() { (String::new(), "!".to_owned()) } else { ("!".to_owned(), suffix) }
            }
        };
        if !self.at.is_blankz(0) {
            return fail("did not find expected whitespace or line break");
        }
        Ok(TokenKind::Tag { handle, suffix })
    }

    fn tag_handle(&mut self, context: &'static str) -> Result<String, Fault> {
        if self.at.byte(0) != b'!' {
            return Err(Fault::new(context, self.at.mark, "did not find expected '!'"));
        }
        self.at.skip();
        let mut handle = format!("!{}", self.name());
        if self.at.byte(0) == b'!' {
            self.at.skip();
            handle.push('!');
        } else if context == TAG_DIRECTIVE && handle != "!" {
            return Err(Fault::new(context, self.at.mark, "did not find expected '!'"));
        }
        Ok(handle)
    }

    fn tag_uri(&mut self, head: &str, context: &'static str) -> Result<String, Fault> {
        let start = self.at.mark;
        let mut bytes = head.as_bytes().get(1..).unwrap_or_default().to_vec();
        let mut found = !head.is_empty();
        loop {
            match self.at.byte(0) {
                b'%' => {
                    let digits = [self.at.byte(1), self.at.byte(2)];
                    let octet = std::str::from_utf8(&digits)
                        .ok()
                        .filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))
                        .and_then(|d| u8::from_str_radix(d, 16).ok());
                    let Some(octet) = octet else {
                        return Err(Fault::new(context, start, "did not find URI escaped octet"));
                    };
                    bytes.push(octet);
                    self.at.skip_bytes(3);
                }
                b if self.at.is_name() || b";/?:@&=+$,.!~*'()[]".contains(&b) => {
                    bytes.push(b);
                    self.at.skip();
                }
                _ => break,
            }
            found = true;
        }
        if !found {
            return Err(Fault::new(context, start, "did not find expected tag URI"));
        }
        String::from_utf8(bytes)
            .map_err(|_| Fault::new(context, start, "found an incorrect leading UTF-8 octet"))
    }

    pub(super) fn scan_directive(&mut self) -> Result<TokenKind<'t>, Fault> {
        let start = self.at.mark;
        let fail = |problem| Err(Fault::new(DIRECTIVE, start, problem));
        self.at.skip();
        let name = self.name();
        if name.is_empty() {
            return fail("could not find expected directive name");
        }
        if !self.at.is_blankz(0) {
            return fail("found unexpected non-alphabetical character");
        }
        self.skip_blanks();
        let token = match name.as_str() {
            "YAML" => {
                let major = self.version_number()?;
                if self.at.byte(0) != b'.' {
                    return Err(Fault::new(
                        YAML_DIRECTIVE,
                        start,
                        "did not find expected digit or '.' character",
                    ));
                }
                self.at.skip();
                TokenKind::VersionDirective { major, minor: self.version_number()? }
            }
            "TAG" => {
                let handle = self.tag_handle(TAG_DIRECTIVE)?;
                if !self.at.is_blank(0) {
                    return Err(Fault::new(TAG_DIRECTIVE, start, "did not find expected whitespace"));
                }
                self.skip_blanks();
                let prefix = self.tag_uri("", TAG_DIRECTIVE)?;
                if !self.at.is_blankz(0) {
                    let problem = "did not find expected whitespace or line break";
                    return Err(Fault::new(TAG_DIRECTIVE, start, problem));
                }
                TokenKind::TagDirective { handle, prefix }
            }
            _ => return fail("found unknown directive name"),
        };
        self.skip_blanks();
        if self.at.byte(0) == b'#' {
            self.skip_comment();
        }
        if !self.at.is_breakz() {
            return fail("did not find expected comment or line break");
        }
        self.at.skip_line();
        Ok(token)
    }

    fn version_number(&mut self) -> Result<u8, Fault> {
        let from = self.at.pos();
        while self.at.byte(0).is_ascii_digit() {
            self.at.skip();
        }
        let digits = self.at.slice(from, self.at.pos());
        let problem = match digits.len() {
            0 => "did not find expected version number",
            1 | 2 => return Ok(digits.parse().unwrap_or(u8::MAX)),
            _ => "found extremely long version number",
        };
        Err(Fault::new(YAML_DIRECTIVE, self.at.mark, problem))
    }
}
