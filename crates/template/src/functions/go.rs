//! The functions built into the template language.

use super::{Body, Functions};
use crate::Value;
use crate::fmt::{sprint, sprintf_to, sprintln};
use crate::value::{ANY, REFLECT, STRING};

pub(super) fn register(f: &mut Functions) {
    f.add("and", &[&REFLECT, &REFLECT], true, Body::And);
    f.add("or", &[&REFLECT, &REFLECT], true, Body::Or);
    f.add("call", &[&REFLECT, &REFLECT], true, Body::Call);
    f.native("not", &[&REFLECT], |_, a| Ok(Value::Bool(!a[0].truth())));
    f.native("len", &[&REFLECT], |_, a| super::index::length(&a[0]));
    f.variadic("index", &[&REFLECT, &REFLECT], |_, a| super::index::index(&a[0], &a[1..]));
    f.variadic("slice", &[&REFLECT, &REFLECT], |_, a| super::index::slice(&a[0], &a[1..]));
    f.variadic("print", &[&ANY], |_, a| Ok(Value::string_from_bytes(sprint(a))));
    f.variadic("println", &[&ANY], |_, a| Ok(Value::string_from_bytes(sprintln(a))));
    f.variadic("printf", &[&STRING, &ANY], |ctx, a| {
        let format = a[0].as_bytes().unwrap_or_default();
        super::limit::printf(ctx, format)?;
        Ok(ctx.build(|out| sprintf_to(out, format, &a[1..])))
    });
    f.variadic("html", &[&ANY], |_, a| Ok(super::escape::html(&super::escape::joined(a))));
    f.variadic("js", &[&ANY], |_, a| Ok(super::escape::js(&super::escape::joined(a))));
    f.variadic("urlquery", &[&ANY], |_, a| Ok(super::escape::url_query(&super::escape::joined(a)).into()));
    super::compare::register(f);
}
