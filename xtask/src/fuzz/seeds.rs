//! Inputs that fuzzers begin with: those of `fuzz/seeds`, and those of the corpora of tools' outputs.

use anyhow::Context as _;
use fairway_template::Functions;
use std::path::{Path, PathBuf};

/// Largest input that is taken from a corpus.
const HARVEST_BYTES_MAX: usize = 4096;

/// Returns the folder of a target's own seeds.
pub fn folder(target: &str) -> PathBuf {
    Path::new("fuzz/seeds").join(target)
}

/// Returns words of templates as libFuzzer reads them.
pub fn dictionary() -> String {
    let signs =
        ["{{", "}}", "{{-", "-}}", "{{/*", "*/}}", ":=", "$x", ".Values", "| ", "\\\"", "define", "end"];
    let words = [
        "range",
        "with",
        "if",
        "else",
        "block",
        "template",
        "break",
        "continue",
        "=== templates/a.yaml\\x0a",
    ];
    let words = signs.into_iter().chain(words).chain(Functions::helm().names());
    words.map(|word| format!("\"{word}\"\n")).collect()
}

/// Writes the inputs of a corpus that a target takes into a folder; nothing where there is no such corpus.
pub fn harvest(target: &str, conformance: &Path, into: &Path) -> anyhow::Result<()> {
    let inputs = match target {
        "template" => {
            [templates(&conformance.join("gotemplate")), templates(&conformance.join("sprig"))].concat()
        }
        "kustomize" => {
            subfolders(&conformance.join(target)).iter().map(|c| joined(&c.join("input"))).collect()
        }
        "chart" => subfolders(&conformance.join("helm")).iter().map(|c| joined(&c.join("chart"))).collect(),
        _ => Vec::new(),
    };
    for (n, input) in inputs.iter().filter(|i| !i.is_empty() && i.len() <= HARVEST_BYTES_MAX).enumerate() {
        std::fs::write(into.join(n.to_string()), input).context("write a seed")?;
    }
    Ok(())
}

fn templates(dir: &Path) -> Vec<String> {
    let files = std::fs::read_dir(dir).into_iter().flatten().flatten().map(|e| e.path());
    let texts = files.filter(|p| p.extension().is_some_and(|x| x == "jsonl"));
    let texts = texts.filter_map(|p| std::fs::read_to_string(p).ok());
    let mut found = Vec::new();
    for text in texts {
        let cases = text.lines().filter_map(|l| serde_json::from_str::<serde_json::Value>(l).ok());
        found.extend(cases.filter_map(|case| case["template"].as_str().map(str::to_owned)));
    }
    found
}

fn subfolders(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries.map(|e| e.path()).filter(|p| p.is_dir()).collect()
}

/// Writes a folder as the targets read one out of a text.
fn joined(dir: &Path) -> String {
    let mut out = String::new();
    let mut open = vec![(dir.to_owned(), String::new())];
    while let Some((dir, below)) = open.pop() {
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            let name = format!("{below}{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                open.push((entry.path(), format!("{name}/")));
            } else if let Ok(text) = std::fs::read_to_string(entry.path()) {
                out.push_str(&format!("=== {name}\n{text}"));
            }
            if out.len() > HARVEST_BYTES_MAX {
                return out;
            }
        }
    }
    out
}
