use fairway_core::{Map, Value};

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Int(n) => *n == 0,
        Value::Float(f) => *f == 0.0,
        Value::String(s) => s.is_empty(),
        Value::Array(a) => a.is_empty(),
        Value::Object(m) => m.is_empty(),
        Value::Bool(true) | Value::Uint(_) => false,
    }
}

/// Lays `over` over `base`, maps into maps, as `mergo.Merge` with override does.
pub(crate) fn override_with(base: &mut Map, over: &Map) {
    for (key, value) in over.iter() {
        match (base.get_mut(key), value) {
            (Some(Value::Object(below)), Value::Object(above)) => override_with(below, above),
            (Some(below), Value::Array(list)) if list.is_empty() && !is_empty(below) => {}
            _ => {
                base.insert(key.clone(), value.clone());
            }
        }
    }
}

/// Fills what is missing or empty in a generator's own template from the ApplicationSet's, as `mergo.Merge` does.
pub(crate) fn fill_from(template: &mut Map, base: &Map) {
    for (key, value) in base.iter() {
        match (template.get_mut(key), value) {
            // Free-form values are one field to mergo, taken whole.
            (Some(Value::Object(own)), Value::Object(below)) if key != "valuesObject" => {
                fill_from(own, below)
            }
            (Some(own), _) if !is_empty(own) => {}
            _ => {
                template.insert(key.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(json: &str) -> Map {
        fairway_value::from_json(json.as_bytes()).unwrap().as_object().unwrap().clone()
    }

    #[test]
    fn an_override_merges_maps_and_replaces_the_rest() {
        let mut base = map(r#"{"a":{"x":1,"y":2},"l":[1],"s":"t"}"#);
        override_with(&mut base, &map(r#"{"a":{"y":3},"l":[],"s":""}"#));
        assert_eq!(base, map(r#"{"a":{"x":1,"y":3},"l":[1],"s":""}"#));
    }

    #[test]
    fn a_template_is_filled_where_it_is_empty() {
        let mut own = map(r#"{"spec":{"project":"","source":{"path":"own"}}}"#);
        fill_from(&mut own, &map(r#"{"spec":{"project":"p","source":{"path":"base","repoURL":"r"}}}"#));
        assert_eq!(own, map(r#"{"spec":{"project":"p","source":{"path":"own","repoURL":"r"}}}"#));
    }
}
