use super::check::Checker;
use super::report::{self, Fault};
use fairway_value::{Value, from_json, parse_pointer};
use regex::Regex;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// A `values.schema.json`, parsed when it is first needed.
#[derive(Clone)]
pub struct Schema {
    text: Arc<[u8]>,
    parsed: Arc<OnceLock<Result<Document, String>>>,
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

    /// Holds a value against the schema.
    ///
    /// # Errors
    /// What is wrong, one line each; or that the schema is none.
    pub fn validate(&self, value: &Value) -> Result<(), String> {
        let faults = self.faults(value)?;
        if faults.is_empty() { Ok(()) } else { Err(report::text(&faults)) }
    }

    /// Returns what is wrong with a value; an error where the schema is none.
    pub(super) fn faults(&self, value: &Value) -> Result<Vec<Fault>, String> {
        let parsed = self.parsed.get_or_init(|| Document::parse(&self.text));
        let document = parsed.as_ref().map_err(Clone::clone)?;
        Checker::new(document).run(value)
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

/// The base of references in a document without an `$id`.
const ROOT: &str = "file:///values.schema.json";

/// A parsed schema with the places that references can name.
pub(super) struct Document {
    pub root: Value,
    pub base: String,
    pub draft: Draft,
    /// Schemas by their absolute `$id`, without fragment.
    resources: HashMap<String, Value>,
    /// Schemas by resource and anchor, joined by `#`.
    anchors: HashMap<String, Value>,
    patterns: Mutex<HashMap<String, Option<Regex>>>,
}

/// A schema that a reference names, with the base of the references in it.
pub(super) struct Target {
    pub schema: Value,
    pub base: String,
}

impl Document {
    fn parse(text: &[u8]) -> Result<Self, String> {
        let root = from_json(text).map_err(|e| e.to_string())?;
        let draft = Draft::of(&root);
        let mut document = Self {
            base: ROOT.to_owned(),
            draft,
            resources: HashMap::new(),
            anchors: HashMap::new(),
            patterns: Mutex::default(),
            root: root.clone(),
        };
        document.resources.insert(ROOT.to_owned(), root.clone());
        document.index(&root, ROOT);
        if let Some(id) = document.id_of(&root) {
            document.base = without_fragment(&join(ROOT, &id)).to_owned();
        }
        Ok(document)
    }

    fn id_of(&self, schema: &Value) -> Option<String> {
        let key = if self.draft == Draft::Four { "id" } else { "$id" };
        schema.get(key).and_then(Value::as_str).map(str::to_owned)
    }

    /// Returns the base inside a schema whose surroundings have the given one.
    pub(super) fn base_of<'b>(&self, schema: &Value, base: &'b str) -> std::borrow::Cow<'b, str> {
        match self.id_of(schema) {
            Some(id) if !id.starts_with('#') => without_fragment(&join(base, &id)).to_owned().into(),
            _ => base.into(),
        }
    }

    fn index(&mut self, schema: &Value, base: &str) {
        match schema {
            Value::Object(map) => {
                let inside = self.base_of(schema, base).into_owned();
                if inside != base {
                    self.resources.insert(inside.clone(), schema.clone());
                }
                let old_style = self.id_of(schema).and_then(|id| id.strip_prefix('#').map(str::to_owned));
                let anchors = ["$anchor", "$dynamicAnchor"]
                    .into_iter()
                    .filter_map(|k| schema.get(k).and_then(Value::as_str).map(str::to_owned));
                for anchor in anchors.chain(old_style).filter(|a| !a.is_empty()) {
                    self.anchors.insert(format!("{inside}#{anchor}"), schema.clone());
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

    /// Finds the schema that a reference names.
    pub(super) fn resolve(&self, reference: &str, base: &str) -> Result<Target, String> {
        let uri = join(base, reference);
        let resource = without_fragment(&uri);
        let fragment = uri.get(resource.len() + 1..).unwrap_or_default();
        let Some(root) = self.resources.get(resource) else {
            // Helm warns of a URN that it cannot resolve and lets everything pass.
            if resource.starts_with("urn:") {
                return Ok(Target { schema: Value::Bool(true), base: base.to_owned() });
            }
            return Err(format!("unsupported: schema {resource} from outside the chart"));
        };
        if fragment.is_empty() {
            return Ok(Target { schema: root.clone(), base: resource.to_owned() });
        }
        if !fragment.starts_with('/') {
            return match self.anchors.get(&format!("{resource}#{fragment}")) {
                Some(schema) => Ok(Target { schema: schema.clone(), base: resource.to_owned() }),
                None => Err(format!("anchor {fragment:?} not found in schema {resource:?}")),
            };
        }
        let missing = || format!("json-pointer in {uri:?} not found");
        let pointer = percent_decoded(fragment);
        let tokens = parse_pointer(&pointer).ok_or_else(missing)?;
        let mut schema = root;
        let mut inside = resource.to_owned();
        for token in tokens {
            inside = self.base_of(schema, &inside).into_owned();
            schema = match schema {
                Value::Object(map) => map.get(&token),
                Value::Array(list) => token.parse::<usize>().ok().and_then(|n| list.get(n)),
                _ => None,
            }
            .ok_or_else(missing)?;
        }
        Ok(Target { schema: schema.clone(), base: inside })
    }

    /// Whether a text matches a pattern; `None` where the pattern is none.
    pub(super) fn matches(&self, pattern: &str, text: &str) -> Option<bool> {
        let mut patterns = self.patterns.lock().unwrap_or_else(PoisonError::into_inner);
        let regex = patterns.entry(pattern.to_owned()).or_insert_with(|| Regex::new(pattern).ok());
        regex.as_ref().map(|r| r.is_match(text))
    }
}

fn without_fragment(uri: &str) -> &str {
    uri.split('#').next().unwrap_or(uri)
}

/// Resolves a reference against a base, as far as schemas need it.
fn join(base: &str, reference: &str) -> String {
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
