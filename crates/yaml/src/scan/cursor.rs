use super::Mark;

/// A position in a text. Past the end every byte is NUL, which the text itself cannot hold.
pub(super) struct Cursor<'t> {
    text: &'t str,
    pos: usize,
    pub mark: Mark,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, pos: 0, mark: Mark::default() }
    }

    pub(super) fn pos(&self) -> usize {
        self.pos
    }

    pub(super) fn slice(&self, from: usize, to: usize) -> &'t str {
        self.text.get(from..to).unwrap_or_default()
    }

    pub(super) fn byte(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.pos + ahead).copied().unwrap_or(0)
    }

    pub(super) fn at_end(&self) -> bool {
        self.pos >= self.text.len()
    }

    pub(super) fn rest(&self) -> &'t [u8] {
        &self.text.as_bytes()[self.pos.min(self.text.len())..]
    }

    /// Whether a byte order mark stands here.
    pub(super) fn is_bom(&self) -> bool {
        self.rest().starts_with("\u{feff}".as_bytes())
    }

    /// Length of the line break at a distance: 0 where there is none.
    fn break_length(&self, ahead: usize) -> usize {
        match self.rest().get(ahead..).unwrap_or_default() {
            [b'\r', b'\n', ..] | [0xc2, 0x85, ..] => 2,
            [b'\r' | b'\n', ..] => 1,
            [0xe2, 0x80, 0xa8 | 0xa9, ..] => 3,
            _ => 0,
        }
    }

    pub(super) fn is_break(&self, ahead: usize) -> bool {
        // Most bytes are none of these.
        matches!(self.byte(ahead), b'\n' | b'\r' | 0xc2 | 0xe2) && self.break_length(ahead) > 0
    }

    pub(super) fn is_blank(&self, ahead: usize) -> bool {
        matches!(self.byte(ahead), b' ' | b'\t')
    }

    pub(super) fn is_breakz(&self) -> bool {
        self.at_end() || self.is_break(0)
    }

    /// Whether a space, a tab, a line break or the end is at a distance.
    pub(super) fn is_blankz(&self, ahead: usize) -> bool {
        self.is_blank(ahead) || self.pos + ahead >= self.text.len() || self.is_break(ahead)
    }

    /// Whether a character of names stands here: a letter, digit, `_` or `-` of ASCII.
    pub(super) fn is_name(&self) -> bool {
        let b = self.byte(0);
        b.is_ascii_alphanumeric() || b == b'_' || b == b'-'
    }

    /// Passes one character.
    pub(super) fn skip(&mut self) {
        let Some(first) = self.rest().first() else { return };
        self.pos += match first {
            0..=0x7f => 1,
            0x80..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xff => 4,
        };
        self.mark.index += 1;
        self.mark.column += 1;
    }

    /// Passes spaces.
    pub(super) fn skip_spaces(&mut self) {
        let count = self.rest().iter().take_while(|b| **b == b' ').count();
        self.pos += count;
        self.mark.index += count;
        self.mark.column += count;
    }

    /// Passes bytes of one line.
    pub(super) fn skip_bytes(&mut self, count: usize) {
        let end = (self.pos + count).min(self.text.len());
        let chars = self.text.as_bytes()[self.pos..end].iter().filter(|b| (**b as i8) >= -0x40).count();
        self.pos = end;
        self.mark.index += chars;
        self.mark.column += chars;
    }

    /// Passes a line break.
    pub(super) fn skip_line(&mut self) {
        let length = self.break_length(0);
        if length > 0 {
            self.pos += length;
            self.mark.index += if length == 2 && self.text.as_bytes()[self.pos - 1] == b'\n' { 2 } else { 1 };
            self.mark.column = 0;
            self.mark.line += 1;
        }
    }

    /// Passes a line break and appends it, normalised; nothing at the end.
    pub(super) fn read_line(&mut self, out: &mut String) {
        out.extend(self.take_line());
    }

    /// Passes a line break and returns it, normalised; nothing at the end.
    pub(super) fn take_line(&mut self) -> Option<char> {
        let taken = match self.break_length(0) {
            0 => return None,
            3 => self.slice(self.pos, self.pos + 3).chars().next(),
            _ => Some('\n'),
        };
        self.skip_line();
        taken
    }

    /// Whether `---` or `...` stands alone at the start of this line.
    pub(super) fn is_document_indicator(&self) -> bool {
        self.mark.column == 0
            && matches!(self.rest(), [b'-', b'-', b'-', ..] | [b'.', b'.', b'.', ..])
            && self.is_blankz(3)
    }
}
