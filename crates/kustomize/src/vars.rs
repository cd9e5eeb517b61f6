//! `vars`: values of fields put where `$(NAME)` stands.

use crate::config::{FieldSpec, split_path};
use crate::field::{Create, lookup, split_dotted, visit_path};
use crate::kustomization::Var;
use crate::resmap::ResMap;
use crate::scalar::is_scalar;
use fairway_value::{Str, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Vars by name.
pub type VarSet = BTreeMap<Str, Var>;

/// Adds vars.
///
/// # Errors
/// A name that is there already.
pub fn add(set: &mut VarSet, vars: impl IntoIterator<Item = Var>) -> Result<(), String> {
    for var in vars {
        if set.contains_key(&var.name) {
            return Err(format!("var '{}' already encountered", var.name));
        }
        set.insert(var.name.clone(), var);
    }
    Ok(())
}

/// What a var stands for: the value, and the text that it is inside another.
struct Found {
    value: Value,
    text: Str,
}

/// Puts the values in. Returns a warning where some were never used.
///
/// # Errors
/// A var whose field is not there.
pub fn resolve(
    resources: &mut ResMap,
    vars: &VarSet,
    fields: &[FieldSpec],
) -> Result<Option<String>, String> {
    if vars.is_empty() {
        return Ok(None);
    }
    let mut values: BTreeMap<Str, Found> = BTreeMap::new();
    for var in vars.values() {
        values.insert(var.name.clone(), value_of(resources, var)?);
    }
    let mut used = BTreeSet::new();
    let fields: Vec<(&FieldSpec, Vec<Str>)> = fields.iter().map(|f| (f, split_path(&f.path, '/'))).collect();
    for resource in resources.all_mut() {
        let gvk = resource.gvk();
        resource.keep_shared(None, |resource| -> Result<(), String> {
            for (spec, path) in fields.iter().filter(|(f, _)| gvk.is_selected_by(&f.gvk)) {
                visit_path(&mut resource.value, spec, path, Create::Never, &mut |field| {
                    set(field, &values, &mut used)
                })
                .map_err(|e| format!("{gvk}/{}: {e}", resource.name()))?;
            }
            Ok(())
        })?;
    }
    let unused: Vec<&str> = values.keys().filter(|k| !used.contains(*k)).map(Str::as_str).collect();
    Ok((!unused.is_empty())
        .then(|| format!("well-defined vars that were never replaced: {}", unused.join(","))))
}

fn value_of(resources: &ResMap, var: &Var) -> Result<Found, String> {
    let resource = resources.iter().find(|r| r.vars.contains(&var.name)).ok_or_else(|| {
        format!("var '{}' cannot be mapped to a field in the set of known resources", var.name)
    })?;
    let mut path = Vec::new();
    for part in split_dotted(&var.field_path) {
        match part.strip_suffix(']').and_then(|p| p.split_once('[')) {
            Some((name, index)) if !name.is_empty() && index.bytes().all(|b| b.is_ascii_digit()) => {
                path.extend([Str::from(name), Str::from(index)]);
            }
            _ => path.push(part),
        }
    }
    let found = lookup(&resource.value, &path).ok().flatten();
    let found = found.ok_or_else(|| {
        format!(
            "field specified in var '{}' ({}) not found in corresponding resource",
            var.name, var.field_path
        )
    })?;
    Ok(Found { text: resource.text_at(&path, found).unwrap_or_default(), value: found.clone() })
}

fn set(field: &mut Value, values: &BTreeMap<Str, Found>, used: &mut BTreeSet<Str>) -> Result<(), String> {
    match field {
        Value::String(s) => {
            if let Some(new) = replaced(s, values, used) {
                *field = new;
            }
        }
        Value::Array(list) => {
            if list.iter().any(|i| i.as_str().is_none()) {
                return Err("invalid value type expect a string".to_owned());
            }
            list.make_mut().iter_mut().try_for_each(|item| set(item, values, used))?;
        }
        Value::Object(map) => {
            for item in map.values_mut().filter(|v| v.as_str().is_some()) {
                set(item, values, used)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Replaces `$(NAME)`; `$$` is a dollar sign. A text that is one reference takes the value's type. Nothing where the text
/// stays as it is.
fn replaced(input: &str, values: &BTreeMap<Str, Found>, used: &mut BTreeSet<Str>) -> Option<Value> {
    if !input.contains('$') {
        return None;
    }
    let mut out = String::with_capacity(input.len());
    let mut rest = input;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some((name, after)) = after.strip_prefix('(').and_then(|a| a.split_once(')')) {
            match values.get(name).filter(|v| is_scalar(&v.value)) {
                Some(value) => {
                    used.insert(name.into());
                    if out.is_empty() && after.is_empty() && rest.len() == input.len() {
                        return Some(value.value.clone());
                    }
                    out.push_str(&value.text);
                }
                None => {
                    out.push_str("$(");
                    out.push_str(name);
                    out.push(')');
                }
            }
            rest = after;
        } else {
            // A lone sign stays, with the character that follows it.
            out.push('$');
            let mut chars = after.chars();
            if let Some(c) = chars.next() {
                out.push(c);
            }
            rest = chars.as_str();
        }
    }
    out.push_str(rest);
    Some(Value::from(out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::text;

    fn expand(input: &str) -> Value {
        let values = [("A", Value::from("x")), ("N", Value::Int(3)), ("M", Value::object())];
        let values = values
            .into_iter()
            .map(|(k, value)| (k.into(), Found { text: text(&value).unwrap_or_default(), value }))
            .collect();
        replaced(input, &values, &mut BTreeSet::new()).unwrap_or_else(|| input.into())
    }

    #[test]
    fn references_are_replaced_and_the_rest_stays() {
        for (input, output) in [
            ("a-$(A)-$(N)", "a-x-3"),
            ("$(B)$(A)", "$(B)x"),
            ("$$(A)", "$(A)"),
            ("$A $(A", "$A $(A"),
            ("cost $", "cost $"),
            ("$(M)", "$(M)"),
        ] {
            assert_eq!(expand(input), Value::from(output), "{input}");
        }
    }

    #[test]
    fn a_lone_reference_takes_the_values_type() {
        assert_eq!(expand("$(N)"), Value::Int(3));
        assert_eq!(expand("$(N) "), Value::from("3 "));
    }
}
