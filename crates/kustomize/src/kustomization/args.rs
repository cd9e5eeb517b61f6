//! The entries of a kustomization's fields, and of the plugins that do the same.

use crate::config::FieldSpec;
use crate::decode::{Decode, Fields};
use crate::id::{Gvk, split_api_version};
use fairway_value::{Str, Value};
use std::collections::BTreeMap;

/// Reads a type from the named fields of a map.
macro_rules! decode {
    ($type:ident, $known:expr, |$fields:ident| $body:expr) => {
        impl Decode for $type {
            fn decode(value: &Value, path: &str, strict: bool) -> Result<Self, String> {
                let $fields = Fields::new(value, path, &$known, strict)?;
                Ok($body)
            }
        }
    };
}

/// Which resources are meant; empty parts mean any, the others are regular expressions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selector {
    pub gvk: Gvk,
    pub name: Str,
    pub namespace: Str,
    pub labels: Str,
    pub annotations: Str,
}

decode!(
    Selector,
    ["group", "version", "kind", "name", "namespace", "labelSelector", "annotationSelector"],
    |f| Self {
        gvk: f.gvk()?,
        name: f.string("name")?,
        namespace: f.string("namespace")?,
        labels: f.string("labelSelector")?,
        annotations: f.string("annotationSelector")?,
    }
);

/// What a strategic-merge patch may change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PatchOptions {
    pub allow_name_change: bool,
    pub allow_kind_change: bool,
}

decode!(PatchOptions, ["allowNameChange", "allowKindChange"], |f| Self {
    allow_name_change: f.bool("allowNameChange")?,
    allow_kind_change: f.bool("allowKindChange")?,
});

/// An entry of `patches` or `patchesJson6902`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Patch {
    pub path: Str,
    pub patch: Str,
    pub target: Option<Selector>,
    pub options: PatchOptions,
}

decode!(Patch, ["path", "patch", "target", "options"], |f| Self {
    path: f.string("path")?,
    patch: f.string("patch")?,
    target: f.optional("target")?,
    options: f.optional("options")?.unwrap_or_default(),
});

/// An entry of `labels`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Label {
    pub pairs: BTreeMap<Str, Str>,
    pub selectors: bool,
    pub templates: bool,
    pub volume_claim_templates: bool,
    pub fields: Vec<FieldSpec>,
}

decode!(
    Label,
    ["pairs", "includeSelectors", "includeTemplates", "includeVolumeClaimTemplates", "fields"],
    |f| Self {
        pairs: f.string_map("pairs")?,
        selectors: f.bool("includeSelectors")?,
        templates: f.bool("includeTemplates")?,
        volume_claim_templates: f.bool("includeVolumeClaimTemplates")?,
        fields: f.list("fields")?,
    }
);

/// An entry of `images`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Image {
    pub name: Str,
    pub new_name: Str,
    pub new_tag: Str,
    pub tag_suffix: Str,
    pub digest: Str,
}

decode!(Image, ["name", "newName", "tagSuffix", "newTag", "digest"], |f| Self {
    name: f.string("name")?,
    new_name: f.string("newName")?,
    new_tag: f.string("newTag")?,
    tag_suffix: f.string("tagSuffix")?,
    digest: f.string("digest")?,
});

/// An entry of `replicas`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Replica {
    pub name: Str,
    pub count: i64,
}

decode!(Replica, ["name", "count"], |f| Self { name: f.string("name")?, count: f.int("count")? });

/// `options` of a replacement's source or target.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FieldOptions {
    pub delimiter: Str,
    pub index: i64,
    pub create: bool,
}

decode!(FieldOptions, ["delimiter", "index", "encoding", "create"], |f| {
    // kustomize reads it and does nothing with it.
    f.string("encoding")?;
    Self { delimiter: f.string("delimiter")?, index: f.int("index")?, create: f.bool("create")? }
});

/// Where a replacement's value comes from; the parts are exact.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SourceSelector {
    pub gvk: Gvk,
    pub name: Str,
    pub namespace: Str,
    pub field_path: Str,
    pub options: FieldOptions,
}

decode!(SourceSelector, ["group", "version", "kind", "name", "namespace", "fieldPath", "options"], |f| {
    Self {
        gvk: f.gvk()?,
        name: f.string("name")?,
        namespace: f.string("namespace")?,
        field_path: f.string("fieldPath")?,
        options: f.optional("options")?.unwrap_or_default(),
    }
});

/// Where a replacement's value goes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TargetSelector {
    pub select: Option<Selector>,
    pub reject: Vec<Selector>,
    pub field_paths: Vec<Str>,
    pub options: FieldOptions,
}

decode!(TargetSelector, ["select", "reject", "fieldPaths", "options"], |f| Self {
    select: f.optional("select")?,
    reject: f.list("reject")?,
    field_paths: f.list("fieldPaths")?,
    options: f.optional("options")?.unwrap_or_default(),
});

/// One replacement.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Replacement {
    pub source: Option<SourceSelector>,
    pub source_value: Option<Str>,
    /// `None` where the field is missing.
    pub targets: Option<Vec<TargetSelector>>,
}

/// An entry of `replacements`: a file of them, or one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReplacementField {
    pub path: Str,
    pub replacement: Replacement,
}

impl Replacement {
    fn read(f: &Fields<'_>) -> Result<Self, String> {
        Ok(Self {
            source: f.optional("source")?,
            source_value: f.optional("sourceValue")?,
            targets: if f.get("targets").is_some() { Some(f.list("targets")?) } else { None },
        })
    }
}

decode!(Replacement, ["source", "targets", "sourceValue"], |f| Self::read(&f)?);

impl Decode for ReplacementField {
    fn decode(value: &Value, path: &str, strict: bool) -> Result<Self, String> {
        let fields = Fields::new(value, path, &["path", "source", "targets", "sourceValue"], strict)?;
        Ok(Self { path: fields.string("path")?, replacement: Replacement::read(&fields)? })
    }
}

/// An entry of `vars`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Var {
    pub name: Str,
    pub gvk: Gvk,
    pub object_name: Str,
    pub object_namespace: Str,
    pub field_path: Str,
}

impl Decode for Var {
    fn decode(value: &Value, path: &str, strict: bool) -> Result<Self, String> {
        let fields = Fields::new(value, path, &["name", "objref", "fieldref"], strict)?;
        let nothing = Value::Null;
        let known = ["apiVersion", "group", "version", "kind", "name", "namespace"];
        let object =
            Fields::new(fields.get("objref").unwrap_or(&nothing), &format!("{path}.objref"), &known, strict)?;
        let field = Fields::new(
            fields.get("fieldref").unwrap_or(&nothing),
            &format!("{path}.fieldref"),
            &["fieldPath"],
            strict,
        )?;
        let mut gvk = object.gvk()?;
        let api_version = object.string("apiVersion")?;
        match api_version.matches('/').count() {
            _ if api_version.is_empty() => {}
            0 => gvk.version = api_version,
            1 => {
                let (group, version) = split_api_version(&api_version);
                (gvk.group, gvk.version) = (group.into(), version.into());
            }
            _ => {}
        }
        let field_path = field.string("fieldPath")?;
        Ok(Self {
            name: fields.string("name")?,
            gvk,
            object_name: object.string("name")?,
            object_namespace: object.string("namespace")?,
            field_path: if field_path.is_empty() { "metadata.name".into() } else { field_path },
        })
    }
}

/// `generatorOptions`, or `options` of one generator.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GeneratorOptions {
    pub labels: BTreeMap<Str, Str>,
    pub annotations: BTreeMap<Str, Str>,
    pub disable_name_suffix_hash: bool,
    pub immutable: bool,
}

decode!(GeneratorOptions, ["labels", "annotations", "disableNameSuffixHash", "immutable"], |f| Self {
    labels: f.string_map("labels")?,
    annotations: f.string_map("annotations")?,
    disable_name_suffix_hash: f.bool("disableNameSuffixHash")?,
    immutable: f.bool("immutable")?,
});

/// Adds what holds for all generators to one generator's own options, which win.
pub fn merge_options(local: &mut GeneratorOptions, global: &GeneratorOptions) {
    for (mine, all) in [(&mut local.labels, &global.labels), (&mut local.annotations, &global.annotations)] {
        for (key, value) in all {
            mine.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
    local.disable_name_suffix_hash |= global.disable_name_suffix_hash;
    local.immutable |= global.immutable;
}

/// An entry of `configMapGenerator` or `secretGenerator`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GeneratorArgs {
    pub name: Str,
    pub namespace: Str,
    pub behavior: Str,
    pub literals: Vec<Str>,
    pub files: Vec<Str>,
    pub envs: Vec<Str>,
    pub options: GeneratorOptions,
    /// `type`, of Secrets only.
    pub secret_type: Str,
}

impl Decode for GeneratorArgs {
    fn decode(value: &Value, path: &str, strict: bool) -> Result<Self, String> {
        let known = ["name", "namespace", "behavior", "literals", "files", "envs", "env", "options", "type"];
        let f = Fields::new(value, path, &known, strict)?;
        let mut envs: Vec<Str> = f.list("envs")?;
        envs.extend(f.optional::<Str>("env")?.filter(|e| !e.is_empty()));
        Ok(Self {
            name: f.string("name")?,
            namespace: f.string("namespace")?,
            behavior: f.string("behavior")?,
            literals: f.list("literals")?,
            files: f.list("files")?,
            envs,
            options: f.optional("options")?.unwrap_or_default(),
            secret_type: f.string("type")?,
        })
    }
}

/// An entry of `helmCharts`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChartArgs {
    pub name: Str,
    pub version: Str,
    pub repo: Str,
    pub release_name: Str,
    pub namespace: Str,
    pub values_file: Str,
    pub additional_values_files: Vec<Str>,
    pub values_inline: Option<Value>,
    pub values_merge: Str,
    pub include_crds: bool,
    pub skip_hooks: bool,
    pub skip_tests: bool,
    pub api_versions: Vec<Str>,
    pub kube_version: Str,
    pub name_template: Str,
    pub devel: bool,
    /// `helmGlobals.chartHome`.
    pub chart_home: Str,
}

/// The fields of `helmCharts` entries, with those of `helmGlobals` for the generator as a plugin.
pub const CHART_FIELDS: [&str; 20] = [
    "name",
    "version",
    "repo",
    "releaseName",
    "namespace",
    "additionalValuesFiles",
    "valuesFile",
    "valuesInline",
    "valuesMerge",
    "includeCRDs",
    "skipHooks",
    "apiVersions",
    "kubeVersion",
    "nameTemplate",
    "skipTests",
    "debug",
    "devel",
    "chartHome",
    "configHome",
    "metadata",
];

/// How many of [`CHART_FIELDS`] only the plugin has.
const GLOBAL_FIELDS: usize = 3;

impl Decode for ChartArgs {
    fn decode(value: &Value, path: &str, strict: bool) -> Result<Self, String> {
        // In a kustomization `helmGlobals` holds what the last of them say.
        let known =
            if strict { &CHART_FIELDS[..CHART_FIELDS.len() - GLOBAL_FIELDS] } else { &CHART_FIELDS[..] };
        let f = Fields::new(value, path, known, strict)?;
        f.bool("debug")?;
        Ok(Self {
            name: f.string("name")?,
            version: f.string("version")?,
            repo: f.string("repo")?,
            release_name: f.string("releaseName")?,
            namespace: f.string("namespace")?,
            values_file: f.string("valuesFile")?,
            additional_values_files: f.list("additionalValuesFiles")?,
            values_inline: f.map("valuesInline")?,
            values_merge: f.string("valuesMerge")?,
            include_crds: f.bool("includeCRDs")?,
            skip_hooks: f.bool("skipHooks")?,
            skip_tests: f.bool("skipTests")?,
            api_versions: f.list("apiVersions")?,
            kube_version: f.string("kubeVersion")?,
            name_template: f.string("nameTemplate")?,
            devel: f.bool("devel")?,
            chart_home: f.string("chartHome")?,
        })
    }
}

/// `legacySortOptions`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LegacySort {
    pub first: Vec<Str>,
    pub last: Vec<Str>,
}

decode!(LegacySort, ["orderFirst", "orderLast"], |f| Self {
    first: f.list("orderFirst")?,
    last: f.list("orderLast")?,
});

/// `sortOptions`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SortOptions {
    pub order: Str,
    pub legacy: Option<LegacySort>,
}

decode!(SortOptions, ["order", "legacySortOptions"], |f| Self {
    order: f.string("order")?,
    legacy: f.optional("legacySortOptions")?,
});
