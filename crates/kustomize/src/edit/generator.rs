//! Generators in a kustomization's lists.

use super::change::{GeneratorField, NewGenerator, list, remove_items, set_text};
use crate::Error;
use fairway_value::{Array, Map, Str, Value};

/// Whether an entry is of a name and a namespace; none is `default`.
fn is(entry: &Value, name: &str, namespace: &str) -> bool {
    let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
    text("name") == name && or_default(text("namespace")) == or_default(namespace)
}

fn or_default(namespace: &str) -> &str {
    if namespace.is_empty() { "default" } else { namespace }
}

fn missing(field: GeneratorField, name: &str, namespace: &str) -> Error {
    let place = if namespace.is_empty() { String::new() } else { format!(" in namespace {namespace}") };
    Error::Invalid(format!("{}: there is no generator `{name}`{place}", field.name()))
}

fn entry<'m>(
    map: &'m mut Map,
    field: GeneratorField,
    new: &NewGenerator,
) -> Result<Option<&'m mut Map>, Error> {
    let list = list(map, field.name())?;
    let at = list.iter().position(|e| is(e, &new.name, &new.namespace));
    Ok(at.and_then(|at| list.make_mut()[at].as_object_mut()))
}

/// Adds to the generator of that name, or a new one.
pub fn add(map: &mut Map, field: GeneratorField, new: &NewGenerator) -> Result<(), Error> {
    let is_there = entry(map, field, new)?.is_some();
    if !is_there {
        let named = [(Str::from("name"), Value::String(new.name.clone()))].into_iter().collect();
        list(map, field.name())?.push(named);
    }
    let wanted = NewGenerator { namespace: Str::new(), ..new.clone() };
    let lookup = if is_there { new } else { &wanted };
    let entry = entry(map, field, lookup)?.ok_or_else(|| missing(field, &new.name, &new.namespace))?;
    set_given(entry, "namespace", &new.namespace);
    set_given(entry, "behavior", &new.behavior);
    set_given(entry, "type", &new.secret_type);
    if !is_there && field == GeneratorField::Secrets && new.secret_type.is_empty() {
        entry.insert("type", "Opaque");
    }
    if new.disable_name_suffix_hash {
        let options = entry.entry_or_null("options");
        options.set_path(&["disableNameSuffixHash"], true);
    }
    for (key, more) in [("literals", &new.literals), ("files", &new.files), ("envs", &new.envs)] {
        for item in more {
            let items = list(entry, key)?;
            let name = |t: &str| t.split_once('=').map_or(t, |(name, _)| name).to_owned();
            if items.iter().filter_map(Value::as_str).any(|there| name(there) == name(item)) {
                return Err(Error::Invalid(format!(
                    "{} {}: {key} hold `{}` already; change it with `set`",
                    field.name(),
                    new.name,
                    name(item)
                )));
            }
            items.push(Value::String(item.clone()));
        }
        if entry.get(key).and_then(Value::as_array).is_some_and(<[Value]>::is_empty) {
            entry.remove(key);
        }
    }
    Ok(())
}

fn set_given(entry: &mut Map, key: &str, text: &Str) {
    if !text.is_empty() {
        set_text(entry, key, text);
    }
}

/// Gives literals that are there other values, and the generator another namespace.
pub fn set(
    map: &mut Map,
    field: GeneratorField,
    new: &NewGenerator,
    namespace: Option<&Str>,
) -> Result<(), Error> {
    let not_found = || missing(field, &new.name, &new.namespace);
    if map.get(field.name()).is_none() {
        return Err(not_found());
    }
    let entry = entry(map, field, new)?.ok_or_else(not_found)?;
    for literal in &new.literals {
        let Some((key, _)) = literal.split_once('=') else {
            return Err(Error::Invalid(format!("`{literal}` is no literal; write key=value")));
        };
        let items: &mut Array = list(entry, "literals")?;
        let is_key = |i: &Value| i.as_str().and_then(|t| t.split_once('=')).is_some_and(|(k, _)| k == key);
        let at = items.iter().position(is_key).ok_or_else(|| {
            let place = format!("{} {}", field.name(), new.name);
            Error::Invalid(format!("{place}: the literals hold no `{key}`; add it with `add`"))
        })?;
        items.make_mut()[at] = Value::String(literal.clone());
    }
    if let Some(namespace) = namespace {
        set_text(entry, "namespace", namespace);
    }
    Ok(())
}

/// Removes a generator.
pub fn remove(map: &mut Map, field: GeneratorField, name: &str, namespace: &str) -> Result<(), Error> {
    match remove_items(map, field.name(), |e| is(e, name, namespace))? {
        0 => Err(missing(field, name, namespace)),
        _ => Ok(()),
    }
}
