use crate::fields::Fields;
use fairway_core::{
    AppSource, DirectoryOptions, HelmOptions, HelmParameter, KustomizeOptions, KustomizePatch,
    KustomizeReplica, PluginOptions, Str, Tool, Value,
};

/// Reads one `spec.source` or entry of `spec.sources`.
pub(crate) fn read_source(mut f: Fields<'_, '_>) -> AppSource {
    let mut source = AppSource {
        repo_url: f.text("repoURL"),
        path: f.text("path"),
        target_revision: f.text("targetRevision"),
        chart: f.text("chart"),
        ref_name: f.text("ref"),
        name: f.text("name"),
        tool: Tool::Auto,
    };
    f.unsupported("tagPrefix");
    let helm = f.object("helm");
    let kustomize = f.object("kustomize");
    let directory = f.object("directory");
    let plugin = f.object("plugin");
    // At most one of them is there in a valid App; `lower` refuses more.
    if helm.is_present() {
        source.tool = Tool::Helm(read_helm(helm));
    } else if kustomize.is_present() {
        source.tool = Tool::Kustomize(read_kustomize(kustomize));
    } else if directory.is_present() {
        source.tool = Tool::Directory(read_directory(directory));
    } else if plugin.is_present() {
        source.tool = Tool::Plugin(read_plugin(plugin));
    }
    f.done();
    source
}

/// Returns the names of the tool blocks that a source has.
pub(crate) fn tool_blocks(source: &Value) -> Vec<&'static str> {
    let tools =
        [("helm", "Helm"), ("kustomize", "Kustomize"), ("directory", "Directory"), ("plugin", "Plugin")];
    let present = |key: &str| source.get(key).is_some_and(|v| !v.is_null());
    tools.into_iter().filter(|(key, _)| present(key)).map(|(_, name)| name).collect()
}

fn read_helm(mut f: Fields<'_, '_>) -> HelmOptions {
    let parameters = f.objects("parameters").into_iter().map(|mut p| {
        let parameter = HelmParameter {
            name: p.text("name"),
            value: p.text("value"),
            force_string: p.bool("forceString"),
        };
        p.done();
        parameter
    });
    let parameters = parameters.collect();
    let file_parameters = f.objects("fileParameters").into_iter().map(|mut p| {
        let parameter = HelmParameter { name: p.text("name"), value: p.text("path"), force_string: false };
        p.done();
        parameter
    });
    let file_parameters = file_parameters.collect();
    let values_object = f.object("valuesObject").is_present().then(|| f.value("valuesObject")).flatten();
    let options = HelmOptions {
        release_name: f.text("releaseName"),
        value_files: f.texts("valueFiles"),
        ignore_missing_value_files: f.bool("ignoreMissingValueFiles"),
        values: f.text("values"),
        values_object: values_object.and_then(Value::as_object).cloned(),
        parameters,
        file_parameters,
        version: f.text("version"),
        pass_credentials: f.bool("passCredentials"),
        skip_crds: f.bool("skipCrds"),
        skip_tests: f.bool("skipTests"),
        skip_schema_validation: f.bool("skipSchemaValidation"),
        namespace: f.text("namespace"),
        kube_version: f.text("kubeVersion"),
        api_versions: f.texts("apiVersions"),
    };
    f.done();
    options
}

fn read_kustomize(mut f: Fields<'_, '_>) -> KustomizeOptions {
    let replicas = f.objects("replicas").into_iter().map(|mut r| {
        let count = match r.value("count") {
            Some(Value::String(text)) => text.parse().unwrap_or_default(),
            Some(number) => number.as_i64().unwrap_or_default(),
            None => 0,
        };
        let replica = KustomizeReplica { name: r.text("name"), count };
        r.done();
        replica
    });
    let replicas = replicas.collect();
    let patches = f.value("patches").and_then(Value::as_array).unwrap_or_default();
    let patches =
        patches.iter().filter_map(Value::as_object).map(|entry| KustomizePatch { entry: entry.clone() });
    let patches = patches.collect();
    let options = KustomizeOptions {
        name_prefix: f.text("namePrefix"),
        name_suffix: f.text("nameSuffix"),
        images: f.texts("images"),
        replicas,
        common_labels: f.text_map("commonLabels"),
        label_without_selector: f.bool("labelWithoutSelector"),
        label_include_templates: f.bool("labelIncludeTemplates"),
        force_common_labels: f.bool("forceCommonLabels"),
        common_annotations: f.text_map("commonAnnotations"),
        common_annotations_envsubst: f.bool("commonAnnotationsEnvsubst"),
        force_common_annotations: f.bool("forceCommonAnnotations"),
        namespace: f.text("namespace"),
        patches,
        components: f.texts("components"),
        ignore_missing_components: f.bool("ignoreMissingComponents"),
        version: f.text("version"),
        kube_version: f.text("kubeVersion"),
        api_versions: f.texts("apiVersions"),
    };
    f.done();
    options
}

fn read_directory(mut f: Fields<'_, '_>) -> DirectoryOptions {
    let jsonnet = f.value("jsonnet").filter(|v| v.as_object().is_some_and(|m| !m.is_empty())).cloned();
    let options = DirectoryOptions {
        recurse: f.bool("recurse"),
        include: f.text("include"),
        exclude: f.text("exclude"),
        jsonnet,
    };
    f.unsupported("disableExtensionFilter");
    f.done();
    options
}

fn read_plugin(mut f: Fields<'_, '_>) -> PluginOptions {
    let name: Str = f.text("name");
    // Said once, for the whole block: no plugin is run.
    f.informative("env");
    f.informative("parameters");
    f.done();
    PluginOptions { name }
}
