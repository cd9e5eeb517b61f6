use super::literal;
use super::parser::{Parsed, Parser};
use super::token::{Token, TokenKind};
use super::tree::{Command, Operand, Pipe, Term};
use fairway_value::Str;

impl Parser<'_> {
    /// Parses declarations and commands up to and with the token `end`.
    pub fn pipeline(&mut self, context: &str, end: TokenKind) -> Parsed<Pipe> {
        let start = self.peek_non_space().start;
        let mut pipe =
            Pipe { span: self.span_from(start), assign: false, vars: Vec::new(), commands: Vec::new() };
        self.declarations(&mut pipe, context)?;
        loop {
            let token = self.next_non_space();
            match token.kind {
                kind if kind == end => break,
                TokenKind::Bool
                | TokenKind::CharConstant
                | TokenKind::Complex
                | TokenKind::Dot
                | TokenKind::Field
                | TokenKind::Identifier
                | TokenKind::Number
                | TokenKind::Nil
                | TokenKind::RawString
                | TokenKind::String
                | TokenKind::Variable
                | TokenKind::LeftParen => {
                    self.backup();
                    let command = self.command()?;
                    pipe.commands.push(command);
                    pipe.span.end = pipe.commands.last().map_or(start, |c| c.span.end);
                }
                _ => return self.unexpected(token, context),
            }
        }
        if pipe.commands.is_empty() {
            return Err(format!("missing value for {context}"));
        }
        for (n, command) in pipe.commands.iter().enumerate().skip(1) {
            if matches!(
                command.args.first().map(|a| &a.term),
                Some(Term::Bool(_) | Term::Dot | Term::Nil | Term::Number(_) | Term::Text(_))
            ) {
                return Err(format!("non executable command in pipeline stage {}", n + 1));
            }
        }
        Ok(pipe)
    }

    fn declarations(&mut self, pipe: &mut Pipe, context: &str) -> Parsed<()> {
        loop {
            let variable = self.peek_non_space();
            if variable.kind != TokenKind::Variable {
                return Ok(());
            }
            let before = self.at;
            self.next();
            let next = self.peek_non_space();
            let name: Str = self.value(variable).into();
            match next.kind {
                TokenKind::Assign | TokenKind::Declare => {
                    pipe.assign = next.kind == TokenKind::Assign;
                    self.next_non_space();
                    pipe.vars.push(name.clone());
                    self.scope.vars.push(name);
                    return Ok(());
                }
                TokenKind::Char if self.value(next) == "," => {
                    self.next_non_space();
                    pipe.vars.push(name.clone());
                    self.scope.vars.push(name);
                    if context != "range" || pipe.vars.len() >= 2 {
                        return Err(format!("too many declarations in {context}"));
                    }
                    let follows = self.peek_non_space().kind;
                    if !matches!(follows, TokenKind::Variable | TokenKind::RightDelim | TokenKind::RightParen)
                    {
                        return Err("range can only initialize variables".to_owned());
                    }
                }
                _ => {
                    // An argument, after all.
                    self.at = before;
                    return Ok(());
                }
            }
        }
    }

    fn command(&mut self) -> Parsed<Command> {
        let start = self.peek_non_space().start;
        let mut args = Vec::new();
        let mut end = start;
        loop {
            self.peek_non_space();
            if let Some(operand) = self.operand()? {
                args.push(operand);
                end = self.end_of_last();
            }
            let token = self.next();
            match token.kind {
                TokenKind::Space => {}
                TokenKind::RightDelim | TokenKind::RightParen => {
                    self.backup();
                    break;
                }
                TokenKind::Pipe => break,
                _ => return self.unexpected(token, "operand"),
            }
        }
        if args.is_empty() {
            return Err("empty command".to_owned());
        }
        let mut span = self.span_from(start);
        span.end = end;
        Ok(Command { span, args })
    }

    fn operand(&mut self) -> Parsed<Option<Operand>> {
        let start = self.peek().start;
        let Some(mut operand) = self.term()? else { return Ok(None) };
        let first = self.peek();
        if first.kind != TokenKind::Field {
            return Ok(Some(operand));
        }
        let mut fields: Vec<Str> = Vec::new();
        while self.peek().kind == TokenKind::Field {
            let token = self.next();
            fields.push(self.value(token)[1..].into());
        }
        let mut span = self.span_from(start);
        span.at = first.start;
        match &mut operand.term {
            Term::Field(names) | Term::Variable(names) => {
                names.append(&mut fields);
                operand.span = span;
            }
            Term::Bool(_) | Term::Text(_) | Term::Number(_) | Term::Nil | Term::Dot => {
                let text = &self.text[operand.span.start as usize..operand.span.end as usize];
                return Err(format!("unexpected . after term {}", crate::fmt::quote(text)));
            }
            Term::Function(_) | Term::Pipe(_) | Term::Chain(..) => {
                operand = Operand { span, term: Term::Chain(Box::new(operand), fields) };
            }
        }
        Ok(Some(operand))
    }

    fn term(&mut self) -> Parsed<Option<Operand>> {
        let token = self.next_non_space();
        let value = self.value(token);
        let term = match token.kind {
            TokenKind::Identifier => {
                if self.functions.get(value).is_none() {
                    return Err(format!("function {} not defined", crate::fmt::quote(value)));
                }
                Term::Function(value.into())
            }
            TokenKind::Dot => Term::Dot,
            TokenKind::Nil => Term::Nil,
            TokenKind::Variable => {
                if !self.scope.vars.iter().any(|v| v == value) {
                    return Err(format!("undefined variable {}", crate::fmt::quote(value)));
                }
                Term::Variable(vec![value.into()])
            }
            TokenKind::Field => Term::Field(vec![value[1..].into()]),
            TokenKind::Bool => Term::Bool(value == "true"),
            TokenKind::CharConstant => Term::Number(literal::char_constant(value)?),
            TokenKind::Number => Term::Number(literal::number(value, false)?),
            TokenKind::Complex => Term::Number(literal::number(value, true)?),
            TokenKind::String | TokenKind::RawString => {
                Term::Text(literal::unquote(value).ok_or("invalid syntax")?.into())
            }
            TokenKind::LeftParen => return self.parenthesized(token).map(Some),
            _ => {
                self.backup();
                return Ok(None);
            }
        };
        Ok(Some(Operand { span: self.span_from(token.start), term }))
    }

    fn parenthesized(&mut self, _open: Token) -> Parsed<Operand> {
        let pipe = self.nested(|p| p.pipeline("parenthesized pipeline", TokenKind::RightParen))?;
        Ok(Operand { span: pipe.span, term: Term::Pipe(Box::new(pipe)) })
    }
}
