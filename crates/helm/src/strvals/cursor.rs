/// Characters that are still to be read.
pub(super) struct Cursor {
    chars: Vec<char>,
    at: usize,
}

impl Cursor {
    pub(super) fn new(text: &str) -> Self {
        Self { chars: text.chars().collect(), at: 0 }
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let c = self.chars.get(self.at).copied();
        self.at += usize::from(c.is_some());
        c
    }

    pub(super) fn back(&mut self) {
        self.at = self.at.saturating_sub(1);
    }

    pub(super) fn rest(&self) -> String {
        self.chars[self.at..].iter().collect()
    }

    pub(super) fn skip(&mut self, chars: usize) {
        self.at = (self.at + chars).min(self.chars.len());
    }

    /// Reads up to one of the stops and takes it; `None` instead of a stop at the end. A backslash makes the next
    /// character an ordinary one, where `escapes` says so.
    pub(super) fn until(&mut self, stops: &[char], escapes: bool) -> (String, Option<char>) {
        let mut text = String::new();
        while let Some(c) = self.next() {
            if stops.contains(&c) {
                return (text, Some(c));
            }
            if c == '\\' && escapes {
                match self.next() {
                    Some(escaped) => text.push(escaped),
                    None => return (text, None),
                }
            } else {
                text.push(c);
            }
        }
        (text, None)
    }
}
