//! Go's `path` and, the same on Linux, `path/filepath`.

use super::args::text;
use crate::Value;
use crate::functions::Functions;
use crate::value::STRING;

pub(super) fn register(f: &mut Functions) {
    for name in ["base", "osBase"] {
        f.native(name, &[&STRING], |_, a| Ok(base(&text(&a[0])).into()));
    }
    for name in ["dir", "osDir"] {
        f.native(name, &[&STRING], |_, a| {
            let path = text(&a[0]);
            Ok(clean(&path[..path.rfind('/').map_or(0, |n| n + 1)]).into())
        });
    }
    for name in ["clean", "osClean"] {
        f.native(name, &[&STRING], |_, a| Ok(clean(&text(&a[0])).into()));
    }
    for name in ["ext", "osExt"] {
        f.native(name, &[&STRING], |_, a| {
            let path = text(&a[0]);
            let last = path.rsplit('/').next().unwrap_or_default();
            Ok(last.rfind('.').map_or("", |n| &last[n..]).into())
        });
    }
    for name in ["isAbs", "osIsAbs"] {
        f.native(name, &[&STRING], |_, a| Ok(Value::Bool(text(&a[0]).starts_with('/'))));
    }
}

pub(super) fn base(path: &str) -> &str {
    if path.is_empty() {
        return ".";
    }
    let path = path.trim_end_matches('/');
    if path.is_empty() { "/" } else { path.rsplit('/').next().unwrap_or(path) }
}

/// Go's `path.Clean`.
pub(super) fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|p| *p != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            other => parts.push(other),
        }
    }
    let joined = parts.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}
