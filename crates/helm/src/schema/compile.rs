//! Looks at a schema before any value does: whether it is one, and whether what it refers to is there.

use super::document::{Document, Draft, Place, Target};
use super::elsewhere::Documents;
use super::meta;
use super::report;
use super::steps::Steps;
use super::subschemas::{is_subschema, subschemas};
use fairway_template::go::quote;
use fairway_value::{Map, Value};
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

impl Documents<'_> {
    /// Makes sure that a chart's own document is a schema and that all that values may reach from it is.
    ///
    /// # Errors
    /// What is wrong, in the words of the library.
    pub(super) fn compile(&mut self, own: &Arc<Document>) -> Result<(), String> {
        if own.is_sound.get().is_some() {
            return Ok(());
        }
        own.hold_to_meta_schema(&own.root, "")?;
        let mut walk = Walk {
            documents: self,
            known: HashSet::new(),
            left: VecDeque::new(),
            pointer: String::new(),
            steps: Steps::default(),
        };
        let base = own.base_of(&own.root, &own.address).into_owned();
        walk.schema(&own.root, &base, own)?;
        while let Some(place) = walk.left.pop_front() {
            let document = &place.document;
            if !is_subschema(&place.pointer, &document.root, document.draft) {
                document.hold_to_meta_schema(&place.schema, &place.pointer)?;
            }
            walk.pointer.clone_from(&place.pointer);
            walk.schema(&place.schema, &place.base, document)?;
        }
        if self.is_empty() {
            own.is_sound.get_or_init(|| ());
        }
        Ok(())
    }
}

impl Document {
    /// Makes sure that a part of the document, or the whole, is a schema of its draft.
    pub(super) fn hold_to_meta_schema(&self, schema: &Value, pointer: &str) -> Result<(), String> {
        let faults = meta::faults(schema, self.draft);
        if faults.is_empty() {
            return Ok(());
        }
        Err(format!(
            "{} is not valid against metaschema: jsonschema validation failed with '{}#'\n{}",
            quote(&format!("{}#{pointer}", self.address)),
            self.draft.address(),
            report::text(&faults)
        ))
    }
}

/// A walk along all schemas that values may reach.
struct Walk<'w, 's> {
    documents: &'w mut Documents<'s>,
    /// What references have led to, by address and pointer.
    known: HashSet<(String, String)>,
    left: VecDeque<Place>,
    /// Where the walk is in the document.
    pointer: String,
    steps: Steps,
}

impl Walk<'_, '_> {
    fn schema(&mut self, schema: &Value, around: &str, document: &Arc<Document>) -> Result<(), String> {
        let Value::Object(map) = schema else { return Ok(()) };
        self.steps.spend(1)?;
        let base = document.base_of(schema, around);
        let draft = document.draft;
        let references: &[&str] = match draft {
            Draft::Y2020 => &["$ref", "$recursiveRef", "$dynamicRef"],
            Draft::Y2019 => &["$ref", "$recursiveRef"],
            _ => &["$ref"],
        };
        for reference in references.iter().filter_map(|key| map.get(key)).filter_map(Value::as_str) {
            self.reference(reference, &base, document)?;
            if draft <= Draft::Seven {
                return Ok(());
            }
        }
        // The other patterns are held to be some by the meta-schema, and these since the sixth draft.
        for pattern in map.get("patternProperties").and_then(Value::as_object).into_iter().flat_map(Map::keys)
        {
            if let Err(why) = document.matches(pattern, "") {
                let place = format!("{}#{}/patternProperties", document.address, self.pointer);
                return Err(format!("invalid regex {} at {}: {why}", quote(pattern), quote(&place)));
            }
        }
        let end = self.pointer.len();
        for inner in subschemas(map, draft).into_iter().filter(|inner| inner.speaks) {
            inner.point(&mut self.pointer);
            self.schema(inner.schema, &base, document)?;
            self.pointer.truncate(end);
        }
        Ok(())
    }

    fn reference(&mut self, reference: &str, base: &str, from: &Arc<Document>) -> Result<(), String> {
        match self.documents.resolve(reference, base, from)? {
            Target::Schema(place) => {
                if self.known.insert((place.document.address.clone(), place.pointer.clone())) {
                    self.left.push_back(place);
                }
                Ok(())
            }
            Target::Meta(_) => Ok(()),
        }
    }
}
