use super::{config, core, former, workload};
use crate::canonical::{Twin, Twins, is_twin};
use crate::types::Empty;
use crate::{Scalar, Schemas, TypeRef, structural};
use fairway_value::{Map, Value};

/// Fills in the defaults of the object's kind. Objects of unknown kinds are left as they are.
///
/// The object should be in stored form ([`crate::canonical`]): structs by value must be there to be looked into.
pub fn apply(object: &mut Value, schemas: &Schemas) {
    apply_over(object, None, schemas);
}

/// As [`apply`], without what only converting an object to the server's own version fills in: what the code for defaults alone does,
/// which Argo CD runs on what it compares.
pub fn apply_unconverted(object: &mut Value, schemas: &Schemas) {
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
    let Some(resource) = schemas.resource(text("apiVersion"), text("kind")).filter(|r| !r.custom) else {
        return;
    };
    if let Some(ty) = schemas.type_of(&resource.api_version(), &resource.kind) {
        visit(ty, object, None, unconverted);
    }
}

/// As [`apply`], where what is shared with a `twin` has its defaults.
pub(crate) fn apply_over(object: &mut Value, twin: Twin<'_>, schemas: &Schemas) {
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
    let Some(resource) = schemas.resource(text("apiVersion"), text("kind")) else { return };
    if resource.custom {
        if let Some(schema) = &resource.crd_schema {
            structural::default_over(object, twin, schema);
        }
        return;
    }
    if let Some(ty) = schemas.type_of(&resource.api_version(), &resource.kind) {
        visit(ty, object, twin, defaulter);
    }
}

/// Parents before children, as the generated Go code does it.
fn visit(ty: TypeRef<'_>, value: &mut Value, twin: Twin<'_>, of: fn(&str) -> Option<Defaulter>) {
    if ty.is_any() || is_twin(value, twin) {
        return;
    }
    match value {
        Value::Object(map) => {
            let fill = of(ty.name());
            if let Some(fill) = fill {
                fill(map);
            }
            if let Some(element) = ty.map_def().filter(|m| m.fields.is_empty()).and_then(|m| m.element) {
                let element = ty.at(element);
                if element.scalar() == Some(Scalar::Quantity) && !element.is_map() {
                    core::resource_list(map);
                } else if element.is_map() || element.is_list() {
                    for (key, inner) in map.iter_mut() {
                        visit(element, inner, twin.and_then(|t| t.get(key)), of);
                    }
                }
                return;
            }
            declared(ty, map);
            let Some(def) = ty.map_def() else { return };
            for (key, inner) in map.iter_mut() {
                if matches!(inner, Value::Object(_) | Value::Array(_))
                    && let Some(field) = def.field(key)
                {
                    visit(ty.at(field.ty), inner, twin.and_then(|t| t.get(key)), of);
                }
            }
        }
        Value::Array(items) => {
            let Some(item) = ty.list_def().map(|l| ty.at(l.item)).filter(|t| has_defaults(*t)) else {
                return;
            };
            let mut twins = Twins::of(twin, items.len());
            for inner in items.make_mut() {
                let twin = twins.next(inner);
                visit(item, inner, twin, of);
            }
        }
        _ => {}
    }
}

/// Whether anything inside a type may have defaults: only maps, lists and objects.
fn has_defaults(ty: TypeRef<'_>) -> bool {
    ty.is_map() || ty.is_list()
}

/// Defaults that the type's declaration names (`+default=`). Zero values of fields by value are part of the stored form.
fn declared(ty: TypeRef<'_>, map: &mut Map) {
    let Some(def) = ty.map_def() else { return };
    for field in def.defaulted() {
        let Some(default) = &field.default else { continue };
        match field.empty {
            Empty::OmitNull => super::set::pointer(map, &field.name, default.clone()),
            Empty::OmitZero => {
                if default.as_str() != Some("") && default != &Value::Int(0) && default != &Value::Bool(false)
                {
                    super::set::by_value(map, &field.name, default.clone());
                }
            }
            Empty::Kept | Empty::OmitEmpty | Empty::OmitZeroStruct | Empty::Struct | Empty::Required => {}
        }
    }
}

type Defaulter = fn(&mut Map);

/// Source: Kubernetes 1.36 `pkg/apis/autoscaling/v1/conversion.go`, the one that fills something in.
fn unconverted(name: &str) -> Option<Defaulter> {
    if name == "io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler" { None } else { defaulter(name) }
}

fn defaulter(name: &str) -> Option<Defaulter> {
    let short = name.strip_prefix("io.k8s.api.").unwrap_or(name);
    let (package, kind) = short.rsplit_once('.')?;
    if package.contains("alpha") || package.contains("beta") {
        // A former version is filled in as today's where it has no words of its own.
        let group = package.split('.').next().unwrap_or_default();
        return former::defaulter(short).or_else(|| current(&format!("{group}.v1.{kind}")));
    }
    current(short)
}

fn current(short: &str) -> Option<Defaulter> {
    let (package, kind) = short.rsplit_once('.')?;
    match package {
        "core.v1" => core::defaulter(kind),
        "apps.v1" | "batch.v1" | "autoscaling.v1" | "autoscaling.v2" => workload::defaulter(short),
        _ => config::defaulter(short),
    }
}
