use crate::build::Build;
use crate::factory;
use crate::kustomization::ChartArgs;
use crate::loader::Loader;
use crate::merge::{Context, MergeOptions, Merged, merge2};
use crate::port::ChartRequest;
use crate::resmap::ResMap;
use fairway_value::Value;
use fairway_yaml::{Options, parse_with, to_string};

/// Renders one entry of `helmCharts`.
///
/// # Errors
/// Charts are off, the chart is not to be had, or it fails.
pub fn inflate(args: &ChartArgs, loader: &Loader<'_>, build: &Build<'_>) -> Result<ResMap, String> {
    if !build.options.enable_helm {
        return Err("must specify --enable-helm".to_owned());
    }
    let Some(charts) = build.options.charts else {
        return Err("unsupported: helmCharts without a chart renderer".to_owned());
    };
    if args.name.is_empty() {
        return Err("chart name cannot be empty".to_owned());
    }
    let home = if args.chart_home.is_empty() { "charts" } else { args.chart_home.as_str() };
    let home = if !args.version.is_empty() && !args.repo.is_empty() {
        format!("{home}/{}-{}", args.name, args.version)
    } else {
        home.to_owned()
    };
    let dir = loader.join(&format!("{home}/{}", args.name))?;
    let is_here = loader.tree().is_dir(&dir).map_err(|e| e.to_string())?;
    if !is_here && args.repo.is_empty() {
        return Err(format!("no repo specified for pull, no chart found at '{dir}'"));
    }
    let pulled = match build.options.remote {
        _ if is_here => None,
        None => {
            return Err(format!(
                "chart {} of {}: charts of repositories are not available here; put the chart at '{dir}'",
                args.name, args.repo
            ));
        }
        Some(remote) => Some(remote.chart(&args.repo, &args.name, &args.version)?),
    };
    let (tree, chart_dir) = match &pulled {
        Some(tree) => (&**tree, String::new()),
        None => (loader.tree(), dir),
    };
    let own = || -> Result<String, String> {
        let path =
            if chart_dir.is_empty() { "values.yaml".to_owned() } else { format!("{chart_dir}/values.yaml") };
        if pulled.is_none() {
            // What a kustomization may not read, a chart of it may not give.
            return loader.load_text(&format!("{home}/{}/values.yaml", args.name));
        }
        let bytes = tree.read(&path).map_err(|e| e.to_string())?;
        let bytes = bytes.ok_or_else(|| format!("chart {}: there is no '{path}'", args.name))?;
        String::from_utf8(bytes.to_vec()).map_err(|_| format!("'{path}': not UTF-8"))
    };
    if !args.release_name.is_empty() && !args.name_template.is_empty() {
        return Err(format!(
            "chart {}: releaseName and nameTemplate both name the release; leave one of them out",
            args.name
        ));
    }
    let request = ChartRequest {
        values: values(args, &own, loader, build)?,
        chart_dir: Some(chart_dir.clone()),
        name: args.name.to_string(),
        version: args.version.to_string(),
        repo: args.repo.to_string(),
        // What `helm template --generate-name` calls it.
        release_name: match (args.release_name.as_str(), args.name_template.as_str()) {
            ("", "") => "release-name".to_owned(),
            (name, _) => name.to_owned(),
        },
        name_template: args.name_template.to_string(),
        namespace: args.namespace.to_string(),
        kube_version: if args.kube_version.is_empty() {
            build.options.helm_kube_version.to_owned()
        } else {
            args.kube_version.to_string()
        },
        api_versions: if args.api_versions.is_empty() {
            build.options.helm_api_versions.to_vec()
        } else {
            args.api_versions.iter().map(ToString::to_string).collect()
        },
        include_crds: args.include_crds,
        skip_tests: args.skip_tests,
        skip_hooks: args.skip_hooks,
        devel: args.devel,
    };
    let rendered = charts.inflate(tree, &request).map_err(|e| format!("chart {}: {e}", args.name))?;
    let mut resources =
        factory::resmap(&rendered, "", &build.openapi).map_err(|e| format!("chart {}: {e}", args.name))?;
    for resource in resources.all_mut() {
        resource.state.from_chart = true;
    }
    Ok(resources)
}

/// Returns the values files' texts: the chart's own (or `valuesFile`) merged with `valuesInline`, then the additional ones.
fn values(
    args: &ChartArgs,
    own: &dyn Fn() -> Result<String, String>,
    loader: &Loader<'_>,
    build: &Build<'_>,
) -> Result<Vec<String>, String> {
    let has_inline = args.values_inline.as_ref().and_then(Value::as_object).is_some_and(|m| !m.is_empty());
    let file = match args.values_file.as_str() {
        "" => Some(own()?),
        path => Some(loader.load_text(path)?),
    };
    let mut out = Vec::new();
    if has_inline {
        out.push(merged(args, file.as_deref().unwrap_or_default(), build)?);
    } else {
        out.extend(file);
    }
    for path in &args.additional_values_files {
        out.push(loader.load_text(path).map_err(|e| format!("could not load additionalValuesFile: {e}"))?);
    }
    Ok(out)
}

fn merged(args: &ChartArgs, file: &str, build: &Build<'_>) -> Result<String, String> {
    let inline = args.values_inline.clone().unwrap_or_default();
    let parse = || {
        let value =
            parse_with(file, &Options::v3()).map_err(|e| format!("could not parse values file: {e}"))?;
        Ok::<_, String>(if value.is_null() { Value::object() } else { value })
    };
    let merge = |patch: Value, dest: Value| match merge2(
        dest,
        patch,
        Context {
            definitions: build.openapi.definitions(),
            options: MergeOptions::default(),
            is_quoted: &|_| false,
            comments: None,
        },
    )? {
        Merged::Cleared => Ok::<_, String>(Value::object()),
        Merged::Value(value) => Ok(value),
    };
    let value = match args.values_merge.as_str() {
        "" | "override" => merge(inline, parse()?)?,
        "merge" => merge(parse()?, inline)?,
        "replace" => inline,
        _ => return Err("valuesMerge must be one of [merge override replace]".to_owned()),
    };
    Ok(to_string(&value))
}
