use super::check::Checker;
use super::elsewhere::{Documents, SchemaSource};
use super::format;
use super::meta::Definition;
use super::report::{self, Faults};
use super::subschemas::subschemas;
use fairway_template::go::{Address, Pattern, quote};
use fairway_value::{Value, from_json, parse_pointer};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// A `values.schema.json`, parsed when it is first needed.
#[derive(Clone)]
pub struct Schema {
    text: Arc<[u8]>,
    root: Arc<OnceLock<Result<Value, String>>>,
    document: Arc<OnceLock<Arc<Document>>>,
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
        Self { text, root: Arc::default(), document: Arc::default() }
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
    ) -> Result<Faults, String> {
        let root = self.root.get_or_init(|| from_json(&self.text).map_err(|e| e.to_string()));
        let root = root.as_ref().map_err(Clone::clone)?;
        let mut documents = Documents::new(elsewhere);
        let draft = documents.draft(root, ROOT)?;
        let own = match self.document.get() {
            Some(known) if known.draft == draft => Arc::clone(known),
            _ => Arc::new(Document::new(root.clone(), ROOT, draft)?),
        };
        documents.compile(&own)?;
        self.document.get_or_init(|| Arc::clone(&own));
        Checker::new(documents).run(&own, value)
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
    /// The version whose meta-schema has an address.
    pub(super) fn named(address: &str) -> Option<Self> {
        let address = address.strip_suffix('#').unwrap_or(address);
        let address = address.strip_prefix("http://").or_else(|| address.strip_prefix("https://"))?;
        match address.strip_prefix("json-schema.org/")? {
            "draft-04/schema" => Some(Self::Four),
            "draft-06/schema" => Some(Self::Six),
            "draft-07/schema" => Some(Self::Seven),
            "draft/2019-09/schema" => Some(Self::Y2019),
            "draft/2020-12/schema" | "schema" => Some(Self::Y2020),
            _ => None,
        }
    }

    /// Returns the address of the version's meta-schema.
    pub(super) fn address(self) -> &'static str {
        match self {
            Self::Four => "http://json-schema.org/draft-04/schema",
            Self::Six => "http://json-schema.org/draft-06/schema",
            Self::Seven => "http://json-schema.org/draft-07/schema",
            Self::Y2019 => "https://json-schema.org/draft/2019-09/schema",
            Self::Y2020 => "https://json-schema.org/draft/2020-12/schema",
        }
    }

    /// The version of a schema that has an address of its own inside one of another version.
    pub(super) fn embedded(schema: &Value) -> Option<Self> {
        let draft = schema.get("$schema").and_then(Value::as_str).and_then(Self::named)?;
        let id = draft.id_of(schema).map(without_fragment)?;
        (!id.is_empty()).then_some(draft)
    }

    fn id_of(self, schema: &Value) -> Option<&str> {
        // Old drafts ignore what stands beside a reference.
        if self <= Self::Seven && schema.get("$ref").is_some() {
            return None;
        }
        let key = if self == Self::Four { "id" } else { "$id" };
        schema.get(key).and_then(Value::as_str)
    }
}

/// The address of a chart's schema.
const ROOT: &str = "file:///values.schema.json";

/// A schema with the base of what is around it and its JSON pointer.
struct Placed {
    schema: Value,
    around: String,
    pointer: String,
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
    /// Set once the document has been found to be a schema that names no other document.
    pub is_sound: OnceLock<()>,
}

/// What a reference names.
pub(super) enum Target {
    Schema(Place),
    /// A meta-schema or a definition of one.
    Meta(Definition),
}

/// A schema in a document, with the base of what is around it and its JSON pointer.
pub(super) struct Place {
    pub schema: Value,
    pub base: String,
    pub pointer: String,
    pub document: Arc<Document>,
}

impl Document {
    /// Takes the document that lies at an address.
    ///
    /// # Errors
    /// Two of its schemas have one name.
    pub(super) fn new(root: Value, address: &str, draft: Draft) -> Result<Self, String> {
        let mut document = Self {
            address: address.to_owned(),
            draft,
            resources: HashMap::new(),
            anchors: HashMap::new(),
            dynamic: HashSet::new(),
            patterns: Mutex::default(),
            is_sound: OnceLock::new(),
            root: root.clone(),
        };
        let placed = Placed { schema: root.clone(), around: address.to_owned(), pointer: String::new() };
        document.resources.insert(address.to_owned(), placed);
        document.index(&root, address, &mut String::new())?;
        Ok(document)
    }

    /// Returns the base inside a schema whose surroundings have the given one.
    pub(super) fn base_of<'b>(&self, schema: &Value, base: &'b str) -> Cow<'b, str> {
        match self.draft.id_of(schema) {
            Some(id) if !id.starts_with('#') => without_fragment(&join(base, id)).to_owned().into(),
            _ => base.into(),
        }
    }

    /// Keeps where a schema and those in it can be found.
    fn index(&mut self, schema: &Value, base: &str, pointer: &mut String) -> Result<(), String> {
        let Value::Object(map) = schema else { return Ok(()) };
        if self.draft.id_of(schema).is_some_and(|id| Address::parse(id).is_err()) {
            let place = quote(&format!("{}#{pointer}", self.address));
            return Err(format!("error in parsing id at {place}"));
        }
        let inside = self.base_of(schema, base).into_owned();
        let placed = || Placed { schema: schema.clone(), around: base.to_owned(), pointer: pointer.clone() };
        if inside != base
            && let Some(first) = self.resources.insert(inside.clone(), placed())
            && first.pointer != *pointer
        {
            return Err(self.duplicate("id", &inside, &first.pointer, pointer));
        }
        let old_style = self.draft.id_of(schema).and_then(|id| id.strip_prefix('#'));
        let text =
            |key: &str, first: Draft| schema.get(key).and_then(Value::as_str).filter(|_| self.draft >= first);
        let dynamic = text("$dynamicAnchor", Draft::Y2020).map(|anchor| format!("{inside}#{anchor}"));
        let anchors = [old_style, text("$anchor", Draft::Y2019), text("$dynamicAnchor", Draft::Y2020)];
        for anchor in anchors.into_iter().flatten().filter(|a| !a.is_empty()) {
            if let Some(first) = self.anchors.insert(format!("{inside}#{anchor}"), placed())
                && first.pointer != *pointer
            {
                return Err(self.duplicate("anchor", anchor, &first.pointer, pointer));
            }
        }
        self.dynamic.extend(dynamic);
        let end = pointer.len();
        for inner in subschemas(map, self.draft) {
            inner.point(pointer);
            self.index(inner.schema, &inside, pointer)?;
            pointer.truncate(end);
        }
        Ok(())
    }

    fn duplicate(&self, what: &str, name: &str, first: &str, second: &str) -> String {
        let quoted = [name, &self.address, first, second].map(quote);
        let [name, address, first, second] = quoted;
        format!("duplicate {what} {name} in {address} at {first} and {second}")
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

    fn place(self: &Arc<Self>, Placed { schema, around, pointer }: &Placed) -> Place {
        Place {
            schema: schema.clone(),
            base: around.clone(),
            pointer: pointer.clone(),
            document: Arc::clone(self),
        }
    }

    /// Finds the schema that an absolute reference names, whose address the document [has](Self::has).
    pub(super) fn find(self: &Arc<Self>, uri: &str) -> Result<Place, String> {
        let resource = without_fragment(uri);
        let fragment = uri.get(resource.len() + 1..).unwrap_or_default();
        let unknown = || format!("json-pointer in {} not found", quote(uri));
        let root = self.resources.get(resource).ok_or_else(unknown)?;
        if fragment.is_empty() {
            return Ok(self.place(root));
        }
        if !fragment.starts_with('/') {
            return match self.anchors.get(&format!("{resource}#{fragment}")) {
                Some(placed) => Ok(self.place(placed)),
                None => {
                    let schema = quote(&self.address);
                    Err(format!("anchor in {} not found in schema {schema}", quote(uri)))
                }
            };
        }
        let pointer = percent_decoded(fragment);
        let missing = || {
            let whole = format!("{}#{}{pointer}", self.address, root.pointer);
            format!("json-pointer in {} not found", quote(&whole))
        };
        if format::check("json-pointer", &pointer).is_err() {
            return Err(format!("invalid json-pointer {}", quote(uri)));
        }
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
        let pointer = format!("{}{pointer}", root.pointer);
        Ok(Place { schema: schema.clone(), base: around, pointer, document: Arc::clone(self) })
    }

    /// Whether a text matches a pattern.
    ///
    /// # Errors
    /// The pattern is none, in Go's words.
    pub(super) fn matches(&self, pattern: &str, text: &str) -> Result<bool, String> {
        let mut patterns = self.patterns.lock().unwrap_or_else(PoisonError::into_inner);
        let known = patterns.entry(pattern.to_owned()).or_insert_with(|| Pattern::compile(pattern));
        known.as_ref().map(|known| known.is_match(text)).map_err(Clone::clone)
    }
}

pub(super) fn without_fragment(uri: &str) -> &str {
    uri.split('#').next().unwrap_or(uri)
}

/// Resolves a reference against a base, as far as schemas need it.
pub(super) fn join(base: &str, reference: &str) -> String {
    let base = without_fragment(base);
    if reference.is_empty() || reference.starts_with('#') {
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
