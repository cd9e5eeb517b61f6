use crate::appset::merge::fill_from;
use crate::appset::params::flatten;
use crate::appset::render::Renderer;
use crate::appset::selector::Selector;
use crate::appset::{DataRequest, Environment};
use fairway_core::{Map, Object, Str, Value};

/// The parameters of one Application.
pub(crate) type Params = Map;

/// Why a generator gives nothing.
pub(crate) enum Failure {
    /// Data has to be fetched first.
    Pending,
    /// It cannot.
    Failed(String),
}

impl Failure {
    /// Puts words in front of a failure's.
    pub fn within(self, context: &str) -> Self {
        match self {
            Self::Pending => Self::Pending,
            Self::Failed(why) => Self::Failed(format!("{context}: {why}")),
        }
    }
}

impl From<String> for Failure {
    fn from(why: String) -> Self {
        Self::Failed(why)
    }
}

impl From<&str> for Failure {
    fn from(why: &str) -> Self {
        Self::Failed(why.to_owned())
    }
}

/// What one kind of generator gave.
pub(crate) struct Transformed {
    pub params: Vec<Params>,
    pub template: Map,
}

/// Generators in the order in which upstream looks at them.
const KINDS: [&str; 9] = [
    "list",
    "clusters",
    "git",
    "scmProvider",
    "clusterDecisionResource",
    "pullRequest",
    "matrix",
    "merge",
    "plugin",
];

/// Deepest nesting of matrix and merge generators.
const NESTING_MAX: usize = 2;

/// What generators of one ApplicationSet share.
pub(crate) struct Scope<'a> {
    pub appset: &'a Object,
    pub renderer: &'a Renderer,
    pub environment: &'a Environment,
    needs: Vec<DataRequest>,
    /// Sources that answered but hold nothing.
    pub empty_sources: Vec<Str>,
}

impl<'a> Scope<'a> {
    pub fn new(appset: &'a Object, renderer: &'a Renderer, environment: &'a Environment) -> Self {
        Self { appset, renderer, environment, needs: Vec::new(), empty_sources: Vec::new() }
    }

    pub fn into_needs(self) -> Vec<DataRequest> {
        self.needs
    }

    /// Notes that data is missing.
    pub fn pending(&mut self, request: DataRequest) -> Failure {
        self.needs.push(request);
        Failure::Pending
    }

    /// Runs what one entry of `generators` names. `given` are the parameters of a matrix's first child.
    pub fn transform(
        &mut self,
        entry: &Value,
        base: &Map,
        given: &Params,
        depth: usize,
    ) -> Result<Vec<Transformed>, Failure> {
        let selector = entry.get("selector").filter(|v| !v.is_null());
        let selector = selector
            .map(Selector::parse)
            .transpose()
            .map_err(|why| format!("error parsing label selector: {why}"))?;
        let present = |kind: &&str| entry.get(kind).is_some_and(|v| !v.is_null());
        let kinds: Vec<&str> = KINDS.into_iter().filter(present).collect();
        if kinds.is_empty() && depth == 0 {
            return Err(self.unrecognized(entry).into());
        }
        let mut out = Vec::new();
        let mut first = None;
        for kind in kinds {
            match self.one(entry, kind, base, given, depth) {
                Ok(mut result) => {
                    if let Some(selector) = &selector {
                        result.params.retain(|p| selector.matches(&flatten(p, true)));
                    }
                    out.push(result);
                }
                Err(failure) => first = first.or(Some(failure)),
            }
        }
        first.map_or(Ok(out), Err)
    }

    fn unrecognized(&self, entry: &Value) -> String {
        let name = self.appset.name();
        let keys: Vec<&str> =
            entry.as_object().map(|m| m.keys().map(Str::as_str).collect()).unwrap_or_default();
        format!("ApplicationSet {name} contains unrecognized generators: {}", keys.join(", "))
    }

    fn one(
        &mut self,
        entry: &Value,
        kind: &str,
        base: &Map,
        given: &Params,
        depth: usize,
    ) -> Result<Transformed, Failure> {
        let block = entry.get(kind).cloned().unwrap_or_default();
        let mut template = block.get("template").and_then(Value::as_object).cloned().unwrap_or_default();
        fill_from(&mut template, base);
        let block = if given.is_empty() { block } else { self.interpolate(kind, &block, given)? };
        let params = match kind {
            "list" => self.list(&block),
            "clusters" => self.clusters(&block),
            "git" => self.git(&block),
            "scmProvider" => self.scm(&block),
            "clusterDecisionResource" => self.decisions(&block),
            "pullRequest" => self.pull_requests(&block),
            "plugin" => self.plugin(&block),
            "matrix" if depth < NESTING_MAX => self.matrix(&block, depth),
            "merge" if depth < NESTING_MAX => self.merge(&block, depth),
            "matrix" | "merge" => Err("child generator generated no parameters".into()),
            other => Err(Failure::Failed(format!("unsupported: generator {other}"))),
        }?;
        Ok(Transformed { params, template })
    }

    /// Renders a generator with the parameters of a matrix's first child. `values` that name parameters which only
    /// the generator itself has stay for later.
    fn interpolate(&self, kind: &str, block: &Value, given: &Params) -> Result<Value, Failure> {
        let wrap = |why: String| format!("failed to replace parameters in generator: {why}");
        let values = block.get("values").and_then(Value::as_object);
        let has_values = matches!(kind, "clusters" | "git" | "scmProvider" | "pullRequest" | "plugin")
            || kind == "clusterDecisionResource";
        let Some(values) = values.filter(|_| has_values) else {
            return self.renderer.tree(block, given).map_err(|why| wrap(why).into());
        };
        let mut rest = block.clone();
        rest.as_object_mut().map(|m| m.remove("values"));
        let mut rendered = self.renderer.tree(&rest, given).map_err(wrap)?;
        let mut resolved = Map::new();
        for (key, value) in values.iter() {
            let text = value.as_str().unwrap_or_default();
            let value = match self.renderer.strict_text(text, given) {
                Ok(value) => value,
                Err(why) if is_missing_key(&why) => text.to_owned(),
                Err(why) => {
                    return Err(wrap(format!("failed to pre-resolve Values key {key:?}: {why}")).into());
                }
            };
            resolved.insert(key.clone(), value);
        }
        rendered.set_path(&["values"], resolved);
        Ok(rendered)
    }

    /// Adds a generator's `values`, rendered with the parameters found so far.
    pub fn add_values(&self, block: &Value, params: &mut Params) -> Result<(), Failure> {
        let Some(values) = block.get("values").and_then(Value::as_object).filter(|v| !v.is_empty()) else {
            return Ok(());
        };
        let mut rendered = Map::new();
        for (key, value) in values.iter() {
            let text = self
                .renderer
                .text(value.as_str().unwrap_or_default(), params)
                .map_err(|why| format!("failed to replace templated string: {why}"))?;
            rendered.insert(key.clone(), text);
        }
        if self.renderer.is_go() {
            params.insert("values", rendered);
        } else {
            params.extend(rendered.into_iter().map(|(k, v)| (Str::from(format!("values.{k}")), v)));
        }
        Ok(())
    }
}

fn is_missing_key(why: &str) -> bool {
    why.contains("map has no entry for key") || why.contains("can't evaluate field")
}
