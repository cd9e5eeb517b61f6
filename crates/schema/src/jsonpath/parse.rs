//! Templates into nodes, as the library's `parser.go`.

use super::unquote::unquote;
use super::{End, JsonPathError, Node};

type Parsed<T> = Result<T, JsonPathError>;

/// Reads text with paths in braces.
pub(super) fn template(text: &str) -> Parsed<Vec<Node>> {
    let mut nodes = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let start = rest.find('{').unwrap_or(rest.len());
        if start > 0 {
            nodes.push(Node::Text(rest[..start].to_owned()));
        }
        let Some(inner) = rest.get(start + 1..) else { break };
        let mut parser = Parser { text: inner, at: 0, nodes: Vec::new() };
        parser.action()?;
        nodes.push(Node::List(parser.nodes));
        rest = &inner[parser.at..];
    }
    Ok(nodes)
}

/// Reads a path without its braces. Such a path holds no filter that could be closed, so it nests no deeper than a few.
fn path(text: &str) -> Parsed<Vec<Node>> {
    match template(&format!("{{{text}}}"))?.into_iter().next() {
        Some(Node::List(nodes)) => Ok(nodes),
        _ => Ok(Vec::new()),
    }
}

struct Parser<'t> {
    /// What comes behind the opening brace.
    text: &'t str,
    at: usize,
    nodes: Vec<Node>,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest().chars().next()?;
        self.at += c.len_utf8();
        Some(c)
    }

    /// Takes what `text` is in front.
    fn take(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    /// Reads up to and with the closing brace.
    fn action(&mut self) -> Parsed<()> {
        loop {
            if self.take("}") {
                return Ok(());
            }
            if self.take("[?(") {
                self.filter()?;
            } else if self.take("..") {
                self.recursive()?;
            } else {
                self.one()?;
            }
        }
    }

    fn one(&mut self) -> Parsed<()> {
        let start = self.at;
        match self.next() {
            None | Some('\r' | '\n') => Err(JsonPathError::new("unclosed action")),
            // The value at hand.
            Some(' ' | '@' | '$') => Ok(()),
            Some('[') => self.bracket(),
            Some(quote @ ('"' | '\'')) => self.quoted(start, quote),
            Some('.') => {
                self.field();
                Ok(())
            }
            Some(c) if matches!(c, '+' | '-') || c.is_ascii_digit() => self.number(start),
            Some(c) if is_alphanumeric(c) => {
                self.at = start;
                self.word();
                Ok(())
            }
            Some(c) => Err(JsonPathError::new(format!("unrecognized character in action: {}", unicode(c)))),
        }
    }

    fn recursive(&mut self) -> Parsed<()> {
        if self.nodes.last() == Some(&Node::Recursive) {
            return Err(JsonPathError::new("invalid multiple recursive descent"));
        }
        self.nodes.push(Node::Recursive);
        if self.rest().starts_with(is_alphanumeric) {
            self.field();
        }
        Ok(())
    }

    fn word(&mut self) {
        let end = self.rest().find(is_terminator).unwrap_or(self.rest().len());
        let word = &self.rest()[..end];
        self.at += end;
        self.nodes.push(match word {
            "true" => Node::Bool(true),
            "false" => Node::Bool(false),
            word => Node::Word(word.to_owned()),
        });
    }

    fn number(&mut self, start: usize) -> Parsed<()> {
        let end = self.rest().find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap_or(self.rest().len());
        self.at += end;
        let text = &self.text[start..self.at];
        let found = text.parse().map(Node::Int).or_else(|_| text.parse().map(Node::Float));
        self.nodes.push(found.map_err(|_| JsonPathError::new(format!("cannot parse number {text}")))?);
        Ok(())
    }

    /// Reads a name up to where it ends; behind `\` nothing ends it.
    fn field(&mut self) {
        let mut name = String::new();
        while let Some(c) = self.rest().chars().next().filter(|c| !is_terminator(*c)) {
            self.at += c.len_utf8();
            let taken = if c == '\\' { self.next().filter(|c| *c != '\\') } else { Some(c) };
            name.extend(taken);
        }
        self.nodes.push(if name == "*" { Node::Every } else { Node::Field(name) });
    }

    fn quoted(&mut self, start: usize, quote: char) -> Parsed<()> {
        loop {
            match self.next() {
                None | Some('\n') => return Err(JsonPathError::new("unterminated quoted string")),
                Some(c) if c == quote && !self.is_escaped() => break,
                Some(_) => {}
            }
        }
        let text = &self.text[start..self.at];
        let read = unquote(text)
            .ok_or_else(|| JsonPathError::new(format!("unquote string {text} error invalid syntax")))?;
        self.nodes.push(Node::Text(read));
        Ok(())
    }

    /// Whether a backslash stands before the character that was just read, which has one byte.
    fn is_escaped(&self) -> bool {
        self.text[..self.at - 1].ends_with('\\')
    }

    fn bracket(&mut self) -> Parsed<()> {
        let end = self.rest().find([']', '\n']).filter(|end| self.rest()[*end..].starts_with(']'));
        let end = end.ok_or_else(|| JsonPathError::new("unterminated array"))?;
        let inner = &self.rest()[..end];
        self.at += end + 1;
        let inner = if inner == "*" { ":" } else { inner };
        if inner.contains(',') {
            let each = inner.split(',').map(|part| path(&format!("[{}]", part.trim_matches(' '))));
            self.nodes.push(Node::Union(each.collect::<Parsed<_>>()?));
            return Ok(());
        }
        let key = inner.strip_prefix('\'').and_then(|k| k.strip_suffix('\'')).filter(|k| !k.contains('\''));
        if let Some(key) = key {
            self.nodes.extend(path(&format!(".{key}"))?);
            return Ok(());
        }
        self.nodes.push(slice(inner)?);
        Ok(())
    }

    fn filter(&mut self) -> Parsed<()> {
        let start = self.at;
        let (mut quote, mut closed) = (None, false);
        loop {
            match self.next() {
                None | Some('\n') => return Err(JsonPathError::new("unterminated filter")),
                Some(c @ ('"' | '\'')) => match quote {
                    None => quote = Some(c),
                    Some(open) => closed |= open == c && !self.is_escaped(),
                },
                Some(')') if quote.is_some() == closed => break,
                Some(_) => {}
            }
        }
        let text = &self.text[start..self.at - 1];
        if self.next() != Some(']') {
            return Err(JsonPathError::new("unclosed array expect ]"));
        }
        let (left, operator, right) = comparison(text).unwrap_or((text, "exists", ""));
        let right = if right.is_empty() { Vec::new() } else { path(right)? };
        let left = path(left)?;
        self.nodes.push(Node::Filter { left, operator: operator.to_owned(), right });
        Ok(())
    }
}

/// Splits at the first run of `!`, `<`, `=` and `>` that has something on both sides.
fn comparison(text: &str) -> Option<(&str, &str, &str)> {
    let sign = ['!', '<', '>', '='];
    let start = text.find(sign).filter(|start| *start > 0)?;
    let end = start + text[start..].find(|c| !sign.contains(&c)).unwrap_or(text.len() - start);
    // Of a run at the very end the last sign is the right side.
    let end = if end == text.len() && end > start + 1 { end - 1 } else { end };
    let right = text.get(end..).filter(|right| !right.is_empty() && !right.contains('\n'))?;
    Some((&text[..start], &text[start..end], right))
}

fn slice(text: &str) -> Parsed<Node> {
    let invalid = || JsonPathError::new(format!("invalid array index {text}"));
    let mut parts = text.split(':');
    let mut part = || -> Parsed<Option<Option<i64>>> {
        let Some(part) = parts.next() else { return Ok(None) };
        let digits = part.strip_prefix('-').unwrap_or(part);
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(invalid());
        }
        if part.is_empty() {
            return Ok(Some(None));
        }
        let wrong = |_| JsonPathError::new(format!("array index {part} is not a number"));
        part.parse().map(|n| Some(Some(n))).map_err(wrong)
    };
    let (from, to, step) = (part()?.flatten(), part()?, part()?.flatten());
    if part()?.is_some() {
        return Err(invalid());
    }
    let to = to.map_or(End::Next, |to| to.map_or(End::Open, End::At));
    Ok(Node::Slice { from, to, step })
}

fn is_terminator(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n' | '.' | ',' | '[' | ']' | '$' | '@' | '{' | '}')
}

fn is_alphanumeric(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// Writes a character as Go's `%#U`.
fn unicode(c: char) -> String {
    format!("U+{:04X} '{c}'", u32::from(c))
}
