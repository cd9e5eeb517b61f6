//! The annotations that say where objects come from and what changed them.

use crate::remote::parse_repo;
use crate::resource::{ORIGIN_ANNOTATION, Resource, TRANSFORMATIONS_ANNOTATION};
use fairway_core::normalize_path;
use fairway_value::{Str, Value};

/// Where the build is, as the annotations show it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub path: String,
    pub repo: String,
    pub reference: String,
}

/// What made or changed an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Maker {
    pub place: Place,
    pub api_version: Str,
    pub kind: Str,
    pub name: Str,
    pub namespace: Str,
}

impl Place {
    /// Goes on to a path or a remote base.
    pub fn join(&self, path: &str) -> Self {
        let mut out = self.clone();
        let mut path = path.to_owned();
        if let Some(spec) = parse_repo(&path) {
            out.repo = spec.clone_url;
            out.reference = spec.reference;
            out.path = String::new();
            path = spec.path;
        }
        out.path = clean(&format!("{}/{path}", out.path));
        out
    }

    /// Returns the text of the origin annotation.
    pub fn text(&self) -> String {
        lines(&[("path", &self.path), ("repo", &self.repo), ("ref", &self.reference)], "")
    }
}

/// Cleans a relative path, with the steps out of the top kept.
fn clean(path: &str) -> String {
    if let Ok(path) = normalize_path(path) {
        return path;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|p| !p.is_empty() && *p != ".") {
        if part == ".." && parts.last().is_some_and(|p| *p != "..") {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    parts.join("/")
}

fn lines(fields: &[(&str, &str)], indent: &str) -> String {
    let mut out = String::new();
    for (key, value) in fields.iter().filter(|(_, v)| !v.is_empty()) {
        out.push_str(indent);
        out.push_str(key);
        out.push_str(": ");
        out.push_str(fairway_yaml::to_string(&Value::from(*value)).trim_end());
        out.push('\n');
    }
    out
}

impl Maker {
    /// Names a built-in transformer or generator configured in a file.
    pub fn builtin(place: &Place, file: &str, kind: &str) -> Self {
        let place = place.join(file);
        Self { place, api_version: "builtin".into(), kind: kind.into(), ..Self::default() }
    }

    /// Names a plugin by the object that configures it; nothing where that has no origin.
    pub fn plugin(config: &Resource) -> Option<Self> {
        let origin = config.annotation(ORIGIN_ANNOTATION)?;
        let origin = fairway_yaml::parse(&origin).ok()?;
        let text = |key: &str| origin.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        Some(Self {
            place: Place { path: text("path"), repo: text("repo"), reference: text("ref") },
            api_version: config.api_version(),
            kind: config.kind(),
            name: config.name(),
            namespace: config.namespace(),
        })
    }

    fn text(&self) -> String {
        let place = &self.place;
        let mut out =
            lines(&[("repo", &place.repo), ("ref", &place.reference), ("configuredIn", &place.path)], "");
        out.push_str("configuredBy:\n");
        let by = [
            ("apiVersion", self.api_version.as_str()),
            ("kind", &self.kind),
            ("name", &self.name),
            ("namespace", &self.namespace),
        ];
        out.push_str(&lines(&by, "  "));
        out
    }

    /// Notes that this made the object, unless something is noted already.
    pub fn note_generated(&self, resource: &mut Resource) {
        if resource.annotation(ORIGIN_ANNOTATION).is_none() {
            resource.set_annotation(ORIGIN_ANNOTATION, &self.text());
        }
    }

    /// Notes that this changed the object, or made it where no origin is noted.
    pub fn note_changed(&self, resource: &mut Resource) {
        if resource.annotation(ORIGIN_ANNOTATION).is_none() {
            resource.set_annotation(ORIGIN_ANNOTATION, &self.text());
            return;
        }
        let mut all =
            resource.annotation(TRANSFORMATIONS_ANNOTATION).map_or(String::new(), |t| t.to_string());
        for (n, line) in self.text().lines().enumerate() {
            all.push_str(if n == 0 { "- " } else { "  " });
            all.push_str(line);
            all.push('\n');
        }
        resource.set_annotation(TRANSFORMATIONS_ANNOTATION, &all);
    }
}
