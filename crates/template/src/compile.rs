use crate::Functions;
use crate::functions::{Body, Function};
use crate::parse::{Command, Node, NodeList, Number, Operand, Pipe, Span, Term, Tree, show};
use crate::program::{Const, NodeRef, Op, Program, RangeVars, Source};
use crate::value::{self, GoType, Kind};
use fairway_value::Str;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

/// Compiles a tree into a program that calls the given functions.
pub(crate) fn compile(tree: &Tree, source: &Arc<Source>, functions: &Functions) -> Program {
    let mut compiler = Compiler {
        functions,
        program: Program {
            name: tree.name.clone(),
            source: Arc::clone(source),
            code: Vec::new(),
            places: Vec::new(),
            nodes: Vec::new(),
            consts: Vec::new(),
            names: Vec::new(),
            functions: Vec::new(),
            types: Vec::new(),
            messages: Vec::new(),
            ranges: Vec::new(),
            blank: tree.blank,
        },
        vars: vec!["$".into()],
        loops: Vec::new(),
        dots: 0,
        node: 0,
    };
    compiler.list(&tree.root);
    compiler.emit(Op::Return);
    let length = compiler.program.code.len();
    compiler.program.places.resize_with(length, AtomicU32::default);
    compiler.program
}

struct Loop {
    dots: usize,
    next: u32,
    breaks: Vec<usize>,
}

struct Compiler<'a> {
    functions: &'a Functions,
    program: Program,
    /// Names of the variables in scope; the place of one is its slot.
    vars: Vec<Str>,
    loops: Vec<Loop>,
    dots: usize,
    /// The node that Go would have as its current one here.
    node: u32,
}

fn index(len: usize) -> u32 {
    u32::try_from(len).expect("because a source is shorter than 4 GiB and makes fewer items than bytes")
}

impl Compiler<'_> {
    fn emit(&mut self, op: Op) -> usize {
        self.program.code.push(op);
        self.program.code.len() - 1
    }

    fn here(&self) -> u32 {
        index(self.program.code.len())
    }

    fn patch(&mut self, at: usize) {
        let here = self.here();
        match &mut self.program.code[at] {
            Op::Jump(t) | Op::JumpUnless(t) => *t = here,
            Op::ShortCircuit { target, .. } => *target = here,
            Op::RangeStart { empty, .. } => *empty = here,
            Op::RangeNext { end, .. } => *end = here,
            _ => {}
        }
    }

    /// Makes a node the current one.
    fn at(&mut self, span: Span) -> u32 {
        self.at_node(span, false)
    }

    fn at_node(&mut self, span: Span, braces: bool) -> u32 {
        let node = NodeRef { at: span.at, start: span.start, end: span.end, braces };
        let last = self.program.nodes.last();
        if last
            .is_none_or(|l| (l.at, l.start, l.end, l.braces) != (node.at, node.start, node.end, node.braces))
        {
            self.program.nodes.push(node);
        }
        self.node = index(self.program.nodes.len() - 1);
        self.node
    }

    fn name(&mut self, name: &Str) -> u32 {
        let names = &mut self.program.names;
        let at = names.iter().position(|n| n == name).unwrap_or_else(|| {
            names.push(name.clone());
            names.len() - 1
        });
        index(at)
    }

    fn constant(&mut self, c: Const) {
        self.program.consts.push(c);
        let at = index(self.program.consts.len() - 1);
        self.emit(Op::Const(at));
    }

    fn ty(&mut self, ty: GoType) -> u32 {
        let types = &mut self.program.types;
        let at = types.iter().position(|t| std::ptr::eq(*t, ty)).unwrap_or_else(|| {
            types.push(ty);
            types.len() - 1
        });
        index(at)
    }

    fn fail(&mut self, message: String) {
        self.program.messages.push(message);
        let (message, node) = (index(self.program.messages.len() - 1), self.node);
        self.emit(Op::Fail { message, node });
        // What follows expects a value on the stack.
        self.constant(Const::Missing);
    }

    fn shown(&self, span: Span) -> String {
        show(&self.program.source.text[span.start as usize..span.end as usize])
    }

    fn list(&mut self, list: &NodeList) {
        for node in &list.0 {
            self.node(node);
        }
    }

    fn node(&mut self, node: &Node) {
        match node {
            Node::Text(start, end) => {
                self.emit(Op::Text { start: *start, end: *end });
            }
            Node::Action(span, pipe) => {
                self.pipe(pipe);
                if pipe.vars.is_empty() {
                    let node = self.at_node(*span, true);
                    self.emit(Op::Print { node });
                } else {
                    self.emit(Op::Pop);
                }
            }
            Node::Branch { with, arms, otherwise } => self.branch(*with, arms, otherwise.as_ref()),
            Node::Range { pipe, body, otherwise } => self.range(pipe, body, otherwise.as_ref()),
            Node::Template { span, name, pipe } => {
                let node = self.at_node(*span, true);
                let name = self.name(name);
                self.emit(Op::TemplateCheck { name, node });
                match pipe {
                    Some(pipe) => self.pipe(pipe),
                    None => self.constant(Const::Missing),
                }
                self.emit(Op::Template { name, node });
            }
            Node::Break | Node::Continue => self.leave(matches!(node, Node::Break)),
        }
    }

    fn branch(&mut self, with: bool, arms: &[(Pipe, NodeList)], otherwise: Option<&NodeList>) {
        let vars = self.vars.len();
        let mut ends = Vec::new();
        for (pipe, list) in arms {
            self.pipe(pipe);
            let skip = if with {
                // The value is both the condition and the dot.
                let skip = self.emit(Op::ShortCircuit { on: true, target: 0 });
                let skip_over = self.emit(Op::Jump(0));
                self.patch(skip);
                self.emit(Op::PushDot);
                self.dots += 1;
                skip_over
            } else {
                self.emit(Op::JumpUnless(0))
            };
            let inner = self.vars.len();
            self.list(list);
            self.vars.truncate(inner);
            if with {
                self.emit(Op::PopDot);
                self.dots -= 1;
            }
            ends.push(self.emit(Op::Jump(0)));
            self.patch(skip);
        }
        if let Some(list) = otherwise {
            self.list(list);
        }
        for end in ends {
            self.patch(end);
        }
        self.vars.truncate(vars);
    }

    fn range(&mut self, pipe: &Pipe, body: &NodeList, otherwise: Option<&NodeList>) {
        let vars = self.vars.len();
        let dots = self.dots;
        let slots = self.pipe_with_slots(pipe);
        self.program.ranges.push(match *slots.as_slice() {
            [] => RangeVars::None,
            [only] => RangeVars::One(only),
            [key, value, ..] => RangeVars::Two(key, value),
        });
        let info = index(self.program.ranges.len() - 1);
        let start = self.emit(Op::RangeStart { info, empty: 0, node: self.node });
        let next = self.here();
        let next_op = self.emit(Op::RangeNext { info, end: 0 });
        self.dots += 1;
        self.loops.push(Loop { dots: self.dots, next, breaks: Vec::new() });
        let inner = self.vars.len();
        self.list(body);
        self.vars.truncate(inner);
        self.emit(Op::Jump(next));
        self.dots = dots;
        let done = self.loops.pop().map(|l| l.breaks).unwrap_or_default();
        self.patch(start);
        if let Some(list) = otherwise {
            self.list(list);
        }
        self.patch(next_op);
        for at in done {
            self.patch(at);
        }
        self.vars.truncate(vars);
    }

    fn leave(&mut self, stop: bool) {
        let Some(inner) = self.loops.last() else { return };
        let (extra, next) = (self.dots - inner.dots, inner.next);
        for _ in 0..extra {
            self.emit(Op::PopDot);
        }
        if stop {
            self.emit(Op::RangeStop);
            let jump = self.emit(Op::Jump(0));
            if let Some(inner) = self.loops.last_mut() {
                inner.breaks.push(jump);
            }
        } else {
            self.emit(Op::Jump(next));
        }
    }

    fn pipe(&mut self, pipe: &Pipe) {
        self.pipe_with_slots(pipe);
    }

    /// Leaves the pipeline's value on the stack and in its variables, whose slots are returned.
    fn pipe_with_slots(&mut self, pipe: &Pipe) -> Vec<u32> {
        self.at(pipe.span);
        for (n, command) in pipe.commands.iter().enumerate() {
            self.command(command, n > 0);
            self.emit(Op::Unwrap);
        }
        let mut slots = Vec::new();
        for name in &pipe.vars {
            let slot = if pipe.assign {
                let Some(slot) = self.vars.iter().rposition(|v| v == name) else {
                    self.fail(format!("undefined variable: {name}"));
                    continue;
                };
                slot
            } else {
                self.vars.push(name.clone());
                self.vars.len() - 1
            };
            let slot = index(slot);
            self.emit(Op::SetVar(slot));
            slots.push(slot);
        }
        slots
    }

    /// Compiles a command. With `piped`, the value of the stage before is on the stack and becomes the last argument.
    fn command(&mut self, command: &Command, piped: bool) {
        let (first, args) = match command.args.split_first() {
            Some((first, args)) => (first, args),
            None => return,
        };
        match &first.term {
            Term::Field(names) => {
                self.at(first.span);
                self.emit(Op::Dot);
                self.fields(names, first.span, args, piped);
            }
            Term::Chain(term, names) => {
                self.at(first.span);
                self.operand(term, None);
                self.fields(names, first.span, args, piped);
            }
            Term::Function(name) => self.call(name, first.span, command.span, args, piped),
            Term::Pipe(pipe) => {
                self.not_a_function(first, args, piped);
                self.pipe(pipe);
            }
            Term::Variable(names) => {
                self.at(first.span);
                self.variable(&names[0]);
                if names.len() == 1 {
                    self.not_a_function(first, args, piped);
                } else {
                    self.fields(&names[1..], first.span, args, piped);
                }
            }
            Term::Dot | Term::Nil | Term::Bool(_) | Term::Number(_) | Term::Text(_) => {
                self.at(first.span);
                self.not_a_function(first, args, piped);
                match &first.term {
                    Term::Nil => self.fail("nil is not a command".to_owned()),
                    Term::Dot => {
                        self.emit(Op::Dot);
                    }
                    term => self.literal(term, first.span),
                }
            }
        }
    }

    fn not_a_function(&mut self, first: &Operand, args: &[Operand], piped: bool) {
        if !args.is_empty() || piped {
            let shown = self.shown(first.span);
            self.fail(format!("can't give argument to non-function {shown}"));
        }
    }

    fn variable(&mut self, name: &Str) {
        match self.vars.iter().rposition(|v| v == name) {
            Some(slot) => {
                let slot = index(slot);
                self.emit(Op::Var(slot));
            }
            None => self.fail(format!("undefined variable: {name}")),
        }
    }

    /// Compiles the walk along fields of the value on the stack; the last may be a method with arguments.
    fn fields(&mut self, names: &[Str], span: Span, args: &[Operand], piped: bool) {
        let node = self.at(span);
        let Some((last, path)) = names.split_last() else { return };
        for name in path {
            let name = self.name(name);
            self.emit(Op::Field { name, node });
        }
        let name = self.name(last);
        if args.is_empty() && !piped {
            self.emit(Op::Field { name, node });
            return;
        }
        for arg in args {
            self.operand(arg, Some(&value::ANY));
        }
        let argc = u16::try_from(args.len()).unwrap_or(u16::MAX);
        // What follows stands at the last argument, as Go leaves it.
        self.emit(Op::Method { name, argc, piped, node });
    }

    fn call(&mut self, name: &Str, ident: Span, command: Span, args: &[Operand], piped: bool) {
        self.at(ident);
        let Some(function) = self.functions.get(name).cloned() else {
            return self.fail(format!("{} is not a defined function", crate::fmt::quote(name)));
        };
        let given = args.len() + usize::from(piped);
        let signature = &function.signature;
        let fixed = signature.fixed();
        if signature.variadic && given < fixed {
            return self
                .fail(format!("wrong number of args for {name}: want at least {fixed} got {}", args.len()));
        }
        if !signature.variadic && given != fixed {
            return self.fail(format!("wrong number of args for {name}: want {fixed} got {given}"));
        }
        match function.body {
            Body::And | Body::Or => self.short_circuit(matches!(function.body, Body::Or), args, piped),
            Body::Native(_) | Body::Closure(_) | Body::Render(_) | Body::Call => {
                self.plain_call(&function, command, args, piped);
            }
        }
    }

    fn plain_call(&mut self, function: &Arc<Function>, command: Span, args: &[Operand], piped: bool) {
        for (n, arg) in args.iter().enumerate() {
            self.operand(arg, function.signature.param(n));
        }
        if piped && let Some(ty) = function.signature.param(args.len()) {
            let (ty, depth) = (self.ty(ty), u16::try_from(args.len()).unwrap_or(u16::MAX));
            let node = self.node;
            self.emit(Op::CheckBelow { ty, depth, node });
        }
        if matches!(function.body, Body::Call) {
            // `call` tells its errors the text of what it calls.
            let shown = args.first().map(|a| self.shown(a.span)).unwrap_or_default();
            self.constant(Const::Text(shown.into()));
        }
        let functions = &mut self.program.functions;
        let at = functions.iter().position(|f| Arc::ptr_eq(f, function)).unwrap_or_else(|| {
            functions.push(Arc::clone(function));
            functions.len() - 1
        });
        let argc = u16::try_from(args.len()).unwrap_or(u16::MAX);
        let last = self.node;
        let node = self.at(command);
        self.emit(Op::Call { function: index(at), argc, piped, node });
        // Go goes to the command's node for errors alone.
        self.node = last;
    }

    fn short_circuit(&mut self, or: bool, args: &[Operand], piped: bool) {
        let mut exits = Vec::new();
        for (n, arg) in args.iter().enumerate() {
            self.operand(arg, Some(&value::REFLECT));
            if piped || n + 1 < args.len() {
                exits.push(self.emit(Op::ShortCircuit { on: or, target: 0 }));
            }
        }
        if piped {
            // Nothing decided: the piped value, now on top, is the result. Otherwise it lies below the result.
            let over = self.emit(Op::Jump(0));
            for exit in exits {
                self.patch(exit);
            }
            self.emit(Op::DropBelow);
            self.patch(over);
        } else {
            for exit in exits {
                self.patch(exit);
            }
        }
    }

    /// Compiles an argument for a parameter of a type; of none for the front of a chain.
    fn operand(&mut self, operand: &Operand, ty: Option<GoType>) {
        let node = self.at(operand.span);
        match &operand.term {
            Term::Dot => {
                self.emit(Op::Dot);
            }
            Term::Nil => return self.nil(ty),
            Term::Field(names) => {
                self.emit(Op::Dot);
                self.fields(names, operand.span, &[], false);
            }
            Term::Variable(names) => {
                self.variable(&names[0]);
                if names.len() > 1 {
                    self.fields(&names[1..], operand.span, &[], false);
                }
            }
            Term::Pipe(pipe) => self.pipe(pipe),
            Term::Function(name) => self.call(name, operand.span, operand.span, &[], false),
            Term::Chain(term, names) => {
                self.operand(term, None);
                self.fields(names, operand.span, &[], false);
            }
            Term::Bool(_) | Term::Number(_) | Term::Text(_) => return self.typed_literal(operand, ty),
        }
        let _ = node;
        if let Some(ty) = ty.filter(|t| t.kind != Kind::Reflect) {
            let (ty, node) = (self.ty(ty), self.node);
            self.emit(Op::Check { ty, node });
        }
    }

    fn nil(&mut self, ty: Option<GoType>) {
        match ty {
            None => self.constant(Const::Missing),
            Some(ty) if !ty.can_be_nil() => self.fail(format!("cannot assign nil to {ty}")),
            Some(ty) if matches!(ty.kind, Kind::Slice | Kind::Map) => self.constant(Const::Zero(ty)),
            Some(_) => self.constant(Const::Nil),
        }
    }

    /// Compiles a constant for a parameter, whose type decides what it becomes.
    fn typed_literal(&mut self, operand: &Operand, ty: Option<GoType>) {
        let Some(ty) = ty else { return self.literal(&operand.term, operand.span) };
        let number = if let Term::Number(n) = &operand.term { Some(n) } else { None };
        let (constant, expected) = match ty.kind {
            Kind::Interface if !ty.named => return self.literal(&operand.term, operand.span),
            Kind::Reflect => return self.literal(&operand.term, operand.span),
            Kind::Bool => {
                (if let Term::Bool(b) = operand.term { Some(Const::Bool(b)) } else { None }, "bool")
            }
            Kind::String => (if let Term::Text(t) = &operand.term { Some(text(t)) } else { None }, "string"),
            Kind::Int => {
                let int = number.and_then(|n| n.int);
                (int.map(|i| if ty.name == "int64" { Const::Int64(i) } else { Const::Int(i) }), "integer")
            }
            Kind::Uint => (number.and_then(|n| n.uint).map(Const::Uint), "unsigned integer"),
            Kind::Float => (number.and_then(|n| n.float).map(Const::Float), "float"),
            Kind::Complex => (number.and_then(|n| n.complex).map(|(r, i)| Const::Complex(r, i)), "complex"),
            Kind::Interface | Kind::Slice | Kind::Map | Kind::Struct | Kind::Pointer | Kind::Func => {
                let shown = self.shown(operand.span);
                return self.fail(format!("can't handle {shown} for arg of type {ty}"));
            }
        };
        match constant {
            Some(c) => self.constant(c),
            None => {
                let shown = self.shown(operand.span);
                self.fail(format!("expected {expected}; found {shown}"));
            }
        }
    }

    /// Compiles a constant where no type is asked for: its writing decides.
    fn literal(&mut self, term: &Term, span: Span) {
        match term {
            Term::Bool(b) => self.constant(Const::Bool(*b)),
            Term::Text(t) => self.constant(text(t)),
            Term::Number(Number { complex: Some((re, im)), .. }) => self.constant(Const::Complex(*re, *im)),
            Term::Number(Number { float: Some(f), float_like: true, .. }) => self.constant(Const::Float(*f)),
            Term::Number(Number { int: Some(i), .. }) => self.constant(Const::Int(*i)),
            Term::Number(_) => {
                let shown = self.shown(span);
                self.fail(format!("{shown} overflows int"));
            }
            _ => self.constant(Const::Missing),
        }
    }
}

fn text(bytes: &[u8]) -> Const {
    match std::str::from_utf8(bytes) {
        Ok(s) => Const::Text(s.into()),
        Err(_) => Const::Bytes(bytes.into()),
    }
}
