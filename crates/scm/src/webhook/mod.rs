//! Webhooks: which forge sent it, whether it may, and what it says. Pure.

mod azure;
mod bitbucket;
mod event;
mod github;
mod gitlab;
mod gogs;
mod verify;

pub use event::{WebhookError, WebhookEvent, WebhookKind, WebhookSecrets, parse};
