use crate::SourceError;
use crate::version::newest_match;
use fairway_template::semver::Version;
use fairway_value::Value;

/// One version of a chart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ChartVersion {
    pub version: String,
    /// Where the archive is; may be relative to the repository.
    pub urls: Vec<String>,
    /// SHA-256 of the archive in hex; empty where the index has none.
    pub digest: String,
}

/// Reads a chart's versions out of an `index.yaml`; nothing where it names no such chart.
pub(crate) fn versions(index: &str, chart: &str) -> Result<Option<Vec<ChartVersion>>, SourceError> {
    // An index may be tens of megabytes, of which one chart is some kilobytes: those lines alone are parsed.
    if let Some(block) = chart_lines(index, chart)
        && let Ok(parsed) = fairway_yaml::parse(&format!("entries:\n{block}"))
        && let Some(found) = read_versions(&parsed, chart)
    {
        return Ok(Some(found));
    }
    let parsed = fairway_yaml::parse(index).map_err(|e| SourceError::invalid(format!("index.yaml: {e}")))?;
    if parsed.get("entries").and_then(Value::as_object).is_none() {
        return Err(SourceError::invalid("index.yaml: entries are missing"));
    }
    Ok(read_versions(&parsed, chart))
}

/// Cuts out the lines of one chart where the index is laid out as Helm writes it; else nothing.
fn chart_lines<'i>(index: &'i str, chart: &str) -> Option<&'i str> {
    let start = if index.starts_with("entries:\n") { 0 } else { index.find("\nentries:\n")? + 1 };
    let body = start + "entries:\n".len();
    let first = index[body..].lines().next()?;
    let indent = first.len() - first.trim_start().len();
    if indent == 0 || first.trim_start().starts_with(['-', '#']) {
        return None;
    }
    let (mut begin, mut at) = (None, body);
    for line in index[body..].split_inclusive('\n') {
        let content = line.trim_end();
        let depth = content.len() - content.trim_start().len();
        let is_key = !content.is_empty() && depth <= indent && !content.trim_start().starts_with('-');
        if is_key {
            if let Some(begin) = begin {
                return Some(&index[begin..at]);
            }
            if depth < indent {
                return None;
            }
            let key = content.trim_start().strip_suffix(':')?.trim_matches(['"', '\'']);
            if key == chart {
                begin = Some(at);
            }
        }
        at += line.len();
    }
    begin.map(|begin| &index[begin..])
}

fn read_versions(index: &Value, chart: &str) -> Option<Vec<ChartVersion>> {
    let list = index.get("entries")?.get(chart)?.as_array()?;
    let text =
        |entry: &Value, key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let read = |entry: &Value| ChartVersion {
        version: text(entry, "version"),
        urls: entry
            .get("urls")
            .and_then(Value::as_array)
            .unwrap_or_default()
            .iter()
            .filter_map(|url| url.as_str().map(str::to_owned))
            .collect(),
        digest: text(entry, "digest"),
    };
    Some(list.iter().map(read).filter(|version| !version.version.is_empty()).collect())
}

/// Picks the version that is meant: the very one, the same one spelt otherwise, or the newest in the range. No range
/// means the newest release. As Helm 3 `pkg/repo/index.go` `IndexFile.Get`.
pub(crate) fn pick<'v>(names: &[&'v str], wanted: &str) -> Option<&'v str> {
    let wanted = if wanted.is_empty() { "*" } else { wanted };
    if let Some(exact) = names.iter().find(|name| **name == wanted) {
        return Some(exact);
    }
    if let Ok(version) = Version::parse_strict(wanted.trim_start_matches('v')) {
        return names.iter().copied().find(|name| Version::parse(name).is_ok_and(|v| v == version));
    }
    newest_match(wanted, names.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    const INDEX: &str = "apiVersion: v1\nentries:\n  api:\n  - apiVersion: v2\n    name: api\n    version: 1.0.0\n    \
        urls:\n    - https://h/api-1.0.0.tgz\n  web:\n  - name: web\n    version: 2.1.0\n    digest: abc\n    \
        description: |\n      web:\n        not a key\n    urls:\n    - web-2.1.0.tgz\n  - name: web\n    version: 2.0.0\n    \
        urls: [web-2.0.0.tgz]\n  \"web-x\":\n  - version: 9.0.0\ngenerated: \"2024\"\n";

    fn names(index: &str, chart: &str) -> Option<Vec<String>> {
        Some(versions(index, chart).unwrap()?.into_iter().map(|v| v.version).collect())
    }

    #[test]
    fn one_chart_is_cut_out_and_read() {
        assert!(chart_lines(INDEX, "web").unwrap().starts_with("  web:\n"));
        let web = versions(INDEX, "web").unwrap().unwrap();
        assert_eq!(web.len(), 2);
        assert_eq!((web[0].digest.as_str(), web[0].urls[0].as_str()), ("abc", "web-2.1.0.tgz"));
        assert_eq!(names(INDEX, "web-x").unwrap(), ["9.0.0"]);
        assert_eq!(names(INDEX, "none"), None);
    }

    #[test]
    fn an_index_in_another_layout_is_read_whole() {
        let json = r#"{"entries":{"web":[{"version":"1.0.0","urls":["a.tgz"]}]}}"#;
        assert_eq!(names(json, "web").unwrap(), ["1.0.0"]);
        let deep = "entries:\n    web:\n        - version: 1.0.0\n          urls: [a]\n";
        assert_eq!(names(deep, "web").unwrap(), ["1.0.0"]);
        assert!(versions("apiVersion: v1\n", "web").is_err());
        assert!(versions("<html>", "web").is_err());
    }

    #[test]
    fn the_version_meant_is_picked() {
        let names = ["1.0.0", "1.2.0", "v1.1.0", "2.0.0-rc.1"];
        for (wanted, expected) in [
            ("", Some("1.2.0")),
            ("1.x", Some("1.2.0")),
            ("1.1.0", Some("v1.1.0")),
            ("v1.0.0", Some("1.0.0")),
            ("*-0", Some("2.0.0-rc.1")),
            ("2.0.0-rc.1", Some("2.0.0-rc.1")),
            ("1.3.0", None),
            ("1.0", Some("1.0.0")),
        ] {
            assert_eq!(pick(&names, wanted), expected, "{wanted}");
        }
    }
}
