//! Splits rendered files into manifests, tells hooks apart and puts both in Helm's order, as Helm 3's
//! `pkg/releaseutil`, or as Helm 4's `pkg/release/v1/util`, which leaves the space after a manifest and knows two more
//! kinds.

use crate::Error;
use crate::capabilities::HelmVersion;
use crate::decode::go_kind;
use crate::engine::RenderedFile;
use crate::explain::{self, Spot};
use crate::hook::{Hook, HookEvent};
use fairway_core::install_rank;
use fairway_template::Call;
use fairway_value::Value;
use fairway_yaml::Step;
use memchr::memmem;

/// A rendered manifest.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// The template that it came from: what `# Source:` says.
    pub source: String,
    /// Its text, without space around it; Helm 4 leaves what follows.
    pub content: String,
    /// Its `kind`; empty where there is none.
    pub kind: String,
    /// The parsed text; `null` where there are comments only.
    pub value: Value,
}

/// Manifests and hooks in the order in which Helm prints them.
#[derive(Debug, Default)]
pub(crate) struct Sorted {
    pub manifests: Vec<Manifest>,
    pub hooks: Vec<Hook>,
}

/// Sorts rendered files, given by name.
///
/// # Errors
/// A manifest is no YAML or no object.
pub(crate) fn sort(mut files: Vec<RenderedFile>, helm: HelmVersion) -> Result<Sorted, Box<Fault>> {
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let mut sorted = Sorted::default();
    for RenderedFile { name: source, text, octets } in &files {
        for content in split(text, helm) {
            let head = refuse_octets(content, *octets)
                .and_then(|()| Head::read(content))
                .map_err(|wrong| Box::new(wrong.found_in(source, text, content)))?;
            match head.hook {
                None => sorted.manifests.push(Manifest {
                    source: source.clone(),
                    content: content.to_owned(),
                    kind: head.kind,
                    value: head.value,
                }),
                Some(events) => {
                    // A hook of a kind that Helm does not know is dropped.
                    if let Some(events) = HookEvent::parse_list(&events) {
                        sorted.hooks.push(Hook::new(
                            events,
                            head.annotations,
                            Manifest {
                                source: source.clone(),
                                content: content.to_owned(),
                                kind: head.kind,
                                value: head.value,
                            },
                        ));
                    }
                }
            }
        }
    }
    sorted.manifests.sort_by_cached_key(|m| rank(&m.kind, helm));
    sorted.hooks.sort_by_cached_key(|h| rank(&h.manifest.kind, helm));
    Ok(sorted)
}

/// Refuses a manifest that holds what stands for bytes that are no UTF-8, in a text that has such bytes.
fn refuse_octets(content: &str, octets: Option<&str>) -> Result<(), Wrong> {
    let Some(why) = octets_in(content, octets) else { return Ok(()) };
    let before = content.split('\u{fffd}').next().unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Err(Wrong { why, spot: Some(Spot { line, column }) })
}

/// Returns what Helm says of a part of a rendered text that holds bytes which are no UTF-8.
pub(crate) fn octets_in(part: &str, octets: Option<&str>) -> Option<String> {
    let what = octets.filter(|_| part.contains('\u{fffd}'))?;
    Some(format!("error converting YAML to JSON: yaml: {what}"))
}

/// Splits a text into manifests. Empty ones are left out.
pub(crate) fn split(text: &str, helm: HelmVersion) -> Vec<&str> {
    match helm {
        HelmVersion::V3 => split_trimmed(text).collect(),
        HelmVersion::V4 => split_leaving_ends(text),
    }
}

/// Splits where a line starts with `---`, as Go's regular expression `(?m)^---[ \t]*` does, and trims the parts' starts.
fn split_leaving_ends(text: &str) -> Vec<&str> {
    let text = text.trim_start_matches(is_space);
    let mut parts = Vec::new();
    let mut from = 0;
    let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
    for at in starts.filter(|at| text[*at..].starts_with("---")) {
        parts.push(&text[from..at]);
        let after = text[at + 3..].trim_start_matches([' ', '\t']);
        from = text.len() - after.len();
    }
    parts.push(&text[from..]);
    parts.into_iter().map(|p| p.trim_start_matches(is_space)).filter(|p| !p.is_empty()).collect()
}

/// Splits a text at lines that start with `---`, as Go's regular expression `(?:^|\s*\n)---\s*` does, and trims the
/// parts.
fn split_trimmed(text: &str) -> impl Iterator<Item = &str> {
    let text = text.trim_matches(is_space);
    let separator = memmem::Finder::new("\n---");
    let mut rest = Some(text);
    let mut first = true;
    std::iter::from_fn(move || {
        loop {
            let current = rest?;
            let at_start = std::mem::replace(&mut first, false) && current.starts_with("---");
            let cut = if at_start { Some(0) } else { separator.find(current.as_bytes()).map(|at| at + 1) };
            let part = match cut {
                Some(at) => {
                    rest = Some(current[at + 3..].trim_start_matches(is_regex_space));
                    &current[..at]
                }
                None => {
                    rest = None;
                    current
                }
            };
            let part = part.trim_matches(is_space);
            if !part.is_empty() {
                return Some(part);
            }
            if rest.is_some_and(str::is_empty) {
                rest = None;
            }
        }
    })
}

/// What Go's `strings.TrimSpace` takes for space.
fn is_space(c: char) -> bool {
    c.is_whitespace()
}

/// What `\s` matches in Go.
fn is_regex_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\x0c' | '\r')
}

/// A rendered file that holds something other than manifests.
#[derive(Debug)]
pub(crate) struct Fault {
    /// The template's full name.
    pub file: String,
    /// What was rendered.
    pub text: String,
    /// The byte of it that tells where it comes from.
    pub at: usize,
    why: String,
    spot: Option<Spot>,
}

impl Fault {
    /// Returns the error, with the place that wrote what is wrong.
    pub(crate) fn error(&self, origin: Option<&Call>) -> Error {
        let mut context = String::new();
        if let Some(spot) = self.spot {
            context = explain::yaml(&self.text, &format!("{} as rendered", self.file), spot);
            context.extend(origin.map(explain::origin));
        }
        Error::Manifest { file: self.file.clone(), why: self.why.clone(), context }
    }
}

/// What is wrong with a manifest, in Helm's words, and its place in it.
struct Wrong {
    why: String,
    spot: Option<Spot>,
}

impl Wrong {
    /// Turns the place in a manifest into one in the file that it was split from.
    fn found_in(self, file: &str, text: &str, content: &str) -> Fault {
        let start = (content.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        let above = text.get(..start).map_or(0, |t| t.matches('\n').count());
        // A manifest starts where its first line's indent ends.
        let indent = text.get(..start).map_or(0, |t| t.len() - t.rfind('\n').map_or(0, |at| at + 1));
        let spot = self.spot.map(|s| Spot {
            line: s.line + above,
            column: if s.line == 1 && s.column > 0 { s.column + indent } else { s.column },
        });
        let lines = text.split_inclusive('\n').take(spot.map_or(0, |s| s.line - 1));
        let line_start: usize = lines.map(str::len).sum();
        let line = text[line_start..].lines().next().unwrap_or_default();
        let at = line_start + line.len() - line.trim_start().len();
        Fault { file: file.to_owned(), text: text.to_owned(), at, why: self.why, spot }
    }
}

struct Head {
    kind: String,
    hook: Option<String>,
    annotations: Vec<(String, String)>,
    value: Value,
}

impl Head {
    /// Reads what Helm's `SimpleHead` holds.
    fn read(content: &str) -> Result<Self, Wrong> {
        let value = fairway_yaml::parse(content).map_err(|e| Wrong {
            why: e.go_text(),
            spot: (e.line > 0).then_some(Spot { line: e.line, column: e.column }),
        })?;
        let wrong = |value: &Value, path: &[&str], what: &str| Wrong {
            why: format!(
                "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {} into Go {what}",
                go_kind(value)
            ),
            spot: line_of(content, path).map(|line| Spot { line, column: 0 }),
        };
        if !matches!(value, Value::Object(_) | Value::Null) {
            return Err(wrong(&value, &[], "value of type releaseutil.SimpleHead"));
        }
        let string = |at: Option<&Value>, field: &str, path: &[&str]| match at {
            None | Some(Value::Null) => Ok(String::new()),
            Some(v @ (Value::Array(_) | Value::Object(_))) => {
                Err(wrong(v, path, &format!("struct field {field} of type string")))
            }
            Some(Value::String(s)) => Ok(s.to_string()),
            Some(other) => Ok(other.to_string()),
        };
        // In the order in which Go reads JSON that was made from YAML: by key.
        string(value.get("apiVersion"), "SimpleHead.apiVersion", &["apiVersion"])?;
        let kind = string(value.get("kind"), "SimpleHead.kind", &["kind"])?;
        let metadata = match value.get("metadata") {
            None | Some(Value::Null) => None,
            Some(m @ Value::Object(_)) => Some(m),
            Some(other) => return Err(wrong(other, &["metadata"], METADATA)),
        };
        let mut annotations = Vec::new();
        match metadata.and_then(|m| m.get("annotations")) {
            None | Some(Value::Null) => {}
            Some(Value::Object(map)) => {
                for (key, value) in map.iter() {
                    annotations.push((
                        key.to_string(),
                        string(Some(value), ".metadata.annotations", &["metadata", "annotations", key])?,
                    ));
                }
            }
            Some(other) => {
                return Err(wrong(
                    other,
                    &["metadata", "annotations"],
                    "struct field .metadata.annotations of type map[string]string",
                ));
            }
        }
        string(metadata.and_then(|m| m.get("name")), ".metadata.name", &["metadata", "name"])?;
        let hook = annotations.iter().find(|(k, _)| k == "helm.sh/hook").map(|(_, v)| v.clone());
        Ok(Self { kind, hook, annotations, value })
    }
}

/// The type that Helm reads `metadata` into.
const METADATA: &str = "struct field SimpleHead.metadata of type struct { Name string \"json:\\\"name\\\"\"; \
                        Annotations map[string]string \"json:\\\"annotations\\\"\" }";

fn line_of(content: &str, path: &[&str]) -> Option<usize> {
    if path.is_empty() {
        return Some(1);
    }
    let steps: Vec<Step> = path.iter().map(|key| Step::Key((*key).into())).collect();
    fairway_yaml::line_of(content, &steps)
}

/// Kinds that Helm 4 installs last of those it knows.
const LAST_IN_HELM_4: [&str; 2] = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// A kind's place among those that Helm installs (`pkg/releaseutil/kind_sorter.go`): PriorityClass before all that
/// Argo CD has the order of; others follow by name.
fn rank(kind: &str, helm: HelmVersion) -> (usize, String) {
    let last = || LAST_IN_HELM_4.iter().position(|k| *k == kind).map(|at| usize::MAX - 2 + at);
    let place = match install_rank(kind) {
        _ if kind == "PriorityClass" => Some(0),
        Some(at) => Some(at + 1),
        None if helm == HelmVersion::V4 => last(),
        None => None,
    };
    match place {
        Some(at) => (at, String::new()),
        None => (usize::MAX, kind.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_split_at_lines_that_start_with_dashes() {
        let parts = |text: &'static str| split(text, HelmVersion::V3);
        assert_eq!(parts("---\na: 1\n---\nb: 2\n"), ["a: 1", "b: 2"]);
        // The first separator takes the line break that the second would need.
        assert_eq!(parts("a: 1\n---\n\n---\nb: 2"), ["a: 1", "---\nb: 2"]);
        assert_eq!(parts("a: 1\n--- # c\nb: 2"), ["a: 1", "# c\nb: 2"]);
        assert_eq!(parts("a: |\n  ---\n"), ["a: |\n  ---"]);
        assert_eq!(parts("  \n"), Vec::<&str>::new());
        assert_eq!(parts("---"), Vec::<&str>::new());
        let parts = |text: &'static str| split(text, HelmVersion::V4);
        assert_eq!(parts("---\na: 1\n\n---\nb: 2\n"), ["a: 1\n\n", "b: 2\n"]);
        assert_eq!(parts("a: 1\n---\n\n---\nb: 2"), ["a: 1\n", "b: 2"]);
        assert_eq!(parts("---a: 1\n  ---\n----\n"), ["a: 1\n  ---\n", "-\n"]);
    }

    fn rendered(name: &str, text: String) -> RenderedFile {
        RenderedFile { name: name.to_owned(), text, octets: None }
    }

    #[test]
    fn a_manifest_with_bytes_that_are_no_utf8_is_refused() {
        let text = "a: \u{fffd}\n---\nb:\n- c \u{fffd}\n".to_owned();
        let file = rendered("c/a.yaml", text.clone());
        assert_eq!(sort(vec![file.clone()], HelmVersion::V3).unwrap().manifests.len(), 2, "a true U+FFFD");
        let raw = RenderedFile { octets: Some("invalid leading UTF-8 octet"), ..file };
        let fault = sort(vec![raw], HelmVersion::V3).unwrap_err();
        assert_eq!(fault.why, "error converting YAML to JSON: yaml: invalid leading UTF-8 octet");
        assert_eq!(fault.spot.map(|s| (s.line, s.column)), Some((1, 4)));
    }

    #[test]
    fn kinds_are_installed_in_helms_order_and_hooks_stand_apart() {
        let file = |kind: &str, extra: &str| format!("kind: {kind}\nmetadata:\n  name: x\n{extra}\n");
        let files = vec![
            rendered("c/a.yaml", file("Zebra", "") + "---\n" + &file("Deployment", "")),
            rendered("c/b.yaml", file("Namespace", "") + "---\n" + &file("Apple", "")),
            rendered(
                "c/h.yaml",
                file(
                    "Job",
                    "  annotations:\n    helm.sh/hook: pre-install, post-upgrade\n    helm.sh/hook-weight: \"-5\"",
                ),
            ),
            rendered("c/u.yaml", file("Job", "  annotations:\n    helm.sh/hook: nonsense")),
        ];
        let later = sort(
            vec![rendered(
                "c/w.yaml",
                file("ValidatingWebhookConfiguration", "") + "---\n" + &file("Apple", ""),
            )],
            HelmVersion::V4,
        );
        assert_eq!(later.unwrap().manifests[1].kind, "Apple");
        let sorted = sort(files, HelmVersion::V3).unwrap();
        let kinds: Vec<_> = sorted.manifests.iter().map(|m| m.kind.as_str()).collect();
        assert_eq!(kinds, ["Namespace", "Deployment", "Apple", "Zebra"]);
        assert_eq!(sorted.hooks.len(), 1);
        assert_eq!(sorted.hooks[0].weight, -5);
        assert_eq!(sorted.hooks[0].events, [HookEvent::PreInstall, HookEvent::PostUpgrade]);
    }

    #[test]
    fn a_manifest_that_is_no_object_is_refused() {
        let fault = sort(vec![rendered("c/a.yaml", "- 1\n".to_owned())], HelmVersion::V3).unwrap_err();
        let error = fault.error(None);
        assert!(error.to_string().contains("cannot unmarshal array"), "{error}");
    }
}
