use super::parser::{Parsed, Parser, Scope};
use super::token::{Token, TokenKind};
use super::tree::{Node, NodeList, Pipe};
use fairway_value::Str;

/// What comes next in a list: a node, or what ends the list.
pub(super) enum Item {
    Node(Node),
    Else,
    End,
}

impl Item {
    pub fn show(&self) -> &'static str {
        match self {
            Self::Else => "{{else}}",
            Self::End | Self::Node(_) => "{{end}}",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Control {
    If,
    With,
    Range,
}

impl Control {
    fn context(self) -> &'static str {
        match self {
            Self::If => "if",
            Self::With => "with",
            Self::Range => "range",
        }
    }

    /// Which keyword may follow `else` to make a further arm.
    fn chained(self) -> Option<TokenKind> {
        match self {
            Self::If => Some(TokenKind::If),
            Self::With => Some(TokenKind::With),
            Self::Range => None,
        }
    }
}

impl Parser<'_> {
    /// Parses up to and with `end` or `else`.
    pub fn item_list(&mut self) -> Parsed<(NodeList, Item)> {
        let mut list = NodeList::default();
        while self.peek_non_space().kind != TokenKind::Eof {
            match self.text_or_action()? {
                Item::Node(node) => list.0.push(node),
                end => return Ok((list, end)),
            }
        }
        Err("unexpected EOF".to_owned())
    }

    pub fn text_or_action(&mut self) -> Parsed<Item> {
        let token = self.next_non_space();
        match token.kind {
            TokenKind::Text => Ok(Item::Node(Node::Text(token.start, token.end))),
            TokenKind::LeftDelim => {
                self.scope.action_line = token.line;
                let item = self.nested(Self::action)?;
                self.scope.action_line = 0;
                Ok(item)
            }
            _ => self.unexpected(token, "input"),
        }
    }

    fn action(&mut self) -> Parsed<Item> {
        let token = self.next_non_space();
        let opens =
            matches!(token.kind, TokenKind::Block | TokenKind::If | TokenKind::With | TokenKind::Range);
        if opens {
            self.open.push(token);
        }
        let node = match token.kind {
            TokenKind::Block => self.block()?,
            TokenKind::Break => self.leave(Node::Break, "{{break}}")?,
            TokenKind::Continue => self.leave(Node::Continue, "{{continue}}")?,
            TokenKind::Else => {
                // `if` and `with` stay for the control that this belongs to.
                if !matches!(self.peek_non_space().kind, TokenKind::If | TokenKind::With) {
                    self.expect(TokenKind::RightDelim, "else")?;
                }
                return Ok(Item::Else);
            }
            TokenKind::End => {
                self.expect(TokenKind::RightDelim, "end")?;
                return Ok(Item::End);
            }
            TokenKind::If => self.branch(Control::If)?,
            TokenKind::With => self.branch(Control::With)?,
            TokenKind::Range => self.range()?,
            TokenKind::Template => self.template(token)?,
            _ => {
                self.backup();
                let pipe = self.pipeline("command", TokenKind::RightDelim)?;
                Node::Action(pipe.span, pipe)
            }
        };
        if opens {
            self.open.pop();
        }
        Ok(Item::Node(node))
    }

    fn leave(&mut self, node: Node, context: &str) -> Parsed<Node> {
        let token = self.next_non_space();
        if token.kind != TokenKind::RightDelim {
            return self.unexpected(token, context);
        }
        if self.scope.range_depth == 0 {
            return Err(format!("{context} outside {{{{range}}}}"));
        }
        Ok(node)
    }

    /// Parses `if` or `with` with all its arms, one after the other rather than one inside the other.
    fn branch(&mut self, control: Control) -> Parsed<Node> {
        let vars = self.scope.vars.len();
        let (mut arms, mut otherwise) = (Vec::new(), None);
        loop {
            let pipe = self.pipeline(control.context(), TokenKind::RightDelim)?;
            let (list, end) = self.item_list()?;
            arms.push((pipe, list));
            if matches!(end, Item::End) {
                break;
            }
            if control.chained() == Some(self.peek().kind) {
                self.next();
                continue;
            }
            otherwise = Some(self.else_list()?);
            break;
        }
        self.scope.vars.truncate(vars);
        Ok(Node::Branch { with: control == Control::With, arms, otherwise })
    }

    fn else_list(&mut self) -> Parsed<NodeList> {
        match self.item_list()? {
            (list, Item::End) => Ok(list),
            (_, end) => Err(format!("expected end; found {}", end.show())),
        }
    }

    fn range(&mut self) -> Parsed<Node> {
        let vars = self.scope.vars.len();
        let pipe = self.pipeline(Control::Range.context(), TokenKind::RightDelim)?;
        self.scope.range_depth += 1;
        let (body, end) = self.item_list()?;
        self.scope.range_depth -= 1;
        let otherwise = if matches!(end, Item::End) { None } else { Some(self.else_list()?) };
        self.scope.vars.truncate(vars);
        Ok(Node::Range { pipe, body, otherwise })
    }

    fn template_name(&mut self, context: &str) -> Parsed<(Token, Str)> {
        let token = self.next_non_space();
        if !matches!(token.kind, TokenKind::String | TokenKind::RawString) {
            return self.unexpected(token, context);
        }
        Ok((token, self.unquoted(token)?))
    }

    fn template(&mut self, keyword: Token) -> Parsed<Node> {
        const CONTEXT: &str = "template clause";
        let (token, name) = self.template_name(CONTEXT)?;
        let mut pipe = None;
        let mut span = self.span_from(keyword.start);
        if self.next_non_space().kind != TokenKind::RightDelim {
            self.backup();
            let given: Pipe = self.pipeline(CONTEXT, TokenKind::RightDelim)?;
            span.end = given.span.end;
            pipe = Some(given);
        }
        span.at = token.start;
        Ok(Node::Template { span, name, pipe })
    }

    /// Parses a `block`: a definition and a use of it.
    fn block(&mut self) -> Parsed<Node> {
        const CONTEXT: &str = "block clause";
        let (token, name) = self.template_name(CONTEXT)?;
        let pipe = self.pipeline(CONTEXT, TokenKind::RightDelim)?;
        let mut span = pipe.span;
        span.at = token.start;
        let outer = std::mem::replace(&mut self.scope, Scope::new());
        let (root, end) = self.item_list()?;
        if !matches!(end, Item::End) {
            return Err(format!("unexpected {} in {CONTEXT}", end.show()));
        }
        self.add(name.clone(), root)?;
        self.scope = outer;
        Ok(Node::Template { span, name, pipe: Some(pipe) })
    }
}
