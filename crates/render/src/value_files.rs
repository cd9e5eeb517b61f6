use crate::{RenderError, RenderInput};
use fairway_core::{FileTree, HelmOptions, NodeKind, glob_match, normalize_path};
use fairway_helm::ValuesFile;

/// Deepest nesting of directories that a glob looks into.
const DEPTH_MAX: usize = 32;

/// Most files that globs may name.
const FILES_MAX: usize = 1000;

/// Reads an App's values files in order: plain paths, globs, and `$ref/…` paths into other sources.
///
/// As Argo CD 3 `reposerver/repository` `getResolvedValueFiles`: a path is relative to the chart, or with a leading `/`
/// to the repository's root; a missing file is an error unless it may be missing.
pub(crate) fn values_files(
    input: &RenderInput<'_>,
    chart_dir: &str,
    options: &HelmOptions,
) -> Result<Vec<ValuesFile>, RenderError> {
    let mut files = Vec::new();
    for written in &options.value_files {
        let written = input.env.substitute_keeping_refs(written);
        if let Some(scheme) = remote_scheme(&written) {
            files.push(remote(input, &written, scheme)?);
            continue;
        }
        let place = locate(input, chart_dir, &written)?;
        if written.contains(['*', '?', '[', '{']) {
            let mut found = Vec::new();
            let root = place.path.split(['*', '?', '[', '{']).next().unwrap_or_default();
            let root = root.rsplit_once('/').map_or("", |(dir, _)| dir);
            walk(place.tree, root, 0, &mut |path| {
                if glob_match(&place.path, path, Some('/')) && found.len() < FILES_MAX {
                    found.push(path.to_owned());
                }
            })?;
            if found.is_empty() && !options.ignore_missing_value_files {
                return Err(RenderError::Helm(format!("values file glob {written:?} matched no files")));
            }
            for path in found {
                files.extend(read(place.tree, &path)?);
            }
            continue;
        }
        match read(place.tree, &place.path)? {
            Some(file) => files.push(file),
            None if options.ignore_missing_value_files => {}
            None => return Err(missing(&written)),
        }
    }
    Ok(files)
}

fn missing(written: &str) -> RenderError {
    RenderError::Helm(format!("open {written}: no such file or directory; see spec.source.helm.valueFiles"))
}

/// Reads the file of one `fileParameters` entry.
pub(crate) fn read_one(
    input: &RenderInput<'_>,
    chart_dir: &str,
    written: &str,
) -> Result<String, RenderError> {
    if let Some(scheme) = remote_scheme(written) {
        return Ok(remote(input, written, scheme)?.text);
    }
    let place = locate(input, chart_dir, written)?;
    let file = read(place.tree, &place.path)?.ok_or_else(|| missing(written))?;
    Ok(file.text)
}

/// Returns the scheme of what is an address rather than a path.
fn remote_scheme(written: &str) -> Option<&str> {
    let (scheme, _) = written.split_once("://")?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    is_scheme.then_some(scheme)
}

/// Fetches a values file, as Argo CD 3.x `util/io/path` `ResolveValueFilePathOrUrl` allows it. It is fetched anew when
/// the source's revision changes or on a hard refresh, and missing ones are errors whatever is ignored.
fn remote(input: &RenderInput<'_>, written: &str, scheme: &str) -> Result<ValuesFile, RenderError> {
    if !input.value_file_schemes.iter().any(|allowed| allowed.eq_ignore_ascii_case(scheme)) {
        return Err(RenderError::Settings(format!(
            "values file {written}: the URL scheme '{scheme}' is not allowed; see helm.valuesFileSchemes"
        )));
    }
    let Some(port) = input.remote else {
        return Err(RenderError::Settings(format!("values file {written}: nothing is fetched here")));
    };
    let bytes =
        port.file(written).map_err(|why| RenderError::Helm(format!("values file {written}: {why}")))?;
    let text = String::from_utf8(bytes.to_vec())
        .map_err(|e| RenderError::Unmarshal { file: written.to_owned(), why: format!("not UTF-8: {e}") })?;
    Ok(ValuesFile { name: written.to_owned(), text })
}

struct Located<'a> {
    tree: &'a dyn FileTree,
    path: String,
}

fn locate<'a>(
    input: &'a RenderInput<'_>,
    chart_dir: &str,
    written: &str,
) -> Result<Located<'a>, RenderError> {
    if let Some(rest) = written.strip_prefix('$') {
        let (name, path) = rest.split_once('/').unwrap_or((rest, ""));
        let source = input.refs.get(name).ok_or_else(|| {
            RenderError::Settings(format!(
                "source referenced {name:?} with {written:?}, but no source has that ref"
            ))
        })?;
        return Ok(Located { tree: &*source.tree, path: normalize_path(path)? });
    }
    let path = if written.starts_with('/') || chart_dir.is_empty() {
        normalize_path(written)?
    } else {
        normalize_path(&format!("{chart_dir}/{written}"))?
    };
    Ok(Located { tree: input.tree, path })
}

fn read(tree: &dyn FileTree, path: &str) -> Result<Option<ValuesFile>, RenderError> {
    let Some(bytes) = tree.read(path)? else { return Ok(None) };
    let text = String::from_utf8(bytes.to_vec())
        .map_err(|e| RenderError::Unmarshal { file: path.to_owned(), why: format!("not UTF-8: {e}") })?;
    Ok(Some(ValuesFile { name: path.to_owned(), text }))
}

fn walk(tree: &dyn FileTree, dir: &str, depth: usize, take: &mut dyn FnMut(&str)) -> Result<(), RenderError> {
    let Some(entries) = tree.list(dir)? else { return Ok(()) };
    for entry in entries {
        let path = if dir.is_empty() { entry.name } else { format!("{dir}/{}", entry.name) };
        match entry.kind {
            NodeKind::Dir if depth < DEPTH_MAX => walk(tree, &path, depth + 1, take)?,
            NodeKind::Dir => {}
            NodeKind::File | NodeKind::Symlink => take(&path),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BuildEnv, Capabilities, RefSource};
    use fairway_core::{AppSource, MemoryTree, Str};
    use fairway_template::{FixedClock, Ports, SeededRandom};
    use std::collections::BTreeMap;
    use std::sync::Arc;

    /// Serves one file.
    struct Web;

    impl fairway_kustomize::Remote for Web {
        fn repository(
            &self,
            _spec: &fairway_kustomize::RepoSpec,
        ) -> Result<fairway_kustomize::RemoteTree, String> {
            Err("no repository".to_owned())
        }

        fn file(&self, url: &str) -> Result<Arc<[u8]>, String> {
            if url == "https://h/v.yaml" {
                Ok(b"a: 2".as_slice().into())
            } else {
                Err("answered 404".to_owned())
            }
        }
    }

    fn names(value_files: &[&str], ignore_missing: bool) -> Result<Vec<String>, RenderError> {
        let files = [
            ("chart/values.yaml", "a: 1"),
            ("chart/env/b.yaml", ""),
            ("chart/env/a.yaml", ""),
            ("top.yaml", ""),
        ];
        let tree = MemoryTree::new(files).unwrap();
        let other = MemoryTree::new([("shared/x.yaml", "")]).unwrap();
        let refs = BTreeMap::from([(Str::from("values"), RefSource { tree: Arc::new(other) })]);
        let (clock, random) = (FixedClock(0), SeededRandom::new(1));
        let input = RenderInput {
            app_name: "app",
            namespace: "ns",
            source: &AppSource::default(),
            source_index: 0,
            tree: &tree,
            refs: &refs,
            env: &BuildEnv::default().with("ARGOCD_APP_NAME", "b"),
            capabilities: &Capabilities::default(),
            kustomize_build_options: "",
            disabled_tools: &[],
            value_file_schemes: &["https".into()],
            remote: Some(&Web),
            charts: &crate::ChartCache::default(),
            lookup: None,
            ports: Ports { clock: &clock, random: &random },
        };
        let options = HelmOptions {
            value_files: value_files.iter().map(|f| Str::from(*f)).collect(),
            ignore_missing_value_files: ignore_missing,
            ..HelmOptions::default()
        };
        Ok(values_files(&input, "chart", &options)?.into_iter().map(|f| f.name).collect())
    }

    #[test]
    fn files_come_in_the_order_written_and_globs_in_path_order() {
        let found =
            names(&["/top.yaml", "env/*.yaml", "$values/shared/x.yaml", "env/$ARGOCD_APP_NAME.yaml"], false);
        assert_eq!(
            found.unwrap(),
            ["top.yaml", "chart/env/a.yaml", "chart/env/b.yaml", "shared/x.yaml", "chart/env/b.yaml"]
        );
    }

    #[test]
    fn a_file_may_come_from_an_address_of_an_allowed_scheme() {
        let found = names(&["https://h/v.yaml", "/top.yaml"], false).unwrap();
        assert_eq!(found, ["https://h/v.yaml", "top.yaml"]);
        let refused = names(&["http://h/v.yaml"], false).unwrap_err().to_string();
        assert!(refused.contains("scheme 'http' is not allowed"), "{refused}");
        assert!(names(&["https://h/none.yaml"], true).unwrap_err().to_string().contains("404"));
    }

    #[test]
    fn a_missing_file_is_an_error_unless_it_may_be_missing() {
        assert!(names(&["nowhere.yaml"], false).is_err());
        assert_eq!(names(&["nowhere.yaml"], true).unwrap(), Vec::<String>::new());
        assert!(names(&["$unknown/x.yaml"], true).is_err());
        assert!(names(&["../../outside.yaml"], false).is_err());
    }
}
