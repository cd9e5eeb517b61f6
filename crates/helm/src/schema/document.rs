use super::check::Checker;
use super::elsewhere::SchemaSource;
use super::report::{self, Fault};
use fairway_template::go::Pattern;
use fairway_value::{Value, from_json, parse_pointer};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// A `values.schema.json`, parsed when it is first needed.
#[derive(Clone)]
pub struct Schema {
    text: Arc<[u8]>,
    parsed: Arc<OnceLock<Result<Arc<Document>, String>>>,
}

impl std::fmt::Debug for Schema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Schema({} bytes)", self.text.len())
    }
}

impl Schema {
    /// Takes the file.
    #[must_use]
    pub fn new(text: Arc<[u8]>) -> Self {
        Self { text, parsed: Arc::default() }
    }

    /// Returns the file.
    #[must_use]
    pub fn text(&self) -> &Arc<[u8]> {
        &self.text
    }

    /// Holds a value against the schema. What the schema names elsewhere is asked for there; it is an error without.
    ///
    /// # Errors
    /// What is wrong, one line each; or that the schema is none.
    pub fn validate(&self, value: &Value, elsewhere: Option<&dyn SchemaSource>) -> Result<(), String> {
        let faults = self.faults(value, elsewhere)?;
        if faults.is_empty() { Ok(()) } else { Err(report::text(&faults)) }
    }

    /// Returns what is wrong with a value; an error where the schema is none.
    pub(super) fn faults(
        &self,
        value: &Value,
        elsewhere: Option<&dyn SchemaSource>,
    ) -> Result<Vec<Fault>, String> {
        let parsed = self.parsed.get_or_init(|| Document::parse(&self.text, ROOT).map(Arc::new));
        let document = parsed.as_ref().map_err(Clone::clone)?;
        Checker::new(Arc::clone(document), elsewhere).run(value)
    }
}

/// Which version of JSON Schema a document follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Draft {
    Four,
    Six,
    Seven,
    Y2019,
    Y2020,
}

impl Draft {
    /// The version that `$schema` names; the newest where it names none.
    fn of(schema: &Value) -> Self {
        let name = schema.get("$schema").and_then(Value::as_str).unwrap_or_default();
        [
            ("draft-04", Self::Four),
            ("draft-06", Self::Six),
            ("draft-07", Self::Seven),
            ("2019-09", Self::Y2019),
        ]
        .into_iter()
        .find(|(part, _)| name.contains(part))
        .map_or(Self::Y2020, |(_, draft)| draft)
    }
}

/// The address of a chart's schema.
const ROOT: &str = "file:///values.schema.json";

/// A schema with the base of what is around it.
struct Placed {
    schema: Value,
    around: String,
}

/// A parsed schema with the places that references can name.
pub(super) struct Document {
    pub root: Value,
    /// Where it lies.
    pub address: String,
    pub draft: Draft,
    /// Schemas by their absolute `$id`, without fragment.
    resources: HashMap<String, Placed>,
    /// Schemas by resource and anchor, joined by `#`.
    anchors: HashMap<String, Placed>,
    /// Those of the anchors that are dynamic.
    dynamic: HashSet<String>,
    patterns: Mutex<HashMap<String, Result<Pattern, String>>>,
}

/// A schema that a reference names, with the base of what is around it and the document that it is in.
pub(super) struct Target {
    pub schema: Value,
    pub base: String,
    pub document: Arc<Document>,
}

impl Document {
    /// Reads the document that lies at an address.
    ///
    /// # Errors
    /// It is no JSON.
    pub(super) fn parse(text: &[u8], address: &str) -> Result<Self, String> {
        let root = from_json(text).map_err(|e| e.to_string())?;
        let mut document = Self {
            address: address.to_owned(),
            draft: Draft::of(&root),
            resources: HashMap::new(),
            anchors: HashMap::new(),
            dynamic: HashSet::new(),
            patterns: Mutex::default(),
            root: root.clone(),
        };
        let placed = Placed { schema: root.clone(), around: address.to_owned() };
        document.resources.insert(address.to_owned(), placed);
        document.index(&root, address);
        Ok(document)
    }

    fn id_of<'v>(&self, schema: &'v Value) -> Option<&'v str> {
        // Old drafts ignore what stands beside a reference.
        if self.draft <= Draft::Seven && schema.get("$ref").is_some() {
            return None;
        }
        let key = if self.draft == Draft::Four { "id" } else { "$id" };
        schema.get(key).and_then(Value::as_str)
    }

    /// Returns the base inside a schema whose surroundings have the given one.
    pub(super) fn base_of<'b>(&self, schema: &Value, base: &'b str) -> Cow<'b, str> {
        match self.id_of(schema) {
            Some(id) if !id.starts_with('#') => without_fragment(&join(base, id)).to_owned().into(),
            _ => base.into(),
        }
    }

    fn index(&mut self, schema: &Value, base: &str) {
        match schema {
            Value::Object(map) => {
                let inside = self.base_of(schema, base).into_owned();
                let placed = || Placed { schema: schema.clone(), around: base.to_owned() };
                if inside != base {
                    self.resources.insert(inside.clone(), placed());
                }
                let old_style = self.id_of(schema).and_then(|id| id.strip_prefix('#'));
                let text = |key: &str| schema.get(key).and_then(Value::as_str);
                let anchors = [old_style, text("$anchor"), text("$dynamicAnchor")];
                for anchor in anchors.into_iter().flatten().filter(|a| !a.is_empty()) {
                    self.anchors.insert(format!("{inside}#{anchor}"), placed());
                }
                if let Some(anchor) = text("$dynamicAnchor") {
                    self.dynamic.insert(format!("{inside}#{anchor}"));
                }
                for (key, value) in map.iter() {
                    // Examples of values are no schemas.
                    if !matches!(key.as_str(), "enum" | "const" | "default" | "examples") {
                        self.index(value, &inside);
                    }
                }
            }
            Value::Array(list) => list.iter().for_each(|item| self.index(item, base)),
            _ => {}
        }
    }

    /// Whether one of the document's schemas is known by an address without fragment.
    pub(super) fn has(&self, resource: &str) -> bool {
        self.resources.contains_key(resource)
    }

    /// Returns the schema that has an address.
    pub(super) fn resource(&self, address: &str) -> Option<&Value> {
        self.resources.get(address).map(|placed| &placed.schema)
    }

    /// Whether a resource has a dynamic anchor of this name.
    pub(super) fn has_dynamic(&self, resource: &str, anchor: &str) -> bool {
        !self.dynamic.is_empty() && self.dynamic.contains(&format!("{resource}#{anchor}"))
    }

    fn target(self: &Arc<Self>, Placed { schema, around }: &Placed) -> Target {
        Target { schema: schema.clone(), base: around.clone(), document: Arc::clone(self) }
    }

    /// Finds the schema that an absolute reference names, whose address the document [has](Self::has).
    pub(super) fn find(self: &Arc<Self>, uri: &str) -> Result<Target, String> {
        let resource = without_fragment(uri);
        let fragment = uri.get(resource.len() + 1..).unwrap_or_default();
        let missing = || format!("json-pointer in {uri:?} not found");
        let root = self.resources.get(resource).ok_or_else(missing)?;
        if fragment.is_empty() {
            return Ok(self.target(root));
        }
        if !fragment.starts_with('/') {
            return match self.anchors.get(&format!("{resource}#{fragment}")) {
                Some(placed) => Ok(self.target(placed)),
                None => Err(format!("anchor {fragment:?} not found in schema {resource:?}")),
            };
        }
        let pointer = percent_decoded(fragment);
        let tokens = parse_pointer(&pointer).ok_or_else(missing)?;
        let mut schema = &root.schema;
        let mut around = root.around.clone();
        for token in tokens {
            around = self.base_of(schema, &around).into_owned();
            schema = match schema {
                Value::Object(map) => map.get(&token),
                Value::Array(list) => token.parse::<usize>().ok().and_then(|n| list.get(n)),
                _ => None,
            }
            .ok_or_else(missing)?;
        }
        Ok(Target { schema: schema.clone(), base: around, document: Arc::clone(self) })
    }

    /// Whether a text matches a pattern.
    ///
    /// # Errors
    /// The pattern is none, in Go's words.
    pub(super) fn matches(&self, pattern: &str, text: &str) -> Result<bool, String> {
        let mut patterns = self.patterns.lock().unwrap_or_else(PoisonError::into_inner);
        let known = patterns.entry(pattern.to_owned()).or_insert_with(|| Pattern::compile(pattern));
        match known {
            Ok(known) => Ok(known.is_match(text)),
            Err(why) => Err(format!("invalid regex {pattern:?}: {why}")),
        }
    }
}

pub(super) fn without_fragment(uri: &str) -> &str {
    uri.split('#').next().unwrap_or(uri)
}

/// Resolves a reference against a base, as far as schemas need it.
pub(super) fn join(base: &str, reference: &str) -> String {
    let base = without_fragment(base);
    if reference.starts_with('#') {
        return format!("{base}{reference}");
    }
    let scheme = reference.split(':').next().unwrap_or_default();
    if reference.contains(':') && !scheme.contains(['/', '#', '?']) {
        return reference.to_owned();
    }
    let root_end = base.find("://").and_then(|at| base[at + 3..].find('/').map(|s| at + 3 + s));
    match (reference.strip_prefix('/'), root_end) {
        (Some(_), Some(end)) => format!("{}{reference}", &base[..end]),
        _ => {
            let dir = base.rfind('/').map_or("", |at| &base[..=at]);
            format!("{dir}{}", reference.trim_start_matches("./"))
        }
    }
}

fn percent_decoded(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = tail
            .get(..2)
            .and_then(|d| std::str::from_utf8(d).ok())
            .and_then(|d| u8::from_str_radix(d, 16).ok());
        match (first, hex) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
