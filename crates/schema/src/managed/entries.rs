use super::set::Set;
use super::text::quote;
use fairway_value::{Map, Str, Value};

/// How a manager writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Server-side apply.
    Apply,
    /// Create, update and every other patch.
    Update,
}

impl Operation {
    /// Returns the word in `managedFields`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Update => "Update",
        }
    }
}

/// What one manager owns: one entry of `metadata.managedFields`.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The manager.
    pub manager: Str,
    /// How it wrote.
    pub operation: Operation,
    /// The version it wrote in.
    pub api_version: Str,
    /// The subresource it wrote through; empty for the object itself.
    pub subresource: Str,
    /// When it last wrote, RFC 3339; nothing where not recorded.
    pub time: Option<Str>,
    /// The fields.
    pub set: Set,
}

impl Entry {
    /// Whether two entries are of one manager. Appliers are the same in every version.
    #[must_use]
    pub fn same_manager(&self, other: &Entry) -> bool {
        self.manager == other.manager
            && self.operation == other.operation
            && self.subresource == other.subresource
            && (self.operation == Operation::Apply || self.api_version == other.api_version)
    }

    /// Prints the manager as the server does in conflicts: `"kubectl" with subresource "scale" using apps/v1`.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut out = quote(&self.manager);
        if !self.subresource.is_empty() {
            out.push_str(" with subresource ");
            out.push_str(&quote(&self.subresource));
        }
        if self.operation == Operation::Update {
            out.push_str(" using ");
            out.push_str(&self.api_version);
        }
        out
    }

    /// The identifier by which the server keeps and orders managers: JSON of what names one.
    pub(crate) fn identifier(&self) -> String {
        let mut out = String::from("{\"manager\":");
        out.push_str(&quote(&self.manager));
        out.push_str(",\"operation\":\"");
        out.push_str(self.operation.as_str());
        out.push('"');
        if self.operation == Operation::Update {
            out.push_str(",\"apiVersion\":");
            out.push_str(&quote(&self.api_version));
        }
        if !self.subresource.is_empty() {
            out.push_str(",\"subresource\":");
            out.push_str(&quote(&self.subresource));
        }
        out.push('}');
        out
    }
}

/// Reads `metadata.managedFields`.
///
/// # Errors
/// In the API server's words: an unknown operation, a missing `apiVersion` or `fieldsType`, broken fields.
pub fn read(managed_fields: Option<&Value>) -> Result<Vec<Entry>, String> {
    let list = managed_fields.and_then(Value::as_array).unwrap_or_default();
    let mut entries: Vec<Entry> = Vec::with_capacity(list.len());
    for (n, item) in list.iter().enumerate() {
        let text = |key: &str| item.get(key).and_then(Value::as_str).unwrap_or_default();
        let operation = match text("operation") {
            "Apply" => Operation::Apply,
            "Update" => Operation::Update,
            _ => return Err("operation must be `Apply` or `Update`".to_owned()),
        };
        if text("apiVersion").is_empty() {
            return Err("apiVersion must not be empty".to_owned());
        }
        match text("fieldsType") {
            "FieldsV1" => {}
            "" => return Err(format!("missing fieldsType in managed fields entry {n}")),
            other => return Err(format!("invalid fieldsType {} in managed fields entry {n}", quote(other))),
        }
        let set = match item.get("fieldsV1") {
            None | Some(Value::Null) => Set::default(),
            Some(fields) => Set::parse(fields).map_err(|e| format!("error decoding set: {e}"))?,
        };
        let entry = Entry {
            manager: text("manager").into(),
            operation,
            api_version: text("apiVersion").into(),
            subresource: text("subresource").into(),
            time: item.get("time").and_then(Value::as_str).map(Str::from),
            set,
        };
        match entries.iter_mut().find(|e| e.same_manager(&entry)) {
            Some(first) => *first = entry,
            None => entries.push(entry),
        }
    }
    Ok(entries)
}

/// Whether [`read`] puts one entry in the place of another: they are of one manager.
pub(super) fn replaces(later: &Value, entry: &Value) -> bool {
    let same = |key: &str| {
        let text = |item: &'_ Value| item.get(key).and_then(Value::as_str).map(Str::from).unwrap_or_default();
        text(later) == text(entry)
    };
    let apply = entry.get("operation").and_then(Value::as_str) == Some(Operation::Apply.as_str());
    same("manager") && same("operation") && same("subresource") && (apply || same("apiVersion"))
}

/// Checks what [`read`] checks, and keeps nothing.
pub(super) fn check(managed_fields: Option<&Value>) -> Result<(), ()> {
    for item in managed_fields.and_then(Value::as_array).unwrap_or_default() {
        let text = |key: &str| item.get(key).and_then(Value::as_str).unwrap_or_default();
        let plain = matches!(text("operation"), "Apply" | "Update")
            && !text("apiVersion").is_empty()
            && text("fieldsType") == "FieldsV1";
        let readable = match item.get("fieldsV1") {
            None | Some(Value::Null) => true,
            Some(fields) => Set::is_readable(fields),
        };
        if !plain || !readable {
            return Err(());
        }
    }
    Ok(())
}

/// Writes `metadata.managedFields` in the server's order: appliers first, then by time, manager, version, subresource.
#[must_use]
pub fn write(entries: &[Entry]) -> Value {
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    sorted.sort_by(|a, b| {
        // No time counts as the beginning of time.
        let key = |e: &Entry| (e.operation, e.time.clone().unwrap_or_else(|| "1970-01-01T00:00:00Z".into()));
        key(a)
            .cmp(&key(b))
            .then_with(|| a.manager.cmp(&b.manager))
            .then_with(|| a.api_version.cmp(&b.api_version))
            .then_with(|| a.subresource.cmp(&b.subresource))
    });
    sorted.into_iter().map(write_entry).collect()
}

fn write_entry(entry: &Entry) -> Value {
    let mut map = Map::new();
    map.insert("apiVersion", entry.api_version.clone());
    map.insert("fieldsType", "FieldsV1");
    map.insert("fieldsV1", entry.set.to_value());
    if !entry.manager.is_empty() {
        map.insert("manager", entry.manager.clone());
    }
    map.insert("operation", entry.operation.as_str());
    if !entry.subresource.is_empty() {
        map.insert("subresource", entry.subresource.clone());
    }
    if let Some(time) = &entry.time {
        map.insert("time", time.clone());
    }
    Value::Object(map)
}
