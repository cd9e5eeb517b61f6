//! Choosing resources: regular expressions on their names, label and annotation selectors.

use crate::id::{Gvk, ResId};
use crate::kustomization::Selector;
use crate::labels::LabelSelector;
use crate::openapi::OpenApi;
use crate::resmap::ResMap;
use crate::resource::Resource;
use fairway_value::Str;
use regex::Regex;

/// Largest compiled expression in bytes: enough for long alternations, far below what nested counts can ask for.
const REGEX_BYTES_MAX: usize = 1 << 20;

/// A compiled part of a selector. Plain words are compared, not matched.
#[derive(Clone, Debug)]
enum Pattern {
    Any,
    Word(Str),
    Regex(Regex),
}

impl Pattern {
    fn new(pattern: &str) -> Result<Self, String> {
        if pattern.is_empty() {
            return Ok(Self::Any);
        }
        if pattern.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'/')) {
            return Ok(Self::Word(pattern.into()));
        }
        compile(&format!("^(?:{pattern})$")).map(Self::Regex).map_err(|e| format!("`{pattern}`: {e}"))
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Word(word) => word == text,
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}

/// Compiles an expression within bounds.
///
/// # Errors
/// It is none, or too large.
pub fn compile(pattern: &str) -> Result<Regex, String> {
    regex::RegexBuilder::new(&from_go(pattern)?)
        .size_limit(REGEX_BYTES_MAX)
        .build()
        .map_err(|e| format!("invalid regular expression: {e}"))
}

/// Writes an expression of Go's syntax in Rust's: an opening bracket and doubled signs in a class are ordinary there, and
/// escapes that Go does not know are errors.
fn from_go(pattern: &str) -> Result<String, String> {
    let mut out = String::with_capacity(pattern.len());
    let mut chars = pattern.chars().peekable();
    let (mut in_class, mut class_start) = (false, false);
    while let Some(c) = chars.next() {
        let starts = std::mem::take(&mut class_start);
        match c {
            '\\' => {
                let next = chars
                    .next()
                    .ok_or("invalid regular expression: trailing backslash at end of expression")?;
                if next.is_ascii_alphabetic() && !"aftnrvdDsSwWbBAzQECpPx".contains(next) {
                    return Err(format!("invalid regular expression: invalid escape sequence: `\\{next}`"));
                }
                out.push(c);
                out.push(next);
            }
            '[' if !in_class => {
                (in_class, class_start) = (true, true);
                out.push(c);
                if chars.peek() == Some(&'^') {
                    chars.next();
                    out.push('^');
                }
            }
            '[' if chars.peek() != Some(&':') => out.push_str("\\["),
            ']' if in_class && starts => out.push_str("\\]"),
            ']' => {
                // The end of a named class such as `[:alpha:]` is not that of the class round it.
                in_class = in_class && out.ends_with(':') && out.contains("[:");
                out.push(c);
            }
            '&' | '~' if in_class => {
                out.push('\\');
                out.push(c);
            }
            '-' if in_class && chars.peek() == Some(&'-') => out.push_str("\\-"),
            other => out.push(other),
        }
    }
    Ok(out)
}

/// A compiled selector.
#[derive(Clone, Debug)]
pub struct Matcher {
    group: Pattern,
    version: Pattern,
    kind: Pattern,
    name: Pattern,
    namespace: Pattern,
    labels: LabelSelector,
    annotations: LabelSelector,
    /// Whether it names nothing but labels and annotations.
    pub ids_are_open: bool,
    /// Whether it names labels or annotations.
    pub has_labels: bool,
}

impl Matcher {
    /// Compiles a selector.
    ///
    /// # Errors
    /// A part is no valid expression.
    pub fn new(selector: &Selector) -> Result<Self, String> {
        let pattern = |field: &str, p: &Str| Pattern::new(p).map_err(|e| format!("target.{field}: {e}"));
        let labels =
            |field: &str, s: &Str| LabelSelector::parse(s).map_err(|e| format!("target.{field}: {e}"));
        Ok(Self {
            group: pattern("group", &selector.gvk.group)?,
            version: pattern("version", &selector.gvk.version)?,
            kind: pattern("kind", &selector.gvk.kind)?,
            name: pattern("name", &selector.name)?,
            namespace: pattern("namespace", &selector.namespace)?,
            labels: labels("labelSelector", &selector.labels)?,
            annotations: labels("annotationSelector", &selector.annotations)?,
            ids_are_open: selector.gvk == Gvk::default()
                && selector.name.is_empty()
                && selector.namespace.is_empty(),
            has_labels: !selector.labels.is_empty() || !selector.annotations.is_empty(),
        })
    }

    fn matches_gvk(&self, gvk: &Gvk) -> bool {
        self.group.matches(&gvk.group) && self.version.matches(&gvk.version) && self.kind.matches(&gvk.kind)
    }

    /// Whether one identity of an object fits, namespaces as written.
    pub fn matches_id(&self, id: &ResId) -> bool {
        self.matches_gvk(&id.gvk) && self.name.matches(&id.name) && self.namespace.matches(&id.namespace)
    }

    /// Whether labels and annotations fit.
    pub fn matches_labels(&self, resource: &Resource) -> bool {
        (self.labels.is_empty() || self.labels.matches(&resource.labels()))
            && (self.annotations.is_empty() || self.annotations.matches(&resource.annotations()))
    }

    /// Whether a resource fits by what it was or is called.
    pub fn matches(&self, resource: &Resource, openapi: &OpenApi) -> bool {
        let current = resource.id(openapi);
        // The kind first: it settles most.
        if !self.matches_gvk(&current.gvk) {
            return false;
        }
        let original = resource.previous_ids().next();
        let original = original.as_ref().unwrap_or(&current);
        (self.name.matches(&original.name) || self.name.matches(&current.name))
            && (self.namespace.matches(original.effective_namespace())
                || self.namespace.matches(current.effective_namespace()))
            && self.matches_labels(resource)
    }

    /// Returns the resources that fit, in order.
    pub fn select(&self, resources: &mut ResMap, openapi: &OpenApi) -> Vec<usize> {
        let candidates = match &self.name {
            Pattern::Word(name) => resources.find_name(name, openapi),
            _ => (0..resources.len()).collect(),
        };
        let fits = |n: &usize| {
            let resource = resources.get(*n);
            !resource.is_gone() && self.matches(resource, openapi)
        };
        candidates.into_iter().filter(fits).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_read_as_go_reads_them() {
        for (pattern, text, fits) in [
            ("a[[b]c", "a[c", true),
            ("[]x]+", "]x", true),
            ("[a&&b]+", "a&b", true),
            ("[[:alpha:]]+", "ab", true),
            ("[[:alpha:]x0]+$", "ab0", true),
        ] {
            assert_eq!(compile(&format!("^(?:{pattern})$")).unwrap().is_match(text), fits, "{pattern}");
        }
        assert!(compile(r"\u0041").unwrap_err().contains("escape"));
        assert!(compile("(a{1000}){1000}").unwrap_err().contains("invalid regular expression"));
    }
}
