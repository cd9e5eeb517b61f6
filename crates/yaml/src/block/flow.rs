//! Lists and mappings in brackets, on one line.

use super::reader::{Reader, is_word};
use fairway_value::Value;

impl<'t> Reader<'t> {
    /// Reads the collection that a text begins with and returns what stands behind it.
    pub(super) fn flow(&mut self, text: &'t str, depth: usize) -> Option<(Value, &'t str)> {
        self.enter(depth)?;
        match text.as_bytes().first()? {
            b'[' => self.flow_list(&text[1..], depth),
            _ => self.flow_mapping(&text[1..], depth),
        }
    }

    fn flow_list(&mut self, text: &'t str, depth: usize) -> Option<(Value, &'t str)> {
        let start = self.mark();
        let mut rest = text.trim_start_matches(' ');
        if let Some(behind) = rest.strip_prefix(']') {
            return Some((self.finish_list(start), behind));
        }
        loop {
            let (item, behind) = self.flow_item(rest, depth)?;
            self.push_item(item);
            match next(behind)? {
                (b',', behind) => rest = behind.trim_start_matches(' '),
                (b']', behind) => return Some((self.finish_list(start), behind)),
                _ => return None,
            }
        }
    }

    fn flow_mapping(&mut self, text: &'t str, depth: usize) -> Option<(Value, &'t str)> {
        let start = self.mark();
        let mut rest = text.trim_start_matches(' ');
        if let Some(behind) = rest.strip_prefix('}') {
            return Some((Value::object(), behind));
        }
        loop {
            self.count()?;
            let (key, behind) = self.flow_key(rest)?;
            let (value, behind) = self.flow_item(behind, depth)?;
            self.push_entry(key, value);
            match next(behind)? {
                (b',', behind) => rest = behind.trim_start_matches(' '),
                (b'}', behind) => return Some((self.finish_mapping(start)?, behind)),
                _ => return None,
            }
        }
    }

    /// Splits off a key and its colon. Behind quotes the value may follow at once, as in JSON.
    fn flow_key(&self, text: &'t str) -> Option<(&'t str, &'t str)> {
        let is_quoted = text.starts_with(['"', '\'']);
        let (key, behind) = self.key_text(text)?;
        let behind = behind.strip_prefix(':')?;
        (is_quoted || behind.starts_with(' ')).then(|| (key, behind.trim_start_matches(' ')))
    }

    fn flow_item(&mut self, text: &'t str, depth: usize) -> Option<(Value, &'t str)> {
        let bytes = text.as_bytes();
        match bytes.first()? {
            b'[' | b'{' => self.flow(text, depth + 1),
            b'"' | b'\'' => {
                self.count()?;
                let (inner, rest) = self.quoted_on_a_line(text)?;
                Some((Value::String(inner), rest))
            }
            b if is_word(*b) && (*b != b'-' || bytes.get(1).is_some_and(|b| is_word(*b))) => {
                self.count()?;
                let end = flow_end(bytes)?;
                let value = self.plain(&text[..end])?;
                Some((value, &text[end..]))
            }
            _ => None,
        }
    }
}

/// Returns where a plain scalar without spaces in a collection ends.
fn flow_end(bytes: &[u8]) -> Option<usize> {
    for (n, byte) in bytes.iter().enumerate() {
        match byte {
            b',' | b']' | b'}' | b' ' => return Some(n),
            b':' if matches!(bytes.get(n + 1), None | Some(b' ')) => return None,
            b'?' | b'[' | b'{' | b'\t' => return None,
            _ => {}
        }
    }
    None
}

/// Returns what follows an item of a collection, and what stands behind that.
fn next(rest: &str) -> Option<(u8, &str)> {
    let rest = rest.trim_start_matches(' ');
    Some((*rest.as_bytes().first()?, rest.get(1..)?))
}
