//! Names of releases: made of a template, and held to Helm's rule.

use crate::Error;
use fairway_template::{Functions, Limits, MissingKey, Ports, Run, Templates, Value};
use std::sync::Arc;

/// Longest name of a release, so that names made of it fit a label.
const RELEASE_NAME_MAX: usize = 53;

/// Makes a release's name, as Helm's `--name-template` does (`TemplateName` in `pkg/action/install.go`): of Go's
/// functions and Sprig's, without those that charts have beside them, and of no data.
///
/// # Errors
/// The template cannot be parsed or run.
pub fn name_of_template(template: &str, ports: Ports<'_>) -> Result<String, Error> {
    const NAME: &str = "name-template";
    let fail = |e: fairway_template::Error| Error::Template { message: e.message, context: String::new() };
    let mut templates = Templates::new(NAME, Arc::new(Functions::sprig()), MissingKey::Default);
    templates.parse(NAME, template).map_err(fail)?;
    let run = Run { ports, limits: &Limits::default(), lookup: None, sums: None };
    templates.execute(NAME, Value::Nil, run).map_err(fail)
}

/// Holds a name to Helm's `ValidateReleaseName`.
pub(crate) fn check_release_name(name: &str) -> Result<(), Error> {
    if name.is_empty() {
        return Err(Error::Values("release name \"\": no name provided".to_owned()));
    }
    if name.len() > RELEASE_NAME_MAX || !name.split('.').all(is_label) {
        return Err(Error::Values(format!(
            "release name {name:?}: invalid release name, must match regex \
             ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$ and the length must not be longer \
             than {RELEASE_NAME_MAX}"
        )));
    }
    Ok(())
}

/// Whether a text is a label as RFC 1123 has it, in lower case and of any length: `[a-z0-9]([-a-z0-9]*[a-z0-9])?`.
pub(crate) fn is_label(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    edge(text.chars().next())
        && edge(text.chars().next_back())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_template::{FixedClock, SeededRandom};

    #[test]
    fn a_name_is_made_with_sprig_and_nothing_of_helms() {
        let random = SeededRandom::new(1);
        let ports = Ports { clock: &FixedClock(0), random: &random };
        assert_eq!(name_of_template("{{ lower \"Shop\" }}-{{ add 1 2 }}", ports).unwrap(), "shop-3");
        let error = name_of_template("{{ toYaml 1 }}", ports).unwrap_err().to_string();
        assert_eq!(error, "template: name-template:1: function \"toYaml\" not defined");
    }

    #[test]
    fn names_are_labels_between_dots() {
        let longest = "a".repeat(RELEASE_NAME_MAX);
        for (name, expect) in [
            ("shop", true),
            ("1-a.b", true),
            (longest.as_str(), true),
            ("", false),
            ("a..b", false),
            ("a-.b", false),
            ("Shop", false),
            (&format!("{longest}a"), false),
        ] {
            assert_eq!(check_release_name(name).is_ok(), expect, "{name}");
        }
    }
}
