use crate::application::Application;
use crate::appset::generators::{Failure, Scope};
use crate::appset::patch::apply_template_patch;
use crate::appset::render::Renderer;
use crate::appset::{DataRequest, Environment};
use crate::words::{API_VERSION, FINALIZER_RESOURCES};
use fairway_core::{Map, Object, Str, Value};

/// Most Applications that one ApplicationSet may stand for; more is a mistake in a generator.
const APPLICATIONS_MAX: usize = 20_000;

/// What went wrong with an ApplicationSet or one of its generators.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct AppSetError {
    /// Condition reason: `ApplicationGenerationFromParamsError` or `RenderTemplateParamsError`.
    pub reason: &'static str,
    /// What is wrong.
    pub message: Str,
}

const GENERATION: &str = "ApplicationGenerationFromParamsError";
const RENDERING: &str = "RenderTemplateParamsError";

/// What an ApplicationSet stands for right now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Generated {
    /// Applications, in the order of their generators. A name may stand twice; `reconcile` refuses both.
    pub applications: Vec<Application>,
    /// What failed. Other generators' Applications are there nevertheless, but nothing may be deleted.
    pub errors: Vec<AppSetError>,
    /// What has to be fetched before the answer is whole; nothing may be deleted until then.
    pub needs: Vec<DataRequest>,
    /// Sources that answered but hold nothing: a forge without repositories, a repository without a matching path.
    /// Their Applications are not deleted without approval.
    pub empty_sources: Vec<Str>,
    /// Paths of fields that have no effect.
    pub unsupported: Vec<Str>,
}

impl Generated {
    fn fail(&mut self, reason: &'static str, message: impl Into<Str>) {
        self.errors.push(AppSetError { reason, message: message.into() });
    }
}

/// Generates the Applications of an ApplicationSet, as Argo CD 3.6 `applicationset/{generators,utils}`.
///
/// One generator that fails does not stop the others.
#[must_use]
pub fn generate(appset: &Object, environment: &Environment) -> Generated {
    let mut out = Generated::default();
    let renderer = match Renderer::of(appset, environment.now_unix) {
        Ok(renderer) => renderer,
        Err(why) => {
            out.fail(GENERATION, why);
            return out;
        }
    };
    out.unsupported = unsupported(appset);
    let spec = |key: &str| appset.value().get_path(&["spec", key]);
    let template = spec("template").and_then(Value::as_object).cloned().unwrap_or_default();
    let builder = Builder { appset, renderer: &renderer };
    for generator in spec("generators").and_then(Value::as_array).unwrap_or_default() {
        let mut scope = Scope::new(appset, &renderer, environment);
        match scope.transform(generator, &template, &Map::new(), 0) {
            Ok(results) => {
                for (template, params) in
                    results.iter().flat_map(|r| r.params.iter().map(move |p| (&r.template, p)))
                {
                    if out.applications.len() >= APPLICATIONS_MAX {
                        out.fail(GENERATION, format!("more than {APPLICATIONS_MAX} Applications"));
                        return out;
                    }
                    match builder.application(template, params) {
                        Ok(application) => out.applications.push(application),
                        Err(why) => out.fail(RENDERING, why),
                    }
                }
            }
            Err(Failure::Pending) => {}
            Err(Failure::Failed(why)) => out.fail(GENERATION, why),
        }
        out.empty_sources.append(&mut scope.empty_sources);
        for need in scope.into_needs() {
            if !out.needs.contains(&need) {
                out.needs.push(need);
            }
        }
    }
    out
}

/// Names the fields of a spec that have no effect here.
fn unsupported(appset: &Object) -> Vec<Str> {
    const KNOWN: [&str; 9] = [
        "applyNestedSelectors", // Nested selectors always apply, as upstream since 3.0.
        "generators",
        "goTemplate",
        "goTemplateOptions",
        "ignoreApplicationDifferences",
        "preservedFields",
        "syncPolicy",
        "template",
        "templatePatch",
    ];
    let spec = appset.value().get("spec").and_then(Value::as_object);
    let unknown = spec.into_iter().flat_map(Map::iter).filter(|(key, value)| {
        let all_at_once =
            *key == "strategy" && value.get("type").and_then(Value::as_str) == Some("AllAtOnce");
        !KNOWN.contains(&key.as_str()) && !value.is_null() && !all_at_once
    });
    unknown.map(|(key, _)| Str::from(format!("spec.{key}"))).collect()
}

struct Builder<'a> {
    appset: &'a Object,
    renderer: &'a Renderer,
}

impl Builder<'_> {
    fn application(&self, template: &Map, params: &Map) -> Result<Application, String> {
        let mut value = self.rendered(template, params)?;
        let patch = self.appset.value().get_path(&["spec", "templatePatch"]).and_then(Value::as_str);
        if let Some(patch) = patch {
            let text = self
                .renderer
                .text(patch, params)
                .map_err(|why| format!("error replacing values in templatePatch: {why}"))?;
            apply_template_patch(&mut value, &text)?;
        }
        // An Application elsewhere would step over the border between namespaces.
        value.set_path(&["metadata", "namespace"], self.appset.namespace());
        value.set_path(&["apiVersion"], API_VERSION);
        value.set_path(&["kind"], "Application");
        Ok(Application::new(Object::new(value)))
    }

    fn rendered(&self, template: &Map, params: &Map) -> Result<Value, String> {
        let mut metadata = Map::new();
        let given = template.get("metadata").and_then(Value::as_object);
        for key in ["annotations", "finalizers", "labels", "name"] {
            if let Some(value) = given.and_then(|m| m.get(key)).filter(|v| !v.is_null()) {
                metadata.insert(key, value.clone());
            }
        }
        let mut app = Map::new();
        app.insert("metadata", metadata);
        app.insert("spec", template.get("spec").cloned().unwrap_or_default());
        let app = Value::Object(app);
        // Upstream leaves a template alone, without a finalizer too, where there is nothing to render it with.
        if params.is_empty() {
            return Ok(app);
        }
        let mut app = self.renderer.tree(&app, params)?;
        drop_empty_texts(&mut app);
        let preserve = self
            .appset
            .value()
            .get_path(&["spec", "syncPolicy", "preserveResourcesOnDeletion"])
            .and_then(Value::as_bool);
        let finalizers = app.get_path(&["metadata", "finalizers"]).and_then(Value::as_array);
        if preserve != Some(true) && finalizers.is_none_or(<[Value]>::is_empty) {
            app.set_path(&["metadata", "finalizers"], Value::from(vec![Value::from(FINALIZER_RESOURCES)]));
        }
        Ok(app)
    }
}

/// Drops fields that were rendered to nothing, as Go's `omitempty` does; keys of free-form maps are never `omitempty`.
fn drop_empty_texts(app: &mut Value) {
    const OPEN: [&str; 7] =
        ["annotations", "commonAnnotations", "commonLabels", "labels", "map", "valuesObject", "target"];
    const KEPT: [&str; 3] = ["project", "repoURL", "value"];
    if let Value::Array(list) = app {
        list.make_mut().iter_mut().for_each(drop_empty_texts);
    }
    if let Value::Object(map) = app {
        map.retain(|key, value| value.as_str() != Some("") || KEPT.contains(&key));
        for (key, value) in map.iter_mut() {
            if !OPEN.contains(&key.as_str()) {
                drop_empty_texts(value);
            }
        }
    }
}
