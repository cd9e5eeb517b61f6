//! What a script reads and compares with: only that is worth a mutation.

use std::collections::BTreeSet;

/// Most words of a script that a text is replaced by.
const WORDS_MAX: usize = 80;

/// The words of a script.
#[derive(Default)]
pub struct Vocabulary {
    /// Short texts in quotes.
    pub words: Vec<String>,
    /// Paths that begin at `obj`.
    pub paths: BTreeSet<Vec<String>>,
    /// Names behind a dot that begin elsewhere: fields of entries.
    pub item_keys: BTreeSet<String>,
    names: BTreeSet<String>,
    /// Whether every field may be read.
    reads_all: bool,
}

impl Vocabulary {
    /// Reads a script. It need not be Lua.
    pub fn of(script: &str) -> Self {
        Self::read(script, WORDS_MAX)
    }

    fn read(script: &str, words_max: usize) -> Self {
        let mut out = Self::default();
        for line in script.lines().map(|l| l.split("--").next().unwrap_or_default()) {
            out.line(line);
        }
        out.words.sort();
        out.words.dedup();
        out.words.truncate(words_max);
        out
    }

    /// Reads the words of a check in Go, which reads its whole object.
    pub fn of_go(source: &str) -> Self {
        let words = Self::read(source, usize::MAX);
        Self { words: words.words, reads_all: true, ..Self::default() }
    }

    fn line(&mut self, line: &str) {
        let mut rest = line;
        let mut chain: Vec<String> = Vec::new();
        while let Some(c) = rest.chars().next() {
            let word = rest.len() - rest.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_').len();
            if word > 0 {
                chain.push(rest[..word].to_owned());
                rest = &rest[word..];
                if let Some(after) = rest.strip_prefix('.').filter(|r| !r.starts_with('.')) {
                    rest = after;
                } else if !rest.starts_with(['[']) {
                    self.chain(std::mem::take(&mut chain));
                }
            } else if c == '"' || c == '\'' {
                let end = rest[1..].find(c).map_or(rest.len(), |e| e + 1);
                let text = rest.get(1..end).unwrap_or_default();
                self.names.insert(text.to_owned());
                if !text.is_empty() && text.len() < 60 && !text.ends_with(' ') {
                    self.words.push(text.to_owned());
                }
                if chain.is_empty() {
                    rest = rest.get(end + 1..).unwrap_or_default();
                } else {
                    chain.push(text.to_owned());
                    rest = rest.get(end + 1..).unwrap_or_default();
                    rest = rest.strip_prefix(']').unwrap_or(rest);
                    match rest.strip_prefix('.') {
                        Some(after) => rest = after,
                        None if rest.starts_with('[') => {}
                        None => self.chain(std::mem::take(&mut chain)),
                    }
                }
            } else {
                if c != '[' {
                    self.chain(std::mem::take(&mut chain));
                }
                rest = &rest[c.len_utf8()..];
            }
        }
        self.chain(chain);
    }

    fn chain(&mut self, chain: Vec<String>) {
        let Some((first, keys)) = chain.split_first() else { return };
        self.names.extend(keys.iter().cloned());
        if first == "obj" {
            for end in 1..=keys.len() {
                self.paths.insert(keys[..end].to_vec());
            }
        } else if !matches!(
            first.as_str(),
            "hs" | "health_status" | "healthStatus" | "string" | "table" | "math" | "os"
        ) {
            self.item_keys.extend(keys.last().cloned());
        }
    }

    /// Whether a change at a path can matter: its key, or the one that holds it, stands in the script.
    pub fn reads(&self, path: &[String]) -> bool {
        if path.iter().any(|k| k == "managedFields") {
            return false;
        }
        if self.reads_all {
            return true;
        }
        let keys: Vec<&String> = path.iter().filter(|k| k.parse::<usize>().is_err()).collect();
        let named = |key: &str| {
            self.names.contains(key)
                || matches!(key, "status" | "conditions" | "metadata" | "spec" | "generation")
        };
        match keys.as_slice() {
            [.., holder, key] => {
                named(key) || named(holder) && !matches!(holder.as_str(), "metadata" | "spec")
            }
            [key] => named(key),
            [] => false,
        }
    }
}
