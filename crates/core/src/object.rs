use crate::{Gvk, ObjectKey};
use fairway_value::{Map, Str, Value};
use std::fmt;

/// A Kubernetes object: a map with `apiVersion` and `kind`. `Debug` shows its key only, so that no Secret leaks.
#[derive(Clone, PartialEq, Default)]
pub struct Object(Value);

impl Object {
    /// Wraps a value. Missing fields read as empty; renderers refuse such objects with file and line.
    #[must_use]
    pub fn new(value: Value) -> Self {
        Self(value)
    }

    /// Returns the whole tree.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// Returns the whole tree for writing.
    pub fn value_mut(&mut self) -> &mut Value {
        &mut self.0
    }

    /// Unwraps the tree.
    #[must_use]
    pub fn into_value(self) -> Value {
        self.0
    }

    fn text(&self, path: &[&str]) -> &str {
        self.0.get_path(path).and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns `apiVersion`, empty where missing.
    #[must_use]
    pub fn api_version(&self) -> &str {
        self.text(&["apiVersion"])
    }

    /// Returns `kind`, empty where missing.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.text(&["kind"])
    }

    /// Returns the API group; empty for the core group.
    #[must_use]
    pub fn group(&self) -> &str {
        self.api_version().split_once('/').map_or("", |(group, _)| group)
    }

    /// Returns group, version and kind.
    #[must_use]
    pub fn gvk(&self) -> Gvk {
        Gvk::from_api_version(self.api_version(), self.kind())
    }

    /// Returns `metadata.name`, empty where missing.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text(&["metadata", "name"])
    }

    /// Returns `metadata.generateName`, empty where missing.
    #[must_use]
    pub fn generate_name(&self) -> &str {
        self.text(&["metadata", "generateName"])
    }

    /// Returns `metadata.namespace`, empty where missing.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.text(&["metadata", "namespace"])
    }

    /// Returns `metadata.uid`, empty where missing.
    #[must_use]
    pub fn uid(&self) -> &str {
        self.text(&["metadata", "uid"])
    }

    /// Returns `metadata.resourceVersion`, empty where missing.
    #[must_use]
    pub fn resource_version(&self) -> &str {
        self.text(&["metadata", "resourceVersion"])
    }

    /// Returns `metadata.creationTimestamp` (RFC 3339), empty where missing.
    #[must_use]
    pub fn creation_timestamp(&self) -> &str {
        self.text(&["metadata", "creationTimestamp"])
    }

    /// Returns `metadata.deletionTimestamp`, if the object is being deleted.
    #[must_use]
    pub fn deletion_timestamp(&self) -> Option<&str> {
        self.0.get_path(&["metadata", "deletionTimestamp"]).and_then(Value::as_str)
    }

    /// Returns the labels, if there are any.
    #[must_use]
    pub fn labels(&self) -> Option<&Map> {
        self.0.get_path(&["metadata", "labels"]).and_then(Value::as_object)
    }

    /// Returns the annotations, if there are any.
    #[must_use]
    pub fn annotations(&self) -> Option<&Map> {
        self.0.get_path(&["metadata", "annotations"]).and_then(Value::as_object)
    }

    /// Returns one label.
    #[must_use]
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels()?.get(key)?.as_str()
    }

    /// Returns one annotation.
    #[must_use]
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations()?.get(key)?.as_str()
    }

    /// Sets one annotation and makes the maps that are missing.
    pub fn set_annotation(&mut self, key: &str, value: impl Into<Str>) {
        self.0.set_path(&["metadata", "annotations", key], value.into());
    }

    /// Sets one label and makes the maps that are missing.
    pub fn set_label(&mut self, key: &str, value: impl Into<Str>) {
        self.0.set_path(&["metadata", "labels", key], value.into());
    }

    /// Sets `metadata.namespace`.
    pub fn set_namespace(&mut self, namespace: impl Into<Str>) {
        self.0.set_path(&["metadata", "namespace"], namespace.into());
    }

    /// Sets `metadata.name`.
    pub fn set_name(&mut self, name: impl Into<Str>) {
        self.0.set_path(&["metadata", "name"], name.into());
    }

    /// Returns the finalizers.
    pub fn finalizers(&self) -> impl Iterator<Item = &str> {
        let list = self.0.get_path(&["metadata", "finalizers"]).and_then(Value::as_array).unwrap_or_default();
        list.iter().filter_map(Value::as_str)
    }

    /// Returns what names the object in a cluster.
    #[must_use]
    pub fn key(&self) -> ObjectKey {
        ObjectKey::new(self.group(), self.kind(), self.namespace(), self.name())
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Object({})", self.key())
    }
}

/// Where a rendered object comes from, for messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Path of the file inside the source, `/`-separated; empty where it is generated.
    pub file: Str,
    /// Line of the document in that file, from 1; 0 where unknown.
    pub line: u32,
    /// Index of the source of a multi-source App.
    pub source: u16,
}

/// An object as the source wants it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Desired {
    /// The object.
    pub object: Object,
    /// Where it comes from.
    pub origin: Origin,
}

/// An object as the cluster has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Live(pub Object);

impl std::ops::Deref for Live {
    type Target = Object;
    fn deref(&self) -> &Object {
        &self.0
    }
}

impl std::ops::Deref for Desired {
    type Target = Object;
    fn deref(&self) -> &Object {
        &self.object
    }
}
