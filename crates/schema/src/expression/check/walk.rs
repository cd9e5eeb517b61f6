use super::signatures::{FUNCTIONS, Overload};
use super::unify::{Bindings, most_general};
use super::{Kind, literals};
use crate::expression::{PAIR, PAIRS};
use cel::Program;
use cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, SourceInfo, operators,
};
use std::collections::HashMap;

/// What was found out of an expression.
#[derive(Debug)]
pub(crate) struct Checked {
    /// What it gives.
    pub kind: Kind,
    /// What its parts give, by their numbers.
    pub(in crate::expression) kinds: HashMap<u64, Kind>,
    /// What its calls call.
    pub(in crate::expression) calls: HashMap<u64, Called>,
}

/// What a call calls.
#[derive(Debug)]
pub(in crate::expression) struct Called {
    /// With what stands before it where that is no value: `lists.range`.
    pub name: String,
    pub is_method: bool,
    /// The ways to call it that fit what is given.
    pub overloads: Vec<&'static Overload>,
}

/// Checks an expression that may say these names.
///
/// # Errors
/// What is wrong with it, in cel-go's words.
pub(crate) fn check(program: &Program, names: &[(&str, Kind)]) -> Result<Checked, String> {
    let mut walk = Walk {
        names: names.iter().map(|(name, kind)| ((*name).to_owned(), kind.clone())).collect(),
        bindings: Bindings::default(),
        faults: Vec::new(),
        formats: 0,
        kinds: HashMap::new(),
        calls: HashMap::new(),
    };
    let kind = walk.expression(program.expression());
    if !walk.faults.is_empty() {
        return Err(shown(&walk.faults, program.source_info()));
    }
    let resolved = |kind: &Kind| walk.bindings.resolved(kind, true);
    let kinds = walk.kinds.iter().map(|(id, kind)| (*id, resolved(kind))).collect();
    Ok(Checked { kind: resolved(&kind), kinds, calls: walk.calls })
}

/// Prints faults in the order of the text.
fn shown(faults: &[(u64, String)], source: &SourceInfo) -> String {
    let mut placed: Vec<(usize, &str)> = faults
        .iter()
        .map(|(id, why)| (source.offset_for(*id).map_or(0, |(start, _)| start as usize), why.as_str()))
        .collect();
    placed.sort_by_key(|(at, _)| *at);
    let lines: Vec<String> = placed.iter().map(|(at, why)| pointed(&source.source, *at, why)).collect();
    lines.join("\n")
}

/// A fault with its line, and where in it.
fn pointed(source: &str, at: usize, why: &str) -> String {
    let before = source.get(..at).unwrap_or(source);
    let start = before.rfind('\n').map_or(0, |n| n + 1);
    let (number, column) = (before.matches('\n').count() + 1, before[start..].chars().count());
    super::super::issue(source, number, column, why)
}

struct Walk {
    /// What names stand for, the innermost last.
    names: Vec<(String, Kind)>,
    bindings: Bindings,
    /// Expression, and what is wrong with it.
    faults: Vec<(u64, String)>,
    /// How many calls of `format` this is in: their lists may hold what they like.
    formats: usize,
    kinds: HashMap<u64, Kind>,
    calls: HashMap<u64, Called>,
}

/// The kinds that have names.
fn named_kind(name: &str) -> Option<Kind> {
    Some(match name {
        "bool" => Kind::Bool,
        "bytes" => Kind::Bytes,
        "double" => Kind::Double,
        "dyn" => Kind::Dyn,
        "int" => Kind::Int,
        "uint" => Kind::Uint,
        "string" => Kind::String,
        "list" => Kind::list(Kind::Dyn),
        "map" => Kind::map(Kind::Dyn, Kind::Dyn),
        "null_type" => Kind::Null,
        "type" => Kind::Type(Box::new(Kind::Dyn)),
        "optional_type" => Kind::optional(Kind::Dyn),
        "google.protobuf.Duration" => Kind::Duration,
        "google.protobuf.Timestamp" => Kind::Timestamp,
        "net.IP" => Kind::Named("net.IP"),
        "net.CIDR" => Kind::Named("net.CIDR"),
        _ => return None,
    })
}

/// The name that an expression spells: `a.b.c`.
fn qualified(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Ident(name) => Some(name.clone()),
        Expr::Select(select) if !select.test => {
            Some(format!("{}.{}", qualified(&select.operand.expr)?, select.field))
        }
        _ => None,
    }
}

impl Walk {
    fn fault(&mut self, expr: u64, why: String) -> Kind {
        self.faults.push((expr, why));
        Kind::Error
    }

    fn name(&self, name: &str) -> Option<Kind> {
        let found = self.names.iter().rfind(|(n, _)| n == name).map(|(_, kind)| kind.clone());
        found.or_else(|| named_kind(name).map(|kind| Kind::Type(Box::new(kind))))
    }

    fn undeclared(&mut self, expr: u64, name: &str) -> Kind {
        self.fault(expr, format!("undeclared reference to '{name}' (in container '')"))
    }

    fn expression(&mut self, e: &IdedExpr) -> Kind {
        let kind = self.kind_of(e);
        self.kinds.insert(e.id, kind.clone());
        kind
    }

    fn kind_of(&mut self, e: &IdedExpr) -> Kind {
        match &e.expr {
            Expr::Unspecified => Kind::Error,
            Expr::Literal(literal) => match literal {
                LiteralValue::Boolean(_) => Kind::Bool,
                LiteralValue::Bytes(_) => Kind::Bytes,
                LiteralValue::Double(_) => Kind::Double,
                LiteralValue::Int(_) => Kind::Int,
                LiteralValue::Null => Kind::Null,
                LiteralValue::String(_) => Kind::String,
                LiteralValue::UInt(_) => Kind::Uint,
            },
            Expr::Ident(name) => match self.name(name) {
                Some(kind) => kind,
                None => self.undeclared(e.id, name),
            },
            Expr::Select(select) => {
                let known = qualified(&e.expr).and_then(|name| self.name(&name));
                if let Some(kind) = known {
                    return kind;
                }
                let kind = self.selected(e.id, &select.operand, &select.field, false);
                if select.test { Kind::Bool } else { self.bindings.resolved(&kind, false) }
            }
            Expr::Call(call) => {
                let formats = usize::from(call.func_name == "format");
                self.formats += formats;
                let kind = self.call(e.id, call);
                self.formats -= formats;
                kind
            }
            Expr::List(list) => {
                let mut of = None;
                for (n, item) in list.elements.iter().enumerate() {
                    let kind = self.expression(item);
                    let kind = self.entry(item.id, kind, list.optional_indices.contains(&n));
                    of = Some(self.joined(item.id, of, kind));
                }
                Kind::list(of.unwrap_or_else(|| self.bindings.fresh()))
            }
            Expr::Map(map) => {
                let (mut keys, mut values) = (None, None);
                for entry in &map.entries {
                    let EntryExpr::MapEntry(entry) = &entry.expr else { continue };
                    let key = self.expression(&entry.key);
                    keys = Some(self.joined(entry.key.id, keys, key));
                    let value = self.expression(&entry.value);
                    let value = self.entry(entry.value.id, value, entry.optional);
                    values = Some(self.joined(entry.value.id, values, value));
                }
                let mut or_any = |kind: Option<Kind>| kind.unwrap_or_else(|| self.bindings.fresh());
                Kind::map(or_any(keys), or_any(values))
            }
            // Nothing in Kubernetes can be made in this way but what is known by other names too.
            Expr::Struct(made) if made.type_name.starts_with("google.protobuf.") => Kind::Dyn,
            Expr::Struct(made) => self.undeclared(e.id, &made.type_name),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
        }
    }

    /// The kind of an entry: what an optional one holds where it is marked so.
    fn entry(&mut self, expr: u64, kind: Kind, marked: bool) -> Kind {
        match kind {
            Kind::Optional(of) if marked => *of,
            Kind::Dyn => Kind::Dyn,
            kind if marked => {
                self.fault(expr, format!("expected type 'optional_type({kind})' but found '{kind}'"));
                kind
            }
            kind => kind,
        }
    }

    fn joined(&mut self, expr: u64, before: Option<Kind>, kind: Kind) -> Kind {
        let Some(before) = before else { return kind };
        if self.bindings.fit(std::slice::from_ref(&before), std::slice::from_ref(&kind)) {
            return most_general(&before, &kind);
        }
        if self.formats > 0 {
            return Kind::Dyn;
        }
        self.mismatch(expr, &before, &kind)
    }

    fn mismatch(&mut self, expr: u64, wanted: &Kind, found: &Kind) -> Kind {
        self.fault(expr, format!("expected type '{wanted}' but found '{found}'"))
    }

    fn selected(&mut self, expr: u64, operand: &IdedExpr, field: &str, optionally: bool) -> Kind {
        let of = self.expression(operand);
        let of = self.bindings.resolved(&of, false);
        let (of, is_optional) = match of {
            Kind::Optional(of) => (*of, true),
            of => (of, optionally),
        };
        let kind = match &of {
            Kind::Map(of) => of.1.clone(),
            Kind::Object(object) => match object.1.get(field) {
                Some(kind) => kind.clone(),
                None => self.fault(expr, format!("undefined field '{field}'")),
            },
            Kind::Param(_) => {
                self.bindings.fit(&[Kind::Dyn], std::slice::from_ref(&of));
                Kind::Dyn
            }
            Kind::Dyn | Kind::Error => Kind::Dyn,
            Kind::Named(name) if name.starts_with("kubernetes.") => {
                self.fault(expr, format!("unexpected failed resolution of '{name}'"))
            }
            other => {
                self.fault(expr, format!("type '{other}' does not support field selection"));
                Kind::Dyn
            }
        };
        if is_optional { Kind::optional(kind) } else { kind }
    }

    fn call(&mut self, expr: u64, call: &CallExpr) -> Kind {
        if call.func_name == operators::OPT_SELECT
            && let [operand, field] = call.args.as_slice()
            && let Expr::Literal(LiteralValue::String(field)) = &field.expr
        {
            let kind = self.selected(expr, operand, field.inner(), true);
            return self.bindings.resolved(&kind, false);
        }
        if let Some(kind) = self.of_pairs(call) {
            return kind;
        }
        let mut given: Vec<Kind> = call.args.iter().map(|arg| self.expression(arg)).collect();
        if let Some((at, why)) = literals::fault(call) {
            self.fault(at, why);
        }
        let name = call.func_name.as_str();
        let Some(target) = &call.target else {
            return self.resolved(expr, name, &given, false, call);
        };
        if let Some(whole) = qualified(&target.expr).map(|prefix| format!("{prefix}.{name}"))
            && FUNCTIONS.contains_key(whole.as_str())
        {
            return self.resolved(expr, &whole, &given, false, call);
        }
        let kind = self.expression(target);
        given.insert(0, kind);
        self.resolved(expr, name, &given, true, call)
    }

    /// What comprehensions of two variables are made of: pairs are of two kinds, which a map's stand for.
    fn of_pairs(&mut self, call: &CallExpr) -> Option<Kind> {
        match (call.func_name.as_str(), call.args.as_slice()) {
            (PAIRS, [of]) => {
                let kind = self.expression(of);
                Some(match self.bindings.resolved(&kind, true) {
                    Kind::List(item) => Kind::list(Kind::map(Kind::Int, *item)),
                    Kind::Map(pair) => Kind::list(Kind::Map(pair)),
                    Kind::Dyn | Kind::Error => Kind::list(Kind::map(Kind::Dyn, Kind::Dyn)),
                    // Said where the range is looked at.
                    other => other,
                })
            }
            (operators::INDEX, [of, at]) => match (&of.expr, &at.expr) {
                (Expr::Ident(name), Expr::Literal(LiteralValue::Int(at))) if name == PAIR => {
                    let Some(Kind::Map(pair)) = self.name(PAIR) else { return Some(Kind::Error) };
                    Some(if *at.inner() == 0 { pair.0 } else { pair.1 })
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn resolved(&mut self, expr: u64, name: &str, given: &[Kind], is_method: bool, call: &CallExpr) -> Kind {
        let Some(overloads) = FUNCTIONS.get(name) else { return self.undeclared(expr, name) };
        let mut called = Called { name: name.to_owned(), is_method, overloads: Vec::new() };
        if matches!(name, operators::LOGICAL_AND | operators::LOGICAL_OR) {
            let before = self.faults.len();
            for (arg, kind) in call.args.iter().zip(given) {
                if !self.bindings.fit(std::slice::from_ref(kind), &[Kind::Bool]) {
                    let kind = self.bindings.resolved(kind, false);
                    self.mismatch(arg.id, &Kind::Bool, &kind);
                }
            }
            called.overloads.extend(overloads);
            self.calls.insert(expr, called);
            return if self.faults.len() == before { Kind::Bool } else { Kind::Error };
        }
        let mut result: Option<Kind> = None;
        for overload in overloads.iter().filter(|o| o.is_method == is_method) {
            let first = self.bindings.reserve(overload.parameters);
            let wanted: Vec<Kind> = overload.arguments.iter().map(|k| numbered(k, first)).collect();
            if !self.bindings.fit(given, &wanted) {
                continue;
            }
            called.overloads.push(overload);
            let kind = self.bindings.resolved(&numbered(&overload.result, first), false);
            result = Some(match result {
                Some(before) if before == kind || before == Kind::Dyn => before,
                Some(_) => Kind::Dyn,
                None => kind,
            });
        }
        if let Some(kind) = result {
            self.calls.insert(expr, called);
            return kind;
        }
        let mut shown = given.iter().map(|k| self.bindings.resolved(k, true).to_string());
        let target =
            if is_method { shown.next().map(|t| format!("{t}.")).unwrap_or_default() } else { String::new() };
        let shown = format!("{target}({})", shown.collect::<Vec<_>>().join(", "));
        self.fault(expr, format!("found no matching overload for '{name}' applied to '{shown}'"))
    }

    fn comprehension(&mut self, c: &ComprehensionExpr) -> Kind {
        let range = self.expression(&c.iter_range);
        let accumulated = self.expression(&c.accu_init);
        let range = self.bindings.resolved(&range, false);
        let item = match &range {
            Kind::List(of) => (**of).clone(),
            Kind::Map(of) => of.0.clone(),
            Kind::Dyn | Kind::Error | Kind::Param(_) => {
                self.bindings.fit(&[Kind::Dyn], std::slice::from_ref(&range));
                Kind::Dyn
            }
            other => {
                let why = format!(
                    "expression of type '{other}' cannot be range of a comprehension (must be list, map, or dynamic)"
                );
                self.fault(c.iter_range.id, why)
            }
        };
        self.names.push((c.accu_var.clone(), accumulated.clone()));
        self.names.push((c.iter_var.clone(), item));
        for (part, wanted) in [(&c.loop_cond, &Kind::Bool), (&c.loop_step, &accumulated)] {
            let found = self.expression(part);
            if !self.bindings.fit(std::slice::from_ref(wanted), std::slice::from_ref(&found)) {
                self.mismatch(part.id, wanted, &found);
            }
        }
        self.names.pop();
        let result = self.expression(&c.result);
        self.names.pop();
        self.bindings.resolved(&result, false)
    }
}

/// A kind of a signature with its parameters numbered anew.
fn numbered(kind: &Kind, first: u32) -> Kind {
    match kind {
        Kind::Param(n) => Kind::Param(first + n),
        Kind::List(of) => Kind::list(numbered(of, first)),
        Kind::Map(of) => Kind::map(numbered(&of.0, first), numbered(&of.1, first)),
        Kind::Optional(of) => Kind::optional(numbered(of, first)),
        Kind::Type(of) => Kind::Type(Box::new(numbered(of, first))),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::{Bounds, Fields, compile};

    fn of(text: &str) -> Result<String, String> {
        let program = compile(text, Bounds { bytes: 1000, nesting: 20 })?;
        let inner = Fields::from([("n".to_owned(), Kind::Int), ("t".to_owned(), Kind::Timestamp)]);
        let fields = Fields::from([
            ("s".to_owned(), Kind::String),
            ("any".to_owned(), Kind::Dyn),
            ("list".to_owned(), Kind::list(Kind::object("item", inner))),
            ("map".to_owned(), Kind::map(Kind::String, Kind::Int)),
        ]);
        let names = [("self", Kind::object("selfType", fields))];
        check(&program, &names).map(|c| c.kind.to_string())
    }

    #[test]
    fn expressions_have_kinds() {
        for (text, kind) in [
            ("self.s.size() > 3 && has(self.map) && self.any.x.y == 1", "bool"),
            ("self.list.map(i, i.n)", "list(int)"),
            ("self.list.filter(i, i.n > 1).size()", "int"),
            ("self.map.all(k, k.startsWith('a') && self.map[k] > 1)", "bool"),
            ("self.?list[?0].?n.orValue(3)", "int"),
            ("[]", "list(dyn)"),
            ("self.list.exists_one(i, i.t > timestamp('2024-01-01T00:00:00Z'))", "bool"),
            ("quantity(self.s).add(1).asInteger()", "int"),
            ("self.map.transformList(k, v, k + string(v))", "list(string)"),
            ("self.map.all(k, v, v > 1)", "bool"),
            ("self.s.split('.').transformList(i, p, i > 0, p)[0]", "string"),
            ("self.list.transformMap(i, v, v.t)", "map(int, timestamp)"),
            ("self.map.transformMapEntry(k, v, {v: k})", "map(int, string)"),
            ("type(self.any) == string ? 'a' : 'b'", "string"),
            ("self.list.sortBy(i, i.n).first().value().n", "int"),
            ("{'a': 1}.map(k, k)", "list(string)"),
            ("cidr(self.s).ip().family()", "int"),
            ("self.s.split(',').map(x, int(x)).sum()", "int"),
            ("optional.none().orValue(1)", "int"),
            ("'%s %d'.format([self.s, 1])", "string"),
        ] {
            assert_eq!(of(text), Ok(kind.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_where_it_stands() {
        for (text, at, why) in [
            ("self.bogus > 1", 4, "undefined field 'bogus'"),
            ("foo == 1", 0, "undeclared reference to 'foo' (in container '')"),
            ("self.s > 1", 7, "found no matching overload for '_>_' applied to '(string, int)'"),
            ("self.s.size(1)", 11, "found no matching overload for 'size' applied to 'string.(int)'"),
            ("bogus(1)", 5, "undeclared reference to 'bogus' (in container '')"),
            (
                "self.s.all(x, true)",
                4,
                "expression of type 'string' cannot be range of a comprehension (must be list, map, or dynamic)",
            ),
            ("[1, 'a'] == []", 4, "expected type 'int' but found 'string'"),
            ("self.s && true", 4, "expected type 'bool' but found 'string'"),
            ("self.s.foo == 1", 6, "type 'string' does not support field selection"),
            ("duration('x') == duration('1s')", 9, "invalid duration argument"),
            ("self.s.matches('(')", 15, "invalid matches argument"),
        ] {
            let expect = format!("ERROR: <input>:1:{}: {why}\n | {text}\n | {}^", at + 1, ".".repeat(at));
            assert_eq!(of(text), Err(expect), "{text}");
        }
    }
}
