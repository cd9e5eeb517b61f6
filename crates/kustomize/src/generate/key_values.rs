use crate::kustomization::GeneratorArgs;
use crate::loader::Loader;
use std::collections::BTreeMap;

/// Most entries of one generated object.
const ENTRIES_MAX: usize = 100_000;

/// Reads the entries of a generator: environment files, then literals, then files.
///
/// # Errors
/// A file that is not there, a source that cannot be read, a key that comes twice.
pub fn entries(args: &GeneratorArgs, loader: &Loader<'_>) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let mut pairs: Vec<(String, Vec<u8>)> = Vec::new();
    for path in &args.envs {
        let bytes = loader.load(path).map_err(|e| format!("env source files: {}", e.why))?;
        lines(&bytes, &mut pairs).map_err(|e| format!("env source files: {path}: {e}"))?;
    }
    for source in &args.literals {
        let (key, value) = source
            .split_once('=')
            .filter(|(key, _)| !key.is_empty())
            .ok_or_else(|| format!("literal sources: invalid literal source {source}, expected key=value"))?;
        pairs.push((key.to_owned(), unquoted(value).as_bytes().to_vec()));
    }
    for source in &args.files {
        let (key, path) = file_source(source).map_err(|e| format!("file sources: {e}"))?;
        let bytes = loader.load(path).map_err(|e| format!("file sources: {}", e.why))?;
        pairs.push((key.to_owned(), bytes.to_vec()));
    }
    if pairs.len() > ENTRIES_MAX {
        return Err(format!("{}: more than {ENTRIES_MAX} entries", args.name));
    }
    let mut out = BTreeMap::new();
    for (key, value) in pairs {
        if out.contains_key(&key) {
            return Err(format!("configmap {} illegally repeats the key `{key}`", args.name));
        }
        out.insert(key, value);
    }
    Ok(out)
}

/// Removes one pair of equal quotes round a text.
fn unquoted(text: &str) -> &str {
    for quote in ['"', '\''] {
        if text.len() >= 2
            && let Some(inner) = text.strip_prefix(quote).and_then(|t| t.strip_suffix(quote))
        {
            return inner;
        }
    }
    text
}

/// Splits `key=path`; without a key it is the file's name.
fn file_source(source: &str) -> Result<(&str, &str), String> {
    match source.matches('=').count() {
        0 => Ok((source.trim_end_matches('/').rsplit('/').next().unwrap_or(source), source)),
        1 => {
            let (key, path) = source.split_once('=').unwrap_or((source, ""));
            if key.is_empty() {
                Err(format!("missing key name for file path \"{path}\" in source \"{source}\""))
            } else if path.is_empty() {
                Err(format!("missing file path for key name \"{key}\" in source \"{source}\""))
            } else {
                Ok((key, path))
            }
        }
        _ => Err(format!("source \"{source}\" key name or file path contains '='")),
    }
}

/// Reads the lines of an environment file.
fn lines(bytes: &[u8], pairs: &mut Vec<(String, Vec<u8>)>) -> Result<(), String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    for (n, line) in bytes.split(|b| *b == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = std::str::from_utf8(line).map_err(|_| format!("line {} has invalid UTF-8", n + 1))?;
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        if !key.is_empty() {
            pairs.push((key.to_owned(), value.as_bytes().to_vec()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_split_as_kustomize_splits_them() {
        assert_eq!(file_source("a/b.txt"), Ok(("b.txt", "a/b.txt")));
        assert_eq!(file_source("k=a/b.txt"), Ok(("k", "a/b.txt")));
        for wrong in ["=a", "a=", "a=b=c"] {
            assert!(file_source(wrong).is_err(), "{wrong}");
        }
        assert_eq!(unquoted("\"a'b\""), "a'b");
        assert_eq!(unquoted("\"a'"), "\"a'");
        assert_eq!(unquoted("\""), "\"");
    }

    #[test]
    fn environment_files_keep_what_follows_the_first_sign() {
        let mut pairs = Vec::new();
        lines(b"\xef\xbb\xbfA=1=2\r\n  # no\n\nB\n", &mut pairs).unwrap();
        assert_eq!(pairs, [("A".to_owned(), b"1=2".to_vec()), ("B".to_owned(), Vec::new())]);
    }
}
