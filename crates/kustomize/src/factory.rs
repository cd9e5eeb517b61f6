//! Objects from texts.

use crate::openapi::OpenApi;
use crate::raw;
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::scalar::{field_text, is_nil_or_empty, is_scalar, what};
use fairway_core::Origin;
use fairway_value::{Map, Str, Value};
use fairway_yaml::{Document, Options, parse_documents_with};
use std::collections::VecDeque;
use std::sync::Arc;

/// Reads the objects of a text; lists are taken apart.
///
/// # Errors
/// Malformed YAML, objects without kind or name.
pub fn objects(text: &str, file: &str) -> Result<Vec<Resource>, String> {
    let text =
        if text.contains("\r\n") { std::borrow::Cow::Owned(text.replace("\r\n", "\n")) } else { text.into() };
    // What JSON cannot hold is refused in the output: until then it may become a text, or go.
    let options = Options { infinities: true, ..Options::v3() };
    let mut documents =
        parse_documents_with(&text, &options).map_err(|e| format!("MalformedYAMLError: {e}"))?;
    let mut notes = raw::Notes::default();
    if raw::may_be_folded(&text) || documents.iter().any(|d| raw::is_wanted(&d.value)) {
        notes = raw::read(&text).map_err(|e| format!("MalformedYAMLError: {e}"))?;
        documents.iter_mut().for_each(|d| notes.write_folded(d.index, &mut d.value));
    }
    let may_be_infinite = raw::may_be_infinite(&text);
    let source: Arc<str> = text.as_ref().into();
    let mut queue: VecDeque<Unwrapped> = VecDeque::new();
    for one in unwrapped(documents)? {
        if !is_nil_or_empty(&one.value) {
            validate(&one.value, one.line)?;
            queue.push_back(one);
        }
    }
    let mut out = Vec::with_capacity(queue.len());
    while let Some(Unwrapped { value, line, index, odd_keys }) = queue.pop_front() {
        let kind = field_text(&value, "kind");
        let items = if kind.ends_with("List") { value.get("items") } else { None };
        match items {
            None => {
                let mut resource = Resource::new(value);
                resource.hide_state()?;
                if let Some(n) = index {
                    resource.empty = notes.take_empty(n);
                    resource.written = notes.take_written(n);
                }
                resource.source = Some(source.clone());
                resource.document = index;
                resource.may_be_infinite = may_be_infinite;
                resource.odd_keys = odd_keys;
                resource.origin = Origin { file: file.into(), line, source: 0 };
                out.push(resource);
            }
            Some(Value::Null) => {}
            Some(Value::Array(items)) => {
                for item in items.iter().filter(|i| !is_nil_or_empty(i)) {
                    validate(item, line)?;
                    let odd_keys = odd_keys.clone();
                    queue.push_back(Unwrapped { value: item.clone(), line, index: None, odd_keys });
                }
            }
            Some(other) => {
                return Err(format!("expected a list in {kind}/items, but found {}", what(other)));
            }
        }
    }
    Ok(out)
}

/// Whether a text holds objects and nothing else.
#[must_use]
pub fn holds_objects(text: &str) -> bool {
    objects(text, "").is_ok_and(|found| !found.is_empty())
}

/// An object on its own.
struct Unwrapped {
    value: Value,
    line: u32,
    /// The document that it is the whole of.
    index: Option<usize>,
    odd_keys: Vec<Str>,
}

/// Takes a single `List` or `ResourceList` apart, as kyaml's reader does.
fn unwrapped(mut documents: Vec<Document>) -> Result<Vec<Unwrapped>, String> {
    let line = |d: &Document| u32::try_from(d.line).unwrap_or(u32::MAX);
    if let [only] = documents.as_slice() {
        let kind = field_text(&only.value, "kind");
        let wraps = only.value.get("items").is_some() || only.value.get("functionConfig").is_some();
        if matches!(kind.as_str(), "List" | "ResourceList") && wraps {
            let at = line(only);
            let items = only.value.get("items").and_then(Value::as_array).unwrap_or_default();
            let one = |item: &Value| Unwrapped {
                value: item.clone(),
                line: at,
                index: None,
                odd_keys: only.odd_keys.clone(),
            };
            return Ok(items.iter().map(one).collect());
        }
    }
    Ok(documents
        .drain(..)
        .map(|d| {
            let at = line(&d);
            Unwrapped { value: d.value, line: at, index: Some(d.index), odd_keys: d.odd_keys }
        })
        .collect())
}

fn validate(value: &Value, line: u32) -> Result<(), String> {
    let place = if line > 0 { format!(" (line {line})") } else { String::new() };
    if value.as_object().is_none() {
        return Err(format!(
            "missing Resource metadata: found {} where an object should be{place}",
            what(value)
        ));
    }
    let kind = field_text(value, "kind");
    if kind.is_empty() {
        return Err(format!("missing kind in object{place}"));
    }
    if kind.ends_with("List") {
        return Ok(());
    }
    let name = value.get("metadata").map(|m| field_text(m, "name")).unwrap_or_default();
    if name.is_empty() {
        return Err(format!("missing metadata.name in object of kind {kind}{place}"));
    }
    Ok(())
}

/// Reads strategic-merge patches: objects whose annotations are texts already, `null`s apart, which remove.
///
/// # Errors
/// As [`objects`].
pub fn patches(text: &str, file: &str) -> Result<Vec<Resource>, String> {
    let mut patches = objects(text, file)?;
    for patch in patches.iter_mut().filter(|p| !p.written.annotations.is_empty()) {
        let written = patch.written.annotations.clone();
        let annotations =
            patch.value.get_path_mut(&["metadata", "annotations"]).and_then(Value::as_object_mut);
        for (key, value) in annotations.into_iter().flat_map(Map::iter_mut).filter(|(_, v)| is_scalar(v)) {
            if let Some(text) = written.get(key) {
                *value = Value::String(text.clone());
            }
        }
    }
    Ok(patches)
}

/// Reads the objects of a text that has no two of one name.
///
/// # Errors
/// As [`objects`], and duplicates.
pub fn resmap(text: &str, file: &str, openapi: &OpenApi) -> Result<ResMap, String> {
    let mut found = objects(text, file)?;
    if found.len() == 1
        && let Some(only) = found.pop()
    {
        return Ok(ResMap::of(only));
    }
    let mut map = ResMap::default();
    found.into_iter().try_for_each(|r| map.append(r, openapi))?;
    Ok(map)
}
