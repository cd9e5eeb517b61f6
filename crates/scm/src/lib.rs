//! Talks to forges: topics, pull requests, webhooks.
