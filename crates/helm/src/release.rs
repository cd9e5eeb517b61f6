use crate::Error;
use crate::capabilities::HelmVersion;
use crate::chart::Crd;
use crate::go_match;
use crate::hook::Hook;
use crate::manifest::{Manifest, split};
use fairway_value::Value;

/// What a chart renders to.
#[derive(Clone, Debug, Default)]
pub struct Release {
    /// The manifests in the order in which Helm installs them.
    pub manifests: Vec<Manifest>,
    /// The hooks, tests among them.
    pub hooks: Vec<Hook>,
    /// The custom resource definitions of `crds/`, as they are.
    pub crds: Vec<Crd>,
    /// The text of `NOTES.txt`.
    pub notes: String,
    /// The Helm as which it was rendered.
    pub helm: HelmVersion,
}

/// Which parts of a release are shown.
#[derive(Clone, Debug, Default)]
pub struct Show {
    /// `--include-crds`.
    pub include_crds: bool,
    /// `--no-hooks`.
    pub no_hooks: bool,
    /// `--skip-tests`.
    pub skip_tests: bool,
    /// `--show-only`: patterns of template paths; all where it is empty.
    pub only: Vec<String>,
}

/// An object of a release.
#[derive(Clone, Debug, PartialEq)]
pub struct RenderedObject {
    /// The file that it came from, with the chart's name in front.
    pub source: String,
    /// The object.
    pub value: Value,
}

impl Release {
    /// Returns what `helm template` prints, byte for byte.
    ///
    /// # Errors
    /// [`Error::NoTemplate`] where a pattern of [`Show::only`] matches nothing.
    pub fn stream(&self, show: &Show) -> Result<String, Error> {
        let mut manifests = String::new();
        if show.include_crds {
            for crd in &self.crds {
                push(&mut manifests, &crd.source, &crd.file.text());
            }
        }
        for manifest in &self.manifests {
            push(&mut manifests, &manifest.source, &manifest.content);
        }
        let mut out = manifests.trim().to_owned();
        out.push('\n');
        for hook in self.shown_hooks(show) {
            push(&mut out, &hook.manifest.source, &hook.manifest.content);
        }
        if show.only.is_empty() { Ok(out) } else { only(&out, &show.only, self.helm) }
    }

    /// Returns the objects in the order of [`Release::stream`].
    ///
    /// # Errors
    /// A file of `crds/` is no YAML; [`Error::NoTemplate`] as there.
    pub fn objects(&self, show: &Show) -> Result<Vec<RenderedObject>, Error> {
        if !show.only.is_empty() {
            return parse_stream(&self.stream(show)?, self.helm);
        }
        let mut objects = Vec::new();
        if show.include_crds {
            for crd in &self.crds {
                let text = crd.file.text();
                let documents =
                    fairway_yaml::parse_documents(&text).map_err(|e| Error::yaml(&crd.source, &text, &e))?;
                objects.extend(
                    documents
                        .into_iter()
                        .map(|d| RenderedObject { source: crd.source.clone(), value: d.value }),
                );
            }
        }
        let manifests = self.manifests.iter().chain(self.shown_hooks(show).map(|h| &h.manifest));
        objects.extend(
            manifests
                .filter(|m| !m.value.is_null())
                .map(|m| RenderedObject { source: m.source.clone(), value: m.value.clone() }),
        );
        Ok(objects)
    }

    fn shown_hooks<'a>(&'a self, show: &Show) -> impl Iterator<Item = &'a Hook> {
        let (none, skip_tests) = (show.no_hooks, show.skip_tests);
        self.hooks.iter().filter(move |h| !(none || skip_tests && h.is_test()))
    }
}

fn push(out: &mut String, source: &str, content: &str) {
    out.push_str("---\n# Source: ");
    out.push_str(source);
    out.push('\n');
    out.push_str(content);
    out.push('\n');
}

/// The documents of a stream that come from certain templates, in the order in which those are asked for.
fn only(stream: &str, patterns: &[String], helm: HelmVersion) -> Result<String, Error> {
    let documents: Vec<(&str, &str)> = split(stream, helm)
        .into_iter()
        .filter_map(|d| source_of(d).and_then(|s| s.split_once('/')).map(|(_, path)| (path, d)))
        .collect();
    let mut out = String::new();
    for pattern in patterns {
        let before = out.len();
        for (path, document) in &documents {
            if go_match::matches(pattern, path) == Ok(true) {
                out.push_str("---\n");
                out.push_str(document);
                out.push('\n');
            }
        }
        if out.len() == before {
            return Err(Error::NoTemplate(pattern.clone()));
        }
    }
    Ok(out)
}

fn source_of(document: &str) -> Option<&str> {
    document.lines().find_map(|l| l.find("# Source: ").map(|at| &l[at + "# Source: ".len()..]))
}

fn parse_stream(stream: &str, helm: HelmVersion) -> Result<Vec<RenderedObject>, Error> {
    let mut objects = Vec::new();
    for document in split(stream, helm) {
        let source = source_of(document).unwrap_or_default().to_owned();
        let value = fairway_yaml::parse(document).map_err(|e| Error::Manifest {
            file: source.clone(),
            why: e.go_text(),
            context: String::new(),
        })?;
        if !value.is_null() {
            objects.push(RenderedObject { source, value });
        }
    }
    Ok(objects)
}
