use super::{Failure, Params, Scope};
use crate::appset::DataRequest;
use crate::appset::params::flatten;
use fairway_core::{Map, Value};

impl Scope<'_> {
    /// `plugin`: the sets of parameters that a service of the user's answers with, as Argo CD 3.6
    /// `applicationset/generators/plugin.go`.
    pub(super) fn plugin(&mut self, block: &Value) -> Result<Vec<Params>, Failure> {
        let request = DataRequest::Plugin { appset: self.appset.name().into(), block: block.clone() };
        let found = match self.environment.plugins.get(&request.key()) {
            Some(Ok(found)) => found,
            Some(Err(why)) => return Err(why.to_string().into()),
            None => return Err(self.pending(request)),
        };
        if found.is_empty() {
            self.empty_sources.push("the service of a plugin generator".into());
        }
        let input = block.get_path(&["input", "parameters"]).cloned().unwrap_or_else(Value::object);
        let mut generator = Value::object();
        generator.set_path(&["input", "parameters"], input);
        let mut out = Vec::new();
        for given in found {
            let mut params: Map = if self.renderer.is_go() { given.clone() } else { flatten(given, false) };
            params.insert("generator", generator.clone());
            self.add_values(block, &mut params)
                .map_err(|failure| failure.within("error generating params"))?;
            out.push(params);
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use crate::appset::{AppSetCluster, Decisions, Environment, Generated, generate};
    use fairway_core::{Map, Object, Value};
    use fairway_value::from_json;

    fn appset(generator: &str, go: bool, server: &str) -> Object {
        let text = format!(
            r#"{{"apiVersion":"argoproj.io/v1alpha1","kind":"ApplicationSet","metadata":{{"name":"set","namespace":"argocd"}},
            "spec":{{"goTemplate":{go},"generators":[{generator}],"template":{{"metadata":{{"name":"{server}"}},
            "spec":{{"project":"p","destination":{{"name":"n"}}}}}}}}}}"#
        );
        Object::new(from_json(text.as_bytes()).unwrap())
    }

    fn names(generated: &Generated) -> Vec<&str> {
        assert_eq!(generated.errors, []);
        generated.applications.iter().map(|a| a.object().name()).collect()
    }

    #[test]
    fn a_services_answer_gives_parameters_nested_or_flat() {
        let block = r#"{"plugin":{"configMapRef":{"name":"c"},"input":{"parameters":{"k":"in"}},"values":{"v":"x"}}}"#;
        let answer = from_json(br#"{"nested":{"key":"one"},"n":2}"#).unwrap();
        for (go, template) in [
            (true, "{{.nested.key}}-{{.n}}-{{.values.v}}-{{.generator.input.parameters.k}}"),
            (false, "{{nested.key}}-{{n}}-{{values.v}}-in"),
        ] {
            let set = appset(block, go, template);
            let mut environment = Environment::default();
            let first = generate(&set, &environment);
            assert_eq!((first.needs.len(), first.applications.len()), (1, 0));
            let params = answer.as_object().cloned().unwrap();
            environment.plugins.insert(first.needs[0].key(), Ok(vec![params]));
            assert_eq!(names(&generate(&set, &environment)), ["one-2-x-in"]);
            environment.plugins.insert(first.needs[0].key(), Err("away".into()));
            assert_eq!(generate(&set, &environment).errors.len(), 1);
            environment.plugins.insert(first.needs[0].key(), Ok(Vec::new()));
            assert_eq!(generate(&set, &environment).empty_sources.len(), 1);
        }
    }

    #[test]
    fn a_decision_names_clusters_that_are_known() {
        let block =
            r#"{"clusterDecisionResource":{"configMapRef":"c","name":"placement","values":{"v":"x"}}}"#;
        let set = appset(block, true, "{{.name}}-{{.zone}}-{{.values.v}}");
        let cluster =
            AppSetCluster { name: "east".into(), server: "https://e".into(), ..AppSetCluster::default() };
        let mut environment = Environment { clusters: vec![cluster], ..Environment::default() };
        let key = generate(&set, &environment).needs[0].key();
        let resource = r#"{"status":{"decisions":[{"clusterName":"east","zone":"a"},{"clusterName":"gone","zone":"b"},
            {"clusterName":"in-cluster","zone":"c"}]}}"#;
        let config = from_json(br#"{"matchKey":"clusterName","statusListKey":"decisions"}"#).unwrap();
        let decisions = Decisions {
            config: config.as_object().cloned().unwrap(),
            resources: vec![from_json(resource.as_bytes()).unwrap()],
        };
        environment.decisions.insert(key.clone(), Ok(decisions.clone()));
        assert_eq!(names(&generate(&set, &environment)), ["east-a-x", "in-cluster-c-x"]);
        // No resource is an error, one whose status names nothing an answer that needs approval to delete by.
        let none = Decisions { resources: Vec::new(), ..decisions.clone() };
        environment.decisions.insert(key.clone(), Ok(none));
        assert_eq!(generate(&set, &environment).errors.len(), 1);
        let keyless = Decisions { config: Map::new(), ..decisions.clone() };
        environment.decisions.insert(key.clone(), Ok(keyless));
        assert!(!generate(&set, &environment).empty_sources.is_empty());
        let silent = Decisions { resources: vec![Value::object()], ..decisions };
        environment.decisions.insert(key, Ok(silent));
        assert_eq!(generate(&set, &environment).empty_sources.len(), 1);
        let both = block.replace("\"name\":\"placement\",", "");
        assert_eq!(generate(&appset(&both, true, "x"), &environment).errors.len(), 1);
    }
}
