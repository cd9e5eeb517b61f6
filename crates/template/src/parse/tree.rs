use fairway_value::Str;

/// Where a node is: what errors report as its position, and the stretch of text it was parsed from.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Span {
    pub at: u32,
    pub start: u32,
    pub end: u32,
}

#[derive(Debug, Default)]
pub(crate) struct NodeList(pub Vec<Node>);

#[derive(Debug)]
pub(crate) enum Node {
    /// A stretch of the text itself.
    Text(u32, u32),
    Action(Span, Pipe),
    /// Conditions with what they choose, then what is left: `else if` and `else with` are further arms.
    Branch {
        with: bool,
        arms: Vec<(Pipe, NodeList)>,
        otherwise: Option<NodeList>,
    },
    Range {
        pipe: Pipe,
        body: NodeList,
        otherwise: Option<NodeList>,
    },
    Template {
        span: Span,
        name: Str,
        pipe: Option<Pipe>,
    },
    Break,
    Continue,
}

#[derive(Debug)]
pub(crate) struct Pipe {
    pub span: Span,
    pub assign: bool,
    pub vars: Vec<Str>,
    pub commands: Vec<Command>,
}

#[derive(Debug)]
pub(crate) struct Command {
    pub span: Span,
    pub args: Vec<Operand>,
}

#[derive(Debug)]
pub(crate) struct Operand {
    pub span: Span,
    pub term: Term,
}

#[derive(Debug)]
pub(crate) enum Term {
    Dot,
    Nil,
    Bool(bool),
    Number(Number),
    Text(Box<[u8]>),
    Field(Vec<Str>),
    Variable(Vec<Str>),
    Function(Str),
    Pipe(Box<Pipe>),
    Chain(Box<Operand>, Vec<Str>),
}

/// A number constant under every type that can hold it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Number {
    pub int: Option<i64>,
    pub uint: Option<u64>,
    pub float: Option<f64>,
    pub complex: Option<(f64, f64)>,
    /// Whether its writing asks for a float where no type is asked for.
    pub float_like: bool,
}

/// A template: the file itself or a `define` or `block` in it.
#[derive(Debug)]
pub(crate) struct Tree {
    pub name: Str,
    pub root: NodeList,
    /// Whether it holds only space and comments.
    pub blank: bool,
}
