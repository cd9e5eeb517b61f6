use crate::overrides::parse_image;
use crate::{Error, kustomization::Image};
use fairway_value::{Array, Map, Str, Value};

/// One change to a kustomization.
#[derive(Clone, Debug, PartialEq, Eq)]
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
            Self::Resource(path) => add_item(&mut map, "resources", path)?,
            Self::Component(path) => add_item(&mut map, "components", path)?,
        }
        Ok(Value::Object(map))
    }
}

fn set_text(map: &mut Map, field: &str, text: &Str) {
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

fn list<'m>(map: &'m mut Map, field: &str) -> Result<&'m mut Array, Error> {
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
