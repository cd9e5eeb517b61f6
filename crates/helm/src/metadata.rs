use crate::Error;
use crate::decode::Fields;
use fairway_template::semver::Version;
use fairway_value::Value;

/// What `Chart.yaml` says. The names are those of the file.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the fields are those of Chart.yaml, documented by Helm")]
pub struct Metadata {
    pub name: String,
    pub home: String,
    pub sources: Vec<String>,
    pub version: String,
    pub description: String,
    pub keywords: Vec<String>,
    pub maintainers: Vec<Maintainer>,
    pub icon: String,
    pub api_version: String,
    pub condition: String,
    pub tags: String,
    pub app_version: String,
    pub deprecated: bool,
    pub annotations: Vec<(String, String)>,
    pub kube_version: String,
    /// `None` where the file has no such list, which Helm tells from an empty one.
    pub dependencies: Option<Vec<Dependency>>,
    pub chart_type: String,
}

/// Who maintains a chart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of Chart.yaml, documented by Helm")]
pub struct Maintainer {
    pub name: String,
    pub email: String,
    pub url: String,
}

/// A chart that another one needs.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the fields are those of Chart.yaml, documented by Helm")]
pub struct Dependency {
    pub name: String,
    pub version: String,
    pub repository: String,
    pub condition: String,
    pub tags: Vec<String>,
    pub enabled: bool,
    pub import_values: Vec<Value>,
    pub alias: String,
}

/// What `Chart.lock` says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lock {
    /// Hash of the dependencies in `Chart.yaml`, with its algorithm in front.
    pub digest: String,
    /// The dependencies with exact versions.
    pub dependencies: Vec<Dependency>,
}

impl Metadata {
    /// Lays the fields of a `Chart.yaml` or `requirements.yaml` over what is there, as Go decodes into a struct.
    pub(crate) fn read(&mut self, document: &Value, file: &str) -> Result<(), Error> {
        let fields = Fields::of(document, file, "Metadata")?;
        for (name, slot) in [
            ("name", &mut self.name),
            ("home", &mut self.home),
            ("version", &mut self.version),
            ("description", &mut self.description),
            ("icon", &mut self.icon),
            ("apiVersion", &mut self.api_version),
            ("condition", &mut self.condition),
            ("tags", &mut self.tags),
            ("appVersion", &mut self.app_version),
            ("kubeVersion", &mut self.kube_version),
            ("type", &mut self.chart_type),
        ] {
            if fields.get(name).is_some_and(|v| !v.is_null()) {
                *slot = fields.string(name)?;
            }
        }
        for (name, slot) in [("sources", &mut self.sources), ("keywords", &mut self.keywords)] {
            if fields.get(name).is_some() {
                *slot = fields.strings(name)?;
            }
        }
        if fields.get("deprecated").is_some() {
            self.deprecated = fields.bool("deprecated")?;
        }
        if fields.get("annotations").is_some() {
            self.annotations = fields.string_map("annotations")?;
        }
        if fields.get("maintainers").is_some() {
            let list = fields.list("maintainers", "[]*chart.Maintainer")?;
            self.maintainers = list.iter().map(|m| Maintainer::read(m, file)).collect::<Result<_, _>>()?;
        }
        if fields.get("dependencies").is_some_and(|v| !v.is_null()) {
            let list = fields.list("dependencies", "[]*chart.Dependency")?;
            let dependencies = list.iter().map(|d| Dependency::read(d, file)).collect::<Result<_, _>>()?;
            self.dependencies = Some(dependencies);
        }
        Ok(())
    }

    /// Checks the fields and cleans the strings, as Helm's `Metadata.Validate`.
    pub(crate) fn validate(&mut self) -> Result<(), Error> {
        for slot in [
            &mut self.name,
            &mut self.description,
            &mut self.home,
            &mut self.icon,
            &mut self.condition,
            &mut self.tags,
            &mut self.app_version,
            &mut self.kube_version,
        ] {
            sanitize(slot);
        }
        self.sources.iter_mut().chain(&mut self.keywords).for_each(sanitize);
        let fail = |why: String| Err(Error::Metadata(why));
        if self.api_version.is_empty() {
            return fail("chart.metadata.apiVersion is required".to_owned());
        }
        if self.name.is_empty() {
            return fail("chart.metadata.name is required".to_owned());
        }
        if self.name == "." || self.name == ".." {
            return fail(format!("chart.metadata.name {:?} is not allowed", self.name));
        }
        if self.name.contains('/') {
            return fail(format!("chart.metadata.name {:?} is invalid", self.name));
        }
        if self.version.is_empty() {
            return fail("chart.metadata.version is required".to_owned());
        }
        if Version::parse(&self.version).is_err() {
            return fail(format!("chart.metadata.version {:?} is invalid", self.version));
        }
        if !matches!(self.chart_type.as_str(), "" | "application" | "library") {
            return fail("chart.metadata.type must be application or library".to_owned());
        }
        let mut seen: Vec<&str> = Vec::new();
        for dependency in self.dependencies.iter_mut().flatten() {
            dependency.validate()?;
            let key = dependency.key();
            if seen.contains(&key) {
                return fail(format!("more than one dependency with name or alias {key:?}"));
            }
            seen.push(key);
        }
        Ok(())
    }
}

impl Maintainer {
    fn read(document: &Value, file: &str) -> Result<Self, Error> {
        if document.is_null() {
            return Err(Error::Metadata("maintainers must not contain empty or null nodes".to_owned()));
        }
        let fields = Fields::of(document, file, "Maintainer")?;
        let mut it =
            Self { name: fields.string("name")?, email: fields.string("email")?, url: fields.string("url")? };
        for slot in [&mut it.name, &mut it.email, &mut it.url] {
            sanitize(slot);
        }
        Ok(it)
    }
}

impl Dependency {
    /// Reads an entry of a `dependencies` list.
    pub(crate) fn read(document: &Value, file: &str) -> Result<Self, Error> {
        if document.is_null() {
            return Err(Error::Metadata("dependencies must not contain empty or null nodes".to_owned()));
        }
        let fields = Fields::of(document, file, "Dependency")?;
        Ok(Self {
            name: fields.string("name")?,
            version: fields.string("version")?,
            repository: fields.string("repository")?,
            condition: fields.string("condition")?,
            tags: fields.strings("tags")?,
            enabled: fields.bool("enabled")?,
            import_values: fields.list("import-values", "[]interface {}")?.to_vec(),
            alias: fields.string("alias")?,
        })
    }

    /// Returns the name that the parent's values have for it: the alias, or else the name.
    #[must_use]
    pub fn key(&self) -> &str {
        if self.alias.is_empty() { &self.name } else { &self.alias }
    }

    fn validate(&mut self) -> Result<(), Error> {
        for slot in [&mut self.name, &mut self.version, &mut self.repository, &mut self.condition] {
            sanitize(slot);
        }
        self.tags.iter_mut().for_each(sanitize);
        if !self.alias.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
            return Err(Error::Metadata(format!(
                "dependency {:?} has disallowed characters in the alias",
                self.name
            )));
        }
        Ok(())
    }
}

impl Lock {
    /// Reads a `Chart.lock` or `requirements.lock`.
    pub(crate) fn read(document: &Value, file: &str) -> Result<Self, Error> {
        let fields = Fields::of(document, file, "Lock")?;
        let list = fields.list("dependencies", "[]*chart.Dependency")?;
        let dependencies = list.iter().map(|d| Dependency::read(d, file)).collect::<Result<_, _>>()?;
        Ok(Self { digest: fields.string("digest")?, dependencies })
    }
}

/// Turns every kind of space into a space and drops what cannot be printed.
fn sanitize(text: &mut String) {
    if text.chars().all(|c| c == ' ' || c.is_ascii_graphic()) {
        return;
    }
    *text = text
        .chars()
        .filter_map(|c| match c {
            c if c.is_whitespace() => Some(' '),
            c if c.is_control() => None,
            c => Some(c),
        })
        .collect();
}
