use crate::cli::exit::{DIFFERENT, Failure};
use anyhow::{Context as _, bail};
use fairway_core::glob_match;
use fairway_kustomize::{Edit, edit, is_remote};
use fairway_value::Str;
use std::path::{Path, PathBuf};

/// The names that a kustomization file may have.
const FILE_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

#[derive(clap::Args, Debug)]
pub(super) struct EditArgs {
    /// Folder with the kustomization.
    #[arg(long, short = 'C', default_value = ".", value_name = "DIR", global = true)]
    dir: PathBuf,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand, Debug)]
enum Verb {
    /// Sets a field.
    #[command(subcommand)]
    Set(Set),
    /// Adds to a list.
    #[command(subcommand)]
    Add(Add),
}

#[derive(clap::Subcommand, Debug)]
enum Set {
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
}

#[derive(clap::Subcommand, Debug)]
enum Add {
    /// Adds files, folders or addresses to `resources`.
    Resource {
        /// Paths from the kustomization's folder, which may hold wildcards, or addresses.
        #[arg(required = true)]
        paths: Vec<String>,
        /// Adds the paths as they are, whether they exist or not.
        #[arg(long)]
        no_verify: bool,
    },
    /// Adds folders to `components`.
    Component {
        /// Paths from the kustomization's folder, which may hold wildcards, or addresses.
        #[arg(required = true)]
        paths: Vec<String>,
        /// Adds the paths as they are, whether they exist or not.
        #[arg(long)]
        no_verify: bool,
    },
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
fn places(dir: &Path, pattern: &str) -> anyhow::Result<Vec<String>> {
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
        let message = format!("{pattern} names nothing in {dir}; --no-verify adds it all the same");
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

fn edits(dir: &Path, verb: &Verb) -> anyhow::Result<Vec<Edit>> {
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
        Verb::Add(Add::Resource { paths, no_verify }) => additions(dir, paths, *no_verify, Edit::Resource)?,
        Verb::Add(Add::Component { paths, no_verify }) => additions(dir, paths, *no_verify, Edit::Component)?,
    })
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
    let changed = edit(&text, &edits(&args.dir, &args.verb)?)
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
