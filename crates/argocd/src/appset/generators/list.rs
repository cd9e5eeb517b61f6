use super::{Failure, Params, Scope};
use fairway_core::{Map, Str, Value};

impl Scope<'_> {
    /// `list`: elements as they are; without Go templates every value must be a text.
    pub(super) fn list(&mut self, block: &Value) -> Result<Vec<Params>, Failure> {
        let mut out = Vec::new();
        for element in block.get("elements").and_then(Value::as_array).unwrap_or_default() {
            let element = element.as_object().ok_or("error unmarshling list element: expected an object")?;
            out.push(if self.renderer.is_go() { element.clone() } else { texts(element)? });
        }
        let yaml = block.get("elementsYaml").and_then(Value::as_str).unwrap_or_default();
        if yaml.is_empty() {
            return Ok(out);
        }
        let wrap = |why: String| format!("error unmarshling decoded ElementsYaml {why}");
        let parsed = fairway_yaml::parse(yaml).map_err(|error| wrap(error.to_string()))?;
        if parsed.is_null() {
            return Ok(out);
        }
        for element in parsed.as_array().ok_or_else(|| wrap("expected a list".to_owned()))? {
            match element {
                Value::Object(element) => out.push(element.clone()),
                Value::Null => out.push(Map::new()),
                other => {
                    return Err(wrap(format!("cannot unmarshal {} into a map", other.type_name())).into());
                }
            }
        }
        Ok(out)
    }
}

fn texts(element: &Map) -> Result<Params, Failure> {
    let text = |value: &Value| {
        value.as_str().map(Value::from).ok_or_else(|| {
            Failure::from(format!("error parsing value as string: found {}", value.type_name()))
        })
    };
    let mut out = Map::new();
    for (key, value) in element.iter() {
        if key != "values" {
            out.insert(key.clone(), text(value)?);
            continue;
        }
        for (key, value) in value.as_object().ok_or("error parsing values map")?.iter() {
            out.insert(Str::from(format!("values.{key}")), text(value)?);
        }
    }
    Ok(out)
}
