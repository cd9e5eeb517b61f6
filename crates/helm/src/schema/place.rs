//! Where the values that break a schema come from.

use super::report::Fault;
use crate::tree::Node;
use fairway_template::is_secret_name;
use fairway_value::{Map, Value, parse_pointer};
use fairway_yaml::Step;

/// Values that are told of one chart.
const PLACES_MAX: usize = 10;
/// Characters of a value that are shown.
const VALUE_CHARS_MAX: usize = 60;

/// Says of each value that is wrong what it is and who set it. `charts` leads from the root to the chart whose schema
/// it is, `values` are that chart's.
pub(super) fn places(charts: &[&Node<'_>], user: &Map, values: &Value, faults: &[Fault]) -> Vec<String> {
    let mut pointers: Vec<&str> = Vec::new();
    collect(faults, &mut pointers);
    let mut out: Vec<String> = Vec::new();
    for pointer in pointers.iter().filter(|p| !p.is_empty()) {
        let Some(keys) = parse_pointer(pointer) else { continue };
        let keys: Vec<String> = keys.into_iter().map(Into::into).collect();
        let Some(value) = at(values, &keys) else { continue };
        let chart = charts.iter().skip(1).map(|c| c.name.as_str()).collect::<Vec<_>>();
        let path = chart.iter().copied().chain(keys.iter().map(String::as_str)).collect::<Vec<_>>().join(".");
        out.push(format!("{path} is {}, {}", shown(value, &path), source(charts, user, &keys)));
        if out.len() >= PLACES_MAX {
            break;
        }
    }
    out
}

/// Collects the places of the innermost faults, each once.
fn collect<'f>(faults: &'f [Fault], out: &mut Vec<&'f str>) {
    for fault in faults {
        if fault.inner.is_empty() && !out.contains(&fault.path.as_str()) {
            out.push(&fault.path);
        }
        collect(&fault.inner, out);
    }
}

fn at<'v>(value: &'v Value, keys: &[String]) -> Option<&'v Value> {
    keys.iter().try_fold(value, |value, key| match value {
        Value::Object(map) => map.get(key),
        Value::Array(items) => items.get(key.parse::<usize>().ok()?),
        _ => None,
    })
}

fn shown(value: &Value, path: &str) -> String {
    match value {
        Value::Object(_) => "a map".to_owned(),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Null => "null".to_owned(),
        _ if is_secret_name(path) => format!("a {}, not shown", value.type_name()),
        _ => {
            let text = value.to_string();
            let short: String = text.chars().take(VALUE_CHARS_MAX).collect();
            if short.len() == text.len() { text } else { format!("{short}…") }
        }
    }
}

/// Says who set a value: the release, or a chart's `values.yaml`, the outer ones first.
fn source(charts: &[&Node<'_>], user: &Map, keys: &[String]) -> String {
    let names: Vec<String> = charts.iter().skip(1).map(|c| c.name.to_string()).collect();
    let whole: Vec<String> = names.iter().chain(keys).cloned().collect();
    if at(&Value::Object(user.clone()), &whole).is_some() {
        return "set by the values given for the release".to_owned();
    }
    for (depth, node) in charts.iter().enumerate() {
        let inside = whole.get(depth..).unwrap_or_default();
        if at(&Value::Object(node.chart.values.clone()), inside).is_none() {
            continue;
        }
        let line = node.chart.raw_file("values.yaml").and_then(|f| line_of(&f.text(), inside));
        let line = line.map(|n| format!(":{n}")).unwrap_or_default();
        return match depth {
            0 => format!("set in {}/values.yaml{line}", node.name),
            _ => {
                let path: Vec<&str> = charts[..=depth].iter().map(|c| c.name.as_str()).collect();
                format!("set in {}/values.yaml{line}", path.join("/charts/"))
            }
        };
    }
    "set by a chart".to_owned()
}

fn line_of(text: &str, keys: &[String]) -> Option<usize> {
    let as_keys = keys.iter().map(|k| Step::Key(k.as_str().into())).collect::<Vec<_>>();
    let as_items = keys
        .iter()
        .map(|k| k.parse().map_or_else(|_| Step::Key(k.as_str().into()), Step::Item))
        .collect::<Vec<_>>();
    fairway_yaml::line_of(text, &as_keys).or_else(|| fairway_yaml::line_of(text, &as_items))
}
