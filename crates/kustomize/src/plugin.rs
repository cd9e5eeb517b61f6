//! Built-in transformers and generators configured by objects of their own.

use crate::build::Build;
use crate::config::{FieldSpec, FieldSpecs};
use crate::decode::{Decode, Fields};
use crate::factory;
use crate::generate;
use crate::kustomization::{
    ChartArgs, GeneratorArgs, Patch, PatchOptions, Replacement, ReplacementField, Selector,
};
use crate::loader::Loader;
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::transform::{
    Affix, Hash, Images, Json6902, MapEntries, Namespace, PatchTransformer, Replacements, Replicas, Several,
    StrategicMerge, Subjects, Transform, ValueAdd, ValueAddTarget, quoted,
};
use fairway_value::{Str, Value};

/// Refuses what is not built in.
fn check(config: &Resource, build: &Build<'_>) -> Result<Str, String> {
    let kind = config.kind();
    if config.api_version() == "builtin" {
        return Ok(kind);
    }
    let functions = ["config.kubernetes.io/function", "config.k8s.io/function"];
    let is_function = functions.iter().any(|f| config.annotation(f).is_some());
    Err(if is_function || build.options.enable_alpha_plugins {
        format!("KRM function '{kind}' not run: exec and container functions are off")
    } else {
        format!(
            "external plugins disabled; unable to load external plugin '{kind}' (exec and container functions are off)"
        )
    })
}

fn fails(config: &Resource, why: &str) -> String {
    format!("plugin {}.builtin.[noGrp]/{} fails configuration: {why}", config.kind(), config.name())
}

/// Configures a transformer.
///
/// # Errors
/// A plugin that is not built in, is a generator, or has the wrong configuration.
pub fn transformer(
    config: &Resource,
    loader: &Loader<'_>,
    build: &Build<'_>,
) -> Result<Box<dyn Transform>, String> {
    let kind = check(config, build)?;
    let made = make_transformer(&kind, &config.value, loader);
    match made {
        Some(made) => made.map_err(|e| fails(config, &e)),
        None if is_generator(&kind) => Err(format!("plugin {kind} not a transformer")),
        None => Err(format!("unable to load builtin {kind}.builtin.[noGrp]")),
    }
}

fn is_generator(kind: &str) -> bool {
    matches!(
        kind,
        "ConfigMapGenerator" | "SecretGenerator" | "IAMPolicyGenerator" | "HelmChartInflationGenerator"
    )
}

fn make_transformer(
    kind: &str,
    value: &Value,
    loader: &Loader<'_>,
) -> Option<Result<Box<dyn Transform>, String>> {
    Some(match kind {
        "AnnotationsTransformer" => map_entries(value, "annotations"),
        "LabelTransformer" => map_entries(value, "labels"),
        "HashTransformer" => Ok(Box::new(Hash)),
        "ImageTagTransformer" => image(value),
        "NamespaceTransformer" => namespace(value),
        "PatchJson6902Transformer" => json6902(value, loader),
        "PatchStrategicMergeTransformer" => strategic_merge(value, loader),
        "PatchTransformer" => patch(value, loader),
        "PrefixTransformer" => affix(value, "prefix").map(|t| Box::new(t) as Box<dyn Transform>),
        "SuffixTransformer" => affix(value, "suffix").map(|t| Box::new(t) as Box<dyn Transform>),
        "PrefixSuffixTransformer" => affix(value, "prefix").and_then(|prefix| {
            let suffix = affix(value, "suffix")?;
            Ok(Box::new(Several(vec![Box::new(prefix), Box::new(suffix)])) as Box<dyn Transform>)
        }),
        "ReplacementTransformer" => replacement(value, loader),
        "ReplicaCountTransformer" => replicas(value),
        "ValueAddTransformer" => value_add(value, loader),
        _ => return None,
    })
}

type Made = Result<Box<dyn Transform>, String>;

fn map_entries(value: &Value, field: &'static str) -> Made {
    let f = Fields::new(value, "", &[field, "fieldSpecs"], false)?;
    Ok(Box::new(MapEntries { entries: f.string_map(field)?, fields: field_specs(&f)? }))
}

fn image(value: &Value) -> Made {
    let f = Fields::new(value, "", &["imageTag", "fieldSpecs"], false)?;
    Ok(Box::new(Images::new(f.optional("imageTag")?.unwrap_or_default(), field_specs(&f)?)))
}

fn namespace(value: &Value) -> Made {
    let f =
        Fields::new(value, "", &["metadata", "fieldSpecs", "unsetOnly", "setRoleBindingSubjects"], false)?;
    let nothing = Value::Null;
    let metadata = Fields::new(f.get("metadata").unwrap_or(&nothing), "metadata", &["namespace"], false)?;
    Ok(Box::new(Namespace {
        namespace: metadata.string("namespace")?,
        fields: field_specs(&f)?,
        unset_only: f.bool("unsetOnly")?,
        subjects: Subjects::parse(&f.string("setRoleBindingSubjects")?)?,
    }))
}

/// Reads the operations of a JSON patch from a file or from the text itself.
///
/// # Errors
/// Both or neither, or a file that is not there.
pub fn json_operations(path: &str, inline: &str, loader: &Loader<'_>) -> Result<String, String> {
    match (path, inline) {
        ("", "") => Err("empty file path and empty jsonOp".to_owned()),
        ("", text) => Ok(text.to_owned()),
        (path, "") => loader.load_text(path),
        _ => Err("must specify a file path or jsonOp, not both".to_owned()),
    }
}

fn json6902(value: &Value, loader: &Loader<'_>) -> Made {
    let f = Fields::new(value, "", &["target", "path", "jsonOp"], false)?;
    let target: Option<Selector> = f.optional("target")?;
    if target.as_ref().is_none_or(|t| t.name.is_empty()) {
        return Err("must specify the target name".to_owned());
    }
    let operations = json_operations(&f.string("path")?, &f.string("jsonOp")?, loader)?;
    Ok(Box::new(Json6902::new(target.as_ref(), &operations)?))
}

/// Reads the patches of a list of files or texts.
///
/// # Errors
/// A text that is no patch and names no file.
pub fn strategic_patches(paths: &[Str], loader: &Loader<'_>) -> Result<Vec<Resource>, String> {
    let mut out = Vec::new();
    for path in paths {
        match factory::patches(path, "") {
            Ok(inline) => out.extend(inline),
            Err(_) => {
                let text = loader.load_text(path)?;
                out.extend(factory::patches(&text, path).map_err(|e| format!("{e} in File: {path}"))?);
            }
        }
    }
    Ok(out)
}

fn strategic_merge(value: &Value, loader: &Loader<'_>) -> Made {
    let f = Fields::new(value, "", &["paths", "patches"], false)?;
    let (paths, inline): (Vec<Str>, Str) = (f.list("paths")?, f.string("patches")?);
    if paths.is_empty() && inline.is_empty() {
        return Err("empty file path and empty patch content".to_owned());
    }
    let mut patches = strategic_patches(&paths, loader)?;
    patches.extend(factory::patches(&inline, "")?);
    if patches.is_empty() {
        return Err("patch appears to be empty".to_owned());
    }
    Ok(Box::new(StrategicMerge { patches }))
}

/// Configures one entry of `patches`.
///
/// # Errors
/// Both or neither of `path` and `patch`, or a text that is no patch.
pub fn patch_entry(patch: &Patch, loader: &Loader<'_>) -> Result<PatchTransformer, String> {
    let inline = patch.patch.trim();
    let (text, source) = match (inline, patch.path.as_str()) {
        ("", "") => return Err("must specify one of patch and path".to_owned()),
        ("", path) => {
            let text = loader
                .load_text(path)
                .map_err(|e| format!("failed to get the patch file from path({path}): {e}"))?;
            (text, format!("[path: {}]", quoted(path)))
        }
        (inline, "") => (inline.to_owned(), format!("[patch: {}]", quoted(inline))),
        _ => return Err("patch and path can't be set at the same time".to_owned()),
    };
    PatchTransformer::new(&text, source, patch.target.as_ref(), patch.options)
}

fn patch(value: &Value, loader: &Loader<'_>) -> Made {
    let f = Fields::new(value, "", &["path", "patch", "target", "options"], false)?;
    let patch = Patch {
        path: f.string("path")?,
        patch: f.string("patch")?,
        target: f.optional("target")?,
        options: f.optional::<PatchOptions>("options")?.unwrap_or_default(),
    };
    Ok(Box::new(patch_entry(&patch, loader)?))
}

fn field_specs(f: &Fields<'_>) -> Result<FieldSpecs, String> {
    Ok(f.list::<FieldSpec>("fieldSpecs")?.into())
}

fn affix(value: &Value, field: &'static str) -> Result<Affix, String> {
    let f = Fields::new(value, "", &[field, "fieldSpecs"], false)?;
    if f.get("fieldSpecs").is_none() {
        return Err("fieldSpecs is not expected to be nil".to_owned());
    }
    Ok(Affix { text: f.string(field)?, is_prefix: field == "prefix", fields: field_specs(&f)? })
}

/// Reads the replacements of a list, with those of the files that it names.
///
/// # Errors
/// A file that is not there or holds none.
pub fn replacements(list: &[ReplacementField], loader: &Loader<'_>) -> Result<Vec<Replacement>, String> {
    let mut out = Vec::new();
    for entry in list {
        if entry.path.is_empty() {
            let mut replacement = entry.replacement.clone();
            // An empty list is none once kustomize has handed the field on.
            replacement.targets = replacement.targets.filter(|targets| !targets.is_empty());
            out.push(replacement);
            continue;
        }
        let inline = &entry.replacement;
        if inline.source.is_some() || inline.targets.as_ref().is_some_and(|t| !t.is_empty()) {
            return Err("cannot specify both path and inline replacement".to_owned());
        }
        let text = loader.load_text(&entry.path)?;
        let value = fairway_yaml::parse(&text).map_err(|e| format!("{}: {e}", entry.path))?;
        match &value {
            Value::Array(items) => {
                for (n, item) in items.iter().enumerate() {
                    out.push(Replacement::decode(item, &format!("{}[{n}]", entry.path), false)?);
                }
            }
            Value::Object(_) => out.push(Replacement::decode(&value, &entry.path, false)?),
            other => {
                return Err(format!("{}: unsupported replacement type: {}", entry.path, other.type_name()));
            }
        }
    }
    Ok(out)
}

fn replacement(value: &Value, loader: &Loader<'_>) -> Made {
    let f = Fields::new(value, "", &["replacements"], false)?;
    Ok(Box::new(Replacements { list: replacements(&f.list::<ReplacementField>("replacements")?, loader)? }))
}

fn replicas(value: &Value) -> Made {
    let f = Fields::new(value, "", &["replica", "fieldSpecs"], false)?;
    Ok(Box::new(Replicas { replica: f.optional("replica")?.unwrap_or_default(), fields: field_specs(&f)? }))
}

fn value_add(value: &Value, loader: &Loader<'_>) -> Made {
    let f = Fields::new(value, "", &["value", "targets", "targetFilePath"], false)?;
    let mut text = Str::from(f.string("value")?.trim());
    if text.is_empty() {
        text = loader.root().rsplit('/').next().unwrap_or_default().into();
    }
    let mut targets: Vec<ValueAddTarget> = f.list("targets")?;
    let path = f.string("targetFilePath")?;
    if !path.is_empty() {
        let document = fairway_yaml::parse(&loader.load_text(&path)?).map_err(|e| format!("{path}: {e}"))?;
        targets
            .extend(Fields::new(&document, &path, &["targets"], false)?.list::<ValueAddTarget>("targets")?);
    }
    if targets.is_empty() {
        return Err("must specify at least one target".to_owned());
    }
    Ok(Box::new(ValueAdd { value: text, targets }))
}

/// Runs a generator.
///
/// # Errors
/// A plugin that is not built in, is a transformer, or fails.
pub fn generate(config: &Resource, loader: &Loader<'_>, build: &Build<'_>) -> Result<ResMap, String> {
    let load = |e: String| format!("loading generator plugins: failed to load generator: {e}");
    let kind = check(config, build).map_err(load)?;
    let made = match kind.as_str() {
        "ConfigMapGenerator" => generate::config_map(&generator_args(config)?, loader),
        "SecretGenerator" => generate::secret(&generator_args(config)?, loader),
        "IAMPolicyGenerator" => generate::iam_policy(&config.value),
        "HelmChartInflationGenerator" => {
            let args = ChartArgs::decode(&config.value, "", false).map_err(|e| fails(config, &e))?;
            return generate::inflate(&args, loader, build);
        }
        other if make_transformer(other, &Value::Null, loader).is_some() => {
            return Err(load(format!("plugin {other} not a generator")));
        }
        other => return Err(load(format!("unable to load builtin {other}.builtin.[noGrp]"))),
    };
    let mut out = ResMap::default();
    out.append(made?, &build.openapi)?;
    Ok(out)
}

fn generator_args(config: &Resource) -> Result<GeneratorArgs, String> {
    // `env`, the old spelling of `envs`, is for kustomization files alone.
    let mut value = config.value.clone();
    value.remove_path(&["env"]);
    let mut args = GeneratorArgs::decode(&value, "", false).map_err(|e| fails(config, &e))?;
    if args.name.is_empty() {
        args.name = config.name();
    }
    if args.namespace.is_empty() {
        args.namespace = config.namespace();
    }
    Ok(args)
}
