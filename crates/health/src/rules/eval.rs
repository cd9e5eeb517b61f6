use super::parse::{Act, Line, Op, Operand, Piece, Shape, Slot, Step, Template, Test, Tests};
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

/// A value that a test sees.
#[derive(Clone)]
enum Seen<'v> {
    Value(&'v Value),
    Text(String),
    Number(f64),
    Bool(bool),
    Nil,
}

/// One run of a program on an object.
pub(super) struct Run<'v> {
    root: &'v Value,
    items: Vec<&'v Value>,
    /// Place of each entry in its list, from 1.
    indices: Vec<f64>,
    counts: BTreeMap<&'v str, f64>,
    texts: BTreeMap<&'v str, Option<String>>,
    status: Option<HealthStatus>,
    message: Option<String>,
    steps: usize,
}

type Res<T> = Result<T, String>;

impl<'v> Run<'v> {
    pub fn new(root: &'v Value) -> Self {
        Self {
            root,
            items: Vec::new(),
            indices: Vec::new(),
            counts: BTreeMap::new(),
            texts: BTreeMap::new(),
            status: None,
            message: None,
            steps: 0,
        }
    }

    /// Runs to the end; nothing where no line judged.
    pub fn judge(mut self, lines: &'v [Line]) -> Res<Option<Health>> {
        self.lines(lines)?;
        Ok(self.status.map(|status| Health::new(status, self.message.unwrap_or_default())))
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
                Line::Each(operand, body) => self.each(operand, body)?,
            };
            if !matches!(flow, Flow::On) {
                return Ok(flow);
            }
        }
        Ok(Flow::On)
    }

    fn each(&mut self, operand: &'v Operand, body: &'v [Line]) -> Res<Flow> {
        let entries: Vec<&'v Value> = match self.seen(operand)? {
            Seen::Nil => Vec::new(),
            Seen::Value(Value::Array(list)) => list.iter().collect(),
            Seen::Value(Value::Object(map)) => map.values().collect(),
            _ => return Err("bad argument to a loop: table expected".to_owned()),
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
                Ok(Flow::On)
            }
            Act::Let(name, text) => {
                let text = self.text(text)?;
                self.texts.insert(name, text);
                Ok(Flow::On)
            }
            Act::Break => Ok(Flow::Break),
            Act::Return => Ok(Flow::End),
        }
    }

    /// Returns a text; nothing where it is one value that is not there.
    fn text(&self, template: &'v Template) -> Res<Option<String>> {
        if let [Piece::Value(slots)] = template.as_slice() {
            return self.first(slots);
        }
        let mut out = String::new();
        for piece in template {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Value(slots) => {
                    let text = self.first(slots)?.ok_or("attempt to concatenate a nil value")?;
                    out.push_str(&text);
                }
            }
        }
        Ok(Some(out))
    }

    fn first(&self, slots: &'v [Slot]) -> Res<Option<String>> {
        for slot in slots {
            let text = match slot {
                Slot::Text(text) => Some(text.clone()),
                Slot::Value(operand, shape) => joined(&self.seen(operand)?).map(|t| shaped(t, shape)),
            };
            if text.is_some() {
                return Ok(text);
            }
        }
        Ok(None)
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
            return Ok(truthy(&left) != test.negated);
        };
        if *op == Op::Ne {
            for value in values {
                if equal(&left, &self.seen(value)?) {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        for value in values {
            let right = self.seen(value)?;
            let hit = match op {
                Op::Eq | Op::Ne => equal(&left, &right),
                Op::Contains => contains(&left, &right),
                Op::Lt => order(&left, &right)? == Ordering::Less,
                Op::Le => order(&left, &right)? != Ordering::Greater,
                Op::Gt => order(&left, &right)? == Ordering::Greater,
                Op::Ge => order(&left, &right)? != Ordering::Less,
            };
            if hit {
                return Ok(true);
            }
        }
        Ok(false)
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
            Operand::Length(inner) => match self.seen(inner)? {
                Seen::Value(Value::Array(list)) => Seen::Number(list.len() as f64),
                Seen::Value(Value::String(text)) => Seen::Number(text.len() as f64),
                Seen::Value(Value::Object(_)) => Seen::Number(0.0),
                _ => return Err("attempt to get length of a nil value".to_owned()),
            },
            Operand::Name(name) if name == "message" => self.message.clone().map_or(Seen::Nil, Seen::Text),
            Operand::Name(name) if name == "status" => {
                self.status.map_or(Seen::Nil, |s| Seen::Text(s.as_str().to_owned()))
            }
            Operand::Name(name) if name == "index" => {
                self.indices.last().map_or(Seen::Nil, |n| Seen::Number(*n))
            }
            Operand::Name(name) => match (self.counts.get(name.as_str()), self.texts.get(name.as_str())) {
                (Some(count), _) => Seen::Number(*count),
                (None, Some(Some(text))) => Seen::Text(text.clone()),
                (None, Some(None)) => Seen::Nil,
                (None, None) => Seen::Number(0.0),
            },
            Operand::Text(text) => Seen::Text(text.clone()),
            Operand::Number(number) => Seen::Number(*number),
            Operand::Bool(flag) => Seen::Bool(*flag),
            Operand::Nil => Seen::Nil,
        })
    }
}

fn follow<'v>(from: &'v Value, steps: &[Step]) -> Res<Seen<'v>> {
    let mut at = from;
    for step in steps {
        let next = match at {
            Value::Object(map) => map.get(&step.key),
            Value::Array(list) => step.key.parse::<usize>().ok().and_then(|n| list.get(n.checked_sub(1)?)),
            _ => None,
        };
        match next.filter(|v| !v.is_null()) {
            Some(value) => at = value,
            None if step.strict => {
                return Err(format!("attempt to index a nil value (field '{}')", step.key));
            }
            None => return Ok(Seen::Nil),
        }
    }
    Ok(Seen::Value(at))
}

fn truthy(seen: &Seen<'_>) -> bool {
    match seen {
        Seen::Nil => false,
        Seen::Bool(flag) => *flag,
        Seen::Value(value) => !matches!(value, Value::Null | Value::Bool(false)),
        Seen::Text(_) | Seen::Number(_) => true,
    }
}

fn text_of<'a>(seen: &'a Seen<'_>) -> Option<&'a str> {
    match seen {
        Seen::Text(text) => Some(text),
        Seen::Value(value) => value.as_str(),
        _ => None,
    }
}

fn number_of(seen: &Seen<'_>) -> Option<f64> {
    match seen {
        Seen::Number(number) => Some(*number),
        Seen::Value(value) => value.as_f64(),
        _ => None,
    }
}

fn bool_of(seen: &Seen<'_>) -> Option<bool> {
    match seen {
        Seen::Bool(flag) => Some(*flag),
        Seen::Value(value) => value.as_bool(),
        _ => None,
    }
}

/// Equal as Lua has it: nothing is equal to a value of another type.
fn equal(left: &Seen<'_>, right: &Seen<'_>) -> bool {
    if matches!(left, Seen::Nil) || matches!(right, Seen::Nil) {
        return matches!(left, Seen::Nil) && matches!(right, Seen::Nil);
    }
    let texts = text_of(left).zip(text_of(right)).map(|(l, r)| l == r);
    let numbers = || number_of(left).zip(number_of(right)).map(|(l, r)| (l - r).abs() < f64::EPSILON);
    let flags = || bool_of(left).zip(bool_of(right)).map(|(l, r)| l == r);
    texts.or_else(numbers).or_else(flags).unwrap_or(false)
}

fn contains(left: &Seen<'_>, right: &Seen<'_>) -> bool {
    text_of(left).zip(text_of(right)).is_some_and(|(l, r)| l.contains(r))
}

fn order(left: &Seen<'_>, right: &Seen<'_>) -> Res<Ordering> {
    if let Some((l, r)) = number_of(left).zip(number_of(right)) {
        return Ok(l.total_cmp(&r));
    }
    if let Some((l, r)) = text_of(left).zip(text_of(right)) {
        return Ok(l.cmp(r));
    }
    Err("attempt to compare values of different types".to_owned())
}

/// Returns a value as Lua joins it to a text: texts and numbers only.
fn joined(seen: &Seen<'_>) -> Option<String> {
    text_of(seen).map(str::to_owned).or_else(|| number_of(seen).map(fairway_value::format_float))
}

fn shaped(text: String, shape: &Shape) -> String {
    match shape {
        Shape::Whole => text,
        Shape::Lower => text.to_lowercase(),
        Shape::Short => text.chars().take(SHORT_CHARS).collect(),
        Shape::Without(words) => text.replace(words.as_str(), ""),
    }
}
