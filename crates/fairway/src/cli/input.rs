//! Reading what a command is given.

use anyhow::Context as _;
use fairway_value::Value;
use std::io::Read as _;
use std::path::Path;

/// Reads a file of YAML or JSON; `-` is the standard input.
pub fn read_yaml(file: &Path) -> anyhow::Result<Value> {
    let mut content = String::new();
    if file.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut content).context("read the standard input")?;
    } else {
        content = std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
    }
    fairway_yaml::parse(&content).with_context(|| format!("read {}", file.display()))
}
