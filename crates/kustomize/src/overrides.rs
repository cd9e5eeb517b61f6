use crate::Error;
use crate::decode::Decode;
use crate::kustomization::{Image, Kustomization, Label, Patch, Replica};
use fairway_core::{FileTree, KustomizeOptions, Str, Value, normalize_path};
use std::collections::BTreeMap;

/// Changes to a kustomization as a row of `kustomize edit` calls would make them, in Argo CD's order: prefix, suffix,
/// images, replicas, labels, annotations, namespace, patches, components. The tree itself is not touched.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overrides {
    options: KustomizeOptions,
    images: Vec<Image>,
    patches: Vec<Patch>,
}

impl Overrides {
    /// Takes an Application's `spec.source.kustomize`. `environment` is the build environment (`ARGOCD_APP_NAME` …) that
    /// is put in where images, labels and (with `commonAnnotationsEnvsubst`) annotations name it.
    ///
    /// # Errors
    /// An image or a patch that cannot be read.
    pub fn new(options: &KustomizeOptions, environment: &BTreeMap<Str, Str>) -> Result<Self, Error> {
        let mut options = options.clone();
        let substitute = |s: &mut Str| *s = substituted(s, environment).into();
        options.images.iter_mut().for_each(substitute);
        options.common_labels.values_mut().for_each(substitute);
        if options.common_annotations_envsubst {
            options.common_annotations.values_mut().for_each(substitute);
        }
        if options.label_include_templates
            && !options.label_without_selector
            && !options.common_labels.is_empty()
        {
            return Err(Error::invalid(
                "kustomize.labelIncludeTemplates needs kustomize.labelWithoutSelector",
            ));
        }
        let images = options.images.iter().map(|i| parse_image(i)).collect::<Result<Vec<_>, _>>()?;
        let patches = options.patches.iter().enumerate().map(|(n, p)| {
            let path = format!("kustomize.patches[{n}]");
            Patch::decode(&Value::Object(p.entry.clone()), &path, true).map_err(Error::Invalid)
        });
        let patches = patches.collect::<Result<Vec<_>, _>>()?;
        Ok(Self { options, images, patches })
    }

    /// Whether there is nothing to change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let o = &self.options;
        o.name_prefix.is_empty()
            && o.name_suffix.is_empty()
            && o.images.is_empty()
            && o.replicas.is_empty()
            && o.common_labels.is_empty()
            && o.common_annotations.is_empty()
            && o.namespace.is_empty()
            && o.patches.is_empty()
            && o.components.is_empty()
    }

    /// Changes a kustomization that lies in `dir` of a tree.
    pub(crate) fn apply(&self, k: &mut Kustomization, tree: &dyn FileTree, dir: &str) -> Result<(), String> {
        let o = &self.options;
        let set = |field: &mut Str, value: &Str| {
            if !value.is_empty() {
                field.clone_from(value);
            }
        };
        set(&mut k.name_prefix, &o.name_prefix);
        set(&mut k.name_suffix, &o.name_suffix);
        if !self.images.is_empty() {
            k.images = merged_images(&self.images, &k.images);
        }
        if !o.replicas.is_empty() {
            let mut all: BTreeMap<Str, i64> = k.replicas.iter().map(|r| (r.name.clone(), r.count)).collect();
            all.extend(o.replicas.iter().map(|r| (r.name.clone(), r.count)));
            k.replicas = all.into_iter().map(|(name, count)| Replica { name, count }).collect();
        }
        self.add_labels(k)?;
        add_entries(
            &mut k.common_annotations,
            &o.common_annotations,
            o.force_common_annotations,
            "annotation",
        )?;
        set(&mut k.namespace, &o.namespace);
        k.patches.extend(self.patches.iter().cloned());
        for component in &o.components {
            if k.components.contains(component) {
                continue;
            }
            if o.ignore_missing_components && is_missing(tree, dir, component) {
                continue;
            }
            k.components.push(component.clone());
        }
        Ok(())
    }

    fn add_labels(&self, k: &mut Kustomization) -> Result<(), String> {
        let o = &self.options;
        if o.common_labels.is_empty() {
            return Ok(());
        }
        if !o.label_without_selector {
            return add_entries(&mut k.common_labels, &o.common_labels, o.force_common_labels, "label");
        }
        let fits = |l: &Label| !l.selectors && l.templates == o.label_include_templates;
        let at = match k.labels.iter().position(fits) {
            Some(at) => at,
            None => {
                k.labels.push(Label { templates: o.label_include_templates, ..Label::default() });
                k.labels.len() - 1
            }
        };
        add_entries(&mut k.labels[at].pairs, &o.common_labels, o.force_common_labels, "label")
    }
}

fn is_missing(tree: &dyn FileTree, dir: &str, component: &str) -> bool {
    let Ok(path) = normalize_path(&format!("{dir}/{component}")) else { return true };
    !matches!(tree.list(&path), Ok(Some(_))) && !matches!(tree.read(&path), Ok(Some(_)))
}

fn add_entries(
    into: &mut BTreeMap<Str, Str>,
    from: &BTreeMap<Str, Str>,
    force: bool,
    kind: &str,
) -> Result<(), String> {
    for (key, value) in from {
        if into.contains_key(key) && !force {
            return Err(format!(
                "{kind} {key} already in kustomization file. Set the application's force option to override."
            ));
        }
        into.insert(key.clone(), value.clone());
    }
    Ok(())
}

/// `*` in an image keeps what the kustomization has.
const KEEP: &str = "*";

fn merged_images(new: &[Image], old: &[Image]) -> Vec<Image> {
    let mut all: BTreeMap<Str, Image> = new.iter().map(|i| (i.name.clone(), i.clone())).collect();
    for image in old {
        match all.get_mut(&image.name) {
            None => {
                all.insert(image.name.clone(), image.clone());
            }
            Some(new) => {
                for (mine, theirs) in [
                    (&mut new.new_name, &image.new_name),
                    (&mut new.new_tag, &image.new_tag),
                    (&mut new.digest, &image.digest),
                ] {
                    if mine == KEEP {
                        mine.clone_from(theirs);
                    }
                }
            }
        }
    }
    for image in all.values_mut() {
        for field in [&mut image.new_name, &mut image.new_tag, &mut image.digest] {
            if field == KEEP {
                *field = Str::new();
            }
        }
    }
    all.into_values().collect()
}

/// Reads `name=new:tag`, `name:tag` or `name@digest`.
pub(crate) fn parse_image(argument: &str) -> Result<Image, Error> {
    let (key, value) = match argument.split_once('=') {
        // As kustomize, which takes an empty key for none.
        Some((key, value)) => (Some(key).filter(|k| !k.is_empty()), value),
        None => (None, argument),
    };
    let (name, tag, digest) = crate::transform::split_image(value);
    if name == argument {
        return Err(Error::invalid(format!(
            "kustomize.images: `{argument}` is no override; write name=new:tag, name:tag or name@digest"
        )));
    }
    let mut image = Image { new_tag: tag.into(), digest: digest.into(), ..Image::default() };
    match key {
        None => image.name = name.into(),
        Some(key) => (image.name, image.new_name) = (key.into(), name.into()),
    }
    Ok(image)
}

/// Puts the environment in where `$NAME` or `${NAME}` stands; what is not there becomes nothing, `$$` a dollar sign.
fn substituted(text: &str, environment: &BTreeMap<Str, Str>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            rest = after;
            continue;
        }
        let (name, after) = match after.strip_prefix('{').and_then(|a| a.split_once('}')) {
            Some(found) => found,
            None => {
                let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
                after.split_at(end)
            }
        };
        if name.is_empty() {
            out.push('$');
        } else if let Some(value) = environment.get(name) {
            out.push_str(value);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_is_put_in() {
        let environment = BTreeMap::from([("A".into(), "x".into())]);
        for (text, out) in [("$A-${A}", "x-x"), ("$$A $B. $", "$A . $"), ("${B}y", "y")] {
            assert_eq!(substituted(text, &environment), out);
        }
    }

    #[test]
    fn images_are_merged_by_name_and_an_asterisk_keeps_a_part() {
        let old = [Image { name: "a".into(), new_name: "b".into(), new_tag: "1".into(), ..Image::default() }];
        let new = [parse_image("a=*:2").unwrap(), parse_image("c@sha256:d").unwrap()];
        let merged = merged_images(&new, &old);
        assert_eq!((merged[0].new_name.as_str(), merged[0].new_tag.as_str()), ("b", "2"));
        assert_eq!(merged[1].digest, "sha256:d");
        assert!(parse_image("plain").is_err());
        let keyless = parse_image("=b:1").unwrap();
        assert_eq!(
            (keyless.name.as_str(), keyless.new_name.as_str(), keyless.new_tag.as_str()),
            ("b", "", "1")
        );
    }
}
