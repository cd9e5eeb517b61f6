//! Helm's flags for values.

use super::chart::fail;
use crate::cli::elsewhere::Elsewhere;
use crate::cli::pflag::Slice;
use crate::cli::system::told;
use anyhow::{Context as _, anyhow, bail};
use fairway_helm::{Error, ValueSources, ValuesFile};
use fairway_kustomize::Remote as _;
use fairway_value::Map;
use std::io::Read as _;
use std::path::Path;

/// Largest file of values.
const FILE_BYTES_MAX: u64 = 64 << 20;

#[derive(clap::Args, Clone, Debug, Default)]
pub struct ValueFlags {
    /// Files of values; - is the standard input. The later win.
    #[arg(long = "values", short = 'f', value_name = "FILE")]
    pub values: Vec<Slice>,
    /// A value: KEY=VALUE, several with commas.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// A value that stays a string.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set_string: Vec<String>,
    /// A value in JSON.
    #[arg(long, value_name = "KEY=JSON")]
    pub set_json: Vec<String>,
    /// A value from a file.
    #[arg(long, value_name = "KEY=FILE")]
    pub set_file: Vec<String>,
    /// A value that is taken as it is written.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set_literal: Vec<String>,
}

impl ValueFlags {
    /// Reads and merges all values; those of an address come from elsewhere.
    pub fn merge(&self, elsewhere: &Elsewhere) -> anyhow::Result<Map> {
        let mut files = Vec::new();
        for name in Slice::all(&self.values) {
            files.push(ValuesFile { name: name.clone(), text: read(name, elsewhere)? });
        }
        let sources = ValueSources {
            files,
            tree: None,
            set_json: self.set_json.clone(),
            set: self.set.clone(),
            set_string: self.set_string.clone(),
            set_file: self.set_file.clone(),
            set_literal: self.set_literal.clone(),
        };
        let read = |name: &str| read(name, elsewhere).map_err(|e| Error::Values(format!("{e:#}")));
        sources.merge(&read).map_err(|e| fail(&e))
    }
}

fn read(name: &str, elsewhere: &Elsewhere) -> anyhow::Result<String> {
    let mut text = String::new();
    if name == "-" {
        std::io::stdin().take(FILE_BYTES_MAX).read_to_string(&mut text).context("read the standard input")?;
        return Ok(text);
    }
    if name.contains("://") {
        let bytes = elsewhere.file(name).map_err(|e| anyhow!("failed to fetch {name}: {e}"))?;
        return String::from_utf8(bytes.to_vec()).with_context(|| format!("read {name}"));
    }
    let file = std::fs::File::open(name).map_err(|e| anyhow!(told(Path::new(name), "open", &e)))?;
    if file.metadata()?.len() > FILE_BYTES_MAX {
        bail!("{name} is larger than {FILE_BYTES_MAX} bytes");
    }
    file.take(FILE_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(|e| anyhow!(told(Path::new(name), "read", &e)))?;
    Ok(text)
}
