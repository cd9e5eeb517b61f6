use super::event::{Incoming, WebhookError, WebhookEvent, WebhookKind, WebhookSecrets};
use super::github::{COMMITS_LISTED_MAX, Commit, changed, is_default};
use super::verify;
use serde::Deserialize;

const FORGE: &str = "GitLab";

#[derive(Deserialize)]
struct Payload {
    #[serde(default)]
    object_kind: String,
    #[serde(default, rename = "ref")]
    reference: String,
    #[serde(default)]
    before: String,
    #[serde(default)]
    after: String,
    #[serde(default)]
    total_commits_count: usize,
    #[serde(default)]
    commits: Vec<Commit>,
    project: Option<Project>,
}

#[derive(Deserialize)]
struct Project {
    #[serde(default)]
    web_url: String,
    #[serde(default)]
    git_http_url: String,
    #[serde(default)]
    git_ssh_url: String,
    #[serde(default)]
    default_branch: String,
}

pub(super) fn parse(
    incoming: &Incoming<'_>,
    secrets: &WebhookSecrets,
) -> Result<Vec<WebhookEvent>, WebhookError> {
    let given = incoming.header("x-gitlab-token");
    verify::token(FORGE, &given, &secrets.gitlab, "the token is missing or wrong")?;
    let payload: Payload = incoming.json(FORGE)?;
    // A system hook carries the kind in its body alone.
    let kind = match payload.object_kind.as_str() {
        "push" | "tag_push" => WebhookKind::Push,
        "merge_request" => WebhookKind::PullRequest,
        _ => return Ok(Vec::new()),
    };
    let Some(project) = payload.project else {
        return Err(WebhookError::Body { forge: FORGE, why: "project is missing".to_owned() });
    };
    let touched_head = is_default(&payload.reference, &project.default_branch);
    let event = WebhookEvent::about(kind, vec![project.web_url, project.git_http_url, project.git_ssh_url]);
    if kind != WebhookKind::Push {
        return Ok(vec![event]);
    }
    let zero = |id: &str| id.bytes().all(|b| b == b'0');
    let count = payload.commits.len();
    let listed = count > 0
        && count == payload.total_commits_count
        && count <= COMMITS_LISTED_MAX
        && !zero(&payload.before)
        && !zero(&payload.after);
    Ok(vec![WebhookEvent {
        reference: payload.reference,
        before: payload.before,
        after: payload.after,
        touched_head,
        changed_files: listed.then(|| changed(payload.commits)),
        ..event
    }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::{WebhookSecrets, parse};

    const PUSH: &str = r#"{"object_kind":"push","event_name":"push","before":"1111","after":"2222","ref":"refs/heads/main",
        "project":{"id":15,"name":"Diaspora","web_url":"http://gl.example/mike/diaspora","git_ssh_url":"git@gl.example:mike/diaspora.git",
        "git_http_url":"http://gl.example/mike/diaspora.git","default_branch":"main"},
        "commits":[{"id":"2222","added":["CHANGELOG"],"modified":["app/c.rb"],"removed":[]}],"total_commits_count":1}"#;

    fn send(token: &str, body: &str) -> Result<Vec<WebhookEvent>, WebhookError> {
        let secrets = WebhookSecrets { gitlab: "s3cret".to_owned(), ..WebhookSecrets::default() };
        let header = |name: &str| match name {
            "x-gitlab-event" => Some("Push Hook".to_owned()),
            "x-gitlab-token" => Some(token.to_owned()),
            _ => None,
        };
        parse(&header, body.as_bytes(), &secrets)
    }

    #[test]
    fn a_push_is_read_and_a_wrong_token_refused() {
        let event = &send("s3cret", PUSH).unwrap()[0];
        assert_eq!(event.repo_urls[2], "git@gl.example:mike/diaspora.git");
        assert_eq!(event.changed_files.as_deref().unwrap(), ["CHANGELOG", "app/c.rb"]);
        for token in ["", "s3cre", "s3cret2"] {
            assert!(matches!(send(token, PUSH), Err(WebhookError::Signature { .. })), "{token}");
        }
    }

    #[test]
    fn a_push_with_more_commits_than_listed_lists_no_paths() {
        let more = PUSH.replace("\"total_commits_count\":1", "\"total_commits_count\":40");
        assert_eq!(send("s3cret", &more).unwrap()[0].changed_files, None);
        let merge = PUSH.replace("\"object_kind\":\"push\"", "\"object_kind\":\"merge_request\"");
        assert_eq!(send("s3cret", &merge).unwrap()[0].kind, WebhookKind::PullRequest);
    }
}
