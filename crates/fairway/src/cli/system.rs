//! What the system refuses, in the words of Go's tools.

use std::io::{Error, ErrorKind};
use std::path::Path;

/// Says what the system refused, as Go does.
pub(super) fn told(path: &Path, action: &str, error: &Error) -> String {
    let why = match error.kind() {
        ErrorKind::NotFound => "no such file or directory".to_owned(),
        ErrorKind::NotADirectory => "not a directory".to_owned(),
        ErrorKind::IsADirectory => "is a directory".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    };
    format!("{action} {}: {why}", path.display())
}

/// Returns a path that a flag gives; an empty one gives none, as in Helm.
pub(super) fn given(path: Option<&Path>) -> Option<&Path> {
    path.filter(|path| !path.as_os_str().is_empty())
}
