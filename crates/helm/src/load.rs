use crate::Error;
use crate::archive::{self, CHART_BYTES_MAX, FILE_BYTES_MAX};
use crate::chart::{Chart, File};
use crate::decode::go_kind;
use crate::ignore::Rules;
use crate::metadata::{Lock, Metadata};
use crate::schema::Schema;
use fairway_core::{FileTree, NodeKind};
use fairway_value::{Map, Value};
use std::collections::BTreeMap;

/// Deepest nesting of charts in charts. Helm has no limit; no chart comes near this one.
const CHART_DEPTH_MAX: usize = 32;

/// Deepest nesting of directories in a chart, so that links in a circle end.
const DIR_DEPTH_MAX: usize = 64;

impl Chart {
    /// Loads an unpacked chart with its subcharts from a directory of a tree, honouring `.helmignore`.
    ///
    /// # Errors
    /// As [`Error`] says: files that cannot be read, a `Chart.yaml` that breaks a rule, damaged subcharts.
    pub fn load(tree: &dyn FileTree, dir: &str) -> Result<Self, Error> {
        Self::from_files(read_dir(tree, dir)?)
    }

    /// Loads a packed chart (`.tgz`).
    ///
    /// # Errors
    /// As [`Chart::load`], and damaged or hostile archives.
    pub fn load_archive(bytes: &[u8]) -> Result<Self, Error> {
        Self::from_files(archive::unpack(bytes)?)
    }

    /// Builds a chart from its files, as Helm's `loader.LoadFiles`.
    ///
    /// # Errors
    /// As [`Chart::load`].
    pub fn from_files(files: Vec<File>) -> Result<Self, Error> {
        load_files(files, 0)
    }
}

fn load_files(files: Vec<File>, depth: usize) -> Result<Chart, Error> {
    if depth > CHART_DEPTH_MAX {
        return Err(Error::Chart(format!("charts are nested deeper than the limit of {CHART_DEPTH_MAX}")));
    }
    let mut parts = Parts::default();
    for file in files.iter().filter(|f| f.name == "Chart.yaml") {
        let metadata = parts.metadata.get_or_insert_default();
        metadata.read(&typed_yaml(file)?, &file.name)?;
        if metadata.api_version.is_empty() {
            "v1".clone_into(&mut metadata.api_version);
        }
    }
    for file in &files {
        parts.take(file)?;
    }
    let Some(mut metadata) = parts.metadata else {
        return Err(Error::Chart("Chart.yaml file is missing".to_owned()));
    };
    metadata.validate()?;
    let mut dependencies = Vec::new();
    for (name, files) in parts.subcharts {
        if name.starts_with(['_', '.']) {
            continue;
        }
        let loaded = load_subchart(&name, files, depth + 1);
        dependencies.push(loaded.map_err(|source| Error::Subchart {
            name,
            parent: metadata.name.clone(),
            source: Box::new(source),
        })?);
    }
    Ok(Chart {
        metadata,
        lock: parts.lock,
        values: parts.values,
        schema: parts.schema,
        templates: parts.templates,
        files: parts.files,
        dependencies,
        raw: files,
    })
}

fn load_subchart(name: &str, mut files: Vec<File>, depth: usize) -> Result<Chart, Error> {
    if name.ends_with(".tgz") {
        return match files.first() {
            Some(file) if file.name == name => load_files(archive::unpack(&file.data)?, depth),
            Some(file) => Err(Error::Archive(format!("expected {name}, got {}", file.name))),
            None => Err(Error::Archive("no files in chart archive".to_owned())),
        };
    }
    // What lies in charts/ without a directory of its own is no chart.
    files.retain_mut(|file| match file.name.split_once('/') {
        Some((_, rest)) => {
            file.name = rest.to_owned();
            true
        }
        None => false,
    });
    load_files(files, depth)
}

/// The files of a chart, sorted by what they are.
#[derive(Default)]
struct Parts {
    metadata: Option<Metadata>,
    lock: Option<Lock>,
    values: Map,
    schema: Option<Schema>,
    templates: Vec<File>,
    files: Vec<File>,
    subcharts: BTreeMap<String, Vec<File>>,
}

impl Parts {
    fn take(&mut self, file: &File) -> Result<(), Error> {
        let is_v1 = |parts: &Self| parts.metadata.as_ref().is_some_and(|m| m.api_version == "v1");
        match file.name.as_str() {
            "Chart.yaml" => {}
            "Chart.lock" => self.lock = Some(Lock::read(&typed_yaml(file)?, &file.name)?),
            "values.yaml" => self.values = values(file)?,
            "values.schema.json" => self.schema = Some(Schema::new(file.data.clone())),
            "requirements.yaml" => {
                self.metadata.get_or_insert_default().read(&typed_yaml(file)?, &file.name)?;
                if is_v1(self) {
                    self.files.push(file.clone());
                }
            }
            "requirements.lock" => {
                self.lock = Some(Lock::read(&typed_yaml(file)?, &file.name)?);
                if is_v1(self) {
                    self.files.push(file.clone());
                }
            }
            name if name.starts_with("templates/") => self.templates.push(file.clone()),
            name => match name.strip_prefix("charts/") {
                Some(_) if name.ends_with(".prov") => self.files.push(file.clone()),
                Some(inner) => {
                    let chart = inner.split('/').next().unwrap_or(inner).to_owned();
                    self.subcharts.entry(chart).or_default().push(File::new(inner, file.data.clone()));
                }
                None => self.files.push(file.clone()),
            },
        }
        Ok(())
    }
}

fn yaml(file: &File) -> Result<Value, Error> {
    yaml_with(file, &fairway_yaml::Options::default())
}

/// Reads a file that is decoded into a Go struct: a number in place of a string is shown as Go shows it.
pub(crate) fn typed_yaml(file: &File) -> Result<Value, Error> {
    yaml_with(file, &fairway_yaml::Options { keep_floats: true, ..Default::default() })
}

fn yaml_with(file: &File, options: &fairway_yaml::Options) -> Result<Value, Error> {
    if let Some(what) = fairway_yaml::octets_fault(&file.data) {
        let why = format!("error converting YAML to JSON: yaml: {what}");
        return Err(Error::Yaml { file: file.name.clone(), why });
    }
    let text = file.text();
    fairway_yaml::parse_with(&text, options).map_err(|e| Error::yaml(&file.name, &text, &e))
}

/// Reads a file of values, whose numbers are all floats.
pub(crate) fn values(file: &File) -> Result<Map, Error> {
    values_map(yaml(file)?).map_err(|why| Error::Shape { file: file.name.clone(), why })
}

/// Takes a document of values, of which nothing is an empty one.
///
/// # Errors
/// Go's words for what it is else.
pub(crate) fn values_map(document: Value) -> Result<Map, String> {
    match document {
        Value::Null => Ok(Map::new()),
        Value::Object(map) => Ok(floats(map)),
        other => Err(format!(
            "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {} into Go value of type \
             map[string]interface {{}}",
            go_kind(&other)
        )),
    }
}

/// Makes every number a float, as Go's JSON decoder does; integers are left to what `--set` gives.
pub(crate) fn floats(mut map: Map) -> Map {
    for value in map.values_mut() {
        make_floats(value);
    }
    map
}

#[expect(clippy::cast_precision_loss, reason = "Go's JSON decoder loses the same digits")]
pub(crate) fn make_floats(value: &mut Value) {
    match value {
        Value::Int(i) => *value = Value::Float(*i as f64),
        Value::Uint(u) => *value = Value::Float(*u as f64),
        Value::Array(list) => list.make_mut().iter_mut().for_each(make_floats),
        Value::Object(map) => map.values_mut().for_each(make_floats),
        Value::Null | Value::Bool(_) | Value::Float(_) | Value::String(_) => {}
    }
}

/// Reads the files of a chart's directory in the order of a walk.
fn read_dir(tree: &dyn FileTree, dir: &str) -> Result<Vec<File>, Error> {
    let dir = dir.trim_matches('/');
    let failed = |source| Error::Tree { chart: dir.to_owned(), source };
    let base = if dir.is_empty() { String::new() } else { format!("{dir}/") };
    let ignore = tree.read(&format!("{base}.helmignore")).map_err(failed)?;
    let text = ignore.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
    let rules =
        Rules::parse(&text).map_err(|why| Error::Shape { file: format!("{base}.helmignore"), why })?;
    let mut walk = Walk { tree, base, rules, files: Vec::new(), bytes: 0 };
    if !walk.tree.is_dir(dir).map_err(failed)? {
        return Err(Error::Chart(format!("{dir}: no such chart directory")));
    }
    walk.dir("", 0).map_err(|e| match e {
        WalkError::Tree(source) => failed(source),
        WalkError::Chart(why) => Error::Chart(why),
    })?;
    Ok(walk.files)
}

struct Walk<'a> {
    tree: &'a dyn FileTree,
    base: String,
    rules: Rules,
    files: Vec<File>,
    bytes: u64,
}

enum WalkError {
    Tree(fairway_core::TreeError),
    Chart(String),
}

impl Walk<'_> {
    fn dir(&mut self, dir: &str, depth: usize) -> Result<(), WalkError> {
        if depth > DIR_DEPTH_MAX {
            return Err(WalkError::Chart(format!(
                "{dir}: directories are nested deeper than {DIR_DEPTH_MAX}"
            )));
        }
        let path = format!("{}{dir}", self.base);
        let path = path.trim_end_matches('/');
        for entry in self.tree.list(path).map_err(WalkError::Tree)?.unwrap_or_default() {
            let name = if dir.is_empty() { entry.name } else { format!("{dir}/{}", entry.name) };
            let full = format!("{}{name}", self.base);
            let is_dir = match entry.kind {
                NodeKind::Dir => true,
                NodeKind::File => false,
                NodeKind::Symlink => self.is_link_to_dir(&full)?,
            };
            if self.rules.ignores(&name, is_dir) {
                continue;
            }
            if is_dir {
                self.dir(&name, depth + 1)?;
            } else if let Some(data) = self.tree.read(&full).map_err(WalkError::Tree)? {
                self.file(name, data)?;
            }
        }
        Ok(())
    }

    /// Whether a link leads to a directory. One that leads nowhere is refused, even where it would be ignored, as Helm's
    /// `sympath` has it.
    fn is_link_to_dir(&self, link: &str) -> Result<bool, WalkError> {
        if self.tree.is_dir(link).map_err(WalkError::Tree)? {
            return Ok(true);
        }
        if self.tree.read(link).map_err(WalkError::Tree)?.is_none() {
            let link = self.tree.named(link);
            let why = format!(
                "error evaluating symlink {link}: no such file or directory: what it leads to is not there"
            );
            return Err(WalkError::Chart(why));
        }
        Ok(false)
    }

    fn file(&mut self, name: String, data: std::sync::Arc<[u8]>) -> Result<(), WalkError> {
        let size = u64::try_from(data.len()).unwrap_or(u64::MAX);
        if size > FILE_BYTES_MAX {
            let why = format!("chart file {name:?} is larger than the maximum file size {FILE_BYTES_MAX}");
            return Err(WalkError::Chart(why));
        }
        self.bytes += size;
        if self.bytes > CHART_BYTES_MAX {
            let why = format!("chart is larger than the maximum size {CHART_BYTES_MAX}");
            return Err(WalkError::Chart(why));
        }
        let data = data.strip_prefix(b"\xef\xbb\xbf").map_or(data.clone(), Into::into);
        self.files.push(File { name, data });
        Ok(())
    }
}
