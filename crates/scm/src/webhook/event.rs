use super::{azure, bitbucket, github, gitlab, gogs};
use serde::de::DeserializeOwned;
use std::fmt;
use thiserror::Error;

/// What the forges sign with, as `argocd-secret`'s `webhook.*` keys. An empty text checks nothing, as in Argo CD.
#[derive(Clone, Default)]
pub struct WebhookSecrets {
    /// `webhook.github.secret`.
    pub github: String,
    /// `webhook.gitlab.secret`.
    pub gitlab: String,
    /// `webhook.gogs.secret`, for Gitea and Forgejo too.
    pub gogs: String,
    /// `webhook.bitbucket.uuid`.
    pub bitbucket_uuid: String,
    /// `webhook.bitbucketserver.secret`.
    pub bitbucket_server: String,
    /// `webhook.azuredevops.username`.
    pub azure_username: String,
    /// `webhook.azuredevops.password`.
    pub azure_password: String,
}

impl fmt::Debug for WebhookSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookSecrets").finish_non_exhaustive()
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookKind {
    /// Branches or tags moved.
    Push,
    /// A pull request was opened, changed or closed.
    PullRequest,
    /// A repository was created, renamed, archived, deleted, or its topics changed.
    Repository,
    /// The forge tries the hook.
    Ping,
}

/// One verified event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookEvent {
    /// What happened.
    pub kind: WebhookKind,
    /// Every URL that the repository is known by; compare with `normalize_repo_url`.
    pub repo_urls: Vec<String>,
    /// Full ref name, such as `refs/heads/main`; empty where the event names none.
    pub reference: String,
    /// Commit before, in hex; empty or zeros for none.
    pub before: String,
    /// Commit after, in hex; empty or zeros for none.
    pub after: String,
    /// Whether the default branch moved (true where the event does not tell).
    pub touched_head: bool,
    /// Paths that changed; nothing where the event does not list them all.
    pub changed_files: Option<Vec<String>>,
}

/// A webhook is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WebhookError {
    /// No known forge sends such headers.
    #[error("unknown webhook event")]
    UnknownForge,
    /// The signature, token or password is missing or wrong.
    #[error("{forge} webhook: {why}")]
    Signature {
        /// Whose webhook it claims to be.
        forge: &'static str,
        /// What is wrong.
        why: &'static str,
    },
    /// The body does not read.
    #[error("{forge} webhook: body: {why}")]
    Body {
        /// Whose webhook it is.
        forge: &'static str,
        /// What is wrong.
        why: String,
    },
}

/// A webhook as it came.
pub(super) struct Incoming<'w> {
    pub header: &'w dyn Fn(&str) -> Option<String>,
    pub body: &'w [u8],
}

impl Incoming<'_> {
    /// Returns a header, empty where it is missing.
    pub fn header(&self, name: &str) -> String {
        (self.header)(name).unwrap_or_default()
    }

    /// Reads the body as JSON; a form with a `payload` field too, which GitHub and Gitea can be set to.
    pub fn json<T: DeserializeOwned>(&self, forge: &'static str) -> Result<T, WebhookError> {
        let form = self.body.strip_prefix(b"payload=").map(|_| {
            let mut fields = url::form_urlencoded::parse(self.body);
            fields.find(|(key, _)| key == "payload").map(|(_, value)| value.into_owned()).unwrap_or_default()
        });
        let bytes = form.as_ref().map_or(self.body, String::as_bytes);
        serde_json::from_slice(bytes).map_err(|e| WebhookError::Body { forge, why: e.to_string() })
    }
}

impl WebhookEvent {
    /// Builds an event that concerns a repository as a whole.
    pub(super) fn about(kind: WebhookKind, repo_urls: Vec<String>) -> Self {
        Self {
            kind,
            repo_urls: repo_urls.into_iter().filter(|url| !url.is_empty()).collect(),
            reference: String::new(),
            before: String::new(),
            after: String::new(),
            touched_head: true,
            changed_files: None,
        }
    }

    pub(super) fn ping() -> Self {
        Self::about(WebhookKind::Ping, Vec::new())
    }
}

/// Verifies and reads a webhook. `header` looks a header up by its name in lower case. An event that is of no concern
/// (a comment, a star) gives an empty list. Which header means which forge is as in Argo CD 3.x
/// `util/webhook/webhook.go`.
///
/// # Errors
/// As [`WebhookError`] says.
pub fn parse(
    header: &dyn Fn(&str) -> Option<String>,
    body: &[u8],
    secrets: &WebhookSecrets,
) -> Result<Vec<WebhookEvent>, WebhookError> {
    let incoming = Incoming { header, body };
    let has = |name: &str| !incoming.header(name).is_empty();
    if has("x-vss-activityid") {
        azure::parse(&incoming, secrets)
    } else if has("x-gogs-event") || has("x-gitea-event") || has("x-forgejo-event") {
        // Before GitHub: Gogs and its kin send GitHub's headers too.
        gogs::parse(&incoming, secrets)
    } else if has("x-github-event") {
        github::parse(&incoming, secrets)
    } else if has("x-gitlab-event") {
        gitlab::parse(&incoming, secrets)
    } else if has("x-hook-uuid") {
        bitbucket::parse_cloud(&incoming, secrets)
    } else if has("x-event-key") {
        bitbucket::parse_server(&incoming, secrets)
    } else {
        Err(WebhookError::UnknownForge)
    }
}
