//! The quick way to a verdict: every field that the configuration states is live as stated or differs in a plain value, in the
//! order stated, and the manager owns exactly these fields. Whatever is not plain goes the long way.

use crate::FieldChange;
use crate::compare::{At, Step};
use crate::predict::status_is_apart;
use fairway_schema::managed::{PathElement, equal};
use fairway_schema::{Empty, ListType, Scalar, Schemas, TypeRef};
use fairway_value::{Map, Str, Value};

/// Longest associative list that is compared entry by entry here.
const ENTRIES_MAX: usize = 64;

/// Most changed fields that are found here.
const CHANGES_MAX: usize = 64;

/// Metadata that never belongs to a manager.
const NEVER_OWNED: [&str; 9] = [
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "clusterName",
    "generation",
    "managedFields",
    "resourceVersion",
];

/// Kinds in which one changed field changes others, or whose values are masked.
const ENTANGLED: [&str; 5] = ["Service", "DaemonSet", "Secret", "ClusterRole", "PersistentVolumeClaim"];

/// What applying `desired` as `manager` surely changes, ordered as in the object; nothing where that needs the long way. An empty
/// list says that not even ownership changes.
pub(crate) fn plain_changes(
    desired: &Value,
    live: &Value,
    manager: &str,
    schemas: &Schemas,
) -> Option<Vec<FieldChange>> {
    let text =
        |o: &'_ Value, key: &str| o.get(key).and_then(Value::as_str).map(Str::from).unwrap_or_default();
    let (api_version, kind) = (text(desired, "apiVersion"), text(desired, "kind"));
    if text(live, "apiVersion") != api_version || text(live, "kind") != kind {
        return None;
    }
    let resource = schemas.resource(&api_version, &kind)?;
    let ty = schemas.type_of(&api_version, &kind)?;
    let entries = live.get_path(&["metadata", "managedFields"]).and_then(Value::as_array).unwrap_or_default();
    let own = entries.iter().find(|e| {
        e.get("manager").and_then(Value::as_str) == Some(manager)
            && e.get("operation").and_then(Value::as_str) == Some("Apply")
            && e.get("apiVersion").and_then(Value::as_str) == Some(&api_version)
            && e.get("subresource").is_none()
    });
    let fields = own.and_then(|e| e.get("fieldsV1")).and_then(Value::as_object)?;
    let (desired, live) = (desired.as_object()?, live.as_object()?);
    let apart = status_is_apart(&resource.subresources);
    // Custom kinds may have defaults for whatever a value is.
    let may_change = !resource.custom && !ENTANGLED.contains(&kind.as_str()) && manager != "kubectl";
    let mut walk = Walk { found: Vec::new(), may_change, name: String::from("f:") };
    let mut owned = 0;
    for (key, value) in desired.iter() {
        match key.as_str() {
            "apiVersion" | "kind" => continue,
            "status" if apart => continue,
            "metadata" => {
                let (meta, live_meta) =
                    (value.as_object()?, live.get("metadata").and_then(Value::as_object)?);
                let none = Map::new();
                let owned_meta = fields.get("f:metadata").and_then(Value::as_object);
                owned += usize::from(owned_meta.is_some());
                let meta_ty = ty.field("metadata").map(|f| f.ty)?;
                if !walk.metadata(meta_ty, meta, live_meta, owned_meta.unwrap_or(&none)) {
                    return None;
                }
            }
            _ => {
                if !walk.field(ty, (key, value), live, fields, &mut owned, None) {
                    return None;
                }
            }
        }
    }
    (owned == fields.len()).then_some(walk.found)
}

struct Walk {
    found: Vec<FieldChange>,
    may_change: bool,
    /// `f:` and a field's name, in one place for all of them.
    name: String,
}

impl Walk {
    fn metadata(&mut self, ty: TypeRef<'_>, desired: &Map, live: &Map, fields: &Map) -> bool {
        let at = At { parent: None, step: Step::Key("metadata") };
        let mut owned = 0;
        for (key, value) in desired.iter() {
            if NEVER_OWNED.contains(&key.as_str()) {
                let as_live = live.get(key).is_some_and(|l| equal(l, value));
                // Exported objects say `creationTimestamp: null`.
                if as_live || (value.is_null() && key == "creationTimestamp") {
                    continue;
                }
                return false;
            }
            if !self.field(ty, (key, value), live, fields, &mut owned, Some(&at)) {
                return false;
            }
        }
        owned == fields.len()
    }

    fn field(
        &mut self,
        ty: TypeRef<'_>,
        (key, value): (&str, &Value),
        live: &Map,
        fields: &Map,
        owned: &mut usize,
        parent: Option<&At<'_>>,
    ) -> bool {
        let (Some(child), Some(live)) = (ty.field(key), live.get(key)) else { return false };
        // Fields of maps are members themselves where they are not declared; declared ones are not.
        let declared = !child.name.is_empty();
        self.name.truncate(2);
        self.name.push_str(key);
        match fields.get(&self.name) {
            Some(Value::Object(below)) => {
                *owned += 1;
                let at = At { parent, step: Step::Key(key) };
                self.matches(child.ty, value, live, below, declared, &at)
            }
            Some(_) => false,
            // A declared field with nothing owned in it: an empty list.
            None => declared && value.as_array().is_some_and(<[Value]>::is_empty) && equal(value, live),
        }
    }

    /// Whether a value is live as stated, or differs plainly, and is owned exactly as stated. `declared` fields are no members
    /// unless they are leaves.
    fn matches(
        &mut self,
        ty: TypeRef<'_>,
        value: &Value,
        live: &Value,
        fields: &Map,
        declared: bool,
        at: &At<'_>,
    ) -> bool {
        match value {
            Value::Null => false,
            Value::Object(map) if ty.is_map() => {
                if ty.is_atomic_map() {
                    return fields.is_empty() && filled(ty, value, live);
                }
                if map.is_empty() {
                    return fields.is_empty() && equal(value, live);
                }
                let Some(live) = live.as_object() else { return false };
                let mut owned = usize::from(fields.contains_key("."));
                if declared == fields.contains_key(".") {
                    return false;
                }
                for (key, value) in map.iter() {
                    if !self.field(ty, (key, value), live, fields, &mut owned, Some(at)) {
                        return false;
                    }
                }
                owned == fields.len()
            }
            Value::Array(items) if ty.is_list() => {
                if ty.list_type() == Some(ListType::Atomic) {
                    return fields.is_empty() && filled(ty, value, live);
                }
                let Some(live) = live.as_array() else { return false };
                self.entries(ty, items, live, fields, declared, at)
            }
            _ => fields.is_empty() && (equal(value, live) || self.changed(ty, value, live, at)),
        }
    }

    /// Takes note of a plain value that takes the place of another: nothing else follows from it.
    fn changed(&mut self, ty: TypeRef<'_>, value: &Value, live: &Value, at: &At<'_>) -> bool {
        let plain = match (ty.scalar(), value, live) {
            (Some(Scalar::String), Value::String(new), Value::String(old)) => {
                !new.is_empty() && !old.is_empty()
            }
            (Some(Scalar::Bool), Value::Bool(new), Value::Bool(_)) => *new,
            (Some(Scalar::Int32), Value::Int(new), Value::Int(_)) => *new != 0 && i32::try_from(*new).is_ok(),
            (Some(Scalar::Int64), Value::Int(new), Value::Int(_)) => *new != 0,
            _ => false,
        };
        // What a type is decides which other fields there are.
        let decides = matches!(at.step, Step::Key("type"));
        if !self.may_change || !plain || decides || ty.is_any() || self.found.len() >= CHANGES_MAX {
            return false;
        }
        let mut path = String::new();
        at.pointer(&mut path);
        self.found.push(FieldChange {
            path: path.into(),
            before: Some(live.clone()),
            after: Some(value.clone()),
        });
        true
    }

    fn entries(
        &mut self,
        ty: TypeRef<'_>,
        items: &[Value],
        live: &[Value],
        fields: &Map,
        declared: bool,
        parent: &At<'_>,
    ) -> bool {
        if items.is_empty() || live.len() > ENTRIES_MAX || declared == fields.contains_key(".") {
            return false;
        }
        let Some(item_ty) = ty.items() else { return false };
        let mut owned = usize::from(fields.contains_key("."));
        let mut from = 0;
        for item in items {
            let Some(element) = element(ty, item_ty, item) else { return false };
            let mut twins = live.iter().enumerate().filter(|(_, l)| is_twin(ty, item_ty, item, l));
            let (Some((at, twin)), None) = (twins.next(), twins.next()) else { return false };
            if at < from {
                return false;
            }
            from = at + 1;
            let Some(Value::Object(below)) = fields.get(&element.to_key()) else { return false };
            owned += 1;
            let fits = match item {
                // Entries of a list are members themselves.
                Value::Object(_) => {
                    let at = At { parent: Some(parent), step: Step::Entry(at) };
                    self.matches(item_ty, item, twin, below, false, &at)
                }
                _ => below.is_empty() && equal(item, twin),
            };
            if !fits {
                return false;
            }
        }
        owned == fields.len()
    }
}

/// Whether two entries of an associative list have the same keys.
fn is_twin(ty: TypeRef<'_>, item_ty: TypeRef<'_>, a: &Value, b: &Value) -> bool {
    let keys = ty.list_keys();
    if keys.is_empty() {
        return equal(a, b);
    }
    keys.iter().all(|key| {
        let of = |item: &'_ Value| item.get(key).cloned().or_else(|| item_ty.field(key)?.default.cloned());
        match (a.get(key), b.get(key)) {
            (Some(a), Some(b)) => equal(a, b),
            _ => of(a) == of(b),
        }
    })
}

/// What the server fills in for parts that are replaced as a whole, beside what OpenAPI says of it: type, field, value.
const FILLED: [(&str, &str, &str); 7] = [
    ("io.k8s.api.core.v1.ObjectFieldSelector", "apiVersion", "v1"),
    ("io.k8s.api.core.v1.PersistentVolumeClaimSpec", "volumeMode", "Filesystem"),
    ("io.k8s.api.core.v1.PersistentVolumeClaim", "apiVersion", "v1"),
    ("io.k8s.api.core.v1.PersistentVolumeClaim", "kind", "PersistentVolumeClaim"),
    ("io.k8s.api.core.v1.PersistentVolumeClaimStatus", "phase", "Pending"),
    ("io.k8s.api.networking.v1.NetworkPolicyPort", "protocol", "TCP"),
    ("io.k8s.api.rbac.v1.RoleRef", "apiGroup", "rbac.authorization.k8s.io"),
];

/// Whether a value is live as stated, but for what the server fills in.
fn filled(ty: TypeRef<'_>, value: &Value, live: &Value) -> bool {
    match (value, live) {
        (Value::Object(stated), Value::Object(live)) if ty.is_map() => {
            let given = |(key, value): (&Str, &Value)| {
                let Some(field) = ty.field(key) else { return false };
                live.get(key).is_some_and(|l| filled(field.ty, value, l))
            };
            let added = |(key, value): (&Str, &Value)| {
                let Some(field) = ty.field(key) else { return false };
                let said = |(name, field, filled): &(&str, &str, &str)| {
                    *name == ty.name() && *field == key.as_str() && value.as_str() == Some(filled)
                };
                field.default.is_some_and(|d| !d.is_null() && equal(d, value))
                    || FILLED.iter().any(said)
                    // A struct by value; one behind a pointer is there because somebody said so.
                    || (field.empty == Empty::Struct && filled(field.ty, &Value::object(), value))
            };
            stated.iter().all(given) && live.iter().all(|(k, v)| stated.contains_key(k) || added((k, v)))
        }
        (Value::Array(stated), Value::Array(live)) if ty.is_list() => {
            let Some(item) = ty.items() else { return false };
            stated.len() == live.len() && stated.iter().zip(live.iter()).all(|(s, l)| filled(item, s, l))
        }
        (Value::Null, _) => false,
        _ => equal(value, live),
    }
}

fn element(ty: TypeRef<'_>, item_ty: TypeRef<'_>, item: &Value) -> Option<PathElement> {
    let keys = ty.list_keys();
    if keys.is_empty() {
        return matches!(item, Value::String(_) | Value::Int(_) | Value::Bool(_))
            .then(|| PathElement::Value(item.clone()));
    }
    let mut fields: Vec<(Str, Value)> = Vec::with_capacity(keys.len());
    for key in keys {
        if let Some(value) = item.get(key).or_else(|| item_ty.field(key)?.default) {
            fields.push((key.clone(), value.clone()));
        }
    }
    fields.sort_by(|a, b| a.0.cmp(&b.0));
    (!fields.is_empty()).then(|| PathElement::Key(fields.into()))
}
