//! Writing to the standard output, for people and for programs.

use fairway_value::{HtmlEscape, Value, to_json_pretty};
use std::io::{ErrorKind, Write as _};

/// How an answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Table,
    /// For people, with more columns.
    Wide,
    /// The objects as JSON.
    Json,
    /// The objects as YAML.
    Yaml,
    /// Names alone, one a line.
    Name,
}

/// Writes text. A reader that has gone away ends the output and nothing else.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => Err(e.into()),
        _ => Ok(()),
    }
}

/// Returns a value as programs read it; nothing for the formats that are for people.
pub fn for_programs(value: &Value, format: Format) -> Option<String> {
    match format {
        Format::Json => {
            let mut text = to_json_pretty(value, "  ", HtmlEscape::No);
            text.push('\n');
            Some(text)
        }
        Format::Yaml => Some(fairway_yaml::to_string(value)),
        Format::Table | Format::Wide | Format::Name => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_get_the_object_itself() {
        let app = fairway_value::from_json(br#"{"kind":"Application","metadata":{"name":"a<b"}}"#).unwrap();
        let json = for_programs(&app, Format::Json).unwrap();
        assert_eq!(
            json,
            "{\n  \"kind\": \"Application\",\n  \"metadata\": {\n    \"name\": \"a<b\"\n  }\n}\n"
        );
        assert_eq!(fairway_value::from_json(json.as_bytes()).unwrap(), app);
        let yaml = for_programs(&app, Format::Yaml).unwrap();
        assert_eq!(fairway_yaml::parse(&yaml).unwrap(), app);
        assert_eq!(for_programs(&app, Format::Table), None);
    }
}
