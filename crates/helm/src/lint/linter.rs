use super::chart_file::chart_file;
use super::finding::{Finding, Findings, Severity, why, words};
use super::templates::templates;
use crate::Schema;
use crate::chart::{Chart, File};
use crate::compiled::{Options, Outside};
use fairway_core::FileTree;
use fairway_template::Ports;
use fairway_value::{Map, Value};
use std::sync::Arc;

/// Lints the chart in a directory of a tree with a user's values; `shown` is what the directory is called. The release
/// name of `options` is replaced by Helm's `test-release`.
#[must_use]
pub fn lint(
    tree: &dyn FileTree,
    dir: &str,
    shown: &str,
    options: &Options,
    ports: Ports<'_>,
    outside: Outside<'_>,
) -> Vec<Finding> {
    let mut found = Findings::default();
    let file = |name: &str| {
        let path = if dir.is_empty() { name.to_owned() } else { format!("{dir}/{name}") };
        tree.read(&path).ok().flatten().map(|data| File::new(name, data))
    };
    chart_file(&mut found, file("Chart.yaml"));
    values_file(&mut found, file("values.yaml"), file("values.schema.json"), &options.values, outside);
    match Chart::load(tree, dir) {
        Ok(chart) => {
            let chart = Arc::new(chart);
            templates(&mut found, &chart, options, ports, outside);
            dependencies(&mut found, shown, &chart);
        }
        Err(error) => {
            found.add(Severity::Error, "templates/", words(&error));
            found.add(Severity::Error, "", format!("unable to load chart\n\t{}", words(&error)));
        }
    }
    found.0
}

/// As Helm's `Values` rule: the values of this chart alone against its own schema.
fn values_file(
    found: &mut Findings,
    file: Option<File>,
    schema: Option<File>,
    user: &Map,
    outside: Outside<'_>,
) {
    const FILE: &str = "values.yaml";
    let Some(file) = file else { return found.add(Severity::Info, FILE, "file does not exist") };
    let values = match crate::load::values(&file) {
        Ok(values) => values,
        Err(error) => {
            return found.add(Severity::Error, FILE, format!("unable to parse YAML: {}", why(&error)));
        }
    };
    let Some(schema) = schema.filter(|s| !s.data.is_empty()) else { return };
    let values = Value::Object(crate::merge_maps(values, user.clone()));
    if let Some(faults) = crate::schema::validate_single(&Schema::new(schema.data), &values, outside.schemas)
    {
        found.add(Severity::Error, FILE, faults);
    }
}

fn dependencies(found: &mut Findings, shown: &str, chart: &Chart) {
    let stated = chart.metadata.dependencies.as_deref().unwrap_or_default();
    let unstated: Vec<&str> =
        chart.dependencies.iter().map(Chart::name).filter(|n| !stated.iter().any(|d| d.name == *n)).collect();
    let message = format!("chart metadata is missing these dependencies: {}", unstated.join(","));
    found.check(unstated.is_empty(), Severity::Error, shown, message);
    let missing = chart.missing_dependencies();
    let message = format!("chart directory is missing these dependencies: {}", missing.join(","));
    found.check(missing.is_empty(), Severity::Warning, shown, message);
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_core::MemoryTree;
    use fairway_template::{FixedClock, SeededRandom};

    fn findings(files: &[(&str, &str)]) -> Vec<String> {
        let tree = MemoryTree::new(files.iter().map(|(p, t)| (format!("c/{p}"), (*t).to_owned()))).unwrap();
        let random = SeededRandom::new(1);
        let ports = Ports { clock: &FixedClock(0), random: &random };
        lint(&tree, "c", "./c", &Options::default(), ports, Outside::default())
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn a_sound_chart_only_misses_its_icon() {
        let chart = "apiVersion: v2\nname: c\nversion: 0.1.0\n";
        let files = [
            ("Chart.yaml", chart),
            ("values.yaml", ""),
            ("templates/a.yaml", "kind: X\nmetadata: {name: x}\n"),
        ];
        assert_eq!(findings(&files), ["[INFO] Chart.yaml: icon is recommended"]);
    }

    #[test]
    fn faults_are_found() {
        let chart = "apiVersion: v2\nname: c\nversion: 1\nicon: x\n";
        let found = findings(&[
            ("Chart.yaml", chart),
            ("templates/a.yaml", " kind: Deployment\n"),
            ("templates/b.json", "{}"),
            ("charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 0.1.0\n"),
        ]);
        for expect in [
            "version should be of type string but it's of type float64",
            "invalid icon URL 'x'",
            "file does not exist",
            "chart metadata is missing these dependencies: sub",
            "illegal indent",
            "must contain matchLabels",
            "file extension '.json' not valid",
        ] {
            assert!(found.iter().any(|f| f.contains(expect)), "{expect} in {found:#?}");
        }
    }
}
