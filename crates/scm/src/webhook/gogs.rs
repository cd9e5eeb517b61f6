use super::event::{Incoming, WebhookError, WebhookEvent, WebhookKind, WebhookSecrets};
use super::github::Payload;
use super::verify;

const FORGE: &str = "Gitea";

/// Reads webhooks of Gogs, Gitea and Forgejo.
pub(super) fn parse(
    incoming: &Incoming<'_>,
    secrets: &WebhookSecrets,
) -> Result<Vec<WebhookEvent>, WebhookError> {
    let headers = ["x-gitea-signature", "x-forgejo-signature", "x-gogs-signature"];
    verify::signature(FORGE, incoming, &headers, "", &secrets.gogs)?;
    let names = ["x-gitea-event", "x-forgejo-event", "x-gogs-event"];
    let event = names.iter().map(|name| incoming.header(name)).find(|name| !name.is_empty());
    let kind = match event.as_deref() {
        Some("push") => WebhookKind::Push,
        Some("pull_request") => WebhookKind::PullRequest,
        Some("repository") => WebhookKind::Repository,
        _ => return Ok(Vec::new()),
    };
    let payload: Payload = incoming.json(FORGE)?;
    Ok(vec![payload.event(FORGE, kind)?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::{WebhookSecrets, parse};

    const PUSH: &str = r#"{"ref":"refs/heads/main","before":"1111","after":"2222","total_commits":1,
        "commits":[{"id":"2222","added":null,"removed":[],"modified":["a.yaml"]}],
        "repository":{"id":1,"full_name":"acme/shop","html_url":"http://gitea.example/acme/shop",
        "clone_url":"http://gitea.example/acme/shop.git","ssh_url":"git@gitea.example:acme/shop.git","default_branch":"main"}}"#;

    #[test]
    fn gitea_is_told_from_github_though_it_sends_both_headers() {
        let secrets = WebhookSecrets { gogs: "s3cret".to_owned(), ..WebhookSecrets::default() };
        let send = |secret: &str| {
            let signature = verify::sign(PUSH.as_bytes(), secret);
            let header = move |name: &str| match name {
                "x-gitea-event" | "x-gogs-event" | "x-github-event" => Some("push".to_owned()),
                "x-gitea-signature" => Some(signature.clone()),
                _ => None,
            };
            parse(&header, PUSH.as_bytes(), &secrets)
        };
        let event = &send("s3cret").unwrap()[0];
        assert_eq!(event.repo_urls[1], "http://gitea.example/acme/shop.git");
        assert_eq!(event.changed_files.as_deref().unwrap(), ["a.yaml"]);
        assert!(matches!(send("other"), Err(WebhookError::Signature { forge: "Gitea", .. })));
    }
}
