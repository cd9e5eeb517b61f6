//! Events: what the controllers tell of what they do, as `kubectl describe` shows it.
//!
//! The same again counts up; after ten messages of one kind about one object the rest are one Event; after an hour an
//! Event is gone, and the oldest goes earlier where there are too many (client-go `tools/record`, kube-apiserver's
//! `--event-ttl`).

use super::object::{name, namespace, text, uid};
use super::work::World;
use crate::api::{parse_secs, to_value};
use crate::store::object_key;
use fairway_value::{Str, Value};
use serde_json::json;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

const TABLE: &str = "events";
/// How long an Event is kept.
const TTL_SECS: i64 = 3600;
/// Events kept in the whole cluster: four megabytes at about a kilobyte each.
const EVENTS_MAX: usize = 4096;
/// Different messages of one kind about one object before they become one Event, and for how long they count.
const SIMILAR_MAX: u32 = 10;
const SIMILAR_SECS: i64 = 600;

/// Whether an Event is good news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Normal,
    Warning,
}

/// What an Event says.
pub(crate) struct Note<'n> {
    /// Who says it, such as `deployment-controller`.
    pub(crate) source: &'n str,
    pub(crate) tone: Tone,
    pub(crate) reason: &'n str,
    pub(crate) message: String,
    /// The part of the object it is about, such as `spec.containers{web}`; empty for the whole.
    pub(crate) field: String,
}

/// Events of late: what says the same, and in which order they came.
#[derive(Default)]
pub(crate) struct Recent {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    same: HashMap<String, Str>,
    similar: HashMap<String, (i64, u32)>,
    order: VecDeque<Str>,
    count: u64,
}

/// Notes something that a controller did or could not do.
pub(crate) fn normal(world: &World, object: &Value, source: &str, reason: &str, message: String) {
    note(world, object, Note { source, tone: Tone::Normal, reason, message, field: String::new() });
}

/// Notes something that is wrong.
pub(crate) fn warning(world: &World, object: &Value, source: &str, reason: &str, message: String) {
    note(world, object, Note { source, tone: Tone::Warning, reason, message, field: String::new() });
}

/// Writes an Event, or counts up the one that says the same.
pub(crate) fn note(world: &World, object: &Value, mut note: Note<'_>) {
    let place = if namespace(object).is_empty() { "default" } else { namespace(object) };
    // Nothing new comes into a namespace that is going.
    let open = world.api.store.get("namespaces", place).is_some_and(|n| !super::object::deleting(&n.value));
    if !open {
        return;
    }
    let now = world.now_text();
    let (known, oldest, number) = world.events.place(world.now() / 1_000_000, object, &mut note);
    if let Some(oldest) = oldest {
        remove(world, &oldest);
    }
    if let Known::Same(key) = &known
        && let Some(live) = world.api.store.get(TABLE, key)
    {
        let mut event = live.value.clone();
        let count = event.get("count").and_then(Value::as_i64).unwrap_or(1);
        event.set_path(&["count"], count + 1);
        event.set_path(&["lastTimestamp"], now);
        event.set_path(&["message"], note.message);
        // Somebody else's write in between: this one repetition is not counted.
        let _ = world.api.store.update(TABLE, key, live.rv, event);
        return;
    }
    let event_name = format!("{}.{:016x}", name(object), world.now() * 1000 + number);
    let key = object_key(place, &event_name);
    let event = build(world, object, &note, (place, &event_name), &now);
    if world.api.store.create(TABLE, key.clone(), event).is_ok() {
        world.events.keep(&known, key);
    }
}

fn build(
    world: &World,
    object: &Value,
    note: &Note<'_>,
    (place, event_name): (&str, &str),
    now: &str,
) -> Value {
    let mut about = json!({ "apiVersion": text(object, "apiVersion"), "kind": text(object, "kind"), "name": name(object),
        "uid": uid(object), "resourceVersion": text(object, "metadata.resourceVersion") });
    if !namespace(object).is_empty() {
        about["namespace"] = json!(namespace(object));
    }
    if !note.field.is_empty() {
        about["fieldPath"] = json!(note.field);
    }
    let tone = match note.tone {
        Tone::Normal => "Normal",
        Tone::Warning => "Warning",
    };
    let mut event = json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": { "name": event_name, "namespace": place, "uid": world.api.random.uuid(), "creationTimestamp": now },
        "involvedObject": about, "reason": note.reason, "message": note.message, "type": tone,
        "reportingComponent": note.source, "reportingInstance": "",
    });
    if note.source == "default-scheduler" {
        // The scheduler writes through events.k8s.io, where an Event has one time and no source.
        event["source"] = json!({});
        event["firstTimestamp"] = json!(null);
        event["lastTimestamp"] = json!(null);
        event["eventTime"] = json!(now.replace('Z', ".000000Z"));
        event["action"] = json!("Binding");
        event["reportingInstance"] = json!("default-scheduler-devcluster");
    } else {
        event["source"] = json!({ "component": note.source });
        event["firstTimestamp"] = json!(now);
        event["lastTimestamp"] = json!(now);
        event["eventTime"] = json!(null);
        event["count"] = json!(1);
    }
    if note.source == "kubelet" {
        event["source"]["host"] = json!(crate::seed::NODE);
        event["reportingInstance"] = json!(crate::seed::NODE);
    }
    to_value(&event)
}

/// Removes an Event whose time is over, or looks at it again when it will be.
pub(crate) fn expire(world: &World, key: &str, event: &Value) {
    let times = ["lastTimestamp", "eventTime", "metadata.creationTimestamp"];
    let last = times.iter().find_map(|path| parse_secs(text(event, path)));
    let due = (last.unwrap_or_default() + TTL_SECS) * 1_000_000;
    if world.now() >= due {
        remove(world, key);
    } else {
        world.queue.push_at(due, TABLE, key);
    }
}

fn remove(world: &World, key: &str) {
    if let Some((place, event_name)) = key.split_once('/') {
        world.api.erase(TABLE, place, event_name);
    }
}

/// Whether something like an Event was there before.
enum Known {
    Same(Str),
    New(String),
}

impl Recent {
    /// Finds the Event that says the same; says which Event is one too many.
    fn place(&self, now: i64, object: &Value, note: &mut Note<'_>) -> (Known, Option<Str>, i64) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.same.len() > EVENTS_MAX || inner.similar.len() > EVENTS_MAX {
            inner.same.clear();
            inner.similar.clear();
        }
        let kind = format!("{}/{}/{}/{}", uid(object), note.source, note.reason, note.field);
        let mut identity = format!("{kind}/{}", note.message);
        if !inner.same.contains_key(&identity) {
            let (since, count) = inner.similar.entry(kind.clone()).or_insert((now, 0));
            if now - *since > SIMILAR_SECS {
                (*since, *count) = (now, 0);
            }
            *count += 1;
            if *count >= SIMILAR_MAX {
                note.message = format!("(combined from similar events): {}", note.message);
                identity = kind;
            }
        }
        inner.count += 1;
        let number = i64::try_from(inner.count % 1000).unwrap_or_default();
        let oldest = if inner.order.len() >= EVENTS_MAX { inner.order.pop_front() } else { None };
        let known = inner.same.get(&identity).cloned().map_or(Known::New(identity), Known::Same);
        (known, oldest, number)
    }

    /// Remembers an Event that was written.
    fn keep(&self, known: &Known, key: Str) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Known::New(identity) = known {
            inner.same.insert(identity.clone(), key.clone());
        }
        inner.order.push_back(key);
    }
}
