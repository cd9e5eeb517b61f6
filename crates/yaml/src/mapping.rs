use crate::{Dialect, DuplicateKeys, Options};
use fairway_value::{Map, Str, Value};

/// A mapping while it is read: entries in the order of the text, merge keys worked in.
pub(crate) struct Mapping {
    options: Options,
    entries: Vec<Entry>,
    /// What go-yaml v3 adds after all explicit keys.
    merged_last: Option<Value>,
}

/// One key of a mapping with its value and the 0-based line of the key.
pub(crate) struct Entry {
    pub key: Str,
    pub value: Value,
    pub line: usize,
}

/// A fault of a mapping at a 0-based line.
pub(crate) struct MappingError {
    pub line: usize,
    pub message: String,
}

const WANT_MAP: &str = "map merge requires map or sequence of maps as the value";

impl Mapping {
    pub(crate) fn new(options: Options) -> Self {
        Self { options, entries: Vec::new(), merged_last: None }
    }

    pub(crate) fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// Works in the value of a merge key.
    pub(crate) fn merge(&mut self, value: Value, line: usize) -> Result<(), &'static str> {
        // Earlier maps of a list take precedence, so the last is written first.
        let maps: Vec<Map> = match value {
            Value::Object(map) => vec![map],
            Value::Array(list) => list
                .into_iter()
                .rev()
                .map(|item| match item {
                    Value::Object(map) => Ok(map),
                    _ => Err(WANT_MAP),
                })
                .collect::<Result<_, _>>()?,
            _ => return Err(WANT_MAP),
        };
        if self.options.dialect == Dialect::V3 {
            let mut merged = Map::new();
            maps.into_iter().for_each(|map| merged.extend(map));
            self.merged_last = Some(Value::Object(merged));
            return Ok(());
        }
        for map in maps {
            self.entries.extend(map.into_iter().map(|(key, value)| Entry { key, value, line }));
        }
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Result<Map, MappingError> {
        if self.options.duplicate_keys == DuplicateKeys::Refuse {
            self.refuse_duplicates()?;
        }
        if let Some(Value::Object(merged)) = self.merged_last.take() {
            let explicit: Map = self.entries.into_iter().map(|e| (e.key, e.value)).collect();
            let mut map = merged;
            map.extend(explicit);
            return Ok(map);
        }
        Ok(self.entries.into_iter().map(|e| (e.key, e.value)).collect())
    }

    fn refuse_duplicates(&mut self) -> Result<(), MappingError> {
        if self.entries.is_sorted_by(|a, b| a.key < b.key) {
            return Ok(());
        }
        self.entries.sort_by(|a, b| a.key.cmp(&b.key));
        for pair in self.entries.windows(2) {
            let [first, second] = pair else { continue };
            if first.key == second.key {
                let message =
                    format!("mapping key \"{}\" already defined at line {}", second.key, first.line + 1);
                return Err(MappingError { line: second.line, message });
            }
        }
        Ok(())
    }
}
