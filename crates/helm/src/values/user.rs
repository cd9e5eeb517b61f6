use crate::Error;
use crate::load::{floats, values_map};
use crate::strvals::{self, FileReader, Kind};
use fairway_value::{Map, Value};

/// A file of values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValuesFile {
    /// What errors call it.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Where a user's values come from, in Helm's order: files, then JSON, typed, string, file and literal settings.
#[derive(Clone, Debug, Default)]
pub struct ValueSources {
    /// `--values`: each laid over the one before.
    pub files: Vec<ValuesFile>,
    /// Values as a tree, laid over the files: Argo CD's `valuesObject`.
    pub tree: Option<Map>,
    /// `--set-json`.
    pub set_json: Vec<String>,
    /// `--set`.
    pub set: Vec<String>,
    /// `--set-string`.
    pub set_string: Vec<String>,
    /// `--set-file`.
    pub set_file: Vec<String>,
    /// `--set-literal`.
    pub set_literal: Vec<String>,
}

impl ValueSources {
    /// Merges all sources, as Helm's `values.Options.MergeValues`. `read` returns the files that `--set-file` names.
    ///
    /// # Errors
    /// A file or setting cannot be parsed, or `read` fails.
    pub fn merge(&self, read: FileReader<'_>) -> Result<Map, Error> {
        let mut values = Map::new();
        for file in &self.files {
            values = merge_maps(values, file.parse()?);
        }
        if let Some(tree) = &self.tree {
            values = merge_maps(values, floats(tree.clone()));
        }
        for (texts, kind) in [
            (&self.set_json, Kind::Json),
            (&self.set, Kind::Typed),
            (&self.set_string, Kind::String),
            (&self.set_file, Kind::File),
            (&self.set_literal, Kind::Literal),
        ] {
            for text in texts {
                strvals::set(&mut values, text, kind, read)?;
            }
        }
        Ok(values)
    }
}

impl ValuesFile {
    fn parse(&self) -> Result<Map, Error> {
        let text = self.text.trim_start_matches('\u{feff}');
        let parsed = fairway_yaml::parse(text).map_err(|e| Error::values_file(&self.name, text, &e))?;
        values_map(parsed).map_err(|why| Error::ValuesFile { file: self.name.clone(), why })
    }
}

/// Lays one map over another: maps are merged, all else is replaced, `null` too.
#[must_use]
pub fn merge_maps(mut base: Map, over: Map) -> Map {
    for (key, value) in over {
        let merged = match (base.remove(&key), value) {
            (Some(Value::Object(below)), Value::Object(above)) => Value::Object(merge_maps(below, above)),
            (_, value) => value,
        };
        base.insert(key, merged);
    }
    base
}
