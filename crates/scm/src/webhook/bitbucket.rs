use super::event::{Incoming, WebhookError, WebhookEvent, WebhookKind, WebhookSecrets};
use super::verify;
use serde::Deserialize;

const CLOUD: &str = "Bitbucket";
const SERVER: &str = "Bitbucket Server";

#[derive(Deserialize)]
struct CloudPayload {
    repository: CloudRepository,
    #[serde(default)]
    push: CloudPush,
}

#[derive(Deserialize)]
struct CloudRepository {
    links: CloudLinks,
}

#[derive(Deserialize)]
struct CloudLinks {
    html: Link,
}

#[derive(Deserialize)]
struct Link {
    #[serde(default)]
    href: String,
    #[serde(default)]
    name: String,
}

#[derive(Default, Deserialize)]
struct CloudPush {
    #[serde(default)]
    changes: Vec<CloudChange>,
}

#[derive(Deserialize)]
struct CloudChange {
    old: Option<CloudRef>,
    new: Option<CloudRef>,
}

#[derive(Deserialize)]
struct CloudRef {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    name: String,
    target: Option<CloudTarget>,
}

#[derive(Deserialize)]
struct CloudTarget {
    #[serde(default)]
    hash: String,
}

impl CloudRef {
    fn reference(&self) -> String {
        let folder = if self.kind == "tag" { "tags" } else { "heads" };
        format!("refs/{folder}/{}", self.name)
    }

    fn hash(side: Option<&Self>) -> String {
        side.and_then(|side| side.target.as_ref()).map(|target| target.hash.clone()).unwrap_or_default()
    }
}

/// Reads webhooks of Bitbucket Cloud.
pub(super) fn parse_cloud(
    incoming: &Incoming<'_>,
    secrets: &WebhookSecrets,
) -> Result<Vec<WebhookEvent>, WebhookError> {
    let given = incoming.header("x-hook-uuid");
    // Bitbucket shows the id with braces and sends it without.
    let bare = |text: &str| text.trim_matches(['{', '}']).to_owned();
    let why = "the hook's id is not the expected one";
    verify::token(CLOUD, &bare(&given), &bare(&secrets.bitbucket_uuid), why)?;
    let kind = match incoming.header("x-event-key").as_str() {
        "repo:push" => WebhookKind::Push,
        key if key.starts_with("pullrequest:") => WebhookKind::PullRequest,
        "repo:updated" => WebhookKind::Repository,
        _ => return Ok(Vec::new()),
    };
    let payload: CloudPayload = incoming.json(CLOUD)?;
    let event = WebhookEvent::about(kind, vec![payload.repository.links.html.href]);
    if kind != WebhookKind::Push {
        return Ok(vec![event]);
    }
    let moved = |change: CloudChange| WebhookEvent {
        reference: change.new.as_ref().or(change.old.as_ref()).map(CloudRef::reference).unwrap_or_default(),
        before: CloudRef::hash(change.old.as_ref()),
        after: CloudRef::hash(change.new.as_ref()),
        ..event.clone()
    };
    Ok(payload.push.changes.into_iter().map(moved).collect())
}

#[derive(Deserialize)]
struct ServerPayload {
    repository: Option<ServerRepository>,
    #[serde(default)]
    changes: Vec<ServerChange>,
}

#[derive(Deserialize)]
struct ServerRepository {
    #[serde(default)]
    links: ServerLinks,
}

#[derive(Default, Deserialize)]
struct ServerLinks {
    #[serde(default)]
    clone: Vec<Link>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ServerChange {
    #[serde(default)]
    ref_id: String,
    #[serde(default)]
    from_hash: String,
    #[serde(default)]
    to_hash: String,
}

/// Reads webhooks of Bitbucket Server (Data Center).
pub(super) fn parse_server(
    incoming: &Incoming<'_>,
    secrets: &WebhookSecrets,
) -> Result<Vec<WebhookEvent>, WebhookError> {
    let key = incoming.header("x-event-key");
    verify::signature(SERVER, incoming, &["x-hub-signature"], "sha256=", &secrets.bitbucket_server)?;
    let kind = match key.as_str() {
        "diagnostics:ping" => return Ok(vec![WebhookEvent::ping()]),
        "repo:refs_changed" => WebhookKind::Push,
        key if key.starts_with("pr:") => WebhookKind::PullRequest,
        "repo:modified" => WebhookKind::Repository,
        _ => return Ok(Vec::new()),
    };
    let payload: ServerPayload = incoming.json(SERVER)?;
    let links = payload.repository.map(|repository| repository.links.clone).unwrap_or_default();
    let urls = links.into_iter().filter(|l| l.name == "http" || l.name == "ssh").map(|l| l.href);
    let event = WebhookEvent::about(kind, urls.collect());
    if kind != WebhookKind::Push {
        return Ok(vec![event]);
    }
    let moved = |change: ServerChange| WebhookEvent {
        reference: change.ref_id,
        before: change.from_hash,
        after: change.to_hash,
        ..event.clone()
    };
    Ok(payload.changes.into_iter().map(moved).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::{WebhookSecrets, parse};

    #[test]
    fn every_change_of_a_cloud_push_is_an_event_and_the_id_is_checked() {
        let body = r#"{"repository":{"full_name":"w/r","links":{"html":{"href":"https://bitbucket.org/w/r"}}},
            "push":{"changes":[{"old":{"type":"branch","name":"main","target":{"hash":"1111"}},
            "new":{"type":"branch","name":"main","target":{"hash":"2222"}}},{"old":null,"new":{"type":"tag","name":"v1","target":{"hash":"2222"}}},
            {"old":{"type":"branch","name":"gone","target":{"hash":"1111"}},"new":null}]}}"#;
        let send = |uuid: &'static str| {
            let secrets = WebhookSecrets { bitbucket_uuid: "{ab-1}".to_owned(), ..WebhookSecrets::default() };
            let header = move |name: &str| match name {
                "x-hook-uuid" => Some(uuid.to_owned()),
                "x-event-key" => Some("repo:push".to_owned()),
                _ => None,
            };
            parse(&header, body.as_bytes(), &secrets)
        };
        let events = send("ab-1").unwrap();
        let refs: Vec<_> = events.iter().map(|e| (e.reference.as_str(), e.after.as_str())).collect();
        assert_eq!(refs, [("refs/heads/main", "2222"), ("refs/tags/v1", "2222"), ("refs/heads/gone", "")]);
        assert_eq!(events[0].repo_urls, ["https://bitbucket.org/w/r"]);
        assert!(send("ab-2").is_err());
    }

    #[test]
    fn a_server_push_is_signed_and_a_ping_answered() {
        let body = r#"{"eventKey":"repo:refs_changed","repository":{"slug":"r","links":{"clone":[
            {"href":"ssh://git@bb.example:7999/p/r.git","name":"ssh"},{"href":"https://bb.example/scm/p/r.git","name":"http"}]}},
            "changes":[{"ref":{"id":"refs/heads/main"},"refId":"refs/heads/main","fromHash":"1111","toHash":"2222","type":"UPDATE"}]}"#;
        let send = |key: &'static str, secret: &str| {
            let secrets =
                WebhookSecrets { bitbucket_server: "s3cret".to_owned(), ..WebhookSecrets::default() };
            let signature = format!("sha256={}", verify::sign(body.as_bytes(), secret));
            let header = move |name: &str| match name {
                "x-event-key" => Some(key.to_owned()),
                "x-hub-signature" => Some(signature.clone()),
                _ => None,
            };
            parse(&header, body.as_bytes(), &secrets)
        };
        let events = send("repo:refs_changed", "s3cret").unwrap();
        assert_eq!((events[0].reference.as_str(), events[0].repo_urls.len()), ("refs/heads/main", 2));
        assert_eq!(send("diagnostics:ping", "s3cret").unwrap()[0].kind, WebhookKind::Ping);
        assert!(send("repo:refs_changed", "x").is_err());
    }
}
