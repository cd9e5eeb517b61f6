//! What schemas may take.

use fairway_value::{Map, Value};

/// Most steps of one walk: schemas that are looked at, and what each looks at in a value.
const MAX: usize = 5_000_000;

/// Bytes of a text that are looked at in a step.
pub(super) const BYTES_OF_STEP: usize = 32;

/// Returns the steps that a schema takes for a value itself, those for what is in it aside.
pub(super) fn looked_at(schema: &Map, value: &Value) -> usize {
    let size = |keyword: &str| match schema.get(keyword) {
        Some(Value::Array(list)) => list.len(),
        Some(Value::Object(map)) => map.len(),
        _ => 0,
    };
    let own = match value {
        Value::String(text) => text.len() / BYTES_OF_STEP,
        Value::Array(list) => list.len(),
        Value::Object(map) => map.len() * (1 + size("patternProperties")) + size("required"),
        _ => 0,
    };
    own + size("enum")
}

/// The steps that a walk has taken.
#[derive(Default)]
pub(super) struct Steps(usize);

impl Steps {
    /// Takes some.
    ///
    /// # Errors
    /// The walk has taken more than there may be.
    pub(super) fn spend(&mut self, steps: usize) -> Result<(), String> {
        self.0 += steps;
        if self.0 > MAX {
            return Err(format!("schema takes more than the limit of {MAX} steps"));
        }
        Ok(())
    }
}
