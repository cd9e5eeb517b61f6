use super::tokens::{Scanner, Token, TokenKind};
use super::{Fault, Mark};
use std::borrow::Cow;

/// A step of the tree's outline with its place.
#[derive(Debug)]
pub(crate) struct Event<'t> {
    pub kind: EventKind<'t>,
    pub mark: Mark,
}

#[derive(Debug)]
pub(crate) enum EventKind<'t> {
    StreamEnd,
    DocumentStart,
    DocumentEnd,
    Alias(String),
    /// `plain` is set where the text decides the type: unquoted and without a tag.
    Scalar {
        anchor: Option<String>,
        tag: Option<String>,
        value: Cow<'t, str>,
        plain: bool,
    },
    SequenceStart {
        anchor: Option<String>,
    },
    SequenceEnd,
    MappingStart {
        anchor: Option<String>,
    },
    MappingEnd,
}

#[derive(Clone, Copy, Debug)]
enum State {
    DocumentStart { implicit: bool },
    DocumentContent,
    DocumentEnd,
    BlockNode,
    BlockSequenceEntry { first: bool },
    IndentlessSequenceEntry,
    BlockMappingKey { first: bool },
    BlockMappingValue,
    FlowSequenceEntry { first: bool },
    FlowPairKey,
    FlowPairValue,
    FlowPairEnd,
    FlowMappingKey { first: bool },
    FlowMappingValue { empty: bool },
    End,
}

/// Room for the nesting that most texts have.
pub(crate) const DEPTH_USUAL: usize = 16;

/// Turns tokens into events.
pub(crate) struct Events<'t> {
    tokens: Scanner<'t>,
    state: State,
    states: Vec<State>,
    marks: Vec<Mark>,
    tag_directives: Vec<(String, String)>,
}

/// What is before a node.
#[derive(Default)]
struct Properties {
    anchor: Option<String>,
    tag: Option<String>,
    mark: Option<Mark>,
}

type Step<'t> = Result<Event<'t>, Fault>;

impl<'t> Events<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self {
            tokens: Scanner::new(text),
            state: State::DocumentStart { implicit: true },
            states: Vec::with_capacity(DEPTH_USUAL),
            marks: Vec::with_capacity(DEPTH_USUAL),
            tag_directives: Vec::new(),
        }
    }

    /// Returns the next event; after the end of the stream that end again.
    pub(crate) fn next(&mut self) -> Step<'t> {
        match self.state {
            State::DocumentStart { implicit } => self.document_start(implicit),
            State::DocumentContent => self.document_content(),
            State::DocumentEnd => self.document_end(),
            State::BlockNode => self.node(true, false),
            State::BlockSequenceEntry { first } => self.block_sequence_entry(first),
            State::IndentlessSequenceEntry => self.indentless_sequence_entry(),
            State::BlockMappingKey { first } => self.block_mapping_key(first),
            State::BlockMappingValue => self.block_mapping_value(),
            State::FlowSequenceEntry { first } => self.flow_sequence_entry(first),
            State::FlowPairKey => self.flow_pair_key(),
            State::FlowPairValue => self.flow_pair_value(),
            State::FlowPairEnd => {
                let mark = self.tokens.peek()?.mark;
                self.state = State::FlowSequenceEntry { first: false };
                Ok(Event { kind: EventKind::MappingEnd, mark })
            }
            State::FlowMappingKey { first } => self.flow_mapping_key(first),
            State::FlowMappingValue { empty } => self.flow_mapping_value(empty),
            State::End => Ok(Event { kind: EventKind::StreamEnd, mark: self.tokens.peek()?.mark }),
        }
    }

    fn pop(&mut self) {
        self.state = self.states.pop().unwrap_or(State::End);
    }

    fn empty_scalar(&mut self, mark: Mark, next: State) -> Step<'t> {
        self.state = next;
        let kind = EventKind::Scalar { anchor: None, tag: None, value: Cow::Borrowed(""), plain: true };
        Ok(Event { kind, mark })
    }

    fn nested(&mut self, next: State, block: bool, indentless: bool) -> Step<'t> {
        self.states.push(next);
        self.node(block, indentless)
    }

    /// Returns the line that the scanner has come to, from 0.
    pub(crate) fn line(&self) -> usize {
        self.tokens.at.mark.line
    }

    fn fail<T>(&mut self, context: &'static str, problem: &'static str) -> Result<T, Fault> {
        let mark = self.tokens.peek()?.mark;
        Err(Fault::new(context, mark, problem))
    }

    fn document_start(&mut self, implicit: bool) -> Step<'t> {
        if !implicit {
            while matches!(self.tokens.peek()?.kind, TokenKind::DocumentEnd) {
                self.tokens.take()?;
            }
        }
        let Token { kind, mark } = self.tokens.peek()?;
        let mark = *mark;
        match kind {
            TokenKind::StreamEnd => {
                self.state = State::End;
                Ok(Event { kind: EventKind::StreamEnd, mark })
            }
            TokenKind::VersionDirective { .. }
            | TokenKind::TagDirective { .. }
            | TokenKind::DocumentStart => {
                self.directives()?;
                if !matches!(self.tokens.peek()?.kind, TokenKind::DocumentStart) {
                    return self.fail("", "did not find expected <document start>");
                }
                self.tokens.take()?;
                self.states.push(State::DocumentEnd);
                self.state = State::DocumentContent;
                Ok(Event { kind: EventKind::DocumentStart, mark })
            }
            _ if implicit => {
                self.states.push(State::DocumentEnd);
                self.state = State::BlockNode;
                Ok(Event { kind: EventKind::DocumentStart, mark })
            }
            _ => self.fail("", "did not find expected <document start>"),
        }
    }

    fn directives(&mut self) -> Result<(), Fault> {
        let mut has_version = false;
        loop {
            match &self.tokens.peek()?.kind {
                TokenKind::VersionDirective { major, minor } => {
                    let compatible = (*major, *minor) == (1, 1);
                    if has_version {
                        return self.fail("", "found duplicate %YAML directive");
                    }
                    if !compatible {
                        return self.fail("", "found incompatible YAML document");
                    }
                    has_version = true;
                }
                TokenKind::TagDirective { handle, prefix } => {
                    let pair = (handle.clone(), prefix.clone());
                    if self.tag_directives.iter().any(|(h, _)| *h == pair.0) {
                        return self.fail("", "found duplicate %TAG directive");
                    }
                    self.tag_directives.push(pair);
                }
                _ => return Ok(()),
            }
            self.tokens.take()?;
        }
    }

    fn document_content(&mut self) -> Step<'t> {
        let Token { kind, mark } = self.tokens.peek()?;
        let mark = *mark;
        match kind {
            TokenKind::VersionDirective { .. }
            | TokenKind::TagDirective { .. }
            | TokenKind::DocumentStart
            | TokenKind::DocumentEnd
            | TokenKind::StreamEnd => {
                let next = self.states.pop().unwrap_or(State::End);
                self.empty_scalar(mark, next)
            }
            _ => self.node(true, false),
        }
    }

    fn document_end(&mut self) -> Step<'t> {
        let mark = self.tokens.peek()?.mark;
        if matches!(self.tokens.peek()?.kind, TokenKind::DocumentEnd) {
            self.tokens.take()?;
        }
        self.tag_directives.clear();
        self.state = State::DocumentStart { implicit: false };
        Ok(Event { kind: EventKind::DocumentEnd, mark })
    }

    /// Reads an anchor and a tag, in either order.
    fn properties(&mut self) -> Result<Properties, Fault> {
        let mut found = Properties::default();
        loop {
            let token = self.tokens.peek()?;
            let mark = token.mark;
            match &token.kind {
                TokenKind::Anchor(_) if found.anchor.is_none() => {
                    if let TokenKind::Anchor(name) = self.tokens.take()?.kind {
                        found.anchor = Some(name);
                    }
                }
                TokenKind::Tag { .. } if found.tag.is_none() => {
                    if let TokenKind::Tag { handle, suffix } = self.tokens.take()?.kind {
                        found.tag = Some(self.resolve_tag(&handle, suffix, mark)?);
                    }
                }
                _ => return Ok(found),
            }
            found.mark.get_or_insert(mark);
        }
    }

    fn resolve_tag(&self, handle: &str, suffix: String, mark: Mark) -> Result<String, Fault> {
        if handle.is_empty() {
            return Ok(suffix);
        }
        let declared = self.tag_directives.iter().find(|(h, _)| h == handle).map(|(_, p)| p.as_str());
        let prefix = match (declared, handle) {
            (Some(prefix), _) => prefix,
            (None, "!") => "!",
            (None, "!!") => "tag:yaml.org,2002:",
            (None, _) => return Err(Fault::new("while parsing a node", mark, "found undefined tag handle")),
        };
        Ok(format!("{prefix}{suffix}"))
    }

    fn node(&mut self, block: bool, indentless: bool) -> Step<'t> {
        if let TokenKind::Alias(_) = self.tokens.peek()?.kind {
            self.pop();
            let token = self.tokens.take()?;
            let TokenKind::Alias(name) = token.kind else {
                return self.fail("while parsing a node", "did not find expected node content");
            };
            return Ok(Event { kind: EventKind::Alias(name), mark: token.mark });
        }
        let Properties { anchor, tag, mark: before } = self.properties()?;
        let token = self.tokens.peek()?;
        let mark = before.unwrap_or(token.mark);
        let (state, kind) = match &token.kind {
            TokenKind::BlockEntry if indentless => {
                (State::IndentlessSequenceEntry, EventKind::SequenceStart { anchor })
            }
            TokenKind::Scalar { .. } => {
                self.pop();
                if let TokenKind::Scalar { value, plain } = self.tokens.take()?.kind {
                    // The tag `!` leaves the type to the text as a plain scalar does, but keeps a tag: a string.
                    let plain = plain && tag.is_none();
                    return Ok(Event { kind: EventKind::Scalar { anchor, tag, value, plain }, mark });
                }
                return self.fail("while parsing a node", "did not find expected node content");
            }
            TokenKind::FlowSequenceStart => {
                (State::FlowSequenceEntry { first: true }, EventKind::SequenceStart { anchor })
            }
            TokenKind::FlowMappingStart => {
                (State::FlowMappingKey { first: true }, EventKind::MappingStart { anchor })
            }
            TokenKind::BlockSequenceStart if block => {
                (State::BlockSequenceEntry { first: true }, EventKind::SequenceStart { anchor })
            }
            TokenKind::BlockMappingStart if block => {
                (State::BlockMappingKey { first: true }, EventKind::MappingStart { anchor })
            }
            _ if anchor.is_some() || tag.is_some() => {
                self.pop();
                let plain = tag.is_none();
                let kind = EventKind::Scalar { anchor, tag, value: Cow::Borrowed(""), plain };
                return Ok(Event { kind, mark });
            }
            _ => {
                let context = if block { "while parsing a block node" } else { "while parsing a flow node" };
                return self.fail(context, "did not find expected node content");
            }
        };
        self.state = state;
        Ok(Event { kind, mark })
    }

    /// Takes the token that opens a collection.
    fn open(&mut self, first: bool) -> Result<(), Fault> {
        if first {
            let mark = self.tokens.take()?.mark;
            self.marks.push(mark);
        }
        Ok(())
    }

    /// Takes the token that closes a collection.
    fn close(&mut self, kind: EventKind<'t>) -> Step<'t> {
        self.pop();
        self.marks.pop();
        let mark = self.tokens.take()?.mark;
        Ok(Event { kind, mark })
    }

    fn block_sequence_entry(&mut self, first: bool) -> Step<'t> {
        self.open(first)?;
        match self.tokens.peek()?.kind {
            TokenKind::BlockEntry => {
                let mark = self.tokens.take()?.mark;
                let next = State::BlockSequenceEntry { first: false };
                match self.tokens.peek()?.kind {
                    TokenKind::BlockEntry | TokenKind::BlockEnd => self.empty_scalar(mark, next),
                    _ => self.nested(next, true, false),
                }
            }
            TokenKind::BlockEnd => self.close(EventKind::SequenceEnd),
            _ => self.fail("while parsing a block collection", "did not find expected '-' indicator"),
        }
    }

    fn indentless_sequence_entry(&mut self) -> Step<'t> {
        let mark = self.tokens.peek()?.mark;
        if !matches!(self.tokens.peek()?.kind, TokenKind::BlockEntry) {
            self.pop();
            return Ok(Event { kind: EventKind::SequenceEnd, mark });
        }
        self.tokens.take()?;
        let next = State::IndentlessSequenceEntry;
        match self.tokens.peek()?.kind {
            TokenKind::BlockEntry | TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => {
                self.empty_scalar(mark, next)
            }
            _ => self.nested(next, true, false),
        }
    }

    fn block_mapping_key(&mut self, first: bool) -> Step<'t> {
        self.open(first)?;
        match self.tokens.peek()?.kind {
            TokenKind::Key => {
                let mark = self.tokens.take()?.mark;
                match self.tokens.peek()?.kind {
                    TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => {
                        self.empty_scalar(mark, State::BlockMappingValue)
                    }
                    _ => self.nested(State::BlockMappingValue, true, true),
                }
            }
            TokenKind::BlockEnd => self.close(EventKind::MappingEnd),
            _ => self.fail("while parsing a block mapping", "did not find expected key"),
        }
    }

    fn block_mapping_value(&mut self) -> Step<'t> {
        let mark = self.tokens.peek()?.mark;
        let next = State::BlockMappingKey { first: false };
        if !matches!(self.tokens.peek()?.kind, TokenKind::Value) {
            return self.empty_scalar(mark, next);
        }
        self.tokens.take()?;
        match self.tokens.peek()?.kind {
            TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => self.empty_scalar(mark, next),
            _ => self.nested(next, true, true),
        }
    }

    /// Takes the comma between two entries of a flow collection.
    fn flow_comma(&mut self, first: bool, context: &'static str, problem: &'static str) -> Result<(), Fault> {
        if first {
            return Ok(());
        }
        if !matches!(self.tokens.peek()?.kind, TokenKind::FlowEntry) {
            return self.fail(context, problem);
        }
        self.tokens.take()?;
        Ok(())
    }

    fn flow_sequence_entry(&mut self, first: bool) -> Step<'t> {
        self.open(first)?;
        if !matches!(self.tokens.peek()?.kind, TokenKind::FlowSequenceEnd) {
            self.flow_comma(first, "while parsing a flow sequence", "did not find expected ',' or ']'")?;
            match self.tokens.peek()?.kind {
                TokenKind::Key => {
                    let mark = self.tokens.take()?.mark;
                    self.state = State::FlowPairKey;
                    return Ok(Event { kind: EventKind::MappingStart { anchor: None }, mark });
                }
                TokenKind::FlowSequenceEnd => {}
                _ => return self.nested(State::FlowSequenceEntry { first: false }, false, false),
            }
        }
        self.close(EventKind::SequenceEnd)
    }

    fn flow_pair_key(&mut self) -> Step<'t> {
        match self.tokens.peek()?.kind {
            TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowSequenceEnd => {
                // As go-yaml does: the token is taken, whichever it is.
                let mark = self.tokens.take()?.mark;
                self.empty_scalar(mark, State::FlowPairValue)
            }
            _ => self.nested(State::FlowPairValue, false, false),
        }
    }

    fn flow_pair_value(&mut self) -> Step<'t> {
        if matches!(self.tokens.peek()?.kind, TokenKind::Value) {
            self.tokens.take()?;
            match self.tokens.peek()?.kind {
                TokenKind::FlowEntry | TokenKind::FlowSequenceEnd => {}
                _ => return self.nested(State::FlowPairEnd, false, false),
            }
        }
        let mark = self.tokens.peek()?.mark;
        self.empty_scalar(mark, State::FlowPairEnd)
    }

    fn flow_mapping_key(&mut self, first: bool) -> Step<'t> {
        self.open(first)?;
        if !matches!(self.tokens.peek()?.kind, TokenKind::FlowMappingEnd) {
            self.flow_comma(first, "while parsing a flow mapping", "did not find expected ',' or '}'")?;
            match self.tokens.peek()?.kind {
                TokenKind::Key => {
                    self.tokens.take()?;
                    let next = State::FlowMappingValue { empty: false };
                    let Token { kind, mark } = self.tokens.peek()?;
                    let mark = *mark;
                    return match kind {
                        TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowMappingEnd => {
                            self.empty_scalar(mark, next)
                        }
                        _ => self.nested(next, false, false),
                    };
                }
                TokenKind::FlowMappingEnd => {}
                _ => return self.nested(State::FlowMappingValue { empty: true }, false, false),
            }
        }
        self.close(EventKind::MappingEnd)
    }

    fn flow_mapping_value(&mut self, empty: bool) -> Step<'t> {
        let next = State::FlowMappingKey { first: false };
        if !empty && matches!(self.tokens.peek()?.kind, TokenKind::Value) {
            self.tokens.take()?;
            match self.tokens.peek()?.kind {
                TokenKind::FlowEntry | TokenKind::FlowMappingEnd => {}
                _ => return self.nested(next, false, false),
            }
        }
        let mark = self.tokens.peek()?.mark;
        self.empty_scalar(mark, next)
    }
}
