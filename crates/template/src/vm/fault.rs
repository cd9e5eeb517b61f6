use super::machine::{Fault, Frame, Machine};
use crate::program::{NodeRef, Op, Program};
use crate::{Call, Error, ErrorKind, Excerpt, Trace};

/// Iterations that are named around one place.
const ITERATIONS_MAX: usize = 4;

impl Machine<'_> {
    /// Builds the error of a fault: the innermost template's place, wrapped by that of each call that rendered it.
    pub(super) fn error(mut self, fault: Fault) -> Error {
        let notes = if fault.limit { Vec::new() } else { self.notes() };
        let mut place = Place::of(&self.program, self.node);
        let mut message = place.wrap(&self.program, &fault.message);
        let program = self.program.clone();
        let mut calls = vec![self.called(&program, self.node)];
        let mut left_out = 0;
        while let Some(frame) = self.frames.pop() {
            self.loops.truncate(frame.loops);
            if calls.len() < Trace::INNER_MAX || self.frames.len() < Trace::OUTER_MAX {
                calls.push(self.called(&frame.program, frame.calling_node()));
            } else {
                left_out += 1;
            }
            if let Some(capture) = frame.capture {
                // Layers are let go from the top, one at a time: a chain of them dropped at once would recurse.
                self.layer = capture.layer;
                place = Place::of(&frame.program, capture.node);
                let prefix = capture.error_prefix.map(|(prefix, text)| {
                    let text = crate::fmt::quote(&text);
                    format!("{prefix}{text}: ")
                });
                let inner =
                    format!("error calling {}: {}{message}", capture.function, prefix.unwrap_or_default());
                message = place.wrap(&frame.program, &inner);
            }
        }
        Error {
            kind: if fault.limit { ErrorKind::Limit } else { ErrorKind::Exec },
            template: place.template,
            line: place.line,
            column: place.column,
            message,
            trace: Box::new(Trace { calls, left_out, notes }),
        }
    }

    /// Describes a place in the program that is under way once all frames above it are gone.
    fn called(&self, program: &Program, node: u32) -> Call {
        let place = Place::of(program, node);
        let from = self.frames.last().map_or(0, |below: &Frame| below.loops);
        let loops = self.loops.get(from..).unwrap_or_default().iter().rev().take(ITERATIONS_MAX);
        let iterations =
            loops.map(|l| format!("range over {}: {}", Place::of(program, l.node).shown, l.item()));
        let text = &program.source.text;
        let span = program.nodes.get(node as usize).map(|n| (n.start as usize, n.end as usize));
        Call {
            template: program.name.to_string(),
            excerpt: span.and_then(|(start, end)| Excerpt::around(text, start, end)),
            iterations: iterations.collect(),
            file: place.template,
            line: place.line,
            column: place.column,
            shown: place.shown,
        }
    }
}

impl Frame {
    /// The node that called the template above this frame.
    fn calling_node(&self) -> u32 {
        match (&self.capture, self.pc.checked_sub(1).and_then(|at| self.program.code.get(at))) {
            (Some(capture), _) => capture.node,
            (None, Some(Op::Template { node, .. })) => *node,
            (None, _) => 0,
        }
    }
}

/// Where an error is.
struct Place {
    template: String,
    line: usize,
    column: usize,
    shown: String,
}

impl Place {
    fn of(program: &Program, node: u32) -> Self {
        let template = program.source.name.to_string();
        let Some(node) = program.nodes.get(node as usize) else {
            return Self { template, line: 1, column: 0, shown: String::new() };
        };
        let text = &program.source.text;
        let before = &text.as_bytes()[..node.at as usize];
        let line = 1 + before.iter().filter(|b| **b == b'\n').count();
        let column = before.len() - before.iter().rposition(|b| *b == b'\n').map_or(0, |n| n + 1);
        Self { template, line, column, shown: shown(program, *node) }
    }

    fn wrap(&self, program: &Program, message: &str) -> String {
        let Self { template, line, column, shown } = self;
        let name = crate::fmt::quote(&program.name);
        format!("template: {template}:{line}:{column}: executing {name} at <{shown}>: {message}")
    }
}

/// Returns a node as Go prints it.
pub(super) fn shown(program: &Program, node: NodeRef) -> String {
    let shown = crate::parse::show(&program.source.text[node.start as usize..node.end as usize]);
    if node.braces { format!("{{{{{shown}}}}}") } else { shown }
}
