use crate::accumulator::Accumulator;
use crate::loader::Loader;
use crate::name_reference::{drop_local, fix_references};
use crate::openapi::OpenApi;
use crate::sort::sort;
use crate::target::Target;
use crate::transform::{Hash, Transform};
use crate::vars;
use crate::{BuildOptions, Error};
use fairway_core::{Desired, FileTree, Object};
use fairway_value::Str;
use std::collections::HashSet;

/// What a build gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Built {
    /// The objects in output order.
    pub objects: Vec<Desired>,
    /// What kustomize would print on its standard error: deprecated fields and the like.
    pub warnings: Vec<String>,
    /// The namespace of each object; nothing for those of kinds known to have none.
    pub namespaces: Vec<Option<Str>>,
}

impl Built {
    /// Returns the stream that `kustomize build` prints.
    #[must_use]
    pub fn yaml(&self) -> String {
        let mut out = String::new();
        for (n, desired) in self.objects.iter().enumerate() {
            if n > 0 {
                out.push_str("---\n");
            }
            fairway_yaml::write_to(desired.object.value(), fairway_yaml::Style::SIGS, &mut out);
        }
        out
    }
}

impl Built {
    /// Returns the files that `kustomize build -o DIRECTORY` writes: name and content of each.
    #[must_use]
    pub fn files(&self) -> Vec<(String, String)> {
        let several = {
            let mut names = self.namespaces.iter().flatten();
            let first = names.next();
            names.any(|n| Some(n) != first)
        };
        let file = |(desired, namespace): (&Desired, &Option<Str>)| {
            let value = desired.object.value();
            let text = |key: &str| crate::scalar::field_text(value, key);
            let (group, version) = crate::id::split_api_version_owned(&text("apiVersion"));
            let kind = text("kind");
            let parts = [group.as_str(), version.as_str(), kind.as_str()];
            let kind = parts.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join("_");
            let name =
                value.get("metadata").map(|m| crate::scalar::field_text(m, "name")).unwrap_or_default();
            let place = namespace.as_ref().filter(|_| several).map(|n| format!("{n}_")).unwrap_or_default();
            let mut out = String::new();
            fairway_yaml::write_to(value, fairway_yaml::Style::SIGS, &mut out);
            (format!("{place}{kind}_{name}.yaml").to_lowercase(), out)
        };
        self.objects.iter().zip(&self.namespaces).map(file).collect()
    }
}

/// The version of kustomize that builds are those of, which `buildMetadata: [managedByLabel]` names.
pub const VERSION: &str = "v5.8.2";

/// Most kustomizations of one build, each as often as it is used: bases may be shared, and sharing multiplies.
const KUSTOMIZATIONS_MAX: usize = 10_000;

/// What holds for one build as a whole.
pub(crate) struct Build<'a> {
    pub options: &'a BuildOptions<'a>,
    pub openapi: OpenApi,
    pub warnings: Vec<String>,
    kustomizations: usize,
}

impl Build<'_> {
    /// Counts a kustomization that is about to be read.
    pub fn count_kustomization(&mut self) -> Result<(), String> {
        self.kustomizations += 1;
        if self.kustomizations > KUSTOMIZATIONS_MAX {
            return Err(format!("more than {KUSTOMIZATIONS_MAX} kustomizations in one build"));
        }
        Ok(())
    }
}

/// Builds the kustomization in a directory of a tree (empty for its root), or at a Git address through
/// [`BuildOptions::remote`].
///
/// # Errors
/// What `kustomize build` fails on, and what is unsupported.
pub fn build(tree: &dyn FileTree, path: &str, options: &BuildOptions<'_>) -> Result<Built, Error> {
    run(tree, path, options).map_err(|why| match why.strip_prefix("unsupported: ") {
        Some(what) => Error::Unsupported(what.to_owned()),
        None => Error::Invalid(why),
    })
}

fn run(tree: &dyn FileTree, path: &str, options: &BuildOptions<'_>) -> Result<Built, String> {
    let mut build = Build { options, openapi: OpenApi::default(), warnings: Vec::new(), kustomizations: 0 };
    let loader = Loader::top(tree, path, options.load_restrictor, options.remote)?;
    let target = Target::load(loader, &mut build, true)?;
    let Accumulator { mut resources, vars: var_set, .. } = {
        let gathered = target.accumulate(Accumulator::default(), &mut build)?;
        let config = gathered.config();
        let mut gathered = gathered;
        Hash.transform(&mut gathered.resources, &build.openapi)?;
        fix_references(&mut gathered.resources, &config, &build.openapi)?;
        let unused = vars::resolve(&mut gathered.resources, &gathered.vars, &config.var_reference);
        let unused = unused.map_err(|e| target.at_var(e))?;
        build.warnings.extend(unused);
        gathered
    };
    drop(var_set);
    drop_local(&mut resources);
    let k = &target.kustomization;
    sort(&mut resources, k.sort_options.as_ref(), options.reorder, &build.openapi)
        .map_err(|e| if k.sort_options.is_some() { target.at(("sortOptions", None), &e) } else { e })?;
    let wants = |option: &str| k.build_metadata.iter().any(|o| o == option);
    let mut seen = HashSet::new();
    let mut objects = Vec::with_capacity(resources.len());
    let mut namespaces = Vec::with_capacity(resources.len());
    for mut resource in resources.into_list() {
        let id = resource.id(&build.openapi);
        // A list needs no name.
        if id.gvk.kind.is_empty() || (id.name.is_empty() && !id.gvk.kind.ends_with("List")) {
            return Err(format!("missing kind or metadata.name in object {id}"));
        }
        if resource.state.is_torn {
            return Err(format!(
                "{id}: the name, namespace or kind holds a comma; kustomize cannot follow such names"
            ));
        }
        if !seen.insert((id.gvk.clone(), id.name.clone(), id.effective_namespace().to_owned())) {
            return Err(format!("may not add resource with an already registered id: {id}"));
        }
        resource.check_annotations().map_err(|e| format!("{id}: {e}"))?;
        if let Some(key) = resource.odd_key() {
            return Err(format!(
                "{id}: the key `{key}` is no text, so that the map cannot be written; put it in quotes"
            ));
        }
        namespaces.push((!id.cluster_scoped).then(|| Str::from(id.effective_namespace())));
        if build.options.managed_by_label || wants("managedByLabel") {
            const LABEL: [&str; 3] = ["metadata", "labels", "app.kubernetes.io/managed-by"];
            if !resource.value.set_path(&LABEL, format!("kustomize-{VERSION}")) {
                return Err(format!("{id}: metadata.labels: expected a map"));
            }
        }
        resource.clean(wants("originAnnotations"), wants("transformerAnnotations"));
        resource.check_numbers().map_err(|e| format!("{id}: {e}"))?;
        objects.push(Desired { object: Object::new(resource.value), origin: resource.origin });
    }
    Ok(Built { objects, warnings: build.warnings, namespaces })
}
