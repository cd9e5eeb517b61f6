//! `vars` become replacements, in the kustomization and in the files that name them.

use super::change::Edit;
use super::rewrite::edit;
use crate::Error;
use crate::decode::Decode;
use crate::id::split_api_version_owned;
use crate::kustomization::Var;
use crate::scalar::field_text;
use fairway_core::{FileTree, normalize_path};
use fairway_value::{Array, Map, Str, Value};
use fairway_yaml::{Limits, Options, Step, parse_documents_with, parse_with, visit_scalars};
use std::collections::BTreeMap;

/// Most files that are looked through.
const FILES_MAX: usize = 10_000;
/// Deepest chain of bases that is followed.
const DEPTH_MAX: usize = 64;

/// A kustomization without vars, and what else had to change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WithoutVars {
    /// The text of the kustomization.
    pub kustomization: String,
    /// Other files of the tree by path, with placeholders where the vars were named.
    pub files: BTreeMap<String, String>,
}

/// A file that may name vars; of a patch, the entry that applies it.
struct Source {
    path: String,
    text: String,
    patch: Option<Map>,
}

/// Puts replacements in the place of a kustomization's vars, as `kustomize edit fix --vars` does: legacy fields are moved
/// first, each `$(NAME)` in a resource or in the file of a patch becomes a placeholder and the target of a replacement.
/// Replacements that are there stay, and vars that no file names go; patches inside the kustomization itself, generators
/// and configurations are not looked into. `dir` is the kustomization's folder in the tree.
///
/// # Errors
/// As [`edit`], and a var that is inside a text and not between equal delimiters, which no replacement can fill in.
pub fn without_vars(tree: &dyn FileTree, dir: &str, text: &str) -> Result<WithoutVars, Error> {
    let fixed = edit(text, &[Edit::Fix])?;
    let kustomization = read_kustomization(&fixed, "kustomization")?;
    let vars = match kustomization.get("vars") {
        None | Some(Value::Null) => {
            return Ok(WithoutVars { kustomization: fixed, files: BTreeMap::new() });
        }
        Some(Value::Array(list)) => list,
        Some(other) => {
            return Err(Error::Invalid(format!("vars: expected a list, found a {}", other.type_name())));
        }
    };
    let mut sources = Vec::new();
    gather(tree, dir, &kustomization, 0, &mut sources)?;
    let mut replacements = Array::new();
    let mut changed: BTreeMap<String, String> = BTreeMap::new();
    for (n, entry) in vars.iter().enumerate() {
        let var = Var::decode(entry, &format!("vars[{n}]"), true).map_err(Error::Invalid)?;
        let mut targets = Array::new();
        let named = format!("$({})", var.name);
        for source in sources.iter().filter(|s| s.text.contains(&named)) {
            add_targets(source, &named, &mut targets)
                .map_err(|e| Error::Invalid(format!("vars[{n}] in {}: {e}", source.path)))?;
        }
        for source in sources.iter_mut().filter(|s| s.text.contains(&named)) {
            source.text = source.text.replace(&named, &format!("{}_PLACEHOLDER", var.name));
            changed.insert(source.path.clone(), source.text.clone());
        }
        if !targets.is_empty() {
            let whole =
                [("source", Value::Object(source_of(&var, entry))), ("targets", Value::Array(targets))];
            replacements.push(map(whole).into());
        }
    }
    let kustomization = edit(&fixed, &[Edit::ReplaceVars(replacements)])?;
    Ok(WithoutVars { kustomization, files: changed })
}

fn map(entries: impl IntoIterator<Item = (&'static str, Value)>) -> Map {
    entries.into_iter().map(|(key, value)| (Str::from(key), value)).collect()
}

/// Returns a map of the texts that are not empty.
fn texts<'a>(entries: impl IntoIterator<Item = (&'static str, &'a Str)>) -> Map {
    let given = entries.into_iter().filter(|(_, text)| !text.is_empty());
    map(given.map(|(key, text)| (key, Value::String(text.clone()))))
}

fn source_of(var: &Var, entry: &Value) -> Map {
    let path = match entry.get("fieldref") {
        // What is not said is the name in a replacement too.
        None | Some(Value::Null) => Str::new(),
        // Vars name an item as `list[0]`, replacements as `list.0`.
        Some(_) => with_dots(&var.field_path),
    };
    texts([
        ("group", &var.gvk.group),
        ("version", &var.gvk.version),
        ("kind", &var.gvk.kind),
        ("name", &var.object_name),
        ("namespace", &var.object_namespace),
        ("fieldPath", &path),
    ])
}

fn with_dots(path: &str) -> Str {
    let part = |part: &str| match part.strip_suffix(']').and_then(|p| p.split_once('[')) {
        Some((name, n)) if !name.is_empty() && n.bytes().all(|b| b.is_ascii_digit()) => format!("{name}.{n}"),
        _ => part.to_owned(),
    };
    path.split('.').map(part).collect::<Vec<_>>().join(".").into()
}

fn read_kustomization(text: &str, path: &str) -> Result<Map, Error> {
    match parse_with(text, &Options::v3()).map_err(|e| Error::Invalid(format!("{path}: {e}")))? {
        Value::Object(map) => Ok(map),
        Value::Null => Ok(Map::new()),
        other => {
            Err(Error::Invalid(format!("{path}: a kustomization is a map, this is a {}", other.type_name())))
        }
    }
}

fn read(tree: &dyn FileTree, path: &str) -> Result<Option<String>, Error> {
    let bytes = tree.read(path).map_err(|e| Error::Invalid(e.to_string()))?;
    Ok(bytes.and_then(|b| String::from_utf8(b.to_vec()).ok()))
}

/// Finds the files of a kustomization and of those below it.
fn gather(
    tree: &dyn FileTree,
    dir: &str,
    kustomization: &Map,
    depth: usize,
    out: &mut Vec<Source>,
) -> Result<(), Error> {
    if depth > DEPTH_MAX {
        return Err(Error::Invalid(format!("{dir}: bases nested deeper than {DEPTH_MAX}")));
    }
    let list = |field: &str| kustomization.get(field).and_then(Value::as_array).unwrap_or_default();
    // What is elsewhere cannot be changed.
    let inside = |path: &str| normalize_path(&format!("{dir}/{path}")).ok();
    let places = ["resources", "bases", "components"].into_iter().flat_map(list);
    for path in places.filter_map(Value::as_str).filter(|p| !crate::is_remote(p)).filter_map(inside) {
        match read(tree, &path)? {
            Some(text) => add(out, path, text, None)?,
            None => gather_below(tree, &path, depth, out)?,
        }
    }
    for patch in list("patches").iter().filter_map(Value::as_object) {
        let path = patch.get("path").and_then(Value::as_str).and_then(inside);
        if let Some(path) = path
            && let Some(text) = read(tree, &path)?
        {
            add(out, path, text, Some(patch.clone()))?;
        }
    }
    for path in list("patchesStrategicMerge").iter().filter_map(Value::as_str).filter_map(inside) {
        if let Some(text) = read(tree, &path)? {
            add(out, path, text, None)?;
        }
    }
    Ok(())
}

fn gather_below(tree: &dyn FileTree, folder: &str, depth: usize, out: &mut Vec<Source>) -> Result<(), Error> {
    for name in crate::target::FILE_NAMES {
        let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        if let Some(text) = read(tree, &path)? {
            return gather(tree, folder, &read_kustomization(&text, &path)?, depth + 1, out);
        }
    }
    Ok(())
}

fn add(out: &mut Vec<Source>, path: String, text: String, patch: Option<Map>) -> Result<(), Error> {
    if out.len() >= FILES_MAX {
        return Err(Error::Invalid(format!("more than {FILES_MAX} files")));
    }
    // One that two kustomizations use is changed once.
    if !out.iter().any(|s| s.path == path) {
        out.push(Source { path, text, patch });
    }
    Ok(())
}

/// A field that names a var.
struct Place {
    document: usize,
    path: Vec<Step>,
    text: String,
}

fn add_targets(source: &Source, named: &str, targets: &mut Array) -> Result<(), String> {
    let mut places: Vec<Place> = Vec::new();
    let read = visit_scalars(&source.text, &Limits::default(), |scalar| {
        if scalar.text.contains(named) {
            let (document, path) = (scalar.document, scalar.path.to_vec());
            places.push(Place { document, path, text: scalar.text.to_owned() });
        }
    });
    // A file that is no YAML cannot hold objects; the build says so.
    let (Ok(()), Ok(documents)) = (read, parse_documents_with(&source.text, &Options::v3())) else {
        return Ok(());
    };
    for place in &places {
        let Some(document) = documents.iter().find(|d| d.index == place.document) else { continue };
        let (object, path) = object_of(&document.value, &place.path);
        let options = options_of(&place.text, named)?;
        let mut target = map([
            ("select", Value::Object(selector(object, source.patch.as_ref()))),
            ("fieldPaths", [Value::String(dotted(path))].into_iter().collect()),
        ]);
        if let Some(options) = options {
            target.insert("options", options);
        }
        targets.push(target.into());
    }
    Ok(())
}

/// Returns the object that a path of a document leads into, and the rest of the path: lists are taken apart.
fn object_of<'a>(document: &'a Value, path: &'a [Step]) -> (&'a Value, &'a [Step]) {
    if let [Step::Key(items), Step::Item(n), rest @ ..] = path
        && items == "items"
        && field_text(document, "kind").ends_with("List")
        && let Some(item) = document.get("items").and_then(Value::as_array).and_then(|i| i.get(*n))
    {
        return (item, rest);
    }
    (document, path)
}

fn dotted(path: &[Step]) -> Str {
    let part = |step: &Step| match step {
        Step::Item(n) => n.to_string(),
        Step::Key(key) if key.contains('.') => format!("[{}]", key.trim()),
        Step::Key(key) => key.trim().to_owned(),
    };
    path.iter().map(part).collect::<Vec<_>>().join(".").into()
}

/// Returns which part of a text the var is; nothing where it is the whole text.
///
/// # Errors
/// No delimiter parts it from the rest.
fn options_of(text: &str, named: &str) -> Result<Option<Map>, String> {
    let Some((before, after)) = text.split_once(named).filter(|(b, a)| !(b.is_empty() && a.is_empty()))
    else {
        return Ok(None);
    };
    let not_delimited = || format!("{named} in `{text}` is not delimited; write the replacement by hand");
    let (last, first) = (before.chars().next_back(), after.chars().next());
    let delimiter = match (last, first) {
        (Some(last), Some(first)) if last != first => return Err(not_delimited()),
        (last, first) => last.or(first).map(Str::from).ok_or_else(not_delimited)?,
    };
    let mut parts = text.split(delimiter.as_str());
    let index = parts.position(|part| part == named).ok_or_else(not_delimited)?;
    let index = i64::try_from(index).map_err(|_| not_delimited())?;
    let mut options = map([("delimiter", Value::String(delimiter))]);
    if index > 0 {
        options.insert("index", index);
    }
    Ok(Some(options))
}

/// Selects what an object of a file becomes: itself, or what its patch is for.
fn selector(object: &Value, patch: Option<&Map>) -> Map {
    let text = |key: &str| object.get("metadata").map(|m| field_text(m, key)).unwrap_or_default();
    let (name, namespace, kind) = (text("name"), text("namespace"), field_text(object, "kind"));
    let target = patch.and_then(|p| p.get("target")).and_then(Value::as_object);
    let may = |option: &str| {
        let options = patch.and_then(|p| p.get("options"));
        options.and_then(|o| o.get(option)).and_then(Value::as_bool).unwrap_or(false)
    };
    let (renames, rekinds) = (may("allowNameChange"), may("allowKindChange"));
    let Some(target) = target.filter(|_| !(renames && rekinds)) else {
        let (group, version) = split_api_version_owned(&field_text(object, "apiVersion"));
        return texts([
            ("group", &group),
            ("version", &version),
            ("kind", &kind),
            ("name", &name),
            ("namespace", &namespace),
        ]);
    };
    let mut select = target.clone();
    for (key, value, set) in
        [("name", name, renames), ("kind", kind, rekinds), ("namespace", namespace, true)]
    {
        if set && !value.is_empty() {
            select.insert(key, value);
        }
    }
    select
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_core::MemoryTree;

    const TOP: &str = "# shop
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- ../base
- pod.yaml # web
patches:
- path: patch.yaml
  target: {kind: Pod, name: p}
vars:
- name: HOST
  objref: {kind: Service, name: s, apiVersion: v1}
- name: PORT
  objref: {kind: Service, name: s, apiVersion: v1}
  fieldref: {fieldpath: 'spec.ports[0].port'}
- name: UNUSED
  objref: {kind: Service, name: s, apiVersion: v1}
";

    fn tree(pod: &str) -> MemoryTree {
        let base = "resources: [d.yaml]\n";
        let deployment =
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, annotations: {a.b/c: $(HOST)}}\n";
        let patch = "kind: Pod\nmetadata: {name: other, namespace: n}\nspec: {x: [a-$(HOST)-b]}\n";
        let files = [
            ("top/pod.yaml", pod),
            ("top/patch.yaml", patch),
            ("base/kustomization.yaml", base),
            ("base/d.yaml", deployment),
        ];
        MemoryTree::new(files.map(|(path, text)| (path.to_owned(), text.to_owned()))).unwrap()
    }

    #[test]
    fn vars_become_replacements_and_placeholders() {
        let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {url: $(HOST):$(PORT)} # url\n";
        let done = without_vars(&tree(pod), "top", TOP).unwrap();
        let (kept, _) = TOP.split_once("vars:").unwrap();
        let expected = format!(
            "{kept}replacements:
- source:
    kind: Service
    name: s
    version: v1
  targets:
  - fieldPaths:
    - metadata.annotations.[a.b/c]
    select:
      group: apps
      kind: Deployment
      name: d
      version: v1
  - fieldPaths:
    - spec.url
    options:
      delimiter: ':'
    select:
      kind: Pod
      name: p
      version: v1
  - fieldPaths:
    - spec.x.0
    options:
      delimiter: '-'
      index: 1
    select:
      kind: Pod
      name: p
      namespace: \"n\"
- source:
    fieldPath: spec.ports.0.port
    kind: Service
    name: s
    version: v1
  targets:
  - fieldPaths:
    - spec.url
    options:
      delimiter: ':'
      index: 1
    select:
      kind: Pod
      name: p
      version: v1
"
        );
        assert_eq!(done.kustomization, expected);
        assert_eq!(done.files.keys().collect::<Vec<_>>(), ["base/d.yaml", "top/patch.yaml", "top/pod.yaml"]);
        let placeholders = pod.replace("$(HOST)", "HOST_PLACEHOLDER").replace("$(PORT)", "PORT_PLACEHOLDER");
        assert_eq!(done.files["top/pod.yaml"], placeholders);
    }

    #[test]
    fn a_var_that_nothing_delimits_is_an_error() {
        let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {url: x$(HOST)/y}\n";
        let error = without_vars(&tree(pod), "top", TOP).unwrap_err().to_string();
        assert!(error.contains("top/pod.yaml") && error.contains("not delimited"), "{error}");
    }
}
