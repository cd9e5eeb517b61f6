use super::Transform;
use super::namespace::Namespace;
use crate::config::{FieldSpecs, check_path, split_path};
use crate::decode::{Decode, Fields};
use crate::kustomization::Selector;
use crate::openapi::OpenApi;
use crate::resmap::ResMap;
use crate::scalar::{resolve_plain, text, what};
use crate::selector::Matcher;
use fairway_value::{Str, Value};

/// Where a value goes.
pub struct Target {
    pub selector: Option<Selector>,
    pub field_path: Str,
    pub position: i64,
}

impl Decode for Target {
    fn decode(value: &Value, path: &str, strict: bool) -> Result<Self, String> {
        let f = Fields::new(value, path, &["selector", "fieldPath", "filePathPosition"], strict)?;
        let target = Self {
            selector: f.optional("selector")?,
            field_path: f.string("fieldPath")?,
            position: f.int("filePathPosition")?,
        };
        if target.field_path.is_empty() {
            return Err(format!("{path}: fieldPath cannot be empty"));
        }
        if target.position < 0 {
            return Err(format!(
                "{path}: value of FilePathPosition ({}) cannot be negative",
                target.position
            ));
        }
        Ok(target)
    }
}

/// `ValueAddTransformer`: one value put in many fields, or into paths that they hold.
pub struct ValueAdd {
    pub value: Str,
    pub targets: Vec<Target>,
}

impl Transform for ValueAdd {
    fn transform(&self, resources: &mut ResMap, openapi: &OpenApi) -> Result<(), String> {
        for target in &self.targets {
            let selected = match &target.selector {
                None => (0..resources.len()).collect(),
                Some(selector) => Matcher::new(selector)?.select(resources, openapi),
            };
            for n in selected {
                resources.update(n, openapi, |resource| {
                    if target.field_path == "metadata/namespace" {
                        let namespace = Namespace {
                            namespace: self.value.clone(),
                            fields: FieldSpecs::default(),
                            unset_only: false,
                            subjects: super::namespace::Subjects::Default,
                        };
                        return namespace.apply(resource, openapi);
                    }
                    self.set(&mut resource.value, target)
                })?;
            }
        }
        Ok(())
    }
}

impl ValueAdd {
    fn set(&self, object: &mut Value, target: &Target) -> Result<(), String> {
        let mut at = object;
        check_path(&target.field_path, '/')?;
        for part in split_path(&target.field_path, '/').iter().filter(|p| !p.is_empty()) {
            if at.is_null() {
                *at = Value::object();
            }
            at = match at {
                Value::Object(map) => map.entry_or_null(part),
                Value::Array(list) => {
                    let found = part.parse::<usize>().ok().and_then(|n| list.make_mut().get_mut(n));
                    found.ok_or_else(|| format!("{}: no element `{part}`", target.field_path))?
                }
                other => {
                    return Err(format!("{}: expected a map, found {}", target.field_path, what(other)));
                }
            };
        }
        if matches!(at, Value::Array(_) | Value::Object(_)) {
            return Err(format!("{}: expected a scalar, found {}", target.field_path, what(at)));
        }
        let old = if at.is_null() { Str::new() } else { text(at).unwrap_or_default() };
        let new = match usize::try_from(target.position) {
            Ok(position) if position > 0 => insert_path_part(&old, position - 1, &self.value),
            _ => self.value.to_string(),
        };
        *at = if at.is_null() { resolve_plain(&new) } else { Value::from(new) };
        Ok(())
    }
}

/// Puts a part into a path, at the end where the path is shorter.
fn insert_path_part(path: &str, position: usize, part: &str) -> String {
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
    parts.insert(position.min(parts.len()), part);
    format!("{}{}", if absolute { "/" } else { "" }, parts.join("/"))
}
