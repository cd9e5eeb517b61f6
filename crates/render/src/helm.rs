use crate::objects::from_document;
use crate::value_files::values_files;
use crate::{Capabilities, RenderError, RenderInput, Rendered};
use fairway_core::{FileTree, HelmOptions, Str, with_causes};
use fairway_helm::{
    Chart, CompiledChart, HelmVersion, Options, Outside, Release, SchemaSource, Show, ValueSources,
    ValuesFile, escape_commas, name_of_template,
};
use fairway_kustomize::{ChartInflator, ChartRequest, Remote};
use fairway_template::Ports;
use std::sync::Arc;

/// Renders a chart with an App's settings, as Argo CD 3 `reposerver/repository` `helmTemplate` calls Helm.
pub(crate) fn render(
    input: &RenderInput<'_>,
    path: &str,
    options: &HelmOptions,
) -> Result<Rendered, RenderError> {
    let helm: HelmVersion = options
        .version
        .parse()
        .map_err(|_| RenderError::Unsupported(format!("spec.source.helm.version: {}", options.version)))?;
    let chart = input.charts.load(input.tree, path, helm).map_err(fail)?;
    let missing = chart.chart().missing_dependencies();
    if !missing.is_empty() {
        return Err(RenderError::Helm(format!(
            "found in Chart.yaml, but missing in charts/ directory: {}",
            missing.join(", ")
        )));
    }
    let values = values(input, path, options)?;
    let release_name = input.env.substitute(&options.release_name);
    let (kube_version, api_versions) = versions(options, input.capabilities);
    let request = Options {
        release_name: if release_name.is_empty() { input.app_name.to_owned() } else { release_name },
        namespace: if options.namespace.is_empty() { input.namespace } else { &options.namespace }.to_owned(),
        values,
        kube_version,
        api_versions,
        skip_schema_validation: options.skip_schema_validation,
        ..Options::default()
    };
    let schemas = input.remote.map(RemoteSchemas);
    let outside = Outside { lookup: input.lookup, schemas: source(schemas.as_ref()) };
    let release = chart.render_with(&request, input.ports, outside).map_err(fail)?;
    let show = Show { include_crds: !options.skip_crds, skip_tests: options.skip_tests, ..Show::default() };
    let mut rendered = Rendered::default();
    collect(&release, &show, path, input.source_index, &mut rendered)?;
    Ok(rendered)
}

fn fail(error: fairway_helm::Error) -> RenderError {
    RenderError::Helm(with_causes(&error))
}

fn collect(
    release: &Release,
    show: &Show,
    path: &str,
    source: u16,
    rendered: &mut Rendered,
) -> Result<(), RenderError> {
    for object in release.objects(show).map_err(fail)? {
        let file = match object.source.split_once('/') {
            Some((_, inside)) if !path.is_empty() => format!("{path}/{inside}"),
            Some((_, inside)) => inside.to_owned(),
            None => object.source,
        };
        from_document(object.value, &file, 0, source, &mut rendered.objects)?;
    }
    Ok(())
}

fn versions(options: &HelmOptions, capabilities: &Capabilities) -> (Option<String>, Vec<String>) {
    let kube =
        if options.kube_version.is_empty() { &capabilities.kube_version } else { &options.kube_version };
    let api =
        if options.api_versions.is_empty() { &*capabilities.api_versions } else { &options.api_versions };
    ((!kube.is_empty()).then(|| kube.to_string()), api.iter().map(ToString::to_string).collect())
}

fn values(
    input: &RenderInput<'_>,
    path: &str,
    options: &HelmOptions,
) -> Result<fairway_value::Map, RenderError> {
    let env = |text: &Str| input.env.substitute(text);
    let mut sources = ValueSources { files: values_files(input, path, options)?, ..ValueSources::default() };
    match &options.values_object {
        Some(object) if !object.is_empty() => sources.tree = Some(object.clone()),
        _ if !options.values.is_empty() => {
            sources.files.push(ValuesFile { name: "values".to_owned(), text: options.values.to_string() });
        }
        _ => {}
    }
    for parameter in &options.parameters {
        let text = format!("{}={}", parameter.name, escape_commas(&env(&parameter.value)));
        if parameter.force_string { &mut sources.set_string } else { &mut sources.set }.push(text);
    }
    for parameter in &options.file_parameters {
        sources.set_file.push(format!("{}={}", parameter.name, escape_commas(&env(&parameter.value))));
    }
    let read = |file: &str| -> Result<String, fairway_helm::Error> {
        crate::value_files::read_one(input, path, file)
            .map_err(|e| fairway_helm::Error::Values(with_causes(&e)))
    };
    sources.merge(&read).map_err(fail)
}

/// The schemas that charts name elsewhere, from where remote bases come.
pub struct RemoteSchemas<'a>(pub &'a dyn Remote);

impl SchemaSource for RemoteSchemas<'_> {
    fn schema(&self, address: &str) -> Result<Arc<[u8]>, String> {
        self.0.file(address)
    }
}

fn source<'s>(schemas: Option<&'s RemoteSchemas<'_>>) -> Option<&'s dyn SchemaSource> {
    schemas.map(|schemas| schemas as _)
}

/// Charts inside kustomizations: those in the tree; charts of repositories are fetched by the caller's port.
pub struct Inflator<'a> {
    /// What the cluster offers.
    pub capabilities: &'a Capabilities,
    /// The time and random bytes.
    pub ports: Ports<'a>,
    /// Fetches the schemas that charts name elsewhere.
    pub remote: Option<&'a dyn Remote>,
}

impl ChartInflator for Inflator<'_> {
    fn inflate(&self, tree: &dyn FileTree, request: &ChartRequest) -> Result<String, String> {
        let Some(dir) = &request.chart_dir else {
            return Err(format!(
                "unsupported: chart {} of {} in a kustomization; put the chart below chartHome",
                request.name, request.repo
            ));
        };
        let words = |e: fairway_helm::Error| with_causes(&e);
        let chart = Chart::load(tree, dir).map_err(words)?;
        let files = request
            .values
            .iter()
            .enumerate()
            .map(|(n, text)| ValuesFile { name: format!("values {}", n + 1), text: text.clone() });
        let sources = ValueSources { files: files.collect(), ..ValueSources::default() };
        let no_file = |file: &str| -> Result<String, fairway_helm::Error> {
            Err(fairway_helm::Error::Values(format!("{file}: no files are read here")))
        };
        let kube = if request.kube_version.is_empty() {
            self.capabilities.kube_version.to_string()
        } else {
            request.kube_version.clone()
        };
        let release_name = match (request.release_name.as_str(), request.name_template.as_str()) {
            ("", "") => "release-name".to_owned(),
            ("", template) => {
                name_of_template(template, self.ports).map_err(|e| format!("nameTemplate: {}", words(e)))?
            }
            (name, _) => name.to_owned(),
        };
        let options = Options {
            release_name,
            namespace: if request.namespace.is_empty() { "default" } else { &request.namespace }.to_owned(),
            values: sources.merge(&no_file).map_err(words)?,
            kube_version: (!kube.is_empty()).then_some(kube),
            api_versions: request.api_versions.clone(),
            ..Options::default()
        };
        let schemas = self.remote.map(RemoteSchemas);
        let outside = Outside { schemas: source(schemas.as_ref()), ..Outside::default() };
        let chart = CompiledChart::new(Arc::new(chart));
        let release = chart.render_with(&options, self.ports, outside).map_err(words)?;
        let show = Show {
            include_crds: request.include_crds,
            no_hooks: request.skip_hooks,
            skip_tests: request.skip_tests,
            ..Show::default()
        };
        release.stream(&show).map_err(words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_core::MemoryTree;
    use fairway_kustomize::{RemoteTree, RepoSpec};
    use fairway_template::{FixedClock, SeededRandom};

    struct Web;

    impl Remote for Web {
        fn repository(&self, _spec: &RepoSpec) -> Result<RemoteTree, String> {
            Err("no repository".to_owned())
        }

        fn file(&self, url: &str) -> Result<Arc<[u8]>, String> {
            match url {
                "https://h/s.json" => Ok(br#"{"$defs":{"port":{"maximum":65535}}}"#.as_slice().into()),
                _ => Err("answered 404".to_owned()),
            }
        }
    }

    fn inflate(values: &str, remote: Option<&dyn Remote>) -> Result<String, String> {
        let schema = r#"{"properties":{"port":{"$ref":"https://h/s.json#/$defs/port"}}}"#;
        let files = [
            ("c/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n"),
            ("c/values.schema.json", schema),
            ("c/templates/a.yaml", "port: {{ .Values.port }}\n"),
        ];
        let tree = MemoryTree::new(files).unwrap();
        let (clock, random) = (FixedClock(0), SeededRandom::new(1));
        let capabilities = Capabilities::default();
        let ports = Ports { clock: &clock, random: &random };
        let inflator = Inflator { capabilities: &capabilities, ports, remote };
        let request = ChartRequest {
            chart_dir: Some("c".to_owned()),
            values: vec![values.to_owned()],
            ..ChartRequest::default()
        };
        inflator.inflate(&tree, &request)
    }

    #[test]
    fn values_are_held_to_schemas_that_a_charts_schema_names() {
        assert!(inflate("port: 80", Some(&Web)).unwrap().ends_with("port: 80\n"));
        let refused = inflate("port: 70000", Some(&Web)).unwrap_err();
        assert!(refused.contains("- at '/port': maximum: got 70,000, want 65,535"), "{refused}");
        let refused = inflate("port: 80", None).unwrap_err();
        assert!(refused.contains("schema https://h/s.json: nothing is fetched here"), "{refused}");
    }
}
