use super::cursor::Cursor;
use super::events::DEPTH_USUAL;
use super::{Fault, Mark};
use std::borrow::Cow;
use std::collections::VecDeque;

/// A token with its place.
#[derive(Debug)]
pub(super) struct Token<'t> {
    pub kind: TokenKind<'t>,
    pub mark: Mark,
}

#[derive(Debug)]
pub(super) enum TokenKind<'t> {
    StreamEnd,
    VersionDirective { major: u8, minor: u8 },
    TagDirective { handle: String, prefix: String },
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias(String),
    Anchor(String),
    Tag { handle: String, suffix: String },
    Scalar { value: Cow<'t, str>, plain: bool },
}

/// Something that turns out to be a key where a `:` follows.
#[derive(Clone, Copy)]
struct SimpleKey {
    possible: bool,
    required: bool,
    token_number: usize,
    mark: Mark,
}

/// Deepest nesting of flow collections and of indentation, as go-yaml's.
const NESTING_MAX: usize = 10_000;

/// Room for the tokens that are read ahead.
const TOKENS_USUAL: usize = 8;

/// Characters within which the `:` of a simple key must follow.
const SIMPLE_KEY_CHARS_MAX: usize = 1024;

pub(super) struct Scanner<'t> {
    pub(super) at: Cursor<'t>,
    tokens: VecDeque<Token<'t>>,
    tokens_taken: usize,
    /// Column of the block collection that is open; -1 outside.
    pub(super) indent: isize,
    indents: Vec<isize>,
    pub(super) flow_level: usize,
    pub(super) simple_key_allowed: bool,
    /// One for each flow level, in the order of their tokens.
    simple_keys: Vec<SimpleKey>,
    ended: bool,
    /// Whether the token at the head is known to be the next.
    is_ready: bool,
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let none = SimpleKey { possible: false, required: false, token_number: 0, mark: Mark::default() };
        Self {
            at: Cursor::new(text),
            tokens: VecDeque::with_capacity(TOKENS_USUAL),
            tokens_taken: 0,
            indent: -1,
            indents: Vec::with_capacity(DEPTH_USUAL),
            flow_level: 0,
            simple_key_allowed: true,
            simple_keys: vec![none],
            ended: false,
            is_ready: false,
        }
    }

    /// Returns the next token and leaves it there. After the end of the stream that end is returned again.
    #[inline]
    pub(super) fn peek(&mut self) -> Result<&Token<'t>, Fault> {
        if !self.is_ready {
            self.make_ready()?;
        }
        // One was pushed, where there was none.
        Ok(&self.tokens[0])
    }

    /// Reads on until the token at the head is sure to be the next one.
    fn make_ready(&mut self) -> Result<(), Fault> {
        while !self.ended && (self.tokens.is_empty() || self.head_may_be_key()?) {
            self.fetch()?;
        }
        if self.tokens.is_empty() {
            self.push(self.at.mark, TokenKind::StreamEnd);
        }
        self.is_ready = true;
        Ok(())
    }

    /// Returns the next token and takes it.
    pub(super) fn take(&mut self) -> Result<Token<'t>, Fault> {
        self.peek()?;
        self.is_ready = false;
        self.tokens_taken += 1;
        let mark = self.at.mark;
        Ok(self.tokens.pop_front().unwrap_or(Token { kind: TokenKind::StreamEnd, mark }))
    }

    /// Whether the token at the head could still turn out to be a key, so that more must be read first.
    fn head_may_be_key(&mut self) -> Result<bool, Fault> {
        // Outside flow collections there is one candidate.
        if let [key] = self.simple_keys.as_slice() {
            return if key.possible && key.token_number == self.tokens_taken {
                self.is_valid(0)
            } else {
                Ok(false)
            };
        }
        let first = self.simple_keys.partition_point(|k| k.token_number < self.tokens_taken);
        let mut n = first;
        while let Some(key) = self.simple_keys.get(n).filter(|k| k.token_number == self.tokens_taken) {
            if key.possible && self.is_valid(n)? {
                return Ok(true);
            }
            n += 1;
        }
        Ok(false)
    }

    fn is_valid(&mut self, n: usize) -> Result<bool, Fault> {
        let here = self.at.mark;
        let Some(key) = self.simple_keys.get_mut(n).filter(|k| k.possible) else { return Ok(false) };
        if key.mark.line < here.line || key.mark.index + SIMPLE_KEY_CHARS_MAX < here.index {
            if key.required {
                return Err(Fault::new(
                    "while scanning a simple key",
                    key.mark,
                    "could not find expected ':'",
                ));
            }
            key.possible = false;
        }
        Ok(key.possible)
    }

    fn push(&mut self, mark: Mark, kind: TokenKind<'t>) {
        self.tokens.push_back(Token { kind, mark });
    }

    fn fetch(&mut self) -> Result<(), Fault> {
        self.skip_to_next_token();
        self.unroll_indent(to_column(self.at.mark.column));
        let mark = self.at.mark;
        if self.at.at_end() {
            return self.fetch_stream_end();
        }
        let byte = self.at.byte(0);
        if mark.column == 0 && byte == b'%' {
            self.unroll_indent(-1);
            self.remove_simple_key()?;
            self.simple_key_allowed = false;
            let directive = self.scan_directive()?;
            self.push(mark, directive);
            return Ok(());
        }
        if self.at.is_document_indicator() {
            let kind = if byte == b'-' { TokenKind::DocumentStart } else { TokenKind::DocumentEnd };
            self.unroll_indent(-1);
            self.remove_simple_key()?;
            self.simple_key_allowed = false;
            self.at.skip_bytes(3);
            self.push(mark, kind);
            return Ok(());
        }
        let in_flow = self.flow_level > 0;
        match byte {
            b'[' => self.fetch_flow_start(TokenKind::FlowSequenceStart),
            b'{' => self.fetch_flow_start(TokenKind::FlowMappingStart),
            b']' => self.fetch_flow_end(TokenKind::FlowSequenceEnd),
            b'}' => self.fetch_flow_end(TokenKind::FlowMappingEnd),
            b',' => self.fetch_indicator(TokenKind::FlowEntry, true),
            b'-' if self.at.is_blankz(1) => self.fetch_block_entry(),
            b'?' if in_flow || self.at.is_blankz(1) => self.fetch_key(),
            b':' if in_flow || self.at.is_blankz(1) => self.fetch_value(),
            b'*' | b'&' => {
                self.save_simple_key()?;
                self.simple_key_allowed = false;
                let token = self.scan_anchor()?;
                self.push(mark, token);
                Ok(())
            }
            b'!' => {
                self.save_simple_key()?;
                self.simple_key_allowed = false;
                let token = self.scan_tag()?;
                self.push(mark, token);
                Ok(())
            }
            b'|' | b'>' if !in_flow => {
                self.remove_simple_key()?;
                self.simple_key_allowed = true;
                let value = self.scan_block_scalar(byte == b'|')?;
                self.push(mark, TokenKind::Scalar { value: value.into(), plain: false });
                Ok(())
            }
            b'\'' | b'"' => {
                self.save_simple_key()?;
                self.simple_key_allowed = false;
                let value = self.scan_quoted(byte == b'\'')?;
                self.push(mark, TokenKind::Scalar { value, plain: false });
                Ok(())
            }
            _ if self.starts_plain(byte) => {
                self.save_simple_key()?;
                self.simple_key_allowed = false;
                let value = self.scan_plain()?;
                self.push(mark, TokenKind::Scalar { value, plain: true });
                Ok(())
            }
            _ => Err(Fault::new(
                "while scanning for the next token",
                mark,
                "found character that cannot start any token",
            )),
        }
    }

    fn starts_plain(&self, byte: u8) -> bool {
        match byte {
            b'-' => !self.at.is_blank(1),
            b'?' | b':' => self.flow_level == 0 && !self.at.is_blankz(1),
            b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\'' | b'"'
            | b'%' | b'@' | b'`' => false,
            _ => !self.at.is_blankz(0),
        }
    }

    fn skip_to_next_token(&mut self) {
        loop {
            if self.at.mark.column == 0 && self.at.is_bom() {
                self.at.skip();
            }
            // A tab is no indentation, so it may not stand where a key could start.
            let tabs = self.flow_level > 0 || !self.simple_key_allowed;
            self.at.skip_spaces();
            while tabs && self.at.byte(0) == b'\t' {
                self.at.skip();
                self.at.skip_spaces();
            }
            if self.at.byte(0) == b'#' {
                self.skip_comment();
            }
            if !self.at.is_break(0) {
                return;
            }
            self.at.skip_line();
            if self.flow_level == 0 {
                self.simple_key_allowed = true;
            }
        }
    }

    pub(super) fn skip_comment(&mut self) {
        while !self.at.is_breakz() {
            self.at.skip();
        }
    }

    fn fetch_stream_end(&mut self) -> Result<(), Fault> {
        if self.at.mark.column != 0 {
            self.at.mark.column = 0;
            self.at.mark.line += 1;
        }
        self.unroll_indent(-1);
        self.remove_simple_key()?;
        self.simple_key_allowed = false;
        self.push(self.at.mark, TokenKind::StreamEnd);
        self.ended = true;
        Ok(())
    }

    fn save_simple_key(&mut self) -> Result<(), Fault> {
        if self.simple_key_allowed {
            let required = self.flow_level == 0 && self.indent == to_column(self.at.mark.column);
            let token_number = self.tokens_taken + self.tokens.len();
            let key = SimpleKey { possible: true, required, token_number, mark: self.at.mark };
            self.remove_simple_key()?;
            if let Some(last) = self.simple_keys.last_mut() {
                *last = key;
            }
        }
        Ok(())
    }

    fn remove_simple_key(&mut self) -> Result<(), Fault> {
        match self.simple_keys.last_mut() {
            Some(key) if key.possible && key.required => {
                Err(Fault::new("while scanning a simple key", key.mark, "could not find expected ':'"))
            }
            Some(key) => {
                key.possible = false;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn fetch_flow_start(&mut self, kind: TokenKind<'t>) -> Result<(), Fault> {
        self.save_simple_key()?;
        let mark = self.at.mark;
        let token_number = self.tokens_taken + self.tokens.len();
        self.simple_keys.push(SimpleKey { possible: false, required: false, token_number, mark });
        self.flow_level += 1;
        if self.flow_level > NESTING_MAX {
            return Err(Fault::new("while increasing flow level", mark, "exceeded max depth of 10000"));
        }
        self.simple_key_allowed = true;
        self.at.skip();
        self.push(mark, kind);
        Ok(())
    }

    fn fetch_flow_end(&mut self, kind: TokenKind<'t>) -> Result<(), Fault> {
        self.remove_simple_key()?;
        if self.flow_level > 0 {
            self.flow_level -= 1;
            self.simple_keys.pop();
        }
        self.simple_key_allowed = false;
        let mark = self.at.mark;
        self.at.skip();
        self.push(mark, kind);
        Ok(())
    }

    fn fetch_indicator(&mut self, kind: TokenKind<'t>, key_may_follow: bool) -> Result<(), Fault> {
        self.remove_simple_key()?;
        self.simple_key_allowed = key_may_follow;
        let mark = self.at.mark;
        self.at.skip();
        self.push(mark, kind);
        Ok(())
    }

    fn fetch_block_entry(&mut self) -> Result<(), Fault> {
        if self.flow_level == 0 {
            let mark = self.at.mark;
            if !self.simple_key_allowed {
                return Err(Fault::new("", mark, "block sequence entries are not allowed in this context"));
            }
            self.roll_indent(mark, None, TokenKind::BlockSequenceStart)?;
        }
        self.fetch_indicator(TokenKind::BlockEntry, true)
    }

    fn fetch_key(&mut self) -> Result<(), Fault> {
        if self.flow_level == 0 {
            let mark = self.at.mark;
            if !self.simple_key_allowed {
                return Err(Fault::new("", mark, "mapping keys are not allowed in this context"));
            }
            self.roll_indent(mark, None, TokenKind::BlockMappingStart)?;
        }
        self.fetch_indicator(TokenKind::Key, self.flow_level == 0)
    }

    fn fetch_value(&mut self) -> Result<(), Fault> {
        let last = self.simple_keys.len().saturating_sub(1);
        if self.is_valid(last)? {
            let key = self.simple_keys[last];
            let place = key.token_number.saturating_sub(self.tokens_taken).min(self.tokens.len());
            self.tokens.insert(place, Token { kind: TokenKind::Key, mark: key.mark });
            self.roll_indent(key.mark, Some(place), TokenKind::BlockMappingStart)?;
            self.simple_keys[last].possible = false;
            self.simple_key_allowed = false;
        } else {
            if self.flow_level == 0 {
                let mark = self.at.mark;
                if !self.simple_key_allowed {
                    return Err(Fault::new("", mark, "mapping values are not allowed in this context"));
                }
                self.roll_indent(mark, None, TokenKind::BlockMappingStart)?;
            }
            self.simple_key_allowed = self.flow_level == 0;
        }
        let mark = self.at.mark;
        self.at.skip();
        self.push(mark, TokenKind::Value);
        Ok(())
    }

    /// Opens a block collection where the column is deeper than the open one's.
    fn roll_indent(&mut self, mark: Mark, place: Option<usize>, kind: TokenKind<'t>) -> Result<(), Fault> {
        let column = to_column(mark.column);
        if self.flow_level > 0 || self.indent >= column {
            return Ok(());
        }
        self.indents.push(self.indent);
        self.indent = column;
        if self.indents.len() > NESTING_MAX {
            return Err(Fault::new("while increasing indent level", mark, "exceeded max depth of 10000"));
        }
        let place = place.unwrap_or(self.tokens.len());
        self.tokens.insert(place, Token { kind, mark });
        Ok(())
    }

    /// Closes the block collections that are deeper than a column.
    fn unroll_indent(&mut self, column: isize) {
        if self.flow_level > 0 {
            return;
        }
        while self.indent > column {
            self.push(self.at.mark, TokenKind::BlockEnd);
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }
}

/// Columns are counted in a text in memory, so they fit.
pub(super) fn to_column(column: usize) -> isize {
    isize::try_from(column).unwrap_or(isize::MAX)
}
