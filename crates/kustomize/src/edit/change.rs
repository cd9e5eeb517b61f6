use super::fix::fix;
use super::generator;
use crate::overrides::parse_image;
use crate::{Error, kustomization::Image};
use fairway_core::glob_match;
use fairway_value::{Array, Map, Str, Value};

/// One change to a kustomization.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// `set image`: `name=new:tag`, `name:tag` or `name@digest`; an asterisk keeps what is there.
    Image(Str),
    /// `set replicas`: how many of the workload of a name.
    Replicas(Str, i64),
    /// `set namespace`.
    Namespace(Str),
    /// `set nameprefix`.
    NamePrefix(Str),
    /// `set namesuffix`.
    NameSuffix(Str),
    /// `set label`: a label of all objects, their selectors included.
    Label(Str, Str),
    /// `set annotation`: an annotation of all objects.
    Annotation(Str, Str),
    /// `add resource`: a file, a directory or an address.
    Resource(Str),
    /// `add component`.
    Component(Str),
    /// `add` to a list; what is there already stays as it is.
    Add(ListField, Str),
    /// `remove` from a list, a name or a pattern; what is not there is passed over.
    Remove(ListField, Str),
    /// `set` a list.
    SetList(ListField, Vec<Str>),
    /// `add label` or `add annotation`: an error where the key is there, unless it is to be overwritten.
    AddEntry {
        /// Where.
        field: MapField,
        /// The key.
        key: Str,
        /// Its value.
        value: Str,
        /// Whether one that is there is overwritten.
        force: bool,
    },
    /// `remove label` or `remove annotation`: an error where the key is not there.
    RemoveEntry(MapField, Str),
    /// `add label --without-selector`: an entry of `labels`; an error where a key is there, unless it is to be overwritten.
    AddLabels {
        /// The labels.
        pairs: Vec<(Str, Str)>,
        /// Whether the templates of workloads get them too.
        templates: bool,
        /// Whether those that are there are overwritten.
        force: bool,
    },
    /// `add configmap` or `add secret`: into the generator of that name and namespace, a new one where there is none.
    AddGenerator(GeneratorField, NewGenerator),
    /// `set configmap` or `set secret`: new values of literals that are there.
    SetGenerator(GeneratorField, NewGenerator, Option<Str>),
    /// `remove configmap` or `remove secret`: name and namespace.
    RemoveGenerator(GeneratorField, Str, Str),
    /// `add patch`: an entry of `patches`; one that is there stays as it is.
    AddPatch(Map),
    /// `remove patch`: the entry that is equal.
    RemovePatch(Map),
    /// `fix`: legacy fields become those that stand for them now.
    Fix,
    /// Takes `vars` out and adds replacements, as [`super::without_vars`] makes them.
    ReplaceVars(Array),
}

/// A list of a kustomization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListField {
    /// `resources`.
    Resources,
    /// `components`.
    Components,
    /// `generators`.
    Generators,
    /// `transformers`.
    Transformers,
    /// `configurations`.
    Configurations,
    /// `buildMetadata`.
    BuildMetadata,
}

impl ListField {
    fn name(self) -> &'static str {
        match self {
            Self::Resources => "resources",
            Self::Components => "components",
            Self::Generators => "generators",
            Self::Transformers => "transformers",
            Self::Configurations => "configurations",
            Self::BuildMetadata => "buildMetadata",
        }
    }
}

/// A map of a kustomization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapField {
    /// `commonLabels`.
    Labels,
    /// `commonAnnotations`.
    Annotations,
}

impl MapField {
    fn name(self) -> &'static str {
        match self {
            Self::Labels => "commonLabels",
            Self::Annotations => "commonAnnotations",
        }
    }
}

/// The generators of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GeneratorField {
    /// `configMapGenerator`.
    ConfigMaps,
    /// `secretGenerator`.
    Secrets,
}

impl GeneratorField {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::ConfigMaps => "configMapGenerator",
            Self::Secrets => "secretGenerator",
        }
    }
}

/// What a generator is given; empty texts and lists are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewGenerator {
    /// Name of the ConfigMap or Secret.
    pub name: Str,
    /// Its namespace; empty for none, which is the same as `default`.
    pub namespace: Str,
    /// `create`, `merge` or `replace`.
    pub behavior: Str,
    /// Type of a Secret.
    pub secret_type: Str,
    /// `key=value` each.
    pub literals: Vec<Str>,
    /// `path` or `key=path` each.
    pub files: Vec<Str>,
    /// Files of `key=value` lines.
    pub envs: Vec<Str>,
    /// Whether the name gets no hash.
    pub disable_name_suffix_hash: bool,
}

impl Edit {
    /// Returns the kustomization with the change made.
    pub(super) fn apply(&self, before: &Value) -> Result<Value, Error> {
        let mut map = match before {
            Value::Object(map) => map.clone(),
            Value::Null => Map::default(),
            other => {
                return Err(Error::Invalid(format!(
                    "a kustomization is a map, this is a {}",
                    other.type_name()
                )));
            }
        };
        match self {
            Self::Image(argument) => set_image(&mut map, &parse_image(argument)?)?,
            Self::Replicas(name, count) => {
                let entry = named(&mut map, "replicas", name)?;
                entry.insert("count", Value::Int(*count));
            }
            Self::Namespace(text) => set_text(&mut map, "namespace", text),
            Self::NamePrefix(text) => set_text(&mut map, "namePrefix", text),
            Self::NameSuffix(text) => set_text(&mut map, "nameSuffix", text),
            Self::Label(key, value) => set_entry(&mut map, "commonLabels", key, value)?,
            Self::Annotation(key, value) => set_entry(&mut map, "commonAnnotations", key, value)?,
            Self::Resource(path) => {
                // Old files have their folders in a list of their own.
                let bases = map.get("bases").and_then(Value::as_array).unwrap_or_default();
                if !bases.iter().any(|b| b.as_str() == Some(path)) {
                    add_item(&mut map, "resources", path)?;
                }
            }
            Self::Component(path) => add_item(&mut map, "components", path)?,
            Self::Add(field, item) => add_item(&mut map, field.name(), item)?,
            Self::Remove(field, item) => {
                let goes = |text: &str| text == item.as_str() || glob_match(item, text, Some('/'));
                remove_items(&mut map, field.name(), |i| i.as_str().is_some_and(goes))?;
            }
            Self::SetList(field, items) => {
                let items: Array = items.iter().map(|i| Value::String(i.clone())).collect();
                map.insert(field.name(), Value::Array(items));
            }
            Self::AddEntry { field, key, value, force } => {
                if !force && map.get(field.name()).and_then(|m| m.get(key)).is_some() {
                    return Err(Error::Invalid(format!(
                        "{}: `{key}` is there already; --force overwrites it",
                        field.name()
                    )));
                }
                set_entry(&mut map, field.name(), key, value)?;
            }
            Self::RemoveEntry(field, key) => remove_entry(&mut map, field.name(), key)?,
            Self::AddLabels { pairs, templates, force } => add_labels(&mut map, pairs, *templates, *force)?,
            Self::AddGenerator(field, new) => generator::add(&mut map, *field, new)?,
            Self::SetGenerator(field, new, namespace) => {
                generator::set(&mut map, *field, new, namespace.as_ref())?;
            }
            Self::RemoveGenerator(field, name, namespace) => {
                generator::remove(&mut map, *field, name, namespace)?;
            }
            Self::AddPatch(patch) => {
                let list = list(&mut map, "patches")?;
                if !list.iter().any(|p| p.as_object() == Some(patch)) {
                    list.push(Value::Object(patch.clone()));
                }
            }
            Self::RemovePatch(patch) => {
                if remove_items(&mut map, "patches", |p| p.as_object() == Some(patch))? == 0 {
                    return Err(Error::invalid(
                        "patches: there is no such patch; name its path or text and its whole target",
                    ));
                }
            }
            Self::Fix => fix(&mut map)?,
            Self::ReplaceVars(replacements) => {
                map.remove("vars");
                if !replacements.is_empty() {
                    list(&mut map, "replacements")?.extend(replacements.iter().cloned());
                }
            }
        }
        Ok(Value::Object(map))
    }
}

pub(super) fn set_text(map: &mut Map, field: &str, text: &Str) {
    if text.is_empty() {
        map.remove(field);
    } else {
        map.insert(field, text.clone());
    }
}

fn wrong(field: &str, wanted: &str, found: &Value) -> Error {
    Error::Invalid(format!("{field}: expected a {wanted}, found a {}", found.type_name()))
}

fn set_entry(map: &mut Map, field: &str, key: &Str, value: &Str) -> Result<(), Error> {
    let at = map.entry_or_null(field);
    if at.is_null() {
        *at = Value::object();
    }
    let kind = wrong(field, "map", at);
    at.as_object_mut().ok_or(kind)?.insert(key.clone(), value.clone());
    Ok(())
}

fn remove_entry(map: &mut Map, field: &str, key: &Str) -> Result<(), Error> {
    let entries = map.get_mut(field).and_then(Value::as_object_mut);
    let gone = entries.is_some_and(|m| m.remove(key).is_some());
    if !gone {
        return Err(Error::Invalid(format!("{field}: there is no `{key}`")));
    }
    if map.get(field).and_then(Value::as_object).is_some_and(Map::is_empty) {
        map.remove(field);
    }
    Ok(())
}

/// Removes items of a list, and the list where none is left. Returns how many there were.
pub(super) fn remove_items(
    map: &mut Map,
    field: &str,
    goes: impl Fn(&Value) -> bool,
) -> Result<usize, Error> {
    if map.get(field).is_none_or(Value::is_null) {
        return Ok(0);
    }
    let items = list(map, field)?;
    let before = items.len();
    let kept: Array = items.iter().filter(|i| !goes(i)).cloned().collect();
    let gone = before - kept.len();
    if gone > 0 && kept.is_empty() {
        map.remove(field);
    } else if gone > 0 {
        *items = kept;
    }
    Ok(gone)
}

fn add_labels(map: &mut Map, pairs: &[(Str, Str)], templates: bool, force: bool) -> Result<(), Error> {
    let list = list(map, "labels")?;
    let fits = |entry: &Value| {
        let flag = |key: &str| entry.get(key).and_then(Value::as_bool).unwrap_or(false);
        !flag("includeSelectors") && flag("includeTemplates") == templates && entry.get("fields").is_none()
    };
    let at = list.iter().position(fits).unwrap_or_else(|| {
        let flag = templates.then(|| (Str::from("includeTemplates"), Value::Bool(true)));
        list.push(flag.into_iter().collect());
        list.len() - 1
    });
    let entry = &mut list.make_mut()[at];
    for (key, value) in pairs {
        if !force && entry.get_path(&["pairs", key]).is_some() {
            return Err(Error::Invalid(format!("labels: `{key}` is there already; --force overwrites it")));
        }
        entry.set_path(&["pairs", key], value.clone());
    }
    Ok(())
}

pub(super) fn list<'m>(map: &'m mut Map, field: &str) -> Result<&'m mut Array, Error> {
    let at = map.entry_or_null(field);
    if at.is_null() {
        *at = Value::array();
    }
    match at {
        Value::Array(list) => Ok(list),
        other => Err(wrong(field, "list", other)),
    }
}

fn add_item(map: &mut Map, field: &str, item: &Str) -> Result<(), Error> {
    let list = list(map, field)?;
    if !list.iter().any(|i| i.as_str() == Some(item)) {
        list.push(Value::String(item.clone()));
    }
    Ok(())
}

/// Returns the entry of a name in a list of maps, a new one at the end where there is none.
fn named<'m>(map: &'m mut Map, field: &str, name: &Str) -> Result<&'m mut Map, Error> {
    let list = list(map, field)?;
    let at =
        list.iter().position(|e| e.get("name").and_then(Value::as_str) == Some(name)).unwrap_or_else(|| {
            list.push([(Str::from("name"), Value::String(name.clone()))].into_iter().collect());
            list.len() - 1
        });
    let entry = &mut list.make_mut()[at];
    let kind = wrong(field, "map", entry);
    entry.as_object_mut().ok_or(kind)
}

fn set_image(map: &mut Map, image: &Image) -> Result<(), Error> {
    let entry = named(map, "images", &image.name)?;
    for (field, value) in
        [("newName", &image.new_name), ("newTag", &image.new_tag), ("digest", &image.digest)]
    {
        match value.as_str() {
            "*" => {}
            // What the argument does not name goes, as in kustomize: a tag and a digest cannot both hold.
            "" => {
                entry.remove(field);
            }
            text => {
                entry.insert(field, text);
            }
        }
    }
    Ok(())
}
