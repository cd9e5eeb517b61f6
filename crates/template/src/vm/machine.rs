use super::range::Loop;
use crate::functions::{CallError, Context};
use crate::program::{Const, Op, Program, Source};
use crate::set::Layer;
use crate::value::{List, Map, UintKind, text_of};
use crate::{Error, Limits, MissingKey, Run, Value};
use fairway_value::Str;
use std::rc::Rc;
use std::sync::Arc;

/// A value and whether Go would see it through an `interface {}`, which shows in errors.
#[derive(Clone, Default)]
pub(super) struct Slot {
    pub value: Value,
    pub boxed: bool,
}

/// Where a stretch of output comes from; it goes on to the next one.
pub(crate) struct Origin {
    /// First byte of the output.
    pub at: usize,
    pub source: Arc<Source>,
    /// First byte of the source: of the text, or of the action that wrote it.
    pub start: usize,
    /// Whether the output is the source's own text.
    pub verbatim: bool,
}

/// What a template under way needs when it goes on.
pub(super) struct Frame {
    pub program: Arc<Program>,
    pub pc: usize,
    vars: usize,
    dots: usize,
    stack: usize,
    pub loops: usize,
    pub capture: Option<Capture>,
}

/// A template whose output becomes the result of a function call.
pub(super) struct Capture {
    pub out_from: usize,
    pub function: &'static str,
    pub node: u32,
    /// What errors inside begin with, and the text that they quote behind it.
    pub error_prefix: Option<(&'static str, Str)>,
    pub drop_no_value: bool,
    pub layer: Arc<Layer>,
    pub included: Option<Str>,
}

/// A failure on its way out: its message, and whether a limit made it.
pub(super) struct Fault {
    pub message: String,
    pub limit: bool,
}

impl From<String> for Fault {
    fn from(message: String) -> Self {
        Self { message, limit: false }
    }
}

impl From<CallError> for Fault {
    fn from(e: CallError) -> Self {
        Self { message: e.message, limit: e.limit }
    }
}

/// A run of templates: all its stacks are its own, so that no template can overflow the machine's.
pub(crate) struct Machine<'a> {
    pub(super) ctx: Context<'a>,
    pub(super) limits: &'a Limits,
    pub(super) missing_key: MissingKey,
    pub(super) layer: Arc<Layer>,
    pub(super) program: Arc<Program>,
    pub(super) stack: Vec<Value>,
    pub(super) vars: Vec<Slot>,
    pub(super) dots: Vec<Slot>,
    pub(super) loops: Vec<Loop>,
    pub(super) frames: Vec<Frame>,
    pub(super) includes: std::collections::HashMap<Str, usize>,
    pub(super) parsed: std::collections::HashMap<Str, Arc<crate::set::ParsedText>>,
    pub(super) out: Vec<u8>,
    /// Bytes of output that captures have taken out again.
    pub(super) out_taken: usize,
    pub(super) vars_base: usize,
    pub(super) boxed: bool,
    pub(super) node: u32,
    pub(super) pc: usize,
    /// Where the output comes from, if that is asked for.
    pub(super) origins: Option<Vec<Origin>>,
    /// Templates under way whose output does not go straight into the whole's.
    captures: usize,
    /// What a fault says of the values that were wrong, where they are gone when it is reported.
    pub(super) wrong: Vec<String>,
}

impl<'a> Machine<'a> {
    pub fn new(layer: Arc<Layer>, program: Arc<Program>, missing_key: MissingKey, run: Run<'a>) -> Self {
        let ctx = Context::new(run.ports, run.limits).with(run.lookup, run.sums);
        Self {
            ctx: ctx.with_expressions(&layer.expressions),
            limits: run.limits,
            missing_key,
            layer,
            program,
            stack: Vec::new(),
            vars: Vec::new(),
            dots: Vec::new(),
            loops: Vec::new(),
            frames: Vec::new(),
            includes: std::collections::HashMap::new(),
            parsed: std::collections::HashMap::new(),
            out: Vec::with_capacity(4096),
            out_taken: 0,
            vars_base: 0,
            boxed: false,
            node: 0,
            pc: 0,
            origins: None,
            captures: 0,
            wrong: Vec::new(),
        }
    }

    /// Runs the program to its end and returns what it wrote.
    pub fn execute(mut self, data: Value) -> Result<Vec<u8>, Error> {
        self.vars.push(Slot { value: data.clone(), boxed: false });
        self.dots.push(Slot { value: data, boxed: false });
        match self.run() {
            Ok(()) => Ok(self.out),
            Err(fault) => Err(self.error(fault)),
        }
    }

    /// Runs the program to its end and returns what it wrote, with where it came from.
    pub fn execute_with_origins(mut self, data: Value) -> Result<(Vec<u8>, Vec<Origin>), Error> {
        self.origins = Some(Vec::new());
        self.vars.push(Slot { value: data.clone(), boxed: false });
        self.dots.push(Slot { value: data, boxed: false });
        match self.run() {
            Ok(()) => Ok((self.out, self.origins.unwrap_or_default())),
            Err(fault) => Err(self.error(fault)),
        }
    }

    fn run(&mut self) -> Result<(), Fault> {
        loop {
            self.ctx.work(1)?;
            let op = self.program.code[self.pc];
            self.pc += 1;
            match op {
                Op::Text { start, end } => {
                    if self.origins.is_some() {
                        self.note_origin(start, true);
                    }
                    let text = &self.program.source.text.as_bytes()[start as usize..end as usize];
                    self.out.extend_from_slice(text);
                    self.check_output()?;
                }
                Op::Return => {
                    if !self.leave()? {
                        return Ok(());
                    }
                }
                Op::Jump(target) => self.pc = target as usize,
                Op::JumpUnless(target) => {
                    if !self.pop().truth() {
                        self.pc = target as usize;
                    }
                }
                Op::ShortCircuit { on, target } => {
                    if self.top().truth() == on {
                        self.pc = target as usize;
                    } else {
                        self.pop();
                    }
                }
                Op::Template { name, node } => self.call_template(name, node)?,
                other => self.step(other)?,
            }
        }
    }

    #[inline(always)]
    fn step(&mut self, op: Op) -> Result<(), Fault> {
        match op {
            Op::Const(at) => {
                let value = constant(&self.program.consts[at as usize]);
                self.boxed = false;
                self.stack.push(value);
            }
            Op::Dot => self.dot()?,
            Op::Var(slot) => self.variable(slot)?,
            Op::SetVar(slot) => {
                let value = self.top().clone();
                self.set_var(slot, Slot { value, boxed: false });
            }
            Op::Unwrap => {
                self.boxed = false;
                if matches!(self.top(), Value::Nil) {
                    *self.top_mut() = Value::Missing;
                }
            }
            Op::Field { name, node } => {
                self.node = node;
                self.field(name)?;
            }
            Op::Method { name, argc, piped, node } => {
                self.node = node;
                self.method(name, usize::from(argc), piped)?;
            }
            Op::Check { ty, node } => {
                self.node = node;
                let ty = self.program.types[ty as usize];
                let at = self.stack.len() - 1;
                self.check_at(at, ty)?;
            }
            Op::CheckBelow { ty, depth, node } => {
                self.node = node;
                let ty = self.program.types[ty as usize];
                let at = self.stack.len() - 1 - usize::from(depth);
                self.check_at(at, ty)?;
            }
            Op::Call { function, argc, piped, node } => {
                self.node = node;
                self.call(function, usize::from(argc), piped, node)?;
            }
            Op::DropBelow => {
                let top = self.pop();
                *self.top_mut() = top;
            }
            Op::Pop => {
                self.pop();
            }
            Op::Print { node } => {
                self.node = node;
                if self.origins.is_some() {
                    let start = self.program.nodes.get(node as usize).map_or(0, |n| n.start);
                    self.note_origin(start, false);
                }
                let value = self.pop();
                crate::fmt::print_value(&mut self.out, &value);
                self.check_output()?;
            }
            Op::PushDot => {
                let value = self.pop();
                self.dots.push(Slot { value, boxed: false });
            }
            Op::PopDot => {
                self.dots.pop();
            }
            Op::RangeStart { info, empty, node } => {
                self.node = node;
                if !self.range_start(info)? {
                    self.pc = empty as usize;
                }
            }
            Op::RangeNext { info, end } => {
                if !self.range_next(info) {
                    self.pc = end as usize;
                }
            }
            Op::RangeStop => self.range_stop(),
            Op::TemplateCheck { name, node } => {
                self.node = node;
                let name = &self.program.names[name as usize];
                if self.layer.get(name).is_none() {
                    let name = name.clone();
                    self.note_unknown_template(&name);
                    let name = &name;
                    return Err(format!("template {} not defined", crate::fmt::quote(name)).into());
                }
            }
            Op::Fail { message, node } => {
                self.node = node;
                return Err(self.program.messages[message as usize].clone().into());
            }
            Op::Text { .. }
            | Op::Return
            | Op::Jump(_)
            | Op::JumpUnless(_)
            | Op::ShortCircuit { .. }
            | Op::Template { .. } => {}
        }
        Ok(())
    }

    pub(super) fn top(&self) -> &Value {
        self.stack.last().unwrap_or(&Value::Missing)
    }

    fn top_mut(&mut self) -> &mut Value {
        self.stack.last_mut().expect("because the compiler balances what it pushes and takes")
    }

    pub(super) fn pop(&mut self) -> Value {
        self.stack.pop().unwrap_or_default()
    }

    pub(super) fn set_var(&mut self, slot: u32, value: Slot) {
        let at = self.vars_base + slot as usize;
        if at >= self.vars.len() {
            self.vars.resize_with(at + 1, Slot::default);
        }
        self.vars[at] = value;
    }

    fn check_output(&self) -> Result<(), Fault> {
        if self.out.len() + self.out_taken > self.limits.output_bytes_max {
            let max = self.limits.output_bytes_max;
            return Err(limit(format!("output exceeds the limit of {max} bytes (output_bytes_max)")));
        }
        Ok(())
    }

    fn call_template(&mut self, name: u32, node: u32) -> Result<(), Fault> {
        self.node = node;
        let program = self.layer.get(&self.program.names[name as usize]);
        let Some(program) = program else { return Err("template not defined".to_owned().into()) };
        let dot = self.pop();
        self.enter(program, dot, None)
    }

    /// Starts a template; the one under way goes on when it is done.
    pub(super) fn enter(
        &mut self,
        program: Arc<Program>,
        dot: Value,
        capture: Option<Capture>,
    ) -> Result<(), Fault> {
        if self.frames.len() >= self.limits.depth_max {
            let max = self.limits.depth_max;
            return Err(limit(format!("exceeded maximum template depth ({max})")));
        }
        self.captures += usize::from(capture.is_some());
        self.frames.push(Frame {
            program: std::mem::replace(&mut self.program, program),
            pc: std::mem::replace(&mut self.pc, 0),
            vars: self.vars_base,
            dots: self.dots.len(),
            stack: self.stack.len(),
            loops: self.loops.len(),
            capture,
        });
        // Go reflects on the data, and nil reflects to no value: its fields are no value either.
        let dot = if matches!(dot, Value::Nil) { Value::Missing } else { dot };
        self.vars_base = self.vars.len();
        self.vars.push(Slot { value: dot.clone(), boxed: false });
        self.dots.push(Slot { value: dot, boxed: false });
        Ok(())
    }

    /// Ends the template under way; false where it was the outermost.
    fn leave(&mut self) -> Result<bool, Fault> {
        let Some(frame) = self.frames.pop() else { return Ok(false) };
        self.vars.truncate(self.vars_base);
        self.vars_base = frame.vars;
        self.dots.truncate(frame.dots);
        self.stack.truncate(frame.stack);
        self.loops.truncate(frame.loops);
        self.program = frame.program;
        self.pc = frame.pc;
        if let Some(capture) = frame.capture {
            self.captures -= 1;
            let text = &self.out[capture.out_from..];
            let length = text.len();
            let value = captured(text, capture.drop_no_value);
            self.out.truncate(capture.out_from);
            self.out_taken += length;
            self.layer = capture.layer;
            if let Some(name) = capture.included {
                self.forget_include(&name);
            }
            self.ctx.charge(value.weight())?;
            self.boxed = false;
            self.stack.push(value);
        }
        Ok(true)
    }

    fn note_origin(&mut self, start: u32, verbatim: bool) {
        if self.captures == 0
            && let Some(origins) = &mut self.origins
        {
            let source = Arc::clone(&self.program.source);
            origins.push(Origin { at: self.out.len(), source, start: start as usize, verbatim });
        }
    }

    fn forget_include(&mut self, name: &Str) {
        if let Some(count) = self.includes.get_mut(name) {
            *count -= 1;
        }
    }
}

pub(super) fn limit(message: String) -> Fault {
    Fault { message, limit: true }
}

fn constant(c: &Const) -> Value {
    match c {
        Const::Nil => Value::Nil,
        Const::Missing => Value::Missing,
        Const::Bool(b) => Value::Bool(*b),
        Const::Int(i) => Value::int(*i),
        Const::Int64(i) => Value::int64(*i),
        Const::Uint(u) => Value::Uint(UintKind::Uint64, *u),
        Const::Float(f) => Value::Float(*f),
        Const::Complex(re, im) => Value::Complex(Rc::new((*re, *im))),
        Const::Text(s) => Value::Str(s.clone()),
        Const::Bytes(b) => Value::RawStr(Rc::from(&b[..])),
        Const::Zero(ty) if ty.kind == crate::value::Kind::Map => Value::Map(Map::nil(ty)),
        Const::Zero(ty) => Value::List(List::nil(ty)),
    }
}

/// Returns what a template wrote as a value.
fn captured(text: &[u8], drop_no_value: bool) -> Value {
    const NO_VALUE: &str = "<no value>";
    let Ok(text) = std::str::from_utf8(text) else {
        let has = drop_no_value && text.windows(NO_VALUE.len()).any(|w| w == NO_VALUE.as_bytes());
        let text = text.to_vec();
        return if has { text_of(text).replace(NO_VALUE, "").into() } else { Value::string_from_bytes(text) };
    };
    if drop_no_value && text.contains(NO_VALUE) {
        return text.replace(NO_VALUE, "").into();
    }
    text.into()
}
