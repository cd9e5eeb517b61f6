//! Building one kustomization: resources, generators, components, transformers, in kustomize's order.

use crate::accumulator::Accumulator;
use crate::build::Build;
use crate::config::{FieldSpec, TransformerConfig, from_crds, merge_all, merge_one};
use crate::factory;
use crate::generate;
use crate::id::ResId;
use crate::kustomization::{Kustomization, merge_options};
use crate::loader::Loader;
use crate::origin::{Maker, Place};
use crate::plugin;
use crate::resmap::ResMap;
use crate::resource::{ORIGIN_ANNOTATION, Resource};
use crate::transform::{
    Affix, Images, Json6902, MapEntries, Namespace, Replacements, Replicas, StrategicMerge, Subjects,
    Transform,
};
use crate::vars;
use fairway_value::{Str, Value};
use fairway_yaml::Step;
use std::rc::Rc;
use std::sync::Arc;

/// The names that a kustomization file may have.
pub const FILE_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Longest prefix or suffix of names, which the server takes up to 253 bytes of: each object repeats it several times.
const AFFIX_BYTES_MAX: usize = 4_096;

/// A transformer with the name that kustomize gives it and the field that asks for it.
struct Named {
    kind: &'static str,
    field: Field,
    transform: Box<dyn Transform>,
}

/// A field of the kustomization, with the place of the item where it is a list.
type Field = (&'static str, Option<usize>);

/// A kustomization and where it is.
pub struct Target<'t> {
    pub kustomization: Kustomization,
    file: &'static str,
    loader: Rc<Loader<'t>>,
    place: Option<Place>,
    chart_namespace: Str,
}

/// Reads the kustomization file of a directory.
fn load_file(loader: &Loader<'_>) -> Result<(Value, &'static str), String> {
    let mut found = None;
    for name in FILE_NAMES {
        let Some(bytes) = loader.find(name).map_err(|e| e.why)? else { continue };
        if found.is_some() {
            return Err(format!("Found multiple kustomization files under: '{}'", loader.shown()));
        }
        let text = String::from_utf8(bytes.to_vec()).map_err(|_| format!("{name}: not UTF-8"))?;
        found = Some((text, name));
    }
    let (text, name) = found.ok_or_else(|| {
        format!(
            "unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '{}'",
            loader.shown()
        )
    })?;
    let value = fairway_yaml::parse(&text)
        .map_err(|e| format!("{}/{name}: invalid Kustomization: {e}", loader.named(loader.root())))?;
    Ok((value, name))
}

/// Finds the line of the field that an error about the shape of a kustomization names first: `labels[0].pairs: expected …`.
/// Where it is missing, as deep as there is something.
fn line_of_fault(text: &str, error: &str) -> Option<usize> {
    let said = error.strip_prefix("invalid Kustomization: ").unwrap_or(error);
    let mut steps: Vec<Step> = Vec::new();
    let path = match said.split_once(": ") {
        Some((path, _)) if !path.contains(' ') => path,
        // `kind should be …` and `apiVersion for …` begin with the field.
        _ => said.split(' ').next().unwrap_or_default(),
    };
    for part in path.split('.').filter(|p| !p.is_empty() && *p != "kustomization") {
        let (name, items) = part.split_once('[').unwrap_or((part, ""));
        steps.push(Step::Key(name.into()));
        let numbers = items.split(['[', ']']).filter_map(|n| n.parse().ok());
        steps.extend(numbers.map(Step::Item));
    }
    if let Some((_, unknown)) = said.split_once("unknown field `") {
        steps.push(Step::Key(unknown.split('`').next().unwrap_or_default().into()));
    }
    (1..=steps.len()).rev().find_map(|len| fairway_yaml::line_of(text, &steps[..len]))
}

impl<'t> Target<'t> {
    /// Reads a kustomization. The top one takes the overrides.
    pub fn load(loader: Rc<Loader<'t>>, build: &mut Build<'_>, is_top: bool) -> Result<Self, String> {
        build.count_kustomization()?;
        let (value, file) = load_file(&loader)?;
        let overrides = build.options.overrides.filter(|o| is_top && !o.is_empty());
        let mut warnings = Vec::new();
        let at = |e: String| {
            let line = loader.load_text(file).ok().and_then(|text| line_of_fault(&text, &e));
            let line = line.map(|l| format!(":{l}")).unwrap_or_default();
            format!("{}{line}: {e}", loader.file_named(file))
        };
        let read = Kustomization::from_value(&value, overrides.is_some(), &mut warnings);
        let mut kustomization = read.map_err(at)?;
        build.warnings.append(&mut warnings);
        if let Some(overrides) = overrides {
            overrides.apply(&mut kustomization, loader.tree(), loader.root())?;
        }
        let place = (is_top && !kustomization.build_metadata.is_empty()).then(Place::default);
        let target = Self { kustomization, file, loader, place, chart_namespace: Str::new() };
        target.choose_schema(build).map_err(|e| target.at(("openapi", None), &e))?;
        Ok(target)
    }

    /// Takes the schema that `openapi` names.
    fn choose_schema(&self, build: &mut Build<'_>) -> Result<(), String> {
        let openapi = &self.kustomization.openapi;
        let document = match openapi.get("path") {
            Some(path) => {
                let text = self.loader.load_text(path)?;
                Some(fairway_yaml::parse(&text).map_err(|e| format!("{path}: {e}"))?)
            }
            None => None,
        };
        build.openapi.choose(openapi.get("version").map(Str::as_str), document.as_ref())
    }

    /// Gathers and changes what the kustomization says, into what is there already.
    pub fn accumulate(&self, mut into: Accumulator, build: &mut Build<'_>) -> Result<Accumulator, String> {
        let k = &self.kustomization;
        self.add_resources(&mut into, &k.resources, Some("resources"), build)
            .map_err(|e| format!("accumulating resources: {e}"))?;
        self.add_config(&mut into)?;
        self.run_generators(&mut into, build)?;
        for (n, path) in k.components.iter().enumerate() {
            let at = |e: String| {
                let why = self.at(("components", Some(n)), &format!("'{path}': {e}"));
                format!("accumulating components: {why}")
            };
            let loader = self.loader.open(path).map_err(at)?;
            into = self.add_directory(into, loader, path, true, build).map_err(at)?;
        }
        self.run_transformers(&mut into, build)?;
        self.run_validators(&mut into, build)
            .map_err(|e| self.at_unless_unsupported(("validators", None), e))?;
        for var in &k.vars {
            let wanted = ResId {
                gvk: var.gvk.clone(),
                name: var.object_name.clone(),
                namespace: var.object_namespace.clone(),
                cluster_scoped: false,
            };
            let fits = |id: &ResId| {
                if wanted.namespace.is_empty() { wanted.same_gvk_and_name(id) } else { wanted.is(id) }
            };
            let mut found = into.resources.all_mut().iter_mut().filter(|r| {
                !r.is_gone() && (fits(&r.id(&build.openapi)) || r.previous_ids().any(|id| fits(&id)))
            });
            if let Some(first) = found.next() {
                if found.next().is_some() {
                    return Err(self.at_var(format!(
                        "merging vars: found several resId matches for var '{}' (unable to disambiguate); say more in its objref",
                        var.name
                    )));
                }
                first.vars.push(var.name.clone());
            }
        }
        vars::add(&mut into.vars, k.vars.iter().cloned())
            .map_err(|e| self.at(("vars", None), &format!("merging vars: {e}")))?;
        Ok(into)
    }

    /// Says where in the kustomization file a field stands that something is wrong with.
    pub fn at(&self, (field, item): Field, why: &str) -> String {
        let file = self.loader.file_named(self.file);
        let text = self.loader.load_text(self.file).unwrap_or_default();
        let mut line = None;
        let found = fairway_yaml::visit_scalars(&text, &fairway_yaml::Limits::default(), |scalar| {
            let is_field = matches!(scalar.path.first(), Some(Step::Key(key)) if key == field);
            let is_item = match (item, scalar.path.get(1)) {
                (Some(n), Some(Step::Item(at))) => *at == n,
                (item, _) => item.is_none(),
            };
            if line.is_none() && is_field && is_item {
                line = Some(scalar.line);
            }
        });
        let line = line.filter(|_| found.is_ok()).map(|l| format!(":{l}")).unwrap_or_default();
        let item = item.map(|n| format!("[{n}]")).unwrap_or_default();
        format!("{file}{line}: {field}{item}: {why}")
    }

    /// Says where the var stands that an error names in quotes; one of a base is named as it is.
    pub fn at_var(&self, why: String) -> String {
        let named = |name: &str| why.contains(&format!("'{name}'"));
        match self.kustomization.vars.iter().position(|v| named(&v.name)) {
            Some(n) => self.at(("vars", Some(n)), &why),
            None => why,
        }
    }

    /// As [`Target::at`]; what is unsupported is told by how it begins.
    fn at_unless_unsupported(&self, field: Field, why: String) -> String {
        match why.strip_prefix("unsupported: ") {
            Some(what) => format!("unsupported: {}", self.at(field, what)),
            None => self.at(field, &why),
        }
    }

    /// Adds what paths lead to; `field` is the one of the kustomization that lists them, where one does.
    fn add_resources(
        &self,
        into: &mut Accumulator,
        paths: &[Str],
        field: Option<&'static str>,
        build: &mut Build<'_>,
    ) -> Result<(), String> {
        for (n, path) in paths.iter().enumerate() {
            self.add_resource(into, path, build).map_err(|e| match field {
                Some(field) => self.at((field, Some(n)), &e),
                None => e,
            })?;
        }
        Ok(())
    }

    fn add_resource(&self, into: &mut Accumulator, path: &Str, build: &mut Build<'_>) -> Result<(), String> {
        let as_file = match self.loader.find(path) {
            Ok(found) => found.ok_or(None),
            Err(e) if e.is_final => return Err(e.why),
            Err(e) => Err(Some(e)),
        };
        let text = match as_file {
            Ok(bytes) => bytes,
            Err(as_file) => {
                let loader = self.loader.open(path).map_err(|e| {
                    let as_file = as_file.unwrap_or_else(|| self.loader.missing(path));
                    format!("accumulation err='{}': {e}", as_file.why)
                })?;
                let taken = std::mem::take(into);
                *into = self
                    .add_directory(taken, loader, path, false, build)
                    .map_err(|e| format!("'{path}': {e}"))?;
                return Ok(());
            }
        };
        let file = self.loader.join(path).unwrap_or_else(|_| path.to_string());
        let text = std::str::from_utf8(&text).map_err(|_| format!("'{file}': not UTF-8"))?;
        let mut resources = factory::resmap(text, &file, &build.openapi)
            .map_err(|e| format!("accumulating resources from '{path}': {e} in File: {path}"))?;
        if let Some(place) = &self.place {
            let origin = place.join(path).text();
            let annotations = |r: &Resource| r.value.get_path(&["metadata", "annotations"]).cloned();
            let is_wrong = |found: &Value| !matches!(found, Value::Null | Value::Object(_));
            if resources.iter().filter_map(annotations).any(|found| is_wrong(&found)) {
                return Err(format!(
                    "cannot add path annotation for '{path}': metadata.annotations: expected a map"
                ));
            }
            resources.all_mut().iter_mut().for_each(|r| r.set_annotation(ORIGIN_ANNOTATION, &origin));
        }
        into.resources
            .append_all(resources, &build.openapi)
            .map_err(|e| format!("merging resources from '{path}': {e}"))?;
        Ok(())
    }

    fn add_directory(
        &self,
        mut into: Accumulator,
        loader: Rc<Loader<'t>>,
        path: &str,
        is_component: bool,
        build: &mut Build<'_>,
    ) -> Result<Accumulator, String> {
        let root = loader.named(loader.root());
        let mut sub = Target::load(loader, build, false)
            .map_err(|e| format!("couldn't make target for path '{root}': {e}"))?;
        sub.kustomization.build_metadata.clone_from(&self.kustomization.build_metadata);
        sub.place = self.place.as_ref().map(|p| p.join(path));
        let own = &self.kustomization.namespace;
        sub.chart_namespace = if own.is_empty() { self.chart_namespace.clone() } else { own.clone() };
        if is_component != sub.kustomization.is_component() {
            let wanted = if is_component { "kind 'Component'" } else { "another kind than 'Component'" };
            return Err(format!("expected {wanted} for path '{root}' but got '{}'", sub.kustomization.kind));
        }
        if is_component {
            let mut gathered = sub
                .accumulate(into, build)
                .map_err(|e| format!("recursed accumulation of path '{root}': {e}"))?;
            // What a component has gathered is merged into nothing, as of any other directory.
            if let Some(config) = gathered.config.take() {
                gathered
                    .merge_config(&config)
                    .map_err(|e| format!("recursed merging from path '{root}': {e}"))?;
            }
            return Ok(gathered);
        }
        let below = sub
            .accumulate(Accumulator::default(), build)
            .map_err(|e| format!("recursed accumulation of path '{root}': {e}"))?;
        into.merge(below, build).map_err(|e| format!("recursed merging from path '{root}': {e}"))?;
        Ok(into)
    }

    fn add_config(&self, into: &mut Accumulator) -> Result<(), String> {
        let mut config = TransformerConfig::defaults();
        let mut own = TransformerConfig::default();
        for (n, path) in self.kustomization.configurations.iter().enumerate() {
            let mut add = || -> Result<(), String> {
                let value = fairway_yaml::parse_strict(&self.loader.load_text(path)?)
                    .map_err(|e| format!("{path}: {e}"))?;
                let more = TransformerConfig::from_value(&value).map_err(|e| format!("{path}: {e}"))?;
                own.merge(&more).map_err(|e| format!("{path}: {e}"))
            };
            add().map_err(|e| self.at(("configurations", Some(n)), &e))?;
        }
        if !self.kustomization.configurations.is_empty() {
            Arc::make_mut(&mut config).merge(&own).map_err(|e| format!("configurations: {e}"))?;
        }
        into.merge_config(&config).map_err(|e| format!("merging config: {e}"))?;
        for (n, path) in self.kustomization.crds.iter().enumerate() {
            let mut add = || -> Result<(), String> {
                let value = fairway_yaml::parse(&self.loader.load_text(path)?)
                    .map_err(|e| format!("loading CRDs {path}: {e}"))?;
                let more = from_crds(&value).map_err(|e| format!("loading CRDs {path}: {e}"))?;
                into.merge_config(&Arc::new(more)).map_err(|e| format!("merging CRDs {path}: {e}"))
            };
            add().map_err(|e| self.at(("crds", Some(n)), &e))?;
        }
        Ok(())
    }

    fn maker(&self, kind: &str) -> Option<Maker> {
        self.place.as_ref().map(|place| Maker::builtin(place, self.file, kind))
    }

    fn run_generators(&self, into: &mut Accumulator, build: &mut Build<'_>) -> Result<(), String> {
        let k = &self.kustomization;
        let mut absorb = |made: ResMap, maker: Option<Maker>| -> Result<(), String> {
            for mut resource in made.into_list() {
                if let Some(maker) = &maker {
                    maker.note_generated(&mut resource);
                }
                into.resources
                    .absorb(resource, &build.openapi)
                    .map_err(|e| format!("merging from generator: {e}"))?;
            }
            Ok(())
        };
        for (n, args) in k.config_maps.iter().enumerate() {
            let mut args = args.clone();
            merge_options(&mut args.options, &k.generator_options);
            generate::config_map(&args, &self.loader)
                .and_then(|made| absorb(ResMap::of(made), self.maker("ConfigMapGenerator")))
                .map_err(|e| self.at(("configMapGenerator", Some(n)), &e))?;
        }
        for (n, args) in k.secrets.iter().enumerate() {
            let mut args = args.clone();
            merge_options(&mut args.options, &k.generator_options);
            generate::secret(&args, &self.loader)
                .and_then(|made| absorb(ResMap::of(made), self.maker("SecretGenerator")))
                .map_err(|e| self.at(("secretGenerator", Some(n)), &e))?;
        }
        for (n, args) in k.charts.iter().enumerate() {
            let mut args = args.clone();
            if args.namespace.is_empty() {
                args.namespace =
                    if k.namespace.is_empty() { self.chart_namespace.clone() } else { k.namespace.clone() };
            }
            generate::inflate(&args, &self.loader, build)
                .and_then(|made| absorb(made, self.maker("HelmChartInflationGenerator")))
                .map_err(|e| self.at_unless_unsupported(("helmCharts", Some(n)), e))?;
        }
        let configs = self.plugin_configs(&k.generators, build).map_err(|e| {
            self.at_unless_unsupported(("generators", None), format!("loading generator plugins: {e}"))
        })?;
        for config in configs.iter() {
            let field = ("generators", None);
            let made = plugin::generate(config, &self.loader, build)
                .map_err(|e| self.at_unless_unsupported(field, e))?;
            for mut resource in made.into_list() {
                if let Some(maker) = Maker::plugin(config) {
                    maker.note_generated(&mut resource);
                }
                into.resources
                    .absorb(resource, &build.openapi)
                    .map_err(|e| self.at(field, &format!("merging from generator: {e}")))?;
            }
        }
        Ok(())
    }

    /// Reads the objects that configure plugins: texts, files or directories.
    fn plugin_configs(&self, entries: &[Str], build: &mut Build<'_>) -> Result<ResMap, String> {
        let mut into = Accumulator::default();
        let mut paths = Vec::new();
        for entry in entries {
            let Ok(mut inline) = factory::resmap(entry, "", &build.openapi) else {
                paths.push(entry.clone());
                continue;
            };
            if let Some(place) = &self.place {
                let origin = place.join(self.file).text();
                inline.all_mut().iter_mut().for_each(|r| r.set_annotation(ORIGIN_ANNOTATION, &origin));
            }
            into.resources.append_all(inline, &build.openapi)?;
        }
        self.add_resources(&mut into, &paths, None, build)?;
        Ok(into.resources)
    }

    fn run_transformers(&self, into: &mut Accumulator, build: &mut Build<'_>) -> Result<(), String> {
        let mut all: Vec<(Field, Box<dyn Transform>, Option<Maker>)> = Vec::new();
        for Named { kind, field, transform } in self.builtin_transformers(&into.config())? {
            all.push((field, transform, self.maker(kind)));
        }
        let plugins: Field = ("transformers", None);
        let at = |e: String| self.at_unless_unsupported(plugins, e);
        let configs = self.plugin_configs(&self.kustomization.transformers, build).map_err(at)?;
        for config in configs.iter() {
            let made = plugin::transformer(config, &self.loader, build).map_err(at)?;
            all.push((plugins, made, Maker::plugin(config)));
        }
        for (field, transformer, maker) in all {
            transformer
                .transform(&mut into.resources, &build.openapi)
                .map_err(|e| self.at_unless_unsupported(field, e))?;
            into.resources.drop_gone();
            if let Some(maker) = maker {
                into.resources.all_mut().iter_mut().for_each(|r| maker.note_changed(r));
            }
        }
        Ok(())
    }

    fn run_validators(&self, into: &mut Accumulator, build: &mut Build<'_>) -> Result<(), String> {
        let configs = self.plugin_configs(&self.kustomization.validators, build)?;
        for config in configs.iter() {
            let validator = plugin::transformer(config, &self.loader, build)?;
            let before: Vec<Resource> = into.resources.iter().cloned().collect();
            validator.transform(&mut into.resources, &build.openapi)?;
            let after = into.resources.iter();
            let changed = match before.len() == after.len() {
                true => before.iter().zip(after).find(|(b, r)| !r.is_only_validated(b)).map(|(b, _)| b),
                false => before.first(),
            };
            if let Some(changed) = changed {
                let (kind, name) = (config.kind(), config.name());
                let id = changed.id(&build.openapi);
                return Err(format!(
                    "validator {kind}/{name} shouldn't modify the resource map: {id} is changed"
                ));
            }
        }
        Ok(())
    }

    /// Configures what the kustomization's own fields ask for, in kustomize's order.
    fn builtin_transformers(&self, config: &TransformerConfig) -> Result<Vec<Named>, String> {
        let k = &self.kustomization;
        let mut out: Vec<Named> = Vec::new();
        let mut add = |kind, field: Field, transform: Box<dyn Transform>| {
            out.push(Named { kind, field, transform });
        };
        if !k.patches_strategic_merge.is_empty() {
            let field = ("patchesStrategicMerge", None);
            let patches = plugin::strategic_patches(&k.patches_strategic_merge, &self.loader)
                .map_err(|e| self.at(field, &e))?;
            if patches.is_empty() {
                return Err(self.at(field, "patch appears to be empty"));
            }
            add("PatchStrategicMergeTransformer", field, Box::new(StrategicMerge { patches }));
        }
        for (n, patch) in k.patches.iter().enumerate() {
            let field = ("patches", Some(n));
            let made = plugin::patch_entry(patch, &self.loader).map_err(|e| self.at(field, &e))?;
            add("PatchTransformer", field, Box::new(made));
        }
        if !k.namespace.is_empty() {
            let namespace = Namespace {
                namespace: k.namespace.clone(),
                fields: config.namespace.clone(),
                unset_only: false,
                subjects: Subjects::Default,
            };
            add("NamespaceTransformer", ("namespace", None), Box::new(namespace));
        }
        for (kind, field, text, fields, is_prefix) in [
            ("PrefixTransformer", "namePrefix", &k.name_prefix, &config.name_prefix, true),
            ("SuffixTransformer", "nameSuffix", &k.name_suffix, &config.name_suffix, false),
        ] {
            if text.len() > AFFIX_BYTES_MAX {
                return Err(self.at((field, None), &format!("longer than {AFFIX_BYTES_MAX} bytes")));
            }
            if !text.is_empty() {
                let affix = Affix { text: text.clone(), is_prefix, fields: fields.clone() };
                add(kind, (field, None), Box::new(affix));
            }
        }
        self.label_transformers(config, &mut add)?;
        if !k.common_annotations.is_empty() {
            let annotations = MapEntries {
                entries: k.common_annotations.clone(),
                fields: config.common_annotations.clone(),
            };
            add("AnnotationsTransformer", ("commonAnnotations", None), Box::new(annotations));
        }
        for (n, patch) in k.patches_json6902.iter().enumerate() {
            let field = ("patchesJson6902", Some(n));
            let made = plugin::json_operations(&patch.path, &patch.patch, &self.loader)
                .and_then(|operations| Json6902::new(patch.target.as_ref(), &operations))
                .map_err(|e| self.at(field, &e))?;
            add("PatchJson6902Transformer", field, Box::new(made));
        }
        for (n, replica) in k.replicas.iter().enumerate() {
            let replicas = Replicas { replica: replica.clone(), fields: config.replicas.clone() };
            add("ReplicaCountTransformer", ("replicas", Some(n)), Box::new(replicas));
        }
        for (n, image) in k.images.iter().enumerate() {
            let images = Images::new(image.clone(), config.images.clone());
            add("ImageTagTransformer", ("images", Some(n)), Box::new(images));
        }
        if !k.replacements.is_empty() {
            let field = ("replacements", None);
            let list = plugin::replacements(&k.replacements, &self.loader).map_err(|e| self.at(field, &e))?;
            add("ReplacementTransformer", field, Box::new(Replacements { list }));
        }
        Ok(out)
    }

    fn label_transformers(
        &self,
        config: &TransformerConfig,
        add: &mut dyn FnMut(&'static str, Field, Box<dyn Transform>),
    ) -> Result<(), String> {
        let k = &self.kustomization;
        for (n, label) in k.labels.iter().enumerate() {
            let mut fields = label.fields.clone();
            let mut gather = || -> Result<(), String> {
                merge_all(&mut fields, &config.labels)?;
                if label.selectors {
                    return merge_all(&mut fields, &config.common_labels);
                }
                if label.templates {
                    merge_all(&mut fields, &config.template_labels)?;
                }
                if label.volume_claim_templates {
                    merge_all(&mut fields, &config.volume_claim_template_labels)?;
                }
                merge_one(&mut fields, &FieldSpec::created("metadata/labels"))
            };
            let field = ("labels", Some(n));
            gather().map_err(|e| self.at(field, &e))?;
            let labels = MapEntries { entries: label.pairs.clone(), fields: fields.into() };
            add("LabelTransformer", field, Box::new(labels));
        }
        if !k.labels.is_empty() || !k.common_labels.is_empty() {
            let common =
                MapEntries { entries: k.common_labels.clone(), fields: config.common_labels.clone() };
            add("LabelTransformer", ("commonLabels", None), Box::new(common));
        }
        Ok(())
    }
}
