use super::{CallError, Context, RenderCall};
use crate::value::{GoType, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// The parameters of a function or method, checked before it is called.
#[derive(Clone, Debug)]
pub struct Signature {
    /// The types of the fixed parameters, and of the repeated one at the end where it is variadic.
    pub params: Box<[GoType]>,
    /// Whether the last parameter repeats.
    pub variadic: bool,
}

impl Signature {
    /// Returns a signature of the given parameter types; with `variadic` the last one repeats.
    #[must_use]
    pub fn new(params: &[GoType], variadic: bool) -> Self {
        Self { params: params.into(), variadic }
    }

    /// Returns how many parameters must be given.
    #[must_use]
    pub fn fixed(&self) -> usize {
        self.params.len() - usize::from(self.variadic)
    }

    /// Returns the type of the parameter at a position, the repeated one's from there on.
    #[must_use]
    pub fn param(&self, at: usize) -> Option<GoType> {
        self.params.get(at).or(if self.variadic { self.params.last() } else { None }).copied()
    }
}

pub(crate) type Native = fn(&mut Context<'_>, &[Value]) -> Result<Value, CallError>;
type Closure = dyn Fn(&mut Context<'_>, &[Value]) -> Result<Value, CallError> + Send + Sync;
type Render = dyn Fn(&mut Context<'_>, &[Value]) -> Result<RenderCall, CallError> + Send + Sync;

/// What a function does. Arguments have been checked against its signature.
#[derive(Clone)]
pub enum Body {
    /// Computes a value.
    Native(Native),
    /// Computes a value with what the caller bound in.
    Closure(Arc<Closure>),
    /// Has a template rendered in its place, without recursion on the machine's stack.
    Render(Arc<Render>),
    /// The language's own `and`.
    And,
    /// The language's own `or`.
    Or,
    /// The language's own `call`.
    Call,
}

/// A function by its name.
#[derive(Clone)]
pub struct Function {
    /// Its name, for errors.
    pub name: &'static str,
    /// Its parameters.
    pub signature: Signature,
    /// What it does.
    pub body: Body,
}

/// The functions that templates of a set can call. Built once and shared.
#[derive(Clone, Default)]
pub struct Functions {
    by_name: HashMap<&'static str, Arc<Function>>,
}

impl Functions {
    /// Returns no function at all.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// Returns the functions built into the template language.
    #[must_use]
    pub fn go() -> Self {
        let mut functions = Self::default();
        super::go::register(&mut functions);
        functions
    }

    /// Returns Go's and Sprig's functions, without `env`, `expandenv` and `getHostByName`.
    #[must_use]
    pub fn sprig() -> Self {
        let mut functions = Self::go();
        crate::sprig::register(&mut functions);
        functions
    }

    /// Returns what Helm 3 gives charts: Sprig, the YAML, JSON and TOML functions, `include`, `tpl`, `required` and a
    /// `lookup` that asks [`crate::Run::lookup`].
    #[must_use]
    pub fn helm() -> Self {
        let mut functions = Self::sprig();
        super::helm::register(&mut functions);
        functions
    }

    /// Returns what Helm 4 gives charts: [`Functions::helm`] and the functions that it adds.
    #[must_use]
    pub fn helm4() -> Self {
        let mut functions = Self::helm();
        super::helm4::register(&mut functions);
        functions
    }

    /// Adds a function, in place of one with its name.
    pub fn add(&mut self, name: &'static str, params: &[GoType], variadic: bool, body: Body) {
        let signature = Signature::new(params, variadic);
        self.by_name.insert(name, Arc::new(Function { name, signature, body }));
    }

    /// Adds a function that needs nothing bound in.
    pub(crate) fn native(&mut self, name: &'static str, params: &[GoType], f: Native) {
        self.add(name, params, false, Body::Native(f));
    }

    /// Adds a function whose last parameter repeats.
    pub(crate) fn variadic(&mut self, name: &'static str, params: &[GoType], f: Native) {
        self.add(name, params, true, Body::Native(f));
    }

    /// Adds a function that has what it needs bound in.
    pub fn add_closure(
        &mut self,
        name: &'static str,
        params: &[GoType],
        f: impl Fn(&mut Context<'_>, &[Value]) -> Result<Value, CallError> + Send + Sync + 'static,
    ) {
        self.add(name, params, false, Body::Closure(Arc::new(f)));
    }

    /// Takes a function away.
    pub fn remove(&mut self, name: &str) {
        self.by_name.remove(name);
    }

    /// Returns a function.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<Function>> {
        self.by_name.get(name)
    }

    /// Returns the names, in order.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.by_name.keys().copied().collect();
        names.sort_unstable();
        names
    }
}
