//! Go's `path` and, the same on Linux, `path/filepath`.

use super::args::{Texts, bytes};
use crate::Value;
use crate::functions::Functions;
use crate::value::STRING;
use std::borrow::Cow;

pub(super) fn register(f: &mut Functions) {
    part(f, ["base", "osBase"], |path| base(path).into());
    part(f, ["dir", "osDir"], |path| clean(&path[..path.rfind('/').map_or(0, |n| n + 1)]).into());
    part(f, ["clean", "osClean"], |path| clean(path).into());
    part(f, ["ext", "osExt"], |path| {
        let last = path.rsplit('/').next().unwrap_or_default();
        last.rfind('.').map_or("", |n| &last[n..]).into()
    });
    for name in ["isAbs", "osIsAbs"] {
        f.native(name, &[&STRING], |_, a| Ok(Value::Bool(bytes(&a[0]).starts_with(b"/"))));
    }
}

fn part(f: &mut Functions, names: [&'static str; 2], of: fn(&str) -> Cow<'_, str>) {
    for name in names {
        f.add_closure(name, &[&STRING], move |_, a| {
            let texts = Texts::new([&a[0]]);
            Ok(texts.back(&of(texts.of()[0])))
        });
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
