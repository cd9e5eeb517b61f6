use super::Transform;
use crate::config::{FieldSpec, FieldSpecs, split_path};
use crate::field::{Create, visit_path};
use crate::kustomization::Image;
use crate::openapi::OpenApi;
use crate::resmap::ResMap;
use crate::scalar::{text, what};
use fairway_value::{Str, Value};
use regex::Regex;
use std::cell::OnceCell;

/// A new name, tag or digest for an image.
pub struct Images {
    image: Image,
    pattern: Pattern,
    fields: FieldSpecs,
}

/// Which images are meant. kustomize puts the name into a regular expression, so that a dot fits any character.
enum Pattern {
    /// A name whose only sign with a meaning is the dot.
    Plain(Str),
    Regex(Regex),
    /// No valid expression: fits nothing.
    Nothing,
}

impl Pattern {
    fn new(name: &Str) -> Self {
        if name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_/:.".contains(&b)) {
            return Self::Plain(name.clone());
        }
        crate::selector::compile(&format!("^{name}{TAG_AND_DIGEST}")).map_or(Self::Nothing, Self::Regex)
    }

    fn is_match(&self, image: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Regex(regex) => regex.is_match(image),
            Self::Plain(name) => {
                let mut rest = image.chars();
                let fits =
                    name.chars().all(|n| rest.next().is_some_and(|c| c == n || (n == '.' && c != '\n')));
                fits && is_tag_and_digest(rest.as_str())
            }
        }
    }
}

/// As [`TAG_AND_DIGEST`] without an expression.
fn is_tag_and_digest(rest: &str) -> bool {
    let is_value = |s: &str| s.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.{}-".contains(&b));
    let digest = match rest.strip_prefix(':') {
        None => rest,
        Some(tag) => {
            let end = tag.find('@').unwrap_or(tag.len());
            if !is_value(&tag[..end]) {
                return false;
            }
            &tag[end..]
        }
    };
    let Some(digest) = digest.strip_prefix('@') else { return digest.is_empty() };
    let is_word = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric());
    digest.split_once(':').is_some_and(|(algorithm, value)| {
        algorithm.split(['.', '+', '_', '-']).all(is_word) && is_value(value)
    })
}

/// What may follow an image's name.
const TAG_AND_DIGEST: &str = "(:[a-zA-Z0-9_.{}-]*)?(@[a-zA-Z0-9]+([.+_-][a-zA-Z0-9]+)*:[a-zA-Z0-9_.{}-]*)?$";

impl Images {
    /// A name that is no expression fits nothing, as in kustomize.
    pub fn new(image: Image, fields: FieldSpecs) -> Self {
        let pattern = Pattern::new(&image.name);
        Self { image, pattern, fields }
    }

    fn set(&self, field: &mut Value) -> Result<(), String> {
        if matches!(field, Value::Array(_) | Value::Object(_)) {
            return Err(format!("wrong type: expected an image but found {}", what(field)));
        }
        let Some(old) = text(field).filter(|_| !field.is_null()) else { return Ok(()) };
        if self.pattern.is_match(&old) {
            *field = Value::from(self.renamed(&old));
        }
        Ok(())
    }

    fn renamed(&self, old: &str) -> String {
        let (name, tag, digest) = split(old);
        let image = &self.image;
        let mut out = if image.new_name.is_empty() { name.to_owned() } else { image.new_name.to_string() };
        let (tag, digest) = match (image.new_tag.as_str(), image.digest.as_str()) {
            ("", "") if image.tag_suffix.is_empty() => (tag.to_owned(), digest),
            ("", "") => (format!("{tag}{}", image.tag_suffix), ""),
            (new_tag, new_digest) => (new_tag.to_owned(), new_digest),
        };
        if !tag.is_empty() {
            out.push(':');
            out.push_str(&tag);
        }
        if !digest.is_empty() {
            out.push('@');
            out.push_str(digest);
        }
        out
    }

    /// Goes through `containers` and `initContainers` wherever they are.
    fn visit_containers(&self, value: &mut Value) -> Result<(), String> {
        match value {
            Value::Array(list) => list.make_mut().iter_mut().try_for_each(|item| self.visit_containers(item)),
            Value::Object(map) => {
                for (key, inner) in map.iter_mut() {
                    self.visit_containers(inner)?;
                    let Value::Array(list) = inner else { continue };
                    if !matches!(key.as_str(), "containers" | "initContainers") {
                        continue;
                    }
                    for container in list.make_mut() {
                        match container {
                            Value::Object(c) => c.get_mut("image").map_or(Ok(()), |field| self.set(field))?,
                            Value::Null => {}
                            other => {
                                return Err(format!("{key}: expected a map, found {}", what(other)));
                            }
                        }
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// Splits an image into name, tag and digest.
pub fn split(image: &str) -> (&str, &str, &str) {
    // A colon before the first slash is a port's.
    let host = image.find('/').filter(|n| *n > 0).unwrap_or(0);
    let at = image[host..].find('@').map(|n| n + host);
    let colon = image[host..].find(':').map(|n| n + host);
    match (colon, at) {
        (None, None) => (image, "", ""),
        (Some(c), Some(a)) if c < a => (&image[..c], &image[c + 1..a], &image[a + 1..]),
        (_, Some(a)) => (&image[..a], "", &image[a + 1..]),
        (Some(c), None) => (&image[..c], &image[c + 1..], ""),
    }
}

impl Transform for Images {
    fn transform(&self, resources: &mut ResMap, _openapi: &OpenApi) -> Result<(), String> {
        let fields: Vec<(&FieldSpec, OnceCell<Vec<Str>>)> =
            self.fields.iter().map(|f| (f, OnceCell::new())).collect();
        for resource in resources.all_mut() {
            let gvk = resource.gvk();
            if gvk.kind == "CustomResourceDefinition" {
                continue;
            }
            let apply = |value: &mut Value| -> Result<(), String> {
                self.visit_containers(value)?;
                for (spec, path) in fields.iter().filter(|(f, _)| gvk.is_selected_by(&f.gvk)) {
                    let path = path.get_or_init(|| split_path(&spec.path, '/'));
                    visit_path(value, spec, path, Create::Never, &mut |field| self.set(field))?;
                }
                Ok(())
            };
            apply(&mut resource.value).map_err(|e| format!("{gvk}/{}: {e}", resource.name()))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn renamed(old: &str, new: &[(&str, &str)]) -> String {
        let get = |key: &str| new.iter().find(|(k, _)| *k == key).map_or(Str::new(), |(_, v)| (*v).into());
        let image = Image {
            name: get("name"),
            new_name: get("newName"),
            new_tag: get("newTag"),
            tag_suffix: get("tagSuffix"),
            digest: get("digest"),
        };
        let mut field = Value::from(old);
        Images::new(image, FieldSpecs::default()).set(&mut field).unwrap();
        field.as_str().unwrap().to_owned()
    }

    #[test]
    fn a_plain_name_fits_what_its_expression_fits() {
        let regex = crate::selector::compile(&format!("^a.b{TAG_AND_DIGEST}")).unwrap();
        let plain = Pattern::new(&"a.b".into());
        for image in [
            "a.b",
            "axb:1",
            "a.b:",
            "a.b:1@",
            "a.b@sha256:",
            "a.b@sha+x.y:{}",
            "a.b@-:1",
            "a.b@a--b:1",
            "a.b:1:2",
            "a.bc",
            "a.b:1@a:b:c",
            "",
            "a\nb",
        ] {
            assert_eq!(plain.is_match(image), regex.is_match(image), "{image}");
        }
    }

    #[test]
    fn names_tags_and_digests_are_replaced() {
        let tag = [("name", "nginx"), ("newTag", "2")];
        assert_eq!(renamed("nginx:1", &tag), "nginx:2");
        assert_eq!(renamed("nginx@sha256:ab", &tag), "nginx:2");
        assert_eq!(renamed("nginx-x:1", &tag), "nginx-x:1");
        assert_eq!(
            renamed("host:5000/a:1@sha256:ab", &[("name", "host:5000/a"), ("newName", "b")]),
            "b:1@sha256:ab"
        );
        assert_eq!(renamed("a:1", &[("name", "a"), ("tagSuffix", "-x")]), "a:1-x");
        assert_eq!(renamed("a:1", &[("name", "a"), ("digest", "sha256:cd")]), "a@sha256:cd");
        assert_eq!(renamed("gcrXio/a:1", &[("name", "gcr.io/a"), ("newTag", "2")]), "gcrXio/a:2");
        assert_eq!(renamed("a:1@sha256:zz@b", &tag), "a:1@sha256:zz@b");
        assert_eq!(renamed("[:1", &[("name", "["), ("newTag", "2")]), "[:1");
    }
}
