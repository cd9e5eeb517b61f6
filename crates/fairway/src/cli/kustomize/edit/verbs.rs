//! The subcommands of `fairway kustomize edit`.

use super::places;
use crate::cli::exit::{DIFFERENT, Failure};
use fairway_kustomize::{Edit, GeneratorField, NewGenerator};
use fairway_value::{Map, Str, Value};
use std::path::Path;

#[derive(clap::Subcommand, Debug)]
pub enum Verb {
    /// Sets a field.
    #[command(subcommand)]
    Set(Set),
    /// Adds to a list.
    #[command(subcommand)]
    Add(Add),
    /// Removes from a list.
    #[command(subcommand)]
    Remove(Remove),
    /// Puts the fields that stand for legacy ones in their place.
    Fix {
        /// Puts replacements in the place of vars too, in every file that names them: see what changed before it is kept.
        #[arg(long)]
        vars: bool,
    },
}

#[derive(clap::Subcommand, Debug)]
pub enum Set {
    /// Sets images.
    Image {
        /// `name=new:tag`, `name:tag` or `name@digest`; an asterisk keeps a part.
        #[arg(required = true)]
        images: Vec<String>,
    },
    /// Sets replica counts.
    Replicas {
        /// `name=count`.
        #[arg(required = true)]
        replicas: Vec<String>,
    },
    /// Sets the namespace.
    Namespace { namespace: String },
    /// Sets the prefix of names.
    #[command(name = "nameprefix")]
    NamePrefix {
        #[arg(allow_hyphen_values = true)]
        prefix: String,
    },
    /// Sets the suffix of names.
    #[command(name = "namesuffix")]
    NameSuffix {
        #[arg(allow_hyphen_values = true)]
        suffix: String,
    },
    /// Sets labels of all objects and of selectors (`commonLabels`).
    Label {
        /// `key:value`, several divided by commas.
        #[arg(required = true)]
        labels: Vec<String>,
    },
    /// Sets annotations of all objects (`commonAnnotations`).
    Annotation {
        /// `key:value`.
        #[arg(required = true)]
        annotations: Vec<String>,
    },
    /// Sets the options of `buildMetadata`.
    #[command(name = "buildmetadata")]
    BuildMetadata(Options),
    /// Gives literals of a ConfigMap's generator other values.
    #[command(name = "configmap")]
    ConfigMap(Literals),
    /// Gives literals of a Secret's generator other values.
    Secret(Literals),
}

#[derive(clap::Subcommand, Debug)]
pub enum Add {
    /// Adds files, folders or addresses to `resources`.
    Resource(NewPaths),
    /// Adds folders to `resources`, several divided by commas.
    Base(Paths),
    /// Adds folders to `components`.
    Component(NewPaths),
    /// Adds files to `generators`.
    Generator(Paths),
    /// Adds files to `transformers`.
    Transformer(Paths),
    /// Adds files to `configurations`.
    Configuration(Paths),
    /// Adds options to `buildMetadata`, several divided by commas.
    #[command(name = "buildmetadata")]
    BuildMetadata(Options),
    /// Adds labels to all objects.
    Label {
        /// `key:value`, several divided by commas.
        #[arg(required = true)]
        labels: Vec<String>,
        /// Overwrites labels that are there.
        #[arg(long, short)]
        force: bool,
        /// Leaves selectors alone (`labels` in place of `commonLabels`).
        #[arg(long)]
        without_selector: bool,
        /// Adds them to the templates of workloads too.
        #[arg(long, requires = "without_selector")]
        include_templates: bool,
    },
    /// Adds annotations to all objects.
    Annotation {
        /// `key:value`.
        #[arg(required = true)]
        annotations: Vec<String>,
        /// Overwrites annotations that are there.
        #[arg(long, short)]
        force: bool,
    },
    /// Adds to the generator of a ConfigMap.
    #[command(name = "configmap")]
    ConfigMap(GeneratorArgs),
    /// Adds to the generator of a Secret.
    Secret {
        #[command(flatten)]
        args: GeneratorArgs,
        /// Type of the Secret.
        #[arg(long = "type", default_value = "")]
        secret_type: String,
    },
    /// Adds a patch.
    #[command(disable_version_flag = true)]
    Patch(PatchArgs),
}

#[derive(clap::Subcommand, Debug)]
pub enum Remove {
    /// Removes from `resources`.
    Resource(Paths),
    /// Removes from `components`.
    Component(Paths),
    /// Removes from `transformers`.
    Transformer(Paths),
    /// Removes options of `buildMetadata`, several divided by commas.
    #[command(name = "buildmetadata")]
    BuildMetadata(Options),
    /// Removes labels from `commonLabels`.
    Label(Keys),
    /// Removes annotations from `commonAnnotations`.
    Annotation(Keys),
    /// Removes generators of ConfigMaps.
    #[command(name = "configmap")]
    ConfigMap(Names),
    /// Removes generators of Secrets.
    Secret(Names),
    /// Removes a patch: path or text and target are those that it was added with.
    #[command(disable_version_flag = true)]
    Patch(PatchArgs),
}

#[derive(clap::Args, Debug)]
pub struct Paths {
    /// Paths from the kustomization's folder, which may hold wildcards.
    #[arg(required = true)]
    pub paths: Vec<String>,
}

#[derive(clap::Args, Debug)]
pub struct NewPaths {
    /// Paths from the kustomization's folder, which may hold wildcards, or addresses.
    #[arg(required = true)]
    pub paths: Vec<String>,
    /// Adds the paths as they are, whether they exist or not.
    #[arg(long)]
    pub no_verify: bool,
}

#[derive(clap::Args, Debug)]
pub struct Options {
    /// Options, several divided by commas.
    #[arg(required = true)]
    pub options: Vec<String>,
}

#[derive(clap::Args, Debug)]
pub struct Keys {
    /// Keys, several divided by commas.
    #[arg(required = true)]
    pub keys: Vec<String>,
    /// Passes over keys that are not there.
    #[arg(long, short)]
    pub ignore_non_existence: bool,
}

#[derive(clap::Args, Debug)]
pub struct Names {
    /// Names, several divided by commas.
    #[arg(required = true)]
    pub names: Vec<String>,
    /// Namespace of the generators.
    #[arg(long, default_value = "")]
    pub namespace: String,
}

#[derive(clap::Args, Debug)]
pub struct GeneratorArgs {
    /// Name of the object.
    name: String,
    /// `key=value`.
    #[arg(long)]
    from_literal: Vec<String>,
    /// `path` or `key=path`.
    #[arg(long)]
    from_file: Vec<String>,
    /// File of `key=value` lines.
    #[arg(long)]
    from_env_file: Vec<String>,
    /// `create`, `merge` or `replace`.
    #[arg(long, default_value = "", value_parser = ["", "create", "merge", "replace"])]
    behavior: String,
    /// Namespace of the object.
    #[arg(long, default_value = "")]
    namespace: String,
    /// Leaves the hash of the content out of the name.
    #[arg(long = "disableNameSuffixHash", alias = "disable-name-suffix-hash")]
    disable_name_suffix_hash: bool,
}

impl GeneratorArgs {
    pub fn read(&self, secret_type: &str, dir: &Path) -> anyhow::Result<NewGenerator> {
        let strings = |all: &[String]| all.iter().map(|s| Str::from(s.as_str())).collect();
        if let Some(wrong) = self.from_literal.iter().find(|l| !l.contains('=')) {
            return Err(Failure::error(DIFFERENT, format!("`{wrong}` is no literal; write key=value")));
        }
        let none = self.from_literal.is_empty() && self.from_file.is_empty() && self.from_env_file.is_empty();
        if none {
            let message = "say what it holds: --from-literal, --from-file or --from-env-file";
            return Err(Failure::error(DIFFERENT, message.to_owned()));
        }
        let has_others = !self.from_literal.is_empty() || !self.from_file.is_empty();
        if has_others && !self.from_env_file.is_empty() {
            let message = "--from-env-file stands alone; add literals and files in another call";
            return Err(Failure::error(DIFFERENT, message.to_owned()));
        }
        Ok(NewGenerator {
            name: self.name.as_str().into(),
            namespace: self.namespace.as_str().into(),
            behavior: self.behavior.as_str().into(),
            secret_type: secret_type.into(),
            literals: strings(&self.from_literal),
            files: self.files(dir)?,
            envs: strings(&self.from_env_file),
            disable_name_suffix_hash: self.disable_name_suffix_hash,
        })
    }
}

impl GeneratorArgs {
    /// Returns the files, of patterns those that they find.
    fn files(&self, dir: &Path) -> anyhow::Result<Vec<Str>> {
        let mut files = Vec::new();
        for source in &self.from_file {
            let (key, path) = match source.split_once('=') {
                Some((key, path)) => (Some(key), path),
                None => (None, source.as_str()),
            };
            let found = places(dir, path)?;
            match (key, found.as_slice()) {
                (None, _) => files.extend(found.iter().map(|f| Str::from(f.as_str()))),
                (Some(key), [one]) => files.push(format!("{key}={one}").into()),
                (Some(_), _) => {
                    let message = format!("{source} names several files, which cannot have one key");
                    return Err(Failure::error(DIFFERENT, message));
                }
            }
        }
        Ok(files)
    }
}

#[derive(clap::Args, Debug)]
pub struct Literals {
    /// Name of the object.
    name: String,
    /// `key=value`, of a key that is there.
    #[arg(long)]
    from_literal: Vec<String>,
    /// Namespace of the object.
    #[arg(long, default_value = "")]
    namespace: String,
    /// Another namespace for it.
    #[arg(long)]
    new_namespace: Option<String>,
}

impl Literals {
    pub fn read(&self, field: GeneratorField) -> anyhow::Result<Edit> {
        if self.from_literal.is_empty() && self.new_namespace.is_none() {
            let message = "say what changes: --from-literal or --new-namespace";
            return Err(Failure::error(DIFFERENT, message.to_owned()));
        }
        let new = NewGenerator {
            name: self.name.as_str().into(),
            namespace: self.namespace.as_str().into(),
            literals: self.from_literal.iter().map(|s| Str::from(s.as_str())).collect(),
            ..NewGenerator::default()
        };
        Ok(Edit::SetGenerator(field, new, self.new_namespace.as_deref().map(Str::from)))
    }
}

#[derive(clap::Args, Debug)]
pub struct PatchArgs {
    /// File of the patch.
    #[arg(long, conflicts_with = "patch")]
    path: Option<String>,
    /// The patch itself.
    #[arg(long)]
    patch: Option<String>,
    /// Group of the objects that are patched.
    #[arg(long)]
    group: Option<String>,
    /// Version of the objects that are patched.
    #[arg(long)]
    version: Option<String>,
    /// Kind of the objects that are patched.
    #[arg(long)]
    kind: Option<String>,
    /// Name of the objects that are patched.
    #[arg(long)]
    name: Option<String>,
    /// Namespace of the objects that are patched.
    #[arg(long)]
    namespace: Option<String>,
    /// Labels of the objects that are patched.
    #[arg(long)]
    label_selector: Option<String>,
    /// Annotations of the objects that are patched.
    #[arg(long)]
    annotation_selector: Option<String>,
}

impl PatchArgs {
    pub fn read(&self) -> anyhow::Result<Map> {
        if self.path.is_none() && self.patch.is_none() {
            return Err(Failure::error(DIFFERENT, "name the patch with --path or --patch".to_owned()));
        }
        let map = |fields: &[(&str, &Option<String>)]| -> Map {
            let given = fields.iter().filter_map(|(k, v)| v.as_ref().map(|v| (*k, v)));
            given.map(|(k, v)| (Str::from(k), Value::from(v.as_str()))).collect()
        };
        let mut patch = map(&[("path", &self.path), ("patch", &self.patch)]);
        let target = map(&[
            ("group", &self.group),
            ("version", &self.version),
            ("kind", &self.kind),
            ("name", &self.name),
            ("namespace", &self.namespace),
            ("labelSelector", &self.label_selector),
            ("annotationSelector", &self.annotation_selector),
        ]);
        if !target.is_empty() {
            patch.insert("target", target);
        }
        Ok(patch)
    }
}
