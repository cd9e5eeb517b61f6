use crate::functions::Function;
use crate::value::GoType;
use fairway_value::Str;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

/// A text that templates were parsed from, for the places in errors.
#[derive(Debug)]
pub(crate) struct Source {
    pub name: Str,
    pub text: Box<str>,
}

/// A compiled template: instructions and what they refer to. Immutable and shared between threads.
pub(crate) struct Program {
    pub name: Str,
    pub source: Arc<Source>,
    pub code: Vec<Op>,
    /// For each instruction that asks a map for a field, where in the map it was found last.
    pub places: Vec<AtomicU32>,
    pub nodes: Vec<NodeRef>,
    pub consts: Vec<Const>,
    pub names: Vec<Str>,
    pub functions: Vec<Arc<Function>>,
    pub types: Vec<GoType>,
    pub messages: Vec<String>,
    pub ranges: Vec<RangeVars>,
    /// Whether it holds only space and comments, so that it does not replace another of its name.
    pub blank: bool,
}

/// A node that errors name: its position and the stretch of text that shows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NodeRef {
    pub at: u32,
    pub start: u32,
    pub end: u32,
    /// Whether it is shown in `{{ }}`.
    pub braces: bool,
}

/// A constant, free of what a thread cannot share.
#[derive(Clone, Debug)]
pub(crate) enum Const {
    Nil,
    Missing,
    Bool(bool),
    Int(i64),
    Int64(i64),
    Uint(u64),
    Float(f64),
    Complex(f64, f64),
    Text(Str),
    Bytes(Box<[u8]>),
    /// The nil value of a slice or map type.
    Zero(GoType),
}

/// What a range does with its variables: their slots.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RangeVars {
    None,
    /// The value's.
    One(u32),
    /// The key's and the value's.
    Two(u32, u32),
}

/// An instruction. `node` is what an error in it names, as Go's templates keep "the current node".
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    /// Writes a stretch of the source.
    Text {
        start: u32,
        end: u32,
    },
    /// Pushes a constant.
    Const(u32),
    /// Pushes the dot.
    Dot,
    /// Pushes a variable.
    Var(u32),
    /// Gives a variable the value on top, which stays.
    SetVar(u32),
    /// Makes a nil interface on top a missing value, as the end of a pipeline's stage does.
    Unwrap,
    /// Replaces the value on top by a field of it.
    Field {
        name: u32,
        node: u32,
    },
    /// Calls a method of the value below the arguments, or fails as a field that takes none. With `piped` the stack
    /// holds the piped value, the receiver and the other arguments.
    Method {
        name: u32,
        argc: u16,
        piped: bool,
        node: u32,
    },
    /// Makes the value on top fit a parameter's type.
    Check {
        ty: u32,
        node: u32,
    },
    /// The same for the value `depth` below the top.
    CheckBelow {
        ty: u32,
        depth: u16,
        node: u32,
    },
    /// Calls a function with `argc` arguments; with `piped` the one below them comes last.
    Call {
        function: u32,
        argc: u16,
        piped: bool,
        node: u32,
    },
    /// Jumps with the value on top if its truth is `on`; else takes it off.
    ShortCircuit {
        on: bool,
        target: u32,
    },
    /// Takes the value below the top away.
    DropBelow,
    /// Takes the value on top away.
    Pop,
    /// Writes the value on top.
    Print {
        node: u32,
    },
    Jump(u32),
    /// Takes a value and jumps where it is false.
    JumpUnless(u32),
    /// Makes the value on top the dot.
    PushDot,
    PopDot,
    /// Starts to iterate over the value on top; jumps where there is nothing.
    RangeStart {
        info: u32,
        empty: u32,
        node: u32,
    },
    /// Goes to the next item, or jumps behind the loop.
    RangeNext {
        info: u32,
        end: u32,
    },
    /// Ends the innermost iteration.
    RangeStop,
    /// Checks that a template exists, before its argument is evaluated.
    TemplateCheck {
        name: u32,
        node: u32,
    },
    /// Runs a template with the value on top as its dot.
    Template {
        name: u32,
        node: u32,
    },
    /// Fails with a message known at compile time.
    Fail {
        message: u32,
        node: u32,
    },
    Return,
}
