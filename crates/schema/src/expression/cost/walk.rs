use super::calls::{self, Node};
use super::path::Path;
use super::size::Size;
use super::{NEW_LIST, NEW_MAP, NEW_OBJECT, STEP};
use crate::expression::check::{Checked, Kind};
use crate::expression::shape::{OPTIONAL_TARGET, Part, called, is_binding, pairs_of, part_of_pair};
use crate::expression::{ENTRY, MERGED, PAIRS};
use cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, SelectExpr, operators,
};
use std::collections::HashMap;

/// Returns what an expression costs at most. `sizes` tells how large the value at a path below a variable may be.
pub(crate) fn most(expr: &IdedExpr, checked: &Checked, sizes: &dyn Fn(&[String]) -> Option<u64>) -> u64 {
    let mut walk = Walk {
        checked,
        sizes,
        locals: Vec::new(),
        paths: HashMap::new(),
        known: HashMap::new(),
        entries: HashMap::new(),
    };
    walk.cost(expr)
}

/// How large the entries of a list or map may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    is_list: bool,
    key: Size,
    value: Size,
}

impl Entry {
    pub fn or(self, other: Self) -> Self {
        Self { is_list: self.is_list, key: self.key.or(other.key), value: self.value.or(other.value) }
    }
}

/// What a variable of a loop or of a binding is known by.
#[derive(Clone, Debug)]
struct Local {
    path: Path,
    size: Option<Size>,
    entry: Option<Entry>,
    /// What saying it costs.
    cost: u64,
}

pub(super) struct Walk<'a> {
    checked: &'a Checked,
    sizes: &'a dyn Fn(&[String]) -> Option<u64>,
    /// Variables, the innermost last.
    locals: Vec<(String, Local)>,
    paths: HashMap<u64, Path>,
    known: HashMap<u64, Size>,
    entries: HashMap<u64, Entry>,
}

/// The names under which the parts of a pair are kept while it is looped over.
const PAIR_KEY: &str = "@pair.key";
const PAIR_VALUE: &str = "@pair.value";

impl<'a> Walk<'a> {
    pub fn kind(&self, e: &IdedExpr) -> Kind {
        self.checked.kinds.get(&e.id).cloned().unwrap_or(Kind::Dyn)
    }

    fn local(&self, e: &IdedExpr) -> Option<&Local> {
        let Expr::Ident(name) = &e.expr else { return None };
        self.named(name)
    }

    fn named(&self, name: &str) -> Option<&Local> {
        self.locals.iter().rfind(|(n, _)| n == name).map(|(_, local)| local)
    }

    pub fn path(&self, e: &IdedExpr) -> Path {
        match self.local(e) {
            Some(local) => local.path.clone(),
            None => self.paths.get(&e.id).cloned().unwrap_or_default(),
        }
    }

    /// How large the value at a path may be.
    pub fn size_at(&self, path: &[String]) -> Option<Size> {
        let (_, below) = path.split_first()?;
        (self.sizes)(below).map(Size::up_to)
    }

    /// How large what an expression gives may be.
    pub fn size(&mut self, e: &IdedExpr) -> Option<Size> {
        if let Some(size) = self.known.get(&e.id) {
            return Some(*size);
        }
        let count = |n: usize| Some(Size::exactly(u64::try_from(n).unwrap_or(u64::MAX)));
        match &e.expr {
            Expr::Literal(LiteralValue::String(text)) => return count(text.inner().chars().count()),
            Expr::Literal(LiteralValue::Bytes(bytes)) => return count(bytes.inner().len()),
            Expr::Literal(_) => return count(1),
            Expr::List(list) => return count(list.elements.len()),
            Expr::Map(map) => return count(map.entries.len()),
            _ => {}
        }
        if let Some(size) = self.size_at(&self.path(e).steps()) {
            self.known.insert(e.id, size);
            return Some(size);
        }
        if is_scalar(&self.kind(e)) {
            return count(1);
        }
        self.local(e).and_then(|local| local.size)
    }

    fn size_or_unknown(&mut self, e: &IdedExpr) -> Size {
        self.size(e).unwrap_or(Size::UNKNOWN)
    }

    pub fn entry(&self, e: &IdedExpr) -> Option<Entry> {
        self.entries.get(&e.id).copied().or_else(|| self.local(e).and_then(|local| local.entry))
    }

    pub fn set_entry(&mut self, e: &IdedExpr, entry: Option<Entry>) {
        if let Some(entry) = entry {
            self.entries.insert(e.id, entry);
        }
    }

    fn copy_sizes(&mut self, to: &IdedExpr, from: &IdedExpr) {
        if let Some(size) = self.size(from) {
            self.known.insert(to.id, size);
        }
        self.set_entry(to, self.entry(from));
    }

    fn cost(&mut self, e: &'a IdedExpr) -> u64 {
        match &e.expr {
            Expr::Unspecified | Expr::Literal(_) => 0,
            Expr::Ident(name) => {
                let (path, cost) = match self.local(e) {
                    Some(local) => (local.path.clone(), local.cost),
                    None => (Path::of(name), STEP),
                };
                self.paths.insert(e.id, path);
                cost
            }
            Expr::Select(select) => self.select(e, select),
            Expr::Call(call) => self.call(e, call),
            Expr::List(list) => {
                let mut value = if list.elements.is_empty() { Size::exactly(0) } else { NONE_YET };
                let mut sum = NEW_LIST;
                for item in &list.elements {
                    sum = sum.saturating_add(self.cost(item));
                    value = value.or(self.size_or_unknown(item));
                }
                self.set_entry(e, Some(Entry { is_list: true, key: Size::exactly(1), value }));
                sum
            }
            Expr::Map(map) => {
                let none = if map.entries.is_empty() { Size::exactly(0) } else { NONE_YET };
                let mut entry = Entry { is_list: false, key: none, value: none };
                let mut sum = NEW_MAP;
                for (key, value, _) in map.entries.iter().filter_map(|e| pairs_of(&e.expr)) {
                    sum = sum.saturating_add(self.cost(key)).saturating_add(self.cost(value));
                    entry.key = entry.key.or(self.size_or_unknown(key));
                    entry.value = entry.value.or(self.size_or_unknown(value));
                }
                self.set_entry(e, Some(entry));
                sum
            }
            Expr::Struct(made) => made.entries.iter().fold(NEW_OBJECT, |sum, entry| match &entry.expr {
                EntryExpr::StructField(field) => sum.saturating_add(self.cost(&field.value)),
                EntryExpr::MapEntry(_) => sum,
            }),
            Expr::Comprehension(c) if is_binding(c) => self.binding(e, c),
            Expr::Comprehension(c) => self.comprehension(e, c, false),
        }
    }

    fn select(&mut self, e: &'a IdedExpr, select: &'a SelectExpr) -> u64 {
        // A name with dots in it is said at once.
        if !self.checked.kinds.contains_key(&select.operand.id) {
            return STEP;
        }
        let operand = self.cost(&select.operand);
        if select.test {
            return operand;
        }
        let path = self.path(&select.operand).below(&select.field);
        self.paths.insert(e.id, path);
        match self.kind(&select.operand) {
            Kind::Map(_) | Kind::Object(_) => operand.saturating_add(STEP),
            _ => operand,
        }
    }

    fn node(&mut self, e: &'a IdedExpr) -> Node<'a> {
        Node { expr: e, path: self.path(e).steps(), kind: self.kind(e), size: self.size(e) }
    }

    fn call(&mut self, e: &'a IdedExpr, call: &'a CallExpr) -> u64 {
        match (call.func_name.as_str(), call.args.as_slice()) {
            ("dyn", [only]) => {
                let cost = self.cost(only);
                self.copy_sizes(e, only);
                return cost.saturating_add(STEP);
            }
            (MERGED, [IdedExpr { expr: Expr::Comprehension(c), .. }]) => {
                return self.comprehension(e, c, true);
            }
            (operators::OPT_SELECT, [operand, _]) => return self.cost(operand).saturating_add(STEP),
            _ => {}
        }
        let mut args = Vec::new();
        for arg in &call.args {
            let cost = self.cost(arg);
            args.push((self.node(arg), cost));
        }
        let Some(found) = self.checked.calls.get(&e.id) else { return 0 };
        let mut sum = 0;
        let target = call.target.as_ref().filter(|_| found.is_method).map(|target| {
            sum = self.cost(target);
            self.node(target)
        });
        let (mut dearest, mut size) = (0, None);
        for overload in &found.overloads {
            let name = found.name.as_str();
            let estimate = calls::estimate(self, e, name, &overload.arguments, target.as_ref(), &args);
            dearest = dearest.max(estimate.cost);
            size = match (size, estimate.result) {
                (Some(a), Some(b)) => Some(Size::or(a, b)),
                (a, b) => a.or(b),
            };
            if let (operators::INDEX, Some((of, _))) = (name, args.first()) {
                let part = match overload.arguments.first() {
                    Some(Kind::List(_)) => Some("@items"),
                    Some(Kind::Map(_)) => Some("@values"),
                    _ => None,
                };
                if let Some(part) = part {
                    size = self.entry(of.expr).map(|entry| entry.value);
                    let path = self.path(of.expr).below(part);
                    self.paths.insert(e.id, path);
                }
            }
            size = size.or_else(|| self.size(e));
        }
        if let Some(size) = size {
            self.known.insert(e.id, size);
        }
        sum.saturating_add(dearest)
    }

    /// A variable that stands for a part of every entry of a list or map.
    fn part(&self, range: &IdedExpr, part: Part) -> Local {
        let entry = self.entry(range);
        let is_list = entry.map_or_else(|| matches!(self.kind(range), Kind::List(_)), |entry| entry.is_list);
        let (name, is_key) = match (part, is_list) {
            (Part::Key, true) => ("@indices", true),
            (Part::Key | Part::Single, false) => ("@keys", true),
            (Part::Value | Part::Single, true) => ("@items", false),
            (Part::Value, false) => ("@values", false),
        };
        let size = entry.map(|entry| if is_key { entry.key } else { entry.value });
        Local { path: self.path(range).below(name), size, entry: None, cost: STEP }
    }

    fn bound(&mut self, value: &IdedExpr) -> Local {
        Local { path: self.path(value), size: self.size(value), entry: self.entry(value), cost: STEP }
    }

    /// What a binding that names a part of a pair names: loops over pairs have both their names at once.
    fn pair_part(&self, c: &ComprehensionExpr) -> Option<Local> {
        let name = match part_of_pair(c)? {
            Part::Key => PAIR_KEY,
            Part::Value | Part::Single => PAIR_VALUE,
        };
        self.named(name).cloned()
    }

    fn binding(&mut self, e: &'a IdedExpr, c: &'a ComprehensionExpr) -> u64 {
        let mut sum = 0;
        let local = if let Some(local) = self.pair_part(c) {
            local
        } else if c.accu_var == OPTIONAL_TARGET {
            let cost = self.cost(&c.accu_init);
            Local { cost, ..self.bound(&c.accu_init) }
        } else {
            sum = NEW_LIST.saturating_add(self.cost(&c.accu_init));
            self.bound(&c.accu_init)
        };
        self.locals.push((c.accu_var.clone(), local));
        sum = sum.saturating_add(self.cost(&c.result));
        self.locals.pop();
        self.copy_sizes(e, &c.result);
        sum
    }

    /// A loop; the entries of one over pairs may be put into a map.
    fn comprehension(&mut self, e: &'a IdedExpr, c: &'a ComprehensionExpr, into_map: bool) -> u64 {
        let pairs = called(&c.iter_range, PAIRS).and_then(|call| call.args.first());
        let range = pairs.unwrap_or(&c.iter_range);
        let mut sum = self.cost(range);
        let accumulated = if into_map {
            sum = sum.saturating_add(NEW_MAP);
            let (none, size) = (Size::exactly(0), Some(Size::exactly(0)));
            let entry = Some(Entry { is_list: false, key: none, value: none });
            Local { path: Path::default(), size, entry, cost: STEP }
        } else {
            sum = sum.saturating_add(self.cost(&c.accu_init));
            self.bound(&c.accu_init)
        };
        self.locals.push((c.accu_var.clone(), accumulated));
        let before = self.locals.len();
        if pairs.is_some() {
            for (name, part) in [(PAIR_KEY, Part::Key), (PAIR_VALUE, Part::Value)] {
                let local = self.part(range, part);
                self.locals.push((name.to_owned(), local));
            }
        } else {
            let local = self.part(range, Part::Single);
            self.locals.push((c.iter_var.clone(), local));
        }
        let going = self.cost(&c.loop_cond);
        let step = if into_map { self.insertion(&c.loop_step) } else { self.cost(&c.loop_step) };
        self.locals.truncate(before);
        sum = sum.saturating_add(self.cost(&c.result));
        let count = self.size_or_unknown(range);
        match &c.accu_init.expr {
            Expr::Literal(_) => {
                if let Some(size) = self.size(&c.accu_init) {
                    self.known.insert(e.id, size);
                }
            }
            Expr::List(_) | Expr::Map(_) => {
                self.known.insert(e.id, count);
                if !into_map {
                    self.set_entry(e, self.entry(&c.loop_step));
                }
            }
            _ => {}
        }
        self.locals.pop();
        sum.saturating_add(count.most.saturating_mul(step.saturating_add(going)))
    }

    /// The step of a loop that puts entries into a map: `soFar + [entry]`, maybe behind a filter, as cel-go's function for it.
    fn insertion(&mut self, step: &'a IdedExpr) -> u64 {
        match &step.expr {
            Expr::Comprehension(c) => {
                let Some(local) = self.pair_part(c) else { return self.cost(step) };
                self.locals.push((c.accu_var.clone(), local));
                let cost = self.insertion(&c.result);
                self.locals.pop();
                cost
            }
            Expr::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
                (operators::CONDITIONAL, [filter, then, other]) => {
                    let filter = self.cost(filter);
                    filter.saturating_add(self.insertion(then).max(self.cost(other)))
                }
                (operators::ADD, [so_far, IdedExpr { expr: Expr::List(list), .. }]) => {
                    let mut sum = STEP.saturating_add(self.cost(so_far));
                    for item in &list.elements {
                        let parts = called(item, ENTRY).map(|call| call.args.as_slice());
                        for part in parts.unwrap_or(std::slice::from_ref(item)) {
                            sum = sum.saturating_add(self.cost(part));
                        }
                    }
                    sum
                }
                _ => self.cost(step),
            },
            _ => self.cost(step),
        }
    }
}

/// The size of the entries of something before the first is looked at.
const NONE_YET: Size = Size { least: u64::MAX, most: 0 };

/// Whether all values of a kind are of one size.
fn is_scalar(kind: &Kind) -> bool {
    match kind {
        Kind::Bool | Kind::Double | Kind::Duration | Kind::Int | Kind::Timestamp | Kind::Uint => true,
        Kind::Optional(of) => is_scalar(of),
        _ => false,
    }
}
