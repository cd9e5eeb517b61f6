//! The walk that both merges share: maps by field, lists by key where the schema says so.

use super::comments::Comments;
use super::list::{append_all, extend_unique, find, key_values, set, unify_rows, used_keys, valid_keys};
use super::{ListIncrease, MergeOptions, three, two};
use crate::openapi::{Definitions, Schema};
use crate::scalar::{field_text, is_scalar, resolve_plain, text, what};
use fairway_value::{Array, Map, Str, Value};
use std::collections::HashSet;

/// Which merge is made, and so what the sources are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// `[object, patch]`.
    Two,
    /// `[patch]`: a part of a patch that had nothing to be merged with, still to be rid of directives and nulls.
    Same,
    /// `[local, original, updated]`.
    Three,
}

/// The values at one place, first the one that is merged into.
pub type Sources = Vec<Option<Value>>;

/// Most elements of a list that is merged by key: each is looked for among the others.
const ELEMENTS_MAX: usize = 2_500;

/// What a walk gave.
#[derive(Debug)]
pub enum Out {
    /// The place is removed.
    Cleared,
    /// The first source, changed in place. `Null` here is a `null` that stays.
    Dest(Value),
    /// Another value. `Null` here removes the place.
    Other(Value),
}

/// What a visitor decides for a map or a merged list, before its parts are walked.
pub enum Visit {
    /// Remove it.
    Clear,
    /// Go on with the first source.
    Dest,
    /// Go on with the patch in place of the first source.
    Patch,
    /// Go on with this.
    New(Value),
    /// Take this as it is.
    Final(Out),
}

impl Visit {
    /// Puts the sources right and returns how the walk goes on, and whether what it gives is the first source still.
    ///
    /// # Errors
    /// What there is already, where there is nothing left to walk.
    fn begin(self, mode: Mode, sources: &mut Sources) -> Result<(Mode, bool), Out> {
        match self {
            Self::Clear => Err(Out::Cleared),
            Self::Final(out) => Err(out),
            Self::Dest => Ok((mode, true)),
            Self::Patch => {
                *sources = vec![sources.swap_remove(1)];
                Ok((Mode::Same, false))
            }
            Self::New(value) => {
                sources[0] = Some(value);
                Ok((mode, false))
            }
        }
    }
}

/// One merge.
pub struct Walker<'d> {
    pub definitions: &'d Definitions,
    pub options: MergeOptions,
    /// Whether a text of the object stands in quotes.
    pub is_quoted: &'d dyn Fn(&str) -> bool,
}

/// What is known of the place that is walked.
#[derive(Clone, Copy, Default)]
pub struct Place<'d> {
    pub schema: Option<&'d Schema>,
    pub comments: Option<&'d Comments>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Nothing,
    Map,
    List,
    Scalar,
}

fn kind_of(value: &Value) -> Kind {
    match value {
        Value::Null => Kind::Nothing,
        Value::Object(_) => Kind::Map,
        Value::Array(_) => Kind::List,
        _ => Kind::Scalar,
    }
}

impl<'d> Walker<'d> {
    /// Merges what the sources hold.
    pub fn walk(&self, mode: Mode, mut sources: Sources, place: Place<'d>) -> Result<Out, String> {
        let commented = place.comments.and_then(Comments::schema).and_then(|s| self.definitions.resolve(s));
        let schema = commented.or(place.schema).or_else(|| self.own_schema(&sources));
        let place = Place { schema, ..place };
        let kind =
            sources.iter().flatten().map(kind_of).find(|k| *k != Kind::Nothing).unwrap_or(Kind::Nothing);
        if let Some(odd) = sources
            .iter()
            .flatten()
            .find(|s| kind != Kind::Nothing && !matches!(kind_of(s), k if k == kind || k == Kind::Nothing))
        {
            let first = sources.iter().flatten().find(|s| !s.is_null()).map_or("null", what);
            return Err(format!("wrong type: cannot merge {} with {first}", what(odd)));
        }
        match kind {
            Kind::Map | Kind::Nothing => self.walk_map(mode, sources, place),
            Kind::List if self.is_associative(&sources, schema) => self.walk_list(mode, sources, place),
            Kind::List => Ok(match mode {
                Mode::Three => three::visit_plain_list(&mut sources),
                _ => two::visit_leaf(&mut sources),
            }),
            Kind::Scalar => Ok(match mode {
                Mode::Three => {
                    let local = sources[0].clone();
                    match three::visit_scalar(&mut sources) {
                        Out::Other(mut new) => {
                            self.keep_quotes(local.as_ref(), &mut new);
                            Out::Other(new)
                        }
                        out => out,
                    }
                }
                Mode::Two => {
                    if let [old, Some(new)] = sources.as_mut_slice() {
                        self.keep_quotes(old.as_ref(), new);
                    }
                    two::visit_leaf(&mut sources)
                }
                Mode::Same => two::visit_leaf(&mut sources),
            }),
        }
    }

    /// Makes a patch's number or boolean a text where what it replaces stands in quotes: kyaml keeps the style of the node.
    fn keep_quotes(&self, old: Option<&Value>, new: &mut Value) {
        let Some(Value::String(old)) = old else { return };
        if !is_scalar(new) || new.as_str().is_some() {
            return;
        }
        let is_text = matches!(resolve_plain(old), Value::String(_));
        if (!is_text || (self.is_quoted)(old))
            && let Some(text) = text(new)
        {
            *new = Value::String(text);
        }
    }

    /// Returns the schema of the type that one of the sources says it is.
    fn own_schema(&self, sources: &Sources) -> Option<&'d Schema> {
        sources.iter().flatten().find_map(|s| {
            s.as_object()?;
            let (version, kind) = (field_text(s, "apiVersion"), field_text(s, "kind"));
            if version.is_empty() || kind.is_empty() {
                return None;
            }
            self.definitions.of_type(&version, &kind)
        })
    }

    fn is_associative(&self, sources: &Sources, schema: Option<&Schema>) -> bool {
        match schema {
            Some(schema) => schema.merges(),
            None => self.options.infer && sources.iter().flatten().any(|s| inferred_key(s).is_some()),
        }
    }

    fn walk_map(&self, mode: Mode, mut sources: Sources, place: Place<'d>) -> Result<Out, String> {
        let visit = match mode {
            Mode::Two => two::visit_map(&mut sources)?,
            Mode::Same => two::visit_same(&mut sources)?,
            Mode::Three => three::visit_map(&sources),
        };
        let (mode, changed) = match visit.begin(mode, &mut sources) {
            Ok(begun) => begun,
            Err(out) => return Ok(out),
        };
        let dest = match sources[0].take().unwrap_or_default() {
            Value::Object(map) => map,
            other => return Ok(Out::Other(other)),
        };
        // All are in the order of their keys, and are gone through side by side.
        let mut dest = dest.into_iter().peekable();
        let mut others: Vec<_> = (sources.iter().skip(1))
            .map(|s| s.as_ref().and_then(Value::as_object).into_iter().flat_map(Map::iter).peekable())
            .collect();
        let mut merged: Vec<(Str, Value)> = Vec::with_capacity(dest.len());
        loop {
            let next = others.iter_mut().filter_map(|o| o.peek().map(|(key, _)| *key));
            let Some(name) = next.chain(dest.peek().map(|(key, _)| key)).min().cloned() else { break };
            let mut inner: Sources = Vec::with_capacity(sources.len());
            inner.push(dest.next_if(|(key, _)| *key == name).map(|(_, value)| value));
            inner.extend(
                others.iter_mut().map(|o| o.next_if(|(key, _)| **key == name).map(|(_, v)| v.clone())),
            );
            let inner_place = Place {
                schema: place.schema.and_then(|s| self.definitions.field(s, &name)),
                comments: place.comments.and_then(|c| c.field(&name)),
            };
            match self.walk(mode, inner, inner_place).map_err(|e| prefix(&name, &e))? {
                Out::Dest(value) => merged.push((name, value)),
                Out::Other(value) if !value.is_null() => merged.push((name, value)),
                Out::Cleared | Out::Other(_) => {}
            }
        }
        let merged = Value::Object(merged.into_iter().collect());
        Ok(if changed { Out::Dest(merged) } else { Out::Other(merged) })
    }

    fn walk_list(&self, mode: Mode, mut sources: Sources, place: Place<'d>) -> Result<Out, String> {
        let schema = place.schema;
        let visit = match mode {
            Mode::Two => two::visit_list(&mut sources)?,
            Mode::Same => two::visit_same_list(&mut sources)?,
            Mode::Three => three::visit_list(&sources),
        };
        let (mode, changed) = match visit.begin(mode, &mut sources) {
            Ok(begun) => begun,
            Err(out) => return Ok(out),
        };
        let mut keys = schema.map(|s| s.keys.clone()).unwrap_or_default();
        if schema.is_none_or(|s| s.strategy.is_none()) && keys.is_empty() {
            keys.push(common_key(&sources)?);
        }
        let primitive = keys.is_empty();
        if primitive {
            keys.push(Str::new());
        }
        let rows = self.rows(&sources, &keys, primitive);
        let list = self.merge_elements(mode, sources, rows, &keys, place)?;
        let list = Value::Array(list.into_iter().collect::<Array>());
        Ok(if changed { Out::Dest(list) } else { Out::Other(list) })
    }

    /// Returns the key values of all elements, each once. Those of the first source come last where new elements are put
    /// before the others.
    fn rows(&self, sources: &Sources, keys: &[Str], primitive: bool) -> Vec<Vec<Str>> {
        let from = usize::from(self.options.increase == ListIncrease::Prepend);
        let (mut rows, mut seen) = (Vec::new(), HashSet::new());
        for n in 0..sources.len() {
            let Some(list) = sources[(n + from) % sources.len()].as_ref().and_then(Value::as_array) else {
                continue;
            };
            let more = if primitive {
                list.iter().map(|e| vec![text(e).unwrap_or_default()]).collect()
            } else {
                key_values(list, keys)
            };
            extend_unique(&mut rows, &mut seen, more);
        }
        rows
    }

    fn merge_elements(
        &self,
        mode: Mode,
        mut sources: Sources,
        mut rows: Vec<Vec<Str>>,
        keys: &[Str],
        place: Place<'d>,
    ) -> Result<Vec<Value>, String> {
        if rows.len() > ELEMENTS_MAX {
            return Err(format!("more than {ELEMENTS_MAX} elements in a list that is merged by key"));
        }
        let element_place = Place {
            schema: place.schema.and_then(|s| self.definitions.elements(s)),
            comments: place.comments.and_then(Comments::elements),
        };
        if keys.len() > 1 {
            unify_rows(&mut rows);
        }
        let mut dest: Vec<Value> = match sources[0].take() {
            Some(Value::Array(list)) => list.into_iter().collect(),
            _ => Vec::new(),
        };
        let used = used_keys(&rows, keys.len());
        let mut added: Vec<Value> = Vec::new();
        let mut last_keys: Vec<Str> = Vec::new();
        for row in &rows {
            let (keys, values) = valid_keys(&used, row, keys);
            let (find_keys, find_values) =
                valid_keys(&used_keys(std::slice::from_ref(&values), keys.len()), &values, &keys);
            let at = find(&dest, &find_keys, &find_values);
            let mut inner: Sources = vec![at.map(|n| std::mem::take(&mut dest[n]))];
            for source in sources.iter().skip(1) {
                let list = source.as_ref().and_then(Value::as_array).unwrap_or_default();
                inner.push(find(list, &find_keys, &find_values).map(|n| list[n].clone()));
            }
            let before = inner[0].clone();
            let merged = self
                .walk(mode, inner, element_place)
                .map_err(|e| prefix(&format!("[{}]", values.join(",")), &e))?;
            let in_place = matches!(merged, Out::Dest(_));
            let mut value = match merged {
                Out::Cleared => Value::Null,
                Out::Dest(v) | Out::Other(v) => v,
            };
            let gone = value.is_null() || value.as_object().is_some_and(fairway_value::Map::is_empty);
            if !gone {
                for (key, v) in keys.iter().zip(&values) {
                    if let Some(map) = value.as_object_mut()
                        && !key.is_empty()
                        && !v.is_empty()
                        && !map.contains_key(key)
                    {
                        map.insert(key.clone(), resolve_plain(v));
                    }
                }
            }
            // kyaml changes the element where it is, unless something else came of it.
            if let Some(n) = at {
                dest[n] = if in_place { value.clone() } else { before.unwrap_or_default() };
            }
            if gone {
                for _ in &keys {
                    set(&mut dest, &keys, &values, None);
                }
            } else {
                set(&mut added, &keys, &values, Some(&value));
            }
            last_keys = keys;
        }
        if rows.is_empty() {
            return Ok(dest);
        }
        Ok(if self.options.increase == ListIncrease::Prepend {
            append_all(&mut added, &dest, &last_keys)?;
            added
        } else {
            append_all(&mut dest, &added, &last_keys)?;
            dest
        })
    }
}

/// Returns the key that every element of a list has (those of an empty one too), of those that kyaml infers: `name`.
fn inferred_key(list: &Value) -> Option<Str> {
    let list = list.as_array()?;
    list.iter().all(|e| e.get("name").is_some()).then(|| "name".into())
}

fn common_key(sources: &Sources) -> Result<Str, String> {
    let mut key: Option<Str> = None;
    for list in sources.iter().flatten().filter(|s| s.as_array().is_some_and(|l| !l.is_empty())) {
        let of_this = inferred_key(list).unwrap_or_default();
        if key.as_ref().is_some_and(|k| !k.is_empty() && *k != of_this) {
            return Err("conflicting merge keys".to_owned());
        }
        key = Some(of_this);
    }
    key.filter(|k| !k.is_empty()).ok_or_else(|| "no merge key found".to_owned())
}

fn prefix(name: &str, why: &str) -> String {
    match why.split_once(": ") {
        Some((path, rest)) if path.starts_with('.') => format!(".{name}{path}: {rest}"),
        _ => format!(".{name}: {why}"),
    }
}
