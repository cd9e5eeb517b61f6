use super::machine::{Fault, Machine, Slot};
use crate::program::{Op, Program};
use crate::value::{ANY, GoType, Kind, Map};
use crate::{MissingKey, Object, Value};
use std::rc::Rc;

/// The value at the end of a walk.
#[derive(Default)]
struct Reached {
    slot: Slot,
    /// How many fields were followed.
    steps: usize,
}

/// Takes a value and follows the fields that the instructions from `pc` on ask for, as far as they are entries of maps:
/// most of what templates do.
fn follow(program: &Program, pc: usize, from: Option<&Slot>) -> Reached {
    let Some(from) = from else { return Reached::default() };
    let entry = |map: &Map, steps: usize| {
        let at = pc + steps;
        let Op::Field { name, .. } = program.code[at] else { return None };
        let value = map.get_near(&program.names[name as usize], &program.places[at])?;
        Some(Slot { value, boxed: map.elem_type().kind == Kind::Interface })
    };
    let Some(mut slot) = from.value.as_map().and_then(|map| entry(map, 0)) else {
        return Reached { slot: from.clone(), steps: 0 };
    };
    let mut steps = 1;
    while let Some(next) = slot.value.as_map().and_then(|map| entry(map, steps)) {
        slot = next;
        steps += 1;
    }
    Reached { slot, steps }
}

impl Machine<'_> {
    /// Pushes the dot, or what the fields of it are that are asked for next.
    pub(super) fn dot(&mut self) -> Result<(), Fault> {
        let reached = follow(&self.program, self.pc, self.dots.last());
        self.arrive(reached)
    }

    /// Pushes a variable, or what the fields of it are that are asked for next.
    pub(super) fn variable(&mut self, slot: u32) -> Result<(), Fault> {
        let reached = follow(&self.program, self.pc, self.vars.get(self.vars_base + slot as usize));
        self.arrive(reached)
    }

    fn arrive(&mut self, reached: Reached) -> Result<(), Fault> {
        self.ctx.work(reached.steps)?;
        self.pc += reached.steps;
        if reached.steps > 0
            && let Op::Field { node, .. } = self.program.code[self.pc - 1]
        {
            self.node = node;
        }
        self.boxed = reached.slot.boxed;
        self.stack.push(reached.slot.value);
        Ok(())
    }

    /// Replaces the value on top by a field of it.
    pub(super) fn field(&mut self, name: u32) -> Result<(), Fault> {
        // Nearly every field is an entry of a map.
        if let Some(top @ Value::Map(_)) = self.stack.last_mut()
            && let Value::Map(map) = &*top
            && let Some(value) =
                map.get_near(&self.program.names[name as usize], &self.program.places[self.pc - 1])
        {
            self.boxed = map.elem_type().kind == Kind::Interface;
            *top = value;
            return Ok(());
        }
        let receiver = self.pop();
        let value = self.field_of(receiver, name)?;
        self.stack.push(value);
        Ok(())
    }

    fn field_of(&mut self, receiver: Value, name: u32) -> Result<Value, Fault> {
        let name = self.program.names[name as usize].clone();
        match &receiver {
            Value::Map(map) => {
                let found = self.map_entry(map, &name)?;
                self.boxed = map.elem_type().kind == Kind::Interface;
                Ok(found)
            }
            Value::Missing => {
                if self.missing_key == MissingKey::Error {
                    return Err(format!("nil data; no entry for key {}", crate::fmt::quote(&name)).into());
                }
                Ok(Value::Missing)
            }
            Value::Nil => Err(format!("nil pointer evaluating interface {{}}.{name}").into()),
            Value::Object(object) => {
                if let Some(signature) = object.method(&name) {
                    let want = signature.fixed();
                    if want > 0 {
                        let least = if signature.variadic { "at least " } else { "" };
                        return Err(
                            format!("wrong number of args for {name}: want {least}{want} got 0").into()
                        );
                    }
                    return self.call_method(&Rc::clone(object), &name, &[]);
                }
                match object.field(&name) {
                    Some(value) => {
                        self.boxed = false;
                        Ok(value)
                    }
                    None => Err(self.no_field(&receiver, &name)),
                }
            }
            _ => Err(self.no_field(&receiver, &name)),
        }
    }

    fn map_entry(&self, map: &Map, name: &str) -> Result<Value, Fault> {
        match map.get(name) {
            Some(value) => Ok(value),
            None => match self.missing_key {
                MissingKey::Default => Ok(Value::Missing),
                MissingKey::Zero => Ok(Value::zero(map.elem_type())),
                MissingKey::Error => {
                    Err(format!("map has no entry for key {}", crate::fmt::quote(name)).into())
                }
            },
        }
    }

    fn no_field(&self, receiver: &Value, name: &str) -> Fault {
        let ty: GoType = if self.boxed { &ANY } else { receiver.go_type() };
        format!("can't evaluate field {name} in type {ty}").into()
    }

    /// Calls a method, or fails as a field that takes no arguments.
    pub(super) fn method(&mut self, name: u32, argc: usize, piped: bool) -> Result<(), Fault> {
        let mut args = self.stack.split_off(self.stack.len() - argc);
        let receiver = self.pop();
        if piped {
            let last = self.pop();
            args.push(last);
        }
        let text = self.program.names[name as usize].clone();
        let value = match &receiver {
            Value::Object(object) if object.method(&text).is_some() => {
                let object = Rc::clone(object);
                self.fit_method_args(&object, &text, &mut args)?;
                self.call_method(&object, &text, &args)?
            }
            Value::Missing => self.field_of(receiver, name)?,
            Value::Map(_) => return Err(format!("{text} is not a method but has arguments").into()),
            Value::Object(object) if object.field(&text).is_some() => {
                return Err(format!("{text} has arguments but cannot be invoked as function").into());
            }
            _ => self.field_of(receiver, name)?,
        };
        self.stack.push(value);
        Ok(())
    }

    fn fit_method_args(
        &mut self,
        object: &Rc<dyn Object>,
        name: &str,
        args: &mut [Value],
    ) -> Result<(), Fault> {
        let Some(signature) = object.method(name) else { return Ok(()) };
        let (want, got) = (signature.fixed(), args.len());
        if signature.variadic && got < want {
            return Err(format!("wrong number of args for {name}: want at least {want} got {got}").into());
        }
        if !signature.variadic && got != want {
            return Err(format!("wrong number of args for {name}: want {want} got {got}").into());
        }
        for (n, arg) in args.iter_mut().enumerate() {
            let Some(ty) = signature.param(n) else { continue };
            // An integer constant becomes what the parameter asks for.
            if let (Value::Int(kind, i), Kind::Int) = (&*arg, ty.kind)
                && *kind == crate::value::IntKind::Int
                && ty.name == "int64"
            {
                *arg = Value::int64(*i);
                continue;
            }
            if let Some(fitted) = super::check::fit(arg, ty)? {
                *arg = fitted;
            }
        }
        Ok(())
    }

    fn call_method(&mut self, object: &Rc<dyn Object>, name: &str, args: &[Value]) -> Result<Value, Fault> {
        self.boxed = false;
        match object.call(name, args, &mut self.ctx) {
            Ok(value) => {
                self.ctx.charge(value.weight())?;
                Ok(value)
            }
            Err(e) => Err(Fault { message: format!("error calling {name}: {}", e.message), limit: e.limit }),
        }
    }
}
