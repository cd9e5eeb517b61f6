use super::Transform;
use crate::config::check_path;
use crate::embedded;
use crate::field::{is_bracketed, key_value, lookup, split_dotted};
use crate::id::ResId;
use crate::kustomization::{FieldOptions, Replacement, SourceSelector, TargetSelector};
use crate::openapi::OpenApi;
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::scalar::{is_nil_or_empty, is_scalar, resolve_plain, text, what};
use crate::selector::{Matcher, compile};
use fairway_value::{Str, Value};

/// `ReplacementTransformer`: values copied from one place to others.
pub struct Replacements {
    pub list: Vec<Replacement>,
}

impl Transform for Replacements {
    fn transform(&self, resources: &mut ResMap, openapi: &OpenApi) -> Result<(), String> {
        let mut copied = Copied::default();
        for replacement in &self.list {
            let none = "replacements must specify a source and at least one target";
            let targets = replacement.targets.as_ref().ok_or(none)?;
            let mut value = match (&replacement.source, &replacement.source_value) {
                (None, None) => return Err(none.to_owned()),
                (Some(_), Some(_)) => {
                    return Err("value and resource selectors are mutually exclusive".to_owned());
                }
                (None, Some(text)) => Source { text: text.clone(), value: resolve_plain(text), place: None },
                (Some(source), None) => source_value(source, resources)?,
            };
            for target in targets {
                apply(target, &mut value, &mut copied, resources, openapi)?;
            }
        }
        Ok(())
    }
}

/// Most values that one list of replacements copies: what is copied into what it is copied from doubles.
const VALUES_MAX: usize = 1_000_000;
/// Most bytes of texts that one list of replacements copies.
const BYTES_MAX: usize = 64 << 20;
/// Longest text that a part is put into: an object of the server's holds less.
const JOINED_BYTES_MAX: usize = 4 << 20;

/// How much has been copied.
#[derive(Default)]
struct Copied {
    values: usize,
    bytes: usize,
}

impl Copied {
    fn count(&mut self, source: &Source) -> Result<(), String> {
        self.bytes += source.text.len();
        self.add(&source.value);
        if self.values > VALUES_MAX {
            return Err(format!("the replacements copy more than {VALUES_MAX} values"));
        }
        if self.bytes > BYTES_MAX {
            return Err(format!("the replacements copy more than {} MiB of text", BYTES_MAX >> 20));
        }
        Ok(())
    }

    fn add(&mut self, value: &Value) {
        self.values += 1;
        if self.values > VALUES_MAX {
            return;
        }
        match value {
            Value::Array(list) => list.iter().for_each(|inner| self.add(inner)),
            Value::Object(map) => map.values().for_each(|inner| self.add(inner)),
            _ => {}
        }
    }
}

/// A value with the object and the path that it is from, where kustomize holds on to the field itself: what changes the field
/// while it is being copied changes what is copied next.
struct Source {
    value: Value,
    /// The value as texts take it: a number as it was written.
    text: Str,
    place: Option<(usize, Vec<Str>)>,
}

impl Source {
    fn new(value: Value, place: Option<(usize, Vec<Str>)>) -> Self {
        Self { text: text(&value).unwrap_or_default(), value, place }
    }

    fn refresh(&mut self, n: usize, object: &Value) {
        if let Some((at, path)) = &self.place
            && *at == n
            && let Ok(Some(now)) = lookup(object, path)
            && *now != self.value
        {
            self.value.clone_from(now);
            self.text = text(now).unwrap_or_default();
        }
    }
}

/// What the resource is and was called; here kustomize does not ask whether the kind has namespaces.
fn ids(resource: &Resource) -> Vec<ResId> {
    let current = ResId {
        gvk: resource.gvk(),
        name: resource.name(),
        namespace: resource.namespace(),
        cluster_scoped: false,
    };
    std::iter::once(current).chain(resource.previous_ids()).collect()
}

fn source_value(source: &SourceSelector, resources: &ResMap) -> Result<Source, String> {
    let wanted = ResId {
        gvk: source.gvk.clone(),
        name: source.name.clone(),
        namespace: source.namespace.clone(),
        cluster_scoped: false,
    };
    let mut matching =
        resources.iter().enumerate().filter(|(_, r)| ids(r).iter().any(|id| id.is_selected_by(&wanted)));
    let (n, found) = matching.next().ok_or_else(|| format!("nothing selected by {wanted}"))?;
    if matching.next().is_some() {
        return Err(format!("multiple matches for selector {wanted}"));
    }
    let path = if source.field_path.is_empty() { "metadata.name" } else { &source.field_path };
    let parts = split_dotted(path);
    let value = lookup(&found.value, &parts)
        .map_err(|e| format!("error looking up replacement source: {e}"))?
        .filter(|v| !is_nil_or_empty(v))
        .ok_or_else(|| format!("fieldPath `{path}` is missing for replacement source {wanted}"))?;
    if source.options.delimiter.is_empty() {
        let text = found.text_at(&parts, value).unwrap_or_default();
        return Ok(Source { text, value: value.clone(), place: Some((n, parts)) });
    }
    let whole = found.text_at(&parts, value).ok_or("delimiter option can only be used with scalar nodes")?;
    let part = usize::try_from(source.options.index)
        .ok()
        .and_then(|n| whole.split(source.options.delimiter.as_str()).nth(n));
    let part = part.ok_or_else(|| {
        format!("options.index {} is out of bounds for value {whole}", source.options.index)
    })?;
    Ok(Source::new(Value::from(part), None))
}

fn apply(
    target: &TargetSelector,
    source: &mut Source,
    copied: &mut Copied,
    resources: &mut ResMap,
    openapi: &OpenApi,
) -> Result<(), String> {
    let select = target.select.as_ref().ok_or("target must specify resources to select")?;
    let select = Matcher::new(select)?;
    let reject = target.reject.iter().map(Matcher::new).collect::<Result<Vec<_>, _>>()?;
    let default = [Str::from("metadata.name")];
    let paths = if target.field_paths.is_empty() { &default[..] } else { &target.field_paths };
    for n in 0..resources.len() {
        let resource = resources.get(n);
        if resource.is_gone() || !select.matches_labels(resource) {
            continue;
        }
        if reject.iter().any(|r| r.has_labels && r.matches_labels(resource)) {
            continue;
        }
        let ids = ids(resource);
        if reject.iter().any(|r| !r.ids_are_open && ids.iter().any(|id| r.matches_id(id))) {
            continue;
        }
        if !ids.iter().any(|id| select.matches_id(id)) {
            continue;
        }
        let name = resource.id(openapi);
        resources.update(n, openapi, |r| {
            r.keep_shared(None, |r| {
                let mut copies = paths.iter();
                copies.try_for_each(|path| -> Result<(), String> {
                    copied.count(source)?;
                    copy_to(&mut r.value, path, source, &target.options)?;
                    note_written(r, path, source, &target.options);
                    source.refresh(n, &r.value);
                    Ok(())
                })
            })
            .map_err(|e| format!("{name}: {e}"))
        })?;
    }
    Ok(())
}

/// Keeps how a number was written where it becomes a label or an annotation, which are texts in the end.
fn note_written(resource: &mut Resource, path: &str, source: &Source, options: &FieldOptions) {
    let parts = split_dotted(path);
    let ([metadata, map, key], true) = (parts.as_slice(), options.delimiter.is_empty()) else { return };
    let written = match map.as_str() {
        "labels" => &mut resource.written.labels,
        "annotations" => &mut resource.written.annotations,
        _ => return,
    };
    let is_number = || matches!(source.value, Value::Int(_) | Value::Uint(_) | Value::Float(_));
    if metadata == "metadata" && is_number() {
        written.insert(key.clone(), source.text.clone());
    }
}

fn copy_to(object: &mut Value, path: &str, source: &Source, options: &FieldOptions) -> Result<(), String> {
    check_path(path, '.')?;
    let parts = split_dotted(path);
    if let Some(done) = set_embedded(object, &parts, source, options)
        && done.is_ok()
    {
        return Ok(());
    }
    let create = options.create.then(|| Shape::of(&source.value));
    let verb = if options.create { "find or create" } else { "find" };
    let missing = || format!("unable to {verb} field \"{path}\" in replacement target");
    let found =
        visit(object, &parts, create, &mut |field, fresh| set_field(field, fresh, source, options, true))
            .map_err(|e| format!("{}: {e}", missing()))?;
    if found == 0 { Err(missing()) } else { Ok(()) }
}

/// Replaces inside a text that itself holds YAML or JSON; nothing where the path meets no such text.
fn set_embedded(
    object: &mut Value,
    parts: &[Str],
    source: &Source,
    options: &FieldOptions,
) -> Option<Result<(), String>> {
    let at = (1..parts.len()).find(|n| lookup(object, &parts[..*n]).ok().flatten().is_some_and(is_scalar))?;
    let field = lookup_mut(object, &parts[..at])?;
    let whole = text(field)?;
    let create = options.create.then(|| Shape::of(&source.value));
    let edited = embedded::edit(&whole, &mut |document| {
        visit(document, &parts[at..], create, &mut |field, fresh| {
            set_field(field, fresh, source, options, false)
        })
    });
    Some(edited.and_then(|new| match new {
        Some(new) => {
            *field = retyped(field, &new)?;
            Ok(())
        }
        None => Err("unable to find field in structured data".to_owned()),
    }))
}

fn lookup_mut<'v>(value: &'v mut Value, path: &[Str]) -> Option<&'v mut Value> {
    let mut at = value;
    for part in path.iter().map(|p| p.trim()).filter(|p| !p.is_empty()) {
        at = match at {
            Value::Object(map) => map.get_mut(part)?,
            Value::Array(list) => {
                let n = if let Ok(n) = part.parse::<usize>() {
                    n
                } else if part == "-" {
                    list.len().checked_sub(1)?
                } else {
                    let (key, wanted) = key_value(part).ok()?;
                    list.iter().position(|e| match key {
                        "" => text(e).is_some_and(|t| t == wanted),
                        _ => e.get(key).and_then(text).is_some_and(|t| t == wanted),
                    })?
                };
                list.make_mut().get_mut(n)?
            }
            _ => return None,
        };
    }
    Some(at)
}

/// Gives a text the type that the scalar it replaces has, as a YAML node keeps its tag.
fn retyped(old: &Value, new: &str) -> Result<Value, String> {
    let plain = resolve_plain(new);
    match (old, &plain) {
        (Value::String(_), _) => Ok(Value::from(new)),
        (Value::Bool(_), Value::Bool(_))
        | (Value::Int(_) | Value::Uint(_), Value::Int(_) | Value::Uint(_))
        | (Value::Float(_), Value::Float(_) | Value::Int(_)) => Ok(plain),
        (Value::Null, Value::Null) => Ok(Value::Null),
        (old, _) => Err(format!("cannot put `{new}` where the target holds {}", what(old))),
    }
}

fn set_field(
    field: &mut Value,
    fresh: bool,
    source: &Source,
    options: &FieldOptions,
    typed: bool,
) -> Result<(), String> {
    let target_is_scalar = !matches!(field, Value::Array(_) | Value::Object(_));
    let mut new = source.text.clone();
    if !options.delimiter.is_empty() {
        if !target_is_scalar {
            return Err("delimiter option can only be used with scalar nodes".to_owned());
        }
        let old = if fresh { Str::new() } else { text(field).unwrap_or_default() };
        let mut parts: Vec<&str> = old.split(options.delimiter.as_str()).collect();
        match usize::try_from(options.index) {
            Err(_) => parts.insert(0, &new),
            Ok(n) if n >= parts.len() => parts.push(&new),
            Ok(n) => parts[n] = &new,
        }
        if old.len() + new.len() > JOINED_BYTES_MAX {
            return Err(format!("a text of more than {} MiB", JOINED_BYTES_MAX >> 20));
        }
        new = parts.join(options.delimiter.as_str()).into();
    }
    if !target_is_scalar {
        *field = if options.delimiter.is_empty() { source.value.clone() } else { Value::from(new) };
    } else if fresh {
        *field = resolve_plain(&new);
    } else if typed || field.as_str().is_some() {
        *field = retyped(field, &new)?;
    } else {
        *field = resolve_plain(&new);
    }
    Ok(())
}

/// What is made at the end of a path that is not there yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Scalar,
    Map,
    List,
}

impl Shape {
    fn of(value: &Value) -> Self {
        match value {
            Value::Object(_) => Self::Map,
            Value::Array(_) => Self::List,
            _ => Self::Scalar,
        }
    }

    fn make(next: Option<&Str>, last: Self) -> Value {
        let shape = match next {
            None => last,
            Some(part) if is_bracketed(part) || part.parse::<usize>().is_ok() => Self::List,
            Some(_) => Self::Map,
        };
        match shape {
            Self::Scalar => Value::Null,
            Self::Map => Value::object(),
            Self::List => Value::array(),
        }
    }
}

type Setter<'a> = dyn FnMut(&mut Value, bool) -> Result<(), String> + 'a;

/// Calls `set` on every field that a path names (`*` for every element, `[key=regex]` for some) and returns how many
/// there were. The setter is told whether the field has just been made.
fn visit(at: &mut Value, path: &[Str], create: Option<Shape>, set: &mut Setter<'_>) -> Result<usize, String> {
    visit_from(at, path, create, false, set)
}

fn visit_from(
    at: &mut Value,
    path: &[Str],
    create: Option<Shape>,
    fresh: bool,
    set: &mut Setter<'_>,
) -> Result<usize, String> {
    let Some((part, rest)) = path.split_first() else {
        set(at, fresh)?;
        return Ok(1);
    };
    if let Ok(n) = part.parse::<usize>() {
        let list = list_of(at, part)?;
        let mut fresh = false;
        if n == list.len()
            && let Some(shape) = create
        {
            list.push(Shape::make(rest.first(), shape));
            fresh = true;
        }
        let len = list.len();
        let element = list.make_mut().get_mut(n);
        let element = element.ok_or_else(|| format!("index {n} specified but only {len} elements found"))?;
        return visit_from(element, rest, create, fresh, set);
    }
    if is_bracketed(part) {
        return visit_matching(at, part, rest, create, set);
    }
    if part == "*" {
        let list = list_of(at, part)?;
        return list
            .make_mut()
            .iter_mut()
            .try_fold(0, |sum, e| Ok(sum + visit_from(e, rest, create, false, set)?));
    }
    let map = match at {
        Value::Null => return Ok(0),
        Value::Object(map) => map,
        other => return Err(format!("`{part}`: expected a map, found {}", what(other))),
    };
    let mut fresh = false;
    if !map.contains_key(part) {
        let Some(shape) = create else { return Ok(0) };
        map.insert(part.clone(), Shape::make(rest.first(), shape));
        fresh = true;
    }
    let field = map.entry_or_null(part);
    if is_scalar(field) && !rest.is_empty() {
        // kyaml changes what the text holds and lets it go; only that something was found counts.
        let mut parsed = fairway_yaml::parse(&text(field).unwrap_or_default()).map_err(|e| e.to_string())?;
        return visit_from(&mut parsed, rest, create, false, &mut |_, _| Ok(()));
    }
    visit_from(field, rest, create, fresh, set)
}

fn list_of<'v>(at: &'v mut Value, part: &str) -> Result<&'v mut fairway_value::Array, String> {
    match at {
        Value::Array(list) => Ok(list),
        other => Err(format!("`{part}`: expected a list, found {}", what(other))),
    }
}

fn visit_matching(
    at: &mut Value,
    part: &str,
    rest: &[Str],
    create: Option<Shape>,
    set: &mut Setter<'_>,
) -> Result<usize, String> {
    let (key, pattern) = key_value(part)?;
    let regex = compile(pattern)?;
    let list = list_of(at, part)?;
    let mut found = 0;
    for element in list.make_mut() {
        if key.is_empty() {
            if text(element).is_some_and(|t| regex.is_match(&t)) {
                set(element, false)?;
                found += 1;
            }
        } else if element.get(key).and_then(text).is_some_and(|t| regex.is_match(&t)) {
            found += visit_from(element, rest, create, false, set)?;
        }
    }
    if found > 0 || create.is_none() {
        return Ok(found);
    }
    if !regex.is_match(pattern) {
        return Err(format!("cannot create an element for `{part}`: the expression does not match itself"));
    }
    let mut element = resolve_plain(pattern);
    if key.is_empty() {
        list.push(element.clone());
        let last = list.len() - 1;
        set(&mut list.make_mut()[last], false)?;
        return Ok(1);
    }
    element = [(Str::from(key), element)].into_iter().collect();
    let found = visit_from(&mut element, rest, create, false, set)?;
    list.push(element);
    Ok(found)
}
