use std::collections::BTreeMap;

/// The build environment: variables that parameters, values files and annotations may use.
///
/// As Argo CD 3 `reposerver/repository` `newEnv`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildEnv {
    vars: BTreeMap<String, String>,
}

impl BuildEnv {
    /// Builds the standard variables.
    #[must_use]
    pub fn new(
        app_name: &str,
        namespace: &str,
        project: &str,
        revision: &str,
        source: &fairway_core::AppSource,
    ) -> Self {
        let short = |n: usize| revision.get(..n).unwrap_or(revision).to_owned();
        let vars = [
            ("ARGOCD_APP_NAME", app_name.to_owned()),
            ("ARGOCD_APP_NAMESPACE", namespace.to_owned()),
            ("ARGOCD_APP_PROJECT_NAME", project.to_owned()),
            ("ARGOCD_APP_REVISION", revision.to_owned()),
            ("ARGOCD_APP_REVISION_SHORT", short(7)),
            ("ARGOCD_APP_REVISION_SHORT_8", short(8)),
            ("ARGOCD_APP_SOURCE_REPO_URL", source.repo_url.to_string()),
            ("ARGOCD_APP_SOURCE_PATH", source.path.to_string()),
            ("ARGOCD_APP_SOURCE_TARGET_REVISION", source.target_revision.to_string()),
        ];
        Self { vars: vars.into_iter().map(|(k, v)| (k.to_owned(), v)).collect() }
    }

    /// Adds a variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.vars.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Iterates over names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.vars.iter().map(|(k, v)| (k.as_str(), v.as_str()))
    }

    /// As [`BuildEnv::substitute`], but keeps a leading `$name/`, which names another source.
    #[must_use]
    pub fn substitute_keeping_refs(&self, text: &str) -> String {
        match text.strip_prefix('$').and_then(|rest| rest.split_once('/')) {
            Some((name, path)) if !self.vars.contains_key(name) => {
                format!("${name}/{}", self.substitute(path))
            }
            _ => self.substitute(text),
        }
    }

    /// Replaces `$NAME` and `${NAME}`; `$$` is a dollar sign; names that are not known become empty, as Go's
    /// `os.Expand` with Argo CD's mapping does.
    #[must_use]
    pub fn substitute(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            let (name, after) = variable(rest);
            match name {
                Some("$") => out.push('$'),
                Some(name) => out.push_str(self.vars.get(name).map_or("", String::as_str)),
                None => out.push('$'),
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }
}

/// Splits a variable's name off the text behind a dollar sign.
fn variable(text: &str) -> (Option<&str>, &str) {
    if let Some(after) = text.strip_prefix('$') {
        return (Some("$"), after);
    }
    if let Some(inner) = text.strip_prefix('{') {
        return match inner.split_once('}') {
            Some((name, after)) => (Some(name), after),
            None => (None, text),
        };
    }
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
    if end == 0 { (None, text) } else { (Some(&text[..end]), &text[end..]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced_and_doubled_dollars_kept() {
        let env = BuildEnv::default().with("ARGOCD_APP_NAME", "shop");
        assert_eq!(
            env.substitute("a-$ARGOCD_APP_NAME-${ARGOCD_APP_NAME}.b $$x $missing."),
            "a-shop-shop.b $x ."
        );
        assert_eq!(env.substitute("costs 5$ or ${open"), "costs 5$ or ${open");
    }
}
