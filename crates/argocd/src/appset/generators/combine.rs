use super::{Failure, Params, Scope};
use crate::appset::merge::override_with;
use crate::appset::params::go_text;
use fairway_core::{Map, Value};
use fairway_value::{HtmlEscape, to_json};
use std::collections::BTreeMap;

/// Most combinations that a matrix may make.
const COMBINATIONS_MAX: usize = 100_000;

fn children(block: &Value) -> &[Value] {
    block.get("generators").and_then(Value::as_array).unwrap_or_default()
}

impl Scope<'_> {
    /// Runs a child of `matrix` or `merge`, which must hold exactly one generator.
    fn child(&mut self, child: &Value, given: &Params, depth: usize) -> Result<Vec<Params>, Failure> {
        let mut results = self
            .transform(child, &Map::new(), given, depth + 1)
            .map_err(|f| f.within("child generator returned an error on parameter generation"))?;
        match (results.pop(), results.is_empty()) {
            (None, _) => Err("child generator generated no parameters".into()),
            (Some(one), true) => Ok(one.params),
            (Some(_), false) => Err("found more than one generator in matrix.Generators".into()),
        }
    }

    /// `matrix`: every combination of two generators' parameters; the second may use the first's.
    pub(super) fn matrix(&mut self, block: &Value, depth: usize) -> Result<Vec<Params>, Failure> {
        let [first, second] = children(block) else {
            let count = if children(block).len() < 2 { "less" } else { "more" };
            return Err(format!("found {count} than two generators, Matrix support only two").into());
        };
        let outer = self
            .child(first, &Map::new(), depth)
            .map_err(|f| f.within("error failed to get params for first generator in matrix generator"))?;
        let mut out = Vec::new();
        let mut pending = false;
        for a in outer {
            let inner = match self.child(second, &a, depth) {
                // All that is missing is named at once, so that it can be fetched at once.
                Err(Failure::Pending) => {
                    pending = true;
                    continue;
                }
                other => other.map_err(|f| {
                    f.within("failed to get params for second generator in the matrix generator")
                })?,
            };
            for b in inner {
                out.push(self.combined(&a, b)?);
            }
            if out.len() > COMBINATIONS_MAX {
                return Err(format!("matrix generator: more than {COMBINATIONS_MAX} combinations").into());
            }
        }
        if pending { Err(Failure::Pending) } else { Ok(out) }
    }

    fn combined(&self, a: &Params, mut b: Params) -> Result<Params, Failure> {
        if self.renderer.is_go() {
            override_with(&mut b, a);
            return Ok(b);
        }
        let mut out: Params = a.iter().map(|(k, v)| (k.clone(), Value::String(go_text(v)))).collect();
        for (key, value) in b.iter() {
            let text = go_text(value);
            if let Some(own) = out.get(key).and_then(Value::as_str).filter(|own| *own != text.as_str()) {
                return Err(format!(
                    "failed to combine string maps with merging params for the matrix generator: found duplicate \
                     key {key} with different value, a: {own} ,b: {text}"
                )
                .into());
            }
            out.insert(key.clone(), text);
        }
        Ok(out)
    }

    /// `merge`: the first generator's parameters, overridden by those of later ones that agree in the merge keys.
    pub(super) fn merge(&mut self, block: &Value, depth: usize) -> Result<Vec<Params>, Failure> {
        let children = children(block);
        if children.len() < 2 {
            return Err("found less than two generators, Merge requires two or more".into());
        }
        let mut sets = Vec::new();
        let mut pending = false;
        for (n, child) in children.iter().enumerate() {
            match self.child(child, &Map::new(), depth) {
                Ok(set) => sets.push(set),
                Err(Failure::Pending) => pending = true,
                Err(failure) => {
                    let context = format!(
                        "error getting param sets from generators: error getting params from generator {} of {}",
                        n + 1,
                        children.len()
                    );
                    return Err(failure.within(&context));
                }
            }
        }
        if pending {
            return Err(Failure::Pending);
        }
        let keys = block.get("mergeKeys").and_then(Value::as_array).unwrap_or_default();
        let keys: Vec<&str> = keys.iter().filter_map(Value::as_str).collect();
        let mut sets = sets.into_iter().map(|set| by_key(&keys, set));
        let mut base = sets.next().transpose()?.unwrap_or_default();
        for over in sets {
            for (key, params) in over? {
                let Some(own) = base.get_mut(&key) else { continue };
                if self.renderer.is_go() {
                    override_with(own, &params);
                } else {
                    own.extend(params);
                }
            }
        }
        Ok(base.into_values().collect())
    }
}

fn by_key(keys: &[&str], set: Vec<Params>) -> Result<BTreeMap<String, Params>, Failure> {
    let within = "error getting param sets by merge key";
    if keys.is_empty() {
        return Err(format!("{within}: no merge keys were specified, Merge requires at least one").into());
    }
    let mut out = BTreeMap::new();
    for params in set {
        let key: Value = keys.iter().map(|k| (*k, params.get(k).cloned().unwrap_or_default())).collect();
        let key = to_json(&key, HtmlEscape::Yes);
        if out.insert(key.clone(), params).is_some() {
            return Err(format!(
                "{within}: the parameters from a generator were not unique by the given mergeKeys, Merge requires \
                 all param sets to be unique. Duplicate key was {key}"
            )
            .into());
        }
    }
    Ok(out)
}
