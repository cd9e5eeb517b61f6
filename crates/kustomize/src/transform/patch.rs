use super::Transform;
use crate::factory;
use crate::json_patch::JsonPatch;
use crate::kustomization::{PatchOptions, Selector};
use crate::merge::{Comments, Context, ListIncrease, MergeOptions, Merged, merge2};
use crate::openapi::{Definitions, OpenApi, Schema};
use crate::raw;
use crate::resmap::ResMap;
use crate::resource::{Resource, Written};
use crate::scalar::{field_text, text, what};
use crate::selector::Matcher;
use fairway_value::{HtmlEscape, Value};
use fairway_yaml::Step;
use std::cell::OnceCell;

/// `PatchStrategicMergeTransformer`: each patch goes to the object that it names.
pub struct StrategicMerge {
    pub patches: Vec<Resource>,
}

/// `PatchJson6902Transformer`: operations for the objects of a selector.
pub struct Json6902 {
    target: Matcher,
    patch: JsonPatch,
}

enum Content {
    Strategic(Vec<Resource>),
    Json(JsonPatch),
}

/// `PatchTransformer`: either of the two, told apart by its content.
pub struct PatchTransformer {
    content: Content,
    target: Option<Matcher>,
    source: String,
}

/// Reads a text as YAML or JSON operations.
fn json_patch(text: &str) -> Result<JsonPatch, String> {
    if text.is_empty() {
        return Err("empty json patch operations".to_owned());
    }
    if text.starts_with('[') {
        // kustomize takes it for JSON then.
        let value = fairway_value::from_json(text.as_bytes());
        let value =
            value.map_err(|e| format!("a patch that begins with `[` is JSON, and this is none: {e}"))?;
        return JsonPatch::from_value(&value);
    }
    let value = fairway_yaml::parse(text).map_err(|e| e.to_string())?;
    if value.is_null() {
        return JsonPatch::from_value(&Value::array());
    }
    JsonPatch::from_value(&value)
}

impl Json6902 {
    /// Reads the operations.
    ///
    /// # Errors
    /// No name in the target, no operations, or none that can be read.
    pub fn new(target: Option<&Selector>, operations: &str) -> Result<Self, String> {
        let target = target.filter(|t| !t.name.is_empty()).ok_or("must specify the target name")?;
        let patch = json_patch(operations).map_err(|e| format!("decoding the patch: {e}"))?;
        if patch.is_empty() {
            return Err("patch appears to be empty".to_owned());
        }
        Ok(Self { target: Matcher::new(target)?, patch })
    }
}

/// Applies operations to an object with its state shown, as the patches of kustomize see it.
fn apply_json(resource: &mut Resource, patch: &JsonPatch) -> Result<(), String> {
    if let Some(key) = resource.odd_key() {
        return Err(format!(
            "the key `{key}` is no text, which a patch in JSON cannot hold; put it in quotes"
        ));
    }
    resource.check_numbers()?;
    let state = resource.state.clone();
    resource.show_state();
    // What goes through JSON forgets how it was written.
    resource.written = Written::default();
    resource.shared.clear();
    resource.source = None;
    resource.labels_made = false;
    patch.apply(&mut resource.value)?;
    if resource.value.as_object().is_none() {
        return Err(format!("the patch leaves {} where an object should be", what(&resource.value)));
    }
    resource.hide_state()?;
    // kustomize puts its own annotations back whatever the patch did to them.
    resource.state = state;
    Ok(())
}

impl Transform for Json6902 {
    fn transform(&self, resources: &mut ResMap, openapi: &OpenApi) -> Result<(), String> {
        for n in self.target.select(resources, openapi) {
            resources
                .update(n, openapi, |r| apply_json(r, &self.patch))
                .map_err(|e| format!("{}: {e}", resources.get(n).id(openapi)))?;
        }
        Ok(())
    }
}

/// Merges a patch into an object.
fn apply_strategic(resource: &mut Resource, patch: &Resource, openapi: &OpenApi) -> Result<(), String> {
    let had_labels = resource.value.get_path(&["metadata", "labels"]).is_some();
    resource.keep_shared(Some(&patch.value), |r| merge_strategic(r, patch, openapi))?;
    if patch.value.get_path(&["metadata", "labels"]).is_some() {
        resource.labels_made = patch.labels_made && (resource.labels_made || !had_labels);
    }
    for (mine, more) in [
        (&mut resource.written.labels, &patch.written.labels),
        (&mut resource.written.annotations, &patch.written.annotations),
        (&mut resource.written.data, &patch.written.data),
    ] {
        mine.extend(more.iter().map(|(k, v)| (k.clone(), v.clone())));
    }
    resource.odd_keys.extend(patch.odd_keys.iter().cloned());
    resource.may_be_infinite |= patch.may_be_infinite;
    Ok(())
}

/// Merges a patch into an object and keeps what the patch may not change.
fn merge_strategic(resource: &mut Resource, patch: &Resource, openapi: &OpenApi) -> Result<(), String> {
    let name = resource.value.get_path(&["metadata", "name"]).cloned();
    let namespace = resource.value.get_path(&["metadata", "namespace"]).cloned();
    let kind = resource.kind();
    if patch.state.allow_name_change || patch.state.allow_kind_change {
        resource.store_previous_id(openapi);
    }
    // kyaml gives back another object then, which kustomize never looks at.
    if patch.value.get("$patch").and_then(text).as_deref() == Some("replace") {
        return Ok(());
    }
    drop_empty(resource, openapi);
    resource.show_state();
    let options = MergeOptions { infer: false, increase: ListIncrease::Prepend };
    let mut with = patch.clone();
    with.show_state();
    let value = std::mem::take(&mut resource.value);
    let quoted = OnceCell::new();
    let is_quoted = |text: &str| {
        quoted
            .get_or_init(|| resource.source.as_deref().map(raw::quoted_texts).unwrap_or_default())
            .contains(text)
    };
    let comments = texts_with_comments(resource, patch);
    let context = Context {
        definitions: openapi.definitions(),
        options,
        is_quoted: &is_quoted,
        comments: comments.as_ref(),
    };
    match merge2(value, with.value, context)? {
        Merged::Cleared => {
            resource.value = Value::Null;
            return Ok(());
        }
        Merged::Value(value) => resource.value = value,
    }
    if resource.is_gone() {
        return Ok(());
    }
    resource.state = crate::resource::State::default();
    resource.hide_state()?;
    if !patch.state.allow_kind_change
        && let Some(map) = resource.value.as_object_mut()
    {
        map.insert("kind", kind);
    }
    if !patch.state.allow_name_change {
        resource.value.set_path(&["metadata", "name"], name.unwrap_or_default());
    }
    match namespace.filter(|n| !n.is_null() && text(n).is_some_and(|t| !t.is_empty())) {
        Some(namespace) => resource.value.set_path(&["metadata", "namespace"], namespace),
        None => resource.value.remove_path(&["metadata", "namespace"]).is_some(),
    };
    Ok(())
}

/// Reads the schemas in the comments of both texts.
fn texts_with_comments(resource: &Resource, patch: &Resource) -> Option<Comments> {
    let texts: Vec<&str> = [resource, patch].into_iter().filter_map(|r| r.source.as_deref()).collect();
    Comments::read(&texts)
}

fn drop_empty(resource: &mut Resource, openapi: &OpenApi) {
    let empty = std::mem::take(&mut resource.empty);
    if !empty.is_empty() {
        drop_empty_fields(&mut resource.value, &empty, openapi.definitions());
    }
}

/// Removes the fields that nothing stands in, as kyaml's merge does on its way through maps and the lists that it merges.
pub fn drop_empty_fields(value: &mut Value, empty: &[Vec<Step>], definitions: &Definitions) {
    let own = definitions.of_type(&field_text(value, "apiVersion"), &field_text(value, "kind"));
    for path in empty {
        let Some((Step::Key(last), before)) = path.split_last() else { continue };
        let mut schema = own;
        let mut at = Some(&mut *value);
        for step in before {
            at = match (step, at) {
                (Step::Key(key), Some(Value::Object(map))) => {
                    schema = schema.and_then(|s| definitions.field(s, key));
                    map.get_mut(key)
                }
                (Step::Item(n), Some(Value::Array(list))) if schema.is_some_and(Schema::merges) => {
                    schema = schema.and_then(|s| definitions.elements(s));
                    list.make_mut().get_mut(*n)
                }
                _ => None,
            };
        }
        if let Some(Value::Object(map)) = at
            && map.get(last).is_some_and(Value::is_null)
        {
            map.remove(last);
        }
    }
}

fn describe(resource: &Resource, openapi: &OpenApi) -> String {
    resource.id(openapi).to_string()
}

impl StrategicMerge {
    fn apply(&self, patch: &Resource, resources: &mut ResMap, openapi: &OpenApi) -> Result<(), String> {
        let n = resources.find_one(&patch.original_id(openapi), openapi)?;
        merge_into(resources, &[n], patch, openapi)
    }
}

/// Merges a patch for a selection: its own identity gives way to that of each target.
fn merge_into(
    resources: &mut ResMap,
    targets: &[usize],
    patch: &Resource,
    openapi: &OpenApi,
) -> Result<(), String> {
    let mut patch = patch.clone();
    // kustomize writes the patch's labels and annotations anew on the way, as texts.
    patch.set_labels(patch.labels());
    patch.set_annotations(patch.annotations());
    let kind = patch.value.get("kind").cloned().unwrap_or_default();
    for n in targets {
        let mut copy = patch.clone();
        if let Some(map) = copy.value.as_object_mut() {
            map.insert("apiVersion", resources.get(*n).api_version());
            map.insert("kind", kind.clone());
        }
        resources.update(*n, openapi, |r| {
            let name = describe(r, openapi);
            apply_strategic(r, &copy, openapi).map_err(|e| format!("{name}: {e}"))
        })?;
    }
    let changes_identity = patch.state.allow_name_change || patch.state.allow_kind_change;
    if changes_identity {
        for n in targets {
            let id = resources.get(*n).id(openapi);
            if !resources.get(*n).is_gone() && resources.find_current(&id, openapi).len() > 1 {
                return Err(format!("may not add resource with an already registered id: {id}"));
            }
        }
    }
    Ok(())
}

impl Transform for StrategicMerge {
    fn transform(&self, resources: &mut ResMap, openapi: &OpenApi) -> Result<(), String> {
        self.patches.iter().try_for_each(|patch| self.apply(patch, resources, openapi))
    }
}

impl PatchTransformer {
    /// Reads a patch of either form.
    ///
    /// # Errors
    /// It is neither, or both.
    pub fn new(
        text: &str,
        source: String,
        target: Option<&Selector>,
        options: PatchOptions,
    ) -> Result<Self, String> {
        // No text is both: operations are a list, and a list is no object.
        let content = match factory::patches(text, "") {
            Ok(objects) if !objects.is_empty() => {
                let mut objects = objects;
                for object in &mut objects {
                    object.state.allow_name_change |= options.allow_name_change;
                    object.state.allow_kind_change |= options.allow_kind_change;
                    if options.allow_name_change || options.allow_kind_change {
                        // kustomize notes it in the annotations and writes them anew.
                        object.set_annotations(object.annotations());
                    }
                }
                Content::Strategic(objects)
            }
            Ok(none) => Content::Strategic(none),
            Err(not_strategic) => Content::Json(json_patch(text).map_err(|not_json| {
                format!(
                    "unable to parse SM or JSON patch from {source}: as an object: {not_strategic}; as operations: {not_json}"
                )
            })?),
        };
        Ok(Self { content, target: target.map(Matcher::new).transpose()?, source })
    }

    fn strategic(
        &self,
        patches: &[Resource],
        resources: &mut ResMap,
        openapi: &OpenApi,
    ) -> Result<(), String> {
        if let Some(target) = &self.target {
            return match patches {
                [] => Ok(()),
                [patch] => {
                    let selected = target.select(resources, openapi);
                    merge_into(resources, &selected, patch, openapi)?;
                    resources.drop_gone();
                    Ok(())
                }
                _ => Err(format!(
                    "Multiple Strategic-Merge Patches in one `patches` entry is not allowed to set `patches.target` field: {}",
                    self.source
                )),
            };
        }
        for patch in patches {
            let id = patch.original_id(openapi);
            let n = resources
                .find_one(&id, openapi)
                .map_err(|e| format!("no resource matches strategic merge patch \"{id}\": {e}"))?;
            resources.update(n, openapi, |r| {
                let name = describe(r, openapi);
                apply_strategic(r, patch, openapi).map_err(|e| format!("{name}: {e}"))
            })?;
        }
        Ok(())
    }
}

impl Transform for PatchTransformer {
    fn transform(&self, resources: &mut ResMap, openapi: &OpenApi) -> Result<(), String> {
        let operations = match &self.content {
            Content::Strategic(patches) => return self.strategic(patches, resources, openapi),
            Content::Json(operations) => operations,
        };
        let Some(target) = &self.target else {
            return Err(format!("must specify a target for JSON patch {}", self.source));
        };
        for n in target.select(resources, openapi) {
            resources.update(n, openapi, |r| {
                let name = describe(r, openapi);
                r.store_previous_id(openapi);
                apply_json(r, operations).map_err(|e| format!("{name}: {e}"))
            })?;
        }
        Ok(())
    }
}

/// Quotes a text as Go's `%q` does, near enough for messages.
pub fn quoted(text: &str) -> String {
    fairway_value::to_json(&Value::from(text), HtmlEscape::No)
}
