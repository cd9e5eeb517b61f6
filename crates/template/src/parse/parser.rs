use super::lexer::lex;
use super::token::{Token, TokenKind};
use super::tree::{NodeList, Span, Tree};
use crate::describe::nearest;
use crate::limits::NESTING_MAX;
use crate::{Call, Error, ErrorKind, Excerpt, Functions, Trace};
use fairway_value::Str;

/// Parses a text into the template under its name and those that it defines, as Go's `text/template/parse` does.
pub(crate) fn parse(name: &str, text: &str, functions: &Functions) -> Result<Vec<Tree>, Error> {
    if u32::try_from(text.len()).is_err() {
        return Err(Error {
            kind: ErrorKind::Limit,
            template: name.to_owned(),
            line: 0,
            column: 0,
            message: format!("template: {name}: text exceeds the limit of 4 GiB"),
            trace: Box::default(),
        });
    }
    let lexed = lex(text, functions.get("break").is_none(), functions.get("continue").is_none());
    let mut parser = Parser {
        name,
        text,
        functions,
        tokens: lexed.tokens,
        lex_error: lexed.error.unwrap_or_default(),
        at: 0,
        fetched: 0,
        trees: Vec::new(),
        scope: Scope::new(),
        nesting: 0,
        limit: false,
        open: Vec::new(),
    };
    parser.file().map_err(|message| parser.error(&message))?;
    Ok(parser.trees)
}

pub(super) type Parsed<T> = Result<T, String>;

/// What belongs to the template being parsed: a `define` starts afresh.
pub(super) struct Scope {
    pub vars: Vec<Str>,
    pub range_depth: usize,
    pub action_line: u32,
}

impl Scope {
    pub fn new() -> Self {
        Self { vars: vec!["$".into()], range_depth: 0, action_line: 0 }
    }
}

pub(super) struct Parser<'a> {
    pub name: &'a str,
    pub text: &'a str,
    pub functions: &'a Functions,
    tokens: Vec<Token>,
    lex_error: String,
    pub at: usize,
    /// The furthest token that was looked at: its line is the one that errors report.
    fetched: usize,
    pub trees: Vec<Tree>,
    pub scope: Scope,
    nesting: usize,
    limit: bool,
    /// Where the keywords stand that wait for their `end`, the innermost last.
    pub open: Vec<Token>,
}

impl Parser<'_> {
    fn error(&self, message: &str) -> Error {
        let line = self.tokens.get(self.fetched).map_or(1, |t| t.line);
        let trace = Box::new(self.trace(message, line));
        Error {
            kind: if self.limit { ErrorKind::Limit } else { ErrorKind::Parse },
            template: self.name.to_owned(),
            line: line as usize,
            column: 0,
            message: format!("template: {}:{line}: {message}", self.name),
            trace,
        }
    }

    /// Says what Go's message, which names the line that was reached, leaves open.
    fn trace(&self, message: &str, line: u32) -> Trace {
        let unclosed = self.open.last().filter(|_| message == "unexpected EOF");
        let started = Some(self.scope.action_line).filter(|_| message.contains(" started at "));
        let line = unclosed.map(|t| t.line).or(started).unwrap_or(line) as usize;
        let unknown = message.strip_prefix("function \"").and_then(|rest| rest.split_once('"'));
        let meant = unknown.and_then(|(name, _)| nearest(name, self.functions.names()));
        let mut notes = Vec::new();
        notes.extend(unclosed.map(|t| format!("this {} has no {{{{ end }}}}", self.value(*t))));
        notes.extend(meant.map(|name| format!("did you mean {name}?")));
        let excerpt = Excerpt::of_line(self.text, line).filter(|e| !e.line.trim().is_empty());
        let name = self.name.to_owned();
        let call = Call { file: name.clone(), template: name, line, excerpt, ..Call::default() };
        Trace { calls: vec![call], notes, left_out: 0 }
    }

    fn token(&mut self, at: usize) -> Token {
        let at = at.min(self.tokens.len() - 1);
        self.fetched = self.fetched.max(at);
        self.tokens[at]
    }

    pub fn next(&mut self) -> Token {
        let token = self.token(self.at);
        // The last token, the end or an error, is given again and again.
        self.at = (self.at + 1).min(self.tokens.len());
        token
    }

    pub fn backup(&mut self) {
        self.at -= 1;
    }

    pub fn peek(&mut self) -> Token {
        self.token(self.at)
    }

    pub fn next_non_space(&mut self) -> Token {
        loop {
            let token = self.next();
            if token.kind != TokenKind::Space {
                return token;
            }
        }
    }

    pub fn peek_non_space(&mut self) -> Token {
        let token = self.next_non_space();
        self.backup();
        token
    }

    pub fn value(&self, token: Token) -> &str {
        &self.text[token.start as usize..token.end as usize]
    }

    /// Returns where the last token that is no space ended.
    pub fn end_of_last(&self) -> u32 {
        let before = &self.tokens[..self.at.min(self.tokens.len())];
        before.iter().rev().find(|t| t.kind != TokenKind::Space).map_or(0, |t| t.end)
    }

    pub fn span_from(&self, start: u32) -> Span {
        Span { at: start, start, end: self.end_of_last().max(start) }
    }

    pub fn unexpected<T>(&self, token: Token, context: &str) -> Parsed<T> {
        if token.kind != TokenKind::Error {
            return Err(format!("unexpected {} in {context}", self.describe(token)));
        }
        let line = self.scope.action_line;
        if line == 0 || line == token.line {
            return Err(self.lex_error.clone());
        }
        let place = format!(" started at {}:{line}", self.name);
        let action = if self.lex_error.ends_with(" action") { "" } else { " in action" };
        Err(format!("{}{action}{place}", self.lex_error))
    }

    fn describe(&self, token: Token) -> String {
        let value = self.value(token);
        match token.kind {
            TokenKind::Eof => "EOF".to_owned(),
            kind if kind.is_keyword() => format!("<{value}>"),
            _ if value.len() > 10 => {
                let short: String = value.chars().take(10).collect();
                format!("{}...", crate::fmt::quote(&short))
            }
            _ => crate::fmt::quote(value),
        }
    }

    pub fn expect(&mut self, kind: TokenKind, context: &str) -> Parsed<Token> {
        let token = self.next_non_space();
        if token.kind == kind { Ok(token) } else { self.unexpected(token, context) }
    }

    /// Parses something nested, so long as it does not nest too deep.
    pub fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.nesting >= NESTING_MAX {
            self.limit = true;
            return Err(format!(
                "max expression depth exceeded: blocks and parentheses nest deeper than {NESTING_MAX}"
            ));
        }
        self.nesting += 1;
        let out = parse(self);
        self.nesting -= 1;
        out
    }

    fn file(&mut self) -> Parsed<()> {
        let mut root = NodeList::default();
        loop {
            let token = self.peek();
            match token.kind {
                TokenKind::Eof => break,
                TokenKind::LeftDelim => {
                    let before = self.at;
                    self.next();
                    if self.next_non_space().kind == TokenKind::Define {
                        self.definition()?;
                        continue;
                    }
                    self.at = before;
                }
                _ => {}
            }
            match self.text_or_action()? {
                super::control::Item::Node(node) => root.0.push(node),
                end => return Err(format!("unexpected {}", end.show())),
            }
        }
        self.add(self.name.into(), root)
    }

    fn definition(&mut self) -> Parsed<()> {
        const CONTEXT: &str = "define clause";
        let outer = std::mem::replace(&mut self.scope, Scope::new());
        self.open.push(self.tokens[self.at.saturating_sub(1).min(self.tokens.len() - 1)]);
        let name = self.next_non_space();
        if !matches!(name.kind, TokenKind::String | TokenKind::RawString) {
            return self.unexpected(name, CONTEXT);
        }
        let name = self.unquoted(name)?;
        self.expect(TokenKind::RightDelim, CONTEXT)?;
        let (root, end) = self.item_list()?;
        if !matches!(end, super::control::Item::End) {
            return Err(format!("unexpected {} in {CONTEXT}", end.show()));
        }
        self.add(name, root)?;
        self.open.pop();
        self.scope = outer;
        Ok(())
    }

    pub fn unquoted(&self, token: Token) -> Parsed<Str> {
        let bytes = super::literal::unquote(self.value(token)).ok_or("invalid syntax")?;
        Ok(String::from_utf8_lossy(&bytes).as_ref().into())
    }

    /// Adds a template. Of two with one name, one must be blank, and the other stays.
    pub fn add(&mut self, name: Str, root: NodeList) -> Parsed<()> {
        let blank = root.0.iter().all(|n| match n {
            super::Node::Text(start, end) => self.text[*start as usize..*end as usize].trim().is_empty(),
            _ => false,
        });
        let tree = Tree { name, root, blank };
        match self.trees.iter_mut().find(|t| t.name == tree.name) {
            None => self.trees.push(tree),
            Some(old) if old.blank => *old = tree,
            Some(_) if blank => {}
            Some(_) => {
                let name = crate::fmt::quote(&tree.name);
                return Err(format!("template: multiple definition of template {name}"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(text: &str) -> String {
        parse("t", text, &Functions::go()).map_or_else(|e| e.message, |_| "fine".to_owned())
    }

    #[test]
    fn errors_have_gos_wording() {
        for (text, expect) in [
            ("{{ 1", "template: t:1: unclosed action"),
            ("{{\n1", "template: t:2: unclosed action started at t:1"),
            ("{{ if }}", "template: t:1: missing value for if"),
            ("{{ if 1 }}", "template: t:1: unexpected EOF"),
            ("{{ foo }}", "template: t:1: function \"foo\" not defined"),
            ("{{ $x }}", "template: t:1: undefined variable \"$x\""),
            ("{{ print if }}", "template: t:1: unexpected <if> in operand"),
            ("{{ 1 | 2 }}", "template: t:1: non executable command in pipeline stage 2"),
            ("{{ break }}", "template: t:1: {{break}} outside {{range}}"),
            (
                "{{ define \"t\" }}x{{ end }}y",
                "template: t:1: template: multiple definition of template \"t\"",
            ),
            ("{{ range $i, $e := . }}{{ end }}", "fine"),
        ] {
            assert_eq!(message(text), expect, "{text}");
        }
    }

    #[test]
    fn deep_nesting_is_refused() {
        assert!(
            message(&format!("{{{{ {}1{} }}}}", "(".repeat(5000), ")".repeat(5000)))
                .contains("max expression depth")
        );
        assert!(message(&"{{ if 1 }}".repeat(5000)).contains("max expression depth"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(\\{\\{|\\}\\}|-| |\n|if|end|range|else|define|\\$x|:=|=|,|\\.a|\\(|\\)|\\||\"|`|'|1|é|/\\*|\\*/|print|template|\\PC){0,40}") {
            let trees = parse("t", &text, &Functions::go());
            if let Ok(trees) = trees {
                prop_assert!(trees.len() <= 1 + text.len() / 10);
            }
        }
    }
}
