//! Transcripts of command lines: what each printed, with everything that differs from run to run replaced.

use anyhow::{Context, bail};
use regex::Regex;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// A line of a script.
pub struct Step {
    pub command: String,
    /// Its output is not compared; it must succeed.
    pub silent: bool,
    /// Controllers bring about what it prints, some time after what was asked of them.
    pub eventual: bool,
    /// Why the devcluster prints something else, where that is known.
    pub differs: Option<String>,
}

/// Reads a script: a command a line, `@` before those that only get somewhere, `~` before those that tell what controllers
/// bring about, `# differs: why` before known differences.
pub fn read_script(text: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut differs = None;
    for line in text.lines() {
        if let Some(why) = line.strip_prefix("# differs: ") {
            differs = Some(why.to_owned());
        } else if !line.is_empty() && !line.starts_with('#') {
            let (mark, command) = match line.split_once(' ') {
                Some((mark @ ("@" | "~"), command)) => (mark, command),
                _ => ("", line),
            };
            steps.push(Step {
                command: command.to_owned(),
                silent: mark == "@",
                eventual: mark == "~",
                differs: differs.take(),
            });
        }
    }
    steps
}

/// A command with what it printed, and how it ended where that was no success.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    pub command: String,
    pub output: String,
}

/// Reads a recorded transcript.
pub fn read(text: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for line in text.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            entries.push(Entry { command: command.to_owned(), output: String::new() });
        } else if let Some(entry) = entries.last_mut() {
            entry.output.push_str(line.strip_prefix("  ").unwrap_or(line));
            entry.output.push('\n');
        }
    }
    entries
}

/// Writes a transcript.
pub fn write(entries: &[Entry]) -> String {
    let mut out = String::new();
    for entry in entries {
        let _ = writeln!(out, "$ {}", entry.command);
        for line in entry.output.lines() {
            let _ = writeln!(out, "  {line}");
        }
    }
    out
}

/// Runs the commands of scripts in a shell.
pub struct Shell<'s> {
    pub folder: &'s Path,
    pub tools: &'s Path,
    pub kubeconfig: &'s Path,
    pub normal: Normal,
}

impl Shell<'_> {
    pub fn run(&self, step: &Step) -> anyhow::Result<Entry> {
        let path = std::env::var("PATH").unwrap_or_default();
        let out = Command::new("timeout")
            .args(["90", "bash", "-c", &step.command])
            .current_dir(self.folder)
            .env("PATH", format!("{}:{path}", self.tools.display()))
            .env("KUBECONFIG", self.kubeconfig)
            .env("TZ", "UTC")
            .output()
            .context("start bash")?;
        let (stdout, stderr) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        if step.silent {
            if !out.status.success() {
                bail!("{} ended with {}: {stdout}{stderr}", step.command, out.status);
            }
            return Ok(Entry { command: step.command.clone(), output: String::new() });
        }
        let mut output = self.normal.text(&stdout);
        for line in self.normal.text(&stderr).lines() {
            let _ = writeln!(output, "! {line}");
        }
        if let Some(code) = out.status.code().filter(|c| *c != 0) {
            let _ = writeln!(output, "= {code}");
        }
        Ok(Entry { command: step.command.clone(), output })
    }
}

/// Replaces what differs from run to run.
pub struct Normal {
    rules: Vec<(Regex, &'static str)>,
}

impl Normal {
    pub fn new() -> anyhow::Result<Self> {
        const RULES: &[(&str, &str)] = &[
            (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UID"),
            (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME"),
            (r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+A-Z]\w+", "TIME"),
            (r"/tmp/[\w./-]+", "FILE"),
            (r"https?://127\.0\.0\.1:\d+", "SERVER"),
            (r"\b(node-1|devcluster)\b", "NODE"),
            (r"\b(10|172|192)\.\d+\.\d+\.\d+\b", "IP"),
            (r"127\.0\.0\.1\b", "IP"),
            (r#"(resourceVersion"?: "?)\d+("?)"#, "${1}RV$2"),
            (r"pod-template-hash([:=] ?)\w+", "pod-template-hash${1}HASH"),
            (r"controller-revision-hash([:=] ?)[\w-]+", "controller-revision-hash${1}HASH"),
            (r"Revision: [\w-]+-[bcdfghjklmnpqrstvwxz2456789]{6,10}\b", "Revision: NAME-HASH"),
            (r"-[bcdfghjklmnpqrstvwxz2456789]{6,10}-[bcdfghjklmnpqrstvwxz2456789]{5}\b", "-HASH-RAND"),
            (r"\b(made|web|db|agent|first|second|plain)-[bcdfghjklmnpqrstvwxz2456789]{6,10}\b", "$1-HASH"),
            (
                r"\b(once|manual|often|agent|made|web|db|port|exposed|broken)-[bcdfghjklmnpqrstvwxz2456789]{5}\b",
                "$1-RAND",
            ),
            (r":3\d{4}/", ":NODEPORT/"),
            (r"nodePort: 3\d{4}", "nodePort: NODEPORT"),
            (r"NodePort: +(\S+) +3\d{4}", "NodePort: $1 NODEPORT"),
            (r"\b(\d+d)?(\d+h)?(\d+m)?\d+s\b", "AGE"),
            (r"AGE \(x\d+ over AGE\)", "AGE"),
            (r"kube-api-access-\w{5}", "kube-api-access-RAND"),
            (r"[ \t]+", " "),
        ];
        let rules = RULES
            .iter()
            .map(|(pattern, with)| Ok((Regex::new(pattern)?, *with)))
            .collect::<anyhow::Result<_>>()?;
        Ok(Self { rules })
    }

    pub fn text(&self, text: &str) -> String {
        let mut lines: Vec<String> = Vec::new();
        let mut events_from = None;
        for line in text.lines() {
            let mut line = line.trim_end().to_owned();
            let indent = line.len() - line.trim_start_matches(' ').len();
            for (pattern, with) in &self.rules {
                line = pattern.replace_all(&line, *with).into_owned();
            }
            // How deep a line stands is YAML's meaning and kubectl's layout.
            let line = format!("{}{}", " ".repeat(indent), line.trim());
            if line.trim().is_empty() {
                continue;
            }
            if line.trim_start().starts_with("Events:") {
                events_from = Some(lines.len() + 1);
            }
            lines.push(line);
        }
        // Events of one second come in any order.
        if let Some(from) = events_from.filter(|from| *from < lines.len()) {
            lines[from..].sort();
        }
        lines.iter().fold(String::new(), |out, line| out + line + "\n")
    }
}

/// Says line by line where two outputs differ.
pub fn difference(expected: &str, found: &str) -> String {
    let (expected, found): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), found.lines().collect());
    // Longest common subsequence; outputs are short.
    let mut common = vec![vec![0_usize; found.len() + 1]; expected.len() + 1];
    for (i, e) in expected.iter().enumerate().rev() {
        for (j, f) in found.iter().enumerate().rev() {
            common[i][j] =
                if e == f { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
        }
    }
    let (mut i, mut j, mut out) = (0, 0, String::new());
    while i < expected.len() || j < found.len() {
        if i < expected.len() && j < found.len() && expected[i] == found[j] {
            (i, j) = (i + 1, j + 1);
        } else if j == found.len() || (i < expected.len() && common[i + 1][j] >= common[i][j + 1]) {
            let _ = writeln!(out, "    - {}", expected[i]);
            i += 1;
        } else {
            let _ = writeln!(out, "    + {}", found[j]);
            j += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_run_to_run_is_replaced() {
        let normal = Normal::new().unwrap();
        for (text, expect) in [
            ("pod/web-6d4cf56db6-x2x4b   1/1   Running   0   12s\n", "pod/web-HASH-RAND 1/1 Running 0 AGE\n"),
            ("  creationTimestamp: \"2026-01-01T00:00:00Z\"", "  creationTimestamp: \"TIME\"\n"),
            ("10.96.3.4   <none>   80:31234/TCP   2m3s", "IP <none> 80:NODEPORT/TCP AGE\n"),
            ("uid: 01234567-89ab-cdef-0123-456789abcdef", "uid: UID\n"),
        ] {
            assert_eq!(normal.text(text), expect);
        }
    }

    #[test]
    fn transcripts_are_read_as_they_are_written() {
        let entries = vec![
            Entry { command: "a".into(), output: "one\n  two\n= 1\n".into() },
            Entry { command: "b".into(), output: String::new() },
        ];
        assert_eq!(read(&write(&entries)), entries);
    }

    #[test]
    fn scripts_mark_how_a_command_is_compared() {
        let steps = read_script("# about\n\na x\n@ b\n# differs: no reason\nc\n~ d e\n");
        let seen: Vec<_> =
            steps.iter().map(|s| (s.command.as_str(), s.silent, s.eventual, s.differs.is_some())).collect();
        assert_eq!(
            seen,
            [
                ("a x", false, false, false),
                ("b", true, false, false),
                ("c", false, false, true),
                ("d e", false, true, false)
            ]
        );
    }

    #[test]
    fn differences_name_the_lines() {
        assert_eq!(difference("a\nb\nc\n", "a\nx\nc\n"), "    - b\n    + x\n");
    }
}
