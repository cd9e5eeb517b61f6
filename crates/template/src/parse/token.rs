/// What a token is. Keywords are told apart from the rest by [`TokenKind::is_keyword`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Error,
    Bool,
    Char,
    CharConstant,
    Complex,
    Assign,
    Declare,
    Eof,
    Field,
    Identifier,
    LeftDelim,
    LeftParen,
    Number,
    Pipe,
    RawString,
    RightDelim,
    RightParen,
    Space,
    String,
    Text,
    Variable,
    Block,
    Break,
    Continue,
    Dot,
    Define,
    Else,
    End,
    If,
    Nil,
    Range,
    Template,
    With,
}

impl TokenKind {
    /// Whether errors show the token as `<word>`. The dot counts as one.
    pub(crate) fn is_keyword(self) -> bool {
        use TokenKind::*;
        matches!(
            self,
            Block | Break | Continue | Dot | Define | Else | End | If | Nil | Range | Template | With
        )
    }

    pub(crate) fn keyword(word: &str) -> Option<Self> {
        use TokenKind::*;
        Some(match word {
            "block" => Block,
            "break" => Break,
            "continue" => Continue,
            "define" => Define,
            "else" => Else,
            "end" => End,
            "if" => If,
            "nil" => Nil,
            "range" => Range,
            "template" => Template,
            "with" => With,
            _ => return None,
        })
    }
}

/// A token: where it is in the text, in bytes, and on which line it starts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub kind: TokenKind,
    pub start: u32,
    pub end: u32,
    pub line: u32,
}
