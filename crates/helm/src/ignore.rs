use crate::go_match;

/// The rules of a `.helmignore`, as Helm's `pkg/ignore`.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    patterns: Vec<Pattern>,
}

#[derive(Debug)]
struct Pattern {
    rule: String,
    negate: bool,
    must_dir: bool,
    place: Place,
}

/// What of a path a rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    WholePath,
    BaseName,
}

impl Rules {
    /// Parses a `.helmignore` and adds Helm's own rule: no dot files in `templates/`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut rules = Self::default();
        for line in text.trim_start_matches('\u{feff}').lines().chain(["templates/.?*"]) {
            rules.add(line)?;
        }
        Ok(rules)
    }

    fn add(&mut self, line: &str) -> Result<(), String> {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        if line.contains("**") {
            return Err("double-star (**) syntax is not supported".to_owned());
        }
        if go_match::matches(line, "abc").is_err() {
            return Err(format!("syntax error in pattern {line:?}"));
        }
        let (negate, rule) = line.strip_prefix('!').map_or((false, line), |r| (true, r));
        let (must_dir, rule) = rule.strip_suffix('/').map_or((false, rule), |r| (true, r));
        let place = if rule.contains('/') { Place::WholePath } else { Place::BaseName };
        // Helm takes one more slash away with each path that it looks at.
        let rule = rule.trim_start_matches('/').to_owned();
        self.patterns.push(Pattern { rule, negate, must_dir, place });
        Ok(())
    }

    /// Whether a file or directory is left out. Rules are tried in order and the first that decides wins; a negated
    /// rule leaves out all that it does not match.
    pub(crate) fn ignores(&self, path: &str, is_dir: bool) -> bool {
        for pattern in &self.patterns {
            if pattern.negate {
                if (pattern.must_dir && !is_dir) || !pattern.matches(path) {
                    return true;
                }
            } else if (!pattern.must_dir || is_dir) && pattern.matches(path) {
                return true;
            }
        }
        false
    }
}

impl Pattern {
    fn matches(&self, path: &str) -> bool {
        let name = match self.place {
            Place::WholePath => path,
            Place::BaseName => path.rsplit('/').next().unwrap_or(path),
        };
        // Nearly every name already differs before the first sign that is no letter, or behind the last.
        let is_sign = |c| matches!(c, '*' | '?' | '[' | ']' | '\\');
        let start = self.rule.split(is_sign).next().unwrap_or_default();
        let end = self.rule.rsplit(is_sign).next().unwrap_or_default();
        name.starts_with(start) && name.ends_with(end) && go_match::matches(&self.rule, name) == Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_decides_wins() {
        let rules = Rules::parse("# c\n*.md\n/top.txt\nsub/x\ndir/\n").unwrap();
        for (path, is_dir, expect) in [
            ("README.md", false, true),
            ("a/README.md", false, true),
            ("top.txt", false, true),
            ("a/top.txt", false, false),
            ("sub/x", false, true),
            ("dir", true, true),
            ("dir", false, false),
            ("templates/.hidden", false, true),
            ("values.yaml", false, false),
        ] {
            assert_eq!(rules.ignores(path, is_dir), expect, "{path}");
        }
        for (rule, name, expect) in
            [("a\\*b", "a*b", true), ("[a-c]x", "bx", true), ("a]b", "a]b", true), ("a*a", "a", false)]
        {
            assert_eq!(Rules::parse(rule).unwrap().ignores(name, false), expect, "{rule}");
        }
        assert!(Rules::parse("a/**\n").is_err());
        assert!(Rules::parse("!keep\n").unwrap().ignores("Chart.yaml", false));
    }
}
