use super::event::{Incoming, WebhookError, WebhookEvent, WebhookKind, WebhookSecrets};
use super::verify;
use serde::Deserialize;

const FORGE: &str = "GitHub";
/// A push with more commits than this does not list them all.
pub(super) const COMMITS_LISTED_MAX: usize = 20;

/// An event as GitHub, Gogs and Gitea send it.
#[derive(Deserialize)]
pub(super) struct Payload {
    #[serde(default, rename = "ref")]
    reference: String,
    #[serde(default)]
    before: String,
    #[serde(default)]
    after: String,
    #[serde(default)]
    created: bool,
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    forced: bool,
    /// How many commits were pushed, where the forge says so.
    #[serde(default)]
    total_commits: Option<usize>,
    #[serde(default)]
    commits: Option<Vec<Commit>>,
    repository: Option<Repository>,
}

impl Payload {
    /// Builds the event of a kind. A push lists its paths where all of its commits are listed.
    pub fn event(self, forge: &'static str, kind: WebhookKind) -> Result<WebhookEvent, WebhookError> {
        let Some(repository) = self.repository else {
            return Err(WebhookError::Body { forge, why: "repository is missing".to_owned() });
        };
        let touched_head = is_default(&self.reference, &repository.default_branch);
        let event = WebhookEvent::about(kind, repository.urls());
        if kind != WebhookKind::Push {
            return Ok(event);
        }
        let commits = self.commits.unwrap_or_default();
        let count = commits.len();
        // Who does not say how many there are lists no more than so many.
        let whole = match self.total_commits {
            Some(total) => total == count && count <= COMMITS_LISTED_MAX,
            None => count < COMMITS_LISTED_MAX,
        };
        let listed = whole && count > 0 && !self.created && !self.deleted && !self.forced;
        Ok(WebhookEvent {
            reference: self.reference,
            before: self.before,
            after: self.after,
            touched_head,
            changed_files: listed.then(|| changed(commits)),
            ..event
        })
    }
}

/// A commit as GitHub, GitLab and Gogs list it.
#[derive(Deserialize)]
pub(super) struct Commit {
    #[serde(default)]
    added: Option<Vec<String>>,
    #[serde(default)]
    modified: Option<Vec<String>>,
    #[serde(default)]
    removed: Option<Vec<String>>,
}

/// A repository as GitHub and Gogs describe it.
#[derive(Deserialize)]
struct Repository {
    #[serde(default)]
    html_url: String,
    #[serde(default)]
    clone_url: String,
    #[serde(default)]
    ssh_url: String,
    #[serde(default)]
    default_branch: String,
}

impl Repository {
    fn urls(self) -> Vec<String> {
        vec![self.html_url, self.clone_url, self.ssh_url]
    }
}

/// Returns every path that the commits name, once each.
pub(super) fn changed(commits: Vec<Commit>) -> Vec<String> {
    let mut paths: Vec<String> =
        commits.into_iter().flat_map(|c| [c.added, c.modified, c.removed]).flatten().flatten().collect();
    paths.sort();
    paths.dedup();
    paths
}

/// Returns whether a ref is the default branch; a forge that does not say which that is means every ref.
pub(super) fn is_default(reference: &str, default_branch: &str) -> bool {
    default_branch.is_empty() || reference.strip_prefix("refs/heads/") == Some(default_branch)
}

pub(super) fn parse(
    incoming: &Incoming<'_>,
    secrets: &WebhookSecrets,
) -> Result<Vec<WebhookEvent>, WebhookError> {
    verify::signature(FORGE, incoming, &["x-hub-signature-256"], "sha256=", &secrets.github)?;
    let kind = match incoming.header("x-github-event").as_str() {
        "push" => WebhookKind::Push,
        "pull_request" => WebhookKind::PullRequest,
        "repository" => WebhookKind::Repository,
        "ping" => return Ok(vec![WebhookEvent::ping()]),
        _ => return Ok(Vec::new()),
    };
    let payload: Payload = incoming.json(FORGE)?;
    Ok(vec![payload.event(FORGE, kind)?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::{WebhookSecrets, parse};

    const PUSH: &str = r#"{"ref":"refs/heads/main","before":"1111111111111111111111111111111111111111",
        "after":"2222222222222222222222222222222222222222","created":false,"deleted":false,"forced":false,
        "repository":{"id":1,"name":"shop","full_name":"acme/shop","private":true,"html_url":"https://github.com/acme/shop",
        "clone_url":"https://github.com/acme/shop.git","ssh_url":"git@github.com:acme/shop.git","default_branch":"main"},
        "commits":[{"id":"2222222222222222222222222222222222222222","added":["b.yaml"],"removed":[],"modified":["a.yaml"]},
        {"id":"3","added":[],"removed":["c.yaml"],"modified":["a.yaml"]}],"pusher":{"name":"x"}}"#;

    fn send(event: &str, body: &str, signature: &str) -> Result<Vec<WebhookEvent>, WebhookError> {
        let secrets = WebhookSecrets { github: "s3cret".to_owned(), ..WebhookSecrets::default() };
        let header = |name: &str| match name {
            "x-github-event" => Some(event.to_owned()),
            "x-hub-signature-256" => Some(signature.to_owned()),
            _ => None,
        };
        parse(&header, body.as_bytes(), &secrets)
    }

    fn signed(event: &str, body: &str) -> Vec<WebhookEvent> {
        send(event, body, &format!("sha256={}", verify::sign(body.as_bytes(), "s3cret"))).unwrap()
    }

    #[test]
    fn a_push_names_repository_ref_commits_and_paths() {
        let events = signed("push", PUSH);
        let event = &events[0];
        assert_eq!(event.kind, WebhookKind::Push);
        assert_eq!(event.repo_urls[0], "https://github.com/acme/shop");
        assert_eq!(event.repo_urls.len(), 3);
        assert_eq!(event.reference, "refs/heads/main");
        assert!(event.after.starts_with("2222") && event.before.starts_with("1111") && event.touched_head);
        assert_eq!(event.changed_files.as_deref().unwrap(), ["a.yaml", "b.yaml", "c.yaml"]);
        let forced = PUSH.replace("\"forced\":false", "\"forced\":true").replace("heads/main", "heads/other");
        let events = signed("push", &forced);
        assert_eq!((events[0].changed_files.as_ref(), events[0].touched_head), (None, false));
    }

    #[test]
    fn a_wrong_missing_or_malformed_signature_is_refused() {
        let wrong = format!("sha256={}", verify::sign(PUSH.as_bytes(), "other"));
        let other_body = format!("sha256={}", verify::sign(b"{}", "s3cret"));
        let no_prefix = verify::sign(PUSH.as_bytes(), "s3cret");
        for signature in ["", "sha256=", "sha256=zz", &wrong, &other_body, &no_prefix] {
            let error = send("push", PUSH, signature).unwrap_err();
            assert!(matches!(error, WebhookError::Signature { .. }), "{signature}: {error}");
        }
    }

    #[test]
    fn a_form_is_read_and_other_events_are_passed_over() {
        let form: String =
            url::form_urlencoded::Serializer::new(String::new()).append_pair("payload", PUSH).finish();
        assert_eq!(signed("push", &form)[0].reference, "refs/heads/main");
        assert_eq!(signed("star", "{}"), []);
        assert_eq!(signed("ping", "{}")[0].kind, WebhookKind::Ping);
        assert_eq!(signed("pull_request", PUSH)[0].kind, WebhookKind::PullRequest);
        let bad = send("push", "{", &format!("sha256={}", verify::sign(b"{", "s3cret"))).unwrap_err();
        assert!(matches!(bad, WebhookError::Body { .. }));
    }

    #[test]
    fn a_request_of_no_known_forge_is_refused() {
        let error = parse(&|_| None, b"{}", &WebhookSecrets::default()).unwrap_err();
        assert_eq!(error, WebhookError::UnknownForge);
    }
}
