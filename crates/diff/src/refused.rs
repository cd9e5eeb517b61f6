use fairway_core::Str;
use fairway_schema::request::{FieldValidation, Request, Verb, check_new};
use fairway_schema::strategy::Chooser;
use fairway_schema::{Schemas, Scope};
use fairway_value::Value;

/// Whether a server that has exactly these kinds is expected to refuse an object, were it created by server-side apply: for
/// what its schema lacks, or for what validation forbids. A real server may think otherwise (it has other kinds, defaults by
/// webhooks, or a live object that the rest of the fields comes from), so this is a reason to ask it and no verdict.
#[must_use]
pub fn is_suspect(desired: &Value, schemas: &Schemas) -> bool {
    let text = |path: &[&str]| desired.get_path(path).and_then(Value::as_str).unwrap_or_default();
    let Some(resource) = schemas.resource(text(&["apiVersion"]), text(&["kind"])) else { return false };
    let namespace = match resource.scope {
        Scope::Cluster => "",
        Scope::Namespaced => text(&["metadata", "namespace"]),
    };
    let request = Request {
        verb: Verb::Apply { force: true },
        resource,
        subresource: "",
        manager: fairway_core::FIELD_MANAGER,
        namespace,
        name: text(&["metadata", "name"]),
        body: desired,
        field_validation: FieldValidation::Strict,
        now: "2006-01-02T15:04:05Z",
        uid: "",
    };
    check_new(&request, schemas, &mut AnyServer).is_err()
}

/// Chooses what some server could choose, so that what it chooses is no reason to refuse.
struct AnyServer;

impl Chooser for AnyServer {
    fn cluster_ip(&mut self, asked: Option<&str>) -> Result<Value, String> {
        Ok(Value::from(asked.unwrap_or("10.96.0.10")))
    }
    fn node_port(&mut self) -> Result<Value, String> {
        Ok(Value::from(30_000_i64))
    }
    fn suffix(&mut self) -> Str {
        Str::from("aaaaa")
    }
    fn now(&self) -> Str {
        Str::from("2006-01-02T15:04:05Z")
    }
    fn priority(&self, _: &str) -> Option<(i64, Str)> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_value::from_json;

    fn check(json: &str, expect: bool) {
        let object = from_json(json.as_bytes()).unwrap();
        assert_eq!(is_suspect(&object, Schemas::builtin()), expect, "{json}");
    }

    #[test]
    fn what_a_schema_lacks_or_validation_forbids_is_suspect() {
        let meta = r#""apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"n""#;
        check(&format!(r#"{{{meta}}},"data":{{"a":"b"}}}}"#), false);
        check(&format!(r#"{{{meta}}},"data":{{"a":1}}}}"#), true);
        check(&format!(r#"{{{meta}}},"invalidKey":"x"}}"#), true);
        check(&format!(r#"{{{meta},"labels":{{"a":"not valid!"}}}}}}"#), true);
        check(
            r#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"a","namespace":"n"},"spec":{"ports":[{"port":80}]}}"#,
            false,
        );
        check(
            r#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"a","namespace":"n"},"spec":{"ports":[{"port":0}]}}"#,
            true,
        );
        let pod = r#""apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"n"}"#;
        let container = r#"{"name":"a","image":"a"}"#;
        check(
            &format!(r#"{{{pod},"spec":{{"priorityClassName":"high","containers":[{container}]}}}}"#),
            false,
        );
        check(&format!(r#"{{{pod},"spec":{{"containers":[{container},{container}]}}}}"#), true);
        check(r#"{"apiVersion":"example.com/v1","kind":"Unknown","metadata":{"name":"A!"}}"#, false);
    }
}
