//! The schema of a version: what OpenAPI and Kubernetes' extensions allow in it, and its rules in CEL.

use super::super::custom::{is_resource, rules_of};
use super::super::fault::{Cause, Faults, has, int, list, show, text, words};
use super::{DEPTH_MAX, defaults, inner, is_set, named, structural};
use crate::validate::shown;
use fairway_value::Value;

/// What the server lists as allowed at the root of a schema beside a status; in the order of its message.
const AT_ROOT: &str = "Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern \
                       MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields \
                       XValidations";

/// Parts of a schema that are not allowed there, in the order of Go's type. `type` stands where it is looked at.
const NOT_AT_ROOT: [&str; 20] = [
    "id",
    "$schema",
    "$ref",
    "type",
    "nullable",
    "default",
    "enum",
    "maxProperties",
    "minProperties",
    "allOf",
    "oneOf",
    "anyOf",
    "not",
    "additionalProperties",
    "patternProperties",
    "dependencies",
    "additionalItems",
    "definitions",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-int-or-string",
];

/// Parts that come after those.
const NOT_AT_ROOT_EITHER: [&str; 3] =
    ["x-kubernetes-list-map-keys", "x-kubernetes-list-type", "x-kubernetes-map-type"];

/// Checks what holds a version's schema; one that is `stored` already may have rules that cost too much.
pub(super) fn check(holder: &Value, status: bool, stored: bool, field: &str, faults: &mut Faults) {
    let Some(schema) = inner(holder, "openAPIV3Schema") else { return };
    let before = faults.len();
    let field = format!("{field}.openAPIV3Schema");
    if status {
        beside_status(schema, &field, faults);
    }
    if is_set(schema, "nullable") {
        faults.forbidden(format!("{field}.nullable"), "nullable cannot be true at the root");
    }
    let unreadable = structural::unreadable(schema, 0);
    let clean = faults.len();
    if unreadable.is_none() {
        structural::check(schema, &field, faults);
        if faults.len() == clean {
            defaults::check(schema, &field, faults);
        }
    }
    let rules = unreadable.is_none() && faults.len() == clean;
    let budget = rules_of::Budget::new(stored);
    let mut walk = Walk { plain: Faults::default(), typed: Faults::default(), budget };
    let root =
        Place { field: field.clone(), resource: true, root: true, rules, times: Some(1), ..Place::default() };
    walk.schema(schema, &root);
    let found: Vec<Cause> = walk.plain.into_causes().into_iter().chain(walk.typed.into_causes()).collect();
    found.into_iter().for_each(|cause| faults.add(cause));
    if let Some(why) = unreadable.filter(|_| faults.len() == before) {
        faults.invalid_text(field.as_str(), "", &why);
    }
    walk.budget.settle(&field, faults);
}

fn beside_status(schema: &Value, field: &str, faults: &mut Faults) {
    for key in NOT_AT_ROOT.iter().chain(&NOT_AT_ROOT_EITHER).filter(|key| is_set(schema, key)) {
        if *key == "type" {
            let kind = text(schema, "type");
            if kind != "object" {
                let why = "only \"object\" is allowed as the type at the root of the schema if the status subresource is enabled";
                return faults.invalid_text(format!("{field}.type"), kind, why);
            }
            continue;
        }
        let why = format!(
            "only [{AT_ROOT}] fields are allowed at the root of the schema if the status subresource is enabled"
        );
        return faults.invalid(field, shown::show("apiextensions.JSONSchemaProps", Some(schema)), &why);
    }
}

/// The schemas right below one.
pub(super) fn below(schema: &Value) -> impl Iterator<Item = &Value> {
    let single = ["items", "additionalProperties", "not", "additionalItems"];
    let lists = ["allOf", "anyOf", "oneOf", "items"];
    let maps = ["properties", "patternProperties", "definitions", "dependencies"];
    single
        .into_iter()
        .filter_map(|key| inner(schema, key))
        .chain(lists.into_iter().flat_map(|key| list(schema, key)))
        .chain(maps.into_iter().flat_map(|key| named(schema, key).map(|(_, s)| s)))
        .filter(|s| s.as_object().is_some())
}

/// Whether something holds of a schema or of one below it.
pub(super) fn any(schema: &Value, holds: &dyn Fn(&Value) -> bool) -> bool {
    let mut left = vec![(schema, 0)];
    while let Some((schema, depth)) = left.pop() {
        if holds(schema) {
            return true;
        }
        if depth < DEPTH_MAX {
            left.extend(below(schema).map(|s| (s, depth + 1)));
        }
    }
    false
}

#[derive(Clone, Default)]
struct Place {
    field: String,
    root: bool,
    /// Whether type, kind and name are there for rules to look at.
    resource: bool,
    /// Whether this is about the type or metadata of an object.
    meta: bool,
    /// Why there may be no defaults.
    no_defaults: Option<String>,
    /// The part above whose entries cannot be told apart.
    uncorrelated: Option<String>,
    /// Whether rules are compiled.
    rules: bool,
    /// Whether this is below something whose type rules do not know.
    untyped: bool,
    /// How many values an object may have here; nothing where that has no bound.
    times: Option<u64>,
    depth: usize,
}

impl Place {
    fn below(&self, more: &str, schema: &Value) -> Self {
        Self {
            field: format!("{}.{more}", self.field),
            root: false,
            resource: is_resource(schema),
            depth: self.depth + 1,
            ..self.clone()
        }
    }

    fn without_rules(self) -> Self {
        Self { rules: false, ..self }
    }

    /// A place as often there as a list or map may have entries.
    fn many(self, more: Option<u64>) -> Self {
        let times = self.times.zip(more).map(|(times, more)| times.saturating_mul(more));
        Self { times, ..self }
    }
}

/// How many entries a list or map may have, as far as it says so; one of everything else.
fn entries_max(schema: &Value) -> Option<u64> {
    let said = |key| int(schema, key).map(|n| u64::try_from(n).unwrap_or(0));
    match text(schema, "type") {
        "object" if has(schema, "additionalProperties") => said("maxProperties"),
        "array" => said("maxItems"),
        _ => Some(1),
    }
}

struct Walk {
    plain: Faults,
    typed: Faults,
    budget: rules_of::Budget,
}

impl Walk {
    /// Children before what is said of their parents, as the server goes.
    fn schema(&mut self, schema: &Value, place: &Place) {
        if place.depth > DEPTH_MAX {
            return;
        }
        let unknown = is_set(schema, "type") && !TYPES.contains(&text(schema, "type"));
        let place = &Place { untyped: place.untyped || unknown, ..place.clone() };
        let before = self.plain.len();
        standard(schema, place, &mut self.plain);
        if has(schema, "additionalProperties") {
            self.additional(schema, place);
        }
        for (name, property) in named(schema, "properties") {
            let mut inner = place.below(&format!("properties[{name}]"), property).many(entries_max(schema));
            let of_meta = matches!(name, "metadata" | "kind" | "apiVersion");
            if of_meta && (place.root || is_resource(schema)) {
                inner.meta = true;
                if place.root {
                    inner.no_defaults = Some(format!(" in top-level {name}"));
                }
            }
            self.schema(property, &inner);
        }
        if let Some(not) = inner(schema, "not") {
            self.schema(not, &place.below("not", not).without_rules());
        }
        for key in ["allOf", "oneOf", "anyOf"] {
            for (n, part) in list(schema, key).iter().enumerate() {
                self.schema(part, &place.below(&format!("{key}[{n}]"), part).without_rules());
            }
        }
        for (name, part) in named(schema, "definitions") {
            self.schema(part, &place.below(&format!("definitions[{name}]"), part).without_rules());
        }
        self.items(schema, place);
        for (name, part) in named(schema, "dependencies").filter(|(_, part)| part.as_object().is_some()) {
            self.schema(part, &place.below(&format!("dependencies[{name}]"), part).without_rules());
        }
        extensions(schema, &place.field, &mut self.plain);
        keyed(schema, &place.field, &mut self.plain);
        let rules = list(schema, "x-kubernetes-validations");
        let at = |n: usize| format!("{}.x-kubernetes-validations[{n}]", place.field);
        for (n, rule) in rules.iter().enumerate() {
            rules_of::made_of(rule, schema, &at(n), &mut self.plain);
        }
        if !rules.is_empty() && self.plain.len() == before && place.rules {
            if place.untyped {
                let why = "failed to construct type information for x-kubernetes-validations rules: unable to convert structural \
                           schema to CEL declarations";
                self.typed.internal(
                    format!("{}.x-kubernetes-validations", place.field),
                    &format!("internal error: {why}"),
                );
                return;
            }
            let kind = rules_of::kind_of(schema, place.resource, "selfType", place.depth);
            let shape = rules_of::shape_of(schema, place.resource, place.depth);
            let Some((kind, shape)) = kind.zip(shape) else { return };
            let uncorrelated = place.uncorrelated.as_deref();
            let subject = rules_of::Subject { kind, shape, times: place.times, uncorrelated };
            for (n, rule) in rules.iter().enumerate() {
                rules_of::compiled(rule, &subject, &at(n), &mut self.budget, &mut self.typed);
            }
        }
    }

    fn additional(&mut self, schema: &Value, place: &Place) {
        let values = inner(schema, "additionalProperties");
        let allows = schema.get("additionalProperties") == Some(&Value::Bool(true));
        if is_set(schema, "properties") && !allows {
            let why = "additionalProperties and properties are mutual exclusive";
            self.plain.forbidden(format!("{}.additionalProperties", place.field), why);
        }
        let Some(values) = values else { return };
        let mut inner = place.below("additionalProperties", values).many(entries_max(schema));
        if place.meta {
            inner.no_defaults = Some(" inside additionalProperties applying to object metadata".to_owned());
        }
        self.schema(values, &inner);
    }

    fn items(&mut self, schema: &Value, place: &Place) {
        let by_place = text(schema, "x-kubernetes-list-type") != "map";
        let mut one = |item: &Value, name: &str| {
            let mut inner = place.below(name, item).many(entries_max(schema));
            if by_place {
                inner.uncorrelated.get_or_insert_with(|| place.field.clone());
            }
            self.schema(item, &inner);
        };
        if let Some(item) = inner(schema, "items") {
            one(item, "items");
        }
        for (n, item) in list(schema, "items").iter().enumerate() {
            one(item, &format!("items[{n}]"));
        }
    }
}

const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];

/// What OpenAPI v3 as Kubernetes takes it allows.
fn standard(schema: &Value, place: &Place, faults: &mut Faults) {
    let at = |key: &str| format!("{}.{key}", place.field);
    let kind = text(schema, "type");
    if !kind.is_empty() {
        faults.one_of(at("type"), kind, &TYPES);
    }
    if let Some(why) = place.no_defaults.as_ref().filter(|_| has(schema, "default")) {
        faults.forbidden(at("default"), &format!("must not be set{why}"));
    }
    for key in ["id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"] {
        let there = match key {
            "id" | "patternProperties" | "definitions" => is_set(schema, key),
            _ => has(schema, key),
        };
        if there {
            faults.forbidden(at(key), &format!("{key} is not supported"));
        }
    }
    if kind == "null" {
        faults.forbidden(at("type"), "type cannot be set to null, use nullable as an alternative");
    }
    if !list(schema, "items").is_empty() {
        faults.forbidden(at("items"), "items must be a schema object and not an array");
    }
    if place.meta && is_resource(schema) {
        faults.forbidden(at("x-kubernetes-embedded-resource"), "must not be used inside of resource meta");
    }
    if is_set(schema, "uniqueItems") {
        let why = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
        faults.forbidden(at("uniqueItems"), why);
    }
}

/// A type that an extension needs.
fn needs_type(schema: &Value, wanted: &str, extension: &str, field: &str, faults: &mut Faults) {
    let (kind, why) = (text(schema, "type"), format!("must be {wanted} if {extension} is specified"));
    if kind.is_empty() {
        faults.required(format!("{field}.type"), &why);
    } else {
        faults.invalid_text(format!("{field}.type"), kind, &why);
    }
}

fn extensions(schema: &Value, field: &str, faults: &mut Faults) {
    let (map_key, list_key) = ("x-kubernetes-map-type", "x-kubernetes-list-type");
    let kind = text(schema, "type");
    let word = |schema: &Value, key: &str| schema.get(key).and_then(Value::as_str).map(str::to_owned);
    if schema.get("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(false)) {
        let path = format!("{field}.x-kubernetes-preserve-unknown-fields");
        faults.invalid(path, "false", "must be true or undefined");
    }
    if let Some(map_type) = word(schema, map_key) {
        if kind != "object" {
            needs_type(schema, "object", map_key, field, faults);
        }
        faults.one_of(format!("{field}.{map_key}"), &map_type, &["atomic", "granular"]);
    }
    let Some(list_type) = word(schema, list_key) else { return };
    if kind != "array" {
        needs_type(schema, "array", list_key, field, faults);
    } else if list_type == "set"
        && let Some(items) = inner(schema, "items")
    {
        let why = "must be atomic as item of a list with x-kubernetes-list-type=set";
        let list_shown = || show(items.get(list_key));
        match text(items, "type") {
            "array" if word(items, list_key).is_some_and(|t| t != "atomic") => {
                faults.invalid(format!("{field}.items.{list_key}"), list_shown(), why);
            }
            "object" if word(items, map_key).is_none_or(|t| t != "atomic") => {
                faults.invalid(format!("{field}.items.{map_key}"), list_shown(), why);
            }
            _ => {}
        }
    }
    faults.one_of(format!("{field}.{list_key}"), &list_type, &["atomic", "set", "map"]);
}

/// Lists whose entries have keys, and sets.
fn keyed(schema: &Value, field: &str, faults: &mut Faults) {
    let (list_key, keys_key) = ("x-kubernetes-list-type", "x-kubernetes-list-map-keys");
    let list_type = schema.get(list_key).and_then(Value::as_str);
    let keys = words(schema, keys_key);
    let items = inner(schema, "items");
    if !keys.is_empty() && list_type != Some("map") {
        let (path, why) =
            (format!("{field}.{list_key}"), "must be map if x-kubernetes-list-map-keys is non-empty");
        match list_type {
            None => faults.required(path, why),
            Some(other) => faults.invalid_text(path, other, why),
        }
    }
    if list_type == Some("map") {
        if keys.is_empty() {
            let why = "must not be empty if x-kubernetes-list-type is map";
            faults.required(format!("{field}.{keys_key}"), why);
        }
        if !has(schema, "items") {
            let why = "must have a schema if x-kubernetes-list-type is map";
            faults.required(format!("{field}.items"), why);
        }
        if let Some(items) = items {
            map_keys(schema, items, &keys, field, faults);
        }
    }
    let Some((items, list_type)) = items.zip(list_type).filter(|(_, t)| matches!(*t, "set" | "map")) else {
        return;
    };
    if is_set(items, "nullable") {
        let why = format!("cannot be nullable when x-kubernetes-list-type is {list_type}");
        faults.forbidden(format!("{field}.items.nullable"), &why);
    }
    if list_type != "map" {
        return;
    }
    let required: Vec<&str> = list(items, "required").iter().filter_map(Value::as_str).collect();
    for key in keys {
        let Some((_, property)) = named(items, "properties").find(|(name, _)| *name == key) else { continue };
        let at = |what: &str| format!("{field}.items.properties[{key}].{what}");
        if !required.contains(&key) && !has(property, "default") {
            let why = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property";
            faults.required(at("default"), why);
        }
        if is_set(property, "nullable") {
            let why = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable";
            faults.forbidden(at("nullable"), why);
        }
    }
}

fn map_keys(schema: &Value, items: &Value, keys: &[&str], field: &str, faults: &mut Faults) {
    let kind = text(items, "type");
    if kind != "object" {
        let why = "must be object if parent array's x-kubernetes-list-type is map";
        return faults.invalid_text(format!("{field}.items.type"), kind, why);
    }
    let path = format!("{field}.x-kubernetes-list-map-keys");
    let all = || show(schema.get("x-kubernetes-list-map-keys"));
    for (n, key) in keys.iter().enumerate() {
        match named(items, "properties").find(|(name, _)| name == key) {
            Some((_, property)) if matches!(text(property, "type"), "array" | "object") => {
                let why = "must be a scalar type if parent array's x-kubernetes-list-type is map";
                faults.invalid_text(format!("{field}.items.properties[{key}].type"), kind, why);
            }
            Some(_) => {}
            None => faults.invalid(&path, all(), "entries must all be names of item properties"),
        }
        if keys[..n].contains(key) {
            faults.invalid(&path, all(), "must not contain duplicate entries");
        }
    }
}
