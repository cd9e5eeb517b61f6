use fairway_core::TreeError;
use thiserror::Error as ThisError;

/// Why a chart cannot be loaded or rendered. The messages hold Helm's own words.
#[derive(Debug, Clone, ThisError)]
pub enum Error {
    /// The chart's files could not be read.
    #[error("chart {chart}: cannot read its files")]
    Tree {
        /// Directory of the chart.
        chart: String,
        /// What went wrong.
        #[source]
        source: TreeError,
    },
    /// A packed chart is damaged, hostile or larger than allowed.
    #[error("chart archive: {0}")]
    Archive(String),
    /// A file of the chart cannot be parsed.
    #[error("cannot load {file}: {why}")]
    Yaml {
        /// The file, such as `values.yaml`.
        file: String,
        /// Why, in Go's words, and where.
        why: String,
    },
    /// A file of values cannot be parsed.
    #[error("failed to parse {file}: {why}")]
    ValuesFile {
        /// The file.
        file: String,
        /// Why, in Go's words, and where.
        why: String,
    },
    /// A file of the chart holds something of the wrong kind.
    #[error("cannot load {file}: {why}")]
    Shape {
        /// The file, such as `Chart.yaml`.
        file: String,
        /// What is wrong.
        why: String,
    },
    /// `Chart.yaml` breaks a rule.
    #[error("validation: {0}")]
    Metadata(String),
    /// A subchart cannot be loaded.
    #[error("error unpacking subchart {name} in {parent}")]
    Subchart {
        /// Name of the subchart's directory or archive.
        name: String,
        /// The chart that holds it.
        parent: String,
        /// What is wrong with it.
        #[source]
        source: Box<Error>,
    },
    /// The chart is not one that can be rendered, or its surroundings do not suit it.
    #[error("{0}")]
    Chart(String),
    /// A dependency of `Chart.yaml` is not in `charts/`.
    #[error(
        "An error occurred while checking for chart dependencies. You may need to run `helm dependency build` to fetch \
         missing dependencies: found in Chart.yaml, but missing in charts/ directory: {0}"
    )]
    MissingDependencies(String),
    /// Values given by the user cannot be read.
    #[error("{0}")]
    Values(String),
    /// Values break the chart's schema.
    #[error(
        "values don't meet the specifications of the schema(s) in the following chart(s):\n{faults}{context}"
    )]
    Schema {
        /// Helm's list of what is wrong.
        faults: String,
        /// The values that are wrong and where they come from; nothing, or an empty line and lines below it.
        context: String,
    },
    /// A template cannot be parsed or run.
    #[error("{message}{context}")]
    Template {
        /// Helm's own words.
        message: String,
        /// The place with its line, the calls that led there and the value that was wrong; nothing, or an empty line
        /// and lines below it.
        context: String,
    },
    /// A rendered manifest is no YAML, or no object.
    #[error("YAML parse error on {file}: {why}{context}")]
    Manifest {
        /// The template that it came from.
        file: String,
        /// What is wrong, in Helm's words, with a line inside the manifest.
        why: String,
        /// The lines of what was rendered, and the line that wrote it; nothing, or an empty line and lines below it.
        context: String,
    },
    /// A template asked for by name is not in the output.
    #[error("could not find template {0} in chart")]
    NoTemplate(String),
    /// A chart's signature does not hold.
    #[error("cannot verify {file}: {why}")]
    Provenance {
        /// The archive.
        file: String,
        /// Why not.
        why: String,
    },
    /// A dependency cannot be had.
    #[error("dependency {name}: {why}")]
    Dependency {
        /// The dependency.
        name: String,
        /// Why not.
        why: String,
    },
}

impl Error {
    /// A file of the chart that is no YAML.
    pub(crate) fn yaml(file: &str, text: &str, error: &fairway_yaml::Error) -> Self {
        Self::Yaml { file: file.to_owned(), why: yaml_fault(file, text, error) }
    }

    /// A file of values that is no YAML.
    pub(crate) fn values_file(file: &str, text: &str, error: &fairway_yaml::Error) -> Self {
        Self::ValuesFile { file: file.to_owned(), why: yaml_fault(file, text, error) }
    }
}

fn yaml_fault(file: &str, text: &str, error: &fairway_yaml::Error) -> String {
    let mut why = error.go_text();
    if error.line > 0 {
        let spot = crate::explain::Spot { line: error.line, column: error.column };
        why.push_str(&crate::explain::yaml(text, file, spot));
    }
    why
}
