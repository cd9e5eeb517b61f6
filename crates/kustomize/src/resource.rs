//! One object on its way through the build, with what kustomize keeps in build annotations.

use crate::field::steps;
use crate::generate::encode;
use crate::id::{Gvk, ResId, split_api_version};
use crate::openapi::OpenApi;
use crate::raw::{self, may_be_timestamp};
use crate::scalar::{field_text, is_nil_or_empty, is_odd_key, resolve_plain, text};
use crate::shared::Shared;
use fairway_value::{Map, Str, Value};
use fairway_yaml::Step;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a generated object does to one of the same name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Behavior {
    #[default]
    Unspecified,
    Create,
    Replace,
    Merge,
}

impl Behavior {
    pub fn parse(word: &str) -> Self {
        match word {
            "create" => Self::Create,
            "replace" => Self::Replace,
            "merge" => Self::Merge,
            _ => Self::Unspecified,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::Create => "create",
            Self::Replace => "replace",
            Self::Merge => "merge",
        }
    }
}

/// A name that the object had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Previous {
    pub name: Str,
    pub namespace: Str,
    pub kind: Str,
}

/// What the build knows about an object beside its fields.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub previous: Vec<Previous>,
    pub prefixes: Vec<Str>,
    pub suffixes: Vec<Str>,
    pub behavior: Option<Behavior>,
    pub needs_hash: bool,
    pub allow_name_change: bool,
    pub allow_kind_change: bool,
    pub from_chart: bool,
    /// Whether names with commas make kustomize lose track of the object's former names.
    pub is_torn: bool,
}

impl State {
    /// Whether [`Resource::show_state`] has annotations to write.
    pub fn is_shown(&self) -> bool {
        !(self.previous.is_empty() && self.prefixes.is_empty() && self.suffixes.is_empty())
            || self.behavior.is_some()
            || self.needs_hash
            || self.allow_name_change
            || self.allow_kind_change
            || self.from_chart
    }
}

/// Scalars of maps that kustomize writes anew as texts, as they stood in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    pub labels: BTreeMap<Str, Str>,
    pub annotations: BTreeMap<Str, Str>,
    pub data: BTreeMap<Str, Str>,
    pub string_data: BTreeMap<Str, Str>,
}

/// Returns the text that a plain timestamp is read as.
fn resolve_timestamp(text: &str) -> Str {
    let parsed = fairway_yaml::parse_with(text, &fairway_yaml::Options::v3());
    parsed.ok().and_then(|v| v.as_str().map(Str::from)).unwrap_or_default()
}

/// Whether a value may have stood in the text in other words than it is written with.
fn is_rewritten(value: &Value) -> bool {
    match value {
        Value::Int(_) | Value::Uint(_) | Value::Float(_) => true,
        Value::String(text) => may_be_timestamp(text),
        _ => false,
    }
}

/// Reads a map of scalars as texts.
fn texts(map: Option<&Value>, written: &BTreeMap<Str, Str>) -> BTreeMap<Str, Str> {
    let entries = map.and_then(Value::as_object).into_iter().flat_map(Map::iter);
    let text_of = |k: &Str, v: &Value| match v {
        Value::String(s) => match written.get(k) {
            Some(text) if may_be_timestamp(s) && resolve_timestamp(text) == **s => text.clone(),
            _ => s.clone(),
        },
        other => written.get(k).cloned().or_else(|| text(other)).unwrap_or_default(),
    };
    entries.map(|(k, v)| (k.clone(), text_of(k, v))).collect()
}

/// An object, or `null` once a patch has deleted it.
#[derive(Clone, Debug, Default)]
pub struct Resource {
    pub value: Value,
    pub state: State,
    /// Names of the vars that read from this object.
    pub vars: Vec<Str>,
    /// Where nothing stands in the text, which a strategic-merge patch removes (unlike a `null` that is written).
    pub empty: Vec<Vec<Step>>,
    /// Labels, annotations and data as the text has them, of those that are no texts.
    pub written: Written,
    /// Entries of labels and annotations that are one for kustomize.
    pub shared: Vec<Shared>,
    /// The text that the object was read from, as long as it tells how things were written.
    pub source: Option<Arc<str>>,
    /// Which document of that text is the object, where one is.
    pub document: Option<usize>,
    /// Keys below the top, of this object or a patch for it, that are no texts: kustomize cannot write such maps.
    pub odd_keys: Vec<Str>,
    /// Whether the object, or a patch for it, was read with `.inf` or `.nan`, which the output cannot hold.
    pub may_be_infinite: bool,
    /// Whether the labels were made in the build and none of them was read.
    pub labels_made: bool,
    /// File and line, for messages.
    pub origin: fairway_core::Origin,
}

/// Prefix of kustomize's build annotations.
const DOMAIN: &str = "internal.config.kubernetes.io/";
/// Annotations of the readers that never reach the output.
const DROPPED: [&str; 5] = [
    "internal.config.kubernetes.io/path",
    "internal.config.kubernetes.io/index",
    "internal.config.kubernetes.io/seqindent",
    "config.kubernetes.io/path",
    "config.kubernetes.io/index",
];
/// More of them.
const DROPPED_MORE: [&str; 4] = [
    "internal.config.kubernetes.io/id",
    "internal.config.kubernetes.io/annotations-migration-resource-id",
    "config.k8s.io/id",
    "internal.config.kubernetes.io/refBy",
];
/// Where kustomize says which file an object is from.
pub const ORIGIN_ANNOTATION: &str = "config.kubernetes.io/origin";
/// Where kustomize says what changed an object.
pub const TRANSFORMATIONS_ANNOTATION: &str = "alpha.config.kubernetes.io/transformations";

impl Resource {
    pub fn new(value: Value) -> Self {
        Self { value, ..Self::default() }
    }

    /// Whether a patch has deleted the object.
    pub fn is_gone(&self) -> bool {
        is_nil_or_empty(&self.value)
    }

    pub fn kind(&self) -> Str {
        field_text(&self.value, "kind")
    }

    pub fn api_version(&self) -> Str {
        field_text(&self.value, "apiVersion")
    }

    pub fn gvk(&self) -> Gvk {
        Gvk::from_api_version(&self.api_version(), &self.kind())
    }

    /// Whether [`Resource::gvk`] is this.
    pub fn is_of_type(&self, gvk: &Gvk) -> bool {
        let text = |key: &str| self.value.get(key).and_then(Value::as_str);
        match (text("apiVersion"), text("kind")) {
            (Some(api_version), Some(kind)) => {
                let (group, version) = split_api_version(api_version);
                gvk.kind == kind && gvk.version == version && gvk.group == group
            }
            _ => self.gvk() == *gvk,
        }
    }

    pub fn name(&self) -> Str {
        self.metadata_text("name")
    }

    /// Whether this is the object's name, or was.
    pub fn is_or_was_called(&self, name: &str) -> bool {
        let is_called = match self.value.get("metadata").and_then(|m| m.get("name")) {
            Some(Value::String(text)) => text == name,
            _ => self.name() == name,
        };
        is_called || self.state.previous.iter().any(|p| p.name == name)
    }

    pub fn namespace(&self) -> Str {
        self.metadata_text("namespace")
    }

    fn metadata_text(&self, key: &str) -> Str {
        self.value.get("metadata").map(|m| field_text(m, key)).unwrap_or_default()
    }

    pub fn set_name(&mut self, name: &Str) {
        self.value.set_path(&["metadata", "name"], name.clone());
    }

    /// Sets the namespace; the empty one is removed.
    pub fn set_namespace(&mut self, namespace: &Str) {
        if namespace.is_empty() {
            self.value.remove_path(&["metadata", "namespace"]);
        } else {
            self.value.set_path(&["metadata", "namespace"], namespace.clone());
        }
    }

    /// Returns the identity that the object has now.
    pub fn id(&self, openapi: &OpenApi) -> ResId {
        let (api_version, kind) = (self.api_version(), self.kind());
        let cluster_scoped = openapi.is_cluster_scoped(&api_version, &kind);
        ResId {
            gvk: Gvk::from_api_version(&api_version, &kind),
            name: self.name(),
            namespace: self.namespace(),
            cluster_scoped,
        }
    }

    /// Returns the identities that the object had, the first one first.
    pub fn previous_ids(&self) -> impl Iterator<Item = ResId> + '_ {
        let api_version = if self.state.previous.is_empty() { Str::new() } else { self.api_version() };
        self.state.previous.iter().map(move |p| ResId {
            gvk: Gvk::from_api_version(&api_version, &p.kind),
            name: p.name.clone(),
            namespace: p.namespace.clone(),
            cluster_scoped: false,
        })
    }

    /// Returns the identity that the object was read with.
    pub fn original_id(&self, openapi: &OpenApi) -> ResId {
        self.previous_ids().next().unwrap_or_else(|| self.id(openapi))
    }

    /// Notes the present identity among those that the object had.
    pub fn store_previous_id(&mut self, openapi: &OpenApi) {
        let id = self.id(openapi);
        let namespace = Str::from(id.effective_namespace());
        let commas = |s: &str| s.matches(',').count();
        // kustomize keeps these in lists divided by commas and fails where they do not go together.
        self.state.is_torn |=
            commas(&id.name) != commas(&namespace) || commas(&namespace) != commas(&id.gvk.kind);
        self.state.previous.push(Previous { name: id.name, namespace, kind: id.gvk.kind });
        self.part_annotations();
    }

    pub fn labels(&self) -> BTreeMap<Str, Str> {
        texts(self.value.get_path(&["metadata", "labels"]), &self.written.labels)
    }

    pub fn annotations(&self) -> BTreeMap<Str, Str> {
        texts(self.value.get_path(&["metadata", "annotations"]), &self.written.annotations)
    }

    /// Replaces the labels or annotations; none removes the field.
    fn set_metadata_map(&mut self, field: &str, entries: BTreeMap<Str, Str>) {
        self.note_odd_keys(entries.keys());
        if entries.is_empty() {
            self.value.remove_path(&["metadata", field]);
        } else {
            let map: Map = entries.into_iter().map(|(k, v)| (k, Value::String(v))).collect();
            self.value.set_path(&["metadata", field], map);
        }
    }

    pub fn set_labels(&mut self, labels: BTreeMap<Str, Str>) {
        self.labels_made = true;
        self.set_metadata_map("labels", labels);
    }

    pub fn set_annotations(&mut self, annotations: BTreeMap<Str, Str>) {
        self.part_annotations();
        self.set_metadata_map("annotations", annotations);
    }

    pub fn annotation(&self, key: &str) -> Option<Str> {
        self.value.get_path(&["metadata", "annotations", key]).and_then(text)
    }

    pub fn set_annotation(&mut self, key: &str, value: &str) {
        let mut annotations = self.annotations();
        annotations.insert(key.into(), value.into());
        self.set_annotations(annotations);
    }

    /// Takes labels, annotations, name, namespace and state of an object that this one replaces.
    pub fn take_metadata_of(&mut self, old: &Self) {
        let mut labels = old.labels();
        labels.extend(self.labels());
        self.set_labels(labels);
        let mut annotations = old.annotations();
        annotations.extend(self.annotations());
        self.set_annotations(annotations);
        self.set_name(&old.name());
        self.set_namespace(&old.namespace());
        let needs_hash = old.state.needs_hash && self.state.needs_hash;
        self.state = State { needs_hash, ..old.state.clone() };
        self.vars.clone_from(&old.vars);
    }

    /// Adds another's entries of `data` and `binaryData` below its own; a Secret's `stringData` counts as `data`.
    ///
    /// # Errors
    /// A `stringData` that is no map of texts.
    pub fn merge_data_of(&mut self, old: &Self) -> Result<(), String> {
        let is_secret = self.kind() == "Secret" && self.api_version() == "v1";
        let encoded = if is_secret { old.encoded_string_data()? } else { BTreeMap::new() };
        for field in ["data", "binaryData"] {
            let mut merged = texts(old.value.get(field), &old.written.data);
            if field == "data" {
                merged.extend(encoded.clone());
            }
            merged.extend(texts(self.value.get(field), &self.written.data));
            if let Some(map) = self.value.as_object_mut() {
                if merged.is_empty() {
                    map.remove(field);
                } else {
                    map.insert(
                        field,
                        merged.into_iter().map(|(k, v)| (k, Value::String(v))).collect::<Map>(),
                    );
                }
            }
        }
        Ok(())
    }

    /// Returns `stringData` as `data` would hold it.
    fn encoded_string_data(&self) -> Result<BTreeMap<Str, Str>, String> {
        let found = match self.value.get("stringData") {
            None | Some(Value::Null) => return Ok(BTreeMap::new()),
            Some(found) => found,
        };
        let wrong = |what: &str| Err(format!("{}/{}: stringData{what}", self.gvk(), self.name()));
        let Value::Object(map) = found else { return wrong(" is no map") };
        if let Some((key, _)) = map.iter().find(|(_, v)| matches!(v, Value::Array(_) | Value::Object(_))) {
            return wrong(&format!(": the value of `{key}` is no text"));
        }
        let entries = texts(Some(found), &self.written.string_data).into_iter();
        Ok(entries.map(|(k, v)| (k, encode(v.as_bytes()).into())).collect())
    }

    /// Writes the state as the annotations that kustomize keeps it in, for patches that may see them.
    pub fn show_state(&mut self) {
        let s = &self.state;
        let mut shown: Vec<(&str, String)> = Vec::new();
        if !s.previous.is_empty() {
            let join = |get: fn(&Previous) -> &Str| {
                s.previous.iter().map(|p| get(p).as_str()).collect::<Vec<_>>().join(",")
            };
            shown.push(("previousNames", join(|p| &p.name)));
            shown.push(("previousNamespaces", join(|p| &p.namespace)));
            shown.push(("previousKinds", join(|p| &p.kind)));
        }
        for (key, list) in [("prefixes", &s.prefixes), ("suffixes", &s.suffixes)] {
            if !list.is_empty() {
                shown.push((key, list.iter().map(Str::as_str).collect::<Vec<_>>().join(",")));
            }
        }
        let flags = [
            ("needsHashSuffix", s.needs_hash),
            ("allowNameChange", s.allow_name_change),
            ("allowKindChange", s.allow_kind_change),
        ];
        shown.extend(flags.into_iter().filter(|(_, on)| *on).map(|(key, _)| (key, "enabled".to_owned())));
        if let Some(behavior) = s.behavior {
            shown.push(("generatorBehavior", behavior.name().to_owned()));
        }
        if s.from_chart {
            shown.push(("helm-generated", "true".to_owned()));
        }
        for (key, value) in shown {
            self.value.set_path(&["metadata", "annotations", &format!("{DOMAIN}{key}")], value);
        }
    }

    /// Takes the state out of the annotations, wherever they came from.
    ///
    /// # Errors
    /// Lists of previous names that do not go together.
    pub fn hide_state(&mut self) -> Result<(), String> {
        let Some(annotations) =
            self.value.get_path_mut(&["metadata", "annotations"]).and_then(Value::as_object_mut)
        else {
            return Ok(());
        };
        if !annotations.keys().any(|k| k.starts_with(DOMAIN)) {
            return Ok(());
        }
        let mut take = |key: &str| annotations.remove(&format!("{DOMAIN}{key}")).and_then(|v| text(&v));
        let split = |t: Option<Str>| -> Vec<Str> {
            t.map(|t| t.split(',').map(Str::from).collect()).unwrap_or_default()
        };
        let (names, namespaces, kinds) =
            (split(take("previousNames")), split(take("previousNamespaces")), split(take("previousKinds")));
        if names.len() != namespaces.len() || names.len() != kinds.len() {
            return Err(format!(
                "the annotations {DOMAIN}previousNames, …Namespaces and …Kinds do not go together; remove them from the file"
            ));
        }
        let previous = names.into_iter().zip(namespaces).zip(kinds);
        self.state = State {
            previous: previous.map(|((name, namespace), kind)| Previous { name, namespace, kind }).collect(),
            prefixes: split(take("prefixes")),
            suffixes: split(take("suffixes")),
            behavior: take("generatorBehavior").map(|b| Behavior::parse(&b)),
            needs_hash: take("needsHashSuffix").as_deref() == Some("enabled"),
            allow_name_change: take("allowNameChange").as_deref() == Some("enabled"),
            allow_kind_change: take("allowKindChange").as_deref() == Some("enabled"),
            from_chart: take("helm-generated").as_deref() == Some("true"),
            is_torn: self.state.is_torn,
        };
        if annotations.is_empty() {
            self.value.remove_path(&["metadata", "annotations"]);
        }
        Ok(())
    }

    /// Returns the text of a scalar: a number as it was written, where it is still the same.
    pub fn text_at(&self, path: &[Str], value: &Value) -> Option<Str> {
        let plain = text(value)?;
        let (true, Some(source), Some(document)) = (is_rewritten(value), &self.source, self.document) else {
            return Some(plain);
        };
        let path = steps(&self.value, path)?;
        let written = raw::plain_text(source, document, &path);
        let is_same = |w: &Str| match value {
            Value::String(stamp) => resolve_timestamp(w) == **stamp,
            Value::Float(f) if !f.is_finite() => true,
            _ => resolve_plain(w) == *value,
        };
        Some(written.filter(is_same).unwrap_or(plain))
    }

    /// Returns the name as it was written, where it is a number or a timestamp.
    pub fn name_as_written(&self) -> Option<Str> {
        let name = self.value.get("metadata")?.get("name")?;
        if is_rewritten(name) { self.text_at(&["metadata".into(), "name".into()], name) } else { None }
    }

    /// Looks for what the output, which goes through JSON, cannot hold.
    ///
    /// # Errors
    /// `.inf` or `.nan` somewhere in the object.
    pub fn check_numbers(&self) -> Result<(), String> {
        match raw::infinity(&self.value).filter(|_| self.may_be_infinite) {
            Some(f) => Err(format!(
                "unsupported value: {}, which JSON cannot hold; put it in quotes if a text is meant",
                fairway_yaml::format_g(f)
            )),
            None => Ok(()),
        }
    }

    /// Whether the object differs from what it was before a validator ran by no more than the label `validated-by`.
    ///
    /// kustomize takes that label out of a copy to compare, which writes the other labels anew; they are equal after that
    /// only where they were made in the build and not read.
    pub fn is_only_validated(&self, before: &Self) -> bool {
        const LABEL: &str = "validated-by";
        let mut labels = self.labels();
        if labels.remove(LABEL).is_none() {
            return self.value == before.value;
        }
        if before.labels().contains_key(LABEL) || (!labels.is_empty() && !before.labels_made) {
            return false;
        }
        let mut copy = self.clone();
        copy.set_labels(labels);
        copy.value == before.value
    }

    /// Notes those of the keys that were made just now which are no texts without quotes.
    pub fn note_odd_keys<'k>(&mut self, keys: impl Iterator<Item = &'k Str>) {
        self.odd_keys.extend(keys.filter(|key| is_odd_key(key)).cloned());
    }

    /// Returns a key below the top that is no text.
    pub fn odd_key(&self) -> Option<&Str> {
        fn is_in(value: &Value, key: &str) -> bool {
            match value {
                Value::Array(list) => list.iter().any(|item| is_in(item, key)),
                Value::Object(map) => map.contains_key(key) || map.values().any(|inner| is_in(inner, key)),
                _ => false,
            }
        }
        let inner = || self.value.as_object().into_iter().flat_map(Map::values);
        self.odd_keys.iter().find(|key| inner().any(|value| is_in(value, key)))
    }

    /// Looks at the annotations, which kustomize writes anew: keys that are no texts without quotes are none then.
    ///
    /// # Errors
    /// A list where a map should be.
    pub fn check_annotations(&mut self) -> Result<(), String> {
        match self.value.get_path(&["metadata", "annotations"]) {
            Some(Value::Array(list)) if !list.is_empty() => {
                Err("metadata.annotations: expected a map, found a list".to_owned())
            }
            Some(Value::Object(map)) if map.keys().any(|key| is_odd_key(key)) => {
                let map = map.clone();
                self.note_odd_keys(map.keys());
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Removes what never reaches the output and makes all annotations texts.
    pub fn clean(&mut self, keep_origin: bool, keep_transformations: bool) {
        let Some(found) = self.value.get_path(&["metadata", "annotations"]) else { return };
        let plain = found.as_object().is_some_and(|m| {
            let is_text = |v: &Value| matches!(v, Value::String(s) if !may_be_timestamp(s));
            !m.is_empty() && m.iter().all(|(k, v)| is_text(v) && !k.contains("config.k"))
        });
        if plain {
            return;
        }
        let mut annotations = self.annotations();
        annotations.retain(|k, _| !DROPPED.contains(&k.as_str()) && !DROPPED_MORE.contains(&k.as_str()));
        if !keep_origin {
            annotations.remove(ORIGIN_ANNOTATION);
        }
        if !keep_transformations {
            annotations.remove(TRANSFORMATIONS_ANNOTATION);
        }
        self.set_annotations(annotations);
    }
}
