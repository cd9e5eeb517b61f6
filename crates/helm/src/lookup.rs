use fairway_template::{Lookup, Wanted};
use fairway_value::{Map, Value};

/// Objects that `lookup` finds without a cluster, such as those that were recorded in one.
#[derive(Clone, Debug, Default)]
pub struct RecordedObjects {
    objects: Vec<Value>,
}

impl RecordedObjects {
    /// Reads a stream of YAML documents; a `List` stands for its items.
    ///
    /// # Errors
    /// It is no YAML, or holds something other than objects with apiVersion and kind.
    pub fn parse(text: &str) -> Result<Self, String> {
        let documents = fairway_yaml::parse_documents(text).map_err(|e| e.to_string())?;
        let mut objects = Vec::new();
        for document in documents {
            let is_list = text_at(&document.value, &["kind"]).ends_with("List");
            let items = document.value.get("items").and_then(Value::as_array).filter(|_| is_list);
            let before = objects.len();
            match items {
                Some(items) => objects.extend(items.iter().cloned()),
                None => objects.push(document.value.clone()),
            }
            let sound = |o: &Value| ["apiVersion", "kind"].iter().all(|k| !text_at(o, &[k]).is_empty());
            if !objects[before..].iter().all(sound) {
                return Err(format!("line {}: an object without apiVersion and kind", document.line));
            }
        }
        Ok(Self { objects })
    }
}

impl Lookup for RecordedObjects {
    fn lookup(&self, wanted: &Wanted<'_>) -> Result<Option<Value>, String> {
        let kind = |o: &&Value| {
            text_at(o, &["apiVersion"]) == wanted.api_version && text_at(o, &["kind"]) == wanted.kind
        };
        let namespace = |o: &Value| text_at(o, &["metadata", "namespace"]) == wanted.namespace;
        let mut of_kind = self.objects.iter().filter(kind);
        if wanted.name.is_empty() {
            let items = of_kind.filter(|o| wanted.namespace.is_empty() || namespace(o)).cloned().collect();
            return Ok(Some(list_of(wanted, items)));
        }
        Ok(of_kind.find(|o| namespace(o) && text_at(o, &["metadata", "name"]) == wanted.name).cloned())
    }
}

/// Returns the list that `lookup` gives where no name is asked for.
fn list_of(wanted: &Wanted<'_>, items: Vec<Value>) -> Value {
    let mut list = Map::new();
    list.insert("apiVersion", wanted.api_version);
    list.insert("kind", format!("{}List", wanted.kind).as_str());
    list.insert("metadata", Value::object());
    list.insert("items", Value::Array(items.into()));
    Value::Object(list)
}

fn text_at<'v>(value: &'v Value, path: &[&str]) -> &'v str {
    value.get_path(path).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(kind: &str, namespace: &str, name: &str) -> String {
        format!("apiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: {namespace}}}\n---\n")
    }

    #[test]
    fn objects_are_found_by_name_and_listed_by_namespace() {
        let text = object("Secret", "a", "x") + &object("Secret", "b", "z") + &object("ConfigMap", "a", "x");
        let recorded = RecordedObjects::parse(&text).unwrap();
        let find = |kind, namespace, name| {
            recorded.lookup(&Wanted { api_version: "v1", kind, namespace, name }).unwrap()
        };
        assert_eq!(text_at(&find("Secret", "b", "z").unwrap(), &["metadata", "name"]), "z");
        assert!(find("Secret", "a", "z").is_none());
        assert!(find("Secret", "", "z").is_none());
        let count = |kind, namespace| {
            find(kind, namespace, "").unwrap().get("items").and_then(Value::as_array).map(<[_]>::len)
        };
        assert_eq!(
            (count("Secret", ""), count("Secret", "a"), count("Pod", "")),
            (Some(2), Some(1), Some(0))
        );
        assert!(RecordedObjects::parse("a: 1").is_err());
    }
}
