use crate::{Error, ErrorKind, Functions, Limits, Ports, Value};
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

/// Named templates that can call each other.
#[derive(Clone)]
pub struct Templates {
    functions: Arc<Functions>,
    missing_key: MissingKey,
}

impl Templates {
    /// Returns an empty set whose templates can call `functions`. `root` names the texts that `tpl` parses at run
    /// time.
    #[must_use]
    pub fn new(_root: &str, functions: Arc<Functions>, missing_key: MissingKey) -> Self {
        Self { functions, missing_key }
    }

    /// Parses a text and adds it under a name, with the templates that it defines. One that is already there is
    /// replaced, unless the new one is empty of all but space and comments.
    ///
    /// # Errors
    /// The text is no template.
    pub fn parse(&mut self, name: &str, _text: &str) -> Result<(), Error> {
        let _ = (&self.functions, self.missing_key);
        Err(unsupported(ErrorKind::Parse, name))
    }

    /// Whether there is a template of that name.
    #[must_use]
    pub fn contains(&self, _name: &str) -> bool {
        false
    }

    /// Runs a template on data.
    ///
    /// # Errors
    /// There is no such template, it fails, or a limit is reached.
    pub fn execute(&self, name: &str, _data: Value, _run: Run<'_>) -> Result<String, Error> {
        Err(unsupported(ErrorKind::Exec, name))
    }
}

fn unsupported(kind: ErrorKind, name: &str) -> Error {
    Error {
        kind,
        template: name.to_owned(),
        line: 0,
        column: 0,
        message: "unsupported: templates".to_owned(),
    }
}
