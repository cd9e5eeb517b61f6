//! Webhooks: which forge sent it, whether it may, and what it says. Pure.

mod event;

pub use event::{WebhookError, WebhookEvent, WebhookKind, WebhookSecrets, parse};
