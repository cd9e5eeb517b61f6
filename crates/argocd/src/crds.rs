/// Returns the CRDs of Application, AppProject and ApplicationSet as YAML documents, in that order.
///
/// They describe the full upstream field set structurally; what upstream leaves open stays open
/// (`x-kubernetes-preserve-unknown-fields`).
#[must_use]
pub fn crd_documents() -> [&'static str; 3] {
    [
        include_str!("../data/application-crd.yaml"),
        include_str!("../data/appproject-crd.yaml"),
        include_str!("../data/applicationset-crd.yaml"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_core::Value;

    /// Names what keeps a schema from being structural: a node without a type.
    fn faults(schema: &Value, path: &str, out: &mut Vec<String>) {
        let open = schema.get("x-kubernetes-preserve-unknown-fields").is_some()
            || schema.get("x-kubernetes-int-or-string").is_some();
        if schema.get("type").is_none() && !open {
            out.push(path.to_owned());
        }
        for (key, below) in
            schema.get("properties").and_then(Value::as_object).into_iter().flat_map(|m| m.iter())
        {
            faults(below, &format!("{path}.{key}"), out);
        }
        for key in ["items", "additionalProperties"] {
            if let Some(below) = schema.get(key) {
                faults(below, &format!("{path}[{key}]"), out);
            }
        }
    }

    #[test]
    fn the_schemas_are_structural() {
        for (document, plural) in
            crd_documents().iter().zip(["applications", "appprojects", "applicationsets"])
        {
            let crd = fairway_yaml::parse(document).unwrap();
            assert_eq!(
                crd.pointer("/metadata/name").and_then(Value::as_str),
                Some(&*format!("{plural}.argoproj.io"))
            );
            let schema = crd.pointer("/spec/versions/0/schema/openAPIV3Schema").unwrap();
            let mut out = Vec::new();
            faults(schema, "", &mut out);
            assert_eq!(out, Vec::<String>::new());
        }
    }
}
