mod verbs;

use crate::cli::disk_tree::Place;
use crate::cli::exit::{DIFFERENT, Failure};
use anyhow::{Context as _, bail};
use fairway_core::glob_match;
use fairway_kustomize::{
    BuildOptions, Edit, FILE_NAMES, GeneratorField, ListField, MapField, build, edit, is_remote, without_vars,
};
use fairway_value::Str;
use std::path::{Path, PathBuf};
use verbs::{Add, Keys, Names, Remove, Set, Verb};

#[derive(clap::Args, Debug)]
pub(super) struct EditArgs {
    /// Folder with the kustomization.
    #[arg(long, short = 'C', default_value = ".", value_name = "DIR", global = true)]
    dir: PathBuf,
    #[command(flatten)]
    every: super::EveryFlag,
    #[command(subcommand)]
    verb: Verb,
}

/// Reads `key:value` pairs (`key=value` too), as kustomize does: a key alone has an empty value, quotes around a value go.
fn pairs<'w>(
    words: impl Iterator<Item = &'w str>,
    make: fn(&str, &str) -> Edit,
) -> anyhow::Result<Vec<Edit>> {
    let one = |pair: &str| match pair.split_once(':').or_else(|| pair.split_once('=')).unwrap_or((pair, "")) {
        ("", _) => Err(Failure::error(DIFFERENT, format!("`{pair}` is no pair; write key:value"))),
        (key, value) => {
            let inner = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
            Ok(make(key, inner.unwrap_or(value)))
        }
    };
    words.map(one).collect()
}

fn replicas(words: &[String]) -> anyhow::Result<Vec<Edit>> {
    let one = |word: &String| match word.split_once('=').map(|(name, count)| (name, count.parse())) {
        Some((name, Ok(count))) if !name.is_empty() && count >= 0 => Ok(Edit::Replicas(name.into(), count)),
        _ => Err(Failure::error(DIFFERENT, format!("`{word}` is no replica count; write name=count"))),
    };
    words.iter().map(one).collect()
}

/// Returns what a path names: the files and folders that a pattern finds, an address as it is.
pub(super) fn places(dir: &Path, pattern: &str) -> anyhow::Result<Vec<String>> {
    let mut found = vec![String::new()];
    for (n, part) in pattern.split('/').enumerate() {
        let join = |before: &String, name: &str| match n {
            0 => name.to_owned(),
            _ => format!("{before}/{name}"),
        };
        found = if part.contains(['*', '?', '[']) {
            let mut next = Vec::new();
            for before in &found {
                let entries = std::fs::read_dir(dir.join(before)).into_iter().flatten().flatten();
                let mut names: Vec<String> =
                    entries.filter_map(|e| e.file_name().into_string().ok()).collect();
                names.retain(|name| glob_match(part, name, None));
                names.sort();
                next.extend(names.iter().map(|name| join(before, name)));
            }
            next
        } else {
            found.iter().map(|before| join(before, part)).collect()
        };
    }
    found.retain(|path| dir.join(path).exists());
    if found.is_empty() && is_remote(pattern) {
        found.push(pattern.to_owned());
    }
    if found.is_empty() {
        let dir = dir.display();
        let message = format!("{pattern} names nothing in {dir}");
        return Err(Failure::error(DIFFERENT, message));
    }
    Ok(found)
}

fn additions(
    dir: &Path,
    paths: &[String],
    no_verify: bool,
    make: fn(Str) -> Edit,
) -> anyhow::Result<Vec<Edit>> {
    let mut all = Vec::new();
    for path in paths {
        let found = if no_verify { vec![path.clone()] } else { places(dir, path)? };
        // A pattern finds the kustomization too, which is no resource of itself.
        let found = found.iter().filter(|p| !FILE_NAMES.contains(&p.as_str()));
        all.extend(found.map(|p| make(p.as_str().into())));
    }
    Ok(all)
}

pub(super) fn all_pairs(words: &[String]) -> anyhow::Result<Vec<(Str, Str)>> {
    // No label holds a comma.
    let read = pairs(words.iter().flat_map(|w| w.split(',')), |k, v| Edit::Label(k.into(), v.into()))?;
    let pair = |e: Edit| if let Edit::Label(key, value) = e { Some((key, value)) } else { None };
    Ok(read.into_iter().filter_map(pair).collect())
}

fn added_entries(field: MapField, words: &[String], force: bool) -> anyhow::Result<Vec<Edit>> {
    let make = |(key, value)| Edit::AddEntry { field, key, value, force };
    Ok(all_pairs(words)?.into_iter().map(make).collect())
}

/// Words of which each may hold several, divided by commas.
fn words(all: &[String]) -> impl Iterator<Item = Str> {
    all.iter().flat_map(|w| w.split(',')).filter(|w| !w.is_empty()).map(Str::from)
}

fn removed(field: ListField, paths: &[String]) -> Vec<Edit> {
    paths.iter().map(|p| Edit::Remove(field, p.as_str().into())).collect()
}

/// Parts removals into those of something that is there and those of something that is not, which are told and passed
/// over, as in kustomize.
fn there(text: &str, all: Vec<Edit>) -> (Vec<Edit>, Vec<Edit>) {
    let mut missing = Vec::new();
    let mut found = Vec::new();
    for one in all {
        match edit(text, std::slice::from_ref(&one)) {
            Ok(_) => found.push(one),
            Err(why) => {
                eprintln!("{why}");
                missing.push(one);
            }
        }
    }
    (found, missing)
}

/// Returns the keys to remove, of those that are there where the others are to be passed over.
fn removed_entries(text: &str, field: MapField, keys: &Keys) -> Vec<Edit> {
    let all = words(&keys.keys).map(|k| Edit::RemoveEntry(field, k));
    all.filter(|e| !keys.ignore_non_existence || edit(text, std::slice::from_ref(e)).is_ok()).collect()
}

/// The options of `buildMetadata`.
fn build_metadata(all: &[String]) -> anyhow::Result<Vec<Str>> {
    const KNOWN: [&str; 3] = ["managedByLabel", "originAnnotations", "transformerAnnotations"];
    let all: Vec<Str> = words(all).collect();
    match all.iter().find(|w| !KNOWN.contains(&w.as_str())) {
        Some(wrong) => {
            let message = format!("`{wrong}` is no option of buildMetadata; there are {}", KNOWN.join(", "));
            Err(Failure::error(DIFFERENT, message))
        }
        None => Ok(all),
    }
}

fn additions_edits(dir: &Path, verb: &Add) -> anyhow::Result<Vec<Edit>> {
    let files = |field: ListField, paths: &[String]| {
        additions(dir, paths, false, Edit::Resource).map(|all| {
            let add = |e: Edit| if let Edit::Resource(p) = e { Some(Edit::Add(field, p)) } else { None };
            all.into_iter().filter_map(add).collect()
        })
    };
    Ok(match verb {
        Add::Resource(new) => additions(dir, &new.paths, new.no_verify, Edit::Resource)?,
        Add::Base(bases) => {
            let paths: Vec<String> = words(&bases.paths).map(|w| w.to_string()).collect();
            additions(dir, &paths, false, Edit::Resource)?
        }
        Add::Component(new) => additions(dir, &new.paths, new.no_verify, Edit::Component)?,
        Add::Generator(new) => files(ListField::Generators, &new.paths)?,
        Add::Transformer(new) => files(ListField::Transformers, &new.paths)?,
        Add::Configuration(new) => files(ListField::Configurations, &new.paths)?,
        Add::BuildMetadata(new) => {
            let add = |o| Edit::Add(ListField::BuildMetadata, o);
            build_metadata(&new.options)?.into_iter().map(add).collect()
        }
        Add::Label { labels, without_selector: false, force, .. } => {
            added_entries(MapField::Labels, labels, *force)?
        }
        Add::Label { labels, include_templates, force, .. } => {
            vec![Edit::AddLabels { pairs: all_pairs(labels)?, templates: *include_templates, force: *force }]
        }
        Add::Annotation { annotations, force } => added_entries(MapField::Annotations, annotations, *force)?,
        Add::ConfigMap(args) => vec![Edit::AddGenerator(GeneratorField::ConfigMaps, args.read("", dir)?)],
        Add::Secret { args, secret_type } => {
            vec![Edit::AddGenerator(GeneratorField::Secrets, args.read(secret_type, dir)?)]
        }
        Add::Patch(patch) => vec![Edit::AddPatch(patch.read()?)],
    })
}

fn removals(text: &str, verb: &Remove) -> anyhow::Result<Vec<Edit>> {
    let generators = |field: GeneratorField, args: &Names| {
        let remove = |n| Edit::RemoveGenerator(field, n, args.namespace.as_str().into());
        let all: Vec<Edit> = words(&args.names).map(remove).collect();
        let (there, missing) = there(text, all);
        // Where none is there, the first says so.
        if there.is_empty() { missing } else { there }
    };
    Ok(match verb {
        Remove::Resource(old) => removed(ListField::Resources, &old.paths),
        Remove::Component(old) => removed(ListField::Components, &old.paths),
        Remove::Transformer(old) => removed(ListField::Transformers, &old.paths),
        Remove::BuildMetadata(old) => {
            let remove = |o| Edit::Remove(ListField::BuildMetadata, o);
            build_metadata(&old.options)?.into_iter().map(remove).collect()
        }
        Remove::Label(keys) => removed_entries(text, MapField::Labels, keys),
        Remove::Annotation(keys) => removed_entries(text, MapField::Annotations, keys),
        Remove::ConfigMap(names) => generators(GeneratorField::ConfigMaps, names),
        Remove::Secret(names) => generators(GeneratorField::Secrets, names),
        Remove::Patch(patch) => there(text, vec![Edit::RemovePatch(patch.read()?)]).0,
    })
}

fn edits(dir: &Path, text: &str, verb: &Verb) -> anyhow::Result<Vec<Edit>> {
    Ok(match verb {
        Verb::Set(Set::Image { images }) => images.iter().map(|i| Edit::Image(i.as_str().into())).collect(),
        Verb::Set(Set::Replicas { replicas: words }) => replicas(words)?,
        Verb::Set(Set::Namespace { namespace }) => vec![Edit::Namespace(namespace.as_str().into())],
        Verb::Set(Set::NamePrefix { prefix }) => vec![Edit::NamePrefix(prefix.as_str().into())],
        Verb::Set(Set::NameSuffix { suffix }) => vec![Edit::NameSuffix(suffix.as_str().into())],
        Verb::Set(Set::Label { labels }) => {
            // No label holds a comma, an annotation may.
            let words = labels.iter().flat_map(|w| w.split(','));
            pairs(words, |k, v| Edit::Label(k.into(), v.into()))?
        }
        Verb::Set(Set::Annotation { annotations }) => {
            pairs(annotations.iter().map(String::as_str), |k, v| Edit::Annotation(k.into(), v.into()))?
        }
        Verb::Set(Set::BuildMetadata(new)) => {
            vec![Edit::SetList(ListField::BuildMetadata, build_metadata(&new.options)?)]
        }
        Verb::Set(Set::ConfigMap(args)) => vec![args.read(GeneratorField::ConfigMaps)?],
        Verb::Set(Set::Secret(args)) => vec![args.read(GeneratorField::Secrets)?],
        Verb::Add(verb) => additions_edits(dir, verb)?,
        Verb::Remove(verb) => removals(text, verb)?,
        Verb::Fix { .. } => vec![Edit::Fix],
    })
}

/// Puts replacements in the place of vars, in all files that name them, and tells where that changes what is built.
fn fix_vars(dir: &Path, file: &Path, text: &str) -> anyhow::Result<()> {
    let place = Place::of(dir)?;
    let built = || build(&*place.tree, &place.path, &BuildOptions::default()).map(|b| b.yaml());
    let before = built();
    let done = without_vars(&*place.tree, &place.path, text)
        .map_err(|e| Failure::error(DIFFERENT, format!("{}: {e}", file.display())))?;
    let write = |file: &Path, text: &str| {
        std::fs::write(file, text).with_context(|| format!("write {}", file.display()))
    };
    for (path, text) in &done.files {
        write(&place.tree.on_disk(path), text)?;
    }
    write(file, &done.kustomization)?;
    match (before, built()) {
        (Ok(_), Err(why)) => {
            eprintln!("warning: the kustomization could be built before, and now not: {why}")
        }
        (Ok(before), Ok(after)) if before != after => {
            eprintln!("warning: what is built is not what it was; compare before this is kept");
        }
        _ => {}
    }
    Ok(())
}

pub(super) fn run(args: EditArgs) -> anyhow::Result<()> {
    let files: Vec<PathBuf> = FILE_NAMES.iter().map(|n| args.dir.join(n)).filter(|p| p.is_file()).collect();
    let file = match files.as_slice() {
        [one] => one,
        [] => bail!(
            "there is no kustomization.yaml in {}; name its folder with --dir or create it",
            args.dir.display()
        ),
        _ => bail!("{} holds several kustomization files; keep one", args.dir.display()),
    };
    let text = std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
    if matches!(args.verb, Verb::Fix { vars: true }) {
        return fix_vars(&args.dir, file, &text);
    }
    let changed = edit(&text, &edits(&args.dir, &text, &args.verb)?)
        .map_err(|e| Failure::error(DIFFERENT, format!("{}: {e}", file.display())))?;
    if changed != text {
        std::fs::write(file, changed).with_context(|| format!("write {}", file.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_and_counts_are_read() {
        let read = |words: &[&str]| pairs(words.iter().copied(), |k, v| Edit::Label(k.into(), v.into()));
        let label = |key: &str, value: &str| Edit::Label(key.into(), value.into());
        assert_eq!(
            read(&["a:b,c", "c=d:e", "f", "g:\"h\""]).unwrap(),
            [label("a", "b,c"), label("c=d", "e"), label("f", ""), label("g", "h")]
        );
        assert!(read(&[":a"]).is_err());
        assert_eq!(replicas(&["web=3".to_owned()]).unwrap(), [Edit::Replicas("web".into(), 3)]);
        assert!(replicas(&["web=-1".to_owned()]).is_err());
    }
}
