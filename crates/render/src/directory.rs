use crate::objects::from_document;
use crate::{RenderError, RenderInput};
use fairway_core::{Desired, DirectoryOptions, FileTree, NodeKind, glob_match};

/// Most bytes of manifests in one directory source, as Argo CD's `reposerver.max.combined.directory.manifests.size`.
const BYTES_MAX: usize = 10 << 20;

/// Deepest nesting of directories that is read.
const DEPTH_MAX: usize = 64;

/// A file with this mark is not rendered.
const SKIP_MARK: &[u8] = b"+argocd:skip-file-rendering";

/// Renders plain manifests, as Argo CD 3 `reposerver/repository` `findManifests`.
pub(crate) fn render(
    input: &RenderInput<'_>,
    options: &DirectoryOptions,
) -> Result<Vec<Desired>, RenderError> {
    if options.jsonnet.is_some() {
        return Err(RenderError::Unsupported("spec.source.directory.jsonnet".to_owned()));
    }
    let root = fairway_core::normalize_path(&input.source.path)?;
    let mut files = Vec::new();
    walk(input.tree, options, &root, "", 0, &mut files)?;
    let mut out = Vec::new();
    let mut total = 0;
    for file in files {
        let Some(bytes) = input.tree.read(&file)? else { continue };
        total += bytes.len();
        if total > BYTES_MAX {
            return Err(RenderError::TooLarge { path: root, bytes_max: BYTES_MAX });
        }
        manifests(&file, &bytes, input.source_index, &mut out)?;
    }
    Ok(out)
}

fn walk(
    tree: &dyn FileTree,
    options: &DirectoryOptions,
    root: &str,
    below: &str,
    depth: usize,
    files: &mut Vec<String>,
) -> Result<(), RenderError> {
    let join = |a: &str, b: &str| if a.is_empty() { b.to_owned() } else { format!("{a}/{b}") };
    let dir = if below.is_empty() { root.to_owned() } else { join(root, below) };
    let Some(entries) = tree.list(&dir)? else {
        return Err(RenderError::PathMissing { path: dir });
    };
    for entry in entries {
        let relative = join(below, &entry.name);
        match entry.kind {
            NodeKind::Dir if options.recurse && depth < DEPTH_MAX => {
                walk(tree, options, root, &relative, depth + 1, files)?;
            }
            NodeKind::Dir => {}
            NodeKind::File | NodeKind::Symlink => {
                if is_manifest(&entry.name) && wanted(options, &relative) {
                    files.push(join(root, &relative));
                }
            }
        }
    }
    Ok(())
}

fn is_manifest(name: &str) -> bool {
    [".yaml", ".yml", ".json", ".jsonnet"].iter().any(|end| name.ends_with(end))
}

fn wanted(options: &DirectoryOptions, relative: &str) -> bool {
    (options.exclude.is_empty() || !glob_match(&options.exclude, relative, None))
        && (options.include.is_empty() || glob_match(&options.include, relative, None))
}

/// Reads the manifests of one file. A file that neither parses nor looks like manifests is not ours.
fn manifests(file: &str, bytes: &[u8], source: u16, out: &mut Vec<Desired>) -> Result<(), RenderError> {
    if file.ends_with(".jsonnet") {
        return Err(RenderError::Unsupported(format!("{file}: Jsonnet")));
    }
    if bytes.windows(SKIP_MARK.len()).any(|w| w == SKIP_MARK) {
        return Ok(());
    }
    let mut found = Vec::new();
    match parse(file, bytes, source, &mut found) {
        Ok(()) => {}
        Err(error) if !found.is_empty() || looks_like_manifest(bytes) => return Err(error),
        Err(_) => return Ok(()),
    }
    out.append(&mut found);
    Ok(())
}

fn looks_like_manifest(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    if ["apiVersion:", "kind:", "metadata:"].iter().all(|word| text.contains(word)) {
        return true;
    }
    ["\"apiVersion\"", "\"kind\"", "\"metadata\""].iter().all(|word| text.contains(word))
}

fn parse(file: &str, bytes: &[u8], source: u16, out: &mut Vec<Desired>) -> Result<(), RenderError> {
    let fail = |why: String| RenderError::Unmarshal { file: file.to_owned(), why };
    let text = std::str::from_utf8(bytes).map_err(|e| fail(format!("not UTF-8: {e}")))?;
    if file.ends_with(".json") {
        let value = fairway_value::from_json(bytes).map_err(|e| fail(e.to_string()))?;
        let list = value.as_array().map(<[_]>::to_vec);
        for item in list.unwrap_or_else(|| vec![value]) {
            from_document(item, file, 1, source, out)?;
        }
        return Ok(());
    }
    let documents = fairway_yaml::parse_documents(text).map_err(|e| fail(e.to_string()))?;
    for document in documents {
        let line = u32::try_from(document.line).unwrap_or(u32::MAX);
        from_document(document.value, file, line, source, out)?;
    }
    Ok(())
}
