//! Fields of custom kinds that hold well-known types: both sides are brought into the type's form before they are compared.

use fairway_schema::{Schemas, canonical};
use fairway_value::{Str, Value};

/// The pod template of an Argo Rollout is known without a setting.
const ROLLOUT: (&str, &str, &str) = ("argoproj.io/Rollout", "spec.template.spec", "core/v1/PodSpec");

/// Whether a type is known by the name that Argo CD's `knownTypeFields` use for it: `core/v1/PodSpec`, `core/Quantity`.
#[must_use]
pub fn is_known_type(name: &str, schemas: &Schemas) -> bool {
    schemas.type_named(&open_api_name(name)).is_some()
}

fn open_api_name(name: &str) -> String {
    match name.split_once('/') {
        Some(("core", "Quantity")) => "io.k8s.apimachinery.pkg.api.resource.Quantity".to_owned(),
        Some((group, rest)) => format!("io.k8s.api.{group}.{}", rest.replace('/', ".")),
        None => name.to_owned(),
    }
}

/// Brings the fields of an object that hold known types into their form. `fields` are (`group/Kind`, path, type).
pub(crate) fn reform(object: &mut Value, fields: &[(Str, Str, Str)], schemas: &Schemas) {
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
    let group = text("apiVersion").split_once('/').map_or("", |(group, _)| group);
    let key = if group.is_empty() { text("kind").to_owned() } else { format!("{group}/{}", text("kind")) };
    let named: Vec<(&str, &str)> =
        fields.iter().filter(|f| f.0 == key).map(|f| (f.1.as_str(), f.2.as_str())).collect();
    let built_in = (named.is_empty() && key == ROLLOUT.0).then_some((ROLLOUT.1, ROLLOUT.2));
    for (path, type_name) in named.into_iter().chain(built_in) {
        if let Some(ty) = schemas.type_named(&open_api_name(type_name)) {
            let keys: Vec<&str> = path.split('.').collect();
            reform_at(object, &keys, &|value| canonical::go_form_as(value, ty));
        }
    }
}

fn reform_at(value: &mut Value, path: &[&str], form: &dyn Fn(&Value) -> Option<Value>) {
    if let Value::Array(items) = value {
        for item in items.make_mut() {
            reform_at(item, path, form);
        }
        return;
    }
    match path {
        [] => {
            if let Some(next) = form(value) {
                *value = next;
            }
        }
        [first, rest @ ..] => {
            if let Some(inner) = value.get_mut(first) {
                reform_at(inner, rest, form);
            }
        }
    }
}
