use super::event::{Incoming, WebhookError, WebhookEvent, WebhookKind, WebhookSecrets};
use super::verify;
use serde::Deserialize;

const FORGE: &str = "Azure DevOps";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    #[serde(default)]
    event_type: String,
    resource: Option<Resource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    #[serde(default)]
    ref_updates: Vec<RefUpdate>,
    repository: Option<Repository>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RefUpdate {
    #[serde(default)]
    name: String,
    #[serde(default)]
    old_object_id: String,
    #[serde(default)]
    new_object_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Repository {
    #[serde(default)]
    remote_url: String,
    #[serde(default)]
    ssh_url: String,
    /// As a full ref name.
    #[serde(default)]
    default_branch: String,
}

pub(super) fn parse(
    incoming: &Incoming<'_>,
    secrets: &WebhookSecrets,
) -> Result<Vec<WebhookEvent>, WebhookError> {
    verify::basic(FORGE, incoming, &secrets.azure_username, &secrets.azure_password)?;
    let payload: Payload = incoming.json(FORGE)?;
    let kind = match payload.event_type.as_str() {
        "git.push" => WebhookKind::Push,
        kind if kind.starts_with("git.pullrequest.") => WebhookKind::PullRequest,
        _ => return Ok(Vec::new()),
    };
    let missing = || WebhookError::Body { forge: FORGE, why: "resource.repository is missing".to_owned() };
    let resource = payload.resource.ok_or_else(missing)?;
    let repository = resource.repository.ok_or_else(missing)?;
    let event = WebhookEvent::about(kind, vec![repository.remote_url, repository.ssh_url]);
    if kind != WebhookKind::Push {
        return Ok(vec![event]);
    }
    let moved = |update: RefUpdate| WebhookEvent {
        touched_head: repository.default_branch.is_empty() || update.name == repository.default_branch,
        reference: update.name,
        before: update.old_object_id,
        after: update.new_object_id,
        ..event.clone()
    };
    Ok(resource.ref_updates.into_iter().map(moved).collect())
}

#[cfg(test)]
mod tests {
    use crate::webhook::{WebhookSecrets, parse};
    use base64::Engine as _;

    #[test]
    fn a_push_is_read_and_a_wrong_password_refused() {
        let body = r#"{"eventType":"git.push","resource":{"refUpdates":[{"name":"refs/heads/main","oldObjectId":"1111","newObjectId":"2222"}],
            "repository":{"id":"x","remoteUrl":"https://dev.azure.com/o/p/_git/r","defaultBranch":"refs/heads/main"}}}"#;
        let send = |login: &str| {
            let secrets = WebhookSecrets {
                azure_username: "u".to_owned(),
                azure_password: "p".to_owned(),
                ..WebhookSecrets::default()
            };
            let value = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(login));
            let header = move |name: &str| match name {
                "x-vss-activityid" => Some("1".to_owned()),
                "authorization" => Some(value.clone()),
                _ => None,
            };
            parse(&header, body.as_bytes(), &secrets)
        };
        let event = &send("u:p").unwrap()[0];
        assert_eq!((event.reference.as_str(), event.touched_head), ("refs/heads/main", true));
        assert_eq!(event.repo_urls, ["https://dev.azure.com/o/p/_git/r"]);
        assert!(send("u:q").is_err());
        assert!(send("").is_err());
    }
}
