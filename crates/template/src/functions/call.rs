use crate::expressions::{Compiled, Expressions};
use crate::{Limits, Lookup, Ports, SumsAhead, Value, Wanted};
use fairway_value::Str;
use std::sync::Arc;

/// Why a function failed: its own message, without where it was called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError {
    /// The message.
    pub message: String,
    /// Whether a limit was reached, which no function may swallow.
    pub limit: bool,
}

impl CallError {
    /// Returns a failure with a message.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), limit: false }
    }

    /// Returns the failure of a limit; the message names it.
    #[must_use]
    pub fn limit(message: impl Into<String>) -> Self {
        Self { message: message.into(), limit: true }
    }
}

impl From<String> for CallError {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}

impl From<&str> for CallError {
    fn from(message: &str) -> Self {
        Self::new(message)
    }
}

/// What a function may use while it runs.
pub struct Context<'a> {
    ports: Ports<'a>,
    limits: &'a Limits,
    lookup: Option<&'a dyn Lookup>,
    pub(crate) sums: Option<&'a SumsAhead>,
    /// Whether a Secret was looked up, so that errors show no values.
    pub(crate) holds_secrets: bool,
    memory: usize,
    /// Steps taken, those of the VM among them.
    pub(crate) steps: u64,
    pub(crate) regexes: Expressions,
    /// Where strings are built, kept from one to the next.
    scratch: Vec<u8>,
}

impl<'a> Context<'a> {
    /// Returns a context at the start of a run.
    #[must_use]
    pub fn new(ports: Ports<'a>, limits: &'a Limits) -> Self {
        Self {
            ports,
            limits,
            lookup: None,
            sums: None,
            holds_secrets: false,
            memory: 0,
            steps: 0,
            regexes: Expressions::default(),
            scratch: Vec::new(),
        }
    }

    /// Returns the same context with something to look objects up in, and with the sums that other runs share.
    pub(crate) fn with(self, lookup: Option<&'a dyn Lookup>, sums: Option<&'a SumsAhead>) -> Self {
        Self { lookup, sums, ..self }
    }

    /// Returns the same context with the expressions that other runs have compiled.
    pub(crate) fn with_expressions(self, compiled: &Arc<Compiled>) -> Self {
        Self { regexes: Expressions::sharing(compiled), ..self }
    }

    /// Looks objects up; an empty map where there are none.
    pub(crate) fn look_up(&mut self, wanted: &Wanted<'_>) -> Result<Value, CallError> {
        let Some(port) = self.lookup else { return Ok(Value::map()) };
        self.holds_secrets |= wanted.kind == "Secret";
        Ok(port.lookup(wanted)?.map_or_else(Value::map, |found| Value::from_data(&found)))
    }

    /// Returns the string that `write` builds.
    pub(crate) fn build(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Value {
        let mut out = std::mem::take(&mut self.scratch);
        out.clear();
        write(&mut out);
        let value = Value::string_of(&out);
        self.scratch = out;
        value
    }

    /// Returns the time in nanoseconds since 1970.
    #[must_use]
    pub fn now_nanos(&self) -> i128 {
        self.ports.clock.now_nanos()
    }

    /// Returns random bytes.
    #[must_use]
    pub fn random_bytes<const N: usize>(&self) -> [u8; N] {
        let mut out = [0; N];
        self.ports.random.fill(&mut out);
        out
    }

    /// Fills a buffer with random bytes.
    pub fn fill_random(&self, out: &mut [u8]) {
        self.ports.random.fill(out);
    }

    /// Counts bytes that are about to be made as a value. Functions whose result can be far larger than their
    /// arguments call this before they make it; the VM counts every result.
    ///
    /// # Errors
    /// The memory limit is reached.
    pub fn charge(&mut self, bytes: usize) -> Result<(), CallError> {
        self.memory = self.memory.saturating_add(bytes);
        if self.memory > self.limits.memory_bytes_max {
            return Err(CallError::limit(format!(
                "values exceed the limit of {} bytes (memory_bytes_max)",
                self.limits.memory_bytes_max
            )));
        }
        Ok(())
    }

    /// Counts time that is about to be spent, in steps of some ten nanoseconds. Functions that take far longer than
    /// their results are large call this first; the VM counts every instruction and call.
    ///
    /// # Errors
    /// The limit of steps is reached.
    pub fn work(&mut self, steps: usize) -> Result<(), CallError> {
        self.steps = self.steps.saturating_add(steps as u64);
        if self.steps > self.limits.steps_max { Err(self.too_many_steps()) } else { Ok(()) }
    }

    #[cold]
    fn too_many_steps(&self) -> CallError {
        CallError::limit(format!("steps exceed the limit of {} (steps_max)", self.limits.steps_max))
    }
}

/// What a function of kind [`crate::Body::Render`] wants rendered in its place; the rendered text is its result.
pub struct RenderCall {
    /// What to render.
    pub source: RenderSource,
    /// What `.` and `$` are in it.
    pub data: Value,
    /// Put before the message of an error inside, with the text that is rendered behind it, in quotes: Helm's `error
    /// during tpl function execution for "…"`.
    pub error_prefix: Option<&'static str>,
    /// Whether `<no value>` is taken out of the text, as Helm's `tpl` does.
    pub drop_no_value: bool,
}

/// What to render.
pub enum RenderSource {
    /// A template of the caller's set, by name.
    Named(Str),
    /// A text, parsed on top of the caller's set under the name of the set's root.
    Text(Str),
}
