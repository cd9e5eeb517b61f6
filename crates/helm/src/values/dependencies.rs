//! Switches subcharts on and off and imports their values, as Helm 3's `pkg/chartutil/dependencies.go`.

use super::coalesce::{Nulls, coalesce_tables, coalesce_values, deep_copy};
use super::path::{Lookup, lookup, table};
use crate::Error;
use crate::metadata::Dependency;
use crate::tree::Node;
use fairway_template::semver::{Constraints, Version};
use fairway_template::{Map, Value};
use fairway_value::Value as Data;

/// Applies conditions, tags, aliases and `import-values` to a chart and its subcharts, as `ProcessDependenciesWithMerge`.
pub(crate) fn process_dependencies(node: &mut Node<'_>, values: &Map) -> Result<(), Error> {
    enable(node, values, "")?;
    import(node)
}

/// Whether a version is in a range; what cannot be parsed is not.
pub(crate) fn is_compatible_range(constraint: &str, version: &str) -> bool {
    match (Version::parse(version), Constraints::parse(constraint)) {
        (Ok(version), Ok(constraint)) => constraint.check(&version),
        _ => false,
    }
}

fn enable(node: &mut Node<'_>, values: &Map, path: &str) -> Result<(), Error> {
    let Some(mut requirements) = node.dependencies.take() else { return Ok(()) };
    let fits = |r: &Dependency, child: &Node<'_>| {
        child.name == r.name.as_str() && is_compatible_range(&r.version, child.version)
    };
    // Charts that Chart.yaml does not name come first, then those that it names, in its order.
    let mut children: Vec<Node<'_>> =
        node.children.iter().filter(|c| !requirements.iter().any(|r| fits(r, c))).cloned().collect();
    for requirement in &mut requirements {
        if let Some(found) = node.children.iter().find(|c| fits(requirement, c)) {
            let mut child = found.clone();
            child.name = requirement.key().into();
            children.push(child);
        }
        if !requirement.alias.is_empty() {
            requirement.name = requirement.alias.clone();
        }
    }
    node.children = children;
    let coalesced = coalesce_values(node, values, Nulls::Remove)?;
    for requirement in &mut requirements {
        requirement.enabled = true;
    }
    apply_tags(&mut requirements, &coalesced);
    apply_conditions(&mut requirements, &coalesced, path);
    let off: Vec<String> = requirements.iter().filter(|r| !r.enabled).map(|r| r.name.clone()).collect();
    node.children.retain(|c| !off.iter().any(|name| *name == c.name));
    requirements.retain(|r| !off.contains(&r.name));
    for child in &mut node.children {
        let path = format!("{path}{}.", child.name);
        enable(child, &coalesced, &path)?;
    }
    node.dependencies = if requirements.is_empty() { None } else { Some(requirements) };
    Ok(())
}

fn apply_tags(requirements: &mut [Dependency], values: &Map) {
    let Some(tags) = table(values, "tags") else { return };
    for requirement in requirements {
        let states = || {
            requirement.tags.iter().filter_map(|tag| match tags.get(tag) {
                Some(Value::Bool(b)) => Some(b),
                _ => None,
            })
        };
        let (on, off) = (states().any(|b| b), states().any(|b| !b));
        requirement.enabled = on || !off;
    }
}

fn apply_conditions(requirements: &mut [Dependency], values: &Map, path: &str) {
    for requirement in requirements {
        // The first path that holds a boolean decides.
        let decided = requirement.condition.trim().split(',').filter(|c| !c.is_empty()).find_map(|c| {
            match lookup(values, &format!("{path}{c}")) {
                Lookup::Bool(b) => Some(b),
                Lookup::Other | Lookup::Missing => None,
            }
        });
        requirement.enabled = decided.unwrap_or(requirement.enabled);
    }
}

fn import(node: &mut Node<'_>) -> Result<(), Error> {
    for child in &mut node.children {
        import(child)?;
    }
    let Some(requirements) = &node.dependencies else { return Ok(()) };
    if requirements.iter().all(|r| r.import_values.is_empty()) {
        // Helm merges the subcharts' defaults into the chart's even then; coalescing gives the same later.
        let merged = coalesce_values(node, &Map::new(), Nulls::Keep)?;
        node.values = merged;
        return Ok(());
    }
    let values = coalesce_values(node, &Map::new(), Nulls::Keep)?;
    let imported = Map::new();
    for requirement in requirements {
        for import in &requirement.import_values {
            let (child, parent) = match import {
                Data::Object(map) => (text(map.get("child")), text(map.get("parent"))),
                Data::String(name) => (format!("exports.{name}"), ".".to_owned()),
                _ => continue,
            };
            if let Some(found) = table(&values, &format!("{}.{child}", requirement.name)) {
                coalesce_tables(&imported, &at_path(&parent, found), Nulls::Keep);
            }
        }
    }
    // The chart's own values win over imported ones.
    let values = deep_copy(&values);
    coalesce_tables(&values, &imported, Nulls::Keep);
    node.values = values;
    Ok(())
}

/// What Go's `%v` makes of a field of an import.
fn text(value: Option<&Data>) -> String {
    match value {
        Some(Data::String(s)) => s.to_string(),
        Some(other) => other.to_string(),
        None => "<nil>".to_owned(),
    }
}

fn at_path(path: &str, table: Map) -> Map {
    if path == "." {
        return table;
    }
    path.split('.').rev().fold(table, |inner, key| {
        let outer = Map::new();
        outer.insert(key, Value::Map(inner));
        outer
    })
}
