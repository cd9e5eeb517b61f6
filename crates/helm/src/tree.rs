use crate::chart::Chart;
use crate::metadata::Dependency;
use fairway_template::Map;
use fairway_value::Str;

/// A chart while it is prepared for one rendering: its subcharts may be switched off or renamed, and its values may
/// take in those of its subcharts.
#[derive(Clone)]
pub(crate) struct Node<'c> {
    pub chart: &'c Chart,
    /// The chart's name, or its alias.
    pub name: Str,
    /// Version of the chart.
    pub version: &'c str,
    pub dependencies: Option<Vec<Dependency>>,
    pub values: Map,
    pub children: Vec<Node<'c>>,
}

impl<'c> Node<'c> {
    pub(crate) fn new(chart: &'c Chart) -> Self {
        Self {
            chart,
            name: chart.name().into(),
            version: &chart.metadata.version,
            dependencies: chart.metadata.dependencies.clone(),
            values: from_values(&chart.values),
            children: chart.dependencies.iter().map(Node::new).collect(),
        }
    }
}

/// Takes values over into the shared maps that templates see.
pub(crate) fn from_values(values: &fairway_value::Map) -> Map {
    Map::from_data(values.clone())
}
