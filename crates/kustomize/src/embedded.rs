//! Texts inside objects that are YAML or JSON themselves.

use fairway_value::{HtmlEscape, Value, to_json, to_json_pretty};
use fairway_yaml::{Style, parse_with, to_string_with};

/// Changes a text by what `change` does to the tree that it holds; nothing where `change` finds no field.
///
/// # Errors
/// The text is no YAML, or `change` fails.
pub fn edit(
    text: &str,
    change: &mut dyn FnMut(&mut Value) -> Result<usize, String>,
) -> Result<Option<String>, String> {
    let mut tree = parse_with(text, &fairway_yaml::Options::v3()).map_err(|e| e.to_string())?;
    if change(&mut tree)? == 0 {
        return Ok(None);
    }
    let first = text.trim_start().chars().next();
    Ok(Some(match first {
        Some('{' | '[') if text.contains('\n') && text.contains("  ") => {
            to_json_pretty(&tree, "  ", HtmlEscape::Yes)
        }
        Some('{' | '[') => to_json(&tree, HtmlEscape::Yes),
        _ => to_string_with(&tree, Style::KYAML).trim().to_owned(),
    }))
}
