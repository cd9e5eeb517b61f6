use super::machine::{Capture, Fault, Machine};
use crate::Value;
use crate::functions::{Body, Function, Native, RenderCall, RenderSource};
use crate::set::ParsedText;
use fairway_value::Str;
use std::sync::Arc;

/// What a call counts for beside its instruction, and what each byte of a text that is parsed does.
const CALL_STEPS: usize = 10;
const PARSE_STEPS: usize = 10;

impl Machine<'_> {
    /// Calls a function with the arguments on the stack, of which a piped one lies lowest and comes last.
    pub(super) fn call(&mut self, function: u32, argc: usize, piped: bool, node: u32) -> Result<(), Fault> {
        let called = &self.program.functions[function as usize];
        if let Body::Native(native) = called.body {
            let from = self.stack.len() - argc - usize::from(piped);
            if piped {
                self.stack[from..].rotate_left(1);
            }
            return self.call_native(native, function, from);
        }
        let function = Arc::clone(called);
        let callee = matches!(function.body, Body::Call).then(|| self.pop());
        let from = self.stack.len() - argc - usize::from(piped);
        if piped {
            self.stack[from..].rotate_left(1);
        }
        self.ctx.work(CALL_STEPS).map_err(|e| wrap(&function, e.into()))?;
        let result = match &function.body {
            Body::Closure(f) => f(&mut self.ctx, &self.stack[from..]),
            Body::Render(f) => match f(&mut self.ctx, &self.stack[from..]) {
                Ok(call) => {
                    self.stack.truncate(from);
                    return self.render(&function, call, node).map_err(|f| wrap(&function, f));
                }
                Err(e) => Err(e),
            },
            Body::Call => call_value(callee, &self.stack[from..]),
            // The first are compiled into jumps, the last is called above.
            Body::And | Body::Or | Body::Native(_) => Ok(Value::Missing),
        };
        if result.as_ref().is_err_and(|e| !e.limit) {
            self.note_call(&function, from);
        }
        self.stack.truncate(from);
        self.boxed = false;
        let value = result.map_err(|e| wrap(&function, e.into()))?;
        self.ctx.charge(value.weight()).map_err(|e| wrap(&function, e.into()))?;
        self.stack.push(value);
        Ok(())
    }

    /// Calls what nearly every function is; what it is called is looked up where it fails only.
    fn call_native(&mut self, native: Native, function: u32, from: usize) -> Result<(), Fault> {
        let worked = self.ctx.work(CALL_STEPS);
        let result = worked.and_then(|()| native(&mut self.ctx, &self.stack[from..]));
        let charged = result.and_then(|value| self.ctx.charge(value.weight()).map(|()| value));
        match charged {
            Ok(value) => {
                self.stack.truncate(from);
                self.boxed = false;
                self.stack.push(value);
                Ok(())
            }
            Err(error) => {
                let function = Arc::clone(&self.program.functions[function as usize]);
                if !error.limit {
                    self.note_call(&function, from);
                }
                self.stack.truncate(from);
                Err(wrap(&function, error.into()))
            }
        }
    }

    /// Starts the template that a function wants rendered in its place.
    fn render(&mut self, function: &Function, call: RenderCall, node: u32) -> Result<(), Fault> {
        let mut capture = Capture {
            out_from: self.out.len(),
            function: function.name,
            node,
            error_prefix: None,
            drop_no_value: call.drop_no_value,
            layer: Arc::clone(&self.layer),
            included: None,
        };
        let program = match call.source {
            RenderSource::Named(name) => {
                let count = self.includes.entry(name.clone()).or_default();
                if *count > self.limits.include_depth_max {
                    return Err(super::machine::limit(format!(
                        "rendering template has a nested reference name: {name}: unable to execute template"
                    )));
                }
                *count += 1;
                let Some(program) = self.layer.get(&name) else {
                    self.note_unknown_template(&name);
                    let root = &self.layer.root_name();
                    let (name, root) = (crate::fmt::quote(&name), crate::fmt::quote(root));
                    return Err(
                        format!("template: no template {name} associated with template {root}").into()
                    );
                };
                capture.included = Some(name);
                program
            }
            RenderSource::Text(text) => {
                let parsed = self.parse_text(&text)?;
                capture.error_prefix = call.error_prefix.map(|prefix| (prefix, text));
                self.layer = self.layer.with(&parsed);
                Arc::clone(&parsed.root)
            }
        };
        self.enter(program, call.data, Some(capture))
    }

    fn parse_text(&mut self, text: &Str) -> Result<Arc<ParsedText>, Fault> {
        if let Some(parsed) = self.parsed.get(text) {
            return Ok(Arc::clone(parsed));
        }
        self.ctx.work(text.len().saturating_mul(PARSE_STEPS))?;
        let parsed = self
            .layer
            .parse_text(text)
            .map_err(|e| format!("cannot parse template {}: {}", crate::fmt::quote(text), e.message))?;
        // What is parsed stays until the run ends, and its text with it.
        self.ctx.charge(text.len())?;
        self.parsed.insert(text.clone(), Arc::clone(&parsed));
        Ok(parsed)
    }
}

fn wrap(function: &Function, fault: Fault) -> Fault {
    Fault { message: format!("error calling {}: {}", function.name, fault.message), limit: fault.limit }
}

/// Runs Go's `call`: no value that a template can come by here is a function, so it says what is wrong.
fn call_value(callee: Option<Value>, args: &[Value]) -> Result<Value, crate::CallError> {
    let shown = callee.as_ref().and_then(Value::as_str).unwrap_or_default();
    match args.first() {
        None | Some(Value::Missing | Value::Nil) => Err("call of nil".into()),
        Some(value) => Err(format!("non-function {shown} of type {}", value.go_type()).into()),
    }
}
