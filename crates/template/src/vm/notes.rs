//! What a fault says beside Go's words: which value it was, and what stands where it should be.

use super::fault::shown;
use super::machine::Machine;
use crate::Value;
use crate::describe::{describe, is_secret_name, keys, listed, makes_secret, nearest};
use crate::functions::Function;
use crate::program::{Op, Program};
use fairway_value::Str;

/// Arguments of a call that are described.
const ARGUMENTS_MAX: usize = 6;

/// A walk along fields in the code, such as `.Values.a.b`.
struct Walk {
    /// The text of what it starts from: nothing for the dot, `$name` for a variable.
    from: String,
    start: Value,
    names: Vec<Str>,
    /// Where its first instruction is.
    at: usize,
    /// Whether values must not be shown.
    hide: bool,
}

impl Walk {
    fn text(&self) -> String {
        format!("{}.{}", self.from, self.names.join("."))
    }

    /// Says where a walk that ends in nothing leaves the data; nothing for one that leads to a value.
    fn lost(&self) -> Option<String> {
        let (mut value, mut path) = (self.start.clone(), self.from.clone());
        for (n, name) in self.names.iter().enumerate() {
            let here = if path.is_empty() { "." } else { &path };
            let next = match &value {
                Value::Map(map) => match map.get(name) {
                    Some(next) => next,
                    None => return Some(self.without_key(here, n, &map.keys())),
                },
                Value::Object(object) => match object.field(name) {
                    Some(next) => next,
                    None if object.method(name).is_some() => return None,
                    None => {
                        return Some(format!("{here} is {}, which has no {name}", describe(&value, true)));
                    }
                },
                Value::Nil | Value::Missing if n == 0 => return Some(format!("{here} is nil")),
                Value::Nil | Value::Missing => return Some(format!("{here} is set to null")),
                other => {
                    let hide = self.hide || is_secret_name(here);
                    return Some(format!("{here} is {}, which has no fields", describe(other, hide)));
                }
            };
            value = next;
            path = format!("{path}.{name}");
        }
        match &value {
            Value::Nil | Value::Missing => Some(format!("{path} is set to null")),
            _ => None,
        }
    }

    fn without_key(&self, map: &str, at: usize, has: &[Str]) -> String {
        let name = &self.names[at];
        let rest = if at + 1 < self.names.len() {
            format!("{}.{} is nil: ", self.from, self.names[..=at].join("."))
        } else {
            String::new()
        };
        if has.is_empty() {
            return format!("{rest}{map} is an empty map");
        }
        let meant = nearest(name, has.iter().map(Str::as_str));
        let meant = meant.map(|m| format!("; did you mean {m}?")).unwrap_or_default();
        format!("{rest}{map} has no {name}, it has the {}{meant}", keys(has))
    }
}

impl Machine<'_> {
    /// Returns what is to be said of the values at the fault.
    pub(super) fn notes(&mut self) -> Vec<String> {
        let mut notes = std::mem::take(&mut self.wrong);
        let Some(at) = self.pc.checked_sub(1) else { return notes };
        match self.program.code.get(at) {
            Some(Op::Field { .. }) => notes.extend(self.walk(at + 1).and_then(|w| w.lost())),
            Some(Op::Check { .. }) => {
                notes.extend(self.stack.last().map(|v| self.told(v)));
                notes.extend(self.walk(at).and_then(|w| w.lost()));
            }
            Some(Op::CheckBelow { depth, .. }) => {
                let value = self.stack.len().checked_sub(1 + usize::from(*depth));
                let hide = self.hides();
                notes.extend(
                    value
                        .and_then(|at| self.stack.get(at))
                        .map(|v| format!("the value piped in is {}", describe(v, hide))),
                );
            }
            _ => {}
        }
        notes
    }

    /// Describes the value that the current node stands for.
    pub(super) fn told(&self, value: &Value) -> String {
        let node = self.program.nodes.get(self.node as usize);
        let text = node.map(|n| shown(&self.program, *n)).unwrap_or_default();
        format!("{text} is {}", describe(value, self.hides() || is_secret_name(&text)))
    }

    /// Notes what a function that failed was called with; its arguments lie on the stack.
    pub(super) fn note_call(&mut self, function: &Function, from: usize) {
        let Some(Op::Call { argc, piped, .. }) = self.program.code.get(self.pc.wrapping_sub(1)).copied()
        else {
            return;
        };
        let walks = self.argument_walks(usize::from(argc), piped);
        let lost = walks.iter().flatten().filter_map(Walk::lost);
        // What these say is their message; of what they are given, only the way to it tells something.
        if matches!(function.name, "fail" | "required") {
            let mut lost: Vec<String> = lost.collect();
            if let (true, Some(Some(walk)), "required") = (lost.is_empty(), walks.last(), function.name) {
                lost.push(format!("{} is an empty string", walk.text()));
            }
            self.wrong.extend(lost);
            return;
        }
        let hide = self.hides();
        let arguments = self.stack.get(from..).unwrap_or_default();
        let told: Vec<String> = arguments
            .iter()
            .zip(walks.iter().map(Option::as_ref).chain(std::iter::repeat(None)))
            .take(ARGUMENTS_MAX)
            .map(|(value, walk)| match walk.map(Walk::text) {
                Some(text) => format!("{text} = {}", describe(value, hide || is_secret_name(&text))),
                None => describe(value, hide),
            })
            .collect();
        let mut notes = Vec::new();
        if !told.is_empty() {
            notes.push(format!("{} was called with {}", function.name, told.join(", ")));
        }
        notes.extend(lost);
        self.wrong.extend(notes);
    }

    /// Notes which template may have been meant.
    pub(super) fn note_unknown_template(&mut self, name: &str) {
        let names = self.layer.names();
        // Files are templates too, but nobody calls them by their path.
        let defined = names.iter().map(Str::as_str).filter(|n| !n.contains("/templates/"));
        if let Some(meant) = nearest(name, defined) {
            self.wrong.push(format!("did you mean {}?", crate::fmt::quote(meant)));
            return;
        }
        let known: Vec<Str> = names.iter().filter(|n| !n.contains("/templates/")).cloned().collect();
        self.wrong.push(match known.len() {
            0 => "no template is defined".to_owned(),
            _ => format!("defined are {}", listed(&known)),
        });
    }

    /// Whether values must not be shown since a template under way makes a Secret, or one was looked up.
    fn hides(&self) -> bool {
        // Templates that call each other deeply are of few texts, which may be long.
        let mut seen = std::collections::HashSet::new();
        let mut secret = |program: &Program| {
            seen.insert(std::sync::Arc::as_ptr(&program.source)) && makes_secret(&program.source.text)
        };
        self.ctx.holds_secrets || secret(&self.program) || self.frames.iter().any(|f| secret(&f.program))
    }

    /// Finds the walk whose last instruction comes before `end`.
    fn walk(&self, end: usize) -> Option<Walk> {
        let code = self.program.code.get(..end)?;
        let steps = code.iter().rev().take_while(|op| matches!(op, Op::Field { .. })).count();
        let at = end.checked_sub(steps + 1)?;
        let (Some(Op::Field { node, .. }), 1..) = (code.last(), steps) else { return None };
        let names: Vec<Str> = code[at + 1..]
            .iter()
            .filter_map(|op| match op {
                Op::Field { name, .. } => self.program.names.get(*name as usize).cloned(),
                _ => None,
            })
            .collect();
        let start = match code[at] {
            Op::Dot => self.dots.last()?,
            Op::Var(slot) => self.vars.get(self.vars_base + slot as usize)?,
            _ => return None,
        };
        let text = self.program.nodes.get(*node as usize).map(|n| shown(&self.program, *n))?;
        // Where only a part of the walk is looked at, what the text starts with still shows.
        let from = text.find('.').map(|at| text[..at].to_owned()).unwrap_or_default();
        Some(Walk { from, start: start.value.clone(), names, at, hide: self.hides() })
    }

    /// Finds the walks that give the arguments of the call that is under way, in the order in which it gets them;
    /// nothing for those that are something else.
    fn argument_walks(&self, argc: usize, piped: bool) -> Vec<Option<Walk>> {
        let mut walks = Vec::new();
        let mut end = self.pc.saturating_sub(1);
        let total = argc + usize::from(piped);
        while walks.len() < total {
            while end > 0
                && matches!(self.program.code[end - 1], Op::Check { .. } | Op::CheckBelow { .. } | Op::Unwrap)
            {
                end -= 1;
            }
            match end.checked_sub(1).map(|at| self.program.code[at]) {
                Some(Op::Field { .. }) => match self.walk(end) {
                    Some(walk) => {
                        end = walk.at;
                        walks.push(Some(walk));
                    }
                    None => break,
                },
                Some(Op::Const(_) | Op::Dot | Op::Var(_)) => {
                    end -= 1;
                    walks.push(None);
                }
                _ => break,
            }
        }
        walks.resize_with(total, || None);
        // They were found from the last to the first; the piped one is found last and given last.
        walks.reverse();
        if piped {
            walks.rotate_left(1);
        }
        walks
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        Error, FixedClock, Functions, Limits, Map, MissingKey, Ports, Run, SeededRandom, Templates, Value,
    };
    use std::sync::Arc;

    fn fault(texts: &[(&str, &str)]) -> Error {
        let mut templates = Templates::new("gotpl", Arc::new(Functions::helm()), MissingKey::Zero);
        for (name, text) in texts {
            if let Err(error) = templates.parse(name, text) {
                return error;
            }
        }
        let map = |entries: &[(&str, Value)]| -> Map {
            entries.iter().map(|(k, v)| ((*k).into(), v.clone())).collect()
        };
        let db = map(&[("host", "h".into()), ("password", "hunter2".into()), ("off", Value::Nil)]);
        let data =
            map(&[("db", Value::Map(db)), ("size", Value::Float(3.0)), ("list", vec![Value::Nil].into())]);
        let (clock, random) = (FixedClock(0), SeededRandom::new(1));
        let run = Run {
            ports: Ports { clock: &clock, random: &random },
            limits: &Limits::default(),
            lookup: None,
            sums: None,
        };
        templates.execute(texts[0].0, data.into(), run).unwrap_err()
    }

    fn notes(text: &str) -> String {
        fault(&[("a", text)]).trace.notes.join("\n")
    }

    #[test]
    fn the_value_that_was_wrong_is_told() {
        for (text, expect) in [
            (
                "{{ .db.hots.name }}",
                ".db.hots is nil: .db has no hots, it has the keys host, off, password; did you mean host?",
            ),
            ("{{ .db.off.name }}", ".db.off is set to null"),
            ("{{ .db.host.name }}", ".db.host is \"h\" (string), which has no fields"),
            (
                "{{ $d := .db }}{{ $d.nil.x }}",
                "$d.nil is nil: $d has no nil, it has the keys host, off, password",
            ),
            ("{{ upper .size }}", ".size is 3 (float64)"),
            ("{{ .size | upper }}", "the value piped in is 3 (float64)"),
            ("{{ index .list 4 }}", "index was called with .list = a list of one item, 4 (int)"),
            (
                "{{ required `m` .db.hots }}",
                ".db has no hots, it has the keys host, off, password; did you mean host?",
            ),
            ("{{ range .db.host }}{{ end }}", ".db.host is \"h\" (string)"),
            ("{{ define `f.labels` }}{{ end }}{{ include `f.lables` . }}", "did you mean \"f.labels\"?"),
            ("{{ define `f.labels` }}{{ end }}{{ template `x` . }}", "defined are a, f.labels"),
            ("{{ qoute 1 }}", "did you mean quote?"),
            ("a\n{{ if 1 }}\n", "this if has no {{ end }}"),
        ] {
            assert_eq!(notes(text), expect, "{text}");
        }
    }

    #[test]
    fn what_may_be_a_secret_is_not_told() {
        for text in [
            "{{ .db.password.x }}",
            "{{ index .db.password `x` }}",
            "{{ range .db.password }}{{ end }}",
            "kind: Secret\n{{ $x := .db.password }}{{ semver $x }}",
        ] {
            let notes = notes(text);
            assert!(!notes.is_empty() && !notes.contains("hunter2"), "{text}: {notes}");
        }
    }

    #[test]
    fn every_call_on_the_way_is_kept_with_its_line_and_loop() {
        let error = fault(&[
            (
                "a",
                "{{ define `f` }}\n{{ range .db }}{{ template `g` . }}{{ end }}{{ end }}{{ include `f` . }}",
            ),
            ("b", "{{ define `g` }}{{ .x }}{{ end }}"),
        ]);
        let calls = &error.trace.calls;
        let places: Vec<_> = calls.iter().map(|c| (&*c.file, &*c.template, c.line, &*c.shown)).collect();
        let expect =
            [("b", "g", 1, ".x"), ("a", "f", 2, "{{template `g` .}}"), ("a", "a", 2, "include `f` .")];
        assert_eq!(places, expect);
        assert_eq!(calls[1].iterations, ["range over .db: key \"host\""]);
        let excerpt = calls[0].excerpt.as_ref().unwrap();
        assert_eq!(&excerpt.line[excerpt.from..excerpt.to], ".x");
    }

    #[test]
    fn long_chains_lose_their_middle() {
        let text = "{{ define `f` }}{{ if gt . 0.0 }}{{ include `f` (subf . 1.0) }}{{ else }}{{ .x.y }}{{ end }}{{ end }}{{ include `f` 40.0 }}";
        let trace = fault(&[("a", text)]).trace;
        assert_eq!((trace.calls.len(), trace.left_out), (11, 31));
        assert_eq!(trace.calls[10].template, "a");
    }
}
