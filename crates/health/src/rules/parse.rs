use fairway_core::HealthStatus;
use std::collections::BTreeMap;

/// One step of a path.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    pub key: String,
    /// Whether it is an error that there is nothing.
    pub strict: bool,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    Root(Vec<Step>),
    Item(Vec<Step>),
    /// A path that starts at the entry of the loop around this one.
    Outer(Vec<Step>),
    Length(Box<Operand>),
    /// A value read as a number.
    ToNumber(Box<Operand>),
    Name(String),
    /// A type: `string`, `number`, `boolean`, `table`.
    Kind(String),
    Text(String),
    Number(f64),
    Bool(bool),
    Nil,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Op {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Starts,
    Ends,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Test {
    pub left: Operand,
    pub negated: bool,
    pub compare: Option<(Op, Vec<Operand>)>,
}

/// Groups of tests; one group that holds is enough.
pub(super) type Tests = Vec<Vec<Test>>;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece {
    Text(String),
    Value(Vec<Slot>),
}

/// How a value is cut to fit a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    Whole,
    Lower,
    /// The first characters of a commit.
    Short,
    /// Without these words.
    Without(String),
    /// The entries of a list with this between them.
    Join(String),
}

/// One choice for a place in a text; the first that there is counts.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Slot {
    Value(Operand, Shape),
    Text(String),
}

pub(super) type Template = Vec<Piece>;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Act {
    Judge { status: Option<HealthStatus>, message: Option<Template>, last: bool },
    Count(String),
    Zero(String),
    Let(String, Template),
    Push(String, Template),
    Fail,
    Break,
    Return,
}

/// What a loop goes over.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Loop {
    pub over: Operand,
    /// Whether the entries of a map count too.
    pub every: bool,
    /// The key that the entries are sorted by; those without it come last.
    pub by: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Line {
    Do(Tests, Act),
    Each(Loop, Vec<Line>),
    If(Tests, Vec<Line>, Vec<Line>),
}

/// A program and the kinds it judges.
pub(super) struct Program {
    pub kinds: Vec<(String, String)>,
    pub lines: Vec<Line>,
}

/// Reads the table. The message names the line that cannot be read.
pub(super) fn parse(text: &str) -> Result<Vec<Program>, String> {
    let expanded = expand(text)?;
    let mut lines = expanded.iter().map(|(n, l)| (*n, l.as_str())).peekable();
    let mut out: Vec<Program> = Vec::new();
    while let Some((number, line)) = lines.next() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let kinds = line.strip_prefix("kind ").ok_or_else(|| format!("line {number}: expected `kind`"))?;
        let kinds = kinds.split_whitespace().map(|k| {
            let (group, kind) = k.rsplit_once('/').unwrap_or(("", k));
            (group.to_owned(), kind.to_owned())
        });
        let kinds = kinds.collect();
        let mut body = Vec::new();
        while let Some((number, line)) = lines.next_if(|(_, l)| !l.starts_with("kind ")) {
            if !line.is_empty() && !line.starts_with("# ") {
                body.push((number, line));
            }
        }
        let mut rest = body.as_slice();
        let program = block(&mut rest, 0)?;
        if let Some((number, line)) = rest.first() {
            return Err(format!("line {number}: nothing is open for `{line}`"));
        }
        out.push(Program { kinds, lines: program });
    }
    Ok(out)
}

/// Replaces `use NAME arguments` by the lines of `macro NAME`, in which `$1`, `$2` … stand for the arguments, separated
/// by ` ; `.
fn expand(text: &str) -> Result<Vec<(usize, String)>, String> {
    let mut macros: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut open: Option<&str> = None;
    let mut out = Vec::new();
    for (n, line) in text.lines().enumerate().map(|(n, l)| (n + 1, l.trim())) {
        if let Some(name) = line.strip_prefix("macro ") {
            open = Some(name.trim());
        } else if line == "endmacro" {
            open = None;
        } else if let Some(name) = open {
            macros.entry(name).or_default().push(line);
        } else if let Some(call) = line.strip_prefix("use ") {
            let (name, arguments) = call.split_once(' ').unwrap_or((call, ""));
            let body = macros.get(name).ok_or_else(|| format!("line {n}: no macro `{name}`"))?;
            let arguments: Vec<&str> = arguments.split(" ; ").map(str::trim).collect();
            for line in body {
                let mut line = (*line).to_owned();
                for (at, argument) in arguments.iter().enumerate() {
                    line = line.replace(&format!("${}", at + 1), argument);
                }
                out.push((n, line));
            }
        } else {
            out.push((n, line.to_owned()));
        }
    }
    Ok(out)
}

type Source<'a> = [(usize, &'a str)];

fn block(rest: &mut &Source<'_>, depth: usize) -> Result<Vec<Line>, String> {
    let mut out = Vec::new();
    while let Some(((number, line), after)) = rest.split_first() {
        if (*line == "end" || *line == "else") && depth > 0 {
            return Ok(out);
        }
        *rest = after;
        let at = |why: String| format!("line {number}: {why}");
        let words = line.split_once(' ').filter(|(word, _)| matches!(*word, "each" | "every"));
        if let Some((word, path)) = words {
            let (path, by) = path.split_once(" by ").map_or((path, None), |(p, b)| (p, Some(b.to_owned())));
            let lines = block(rest, depth + 1)?;
            expect_end(rest, *number)?;
            let entries = Loop { over: operand(path.trim()), every: word == "every", by };
            out.push(Line::Each(entries, lines));
        } else if let Some(condition) = line.strip_prefix("if ") {
            let tests = tests(condition).map_err(at)?;
            let yes = block(rest, depth + 1)?;
            let no = if rest.first().is_some_and(|(_, l)| *l == "else") {
                *rest = &rest[1..];
                block(rest, depth + 1)?
            } else {
                Vec::new()
            };
            expect_end(rest, *number)?;
            out.push(Line::If(tests, yes, no));
        } else {
            out.push(statement(line).map_err(at)?);
        }
    }
    Ok(out)
}

fn expect_end(rest: &mut &Source<'_>, opened: usize) -> Result<(), String> {
    match rest.split_first() {
        Some(((_, "end"), after)) => {
            *rest = after;
            Ok(())
        }
        _ => Err(format!("line {opened}: no `end`")),
    }
}

fn statement(line: &str) -> Result<Line, String> {
    for (arrow, last) in [("=>", true), ("->", false)] {
        let found =
            if line.starts_with(arrow) { Some(0) } else { line.find(&format!(" {arrow} ")).map(|at| at + 1) };
        if let Some(at) = found {
            let (left, right) = (&line[..at], line[at + 2..].trim());
            let (word, message) = right.split_once(' ').unwrap_or((right, ""));
            let status = match word {
                "." => None,
                word => Some(HealthStatus::from_word(word).ok_or_else(|| format!("no status `{word}`"))?),
            };
            let message = match message.trim() {
                "" => None,
                "\"\"" => Some(Vec::new()),
                text => Some(template(text)),
            };
            return Ok(Line::Do(tests(left)?, Act::Judge { status, message, last }));
        }
    }
    for (word, act) in [("let", Act::Let as fn(_, _) -> _), ("push", Act::Push)] {
        if let Some((left, right)) = split_word(line, word) {
            let (name, text) = right.split_once('=').ok_or_else(|| format!("`{word}` needs `=`"))?;
            let text = match text.trim() {
                "\"\"" => Vec::new(),
                "nil" => vec![Piece::Value(vec![Slot::Value(Operand::Nil, Shape::Whole)])],
                text => template(text),
            };
            return Ok(Line::Do(tests(left)?, act(name.trim().to_owned(), text)));
        }
    }
    if let Some((left, name)) = split_word(line, "+") {
        return Ok(Line::Do(tests(left)?, Act::Count(name.trim().to_owned())));
    }
    if let Some(name) = line.strip_prefix("zero ") {
        return Ok(Line::Do(Vec::from([Vec::new()]), Act::Zero(name.trim().to_owned())));
    }
    for (word, act) in [("break", Act::Break), ("return", Act::Return), ("fail", Act::Fail)] {
        if let Some(left) = line.strip_suffix(word) {
            return Ok(Line::Do(tests(left)?, act));
        }
    }
    Err(format!("cannot read `{line}`"))
}

fn split_word<'a>(line: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    if let Some(right) = line.strip_prefix(&format!("{word} ")) {
        return Some(("", right));
    }
    line.split_once(&format!(" {word} "))
}

fn tests(text: &str) -> Result<Tests, String> {
    text.split(" | ").map(|group| words(group).iter().map(|w| test(w)).collect()).collect()
}

/// Splits at spaces outside quotes.
fn words(text: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut quoted = false;
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => {
                out.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = out.last_mut() {
            last.push(c);
        }
    }
    out.retain(|w| !w.is_empty());
    out
}

fn test(word: &str) -> Result<Test, String> {
    let ops = [
        ("!=", Op::Ne),
        ("<=", Op::Le),
        (">=", Op::Ge),
        ("=", Op::Eq),
        ("<", Op::Lt),
        (">", Op::Gt),
        ("^=", Op::Starts),
        ("$=", Op::Ends),
    ];
    let first = ops
        .iter()
        .filter_map(|(text, op)| word.find(text).map(|at| (at, *text, *op)))
        .min_by_key(|(at, text, _)| (*at, usize::MAX - text.len()));
    if let Some((at, text, op)) = first.filter(|(at, ..)| *at > 0) {
        let values = split_values(&word[at + text.len()..]).iter().map(|v| value(v)).collect();
        return Ok(Test { left: operand(&word[..at]), negated: false, compare: Some((op, values)) });
    }
    let (negated, path) = word.strip_prefix('!').map_or((false, word), |p| (true, p));
    if path.is_empty() {
        return Err(format!("no test: `{word}`"));
    }
    Ok(Test { left: operand(path), negated, compare: None })
}

fn split_values(text: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut quoted = false;
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => {
                out.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = out.last_mut() {
            last.push(c);
        }
    }
    out
}

fn value(text: &str) -> Operand {
    if let Some(inner) = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')) {
        return Operand::Text(inner.to_owned());
    }
    if let Some(kind) = text.strip_prefix('<').and_then(|t| t.strip_suffix('>')) {
        return Operand::Kind(kind.to_owned());
    }
    match text {
        "nil" => Operand::Nil,
        "true" => Operand::Bool(true),
        "false" => Operand::Bool(false),
        path if path.starts_with(['.', '$', '#']) => operand(path),
        path if path.starts_with("@.") => operand(&path[2..]),
        other => other.parse().map_or_else(|_| Operand::Text(other.to_owned()), Operand::Number),
    }
}

fn operand(text: &str) -> Operand {
    if let Some(inner) = text.strip_prefix('#') {
        return Operand::Length(Box::new(operand(inner)));
    }
    if let Some(inner) = text.strip_prefix("tonumber(").and_then(|t| t.strip_suffix(')')) {
        return Operand::ToNumber(Box::new(operand(inner)));
    }
    if let Some(name) = text.strip_prefix('$') {
        return Operand::Name(name.to_owned());
    }
    if text == "@" {
        return Operand::Item(Vec::new());
    }
    if let Some(path) = text.strip_prefix("^.") {
        return Operand::Outer(steps(path));
    }
    match text.strip_prefix('.') {
        Some(path) => Operand::Root(steps(path)),
        None => Operand::Item(steps(text)),
    }
}

fn steps(path: &str) -> Vec<Step> {
    let mut out = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let (key, after) = if let Some(inner) = rest.strip_prefix('[') {
            let (key, after) = inner.split_once(']').unwrap_or((inner, ""));
            (key.trim_matches('\''), after)
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            (&rest[..end], &rest[end..])
        };
        let (key, strict) = key.strip_suffix('!').map_or((key, false), |k| (k, true));
        out.push(Step { key: key.to_owned(), strict });
        rest = after.strip_prefix('.').unwrap_or(after);
    }
    out
}

/// Reads `PATH[:lower|:short|:without WORDS][|@PATH …][|text]`.
fn slots(inside: &str) -> Vec<Slot> {
    // Lines are trimmed; `{_}` is a space and `{n}` a new line that stay.
    match inside {
        "_" => return vec![Slot::Text(" ".to_owned())],
        "n" => return vec![Slot::Text("\n".to_owned())],
        _ => {}
    }
    let value = |path: &str| match path.rsplit_once(':') {
        Some((path, "lower")) => Slot::Value(operand(path), Shape::Lower),
        Some((path, "short")) => Slot::Value(operand(path), Shape::Short),
        Some((path, word)) if word.starts_with("without ") => {
            Slot::Value(operand(path), Shape::Without(word["without ".len()..].to_owned()))
        }
        Some((path, word)) if word.starts_with("join ") => {
            Slot::Value(operand(path), Shape::Join(word["join ".len()..].to_owned()))
        }
        _ => Slot::Value(operand(path), Shape::Whole),
    };
    let mut parts = inside.split('|');
    let first = value(parts.next().unwrap_or_default());
    let rest = parts.map(|p| p.strip_prefix('@').map_or_else(|| Slot::Text(p.to_owned()), value));
    std::iter::once(first).chain(rest).collect()
}

fn template(text: &str) -> Template {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        let Some(end) = rest[start..].find('}').map(|e| e + start) else { break };
        if start > 0 {
            out.push(Piece::Text(rest[..start].to_owned()));
        }
        out.push(Piece::Value(slots(&rest[start + 1..end])));
        rest = &rest[end + 1..];
    }
    if !rest.is_empty() {
        out.push(Piece::Text(rest.to_owned()));
    }
    out
}
