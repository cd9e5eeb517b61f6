//! What `Chart.yaml` must hold, as Helm's `pkg/lint/rules/chartfile.go`.

use super::finding::{Findings, Severity, why};
use crate::chart::File;
use crate::load;
use crate::metadata::{Maintainer, Metadata};
use fairway_template::semver::Version;
use fairway_value::{Map, Value};

const FILE: &str = "Chart.yaml";

pub(super) fn chart_file(found: &mut Findings, file: Option<File>) {
    let mut metadata = Metadata::default();
    let read = file.ok_or_else(|| format!("{FILE}: no such file")).and_then(|file| {
        let document = load::typed_yaml(&file).map_err(|e| why(&e))?;
        metadata.read(&document, FILE).map_err(|e| why(&e))?;
        Ok(document)
    });
    match read {
        Ok(document) => {
            fields(found, &metadata);
            types(found, document.as_object());
            details(found, &metadata);
        }
        Err(why) => found.add(Severity::Error, FILE, format!("unable to parse YAML\n\t{why}")),
    }
}

fn fields(found: &mut Findings, m: &Metadata) {
    let error = Severity::Error;
    if m.name.is_empty() {
        found.add(error, FILE, "name is required");
    } else {
        found.check(!m.name.contains('/'), error, FILE, format!("chart name {:?} is invalid", m.name));
    }
    match m.api_version.as_str() {
        "v1" | "v2" => {}
        "" => found.add(error, FILE, "apiVersion is required. The value must be either \"v1\" or \"v2\""),
        other => found.add(
            error,
            FILE,
            format!("apiVersion '{other}' is not valid. The value must be either \"v1\" or \"v2\""),
        ),
    }
}

fn types(found: &mut Findings, document: Option<&Map>) {
    for key in ["version", "appVersion"] {
        let go_type = match document.and_then(|d| d.get(key)) {
            None | Some(Value::String(_)) => continue,
            Some(Value::Null) => "<nil>",
            Some(Value::Bool(_)) => "bool",
            Some(Value::Int(_) | Value::Uint(_) | Value::Float(_)) => "float64",
            Some(Value::Array(_)) => "[]interface {}",
            Some(Value::Object(_)) => "map[string]interface {}",
        };
        let message = format!("{key} should be of type string but it's of type {go_type}");
        found.add(Severity::Error, FILE, message);
    }
}

fn details(found: &mut Findings, m: &Metadata) {
    let error = Severity::Error;
    let version = m.version.as_str();
    if version.is_empty() {
        found.add(error, FILE, "version is required");
    } else if Version::parse(version).is_err() {
        found.add(error, FILE, format!("version '{version}' is not a valid SemVer"));
    }
    if let Some(wrong) = m.maintainers.iter().find_map(maintainer_fault) {
        found.add(error, FILE, wrong);
    }
    if let Some(source) = m.sources.iter().find(|s| !is_request_url(s)) {
        found.add(error, FILE, format!("invalid source URL '{source}'"));
    }
    found.check(!m.icon.is_empty(), Severity::Info, FILE, "icon is recommended");
    let icon_holds = m.icon.is_empty() || is_request_url(&m.icon);
    found.check(icon_holds, error, FILE, format!("invalid icon URL '{}'", m.icon));
    if m.api_version != "v2" {
        let api = &m.api_version;
        let message =
            format!("chart type is not valid in apiVersion '{api}'. It is valid in apiVersion 'v2'");
        found.check(m.chart_type.is_empty(), error, FILE, message);
        let message = format!(
            "dependencies are not valid in the Chart file with apiVersion '{api}'. They are valid in apiVersion 'v2'"
        );
        found.check(m.dependencies.as_ref().is_none_or(Vec::is_empty), error, FILE, message);
    }
}

fn maintainer_fault(maintainer: &Maintainer) -> Option<String> {
    let Maintainer { name, email, url } = maintainer;
    if name.is_empty() {
        Some("each maintainer requires a name".to_owned())
    } else if !email.is_empty() && !is_email(email) {
        Some(format!("invalid email '{email}' for maintainer '{name}'"))
    } else if !url.is_empty() && !is_url(url) {
        Some(format!("invalid url '{url}' for maintainer '{name}'"))
    } else {
        None
    }
}

/// As govalidator's `IsEmail`, but for quoted names and comments.
fn is_email(text: &str) -> bool {
    let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(c) || !c.is_ascii();
    text.rsplit_once('@').is_some_and(|(local, host)| {
        local.split('.').all(|part| !part.is_empty() && part.chars().all(atom)) && is_host_name(host)
    })
}

/// A name of at least two labels, the last of which starts and ends with a letter.
fn is_host_name(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
    let label = |l: &str| {
        let edge = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        edge(l.chars().next())
            && edge(l.chars().next_back())
            && l.chars().all(|c| c.is_alphanumeric() || "-_~".contains(c))
    };
    host.rsplit_once('.').is_some_and(|(_, last)| {
        host.split('.').all(label) && letter(last.chars().next()) && letter(last.chars().next_back())
    })
}

/// As govalidator's `IsURL`: a host, with or without a scheme.
fn is_url(text: &str) -> bool {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = host.split_once(':').map_or(host, |(name, _)| name);
    let is_address = host.parse::<std::net::Ipv4Addr>().is_ok();
    !text.contains(char::is_whitespace) && (host == "localhost" || is_address || is_host_name(host))
}

/// As govalidator's `IsRequestURL`: a scheme, and a path or host behind it.
fn is_request_url(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, rest)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
            && rest.starts_with('/')
            && !rest.contains(|c: char| c.is_ascii_control() || c == ' ' && rest.starts_with("//"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_other_texts() {
        for (text, expect) in
            [("a@b.io", true), ("a@b", false), ("@b.io", false), ("a.b+c@x-y.org", true), ("a b@c.io", false)]
        {
            assert_eq!(is_email(text), expect, "{text}");
        }
        for (text, expect) in
            [("https://x.io/a", true), ("x", false), ("x.io", false), ("http://", true), ("mailto:x", false)]
        {
            assert_eq!(is_request_url(text), expect, "{text}");
        }
        for (text, expect) in
            [("https://x.io/a", true), ("x.io", true), ("x", false), ("http://localhost:80", true)]
        {
            assert_eq!(is_url(text), expect, "{text}");
        }
    }
}
