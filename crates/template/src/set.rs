use crate::compile::compile;
use crate::parse::parse;
use crate::program::{Program, Source};
use crate::value::text_of;
use crate::vm::Machine;
use crate::{Error, ErrorKind, Functions, Limits, Ports, Value};
use fairway_value::Str;
use std::collections::HashMap;
use std::sync::Arc;

/// What a field of a map gives where the map has no such key: Go's option `missingkey`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingKey {
    /// No value, printed as `<no value>`; fields of it are no value either. `default` and `invalid`.
    #[default]
    Default,
    /// The zero value of the map's elements; a field of nil is an error. What Helm uses.
    Zero,
    /// An error.
    Error,
}

/// What one run is given.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    /// The time and random bytes.
    pub ports: Ports<'a>,
    /// How much it may take.
    pub limits: &'a Limits,
}

/// Named templates that can call each other. Cheap to clone; shared between threads.
#[derive(Clone)]
pub struct Templates {
    layer: Arc<Layer>,
    missing_key: MissingKey,
}

impl Templates {
    /// Returns an empty set whose templates can call `functions`. `root` names the texts that `tpl` parses at run
    /// time.
    #[must_use]
    pub fn new(root: &str, functions: Arc<Functions>, missing_key: MissingKey) -> Self {
        let layer = Layer { below: None, root: root.into(), functions, programs: HashMap::new() };
        Self { layer: Arc::new(layer), missing_key }
    }

    /// Parses a text and adds it under a name, with the templates that it defines. One that is already there is
    /// replaced, unless the new one is empty of all but space and comments.
    ///
    /// # Errors
    /// The text is no template.
    pub fn parse(&mut self, name: &str, text: &str) -> Result<(), Error> {
        let parsed = self.layer.parse_programs(name, text)?;
        Arc::make_mut(&mut self.layer).add(parsed);
        Ok(())
    }

    /// Whether there is a template of that name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.layer.get(name).is_some()
    }

    /// Returns the names of all templates, in order.
    #[must_use]
    pub fn names(&self) -> Vec<Str> {
        let mut names: Vec<Str> = self.layer.programs.keys().cloned().collect();
        names.sort_unstable();
        names
    }

    /// Runs a template on data.
    ///
    /// # Errors
    /// There is no such template, it fails, or a limit is reached.
    pub fn execute(&self, name: &str, data: Value, run: Run<'_>) -> Result<String, Error> {
        let Some(program) = self.layer.get(name) else {
            let root = &self.layer.root;
            let (quoted, root) = (crate::fmt::quote(name), crate::fmt::quote(root));
            return Err(Error {
                kind: ErrorKind::Exec,
                template: name.to_owned(),
                line: 0,
                column: 0,
                message: format!("template: no template {quoted} associated with template {root}"),
            });
        };
        Machine::new(Arc::clone(&self.layer), program, self.missing_key, run).execute(data).map(text_of)
    }
}

/// Templates on top of others: what `tpl` parses sees all below it and hides those of the same name.
#[derive(Clone)]
pub(crate) struct Layer {
    below: Option<Arc<Layer>>,
    root: Str,
    functions: Arc<Functions>,
    programs: HashMap<Str, Arc<Program>>,
}

/// A text parsed at run time.
pub(crate) struct ParsedText {
    pub root: Arc<Program>,
    all: Vec<Arc<Program>>,
}

impl Layer {
    pub fn get(&self, name: &str) -> Option<Arc<Program>> {
        let mut layer = self;
        loop {
            if let Some(program) = layer.programs.get(name) {
                return Some(Arc::clone(program));
            }
            layer = layer.below.as_deref()?;
        }
    }

    pub fn root_name(&self) -> &Str {
        &self.root
    }

    fn parse_programs(&self, name: &str, text: &str) -> Result<Vec<Arc<Program>>, Error> {
        let trees = parse(name, text, &self.functions)?;
        let source = Arc::new(Source { name: name.into(), text: text.into() });
        Ok(trees.iter().map(|t| Arc::new(compile(t, &source, &self.functions))).collect())
    }

    pub fn parse_text(&self, text: &str) -> Result<ParsedText, Error> {
        let all = self.parse_programs(&self.root, text)?;
        let root = all.iter().find(|p| p.name == self.root).cloned();
        let root = root.expect("because a parse always gives the template under the text's own name");
        Ok(ParsedText { root, all })
    }

    fn add(&mut self, programs: Vec<Arc<Program>>) {
        for program in programs {
            if !program.blank || self.get(&program.name).is_none() {
                self.programs.insert(program.name.clone(), program);
            }
        }
    }

    /// Returns a layer with what a text defines on top of this one: this one itself where it defines nothing, since the
    /// root is called by its program.
    pub fn with(self: &Arc<Self>, parsed: &ParsedText) -> Arc<Self> {
        if parsed.all.len() == 1 {
            return Arc::clone(self);
        }
        let mut layer = Self {
            below: Some(Arc::clone(self)),
            root: self.root.clone(),
            functions: Arc::clone(&self.functions),
            programs: HashMap::new(),
        };
        layer.add(parsed.all.clone());
        Arc::new(layer)
    }
}
