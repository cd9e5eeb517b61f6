use super::parse::{Act, Line, Loop, Op, Operand, Piece, Shape, Slot, Step, Template, Test, Tests};
use crate::seen::{Res, Seen, field, returned};
use fairway_core::{Health, HealthStatus, Value};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Most lines that one judgement may take: far more than any object of a sane size needs.
const STEPS_MAX: usize = 1_000_000;

/// Length of a commit in a message.
const SHORT_CHARS: usize = 7;

/// Where a run goes after a line.
enum Flow {
    On,
    Break,
    End,
}

/// One run of a program on an object.
pub(super) struct Run<'v> {
    root: &'v Value,
    items: Vec<&'v Value>,
    /// Place of each entry in its list, from 1.
    indices: Vec<f64>,
    counts: BTreeMap<&'v str, f64>,
    texts: BTreeMap<&'v str, Seen<'v>>,
    lists: BTreeMap<&'v str, Vec<Seen<'v>>>,
    status: Option<HealthStatus>,
    message: Seen<'v>,
    steps: usize,
}

impl<'v> Run<'v> {
    pub fn new(root: &'v Value) -> Self {
        Self {
            root,
            items: Vec::new(),
            indices: Vec::new(),
            counts: BTreeMap::new(),
            texts: BTreeMap::new(),
            lists: BTreeMap::new(),
            status: None,
            message: Seen::Nil,
            steps: 0,
        }
    }

    /// Runs to the end; nothing where no line judged, or where the message is no text, as Argo CD reads what its scripts return.
    pub fn judge(mut self, lines: &'v [Line]) -> Res<Option<Health>> {
        self.lines(lines)?;
        Ok(returned(self.status, &self.message))
    }

    fn lines(&mut self, lines: &'v [Line]) -> Res<Flow> {
        for line in lines {
            self.steps += 1;
            if self.steps > STEPS_MAX {
                return Err(format!("health check takes more than {STEPS_MAX} steps"));
            }
            let flow = match line {
                Line::Do(tests, act) if self.hold(tests)? => self.act(act)?,
                Line::Do(..) => Flow::On,
                Line::If(tests, yes, no) => {
                    let branch = if self.hold(tests)? { yes } else { no };
                    self.lines(branch)?
                }
                Line::Each(entries, body) => self.each(entries, body)?,
            };
            if !matches!(flow, Flow::On) {
                return Ok(flow);
            }
        }
        Ok(Flow::On)
    }

    fn each(&mut self, entries: &'v Loop, body: &'v [Line]) -> Res<Flow> {
        let entries = match self.seen(&entries.over)? {
            Seen::Nil => Vec::new(),
            seen if entries.every => seen.entries()?,
            seen => match &entries.by {
                Some(key) => sorted(seen.items()?, key)?,
                None => seen.items()?,
            },
        };
        let mut index = 0.0;
        for entry in entries {
            index += 1.0;
            self.items.push(entry);
            self.indices.push(index);
            let flow = self.lines(body);
            self.items.pop();
            self.indices.pop();
            match flow? {
                Flow::On => {}
                Flow::Break => break,
                Flow::End => return Ok(Flow::End),
            }
        }
        Ok(Flow::On)
    }

    fn act(&mut self, act: &'v Act) -> Res<Flow> {
        match act {
            Act::Judge { status, message, last } => {
                if let Some(message) = message {
                    self.message = self.text(message)?;
                }
                self.status = status.or(self.status);
                Ok(if *last { Flow::End } else { Flow::On })
            }
            Act::Count(name) => {
                *self.counts.entry(name).or_insert(0.0) += 1.0;
                Ok(Flow::On)
            }
            Act::Zero(name) => {
                self.counts.insert(name, 0.0);
                self.lists.remove(name.as_str());
                Ok(Flow::On)
            }
            Act::Push(name, text) => {
                let text = self.text(text)?;
                let list = self.lists.entry(name).or_default();
                if !text.is_nil() {
                    list.push(text);
                }
                Ok(Flow::On)
            }
            Act::Fail => Err("bad argument: the object has a value of another type".to_owned()),
            Act::Let(name, text) => {
                let text = self.text(text)?;
                self.texts.insert(name, text);
                Ok(Flow::On)
            }
            Act::Break => Ok(Flow::Break),
            Act::Return => Ok(Flow::End),
        }
    }

    /// Returns a text, or one value as it is: of any type, nothing too.
    fn text(&self, template: &'v Template) -> Res<Seen<'v>> {
        if let [Piece::Value(slots)] = template.as_slice() {
            return self.first(slots);
        }
        let mut out = String::new();
        for piece in template {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Value(slots) => out.push_str(&self.first(slots)?.joined()?),
            }
        }
        Ok(Seen::Text(out))
    }

    fn first(&self, slots: &'v [Slot]) -> Res<Seen<'v>> {
        let mut seen = Seen::Nil;
        for slot in slots {
            seen = match slot {
                Slot::Text(text) => Seen::Text(text.clone()),
                Slot::Value(operand, Shape::Whole) => self.seen(operand)?,
                Slot::Value(Operand::Name(name), Shape::Join(between)) => {
                    let list = self.lists.get(name.as_str()).map(Vec::as_slice).unwrap_or_default();
                    Seen::Text(join(list, between)?)
                }
                Slot::Value(operand, Shape::Join(between)) => {
                    let list: Vec<_> = self.seen(operand)?.items()?.into_iter().map(Seen::Value).collect();
                    Seen::Text(join(&list, between)?)
                }
                Slot::Value(operand, shape) => match self.seen(operand)? {
                    seen if !seen.truthy() => seen,
                    seen => Seen::Text(shaped(seen.joined()?, shape)),
                },
            };
            if seen.truthy() {
                break;
            }
        }
        Ok(seen)
    }

    fn hold(&self, tests: &'v Tests) -> Res<bool> {
        for group in tests {
            let mut all = true;
            for test in group {
                if !self.holds(test)? {
                    all = false;
                    break;
                }
            }
            if all {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn holds(&self, test: &'v Test) -> Res<bool> {
        let left = self.seen(&test.left)?;
        let Some((op, values)) = &test.compare else {
            return Ok(left.truthy() != test.negated);
        };
        if *op == Op::Ne {
            for value in values {
                if self.same(&left, value)? {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        for value in values {
            if *op == Op::Eq {
                if self.same(&left, value)? {
                    return Ok(true);
                }
                continue;
            }
            let right = self.seen(value)?;
            let hit = match op {
                Op::Eq | Op::Ne => left.equals(&right),
                Op::Starts => text_for_search(&left)?.starts_with(text_for_search(&right)?),
                Op::Ends => text_for_search(&left)?.ends_with(text_for_search(&right)?),
                Op::Lt => left.order(&right)? == Ordering::Less,
                Op::Le => left.order(&right)? != Ordering::Greater,
                Op::Gt => left.order(&right)? == Ordering::Greater,
                Op::Ge => left.order(&right)? != Ordering::Less,
            };
            if hit {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns the list that a name stands for, if one was pushed to.
    fn list_of(&self, operand: &Operand) -> Option<&[Seen<'v>]> {
        match operand {
            Operand::Name(name) if !self.texts.contains_key(name.as_str()) => {
                Some(self.lists.get(name.as_str()).map(Vec::as_slice).unwrap_or_default())
            }
            _ => None,
        }
    }

    fn same(&self, left: &Seen<'v>, value: &'v Operand) -> Res<bool> {
        match value {
            Operand::Kind(kind) => Ok(left.kind() == kind),
            Operand::Text(text) => Ok(left.is(text)),
            value => Ok(left.equals(&self.seen(value)?)),
        }
    }

    fn seen(&self, operand: &'v Operand) -> Res<Seen<'v>> {
        Ok(match operand {
            Operand::Root(steps) => follow(self.root, steps)?,
            Operand::Item(steps) => match self.items.last() {
                Some(item) => follow(item, steps)?,
                None => Seen::Nil,
            },
            Operand::Outer(steps) => match self.items.iter().rev().nth(1) {
                Some(item) => follow(item, steps)?,
                None => Seen::Nil,
            },
            Operand::Length(inner) if let Some(list) = self.list_of(inner) => Seen::Number(list.len() as f64),
            Operand::Length(inner) => Seen::Number(self.seen(inner)?.length()?),
            Operand::ToNumber(inner) => self.seen(inner)?.to_number(),
            Operand::Name(name) if name == "message" => self.message.clone(),
            Operand::Name(name) if name == "status" => {
                self.status.map_or(Seen::Nil, |s| Seen::Text(s.as_str().to_owned()))
            }
            Operand::Name(name) if name == "index" => {
                self.indices.last().map_or(Seen::Nil, |n| Seen::Number(*n))
            }
            Operand::Name(name) => match (self.counts.get(name.as_str()), self.texts.get(name.as_str())) {
                (Some(count), _) => Seen::Number(*count),
                (None, Some(seen)) => seen.clone(),
                (None, None) => Seen::Number(0.0),
            },
            Operand::Text(text) | Operand::Kind(text) => Seen::Text(text.clone()),
            Operand::Number(number) => Seen::Number(*number),
            Operand::Bool(flag) => Seen::Bool(*flag),
            Operand::Nil => Seen::Nil,
        })
    }
}

fn follow<'v>(from: &'v Value, steps: &[Step]) -> Res<Seen<'v>> {
    let mut at = from;
    for step in steps {
        match field(at, &step.key)?.filter(|v| !v.is_null()) {
            Some(value) => at = value,
            None if step.strict => {
                return Err(format!("attempt to index a nil value (field '{}')", step.key));
            }
            None => return Ok(Seen::Nil),
        }
    }
    Ok(Seen::Value(at))
}

fn text_for_search<'a>(seen: &'a Seen<'_>) -> Res<&'a str> {
    seen.text().ok_or_else(|| format!("attempt to index a {} value (field 'find')", seen.kind()))
}

fn join(list: &[Seen<'_>], between: &str) -> Res<String> {
    Ok(list.iter().map(Seen::joined).collect::<Res<Vec<_>>>()?.join(between))
}

/// Sorts by a key, of which all must be of one type. What lacks it goes to the end.
fn sorted<'v>(list: Vec<&'v Value>, key: &str) -> Res<Vec<&'v Value>> {
    if list.len() < 2 {
        return Ok(list);
    }
    let keyed = list.into_iter().map(|entry| Ok((Seen::Value(entry).field(key)?, entry)));
    let mut keyed = keyed.collect::<Res<Vec<_>>>()?;
    let mut keys = keyed.iter().map(|(key, _)| key).filter(|key| !key.is_nil());
    if let Some(first) = keys.next() {
        keys.try_for_each(|key| first.order(key).map(drop))?;
    }
    keyed.sort_by(|(a, _), (b, _)| match (a.is_nil(), b.is_nil()) {
        (false, false) => a.order(b).unwrap_or(Ordering::Equal),
        (a, b) => a.cmp(&b),
    });
    Ok(keyed.into_iter().map(|(_, entry)| entry).collect())
}

fn shaped(text: String, shape: &Shape) -> String {
    match shape {
        Shape::Whole | Shape::Join(_) => text,
        Shape::Lower => text.to_lowercase(),
        Shape::Short => text.chars().take(SHORT_CHARS).collect(),
        Shape::Without(words) => text.replace(words.as_str(), ""),
    }
}
