use super::args::{
    ChartArgs, GeneratorArgs, GeneratorOptions, Image, Label, Patch, ReplacementField, Replica, SortOptions,
    Var,
};
use crate::decode::{Decode, Fields};
use fairway_value::{Str, Value};
use std::collections::BTreeMap;

/// A kustomization file with its legacy fields moved to where they belong.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kustomization {
    pub kind: Str,
    pub openapi: BTreeMap<Str, Str>,
    pub name_prefix: Str,
    pub name_suffix: Str,
    pub namespace: Str,
    pub common_labels: BTreeMap<Str, Str>,
    pub labels: Vec<Label>,
    pub common_annotations: BTreeMap<Str, Str>,
    pub patches_strategic_merge: Vec<Str>,
    pub patches_json6902: Vec<Patch>,
    pub patches: Vec<Patch>,
    pub images: Vec<Image>,
    pub replacements: Vec<ReplacementField>,
    pub replicas: Vec<Replica>,
    pub vars: Vec<Var>,
    pub sort_options: Option<SortOptions>,
    pub resources: Vec<Str>,
    pub components: Vec<Str>,
    pub crds: Vec<Str>,
    pub config_maps: Vec<GeneratorArgs>,
    pub secrets: Vec<GeneratorArgs>,
    pub charts: Vec<ChartArgs>,
    pub generator_options: GeneratorOptions,
    pub configurations: Vec<Str>,
    pub generators: Vec<Str>,
    pub transformers: Vec<Str>,
    pub validators: Vec<Str>,
    pub build_metadata: Vec<Str>,
}

const FIELDS: [&str; 34] = [
    "apiVersion",
    "kind",
    "metadata",
    "openapi",
    "namePrefix",
    "nameSuffix",
    "namespace",
    "commonLabels",
    "labels",
    "commonAnnotations",
    "patchesStrategicMerge",
    "patchesJson6902",
    "patches",
    "images",
    "imageTags",
    "replacements",
    "replicas",
    "vars",
    "sortOptions",
    "resources",
    "components",
    "crds",
    "bases",
    "configMapGenerator",
    "secretGenerator",
    "helmGlobals",
    "helmCharts",
    "helmChartInflationGenerator",
    "generatorOptions",
    "configurations",
    "generators",
    "transformers",
    "validators",
    "buildMetadata",
];

/// Deprecated fields and what stands for them now.
const DEPRECATED: [(&str, &str); 6] = [
    ("bases", "resources"),
    ("commonLabels", "labels"),
    ("imageTags", "images"),
    ("patchesJson6902", "patches"),
    ("patchesStrategicMerge", "patches"),
    ("vars", "replacements"),
];

/// Kind of an ordinary kustomization.
pub const KUSTOMIZATION: &str = "Kustomization";
/// Kind of a component.
pub const COMPONENT: &str = "Component";

impl Kustomization {
    /// Whether this is a component.
    pub fn is_component(&self) -> bool {
        self.kind == COMPONENT
    }

    /// Reads a kustomization and adds a warning for each deprecated field.
    ///
    /// # Errors
    /// An empty kustomization, unknown fields, wrong types, another kind or version.
    pub fn from_value(value: &Value, may_be_empty: bool, warnings: &mut Vec<String>) -> Result<Self, String> {
        let fields = Fields::strict(value, "", &FIELDS).map_err(|e| format!("invalid Kustomization: {e}"))?;
        let k = Self::read(&fields).map_err(|e| format!("invalid Kustomization: {e}"))?;
        for (old, new) in DEPRECATED {
            if fields.get(old).is_some() {
                let experimental = if old == "vars" { "[EXPERIMENTAL] " } else { "" };
                warnings.push(format!(
                    "# Warning: '{old}' is deprecated. Please use '{new}' instead. {experimental}Run 'kustomize edit fix' to update your Kustomization automatically."
                ));
            }
        }
        let moved = ["bases", "imageTags", "helmChartInflationGenerator"];
        if !may_be_empty && fields.is_empty_but(&["apiVersion", "kind"], &moved) {
            return Err("kustomization.yaml is empty".to_owned());
        }
        k.check_type(&fields.string("apiVersion")?)?;
        Ok(k)
    }

    fn check_type(&self, api_version: &str) -> Result<(), String> {
        if self.kind != KUSTOMIZATION && self.kind != COMPONENT {
            return Err(format!("kind should be {KUSTOMIZATION} or {COMPONENT}, found {}", self.kind));
        }
        let wanted = if self.is_component() {
            "kustomize.config.k8s.io/v1alpha1"
        } else {
            "kustomize.config.k8s.io/v1beta1"
        };
        if !api_version.is_empty() && api_version != wanted {
            return Err(format!("apiVersion for {} should be {wanted}, found {api_version}", self.kind));
        }
        Ok(())
    }

    fn read(f: &Fields<'_>) -> Result<Self, String> {
        let mut resources: Vec<Str> = f.list("resources")?;
        resources.extend(f.list::<Str>("bases")?);
        let mut images: Vec<Image> = f.list("images")?;
        images.extend(f.list::<Image>("imageTags")?);
        let kind = f.string("kind")?;
        check_metadata(f)?;
        check_config_maps(f)?;
        Ok(Self {
            kind: if kind.is_empty() { KUSTOMIZATION.into() } else { kind },
            openapi: f.string_map("openapi")?,
            name_prefix: f.string("namePrefix")?,
            name_suffix: f.string("nameSuffix")?,
            namespace: f.string("namespace")?,
            common_labels: f.string_map("commonLabels")?,
            labels: f.list("labels")?,
            common_annotations: f.string_map("commonAnnotations")?,
            patches_strategic_merge: f.list("patchesStrategicMerge")?,
            patches_json6902: f.list("patchesJson6902")?,
            patches: f.list("patches")?,
            images,
            replacements: f.list("replacements")?,
            replicas: f.list("replicas")?,
            vars: f.list("vars")?,
            sort_options: f.optional("sortOptions")?,
            resources,
            components: f.list("components")?,
            crds: f.list("crds")?,
            config_maps: f.list("configMapGenerator")?,
            secrets: f.list("secretGenerator")?,
            charts: charts(f)?,
            generator_options: f.optional("generatorOptions")?.unwrap_or_default(),
            configurations: f.list("configurations")?,
            generators: f.list("generators")?,
            transformers: f.list("transformers")?,
            validators: f.list("validators")?,
            build_metadata: f.list("buildMetadata")?,
        })
    }
}

/// Refuses a `metadata` that is none; nothing in it matters.
fn check_metadata(f: &Fields<'_>) -> Result<(), String> {
    let Some(metadata) = f.get("metadata") else { return Ok(()) };
    let fields = Fields::strict(metadata, "metadata", &["name", "namespace", "labels", "annotations"])?;
    fields.string("name")?;
    fields.string("namespace")?;
    fields.string_map("labels")?;
    fields.string_map("annotations")?;
    Ok(())
}

/// Refuses what only Secrets have.
fn check_config_maps(f: &Fields<'_>) -> Result<(), String> {
    let list = f.get("configMapGenerator").and_then(Value::as_array).unwrap_or_default();
    let has_type = |entry: &Value| {
        entry.as_object().is_some_and(|m| m.keys().any(|key| key.eq_ignore_ascii_case("type")))
    };
    match list.iter().position(has_type) {
        Some(n) => Err(format!("configMapGenerator[{n}]: unknown field `type`")),
        None => Ok(()),
    }
}

/// An entry of the deprecated `helmChartInflationGenerator`.
struct OldChart(ChartArgs);

impl Decode for OldChart {
    fn decode(value: &Value, path: &str, strict: bool) -> Result<Self, String> {
        let known = [
            "chartName",
            "chartVersion",
            "chartRepoUrl",
            "chartHome",
            "chartRepoName",
            "helmBin",
            "helmHome",
            "values",
            "valuesLocal",
            "valuesMerge",
            "releaseName",
            "releaseNamespace",
            "extraArgs",
        ];
        let f = Fields::new(value, path, &known, strict)?;
        for ignored in ["chartRepoName", "helmBin", "helmHome", "releaseNamespace"] {
            f.string(ignored)?;
        }
        f.list::<Str>("extraArgs")?;
        Ok(Self(ChartArgs {
            name: f.string("chartName")?,
            version: f.string("chartVersion")?,
            repo: f.string("chartRepoUrl")?,
            chart_home: f.string("chartHome")?,
            values_file: f.string("values")?,
            values_inline: f.map("valuesLocal")?,
            values_merge: f.string("valuesMerge")?,
            release_name: f.string("releaseName")?,
            ..ChartArgs::default()
        }))
    }
}

/// Reads `helmCharts` with what `helmGlobals` says for all of them, and the deprecated spelling.
fn charts(f: &Fields<'_>) -> Result<Vec<ChartArgs>, String> {
    let nothing = Value::Null;
    let globals = f.get("helmGlobals");
    let globals_fields =
        Fields::strict(globals.unwrap_or(&nothing), "helmGlobals", &["chartHome", "configHome"])?;
    globals_fields.string("configHome")?;
    let mut home = globals_fields.string("chartHome")?;
    let old: Vec<OldChart> = f.list("helmChartInflationGenerator")?;
    if globals.is_none()
        && let Some(last) = old.iter().rev().find(|c| !c.0.chart_home.is_empty())
    {
        home = last.0.chart_home.clone();
    }
    let mut charts: Vec<ChartArgs> = f.list("helmCharts")?;
    charts.extend(old.into_iter().map(|c| c.0));
    for chart in &mut charts {
        chart.chart_home.clone_from(&home);
    }
    Ok(charts)
}
