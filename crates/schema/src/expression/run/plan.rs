use super::apply::Function;
use super::price::Price;
use cel::common::value::Val;

/// An expression, ready to be run.
#[derive(Debug)]
pub(crate) struct Plan(pub(super) Step);

/// A part of an expression.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// What is known before anything runs.
    Constant(Box<dyn Val>),
    Attribute(Attribute),
    /// `&&` where the bool is false, `||` where it is true: what decides alone.
    Logical(bool, Box<[Step; 2]>),
    Equal {
        negated: bool,
        sides: Box<[Step; 2]>,
    },
    /// Whether a value is in a list of constants.
    OneOf(Box<Step>, Box<dyn Val>),
    /// An optional value, or another where there is none; `unwrap` gives the value itself.
    OrElse {
        unwrap: bool,
        sides: Box<[Step; 2]>,
    },
    Call(Box<Call>),
    /// Entries, and whether they are optional values that may be left out.
    List(Vec<(Step, bool)>),
    Map(Vec<(Step, Step, bool)>),
    Loop(Box<Loop>),
    Collect(Box<Collect>),
    /// An expression in which a name stands for what another gives.
    Bound(Box<Bound>),
}

/// A value, and the way from it to a part of it.
#[derive(Clone, Debug)]
pub(super) struct Attribute {
    pub root: Root,
    pub path: Vec<Qualifier>,
    /// Whether the last step of the way is only asked for.
    pub is_test: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Root {
    Name(String),
    Step(Box<Step>),
    /// `condition ? this : that`; the way goes on in both.
    Choice(Box<(Step, Attribute, Attribute)>),
}

/// A step of the way to a part of a value.
#[derive(Clone, Debug)]
pub(super) struct Qualifier {
    pub key: Key,
    pub optional: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Key {
    Constant(Box<dyn Val>),
    Attribute(Attribute),
}

/// A call, its target in front of the arguments.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub name: String,
    pub function: Function,
    pub arguments: Vec<Step>,
    pub price: Price,
}

/// What the variables of a loop are called.
#[derive(Clone, Debug)]
pub(super) enum Variables {
    /// The entry of a list, the key of a map.
    One(String),
    /// Place and entry, key and value.
    Two([String; 2]),
}

/// A loop that makes a value out of the value so far.
#[derive(Clone, Debug)]
pub(super) struct Loop {
    pub range: Step,
    pub variables: Variables,
    pub accumulator: String,
    pub init: Step,
    pub going: Step,
    pub step: Step,
    pub result: Step,
}

/// A loop that adds to a list or map for every entry that a filter lets through.
#[derive(Clone, Debug)]
pub(super) struct Collect {
    pub range: Step,
    pub variables: Variables,
    pub filter: Option<Step>,
    pub item: Item,
}

/// What is added in a turn.
#[derive(Clone, Debug)]
pub(super) enum Item {
    /// A list of entries.
    Entries(Step),
    /// A key and its value.
    Pair(Step, Step),
    /// A map.
    Map(Step),
}

#[derive(Clone, Debug)]
pub(super) struct Bound {
    pub name: String,
    pub value: Step,
    pub body: Step,
}
