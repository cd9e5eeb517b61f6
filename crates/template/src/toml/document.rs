use crate::value::{ANY_MAP, Kind, TypeInfo};
use crate::{List, Map, Value};
use fairway_value::Str;
use std::collections::BTreeMap;

/// What the decoder makes of `[[headings]]`.
static TABLES: TypeInfo = TypeInfo::composite("[]map[string]interface {}", Kind::Slice, &ANY_MAP);

/// A table while the document is read.
#[derive(Default)]
pub(super) struct Table {
    entries: BTreeMap<Str, Entry>,
}

enum Entry {
    Value(Value),
    /// With whether only deeper headings or dotted keys have made it so far.
    Table(Table, bool),
    Tables(Vec<Table>),
}

fn defined(path: &[Str]) -> String {
    format!("Key '{}' has already been defined.", path.join("."))
}

impl Table {
    /// Walks down to a table, making those that are missing.
    fn walk(&mut self, path: &[Str]) -> Result<&mut Self, String> {
        let mut at = self;
        for (n, key) in path.iter().enumerate() {
            let entry = at.entries.entry(key.clone()).or_insert_with(|| Entry::Table(Self::default(), true));
            at = match entry {
                Entry::Table(table, _) => table,
                Entry::Tables(list) => match list.last_mut() {
                    Some(last) => last,
                    None => return Err(defined(&path[..=n])),
                },
                Entry::Value(_) => return Err(defined(&path[..=n])),
            };
        }
        Ok(at)
    }

    /// Opens `[path]`, or `[[path]]` with `list`.
    pub fn heading(&mut self, path: &[Str], list: bool) -> Result<(), String> {
        let Some((last, parents)) = path.split_last() else { return Ok(()) };
        let parent = self
            .walk(parents)
            .map_err(|e| e.replace("has already been defined", "was already created as a hash"))?;
        if list {
            match parent.entries.entry(last.clone()).or_insert_with(|| Entry::Tables(Vec::new())) {
                Entry::Tables(tables) => tables.push(Self::default()),
                _ => {
                    let key = path.join(".");
                    return Err(format!("Key '{key}' was already created and cannot be used as an array."));
                }
            }
            return Ok(());
        }
        match parent.entries.get_mut(last) {
            None => {
                parent.entries.insert(last.clone(), Entry::Table(Self::default(), false));
                Ok(())
            }
            Some(Entry::Table(_, implicit)) if *implicit => {
                *implicit = false;
                Ok(())
            }
            Some(_) => Err(defined(path)),
        }
    }

    /// Sets `key` below `context`; all but the last part of the key are tables.
    pub fn set(&mut self, context: &[Str], key: &[Str], value: Value) -> Result<(), String> {
        let Some((last, parents)) = key.split_last() else { return Ok(()) };
        let path: Vec<Str> = context.iter().chain(key).cloned().collect();
        let table = self.walk(context)?.walk(parents).map_err(|_| defined(&path[..path.len() - 1]))?;
        if table.entries.contains_key(last) {
            return Err(defined(&path));
        }
        table.entries.insert(last.clone(), Entry::Value(value));
        Ok(())
    }

    pub fn into_value(self) -> Value {
        let entries = self.entries.into_iter().map(|(key, entry)| {
            let value = match entry {
                Entry::Value(value) => value,
                Entry::Table(table, _) => table.into_value(),
                Entry::Tables(list) => {
                    Value::List(List::new(&TABLES, list.into_iter().map(Self::into_value).collect()))
                }
            };
            (key, value)
        });
        Value::Map(entries.collect::<Map>())
    }
}
