//! Role-based access control as Argo CD's `util/rbac`: policy lines in CSV, roles, globs or regular expressions; a denial wins.

use fairway_core::glob_match;
use std::collections::{BTreeMap, BTreeSet};

/// Lines of a policy that are read; a longer one is cut, and what is cut allows nothing.
const LINES_MAX: usize = 20_000;

/// Levels of roles within roles.
const ROLE_DEPTH_MAX: usize = 10;

/// Bytes of a compiled regular expression.
const REGEX_BYTES_MAX: usize = 1 << 18;

/// Every resource that the policy of `role:admin` names.
const RESOURCES: [&str; 13] = [
    "applications",
    "applicationsets",
    "certificates",
    "clusters",
    "repositories",
    "write-repositories",
    "projects",
    "accounts",
    "gpgkeys",
    "logs",
    "exec",
    "extensions",
    "settings",
];

/// A question: may this subject do this to that?
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    /// Such as `applications`.
    pub(crate) resource: &'a str,
    /// Such as `get`, or `action/apps/Deployment/restart`.
    pub(crate) action: &'a str,
    /// Such as `default/guestbook`.
    pub(crate) object: &'a str,
}

#[derive(Clone, Debug)]
enum Pattern {
    Glob(String),
    Regex(Option<regex::Regex>),
}

impl Pattern {
    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Glob(glob) => glob == "*" || glob == text || glob_match(glob, text, None),
            // One that cannot be read matches nothing.
            Self::Regex(regex) => regex.as_ref().is_some_and(|regex| regex.is_match(text)),
        }
    }
}

#[derive(Clone, Debug)]
struct Rule {
    resource: Pattern,
    action: Pattern,
    object: Pattern,
    deny: bool,
}

/// A parsed policy.
#[derive(Clone, Debug, Default)]
pub(crate) struct Policy {
    rules: BTreeMap<String, Vec<Rule>>,
    roles: BTreeMap<String, BTreeSet<String>>,
    default_role: String,
    is_regex: bool,
    /// Lines that could not be read, with their numbers.
    pub(crate) problems: Vec<String>,
}

impl Policy {
    /// Reads the entries of `argocd-rbac-cm`: `policy.csv`, `policy.*.csv`, `policy.default`, `policy.matchMode`.
    pub(crate) fn read(entries: &BTreeMap<String, String>) -> Self {
        let text = |key: &str| entries.get(key).map(|v| v.trim()).unwrap_or_default();
        let mut policy = Self {
            default_role: text("policy.default").to_owned(),
            is_regex: text("policy.matchMode") == "regex",
            ..Self::default()
        };
        for resource in RESOURCES {
            policy.allow("role:admin", resource, "*");
            if !matches!(resource, "exec" | "extensions" | "write-repositories" | "settings") {
                policy.allow("role:readonly", resource, "get");
            }
        }
        policy.roles.entry("admin".to_owned()).or_default().insert("role:admin".to_owned());
        policy.roles.entry("role:admin".to_owned()).or_default().insert("role:readonly".to_owned());
        policy.add(text("policy.csv"));
        for (key, csv) in entries {
            if key.starts_with("policy.") && key.ends_with(".csv") && key != "policy.csv" {
                policy.add(csv);
            }
        }
        policy
    }

    fn allow(&mut self, subject: &str, resource: &str, action: &str) {
        let glob = |text: &str| Pattern::Glob(text.to_owned());
        let rule = Rule { resource: glob(resource), action: glob(action), object: glob("*"), deny: false };
        self.rules.entry(subject.to_owned()).or_default().push(rule);
    }

    /// Adds lines such as `p, role:dev, applications, sync, shop/*, allow` and `g, ann, role:dev`.
    pub(crate) fn add(&mut self, csv: &str) {
        for (at, line) in csv.lines().take(LINES_MAX).enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if self.line(line).is_none() {
                self.problems.push(format!("line {}: {line}", at + 1));
            }
        }
    }

    fn line(&mut self, line: &str) -> Option<()> {
        let fields: Vec<&str> = line.split(',').map(|f| f.trim().trim_matches('"')).collect();
        match fields[..] {
            ["p", subject, resource, action, object, effect] => {
                let deny = match effect {
                    "allow" => false,
                    "deny" => true,
                    _ => return None,
                };
                let rule = Rule {
                    resource: self.pattern(resource),
                    action: self.pattern(action),
                    object: self.pattern(object),
                    deny,
                };
                self.rules.entry(subject.to_owned()).or_default().push(rule);
            }
            ["g", subject, role] => {
                self.roles.entry(subject.to_owned()).or_default().insert(role.to_owned());
            }
            _ => return None,
        }
        Some(())
    }

    fn pattern(&self, text: &str) -> Pattern {
        if !self.is_regex {
            return Pattern::Glob(text.to_owned());
        }
        Pattern::Regex(regex::RegexBuilder::new(text).size_limit(REGEX_BYTES_MAX).build().ok())
    }

    /// Answers for a subject and its groups. The default role is asked first and cannot be denied, as in Argo CD.
    pub(crate) fn permits(&self, subject: &str, groups: &[String], request: Request<'_>) -> bool {
        if !self.default_role.is_empty() && self.decide([self.default_role.as_str()], request) {
            return true;
        }
        self.decide(std::iter::once(subject).chain(groups.iter().map(String::as_str)), request)
    }

    fn decide<'a>(&self, subjects: impl IntoIterator<Item = &'a str>, request: Request<'_>) -> bool {
        let mut seen: BTreeSet<&str> = subjects.into_iter().collect();
        let mut layer: Vec<&str> = seen.iter().copied().collect();
        for _ in 0..ROLE_DEPTH_MAX {
            let above = layer.iter().filter_map(|s| self.roles.get(*s)).flatten();
            let fresh: Vec<&str> = above.map(String::as_str).filter(|r| !seen.contains(r)).collect();
            if fresh.is_empty() {
                break;
            }
            seen.extend(&fresh);
            layer = fresh;
        }
        let mut is_allowed = false;
        for rule in seen.iter().filter_map(|s| self.rules.get(*s)).flatten() {
            let is_meant = rule.resource.matches(request.resource)
                && rule.action.matches(request.action)
                && rule.object.matches(request.object);
            if is_meant && rule.deny {
                return false;
            }
            is_allowed |= is_meant;
        }
        is_allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(entries: &[(&str, &str)]) -> Policy {
        Policy::read(&entries.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    }

    fn may(policy: &Policy, who: &str, resource: &str, action: &str, object: &str) -> bool {
        policy.permits(who, &[], Request { resource, action, object })
    }

    #[test]
    fn the_built_in_roles_do_what_their_names_say() {
        let policy = policy(&[("policy.csv", "g, ann, role:readonly")]);
        assert!(may(&policy, "admin", "applications", "delete", "default/shop"));
        assert!(may(&policy, "ann", "applications", "get", "default/shop"));
        assert!(!may(&policy, "ann", "applications", "sync", "default/shop"));
        assert!(!may(&policy, "ann", "exec", "get", "default/shop"));
        assert!(!may(&policy, "bob", "applications", "get", "default/shop"));
    }

    #[test]
    fn a_denial_wins_over_every_permission_but_the_default_roles() {
        let csv = "p, role:dev, applications, *, shop/*, allow\ng, ann, role:dev\np, ann, applications, delete, shop/prod, deny";
        let strict = policy(&[("policy.csv", csv)]);
        assert!(may(&strict, "ann", "applications", "delete", "shop/dev"));
        assert!(!may(&strict, "ann", "applications", "delete", "shop/prod"));
        let open = policy(&[("policy.csv", csv), ("policy.default", "role:admin")]);
        assert!(may(&open, "ann", "applications", "delete", "shop/prod"));
    }

    #[test]
    fn globs_cross_slashes_and_regular_expressions_are_a_choice() {
        let csv = "p, ann, applications, action/apps/*, */web-*, allow";
        let glob = policy(&[("policy.csv", csv)]);
        assert!(may(&glob, "ann", "applications", "action/apps/Deployment/restart", "shop/web-dev"));
        assert!(!may(&glob, "ann", "applications", "action/batch/Job/x", "shop/web-dev"));
        let regex = policy(&[
            (
                "policy.csv",
                "p, ann, applications, (get|sync), ^shop/[a-c]$, allow\np, ann, clusters, get, (, allow",
            ),
            ("policy.matchMode", "regex"),
        ]);
        assert!(may(&regex, "ann", "applications", "sync", "shop/b"));
        assert!(!may(&regex, "ann", "applications", "sync", "shop/d"));
        assert!(!may(&regex, "ann", "clusters", "get", "("));
    }

    #[test]
    fn roles_nest_and_circles_end() {
        let csv = "g, ann, role:a\ng, role:a, role:b\ng, role:b, role:a\np, role:b, logs, get, *, allow";
        assert!(may(&policy(&[("policy.more.csv", csv)]), "ann", "logs", "get", "shop/x"));
    }

    #[test]
    fn lines_that_cannot_be_read_are_named_and_allow_nothing() {
        let policy = policy(&[("policy.csv", "# note\np, ann, applications, get, *, maybe\nx, y")]);
        assert_eq!(policy.problems.len(), 2);
        assert!(!may(&policy, "ann", "applications", "get", "default/x"));
    }
}
